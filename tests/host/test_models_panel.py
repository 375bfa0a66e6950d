"""What the panels show of the public models, drawn on the host mock."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bpy_mock import Host
from .conftest import Blender, Import


def texts(shown: list[tuple[str, str]]) -> str:
    return " ".join(text for what, text in shown if what in ("label", "progress"))


def buttons(shown: list[tuple[str, str]]) -> set[str]:
    return {text for what, text in shown if what == "operator"}


def in_preferences(blender: Blender) -> list[tuple[str, str]]:
    blender.preferences.layout.drawn.clear()
    blender.preferences.draw(blender.host.context)
    return blender.preferences.layout.drawn


def at(blender: Blender, stage: str, **state: object) -> list[tuple[str, str]]:
    """The main panel with the download at that stage."""
    models = blender.session.models
    stages = blender.extension("addon.session.models").Stage
    for name, value in {"name": "hunyuan3d-dit-v2-0-turbo", "stage": stages(stage), **state}.items():
        setattr(models, name, value)
    return blender.drawn()


def test_the_panel_offers_the_models_and_shows_nothing_else_of_them_at_first(blender: Blender) -> None:
    shown = blender.drawn()
    assert ("menu", "FLASHVDM_MT_models") in shown
    assert not any(name.startswith("flashvdm.model_") for name in buttons(shown))


def test_the_question_names_licence_territory_and_size(blender: Blender) -> None:
    shown = at(blender, "asking")
    for words in ("Tencent Hunyuan 3D 2.0 Community License", "European Union", "South Korea", "5.33 GB will be downloaded"):
        assert words in texts(shown)
    assert {"flashvdm.model_licence", "flashvdm.model_accept", "flashvdm.model_dismiss"} <= buttons(shown)


def test_each_stage_has_the_buttons_that_lead_on(blender: Blender, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"flashvdm.model_get", "flashvdm.model_dismiss"} <= buttons(at(blender, "paused"))
    shown = at(blender, "failed", error="The server is out of order.")
    assert "The server is out of order." in texts(shown)
    assert {"flashvdm.model_get", "flashvdm.model_dismiss"} <= buttons(shown)
    monkeypatch.setattr(blender.session.models, "_process", object())
    shown = at(blender, "downloading", _bytes=1_200_000_000, _total=5_300_000_000)
    assert "1.2 GB of 5.3 GB" in texts(shown)
    assert "flashvdm.model_pause" in buttons(shown)
    assert "flashvdm.model_dismiss" not in buttons(shown)


def test_the_preferences_list_every_model_with_what_it_needs(blender: Blender, extension: Import) -> None:
    known = extension("flashvdm_core.checkpoints.registry").KNOWN
    shown = in_preferences(blender)
    for checkpoint in known.values():
        assert checkpoint.title in texts(shown)
    assert [text for what, text in shown if what == "operator"].count("flashvdm.model_get") == len(known)
    assert "flashvdm.model_remove" not in buttons(shown)
    assert "up to 4 images" in texts(shown)


def test_what_is_on_the_disk_can_be_removed(blender: Blender, tmp_path: Path) -> None:
    blender.preferences.models_folder = str(tmp_path)
    part = tmp_path / "hunyuan3d-dit-v2-0-turbo" / "model.fp16.safetensors.part"
    part.parent.mkdir()
    part.write_bytes(bytes(2000))
    shown = in_preferences(blender)
    assert "2 kB on disk" in texts(shown)
    assert [text for what, text in shown if what == "operator"].count("flashvdm.model_remove") == 1


def test_models_too_large_for_this_machine_come_last(
    blender: Blender, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extension("addon.ui.panels.models"), "total_memory", lambda: 10 << 30)
    labels = [text for what, text in in_preferences(blender) if what == "label"]
    assert labels.index("Hunyuan3D-2mini turbo") < labels.index("Hunyuan3D-2 turbo")
    small = [index for index, text in enumerate(labels) if text.startswith("Hunyuan3D-2mini")]
    assert max(small) < labels.index("Hunyuan3D-2.1 base")


def test_the_menu_lists_what_is_here_and_what_can_be_downloaded(blender: Blender, host: Host) -> None:
    menu = next(cls for cls in host.registered if cls.__name__ == "FLASHVDM_MT_models")()
    layout = blender.extension("addon.ui.panels.models").bpy.types.UILayout()
    menu.layout = layout
    menu.draw(host.context)
    names = [text for what, text in layout.drawn if what == "operator"]
    assert names.count("flashvdm.model_choose") == 1
    whole = [known for known in blender.extension("flashvdm_core.checkpoints.registry").KNOWN.values() if known.model is not None]
    assert names.count("flashvdm.model_get") == len(whole)
