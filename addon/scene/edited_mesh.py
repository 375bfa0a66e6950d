"""An object's mesh that is about to be changed: whether it can be, made the object's own first, and as it was if that fails."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from .mesh_builder import mesh_of
from .texture import textures_in


def why_not_new_faces(obj: bpy.types.Object) -> str:
    """What of the object would be lost with the faces that its mesh has now; "" if nothing is."""
    if reason := why_not_edited(obj):
        return reason
    if mesh_of(obj).shape_keys is not None:
        return "The mesh has shape keys, which other faces cannot keep: apply them first"
    if any(modifier.type == "MULTIRES" for modifier in obj.modifiers):
        return "The object has a Multiresolution modifier, which other faces cannot keep: apply it first"
    return ""


def why_not_edited(obj: bpy.types.Object) -> str:
    """What keeps the object's mesh from being changed at all; "" if nothing does."""
    if any(block.library is not None or block.override_library is not None for block in (obj, mesh_of(obj))):
        return "The object is linked from another file"
    if textures_in(obj) > 1:
        return "Several results were joined in it, whose textures would be lost: separate it by material first"
    return ""


def is_at_rest(obj: bpy.types.Object) -> bool:
    """The user is not at work on the object's mesh: replacing it then would pull it from under the editor or the brush."""
    data = obj.data
    return obj.mode == "OBJECT" and isinstance(data, bpy.types.Mesh) and not data.is_editmode and not why_not_new_faces(obj)


@contextmanager
def edited(obj: bpy.types.Object) -> Iterator[None]:
    """While this lasts, the mesh may be changed: no other object has it. If it fails, mesh and modifiers are as they were."""
    before, modifiers = mesh_of(obj), {modifier.name for modifier in obj.modifiers}
    shared = before.users > before.use_fake_user + 1
    copy = before.copy()
    if shared:
        obj.data = copy
    try:
        yield
    except BaseException:
        for modifier in [modifier for modifier in obj.modifiers if modifier.name not in modifiers]:
            obj.modifiers.remove(modifier)
        _put_back(obj, before if shared else copy)
        raise
    if not shared:
        bpy.data.meshes.remove(copy)


def _put_back(obj: bpy.types.Object, data: bpy.types.Mesh) -> None:
    """Give `obj` the mesh `data` in the place of what has become of its own, under the name of that."""
    failed = mesh_of(obj)
    name, obj.data = failed.name, data
    if not failed.users:
        bpy.data.meshes.remove(failed)
        if data.name != name and data.users == 1:
            data.name = name
