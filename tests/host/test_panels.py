"""What the panel and the preferences say, drawn on the host mock."""

from __future__ import annotations

import os

import numpy as np
import pytest

from .bpy_mock import Host
from .conftest import Blender, Import


def labels(shown: list[tuple[str, str]]) -> list[str]:
    return [text for what, text in shown if what == "label"]


def generate(blender: Blender) -> None:
    """Press Generate and let the timer run to the end."""
    blender.press("flashvdm.generate")
    blender.until(lambda: not blender.session.tasks.generating)


@pytest.fixture
def without_python(blender: Blender, monkeypatch: pytest.MonkeyPatch) -> Blender:
    """Nothing on this machine can run the model. The interpreter that runs the tests has torch, Blender's has not."""
    monkeypatch.delenv("FLASHVDM_PYTHON", raising=False)
    monkeypatch.setattr(blender.extension("addon.link.runtime").importlib.util, "find_spec", lambda name: None)
    return blender


def test_without_an_interpreter_the_panel_offers_to_set_it_up_and_shows_the_way_to_the_preferences(
    without_python: Blender,
) -> None:
    shown = without_python.drawn()
    assert "No Python with PyTorch was found" in " ".join(labels(shown))
    buttons = {
        ("operator", "preferences.addon_show"),
        ("operator", "flashvdm.set_up"),
        ("operator", "flashvdm.set_up_from_folder"),
    }
    assert buttons <= set(shown)
    without_python.work_with("good")
    assert not buttons & set(without_python.drawn())


def test_sentences_are_broken_to_the_width_of_the_sidebar(without_python: Blender, host: Host) -> None:
    host.context.region.width = 160
    lines = labels(without_python.drawn())
    assert len(lines) > 3
    assert all(len(line) <= 20 for line in lines)


def test_without_an_image_the_panel_offers_to_open_one(blender: Blender) -> None:
    shown = blender.drawn()
    assert ("operator", "flashvdm.open_image") in shown
    assert "icon" not in dict(shown)


def test_an_image_that_is_gone_is_said_to_be(blender: Blender) -> None:
    blender.settings.image = str(blender.image)
    assert "icon" in dict(blender.drawn())
    assert ("disabled", "flashvdm.generate") not in blender.drawn()
    blender.image.unlink()
    assert ("disabled", "flashvdm.generate") in blender.drawn()
    assert "icon" not in dict(blender.drawn())
    assert labels(blender.drawn()) == [f"{blender.image.name} does not exist", "Model"], "said once"


def test_the_progress_bar_tells_stage_share_and_time(blender: Blender) -> None:
    blender.work_with("wait-at-decode")
    blender.settings.image = str(blender.image)
    blender.press("flashvdm.generate")
    assert dict(blender.drawn())["progress"] == "Starting   0%   0 s"


def test_the_end_tells_time_and_triangles_and_the_picture_is_the_cutout(blender: Blender) -> None:
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    before = blender.drawn()
    assert blender.image.name in labels(before)
    generate(blender)
    shown = blender.drawn()
    assert f"Done in {blender.session.tasks.job.seconds:.1f} s, 14 triangles" in labels(shown)
    assert "Masked Image" in labels(shown)
    button = ("operator", "flashvdm.generate")
    assert shown.index(button) == before.index(button), "what is under the mouse must not move"
    os.utime(blender.image, ns=(0, 1))
    assert "Masked Image" not in labels(blender.drawn()), "the file is another one now"


def test_the_preferences_tell_what_a_check_has_found_in_whole(blender: Blender, host: Host) -> None:
    found = "The Python '/opt/python' cannot run the model (No module named 'torch'); choose another."
    blender.session.check.text = found
    blender.preferences.draw(host.context)
    lines = [line for line in labels(blender.preferences.layout.drawn) if line in found]
    assert " ".join(lines) == found
    assert all(len(line) <= 40 for line in lines), "the line would be cut off"


def test_the_cutout_is_shown_on_checks(extension: Import) -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:, 20:] = (255, 128, 0, 255)
    shown = extension("addon.scene.thumbnails").on_checks(rgba)
    assert shown.dtype == np.float32
    assert (shown[..., 3] == 1).all(), "Blender's icons add what is transparent to the ground"
    np.testing.assert_allclose(shown[:, 20:, :3], np.broadcast_to((1, 128 / 255, 0), (40, 20, 3)), atol=1e-6)
    greys = np.unique(shown[:, :20, :3])
    assert len(greys) == 2
    assert 0 < greys[0] < greys[1] < 1
    half = extension("addon.scene.thumbnails").on_checks(np.full((1, 1, 4), (255, 255, 255, 128), np.uint8))
    assert greys[0] < half[0, 0, 0] < 1


def test_the_history_lists_what_was_generated_and_tells_how_two_differ(blender: Blender, host: Host) -> None:
    assert "What you generate is listed here" in labels(blender.drawn("FLASHVDM_PT_history"))
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    for seed in (1, 2):
        blender.settings.seed = seed
        generate(blender)
    shown = blender.drawn("FLASHVDM_PT_history")
    assert [name for what, name in shown if what == "operator"][:2] == ["flashvdm.history_show", "flashvdm.history_discard"]
    assert [what for what, _ in shown].count("icon") == 2, "a picture of each mesh"
    assert ("operator", "flashvdm.history_generate") in shown
    assert "stand-in, seed 2" in labels(shown)
    assert any(text.startswith("Today at ") for text in labels(shown))
    entries = host.context.scene.flashvdm_history.entries
    entries[0].compared = entries[1].compared = True
    shown = labels(blender.drawn("FLASHVDM_PT_history"))
    assert shown[shown.index("Seed") : shown.index("Seed") + 3] == ["Seed", "1", "2"]


def test_the_mesh_panel_asks_for_a_mesh(blender: Blender) -> None:
    assert labels(blender.drawn("FLASHVDM_PT_mesh")) == ["Select a mesh object"]
