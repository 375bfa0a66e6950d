"""What the panel shows, drawn on the host mock in each state of a generation."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .bpy_mock import Host
from .conftest import PACKAGE, Import
from .stand_in import stand_in_python

SECONDS = 60.0


@pytest.fixture
def panels(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The registered add-on, with no interpreter chosen."""
    monkeypatch.delenv("FLASHVDM_PYTHON", raising=False)
    # The interpreter that runs the tests has torch, Blender's has not.
    monkeypatch.setattr(extension("addon.runtime").importlib.util, "find_spec", lambda name: None)
    addon = extension("addon")
    addon.register()
    yield extension("addon.panels")
    addon.unregister()


@pytest.fixture
def image(tmp_path: Path, host: Host) -> Path:
    """An image file, chosen in the scene."""
    path = tmp_path / "chair.png"
    path.write_bytes(b"")
    host.context.scene.flashvdm.image = str(path)
    return path


@pytest.fixture
def choose(host: Host, tmp_path: Path, panels: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose the stand-in worker's behaviour in the preferences."""

    def chosen(behaviour: str) -> None:
        python = stand_in_python(tmp_path, behaviour)
        host.addons[PACKAGE].preferences.python = python

    return chosen


def drawn(panels: ModuleType, host: Host) -> list[tuple[str, str]]:
    """The main panel, as a flat list of (what, text or name)."""
    panel = panels.FLASHVDM_PT_main()
    panel.draw(host.context)
    return panel.layout.drawn


def texts(shown: list[tuple[str, str]], kind: str = "label") -> str:
    return " ".join(text for what, text in shown if what == kind)


def generate(host: Host, extension: Import) -> Any:
    """Press Generate and let the timer run to the end; the job."""
    session = extension("addon.session")
    started(host, extension)
    end = time.monotonic() + SECONDS
    while session.session.generating:
        assert time.monotonic() < end
        host.run_timers()
        time.sleep(0.005)
    return session.session.job


def started(host: Host, extension: Import) -> None:
    operator = extension("addon.operators.generate").FLASHVDM_OT_generate()
    assert operator.invoke(host.context, None) == {"FINISHED"}, operator.reports


def test_without_an_interpreter_the_panel_shows_the_way_to_the_preferences(panels: ModuleType, host: Host) -> None:
    shown = drawn(panels, host)
    assert "No Python with PyTorch was found" in texts(shown)
    assert ("operator", "preferences.addon_show") in shown


def test_without_an_image_the_panel_offers_to_open_one(panels: ModuleType, host: Host, choose: Callable[[str], None]) -> None:
    choose("good")
    shown = drawn(panels, host)
    assert ("operator", "flashvdm.open_image") in shown
    assert ("operator", "preferences.addon_show") not in shown
    assert "icon" not in dict(shown)


def test_an_image_that_is_gone_is_said_to_be(panels: ModuleType, host: Host, choose: Callable[[str], None], image: Path) -> None:
    choose("good")
    assert texts(drawn(panels, host), "icon")
    image.unlink()
    shown = drawn(panels, host)
    assert not texts(shown, "icon")
    assert "does not exist" in texts(shown)


def test_a_running_generation_shows_its_progress_and_cancel(
    panels: ModuleType, host: Host, extension: Import, choose: Callable[[str], None], image: Path
) -> None:
    choose("wait-at-decode")
    started(host, extension)
    shown = drawn(panels, host)
    assert texts(shown, "progress") == "Starting the worker   0%   0 s"
    assert ("operator", "flashvdm.cancel") in shown
    assert ("operator", "flashvdm.generate") not in shown


def test_the_end_tells_time_and_triangles_and_the_picture_is_the_cutout(
    panels: ModuleType, host: Host, extension: Import, choose: Callable[[str], None], image: Path
) -> None:
    choose("good")
    before = drawn(panels, host)
    assert image.name in texts(before)
    job = generate(host, extension)
    shown = drawn(panels, host)
    assert f"Done in {job.seconds:.1f} s, 14 triangles" in texts(shown)
    assert "The stand-in made a box." in texts(shown)
    assert "Cut-out of the object" in texts(shown)
    button = ("operator", "flashvdm.generate")
    assert shown.index(button) == before.index(button), "what is under the mouse must not move"
    os.utime(image, ns=(0, 1))
    assert "Cut-out of the object" not in texts(drawn(panels, host)), "the file is another one now"


def test_a_failure_is_shown_in_its_own_words(
    panels: ModuleType, host: Host, extension: Import, choose: Callable[[str], None], image: Path
) -> None:
    choose("fail")
    generate(host, extension)
    shown = drawn(panels, host)
    assert "The image is empty; choose another." in texts(shown)
    assert ("operator", "flashvdm.show_details") in shown
    assert ("operator", "flashvdm.generate") in shown


def test_sentences_are_broken_to_the_width_of_the_sidebar(panels: ModuleType, host: Host) -> None:
    host.context.region.width = 160
    lines = [text for what, text in drawn(panels, host) if what == "label"]
    assert len(lines) > 3
    assert all(len(line) <= 20 for line in lines)


def test_the_preferences_tell_what_a_check_has_found_in_whole(panels: ModuleType, host: Host, extension: Import) -> None:
    found = "The Python '/opt/python' cannot run the worker (No module named 'torch'); choose another."
    extension("addon.session").session.check = found
    page = host.addons[PACKAGE].preferences
    page.draw(host.context)
    lines = [text for what, text in page.layout.drawn if what == "label"]
    assert found in " ".join(lines)
    assert all(len(line) <= 40 for line in lines)


def test_the_cutout_is_shown_on_checks(extension: Import) -> None:
    import numpy as np

    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:, 20:] = (255, 128, 0, 255)
    shown = extension("addon.thumbnails").on_checks(rgba)
    assert shown.dtype == np.float32
    assert (shown[..., 3] == 1).all(), "Blender's icons add what is transparent to the ground"
    np.testing.assert_allclose(shown[:, 20:, :3], np.broadcast_to((1, 128 / 255, 0), (40, 20, 3)), atol=1e-6)
    greys = np.unique(shown[:, :20, :3])
    assert len(greys) == 2
    assert 0 < greys[0] < greys[1] < 1
    half = extension("addon.thumbnails").on_checks(np.full((1, 1, 4), (255, 255, 255, 128), np.uint8))
    assert greys[0] < half[0, 0, 0] < 1


assert "bpy" not in sys.modules
