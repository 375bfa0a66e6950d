"""`bpy.ops.flashvdm.refine`: from a rough mesh and an image to a shape between them."""

from typing import TYPE_CHECKING, Any

import bpy

from ...blender.host_types import Context, Event, Returned
from ...settings.properties import scene_settings, strength_property, with_properties


@with_properties(strength=strength_property({"SKIP_SAVE"}))
class FLASHVDM_OT_refine(bpy.types.Operator):  # noqa: N801
    """Generate with the scene's image and settings, starting from the active mesh object."""

    bl_idname = "flashvdm.refine"
    bl_label = "Refine Block-Out"
    bl_description = "Generate from the image, but start from the shape of the active mesh object, which stays as it is"
    bl_options = set()

    if TYPE_CHECKING:
        strength: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: Context) -> Returned:
        return self._generate(context, "EXEC_DEFAULT")

    def invoke(self, context: Context, event: Event) -> Returned:
        return self._generate(context, "INVOKE_DEFAULT")

    def _generate(self, context: Context, how: str) -> Returned:
        given = self.properties.is_property_set("strength")
        strength = self.strength if given else scene_settings(context.scene).strength
        operators: Any = bpy.ops  # the stubs know no operators of add-ons
        try:
            return operators.flashvdm.generate(how, block_out=True, strength=strength)
        except RuntimeError as error:  # what the operator has reported
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
            return {"CANCELLED"}


def _why_not(context: Context) -> str:
    """What keeps a block-out from being refined; "" if nothing does."""
    obj = context.active_object
    if obj is None or obj.type != "MESH":
        return "Select a mesh object"
    if context.mode != "OBJECT":
        return "Only in Object Mode"
    return "" if scene_settings(context.scene).image else "Choose an image first"


CLASSES = (FLASHVDM_OT_refine,)
