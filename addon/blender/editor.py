"""The Image Editor: showing an image in it to be painted, and a box that is dragged over it."""

from __future__ import annotations

from typing import Any

import bpy

from .api_types import Context
from .viewports import free_of
from .window import bring_forward

_MARGIN = 0.95  # of what is free, for the image
_COLOR = (1.0, 0.6, 0.1, 1.0)


def show_in_image_editor(context: Context, image: bpy.types.Image, category: str) -> None:
    """Show an image in Paint mode in the window's Image Editor, beside a tab of its sidebar.

    Without an Image Editor, the largest area is split for it.
    """
    areas = list(context.window.screen.areas)
    area = next((area for area in areas if area.type == "IMAGE_EDITOR"), None)
    if area is None:
        split: Any = context.temp_override(area=max(areas, key=lambda area: area.width * area.height))
        with split:
            bpy.ops.screen.area_split(direction="VERTICAL", factor=0.5)
        area = next(area for area in context.window.screen.areas if area not in areas)
        area.ui_type = "IMAGE_EDITOR"
    space: Any = area.spaces.active
    space.image, space.ui_mode = image, "PAINT"
    space.display_channels = "COLOR_ALPHA"
    space.show_region_ui = True
    bring_forward(area, category, _show_whole)


def _show_whole(area: bpy.types.Area) -> None:
    """Show all of the image in what the sidebar and the brushes leave free of the Image Editor."""
    space: Any = area.spaces.active
    region = next((region for region in area.regions if region.type == "WINDOW"), None)
    windows = bpy.context.window_manager.windows if bpy.context.window_manager is not None else ()
    window = next((window for window in windows if area in list(window.screen.areas)), None)
    if region is None or window is None or space.image is None:
        return
    free, size = free_of(area, region), space.image.size
    width, height = (max(side, 1) for side in size)
    zoom = _MARGIN * min((free.right - free.left) / width, (free.high - free.low) / height)
    context: Any = bpy.context  # 5.2's stubs don't know what an override is
    with context.temp_override(window=window, area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)  # which knows nothing of what lies over the image
        bpy.ops.image.view_zoom_ratio(ratio=zoom)
        aside = (free.left + free.right - region.width) / 2, (free.low + free.high - region.height) / 2
        bpy.ops.image.view_pan(offset=(-aside[0] / zoom, -aside[1] / zoom))


class RubberBand:
    """A box in the Image Editors, from one of `corners` (shares of the picture) to the other."""

    def __init__(self) -> None:
        self.corners: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._handler: Any = bpy.types.SpaceImageEditor.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")

    def remove(self) -> None:
        bpy.types.SpaceImageEditor.draw_handler_remove(self._handler, "WINDOW")

    def _draw(self) -> None:
        import gpu
        from gpu_extras.batch import batch_for_shader

        region = bpy.context.region
        if self.corners is None or region is None:
            return
        view: Any = region.view2d  # 5.2's stubs don't know that what it answers has parts
        (left, low), (right, top) = (view.view_to_region(*corner, clip=False) for corner in self.corners)
        shader: Any = gpu.shader.from_builtin("UNIFORM_COLOR")
        line = [(left, low), (right, low), (right, top), (left, top), (left, low)]
        shader.uniform_float("color", _COLOR)
        batch_for_shader(shader, "LINE_STRIP", {"pos": line}).draw(shader)
