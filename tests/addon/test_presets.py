"""Qualities, Blender's presets and the way back to the defaults, in real Blender."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from .conftest import Import, preferences


@pytest.mark.parametrize(("quality", "resolution"), [("DRAFT", 128), ("NORMAL", 256), ("FINE", 512)])
def test_a_quality_sets_the_resolution_and_leaves_what_is_shown_alone(extension: Import, quality: str, resolution: int) -> None:
    settings = bpy.context.scene.flashvdm
    settings.seed, settings.image, settings.steps = 5, "/a.png", 9
    assert bpy.ops.flashvdm.quality(quality=quality) == {"FINISHED"}
    assert (settings.resolution, settings.seed, settings.image, settings.steps) == (resolution, 5, "/a.png", 0)


def test_the_quality_is_another_name_of_the_resolution(extension: Import) -> None:
    settings = bpy.context.scene.flashvdm
    assert settings.quality == "NORMAL"
    settings.quality = "FINE"
    assert settings.resolution == 512
    settings.resolution = 300
    assert settings.quality == "CUSTOM"


def test_the_number_of_faces_can_be_switched_off_and_on(extension: Import) -> None:
    settings = bpy.context.scene.flashvdm
    assert (settings.limit_faces, settings.face_budget) == (True, 40_000)
    settings.limit_faces = False
    assert settings.face_budget == 0
    settings.limit_faces = True
    assert settings.face_budget == 40_000


def test_a_preset_brings_the_settings_back(extension: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = bpy.types.FLASHVDM_PT_presets
    monkeypatch.setattr(panel, "bl_label", panel.bl_label)  # Blender writes the name of the last preset there
    settings = bpy.context.scene.flashvdm
    settings.resolution, settings.size, settings.size_of, settings.cutout = 96, 1.75, "HEIGHT", "border"
    assert bpy.ops.flashvdm.preset_add(name="Statue") == {"FINISHED"}
    bpy.ops.flashvdm.reset_settings()
    assert (settings.resolution, settings.size_of) == (256, "LONGEST")
    settings.seed = 7
    found = [path for folder in bpy.utils.preset_paths("flashvdm") for path in Path(folder).iterdir()]
    paths = [str(path) for path in found if path.name == "Statue.py"]
    assert len(paths) == 1
    bpy.ops.script.execute_preset(filepath=paths[0], menu_idname="FLASHVDM_PT_presets")
    assert (settings.resolution, settings.size, settings.size_of, settings.cutout) == (96, 1.75, "HEIGHT", "border")
    assert settings.seed == 7, "the seed is no part of it"
    bpy.ops.flashvdm.preset_add(name="Statue", remove_name=True)


def test_auto_stands_for_the_default_and_a_number_takes_its_place(extension: Import) -> None:
    settings = bpy.context.scene.flashvdm
    assert settings.auto_steps
    assert settings.auto_guidance
    settings.auto_steps = False
    assert settings.steps == 20
    settings.steps = 7
    assert not settings.auto_steps
    settings.auto_steps = True
    assert settings.steps == 0
    settings.guidance = 3.0
    assert not settings.auto_guidance


def test_the_device_is_a_menu_and_any_other_can_be_named(extension: Import) -> None:
    chosen = preferences()
    assert chosen.device_choice == "auto"
    chosen.device_choice = "cpu"
    assert chosen.device == "cpu"
    chosen.device = "cuda:3"
    assert chosen.device_choice == "OTHER"


def test_resetting_keeps_the_image(extension: Import) -> None:
    settings = bpy.context.scene.flashvdm
    settings.image, settings.seed, settings.resolution, settings.target_quads = "/a.png", 3, 64, 99
    assert bpy.ops.flashvdm.reset_settings() == {"FINISHED"}
    assert (settings.image, settings.seed, settings.resolution, settings.target_quads) == ("/a.png", 0, 256, 5000)
