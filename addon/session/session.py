"""What is going on in this Blender, in one object: the one place with state that outlives an operator."""

import time
from collections.abc import Callable, Sequence

import bpy
from bpy.app.handlers import persistent

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.tasks import Task
from ..blender.window import redraw_panels
from ..link.background_blender import BlenderTask
from ..link.job import Job
from ..link.runtime import Runtime
from ..link.task_queue import QueueItem, ResultSink
from ..scene import masks, taken_images
from ..scene.draft_object import drafts
from ..scene.history import forget_undone, restore_undone
from ..scene.object_data import migrate_file
from ..scene.result_object import release_copies, remove_saved_previews, remove_stale_previews
from ..settings.given import keep_paths
from ..settings.preferences import preferences
from ..settings.properties import reset_unknown_settings, scene_settings
from . import interpreter
from .batch import Batch
from .doctor import Doctor
from .loop import Activity, Loop
from .models import Models
from .set_up import SetUp
from .worker_tasks import WorkerCheck, WorkerTasks

_RUNTIME_SECONDS = 3


class Session:
    """The state.

    Attributes:
        loop: moves on what is under way.
        tasks: the queue and the worker.
        check: the look whether a worker starts.
        batch: the batch.
        doctor: the examination of this machine.
        models: the public models on this machine, and the download of one.
        set_up: Python and PyTorch for the worker, on their way.
    """

    def __init__(self) -> None:
        self.loop = Loop()
        self.tasks = WorkerTasks()
        self.check = WorkerCheck(self.tasks)
        self.batch = Batch()
        self.doctor = Doctor()
        self.models = Models()
        self.set_up = SetUp()
        self._runtime: tuple[tuple[str, int], Runtime | WorkerError] | None = None
        """What was asked for and found when the interpreter was last looked for."""

    def known_runtime(self) -> Runtime:
        """The interpreter, for the panels, which ask at every draw: looked for again after some seconds.

        Raises:
            WorkerError: there is none.
        """
        asked = preferences().python, int(time.monotonic() / _RUNTIME_SECONDS)
        if self._runtime is None or self._runtime[0] != asked:
            try:
                found: Runtime | WorkerError = interpreter.runtime()
            except WorkerError as error:
                found = error
            self._runtime = asked, found
        found = self._runtime[1]
        if isinstance(found, WorkerError):
            raise found
        return found

    def enqueue(self, task: Task, label: str, sink: ResultSink) -> QueueItem:
        """Line a task up, with nothing that moves it on yet: `run_live` or `run_to_end` does.

        Args:
            task: what to make.
            label: what the user calls it.
            sink: where its result goes.

        Raises:
            WorkerError: there is no interpreter.
        """
        interpreter.runtime()
        self.check.stop()
        return self.tasks.queue.add(Job(task, label), sink)

    def enqueue_background(self, task: BlenderTask, label: str, sink: ResultSink) -> QueueItem:
        """Line a task up that another Blender does; like `enqueue` otherwise, but nothing needs to be set up for it."""
        return self.tasks.queue.add(Job(task, label), sink)

    def enqueue_low_priority(self, task: Task, label: str, sink: ResultSink) -> None:
        """Have a task done when there is nothing else to do, if no newer one comes before; like `enqueue` otherwise."""
        interpreter.runtime()
        self.tasks.low_priority = self.tasks.queue.add_low_priority(Job(task, label), sink)

    def run_live(self) -> None:
        """Begin with what waits, where nothing is under way, and let the timer move it on."""
        if self.tasks.can_begin:
            self.loop.step(self.tasks)
        self.loop.add(self.tasks)

    def run_to_end(self, item: QueueItem) -> Job:
        """Move the queue on until that task is over, without returning to Blender before."""
        self.loop.run_to_end(self.tasks, lambda: item.job.over)
        return item.job

    def cancel(self) -> None:
        """Ask the task under way to stop. Its previews leave the scene at once, the worker answers when it can."""
        if self.tasks.queue.current is not None:
            self.tasks.queue.current.cancel()
        redraw_panels()

    def release(self) -> None:
        """End the worker, which gives all its memory back. What is under way or waits is forgotten."""
        self.check.stop()
        self.tasks.stop()

    def check_runtime(self) -> None:
        """Start a worker on the chosen interpreter to see whether that works; `check.text` tells.

        Raises:
            WorkerError: there is no interpreter, or it cannot be run.
        """
        self.check.start()
        self.loop.add(self.check)

    def run_batch(self, arguments: Sequence[str], live: bool) -> None:
        """Make a batch with the arguments of the core's `batch`: beside Blender, or without returning before its end.

        An idle worker gives its memory back.

        Raises:
            WorkerError: there is no interpreter, or a batch is under way.
        """
        self.batch.start(arguments)
        if not self.tasks.generating:
            self.release()
        self._run(self.batch, live)

    def run_doctor(self, live: bool, model: str | None = None, device: str | None = None) -> None:
        """Examine this machine, as `Doctor.start` says: beside Blender, or without returning before its end."""
        self.doctor.start(model, device)
        self._run(self.doctor, live)

    def get_model(self, name: str, accepted: bool, live: bool) -> None:
        """Download a model, as `Models.start` says: beside Blender, or without returning before its end."""
        self.models.start(name, accepted)
        self._run(self.models, live)

    def run_set_up(self, live: bool, **wishes: str) -> None:
        """Look what Set Up would do, with the arguments of `SetUp.start`; what is not live goes on and does it.

        Raises:
            WorkerError: it is under way, or Blender may not use the network.
        """
        self.set_up.start(**wishes)
        self._run(self.set_up, live)
        if not live and self.set_up.offer is not None:
            self.agree_to_set_up(live)

    def agree_to_set_up(self, live: bool) -> None:
        """Do what was offered. Raises WorkerError."""
        self.set_up.agree()
        self._run(self.set_up, live)

    def remove_set_up(self, live: bool) -> None:
        """Delete what was set up; a worker that uses it ends. Raises WorkerError."""
        self.release()
        self.set_up.remove()
        self._run(self.set_up, live)

    def stop(self) -> None:
        """End everything."""
        self.loop.stop()
        self.release()
        self.batch.stop()
        self.doctor.stop()
        self.models.stop()
        self.set_up.stop()

    def _run(self, activity: Activity, live: bool) -> None:
        if live:
            self.loop.add(activity)
        else:
            self.loop.run_to_end(activity)


