"""What the tour measures: how long the add-on's timer holds Blender up, and what a generation leaves in the file."""

from __future__ import annotations

import time
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
