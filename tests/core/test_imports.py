"""The walls of the house: which room may import which. Imports inside functions count as well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from builder.rooms import ADDON, CORE, FORMER_NAMES, LAB, ROOT, arrows, cycles, imported_paths, imports, python_files, room_of

# Room -> the rooms that it imports, exactly: an arrow that nobody uses is a hole in the wall.
CORE_ARROWS: dict[str, set[str]] = {
    "__main__": {"cli", "runtime"},
    "api": {"files"},
    "batch": {"api", "checkpoints", "files", "geometry", "pipeline"},
    "checkpoints": {"api", "download", "files", "models", "runtime", "sampling"},
    "cli": {"api", "batch", "checkpoints", "doctor", "download", "files", "geometry", "image", "pipeline", "runtime", "setup"},
    "decoding": {"api", "geometry", "models", "runtime", "sparse_grid"},
    "doctor": {"api", "checkpoints", "runtime", "setup"},
    "download": {"api", "files"},
    "encoding": {"api", "geometry", "models"},
    "files": set(),
    "geometry": {"api", "files"},
    "image": {"api", "files", "geometry", "models"},
    "models": {"api"},
    "pipeline": {
        "api",
        "checkpoints",
        "decoding",
        "encoding",
        "geometry",
        "image",
        "models",
        "runtime",
        "sampling",
        "sparse_grid",
        "surface",
        "texture",
    },
    "runtime": {"api", "models"},
    "sampling": {"api", "models"},
    "setup": {"api", "download", "files"},
    "sparse_grid": {"api"},
    "surface": {"api", "sparse_grid"},
    "texture": {"api", "geometry"},
    "worker": {"api", "geometry", "pipeline", "runtime"},
}

LAB_ARROWS: dict[str, set[str]] = {
    "bench": {"files", "options", "pages", "reference", "tables"},
    "data": {"files", "options"},
    "evaluation": {"data", "files", "pages", "reference", "tables", "training"},
    "files": set(),
    "options": set(),
    "pages": set(),
    "reference": set(),
    "tables": set(),
    "training": {"data", "files", "options", "tables"},
}

ADDON_ARROWS: dict[str, set[str]] = {
    "background": {"link", "scene"},
    "blender": set(),
    "link": set(),
    "scene": {"blender", "link", "settings"},
    "session": {"blender", "link", "scene", "settings"},
    "settings": {"blender"},
    "translations": {"blender", "settings"},
    "ui": {"blender", "link", "scene", "session", "settings", "translations"},
}

# What the add-on sees of the core: none of it brings torch in. Whole rooms, and modules of others.
LIGHT = (
    "flashvdm_core",
    "flashvdm_core.api",
    "flashvdm_core.geometry",
    "flashvdm_core.texture",
    "flashvdm_core.download",
    "flashvdm_core.files",
    "flashvdm_core.checkpoints.folders",
    "flashvdm_core.cli",
    "flashvdm_core.setup",
    "flashvdm_core.checkpoints.library",
    "flashvdm_core.checkpoints.registry",
    "flashvdm_core.doctor.findings",
    "flashvdm_core.doctor.places",
)


def modules_of(room: str) -> list[str]:
    """All modules of a room, by their dotted names."""
    path = ROOT.joinpath(*room.split("."))
    if room == "flashvdm_core" or path.with_suffix(".py").is_file():
        return [room]
    names = (file.relative_to(ROOT).with_suffix("").parts for file in python_files(path))
    return [".".join(parts).removesuffix(".__init__") for parts in names]


def test_there_is_something_to_check() -> None:
    for building in (CORE, LAB, ADDON):
        assert len(python_files(building)) > 10
        assert len(arrows(building)) > 3


def test_the_core_knows_no_blender() -> None:
    for file in python_files(CORE):
        for _, name in imports(file):
            assert name.split(".")[0] not in {"bpy", "bmesh", "mathutils", "gpu", "addon"}, f"{file} imports {name}"


def test_the_addon_knows_no_torch() -> None:
    for file in python_files(ADDON):
        for _, name in imports(file):
            assert name.split(".")[0] not in {"torch", "safetensors", "tqdm", "yaml"}, f"{file} imports {name}"


def test_the_addon_imports_only_the_light_part_of_the_core() -> None:
    # Installed, the two packages lie side by side below another name, so the core is reached relatively there.
    allowed = {module for room in LIGHT for module in modules_of(room)}
    for file in python_files(ADDON):
        for path in imported_paths(file):
            if path[0] == "flashvdm_core":
                assert ".".join(path) in allowed, f"{file} imports {'.'.join(path)}"


@pytest.mark.parametrize("folder", [CORE, ADDON], ids=["core", "addon"])
def test_packages_import_themselves_relatively_and_reach_nowhere_else(folder: Path) -> None:
    for file in python_files(folder):
        for level, name in imports(file):
            assert level or name.split(".")[0] not in {"flashvdm_core", "addon"}, f"{file} imports {name} absolutely"
        for path in imported_paths(file):
            assert path[0] in ({"flashvdm_core", "addon"} if folder == ADDON else {"flashvdm_core"}), f"{file} imports {path}"


@pytest.mark.parametrize(
    ("building", "plan"), [(CORE, CORE_ARROWS), (LAB, LAB_ARROWS), (ADDON, ADDON_ARROWS)], ids=["core", "lab", "addon"]
)
def test_the_arrows_between_the_rooms_are_those_of_the_plan(building: Path, plan: dict[str, set[str]]) -> None:
    found = {room: set(targets) for room, targets in arrows(building).items()}
    assert found.keys() == plan.keys(), "a room is new or gone: say in the plan what it may import"
    for room in plan:
        assert found[room] - plan[room] == set(), f"{room} imports what it may not"
        assert plan[room] - found[room] == set(), f"{room} has a door that nobody uses: take it out of the plan"


@pytest.mark.parametrize("building", [CORE, LAB, ADDON], ids=["core", "lab", "addon"])
def test_the_arrows_point_one_way(building: Path) -> None:
    assert cycles(arrows(building)) == []


def test_a_cycle_is_found() -> None:
    plan = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"b", "d"}), "d": frozenset({"d"}), "e": frozenset()}
    assert cycles(plan) == [["b", "c"], ["d"]]


def test_nothing_of_the_product_imports_the_lab() -> None:
    for file in python_files(CORE):
        if room_of(file.relative_to(ROOT).parts, CORE) not in {LAB.name, *FORMER_NAMES}:
            for path in imported_paths(file):
                assert room_of(path, CORE) not in {LAB.name, *FORMER_NAMES}, f"{file} imports {'.'.join(path)}"


@pytest.mark.parametrize("room", LIGHT)
def test_light_rooms_bring_in_nothing_heavy(room: str) -> None:
    names = ", ".join(modules_of(room))
    code = f"import sys, {names}; print(sorted({{'torch', 'safetensors', 'PIL', 'yaml', 'tqdm'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
