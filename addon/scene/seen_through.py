"""Blender's cameras and viewports as what the core projects pictures through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...flashvdm_core.api.errors import ImageError
from ...flashvdm_core.texture import MatrixCamera

# Core frame (y up, +z towards the viewer) -> Blender's (z up, -y towards the viewer).
_TURNED = ((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1))


def through_camera(obj: bpy.types.Object, scene: bpy.types.Scene, depsgraph: Any, width: int, height: int) -> MatrixCamera:
    """The scene's camera, for a picture of that size of `obj`. Raises ImageError: there is none."""
    camera = scene.camera
    if camera is None:
        raise ImageError("The scene has no active camera; add one, or take the view instead.")
    projection = camera.calc_matrix_camera(depsgraph, x=width, y=height)
    flat = getattr(camera.data, "type", "PERSP") == "ORTHO"
    return _seen(obj, projection, camera.matrix_world, flat)


@dataclass(frozen=True)
class View:
    """A 3D viewport as it was at some moment: its projection, where it was seen from, and whether without perspective."""

    projection: Matrix
    placed: Matrix
    flat: bool


def view_of(region_data: Any) -> View:
    """A 3D viewport as it is now. Raises ImageError: there is none."""
    if not isinstance(region_data, bpy.types.RegionView3D):
        raise ImageError("There is no 3D viewport here; call it from one.")
    flat = not region_data.is_perspective
    return View(region_data.window_matrix.copy(), region_data.view_matrix.inverted(), flat)


def through_view(obj: bpy.types.Object, view: View) -> MatrixCamera:
    """A 3D viewport, for a picture of `obj`."""
    return _seen(obj, view.projection, view.placed, view.flat)


def _seen(obj: bpy.types.Object, projection: Matrix, placed: Matrix, flat: bool) -> MatrixCamera:
    """`placed` is the camera in world space; `flat`: without perspective."""
    world = obj.matrix_world
    turned = Matrix(_TURNED)
    matrix = projection @ placed.inverted() @ world @ turned
    back = (world @ turned).inverted()
    if flat:
        columns: Any = placed.col  # the stubs disagree
        direction = back.to_3x3() @ columns[2].to_3d()
        eye = (direction.x, direction.y, direction.z, 0.0)
    else:
        place = back @ placed.translation
        eye = (place.x, place.y, place.z, 1.0)
    return MatrixCamera(np.array(matrix, np.float64), eye)
