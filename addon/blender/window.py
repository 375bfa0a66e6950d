"""What a timer does to Blender's window: it runs without one, while the user may be in the middle of something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bpy

_TRIES, _TRY_SECONDS = 20, 0.1


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


def open_tab(category: str) -> None:
    """Open the sidebar of the 3D viewport, or of the largest one, and bring the tab to the front."""
    area = bpy.context.area
    if area is None or area.type != "VIEW_3D":
        areas = [area for area in _areas() if area.type == "VIEW_3D"]
        area = max(areas, key=lambda area: area.width * area.height, default=None)
    space = area.spaces.active if area is not None else None
    if area is None or not isinstance(space, bpy.types.SpaceView3D):
        return
    space.show_region_ui = True
    bring_forward(area, category)


def bring_forward(area: bpy.types.Area, category: str, then: Callable[[bpy.types.Area], None] = lambda _: None) -> None:
    """Bring a tab of an area's open sidebar to the front once Blender has drawn it, and `then` do something with the area."""
    if not bpy.app.background:
        place, kind, tries = area.as_pointer(), area.type, iter(range(_TRIES))
        bpy.app.timers.register(lambda: _bring_forward(place, kind, category, tries, then), first_interval=_TRY_SECONDS)


def _bring_forward(
    place: int, kind: str, category: str, tries: Iterator[int], then: Callable[[bpy.types.Area], None]
) -> float | None:
    """Blender knows a sidebar's tabs once it has drawn them: seconds to the next try, None at the end.

    `place` and `kind` tell the area, which may be gone by now.
    """
    area = next((area for area in _areas() if area.as_pointer() == place and area.type == kind), None)
    region: Any = next((region for region in area.regions if region.type == "UI"), None) if area is not None else None
    if area is None or region is None:
        return None
    try:
        region.active_panel_category = category
    except (TypeError, AttributeError):
        return _TRY_SECONDS if next(tries, None) is not None else None
    region.tag_redraw()
    then(area)
    return None


def show_text(context: Any, text: bpy.types.Text) -> None:
    """The text in a text editor: one that is open, else one in a window of its own."""
    manager = context.window_manager
    areas = [area for window in manager.windows for area in window.screen.areas if area.type == "TEXT_EDITOR"]
    if not areas and not bpy.app.background:
        before = set(manager.windows)
        bpy.ops.wm.window_new()
        areas = [window.screen.areas[0] for window in manager.windows if window not in before]
    for area in areas[:1]:
        area.type = "TEXT_EDITOR"
        space: bpy.types.SpaceTextEditor = area.spaces.active  # pyright: ignore[reportAssignmentType]
        space.text = text
        space.show_word_wrap = True


def redraw_status_bars() -> None:
    """Draw the status bars of all windows anew, where no tool has put its keys there."""
    context: Any = bpy.context  # 5.2's stubs don't know what an override is
    manager = context.window_manager
    for window in manager.windows if manager is not None else ():
        # The oldest Blender cannot say which tools run.
        if window.workspace is None or len(getattr(window, "modal_operators", ())):
            continue
        # The function draws the bar of the context's window, and ends Blender where there is none: after a file was opened.
        with context.temp_override(window=window):
            if context.window is not None:
                window.workspace.status_text_set_internal(None)


def _areas() -> list[bpy.types.Area]:
    manager = bpy.context.window_manager
    return [area for window in manager.windows for area in window.screen.areas] if manager is not None else []


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
