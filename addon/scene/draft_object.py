"""The one object of the live draft: each draft takes the place of the one before, and a result or the switch removes it."""

from collections.abc import Iterator

import bpy

from ...flashvdm_core.api.events import CutOut
from ...flashvdm_core.api.tasks import Request
from ..link.job import Job
from ..link.task_queue import ResultSink
from . import thumbnails
from .edited_mesh import is_at_rest
from .object_data import data_of, forget, is_preview, mark_preview, new_data, unmark_preview
from .pending import NewObject, PendingMesh, remove_object, replace_mesh
from .placement import Placement

_MARK = "live draft"
"""In the place of an entry of the history, which a draft has not."""


class DraftObject(ResultSink):
    """Shows a draft. It leaves neither a step of undo nor an entry in the history."""

    def __init__(self, placement: Placement, scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
        self._mesh = PendingMesh(placement.name, placement.size)
        self._object = NewObject(placement, scene, collection)

    @property
    def owned(self) -> set[int]:
        """The mesh that is being filled."""
        return self._mesh.owned

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show it in the panel, where the image is chosen."""
        assert isinstance(job.task, Request)
        thumbnails.show_cutout(job.task.images.get(cutout.view, ""), cutout.rgba)

    def finish(self, job: Job) -> Iterator[None]:
        """Put the mesh into the draft's object."""
        result = job.result
        assert result is not None
        yield from self._mesh.fill(result.mesh)
        here = drafts()
        if here:
            replace_mesh(here[0], self._mesh.take())
            mark_preview(here[0])
        else:
            obj = self._object.create(self._mesh.take())
            mark_preview(obj)
            new_data(obj).entry = _MARK

    def discard(self) -> None:
        """Leave the draft of before."""
        self._mesh.drop()


def drafts() -> list[bpy.types.Object]:
    """The object of the draft in this file, if there is one. One that the user works on is not a draft any more but theirs."""
    found = [obj for obj in bpy.data.objects if is_preview(obj) and (data := data_of(obj)) is not None and data.entry == _MARK]
    for obj in found:
        if not is_at_rest(obj):
            unmark_preview(obj)
            forget(obj)
    return [obj for obj in found if is_preview(obj)]


def remove_drafts() -> None:
    """Leave the file without it."""
    for obj in drafts():
        remove_object(obj)
