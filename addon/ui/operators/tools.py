"""The small operators around a generation."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, IntProperty

from ....flashvdm_core.api.errors import WorkerError
from ....flashvdm_core.files import read_file
from ...blender.api_types import Context, Returned
from ...blender.texts import report
from ...blender.viewports import show_textures
from ...blender.window import show_text
from ...session.session import session
from ...settings.preferences import preferences
from ...settings.properties import with_properties
from ...translations import sentence

_README = Path(__file__).parents[3] / "README.md"
_MAX_README = 1 << 20  # bytes
_MANUAL = "FlashVDM manual"


class FLASHVDM_OT_release_memory(bpy.types.Operator):  # noqa: N801
    """End the worker process."""

    bl_idname = "flashvdm.release_memory"
    bl_label = "Unload Model"
    bl_description = "Take the model out of memory and free the graphics card; the next Generate loads it again"

    @classmethod
    def poll(cls, context: Context) -> bool:
        client = session.tasks.client
        if session.tasks.generating:
            cls.poll_message_set("A generation is running")
            return False
        if client is None or not client.running:
            cls.poll_message_set("No model is loaded")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.release()
        return {"FINISHED"}


class FLASHVDM_OT_check_runtime(bpy.types.Operator):  # noqa: N801
    """Start the worker to see whether the chosen interpreter works."""

    bl_idname = "flashvdm.check_runtime"
    bl_label = "Test"
    bl_description = "Start the background process to see whether the chosen Python works, and on which device"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.tasks.generating or session.check.running:
            cls.poll_message_set("The background process is busy")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        try:
            session.check_runtime()
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


@with_properties(show=BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_show_textures(bpy.types.Operator):  # noqa: N801
    """Textures in Solid, in which a result would be grey; the answer is remembered."""

    bl_idname = "flashvdm.show_textures"
    bl_label = "Show Textures"
    bl_description = "Show textures in viewports in Solid, now and whenever a result comes; the preferences can change it"

    if TYPE_CHECKING:
        show: bool

    def execute(self, context: Context) -> Returned:
        preferences().texture_shading = "ALWAYS" if self.show else "NEVER"
        if self.show:
            show_textures()
        return {"FINISHED"}


class FLASHVDM_OT_manual(bpy.types.Operator):  # noqa: N801
    """Show the README that came with the extension."""

    bl_idname = "flashvdm.manual"
    bl_label = "Manual"
    bl_description = "Show what the add-on does and how it is used as text in a window"

    def execute(self, context: Context) -> Returned:
        try:
            page = read_file(_README, _MAX_README).decode("utf-8", errors="replace")
        except OSError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        text = bpy.data.texts.get(_MANUAL) or bpy.data.texts.new(_MANUAL)
        text.clear()
        text.write(page)
        text.cursor_set(0)
        show_text(context, text)
        return {"FINISHED"}


@with_properties(entry=IntProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_show_details(bpy.types.Operator):  # noqa: N801
    """Put what is known about a failure into a text, to read or to send."""

    bl_idname = "flashvdm.show_details"
    bl_label = "Show Details"
    bl_description = "Show what is known about the failure as text in a window"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        entry: int

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not any(item.job.error for item in session.tasks.queue.items):
            cls.poll_message_set("Nothing has failed")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        queue = session.tasks.queue
        failed = [item for item in queue.items if item.job.error]
        job = (queue.find(self.entry) or failed[-1]).job
        text = bpy.data.texts.new("FlashVDM log")
        technical = report("For a bug report, what the program itself says:")
        text.write(f"{job.label}\n\n{sentence(job.error)}\n\n\n{technical}\n\n{job.details}\n")
        text.cursor_set(0)
        show_text(context, text)
        self.report({"INFO"}, report("The details are in the text '{name}'", name=text.name))
        return {"FINISHED"}


CLASSES = (
    FLASHVDM_OT_show_textures,
    FLASHVDM_OT_manual,
    FLASHVDM_OT_release_memory,
    FLASHVDM_OT_check_runtime,
    FLASHVDM_OT_show_details,
)
