"""The tasks that line up for the one worker, and where the result of each goes. No bpy.

A timer calls `TaskQueue.step`, which never waits. Each task has its own sink, so that the user may change scene,
settings and file meanwhile.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator
from typing import TypeVar

from ...flashvdm_core.api.errors import FlashVDMError, WorkerError
from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.mesh import TriangleMesh
from .job import Job, State, Work, Worker

LATER = object()
"""What a step gives that waits for something else."""


class ResultSink:
    """Where what a task brings goes. This one lets everything fall; others do with it what they are for.

    Between two calls the user may have deleted, undone or renamed anything.
    """

    @property
    def owned(self) -> set[int]:
        """The session_uid of what is in the file for the sake of the task alone, its previews for example."""
        return set()

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show what was cut out of one of the images."""

    def show_preview(self, mesh: TriangleMesh) -> Iterator[object]:
        """Show the mesh as far as it is known, in steps of some hundredths of a second. May be given up between two of them."""
        yield from ()

    def finish(self, job: Job) -> Iterator[object]:
        """Take the result, `job.result`, in such steps, and push an undo step. May be given up, too: `discard` comes then.

        A step that gives `LATER` has nothing to do for a moment.
        """
        yield from ()

    def discard(self) -> None:
        """Leave everything as it was before the task. Also called when there is nothing to leave."""

    def after_undo(self) -> None:
        """The user has undone or redone a step, which may have taken the previews away."""

    def renewed(self) -> ResultSink | None:
        """A sink for the same once more; None where that makes no sense."""
        return None


AnySink = TypeVar("AnySink", bound=ResultSink)

DONE_SECONDS = 20.0
"""So long a task that went well stays in sight."""
ENDED_SECONDS = 600.0
"""So long one that was ended can be taken up again."""


class QueueItem:
    """One task in the queue.

    Attributes:
        id: a number of its own, by which buttons name it.
        job: how it stands.
        sink: where its result goes.
    """

    def __init__(self, id: int, job: Job, sink: ResultSink) -> None:
        self.id = id
        self.job = job
        self.sink = sink
        self._work: Iterator[object] | None = None
        self._waits = False
        self._inserting = False
        self._shows = True

    @property
    def at_work(self) -> bool:
        """A mesh is being brought into the file: the next step should come soon."""
        return self._work is not None and not self._waits

    @property
    def in_sight(self) -> bool:
        """It has not ended, or not long ago."""
        since = self.job.seconds_since_end
        return since is None or since < (DONE_SECONDS if self.job.state is State.DONE else ENDED_SECONDS)

    def cancel(self) -> None:
        """Ask for the end; what was shown is gone at once."""
        if not self.job.over:
            self.job.cancel()
            self.leave()

    def fail(self, message: str, details: str) -> None:
        """End without a result, if it has not ended."""
        if not self.job.over:
            self.job.fail(message, details)
            self.leave()

    def step(self) -> bool:
        """Move a task that was started on; True when anything that the user sees has changed."""
        try:
            changed = self._step()
        except FlashVDMError as error:
            self.job.fail(str(error), traceback.format_exc())
            changed = True
        except Exception as error:
            # Whatever goes wrong in Blender belongs to this task: the ones behind it go on.
            self.job.fail(
                f"The result could not be put into the scene ({type(error).__name__}: {error}); "
                "save the file and press Generate again.",
                traceback.format_exc(),
            )
            changed = True
        if self.job.over and self.job.state is not State.DONE:
            self.leave()
        return changed

    def _step(self) -> bool:
        job = self.job
        changed = job.pump()
        if not self._inserting:
            changed |= self._show()
        if job.state is State.INSERTING:
            if not self._inserting:
                self._work, self._inserting = self.sink.finish(job), True
            if self._work is not None:
                given = next(self._work, self)
                self._waits = given is LATER
                if given is self:
                    self._work, changed = None, True
                    job.inserted()
        return changed

    def _show(self) -> bool:
        """Show what has come before the result; when that fails, no more is shown, and the task goes on."""
        job, changed = self.job, False
        try:
            for cutout in job.take_cutouts():
                self.sink.show_cutout(job, cutout)
            if job.state is State.RUNNING and self._work is None:
                preview = job.take_preview()
                self._work = self.sink.show_preview(preview) if preview is not None and self._shows else None
            if job.state is not State.INSERTING and self._work is not None and next(self._work, self) is self:
                self._work, changed = None, True
        except Exception:
            traceback.print_exc()
            self._shows = False
            self.leave()
        return changed

    def leave(self) -> None:
        """What was shown, and what the task has put aside, is gone."""
        self._work = None
        try:
            self.sink.discard()
        except Exception:  # what cannot be cleaned up must not keep the other tasks from their end
            self.job.details += traceback.format_exc()


