"""Texts that are put together at run time, in the user's language."""

from bpy.app.translations import pgettext_iface, pgettext_rpt


def interface(text: str) -> str:
    """A text of a panel or a button; placeholders in braces are filled in after this."""
    return pgettext_iface(text)  # pyright: ignore[reportReturnType] - a text, whatever the stubs say


def report(text: str) -> str:
    """A message to the user; placeholders in braces are filled in after this."""
    return pgettext_rpt(text)  # pyright: ignore[reportReturnType]
