"""The batch under way: the core's `batch` command, watched from a timer or to its end."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy

from ...flashvdm_core.api.errors import WorkerError
from ..blender.texts import interface
from ..blender.window import redraw_panels
from ..link.core_process import CoreProcess
from . import session

TICK_SECONDS = 0.25


@dataclass
class Batch:
    """The one batch: under way while `process` is there, else as it ended.

    Attributes:
        items: how many meshes are to be made, 0 while that is not known.
        counts: how many were "made", "kept" and "failed" so far.
        errors: a sentence for each that failed, with its image in front.
        end: how it ended, as a sentence; "" before.
        status: exit status of the command, None before its end.
    """

    process: CoreProcess | None = None
    items: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    end: str = ""
    status: int | None = None

    @property
    def fraction(self) -> float:
        """Share of the items that are done."""
        return sum(self.counts.values()) / self.items if self.items else 0.0

    @property
    def text(self) -> str:
        """How far it is, in a few words."""
        if not self.items:
            return interface("Starting")
        done = interface("{done} of {count}").format(done=sum(self.counts.values()), count=self.items)
        failed = interface("{failed} failed").format(failed=self.counts["failed"])
        return f"{done}, {failed}" if self.counts["failed"] else done


batch = Batch()


def start(arguments: Sequence[str]) -> None:
    """Begin with the arguments of the core's `batch`. An idle worker gives its memory back first.

    Raises:
        WorkerError: there is no interpreter, or a batch is under way.
    """
    if batch.process is not None:
        raise WorkerError("A batch is under way; cancel it or wait for its end.")
    if not session.session.generating:
        session.release()
    batch.items, batch.end, batch.status = 0, "", None
    batch.counts.clear()
    batch.errors.clear()
    batch.process = CoreProcess(session.launch(), ["batch", "--json", "--end-with-stdin", *arguments])


def run_to_end() -> None:
    """Move the batch on until it is over, without returning to Blender before."""
    manager = bpy.context.window_manager
    assert manager is not None
    manager.progress_begin(0, 100)
    try:
        while step():
            manager.progress_update(round(batch.fraction * 100))
            time.sleep(0.02)
    except BaseException:
        stop()
        raise
    finally:
        manager.progress_end()


def run_live() -> None:
    """Let a timer move the batch on."""
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_SECONDS, persistent=True)


def tick() -> float | None:
    """One step, from the timer."""
    before = batch.text
    going_on = step()
    if not going_on or batch.text != before:
        redraw_panels()
    return TICK_SECONDS if going_on else None


def step() -> bool:
    """Take what the command has said; whether it is still under way."""
    process = batch.process
    if process is None:
        return False
    for line in process.poll():
        _take(line)
    if process.status is not None:
        batch.process, batch.status = None, process.status
        # The command's own summary, or the reason why there was nothing to sum up.
        summary = process.last_words.removeprefix("Error: ")
        batch.end = interface("Cancelled: {text}").format(text=batch.text) if process.interrupted else summary
    return batch.process is not None


def cancel() -> None:
    """Ask the batch to stop; what is made stays, and the same batch goes on from there."""
    if batch.process is not None:
        batch.process.interrupt()


def stop() -> None:
    """End the batch now."""
    if batch.process is not None:
        batch.process.close()
    batch.process = None


def _take(line: str) -> None:
    try:
        fields: Any = json.loads(line)
        match fields["event"]:
            case "start":
                batch.items = int(fields["items"])
            case "item":
                batch.counts[str(fields["status"])] += 1
                if fields["error"]:
                    batch.errors.append(f"{fields['image'] or fields['number']}: {fields['error']}")
    except (ValueError, KeyError, TypeError):
        return  # a library may print, too


def unregister() -> None:
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    stop()


CLASSES: tuple[type, ...] = ()
