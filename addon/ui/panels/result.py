"""What can still be made of the active result."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import stored_latents
from ...settings.properties import scene_settings
from ..operators.from_latents import CHANGEABLE
from .parts import SubPanel, draw_target_faces


class FLASHVDM_PT_result(SubPanel, bpy.types.Panel):  # noqa: N801
    """Another mesh, a generation that starts from it, and a blend with another result."""

    bl_label = "Active Result"

    def draw(self, context: Context) -> None:
        layout, settings, obj = self.layout, scene_settings(context.scene), context.active_object
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.operator_context = "INVOKE_DEFAULT"
        column = layout.column()
        column.active = obj is not None and stored_latents.has_latents(obj)
        for name in CHANGEABLE:
            if name == "face_budget":
                draw_target_faces(column, settings)
            else:
                column.prop(settings, name)
        change = layout.operator("flashvdm.remesh", icon="MOD_REMESH")
        for name in CHANGEABLE:
            setattr(change, name, getattr(settings, name))
        change.topology = settings.topology
        layout.operator("flashvdm.remesh", text=interface("Full Mesh"), translate=False, icon="MESH_DATA").face_budget = 0
        layout.prop(settings, "strength")
        layout.operator("flashvdm.refine", icon="MOD_MESHDEFORM").strength = settings.strength
        layout.prop(settings, "blend_amount")
        layout.operator("flashvdm.blend", icon="MOD_SHRINKWRAP").amount = settings.blend_amount


CLASSES = (FLASHVDM_PT_result,)
