"""Where the image comes from, in real Blender: files, files that are dropped, images of the .blend, the camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import addon_utils
import bpy
import numpy as np
import pytest

from . import panel_widths
from .conftest import PACKAGE, Import, preferences, tick_until


@pytest.mark.parametrize(("view", "chosen"), [("", "image"), ("left", "image_left"), ("back", "image_back")])
def test_the_image_goes_to_the_view_that_was_asked_for(extension: Import, image: str, view: str, chosen: str) -> None:
    assert bpy.ops.flashvdm.open_image(filepath=image, view=view) == {"FINISHED"}
    settings = bpy.context.scene.flashvdm
    found = {name: getattr(settings, name) for name in ("image", "image_left", "image_back", "image_right")}
    assert found == dict.fromkeys(found, "") | {chosen: image}


def test_the_browser_shows_folders_and_images_as_thumbnails(extension: Import) -> None:
    """The file browser reads these properties of the operator."""
    asked = bpy.ops.flashvdm.open_image.get_rna_type().properties
    assert asked["filter_image"].default
    assert asked["filter_folder"].default
    known = bpy.types.FileSelectParams.bl_rna.properties["display_type"].enum_items
    assert asked["display_type"].enum_items[0].value == known["THUMBNAIL"].value


def test_a_dropped_image_is_generated_and_several_line_up(worker: Callable[..., str], tmp_path: Path, extension: Import) -> None:
    worker("good")
    session = extension("addon.session.session").session
    for name in ("a.png", "b.JPG", "c.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert bpy.ops.flashvdm.drop_images(directory=str(tmp_path), files=[{"name": "a.png"}]) == {"FINISHED"}
    assert bpy.context.scene.flashvdm.image == str(tmp_path / "a.png")
    tick_until(session, lambda: not session.tasks.generating)
    assert [obj.name for obj in bpy.data.objects] == ["a"]
    with pytest.raises(RuntimeError, match="no images"):
        bpy.ops.flashvdm.drop_images(directory=str(tmp_path), files=[{"name": "notes.txt"}])
    bpy.ops.flashvdm.drop_images(directory=str(tmp_path), files=[{"name": name} for name in ("c.png", "b.JPG", "notes.txt")])
    tick_until(session, lambda: not session.tasks.generating)
    assert sorted(obj.name for obj in bpy.data.objects) == ["a", "b", "c"]


def test_dropped_sides_of_an_object_sort_themselves_by_their_names(
    worker: Callable[..., str], tmp_path: Path, extension: Import, capfd: pytest.CaptureFixture[str]
) -> None:
    worker("good")
    session = extension("addon.session.session").session
    names = ["chair_back.png", "chair-front.png", "Chair LEFT.png"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    bpy.ops.flashvdm.drop_images(directory=str(tmp_path), files=[{"name": name} for name in names])
    settings = bpy.context.scene.flashvdm
    assert [Path(path).name for path in (settings.image, settings.image_left, settings.image_back)] == [
        "chair-front.png",
        "Chair LEFT.png",
        "chair_back.png",
    ]
    assert settings.image_right == ""
    tick_until(session, lambda: not session.tasks.generating)
    assert [obj.name for obj in bpy.data.objects] == ["chair-front"], "one object, and not three"
    assert "takes the front image alone" in capfd.readouterr().out
    bpy.ops.flashvdm.clear_image(view="back")
    assert settings.image_back == ""
    sorted_by_view = extension("addon.ui.view_names").sorted_by_view
    assert sorted_by_view(["left.png", "right.png"]) == {}, "without a front"
    assert sorted_by_view(["front.png", "frontier.png"]) == {}
    assert sorted_by_view(["vorne.png", "hinten.png"]) == {"front": "vorne.png", "back": "hinten.png"}


def test_a_grease_pencil_drawing_is_an_image(extension: Import) -> None:
    with pytest.raises(RuntimeError, match="no drawing"):
        bpy.ops.flashvdm.take_image(source="DRAWING")
    bpy.ops.object.grease_pencil_add(type="EMPTY")
    with pytest.raises(RuntimeError, match="Nothing is drawn"):
        bpy.ops.flashvdm.take_image(source="DRAWING")
    bpy.ops.object.grease_pencil_add(type="MONKEY")
    assert bpy.ops.flashvdm.take_image(source="DRAWING") == {"FINISHED"}
    pixels = loaded(bpy.context.scene.flashvdm.image)
    black = (pixels[..., :3] < 64).all(axis=2)
    assert 0.005 < black.mean() < 0.3, "lines on white"
    assert (pixels[black | (pixels[..., :3] > 192).all(axis=2)][:, 3] == 255).all()
    columns = np.flatnonzero(black.any(axis=0))
    assert (columns[-1] - columns[0]) / black.shape[1] > 0.7, "it fills the picture"


def test_a_dropped_image_without_an_interpreter_is_in_the_panel(
    tmp_path: Path, extension: Import, capfd: pytest.CaptureFixture[str]
) -> None:
    preferences().python = str(tmp_path / "no python")
    (tmp_path / "a.png").write_bytes(b"")
    bpy.ops.flashvdm.drop_images(directory=str(tmp_path), files=[{"name": "a.png"}])
    assert bpy.context.scene.flashvdm.image == str(tmp_path / "a.png")
    assert "does not exist" in capfd.readouterr().out


@pytest.mark.parametrize("menu", ["VIEW3D_MT_mesh_add", "TOPBAR_MT_file_import"])
def test_blenders_own_menus_lead_to_it(extension: Import, menu: str) -> None:
    drawn = []
    layout = SimpleNamespace(operator=lambda name, **options: drawn.append((name, options["text"])))
    entry = extension("addon.ui.menus").draw_entry
    assert entry in getattr(bpy.types, menu).draw._draw_funcs
    entry(SimpleNamespace(layout=layout), bpy.context)
    assert drawn == [("flashvdm.drop_images", "Image to 3D")]
    addon_utils.disable(PACKAGE)
    assert entry not in getattr(bpy.types, menu).draw._draw_funcs
    addon_utils.enable(PACKAGE)


def test_every_workspace_shows_what_runs(worker: Callable[..., str], image: str, extension: Import) -> None:
    session, menus = extension("addon.session.session").session, extension("addon.ui.menus")
    header = SimpleNamespace(layout=panel_widths.Layout(str))
    menus.draw_status(header, bpy.context)
    assert header.layout.texts == []
    worker("wait-at-decode")
    bpy.ops.flashvdm.drop_images(filepath=image)
    tick_until(session, lambda: session.tasks.job.fraction > 0)
    menus.draw_status(header, bpy.context)
    assert header.layout.texts[0].startswith("red chair.png: ")
    assert "%" in header.layout.texts[0]
    bpy.ops.flashvdm.cancel()


def test_blender_offers_dropped_images_to_the_operator(extension: Import) -> None:
    handler = extension("addon.ui.file_drop").FLASHVDM_FH_images
    assert handler.bl_import_operator == "flashvdm.drop_images"
    assert handler.is_registered
    assert {".png", ".jpg", ".webp", ".bmp", ".gif"} <= set(handler.bl_file_extensions.split(";"))


def loaded(path: str) -> np.ndarray:
    """The bytes of an image file [H, W, 4], the lowest row first."""
    image = bpy.data.images.load(path)
    pixels = np.array(image.pixels[:], np.float32).reshape(image.size[1], image.size[0], 4)
    bpy.data.images.remove(image)
    return np.round(pixels * 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["generated", "packed", "float"])
def test_an_image_of_the_file_arrives_with_its_colours_and_its_transparency(extension: Import, kind: str) -> None:
    image = bpy.data.images.new("red/chair", 3, 2, alpha=True, float_buffer=kind == "float")
    shown = np.array([(255, 0, 0, 255), (200, 100, 50, 255), (0, 0, 0, 0)] * 2, np.float32) / 255
    values = shown.copy()
    if kind == "float":
        values[:, :3] = np.where(shown[:, :3] <= 0.04045, shown[:, :3] / 12.92, ((shown[:, :3] + 0.055) / 1.055) ** 2.4)
    image.pixels.foreach_set(values.ravel())
    if kind == "packed":
        image.pack()
    before = len(bpy.data.images)
    assert bpy.ops.flashvdm.take_image(source="DATA", image=image.name) == {"FINISHED"}
    path = Path(bpy.context.scene.flashvdm.image)
    assert path.name == "red_chair.png", "the object will be named after it"
    assert len(bpy.data.images) == before
    np.testing.assert_allclose(loaded(str(path)).reshape(-1, 4), np.round(shown * 255), atol=1)


def test_an_image_without_pixels_or_that_is_gone_is_refused_in_words(extension: Import) -> None:
    bpy.data.images.new("Empty", 1, 1).source = "FILE"
    for name, reason in (("Empty", "no pixels"), ("Gone", "no image 'Gone'")):
        with pytest.raises(RuntimeError, match=reason):
            bpy.ops.flashvdm.take_image(source="DATA", image=name)
    with pytest.raises(RuntimeError, match="no image in the clipboard"):
        bpy.ops.flashvdm.take_image(source="CLIPBOARD")


def test_the_camera_is_rendered_without_a_background_and_no_setting_of_the_scene_changes(extension: Import) -> None:
    scene = bpy.context.scene
    with pytest.raises(RuntimeError, match="no active camera"):
        bpy.ops.flashvdm.take_image(source="CAMERA")
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera, camera.location = camera, (0, 0, 8)
    bpy.ops.mesh.primitive_cube_add()
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 24, 16
    scene.render.filepath = "//mine_"
    before = settings_of(scene)
    assert bpy.ops.flashvdm.take_image(source="CAMERA") == {"FINISHED"}
    assert settings_of(scene) == before
    picture = loaded(scene.flashvdm.image)
    assert picture.shape == (16, 24, 4)
    assert picture[8, 12, 3] == 255
    assert picture[0, 0, 3] == 0


@pytest.fixture
def stage(extension: Import) -> bpy.types.Scene:
    """A scene with a camera above a cube, of 24 x 16 pixels."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera, camera.location = camera, (0, 0, 8)
    bpy.ops.mesh.primitive_cube_add()
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 24, 16
    return scene


