"""The extension: its tree as Blender installs it, and the zips made and validated by Blender's own builder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flashvdm_core import NOT_SHIPPED

from .environments import MAIN, REQUIREMENTS, ROOT, BuildError, run, say, write_whole
from .uv import carry

_PACKAGE = '''"""FlashVDM for Blender. Made by build.py: hands on to the add-on."""

from .addon import glTF2ExportUserExtension, register, unregister

__all__ = ["glTF2ExportUserExtension", "register", "unregister"]
'''
PLATFORMS = ("windows-x64", "windows-arm64", "macos-x64", "macos-arm64", "linux-x64")
"""Blender's names of the systems it is published for."""

_PARTS = ("addon", "flashvdm_core")
_PAGES = ("set_up.md", "headless.md", "models.md", "licences.md")
"""The pages for those who use it, which the README leads to."""
_LEFT_OUT = ROOT / "flashvdm_core" / NOT_SHIPPED


def stage(folder: Path, platform: str = "") -> Path:
    """Make the tree `folder`/flashvdm that the builder packs and that tests can import; return it.

    With the name of a platform it is for that one alone, and carries its uv, which Set Up needs. Whatever `folder`/flashvdm
    held before is replaced.
    """
    tree = folder / "flashvdm"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for part in _PARTS:
        shutil.copytree(ROOT / part, tree / part, ignore=_unwanted)
    for name in ("blender_manifest.toml", "LICENSE", "README.md"):
        shutil.copyfile(ROOT / name, tree / name)
    (tree / "docs").mkdir()
    for name in _PAGES:
        shutil.copyfile(ROOT / "docs" / name, tree / "docs" / name)
    (tree / "__init__.py").write_text(_PACKAGE, encoding="utf-8")
    (tree / "requirements" / "runtime").mkdir(parents=True)
    for path in (REQUIREMENTS / "runtime").glob(f"{platform or '*'}-*.txt"):
        shutil.copyfile(path, tree / "requirements" / "runtime" / path.name)
    if platform:
        carry(platform, tree)
        _limit_to(platform, tree / "blender_manifest.toml")
    return tree


def build_zips(output: Path, platforms: Sequence[str] = ()) -> list[Path]:
    """Build and validate the zip that installs everywhere and one for each of `platforms`, with uv in it.

    Old zips in `output` are replaced only when all the new ones are valid. Raises BuildError.
    """
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "zips"
        made.mkdir()
        _build(stage(Path(scratch)), made)
        for platform in platforms:
            _build(stage(Path(scratch), platform), made, "--split-platforms")
        zips = sorted(made.glob("*.zip"))
        for path in zips:
            run([MAIN.python, _builder(), "validate", path], f"{path.name} is not a valid extension")
        output.mkdir(parents=True, exist_ok=True)
        for old in output.glob("flashvdm-*.zip"):
            old.unlink()
        return [Path(shutil.move(path, output / path.name)) for path in zips]


def _limit_to(platform: str, manifest: Path) -> None:
    """Name the platform in a staged manifest. The zip that names none installs on all."""
    # Before the first line of the manifest: what follows a table's header would belong to that table.
    write_whole(manifest, f'platforms = ["{platform}"]\n{manifest.read_text(encoding="utf-8")}')


def _build(tree: Path, made: Path, *options: str) -> None:
    command = [MAIN.python, _builder(), "build", "--source-dir", tree, "--output-dir", made, *options]
    run(command, "The extension could not be built")


def _builder() -> Path:
    """Blender's extension builder, which ships inside the bpy wheel and runs without a Blender program."""
    MAIN.ensure()
    found = sorted(MAIN.site_packages.glob("bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    if not found:
        raise BuildError("Blender's extension builder is missing from .venv: delete .venv and run the command again.")
    return found[0]


def _unwanted(folder: str, names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if name == "__pycache__" or name.endswith(".pyc") or name.startswith(".") or Path(folder, name) == _LEFT_OUT
    ]


def report(zips: list[Path]) -> None:
    """Print the zips with their sizes."""
    for path in zips:
        say(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
