"""Blender's timers."""

from __future__ import annotations

from collections.abc import Callable

import bpy


def call_soon(function: Callable[[], float | None], seconds: float) -> None:
    """Call `function` once nobody has asked for it for so long (what is dragged asks all the time); never in the background."""
    if bpy.app.background:
        return
    end_timer(function)
    bpy.app.timers.register(function, first_interval=seconds)


def end_timer(function: Callable[[], float | None]) -> None:
    """Call it no more."""
    if bpy.app.timers.is_registered(function):
        bpy.app.timers.unregister(function)
