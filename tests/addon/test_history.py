"""The history of a scene in real Blender: it outlives objects, files and sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from .conftest import Import, content, end_of, preferences

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "red chair.png"
    path.write_bytes(PIXEL)
    return path


def entries() -> Any:
    return bpy.context.scene.flashvdm_history.entries


def test_every_generation_is_listed(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=3, resolution=64)
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=4, resolution=128)
    assert [(entry.name, entry.seed, entry.model, entry.triangles) for entry in entries()] == [
        ("red chair", 3, "stand-in", 14),
        ("red chair.001", 4, "stand-in", 14),
    ]
    assert json.loads(entries()[0].images) == {"front": str(picture)}
    assert json.loads(entries()[0].settings)["resolution"] == 64
    assert entries()[0].seconds > 0
    assert entries()[0].front == entries()[1].front, "one copy of one image"
    assert entries()[0].front.packed_file.data == PIXEL
    assert bpy.context.scene.flashvdm_history.active == 1


def test_it_survives_the_object_the_image_and_the_file(worker: Callable[..., str], picture: Path, tmp_path: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=3, resolution=64, level=0.25)
    bpy.data.objects.remove(bpy.context.object)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    picture.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert not bpy.ops.flashvdm.history_select.poll()
    assert bpy.ops.flashvdm.history_generate() == {"FINISHED"}
    first, second = entries()
    assert (second.name, second.seed) == ("red chair", 3)
    assert {**json.loads(first.settings)} == {**json.loads(second.settings)}
    assert second.front == first.front
    assert bpy.ops.flashvdm.history_select() == {"FINISHED"}
    assert bpy.context.object.flashvdm.seed == 3
    assert Path(json.loads(second.images)["front"]).read_bytes() == PIXEL


def test_settings_come_back_into_the_panel(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=3, resolution=64)
    settings = bpy.context.scene.flashvdm
    settings.seed, settings.image = 9, "/other.png"
    bpy.ops.flashvdm.history_restore()
    assert (settings.seed, settings.resolution, settings.image) == (3, 64, str(picture))


@pytest.mark.parametrize("shared", [False, True])
def test_what_the_history_alone_kept_goes_with_its_material_and_images(
    worker: Callable[..., str], picture: Path, shared: bool
) -> None:
    """But for what something else uses."""
    before = content()
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture))
    obj = bpy.context.object
    material = obj.data.materials[0]
    if shared:
        material.use_fake_user = True
    bpy.ops.object.delete()
    assert entries()[0].made is not None
    bpy.ops.flashvdm.history_remove()
    if shared:
        assert content()["materials"] == [material.name]
        assert len(content()["images"]) == 1
    else:
        assert content() == before


def test_what_is_removed_leaves_nothing(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    for seed in (1, 2):
        bpy.ops.flashvdm.generate(filepath=str(picture), seed=seed, colours=False)
    bpy.ops.flashvdm.history_remove()
    assert [entry.seed for entry in entries()] == [1]
    assert content()["images"] == ["red chair.png"], "the other entry has it, too"
    assert len(bpy.context.scene.objects) == 2
    bpy.ops.flashvdm.history_clear()
    assert content()["images"] == []
    assert not bpy.ops.flashvdm.history_remove.poll()
    assert not bpy.ops.flashvdm.history_clear.poll()


def test_images_are_not_kept_where_that_is_switched_off(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    preferences().keep_images = False
    bpy.ops.flashvdm.generate(filepath=str(picture), colours=False)
    assert content()["images"] == []
    assert bpy.ops.flashvdm.history_generate() == {"FINISHED"}, "the file is still there"


def test_what_differs_is_told(worker: Callable[..., str], picture: Path, extension: Any) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=1, resolution=64)
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=2, resolution=64)
    for entry in entries():
        entry.compared, entry.seconds = True, 1.0
    found, rows = extension("addon.scene.history").compared(bpy.context.scene)
    assert [entry.seed for entry in found] == [1, 2]
    assert rows == {"Seed": ["1", "2"]}


def test_an_entry_of_another_version_is_understood_as_far_as_possible(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=3)
    entry = entries()[0]
    entry.settings = json.dumps({"seed": 3, "resolution": 99_999, "sparkle": True, "decoder": "quantum"})
    bpy.ops.flashvdm.history_restore()
    entry.settings = "not JSON"
    assert bpy.ops.flashvdm.history_generate() == {"FINISHED"}
    assert bpy.context.scene.flashvdm.seed == 3


HOSTILE = {
    "long": json.dumps({"front": "a" * 100_000}),
    "half a letter": '{"front": "\\ud800.png"}',
    "null": '{"front": "a\\u0000b.png", "resolution": "\\ud800"}',
    "other types": '{"front": 7, "left": {}, "resolution": [[]], "seed": 1e400, "level": null, "model": "\\u0000"}',
    "a list": "[1]",
    "no JSON": "not JSON",
    "deep": "[" * 100_000,
    "empty": "",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_a_file_holds_as_history_is_listed_compared_and_tried(
    worker: Callable[..., str], extension: Import, kind: str
) -> None:
    worker("good")
    history = extension("addon.scene.history")
    for _ in range(2):
        entry = entries().add()
        entry.entry = entry.images = entry.settings = entry.digests = HOSTILE[kind]
        entry.compared = True
    history.compared(bpy.context.scene)
    assert set(history.names_of(entry)) <= {"front"}
    assert history.changed_images(entry) == []
    assert bpy.ops.flashvdm.history_restore() == {"FINISHED"}
    if kind == "long":  # a path that the worker is asked for; the stand-in makes a box of it
        assert bpy.ops.flashvdm.history_generate() == {"FINISHED"}
        assert bpy.context.object is not None
        return
    with pytest.raises(RuntimeError, match=r"Choose|Error: [A-Z][a-z ]+"):
        bpy.ops.flashvdm.history_generate()


def made(name: str) -> bpy.types.Object:
    return bpy.data.objects[name]


def test_a_mesh_of_the_history_takes_the_place_of_the_active_one(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=1)
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=2)
    first, second = made("red chair"), made("red chair.001")
    bpy.context.view_layer.objects.active = first
    first.select_set(True)
    second.select_set(False)
    bpy.ops.object.delete()
    assert [obj.name for obj in bpy.context.scene.objects] == ["red chair.001"]
    second.location = (5, 6, 7)
    bpy.context.view_layer.objects.active = second
    bpy.context.view_layer.update()
    assert bpy.ops.flashvdm.history_show(entry=entries()[0].entry) == {"FINISHED"}
    assert [obj.flashvdm.seed for obj in bpy.context.scene.objects] == [1]
    assert tuple(bpy.context.object.location) == (5, 6, 7)
    assert bpy.ops.flashvdm.history_show(entry=entries()[1].entry) == {"FINISHED"}
    assert [obj.flashvdm.seed for obj in bpy.context.scene.objects] == [2], "and back"


def test_another_mesh_and_a_shape_between_two_are_entries_with_pictures(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=1)
    bpy.ops.flashvdm.remesh(resolution=32)
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=2)
    made("red chair").select_set(True)
    bpy.ops.flashvdm.blend()
    assert [entry.kind for entry in entries()] == ["GENERATED", "CHANGED", "GENERATED", "INTERPOLATED"]
    assert all(entry.picture for entry in entries())
    assert entries()[1].front == entries()[0].front
    bpy.context.view_layer.objects.active = made("red chair")
    assert bpy.ops.flashvdm.history_show(entry=entries()[0].entry) == {"FINISHED"}, "made again of what was kept"
    assert json.loads(made("red chair").flashvdm.settings)["resolution"] != 32


def test_undo_of_a_mesh_keeps_its_entry(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=1)
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=2)
    bpy.ops.ed.undo()
    assert [(entry.seed, entry.undone) for entry in entries()] == [(1, False), (2, True)]
    assert len(bpy.context.scene.objects) == 1
    assert bpy.ops.flashvdm.history_show(entry=entries()[1].entry) == {"CANCELLED"}
    bpy.ops.flashvdm.history_discard(entry=entries()[1].entry)
    assert [entry.seed for entry in entries()] == [1]


def test_a_star_comes_first_and_what_is_discarded_is_gone(worker: Callable[..., str], picture: Path, extension: Any) -> None:
    worker("good")
    for seed in (1, 2, 3):
        bpy.ops.flashvdm.generate(filepath=str(picture), seed=seed)
    history = extension("addon.scene.history")
    assert history.in_order(bpy.context.scene) == [2, 1, 0]
    entries()[0].starred = True
    assert history.in_order(bpy.context.scene) == [0, 2, 1]
    made("red chair").select_set(True)
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    assert len(bpy.data.objects) == 3, "the history has them"
    bpy.ops.flashvdm.history_discard(entry=entries()[0].entry)
    assert len(bpy.data.objects) == 2


def test_what_was_deleted_comes_back_into_the_active_collection(worker: Callable[..., str], picture: Path) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=str(picture), seed=1)
    bpy.ops.object.delete()
    home = bpy.data.collections.new("Props")
    bpy.context.scene.collection.children.link(home)
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Props"]
    assert bpy.ops.flashvdm.history_show(entry=entries()[0].entry) == {"FINISHED"}
    assert bpy.context.object.users_collection == (home,)


def test_the_picture_of_a_mesh_shows_it(extension: Any) -> None:
    pictures, mesh = extension("addon.scene.mesh_picture"), extension("flashvdm_core.api.mesh")
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    faces = [
        (0, 1, 3),
        (0, 3, 2),
        (4, 6, 7),
        (4, 7, 5),
        (0, 4, 5),
        (0, 5, 1),
        (2, 3, 7),
        (2, 7, 6),
        (0, 2, 6),
        (0, 6, 4),
        (1, 5, 7),
        (1, 7, 3),
    ]
    drawn = end_of(pictures.picture_of(mesh.TriangleMesh(corners, np.array(faces, np.int32))))
    assert drawn.shape == (pictures.SIDE, pictures.SIDE, 4)
    covered = (drawn[..., 3] > 0).mean()
    assert 0.4 < covered < 0.95
    assert drawn[pictures.SIDE // 2, pictures.SIDE // 2, 3] == 255
    assert len(np.unique(drawn[..., 0])) >= 3, "three sides of a box are lit differently"
    assert (pictures.from_text(end_of(pictures.as_text(drawn))) == drawn).all()
    assert pictures.from_text("nonsense") is None
