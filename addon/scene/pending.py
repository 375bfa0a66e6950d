"""What a task makes in the file: a mesh that is being filled, and the object that gets it.

Between two steps of a task the user may delete, undo, rename or load another file, so nothing here keeps a reference to
Blender's data: everything is looked up by its session_uid each time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TypeVar

import bpy

from ...flashvdm_core.api.mesh import TriangleMesh
from ..blender.viewports import frame_if_unseen
from .mesh_builder import Size, fill_in_slices, mesh_of
from .object_data import mark_preview, unmark_preview
from .placement import Placement
from .texture import belongings_of

_ID = TypeVar("_ID", bound=bpy.types.ID)


class _MeshGone(Exception):  # noqa: N818 - not an error: undo has taken the mesh that was being filled
    pass


class PendingMesh:
    """A new mesh that nobody sees before it is whole.

    Attributes:
        size: how large it will be.
    """

    def __init__(self, name: str, size: Size) -> None:
        """It will have that name and size."""
        self._name = name
        self.size = size
        self._uid: int | None = None

    @property
    def owned(self) -> set[int]:
        """The session_uid of the mesh, while it is nobody's."""
        return set() if self._uid is None else {self._uid}

    def fill(self, source: TriangleMesh) -> Iterator[None]:
        """Make it, step by step, and once more if undo takes it away."""
        while True:
            self.drop()
            data = bpy.data.meshes.new(self._name)
            mark_preview(data)
            self._uid = data.session_uid
            try:
                yield from fill_in_slices(self._find, source, self.size)
            except _MeshGone:
                continue
            return

    def adopt(self, data: bpy.types.Mesh) -> None:
        """Take a mesh that is whole already in the place of one that would be filled."""
        self.drop()
        data.name = self._name
        mark_preview(data)
        self._uid = data.session_uid

    def renewed(self) -> PendingMesh:
        """One of the same name and size that is not there yet."""
        return PendingMesh(self._name, self.size)

    def take(self) -> bpy.types.Mesh:
        """The whole mesh, for an object."""
        data = self._find()
        unmark_preview(data)
        self._uid = None
        return data

    def drop(self) -> None:
        """Remove it, if nobody uses it."""
        data, self._uid = by_uid(bpy.data.meshes, self._uid), None
        if data is not None and not data.users:
            bpy.data.meshes.remove(data)

    def _find(self) -> bpy.types.Mesh:
        data = by_uid(bpy.data.meshes, self._uid)
        if data is None:
            raise _MeshGone
        return data


class NewObject:
    """An object that comes into the scene, and the collection, in which it was asked for.

    Attributes:
        placement: its name and place.
        uid: its session_uid, None before there is one.
        scene: the scene's session_uid.
    """

    def __init__(self, placement: Placement, scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
        self.placement = placement
        self.uid: int | None = None
        self.scene = scene.session_uid
        self._collection = collection.session_uid

    def renewed(self) -> NewObject:
        """One of the same name and place that is not there yet."""
        other = copy.copy(self)
        other.uid = None
        return other

    def find(self) -> bpy.types.Object | None:
        """The object, if it still exists and is in some collection."""
        obj = by_uid(bpy.data.objects, self.uid)
        return obj if obj is not None and obj.users_collection else None

    def create(self, data: bpy.types.Mesh) -> bpy.types.Object:
        """Make it, in the collection in which it was asked for, or where Blender's own Add puts an object in its place."""
        home = home_for(self.home_scene(), self._collection)
        give_up_name(self.placement.name)
        obj = bpy.data.objects.new(self.placement.name, data)
        data.name = obj.name
        obj.location = self.placement.location
        home.objects.link(obj)
        self.uid = obj.session_uid
        frame_if_unseen(obj)
        return obj

    def home_scene(self) -> bpy.types.Scene:
        """The scene of the start, else the current one, else any; a new one in a file that has but linked ones."""
        wanted = (by_uid(bpy.data.scenes, self.scene), bpy.context.scene, *bpy.data.scenes)
        return next((scene for scene in wanted if scene is not None and _is_local(scene)), None) or bpy.data.scenes.new("Scene")


def home_for(scene: bpy.types.Scene, wanted: int) -> bpy.types.Collection:
    """The collection of `scene` with that session_uid, or the nearest above it that is of this file; else the scene's own.

    What is linked from another file, or overrides such, takes no objects.
    """
    below = list(scene.collection.children_recursive)
    found = by_uid(below, wanted)
    while found is not None and not _is_local(found):
        above = [collection for collection in below if any(child == found for child in collection.children)]
        found = next((collection for collection in above if _is_local(collection)), next(iter(above), None))
    return found or scene.collection


def _is_local(block: bpy.types.ID) -> bool:
    return block.library is None and block.override_library is None


def replace_mesh(obj: bpy.types.Object, data: bpy.types.Mesh) -> None:
    """Give `obj` another mesh in the place of its own, of which the name and the materials stay."""
    before = mesh_of(obj)
    for slot, material in enumerate(before.materials):
        if slot < len(data.materials):
            data.materials[slot] = material
        else:
            data.materials.append(material)
    name, obj.data = before.name, data
    if not before.users:
        bpy.data.meshes.remove(before)
        data.name = name


def give_up_name(name: str) -> None:
    """An object that was deleted, and that the history alone still keeps, leaves its name to a new one."""
    obj = bpy.data.objects.get(name)
    if obj is not None and not obj.users_collection and obj.library is None:
        obj.name = f"{name[:50]} (history)"


def remove_object(obj: bpy.types.Object) -> None:
    """Remove it and, of what nothing else uses, its mesh, and the material and images that were made for it."""
    data, belongings = obj.data, belongings_of(obj)
    bpy.data.objects.remove(obj)
    if isinstance(data, bpy.types.Mesh) and not data.users:
        bpy.data.meshes.remove(data)
    belongings.drop()


def by_uid(items: Iterable[_ID], uid: int | None) -> _ID | None:
    """The one with that session_uid, if there is one."""
    return None if uid is None else next((item for item in items if item.session_uid == uid), None)
