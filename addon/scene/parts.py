"""A mesh in its loose parts, each an object."""

import bpy

from ..blender.window import select_only
from .mesh_builder import mesh_of
from .object_data import forget


def split_into_parts(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """The loose parts of the mesh of `obj` as objects, the largest first, which is `obj`; it alone knows how it was made.

    Other objects with the same mesh keep it as it is.
    """
    select_only(obj)
    before = mesh_of(obj)
    if before.users > before.use_fake_user + 1:
        obj.data = before.copy()
    known = {other.session_uid for other in bpy.data.objects}
    bpy.ops.mesh.separate(type="LOOSE")
    parts = [other for other in bpy.data.objects if other.session_uid not in known]
    if not parts and mesh_of(obj) != before:
        copy, obj.data = mesh_of(obj), before
        bpy.data.meshes.remove(copy)
    largest = max((obj, *parts), key=lambda part: len(mesh_of(part).polygons))
    if largest != obj:  # Blender leaves any of them in the object
        largest.data, obj.data = obj.data, largest.data
    for part in parts:
        forget(part)
        mesh_of(part).name = part.name
    return [obj, *sorted(parts, key=lambda part: -len(mesh_of(part).polygons))]
