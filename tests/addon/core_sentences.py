"""Every sentence of the core and of the add-on that an artist can come to see, found in the source.

A sentence is a text of several words that ends as one. In what a check of the system says, texts without an end count, too.
Values are braces: it is a template, as the table of translations has it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

_UNSEEN = (
    "flashvdm_core/lab",
    "flashvdm_core/cli",
    "flashvdm_core/__main__.py",
    "flashvdm_core/moved.py",
    "flashvdm_core/worker/__main__.py",
    "flashvdm_core/batch/cluster.py",
    "flashvdm_core/checkpoints/convert.py",
    "addon/translations",
)
"""What is for programs, for the terminal and for development."""

_PHRASES = ("flashvdm_core/doctor",)


def sentences() -> Iterator[tuple[str, str]]:
    """Where it stands, and the template."""
    for building in ("flashvdm_core", "addon"):
        for path in sorted((ROOT / building).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(_UNSEEN):
                yield from _of_file(path, name)


def normal(template: str) -> str:
    """A template whose placeholders have no names."""
    return "".join("{}" if at % 2 else part for at, part in enumerate(_split(template)))


def _of_file(path: Path, name: str) -> Iterator[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    skipped = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    skipped |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        text = _template(node)
        if id(node) not in skipped and text.count(" ") >= 2 and _is_shown(text, name):
            yield f"{name}:{getattr(node, 'lineno', 0)}", text


def _is_shown(text: str, name: str) -> bool:
    words = any(letter.islower() for letter in text) and "\n" not in text
    return words and (text.endswith((".", "?")) or name.startswith(_PHRASES))


def _template(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return normal(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def _split(template: str) -> list[str]:
    """Literal text and what is in braces by turns."""
    parts: list[str] = []
    for piece in template.split("{"):
        inside, closed, rest = piece.partition("}")
        parts += [inside, rest] if closed and parts else [piece]
    return parts
