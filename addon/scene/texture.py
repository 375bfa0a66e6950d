"""The texture from the front image on an object: UVs, image and material, from the worker or made here."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import Colouring
from ...flashvdm_core.geometry import png
from ...flashvdm_core.texture import OrthographicCamera, PolygonMesh, fit_camera, project_texture
from .mesh_builder import mesh_of
from .object_data import data_of, new_data
from .stored_images import drop, is_readable, name_file, packed_png, pixels_of

UV_MAP = "FlashVDM"
_NODE = "FlashVDM Colours"

_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class EncodedTexture:
    """A texture with its UVs, and its pictures as PNG."""

    colouring: Colouring
    texture: bytes
    picture: bytes


def encode(colouring: Colouring) -> Generator[None, None, EncodedTexture]:
    """Make the pictures PNG, in steps of a few milliseconds. Touches nothing of Blender's."""
    texture = yield from png.encoded(colouring.texture)
    return EncodedTexture(colouring, texture, (yield from png.encoded(colouring.picture)))


def apply(obj: bpy.types.Object, encoded: EncodedTexture) -> None:
    """Give `obj` UVs, a packed texture and a material.

    The cut-out stays with the object, so that `project_again` can do it once more when the mesh has changed.
    """
    mesh, colouring = mesh_of(obj), encoded.colouring
    if len(mesh.loops) != len(colouring.uvs):  # Blender did not allow all faces, which hardly ever happens
        colouring = project_texture(surface_of(mesh), colouring.picture, OrthographicCamera(colouring.yaw, colouring.elevation))
        encoded = finished(encode(colouring))
    before = picture_of(obj)
    picture = packed_png(f"{obj.name} cut-out", encoded.picture, colouring.picture.shape)
    new_data(obj).picture = picture
    drop(before)
    picture.name = f"{obj.name} cut-out"  # now that the one before is gone
    name_file(picture)
    _show(obj, mesh, encoded)


def project_again(obj: bpy.types.Object, view: OrthographicCamera | None) -> OrthographicCamera:
    """Project the stored picture on the mesh as it is now; seen from `view`, None: from where its silhouette fits.

    Returns the view.

    Raises:
        SettingsError: the object has no picture, or it is lost; then nothing has changed.
    """
    mesh, pixels = mesh_of(obj), picture_pixels(obj)
    if pixels is None:
        raise SettingsError("The object has no image; generate it with Texture from Image.")
    surface = surface_of(mesh)
    view = view or fit_camera(surface, pixels[..., 3])
    _show(obj, mesh, finished(encode(project_texture(surface, pixels, view))))
    return view


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


def has_texture(obj: bpy.types.Object) -> bool:
    """The object shows the texture."""
    return any(_node_of(slot.material) is not None for slot in obj.material_slots)


def surface_of(mesh: bpy.types.Mesh) -> PolygonMesh:
    """A mesh of any polygons in the core frame: y up, +z towards the viewer."""
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    x, y, z = points.reshape(-1, 3).T
    corners, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.attributes[".corner_vert"].data.foreach_get("value", corners)  # pyright: ignore[reportAttributeAccessIssue]
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.calc_loop_triangles()
    triangles, faces = np.empty(len(mesh.loop_triangles) * 3, np.int32), np.empty(len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("loops", triangles)
    mesh.loop_triangles.foreach_get("polygon_index", faces)
    return PolygonMesh(np.stack((x, z, -y), axis=1), corners, starts, triangles.reshape(-1, 3), faces)


def finished(steps: Generator[None, None, _Value]) -> _Value:
    """What `steps` make, all at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _set_uvs(mesh: bpy.types.Mesh, uvs: np.ndarray) -> None:
    layer = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP, do_init=False)
    layer.active = layer.active_render = True
    # Not by `layer.uv`, which writes into the array that copies of the mesh share with it.
    attribute: Any = mesh.attributes[layer.name]
    attribute.data.foreach_set("vector", np.ascontiguousarray(uvs, np.float32).ravel())


def _show(obj: bpy.types.Object, mesh: bpy.types.Mesh, encoded: EncodedTexture) -> None:
    """Set the UVs and put the texture into the object's material, which is made where there is none yet."""
    _set_uvs(mesh, encoded.colouring.uvs)
    texture = packed_png(f"{obj.name} colours", encoded.texture, encoded.colouring.texture.shape)
    node = _own_node(obj)
    if node is None:
        material, node = _new_material(obj.name)
        mesh.materials.append(material)
    before, node.image = node.image, texture
    drop(before)
    texture.name = f"{obj.name} colours"  # now that the one before is gone
    name_file(texture)
    data = new_data(obj)
    data.yaw, data.elevation = encoded.colouring.yaw, encoded.colouring.elevation


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
    node.location = (-320, 300)
    surface = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    surface.inputs["Roughness"].default_value = 0.8  # pyright: ignore[reportAttributeAccessIssue]
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    return material, node


def _node_of(material: bpy.types.Material | None) -> Any:
    """The node that holds the texture; None in another material and in an empty slot."""
    return material.node_tree.nodes.get(_NODE) if material is not None and material.node_tree is not None else None
