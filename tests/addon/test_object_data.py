"""What objects know of their making, and what older versions of the add-on have left on them, in real Blender."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from .conftest import Import

Worker = Callable[..., str]
FORMER = ("entry", "image", "model", "picture", "place", "preview", "seconds", "seed", "settings", "variants", "view")


def make_former(obj: bpy.types.Object, worker_made: Any) -> None:
    """Write on `obj` what the version before wrote on its results; `worker_made` has the values of one of today."""
    obj["flashvdm_seed"] = 5
    obj["flashvdm_model"] = "stand-in"
    obj["flashvdm_settings"] = worker_made.settings
    obj["flashvdm_image"] = "/pictures/red chair.png"
    obj["flashvdm_seconds"] = 1.5
    obj["flashvdm_entry"] = worker_made.entry
    obj["flashvdm_picture"] = worker_made.picture
    obj["flashvdm_view"] = (10.0, 5.0)
    obj["flashvdm_variants"], obj["flashvdm_place"] = "abc", (1.0, 2.0, 3.0)
    obj.flashvdm_latents = worker_made.latents


@pytest.fixture
def former(worker: Worker, image: str) -> bpy.types.Object:
    """A result as the version before left it."""
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, seed=5, resolution=64)
    obj = bpy.context.active_object
    values = {name: getattr(obj.flashvdm, name) for name in ("settings", "entry", "picture", "latents")}
    obj.property_unset("flashvdm")
    make_former(obj, type("Values", (), values))
    return obj


def assert_moved(obj: bpy.types.Object) -> None:
    assert not [key for key in obj.keys() if key.startswith("flashvdm_")]  # noqa: SIM118 - an object is no mapping
    data = obj.flashvdm
    assert (data.seed, data.model, data.seconds, data.row, tuple(data.place)) == (5, "stand-in", 1.5, "abc", (1.0, 2.0, 3.0))
    assert (json.loads(data.settings)["resolution"], json.loads(data.images)) == (64, {"front": "/pictures/red chair.png"})
    assert (data.yaw, data.elevation) == (10.0, 5.0)
    assert data.picture is not None
    assert data.model_identity == ""


def test_an_old_file_works_as_before(former: bpy.types.Object, extension: Import, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "old.blend"))
    (obj,) = bpy.data.objects
    assert_moved(obj)
    assert extension("addon.scene.stored_latents").latents_of(obj)[0, 0] == 5
    bpy.context.view_layer.objects.active = obj
    assert bpy.ops.flashvdm.history_select() == {"FINISHED"}
    assert bpy.ops.flashvdm.lay_colours(fit=False) == {"FINISHED"}
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}
    warnings = extension("addon.session.session").session.tasks.job.warnings
    assert "Which model made these latents" in " ".join(warnings), "nobody knows whose latents they are"
    assert bpy.ops.flashvdm.keep_variant() == {"FINISHED"}
    assert tuple(obj.location) == (1.0, 2.0, 3.0)
    assert not obj.flashvdm.row


def test_an_old_object_that_is_appended_is_moved_when_it_is_asked(
    former: bpy.types.Object, extension: Import, tmp_path: Path
) -> None:
    former.name = "old chair"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"), copy=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "old.blend")) as (_, wanted):
        wanted.objects = ["old chair"]
    (obj,) = wanted.objects
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    assert bpy.ops.flashvdm.remesh.poll(), "a poll may write nothing, but reads it"
    assert "flashvdm_seed" in obj
    extension("addon.scene.object_data").data_of(obj)
    assert_moved(obj)
    assert bpy.ops.flashvdm.remesh(resolution=128) == {"FINISHED"}


def test_an_old_object_that_is_linked_is_read_as_it_is(former: bpy.types.Object, extension: Import, tmp_path: Path) -> None:
    former.name = "old chair"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"), copy=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "old.blend"), link=True) as (_, wanted):
        wanted.objects = ["old chair"]
    (obj,) = wanted.objects
    assert extension("addon.scene.stored_latents").latents_of(obj)[0, 0] == 5
    assert extension("addon.scene.texture").view_of(obj).yaw == 10.0
    assert extension("addon.scene.object_data").settings_of(obj)["resolution"] == 64
    assert "flashvdm_seed" in obj


@pytest.mark.parametrize("value", [7, "here", [1.0, 2.0], {"a": 1}, 2.5])
def test_whatever_a_linked_file_holds_is_read_as_what_it_must_be(extension: Import, tmp_path: Path, value: Any) -> None:
    """Nothing may be moved there, so it is read where it lies."""
    obj = bpy.data.objects.new("odd", None)
    for key in FORMER:
        obj[f"flashvdm_{key}"] = value
    bpy.data.libraries.write(str(tmp_path / "odd.blend"), {obj})
    bpy.data.objects.remove(obj)
    with bpy.data.libraries.load(str(tmp_path / "odd.blend"), link=True) as (_, wanted):
        wanted.objects = ["odd"]
    (obj,) = wanted.objects
    data = extension("addon.scene.object_data").data_of(obj)
    kinds = [type(part) for part in (data.seed, data.model, data.seconds, data.row, data.yaw, data.entry, data.settings)]
    assert kinds == [int, str, float, str, float, str, str]
    assert len(tuple(data.place)) == 3
    assert data.picture is None
    assert extension("addon.scene.object_data").settings_of(obj) == {}
    assert extension("addon.scene.variants").row_of(obj) == ""


def test_what_a_user_has_changed_to_nonsense_is_left_out(extension: Import) -> None:
    obj = bpy.data.objects.new("strange", None)
    obj["flashvdm_seed"], obj["flashvdm_settings"], obj["flashvdm_view"] = "many", 7, 3
    obj["flashvdm_place"], obj["flashvdm_model"] = "here", "mini"
    data = extension("addon.scene.object_data").data_of(obj)
    assert (data.seed, data.settings, data.yaw, data.model) == (0, "", 0.0, "mini")
    assert "flashvdm_seed" not in obj


def test_a_preview_that_an_old_file_holds_is_removed(extension: Import, tmp_path: Path) -> None:
    mesh = bpy.data.meshes.new("left over")
    obj = bpy.data.objects.new("left over", mesh)
    bpy.context.scene.collection.objects.link(obj)
    obj["flashvdm_preview"] = mesh["flashvdm_preview"] = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "old.blend"))
    assert not bpy.data.objects
    assert not bpy.data.meshes


def test_looking_at_an_object_writes_nothing_on_it(extension: Import) -> None:
    bpy.ops.mesh.primitive_cube_add()
    obj = bpy.context.active_object
    for operator in (
        bpy.ops.flashvdm.remesh,
        bpy.ops.flashvdm.blend,
        bpy.ops.flashvdm.keep_variant,
        bpy.ops.flashvdm.lay_colours,
    ):
        assert not operator.poll()
    assert extension("addon.scene.object_data").data_of(obj) is None
    assert not obj.is_property_set("flashvdm")
    assert list(obj.keys()) == []


def test_copies_and_undo_keep_what_is_known(worker: Worker, image: str, extension: Import) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, seed=5)
    copy = bpy.context.active_object.copy()
    bpy.context.scene.collection.objects.link(copy)
    bpy.ops.ed.undo_push(message="Copy")
    assert (copy.flashvdm.seed, copy.flashvdm.model_identity) == (5, "weights of embedded")
    copy.flashvdm.seed = 6
    assert sorted(obj.flashvdm.seed for obj in bpy.data.objects) == [5, 6]
    bpy.ops.ed.undo()
    bpy.ops.ed.redo()
    assert [obj.flashvdm.seed for obj in bpy.data.objects] == [5, 5]
    latents = [extension("addon.scene.stored_latents").latents_of(obj) for obj in bpy.data.objects]
    assert np.array_equal(*latents)


def test_an_exported_file_holds_no_private_data(worker: Worker, image: str, tmp_path: Path) -> None:
    """Paths and latents are for this file alone, also where custom properties are exported."""
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, seed=5, colours=False)
    bpy.context.object["of the user"] = bpy.context.scene["of the user"] = 1
    path = tmp_path / "made.gltf"
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLTF_SEPARATE", export_extras=True)
    assert "flashvdm" not in path.read_text()
    assert path.read_text().count("of the user") == 2
    bpy.ops.wm.usd_export(filepath=str(tmp_path / "made.usda"))
    assert "flashvdm" not in (tmp_path / "made.usda").read_text()
