"""The UV map that textures of this add-on lie in."""

from typing import Any

import bpy
import numpy as np

UV_MAP = "FlashVDM"


def set_uvs(mesh: bpy.types.Mesh, uvs: np.ndarray) -> None:
    """Give each corner of the mesh its place in the texture: float32 [L, 2]."""
    layer = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP, do_init=False)
    layer.active = layer.active_render = True
    # Not by `layer.uv`, which writes into the array that copies of the mesh share with it.
    attribute: Any = mesh.attributes[layer.name]
    attribute.data.foreach_set("vector", np.ascontiguousarray(uvs, np.float32).ravel())
