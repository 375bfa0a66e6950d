"""What is made of a result afterwards: another mesh of it, and a shape between two."""

from __future__ import annotations

import base64
import json
import os
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from .conftest import Import, end_of, preferences, tick_until

if TYPE_CHECKING:
    from addon.session.session import Session


Worker = Callable[..., str]


@pytest.fixture
def made(worker: Worker, image: str) -> bpy.types.Object:
    """A result of the stand-in worker: a box with a tooth, 9 vertices."""
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, seed=3, size=4.0, resolution=64)
    return bpy.context.active_object


def another(seed: int) -> bpy.types.Object:
    bpy.ops.flashvdm.generate(filepath="other.png", seed=seed)
    return bpy.context.active_object


def test_another_mesh_takes_the_place_of_the_old_one(made: bpy.types.Object, extension: Import) -> None:
    material = bpy.data.materials.new("brass")
    made.data.materials.clear()
    made.data.materials.append(material)
    made.modifiers.new("bevel", "BEVEL")
    made.location, made.scale, made.name = (1, 2, 3), (2, 2, 2), "chair"
    for vertex in made.data.vertices:  # as when the user moves the origin
        vertex.co.z += 5
    assert bpy.ops.flashvdm.remesh(resolution=128, level=0.25) == {"FINISHED"}
    assert [obj.name for obj in bpy.data.objects] == ["chair"]
    assert len(made.data.vertices) == 8, "the mesh is the new one"
    heights = [vertex.co.z for vertex in made.data.vertices]
    assert (min(heights), max(heights)) == (5.0, 9.0)
    assert (tuple(made.location), tuple(made.scale)) == ((1, 2, 3), (2, 2, 2))
    assert (made.data.materials[0], made.modifiers[0].name, len(bpy.data.meshes)) == (material, "bevel", 1)
    settings = json.loads(made.flashvdm.settings)
    assert (settings["resolution"], settings["level"], settings["seed"]) == (128, 0.25, 3)


@pytest.mark.parametrize("mode", ["SCULPT", "TEXTURE_PAINT", "WEIGHT_PAINT", "EDIT"])
def test_a_mesh_that_is_worked_on_meanwhile_is_not_replaced(
    made: bpy.types.Object, extension: Import, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """As in the window: the brush is in the artist's hand when the other mesh comes."""
    session = extension("addon.session.session").session
    operator = extension("addon.ui.operators.from_latents").FLASHVDM_OT_remesh
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    before = made.data
    bpy.ops.flashvdm.remesh("INVOKE_DEFAULT", resolution=32)
    bpy.ops.object.mode_set(mode=mode)
    tick_until(session, lambda: not session.tasks.generating)
    assert "leave its mode and do it again" in session.tasks.job.error
    assert (made.mode, made.data) == (mode, before)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.flashvdm.remesh("INVOKE_DEFAULT", resolution=32)
    tick_until(session, lambda: not session.tasks.generating)
    assert (session.tasks.job.state.name, len(made.data.vertices)) == ("DONE", 8)


@pytest.mark.parametrize("colours", [True, False])
def test_the_artists_materials_stay_on_their_parts_of_another_mesh(worker: Worker, image: str, colours: bool) -> None:
    """The upper half brass, the lower lead, ours is gone: so it is after another mesh, whose faces are others."""
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, colours=colours)
    obj = bpy.context.active_object
    obj.data.materials.clear()
    brass, lead = (bpy.data.materials.new(name) for name in ("brass", "lead"))
    for material in (brass, lead):
        obj.data.materials.append(material)
    middle = np.mean([face.center.z for face in obj.data.polygons])
    for face in obj.data.polygons:
        face.material_index = int(face.center.z > middle)
    count = len(obj.data.polygons)
    assert bpy.ops.flashvdm.remesh(resolution=32) == {"FINISHED"}
    assert len(obj.data.polygons) != count
    assert list(obj.data.materials) == [brass, lead]
    found = [(face.material_index == 1) == (face.center.z > middle) for face in obj.data.polygons]
    assert np.mean(found) > 0.7, "the tooth of the stand-in's box has shifted the middle"
    obj.data.polygons.foreach_set("material_index", np.ones(len(obj.data.polygons), np.int32))
    assert bpy.ops.flashvdm.remesh(resolution=64) == {"FINISHED"}
    assert {face.material_index for face in obj.data.polygons} == {1}


