"""The texture from the front image on an object: UVs, image and material, from the worker or made here."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import Colouring
from ...flashvdm_core.geometry import png
from ...flashvdm_core.texture import OrthographicCamera
from . import mesh_work
from .mesh_builder import mesh_of
from .object_data import data_of, new_data
from .stored_images import drop, is_readable, name_file, packed_png, pixels_of
from .uv_map import set_uvs

_NODE = "FlashVDM Colours"
_NODE_GAP = 50  # as Blender leaves where it adds an image to a socket by its menu


@dataclass(frozen=True, eq=False)
class EncodedTexture:
    """What gives a new mesh its colours.

    Attributes:
        colouring: as it came.
        texture: the texture as a file.
        picture: the picture as a PNG.
    """

    colouring: Colouring
    texture: mesh_work.Texture
    picture: bytes


def encode(colouring: Colouring, laid: mesh_work.Outcome | None = None) -> Generator[None, None, EncodedTexture]:
    """Make the pictures PNG, in steps of a few milliseconds. Touches nothing of Blender's.

    Where quads were `laid` in the place of the triangles, their texture is there already.
    """
    texture = laid.texture if laid is not None else None
    if texture is None:
        view = view_in(colouring)
        texture = mesh_work.Texture(colouring.uvs, (yield from png.encoded(colouring.texture)), colouring.texture.shape, view)
    return EncodedTexture(colouring, texture, (yield from png.encoded(colouring.picture)))


def apply(obj: bpy.types.Object, encoded: EncodedTexture, *, over_others: bool = True) -> None:
    """Give `obj` UVs, a packed texture and a material.

    The cut-out stays with the object, so that it can be projected once more when the mesh has changed. That is all, unless
    `over_others`, where the object has nothing but materials of the user's.
    """
    mesh, colouring, found = mesh_of(obj), encoded.colouring, encoded.texture
    if found.uvs is not None and len(mesh.loops) != len(found.uvs):  # Blender did not allow all faces, which hardly ever happens
        found = mesh_work.project(mesh, mesh_work.Projection(colouring.picture, view_in(colouring)))
    keep_picture(obj, encoded.picture, colouring.picture.shape)
    if over_others or has_texture(obj) or not any(slot.material is not None for slot in obj.material_slots):
        show(obj, found)


def keep_picture(obj: bpy.types.Object, png: bytes, shape: tuple[int, ...]) -> None:
    """Store the cut-out of which the colours are with the object."""
    before = picture_of(obj)
    name = f".{obj.name} cut-out"  # the dot keeps it out of Blender's menus of images
    picture = packed_png(name, png, shape)
    new_data(obj).picture = picture
    drop(before)
    picture.name = name  # now that the one before is gone
    name_file(picture)


def show(obj: bpy.types.Object, texture: mesh_work.Texture) -> None:
    """Put the texture into the object's material, which is made where there is none yet."""
    mesh = mesh_of(obj)
    if texture.uvs is not None:
        set_uvs(mesh, texture.uvs)
    image = packed_png(f"{obj.name} Base Color", texture.png, texture.shape)
    node = _own_node(obj)
    if node is None:
        material, node = _new_material(obj.name)
        mesh.materials.append(material)
        if len(mesh.materials) > 1:  # a mesh of the user's: all of it shows the image
            mesh.polygons.foreach_set("material_index", np.full(len(mesh.polygons), len(mesh.materials) - 1, np.int32))
    before, node.image = node.image, image
    drop(before)
    image.name = f"{obj.name} Base Color"  # now that the one before is gone
    name_file(image)
    if texture.view is not None:
        data = new_data(obj)
        data.yaw, data.elevation = texture.view.yaw, texture.view.elevation


def picture_of(obj: bpy.types.Object) -> bpy.types.Image | None:
    """The cut-out that is stored with the object."""
    data = data_of(obj)
    return data.picture if data is not None else None


def picture_pixels(obj: bpy.types.Object) -> np.ndarray | None:
    """That cut-out, uint8 [H, W, 4], row 0 at the top; None where there is none.

    Raises:
        SettingsError: there was one, and its pixels are lost.
    """
    picture = picture_of(obj)
    if picture is None:
        return None
    if not is_readable(picture):
        raise SettingsError(f"The image '{picture.name}', from which the texture of '{obj.name}' is, is lost; generate it again.")
    return pixels_of(picture)


def view_of(obj: bpy.types.Object) -> OrthographicCamera | None:
    """From where the object's picture was seen."""
    data = data_of(obj)
    return OrthographicCamera(data.yaw, data.elevation) if data is not None and data.is_property_set("yaw") else None


def view_in(colouring: Colouring) -> OrthographicCamera:
    """From where the picture of a colouring was seen."""
    return OrthographicCamera(colouring.yaw, colouring.elevation)


def has_texture(obj: bpy.types.Object) -> bool:
    """The object shows the texture."""
    return any(_node_of(slot.material) is not None for slot in obj.material_slots)


def textures_in(obj: bpy.types.Object) -> int:
    """How many of its materials have a texture of this add-on; several where results were joined."""
    return len({slot.material.name_full for slot in obj.material_slots if slot.material and _node_of(slot.material) is not None})


@dataclass(frozen=True, eq=False)
class Belongings:
    """What this add-on has made for an object besides its mesh."""

    materials: list[bpy.types.Material]
    images: list[bpy.types.Image]

    def drop(self) -> None:
        """Remove what nothing uses any more."""
        for material in self.materials:
            if not material.users:
                bpy.data.materials.remove(material)
        for image in self.images:
            drop(image)


def belongings_of(obj: bpy.types.Object) -> Belongings:
    """Its material, the texture in that and the cut-out."""
    materials = {
        slot.material for slot in obj.material_slots if slot.material is not None and _node_of(slot.material) is not None
    }
    found = {image for image in (*(_node_of(material).image for material in materials), picture_of(obj)) if image is not None}
    return Belongings(
        [material for material in materials if material.library is None], [image for image in found if image.library is None]
    )


def _own_node(obj: bpy.types.Object) -> Any:
    """The node of the object's material that holds the texture, in a material that nothing else has; None without one."""
    material = next((slot.material for slot in obj.material_slots if _node_of(slot.material) is not None), None)
    if material is None:
        return None
    users_of: Any = bpy.data.user_map  # 4.2's stubs want all its arguments
    others = users_of(subset=[material])[material] - {obj, obj.data}
    if any(other.users for other in others) or material.library is not None or material.override_library is not None:
        own = material.copy()
        for slot in obj.material_slots:
            if slot.material == material:
                slot.material = own
        material = own
    return _node_of(material)


def _new_material(name: str) -> tuple[bpy.types.Material, Any]:
    """A rough material and its image node."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # from Blender 5 on there always is one
        material.use_nodes = True
    tree = material.node_tree
    assert tree is not None
    node = tree.nodes.new("ShaderNodeTexImage")
    node.name = node.label = _NODE
    surface = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    node.location = (surface.location.x - node.width - _NODE_GAP, surface.location.y)
    surface.inputs["Roughness"].default_value = 0.8  # pyright: ignore[reportAttributeAccessIssue]
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    return material, node


def _node_of(material: bpy.types.Material | None) -> Any:
    """The node that holds the texture; None in another material and in an empty slot."""
    return material.node_tree.nodes.get(_NODE) if material is not None and material.node_tree is not None else None
