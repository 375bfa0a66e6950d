"""What was computed, and what the user has made of it, stays: whatever the file looks like, in real Blender."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np
import pytest
from mathutils import Vector

from .conftest import Import, content, preferences, tick_until
from .test_colours import texture_of

if TYPE_CHECKING:
    from addon.session.session import Session

Worker = Callable[..., str]


@pytest.fixture
def made(worker: Worker, image: str) -> bpy.types.Object:
    """A result of the stand-in worker, with its texture."""
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, seed=3, resolution=64)
    return bpy.context.object


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The add-on's session, in a Blender where the operator is invoked as by its button."""
    operator = extension("addon.ui.operators.generate").FLASHVDM_OT_generate
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    return extension("addon.session.session").session


@pytest.fixture
def preview(
    worker: Worker, image: str, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[bpy.types.Object, Callable[[], None]]:
    """A preview under way, and what lets its generation come to its end."""
    gate = tmp_path / "go on"
    monkeypatch.setenv("STAND_IN_GATE", str(gate))
    worker("pause-at-decode")
    bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=image)
    tick_until(session, lambda: bool(bpy.data.objects))

    def finish() -> None:
        gate.touch()
        tick_until(session, lambda: not session.tasks.generating)

    return bpy.data.objects[0], finish


def duplicate(obj: bpy.types.Object, linked: bool = False) -> bpy.types.Object:
    """Shift+D, or Alt+D."""
    bpy.ops.object.select_all(action="DESELECT")
    obj.select_set(True)
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.duplicate(linked=linked)
    return bpy.context.object


def activate(collection: bpy.types.Collection) -> None:
    """Click it in the outliner."""

    def find(layer: bpy.types.LayerCollection) -> bpy.types.LayerCollection | None:
        found = (find(child) for child in layer.children)
        return layer if layer.collection == collection else next((child for child in found if child is not None), None)

    layer = bpy.context.view_layer
    layer.active_layer_collection = find(layer.layer_collection)


# --- collections that take no objects ---------------------------------------------------------------------------------


@pytest.fixture
def library(extension: Import, tmp_path: Path) -> str:
    """A file with a collection "Set" that holds another, "Props"."""
    props, outer = bpy.data.collections.new("Props"), bpy.data.collections.new("Set")
    outer.children.link(props)
    bpy.context.scene.collection.children.link(outer)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    return str(tmp_path / "library.blend")


@pytest.mark.parametrize("kind", ["linked", "inside a linked one", "overridden", "linked into a local one"])
def test_a_collection_that_takes_nothing_loses_no_mesh(kind: str, worker: Worker, image: str, library: str) -> None:
    """The result goes where Blender's own Add > Mesh puts its cube."""
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.collections = ["Set"]
    (collection,) = wanted.collections
    home = bpy.context.scene.collection
    if kind == "linked into a local one":
        home = bpy.data.collections.new("Local")
        bpy.context.scene.collection.children.link(home)
    home.children.link(collection)
    if kind == "overridden":
        collection = collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    activate(collection.children[0] if kind == "inside a linked one" else collection)
    bpy.ops.mesh.primitive_cube_add()
    expected = bpy.context.object.users_collection
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image) == {"FINISHED"}
    assert bpy.context.object.name == "red chair"
    assert bpy.context.object.users_collection == expected
    assert all(obj.users_collection for obj in bpy.data.objects)


def test_a_linked_scene_sends_the_result_to_one_of_the_file(worker: Worker, image: str, library: str) -> None:
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.scenes = ["Scene"]
    own = bpy.context.scene
    bpy.context.window.scene = wanted.scenes[0]
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image) == {"FINISHED"}
    assert [obj.name for obj in own.objects] == ["red chair"]
    assert len(own.flashvdm_history.entries) == 1


