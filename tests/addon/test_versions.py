"""Another version of the add-on, in real Blender: what it finds, and the files that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from builder.extension import stage

from .conftest import Import, preferences, zipped

NEWER = {
    "blender_manifest.toml": (('version = "', 'version = "9'),),
    # A setting and a choice that this version does not know; the choice comes first, so that all numbers are others.
    "flashvdm_core/api/settings.py": (
        ("    model: str = ", '    sparkle: float = _setting(0.5, "Sparkle", "How it shines", 0.0, 1.0)\n    model: str = '),
        ('("dense", "Dense"', '("quantum", "Quantum", "Every point at once"),\n            ("dense", "Dense"'),
    ),
}


@pytest.fixture
def install(extension: Import, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Install this version or the next one over what there is; this one at the end."""
    trees = {"this": stage(tmp_path / "this"), "next": stage(tmp_path / "next")}
    for name, changes in NEWER.items():
        path = trees["next"] / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
    zips = {version: zipped(tree) for version, tree in trees.items()}

    def installed(version: str) -> None:
        options: dict[str, Any] = {"repo": "user_default", "enable_on_install": True}
        assert bpy.ops.extensions.package_install_files(filepath=str(zips[version]), **options) == {"FINISHED"}

    yield installed
    installed("this")


def test_settings_outlive_a_new_version_and_its_files_open_in_the_old_one(
    install: Callable[[str], None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    preferences().python, preferences().idle_minutes = "/opt/python", 3.0
    bpy.context.scene.flashvdm.resolution, bpy.context.scene.flashvdm.size = 96, 1.5
    install("next")
    assert (preferences().python, preferences().idle_minutes) == ("/opt/python", 3.0)
    settings = bpy.context.scene.flashvdm
    assert (settings.resolution, settings.size, settings.sparkle) == (96, 1.5, 0.5)
    settings.sparkle, settings.decoder, settings.seed = 1.0, "dense", 3
    entry = bpy.context.scene.flashvdm_history.entries.add()
    entry.name, entry.settings = "Made by the next", '{"seed": 4, "sparkle": 1.0, "decoder": "quantum"}'
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "next.blend"))

    install("this")
    assert (preferences().python, preferences().idle_minutes) == ("/opt/python", 3.0)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "next.blend"))
    settings = bpy.context.scene.flashvdm
    assert (settings.resolution, settings.size, settings.seed) == (96, 1.5, 3)
    assert settings.decoder == "flash", "what this version does not know is back at its default"
    assert bpy.ops.flashvdm.history_restore() == {"FINISHED"}
    assert (settings.seed, settings.decoder) == (4, "flash")
    assert "Traceback" not in capfd.readouterr().err
