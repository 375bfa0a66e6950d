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

from ..flashvdm_core.events import CutOut
from ..flashvdm_core.mesh import TriangleMesh
from ..flashvdm_core.requests import Request
from . import thumbnails
from .job import Job
from .mesh_builder import fill_mesh, shade_by_angle
from .task_queue import Target
from .window import push_undo, select_only

PREVIEW_MARK = "flashvdm_preview"
"""Custom property of an object that is only a preview: whatever bears it without a running job is removed."""

_GAP = 1.2  # from centre to centre in a row, in sizes of the objects

_ID = TypeVar("_ID", bound=bpy.types.ID)


@dataclass(frozen=True)
class Placement:
    """Where a result goes.

    Attributes:
        name: name of the object; Blender numbers it if it is taken.
        size: longest side in metres.
        location: where the object stands, in world space (metres).
    """

    name: str
    size: float
    location: tuple[float, float, float]

    def beside(self, others: Iterable["Placement"]) -> "Placement":
        """This place, moved to the right until nothing stands there: results that line up make a row."""
        x, *rest = self.location
        for other in sorted(others, key=lambda other: other.location[0]):
            apart = _GAP * (self.size + other.size) / 2
            if list(other.location[1:]) == rest and abs(other.location[0] - x) < apart * (1 - 1e-6):
                x = other.location[0] + apart
        return replace(self, location=(x, *self.location[1:]))


class ResultObject(Target):
    """The preview and later the result of one generation in the scene in which it was started."""

    def __init__(self, placement: Placement, scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
        self.placement = placement
        self._scene = scene.session_uid
        self._collection = collection.session_uid
        self._object: int | None = None
        self._wanted = True

    @property
    def scene(self) -> int:
        """The scene's session_uid."""
        return self._scene

    @property
    def session_uid(self) -> int | None:
        """The object's session_uid, None before it was made."""
        return self._object

    def after_undo(self) -> None:
        """A preview that is gone was not deleted on purpose, so the next one makes a new object."""
        if self._find() is None:
            self._object = None

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show it in the panel, where the image is chosen."""
        assert isinstance(job.task, Request)
        thumbnails.show_cutout(job.task.images.get(cutout.view, ""), cutout.rgba)

    def show_preview(self, mesh: TriangleMesh) -> None:
        """Show `mesh` as a preview; nothing once the user has deleted the preview or edits it."""
        if not self._wanted:
            return
        obj = self._find()
        if obj is None and self._object is not None:
            self._wanted = False
            return
        if obj is None:
            obj = self._create()
            obj[PREVIEW_MARK] = True
        data = _free_mesh(obj)
        if data is not None:
            fill_mesh(data, mesh, self.placement.size)

    def finish(self, job: Job) -> Iterator[None]:
        """Put the result in the preview's place, write down how it was made, and end an undo step."""
        result = job.result
        assert result is not None
        assert isinstance(job.task, Request)
        obj = self._find()
        data = _free_mesh(obj) if obj is not None else None
        if obj is None or data is None:
            if obj is not None:
                del obj[PREVIEW_MARK]  # the user works on the preview, so it is the user's now
            obj = self._create()
            data = _free_mesh(obj)
            assert data is not None
        fill_mesh(data, result.mesh, self.placement.size)
        shade_by_angle(data)
        obj.pop(PREVIEW_MARK, None)
        obj["flashvdm_seed"] = result.seed
        obj["flashvdm_model"] = result.model
        obj["flashvdm_settings"] = json.dumps(dict(result.settings))
        obj["flashvdm_image"] = job.task.images["front"]
        obj["flashvdm_seconds"] = round(job.seconds, 3)
        select_only(obj)
        push_undo(f"Generate {obj.name}")
        yield from ()

    def discard(self) -> None:
        """Leave the scene as it was before the first preview."""
        obj, self._object = self._find(), None
        if obj is not None:
            _remove(obj)

    def _find(self) -> bpy.types.Object | None:
        """The object, if it still exists and is in some collection."""
        obj = _by_uid(bpy.data.objects, self._object)
        return obj if obj is not None and obj.users_collection else None

    def _create(self) -> bpy.types.Object:
        data = bpy.data.meshes.new(self.placement.name)
        obj = bpy.data.objects.new(self.placement.name, data)
        obj.location = self.placement.location
        self._home().objects.link(obj)
        self._object = obj.session_uid
        return obj

    def _home(self) -> bpy.types.Collection:
        """The collection that was active at the start, else its scene's, else the current scene's."""
        scene = _by_uid(bpy.data.scenes, self._scene) or bpy.context.scene
        assert scene is not None
        return _by_uid(scene.collection.children_recursive, self._collection) or scene.collection


def remove_stale_previews(owned: Container[int | None]) -> None:
    """Remove previews that no running job owns: undo and redo can bring them back, a saved file can hold one."""
    found = [obj for obj in bpy.data.objects if PREVIEW_MARK in obj and not obj.library]
    for obj in [obj for obj in found if obj.session_uid not in owned]:
        _remove(obj)


def name_for(image: str) -> str:
    """The object's name: the image file's, without its ending and as long as Blender allows."""
    return Path(image).stem.strip().encode()[:60].decode(errors="ignore") or "FlashVDM"


def _by_uid(items: Iterable[_ID], uid: int | None) -> _ID | None:
    return None if uid is None else next((item for item in items if item.session_uid == uid), None)


def _free_mesh(obj: bpy.types.Object) -> bpy.types.Mesh | None:
    """The object's mesh, unless it is being edited: filling it then would pull it from under the editor."""
    data = obj.data
    return data if isinstance(data, bpy.types.Mesh) and not data.is_editmode else None


def _remove(obj: bpy.types.Object) -> None:
    data = obj.data
    bpy.data.objects.remove(obj)
    if isinstance(data, bpy.types.Mesh) and not data.users:
        bpy.data.meshes.remove(data)
