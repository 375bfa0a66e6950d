"""Settings in one go: three qualities of the add-on, and Blender's own presets for what the user keeps."""

from typing import TYPE_CHECKING

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import EnumProperty

from ..blender.api_types import Context, Returned
from ..settings.properties import OF_SCENE, QUALITIES, placement_properties, scene_settings, set_quality, with_properties

_SUBFOLDER = "flashvdm"

KEPT = tuple(name for name in (*OF_SCENE, *placement_properties(), "topology") if name != "seed")
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

    def draw(self, context: Context) -> None:
        assert self.layout is not None
        self.layout.operator_enum("flashvdm.quality", "quality")
        if bpy.utils.preset_paths(_SUBFOLDER):
            self.layout.separator()
            super().draw(context)
        else:  # Blender's list would complain that there is no folder yet
            _draw_add(self.layout, context)


def _draw_add(layout: bpy.types.UILayout, context: Context) -> None:
    """The line at the end of Blender's list, by which a preset is added."""
    row = layout.row()
    row.emboss = "NORMAL"
    row.prop(context.window_manager, "preset_name", text="")
    row.operator("flashvdm.preset_add", text="", icon="ADD").name = context.window_manager.preset_name


class FLASHVDM_OT_preset_add(AddPresetBase, bpy.types.Operator):  # noqa: N801  # pyright: ignore[reportIncompatibleMethodOverride]
    """Keep the settings under a name, or remove such a preset."""

    bl_idname = "flashvdm.preset_add"
    bl_label = "Add FlashVDM Preset"
    bl_description = "Keep the settings as a preset, or remove one; the image and the seed are no part of it"
    preset_menu = "FLASHVDM_PT_presets"
    preset_subdir = _SUBFOLDER
    preset_defines = ("settings = bpy.context.scene.flashvdm",)
    preset_values = tuple(f"settings.{name}" for name in KEPT)


@with_properties(quality=EnumProperty(name="Quality", description="How fine the mesh becomes", items=QUALITIES))
class FLASHVDM_OT_quality(bpy.types.Operator):  # noqa: N801
    """The settings that say how fine a mesh is and how long it takes."""

    bl_idname = "flashvdm.quality"
    bl_label = "Set Quality"
    bl_description = "Set what makes a mesh fine and slow, or coarse and quick"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        quality: str

    def execute(self, context: Context) -> Returned:
        set_quality(scene_settings(context.scene), self.quality)
        return {"FINISHED"}


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


CLASSES = (FLASHVDM_PT_presets, FLASHVDM_OT_preset_add, FLASHVDM_OT_quality, FLASHVDM_OT_reset_settings)
