"""Every setting of the scene that the main panel does not show."""

import bpy

from ....flashvdm_core.api.settings import SETTINGS
from ...blender.api_types import Context
from ...settings.properties import scene_settings
from .main import IN_FRONT
from .parts import SubPanel

_GROUPS = {"model": "", "image": "Image", "sampling": "Shape", "surface": "Surface", "clean-up": "Clean-Up", "files": "Files"}


class FLASHVDM_PT_settings(SubPanel, bpy.types.Panel):  # noqa: N801
    """Every other setting of the scene, by group."""

    bl_label = "Settings"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        for group, label in _GROUPS.items():
            names = [setting.name for setting in SETTINGS.values() if setting.group == group and setting.name not in IN_FRONT]
            column = layout.column()
            if label and names:
                column.label(text=label)
            for name in names:
                column.prop(settings, name)
        layout.operator("flashvdm.reset_settings", icon="LOOP_BACK")


CLASSES = (FLASHVDM_PT_settings,)
