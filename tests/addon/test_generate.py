"""`bpy.ops.flashvdm.generate` in real Blender with a stand-in worker: what comes into the scene, and what does not."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable

import bpy
import numpy as np
import pytest

from .conftest import Import, content, preferences

STAGES = ("start", "load", "preprocess", "condition", "sample", "decode", "extract", "texture")


def only_mesh() -> bpy.types.Object:
    meshes = [obj for obj in bpy.context.scene.objects if obj.type == "MESH"]
    assert len(meshes) == 1
    return meshes[0]


def points(obj: bpy.types.Object) -> np.ndarray:
    found = np.zeros(len(obj.data.vertices) * 3, np.float32)
    obj.data.vertices.foreach_get("co", found)
    return found.reshape(-1, 3)


def test_the_object_is_named_after_the_image_and_tells_how_it_was_made(worker: Callable[..., str], image: str) -> None:
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image, seed=7, resolution=64) == {"FINISHED"}
    obj = only_mesh()
    assert obj.name == obj.data.name == "red chair"
    assert obj.flashvdm.seed == 7
    assert obj.flashvdm.model == "stand-in"
    assert json.loads(obj.flashvdm.images) == {"front": image}
    assert obj.flashvdm.seconds > 0
    assert json.loads(obj.flashvdm.settings)["resolution"] == 64
    assert not obj.flashvdm.preview
    assert bpy.context.view_layer.objects.active == obj
    assert obj.select_get()


def test_the_mesh_stands_upright_on_the_cursor_facing_the_viewer(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.context.scene.cursor.location = (1, 2, 3)
    bpy.ops.flashvdm.generate(filepath=image, size=4.0)
    obj = only_mesh()
    assert tuple(obj.location) == (1, 2, 3)
    assert tuple(obj.rotation_euler) == (0, 0, 0)
    # The box of the stand-in is 1 wide, 2 high and 0.55 deep with its tooth towards the viewer.
    found = points(obj)
    np.testing.assert_allclose(found.min(axis=0), (-1, -0.55, 0), atol=1e-5)
    np.testing.assert_allclose(found.max(axis=0), (1, 0.55, 4), atol=1e-5)
    np.testing.assert_allclose(found[found[:, 1].argmin()], (0, -0.55, 2), atol=1e-5)
    bpy.ops.flashvdm.generate(filepath=image, placement="ORIGIN")
    assert tuple(bpy.context.object.location) == (0, 0, 0)


def test_the_size_can_be_the_height_and_the_place_the_floor(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.context.scene.cursor.location = (1, 2, 3)
    bpy.ops.flashvdm.generate(filepath=image, size=0.5, size_of="HEIGHT", placement="FLOOR")
    assert tuple(bpy.context.object.location) == (1, 2, 0)
    assert tuple(bpy.context.object.dimensions) == pytest.approx((0.25, 0.1375, 0.5))


@pytest.mark.parametrize(
    ("system", "scale", "shown"),
    [("METRIC", 1.0, "2 m"), ("METRIC", 0.01, "2 cm"), ("IMPERIAL", 1.0, "6.562'"), ("NONE", 1.0, "2")],
)
def test_the_size_is_meant_in_the_units_of_the_scene(
    worker: Callable[..., str], image: str, system: str, scale: float, shown: str
) -> None:
    worker("good")
    units = bpy.context.scene.unit_settings
    units.system, units.scale_length = system, scale
    settings = bpy.context.scene.flashvdm
    assert settings.bl_rna.properties["size"].unit == "LENGTH", "so that Blender shows and takes it in those units"
    bpy.ops.flashvdm.generate(filepath=image)
    obj = bpy.context.object
    assert max(obj.dimensions) == obj.dimensions.z == pytest.approx(settings.size)
    text = bpy.utils.units.to_string(system, "LENGTH", obj.dimensions.z * scale, precision=4)
    assert text.strip() == shown
    assert tuple(obj.scale) == (1, 1, 1)


def test_the_mesh_is_valid_outward_and_smooth_by_angle(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image)
    mesh = only_mesh().data
    assert not mesh.validate()
    assert len(mesh.polygons) == 14
    centre = points(only_mesh()).mean(axis=0)
    assert all(np.dot(face.normal, np.array(face.center) - centre) > 0 for face in mesh.polygons)
    assert all(face.use_smooth for face in mesh.polygons)
    sharp = sum(edge.use_edge_sharp for edge in mesh.edges)
    assert 8 <= sharp < len(mesh.edges), "the edges of the box are sharp, the diagonals of its sides are not"


def test_unset_properties_come_from_the_scene_and_set_ones_are_not_remembered(worker: Callable[..., str], image: str) -> None:
    worker("good")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.seed, settings.size = image, 11, 3.0
    bpy.ops.flashvdm.generate(seed=5)
    bpy.ops.flashvdm.generate()
    seeds = sorted(obj.flashvdm.seed for obj in bpy.context.scene.objects)
    assert seeds == [5, 11]
    assert np.ptp(points(bpy.context.object), axis=0).max() == pytest.approx(3.0)


def test_machine_settings_come_from_the_preferences(worker: Callable[..., str], image: str) -> None:
    worker("good")
    preferences().device, preferences().precision = "cpu", "float32"
    bpy.ops.flashvdm.generate(filepath=image)
    settings = json.loads(only_mesh().flashvdm.settings)
    assert (settings["device"], settings["precision"]) == ("cpu", "float32")


def test_one_generation_is_one_undo_step(worker: Callable[..., str], image: str) -> None:
    worker("good")
    before = content()
    bpy.ops.flashvdm.generate(filepath=image, seed=3)
    after = content()
    bpy.ops.ed.undo()
    assert content() == before
    bpy.ops.ed.redo()
    assert content() == after
    assert only_mesh().flashvdm.seed == 3


@pytest.mark.parametrize("point", STAGES)
def test_a_worker_that_dies_leaves_the_scene_as_it_was_and_the_next_generation_works(
    worker: Callable[..., str], image: str, point: str
) -> None:
    worker(f"die-at-{point}")
    before = content()
    with pytest.raises(RuntimeError, match="No module named 'torch'" if point == "start" else "stopped unexpectedly"):
        bpy.ops.flashvdm.generate(filepath=image)
    assert content() == before
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image) == {"FINISHED"}


def test_a_failure_is_reported_in_its_own_words(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("fail")
    before = content()
    with pytest.raises(RuntimeError, match="The image is empty; choose another"):
        bpy.ops.flashvdm.generate(filepath=image)
    assert content() == before
    assert bpy.ops.flashvdm.show_details() == {"FINISHED"}
    assert "a traceback" in bpy.data.texts[0].as_string()


def test_rubbish_and_silence_are_reported(worker: Callable[..., str], image: str) -> None:
    before = content()
    worker("rubbish-at-sample")
    with pytest.raises(RuntimeError, match="not JSON"):
        bpy.ops.flashvdm.generate(filepath=image)
    worker("hang-at-decode")
    preferences().silence_minutes = 0.01
    with pytest.raises(RuntimeError, match="silent"):
        bpy.ops.flashvdm.generate(filepath=image)
    assert content() == before


def test_without_an_image_or_an_interpreter_a_sentence_says_what_to_do(
    worker: Callable[..., str], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker("good")
    with pytest.raises(RuntimeError, match="choose an image file"):
        bpy.ops.flashvdm.generate()
    preferences().python = "/nowhere/python"
    with pytest.raises(RuntimeError, match="does not exist; correct it in the add-on's preferences"):
        bpy.ops.flashvdm.generate(filepath=image)


def test_the_worker_is_kept_until_memory_is_released(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("good")
    session = extension("addon.session.session").session
    assert not bpy.ops.flashvdm.release_memory.poll()
    bpy.ops.flashvdm.generate(filepath=image)
    process = session.tasks.client.process_id
    bpy.ops.flashvdm.generate(filepath=image)
    assert session.tasks.client.process_id == process
    assert bpy.ops.flashvdm.release_memory() == {"FINISHED"}
    assert session.tasks.client is None
    bpy.ops.flashvdm.generate(filepath=image)
    assert session.tasks.client.process_id != process


def test_a_new_choice_of_interpreter_takes_effect(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image)
    worker("die-at-load")
    with pytest.raises(RuntimeError, match="stopped unexpectedly"):
        bpy.ops.flashvdm.generate(filepath=image)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which nobody may write, not even an administrator")
def test_a_disk_that_takes_no_files_is_named_and_nothing_is_left(
    worker: Callable[..., str], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker("good")
    before = content()
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self")
    with pytest.raises(RuntimeError, match="free some disk space or correct the folder's permissions"):
        bpy.ops.flashvdm.generate(filepath=image)
    assert content() == before
    monkeypatch.undo()
    assert bpy.ops.flashvdm.generate(filepath=image) == {"FINISHED"}
