"""The floor plan, read off the imports: rooms, the arrows between them, and cycles.

A room is a module or a package directly inside one of the three buildings: the core, its lab, and the add-on. An arrow is one
room that imports another, anywhere, also inside a function. `build.py check` prints the counts; the tests hold the arrows to
the plan.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from .environments import ROOT

CORE = ROOT / "flashvdm_core"
LAB = CORE / "lab"
ADDON = ROOT / "addon"
FORMER_NAMES = frozenset({"training", "evaluation", "bench", "moved"})
"""What is left of rooms that have moved out: commands that say where they went, for one version."""

Arrows = Mapping[str, frozenset[str]]
"""Room -> the rooms of the same building that it imports."""


@functools.cache
def imports(file: Path) -> tuple[tuple[int, str], ...]:
    """(level, dotted name) of every import of a file; level 0 is absolute. `from . import x` gives "x"."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, node.module)] if node.module else [(node.level, alias.name) for alias in node.names]
    return tuple(found)


def python_files(folder: Path) -> list[Path]:
    """All modules below `folder`."""
    return sorted(folder.rglob("*.py"))


def imported_paths(file: Path) -> Iterator[tuple[str, ...]]:
    """What a file of the repository imports from it, as parts of the path from its root: ("flashvdm_core", "api", "mesh")."""
    package = file.relative_to(ROOT).parts[:-1]
    for level, name in imports(file):
        if level:
            yield (*package[: len(package) - level + 1], *name.split("."))


def room_of(path: tuple[str, ...], building: Path) -> str | None:
    """The room of `building` that a path from the repository's root lies in; None outside, or for the package itself."""
    door = building.relative_to(ROOT).parts
    if path[: len(door)] != door or len(path) == len(door):
        return None
    room = path[len(door)].removesuffix(".py")
    return room if (building / room).is_dir() or (building / f"{room}.py").is_file() else None


def arrows(building: Path) -> Arrows:
    """The arrows between the rooms of a building; the lab is none of the core's, and neither are former names."""
    found: dict[str, set[str]] = {}
    for file in python_files(building):
        room = room_of(file.relative_to(ROOT).parts, building)
        if room in (None, "__init__") or (building == CORE and (room == LAB.name or room in FORMER_NAMES)):
            continue
        targets = {room_of(path, building) for path in imported_paths(file)}
        found.setdefault(room, set()).update(target for target in targets if target not in (None, "__init__", room))
    return {room: frozenset(targets) for room, targets in sorted(found.items())}


def cycles(plan: Arrows) -> list[list[str]]:
    """Groups of rooms that reach one another, each sorted; empty where all arrows point one way."""
    reached = {room: _reached(room, plan) for room in plan}
    groups = {tuple(sorted(other for other in plan if other in reached[room] and room in reached[other])) for room in plan}
    return [list(group) for group in sorted(groups) if group]


def floors(plan: Arrows) -> int:
    """Rooms on the longest way down; the plan must have no cycle."""

    def height(room: str) -> int:
        return 1 + max((height(target) for target in plan.get(room, ())), default=0)

    return max(map(height, plan), default=0)


def report() -> str:
    """The counts of all buildings as a table."""
    lines = [f"{'':<8}{'rooms':>7}{'arrows':>8}{'floors':>8}{'cycles':>8}"]
    for name, building in (("core", CORE), ("lab", LAB), ("add-on", ADDON)):
        plan = arrows(building)
        loops = cycles(plan)
        height = "-" if loops else str(floors(plan))
        lines.append(f"{name:<8}{len(plan):>7}{sum(map(len, plan.values())):>8}{height:>8}{len(loops):>8}")
    return "\n".join(lines)


def _reached(room: str, plan: Arrows) -> set[str]:
    reached: set[str] = set()
    waiting = list(plan.get(room, ()))
    while waiting:
        target = waiting.pop()
        if target not in reached:
            reached.add(target)
            waiting.extend(plan.get(target, ()))
    return reached
