"""The one object that a generation puts into the scene: growing previews, then the result, or nothing at all."""

import copy
import json
from collections.abc import Callable, Container, Iterator

import bpy

from ...flashvdm_core.api.events import CutOut, Result
from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.api.tasks import Request
from ..blender.viewports import show_textures
from ..blender.window import push_undo, select_only
from ..link.job import Job
from ..link.task_queue import ResultSink
from ..settings.given import kept_path
from ..settings.preferences import preferences
from . import history, landmarks, stored_latents, texture, thumbnails
from .beside_mesh import Beside, make_ready, mesh_stays
from .edited_mesh import is_at_rest
from .object_data import forget, is_copied_preview, is_preview, mark_preview, new_data, settings_text, unmark_preview, was_preview
from .pending import NewObject, PendingMesh, remove_object, replace_mesh
from .placement import Placement
from .private_folder import PrivateFolder
from .retopology import Faces
from .stored_images import content_of
from .straighten import straighten
from .variants import Variants
from .worked_object import counted, filled_mesh


class ResultObject(ResultSink):
    """The preview and later the result of one generation in the scene in which it was started."""

    def __init__(
        self,
        placement: Placement,
        scene: bpy.types.Scene,
        collection: bpy.types.Collection,
        variants: Variants | None = None,
        quads: Faces | None = None,
    ) -> None:
        """`variants` is the row that the result belongs to, if it is one of several; `quads`: which its mesh shall have."""
        self.placement = placement
        self.variants = variants
        self._quads, self._folder = quads, PrivateFolder()
        self._mesh = PendingMesh(placement.name, placement.size)
        self._object = NewObject(placement, scene, collection)
        self._wanted = True
        self._contents: dict[str, bytes] = {}
        """View -> what its image file held when the worker had just read it: the user may change it meanwhile."""

    @property
    def scene(self) -> int:
        """The scene's session_uid."""
        return self._object.scene

    @property
    def owned(self) -> set[int]:
        """The preview, and the mesh that is being filled."""
        return self._mesh.owned if self._object.uid is None else self._mesh.owned | {self._object.uid}

    def renewed(self) -> ResultSink:
        """The same once more, from the beginning."""
        other = copy.copy(self)
        other._mesh, other._folder = self._mesh.renewed(), PrivateFolder()
        other._object, other._wanted, other._contents = self._object.renewed(), True, {}
        return other

    def after_undo(self) -> None:
        """A preview that is gone was not deleted on purpose, so the next one makes a new object."""
        if self._object.find() is None:
            self._object.uid = None

    def show_cutout(self, job: Job, cutout: CutOut) -> None:
        """Show it in the panel, where the image is chosen."""
        assert isinstance(job.task, Request)
        path = job.task.images.get(cutout.view, "")
        self._contents[cutout.view] = content_of(path)
        thumbnails.show_cutout(path, cutout.rgba)

    def show_preview(self, mesh: TriangleMesh) -> Iterator[None]:
        """Show `mesh` as a preview; nothing once the user has deleted the preview or edits it."""
        if not self._wanted:
            return
        yield from self._mesh.fill(mesh)
        obj = self._object.find()
        if obj is None and self._object.uid is not None:
            self._wanted = False
        elif obj is None or _is_ours(obj):
            mark_preview(self._put(obj))
        self._mesh.drop()

    def finish(self, job: Job) -> Iterator[object]:
        """Put the result in the preview's place, write down how it was made, and end an undo step."""
        result = job.result
        assert result is not None
        assert isinstance(job.task, Request)
        beside = yield from make_ready(job, result, self._contents)
        result, encoded = yield from filled_mesh(job, result, self._quads, self._mesh, self._folder)
        obj = self._put(self._preview())
        unmark_preview(obj)
        self._object.uid = None  # it stays, whatever comes
        if self.placement.straight:
            with mesh_stays(job):
                straighten(obj)
        with mesh_stays(job):
            describe(obj, result, beside)
            data = new_data(obj)
            data.images = json.dumps({view: kept_path(path) for view, path in job.task.images.items()})
            data.seconds = round(job.seconds, 3)
            data.topology = "TRIANGLES" if self._quads is None else "QUADS"
            job.outcome = counted(obj)
            if self.variants is not None:
                self.variants.mark(obj)
        with mesh_stays(job):
            if encoded is not None:
                texture.apply(obj, encoded)
                if preferences().texture_shading == "ALWAYS":
                    show_textures()
        with mesh_stays(job):
            scene, keep = self._object.home_scene(), preferences().keep_images
            kind = "GENERATED" if job.task.block_out is None else "REFINED"
            history.record(scene, obj, result, job.task, beside, self._contents, job.seconds, keep, kind)
        with mesh_stays(job):
            select_only(obj)
        push_undo(f"Generate {obj.name}")

    def discard(self) -> None:
        """Leave the scene as it was before the first preview."""
        obj, self._object.uid = self._object.find(), None
        if obj is not None and not is_copied_preview(obj):
            remove_object(obj)
        self._mesh.drop()
        self._folder.remove()

    def _preview(self) -> bpy.types.Object | None:
        """The preview, for the result to take its place; None where there is none, or the user works on it."""
        obj = self._object.find()
        if obj is None or _is_ours(obj):
            return obj
        forget(obj)  # it is the user's now
        return None

    def _put(self, obj: bpy.types.Object | None) -> bpy.types.Object:
        """Give the mesh that is whole now to `obj`, or to a new object."""
        if obj is None:
            return self._object.create(self._mesh.take())
        replace_mesh(obj, self._mesh.take())
        return obj


def describe(obj: bpy.types.Object, result: Result, beside: Beside) -> None:
    """Write down on `obj` how it was made, with the latents where the task was asked to hand them back."""
    data = new_data(obj)
    data.seed, data.model, data.settings = result.seed, result.model, settings_text(result.settings)
    landmarks.note(obj)
    if beside.code is not None:
        stored_latents.store(obj, beside.code)


def remove_stale_previews(owned: Container[int]) -> None:
    """Remove previews that no running job owns: undo and redo can bring them back."""
    _remove(lambda block: block.session_uid not in owned and is_preview(block))


def remove_saved_previews() -> None:
    """Remove the previews that were under way when the file that was opened now was saved."""
    _remove(was_preview)
    release_copies()


def release_copies() -> None:
    """Copies that the user has made of previews are the user's own, with no mark of ours."""
    for obj in bpy.data.objects:
        if not obj.library and is_copied_preview(obj):
            forget(obj)
    for data in bpy.data.meshes:
        if not data.library and is_copied_preview(data):
            unmark_preview(data)


def _remove(is_stale: Callable[[bpy.types.Object | bpy.types.Mesh], bool]) -> None:
    for obj in [obj for obj in bpy.data.objects if not obj.library and is_stale(obj)]:
        remove_object(obj)
    for data in [data for data in bpy.data.meshes if not data.library and not data.users and is_stale(data)]:
        bpy.data.meshes.remove(data)


def _is_ours(obj: bpy.types.Object) -> bool:
    """A preview with nothing of the user's in it, which the user is not at work on."""
    return not is_copied_preview(obj) and is_at_rest(obj)
