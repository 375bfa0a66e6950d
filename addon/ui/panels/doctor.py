"""What the doctor found: a panel of the sidebar, and the same in the preferences."""

import bpy

from ....flashvdm_core.doctor.findings import Status
from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.session import session
from ...translations import sentence
from .parts import Advanced, draw_text, width

_ICONS = {Status.OK: "CHECKMARK", Status.WARNING: "ERROR", Status.ERROR: "CANCEL"}


class FLASHVDM_PT_doctor(Advanced, bpy.types.Panel):  # noqa: N801
    """The doctor's button and report."""

    bl_label = "Diagnostics"

    def draw(self, context: Context) -> None:
        assert self.layout is not None
        draw_doctor(self.layout, context)


def draw_doctor(layout: bpy.types.UILayout, context: Context) -> None:
    """The button, and below what was found: the trouble first, then one line of what is right."""
    doctor = session.doctor
    column = layout.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    column.operator("flashvdm.doctor", icon="VIEWZOOM")
    column.operator("flashvdm.copy_report", icon="COPYDOWN")
    if doctor.running:
        layout.label(text=interface("Checking the system"), translate=False, icon="SORTTIME")
        return
    if not doctor.findings:
        return
    for status in (Status.ERROR, Status.WARNING):
        for finding in doctor.findings:
            if finding.status is status:
                box = layout.box()
                draw_text(box, f"{interface(finding.topic)}: {sentence(finding.text)}", width(context), _ICONS[status])
                draw_text(box, finding.remedy, width(context), "BLANK1")
    topics = dict.fromkeys(interface(finding.topic) for finding in doctor.findings if finding.status is Status.OK)
    draw_text(layout, interface("OK: {topics}", topics=", ".join(topics)), width(context), _ICONS[Status.OK])


CLASSES = (FLASHVDM_PT_doctor,)
