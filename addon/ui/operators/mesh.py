"""What can be done to a mesh that is there: another number of faces, quads, the picture's colours."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ....flashvdm_core.api.errors import FlashVDMError
from ....flashvdm_core.texture import OrthographicCamera
from ...blender.api_types import Context, Returned
from ...blender.texts import report
from ...blender.window import push_undo
from ...link.task_queue import QueueItem
from ...scene import texture
from ...scene.edited_mesh import why_not_edited, why_not_new_faces
from ...scene.mesh_work import MeshWork, Projection
from ...scene.parts import split_into_parts
from ...scene.retopology import Faces, Method
from ...scene.seen_through import through_camera, through_view, view_of
from ...scene.stored_images import pixels_named, pixels_of_file
from ...scene.straighten import straighten
from ...scene.worked_object import WorkedObject, counted, other_faces, stored_projection, work_here
from ...session.session import session
from ...settings.given import absolute_path
from ...settings.properties import quads_property, scene_settings, triangles_property, with_properties
from ...translations import sentence
from .queued import EnqueuesTasks, tell


class _OnMesh(EnqueuesTasks):
    """Base of the operators that work on the active mesh object.

    Invoked from the user interface, another Blender does it; executed from a script or without a window, this one at once.
    """

    if TYPE_CHECKING:
        bl_label: str

    def wanted(self) -> Callable[[bpy.types.Object], MeshWork]:
        """Tells what shall be done to the object as it is by then; without the operator, which is gone when its turn comes."""
        raise NotImplementedError

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        sink = WorkedObject(context.active_object, self.wanted(), self.bl_label)
        return [session.enqueue_background(sink.task, context.active_object.name, sink)]

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        try:
            sentences = work_here(obj, self.wanted()(obj))
        except (FlashVDMError, RuntimeError, MemoryError) as error:  # the second: what Blender's own operators report
            reason = str(error).removeprefix("Error: ").strip() or type(error).__name__
            stays = report("The mesh stays as it was ({reason})", reason=reason)
            tell(self, "ERROR", sentence(reason) if isinstance(error, FlashVDMError) else stays)
            return {"CANCELLED"}
        for warning in sentences:
            tell(self, "WARNING", sentence(warning))
        tell(self, "INFO", counted(obj))
        push_undo(self.bl_label)
        return {"FINISHED"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context)
        if reason:
            cls.poll_message_set(reason)  # pyright: ignore[reportAttributeAccessIssue] - of bpy.types.Operator
        return not reason


def _why_not(context: Context) -> str:
    """What keeps the buttons from being pressed; "" if nothing does."""
    obj = context.active_object
    if obj is None or obj.type != "MESH":
        return "Select a mesh object"
    if context.mode != "OBJECT":
        return "Only in Object Mode"
    if reason := why_not_edited(obj):
        return reason
    return "" if len(obj.data.polygons) else "The mesh has no faces"


def _why_not_seen(obj: bpy.types.Object) -> str:
    """Blender's own tool works on what is selected."""
    return "" if obj.visible_get() else "The object is hidden; show it first"