@pytest.mark.parametrize("count", [1, 500, 20_000])
def test_each_face_gets_the_material_of_the_nearest(extension: Import, count: int) -> None:
    """Two balls of other faces: a material for each eighth of space."""
    module = extension("addon.scene.face_materials")

    def octant(points: np.ndarray) -> np.ndarray:
        return (points > 0) @ np.array([1, 2, 4], np.int32)

    points = np.random.default_rng(count).standard_normal((count, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32)
    mesh = bpy.context.object.data
    for _ in range(8):
        mesh.materials.append(None)
    module.give(mesh, module.FaceMaterials(points, octant(points).astype(np.int32)))
    found = np.array([face.material_index for face in mesh.polygons])
    near = np.array([np.argmin(((points - np.array(face.center)) ** 2).sum(1)) for face in mesh.polygons])
    assert (found == octant(points[near])).mean() > (0.9 if count > 1 else 0.99)


def test_what_is_not_given_stays_as_it_was_made(made: bpy.types.Object) -> None:
    bpy.ops.flashvdm.remesh(face_budget=500)
    settings = json.loads(made.flashvdm.settings)
    assert (settings["resolution"], settings["face_budget"], settings["preview"]) == (64, 500, False)


def test_one_undo_step_brings_the_old_mesh_back(made: bpy.types.Object) -> None:
    bpy.ops.flashvdm.remesh(resolution=128)
    bpy.ops.ed.undo()
    (obj,) = bpy.data.objects
    assert len(obj.data.vertices) == 9
    bpy.ops.ed.redo()
    (obj,) = bpy.data.objects
    assert len(obj.data.vertices) == 8


def test_the_latents_are_saved_with_the_file(made: bpy.types.Object, extension: Import, tmp_path: Path) -> None:
    stored = extension("addon.scene.stored_latents")
    latents = np.random.default_rng(0).standard_normal((256, 16)).astype(np.float32)
    store(made, latents, extension)
    assert len(made.flashvdm.latents) < 1.25 * 256 * 16 * 2
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    (obj,) = bpy.data.objects
    assert np.abs(stored.latents_of(obj) - latents).max() < 2e-3
    bpy.context.view_layer.objects.active = obj
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}


def store(obj: bpy.types.Object, latents: np.ndarray, extension: Import) -> None:
    """Latents of weights that nobody knows."""
    stored = extension("addon.scene.stored_latents")
    stored.store(obj, end_of(stored.encoded(latents, None, "")))


def _kept(content: bytes) -> str:
    return base64.b85encode(zlib.compress(content)).decode()


