"""The prompt is asked for where the chosen model takes one."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from . import panel_widths
from .conftest import Import


@pytest.mark.parametrize("layout", ["published", "converted", "without"])
def test_the_prompt_is_asked_for_where_the_model_takes_one(extension: Import, tmp_path: Path, layout: str) -> None:
    if layout == "published":
        (tmp_path / "text_encoder").mkdir()
        (tmp_path / "model_index.json").write_text("{}")
    else:
        (tmp_path / "config.yaml").write_text("model:\n  target: a\n" + ("text:\n  target: b\n" if layout == "converted" else ""))
    info = extension("addon.session.model_info")
    assert info.takes_prompt(str(tmp_path)) is (layout != "without")
    assert not info.takes_prompt("embedded")
    bpy.context.scene.flashvdm.model = str(tmp_path)
    drawn = panel_widths.texts(bpy.types.FLASHVDM_PT_main)
    assert ("Prompt" in drawn) is (layout != "without")