class _GivesNewFaces(_OnMesh):
    """Base of the operators that give the mesh other faces."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or why_not_new_faces(context.active_object)
        if reason:
            cls.poll_message_set(reason)  # pyright: ignore[reportAttributeAccessIssue] - of bpy.types.Operator
        return not reason


@with_properties(target=triangles_property())
class FLASHVDM_OT_set_triangles(_GivesNewFaces, bpy.types.Operator):  # noqa: N801
    """Fewer triangles, or more."""

    bl_idname = "flashvdm.set_triangles"
    bl_label = "Decimate / Subdivide"
    bl_description = (
        "Reduce the mesh to about this many triangles, or divide its faces smoothly up to as many. "
        "Dividing adds no detail; a higher Mesh Detail does"
    )

    if TYPE_CHECKING:
        target: int

    def wanted(self) -> Callable[[bpy.types.Object], MeshWork]:
        return other_faces(Faces(Method.TRIANGLES, self.target))


@with_properties(
    target=quads_property(),
    method=EnumProperty(
        name="Method",
        description="How the quads are laid",
        items=(
            ("FLOW", "QuadriFlow", "QuadriFlow: edges follow the shape. Takes seconds to minutes"),
            ("VOXELS", "Voxel", "Voxel remesh: quick, and always gives a closed mesh"),
        ),
    ),
)
class FLASHVDM_OT_set_quads(_GivesNewFaces, bpy.types.Operator):  # noqa: N801
    """Quads in the place of triangles."""

    bl_idname = "flashvdm.set_quads"
    bl_label = "Quad Remesh"
    bl_description = "Rebuild the mesh of about this many quads with Blender's own remeshers, and project its texture again"

    if TYPE_CHECKING:
        target: int
        method: str

    def wanted(self) -> Callable[[bpy.types.Object], MeshWork]:
        return other_faces(Faces(Method(self.method), self.target))


class FLASHVDM_OT_make_symmetric(_GivesNewFaces, bpy.types.Operator):  # noqa: N801
    """The better half in the place of the other."""

    bl_idname = "flashvdm.make_symmetric"
    bl_label = "Make Symmetric"
    bl_description = (
        "Find the upright plane on which the mesh is nearly symmetric, and put the mirror image of its better half, "
        "which the front view shows, in the place of the other. Its texture is mirrored with it"
    )

    def wanted(self) -> Callable[[bpy.types.Object], MeshWork]:
        return lambda obj: MeshWork(symmetric=True)


_THROUGH = (
    ("OUTLINE", "Outline", "See the image from where its outline fits the mesh, or from the given side"),
    ("CAMERA", "Camera", "See the image through the scene's camera"),
    ("VIEW", "View", "See the image through this viewport"),
)


@with_properties(
    through=EnumProperty(name="Project From", description="From where the image is projected", items=_THROUGH),
    image=StringProperty(
        name="Image", description="Image of the file; empty: the object's own, else the one in the panel", options={"SKIP_SAVE"}
    ),
    fit=BoolProperty(
        name="Find the View", description="See the picture from where its outline fits the mesh best", default=True
    ),
    yaw=FloatProperty(
        name="Turn", description="From which side the picture was seen, in degrees; 0 is the front", min=-180.0, max=180.0,
        precision=1,
    ),
    elevation=FloatProperty(
        name="Height", description="From how far above the picture was seen, in degrees; 0 is level", min=-90.0, max=90.0,
        precision=1,
    ),
)  # fmt: skip
class FLASHVDM_OT_lay_colours(_OnMesh, bpy.types.Operator):  # noqa: N801
    """The picture's colours on the mesh as it is now."""

    bl_idname = "flashvdm.lay_colours"
    bl_label = "Project Image"
    bl_description = (
        "Project an image on the mesh as it is now: the object's own after you have edited it, or the one in the panel"
    )

    if TYPE_CHECKING:
        through: str
        image: str
        fit: bool
        yaw: float
        elevation: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not super().poll(context):
            return False
        chosen = scene_settings(context.scene).image or len(bpy.data.images)
        if texture.picture_of(context.active_object) is None and not chosen:
            cls.poll_message_set("Choose an image first")
            return False
        return True

    def wanted(self) -> Callable[[bpy.types.Object], MeshWork]:
        through, name, context = self.through, self.image, bpy.context
        view = None if self.fit else OrthographicCamera(self.yaw, self.elevation)
        seen = view_of(context.region_data) if through == "VIEW" else None
        own = through == "OUTLINE" and not name

        def wanted(obj: bpy.types.Object) -> MeshWork:
            if own and texture.picture_of(obj) is not None:
                return MeshWork(projection=stored_projection(obj, view))
            scene = bpy.context.scene
            assert scene is not None
            pixels = pixels_of_file(absolute_path(scene_settings(scene).image)) if not name else pixels_named(name)
            if through == "OUTLINE":
                return MeshWork(projection=Projection(pixels, view))
            height, width = pixels.shape[:2]
            depsgraph = bpy.context.evaluated_depsgraph_get()
            camera = through_camera(obj, scene, depsgraph, width, height) if seen is None else through_view(obj, seen)
            return MeshWork(projection=Projection(pixels, camera=camera))

        return wanted


class FLASHVDM_OT_split_parts(bpy.types.Operator):  # noqa: N801
    """The loose parts of a mesh as objects of their own."""

    bl_idname = "flashvdm.split_parts"
    bl_label = "Split into Parts"
    bl_description = (
        "Make an object of each loose part of the mesh; materials and UVs stay, and the largest part stays the result"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or why_not_new_faces(context.active_object) or _why_not_seen(context.active_object)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: Context) -> Returned:
        parts = split_into_parts(context.active_object)
        if len(parts) == 1:
            self.report({"INFO"}, report("It is one part already"))
            return {"CANCELLED"}
        self.report({"INFO"}, report("{count:,} parts", count=len(parts)))
        return {"FINISHED"}


class FLASHVDM_OT_straighten(bpy.types.Operator):  # noqa: N801
    """Objects of a picture stand as they were seen; this turns them to the axes."""

    bl_idname = "flashvdm.straighten"
    bl_label = "Straighten"
    bl_description = "Turn the selected mesh objects about the vertical so that their footprints lie along the axes"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = "Only in Object Mode" if context.mode != "OBJECT" else "" if _meshes(context) else "Select a mesh object"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: Context) -> Returned:
        turned = [obj for obj in _meshes(context) if straighten(obj)]
        if not turned:
            self.report({"INFO"}, report("It stands straight already"))
            return {"CANCELLED"}
        return {"FINISHED"}


def _meshes(context: Context) -> list[bpy.types.Object]:
    """The selected mesh objects that may be turned."""
    return [obj for obj in context.selected_objects if obj.type == "MESH" and obj.library is None]


CLASSES = (
    FLASHVDM_OT_set_triangles,
    FLASHVDM_OT_set_quads,
    FLASHVDM_OT_make_symmetric,
    FLASHVDM_OT_split_parts,
    FLASHVDM_OT_straighten,
    FLASHVDM_OT_lay_colours,
)
