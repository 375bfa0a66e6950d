"""From the core's arrays to a Blender mesh. The only place where the axes are turned."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.geometry.edges import edges_in_steps
from ...flashvdm_core.texture import PolygonMesh

SMOOTH_ANGLE = math.radians(40.0)
"""Edges that turn by more than this stay sharp. Above Blender's own 30 degrees: the steps of the decoded grid."""

_FACES_AT_ONCE = 500_000  # `foreach_set` of all faces: up to 100 ns each
_FACES_IN_SLICE = 60_000  # one by one: 500 ns each


def to_blender_axes(points: np.ndarray) -> np.ndarray:
    """Turn points [V, 3] from the core frame (y up, +z towards the viewer) to Blender's (z up, -y towards the viewer)."""
    return np.stack((points[:, 0], -points[:, 2], points[:, 1]), axis=1)


def to_core_axes(points: np.ndarray) -> np.ndarray:
    """The inverse of `to_blender_axes`."""
    return np.stack((points[:, 0], points[:, 2], -points[:, 1]), axis=1)


def mesh_of(obj: bpy.types.Object) -> bpy.types.Mesh:
    """The mesh of a mesh object."""
    assert isinstance(obj.data, bpy.types.Mesh)
    return obj.data


def points_of(mesh: bpy.types.Mesh) -> np.ndarray:
    """The vertices of a mesh, without any object's place and scale: float32 [V, 3]."""
    return _attribute(mesh, "position", "vector", np.float32, 3 * len(mesh.vertices)).reshape(-1, 3)


def corners_of(mesh: bpy.types.Mesh) -> np.ndarray:
    """The vertex at each corner of a mesh's faces, face after face: int32 [L]."""
    return _attribute(mesh, ".corner_vert", "value", np.int32, len(mesh.loops))


def surface_of(mesh: bpy.types.Mesh) -> PolygonMesh:
    """A mesh of any polygons in the core frame: y up, +z towards the viewer."""
    x, y, z = points_of(mesh).T
    corners, starts = corners_of(mesh), np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.calc_loop_triangles()
    triangles, faces = np.empty(len(mesh.loop_triangles) * 3, np.int32), np.empty(len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("loops", triangles)
    mesh.loop_triangles.foreach_get("polygon_index", faces)
    return PolygonMesh(np.stack((x, z, -y), axis=1), corners, starts, triangles.reshape(-1, 3), faces)


def extent_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest coordinates of points [V, 3], which must not be none, each [3]."""
    columns = np.ascontiguousarray(points.T)  # along its rows NumPy looks a hundred times faster than across them
    return columns.min(axis=1), columns.max(axis=1)


@dataclass(frozen=True)
class Size:
    """How large an object is: `length` in Blender units, of its longest side or of its height."""

    length: float
    of_height: bool = False


def placed(points: np.ndarray, size: Size) -> np.ndarray:
    """Scale points [V, 3] (z up) to `size`; centred in x and y, standing on z = 0."""
    if not len(points):
        return points
    low, high = extent_of(points)
    measured = float(high[2] - low[2]) if size.of_height else float((high - low).max())
    foot = np.array(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]), points.dtype)
    return (points - foot) * np.float32(size.length / measured if measured > 0 else 1.0)


def fill_in_slices(find: Callable[[], bpy.types.Mesh], source: TriangleMesh, size: Size) -> Iterator[None]:
    """Fill an empty mesh with `source`, turned, scaled to `size` and standing on z = 0, and smooth by angle.

    Each step takes some hundredths of a second at most where `source` has its edges, however many faces there are; the
    mesh is not fit for anything before the last one. Faces that Blender allows in no mesh are left out.

    Args:
        find: gives the mesh, which must not be seen by anybody yet; asked anew in each step.
        source: the triangles, in the core's frame.
        size: how large it becomes.
    """
    source = yield from edges_in_steps(source)
    edges = source.edges
    assert edges is not None
    points = placed(to_blender_axes(source.vertices), size)
    yield
    counts = {"vertices": len(points), "edges": len(edges.vertices), "loops": source.faces.size, "polygons": len(source.faces)}
    for elements, count in counts.items():
        getattr(find(), elements).add(count)
        yield
    # The attributes behind Blender's own properties: those take one element at a time, a hundred times slower.
    for name, key, values in (
        ("position", "vector", points),
        (".edge_verts", "value", edges.vertices),
        (".corner_vert", "value", source.faces),
        (".corner_edge", "value", edges.of_corners),
    ):
        _set_attribute(find(), name, key, values)
        yield
    yield from _begin_faces(find, len(source.faces))
    target = find()
    target.attributes.new("sharp_edge", "BOOLEAN", "EDGE")
    _set_attribute(target, "sharp_edge", "value", edges.cosines < math.cos(SMOOTH_ANGLE))
    target.shade_smooth()
    target.update()


def _attribute(mesh: bpy.types.Mesh, name: str, key: str, kind: type[np.generic], count: int) -> np.ndarray:
    """The attribute behind a property of Blender's own, which takes one element at a time; [count]."""
    values = np.empty(count, kind)
    if count:  # else Blender has no such attribute yet
        attribute: Any = mesh.attributes[name]  # the stubs know no kind of attribute
        attribute.data.foreach_get(key, values)
    return values


def _set_attribute(target: bpy.types.Mesh, name: str, key: str, values: np.ndarray) -> None:
    if not len(values):
        return  # Blender has no such attribute yet
    attribute: Any = target.attributes[name]  # the stubs know no kind of attribute
    attribute.data.foreach_set(key, np.ascontiguousarray(values).ravel())


def _begin_faces(find: Callable[[], bpy.types.Mesh], count: int) -> Iterator[None]:
    """Tell each of `count` triangles where its corners begin. Behind this there is no attribute."""
    if count <= _FACES_AT_ONCE:
        find().polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
        yield
        return
    for first in range(0, count, _FACES_IN_SLICE):
        polygons = find().polygons
        for face in range(first, min(first + _FACES_IN_SLICE, count)):
            polygons[face].loop_start = 3 * face  # pyright: ignore[reportAttributeAccessIssue]
        yield
