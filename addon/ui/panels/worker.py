"""The worker process."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.session import session
from .parts import Advanced, draw_text, width


class FLASHVDM_PT_memory(Advanced, bpy.types.Panel):  # noqa: N801
    """The worker process."""

    bl_label = "Background Process"

    def draw(self, context: Context) -> None:
        layout, client = self.layout, session.tasks.client
        assert layout is not None
        running = client is not None and client.running
        ready = client.ready if client is not None and running else None
        if ready is not None:
            layout.label(text=interface("Running on {device}", device=ready.device), translate=False)
        else:
            layout.label(text=interface("Starting" if running else "Not running"), translate=False)
        job = session.tasks.job
        if job is not None and job.decoder:
            draw_text(layout, interface("Model {model}", model=job.model), width(context))
            draw_text(layout, interface("Decoder {decoder}", decoder=job.decoder), width(context))
        layout.operator("flashvdm.release_memory")


CLASSES = (FLASHVDM_PT_memory,)
