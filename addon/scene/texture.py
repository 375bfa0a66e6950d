"""Colours of the front image on an object: UVs, texture and material, from the worker or made here."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import bpy
import numpy as np

from ...flashvdm_core.api.mesh import Colouring
from ...flashvdm_core.geometry import png
from ...flashvdm_core.texture import Surface, View, coloured, fitted_view
from .stored_images import drop, packed_png, pixels_of

UV_MAP = "FlashVDM"
PICTURE = "flashvdm_picture"
"""Custom property of an object: the packed cut-out that its colours are from."""
VIEW = "flashvdm_view"
"""Custom property of an object: yaw and elevation in degrees from which the picture was seen."""
_NODE = "FlashVDM Colours"

_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class Encoded:
    """A colouring with its pictures as PNG."""

    colouring: Colouring
    texture: bytes
    picture: bytes


def encoded(colouring: Colouring) -> Generator[None, None, Encoded]:
    """Make the pictures PNG, in steps of a few milliseconds. Touches nothing of Blender's."""
    texture = yield from png.encoded(colouring.texture)
    return Encoded(colouring, texture, (yield from png.encoded(colouring.picture)))


def lay(obj: bpy.types.Object, colours: Encoded) -> None:
    """Give `obj` UVs, a packed texture and a material.

    The cut-out stays with the object, so that `lay_again` can do it once more when the mesh has changed.
    """
    mesh, colouring = _mesh(obj), colours.colouring
    if len(mesh.loops) != len(colouring.uvs):  # Blender did not allow all faces, which hardly ever happens
        colouring = coloured(surface_of(mesh), colouring.picture, View(colouring.yaw, colouring.elevation))
        colours = finished(encoded(colouring))
    before = picture_of(obj)
    picture = packed_png(f"{obj.name} cut-out", colours.picture, colouring.picture.shape)
    obj[PICTURE] = picture
    drop(before)
    picture.name = f"{obj.name} cut-out"  # now that the one before is gone
    _show(obj, mesh, colours)


def lay_again(obj: bpy.types.Object, view: View | None) -> View:
    """Lay the kept picture on the mesh as it is now; seen from `view`, None: from where its silhouette fits.

    Returns the view. The object must have a picture: `picture_of`.
    """
    picture = picture_of(obj)
    assert picture is not None
    mesh, pixels = _mesh(obj), pixels_of(picture)
    surface = surface_of(mesh)
    view = view or fitted_view(surface, pixels[..., 3])
    _show(obj, mesh, finished(encoded(coloured(surface, pixels, view))))
    return view


def picture_of(obj: bpy.types.Object) -> bpy.types.Image | None:
    """The cut-out that was kept with the object."""
    found = obj.get(PICTURE)
    return found if isinstance(found, bpy.types.Image) else None


def view_of(obj: bpy.types.Object) -> View | None:
    """From where the object's picture was seen."""
    found: Any = obj.get(VIEW)
    return View(*found) if found is not None else None


def has_colours(obj: bpy.types.Object) -> bool:
    """The picture lies on the object's mesh."""
    return any(_node_of(material) is not None for material in _mesh(obj).materials)


def surface_of(mesh: bpy.types.Mesh) -> Surface:
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
    return Surface(np.stack((x, z, -y), axis=1), corners, starts, triangles.reshape(-1, 3), faces)


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
    layer.uv.foreach_set("vector", np.ascontiguousarray(uvs, np.float32).ravel())


def _show(obj: bpy.types.Object, mesh: bpy.types.Mesh, colours: Encoded) -> None:
    """Set the UVs and put the texture into the object's material, which is made where there is none yet."""
    _set_uvs(mesh, colours.colouring.uvs)
    texture = packed_png(f"{obj.name} colours", colours.texture, colours.colouring.texture.shape)
    node = next((node for node in map(_node_of, mesh.materials) if node is not None), None)
    if node is None:
        material, node = _new_material(obj.name)
        mesh.materials.append(material)
    before, node.image = node.image, texture
    drop(before)
    texture.name = f"{obj.name} colours"  # now that the one before is gone
    obj[VIEW] = (colours.colouring.yaw, colours.colouring.elevation)


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


def _mesh(obj: bpy.types.Object) -> bpy.types.Mesh:
    assert isinstance(obj.data, bpy.types.Mesh)
    return obj.data