@pytest.mark.parametrize("left_over", ["stereoscopy", "render region", "anamorphic pixels", "layers switched off"])
def test_what_is_left_over_from_renders_leaves_the_picture_whole(stage: bpy.types.Scene, left_over: str) -> None:
    render, size = stage.render, (16, 24, 4)
    match left_over:
        case "stereoscopy":
            render.use_multiview, render.image_settings.views_format = True, "STEREO_3D"
        case "render region":
            render.use_border, render.border_max_x = True, 0.5
        case "anamorphic pixels":
            render.pixel_aspect_y, size = 2.0, (32, 24, 4)
        case _:
            for layer in stage.view_layers:
                layer.use = False
    before = settings_of(stage)
    assert bpy.ops.flashvdm.take_image(source="CAMERA") == {"FINISHED"}
    assert settings_of(stage) == before
    picture = loaded(stage.flashvdm.image)
    assert picture.shape == size
    shown = np.argwhere(picture[..., 3])
    low, high = shown.min(axis=0), shown.max(axis=0)
    assert np.ptp(high - low) <= 1, "the cube is as wide as high"
    assert (low + high == (size[0] - 1, size[1] - 1)).all(), "and in the middle"


def test_a_camera_that_sees_nothing_is_said_to(stage: bpy.types.Scene) -> None:
    stage.camera.location = (50, 0, 8)
    with pytest.raises(RuntimeError, match="sees nothing"):
        bpy.ops.flashvdm.take_image(source="CAMERA")
    assert not stage.flashvdm.image


