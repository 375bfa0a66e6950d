"""From the core's arrays to a Blender mesh. The only place where the axes are turned."""

import math

import bpy
import numpy as np

from ..flashvdm_core.mesh import TriangleMesh

SMOOTH_ANGLE = math.radians(40.0)
"""Edges that turn by more than this stay sharp. Above Blender's own 30 degrees: the steps of the decoded grid."""


def to_blender_axes(points: np.ndarray) -> np.ndarray:
    """Turn points [V, 3] from the core frame (y up, +z towards the viewer) to Blender's (z up, -y towards the viewer)."""
    return np.stack((points[:, 0], -points[:, 2], points[:, 1]), axis=1)


def placed(points: np.ndarray, size: float) -> np.ndarray:
    """Scale points [V, 3] (z up) so that the longest side is `size` metres; centred in x and y, standing on z = 0."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    longest = float((high - low).max())
    foot = np.array(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]), points.dtype)
    return (points - foot) * np.float32(size / longest if longest > 0 else 1.0)


def fill_mesh(target: bpy.types.Mesh, source: TriangleMesh, size: float) -> None:
    """Replace the geometry of `target` by `source`, turned, scaled to `size` metres and standing on z = 0."""
    points = placed(to_blender_axes(source.vertices), size)
    corners = np.ascontiguousarray(source.faces, np.int32).ravel()
    target.clear_geometry()
    target.vertices.add(len(points))
    target.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    target.loops.add(len(corners))
    target.loops.foreach_set("vertex_index", corners)
    target.polygons.add(len(source.faces))
    target.polygons.foreach_set("loop_start", np.arange(0, len(corners), 3, dtype=np.int32))
    target.update(calc_edges=True)
    target.shade_smooth()


def finish_mesh(target: bpy.types.Mesh) -> None:
    """Once, on the final mesh: remove what Blender does not allow in a mesh, and shade smooth by angle."""
    target.validate()
    target.set_sharp_from_angle(angle=SMOOTH_ANGLE)
