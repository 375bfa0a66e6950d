"""The active mesh object as a block-out: what a generation starts from, and where its result goes."""

from __future__ import annotations

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import TriangleMesh
from .mesh_builder import Size, to_core_axes
from .placement import Placement


def block_out_mesh(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> TriangleMesh:
    """The object's triangles with its modifiers, turned and scaled as it stands in the world, in the core's frame.

    Raises:
        SettingsError: it has no faces.
    """
    evaluated = obj.evaluated_get(depsgraph)
    mesh = evaluated.to_mesh()
    try:
        mesh.calc_loop_triangles()
        points, faces = np.empty(3 * len(mesh.vertices), np.float32), np.empty(3 * len(mesh.loop_triangles), np.int32)
        mesh.vertices.foreach_get("co", points)
        mesh.loop_triangles.foreach_get("vertices", faces)
    finally:
        evaluated.to_mesh_clear()
    if not len(faces):
        raise SettingsError(f"'{obj.name}' has no faces; choose a mesh with faces.")
    world = np.array(obj.matrix_world, np.float32)
    faces = faces.reshape(-1, 3)
    if np.linalg.det(world[:3, :3]) < 0:
        faces = faces[:, ::-1]
    used, faces = np.unique(faces, return_inverse=True)  # vertices without faces don't count
    with np.errstate(all="ignore"):  # what is not finite has its own sentence
        points = points.reshape(-1, 3)[used] @ world[:3, :3].T + world[:3, 3]
    return TriangleMesh(to_core_axes(points), faces.reshape(-1, 3))


def placement_of(obj: bpy.types.Object, mesh: TriangleMesh) -> Placement:
    """Where `obj` stands, and as large; `mesh` is its block-out."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    x, _, z = (low + high) / 2
    return Placement(f"{obj.name[:50]} refined", Size(float((high - low).max())), (float(x), float(-z), float(low[1])))
