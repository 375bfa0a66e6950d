"""Other faces for the same shape, through Blender's own tools: a number of triangles, or quads.

All of it works on a mesh object in Object Mode that is the active one, in this Blender or in another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import bpy
import numpy as np
from mathutils import Matrix

from .mesh_builder import SMOOTH_ANGLE, mesh_of

_NEAR_ENOUGH = 0.05  # fraction of the wanted number of faces by which voxels may miss it
_VOXEL_ROUNDS = 3
INPUT_FACES = 12
"""QuadriFlow's input faces for each face that is wanted; more only cost time."""

_LEAST_INPUT = 20_000
_FLOW_SIZE = 1000.0  # QuadriFlow refuses meshes with edges shorter than 0.0001, however small they are as a whole
_CUTS = 4  # how many times as many faces a subdivision makes


class Method(StrEnum):
    """How faces are made: triangles; quads along the shape by QuadriFlow; quads in a grid of voxels."""

    TRIANGLES = "TRIANGLES"
    FLOW = "FLOW"
    VOXELS = "VOXELS"


class Remark(StrEnum):
    """What the user should know of how it went."""

    GRID = "GRID"
    """QuadriFlow could not follow the shape, and voxels took its place."""


@dataclass(frozen=True)
class Faces:
    """Which faces a mesh shall have: about `wanted` of them, made by `method`."""

    method: Method
    wanted: int


def triangle_count(mesh: bpy.types.Mesh) -> int:
    """Of the faces as they are, without modifiers."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def give_faces(obj: bpy.types.Object, faces: Faces) -> list[Remark]:
    """Give the mesh of `obj` other faces, smooth by angle.

    Triangles are reduced to about as many, or faces divided smoothly up to that many. Raises RuntimeError where Blender's own
    tools do.
    """
    if faces.method is Method.TRIANGLES:
        _set_triangles(obj, faces.wanted)
        remarks: list[Remark] = []
    else:
        remarks = _set_quads(obj, faces.wanted, faces.method is Method.FLOW)
    _smooth(mesh_of(obj))
    return remarks


def is_closed(mesh: bpy.types.Mesh) -> bool:
    """Every edge is between exactly two faces."""
    edges = np.empty(len(mesh.loops), np.int32)
    mesh.attributes[".corner_edge"].data.foreach_get("value", edges)  # pyright: ignore[reportAttributeAccessIssue]
    return len(edges) > 0 and bool((np.bincount(edges, minlength=len(mesh.edges)) == 2).all())


def _smooth(mesh: bpy.types.Mesh) -> None:
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=SMOOTH_ANGLE)


def _set_triangles(obj: bpy.types.Object, wanted: int) -> None:
    now = triangle_count(mesh_of(obj))
    levels = max(0, math.ceil(math.log(wanted / max(now, 1), _CUTS))) if wanted > now else 0
    if levels:
        rounding = _modifier(obj, "SUBSURF")
        rounding.levels = levels  # pyright: ignore[reportAttributeAccessIssue]
        _apply(rounding)
        now = triangle_count(mesh_of(obj))
    if wanted < now:
        collapse = _modifier(obj, "DECIMATE")
        collapse.ratio = wanted / now  # pyright: ignore[reportAttributeAccessIssue]
        collapse.use_collapse_triangulate = True  # pyright: ignore[reportAttributeAccessIssue]
        _apply(collapse)


def _set_quads(obj: bpy.types.Object, wanted: int, flowing: bool) -> list[Remark]:
    materials = list(mesh_of(obj).materials)
    _forget_normals(mesh_of(obj))
    done = flowing and _flow(obj, wanted)
    if not done:
        _voxels(obj, wanted)
    mesh = mesh_of(obj)
    for material in materials if not len(mesh.materials) else ():
        mesh.materials.append(material)
    return [] if done or not flowing else [Remark.GRID]


def _forget_normals(mesh: bpy.types.Mesh) -> None:
    """Of single corners: the remeshers would carry them to faces that they are not of."""
    normals = mesh.attributes.get("custom_normal")
    if normals is not None:
        mesh.attributes.remove(normals)


def _flow(obj: bpy.types.Object, wanted: int) -> bool:
    """QuadriFlow, of a mesh that it can cope with: closed, and not so fine that it takes minutes."""
    before = mesh_of(obj).copy()
    most = max(_LEAST_INPUT, INPUT_FACES * wanted)
    if not is_closed(before) or len(before.polygons) > 2 * most:
        _voxels(obj, most)
    larger = _FLOW_SIZE / max(*obj.dimensions, 1e-12)
    mesh_of(obj).transform(Matrix.Scale(larger, 4))
    try:
        finished = bpy.ops.object.quadriflow_remesh(mode="FACES", target_faces=wanted, seed=0, preserve_attributes=True) == {
            "FINISHED"
        }
    except RuntimeError:  # what the operator reports as an error
        finished = False
    done = finished and len(mesh_of(obj).polygons) > 0
    if not done:
        _replace(obj, before)
    else:
        mesh_of(obj).transform(Matrix.Scale(1 / larger, 4))
        bpy.data.meshes.remove(before)
    return done


def _voxels(obj: bpy.types.Object, wanted: int) -> None:
    """Blender's voxel remesher with the size of voxels that gives about `wanted` faces."""
    before = mesh_of(obj).copy()
    size = math.sqrt(max(_area(before), 1e-12) / wanted)
    for number in range(_VOXEL_ROUNDS):
        if number:
            _replace(obj, before.copy())
        mesh = mesh_of(obj)
        mesh.remesh_voxel_size, mesh.remesh_voxel_adaptivity = size, 0.0
        mesh.use_remesh_preserve_attributes = True
        bpy.ops.object.voxel_remesh()
        found = len(mesh_of(obj).polygons)
        if abs(found - wanted) <= _NEAR_ENOUGH * wanted:
            break
        size *= math.sqrt(max(found, 1) / wanted)
    bpy.data.meshes.remove(before)


def _area(mesh: bpy.types.Mesh) -> float:
    areas = np.empty(len(mesh.polygons), np.float32)
    mesh.polygons.foreach_get("area", areas)
    return float(areas.sum())


def _replace(obj: bpy.types.Object, mesh: bpy.types.Mesh) -> None:
    """Give `obj` another mesh, under the name of the one it had, which is removed."""
    old = mesh_of(obj)
    name = old.name
    obj.data = mesh
    if not old.users:
        bpy.data.meshes.remove(old)
        mesh.name = name


def _modifier(obj: bpy.types.Object, kind: str) -> bpy.types.Modifier:
    """A new modifier before all others: it is about the mesh itself."""
    modifier = obj.modifiers.new("FlashVDM", kind)  # pyright: ignore[reportArgumentType]
    obj.modifiers.move(len(obj.modifiers) - 1, 0)
    return modifier


def _apply(modifier: bpy.types.Modifier) -> None:
    bpy.ops.object.modifier_apply(modifier=modifier.name, single_user=True)
