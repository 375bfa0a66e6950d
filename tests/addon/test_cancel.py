"""Cancel, as the user sees it: at once, whatever the worker is doing."""

from __future__ import annotations

from collections.abc import Callable

import addon_utils
import bpy
import pytest

from .conftest import PACKAGE, Import, content, tick_until


@pytest.fixture(autouse=True)
def invoked(extension: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without windows Blender executes an operator even when it is asked to invoke it."""
    operator = extension("addon.ui.operators.generate").FLASHVDM_OT_generate
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))


@pytest.mark.parametrize("behaviour", ["wait-at-decode", "hang-at-decode"])
def test_the_preview_leaves_the_scene_with_the_click(
    worker: Callable[..., str], image: str, extension: Import, behaviour: str
) -> None:
    worker(behaviour)
    session = extension("addon.session.session").session
    before = content()
    bpy.ops.flashvdm.generate(filepath=image)
    tick_until(session, lambda: content() != before)
    bpy.ops.flashvdm.cancel()
    assert content() == before, "the worker has not even heard of it yet"
    assert session.tasks.generating
    if behaviour == "wait-at-decode":
        tick_until(session, lambda: not session.tasks.generating)
        assert session.tasks.job.state.name == "CANCELLED"
        assert content() == before


def escapes() -> list[bpy.types.KeyMapItem]:
    """The keys of the viewport that cancel a generation."""
    keymap = bpy.context.window_manager.keyconfigs.addon.keymaps.find("3D View Generic", space_type="VIEW_3D")
    return [item for item in keymap.keymap_items if item.idname == "flashvdm.cancel"] if keymap else []


def test_escape_cancels_in_the_viewport_only_while_there_is_something_to_cancel(extension: Import) -> None:
    assert [(item.type, item.value) for item in escapes()] == [("ESC", "PRESS")]
    assert not bpy.ops.flashvdm.cancel.poll(), "without a generation Escape must mean what it always meant"
    addon_utils.disable(PACKAGE)
    assert escapes() == []
    addon_utils.enable(PACKAGE)
    assert len(escapes()) == 1


def test_an_emptied_model_field_means_the_built_in_model(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("good")
    session = extension("addon.session.session").session
    bpy.context.scene.flashvdm.model = ""
    bpy.ops.flashvdm.generate(filepath=image)
    assert session.tasks.job.task.settings["model"] == "embedded"
    tick_until(session, lambda: not session.tasks.generating)
    bpy.context.scene.flashvdm.model = "/models/mini"
    bpy.ops.flashvdm.generate(filepath=image)
    assert session.tasks.job.task.settings["model"] == "/models/mini"
    tick_until(session, lambda: not session.tasks.generating)
