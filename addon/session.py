"""What is going on in this Blender: the worker, the job under way, and the timer that moves it on.

The one place with state that outlives an operator. No threads: `bpy.app.timers` calls `tick`, which
never waits. Blender runs no timers in the background; there `run_to_end` does the same in a loop.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..flashvdm_core.errors import WorkerError
from ..flashvdm_core.requests import Request
from ..flashvdm_core.worker.protocol import Ready
from . import thumbnails
from .job import Job, State
from .preferences import ROOT_PACKAGE, preferences
from .result_object import Placement, ResultObject, remove_stale_previews
from .runtime import Runtime, find_runtime
from .worker_client import Launch, Limits, WorkerClient

TICK_SECONDS = 0.1
_PACKAGE_ROOT = Path(__file__).parents[1]


@dataclass
class Session:
    """The state. `job` stays after its end, so that the panel can show how it ended."""

    client: WorkerClient | None = None
    job: Job | None = None
    target: ResultObject | None = None
    check: str = ""
    """What the last check of the interpreter found, as one line; "" if there was none."""
    checking: bool = False
    second: int = 0
    """The whole second since its start that the panel shows for the job under way: a sign of life."""

    @property
    def generating(self) -> bool:
        """A generation is under way."""
        return self.job is not None and not self.job.over


session = Session()


def runtime() -> Runtime:
    """The interpreter that the next worker runs on. Raises WorkerError if there is none."""
    return find_runtime(bpy.path.abspath(preferences().python), managed_runtime())


def managed_runtime() -> Path:
    """The folder of the runtime that the add-on installs; it may not exist."""
    return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="runtime"))


def start(request: Request, placement: Placement, context: bpy.types.Context) -> Job:
    """Begin a generation, with nothing that moves it on yet.

    Raises:
        WorkerError: there is no interpreter, or a generation is under way.
    """
    if session.generating:
        raise WorkerError("A generation is under way; cancel it or wait for its end.")
    assert context.scene is not None
    assert context.collection is not None
    client = _client()
    session.checking = False
    session.target = ResultObject(placement, context.scene, context.collection)
    session.job = Job(client, request)
    return session.job


def run_live() -> None:
    """Let a timer move on what was started."""
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_SECONDS, persistent=True)


def run_to_end() -> Job:
    """Move the job that was started on until it is over, without returning to Blender before. Shows no previews."""
    job = session.job
    assert job is not None
    manager = bpy.context.window_manager
    assert manager is not None
    manager.progress_begin(0, 100)
    try:
        while not job.over:
            if not job.pump():
                time.sleep(0.02)
            manager.progress_update(round(job.fraction * 100))
    except BaseException:
        release()
        raise
    finally:
        manager.progress_end()
    _settle(job)
    return job


def cancel() -> None:
    """Ask the job under way to stop. Its previews leave the scene at once, the worker answers when it can."""
    if session.job is not None:
        session.job.cancel()
    if session.target is not None:
        session.target.discard()
    _redraw()


def release() -> None:
    """End the worker, which gives all its memory back. A job under way is cancelled."""
    if session.client is not None:
        session.client.close()
    session.client, session.checking = None, False
    _drop_job()


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
    wanted = preferences()
    launch = Launch(runtime().python, _PACKAGE_ROOT, round(wanted.idle_minutes * 60))
    if session.client is not None and session.client.launch != launch:
        session.client.close()
        session.client = None
    if session.client is None:
        session.client = WorkerClient(launch)
    session.client.limits = Limits(silence=wanted.silence_minutes * 60)
    return session.client


def tick() -> float | None:
    """One step of whatever is under way; the seconds to the next one, or None when nothing is left to do."""
    job = session.job
    if job is not None and session.generating:
        changed = job.pump()
        _show(job)
        if job.over:
            _settle(job)
        if changed or job.over or int(job.seconds) != session.second:
            session.second = int(job.seconds)
            _redraw()
    elif session.checking:
        _tick_check()
    return TICK_SECONDS if session.generating or session.checking else None


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
        _redraw()


def _found(ready: Ready) -> str:
    return f"Python {ready.python}, PyTorch {ready.torch}, device {ready.device}"


def _show(job: Job) -> None:
    """Put what has arrived for the eye into the panel and the scene."""
    for cutout in job.take_cutouts():
        thumbnails.show_cutout(job.request.images.get(cutout.view, ""), cutout.rgba)
    preview = job.take_preview()
    if preview is not None and session.target is not None and job.state is State.RUNNING:
        session.target.show(preview)


def _settle(job: Job) -> None:
    """The job is over: one finished object and one undo step, or the scene as it was."""
    target, session.target = session.target, None
    _show(job)
    if target is None:
        return
    if job.result is None:
        target.discard()
        return
    obj = target.finish(job.result, job.request.images, job.seconds)
    _select(obj)
    _with_window(lambda: bpy.ops.ed.undo_push(message=f"Generate {obj.name}"))


def _select(obj: bpy.types.Object) -> None:
    """Make `obj` the only selected one, if the user sees it and is not in the middle of editing another."""
    context = bpy.context
    layer = context.view_layer
    if context.mode != "OBJECT" or layer is None or obj.name not in layer.objects:
        return
    for other in list(layer.objects.selected):
        other.select_set(False, view_layer=layer)
    obj.select_set(True, view_layer=layer)
    layer.objects.active = obj


def _with_window(act: Callable[[], object]) -> None:
    """Timers run without a window, but some operators need one."""
    manager = bpy.context.window_manager
    if bpy.context.window is None and manager is not None and len(manager.windows):
        override: Any = bpy.context.temp_override(window=manager.windows[0])  # 5.2's stubs lack its __enter__
        with override:
            act()
    else:
        act()


def _redraw() -> None:
    """Draw the add-on's panels anew. The viewports notice by themselves when the scene has changed."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) in {("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")}:
                    region.tag_redraw()


def _drop_job() -> None:
    """Forget the job under way; its previews leave the scene."""
    target, session.target = session.target, None
    if session.generating:
        session.job = None
    if target is not None:
        target.discard()


@persistent
def _before_load(*_: object) -> None:
    """Another file comes: what was to go into this one is not wanted any more. The worker stays for the next."""
    if session.generating:
        if session.client is not None:
            session.client.close()
        _drop_job()
    session.job = None


@persistent
def _after_load(*_: object) -> None:
    remove_stale_previews(session.target)


@persistent
def _after_undo(*_: object) -> None:
    if session.target is not None:
        session.target.show_again()
    remove_stale_previews(session.target)


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
    session.job, session.check = None, ""


CLASSES: tuple[type, ...] = ()
