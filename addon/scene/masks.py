"""Masks that correct a cut-out: one for each picture, painted in the Image Editor, packed in the .blend.

A mask is an image that shows the picture as it is cut out, the removed parts faintly. The artist paints its alpha with Blender's
own brushes: what becomes opaque is kept, what becomes transparent is removed. Untouched pixels have one of two levels between,
so the image alone tells what was painted, whatever the guess is by now.
"""

from __future__ import annotations

import base64
import functools
import os
import zlib
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.tasks import STROKE_KEEP, STROKE_REMOVE
from ...flashvdm_core.files import file_status
from ...flashvdm_core.geometry.regions import label_regions
from .stored_images import digest_of, is_readable, pixels_of

_OF = "flashvdm_mask"
"""Custom property of a mask: the digest of the picture's file, wherever that lies."""

BRUSH_BLENDS = {True: "ADD_ALPHA", False: "ERASE_ALPHA"}
"""Whether a brush keeps -> how it blends."""

_KEPT, _GONE = 224, 64  # alpha of untouched pixels
_NEAR = 8  # levels of alpha that a conversion may change
_MIDDLE = 144
_MOST_PIXELS = 1 << 24
_NOTHING = 128  # a value of strokes that says nothing


def mask_of(path: str) -> bpy.types.Image | None:
    """The mask of the picture in the file `path`, as the file is now; None where there is none."""
    digest = _digest(path)
    if not digest:
        return None
    return next((image for image in bpy.data.images if image.get(_OF) == digest and is_readable(image)), None)


def make_mask(path: str, guess: np.ndarray) -> bpy.types.Image:
    """The mask of a picture, a new one where there is none: `guess` is `CutOut.guess`, uint8 [H, W, 4]."""
    image = mask_of(path)
    if image is None:
        height, width = guess.shape[:2]
        image = bpy.data.images.new(f"{os.path.splitext(os.path.basename(path))[0]} mask", width, height, alpha=True)
        image.use_fake_user = True
        image[_OF] = _digest(path)
        _write(image, guess, np.full((height, width), _NOTHING, np.uint8))
    return image


def renew(image: bpy.types.Image, guess: np.ndarray) -> None:
    """Show another guess where nothing was painted."""
    found = strokes_in(image)
    if found.shape == guess.shape[:2]:
        _write(image, guess, found)


def strokes_of(path: str) -> np.ndarray | None:
    """What was painted for the picture in a file: uint8 [H, W], as `Request.masks` has it; None where nothing was."""
    image = mask_of(path)
    found = None if image is None else strokes_in(image)
    return found if found is not None and (found != _NOTHING).any() else None


def strokes_in(image: bpy.types.Image) -> np.ndarray:
    """What was painted in a mask, uint8 [H, W], row 0 at the top."""
    alpha = pixels_of(image)[..., 3].astype(np.int16)
    untouched = (np.abs(alpha - _KEPT) <= _NEAR) | (np.abs(alpha - _GONE) <= _NEAR)
    painted = np.where(alpha >= _MIDDLE, STROKE_KEEP, STROKE_REMOVE)
    return np.where(untouched, _NOTHING, painted).astype(np.uint8)


def paint(image: bpy.types.Image, area: np.ndarray, keep: bool) -> None:
    """Paint all of bool [H, W]."""
    rgba = pixels_of(image)
    rgba[..., 3][area] = 255 if keep else 0
    _put(image, rgba)


def paint_box(image: bpy.types.Image, box: tuple[float, float, float, float], action: str) -> None:
    """Keep ("KEEP") or remove ("REMOVE") a box, or remove all outside of it ("CROP").

    `box` is left, bottom, right and top as shares of the picture, from its lower left corner.
    """
    width, height = _size(image)
    left, right = sorted(round(share * width) for share in (box[0], box[2]))
    low, high = sorted(round((1 - share) * height) for share in (box[1], box[3]))
    area = np.zeros((height, width), bool)
    area[max(low, 0) : max(high, 0), max(left, 0) : max(right, 0)] = True
    paint(image, ~area if action == "CROP" else area, action == "KEEP")


