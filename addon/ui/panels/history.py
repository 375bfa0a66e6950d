"""What was generated in the scene: a list, the chosen one's details, and how several differ."""

from typing import Any

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import history
from .parts import SubPanel


class FLASHVDM_UL_history(bpy.types.UIList):  # noqa: N801
    """One line for each generation."""

    def draw_item(
        self,
        context: Context,
        layout: Any,
        data: Any,
        item: Any,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None = 0,
        flt_flag: int | None = 0,
    ) -> None:
        split = layout.split(factor=0.68, align=True)
        row = split.row(align=True)
        row.prop(item, "compared", text="")
        picture = layout.icon(item.front) if item.front is not None else 0
        row.label(text=item.name, icon_value=picture, translate=False)
        split.label(text=interface("Seed {seed}", seed=item.seed), translate=False)


class FLASHVDM_PT_history(SubPanel, bpy.types.Panel):  # noqa: N801
    """The list."""

    bl_label = "History"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        found = history.history_of(context.scene)
        if not found.entries:
            layout.label(text=interface("What you generate is listed here"), translate=False)
            return
        row = layout.row()
        row.template_list("FLASHVDM_UL_history", "", found, "entries", found, "active", rows=3)
        column = row.column(align=True)
        column.operator("flashvdm.history_remove", text="", icon="REMOVE")
        column.operator("flashvdm.history_clear", text="", icon="TRASH")
        entry = history.active_entry(context.scene)
        if entry is not None:
            _draw_entry(layout, entry)
        _draw_compared(layout, context.scene)


def _draw_entry(layout: bpy.types.UILayout, entry: history.FlashVDMHistoryEntry) -> None:
    facts = layout.column(align=True)
    facts.label(text=entry.time, translate=False)
    facts.label(text=interface("Model {model}", model=entry.model), translate=False)
    made = interface("{triangles:,} triangles in {seconds:.1f} s", triangles=entry.triangles, seconds=entry.seconds)
    facts.label(text=made, translate=False)
    if entry.memory:
        facts.label(text=interface("{memory:.1f} GiB of memory at the peak", memory=entry.memory), translate=False)
    column = layout.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    column.operator("flashvdm.history_generate", icon="FILE_REFRESH")
    column.operator("flashvdm.history_restore")
    column.operator("flashvdm.history_select")


def _draw_compared(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """A table of what differs, a column for each of the ticked entries."""
    entries, rows = history.compared(scene)
    if len(entries) < 2:
        layout.label(text=interface("Select two to compare"), translate=False)
        return
    box = layout.box()
    if not rows:
        box.label(text=interface("No difference"), translate=False)
    for label, values in rows.items():
        line = box.row(align=True)
        line.label(text=interface(label), translate=False)
        for value in values:
            line.label(text=value, translate=False)


CLASSES = (FLASHVDM_UL_history, FLASHVDM_PT_history)