# --- what goes wrong beside the mesh ----------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["texture.apply", "history.record", "result_object.select_only"])
def test_a_mesh_stays_when_something_beside_it_fails(
    broken: str, worker: Worker, image: str, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("made to fail")

    module, _, name = broken.partition(".")
    monkeypatch.setattr(extension(f"addon.scene.{module}"), name, fail)
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image, seed=4) == {"FINISHED"}
    assert [obj.flashvdm.seed for obj in bpy.data.objects] == [4]
    warnings = extension("addon.session.session").session.tasks.job.warnings
    assert any("The mesh is complete, but not all that belongs to it" in warning for warning in warnings)


def test_previews_that_cannot_be_shown_cost_no_result_and_the_next_task_works(
    worker: Worker, image: str, session: Session, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("made to fail")

    worker("good")
    monkeypatch.setattr(extension("addon.scene.result_object"), "mark_preview", fail)
    for seed in (1, 2):
        bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=image, seed=seed)
    tick_until(session, lambda: not session.tasks.generating)
    assert [item.job.state.name for item in session.tasks.queue.items] == ["DONE", "DONE"]
    assert sorted(obj.flashvdm.seed for obj in bpy.data.objects) == [1, 2]


def test_a_result_that_cannot_be_placed_ends_its_task_alone(
    worker: Worker, image: str, session: Session, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = extension("addon.scene.pending")
    real, calls = builder.fill_in_slices, []

    def fail_once(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("made to fail")
        return real(*arguments)

    monkeypatch.setattr(builder, "fill_in_slices", fail_once)
    worker("good")
    for seed in (1, 2):
        bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=image, seed=seed, preview=False)
    tick_until(session, lambda: not session.tasks.generating)
    assert [item.job.state.name for item in session.tasks.queue.items] == ["FAILED", "DONE"]
    assert [obj.flashvdm.seed for obj in bpy.data.objects] == [2]
    assert len(bpy.data.meshes) == 1


# --- copies that the user makes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("linked", [False, True], ids=["Shift+D", "Alt+D"])
@pytest.mark.parametrize("change", ["lay_colours", "set_triangles", "set_quads", "remesh"])
def test_a_copy_that_is_changed_leaves_the_original_as_it_was(made: bpy.types.Object, change: str, linked: bool) -> None:
    copy = duplicate(made, linked)
    mesh, material, texture = made.data, made.data.materials[0], texture_of(made)
    uvs = [tuple(corner.vector) for corner in mesh.uv_layers.active.uv]
    given = {
        "lay_colours": {"fit": False, "yaw": 120.0},
        "set_triangles": {"target": 60},
        "set_quads": {"target": 100, "method": "VOXELS"},
        "remesh": {"resolution": 32},
    }[change]
    assert getattr(bpy.ops.flashvdm, change)(**given) == {"FINISHED"}
    assert (made.data, made.data.materials[0], texture_of(made)) == (mesh, material, texture)
    assert [tuple(corner.vector) for corner in mesh.uv_layers.active.uv] == uvs
    assert copy.data != mesh
    if change != "remesh":  # the stand-in makes no colours of latents
        assert texture_of(copy) != texture
        assert copy.data.materials[0] != material


def test_a_copy_of_a_preview_is_the_users(
    preview: tuple[bpy.types.Object, Callable[[], None]], tmp_path: Path, session: Session
) -> None:
    obj, finish = preview
    copy = duplicate(obj)
    copy.name = "mine"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"), copy=True)
    finish()
    assert {obj.name for obj in bpy.data.objects} == {"mine", "red chair"}
    bpy.ops.ed.undo_push(message="Something else")
    bpy.ops.ed.undo()
    assert "mine" in bpy.data.objects
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert [obj.name for obj in bpy.data.objects] == ["mine"], "the preview itself is gone"
    assert not bpy.data.objects[0].is_property_set("flashvdm")


def test_a_copy_of_a_preview_survives_undo_and_a_cancel(
    preview: tuple[bpy.types.Object, Callable[[], None]], session: Session
) -> None:
    obj, finish = preview
    name = duplicate(obj).name
    bpy.ops.ed.undo_push(message="Duplicate")
    bpy.ops.flashvdm.cancel()
    finish()
    assert [obj.name for obj in bpy.data.objects] == [name]
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Add")
    bpy.ops.ed.undo()
    assert [obj.name for obj in bpy.data.objects] == [name]


def test_an_appended_preview_is_the_users(
    preview: tuple[bpy.types.Object, Callable[[], None]], tmp_path: Path, session: Session
) -> None:
    name = preview[0].name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"), copy=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "other.blend")) as (_, wanted):
        wanted.objects = [name]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    bpy.ops.ed.undo_push(message="Append")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Add")
    bpy.ops.ed.undo()
    assert [obj.name for obj in bpy.data.objects] == [name]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "this.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "this.blend"))
    assert [obj.name for obj in bpy.data.objects] == [name]


def test_a_copy_of_a_variant_is_not_removed_with_the_others(worker: Worker, image: str, extension: Import) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, variants=3)
    _, second, third = sorted(bpy.data.objects, key=lambda obj: obj.flashvdm.seed)
    copy = duplicate(second)
    bpy.context.view_layer.objects.active = third
    assert bpy.ops.flashvdm.keep_variant() == {"FINISHED"}
    assert set(bpy.data.objects) == {copy, third}
    bpy.context.view_layer.objects.active = copy
    assert not bpy.ops.flashvdm.keep_variant.poll(), "it belongs to no row any more"


