"""The add-on's texts in other languages. English is in the source; tests hold each table to what the source shows.

A sentence of the core arrives with its values filled in, perhaps from another process. It is translated by its template: the
table has each sentence once, with a pair of braces for each value, and what arrives is recognised by the words around these.
"""

import functools
import re

import bpy

from ..blender.texts import report
from ..settings.preferences import ROOT_PACKAGE
from . import german, german_sentences, german_setup

_GERMAN = german.TABLE | {("*", english): text for english, text in (german_sentences.TABLE | german_setup.TABLE).items()}

LANGUAGES = {"de_DE": _GERMAN, "de": _GERMAN}
"""Blender's name of a language -> context and English -> text. German is called one or the other, by Blender's version."""

TEMPLATES = tuple(sorted((german_sentences.TABLE | german_setup.TABLE), key=lambda template: -len(template.replace("{}", ""))))
"""The sentences that are recognised, those with the most words of their own first."""

_DEEPEST = 3  # values that are sentences themselves


def sentence(text: object) -> str:
    """A sentence of the core, or an error of which it is the text, in the user's language."""
    return _translated(str(text), _DEEPEST)


def _translated(text: str, depth: int) -> str:
    whole = report(text)
    if whole != text or depth == 0 or report(TEMPLATES[0]) == TEMPLATES[0]:
        return whole  # known as it is, or in a language without a table
    for template, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return report(template).format(*(_translated(value, depth - 1) for value in found.groups()))
    return text


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each template with values, and what recognises it; a value alone recognises nothing."""
    templates = [template for template in TEMPLATES if "{}" in template and re.search(r"\w{2}", template)]
    return tuple((template, re.compile("(.*?)".join(map(re.escape, template.split("{}"))), re.DOTALL)) for template in templates)


def register() -> None:
    bpy.app.translations.register(ROOT_PACKAGE, LANGUAGES)


def unregister() -> None:
    bpy.app.translations.unregister(ROOT_PACKAGE)


CLASSES: tuple[type, ...] = ()
