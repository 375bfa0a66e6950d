"""The add-on, imported on the host mock."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

from .bpy_mock import Host, installed
from .stand_in import stand_in_python

ROOT = Path(__file__).parents[2]
PACKAGE = "flashvdm_on_mock"
SECONDS = 60.0


class Import(Protocol):
    """Import a module of the extension by its name inside it, for example "addon.link.job"."""

    def __call__(self, name: str) -> ModuleType: ...


class Blender:
    """The registered add-on, and what a user does with it."""

    def __init__(self, host: Host, extension: Import, folder: Path) -> None:
        self.host, self.extension, self.folder = host, extension, folder
        self.addon: ModuleType = extension("addon")
        self.addon.register()
        self.session: Any = extension("addon.session.session").session
        self.image = folder / "red chair.png"
        self.image.write_bytes(b"")  # the stand-in worker never opens it
        self.settings.colours = False  # the mock has no materials

    @property
    def settings(self) -> Any:
        return self.host.context.scene.flashvdm

    @property
    def preferences(self) -> Any:
        return self.host.addons[PACKAGE].preferences

    def work_with(self, behaviour: str) -> None:
        self.preferences.python = stand_in_python(self.folder, behaviour)

    def press(self, operator: str, **given: Any) -> Any:
        """Press a button: the operator, after its poll and its invoke (or execute)."""
        cls = next(cls for cls in self.host.registered if getattr(cls, "bl_idname", "") == operator)
        assert getattr(cls, "poll", lambda context: True)(self.host.context), f"{operator} cannot be pressed"
        made: Any = cls(**given)
        result = made.invoke(self.host.context, None) if hasattr(made, "invoke") else made.execute(self.host.context)
        made.finished = result == {"FINISHED"}
        return made

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, "the condition was not met in time"
            assert self.host.timers, "nothing moves it on"
            self.host.run_timers()
            time.sleep(0.005)

    def drawn(self, panel: str = "FLASHVDM_PT_main") -> list[tuple[str, str]]:
        """What a panel shows now."""
        shown: Any = next(cls for cls in self.host.registered if cls.__name__ == panel)()
        shown.draw(self.host.context)
        return shown.layout.drawn


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A Blender of its own for each test."""
    blender = Host(PACKAGE, tmp_path / "user")
    yield from ((blender) for _ in installed(blender, ROOT))


@pytest.fixture
def extension(host: Host) -> Import:
    """Import modules of the extension."""
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def blender(host: Host, extension: Import, tmp_path: Path) -> Iterator[Blender]:
    made = Blender(host, extension, tmp_path)
    yield made
    if host.registered:
        made.addon.unregister()
