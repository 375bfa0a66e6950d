"""The settings of the scene that the main panel does not show: what is often changed, and what rarely is."""

import bpy

from ....flashvdm_core.api.settings import SETTINGS
from ...blender.api_types import Context
from ...blender.texts import interface
from ...settings.properties import AUTOMATIC, OF_SCENE, scene_settings
from .main import IN_FRONT
from .parts import SubPanel, draw_auto
from .variants import draw_variants

_OFTEN = ("seed", "size", "size_of", "placement", "straighten", "symmetry", "colours", "remove_floaters", "preview")
_OF_IMAGE = ("prompt", "cutout_edge", "cutout_softness")
_OF_SHAPE = ("resolution", "steps", "guidance", "forecast", "part_count", "level", "largest_parts")
_OF_FILES = ("image", "model", "decoder", "print_size")
_SHOWN = {*IN_FRONT, *_OFTEN, *_OF_IMAGE, *_OF_SHAPE, *_OF_FILES}
_REST = tuple(name for name in OF_SCENE if name not in _SHOWN)
"""Settings that nobody has found a place for: every one of them is shown."""


class FLASHVDM_PT_settings(SubPanel, bpy.types.Panel):  # noqa: N801
    """Seed, size, place and what the mesh comes with."""

    bl_label = "Settings"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in _OFTEN:
            layout.prop(settings, name)
        draw_variants(layout, settings)


class FLASHVDM_PT_advanced(SubPanel, bpy.types.Panel):  # noqa: N801
    """What is rarely needed; below it the panels of what goes on behind."""

    bl_label = "Advanced"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        groups = ((interface("Image"), _OF_IMAGE), (interface("Shape"), _OF_SHAPE), (interface("Files"), (*_OF_FILES, *_REST)))
        for heading, names in groups:
            layout.label(text=heading, translate=False)
            for name in (name for name in names if name in (*SETTINGS, "image")):
                if name in AUTOMATIC:
                    draw_auto(layout, settings, name)
                else:
                    layout.prop(settings, name)
        layout.operator("flashvdm.reset_settings", icon="LOOP_BACK")
        layout.operator("flashvdm.manual", icon="HELP")


CLASSES = (FLASHVDM_PT_settings,)
ADVANCED = (FLASHVDM_PT_advanced,)
