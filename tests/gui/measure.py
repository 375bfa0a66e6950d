"""What the tour measures: how long the add-on's timer holds Blender up, and what a generation leaves in the file."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy


@dataclass
class Ticks:
    """Stands before the add-on's timer function and takes the time of each call.

    Attributes:
        longest: milliseconds of the longest call by what it did: "listen", "preview" or "finish".
        busiest: the same in time that Blender's main thread was computing, however busy the machine is with others.
        fractions: the progress that the panel showed, each value once, since `clear`.
        texts: the progress texts, in their order.
        sizes: triangles of the previews that were shown.
    """

    session: Any
    longest: dict[str, float] = field(default_factory=dict)
    busiest: dict[str, float] = field(default_factory=dict)
    fractions: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def install(self) -> None:
        """Measure from now on."""
        step = self.session.loop.timer

        def tick() -> float | None:
            job = self.session.tasks.job
            before = self._preview()
            start, start_computing = time.perf_counter(), time.thread_time()
            wait = step()
            took, computing = time.perf_counter() - start, time.thread_time() - start_computing
            after = self._preview()
            kind = "finish" if job is not None and job.over else "preview" if after not in (0, before) else "listen"
            for times, seconds in ((self.longest, took), (self.busiest, computing)):
                times[kind] = max(round(1000 * seconds, 1), times.get(kind, 0.0))
            if kind == "preview":
                self.sizes.append(after)
            if job is not None:
                self._note(job)
            return wait

        self.session.loop.timer = tick

    def clear(self) -> None:
        """Forget the progress of the last generation."""
        for values in (self.fractions, self.texts, self.sizes):
            values.clear()

    def _note(self, job: Any) -> None:
        if not self.fractions or self.fractions[-1] != job.fraction:
            self.fractions.append(job.fraction)
        if not self.texts or self.texts[-1] != job.text:
            self.texts.append(job.text)

    def _preview(self) -> int:
        return next((len(obj.data.polygons) for obj in bpy.data.objects if obj.flashvdm.preview), 0)


@dataclass
class Heartbeat:
    """A timer of its own that notices when Blender does not come round: in redraws, in the add-on, anywhere."""

    longest_gap: float = 0.0
    _last: float = 0.0
    _running: bool = True

    def start(self) -> None:
        self._last = time.perf_counter()
        bpy.app.timers.register(self._beat, persistent=True)

    def stop(self) -> None:
        self._running = False

    def _beat(self) -> float | None:
        now = time.perf_counter()
        self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now
        return 0.02 if self._running else None


def content() -> dict[str, Any]:
    """Everything in the file that a generation could change, and what is selected."""
    lists = ("objects", "meshes", "collections", "scenes", "images", "texts", "materials", "cameras", "lights")
    found: dict[str, Any] = {name: sorted(block.name for block in getattr(bpy.data, name)) for name in lists}
    layer = bpy.context.view_layer
    found["selected"] = sorted(obj.name for obj in layer.objects.selected)
    found["active"] = layer.objects.active.name if layer.objects.active else ""
    return found


_CALLED = ("execute", "invoke", "modal", "check", "draw", "draw_header", "draw_header_preset")
_BLENDERS = {
    "addon.blender.window": ("_with_window",),  # ends an undo step: Blender copies what has changed
    "addon.scene.mesh_work": ("_read_mesh", "_write_mesh"),  # a .blend that goes to another Blender or comes from there
    "addon.scene.export": ("export_objects",),
}
"""Functions of the add-on that do nothing but call one of Blender's own that takes long and cannot be taken in slices."""


@dataclass
class Calls:
    """How long each call of the add-on holds Blender's main thread: timers, operators, panels and handlers.

    Attributes:
        own: by what was called, milliseconds of the longest in which the main thread was computing, without Blender's own.
        blenders: the same of Blender's own inside of it.
        wall: the same by the clock, of all.
    """

    package: str
    own: dict[str, float] = field(default_factory=dict)
    blenders: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    _inside: float = 0.0
    _depth: int = 0

    def install(self, session: Any) -> None:
        """Measure from now on."""
        for name, functions in _BLENDERS.items():
            module = sys.modules[f"{self.package}.{name}"]
            for function in functions:
                setattr(module, function, self._blenders_own(getattr(module, function)))
        for module in [module for name, module in sys.modules.items() if name.startswith(f"{self.package}.addon.")]:
            for cls in getattr(module, "CLASSES", ()):
                for name in _CALLED:
                    if callable(getattr(cls, name, None)) and hasattr(cls, "bl_rna") and name in _names(cls):
                        setattr(cls, name, _method(self.timed(getattr(cls, name), f"{cls.__name__}.{name}"), name))
        for name in dir(bpy.app.handlers):
            handlers = getattr(bpy.app.handlers, name)
            for index, handler in enumerate(handlers if isinstance(handlers, list) else ()):
                if handler.__module__.startswith(self.package):
                    handlers[index] = bpy.app.handlers.persistent(self.timed(handler, f"{name}: {handler.__name__}"))
        session.loop.timer = self.timed(session.loop.timer, "tick")
        self._install_on_timers()

    def _install_on_timers(self) -> None:
        """Measure what the add-on hands to Blender's timers, which know a function by itself."""
        timers: Any = bpy.app.timers
        known: dict[Any, Any] = {}
        before = {name: getattr(timers, name) for name in ("register", "unregister", "is_registered")}

        def register(function: Any, **options: Any) -> None:
            if str(getattr(function, "__module__", "")).startswith(self.package):
                known.setdefault(function, self.timed(function, f"timer: {function.__qualname__}"))
            before["register"](known.get(function, function), **options)

        timers.register = register
        timers.unregister = lambda function: before["unregister"](known.get(function, function))
        timers.is_registered = lambda function: before["is_registered"](known.get(function, function))

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """`function`, each call of which is measured unless another one that is measured makes it."""

        @functools.wraps(function)
        def called(*arguments: Any, **named: Any) -> Any:
            if self._depth:
                return function(*arguments, **named)
            self._inside, self._depth = 0.0, 1
            start, computing = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self._depth = 0
                whole = time.thread_time() - computing
                found = (self.own, whole - self._inside), (self.blenders, self._inside), (self.wall, time.perf_counter() - start)
                for times, seconds in found:
                    times[name] = max(round(1000 * seconds, 1), times.get(name, 0.0))

        return called

    def report(self, least: float = 5.0) -> dict[str, dict[str, float]]:
        """The calls of which the longest took at least so many milliseconds, the longest first."""
        names = [name for name in self.own if max(self.own[name], self.blenders[name]) >= least]
        names.sort(key=lambda name: -self.own[name])
        return {name: {"own": self.own[name], "Blender's": self.blenders[name], "wall": self.wall[name]} for name in names}

    def _blenders_own(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self._inside += time.thread_time() - start

        return called


def _method(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method as Blender calls it, which counts the arguments."""

    def of_two(self: Any, context: Any) -> Any:
        return function(self, context)

    def of_three(self: Any, context: Any, event: Any) -> Any:
        return function(self, context, event)

    return of_three if name in ("invoke", "modal") else of_two


def _names(cls: type) -> set[str]:
    """What a class or its bases of the add-on define; not what Blender's do."""
    return {name for base in cls.__mro__ if not base.__module__.startswith(("bpy", "builtins")) for name in vars(base)}
