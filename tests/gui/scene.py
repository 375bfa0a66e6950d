"""What the tour looks at: the scene, the viewport, the scale of the interface, and pictures of them."""

from __future__ import annotations

import math
from typing import Any

import bpy
import gui
from mathutils import Euler, Vector
from screen import Steps, move, view_point


def clear_scene() -> None:
    """No object is left in the file."""
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    bpy.ops.ed.undo_push(message="Clear")


def prepare_view() -> None:
    """An empty scene seen from the front right, in a viewport that fills the window."""
    clear_scene()
    with in_view():
        bpy.ops.screen.screen_full_area(use_hide_panels=False)
    _, area, _ = gui.view3d()
    view = area.spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Euler((math.radians(72), 0, math.radians(28))).to_quaternion()
    view.view_location = view.view_rotation @ Vector((0.3, 0.0, 0.0)) + Vector((0.0, 0.0, 0.95))  # left of the sidebar
    view.view_distance = 5.0


def in_view() -> Any:
    """The context of the 3D viewport, for operators that need one."""
    window, area, _ = gui.view3d()
    return bpy.context.temp_override(
        window=window, area=area, region=next(region for region in area.regions if region.type == "WINDOW")
    )


def shot(name: str) -> Steps[None]:
    """A picture, once everything is drawn and no tooltip is in the way."""
    yield from move(*view_point())
    yield 1.2
    gui.shot(name)


def at_both_scales(name: str) -> Steps[None]:
    """A picture at the usual scale of the interface and one at twice that."""
    for scale in (2.0, 1.0):
        yield from scaled(scale)
        yield from shot(f"{name}_{scale:.0f}x")


def scaled(scale: float) -> Steps[None]:
    bpy.context.preferences.view.ui_scale = scale
    redraw()
    yield 1.5


def redraw() -> None:
    """What a script sets, Blender does not draw by itself."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            area.tag_redraw()


def browser() -> Any:
    """The file browser that is open, or None."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    return next((area.spaces.active for area in areas if area.type == "FILE_BROWSER"), None)


def meshes() -> list[Any]:
    return [obj for obj in bpy.context.scene.objects if obj.type == "MESH"]


def previews() -> list[Any]:
    return [obj for obj in bpy.data.objects if obj.flashvdm.preview]
