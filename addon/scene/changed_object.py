"""Results that come of latents and not of an image: another mesh of the same object, or a shape between two."""

import json
from collections.abc import Iterator

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import TriangleMesh
from ..blender.window import push_undo, select_only
from ..link.job import Job
from . import stored_latents, texture
from .mesh_builder import Size
from .result_object import Placement, ResultObject


class ChangedObject(ResultObject):
    """The object of a result, which gets another mesh: place, name, materials and modifiers stay."""

    def __init__(self, obj: bpy.types.Object, context: bpy.types.Context) -> None:
        assert context.scene is not None
        assert context.collection is not None
        assert isinstance(obj.data, bpy.types.Mesh)
        self._foot, self._longest = _extent(_points(obj.data))
        super().__init__(Placement(obj.name, Size(self._longest), (0.0, 0.0, 0.0)), context.scene, context.collection)
        self._object = obj.session_uid

    @property
    def owned(self) -> set[int]:
        """The mesh that is being filled; the object is the user's."""
        return set() if self._mesh is None else {self._mesh}

    def after_undo(self) -> None:
        """The object is not of this task's making: nothing to do."""

    def show_preview(self, mesh: TriangleMesh) -> Iterator[None]:
        """Show nothing: the old mesh stays until the new one is there."""
        yield from ()

    def finish(self, job: Job) -> Iterator[None]:
        """Put the new mesh in the place of the old one, and end an undo step."""
        result = job.result
        assert result is not None
        colouring = None if result.colouring is None else (yield from texture.encoded(result.colouring))
        yield from self._fill(result.mesh)
        obj = self._find()
        if obj is None or obj.mode == "EDIT":
            raise SettingsError(f"'{self.placement.name}' was deleted or is being edited.")
        obj = self._put(obj)
        data = obj.data
        assert isinstance(data, bpy.types.Mesh)
        if np.abs(self._foot).max() > 1e-6 * self._longest:  # the user has moved the origin
            points = _points(data) + self._foot
            data.vertices.foreach_set("co", points.ravel())
            data.update()
        obj["flashvdm_settings"] = json.dumps(dict(result.settings))
        if colouring is not None:
            texture.lay(obj, colouring)
        push_undo(f"Change Mesh of {obj.name}")

    def discard(self) -> None:
        """Leave the object as it was."""
        self._drop_mesh()


class BlendedObject(ResultObject):
    """A new object for the shape between two results."""

    def finish(self, job: Job) -> Iterator[None]:
        """Make the object, keep its latents, and end an undo step."""
        result = job.result
        assert result is not None
        assert result.latents is not None
        yield from self._fill(result.mesh)
        obj = self._put(None)
        obj["flashvdm_model"] = result.model
        obj["flashvdm_settings"] = json.dumps(dict(result.settings))
        stored_latents.keep(obj, result.latents)
        select_only(obj)
        push_undo(f"Blend {obj.name}")


def _extent(points: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle of the lower side of points [V, 3], float32 [3], and the longest side of their box."""
    if not len(points):
        return np.zeros(3, np.float32), 1.0
    low, high = points.min(0), points.max(0)
    return np.array(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]), np.float32), float((high - low).max())


def _points(mesh: bpy.types.Mesh) -> np.ndarray:
    """The vertices, float32 [V, 3], without the object's own place and scale."""
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)
