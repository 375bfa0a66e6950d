"""The add-on's page in the preferences."""

import bpy

from ...flashvdm_core.errors import WorkerError
from .. import keymap, session
from ..host_types import Context
from ..preferences import FlashVDMPreferences
from ..texts import interface
from .doctor import draw_doctor
from .parts import draw_text, width


def draw_preferences(preferences: FlashVDMPreferences, layout: bpy.types.UILayout, context: Context) -> None:
    """The add-on's page in the preferences."""
    layout.use_property_split, layout.use_property_decorate = True, False
    layout.prop(preferences, "python")
    try:
        found = session.known_runtime()
    except WorkerError as error:
        draw_text(layout, str(error), width(context), "ERROR")
    else:
        layout.label(text=f"{found.python} ({found.origin})", icon="CHECKMARK")
    layout.operator("flashvdm.check_runtime")
    check = interface("The worker is starting") if session.session.checking else session.session.check
    draw_text(layout, check, width(context), "INFO")
    for name in ("device", "precision", "memory_budget", "idle_minutes", "silence_minutes", "keep_images", "keep_latents"):
        layout.prop(preferences, name)
    keymap.draw(layout)
    layout.separator()
    draw_doctor(layout, context)
