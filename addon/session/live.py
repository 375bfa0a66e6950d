"""Live draft: while the switch is on, a coarse mesh is renewed whenever the image, its mask or the seed has changed."""

import os

import bpy

from ...flashvdm_core.api.errors import FlashVDMError
from ..blender.timers import call_soon, end_timer
from ..settings.given import absolute_path
from ..settings.properties import live_observers, scene_settings
from .generation import end_draft, enqueue_draft
from .session import session

QUIET_SECONDS = 0.3
"""A slider that is being dragged asks once, when it comes to rest."""


def ask_soon() -> None:
    """Something has changed that the draft depends on."""
    call_soon(renew, QUIET_SECONDS)


def renew() -> float | None:
    """Make the draft anew, or take it away where it is not wanted; the seconds after which to try again, or None."""
    scene = bpy.context.scene
    if scene is None or session.check.running or session.tasks.generating:
        return QUIET_SECONDS
    settings = scene_settings(scene)
    if not settings.live:
        end_draft()
        return None
    if not os.path.isfile(absolute_path(settings.image)):
        return None
    try:
        enqueue_draft(bpy.context)
    except FlashVDMError:
        return None  # without an interpreter; the panel says so
    session.run_live()
    return None


def register() -> None:
    live_observers.append(ask_soon)


def unregister() -> None:
    live_observers.remove(ask_soon)
    end_timer(renew)


CLASSES: tuple[type, ...] = ()
