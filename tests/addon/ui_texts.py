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
Key = tuple[str, str]
"""Blender's context of a text, and the text."""

_TEXT_CALLS = {"interface": 0, "report": -1, "poll_message_set": 0}
_TEXT_FUNCTIONS = {"text", "_why_not", "_why_not_two", "why_not_edited", "why_not_new_faces"}
_CONTEXTS = {"operator": "Operator"}


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
            yield "Operator", cls.bl_label
            yield "*", cls.bl_description
        elif issubclass(cls, bpy.types.Panel | bpy.types.Menu):
            yield "*", cls.bl_label
        for property in properties(cls):
            yield "*", property["name"]
            yield "*", property["description"]
            for _, name, description, *_ in property.get("items", ()):
                yield "*", name
                yield "*", description


def of_source() -> Iterator[Key]:
    """The texts in calls that draw or report, and what the progress bar says."""
    for file in sorted(ADDON.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node)
            elif isinstance(node, ast.FunctionDef) and node.name in _TEXT_FUNCTIONS:
                returned = [line.value for line in ast.walk(node) if isinstance(line, ast.Return)]
                yield from (("*", text) for value in returned for text in _constants(value))
            elif isinstance(node, ast.Assign) and file.name == "job.py" and isinstance(node.value, ast.Dict):
                yield from (("*", text) for value in node.value.values for text in _constants(value))


def _of_call(call: ast.Call) -> Iterator[Key]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in _TEXT_CALLS and call.args:
        yield from (("*", text) for text in _constants(call.args[_TEXT_CALLS[name]]))
    verbatim = any(keyword.arg == "translate" for keyword in call.keywords)
    for keyword in call.keywords if not verbatim else ():
        if keyword.arg == "text":
            yield from ((_CONTEXTS.get(name, "*"), text) for text in _constants(keyword.value))


def _constants(node: ast.expr | None) -> list[str]:
    """The texts that an expression may have as its value: through conditions, but not out of what is computed."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and any(letter.isalpha() for letter in node.value) else []
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    return []
