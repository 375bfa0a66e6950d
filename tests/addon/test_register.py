"""Registration, and that the settings are the core's, in real Blender."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import addon_utils
import bpy
import pytest

from .conftest import PACKAGE, Import

HANDLERS = ("load_pre", "load_post", "undo_post", "redo_post")


def registered() -> dict[str, object]:
    """What the add-on could leave behind in Blender."""
    manager = bpy.context.window_manager
    keys = manager.keyconfigs.addon
    return {
        "classes": sorted(name for name in dir(bpy.types) if "flashvdm" in name.lower()),
        "operators": sorted(dir(bpy.ops.flashvdm)),
        "scene": sorted(name for name in dir(bpy.types.Scene) if "flashvdm" in name),
        "handlers": [len(getattr(bpy.app.handlers, name)) for name in HANDLERS],
        "keys": sum(len(keymap.keymap_items) for keymap in keys.keymaps) if keys is not None else 0,
    }


def test_enabling_and_disabling_a_hundred_times_leaves_nothing_behind(
    extension: Import, capfd: pytest.CaptureFixture[str]
) -> None:
    enabled = registered()
    addon_utils.disable(PACKAGE)
    disabled = registered()
    assert disabled["classes"] == disabled["operators"] == disabled["scene"] == []
    capfd.readouterr()
    for _ in range(100):
        addon_utils.enable(PACKAGE)
        addon_utils.disable(PACKAGE)
    assert registered() == disabled
    assert not bpy.app.timers.is_registered(extension("addon.session.session").session.loop.timer)
    addon_utils.enable(PACKAGE)
    assert registered() == enabled
    noise = capfd.readouterr()
    assert noise.out + noise.err == ""


def test_every_setting_of_the_core_is_a_property_with_its_range_default_and_tooltip(extension: Import) -> None:
    properties = extension("addon.settings.properties")
    settings = extension("flashvdm_core.api.settings").SETTINGS
    scene = bpy.context.scene.flashvdm.bl_rna.properties
    machine = bpy.context.preferences.addons[PACKAGE].preferences.bl_rna.properties
    operator = bpy.ops.flashvdm.generate.get_rna_type().properties
    assert set(properties.OF_SCENE) | set(properties.MACHINE) == set(settings)
    for name, setting in settings.items():
        for shown in (operator[name], (machine if name in properties.MACHINE else scene)[name]):
            assert shown.description == setting.tooltip
            assert shown.default == pytest.approx(setting.default)
            if setting.minimum is not None:
                assert (shown.hard_min, shown.hard_max) == pytest.approx((setting.minimum, setting.maximum))
            if setting.choices:
                assert [item.identifier for item in shown.enum_items] == [choice[0] for choice in setting.choices]


def test_the_extension_brings_no_torch_into_blender(extension: Import) -> None:
    extension("addon")
    assert "torch" not in sys.modules


def test_versions_agree(extension: Import) -> None:
    manifest = tomllib.loads((Path(extension("addon").__file__).parents[1] / "blender_manifest.toml").read_text())
    assert manifest["version"] == extension("flashvdm_core").__version__


def test_names_of_objects_come_from_any_file_name(extension: Import) -> None:
    name_for = extension("addon.scene.placement").name_for
    assert name_for("/a/red chair.v2.png") == "red chair.v2"
    assert name_for("椅子.png") == "椅子"
    long = name_for("椅" * 100 + ".png")
    assert bpy.data.meshes.new(long).name == long, "Blender would cut a longer name"
    assert name_for("") == "FlashVDM"
