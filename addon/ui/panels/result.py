"""What can still be made of the active result."""

import bpy

from ....flashvdm_core.api.tasks import EDGES_STAY
from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import stored_latents
from ...scene.object_data import FlashVDMObject, data_of
from ...settings.properties import scene_settings
from .parts import SubPanel, draw_auto, draw_target_faces, draw_text, width


class FLASHVDM_PT_result(SubPanel, bpy.types.Panel):  # noqa: N801
    """Another mesh, a generation that starts from it, and a shape between it and another result."""

    bl_label = "Active Result"

    def draw(self, context: Context) -> None:
        layout, settings, obj = self.layout, scene_settings(context.scene), context.active_object
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.operator_context = "INVOKE_DEFAULT"
        data = data_of(obj) if obj is not None and stored_latents.has_latents(obj) else None
        if isinstance(data, FlashVDMObject):
            _draw_own(layout, data)
        change = layout.operator("flashvdm.remesh", icon="MOD_REMESH")
        if isinstance(data, FlashVDMObject):
            change.topology = data.topology
        layout.operator("flashvdm.remesh", text=interface("Full Mesh"), translate=False, icon="MESH_DATA").face_budget = 0
        layout.prop(settings, "blend_amount")
        layout.operator("flashvdm.blend", icon="MOD_SHRINKWRAP").amount = settings.blend_amount
        layout.prop(settings, "strength_percent")
        if settings.strength > EDGES_STAY:
            draw_text(layout, interface("Edges of the block-out may move by more than 2 % of its size"), width(context), "INFO")
        layout.operator("flashvdm.refine", icon="MOD_MESHDEFORM").strength = settings.strength


def _draw_own(layout: bpy.types.UILayout, data: FlashVDMObject) -> None:
    """The settings of this result, and of no other."""
    column = layout.column()
    column.prop(data, "resolution")
    column.prop(data, "level")
    draw_auto(column, data, "largest_parts")
    column.prop(data, "remove_floaters")
    column.prop(data, "symmetry")
    draw_target_faces(column, data)


CLASSES = (FLASHVDM_PT_result,)
