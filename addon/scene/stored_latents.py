"""What a result can be decoded from anew, stored with its object in the .blend: its latents, in half precision, and the pixels
that a pixel-aligned decoder read beside them, or the block-out that the mesh is held to; all compressed, as texts.
"""

import io
from collections.abc import Generator
from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.lib import format as npy

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.api.npy import read_npy
from ...flashvdm_core.api.settings import SETTINGS, Value
from ...flashvdm_core.api.tasks import BlockOut
from ..settings.preferences import preferences
from ..settings.properties import MACHINE
from . import object_data
from .stored_values import compressed, decompressed

_LARGEST = 1 << 26  # bytes: what claims to be more is damaged


@dataclass(frozen=True)
class Code:
    """What a result was decoded from, as it is stored.

    Attributes:
        latents: as a text.
        pixels: as a text; "" where there are none.
        identity: of the weights.
        block_out: vertices and faces of the mesh that the result is held to, two texts with a space between; "" without one.
        strength: how far it may go from that.
    """

    latents: str
    pixels: str
    identity: str
    block_out: str = ""
    strength: float = 0.0


def encoded(
    latents: np.ndarray, pixels: np.ndarray | None, identity: str, block_out: BlockOut | None = None
) -> Generator[None, None, Code]:
    """What a result was decoded from, made ready to be stored in steps of some milliseconds.

    Args:
        latents: float32 [N, C]; they come back rounded to half precision.
        pixels: uint8 [S, S, 4]; None where there are none.
        identity: tells the weights that made them from any others, "" where that is not known.
        block_out: what the mesh is held to, if anything.
    """
    text = yield from compressed(_bytes_of(latents.astype(np.float16)))
    code = Code(text, "" if pixels is None else (yield from compressed(_bytes_of(pixels))), identity)
    if block_out is None:
        return code
    vertices = yield from compressed(_bytes_of(block_out.mesh.vertices))
    faces = yield from compressed(_bytes_of(block_out.mesh.faces))
    return replace(code, block_out=f"{vertices} {faces}", strength=block_out.strength)


def store(obj: bpy.types.Object, code: Code) -> None:
    """Store what a result was decoded from with `obj`."""
    data = object_data.new_data(obj)
    data.latents, data.model_identity = code.latents, code.identity
    if code.block_out:
        data.block_out, data.strength = code.block_out, code.strength
    else:
        data.property_unset("block_out")
    if code.pixels:
        data.pixels = code.pixels
    else:
        data.property_unset("pixels")


def has_latents(obj: bpy.types.Object) -> bool:
    """Whether latents were stored with `obj`."""
    data = object_data.data_of(obj)
    return data is not None and data.is_property_set("latents")


def latents_of(obj: bpy.types.Object) -> np.ndarray:
    """The latents that were stored with `obj`, float32 [N, C].

    Raises:
        SettingsError: there are none, or they are damaged.
    """
    data = object_data.data_of(obj)
    if data is None or not data.is_property_set("latents"):
        raise SettingsError(f"'{obj.name}' was not kept editable; generate it again with Keep Editable switched on.")
    return _array_of(obj, data.latents, np.float16, (None, None)).astype(np.float32)


def pixels_of(obj: bpy.types.Object) -> np.ndarray | None:
    """The pixels that were stored with them, uint8 [S, S, 4]; None where the latents are all that there is.

    Raises:
        SettingsError: they are damaged.
    """
    data = object_data.data_of(obj)
    if data is None or not data.is_property_set("pixels"):
        return None
    return _array_of(obj, data.pixels, np.uint8, (None, None, 4))


def block_out_of(obj: bpy.types.Object) -> BlockOut | None:
    """What the mesh of `obj` is held to; None where that is nothing.

    Raises:
        SettingsError: it is damaged.
    """
    data = object_data.data_of(obj)
    if data is None or not data.is_property_set("block_out"):
        return None
    vertices, _, faces = data.block_out.partition(" ")
    points, corners = _array_of(obj, vertices, np.float32, (None, 3)), _array_of(obj, faces, np.int32, (None, 3))
    if corners.size and not 0 <= corners.min() <= corners.max() < len(points):
        raise SettingsError(f"What '{obj.name}' was made from is damaged; generate it again.")
    return BlockOut(TriangleMesh(points, corners), data.strength)


def identity_of(obj: bpy.types.Object) -> str:
    """Tells the weights that made the latents of `obj` from any others; "" where that is not known."""
    data = object_data.data_of(obj)
    return data.model_identity if data is not None else ""


def _bytes_of(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _array_of(obj: bpy.types.Object, text: str, dtype: type[np.generic], shape: tuple[int | None, ...]) -> np.ndarray:
    try:
        content = decompressed(text, _LARGEST)
        return read_npy(io.BytesIO(content), len(content), dtype, shape)
    except ValueError as error:
        raise SettingsError(f"What '{obj.name}' was made from is damaged; generate it again.") from error


def settings_of(obj: bpy.types.Object) -> dict[str, Value]:
    """The settings by which `obj` was made, on this machine.

    Raises:
        SettingsError: they are missing or damaged.
    """
    stored = {name: value for name, value in object_data.settings_of(obj).items() if name in SETTINGS}
    if not stored:
        raise SettingsError(f"It is not known how '{obj.name}' was made; generate it again.")
    return stored | {name: getattr(preferences(), name) for name in MACHINE}