def _array(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


_HOSTILE = (
    bytes(1 << 27),  # 128 MiB of a few hundred kilobytes
    _array(b"{'descr': '<f2', 'fortran_order': False, 'shape': (((("),
    _array(b"{'descr': '<f2', 'fortran_order': False, 'shape': (1099511627776, 1), }\n"),  # 2 TiB
    _array(b"{'descr': '(2,', 'fortran_order': False, 'shape': (1, 1), }\n") + bytes(2),
    _array(b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }\n") + bytes(8),
    _array(b"if True:\n  1\n 2\n"),
)


def test_the_panel_changes_a_results_own_values_and_nobody_elses(made: bpy.types.Object, extension: Import) -> None:
    settings, own = bpy.context.scene.flashvdm, made.flashvdm
    used = json.loads(own.settings)["resolution"]
    settings.resolution = 77
    assert own.resolution == used
    own.resolution, own.limit_faces = 32, False
    assert settings.resolution == 77
    assert settings.limit_faces
    assert json.loads(own.settings)["resolution"] == used, "how it was made stays true until it is made anew"
    assert bpy.ops.flashvdm.remesh() == {"FINISHED"}
    kept = json.loads(own.settings)
    assert (kept["resolution"], kept["face_budget"]) == (32, 0)
    assert own.resolution == 32
    assert not own.is_property_set("draft")


def test_latents_that_were_not_kept_or_are_damaged_are_an_error(worker: Worker, image: str, extension: Import) -> None:
    worker("good")
    preferences().keep_latents = False
    bpy.ops.flashvdm.generate(filepath=image)
    obj = bpy.context.active_object
    assert not obj.flashvdm.latents
    assert not bpy.ops.flashvdm.remesh.poll()
    for damaged in ("rubbish", "", "{" * 70, "ö", *map(_kept, _HOSTILE)):
        obj.flashvdm.latents = damaged
        with pytest.raises(RuntimeError, match="damaged"):
            bpy.ops.flashvdm.remesh()


@pytest.mark.parametrize("state", ["another object", "nothing", "edit mode"])
def test_only_a_result_can_be_changed(state: str, made: bpy.types.Object) -> None:
    assert bpy.ops.flashvdm.remesh.poll()
    if state == "another object":
        bpy.ops.object.camera_add()
    elif state == "nothing":
        bpy.context.view_layer.objects.active = None
    else:
        bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.flashvdm.remesh.poll()


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The add-on's session, in a Blender where the operator is invoked as by its button."""
    operator = extension("addon.ui.operators.from_latents").FLASHVDM_OT_remesh
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    return extension("addon.session.session").session


def run_live(session: Session) -> Any:
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}
    assert session.tasks.generating
    tick_until(session, lambda: not session.tasks.generating)
    return session.tasks.job


def test_in_the_window_it_runs_beside_blender(made: bpy.types.Object, session: Session) -> None:
    assert run_live(session).state.name == "DONE"
    assert len(made.data.vertices) == 8


def test_a_cancelled_or_failed_change_leaves_the_object(made: bpy.types.Object, session: Session, worker: Worker) -> None:
    worker("fail")
    assert run_live(session).state.name == "FAILED"
    worker("wait-at-decode")
    bpy.ops.flashvdm.remesh(resolution=128)
    bpy.ops.flashvdm.cancel()
    tick_until(session, lambda: not session.tasks.generating)
    assert session.tasks.job.state.name == "CANCELLED"
    assert (len(bpy.data.objects), len(bpy.data.meshes), len(made.data.vertices)) == (1, 1, 9)


def test_an_object_that_is_deleted_meanwhile_stays_deleted(made: bpy.types.Object, session: Session) -> None:
    bpy.ops.flashvdm.remesh(resolution=128)
    bpy.data.objects.remove(made)
    tick_until(session, lambda: not session.tasks.generating)
    assert session.tasks.job.state.name == "FAILED"
    assert "deleted" in session.tasks.job.error
    assert not bpy.data.objects


def test_two_results_are_blended_into_a_third(made: bpy.types.Object, extension: Import) -> None:
    made.location = (0, 0, 0)
    other = another(5)
    other.location = (4, 0, 2)
    assert not bpy.ops.flashvdm.blend.poll(), "one of the two is not selected"
    made.select_set(True)
    assert bpy.ops.flashvdm.blend(amount=0.75) == {"FINISHED"}
    blend = bpy.context.active_object
    assert blend not in (made, other)
    assert tuple(blend.location) == (2, 0, 1)
    assert max(blend.dimensions) == pytest.approx(0.25 * 2 + 0.75 * 4)
    assert extension("addon.scene.stored_latents").latents_of(blend)[0, 0] == 5 * 0.25 + 3 * 0.75
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}, "it can be changed like any other result"


def test_results_of_two_models_are_not_blended(made: bpy.types.Object, extension: Import) -> None:
    other = another(5)
    store(other, np.zeros((6, 2), np.float32), extension)
    other.flashvdm.model_identity = ""  # it was made before results kept it
    made.select_set(True)
    with pytest.raises(RuntimeError, match=r"different models"):
        bpy.ops.flashvdm.blend()


