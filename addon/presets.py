"""Blender's own presets for the settings of a scene: three come with the add-on, the user's lie with Blender's others."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from .host_types import Context, Returned
from .properties import OF_SCENE, placement_properties, scene_settings

_SUBFOLDER = "flashvdm"
_SHIPPED = str(Path(__file__).parent / "shipped")

KEPT = tuple(name for name in (*OF_SCENE, *placement_properties()) if name != "seed")
"""What a preset holds: another seed is another shape, which is no matter of taste."""


class FLASHVDM_PT_presets(PresetPanel, bpy.types.Panel):  # noqa: N801
    """The list, in the header of the main panel."""

    bl_label = "FlashVDM Presets"
    preset_subdir = _SUBFOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "flashvdm.preset_add"

    if TYPE_CHECKING:

        @classmethod
        def draw_panel_header(cls, layout: bpy.types.UILayout) -> None: ...


class FLASHVDM_OT_preset_add(AddPresetBase, bpy.types.Operator):  # noqa: N801  # pyright: ignore[reportIncompatibleMethodOverride]
    """Keep the settings under a name, or remove such a preset."""

    bl_idname = "flashvdm.preset_add"
    bl_label = "Add FlashVDM Preset"
    bl_description = "Keep the settings as a preset, or remove one; the image and the seed are no part of it"
    preset_menu = "FLASHVDM_PT_presets"
    preset_subdir = _SUBFOLDER
    preset_defines = ("settings = bpy.context.scene.flashvdm",)
    preset_values = tuple(f"settings.{name}" for name in KEPT)


class FLASHVDM_OT_reset_settings(bpy.types.Operator):  # noqa: N801
    """Every setting at its default."""

    bl_idname = "flashvdm.reset_settings"
    bl_label = "Reset to Defaults"
    bl_description = "Put every setting of the scene back to its default; the images stay"
    bl_options = {"UNDO"}

    def execute(self, context: Context) -> Returned:
        settings = scene_settings(context.scene)
        for name in (*KEPT, "seed", "target_triangles", "target_quads"):
            settings.property_unset(name)
        return {"FINISHED"}


def register() -> None:
    bpy.utils.register_preset_path(_SHIPPED)  # pyright: ignore[reportAttributeAccessIssue] - not in the stubs


def unregister() -> None:
    bpy.utils.unregister_preset_path(_SHIPPED)  # pyright: ignore[reportAttributeAccessIssue]


CLASSES = (FLASHVDM_PT_presets, FLASHVDM_OT_preset_add, FLASHVDM_OT_reset_settings)
