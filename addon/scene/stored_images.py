"""Images that are stored inside the .blend file: packed, so that they are there when their own file has moved."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.files import open_file

_FILE = "flashvdm_file"
"""Custom property of a packed image file: the digest of its content."""


def packed_file(path: str) -> bpy.types.Image | None:
    """The image file `path` as a packed image; the one there is already, if it was packed before.

    None where the file cannot be read any more.
    """
    digest = _digest(path)
    if not digest:
        return None
    for image in bpy.data.images:
        if image.get(_FILE) == digest and image.packed_file is not None:
            return image
    image = bpy.data.images.load(path)
    try:
        image.pack()
    except RuntimeError:  # Blender cannot read it, so neither can the worker: there is nothing to keep
        bpy.data.images.remove(image)
        return None
    image[_FILE] = digest
    return image


def packed_png(name: str, data: bytes, shape: tuple[int, ...]) -> bpy.types.Image:
    """A packed image of a PNG whose pixels have the shape [H, W, 3 or 4]."""
    height, width, channels = shape
    image = bpy.data.images.new(name, width, height, alpha=channels == 4)
    image.source = "FILE"
    image.pack(data=data, data_len=len(data))  # pyright: ignore[reportArgumentType] - bytes, whatever the stubs say
    return image


def pixels_of(image: bpy.types.Image) -> np.ndarray:
    """uint8 [H, W, 4], row 0 at the top."""
    held: Any = image  # the stubs disagree about sizes and pixels
    width, height = held.size
    values = np.empty(width * height * 4, np.float32)
    held.pixels.foreach_get(values)
    return np.rint(values.reshape(height, width, 4)[::-1] * 255).astype(np.uint8)


def file_of(image: bpy.types.Image | None, path: str) -> str:
    """Where the image that was at `path` can be read now: there, or from the packed copy if it is not there any more."""
    if image is None or image.packed_file is None or image.get(_FILE) == _digest(path):
        return path
    folder = Path(tempfile.mkdtemp(prefix="flashvdm-", dir=bpy.app.tempdir or None))
    copy = folder / (Path(path).name or "image.png")
    copy.write_bytes(image.packed_file.data)  # pyright: ignore[reportArgumentType] - bytes, whatever the stubs say
    return str(copy)


def drop(image: bpy.types.Image | None) -> None:
    """Remove an image that nothing uses any more."""
    if image is not None and not image.users:
        bpy.data.images.remove(image)


def _digest(path: str) -> str:
    """Of the content of a file; "" if there is none that can be read."""
    with contextlib.suppress(OSError), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
