"""What several panels are made of."""

import textwrap
from typing import Any

import bpy

from ....flashvdm_core.api.settings import SETTINGS
from ...blender.api_types import Context
from ...blender.texts import interface
from ...blender.viewports import hides_textures
from ...scene.texture import has_texture
from ...settings.preferences import preferences
from ...settings.properties import TAB, TOPOLOGIES
from ...translations import sentence


class Sidebar:
    """Base of every panel in the add-on's tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB


class Advanced(Sidebar):
    """Base of what is rarely needed: closed, inside the last panel."""

    bl_parent_id = "FLASHVDM_PT_advanced"
    bl_options = {"DEFAULT_CLOSED"}


class SubPanel(Sidebar):
    """Base of the panels that can be folded away under the main one."""

    bl_parent_id = "FLASHVDM_PT_main"
    bl_options = {"DEFAULT_CLOSED"}


def draw_text(layout: bpy.types.UILayout, text: str, width: int, icon: str = "NONE") -> None:
    """A sentence, in the user's language, over as many lines as it needs: Blender's labels do not wrap.

    Lines have `width` letters at most and end between words; of a path that is longer its end is shown.
    """
    column = layout.column(align=True)
    words = " ".join(end_of(word, width) for word in sentence(text).split())
    for number, line in enumerate(textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)):
        first, later = (icon, "BLANK1") if icon != "NONE" else ("NONE", "NONE")
        column.label(text=line, icon=first if number == 0 else later, translate=False)  # pyright: ignore[reportArgumentType]


def end_of(text: str, width: int) -> str:
    """The end of a text that has more than `width` letters: what a path is known by."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


def draw_open(row: bpy.types.UILayout, view: str, text: str = "") -> None:
    """The button that opens the file browser for the image of `view` ("": the front)."""
    row.operator("flashvdm.open_image", text=text, translate=False, icon="IMAGE_DATA" if text else "FILE_FOLDER").view = view


def draw_auto(layout: bpy.types.UILayout, owner: Any, name: str) -> None:
    """A setting whose default leaves the choice to the model: a button that says so, and the number where that is off."""
    row = layout.row(align=True, heading=interface(SETTINGS[name].label), translate=False)
    row.use_property_split, row.use_property_decorate = True, False
    if not getattr(owner, f"auto_{name}"):
        row.prop(owner, name, text="")
    row.prop(owner, f"auto_{name}", text=interface("Auto"), translate=False, toggle=True)


def draw_target_faces(layout: bpy.types.UILayout, settings: Any) -> None:
    """The number of faces, whether there is one, and what faces they are: of the scene's settings, or of a result's own."""
    row = layout.row(align=True, heading=interface("Target Faces"), translate=False)
    row.use_property_split, row.use_property_decorate = True, False
    row.prop(settings, "limit_faces", text="")
    number = row.row(align=True)
    number.active = settings.limit_faces
    number.prop(settings, "face_budget", text="")
    row = layout.row(align=True)
    row.use_property_split = False
    for topology, *_ in TOPOLOGIES:
        row.prop_enum(settings, "topology", topology)


def draw_texture_offer(layout: bpy.types.UILayout, context: Context) -> None:
    """The offer to show a textured result as it is, in a viewport in which it is grey, until the user has answered."""
    obj = context.active_object
    if preferences().texture_shading == "ASK" and obj is not None and hides_textures(context.space_data) and has_texture(obj):
        row = layout.row(align=True)
        row.operator("flashvdm.show_textures", icon="TEXTURE")
        row.operator("flashvdm.show_textures", text="", icon="X").show = False


def width(context: Context) -> int:
    """About how many letters fit on a line of the sidebar."""
    points = context.region.width / context.preferences.system.ui_scale if context.region else 240
    return max(20, int((points - 60) / 6.5))
