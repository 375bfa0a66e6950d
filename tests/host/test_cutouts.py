"""The cut-out before anything is generated, and what a model's folder tells, on the host mock."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bpy_mock import Host
from .conftest import Blender, Import


def look(blender: Blender) -> list[str]:
    """Change something about the image, and wait for the cut-out; what the panel says then."""
    cutouts = blender.extension("addon.session.cutouts")
    cutouts.ask_soon()
    assert cutouts.ask in blender.host.timers
    blender.until(lambda: blender.session.tasks.low_priority is not None and blender.session.tasks.low_priority.job.over)
    return [text for what, text in blender.drawn() if what == "label"]


def test_the_cutout_is_shown_before_anything_is_generated(blender: Blender, host: Host) -> None:
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    shown = look(blender)
    assert "Masked Image" in shown
    assert not blender.session.tasks.generating
    assert host.data.objects == []
    assert host.undo_steps == []
    assert blender.session.tasks.queue.items == [], "it is not in the way of anything"


def test_what_is_wrong_with_the_image_is_said_under_it(blender: Blender) -> None:
    blender.work_with("fail")
    blender.settings.image = str(blender.image)
    assert "The image is empty; choose another." in " ".join(look(blender))


def test_a_generation_that_is_asked_for_meanwhile_is_done(blender: Blender, host: Host) -> None:
    blender.work_with("good")
    blender.settings.image = str(blender.image)
    blender.extension("addon.session.cutouts").ask()
    blender.press("flashvdm.generate")
    blender.extension("addon.session.cutouts").ask()
    blender.until(lambda: blender.session.tasks.queue.next is None)
    assert len(host.data.objects) == 1
    assert host.timers == {}


def test_without_an_image_or_an_interpreter_nobody_is_asked(blender: Blender, host: Host) -> None:
    cutouts = blender.extension("addon.session.cutouts")
    assert cutouts.ask() is None
    blender.settings.image = str(blender.image)
    blender.preferences.python = "/nowhere/python"
    assert cutouts.ask() is None
    assert host.timers == {}


@pytest.mark.parametrize(
    ("config", "several"),
    [
        ("image_processor:\n  target: hy3dgen.shapegen.preprocessors.MVImageProcessorV2\n", True),
        ("image_processor:\n  target: hy3dgen.shapegen.preprocessors.ImageProcessorV2\n", False),
        ("# target: MVImageProcessorV2\n", False),
        (None, False),
    ],
)
def test_a_models_folder_tells_whether_it_takes_several_views(
    blender: Blender, extension: Import, tmp_path: Path, config: str | None, several: bool
) -> None:
    if config is not None:
        (tmp_path / "config.yaml").write_text(config)
    info = extension("addon.session.model_info")
    assert info.takes_several_views(str(tmp_path)) == several
    assert not info.takes_several_views("embedded")
    blender.settings.model = str(tmp_path)
    note = [text for what, text in blender.drawn("FLASHVDM_PT_views") if what == "label"]
    assert ("This model takes the front image alone" in " ".join(note)) != several