def test_latents_of_different_weights_are_not_blended(made: bpy.types.Object, tmp_path: Path) -> None:
    """Also where both are of one shape; the worker is not even asked."""
    bpy.ops.flashvdm.generate(filepath="other.png", seed=5, model=str(tmp_path))
    made.select_set(True)
    assert not bpy.ops.flashvdm.blend.poll()
    with pytest.raises(RuntimeError, match=r"Different models made the two: select two that one model has made"):
        bpy.ops.flashvdm.blend()


def test_other_weights_in_the_models_folder_refuse_another_mesh(made: bpy.types.Object, tmp_path: Path) -> None:
    made.flashvdm.model_identity = f"weights of {tmp_path}"
    with pytest.raises(RuntimeError, match=r"made by other weights; choose the model that made them"):
        bpy.ops.flashvdm.remesh(resolution=128)
    assert len(made.data.vertices) == 9
    assert bpy.ops.flashvdm.remesh(resolution=128, model=str(tmp_path)) == {"FINISHED"}


def test_a_model_that_has_moved_is_found_in_the_scenes_settings(made: bpy.types.Object, tmp_path: Path) -> None:
    """The weights can be told by their identity, so the scene's model may be tried where the folder is gone."""
    settings = json.loads(made.flashvdm.settings)
    made.flashvdm.settings = json.dumps(settings | {"model": str(tmp_path / "gone")})
    bpy.context.scene.flashvdm.model = str(tmp_path)
    with pytest.raises(RuntimeError, match=r"other weights"):
        bpy.ops.flashvdm.remesh(resolution=128)
    bpy.context.scene.flashvdm.model = "embedded"
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}
    assert json.loads(made.flashvdm.settings)["model"] == "embedded"


def test_latents_of_unknown_weights_are_used_with_a_warning(made: bpy.types.Object, extension: Import) -> None:
    other = another(5)
    other.flashvdm.property_unset("model_identity")
    made.select_set(True)
    tasks = extension("addon.session.session").session.tasks
    assert bpy.ops.flashvdm.blend() == {"FINISHED"}
    assert "Which model made these latents" in " ".join(tasks.job.warnings)
    assert bpy.context.active_object.flashvdm.model_identity == "", "no more is known of what they have become"


def test_a_model_that_is_not_there_any_more_is_named(extension: Import, tmp_path: Path) -> None:
    """With the real worker, as are the tests below."""
    preferences().python = os.environ.get("FLASHVDM_PYTHON", sys.executable)
    obj = bpy.data.objects.new("old", bpy.data.meshes.new("old"))
    bpy.context.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    store(obj, np.zeros((4, 4), np.float32), extension)
    obj.flashvdm.settings = json.dumps({"model": str(tmp_path / "gone"), "device": "cpu"})
    with pytest.raises(RuntimeError, match=r"gone"):
        bpy.ops.flashvdm.remesh()


