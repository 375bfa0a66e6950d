"""The tasks that line up for the one worker, and where the result of each goes. No bpy.

A timer calls `TaskQueue.step`, which never waits. Each task has its own target, so that the user may change scene,
settings and file meanwhile.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator
from typing import TypeVar

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.mesh import TriangleMesh
from .job import Job, State, Worker

_ids = itertools.count(1)


class Target:
    """Where what a task brings goes. This one lets everything fall; others do with it what they are for.

    Between two calls the user may have deleted, undone or renamed anything.
    """

    @property
    def owned(self) -> set[int]:
        """The session_uid of what is in the file for the sake of the task alone, its previews for example."""
        return set()

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show what was cut out of one of the images."""

    def show_preview(self, mesh: TriangleMesh) -> Iterator[None]:
        """Show the mesh as far as it is known, in steps of some hundredths of a second. May be given up between two of them."""
        yield from ()

    def finish(self, job: Job) -> Iterator[None]:
        """Take the result, `job.result`, in such steps, and push an undo step. May be given up, too: `discard` comes then."""
        yield from ()

    def discard(self) -> None:
        """Leave everything as it was before the task. Also called when there is nothing to leave."""

    def after_undo(self) -> None:
        """The user has undone or redone a step, which may have taken the previews away."""


AnyTarget = TypeVar("AnyTarget", bound=Target)


class Entry:
    """One task in the queue.

    Attributes:
        id: a number of its own, by which buttons name it.
        job: how it stands.
        target: where its result goes.
    """

    def __init__(self, job: Job, target: Target) -> None:
        self.id = next(_ids)
        self.job = job
        self.target = target
        self._work: Iterator[None] | None = None
        self._placing = False

    @property
    def at_work(self) -> bool:
        """A mesh is being brought into the file: the next step should come soon."""
        return self._work is not None

    def cancel(self) -> None:
        """Ask for the end; what was shown is gone at once."""
        if not self.job.over:
            self.job.cancel()
            self._leave()

    def fail(self, message: str, details: str) -> None:
        """End without a result, if it has not ended."""
        if not self.job.over:
            self.job.fail(message, details)
            self._leave()

    def step(self) -> bool:
        """Move a task that was started on; True when anything that the user sees has changed."""
        try:
            changed = self._step()
        except Exception as error:
            # Whatever goes wrong in Blender belongs to this task: the ones behind it go on.
            self.job.fail(
                f"The result could not be put into the scene ({type(error).__name__}: {error}); "
                "save the file and press Generate again.",
                traceback.format_exc(),
            )
            changed = True
        if self.job.over and self.job.state is not State.DONE:
            self._leave()
        return changed

    def _step(self) -> bool:
        job = self.job
        changed = job.pump()
        for cutout in job.take_cutouts():
            self.target.show_cutout(job, cutout)
        if job.state is State.PLACING and not self._placing:
            self._work, self._placing = self.target.finish(job), True
        elif job.state is State.RUNNING and self._work is None:
            preview = job.take_preview()
            self._work = self.target.show_preview(preview) if preview is not None else None
        if self._work is not None and next(self._work, self) is self:
            self._work, changed = None, True
            if self._placing:
                job.placed()
        return changed

    def _leave(self) -> None:
        self._work = None
        self.target.discard()


class TaskQueue:
    """First come, first served. What has ended stays in the list until the next task comes to a queue at rest.

    Beside it there is room for one task that nobody waits for, which is done when nothing else is to do.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._asides: list[Entry] = []

    @property
    def current(self) -> Entry | None:
        """The task under way or next to come; None when the queue is at rest."""
        return next((entry for entry in self.entries if not entry.job.over), None)

    @property
    def last(self) -> Entry | None:
        """What the user looks at: the task under way, else the one that ended last."""
        return self.current or next(reversed(self.entries), None)

    @property
    def waiting(self) -> int:
        """How many have not begun."""
        return sum(entry.job.state is State.WAITING for entry in self.entries)

    def targets(self, kind: type[AnyTarget]) -> list[AnyTarget]:
        """The targets of that kind of all that lined up since the queue was last at rest and did not end badly."""
        lost = (State.FAILED, State.CANCELLED)
        found = [entry.target for entry in self.entries if self.current is not None and entry.job.state not in lost]
        return [target for target in found if isinstance(target, kind)]

    def add(self, job: Job, target: Target) -> Entry:
        """Line up. A queue at rest forgets what it had before."""
        if self.current is None:
            self.entries.clear()
        entry = Entry(job, target)
        self.entries.append(entry)
        return entry

    def add_aside(self, job: Job, target: Target) -> Entry:
        """A task that nobody waits for; it takes the place of one that has not begun."""
        entry = Entry(job, target)
        self._asides = [*(other for other in self._asides if other.job.state is not State.WAITING), entry]
        return entry

    @property
    def next(self) -> Entry | None:
        """What the worker is at or comes to next; None when there is nothing at all to do."""
        begun = [entry for entry in self._asides if entry.job.state is not State.WAITING]
        return next(iter(begun), None) or self.current or next(iter(self._asides), None)

    def find(self, id: int) -> Entry | None:
        """The entry with that number."""
        return next((entry for entry in self.entries if entry.id == id), None)

    def remove(self, entry: Entry) -> None:
        """Take it out: one that waits or has ended is gone, one under way is cancelled and stays until it has ended."""
        entry.cancel()
        if entry.job.over:
            self.entries.remove(entry)

    def fail(self, message: str, details: str) -> None:
        """Every task that is not over has failed; what was shown is gone. The worker must be told by the caller."""
        for entry in (*self.entries, *self._asides):
            entry.fail(message, details)
        self._asides.clear()

    def clear(self) -> None:
        """Forget everything; what was shown is gone. The worker must be told by the caller."""
        for entry in (*self.entries, *self._asides):
            entry.cancel()
        self.entries.clear()
        self._asides.clear()

    def step(self, worker: Callable[[], Worker]) -> bool:
        """Move the task whose turn it is on; True when anything that the user sees has changed.

        `worker` gives the worker for a task that begins; raises WorkerError where there is none.
        """
        entry = self.next
        if entry is None:
            return False
        if entry.job.state is State.WAITING:
            self._begin(entry, worker)
            changed = True
        else:
            changed = entry.step()
        self._asides = [aside for aside in self._asides if not aside.job.over]
        return changed

    def _begin(self, entry: Entry, worker: Callable[[], Worker]) -> None:
        for other in self.entries:
            other.job.drop_result()
        try:
            entry.job.start(worker())
        except WorkerError as error:
            entry.job.fail(str(error), "")
