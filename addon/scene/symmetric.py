"""A mesh whose halves match: the better one, and its mirror image in the place of the other."""

from math import radians

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.geometry.camera import points_on
from ...flashvdm_core.geometry.symmetry import SYMMETRIC, finer, kept_side, mirror_plane
from .mesh_builder import mesh_of, surface_of

_NEAR = 1e-3  # of the longest side: vertices so near to the plane are put on it


def make_symmetric(obj: bpy.types.Object) -> None:
    """Mirror the better half of a nearly symmetric mesh on its own upright plane.

    UVs, vertex groups and what else belongs to faces and corners is mirrored with them.

    Raises:
        SettingsError: it has no two halves that are nearly alike.
    """
    mesh = mesh_of(obj)
    surface = surface_of(mesh)
    points = points_on(surface)
    found = mirror_plane(points) if len(points) else None
    if found is None or found.fit < SYMMETRIC:
        raise SettingsError("The mesh has no two halves that are nearly alike; it stays as it was.")
    plane = finer(points, found)
    side = kept_side(TriangleMesh(surface.points, surface.corners[surface.triangles]), plane)
    # The core's angle goes from +x towards +z, which is -y here. The half that stays comes to +x.
    turn = Matrix.Rotation(radians(plane.angle + (0 if side > 0 else 180)), 4, "Z")
    onto = Matrix.Translation((-side * plane.offset, 0, 0)) @ turn
    built = bmesh.new()
    try:
        built.from_mesh(mesh)
        built.transform(onto)
        everything = [*built.verts, *built.edges, *built.faces]
        near = _NEAR * float(np.ptp(surface.points, axis=0).max())
        bmesh.ops.symmetrize(built, input=everything, direction="X", dist=near)
        built.transform(onto.inverted())
        built.to_mesh(mesh)
    finally:
        built.free()
    mesh.update()
