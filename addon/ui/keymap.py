"""Escape over a 3D viewport in Object Mode cancels the generation under way; at any other time the key means what it meant."""

from typing import Any

import bpy
import rna_keymap_ui

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    manager = bpy.context.window_manager
    keys = manager.keyconfigs.addon if manager is not None else None
    if keys is None:  # in the background
        return
    # The keymap of the viewport and its sidebar, after those of the modes: what they use Escape for comes first.
    keymap = keys.keymaps.new(name="3D View Generic", space_type="VIEW_3D")
    # Where the operator's poll says no, Blender goes on to the next meaning of the key.
    item = keymap.keymap_items.new("flashvdm.cancel", "ESC", "PRESS")
    by_key: Any = item.properties
    by_key.by_key = True
    _items.append((keymap, item))


def unregister() -> None:
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()


def draw(layout: bpy.types.UILayout) -> None:
    """The keys as the user has them, to be changed or switched off."""
    manager = bpy.context.window_manager
    keys = manager.keyconfigs.user if manager is not None else None
    if keys is None:
        return
    for keymap, item in _items:
        in_use = keys.keymaps.get(keymap.name)
        found = in_use.keymap_items.find_from_operator(item.idname) if in_use is not None else None
        if found is not None:
            rna_keymap_ui.draw_kmi([], keys, in_use, found, layout, 0)


CLASSES: tuple[type, ...] = ()
