"""Images of the other sides."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.model_info import takes_several_views
from ...settings.given import absolute_model
from ...settings.properties import VIEW_LABELS, scene_settings
from .parts import SubPanel, draw_open, draw_text, width


class FLASHVDM_PT_views(SubPanel, bpy.types.Panel):  # noqa: N801
    """Images of the other sides."""

    bl_label = "Multi-View"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        several = takes_several_views(absolute_model(settings.model))
        note = interface("Images of the same object" if several else "This model takes the front image alone")
        draw_text(layout, note, width(context), "NONE" if several else "INFO")
        column = layout.column()
        # What is filled in can be emptied: with another model it may have been of use.
        column.enabled = several or any(getattr(settings, f"image_{view}") for view in VIEW_LABELS)
        for view in VIEW_LABELS:
            row = column.row(align=True)
            row.prop(settings, f"image_{view}")
            draw_open(row, view)


CLASSES = (FLASHVDM_PT_views,)