class TaskQueue:
    """First come, first served. What has ended stays in the list until the next task comes to a queue at rest; what the user
    has ended stays longer, so that it can be taken back.

    Beside it there is room for one task that nobody waits for, which is done when nothing else is to do.
    """

    def __init__(self) -> None:
        self.items: list[QueueItem] = []
        self._ids = itertools.count(1)
        self._low_priority: list[QueueItem] = []

    @property
    def current(self) -> QueueItem | None:
        """The task under way or next to come; None when the queue is at rest."""
        return next((item for item in self.items if not item.job.over), None)

    @property
    def last(self) -> QueueItem | None:
        """What the user looks at: the task under way, else the one that ended last."""
        return self.current or next(reversed(self.items), None)

    @property
    def waiting(self) -> int:
        """How many have not begun."""
        return sum(item.job.state is State.WAITING for item in self.items)

    def sinks(self, kind: type[AnySink]) -> list[AnySink]:
        """The sinks of that kind of all that lined up since the queue was last at rest and did not end badly."""
        lost = (State.FAILED, State.CANCELLED)
        found = [item.sink for item in self.items if self.current is not None and item.job.state not in lost]
        return [sink for sink in found if isinstance(sink, kind)]

    def add(self, job: Job, sink: ResultSink) -> QueueItem:
        """Line up. A queue at rest forgets what it had before, but for what was ended a short while ago."""
        if self.current is None:
            self.items = [item for item in self.items if item.job.state is State.CANCELLED and item.in_sight]
        item = QueueItem(next(self._ids), job, sink)
        self.items.append(item)
        return item

    def add_low_priority(self, job: Job, sink: ResultSink) -> QueueItem:
        """A task that nobody waits for; it takes the place of one that has not begun."""
        item = QueueItem(next(self._ids), job, sink)
        self._low_priority = [*(other for other in self._low_priority if other.job.state is not State.WAITING), item]
        return item

    @property
    def next(self) -> QueueItem | None:
        """What the worker is at or comes to next; None when there is nothing at all to do."""
        begun = [item for item in self._low_priority if item.job.state is not State.WAITING]
        return next(iter(begun), None) or self.current or next(iter(self._low_priority), None)

    @property
    def in_sight(self) -> list[QueueItem]:
        """What the user is to see: finished tasks leave by themselves after a while."""
        return [item for item in self.items if item.in_sight]

    def again(self, item: QueueItem) -> QueueItem | None:
        """Line up the same task once more in the place of one that has ended; None where it cannot be."""
        sink = item.sink.renewed() if item.job.over else None
        if sink is None:
            return None
        if item in self.items:
            self.items.remove(item)
        return self.add(Job(item.job.task, item.job.label), sink)

    def find(self, id: int) -> QueueItem | None:
        """The item with that number."""
        return next((item for item in self.items if item.id == id), None)

    def remove(self, item: QueueItem) -> None:
        """Take it out: one that waits or has ended is gone, one under way is cancelled and stays until it has ended."""
        item.cancel()
        if item.job.over:
            self.items.remove(item)

    def fail(self, message: str, details: str) -> None:
        """Every task that is not over has failed; what was shown is gone. The caller ends what the worker is at."""
        for item in (*self.items, *self._low_priority):
            item.fail(message, details)
        self._low_priority.clear()

    def clear(self) -> None:
        """Forget everything; what was shown is gone. The caller ends what the worker is at."""
        for item in (*self.items, *self._low_priority):
            item.cancel()
        self.items.clear()
        self._low_priority.clear()

    def step(self, worker: Callable[[Work], Worker]) -> bool:
        """Move the task whose turn it is on; True when anything that the user sees has changed.

        `worker` gives the worker for a task that begins; raises WorkerError where there is none.
        """
        item = self.next
        if item is None:
            return False
        if item.job.state is State.WAITING:
            self._begin(item, worker)
            changed = True
        else:
            changed = item.step()
        self._low_priority = [item for item in self._low_priority if not item.job.over]
        return changed

    def _begin(self, item: QueueItem, worker: Callable[[Work], Worker]) -> None:
        for other in self.items:
            other.job.free_result()
        try:
            item.job.start(worker(item.job.task))
        except WorkerError as error:
            item.job.fail(str(error), "")
        if item.job.over:
            item.leave()
