"""The image's colours on an object, in real Blender with a stand-in worker that paints everything red."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

from .conftest import Import, content


@pytest.fixture
def obj(worker: Callable[..., str], image: str) -> bpy.types.Object:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image)
    return bpy.context.object


def texture_of(obj: bpy.types.Object) -> bpy.types.Image:
    nodes = obj.data.materials[0].node_tree.nodes
    colour = next(node for node in nodes if node.bl_idname == "ShaderNodeBsdfPrincipled").inputs["Base Color"]
    return colour.links[0].from_node.image


def shades(obj: bpy.types.Object) -> np.ndarray:
    """float [L, 3]: what the material shows at each corner of the mesh."""
    texture, layer = texture_of(obj), obj.data.uv_layers.active
    width, height = texture.size
    pixels = np.empty(width * height * 4, np.float32)
    texture.pixels.foreach_get(pixels)
    uvs = np.empty(len(obj.data.loops) * 2, np.float32)
    layer.uv.foreach_get("vector", uvs)
    column, row = (uvs.reshape(-1, 2) * (width, height)).astype(int).clip(0, (width - 1, height - 1)).T
    return pixels.reshape(height, width, 4)[row, column, :3]


def test_a_result_has_uvs_a_packed_texture_and_a_material(obj: bpy.types.Object) -> None:
    assert [layer.name for layer in obj.data.uv_layers] == ["FlashVDM"]
    assert texture_of(obj).packed_file is not None
    assert tuple(texture_of(obj).size) == (64, 64)
    assert tuple(obj.flashvdm.picture.size) == (16, 32)
    assert obj.flashvdm.picture.packed_file is not None
    assert np.abs(shades(obj) - (1, 0, 0)).max() < 0.05


def test_colours_survive_saving(obj: bpy.types.Object, tmp_path: Path) -> None:
    path, name = str(tmp_path / "saved.blend"), obj.name
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert np.abs(shades(bpy.data.objects[name]) - (1, 0, 0)).max() < 0.05


def test_without_colours_there_is_no_material(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image, colours=False)
    assert not bpy.context.object.data.materials
    assert not bpy.context.object.data.uv_layers
    assert not bpy.ops.flashvdm.lay_colours.poll()


def test_colours_are_laid_on_an_edited_mesh_again(obj: bpy.types.Object) -> None:
    before = content()
    for layer in list(obj.data.uv_layers):
        obj.data.uv_layers.remove(layer)
    bpy.ops.object.modifier_add(type="SUBSURF")
    bpy.ops.object.modifier_apply(modifier=obj.modifiers[0].name)
    assert bpy.ops.flashvdm.lay_colours(fit=False, yaw=10.0, elevation=5.0) == {"FINISHED"}
    assert (obj.flashvdm.yaw, obj.flashvdm.elevation) == (10.0, 5.0)
    assert len(obj.data.materials) == 1
    assert np.abs(shades(obj) - (1, 0, 0)).max() < 0.05
    assert content() == before, "the old texture is gone"


def test_what_the_user_made_of_the_material_stays(obj: bpy.types.Object) -> None:
    material = obj.data.materials[0]
    material.node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = 0.5
    bpy.ops.flashvdm.lay_colours()
    assert obj.data.materials[0] == material
    assert material.node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value == 0.5


def test_an_empty_slot_is_no_obstacle(obj: bpy.types.Object) -> None:
    bpy.ops.object.material_slot_add()
    obj.active_material_index = 0
    bpy.ops.object.material_slot_move(direction="DOWN")
    assert obj.data.materials[0] is None
    assert bpy.ops.flashvdm.lay_colours() == {"FINISHED"}
    assert len([material for material in obj.data.materials if material is not None]) == 1


def test_names_and_nodes_are_as_blenders_own(obj: bpy.types.Object) -> None:
    material = obj.data.materials[0]
    assert (obj.data.name, material.name, texture_of(obj).name) == (obj.name, obj.name, f"{obj.name} Base Color")
    assert texture_of(obj).filepath == f"//{obj.name} Base Color.png"
    assert obj.flashvdm.picture.name.startswith("."), "menus of images don't show it"
    shader = material.node_tree.nodes["Principled BSDF"]
    node = shader.inputs["Base Color"].links[0].from_node
    assert node.location.x + node.width < shader.location.x
    assert node.location.y == shader.location.y


def test_any_mesh_takes_an_image_through_the_camera(extension: Import, tmp_path: Path) -> None:
    bpy.ops.object.camera_add(location=(5, -8, 1), rotation=(np.pi / 2, 0, 0))
    bpy.context.scene.camera = bpy.context.object
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=16, y_subdivisions=16, size=2, location=(5, 0, 1), rotation=(np.pi / 2, 0, 0))
    grid = bpy.context.object
    grid.data.materials.append(bpy.data.materials.new("Mine"))
    picture = bpy.data.images.new("Photo", 64, 64, alpha=True)
    pixels = np.ones((64, 64, 4), np.float32)
    pixels[:, :32, :3], pixels[:, 32:, :3] = (1, 0, 0), (0, 0, 1)
    picture.pixels.foreach_set(pixels.ravel())
    bpy.context.view_layer.update()
    assert bpy.ops.flashvdm.lay_colours(through="CAMERA", image="Photo") == {"FINISHED"}
    assert [material.name for material in grid.data.materials] == ["Mine", "Grid"]
    assert {face.material_index for face in grid.data.polygons} == {1}
    nodes = grid.data.materials[1].node_tree.nodes
    texture = next(node for node in nodes if node.bl_idname == "ShaderNodeTexImage").image
    width, height = texture.size
    shown = np.array(texture.pixels[:]).reshape(height, width, 4)
    uvs = np.empty(len(grid.data.loops) * 2, np.float32)
    grid.data.uv_layers["FlashVDM"].uv.foreach_get("vector", uvs)
    column, row = (uvs.reshape(-1, 2) * (width, height)).astype(int).clip(0, (width - 1, height - 1)).T
    corners = np.array([grid.data.vertices[loop.vertex_index].co.x for loop in grid.data.loops])
    colours = shown[row, column, :3]
    assert np.abs(colours[corners < -0.2] - (1, 0, 0)).max() < 0.1
    assert np.abs(colours[corners > 0.2] - (0, 0, 1)).max() < 0.1


def test_a_png_of_our_own_is_read_as_it_was(extension: Import) -> None:
    random = np.random.default_rng(0)
    kept, png = extension("addon.scene.stored_images"), extension("flashvdm_core.geometry.png")
    for channels in (3, 4):
        pixels = random.integers(0, 256, (5, 7, channels), np.uint8)
        data = png.whole_png(pixels)
        image = kept.packed_png("Made", data, pixels.shape)
        np.testing.assert_array_equal(kept.pixels_of(image)[..., :channels], pixels)
