"""The 3D viewports: whether something is seen in one, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector

_AWAY = 2.5  # from where an object is looked at, in its sizes
_NEAR_ENOUGH = (0.6, 3.0)  # times that distance: who looks from there keeps his own
_MOST = 5  # of the eight corners of an object's box: who sees them sees the object
_LEAST = 0.3  # of a viewport's width and height: where less is free, nobody could be shown anything there


@dataclass(frozen=True)
class Free:
    """What is free of a viewport: the sidebar, the toolbar and the headers lie over the rest. In pixels from its lower left."""

    left: float
    low: float
    right: float
    high: float

    def has(self, place: Any) -> bool:
        """A place of the viewport lies in it; None lies nowhere."""
        return place is not None and self.left <= place.x <= self.right and self.low <= place.y <= self.high


def frame_if_unseen(obj: bpy.types.Object) -> None:
    """Turn the largest viewport to `obj` where none shows it. What is seen through a camera stays as it is."""
    views = list(_views())
    if not views:
        return
    corners = [obj.matrix_basis @ Vector(corner) for corner in obj.bound_box]
    if any(_shows(area, region, view, corners) for area, _, region, view in views):
        return
    views = [view for view in views if view[3].view_perspective != "CAMERA"]
    if not views:
        return
    area, space, region, view = max(views, key=lambda found: found[2].width * found[2].height)
    _frame(free_of(area, region), space, region, view, corners)


def free_of(area: bpy.types.Area, region: bpy.types.Region) -> Free:
    """What nothing lies over of the region of a viewport; all of it where hardly anything would be left."""
    left, low, right, high = 0.0, 0.0, float(region.width), float(region.height)
    for other in area.regions:
        if min(other.width, other.height) <= 1:  # it is closed
            continue
        match other.alignment:
            case "LEFT":
                left = max(left, other.x + other.width - region.x)
            case "RIGHT":
                right = min(right, other.x - region.x)
            case "BOTTOM":
                low = max(low, other.y + other.height - region.y)
            case "TOP":
                high = min(high, other.y - region.y)
    if right - left < _LEAST * region.width or high - low < _LEAST * region.height:
        return Free(0.0, 0.0, float(region.width), float(region.height))
    return Free(left, low, right, high)


def _frame(free: Free, space: Any, region: bpy.types.Region, view: Any, corners: list[Vector]) -> None:
    """Bring what has these corners into the middle of what is free, from as far as it is seen well."""
    low, high = (Vector([pick(axis) for axis in zip(*corners, strict=True)]) for pick in (min, max))
    smaller = max(region.width / (free.right - free.left), region.height / (free.high - free.low))
    good, before = max(_AWAY * smaller * (high - low).length, space.clip_start * 2), view.view_distance
    nearest, farthest = (times * good for times in _NEAR_ENOUGH)
    if not nearest <= before <= farthest:
        view.view_distance = good
    # How far the middle of what is free lies from that of the viewport, at the object's depth. Blender's own functions know
    # nothing of a view that was changed a moment ago.
    scale = view.view_distance if view.is_perspective else view.view_distance / max(before, 1e-6)
    aside = (free.left + free.right) / region.width - 1, (free.low + free.high) / region.height - 1
    window = view.window_matrix
    shift = Vector((aside[0] * scale / window[0][0], aside[1] * scale / window[1][1], 0))
    view.view_location = (low + high) / 2 - view.view_rotation @ shift


def hides_textures(space: object) -> bool:
    """A viewport in Solid that shows other colours than those of textures, as all do at first."""
    return isinstance(space, bpy.types.SpaceView3D) and space.shading.type == "SOLID" and space.shading.color_type != "TEXTURE"


def show_textures() -> None:
    """Let the viewports that the user sees show textures in Solid."""
    for _, space, _, _ in _views():
        if hides_textures(space):
            space.shading.color_type = "TEXTURE"


def _shows(area: bpy.types.Area, region: bpy.types.Region, view: Any, corners: list[Vector]) -> bool:
    """A viewport shows most of what has these corners, or is filled by it."""
    free, middle = free_of(area, region), sum(corners, Vector((0, 0, 0))) / len(corners)
    places: list[Any] = [location_3d_to_region_2d(region, view, corner) for corner in corners]
    if not free.has(location_3d_to_region_2d(region, view, middle)):
        return False
    if sum(map(free.has, places)) >= _MOST:
        return True
    known = [place for place in places if place is not None]
    return bool(known) and all(
        pick(place[axis] for place in known) * sign >= edge * sign
        for pick, axis, sign, edge in (
            (min, 0, -1, free.left),
            (max, 0, 1, free.right),
            (min, 1, -1, free.low),
            (max, 1, 1, free.high),
        )
    )


def _views() -> Iterator[tuple[bpy.types.Area, Any, bpy.types.Region, Any]]:
    """Area, space, region and view of each 3D viewport on the screen."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            space: Any = area.spaces.active
            if area.type == "VIEW_3D" and space.region_3d is not None:
                for region in area.regions:
                    if region.type == "WINDOW" and region.width > 1:
                        yield area, space, region, space.region_3d