def test_a_render_is_taken_as_it_is_and_one_that_was_not_made_is_asked_for(stage: bpy.types.Scene) -> None:
    bpy.ops.render.render()
    image = next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
    assert bpy.ops.flashvdm.take_image(source="DATA", image=image.name) == {"FINISHED"}
    assert loaded(stage.flashvdm.image).shape == (16, 24, 4)


@pytest.mark.parametrize("kind", ["sequence", "film", "deleted", "packed channels"])
def test_other_kinds_of_images_arrive_or_say_what_they_are(extension: Import, tmp_path: Path, kind: str) -> None:
    written = bpy.data.images.new("sheet", 3, 2, alpha=True)
    written.pixels.foreach_set(np.array([(1, 0, 0, 0.5)] * 6, np.float32).ravel())
    path = tmp_path / "walk_001.png"
    written.filepath_raw, written.file_format = str(path), "PNG"
    written.save()
    image = bpy.data.images.load(str(path))
    words = ""
    match kind:
        case "sequence":
            image.source = "SEQUENCE"
        case "film":
            image.source, words = "MOVIE", "is a film"
            image.filepath_raw = str(path.rename(tmp_path / "walk.mp4"))
        case "deleted":
            path.unlink()
            image.reload()
            words = "does not exist any more"
        case _:
            image.alpha_mode = "CHANNEL_PACKED"
    if words:
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.flashvdm.take_image(source="DATA", image=image.name)
        return
    assert bpy.ops.flashvdm.take_image(source="DATA", image=image.name) == {"FINISHED"}
    shown = loaded(bpy.context.scene.flashvdm.image)[0, 0]
    assert shown[0] == 255
    assert shown[3] == (255 if kind == "packed channels" else 128)


def settings_of(scene: bpy.types.Scene) -> dict[str, object]:
    """Every plain setting of a scene's renders."""
    found: dict[str, object] = {}
    for owner in (scene.render, scene.render.image_settings):
        for property in owner.bl_rna.properties:
            if property.type in ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM") and not getattr(property, "is_array", False):
                found[f"{owner.bl_rna.identifier}.{property.identifier}"] = getattr(owner, property.identifier)
    return found
