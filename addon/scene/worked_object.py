"""An object whose mesh another Blender works on, while the user goes on with anything else; and quads for a new mesh."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import bpy

from ...flashvdm_core.api.errors import FlashVDMError, SettingsError
from ...flashvdm_core.api.events import Failure, Finished, Result
from ...flashvdm_core.api.settings import SETTINGS
from ...flashvdm_core.texture import OrthographicCamera
from ..blender.texts import interface, report
from ..blender.window import push_undo
from ..link.background_blender import BackgroundBlender, BlenderOrder, BlenderTask, Working
from ..link.job import Job
from ..link.task_queue import LATER, ResultSink
from . import landmarks, texture
from .edited_mesh import edited, why_not_edited, why_not_new_faces
from .mesh_builder import Size, mesh_of
from .mesh_work import MeshWork, Outcome, Projection, fingerprint, perform, read_made, read_outcome, write_order
from .pending import PendingMesh, by_uid, replace_mesh
from .private_folder import PrivateFolder, program
from .retopology import Faces, Method, Remark, triangle_count

QUAD_INPUT = 4
"""How many triangles a new mesh has for each quad that is laid on it: with fewer, details are lost that the quads could hold."""

_Wanted = Callable[[bpy.types.Object], MeshWork]


class WorkedObject(ResultSink):
    """The object. Its mesh stays until the new one is whole, and stays altogether where the user has changed it meanwhile."""

    def __init__(self, obj: bpy.types.Object, wanted: _Wanted, message: str) -> None:
        """`wanted` says what is to be done with the object as it is by then; `message` names the undo step."""
        self._name, self._object, self._wanted, self._message = obj.name, obj.session_uid, wanted, message
        self._folder = PrivateFolder()
        self._sent = b""
        self._new_faces, self._warning = False, ""

    @property
    def task(self) -> BlenderTask:
        """What the other Blender is asked for."""
        return BlenderTask(self._prepare)

    def finish(self, job: Job) -> Iterator[None]:
        """Take what has become of the mesh, and end an undo step."""
        outcome = read_outcome(self._folder.path)
        yield
        obj = self._find()
        if fingerprint(mesh_of(obj)) != self._sent:
            raise SettingsError(f"'{self._name}' was changed meanwhile and stays as it is; do it again.")
        if self._new_faces:
            take_faces(obj, read_made(self._folder.path))
        with edited(obj):
            if outcome.texture is not None:
                texture.show(obj, outcome.texture)
        job.warnings += _sentences(self._warning, outcome)
        job.outcome = counted(obj)
        self._folder.remove()
        push_undo(self._message)

    def discard(self) -> None:
        """Leave the object as it is."""
        self._folder.remove()

    def _prepare(self) -> BlenderOrder:
        obj = self._find()
        work = self._wanted(obj)
        self._new_faces, self._warning = work.makes_mesh, work.warning
        if self._new_faces and (reason := why_not_new_faces(obj)):
            raise SettingsError(f"'{obj.name}': {reason}.")
        self._sent = fingerprint(mesh_of(obj))
        write_order(self._folder.path, mesh_of(obj), work)
        return BlenderOrder(self._folder.path)

    def _find(self) -> bpy.types.Object:
        obj = by_uid(bpy.data.objects, self._object)
        if obj is None or not obj.users_collection:
            raise SettingsError(f"'{self._name}' was deleted meanwhile.")
        if obj.mode != "OBJECT" or why_not_edited(obj):
            raise SettingsError(f"'{obj.name}' is being edited; leave its mode and do it again.")
        return obj


def work_here(obj: bpy.types.Object, work: MeshWork) -> list[str]:
    """The same to the active object at once, for scripts and for Blender without a window; what the user should know.

    If it fails, the mesh is as it was.
    """
    with edited(obj):
        longest, since = landmarks.longest_of(obj), landmarks.change_of(obj)
        outcome = perform(obj, work)
        if since is not None and work.makes_mesh:
            landmarks.note(obj, longest, since)
        if outcome.texture is not None:
            texture.show(obj, outcome.texture)
    return _sentences(work.warning, outcome)


def _sentences(warning: str, outcome: Outcome) -> list[str]:
    return [warning] * bool(warning) + [_sentence_of(remark) for remark in outcome.remarks]


def other_faces(faces: Faces) -> Callable[[bpy.types.Object], MeshWork]:
    """Give an object other faces, and its colours again where it has some."""

    def wanted(obj: bpy.types.Object) -> MeshWork:
        if not texture.has_texture(obj) or texture.picture_of(obj) is None:
            return MeshWork(faces)
        try:
            return MeshWork(faces, stored_projection(obj, texture.view_of(obj)))
        except SettingsError as error:  # the mesh is right without it
            return MeshWork(faces, warning=str(error))

    return wanted


def stored_projection(obj: bpy.types.Object, view: OrthographicCamera | None) -> Projection:
    """The picture that is stored with the object, seen from `view`, None: from where its silhouette fits.

    Raises:
        SettingsError: the object has no picture, or it is lost.
    """
    pixels = texture.picture_pixels(obj)
    if pixels is None:
        raise SettingsError("The object has no image; generate it with Texture from Image.")
    return Projection(pixels, view)


def take_faces(obj: bpy.types.Object, data: bpy.types.Mesh) -> None:
    """Give `obj` a mesh of other faces, and keep what was known of how the one before had been turned and scaled."""
    longest, since = landmarks.longest_of(obj), landmarks.change_of(obj)
    replace_mesh(obj, data)
    if since is not None:
        landmarks.note(obj, longest, since)


def quads_for(face_budget: int) -> Faces:
    """The quads of a new mesh; as many as by default where the number of faces is switched off."""
    return Faces(Method.FLOW, face_budget or int(SETTINGS["face_budget"].default))


def filled_mesh(
    job: Job, result: Result, faces: Faces | None, mesh: PendingMesh, folder: PrivateFolder
) -> Generator[object, None, tuple[Result, texture.EncodedTexture | None]]:
    """Fill `mesh` with a result's triangles, or with quads in their place; the result as it is then, and its texture."""
    laid = None
    if faces is not None:
        laid = yield from _laid_quads(job, result, faces, mesh.size, folder)
        result = replace(result, settings={**result.settings, "face_budget": faces.wanted})
    encoded = None if result.colouring is None else (yield from texture.encode(result.colouring, laid))
    if laid is None:
        yield from mesh.fill(result.mesh)
    else:  # with no step behind it: what is nobody's yet would be gone with the next undo
        mesh.adopt(read_made(folder.path))
    folder.remove()
    return result, encoded


