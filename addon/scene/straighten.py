"""Turning an object so that it stands straight: its footprint along the axes of the world."""

from math import radians

import bpy
import numpy as np
from mathutils import Matrix

from ...flashvdm_core.geometry.footprint import straightening_turn
from .mesh_builder import mesh_of, points_of

_LEAST = radians(0.1)


def straighten(obj: bpy.types.Object) -> float:
    """Turn a mesh object about the vertical through its origin; returns the angle in radians, 0 where it stood straight."""
    # An object's place in the world is only known after Blender's next update; one of its own is known at once.
    matrix = obj.matrix_basis if obj.parent is None else obj.matrix_world
    footprint = points_of(mesh_of(obj)) @ np.array(matrix, np.float32)[:2, :3].T
    angle = straightening_turn(footprint)
    if abs(angle) < _LEAST:
        return 0.0
    turned = Matrix.Rotation(angle, 4, "Z") @ matrix
    turned.translation = matrix.translation
    if obj.parent is None:
        obj.matrix_basis = turned
    else:
        obj.matrix_world = turned
    return angle
