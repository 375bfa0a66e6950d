"""Several seeds of one image."""

import bpy

from ...blender.api_types import Context
from ...scene.variants import row_of
from ...settings.properties import FlashVDMSceneSettings


def draw_variants(layout: bpy.types.UILayout, settings: FlashVDMSceneSettings) -> None:
    """How many, and the button that makes them."""
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