def _laid_quads(
    job: Job, result: Result, faces: Faces, size: Size, folder: PrivateFolder
) -> Generator[object, None, Outcome | None]:
    """Quads in the place of a result's triangles, by another Blender; the mesh lies in `folder` then. None where that failed."""
    colouring = result.colouring
    work = MeshWork(faces, colouring and Projection(colouring.picture, texture.view_in(colouring)))
    client = BackgroundBlender(program())

    def prepare() -> BlenderOrder:
        write_order(folder.path, result.mesh, work, size)
        return BlenderOrder(folder.path)

    try:
        client.generate(BlenderTask(prepare))
        while True:
            for event in client.poll():
                match event:
                    case Working(step, _):
                        job.step = step
                    case Failure(_, message):
                        raise SettingsError(message)
                    case Finished():
                        outcome = read_outcome(folder.path)
                        job.warnings += _sentences("", outcome)
                        return outcome
            yield LATER
    except FlashVDMError as error:
        job.warnings.append(f"It stays a mesh of triangles ({str(error).rstrip('.')}).")
        return None
    finally:
        client.close()
        job.step = None


def counted(obj: bpy.types.Object) -> str:
    """How many faces an object has, in words: quads are no triangles."""
    mesh = mesh_of(obj)
    if len(mesh.loops) == 3 * len(mesh.polygons):
        return interface("{count:,} triangles", count=triangle_count(mesh))
    return interface("{count:,} faces", count=len(mesh.polygons))


def _sentence_of(remark: Remark) -> str:
    """A remark in the user's language."""
    match remark:
        case Remark.GRID:
            return report("QuadriFlow cannot follow this shape; the voxel remesher was used instead")
