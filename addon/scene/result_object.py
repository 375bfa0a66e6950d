"""The one object that a generation puts into the scene: growing previews, then the result, or nothing at all.

Between two ticks of a timer the user may delete, undo, rename or load another file, so nothing here keeps
a reference to Blender's data: everything is looked up by its session_uid each time.
"""

import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import bpy

from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.api.tasks import Request
from ..blender.window import push_undo, select_only
from ..link.job import Job
from ..link.task_queue import ResultSink
from ..settings.preferences import preferences
from . import history, stored_latents, texture, thumbnails
from .mesh_builder import Size, fill_in_slices
from .variants import Variants

PREVIEW_MARK = "flashvdm_preview"
"""Custom property of an object or mesh that is only a preview: whatever bears it without a running job is removed."""

_GAP = 1.2  # from centre to centre in a row, in sizes of the objects

_ID = TypeVar("_ID", bound=bpy.types.ID)


@dataclass(frozen=True)
class Placement:
    """Where a result goes.

    Attributes:
        name: name of the object; Blender numbers it if it is taken.
        size: how large the object is.
        location: where the object stands, in world space.
    """

    name: str
    size: Size
    location: tuple[float, float, float]

    def beside(self, others: Iterable["Placement"]) -> "Placement":
        """This place, moved to the right until nothing stands there: results that line up make a row."""
        x, *rest = self.location
        for other in sorted(others, key=lambda other: other.location[0]):
            apart = _GAP * (self.size.length + other.size.length) / 2
            if list(other.location[1:]) == rest and abs(other.location[0] - x) < apart * (1 - 1e-6):
                x = other.location[0] + apart
        return replace(self, location=(x, *self.location[1:]))


class _MeshGone(Exception):  # noqa: N818 - not an error: undo has taken the mesh that was being filled
    pass