# --- meshes that cannot be given other faces --------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["shape keys", "Multiresolution"])
def test_what_other_faces_cannot_keep_is_left_alone_with_a_sentence(made: bpy.types.Object, kept: str) -> None:
    if kept == "shape keys":
        made.shape_key_add(name="Basis")
        made.shape_key_add(name="Open")
    else:
        made.modifiers.new("Details", "MULTIRES")
        bpy.ops.object.multires_subdivide(modifier="Details")
    faces, modifiers = len(made.data.polygons), len(made.modifiers)
    for press in (
        lambda: bpy.ops.flashvdm.set_triangles(target=40),
        lambda: bpy.ops.flashvdm.set_quads(target=40),
        lambda: bpy.ops.flashvdm.remesh(resolution=32),
    ):
        with pytest.raises(RuntimeError, match=kept):
            press()
    assert (len(made.data.polygons), len(made.modifiers)) == (faces, modifiers)
    assert bpy.ops.flashvdm.lay_colours(fit=False) == {"FINISHED"}, "this needs no other faces"


def test_shape_keys_that_come_while_another_mesh_is_made_are_kept(
    made: bpy.types.Object, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = extension("addon.ui.operators.from_latents").FLASHVDM_OT_remesh
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    session = extension("addon.session.session").session
    bpy.ops.flashvdm.remesh(resolution=32)
    made.shape_key_add(name="Basis")
    tick_until(session, lambda: not session.tasks.generating)
    assert session.tasks.job.state.name == "FAILED"
    assert "shape keys" in session.tasks.job.error
    assert made.data.shape_keys is not None


@pytest.mark.parametrize("linked", [False, True], ids=["own mesh", "shared mesh"])
@pytest.mark.parametrize("change", ["set_triangles", "set_quads"])
def test_a_change_that_fails_half_way_leaves_everything_as_it_was(
    made: bpy.types.Object, extension: Import, monkeypatch: pytest.MonkeyPatch, change: str, linked: bool
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Error: made to fail")

    obj = duplicate(made, linked)
    obj.modifiers.new("Mine", "BEVEL")
    before, faces, data = content(), len(obj.data.polygons), obj.data.name
    monkeypatch.setattr(extension("addon.scene.retopology"), "_smooth", fail)
    with pytest.raises(RuntimeError, match="stays as it was \\(made to fail\\)"):
        getattr(bpy.ops.flashvdm, change)(target=30)
    assert content() == before
    assert (len(obj.data.polygons), obj.data.name) == (faces, data)
    assert [modifier.name for modifier in obj.modifiers] == ["Mine"]
    assert [material.name for material in obj.data.materials] == ["red chair"]


def test_results_that_were_joined_keep_both_textures(made: bpy.types.Object, worker: Worker, image: str) -> None:
    bpy.ops.flashvdm.generate(filepath=image, seed=4, resolution=64)
    made.select_set(True)
    bpy.ops.object.join()
    joined = bpy.context.object
    before, faces = content(), len(joined.data.polygons)
    uvs = [tuple(corner.vector) for corner in joined.data.uv_layers.active.uv]
    for press in (
        bpy.ops.flashvdm.set_triangles,
        bpy.ops.flashvdm.set_quads,
        bpy.ops.flashvdm.lay_colours,
        bpy.ops.flashvdm.remesh,
    ):
        with pytest.raises(RuntimeError, match="separate it by material first"):
            press()
    assert content() == before
    assert len(joined.data.polygons) == faces
    assert [tuple(corner.vector) for corner in joined.data.uv_layers.active.uv] == uvs
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.separate(type="MATERIAL")
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.flashvdm.set_triangles(target=10) == {"FINISHED"}


# --- pictures that are lost -------------------------------------------------------------------------------------------


def test_without_the_picture_the_mesh_can_still_be_changed(made: bpy.types.Object, tmp_path: Path) -> None:
    picture = made.flashvdm.picture
    picture.filepath_raw = str(tmp_path / "gone.png")
    picture.unpack(method="REMOVE")
    picture.reload()
    assert tuple(picture.size) == (0, 0)
    assert bpy.ops.flashvdm.set_triangles(target=60) == {"FINISHED"}
    assert bpy.ops.flashvdm.set_quads(target=60, method="VOXELS") == {"FINISHED"}
    faces = len(made.data.polygons)
    with pytest.raises(RuntimeError, match="is lost; generate it again"):
        bpy.ops.flashvdm.lay_colours()
    assert len(made.data.polygons) == faces
    assert bpy.ops.flashvdm.remesh(resolution=32) == {"FINISHED"}
    assert len(made.data.polygons) == 10


def test_a_picture_that_changes_during_the_run_is_kept_as_it_was_read(
    image: str, worker: Worker, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, extension: Import
) -> None:
    for keep in (True, False):
        gate = tmp_path / f"go on {keep}"
        monkeypatch.setenv("STAND_IN_GATE", str(gate))
        preferences().keep_images = keep
        Path(image).write_bytes(b"as it was")
        worker("pause-at-decode")
        bpy.ops.flashvdm.release_memory() if bpy.ops.flashvdm.release_memory.poll() else None
        bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=image)
        tick_until(session, lambda: any(obj.flashvdm.preview for obj in bpy.data.objects))
        Path(image).write_bytes(b"another")
        gate.touch()
        tick_until(session, lambda: not session.tasks.generating)
    first, second = bpy.context.scene.flashvdm_history.entries
    assert first.front.packed_file.data == b"as it was"
    history = extension("addon.scene.history")
    assert Path(history.images_of(first)["front"]).read_bytes() == b"as it was"
    assert history.changed_images(first) == []
    assert history.changed_images(second) == [image], "Generate Again says that the mesh will be another"


# --- what leaves, and what was applied --------------------------------------------------------------------------------


def test_a_turn_that_was_applied_stays_with_another_mesh(made: bpy.types.Object) -> None:
    """The stand-in's box is 1 x 0.5 x 2 of Blender's axes; it lies on its side, twice as large, after this."""
    made.rotation_euler, made.scale, made.location = (0, np.pi / 2, 0), (2, 2, 2), (7, 0, 0)
    bpy.ops.object.transform_apply(location=False, rotation=True, scale=True)
    assert tuple(made.dimensions) == pytest.approx((4, 1.1, 2), abs=1e-5)
    for change in (bpy.ops.flashvdm.remesh, lambda: bpy.ops.flashvdm.set_triangles(target=40), bpy.ops.flashvdm.remesh):
        assert change() == {"FINISHED"}
        x, _, z = made.dimensions
        assert (x, z) == pytest.approx((4, 2), abs=0.3), "still on its side"
    assert tuple(made.location) == (7, 0, 0)


def test_a_mesh_that_was_edited_gets_another_one_of_its_size(made: bpy.types.Object) -> None:
    made.data.vertices[3].co.z += 2
    assert bpy.ops.flashvdm.remesh(resolution=32) == {"FINISHED"}
    assert max(made.dimensions) == pytest.approx(4)


def test_no_file_holds_the_home_folder(
    worker: Worker, extension: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whose name it bears; and what is kept leads to the same file all the same."""
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(tmp_path / "alice"))
    picture, model = tmp_path / "alice" / "chair.png", tmp_path / "alice" / "model"
    model.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.model = str(picture), str(model)
    worker("good")
    assert bpy.ops.flashvdm.generate() == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    obj, entry = bpy.context.object, bpy.context.scene.flashvdm_history.entries[0]
    kept = (obj.flashvdm.images, obj.flashvdm.settings, entry.images, entry.settings, settings.image, settings.model)
    packed = [image.filepath for image in bpy.data.images]
    assert not [text for text in (*kept, *packed) if "alice" in text]
    assert extension("addon.scene.history").images_of(entry) == {"front": str(picture)}
    assert bpy.ops.flashvdm.generate() == {"FINISHED"}, "the fields lead to the same files"
    assert bpy.ops.flashvdm.remesh(resolution=32) == {"FINISHED"}, "and so does the model of a result"


@pytest.mark.parametrize("kind", ["glb", "obj", "fbx", "usdc"])
def test_an_exported_mesh_comes_back_with_its_texture_and_its_size(made: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    """As Blender's own importers read it, without the .blend; what was selected stays so."""
    size, path = tuple(made.dimensions), tmp_path / f"Stuhl für alle.{kind}"
    names = {image.name: image.filepath_raw for image in bpy.data.images}
    bpy.ops.mesh.primitive_cube_add()
    other = bpy.context.object
    made.select_set(True)
    other.select_set(False)
    assert bpy.ops.flashvdm.export(filepath=str(path)) == {"FINISHED"}
    assert (made.select_get(), other.select_get()) == (True, False)
    assert {image.name: image.filepath_raw for image in bpy.data.images} == names
    bpy.ops.wm.read_homefile(use_empty=True)
    {
        "glb": bpy.ops.import_scene.gltf,
        "obj": bpy.ops.wm.obj_import,
        "fbx": bpy.ops.import_scene.fbx,
        "usdc": bpy.ops.wm.usd_import,
    }[kind](filepath=str(path))
    (obj,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    bpy.context.view_layer.update()
    corners = [obj.matrix_world @ Vector(corner) for corner in obj.bound_box]
    sides = [max(at[axis] for at in corners) - min(at[axis] for at in corners) for axis in range(3)]
    assert sides == pytest.approx(size, rel=1e-3)
    images = [image for image in bpy.data.images if image.size[0]]
    assert images, "the texture arrives"
    assert any(image.size[0] > 0 and any(image.pixels[:3]) for image in images)


@pytest.mark.parametrize("kind", ["stl", "ply"])
def test_what_is_printed_stands_upright_in_millimetres(made: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    size, path = tuple(made.dimensions), tmp_path / f"made.{kind}"
    assert bpy.ops.flashvdm.export(filepath=str(path)) == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True)
    (bpy.ops.wm.stl_import if kind == "stl" else bpy.ops.wm.ply_import)(filepath=str(path))
    (obj,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    assert tuple(obj.dimensions) == pytest.approx([1000 * side for side in size], rel=1e-3)


@pytest.mark.parametrize("kind", ["stl", "ply"])
def test_a_mirrored_object_is_printed_with_its_faces_outwards(made: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    made.scale.x = -1
    bpy.context.view_layer.update()
    mesh, path = made.data, tmp_path / f"made.{kind}"
    assert bpy.ops.flashvdm.export(filepath=str(path)) == {"FINISHED"}
    assert made.data == mesh
    bpy.ops.wm.read_homefile(use_empty=True)
    (bpy.ops.wm.stl_import if kind == "stl" else bpy.ops.wm.ply_import)(filepath=str(path))
    (obj,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    triangles = [[Vector(obj.data.vertices[v].co) for v in polygon.vertices[:3]] for polygon in obj.data.polygons]
    assert sum(a.dot(b.cross(c)) for a, b, c in triangles) > 0


def test_an_export_writes_over_no_other_texture(made: bpy.types.Object, tmp_path: Path) -> None:
    assert bpy.ops.flashvdm.export(filepath=str(tmp_path / "made.obj")) == {"FINISHED"}
    (texture,) = tmp_path.glob("made *.png")
    texture.write_bytes(b"the user's own")
    assert bpy.ops.flashvdm.export(filepath=str(tmp_path / "made.obj")) == {"FINISHED"}
    assert texture.read_bytes() == b"the user's own"
    assert len(list(tmp_path.glob("made *.png"))) == 2
    with pytest.raises(RuntimeError, match="does not exist; create it"):
        bpy.ops.flashvdm.export(filepath=str(tmp_path / "missing" / "made.obj"))


def test_what_an_exporter_raises_is_told_in_one_line(
    made: bpy.types.Object, tmp_path: Path, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> set[str]:
        raise RuntimeError(
            "Error: Python: Traceback (most recent call last):\n  File x\nOSError: no space left\nLocation: a.py:1\n"
        )

    exporters = extension("addon.scene.export").EXPORTERS
    for failing, words in ((fail, "OSError: no space left"), (lambda _: {"CANCELLED"}, "Blender's exporter wrote no file")):
        monkeypatch.setitem(exporters, ".glb", failing)
        with pytest.raises(RuntimeError, match=rf"'made.glb' could not be written \({words}\)"):
            bpy.ops.flashvdm.export(filepath=str(tmp_path / "made.glb"))


@pytest.mark.parametrize("kind", ["glb", "obj", "fbx", "usdc", "stl", "ply"])
def test_an_export_to_no_file_is_one_line_and_leaves_nothing(made: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    (tmp_path / f"fold.{kind}").mkdir()
    for path, words in (
        (tmp_path / f"fold.{kind}", "is a folder; choose another name for the file"),
        (tmp_path / "nowhere" / f"chair.{kind}", "does not exist; create it or choose another"),
        (f"{tmp_path}{os.sep}", "Name the file first"),
        (tmp_path / f".{kind}", "Name the file first"),
        ("", "Name the file first"),
        ("/dev/null/chair.obj" if kind == "obj" else f"/dev/null/chair.{kind}", "does not exist"),
    ):
        with pytest.raises(RuntimeError, match=words) as told:
            bpy.ops.flashvdm.export(filepath=str(path), format=f".{kind}")
        assert "Traceback" not in str(told.value)
    assert [path.name for path in tmp_path.rglob(f"*{kind}*")] == [f"fold.{kind}"]
    assert not Path(f"..{kind}").exists()


@pytest.mark.parametrize("hidden", ["hide_set", "hide_viewport"])
def test_a_hidden_object_gives_no_empty_file(made: bpy.types.Object, tmp_path: Path, hidden: str) -> None:
    made.hide_set(hidden == "hide_set")
    made.hide_viewport = hidden == "hide_viewport"
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="Select a mesh object"):
        bpy.ops.flashvdm.export(filepath=str(tmp_path / "made.glb"))
    assert not (tmp_path / "made.glb").exists()
