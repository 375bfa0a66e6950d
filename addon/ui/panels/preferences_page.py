"""The add-on's page in the preferences."""

import bpy

from ....flashvdm_core.api.errors import WorkerError
from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.session import session
from ...settings.preferences import ROOT_PACKAGE, Preferences
from .. import keymap
from .doctor import draw_doctor
from .models import draw_models
from .parts import draw_auto, draw_text, width
from .set_up import draw_set_up_choices


class FlashVDMPreferences(Preferences, bpy.types.AddonPreferences):
    """The preferences as Blender knows them."""

    bl_idname = ROOT_PACKAGE

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.operator("flashvdm.manual", icon="HELP")
        layout.prop(self, "python")
        try:
            found = session.known_runtime()
        except WorkerError as error:
            draw_text(layout, str(error), width(context), "ERROR")
        else:
            layout.label(text=f"{found.python} ({found.origin})", icon="CHECKMARK")
        draw_set_up_choices(layout, width(context))
        layout.operator("flashvdm.check_runtime")
        check = interface("The background process is starting") if session.check.running else session.check.text
        draw_text(layout, check, width(context), "INFO")
        layout.prop(self, "device_choice")
        if self.device_choice == "OTHER":
            layout.prop(self, "device")
        draw_auto(layout, self, "memory_budget")
        for name in (
            "precision",
            "idle_minutes",
            "silence_minutes",
            "keep_images",
            "keep_latents",
            "texture_shading",
            "package_index",
        ):
            layout.prop(self, name)
        keymap.draw(layout)
        layout.separator()
        layout.label(text=interface("Models"), translate=False)
        for name in ("models_folder", "hub", "hub_token"):
            layout.prop(self, name)
        draw_models(layout, context)
        layout.separator()
        draw_doctor(layout, context)


CLASSES = (FlashVDMPreferences,)
