"""Tools of the mask, in the sidebar of the Image Editor."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import masks
from ...settings.given import absolute_path
from ...settings.properties import TAB, scene_settings

CORRECTION = ("cutout_edge", "cutout_softness")
"""Settings of the cut-out that a person corrects it by."""


class FLASHVDM_PT_mask(bpy.types.Panel):  # noqa: N801
    """Keep and remove, by brush, box and click."""

    bl_label = "Mask"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = TAB

    @classmethod
    def poll(cls, context: Context) -> bool:
        shown = getattr(context.space_data, "image", None)
        return shown is not None and shown == masks.mask_of(absolute_path(scene_settings(context.scene).image))

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        row = layout.row(align=True)
        brush = context.tool_settings.image_paint.brush
        for keep, label, icon in ((True, interface("Keep"), "ADD"), (False, interface("Remove"), "REMOVE")):
            used = brush is not None and brush.blend == masks.BRUSH_BLENDS[keep]
            row.operator("flashvdm.mask_brush", text=label, translate=False, icon=icon, depress=used).keep = keep  # pyright: ignore[reportArgumentType]
        column = layout.column(align=True)
        for action, label in (
            ("KEEP", interface("Keep Box")),
            ("REMOVE", interface("Remove Box")),
            ("CROP", interface("Crop to Box")),
        ):
            button = column.operator("flashvdm.mask_box", text=label, translate=False, icon="SELECT_SET")
            button.action = action
        layout.operator("flashvdm.mask_choose", icon="RESTRICT_SELECT_OFF")
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        for name in CORRECTION:
            column.prop(settings, name)
        layout.operator("flashvdm.mask_clear", icon="LOOP_BACK")


CLASSES = (FLASHVDM_PT_mask,)
