"""What can be done to a mesh that is there: another number of faces, quads, the picture's colours."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty

from ....flashvdm_core.api.errors import FlashVDMError
from ....flashvdm_core.texture import OrthographicCamera
from ...blender.api_types import Context, Returned
from ...blender.texts import report
from ...scene import landmarks, retopology, texture
from ...scene.edited_mesh import edited, why_not_edited, why_not_new_faces
from ...scene.straighten import straighten
from ...settings.properties import quads_property, triangles_property, with_properties
from ...translations import sentence


class _OnMesh:
    """Base of the operators that work on the active mesh object."""

    bl_options = {"REGISTER", "UNDO"}

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


class _GivesNewFaces(_OnMesh):
    """Base of the operators that give the mesh other faces."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or why_not_new_faces(context.active_object)
        if reason:
            cls.poll_message_set(reason)  # pyright: ignore[reportAttributeAccessIssue] - of bpy.types.Operator
        return not reason


def _change(operator: bpy.types.Operator, obj: bpy.types.Object, change: Callable[[], list[str]]) -> bool:
    """Change the mesh of `obj`, or leave it as it was and say why; whether it was changed."""
    try:
        with edited(obj):
            sentences = change()
    except (FlashVDMError, RuntimeError, MemoryError) as error:  # the second: what Blender's own operators report
        reason = str(error).removeprefix("Error: ").strip() or type(error).__name__
        text = (
            sentence(reason) if isinstance(error, FlashVDMError) else report("The mesh stays as it was ({reason})", reason=reason)
        )
        operator.report({"ERROR"}, text)
        return False
    for warning in sentences:
        operator.report({"WARNING"}, sentence(warning))
    return True


def _noted(obj: bpy.types.Object, change: Callable[[], list[str]]) -> list[str]:
    """Give the mesh other faces, and keep what was known of how it had been turned and scaled."""
    longest, since = landmarks.longest_of(obj), landmarks.change_of(obj)
    sentences = change()
    if since is not None:
        landmarks.note(obj, longest, since)
    return sentences


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

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        if not _change(self, obj, lambda: _noted(obj, lambda: retopology.set_triangles(obj, self.target))):
            return {"CANCELLED"}
        count = retopology.triangle_count(obj.data)
        self.report({"INFO"}, report("{count:,} triangles", count=count))
        return {"FINISHED"}


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

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        if not _change(self, obj, lambda: _noted(obj, lambda: retopology.set_quads(obj, self.target, self.method == "FLOW"))):
            return {"CANCELLED"}
        self.report({"INFO"}, report("{count:,} faces", count=len(obj.data.polygons)))
        return {"FINISHED"}


@with_properties(
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
    bl_description = "Project the object's image on its mesh as it is now; needed after you have edited it"

    if TYPE_CHECKING:
        fit: bool
        yaw: float
        elevation: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not super().poll(context):
            return False
        if texture.picture_of(context.active_object) is None:
            cls.poll_message_set("The object has no image; generate it with Texture from Image")
            return False
        return True

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.prop(self, "fit")
        column = layout.column()
        column.enabled = not self.fit
        column.prop(self, "yaw")
        column.prop(self, "elevation")

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        return {"FINISHED"} if _change(self, obj, lambda: self._project(obj)) else {"CANCELLED"}

    def _project(self, obj: bpy.types.Object) -> list[str]:
        view = texture.project_again(obj, None if self.fit else OrthographicCamera(self.yaw, self.elevation))
        self.yaw, self.elevation = view.yaw, view.elevation
        return []


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


CLASSES = (FLASHVDM_OT_set_triangles, FLASHVDM_OT_set_quads, FLASHVDM_OT_straighten, FLASHVDM_OT_lay_colours)
