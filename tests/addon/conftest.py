"""The built extension, installed in the Blender that runs these tests."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from builder.extension import stage
from tests.host.stand_in import stand_in_python

# Before bpy is imported: the settings of the user who runs the tests are not touched.
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="flashvdm-tests-"))
# Where several processes share the tests, each is a Blender with a profile of its own.
os.environ["BLENDER_USER_RESOURCES"] += os.environ.get("PYTEST_XDIST_WORKER", "")

import bpy

if TYPE_CHECKING:
    from addon.session.session import Session

PACKAGE = "bl_ext.user_default.flashvdm"
SECONDS = 60.0


class Import(Protocol):
    """Import a module of the installed extension by its name inside it, for example "addon.session.session"."""

    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Zip the extension and install it as a user does."""
    folder = tmp_path_factory.mktemp("extension")
    zip_path = zipped(stage(folder))
    result = bpy.ops.extensions.package_install_files(filepath=str(zip_path), repo="user_default", enable_on_install=True)
    assert result == {"FINISHED"}


@pytest.fixture
def extension(installed: None) -> Iterator[Import]:
    """The installed extension in an empty file with one undo step, no worker, and preferences as they are at first."""
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.ed.undo_push(message="Start")
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    importlib.import_module(f"{PACKAGE}.addon.session.session").session.stop()
    for name in (
        "python",
        "device",
        "precision",
        "memory_budget",
        "idle_minutes",
        "silence_minutes",
        "keep_images",
        "keep_latents",
        "texture_shading",
        "models_folder",
        "hub",
        "hub_token",
        "package_index",
    ):
        preferences().property_unset(name)


@pytest.fixture
def worker(extension: Import, tmp_path: Path) -> Callable[..., str]:
    """Choose the stand-in worker's behaviour in the preferences."""

    def choose(behaviour: str, **options: Any) -> str:
        preferences().python = stand_in_python(tmp_path, behaviour, **options)
        return preferences().python

    return choose


@pytest.fixture
def image(tmp_path: Path) -> str:
    """An image file; the stand-in worker never opens it."""
    path = tmp_path / "red chair.png"
    path.write_bytes(b"")
    return str(path)


def preferences() -> Any:
    """The add-on's preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences


def tick_until(session: Session, condition: Callable[[], bool]) -> None:
    """Do what Blender's main loop does with the add-on's timer, which the bpy module does not run."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        assert bpy.app.timers.is_registered(session.loop.timer)
        if session.loop.tick() is None:
            bpy.app.timers.unregister(session.loop.timer)
        time.sleep(0.005)


def end_of(steps: Generator[None, None, Any]) -> Any:
    """What is made in steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def content() -> dict[str, list[str]]:
    """The names of everything in the file that a generation could leave behind."""
    lists = ("objects", "meshes", "collections", "scenes", "images", "texts", "materials")
    return {name: sorted(block.name for block in getattr(bpy.data, name)) for name in lists}


def zipped(tree: Path) -> Path:
    """The tree as a zip, not compressed: the weights take seconds and hardly get smaller."""
    path = tree.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(tree.rglob("*")):
            archive.write(file, file.relative_to(tree))
    return path


assert "torch" not in sys.modules
