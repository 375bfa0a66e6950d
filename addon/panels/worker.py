"""The worker process."""

import bpy

from .. import session
from ..host_types import Context
from .parts import Part


class FLASHVDM_PT_memory(Part, bpy.types.Panel):  # noqa: N801
    """The worker process."""

    bl_label = "Worker"

    def draw(self, context: Context) -> None:
        layout, client = self.layout, session.session.client
        assert layout is not None
        running = client is not None and client.running
        ready = client.ready if client is not None and running else None
        layout.label(text=f"Running on {ready.device}" if ready else "Starting" if running else "Not running")
        layout.operator("flashvdm.release_memory")


CLASSES = (FLASHVDM_PT_memory,)
