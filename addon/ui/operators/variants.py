"""Several seeds of one image, and the choice of one."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty

from ...blender.api_types import Context, Returned
from ...link.task_queue import QueueItem
from ...scene.result_object import ResultObject
from ...scene.variants import keep_only, row_of
from ...session.generation import enqueue_generation
from ...session.session import session
from ...settings.properties import scene_settings, with_properties
from .queued import EnqueuesTasks


@with_properties(count=IntProperty(name="Variants", default=0, min=0, max=100, options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_generate_variants(EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """Generate the scene's image with several seeds, in a row."""

    bl_idname = "flashvdm.generate_variants"
    bl_label = "Generate Variants"
    bl_description = "Make several meshes of the image, each with the next seed, in a row to choose from"

    if TYPE_CHECKING:
        count: int

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        return enqueue_generation(context, {"variants": self.count or scene_settings(context.scene).variants}, live)


class FLASHVDM_OT_keep_variant(bpy.types.Operator):  # noqa: N801
    """Keep the active one of several variants."""

    bl_idname = "flashvdm.keep_variant"
    bl_label = "Keep This One"
    bl_description = "Put the active variant in the row's place and remove the others, also those that are still to come"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not row_of(context.active_object):
            cls.poll_message_set("The active object is not one of several variants")
            return False
        if context.mode != "OBJECT":
            cls.poll_message_set("Leave the mode of the active object first")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        chosen = context.active_object
        queue = session.tasks.queue
        for item in list(queue.items):
            sink = item.sink
            if isinstance(sink, ResultObject) and sink.variants and sink.variants.group == row_of(chosen):
                queue.remove(item)
        keep_only(chosen)
        return {"FINISHED"}


CLASSES = (FLASHVDM_OT_generate_variants, FLASHVDM_OT_keep_variant)
