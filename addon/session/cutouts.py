"""What will be cut out of the scene's image, shown before anything is generated.

Whenever the image, the method or the threshold changes, and no longer changes for a moment, the worker is asked. That
needs no model. Nobody waits for it: generations go first.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from ...flashvdm_core.api.errors import FlashVDMError
from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.tasks import CutOutOnly
from ..link.job import Job
from ..link.task_queue import ResultSink
from ..scene import thumbnails
from ..settings.given import absolute_path
from ..settings.properties import VIEW_LABELS, image_observers, scene_settings
from .session import session

QUIET_SECONDS = 0.4
"""A slider that is being dragged asks once, when it comes to rest."""


class CutOutSink(ResultSink):
    """Shows the cut-outs in the panel."""

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        assert isinstance(job.task, CutOutOnly)
        thumbnails.show_cutout(job.task.images[cutout.view], cutout.rgba)

    def finish(self, job: Job) -> Iterator[None]:
        yield from ()


def ask_soon() -> None:
    """Something that the cut-out depends on has changed."""
    if bpy.app.background:
        return
    if bpy.app.timers.is_registered(ask):
        bpy.app.timers.unregister(ask)
    bpy.app.timers.register(ask, first_interval=QUIET_SECONDS)


def ask() -> float | None:
    """Ask the worker for the cut-outs of the current scene's images; the seconds after which to try again, or None."""
    scene = bpy.context.scene
    if scene is None or session.check.running:
        return QUIET_SECONDS
    settings = scene_settings(scene)
    if settings.live:
        return None  # the live draft shows it
    chosen = {"front": settings.image} | {view: getattr(settings, f"image_{view}") for view in VIEW_LABELS}
    images = {view: absolute_path(path) for view, path in chosen.items() if path}
    if not all(os.path.isfile(path) for path in images.values()) or "front" not in images:
        return None
    try:
        task = CutOutOnly(images, {name: getattr(settings, name) for name in ("cutout", "cutout_threshold")})
        session.enqueue_low_priority(task, Path(images["front"]).name, CutOutSink())
    except FlashVDMError:
        return None  # without an interpreter; the panel says so
    session.run_live()
    return None


def last_job(path: str) -> Job | None:
    """The last look at the cut-out of the image file `path`, if it was the last of all."""
    item = session.tasks.low_priority
    task = item.job.task if item is not None else None
    return item.job if item is not None and isinstance(task, CutOutOnly) and task.images["front"] == path else None


def register() -> None:
    image_observers.append(ask_soon)


def unregister() -> None:
    image_observers.remove(ask_soon)
    if bpy.app.timers.is_registered(ask):
        bpy.app.timers.unregister(ask)


CLASSES: tuple[type, ...] = ()
