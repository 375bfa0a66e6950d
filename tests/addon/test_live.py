"""Generation as it runs in the user interface: invoked, moved on by the timer, and disturbed by the user."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from flashvdm_core.api.mesh import TriangleMesh

from .conftest import Import, content, preferences, tick_until

if TYPE_CHECKING:
    from addon.session.session import Session


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The add-on's session, in a Blender where the operator is invoked as by its button.

    Without windows Blender executes an operator even when it is asked to invoke it, so `invoke` stands in for `execute`.
    """
    operator = extension("addon.ui.operators.generate").FLASHVDM_OT_generate
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    return extension("addon.session.session").session


def invoke(session: Session, image: str, **properties: Any) -> None:
    """Press Generate."""
    assert bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=image, **properties) == {"FINISHED"}
    assert session.tasks.generating


def finish(session: Session) -> str:
    """Let the timer run until the job is over; how it ended."""
    tick_until(session, lambda: not session.tasks.generating)
    return session.tasks.job.state.name


def meshes() -> list[bpy.types.Object]:
    return [obj for obj in bpy.data.objects if obj.type == "MESH"]


def until_preview(session: Session) -> bpy.types.Object:
    tick_until(session, lambda: bool(meshes()))
    return meshes()[0]


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Lets a stand-in worker that pauses go on."""
    gate = tmp_path / "go on"
    monkeypatch.setenv("STAND_IN_GATE", str(gate))
    return gate.touch


def test_previews_grow_in_one_object_that_becomes_the_result(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("wait-at-decode")
    before = content()
    invoke(session, image, seed=2)
    assert content() == before, "nothing is in the scene before the first preview"
    preview = until_preview(session)
    uid = preview.session_uid
    assert preview.name == "red chair"
    assert len(preview.data.polygons) == 14
    bpy.ops.flashvdm.cancel()
    assert finish(session) == "CANCELLED"
    assert content() == before

    worker("good")
    invoke(session, image, seed=2)
    assert finish(session) == "DONE"
    assert len(meshes()) == 1
    assert meshes()[0].session_uid != uid
    assert meshes()[0].flashvdm.seed == 2
    assert not meshes()[0].flashvdm.preview


@pytest.mark.parametrize("mode", ["SCULPT", "WEIGHT_PAINT"])
def test_a_preview_that_the_artist_works_on_stays_theirs(
    worker: Callable[..., str], image: str, session: Session, go_on: Callable[[], None], mode: str
) -> None:
    worker("pause-at-decode")
    invoke(session, image)
    preview = until_preview(session)
    bpy.context.view_layer.objects.active = preview
    bpy.ops.object.mode_set(mode=mode)
    before = preview.data
    go_on()
    assert finish(session) == "DONE"
    assert (preview.mode, preview.data) == (mode, before)
    assert len(meshes()) == 2
    assert not preview.flashvdm.preview


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_the_artist_joins_into_a_preview_is_not_lost(
    worker: Callable[..., str], image: str, session: Session, go_on: Callable[[], None], cancelled: bool
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    worker("wait-at-decode" if cancelled else "pause-at-decode")
    invoke(session, image)
    tick_until(session, lambda: len(meshes()) == 2)
    preview = next(obj for obj in meshes() if obj != cube)
    preview.select_set(True)
    cube.select_set(True)
    bpy.context.view_layer.objects.active = preview
    bpy.ops.object.join()
    assert len(preview.data.polygons) == 20
    bpy.ops.flashvdm.cancel() if cancelled else go_on()
    assert finish(session) == ("CANCELLED" if cancelled else "DONE")
    assert sorted(len(obj.data.polygons) for obj in meshes()) == ([20] if cancelled else [14, 20])


def test_one_live_generation_is_one_undo_step(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("good")
    before = content()
    invoke(session, image)
    finish(session)
    after = content()
    assert after != before
    bpy.ops.ed.undo()
    assert content() == before
    bpy.ops.ed.redo()
    assert content() == after


@pytest.mark.parametrize("behaviour", ["die-at-decode", "killed-at-decode", "rubbish-at-decode", "die-at-texture"])
def test_a_failure_after_previews_removes_them(worker: Callable[..., str], image: str, session: Session, behaviour: str) -> None:
    worker(behaviour)
    before = content()
    invoke(session, image)
    assert finish(session) == "FAILED"
    assert content() == before
    assert session.tasks.job.error
    assert not bpy.app.timers.is_registered(session.loop.timer)
    worker("good")
    invoke(session, image)
    assert finish(session) == "DONE"


def test_a_worker_that_hangs_is_given_up(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("hang-at-decode")
    preferences().silence_minutes = 0.01
    before = content()
    invoke(session, image)
    assert finish(session) == "FAILED"
    assert "silent" in session.tasks.job.error
    assert content() == before


def test_a_preview_that_the_user_deletes_stays_deleted_and_the_result_still_comes(
    worker: Callable[..., str], image: str, session: Session, go_on: Callable[[], None]
) -> None:
    worker("pause-at-decode")
    invoke(session, image)
    bpy.data.objects.remove(until_preview(session))
    triangle = TriangleMesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    for _ in session.tasks.queue.current.sink.show_preview(triangle):
        pass
    assert meshes() == []
    go_on()
    assert finish(session) == "DONE"
    assert len(meshes()) == 1


def test_what_the_user_does_to_the_preview_is_kept(
    worker: Callable[..., str], image: str, session: Session, go_on: Callable[[], None]
) -> None:
    worker("pause-at-decode")
    invoke(session, image)
    preview = until_preview(session)
    preview.location, preview.name = (5, 6, 7), "Throne"
    go_on()
    assert finish(session) == "DONE"
    assert [obj.name for obj in meshes()] == ["Throne"]
    assert tuple(meshes()[0].location) == (5, 6, 7)


def test_a_preview_in_edit_mode_is_left_to_the_user(
    worker: Callable[..., str], image: str, session: Session, go_on: Callable[[], None]
) -> None:
    worker("pause-at-decode")
    invoke(session, image)
    preview = until_preview(session)
    bpy.context.view_layer.objects.active = preview
    bpy.ops.object.mode_set(mode="EDIT")
    go_on()
    assert finish(session) == "DONE"
    bpy.ops.object.mode_set(mode="OBJECT")
    made = [obj for obj in meshes() if obj.flashvdm.settings]
    assert len(meshes()) == 2
    assert len(made) == 1
    assert made[0] != preview
    assert not any(obj.flashvdm.preview for obj in meshes())


def test_another_file_ends_the_generation(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("wait-at-decode")
    invoke(session, image)
    until_preview(session)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not session.tasks.generating
    assert meshes() == []
    worker("good")
    invoke(session, image)
    assert finish(session) == "DONE"


def test_a_preview_in_a_saved_file_is_gone_when_the_file_is_opened(
    worker: Callable[..., str], image: str, session: Session, tmp_path: Path
) -> None:
    worker("wait-at-decode")
    invoke(session, image)
    until_preview(session)
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True, check_existing=False)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert meshes() == []


@pytest.mark.parametrize("removed", [False, True])
def test_the_result_goes_to_the_scene_in_which_it_was_asked_for_and_if_that_is_gone_to_the_current_one(
    worker: Callable[..., str], image: str, session: Session, removed: bool
) -> None:
    first = bpy.context.scene
    other = bpy.data.scenes.new("Other")
    worker("good")
    invoke(session, image)
    bpy.context.window.scene = other
    if removed:
        bpy.data.scenes.remove(first)
    assert finish(session) == "DONE"
    expected, empty = (other, []) if removed else (first, [other])
    assert [obj.name for obj in expected.objects] == ["red chair"]
    assert not any(len(scene.objects) for scene in empty)


def test_undo_while_previews_grow_brings_no_orphans(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("wait-at-decode")
    bpy.data.objects.new("Lamp", None)
    before = content()
    bpy.ops.ed.undo_push(message="Add lamp")
    invoke(session, image)
    until_preview(session)
    bpy.ops.ed.undo_push(message="Something that the user does while it runs")
    bpy.ops.flashvdm.cancel()
    assert finish(session) == "CANCELLED"
    assert content() == before
    bpy.ops.ed.undo_push(message="Something that the user does afterwards")
    bpy.ops.ed.undo()
    assert content() == before, "undo must not bring the preview back"


def test_disabling_the_extension_while_it_runs_cleans_up(
    worker: Callable[..., str], image: str, session: Session, extension: Import
) -> None:
    import addon_utils

    worker("wait-at-decode")
    before = content()
    invoke(session, image)
    until_preview(session)
    process = session.tasks.client
    assert process is not None
    package = extension("addon").__name__.rpartition(".")[0]
    addon_utils.disable(package)
    assert not process.running
    assert content() == before
    assert not bpy.app.timers.is_registered(session.loop.timer)
    addon_utils.enable(package)


def test_checking_the_interpreter_tells_what_it_is(worker: Callable[..., str], session: Session) -> None:
    worker("good")
    assert bpy.ops.flashvdm.check_runtime() == {"FINISHED"}
    tick_until(session, lambda: not session.check.running)
    assert session.check.text == "Python 3.11, PyTorch stand-in, device cpu"
    worker("die-at-start")
    bpy.ops.flashvdm.check_runtime()
    tick_until(session, lambda: not session.check.running)
    assert "No module named 'torch'" in session.check.text


def test_a_queue_goes_on_after_one_that_fails_and_each_result_has_its_own_undo_step(
    worker: Callable[..., str], image: str, session: Session
) -> None:
    worker("good")
    invoke(session, image, seed=1)
    invoke(session, image, seed=2)
    bpy.context.scene.cursor.location = (0, 50, 0)
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    invoke(session, image, seed=3)
    session.tasks.queue.items[1].job.fail("Made to fail by this test.", "")
    assert finish(session) == "DONE"
    assert [entry.job.state.name for entry in session.tasks.queue.items] == ["DONE", "FAILED", "DONE"]
    places = {obj.flashvdm.seed: (tuple(obj.location), obj.users_scene[0].name) for obj in meshes()}
    assert places == {1: ((0, 0, 0), "Scene"), 3: ((0, 0, 0), "Other")}
    bpy.ops.ed.undo()
    assert [obj.flashvdm.seed for obj in meshes()] == [1]
    bpy.ops.ed.undo()
    assert meshes() == []


def test_another_file_takes_the_whole_queue_with_it(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("wait-at-decode")
    for seed in range(3):
        invoke(session, image, seed=seed)
    until_preview(session)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert session.tasks.queue.items == []
    assert meshes() == []


def test_the_worker_is_killed_and_the_next_in_the_queue_gets_a_new_one(
    worker: Callable[..., str], image: str, session: Session
) -> None:
    worker("wait-at-decode")
    invoke(session, image, seed=1)
    invoke(session, image, seed=2)
    until_preview(session)
    first = session.tasks.client.process_id
    os.kill(first, signal.SIGKILL)
    tick_until(session, lambda: session.tasks.queue.items[0].job.over)
    assert meshes() == []
    tick_until(session, lambda: bool(meshes()))
    assert session.tasks.client.process_id != first
    assert [entry.job.state.name for entry in session.tasks.queue.items] == ["FAILED", "RUNNING"]
    bpy.ops.flashvdm.queue_clear()
    assert meshes() == []
    assert finish(session) == "CANCELLED"


def test_one_task_is_taken_out_of_the_queue(worker: Callable[..., str], image: str, session: Session) -> None:
    worker("wait-at-decode")
    for seed in range(3):
        invoke(session, image, seed=seed)
    until_preview(session)
    _, second, third = session.tasks.queue.items
    assert bpy.ops.flashvdm.queue_remove(entry=second.id) == {"FINISHED"}
    assert [entry.id for entry in session.tasks.queue.items][1:] == [third.id]
    assert bpy.ops.flashvdm.queue_remove(entry=second.id) == {"CANCELLED"}
    bpy.ops.flashvdm.queue_clear()
    assert finish(session) == "CANCELLED"
    assert meshes() == []