def choose_part(image: bpy.types.Image, place: tuple[float, float], guess: np.ndarray) -> bool:
    """Keep the one connected part of the cut-out that lies at `place` (shares from the lower left), and remove the others.

    A part of the guess that was removed before, by the choice of another for example, comes back.

    Returns:
        False, with nothing changed, where no part lies there.
    """
    rgba = pixels_of(image)
    visible = rgba[..., 3] >= _MIDDLE
    height, width = visible.shape
    column = min(max(int(place[0] * width), 0), width - 1)
    row = min(max(int((1 - place[1]) * height), 0), height - 1)
    guessed = guess[..., 3] > 127
    parts = guessed if not visible[row, column] and guessed.shape == visible.shape else visible
    labels, _ = label_regions(parts)
    if not labels[row, column]:
        return False
    chosen = labels == labels[row, column]
    rgba[..., 3][(visible | guessed if guessed.shape == visible.shape else visible) & ~chosen] = 0
    rgba[..., 3][chosen & ~visible] = _KEPT
    _put(image, rgba)
    return True


def clear(image: bpy.types.Image, guess: np.ndarray) -> None:
    """Forget all strokes."""
    _write(image, guess, np.full(guess.shape[:2], _NOTHING, np.uint8))


def restore(path: str, guess: np.ndarray, strokes: np.ndarray | None) -> None:
    """Give the picture in a file the strokes, uint8 [H, W], that it once had, or none."""
    if strokes is not None and strokes.shape == guess.shape[:2]:
        _write(make_mask(path, guess), guess, strokes)
    elif (image := mask_of(path)) is not None:
        clear(image, guess)


def signature(image: bpy.types.Image) -> int:
    """Another number when something was painted."""
    held: Any = image
    values = np.empty(len(held.pixels), np.float32)
    held.pixels.foreach_get(values)
    return zlib.crc32(values[3::4].tobytes())


def as_text(strokes: np.ndarray) -> str:
    """Strokes as they are kept in a property."""
    height, width = strokes.shape
    return f"{height} {width} {base64.b64encode(zlib.compress(strokes.tobytes())).decode('ascii')}"


def from_text(text: str) -> np.ndarray | None:
    """The strokes that were kept; None for anything else."""
    try:
        height, width, data = text.split(" ")
        size = int(height) * int(width)
        if not 0 < size <= _MOST_PIXELS:
            return None
        content = zlib.decompressobj().decompress(base64.b64decode(data), size + 1)
        return np.frombuffer(content, np.uint8).reshape(int(height), int(width))
    except (ValueError, zlib.error):
        return None


def keep(image: bpy.types.Image) -> None:
    """Let what was painted outlast steps of undo, which give an image back the pixels that were packed with it."""
    if image.library is None and image.is_dirty and is_readable(image):
        image.pack()


def pack_all() -> None:
    """Before a file is saved: what was painted is kept with it."""
    for image in bpy.data.images:
        if image.get(_OF):
            keep(image)


def _write(image: bpy.types.Image, guess: np.ndarray, strokes: np.ndarray) -> None:
    alpha = np.where(guess[..., 3] > 127, _KEPT, _GONE)
    alpha = np.where(strokes == STROKE_KEEP, 255, np.where(strokes == STROKE_REMOVE, 0, alpha))
    _put(image, np.dstack([guess[..., :3], alpha.astype(np.uint8)]))


def _put(image: bpy.types.Image, rgba: np.ndarray) -> None:
    held: Any = image  # the stubs disagree about pixels
    held.pixels.foreach_set((rgba[::-1].astype(np.float32) / 255).ravel())
    image.update()
    image.update_tag()


def _size(image: bpy.types.Image) -> tuple[int, int]:
    held: Any = image
    width, height = held.size
    return width, height


def _digest(path: str) -> str:
    try:
        return _digest_at(path, file_status(path).st_mtime_ns) if path else ""
    except OSError:
        return ""


@functools.lru_cache(maxsize=64)
def _digest_at(path: str, _time: int) -> str:
    return digest_of(path)


CLASSES: tuple[type, ...] = ()
