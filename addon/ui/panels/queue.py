"""The tasks that line up, where there is more than one."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...link.job import Job, State
from ...link.task_queue import QueueItem
from ...session.session import session
from .parts import SubPanel

_ICONS = {
    State.WAITING: "SORTTIME",
    State.DONE: "CHECKMARK",
    State.FAILED: "ERROR",
    State.CANCELLED: "CANCEL",
}
_UNDER_WAY = "PLAY"


class FLASHVDM_PT_queue(SubPanel, bpy.types.Panel):  # noqa: N801
    """Each task with its state, and a button that removes it."""

    bl_label = "Queue"
    bl_options = set()

    @classmethod
    def poll(cls, context: Context) -> bool:
        items = session.tasks.queue.in_sight
        return len(items) > 1 or any(item is not session.tasks.queue.last for item in items)  # of that the main panel tells

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        column = layout.column(align=True)
        for item in session.tasks.queue.in_sight:
            _draw_item(column.row(align=True), item)
        layout.operator("flashvdm.queue_clear")


def _draw_item(row: bpy.types.UILayout, item: QueueItem) -> None:
    job = item.job
    icon = _ICONS.get(job.state, _UNDER_WAY)
    row.label(text=f"{job.label}: {_state(job)}", translate=False, icon=icon)  # pyright: ignore[reportArgumentType]
    if job.state in (State.CANCELLED, State.FAILED):
        row.operator("flashvdm.queue_again", text="", icon="FILE_REFRESH").entry = item.id
    if job.error:
        row.operator("flashvdm.show_details", text="", icon="TEXT").entry = item.id
    row.operator("flashvdm.queue_remove", text="", icon="X", emboss=False).entry = item.id


def _state(job: Job) -> str:
    match job.state:
        case State.STARTING | State.RUNNING:
            return f"{job.fraction:.0%}"
        case State.DONE:
            return interface("Done")
        case State.INSERTING:
            return "100%"
        case _:
            return interface(job.text)


CLASSES = (FLASHVDM_PT_queue,)
