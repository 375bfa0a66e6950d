"""Set Up in real Blender: what it offers here, and that it asks Blender first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from .conftest import PACKAGE, Import, tick_until


@pytest.fixture(autouse=True)
def nothing_left(extension: Import) -> Iterator[None]:
    yield
    shutil.rmtree(extension("addon.session.interpreter").home().folder, ignore_errors=True)


@pytest.fixture
def online() -> Iterator[None]:
    system = bpy.context.preferences.system
    before = system.use_online_access
    system.use_online_access = True
    yield
    system.use_online_access = before


def test_it_offers_what_this_machine_needs_and_does_nothing_before_it_may(extension: Import, online: None) -> None:
    session = extension("addon.session.session").session
    session.run_set_up(live=True)
    tick_until(session, lambda: not session.set_up.running)
    offer = session.set_up.offer
    assert offer is not None, session.set_up.error
    assert [name.split()[0] for name, _ in offer.items][:2] == ["Python", "PyTorch"]
    assert offer.download > 50_000_000
    home = extension("addon.session.interpreter").home()
    assert home.folder == Path(bpy.utils.extension_path_user(PACKAGE), "runtime")
    assert not home.folder.exists()
    assert bpy.ops.flashvdm.set_up_cancel() == {"FINISHED"}
    assert session.set_up.offer is None


def test_offline_it_says_so_and_takes_a_folder(extension: Import, tmp_path: Path) -> None:
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match=r"Allow Online Access|started without network"):
        bpy.ops.flashvdm.set_up()
    with pytest.raises(RuntimeError, match=r"is no folder for Set Up: bundle\.json is missing"):
        bpy.ops.flashvdm.set_up(directory=str(tmp_path))


def test_the_command_line_says_the_same(extension: Import, online: None, capfd: pytest.CaptureFixture[str]) -> None:
    run = extension("addon.session.command").run
    assert run(["setup", "--plan"]) == 0
    assert "to download, about" in capfd.readouterr().out
    assert run(["setup"]) == 0
    assert "Add --yes to do it." in capfd.readouterr().out
    bpy.context.preferences.system.use_online_access = False
    assert run(["setup", "--yes"]) == 1
    assert "Online Access" in capfd.readouterr().err


def test_the_zip_for_all_systems_says_which_one_to_take(extension: Import, online: None) -> None:
    """The tests install that zip: it has no uv in it."""
    with pytest.raises(RuntimeError, match="install the zip for your system"):
        bpy.ops.flashvdm.set_up()
