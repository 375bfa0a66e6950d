"""Several seeds of one image."""

import bpy

from ...blender.api_types import Context
from ...scene.variants import row_of
from ...settings.properties import scene_settings
from .parts import SubPanel


class FLASHVDM_PT_variants(SubPanel, bpy.types.Panel):  # noqa: N801
    """How many, and which one stays."""

    bl_label = "Variants"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(settings, "variants")
        row = layout.row()
        row.operator_context = "INVOKE_DEFAULT"
        row.enabled = bool(settings.image)
        row.operator("flashvdm.generate_variants", icon="MOD_ARRAY")


def draw_choice(layout: bpy.types.UILayout, context: Context) -> None:
    """The button that keeps the active object, where that is one of several."""
    if row_of(context.active_object):
        row = layout.row()
        row.scale_y = 1.2
        row.operator("flashvdm.keep_variant", icon="CHECKMARK")


CLASSES = (FLASHVDM_PT_variants,)
