"""Images of several sides of one object, as pictures."""

from pathlib import Path

import bpy

from ....flashvdm_core.checkpoints.registry import KNOWN
from ...blender.api_types import Context
from ...blender.texts import interface
from ...scene import thumbnails
from ...session.model_info import takes_several_views
from ...session.session import session
from ...settings.given import absolute_model, absolute_path
from ...settings.properties import VIEW_LABELS, FlashVDMSceneSettings, scene_settings
from .models import draw_model_choice
from .parts import SubPanel, draw_text, end_of, width

_COLUMNS = 2


class FLASHVDM_PT_views(SubPanel, bpy.types.Panel):  # noqa: N801
    """A slot for each side; a model that takes them, where the chosen one does not."""

    bl_label = "Multi-View"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        several = takes_several_views(absolute_model(settings.model))
        letters = width(context)
        slots = [("", interface("Front")), *((view, interface(label)) for view, label in VIEW_LABELS.items())]
        for first in range(0, len(slots), _COLUMNS):
            row = layout.row()
            for view, label in slots[first : first + _COLUMNS]:
                _draw_slot(row.column(align=True), settings, view, label, letters // _COLUMNS - 4)
        draw_text(layout, interface("Left and right are the object's own: on its left it faces left in the image"), letters)
        if not several:
            _draw_models(layout, letters)


def _draw_slot(column: bpy.types.UILayout, settings: FlashVDMSceneSettings, view: str, label: str, letters: int) -> None:
    """The picture of one side, its name, and how it is chosen or taken away."""
    path = absolute_path(getattr(settings, f"image_{view}" if view else "image"))
    icon = thumbnails.icon_of_cutout(path) or thumbnails.icon_of_file(path)
    column.label(text=label, translate=False)
    if icon:
        column.template_icon(icon_value=icon, scale=3.5)
    row = column.row(align=True)
    text = end_of(Path(path).name, letters) if path else interface("Choose")
    row.operator("flashvdm.open_image", text=text, translate=False, icon="NONE" if path else "FILE_FOLDER").view = view
    if path:
        row.operator("flashvdm.clear_image", text="", icon="X").view = view


def _draw_models(layout: bpy.types.UILayout, letters: int) -> None:
    """The models that take several sides: to be used where they are on this machine, else to be downloaded."""
    box = layout.box()
    draw_text(box, interface("This model takes the front image alone. These take all sides:"), letters, "INFO")
    known = [model for model in KNOWN.values() if model.model is not None and model.model.views > 1]
    here = [model for model in known if session.models.kept(model).whole]
    for model in here or known[:1]:
        draw_model_choice(box, model)


CLASSES = (FLASHVDM_PT_views,)
