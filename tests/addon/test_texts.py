"""What the user reads: tooltips for everything, and every text in German as well."""

from __future__ import annotations

import ast
import string

import bpy
import pytest

from . import ui_texts
from .conftest import PACKAGE, Import


@pytest.fixture
def shown(extension: Import) -> set[ui_texts.Key]:
    return set(ui_texts.of_classes(PACKAGE)) | set(ui_texts.of_source())


def test_everything_has_a_tooltip_without_a_full_stop(extension: Import) -> None:
    found = []
    for cls in ui_texts.classes(PACKAGE):
        if issubclass(cls, bpy.types.Operator):
            found.append((cls.__name__, cls.bl_description))
        for arguments in ui_texts.properties(cls):
            found.append((f"{cls.__name__}.{arguments['name']}", arguments.get("description", "")))
            found += [(f"{cls.__name__}: {name}", tip) for _, name, tip, *_ in arguments.get("items", ())]
    assert len(found) > 80
    assert [name for name, tip in found if not tip or tip.endswith(".")] == []


def test_everything_is_there_in_german(shown: set[ui_texts.Key], extension: Import) -> None:
    table = extension("addon.translations").LANGUAGES["de_DE"]
    assert sorted(shown - set(table)) == []
    assert sorted(set(table) - shown) == [], "nobody shows these any more"


def test_translations_have_the_placeholders_of_the_original(extension: Import) -> None:
    def placeholders(text: str) -> list[tuple[str | None, str | None]]:
        return sorted((name, form) for _, name, form, _ in string.Formatter().parse(text) if name is not None)

    for table in extension("addon.translations").LANGUAGES.values():
        for (_, english), text in table.items():
            assert placeholders(text) == placeholders(english), english
            assert text.endswith(".") == english.endswith("."), english


def test_a_button_that_cannot_be_pressed_says_why() -> None:
    """Whatever a poll returns but True, it has said why before: only plain values are returned, and a message is set."""
    found = 0
    for file in sorted((ui_texts.ADDON / "ui" / "operators").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "poll":
                found += 1
                assert "poll_message_set" in ast.unparse(node), f"{file.name}:{node.lineno}"
                for line in ast.walk(node):
                    if isinstance(line, ast.Return) and not isinstance(line.value, ast.Constant):
                        assert ast.unparse(line) == "return not reason", f"{file.name}:{line.lineno}"
    assert found > 8
