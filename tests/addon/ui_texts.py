"""Every text that the add-on shows, found in its registered classes and in its source."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

ADDON = Path(__file__).parents[2] / "addon"
_CHECKS = (ADDON / "session" / "doctor.py", *(ADDON.parent / "flashvdm_core" / "doctor").glob("*.py"))
"""Where findings of the system check are made: what each is about is a word of the panel."""
Key = tuple[str, str]
"""Blender's context of a text, and the text."""

OWN = "FlashVDM"
"""The add-on's context: that of what names something."""

_TEXT_CALLS = {"interface": (OWN, 0), "report": ("*", -1), "poll_message_set": ("*", 0)}
_TEXT_FUNCTIONS = {
    "text": OWN,
    "_why_not": "*",
    "_why_not_two": "*",
    "_why_not_seen": "*",
    "why_not_edited": "*",
    "why_not_new_faces": "*",
}


def classes(package: str) -> list[type]:
    """The classes that the add-on registers."""
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.addon.")]
    return list({cls: None for module in modules for cls in getattr(module, "CLASSES", ())})


def properties(cls: type) -> Iterator[dict[str, Any]]:
    """The arguments of the properties that the add-on gave to a class and that the user can see."""
    for base in (base for base in cls.__mro__ if ".addon." in base.__module__):
        for property in inspect.get_annotations(base).values():
            if hasattr(property, "keywords") and "HIDDEN" not in property.keywords.get("options", ()):
                yield property.keywords


def of_classes(package: str) -> Iterator[Key]:
    """Labels and tooltips of classes, of their properties, and of what can be chosen for these."""
    for cls in classes(package):
        if issubclass(cls, bpy.types.Operator):
            yield OWN, cls.bl_label
            yield "*", cls.bl_description
        elif issubclass(cls, bpy.types.Panel | bpy.types.Menu):
            yield OWN, cls.bl_label
            if hasattr(cls, "bl_category"):
                yield "*", cls.bl_category  # Blender looks for it there
        elif issubclass(cls, bpy.types.FileHandler):
            yield "*", cls.bl_label
        for property in properties(cls):
            yield OWN, property["name"]
            yield "*", property["description"]
            for _, name, description, *_ in property.get("items", ()):
                yield OWN, name
                yield "*", description


def of_source() -> Iterator[Key]:
    """The texts in calls that draw or report, what the progress bar says, and how numbers are written."""
    yield OWN, "1,234.5 s"
    for file in _CHECKS:
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        made = [call for call in calls if getattr(call.func, "id", "") in ("ok", "warning", "error") and call.args]
        yield from ((OWN, text) for call in made for text in _constants(call.args[0]))
    for file in sorted(ADDON.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node)
            elif isinstance(node, ast.FunctionDef) and node.name in _TEXT_FUNCTIONS:
                returned = [line.value for line in ast.walk(node) if isinstance(line, ast.Return)]
                yield from ((_TEXT_FUNCTIONS[node.name], text) for value in returned for text in _constants(value))
            elif isinstance(node, ast.Assign) and _names_texts(node) and isinstance(node.value, ast.Dict):
                yield from ((OWN, text) for value in node.value.values for text in _constants(value))


def _names_texts(assigned: ast.Assign) -> bool:
    """It is a table whose values are drawn."""
    return any(getattr(target, "id", "") in ("STAGE_TEXTS", "STEP_TEXTS", "KINDS") for target in assigned.targets)


def _of_call(call: ast.Call) -> Iterator[Key]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in _TEXT_CALLS and call.args:
        context, place = _TEXT_CALLS[name]
        yield from ((context, text) for text in _constants(call.args[place]))
    for keyword in call.keywords:
        if keyword.arg in ("text", "heading"):
            drawn = _constants(keyword.value)
            assert not drawn, f"{drawn} is drawn in Blender's context: hand it to `interface`"


def _constants(node: ast.expr | None) -> list[str]:
    """The texts that an expression may have as its value: through conditions, but not out of what is computed."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and any(letter.isalpha() for letter in node.value) else []
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    return []
