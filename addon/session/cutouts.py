"""What will be cut out of the scene's image, shown before anything is generated.

Whenever the image, the method, its mask or another setting of it changes, and no longer changes for a moment, the worker is
asked. That needs no model. Nobody waits for it: generations go first.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import FlashVDMError
from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.settings import SETTINGS
from ...flashvdm_core.api.tasks import CutOutOnly
from ..blender.timers import call_soon, end_timer
from ..link.job import Job
from ..link.task_queue import ResultSink
from ..scene import masks, thumbnails
from ..settings.given import absolute_path
from ..settings.properties import VIEW_LABELS, image_observers, scene_settings
from .session import session

QUIET_SECONDS = 0.4
"""A slider that is being dragged asks once, when it comes to rest."""


_KEPT_GUESSES = 8
_LOOK_SECONDS = 1.0
_OF_IMAGE = tuple(name for name, setting in SETTINGS.items() if setting.group == "image")


class CutOutSink(ResultSink):
    """Shows the cut-outs in the panel, and in the masks that are painted."""

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        assert isinstance(job.task, CutOutOnly)
        path = job.task.images[cutout.view]
        thumbnails.show_cutout(path, cutout.rgba)
        _methods[path] = cutout.method
        if cutout.guess is None:
            return
        _guesses.pop(path, None)
        _guesses[path] = cutout.guess
        for former in list(_guesses)[:-_KEPT_GUESSES]:
            del _guesses[former]
        mask = masks.mask_of(path)
        if path in _restored:
            masks.restore(path, cutout.guess, _restored.pop(path))
        elif mask is not None:
            masks.renew(mask, cutout.guess)

    def finish(self, job: Job) -> Iterator[None]:
        yield from ()


_guesses: dict[str, np.ndarray] = {}
"""Path of an image -> `CutOut.guess` of it, the newest last."""

_methods: dict[str, str] = {}
"""Path of an image -> `CutOut.method` of it."""


_restored: dict[str, np.ndarray | None] = {}
"""Path of an image -> strokes that its mask gets when its guess is known."""


_signatures: dict[str, int] = {}
"""Name of a mask -> what tells whether something was painted in it since."""


def guess_of(path: str) -> np.ndarray | None:
    """What was guessed for the image file `path`, uint8 [H, W, 4]; None where nobody was asked yet."""
    return _guesses.get(path)


def method_of(path: str) -> str:
    """How the object was cut out of the image file `path` the last time; "" where that is not known."""
    return _methods.get(path, "")


def wait_for_guess(path: str) -> np.ndarray | None:
    """`guess_of`, for which the worker is asked where nobody was yet. Raises FlashVDMError where none can be asked."""
    if path not in _guesses and os.path.isfile(path):
        task = CutOutOnly({"front": path}, _settings_of_image())
        session.enqueue_low_priority(task, Path(path).name, CutOutSink())
        item = session.tasks.low_priority
        assert item is not None
        session.run_to_end(item)
    return guess_of(path)


def restore_strokes(path: str, strokes: np.ndarray | None) -> None:
    """Give the image file `path` the strokes that it once had, or none, at the latest when its cut-out comes."""
    guess = guess_of(path)
    if guess is not None:
        masks.restore(path, guess, strokes)
    else:
        _restored[path] = strokes


def painted(images: Mapping[str, str]) -> dict[str, np.ndarray]:
    """What was painted to correct the cut-outs of these images, as `Request.masks` has it: view -> path, view -> strokes."""
    found = {view: _restored[path] if path in _restored else masks.strokes_of(path) for view, path in images.items()}
    return {view: strokes for view, strokes in found.items() if strokes is not None}


def is_coming(path: str) -> bool:
    """Whether the cut-out of the image file `path` is being made, or waits for that."""
    job = last_job(path)
    return bpy.app.timers.is_registered(ask) or (job is not None and not job.over)


def _settings_of_image() -> dict[str, Any]:
    scene = bpy.context.scene
    return {} if scene is None else {name: getattr(scene_settings(scene), name) for name in _OF_IMAGE}


def watch_strokes() -> None:
    """Look once in a while whether something was painted: Blender tells nobody of it."""
    if not bpy.app.timers.is_registered(_look_for_strokes):
        bpy.app.timers.register(_look_for_strokes, first_interval=_LOOK_SECONDS)


def _look_for_strokes() -> float | None:
    """Ask for the cut-out where the mask of the chosen image has changed; on for as long as an Image Editor shows it."""
    scene, manager = bpy.context.scene, bpy.context.window_manager
    mask = None if scene is None else masks.mask_of(absolute_path(scene_settings(scene).image))
    areas = [area for window in (manager.windows if manager is not None else ()) for area in window.screen.areas]
    shown = {space.image for area in areas if isinstance(space := area.spaces.active, bpy.types.SpaceImageEditor)}
    if mask is None or mask not in shown:
        return None
    signature = masks.signature(mask)
    if _signatures.get(mask.name, signature) != signature:
        ask_soon()
    elif _signatures.get(mask.name) == signature:
        masks.keep(mask)
    _signatures[mask.name] = signature
    return _LOOK_SECONDS


def ask_soon() -> None:
    """Something that the cut-out depends on has changed."""
    call_soon(ask, QUIET_SECONDS)


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
        task = CutOutOnly(images, _settings_of_image(), painted(images))
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
    for timer in (ask, _look_for_strokes):
        end_timer(timer)


CLASSES: tuple[type, ...] = ()
