"""What can be done to the active mesh object."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import retopology
from ...settings.properties import scene_settings
from .parts import SubPanel


class FLASHVDM_PT_mesh(SubPanel, bpy.types.Panel):  # noqa: N801
    """Another number of faces, quads, colours."""

    bl_label = "Mesh"

    def draw(self, context: Context) -> None:
        layout, settings, obj = self.layout, scene_settings(context.scene), context.active_object
        assert layout is not None
        if obj is None or obj.type != "MESH":
            layout.label(text=interface("Select a mesh object"), translate=False)
            return
        layout.label(text=f"{obj.name}: {_count(obj.data)}", translate=False)
        layout.operator_context = "INVOKE_DEFAULT"
        column = layout.column(align=True)
        column.prop(settings, "target_triangles")
        column.operator("flashvdm.set_triangles").target = settings.target_triangles
        column = layout.column(align=True)
        column.prop(settings, "target_quads")
        column.operator("flashvdm.set_quads").target = settings.target_quads
        layout.operator("flashvdm.make_symmetric")
        layout.operator("flashvdm.split_parts")
        layout.operator("flashvdm.straighten")
        layout.operator("flashvdm.lay_colours").through = "OUTLINE"
        row = layout.row(align=True)
        for through, text in (("CAMERA", interface("From Camera")), ("VIEW", interface("From View"))):
            row.operator("flashvdm.lay_colours", text=text, translate=False).through = through
        layout.operator("flashvdm.export", icon="EXPORT")


def _count(mesh: bpy.types.Mesh) -> str:
    """How many faces there are, by what they are."""
    faces, corners = len(mesh.polygons), len(mesh.loops)
    if corners == 4 * faces:
        return interface("{count:,} quads", count=faces)
    return interface("{count:,} triangles", count=retopology.triangle_count(mesh))


CLASSES = (FLASHVDM_PT_mesh,)
