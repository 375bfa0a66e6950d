"""Results that come of latents and not of an image: another mesh of the same object, or a shape between two."""

import copy
from collections.abc import Iterator

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.tasks import Blend
from ..blender.window import push_undo, select_only
from ..link.job import Job
from ..link.task_queue import ResultSink
from . import face_materials, history, landmarks, texture
from .beside_mesh import make_ready, mesh_stays
from .edited_mesh import why_not_new_faces
from .mesh_builder import Size, extent_of, mesh_of, points_of
from .object_data import new_data, settings_text
from .pending import NewObject, PendingMesh, by_uid, replace_mesh
from .placement import Placement
from .private_folder import PrivateFolder
from .result_object import describe
from .retopology import Faces
from .worked_object import counted, filled_mesh


class ChangedObject(ResultSink):
    """The object of a result, which gets another mesh: place, name, materials and modifiers stay.

    The old mesh stays until the new one is whole: there are no previews.
    """

    def __init__(self, obj: bpy.types.Object, quads: Faces | None = None) -> None:
        """`quads`: which its mesh shall have."""
        self._quads, self._folder = quads, PrivateFolder()
        self._name, self._object = obj.name, obj.session_uid
        self._foot, self._longest = _extent(points_of(mesh_of(obj)))
        self._made = landmarks.longest_of(obj) or self._longest
        self._mesh = PendingMesh(obj.name, Size(self._made))

    @property
    def owned(self) -> set[int]:
        """The mesh that is being filled; the object is the user's."""
        return self._mesh.owned

    def finish(self, job: Job) -> Iterator[object]:
        """Put the new mesh in the place of the old one, and end an undo step."""
        result = job.result
        assert result is not None
        beside = yield from make_ready(job, result, {})
        result, encoded = yield from filled_mesh(job, result, self._quads, self._mesh, self._folder)
        obj = self._find()
        change = landmarks.change_of(obj)
        if change is None:  # the mesh was edited: all that is known is its box
            change = np.vstack((np.eye(3) * (self._longest / self._made), self._foot))
        worn = face_materials.read(mesh_of(obj))
        replace_mesh(obj, self._mesh.take())
        if np.abs(change - np.eye(4, 3)).max() > 1e-6 * self._longest:
            landmarks.apply(mesh_of(obj), change)
        landmarks.note(obj, self._made, change)
        face_materials.give(mesh_of(obj), worn)
        data = new_data(obj)
        data.settings = settings_text(result.settings)
        data.property_unset("draft")
        data.topology = "TRIANGLES" if self._quads is None else "QUADS"
        with mesh_stays(job):
            if encoded is not None:
                texture.apply(obj, encoded, over_others=False)
            job.outcome = counted(obj)
        with mesh_stays(job):
            history.record_change(_scene_of(obj), obj, result, beside, job.seconds)
        push_undo(f"Update Mesh of {obj.name}")

    def discard(self) -> None:
        """Leave the object as it was."""
        self._mesh.drop()
        self._folder.remove()

    def renewed(self) -> ResultSink:
        """The same once more, from the beginning."""
        other = copy.copy(self)
        other._mesh, other._folder = self._mesh.renewed(), PrivateFolder()
        return other

    def _find(self) -> bpy.types.Object:
        obj = by_uid(bpy.data.objects, self._object)
        if obj is None or not obj.users_collection:
            raise SettingsError(f"'{self._name}' was deleted meanwhile.")
        if obj.mode != "OBJECT":  # strokes of a brush would be lost
            raise SettingsError(f"'{obj.name}' is being edited; leave its mode and do it again.")
        if reason := why_not_new_faces(obj):
            raise SettingsError(f"'{self._name}': {reason}.")
        return obj


class BlendedObject(ResultSink):
    """A new object for the shape between two results."""

    def __init__(
        self, placement: Placement, scene: bpy.types.Scene, collection: bpy.types.Collection, nearest: bpy.types.Object
    ) -> None:
        """`nearest` is the one of the two that has the larger part in it: its picture can be projected on the new shape."""
        self._nearest = nearest.session_uid
        self._mesh = PendingMesh(placement.name, placement.size)
        self._object = NewObject(placement, scene, collection)

    @property
    def owned(self) -> set[int]:
        """The mesh that is being filled."""
        return self._mesh.owned

    def finish(self, job: Job) -> Iterator[None]:
        """Make the object, store its latents, and end an undo step."""
        task, result = job.task, job.result
        assert isinstance(task, Blend)
        assert result is not None
        beside = yield from make_ready(job, result, {})
        yield from self._mesh.fill(result.mesh)
        obj = self._object.create(self._mesh.take())
        self._object.uid = None  # it stays, whatever comes
        with mesh_stays(job):
            describe(obj, result, beside)
            if "" in (task.model_identity, task.other_identity):
                new_data(obj).model_identity = ""  # which weights these latents are of is no more certain than it was
        with mesh_stays(job):
            nearest = by_uid(bpy.data.objects, self._nearest)
            if nearest is not None:
                new_data(obj).picture = texture.picture_of(nearest)
        with mesh_stays(job):
            history.record_blend(self._object.home_scene(), obj, result, beside, job.seconds)
        with mesh_stays(job):
            select_only(obj)
        push_undo(f"Interpolate {obj.name}")

    def renewed(self) -> ResultSink:
        """The same once more, from the beginning."""
        other = copy.copy(self)
        other._mesh = self._mesh.renewed()
        other._object = self._object.renewed()
        return other

    def discard(self) -> None:
        """Leave nothing behind."""
        self._mesh.drop()


def _scene_of(obj: bpy.types.Object) -> bpy.types.Scene:
    """The scene that shows `obj`, the current one where that is among several."""
    scenes = [scene for scene in (bpy.context.scene, *bpy.data.scenes) if scene is not None]
    return next((scene for scene in scenes if scene.objects.get(obj.name) == obj), scenes[0])


def _extent(points: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle of the lower side of points [V, 3], float32 [3], and the longest side of their box."""
    if not len(points):
        return np.zeros(3, np.float32), 1.0
    low, high = extent_of(points)
    return np.array(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]), np.float32), float((high - low).max())
