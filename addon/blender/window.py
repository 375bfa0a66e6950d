"""What a timer does to Blender's window: it runs without one, while the user may be in the middle of something."""

from collections.abc import Callable
from typing import Any

import bpy


def select_only(obj: bpy.types.Object) -> None:
    """Make `obj` the only selected one, if the user sees it and is not in the middle of editing another."""
    context = bpy.context
    layer = context.view_layer
    if context.mode != "OBJECT" or layer is None or not any(other == obj for other in layer.objects):
        return
    for other in list(layer.objects.selected):
        other.select_set(False, view_layer=layer)
    obj.select_set(True, view_layer=layer)
    layer.objects.active = obj


def push_undo(message: str) -> None:
    """End an undo step."""
    _with_window(lambda: bpy.ops.ed.undo_push(message=message))


def redraw_panels() -> None:
    """Draw the add-on's panels anew. The viewports notice by themselves when the scene has changed."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) in {("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")}:
                    region.tag_redraw()


def _with_window(act: Callable[[], object]) -> None:
    """Timers run without a window, but some operators need one."""
    manager = bpy.context.window_manager
    if bpy.context.window is None and manager is not None and len(manager.windows):
        override: Any = bpy.context.temp_override(window=manager.windows[0])  # 5.2's stubs lack its __enter__
        with override:
            act()
    else:
        act()
