"""The Blender side of FlashVDM: panel, operators, and the worker process behind them. Never imports torch."""

import bpy

from . import (
    batch,
    command,
    cutouts,
    examination,
    file_drop,
    history,
    kept_latents,
    keymap,
    operators,
    panels,
    preferences,
    presets,
    properties,
    session,
    thumbnails,
    translations,
)

_MODULES = (
    properties, history, kept_latents, preferences, operators, presets, panels, file_drop, thumbnails, keymap, session,
    cutouts, examination, batch, command, translations,
)  # fmt: skip


def register() -> None:
    """Called by Blender when the extension is enabled."""
    for module in _MODULES:
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
        if hasattr(module, "register"):
            module.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled, and at its end."""
    for module in reversed(_MODULES):
        if hasattr(module, "unregister"):
            module.unregister()
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
