"""Images that are stored inside the .blend file: packed, so that they are there when their own file has moved."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import ImageError
from ...flashvdm_core.files import read_file

_FILE = "flashvdm_file"
"""Custom property of a packed image file: the digest of its content."""

_LARGEST = 1 << 30  # bytes of an image file
_LONGEST_NAME = 200  # bytes of a file's name


def content_of(path: str) -> bytes:
    """What an image file holds now; b"" if it cannot be read."""
    with contextlib.suppress(OSError):
        return read_file(path, _LARGEST)
    return b""


def packed_file(path: str, content: bytes, digest: str) -> bpy.types.Image:
    """The `content` that the image file `path` had, as a packed image; the one there is already, if it was packed before.

    `digest` is its SHA-256.
    """
    for image in bpy.data.images:
        if image.get(_FILE) == digest and image.packed_file is not None:
            return image
    image = _packed(plain_name(path), content, (1, 1))
    image[_FILE] = digest
    return image


def packed_png(name: str, data: bytes, shape: tuple[int, ...]) -> bpy.types.Image:
    """A packed image of a PNG whose pixels have the shape [H, W, 3 or 4]."""
    height, width, channels = shape
    image = _packed(name, data, (width, height), alpha=channels == 4)
    name_file(image)
    return image


def name_file(image: bpy.types.Image) -> None:
    """Give a packed PNG the name of a file, after its own: by it exporters that write images beside the mesh call them."""
    letters = "".join(letter if letter.isalnum() or letter in " ._-" else "_" for letter in image.name)
    image.filepath_raw = f"//{letters}.png"
    for packed in image.packed_files:  # the exporter of USD asks these
        packed.filepath = image.filepath_raw


def plain_name(path: str) -> str:
    """The name of the file `path` as every file system and Blender take it: of letters alone, and not too long."""
    return Path(path).name.encode(errors="ignore")[:_LONGEST_NAME].decode(errors="ignore")


def is_readable(image: bpy.types.Image) -> bool:
    """It has pixels: neither its file nor what was packed of it is lost or damaged."""
    size: Any = image.size  # 5.2's stubs don't know that it has parts
    width, height = size
    return width > 0 and height > 0


def pixels_of(image: bpy.types.Image) -> np.ndarray:
    """uint8 [H, W, 4], row 0 at the top. It must be readable."""
    held: Any = image  # the stubs disagree about sizes and pixels
    width, height = held.size
    values = np.empty(width * height * held.channels, np.float32)
    held.pixels.foreach_get(values)
    values = with_four_channels(values.reshape(-1, held.channels)).reshape(height, width, 4)[::-1]
    return np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255).astype(np.uint8)


def pixels_named(name: str) -> np.ndarray:
    """`pixels_of` the file's image of that name. Raises ImageError."""
    image = bpy.data.images.get(name)
    if image is None or not is_readable(image):
        raise ImageError(f"There is no image '{name}' in this file; choose another.")
    return pixels_of(image)


def pixels_of_file(path: str) -> np.ndarray:
    """`pixels_of` an image file. Raises ImageError."""
    if not path:
        raise ImageError("There is no image yet; choose an image file first.")
    try:
        image = bpy.data.images.load(path)
    except RuntimeError as error:
        raise ImageError(f"The image '{path}' cannot be read; choose another.") from error
    try:
        if not is_readable(image):
            raise ImageError(f"The image '{path}' cannot be read; choose another.")
        return pixels_of(image)
    finally:
        bpy.data.images.remove(image)


def with_four_channels(pixels: np.ndarray) -> np.ndarray:
    """float32 [P, 1 to 4] (grey, grey and alpha, RGB or RGBA) -> [P, 4]."""
    count, channels = pixels.shape
    rgba = np.ones((count, 4), np.float32)
    rgba[:, :3] = pixels[:, :1] if channels in (1, 2) else pixels[:, :3]
    if channels in (2, 4):
        rgba[:, 3] = pixels[:, -1]
    return rgba


def file_of(image: bpy.types.Image | None, path: str) -> str:
    """Where the image that was at `path` can be read now: there, or from the packed copy if it is not there any more."""
    if image is None or image.packed_file is None or image.get(_FILE) == digest_of(path):
        return path
    folder = Path(tempfile.mkdtemp(prefix="flashvdm-", dir=bpy.app.tempdir or None))
    copy = folder / (plain_name(path) or "image.png")
    copy.write_bytes(image.packed_file.data)  # pyright: ignore[reportArgumentType] - bytes, whatever the stubs say
    return str(copy)


def drop(image: bpy.types.Image | None) -> None:
    """Remove an image that nothing uses any more."""
    if image is not None and not image.users:
        bpy.data.images.remove(image)


def digest_of(path: str) -> str:
    """Of the content of a file; "" if there is none that can be read."""
    content = content_of(path)
    return hashlib.sha256(content).hexdigest() if content else ""


def _packed(name: str, data: bytes, size: tuple[int, int], alpha: bool = False) -> bpy.types.Image:
    """A packed image that holds `data`, known to be of that size where nobody has read it yet; of no file outside."""
    image = bpy.data.images.new(name, *size, alpha=alpha)
    image.source, image.filepath_raw = "FILE", f"//{name}"
    image.pack(data=data, data_len=len(data))  # pyright: ignore[reportArgumentType] - bytes, whatever the stubs say
    return image
