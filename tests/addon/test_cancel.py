"""Cancel, as the user sees it: at once, whatever the worker is doing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

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


def test_what_was_ended_stays_in_the_queue_and_can_be_taken_up_again(
    worker: Callable[..., str], image: str, extension: Import
) -> None:
    worker("wait-at-decode")
    session = extension("addon.session.session").session
    bpy.ops.flashvdm.generate(filepath=image)
    tick_until(session, lambda: session.tasks.job.fraction > 0)
    bpy.ops.flashvdm.cancel()
    tick_until(session, lambda: not session.tasks.generating)
    (ended,) = session.tasks.queue.in_sight
    assert ended.job.state.name == "CANCELLED"
    worker("good")
    assert bpy.ops.flashvdm.queue_again(entry=ended.id) == {"FINISHED"}
    tick_until(session, lambda: not session.tasks.generating)
    assert [item.job.state.name for item in session.tasks.queue.items] == ["DONE"]
    assert [obj.name for obj in bpy.data.objects] == ["red chair"]
    assert bpy.context.object.flashvdm.seed == ended.job.task.settings["seed"]


def test_escape_ends_a_run_in_object_mode_alone(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("wait-at-decode")
    session, queue = extension("addon.session.session").session, extension("addon.ui.operators.queue")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.flashvdm.generate(filepath=image)
    tick_until(session, lambda: session.tasks.job.fraction > 0)
    key = SimpleNamespace(by_key=True, execute=lambda context: {"FINISHED"})
    bpy.ops.object.mode_set(mode="EDIT")
    assert queue.FLASHVDM_OT_cancel.invoke(key, bpy.context, None) == {"PASS_THROUGH"}
    bpy.ops.object.mode_set(mode="OBJECT")
    assert queue.FLASHVDM_OT_cancel.invoke(key, bpy.context, None) == {"FINISHED"}
    assert escapes()[0].properties.by_key
    bpy.ops.flashvdm.cancel()


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
