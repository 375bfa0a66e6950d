"""`bpy.ops.flashvdm.refine`: from a rough mesh and an image to a shape between them."""

import bpy

from ...blender.api_types import Context
from ...link.task_queue import QueueItem
from ...session.generation import enqueue_generation
from ...settings.given import given_to
from ...settings.properties import scene_settings, strength_property, with_properties
from .queued import EnqueuesTasks


@with_properties(strength=strength_property({"SKIP_SAVE"}))
class FLASHVDM_OT_refine(EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """Generate with the scene's image and settings, starting from the active mesh object."""

    bl_idname = "flashvdm.refine"
    bl_label = "Image-Guided Remesh"
    bl_description = "Generate from the image, but start from the shape of the active mesh object, which stays as it is"

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        return enqueue_generation(context, {"block_out": True} | given_to(self), live)


def _why_not(context: Context) -> str:
    """What keeps a block-out from being refined; "" if nothing does."""
    obj = context.active_object
    if obj is None or obj.type != "MESH":
        return "Select a mesh object"
    if context.mode != "OBJECT":
        return "Only in Object Mode"
    return "" if scene_settings(context.scene).image else "Choose an image first"


CLASSES = (FLASHVDM_OT_refine,)