session = Session()


def _owned() -> set[int]:
    """What is in the file only as long as the tasks go on."""
    drawn = {obj.session_uid for obj in drafts()}
    return drawn.union(*(item.sink.owned for item in session.tasks.queue.items if not item.job.over))


@persistent
def _before_load(*_: object) -> None:
    """Another file comes: what was to go into this one is not wanted any more."""
    session.tasks.forget()


@persistent
def _after_load(*_: object) -> None:
    for scene in bpy.data.scenes:
        reset_unknown_settings(scene_settings(scene))
    taken_images.bring_back()
    migrate_file()
    forget_undone()
    remove_saved_previews()


@persistent
def _after_undo(*_: object) -> None:
    for item in session.tasks.queue.items:
        item.sink.after_undo()
    remove_stale_previews(_owned())
    restore_undone()


@persistent
def _before_save(*_: object) -> None:
    release_copies()
    masks.pack_all()
    taken_images.keep()
    for scene in bpy.data.scenes:
        if scene.library is None:
            keep_paths(scene_settings(scene))


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("load_pre", _before_load),
    ("load_post", _after_load),
    ("save_pre", _before_save),
    ("undo_post", _after_undo),
    ("redo_post", _after_undo),
)


def register() -> None:
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    for name, handler in _HANDLERS:
        handlers = getattr(bpy.app.handlers, name)
        if handler in handlers:
            handlers.remove(handler)
    session.stop()


CLASSES: tuple[type, ...] = ()
