"""Turning an object so that it stands straight: its footprint along the axes of the world."""

from math import radians

import bpy
import numpy as np
from mathutils import Matrix

from ...flashvdm_core.geometry.footprint import straightening_turn

_LEAST = radians(0.1)


def straighten(obj: bpy.types.Object) -> float:
    """Turn a mesh object about the vertical through its origin; returns the angle in radians, 0 where it stood straight."""
    count = len(obj.data.vertices)
    points = np.empty(3 * count, np.float32)
    obj.data.vertices.foreach_get("co", points)
    matrix = np.array(obj.matrix_world, np.float64)
    footprint = points.reshape(-1, 3) @ matrix[:2, :3].T
    angle = straightening_turn(footprint)
    if abs(angle) < _LEAST:
        return 0.0
    place = Matrix.Translation(obj.matrix_world.translation)
    obj.matrix_world = place @ Matrix.Rotation(angle, 4, "Z") @ place.inverted() @ obj.matrix_world
    return angle
