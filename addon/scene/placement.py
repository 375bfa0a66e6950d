"""Where a result goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.view3d_utils import region_2d_to_origin_3d, region_2d_to_vector_3d

from ..blender.api_types import Context, Event
from .mesh_builder import Size

_GAP = 1.2  # from centre to centre in a row, in sizes of the objects
_SURROUNDINGS = 4  # times as wide and as deep as the object
_LEVEL = 1e-3  # a ray that is nearly level meets the floor too far away
_SOLID = ("MESH", "CURVE", "CURVES", "SURFACE", "META", "FONT", "POINTCLOUD", "VOLUME", "GREASEPENCIL")


@dataclass(frozen=True)
class Box:
    """What something fills in world space, from corner to corner."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def meets(self, other: Box) -> bool:
        """They share more than a side."""
        near = 1e-4 * (self.high[0] - self.low[0])
        return all(self.low[axis] < other.high[axis] - near and other.low[axis] < self.high[axis] - near for axis in range(3))


@dataclass(frozen=True)
class Placement:
    """Where a result goes.

    Attributes:
        name: name of the object; Blender numbers it if it is taken.
        size: how large the object is.
        location: where the object stands, in world space.
        straight: it is turned until its footprint lies along the axes.
    """

    name: str
    size: Size
    location: tuple[float, float, float]
    straight: bool = False

    @property
    def box(self) -> Box:
        """About what the object will fill: as wide and as deep as it is long, since nobody knows better yet."""
        (x, y, z), half = self.location, self.size.length / 2
        return Box((x - half, y - half, z), (x + half, y + half, z + 2 * half))

    def beside(self, others: Iterable[Box]) -> Placement:
        """This place, moved to the right until nothing stands there: results that line up make a row.

        What is several times as large as the object is its surroundings, a floor or a room, and no obstacle.
        """
        length = self.size.length
        obstacles = [box for box in others if min(box.high[axis] - box.low[axis] for axis in (0, 1)) < _SURROUNDINGS * length]
        place = self
        for _ in obstacles:  # each is passed once at most: the way leads to the right alone
            met = [box.high[0] for box in obstacles if place.box.meets(box)]
            if not met:
                break
            place = replace(place, location=(max(met) + length * (_GAP - 0.5), *self.location[1:]))
        return place


def boxes_in(layer: bpy.types.ViewLayer | None) -> list[Box]:
    """What the visible objects of a view layer fill."""
    boxes = []
    # Not the layer's own list: until Blender has looked at the layer again, it may lead to what was removed a moment ago.
    for obj in bpy.data.objects if layer is not None else ():
        if obj.type in _SOLID and obj.visible_get(view_layer=layer):
            world = np.array(obj.matrix_world, np.float64)
            corners = np.array([tuple(corner) for corner in obj.bound_box]) @ world[:3, :3].T + world[:3, 3]
            if np.isfinite(corners).all():
                boxes.append(Box(tuple(corners.min(axis=0).tolist()), tuple(corners.max(axis=0).tolist())))
    return boxes


def under_pointer(context: Context, event: Event) -> tuple[float, float, float] | None:
    """The place on a surface of the scene, else on the floor, to which the pointer points in a 3D viewport; None for none."""
    region, view = context.region, context.region_data
    if region is None or not isinstance(view, bpy.types.RegionView3D):
        return None
    pointer = event.mouse_region_x, event.mouse_region_y
    origin = region_2d_to_origin_3d(region, view, pointer)
    direction = region_2d_to_vector_3d(region, view, pointer)
    hit, place, *_ = context.scene.ray_cast(context.evaluated_depsgraph_get(), origin, direction)
    if not hit:
        if abs(direction.z) < _LEVEL or -origin.z / direction.z < 0:
            return None
        place = origin - direction * (origin.z / direction.z)
        if (place - origin).length > context.space_data.clip_end:
            return None
    return place.x, place.y, place.z


def name_for(image: str) -> str:
    """The object's name: the image file's, without its ending and as long as Blender allows."""
    return Path(image).stem.strip().encode(errors="ignore")[:60].decode(errors="ignore") or "FlashVDM"
