"""What the user can do to the tasks that line up."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, IntProperty

from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...blender.window import redraw_panels
from ...session.session import session
from ...settings.properties import with_properties


@with_properties(by_key=BoolProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_cancel(bpy.types.Operator):  # noqa: N801
    """Stop the task under way; the scene stays as it was, and the next one begins.

    It can be taken back: `flashvdm.queue_again`. By its key it does nothing in any mode but Object Mode, where the key means
    something else.
    """

    bl_idname = "flashvdm.cancel"
    bl_label = "Cancel"
    bl_description = "Stop what is running; the scene stays as it was, the next in the queue begins, and Again takes it up"

    if TYPE_CHECKING:
        by_key: bool

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.tasks.generating:
            cls.poll_message_set("Nothing is running")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> Returned:
        return {"PASS_THROUGH"} if self.by_key and context.mode != "OBJECT" else self.execute(context)

    def execute(self, context: Context) -> Returned:
        job = session.tasks.job
        session.cancel()
        if job is not None:
            self.report({"INFO"}, report("{name} was cancelled; Again takes it up", name=job.label))
        return {"FINISHED"}


@with_properties(entry=IntProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_queue_again(bpy.types.Operator):  # noqa: N801
    """Line up once more what was ended or has failed."""

    bl_idname = "flashvdm.queue_again"
    bl_label = "Again"
    bl_description = "Put this task into the queue once more, from the same image and with the same settings"

    if TYPE_CHECKING:
        entry: int

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not any(item.job.over for item in session.tasks.queue.items):
            cls.poll_message_set("No task has ended")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        queue = session.tasks.queue
        item = queue.find(self.entry)
        if item is None or queue.again(item) is None:
            self.report({"WARNING"}, "It cannot be taken up again: start it anew")
            return {"CANCELLED"}
        session.run_live()
        return {"FINISHED"}


@with_properties(entry=IntProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_queue_remove(bpy.types.Operator):  # noqa: N801
    """Take one task out of the queue."""

    bl_idname = "flashvdm.queue_remove"
    bl_label = "Remove"
    bl_description = "Take it out of the queue; what is running is cancelled. Objects that are there already stay"

    if TYPE_CHECKING:
        entry: int

    def execute(self, context: Context) -> Returned:
        queue = session.tasks.queue
        item = queue.find(self.entry)
        if item is None:
            self.report({"WARNING"}, "It is not in the queue any more")
            return {"CANCELLED"}
        queue.remove(item)
        redraw_panels()
        return {"FINISHED"}


class FLASHVDM_OT_queue_clear(bpy.types.Operator):  # noqa: N801
    """Cancel and remove every task."""

    bl_idname = "flashvdm.queue_clear"
    bl_label = "Clear Queue"
    bl_description = "Cancel what is running and take everything out of the queue. Objects that are there already stay"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.tasks.queue.items:
            cls.poll_message_set("The queue is empty")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        queue = session.tasks.queue
        for item in list(queue.items):
            queue.remove(item)
        redraw_panels()
        return {"FINISHED"}


CLASSES = (FLASHVDM_OT_cancel, FLASHVDM_OT_queue_again, FLASHVDM_OT_queue_remove, FLASHVDM_OT_queue_clear)
