"""Many images into mesh files, and how far that is."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.session import session
from .parts import Advanced, draw_text, width


class FLASHVDM_PT_batch(Advanced, bpy.types.Panel):  # noqa: N801
    """The batch's button, progress and end."""

    bl_label = "Batch"

    def draw(self, context: Context) -> None:
        layout, batch = self.layout, session.batch
        assert layout is not None
        if batch.running:
            layout.progress(factor=batch.fraction, type="BAR", text=batch.text)
            layout.operator("flashvdm.batch_cancel", icon="CANCEL")
            return
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("flashvdm.batch", text=interface("Batch…"), translate=False, icon="FILE_FOLDER")
        if batch.end:
            draw_text(layout, batch.end, width(context), "ERROR" if batch.status else "CHECKMARK")


CLASSES = (FLASHVDM_PT_batch,)
