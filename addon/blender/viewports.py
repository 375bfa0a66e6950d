"""The 3D viewports: whether something is seen in one, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector

_AWAY = 2.5  # from where an object is looked at, in its sizes


def frame_if_unseen(obj: bpy.types.Object) -> None:
    """Turn the largest viewport to `obj` where none shows it. What is seen through a camera stays as it is."""
    views = list(_views())
    if not views:
        return
    corners = [obj.matrix_basis @ Vector(corner) for corner in obj.bound_box]
    if any(_shows(region, view, corners) for _, region, view in views):
        return
    views = [view for view in views if view[2].view_perspective != "CAMERA"]
    if not views:
        return
    space, _, view = max(views, key=lambda found: found[1].width * found[1].height)
    low, high = (Vector([pick(axis) for axis in zip(*corners, strict=True)]) for pick in (min, max))
    view.view_location = (low + high) / 2
    view.view_distance = max(_AWAY * (high - low).length, space.clip_start * 2)


def hides_textures(space: object) -> bool:
    """A viewport in Solid that shows other colours than those of textures, as all do at first."""
    return isinstance(space, bpy.types.SpaceView3D) and space.shading.type == "SOLID" and space.shading.color_type != "TEXTURE"


def show_textures() -> None:
    """Let the viewports that the user sees show textures in Solid."""
    for space, _, _ in _views():
        if hides_textures(space):
            space.shading.color_type = "TEXTURE"


def _shows(region: bpy.types.Region, view: bpy.types.RegionView3D, corners: list[Vector]) -> bool:
    middle = sum(corners, Vector((0, 0, 0))) / len(corners)
    for corner in (middle, *corners):
        found: Any = location_3d_to_region_2d(region, view, corner)
        if found is not None and 0 <= found.x <= region.width and 0 <= found.y <= region.height:
            return True
    return False


def _views() -> Iterator[tuple[Any, bpy.types.Region, Any]]:
    """Space, region and view of each 3D viewport on the screen."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            space: Any = area.spaces.active
            if area.type == "VIEW_3D" and space.region_3d is not None:
                for region in area.regions:
                    if region.type == "WINDOW" and region.width > 1:
                        yield space, region, space.region_3d
