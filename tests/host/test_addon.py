"""The add-on on the host mock: registering, the panel in each state, and the live path from Generate to the object."""

from __future__ import annotations

import numpy as np
import pytest

from .bpy_mock import Host
from .conftest import Blender


def test_unregistering_leaves_nothing_behind(blender: Blender, host: Host) -> None:
    import bpy

    assert len(host.registered) > 5
    assert list(host.commands) == ["flashvdm"]
    blender.addon.unregister()
    assert host.registered == []
    assert host.timers == {}
    assert host.commands == {}
    assert not hasattr(bpy.types.Scene, "flashvdm")
    for name in ("load_pre", "load_post", "undo_post", "redo_post"):
        assert getattr(bpy.app.handlers, name) == []


def test_generating_from_the_panel(blender: Blender, host: Host) -> None:
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    assert ("operator", "flashvdm.generate") in blender.drawn()
    assert blender.press("flashvdm.generate").finished
    shown = blender.drawn()
    assert ("operator", "flashvdm.cancel") in shown
    assert shown.index(("operator", "flashvdm.cancel")) < shown.index(("operator", "flashvdm.generate"))
    assert any(what == "progress" for what, _ in shown)
    blender.until(lambda: not blender.session.tasks.generating)
    assert [obj.name for obj in host.data.objects] == ["red chair"]
    obj = host.data.objects[0]
    assert obj.flashvdm.seed == 0
    assert obj.location == (1.0, 2.0, 3.0), "on the cursor"
    height = obj.data.attributes["position"].data.values["vector"].reshape(-1, 3)[:, 2]
    assert np.ptp(height) == pytest.approx(2.0)
    assert host.undo_steps == ["Generate red chair"]
    assert host.timers == {}
    shown = blender.drawn()
    assert any(what == "label" and text.startswith("Done in") for what, text in shown)
    assert ("label", "Masked Image") in shown
    assert ("label", "The stand-in made a box.") in shown, "the warning"


def test_cancelling_from_the_panel_leaves_the_scene_as_it_was(blender: Blender, host: Host) -> None:
    blender.work_with("wait-at-decode")
    blender.settings.image = str(blender.image)
    blender.press("flashvdm.generate")
    blender.until(lambda: bool(host.data.objects))
    assert host.undo_steps == []
    blender.press("flashvdm.cancel")
    blender.until(lambda: not blender.session.tasks.generating)
    assert host.data.objects == []
    assert host.data.meshes == []
    assert host.undo_steps == []
    assert ("label", "Cancelled") in blender.drawn()


def test_a_failure_is_shown_with_its_details(blender: Blender, host: Host) -> None:
    blender.work_with("fail")
    blender.settings.image = str(blender.image)
    blender.press("flashvdm.generate")
    blender.until(lambda: not blender.session.tasks.generating)
    shown = blender.drawn()
    assert "The image is empty; choose another." in " ".join(text for what, text in shown if what == "label")
    assert ("operator", "flashvdm.show_details") in shown
    assert host.data.objects == []


def test_without_an_image_or_an_interpreter_nothing_starts(blender: Blender, host: Host) -> None:
    pressed = blender.press("flashvdm.generate")
    assert not pressed.finished
    assert "choose an image" in pressed.reports[0][1]
    blender.settings.image = str(blender.image)
    blender.preferences.python = str(blender.folder / "no such python")
    pressed = blender.press("flashvdm.generate")
    assert not pressed.finished
    assert "does not exist" in pressed.reports[0][1]
    assert host.timers == {}


def test_every_panel_and_the_preferences_draw(blender: Blender) -> None:
    blender.settings.image = str(blender.image)
    for panel in (
        "FLASHVDM_PT_main",
        "FLASHVDM_PT_queue",
        "FLASHVDM_PT_views",
        "FLASHVDM_PT_settings",
        "FLASHVDM_PT_memory",
        "FLASHVDM_PT_result",
    ):
        assert blender.drawn(panel)
    properties = {
        name.removeprefix("auto_")
        for panel in ("main", "settings", "advanced")
        for what, name in blender.drawn(f"FLASHVDM_PT_{panel}")
        if what == "prop"
    }
    assert set(blender.extension("addon.settings.properties").OF_SCENE) <= properties, "every setting of the scene can be seen"
    blender.preferences.draw(blender.host.context)
    shown = {name for what, name in blender.preferences.layout.drawn if what == "prop"}
    assert {"python", "device_choice", "precision", "auto_memory_budget"} <= shown


def test_memory_is_given_back_when_asked(blender: Blender) -> None:
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    blender.press("flashvdm.generate")
    blender.until(lambda: not blender.session.tasks.generating)
    assert blender.session.tasks.client.running
    assert ("label", "Running on cpu") in blender.drawn("FLASHVDM_PT_memory")
    blender.press("flashvdm.release_memory")
    assert blender.session.tasks.client is None
    assert ("label", "Not running") in blender.drawn("FLASHVDM_PT_memory")
