"""The mock offers nothing that the oldest and the newest Blender have not: checked against their type stubs."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from builder.environments import ensure_stubs

from .bpy_mock import _TYPES, Host

Members = dict[str, ast.stmt]


class Stubs:
    """The stubs of one Blender, read as text: they can't be imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.classes = {name: node for name, node in self.module("bpy.types").items() if isinstance(node, ast.ClassDef)}

    def module(self, name: str) -> Members:
        """What a module defines or passes on."""
        first, *rest = name.split(".")
        path = self.folder.joinpath(f"{first}-stubs", *rest, "__init__.pyi")
        found: Members = {}
        # Type parameters of classes and functions are syntax of Python 3.12.
        text = re.sub(r"^(\s*(?:class|def) \w+)\[[^\[\]]*\]", r"\1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom | ast.Import):
                found |= {(alias.asname or alias.name).split(".")[0]: node for alias in node.names}
            found |= _named(node)
        return found

    def member(self, cls: str, name: str) -> ast.stmt | None:
        """A member of a class of bpy.types or of one of its bases."""
        node = self.classes.get(cls)
        if node is None:
            return None
        for line in node.body:
            if name in _named(line):
                return line
        bases = (ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in node.bases)
        return next((found for base in bases if (found := self.member(base, name)) is not None), None)


def _named(node: ast.stmt) -> Members:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name: node}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id: node}
    if isinstance(node, ast.Assign):
        return {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return {}


def unknown_parameters(ours: Any, theirs: ast.stmt) -> set[str]:
    """Named parameters of a function of the mock that Blender's does not have."""
    if not isinstance(theirs, ast.FunctionDef) or not inspect.isfunction(ours):
        return set()
    parameters = theirs.args
    names = {argument.arg for argument in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    optional = {p.name for p in inspect.signature(ours).parameters.values() if p.kind in kinds and p.default is not p.empty}
    return optional - names


@pytest.fixture(scope="module", params=["4.2", "5.2"])
def stubs(request: pytest.FixtureRequest) -> Stubs:
    return Stubs(ensure_stubs(request.param))


@pytest.mark.parametrize("cls", _TYPES, ids=lambda cls: cls.__name__)
def test_every_class_and_method_exists(stubs: Stubs, cls: type) -> None:
    assert cls.__name__ in stubs.classes
    for name, ours in vars(cls).items():
        if name.startswith("_"):
            continue
        theirs = stubs.member(cls.__name__, name)
        assert theirs is not None, f"Blender's {cls.__name__} has no {name}"
        function = ours.__func__ if isinstance(ours, classmethod) else ours
        assert unknown_parameters(function, theirs) == set(), f"of {cls.__name__}.{name}"


def test_every_module_and_function_exists(stubs: Stubs, tmp_path: Path) -> None:
    modules = Host("package", tmp_path).modules()
    for name, module in modules.items():
        if name == "bpy.types":
            continue
        theirs = stubs.module(name)
        for member, ours in vars(module).items():
            if member.startswith("_") or f"{name}.{member}" in modules or name == "bpy.ops":
                continue
            assert member in theirs, f"Blender's {name} has no {member}"
            assert unknown_parameters(ours, theirs[member]) == set(), f"of {name}.{member}"


def test_what_blender_does_not_have_would_be_noticed(stubs: Stubs) -> None:
    assert stubs.member("Mesh", "shade_smooth") is not None
    assert stubs.member("Mesh", "name") is not None, "inherited"
    assert stubs.member("Mesh", "polish") is None
    progress = stubs.member("UILayout", "progress")
    assert progress is not None
    assert unknown_parameters(lambda self, text="", colour=0: None, progress) == {"colour"}
