"""The add-on's texts in other languages. English is in the source; a test holds each table to what the source shows."""

import bpy

from ..settings.preferences import ROOT_PACKAGE
from . import german

LANGUAGES = {"de_DE": german.TABLE, "de": german.TABLE}
"""Blender's name of a language -> context and English -> text. German is called one or the other, by Blender's version."""


def register() -> None:
    bpy.app.translations.register(ROOT_PACKAGE, LANGUAGES)


def unregister() -> None:
    bpy.app.translations.unregister(ROOT_PACKAGE)


CLASSES: tuple[type, ...] = ()
