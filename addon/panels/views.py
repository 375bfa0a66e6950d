"""Images of the other sides."""

import bpy

from ..host_types import Context
from ..properties import VIEW_LABELS, scene_settings
from .parts import Part, draw_open


class FLASHVDM_PT_views(Part, bpy.types.Panel):  # noqa: N801
    """Images of the other sides."""

    bl_label = "More Views"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.label(text="For models that take several images")
        column = layout.column()
        for view in VIEW_LABELS:
            row = column.row(align=True)
            row.prop(settings, f"image_{view}")
            draw_open(row, view)


CLASSES = (FLASHVDM_PT_views,)
