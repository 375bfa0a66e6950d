"""The Blender side of FlashVDM: panel, operators, and the worker process behind them. Never imports torch."""

import bpy

from . import translations
from .blender.texts import in_own_context
from .scene import history, object_data, thumbnails
from .scene.export import glTF2ExportUserExtension
from .session import command, cutouts, live, session
from .settings import properties
from .ui import file_drop, keymap, menus, operators, panels, presets

__all__ = ["glTF2ExportUserExtension", "register", "unregister"]

_MODULES = (
    properties, history, object_data, operators, presets, panels, file_drop, menus, thumbnails, keymap, session,
    cutouts, live, command, translations,
)  # fmt: skip


def register() -> None:
    """Called by Blender when the extension is enabled."""
    for module in _MODULES:
        for cls in module.CLASSES:
            in_own_context(cls)
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
