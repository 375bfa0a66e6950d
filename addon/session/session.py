"""What is going on in this Blender: the worker, the queue of its tasks, and the timer that moves them on.

The one place with state that outlives an operator. No threads: `bpy.app.timers` calls `tick`, which
never waits. Blender runs no timers in the background; there `run_to_end` does the same in a loop.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.tasks import Task
from ...flashvdm_core.api.wire.protocol import Ready
from ..blender.window import redraw_panels
from ..link.child_process import Launch
from ..link.eta import Pace
from ..link.job import Job, State
from ..link.runtime import Runtime, find_runtime
from ..link.task_queue import Entry, Target, TaskQueue
from ..link.worker_client import Limits, WorkerClient
from ..scene.result_object import remove_stale_previews
from ..settings.preferences import ROOT_PACKAGE, preferences
from ..settings.properties import mend, scene_settings

TICK_SECONDS = 0.1
_SOON_SECONDS = 0.01  # between two slices of a mesh: Blender comes round, and the mesh is there soon
_RUNTIME_SECONDS = 3
_PACKAGE_ROOT = Path(__file__).parents[2]


@dataclass
class Session:
    """The state."""

    client: WorkerClient | None = None
    queue: TaskQueue = field(default_factory=TaskQueue)
    check: str = ""
    """What the last check of the interpreter found, as one line; "" if there was none."""
    checking: bool = False
    aside: Entry | None = None
    """The last task that nobody waits for."""
    runtime: tuple[tuple[str, int], Runtime | WorkerError] | None = None
    """What was asked for and found when the interpreter was last looked for."""
    pace: Pace = field(default_factory=Pace)
    """How long things take here."""
    second: int = 0
    """The whole second since its start that the panel shows for the job under way: a sign of life."""

    @property
    def generating(self) -> bool:
        """A task is under way or waits."""
        return self.queue.current is not None

    @property
    def job(self) -> Job | None:
        """The job under way, else the one that ended last, so that the panel can show how it ended."""
        return self.queue.last.job if self.queue.last else None


session = Session()


def runtime() -> Runtime:
    """The interpreter that the next worker runs on. Raises WorkerError if there is none."""
    return find_runtime(preferences().python, managed_runtime())


def known_runtime() -> Runtime:
    """`runtime` for the panel, which asks at every draw: looked for again when the preferences or some seconds change it."""
    asked = preferences().python, int(time.monotonic() / _RUNTIME_SECONDS)
    if session.runtime is None or session.runtime[0] != asked:
        try:
            found: Runtime | WorkerError = runtime()
        except WorkerError as error:
            found = error
        session.runtime = asked, found
    found = session.runtime[1]
    if isinstance(found, WorkerError):
        raise found
    return found


def managed_runtime() -> Path:
    """The folder of the runtime that the add-on installs; it may not exist."""
    return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="runtime"))


def launch() -> Launch:
    """How the core is started as the preferences ask for. Raises WorkerError if there is no interpreter."""
    return Launch(runtime().python, _PACKAGE_ROOT, round(preferences().idle_minutes * 60))


def enqueue(task: Task, label: str, target: Target) -> Entry:
    """Line a task up, with nothing that moves it on yet: `run_live` or `run_to_end` does.

    Args:
        task: what to make.
        label: what the user calls it.
        target: where its result goes.

    Raises:
        WorkerError: there is no interpreter.
    """
    runtime()
    session.checking = False
    return session.queue.add(Job(task, label), target)


def enqueue_aside(task: Task, label: str, target: Target) -> None:
    """Have a task done when there is nothing else to do, if no newer one comes before; like `enqueue` otherwise."""
    runtime()
    session.aside = session.queue.add_aside(Job(task, label), target)


def run_live() -> None:
    """Begin with what waits, where nothing is under way, and let a timer move it on."""
    coming = session.queue.next
    if coming is not None and coming.job.state is State.WAITING:
        _step()
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_SECONDS, persistent=True)


def run_to_end(entry: Entry) -> Job:
    """Move the queue on until that task is over, without returning to Blender before."""
    job = entry.job
    manager = bpy.context.window_manager
    assert manager is not None
    manager.progress_begin(0, 100)
    try:
        while not job.over:
            if not _step():
                time.sleep(0.02)
            manager.progress_update(round(job.fraction * 100))
    except BaseException:
        release()
        raise
    finally:
        manager.progress_end()
    return job


def cancel() -> None:
    """Ask the task under way to stop. Its previews leave the scene at once, the worker answers when it can."""
    if session.queue.current is not None:
        session.queue.current.cancel()
    redraw_panels()


def release() -> None:
    """End the worker, which gives all its memory back. What is under way or waits is forgotten."""
    if session.client is not None:
        session.client.close()
    session.client, session.checking, session.aside = None, False, None
    session.queue.clear()


def check_runtime() -> None:
    """Start a worker on the chosen interpreter to see whether that works; `session.check` tells.

    Raises:
        WorkerError: there is no interpreter, or it cannot be run.
    """
    session.check = ""
    client = _client()
    if client.ready is not None:
        session.check = _found(client.ready)
        return
    client.start()
    session.checking = True
    run_live()


def _client() -> WorkerClient:
    """The worker client as the preferences ask for; another interpreter means another worker."""
    wanted = launch()
    if session.client is not None and session.client.launch != wanted:
        session.client.close()
        session.client = None
    if session.client is None:
        session.client = WorkerClient(wanted)
    session.client.limits = Limits(silence=preferences().silence_minutes * 60)
    return session.client


def _step() -> bool:
    """Move on the task whose turn it is; True when anything that the user sees has changed."""
    entry = session.queue.next
    changed = session.queue.step(_client)
    if entry is not None and entry.job.state is State.PLACING:
        session.pace.learn(entry.job)
    return changed


def tick() -> float | None:
    """One step of whatever is under way; the seconds to the next one, or None when nothing is left to do."""
    if session.queue.next is not None:
        changed = _step()
        job = session.job
        if changed or (job is not None and int(job.seconds) != session.second):
            session.second = int(job.seconds) if job is not None else 0
            redraw_panels()
    elif session.checking:
        _tick_check()
    if session.queue.next is None and not session.checking:
        return None
    return _SOON_SECONDS if _more_to_do() else TICK_SECONDS


def _more_to_do() -> bool:
    """This tick had no time for everything that can be done now."""
    at_work = session.queue.next is not None and session.queue.next.at_work
    return at_work or (session.client is not None and session.client.pending)


def _tick_check() -> None:
    assert session.client is not None
    try:
        events = session.client.poll()
    except WorkerError as error:
        session.check, session.checking = str(error), False
    else:
        for event in events:
            if isinstance(event, Ready):
                session.check, session.checking = _found(event), False
    if not session.checking:
        redraw_panels()


def _found(ready: Ready) -> str:
    return f"Python {ready.python}, PyTorch {ready.torch}, device {ready.device}"


def _owned() -> set[int]:
    """What is in the file only as long as the tasks go on."""
    return set().union(*(entry.target.owned for entry in session.queue.entries if not entry.job.over))


@persistent
def _before_load(*_: object) -> None:
    """Another file comes: what was to go into this one is not wanted any more. An idle worker stays for the next."""
    if session.client is not None and session.client.busy:
        session.client.close()
    session.queue.clear()
    session.aside = None


@persistent
def _after_load(*_: object) -> None:
    for scene in bpy.data.scenes:
        mend(scene_settings(scene))
    remove_stale_previews(_owned())


@persistent
def _after_undo(*_: object) -> None:
    for entry in session.queue.entries:
        entry.target.after_undo()
    remove_stale_previews(_owned())


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("load_pre", _before_load),
    ("load_post", _after_load),
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
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    release()
    session.check = ""


CLASSES: tuple[type, ...] = ()
