"""What can be done to a mesh that is there: another number of faces, quads, the picture's colours."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty

from ....flashvdm_core.texture import OrthographicCamera
from ...blender.api_types import Context, Returned
from ...blender.texts import report
from ...scene import retopology, texture
from ...settings.properties import quads_property, triangles_property, with_properties


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
    if obj.library is not None or obj.data.library is not None:
        return "The object is linked from another file"
    return "" if len(obj.data.polygons) else "The mesh has no faces"


@with_properties(target=triangles_property())
class FLASHVDM_OT_set_triangles(_OnMesh, bpy.types.Operator):  # noqa: N801
    """Fewer triangles, or more."""

    bl_idname = "flashvdm.set_triangles"
    bl_label = "Set Triangles"
    bl_description = (
        "Reduce the mesh to about this many triangles, or divide its faces smoothly up to as many. "
        "Dividing adds no detail; a finer Resolution does"
    )

    if TYPE_CHECKING:
        target: int

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        retopology.set_triangles(obj, self.target)
        count = retopology.triangle_count(obj.data)
        self.report({"INFO"}, report("{count:,} triangles").format(count=count))
        return {"FINISHED"}


@with_properties(
    target=quads_property(),
    method=EnumProperty(
        name="Method",
        description="How the quads are laid",
        items=(
            ("FLOW", "Along the Shape", "QuadriFlow: edges follow the shape. Takes seconds to minutes"),
            ("VOXELS", "Grid", "Voxel remesh: quick, and always gives a closed mesh"),
        ),
    ),
)
class FLASHVDM_OT_set_quads(_OnMesh, bpy.types.Operator):  # noqa: N801
    """Quads in the place of triangles."""

    bl_idname = "flashvdm.set_quads"
    bl_label = "Make Quads"
    bl_description = "Rebuild the mesh of about this many quads with Blender's own remeshers, and lay its colours on again"

    if TYPE_CHECKING:
        target: int
        method: str

    def execute(self, context: Context) -> Returned:
        obj = context.active_object
        if not retopology.set_quads(obj, self.target, self.method == "FLOW"):
            self.report({"WARNING"}, "QuadriFlow cannot follow this shape; a grid was laid instead")
        self.report({"INFO"}, report("{count:,} faces").format(count=len(obj.data.polygons)))
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
    bl_label = "Lay Colours"
    bl_description = "Lay the colours of the object's image on its mesh as it is now; needed after you have edited it"

    if TYPE_CHECKING:
        fit: bool
        yaw: float
        elevation: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not super().poll(context):
            return False
        if texture.picture_of(context.active_object) is None:
            cls.poll_message_set("The object has no image; generate it with Front Colours")
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
        view = texture.project_again(context.active_object, None if self.fit else OrthographicCamera(self.yaw, self.elevation))
        self.yaw, self.elevation = view.yaw, view.elevation
        return {"FINISHED"}


CLASSES = (FLASHVDM_OT_set_triangles, FLASHVDM_OT_set_quads, FLASHVDM_OT_lay_colours)
