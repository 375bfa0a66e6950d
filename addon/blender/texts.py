"""Texts in the user's language.

What names something (labels of buttons, panels, properties) is looked up in a context of the add-on's own, where no other
meaning of the same word can win: Blender's catalogue has its own "Mesh" and "History". Tooltips, reports and the reasons for
which a button cannot be pressed are looked up by Blender itself, in its common context.
"""

import string
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface, pgettext_rpt

CONTEXT = "FlashVDM"
"""The add-on's own context of translation."""

_NUMBER = "1,234.5 s"
"""As a text of the table it tells how the user's language writes numbers."""


def interface(text: str, /, **values: object) -> str:
    """A text of a panel or a button, with `values` in place of its placeholders; numbers as the language writes them."""
    return _filled(pgettext_iface(text, CONTEXT), values)  # pyright: ignore[reportArgumentType] - a text, whatever the stubs say


def report(text: str, /, **values: object) -> str:
    """A message to the user, with `values` in place of its placeholders."""
    return _filled(pgettext_rpt(text), values)  # pyright: ignore[reportArgumentType]


def in_own_context(cls: type) -> None:
    """Before a class is registered: its label is looked up in the add-on's context."""
    if issubclass(cls, bpy.types.Operator | bpy.types.Panel | bpy.types.Menu):
        cls.bl_translation_context = CONTEXT  # pyright: ignore[reportAttributeAccessIssue] - a text, whatever the stubs say


class _Numbers(string.Formatter):
    """Fills numbers in with the separators of the user's language."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        if not isinstance(value, int | float) or not format_spec:
            return text
        sample = interface(_NUMBER)
        return text.translate(str.maketrans({",": sample[1], ".": sample[5]}))


def _filled(text: str, values: dict[str, object]) -> str:
    return _Numbers().vformat(text, (), values) if values else text