class ResultObject(ResultSink):
    """The preview and later the result of one generation in the scene in which it was started."""

    def __init__(
        self,
        placement: Placement,
        scene: bpy.types.Scene,
        collection: bpy.types.Collection,
        variants: Variants | None = None,
    ) -> None:
        """`variants` is the row that the result belongs to, if it is one of several."""
        self.placement = placement
        self.variants = variants
        self._scene = scene.session_uid
        self._collection = collection.session_uid
        self._object: int | None = None
        self._mesh: int | None = None
        self._wanted = True

    @property
    def scene(self) -> int:
        """The scene's session_uid."""
        return self._scene

    @property
    def owned(self) -> set[int]:
        """The preview, and the mesh that is being filled."""
        return {uid for uid in (self._object, self._mesh) if uid is not None}

    def after_undo(self) -> None:
        """A preview that is gone was not deleted on purpose, so the next one makes a new object."""
        if self._find() is None:
            self._object = None

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show it in the panel, where the image is chosen."""
        assert isinstance(job.task, Request)
        thumbnails.show_cutout(job.task.images.get(cutout.view, ""), cutout.rgba)

    def show_preview(self, mesh: TriangleMesh) -> Iterator[None]:
        """Show `mesh` as a preview; nothing once the user has deleted the preview or edits it."""
        if not self._wanted:
            return
        yield from self._fill(mesh)
        obj = self._find()
        if obj is None and self._object is not None:
            self._wanted = False
        elif obj is None or _is_free(obj):
            self._put(obj)[PREVIEW_MARK] = True
        self._drop_mesh()

    def finish(self, job: Job) -> Iterator[None]:
        """Put the result in the preview's place, write down how it was made, and end an undo step."""
        result = job.result
        assert result is not None
        assert isinstance(job.task, Request)
        colouring = None if result.colouring is None else (yield from texture.encoded(result.colouring))
        yield from self._fill(result.mesh)
        obj = self._find()
        if obj is not None and not _is_free(obj):
            del obj[PREVIEW_MARK]  # the user works on the preview, so it is the user's now
            obj = None
        obj = self._put(obj)
        obj.pop(PREVIEW_MARK, None)
        obj["flashvdm_seed"] = result.seed
        obj["flashvdm_model"] = result.model
        obj["flashvdm_settings"] = json.dumps(dict(result.settings))
        obj["flashvdm_image"] = job.task.images["front"]
        obj["flashvdm_seconds"] = round(job.seconds, 3)
        if result.latents is not None:
            stored_latents.keep(obj, result.latents)
        if colouring is not None:
            texture.lay(obj, colouring)
        if self.variants is not None:
            self.variants.mark(obj)
        history.record(self._home_scene(), obj, result, job.task.images, job.seconds, preferences().keep_images)
        select_only(obj)
        push_undo(f"Generate {obj.name}")

    def discard(self) -> None:
        """Leave the scene as it was before the first preview."""
        obj, self._object = self._find(), None
        if obj is not None:
            _remove(obj)
        self._drop_mesh()

    def _fill(self, mesh: TriangleMesh) -> Iterator[None]:
        """Make a new mesh that nobody sees before it is whole: step by step, and once more if undo takes it away."""
        while True:
            self._drop_mesh()
            data = bpy.data.meshes.new(self.placement.name)
            data[PREVIEW_MARK], self._mesh = True, data.session_uid
            try:
                yield from fill_in_slices(self._new_mesh, mesh, self.placement.size)
            except _MeshGone:
                continue
            return

    def _new_mesh(self) -> bpy.types.Mesh:
        data = _by_uid(bpy.data.meshes, self._mesh)
        if data is None:
            raise _MeshGone
        return data

    def _drop_mesh(self) -> None:
        data, self._mesh = _by_uid(bpy.data.meshes, self._mesh), None
        if data is not None and not data.users:
            bpy.data.meshes.remove(data)

    def _put(self, obj: bpy.types.Object | None) -> bpy.types.Object:
        """Give the new mesh to `obj` in the place of its own, of which the name and the materials stay, or to a new object."""
        data = self._new_mesh()
        del data[PREVIEW_MARK]
        if obj is None:
            return self._create(data)
        before = obj.data
        assert isinstance(before, bpy.types.Mesh)
        for material in before.materials:
            data.materials.append(material)
        name, obj.data = before.name, data
        if not before.users:
            bpy.data.meshes.remove(before)
            data.name = name
        return obj

    def _find(self) -> bpy.types.Object | None:
        """The object, if it still exists and is in some collection."""
        obj = _by_uid(bpy.data.objects, self._object)
        return obj if obj is not None and obj.users_collection else None

    def _create(self, data: bpy.types.Mesh) -> bpy.types.Object:
        obj = bpy.data.objects.new(self.placement.name, data)
        obj.location = self.placement.location
        self._home().objects.link(obj)
        self._object = obj.session_uid
        return obj

    def _home(self) -> bpy.types.Collection:
        """The collection that was active at the start, else its scene's, else the current scene's."""
        scene = self._home_scene()
        return _by_uid(scene.collection.children_recursive, self._collection) or scene.collection

    def _home_scene(self) -> bpy.types.Scene:
        """The scene of the start, else the current one."""
        scene = _by_uid(bpy.data.scenes, self._scene) or bpy.context.scene
        assert scene is not None
        return scene


def remove_stale_previews(owned: Container[int]) -> None:
    """Remove previews that no running job owns: undo and redo can bring them back, a saved file can hold one."""
    for obj in [obj for obj in bpy.data.objects if _is_stale(obj, owned)]:
        _remove(obj)
    for data in [data for data in bpy.data.meshes if _is_stale(data, owned) and not data.users]:
        bpy.data.meshes.remove(data)


def _is_stale(block: bpy.types.ID, owned: Container[int]) -> bool:
    return PREVIEW_MARK in block and block.session_uid not in owned and not block.library


def name_for(image: str) -> str:
    """The object's name: the image file's, without its ending and as long as Blender allows."""
    return Path(image).stem.strip().encode()[:60].decode(errors="ignore") or "FlashVDM"


def _by_uid(items: Iterable[_ID], uid: int | None) -> _ID | None:
    return None if uid is None else next((item for item in items if item.session_uid == uid), None)


def _is_free(obj: bpy.types.Object) -> bool:
    """The object's mesh is not being edited: replacing it then would pull it from under the editor."""
    data = obj.data
    return isinstance(data, bpy.types.Mesh) and not data.is_editmode


def _remove(obj: bpy.types.Object) -> None:
    data = obj.data
    bpy.data.objects.remove(obj)
    if isinstance(data, bpy.types.Mesh) and not data.users:
        bpy.data.meshes.remove(data)
