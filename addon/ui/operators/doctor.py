"""What is right and wrong on this machine, and the report for others."""

import bpy

from ....flashvdm_core.doctor.findings import Status
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import interface
from ...session.session import session
from ...translations import sentence


class FLASHVDM_OT_doctor(bpy.types.Operator):  # noqa: N801
    """Examine interpreter, PyTorch, graphics card, memory, models, disk and permissions.

    Invoked from the user interface, it returns at once and the panels show the report when it is there; executed from a
    script or in the background, it blocks, and raises RuntimeError with the errors that it found.
    """

    bl_idname = "flashvdm.doctor"
    bl_label = "System Check"
    bl_description = "Say what is right and wrong with Python, PyTorch, graphics card, memory, models, disk and permissions"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.doctor.running:
            cls.poll_message_set("The system check is running")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.run_doctor(live=False)
        for finding in session.doctor.findings:
            if finding.status is Status.ERROR:
                self.report({"ERROR"}, f"{interface(finding.topic)}: {sentence(finding.text)}. {sentence(finding.remedy)}")
            elif finding.status is Status.WARNING:
                self.report({"WARNING"}, f"{interface(finding.topic)}: {sentence(finding.text)}. {sentence(finding.remedy)}")
        return {"FINISHED"}

    def invoke(self, context: Context, event: Event) -> Returned:
        session.run_doctor(live=True)
        return {"FINISHED"}


class FLASHVDM_OT_copy_report(bpy.types.Operator):  # noqa: N801
    """Put the report on the clipboard."""

    bl_idname = "flashvdm.copy_report"
    bl_label = "Copy Report"
    bl_description = "Copy the report as text, without your name and home folder, to paste it into a bug report"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.doctor.text or session.doctor.running:
            cls.poll_message_set("There is no report yet")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        context.window_manager.clipboard = session.doctor.text
        self.report({"INFO"}, "The report is on the clipboard")
        return {"FINISHED"}


CLASSES = (FLASHVDM_OT_doctor, FLASHVDM_OT_copy_report)
