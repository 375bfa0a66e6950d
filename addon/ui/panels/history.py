"""What was made in the scene, as pictures: a click puts a mesh into the place of the active one."""

from datetime import datetime

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import history, thumbnails
from .parts import SubPanel

_SHOWN = 12  # pictures; what has a star is the first among them
_COLUMNS = 2


class FLASHVDM_PT_history(SubPanel, bpy.types.Panel):  # noqa: N801
    """The gallery, the chosen entry, and two side by side."""

    bl_label = "History"

    def draw(self, context: Context) -> None:
        layout, scene = self.layout, context.scene
        assert layout is not None
        entries = history.history_of(scene).entries
        if not entries:
            layout.label(text=interface("What you generate is listed here"), translate=False)
            return
        shown = history.in_order(scene)[:_SHOWN]
        for first in range(0, len(shown), _COLUMNS):
            row = layout.row()
            for index in shown[first : first + _COLUMNS]:
                _draw_cell(row.column(align=True), entries[index])
        entry = history.active_entry(scene)
        if entry is not None:
            _draw_entry(layout, entry)
        _draw_compared(layout, scene)
        layout.operator("flashvdm.history_clear", icon="TRASH")


def _draw_cell(column: bpy.types.UILayout, entry: history.FlashVDMHistoryEntry) -> None:
    """One mesh: its picture, and what can be done with it."""
    column.operator_context = "INVOKE_DEFAULT"
    column.template_icon(icon_value=_icon(column, entry), scale=4.5)
    name = interface("Undone") if entry.undone else entry.name
    column.operator("flashvdm.history_show", text=name, translate=False).entry = entry.entry
    row = column.row(align=True)
    row.prop(entry, "starred", text="", icon="SOLO_ON" if entry.starred else "SOLO_OFF")
    row.prop(entry, "compared", text="", icon="IMGDISPLAY")
    row.operator("flashvdm.history_discard", text="", icon="X").entry = entry.entry


def _icon(layout: bpy.types.UILayout, entry: history.FlashVDMHistoryEntry) -> int:
    """The picture of its mesh; of an entry that an older version wrote, the picture that it was made of."""
    icon = thumbnails.icon_of_mesh(entry.entry, entry.picture)
    return icon or (layout.icon(entry.front) if entry.front is not None else 0)


def _draw_entry(layout: bpy.types.UILayout, entry: history.FlashVDMHistoryEntry) -> None:
    facts = layout.box().column(align=True)
    facts.label(text=interface(history.KINDS.get(entry.kind, "Generated")), translate=False)
    facts.label(text=_when(entry.time), translate=False)
    model = interface("Built-in Model") if entry.model == "embedded" else entry.model
    facts.label(text=interface("{model}, seed {seed}", model=model, seed=entry.seed), translate=False)
    made = interface("{triangles:,} triangles in {seconds:.1f} s", triangles=entry.triangles, seconds=entry.seconds)
    facts.label(text=made, translate=False)
    column = layout.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    column.operator("flashvdm.history_generate", icon="FILE_REFRESH")
    column.operator("flashvdm.history_restore")
    column.operator("flashvdm.history_select")


def _when(moment: str) -> str:
    """A time as people say it: today and yesterday by their names, other days by their dates."""
    try:
        then = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return moment
    days = (datetime.now().date() - then.date()).days
    clock = then.strftime("%H:%M")
    if days == 0:
        return interface("Today at {clock}", clock=clock)
    return interface("Yesterday at {clock}", clock=clock) if days == 1 else then.strftime("%x")


def _draw_compared(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """Two entries side by side, and below them what differs."""
    entries, rows = history.compared(scene)
    if len(entries) < 2:
        layout.label(text=interface("Select two to compare"), translate=False)
        return
    box = layout.box()
    pictures = box.row()
    for entry in entries:
        cell = pictures.column(align=True)
        cell.template_icon(icon_value=_icon(cell, entry), scale=5.0)
        cell.label(text=entry.name, translate=False)
    if not rows:
        box.label(text=interface("No difference"), translate=False)
    for label, values in rows.items():
        line = box.row(align=True)
        line.label(text=interface(label), translate=False)
        for value in values:
            line.label(text=value, translate=False)


CLASSES = (FLASHVDM_PT_history,)
