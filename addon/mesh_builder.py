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
    """Replace the geometry of `target` by `source`, turned, scaled to `size` metres and standing on z = 0.

    Faces that Blender allows in no mesh are left out.
    """
    points = placed(to_blender_axes(source.vertices), size)
    corners = np.ascontiguousarray(source.faces, np.int32).ravel()
    target.clear_geometry()
    target.vertices.add(len(points))
    target.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    target.loops.add(len(corners))
    # The attribute behind the loops: their `vertex_index` takes one corner at a time, a hundred times slower.
    target.attributes[".corner_vert"].data.foreach_set("value", corners)  # pyright: ignore[reportAttributeAccessIssue]
    target.polygons.add(len(source.faces))
    target.polygons.foreach_set("loop_start", np.arange(0, len(corners), 3, dtype=np.int32))
    target.update(calc_edges=True)
    if has_forbidden_faces(source.faces):
        target.validate()  # on every mesh it would cost more than all the rest
    target.shade_smooth()


def has_forbidden_faces(faces: np.ndarray) -> bool:
    """Whether faces [F, 3] hold what Blender allows in no mesh: a face with one vertex twice, or one face twice.

    May say so of faces that are allowed where vertices are counted in millions, never the other way round.
    """
    low, middle, high = np.sort(faces, axis=1).T.astype(np.int64)
    if ((low == middle) | (middle == high)).any():
        return True
    count = high.max(initial=0) + 1
    key = np.sort((low * count + middle) * count + high)  # wraps around beyond 2 million vertices: a hash then
    return bool((key[1:] == key[:-1]).any())


def shade_by_angle(target: bpy.types.Mesh) -> None:
    """Once, on the final mesh: keep the edges sharp that turn by more than SMOOTH_ANGLE."""
    target.set_sharp_from_angle(angle=SMOOTH_ANGLE)
