"""Another Blender of the same version, without a window, that does one task at a time. No bpy, no threads.

    blender --background --factory-startup --python-expr … -- FOLDER

It finds what to do in a private folder, leaves there what it has made, and says on standard output how far it is, a line of
JSON behind `MARK` each: whatever else Blender prints goes past.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.events import Event, Failure, Finished
from ...flashvdm_core.api.fields import parse_json
from .child_process import ChildProcess

MARK = "flashvdm: "
ORDER = "order.json"
"""The file in the folder that says what to do."""

_READ_BYTES = 1 << 16
_PATIENCE = 8.0  # seconds in which the bar covers most of a step of which nobody knows how far it is
# The package under a name of its own: in this Blender it is not installed, and its neighbours are not to be found.
_RUN = (
    "import importlib, sys, types; root, folder = sys.argv[sys.argv.index('--') + 1:]; "
    "package = types.ModuleType('flashvdm_background'); package.__path__ = [root]; sys.modules[package.__name__] = package; "
    "importlib.import_module('flashvdm_background.addon.background.run').main(folder)"
)


class Step(StrEnum):
    """What another Blender can be at."""

    START = "start"
    READ = "read"
    REDUCE = "reduce"
    QUADS = "quads"
    MIRROR = "mirror"
    PROJECT = "project"
    RENDER = "render"


@dataclass(frozen=True)
class Working:
    """What the other Blender is at; `fraction` of the whole is done."""

    step: Step
    fraction: float


@dataclass(frozen=True)
class BlenderOrder:
    """A private folder with what a task needs.

    Attributes:
        folder: the folder.
        file: the .blend that is opened first; "" for none.
        own_settings: begin with the user's preferences and add-ons, where a render engine is one of them.
    """

    folder: Path
    file: str = ""
    own_settings: bool = False


@dataclass(frozen=True, eq=False)
class BlenderTask:
    """Something that another Blender does.

    Attributes:
        prepare: writes down what is to be done, when its turn comes, from what the user has by then. Raises FlashVDMError.
    """

    prepare: Callable[[], BlenderOrder]


@dataclass(frozen=True)
class BlenderProgram:
    """How another Blender is started.

    Attributes:
        program: Blender's executable, or a Python that has Blender as a module.
        is_module: it is such a Python.
        root: the extension's folder.
        order: what it is started for.
    """

    program: str
    is_module: bool
    root: Path
    order: BlenderOrder | None = None

    def module_command(self, module: str, *arguments: str) -> list[str]:
        """The argument list; `module` and `arguments` are those of the order alone."""
        order = self.order
        assert order is not None
        tail = ["--", str(self.root), str(order.folder)]
        if self.is_module:
            opening = f"import bpy; bpy.ops.wm.open_mainfile(filepath={order.file!r}); " if order.file else "import bpy; "
            return [self.program, "-P", "-c", opening + _RUN, *tail]
        settings = [] if order.own_settings else ["--factory-startup"]
        file = [order.file] if order.file else []
        return [self.program, "--background", *settings, "--disable-autoexec", *file, "--python-expr", _RUN, *tail]

    def environment(self) -> dict[str, str]:
        """This process's."""
        return dict(os.environ)

    def sentence(self, error: Exception) -> str:
        """What to say where it cannot be started."""
        return f"Another Blender could not be started in the background ({error}); start Blender anew."


class BackgroundBlender:
    """Does `BlenderTask`s: what a job needs of a worker."""

    def __init__(self, program: BlenderProgram, clock: Callable[[], float] = time.monotonic) -> None:
        self._program, self._clock = program, clock
        self._process: ChildProcess | None = None
        self._unread, self._cancelled = b"", False
        self._step = Working(Step.START, 0.0), 0.0, 0.0
        """What it is at, up to which fraction, since when."""

    @property
    def log(self) -> str:
        """What it has said."""
        return self._process.log if self._process is not None else ""

    @property
    def pending(self) -> bool:
        """Nothing that was received waits to be handed out."""
        return False

    def generate(self, task: object) -> None:
        """Begin. Raises FlashVDMError."""
        assert isinstance(task, BlenderTask)
        self.close()
        self._cancelled, self._unread = False, b""
        order = task.prepare()
        self._process = ChildProcess(replace(self._program, order=order), "", folder=order.folder)
        self._step = Working(Step.START, 0.0), 0.1, self._clock()

    def cancel(self) -> None:
        """End it: nothing of what it does is in the user's file yet."""
        self._cancelled = True
        self.close()

    def poll(self) -> list[Event | Working]:
        """What it has said since the last call. Never waits.

        Raises:
            WorkerError: it has ended without an answer.
        """
        if self._cancelled:
            self._cancelled = False
            return [Failure("Cancelled", "")]
        process = self._process
        if process is None:
            return []
        ended = process.status  # before reading: what it wrote last is in the pipe by then
        self._unread += process.read(_READ_BYTES) or b""
        *lines, self._unread = self._unread.split(b"\n")
        events = [event for line in lines for event in self._read(line)]
        if any(isinstance(event, Finished | Failure) for event in events):
            self.close()
        elif ended is not None and not lines:
            words = process.last_words
            self.close()
            raise WorkerError(f"The other Blender ended without a result ({words}); save the file and try again.")
        return events or [self._creep()]

    def close(self) -> None:
        """End it, if it has not ended. Safe to call twice."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def _read(self, line: bytes) -> list[Any]:
        text = line.decode("utf-8", "replace").strip()
        if not text.startswith(MARK):
            return []
        try:
            fields = parse_json(text.removeprefix(MARK))
            if "step" in fields:
                self._step = Working(Step(fields["step"]), float(fields["fraction"])), float(fields["until"]), self._clock()
                return [self._step[0]]
        except (ValueError, KeyError, TypeError):
            return []
        if "error" in fields:
            reason = f"The mesh stays as it was ({fields.get('reason')})."
            return [Failure("WorkerError", str(fields["error"]) or reason, self.log)]
        return [Finished()]

    def _creep(self) -> Working:
        """Blender's own tools don't say how far they are: the bar moves on by the time, and never arrives."""
        step, until, since = self._step
        seconds = self._clock() - since
        return Working(step.step, step.fraction + (until - step.fraction) * seconds / (seconds + _PATIENCE))