def block_out(x: float, y: float, z: float) -> bpy.types.Object:
    """A box with its sides along the world's axes, although the object is turned, standing at height 1."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=(3, -2, 1 + z / 2), rotation=(0, 0, np.pi / 2))
    obj = bpy.context.active_object
    obj.scale = (y, x, z)
    bpy.context.view_layer.update()
    return obj


def test_a_block_out_goes_to_the_worker_as_it_stands_and_the_result_takes_its_place(
    worker: Worker, image: str, extension: Import
) -> None:
    worker("good")
    bpy.context.scene.flashvdm.image = image
    obj = block_out(1, 2, 4)
    assert bpy.ops.flashvdm.refine(strength=0.25) == {"FINISHED"}
    made = bpy.context.active_object
    assert made != obj
    assert tuple(made.location) == pytest.approx((3, -2, 1))
    assert max(made.dimensions) == pytest.approx(4)
    start = extension("addon.session.session").session.tasks.job.task.block_out
    assert start.strength == 0.25
    assert np.ptp(start.mesh.vertices, axis=0) == pytest.approx((1, 4, 2), abs=1e-5), "wide, high, deep in the core's frame"
    a, b, c = (start.mesh.vertices[start.mesh.faces[:, corner]] for corner in range(3))
    assert (np.einsum("ij,ij->i", a - start.mesh.vertices.mean(0), np.cross(b - a, c - a)) > 0).all(), "faces outwards"


def test_a_block_out_needs_an_image_and_a_mesh(worker: Worker, image: str) -> None:
    worker("good")
    block_out(1, 1, 1)
    assert not bpy.ops.flashvdm.refine.poll()
    bpy.context.scene.flashvdm.image = image
    assert bpy.ops.flashvdm.refine.poll()
    bpy.context.active_object.data.clear_geometry()
    with pytest.raises(RuntimeError, match="no faces"):
        bpy.ops.flashvdm.refine()
    bpy.ops.object.camera_add()
    assert not bpy.ops.flashvdm.refine.poll()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("not a number", "vertices at no place"),
        ("scaled to nothing", "no size"),
        ("a vertex far away", "all but a line"),
        ("a loose vertex far away", ""),
        ("mirrored", ""),
        ("flat", ""),
    ],
)
def test_a_block_out_that_nothing_can_be_made_of_is_named(worker: Worker, image: str, damage: str, words: str) -> None:
    worker("good")
    bpy.context.scene.flashvdm.image = image
    obj = block_out(1, 1, 1)
    match damage:
        case "not a number":
            obj.data.vertices[0].co.x = float("nan")
        case "scaled to nothing":
            obj.scale = (0, 0, 0)
        case "a vertex far away":
            obj.data.vertices[0].co.x = 1e30
        case "a loose vertex far away":
            obj.data.vertices.add(1)
            obj.data.vertices[8].co.x = 1e30
        case "mirrored":
            obj.scale = (-1, 1, 1)
        case _:
            obj.scale = (1, 1, 0)
    if words:
        with pytest.raises(RuntimeError, match=f"The block-out .*{words}"):
            bpy.ops.flashvdm.refine()
    else:
        assert bpy.ops.flashvdm.refine() == {"FINISHED"}
        assert max(bpy.context.object.dimensions) == pytest.approx(1, abs=0.01)


def write_disc(path: Path, size: int = 64) -> str:
    """Write an orange disc on transparent ground; returns `path`."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    rgba = np.zeros((size, size, 4), np.float32)
    rgba[x**2 + y**2 < (0.35 * size) ** 2] = (0.9, 0.5, 0.2, 1.0)
    image = bpy.data.images.new("disc", size, size, alpha=True)
    image.pixels.foreach_set(rgba.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return str(path)


def test_the_embedded_model_makes_another_mesh_and_a_blend(extension: Import, tmp_path: Path) -> None:
    preferences().python = os.environ.get("FLASHVDM_PYTHON", sys.executable)
    preferences().device = "cpu"
    image = write_disc(tmp_path / "disc.png")
    objects = []
    for seed in (1, 2):
        bpy.ops.flashvdm.generate(filepath=image, seed=seed, steps=1, resolution=32)
        objects.append(bpy.context.active_object)
    first = len(objects[1].data.vertices)
    assert bpy.ops.flashvdm.remesh(resolution=48) == {"FINISHED"}
    assert len(objects[1].data.vertices) > 1.5 * first
    objects[0].select_set(True)
    assert bpy.ops.flashvdm.blend(amount=0.5) == {"FINISHED"}
    assert len(bpy.context.active_object.data.polygons) > 100
    bpy.context.scene.flashvdm.image, bpy.context.scene.flashvdm.resolution = image, 32
    block_out(1, 1, 4)
    assert bpy.ops.flashvdm.refine(strength=0.0) == {"FINISHED"}
    assert tuple(bpy.context.active_object.dimensions) == pytest.approx((1, 1, 4), abs=0.05)
    first = len(bpy.context.active_object.data.vertices)
    assert bpy.ops.flashvdm.remesh(resolution=64) == {"FINISHED"}
    assert len(bpy.context.active_object.data.vertices) > 1.5 * first
    assert tuple(bpy.context.active_object.dimensions) == pytest.approx((1, 1, 4), abs=0.03), "it is still held"
