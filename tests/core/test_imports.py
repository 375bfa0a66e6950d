"""The walls of the house: who may import whom. Imports inside functions count as well."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "flashvdm_core"
ADDON = ROOT / "addon"

# What travels between the rooms; every room may know it.
SHARED = {"__init__", "errors", "events", "mesh", "requests", "settings"}

# Room -> the rooms that it may import besides itself and the shared types.
ARROWS: dict[str, set[str]] = {
    "image": set(),
    "models": set(),
    "sampling": set(),
    "lattice": set(),
    "decoding": {"lattice", "models", "devices"},
    "surface": {"lattice"},
    "colours": set(),
    "blending": set(),
    "encoding": {"models"},
    "files": set(),
    "threads": set(),
    "mesh_edges": set(),
    "png": set(),
    "mesh_glb": {"png"},
    "mesh_io": {"files", "mesh_glb"},
    "devices": set(),
    "checkpoints": {"devices", "files", "models"},
    "acceleration": {"checkpoints", "devices", "models", "sampling"},
    "memory": {"models"},
    "run": {"decoding", "memory"},
    "pictures": {"checkpoints", "image"},
    "loading": {"acceleration", "checkpoints", "decoding", "devices", "memory", "sampling"},
    "generator": {
        "acceleration",
        "run",
        "loading",
        "pictures",
        "blending",
        "encoding",
        "image",
        "models",
        "sampling",
        "decoding",
        "surface",
        "colours",
        "checkpoints",
        "devices",
    },
    "worker": {"generator", "devices", "mesh_edges", "threads"},
    "batch": {"generator", "mesh_io", "files", "checkpoints"},
    "doctor": {"checkpoints", "devices", "memory"},
    "cli": {"generator", "mesh_io", "files", "checkpoints", "batch", "doctor", "memory", "devices", "models"},
    "__main__": {"cli", "threads"},
    **{name: {"moved"} for name in ("training", "evaluation", "bench")},  # names that commands had
    "moved": set(),
}
# These sit on top of the stages: nothing else may import them, and they leave the front ends alone.
ON_TOP = {"lab"}
FRONT_ENDS = {"worker", "cli", "__main__"}

LIGHT_MODULES = (
    "flashvdm_core",
    "flashvdm_core.errors",
    "flashvdm_core.events",
    "flashvdm_core.mesh",
    "flashvdm_core.mesh_edges",
    "flashvdm_core.png",
    "flashvdm_core.requests",
    "flashvdm_core.settings",
    "flashvdm_core.colours",
    "flashvdm_core.files",
    "flashvdm_core.mesh_io",
    "flashvdm_core.cli",
    "flashvdm_core.cli.common",
    "flashvdm_core.cli.generate",
    "flashvdm_core.checkpoints.known",
    "flashvdm_core.doctor.findings",
    "flashvdm_core.doctor.places",
    "flashvdm_core.memory.units",
    "flashvdm_core.worker.protocol",
)


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """(level, dotted name) of every import; level 0 is absolute. `from . import x` gives "x"."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node.level, name) for name in names)


def room_of(file: Path) -> str:
    first = file.relative_to(CORE).parts[0]
    return first.removesuffix(".py")


def rooms_imported(file: Path) -> Iterator[str]:
    depth = len(file.relative_to(CORE).parts)
    for level, name in imports(file):
        if level == depth:
            room = name.split(".")[0]
            yield room if (CORE / room).is_dir() or (CORE / f"{room}.py").is_file() else "__init__"
        assert level <= depth, f"{file} reaches out of flashvdm_core"


def python_files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"nothing to check in {folder}"
    return files


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
    for file in python_files(ADDON):
        for _, name in imports(file):
            parts = name.split(".")
            if "flashvdm_core" in parts:
                module = ".".join(parts[parts.index("flashvdm_core") :])
                assert module in LIGHT_MODULES, f"{file} imports {module}"


@pytest.mark.parametrize("folder", [CORE, ADDON], ids=["core", "addon"])
def test_packages_import_themselves_relatively(folder: Path) -> None:
    for file in python_files(folder):
        for level, name in imports(file):
            assert level or name.split(".")[0] not in {"flashvdm_core", "addon"}, f"{file} imports {name} absolutely"


def test_the_arrows_between_the_rooms_point_one_way() -> None:
    for file in python_files(CORE):
        room = room_of(file)
        for target in set(rooms_imported(file)) - SHARED - {room}:
            if room in ON_TOP:
                assert target not in FRONT_ENDS, f"{file} imports {target}"
            else:
                assert room in ARROWS.keys() | SHARED, f"{room} is a new room: say in ARROWS what it may import"
                assert target in ARROWS.get(room, set()), f"{file} imports {target}"


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_light_modules_bring_in_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'safetensors', 'PIL', 'yaml', 'tqdm'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
