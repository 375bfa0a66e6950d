"""What a person corrects in a cut-out: strokes that keep or remove, and an edge that is moved or softened.

What was painted wins over what was guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..api.tasks import STROKE_KEEP, STROKE_REMOVE
from ..geometry.regions import box_mean
from .edges import softened

_REACH = 4  # pixels beside a stroke whose edge is drawn anew


@dataclass(frozen=True, eq=False)
class Correction:
    """A correction.

    Attributes:
        strokes: uint8 [h, w] over the whole picture: `STROKE_KEEP`, `STROKE_REMOVE`, and any other value where nothing was
            painted; None where nothing was painted at all.
        edge: how far the outline is moved out (below 0: in), in percent of the picture's longer side.
        softness: width of the soft edge, in percent of the longer side; 0 is as sharp as the picture.
    """

    strokes: np.ndarray | None = None
    edge: float = 0.0
    softness: float = 0.0


def corrected(image: Image.Image, rgba: np.ndarray, correction: Correction) -> np.ndarray:
    """`rgba`, uint8 [H, W, 4], what was cut out of `image` (of any size), with the correction."""
    height, width = rgba.shape[:2]
    longest = max(height, width)
    guessed = rgba[..., 3] > 127
    kept, removed = _painted(correction.strokes, width, height)
    mask = (_moved(guessed, round(correction.edge / 100 * longest)) | kept) & ~removed
    changed = mask != guessed
    if changed.any():
        picture = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BOX))
        near = box_mean(changed[..., None].astype(np.float32), _REACH) > 1e-4
        rgba = np.where(near, softened(picture, ~mask), rgba)
    radius = round(correction.softness / 100 * longest / 2)
    rgba = _blurred(rgba, radius) if radius else rgba
    if removed.any():
        rgba = rgba.copy()
        rgba[removed, 3] = 0  # also what was hardly visible there
    return rgba


def _painted(strokes: np.ndarray | None, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """bool [height, width] each: what was painted as the object's, and as not."""
    if strokes is None:
        return np.zeros((height, width), bool), np.zeros((height, width), bool)
    strokes = np.asarray(Image.fromarray(strokes).resize((width, height), Image.Resampling.NEAREST))
    return strokes == STROKE_KEEP, strokes == STROKE_REMOVE


def _moved(mask: np.ndarray, pixels: int) -> np.ndarray:
    """bool [H, W] grown by so many pixels, or shrunk: four and eight neighbours by turns, nearly a circle."""
    if pixels < 0:
        return ~_moved(~mask, -pixels)
    for step in range(pixels):
        grown = mask.copy()
        for axis in (0, 1):
            of = grown.copy() if step % 2 else mask
            ahead, behind = [slice(None)] * 2, [slice(None)] * 2
            ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
            grown[tuple(ahead)] |= of[tuple(behind)]
            grown[tuple(behind)] |= of[tuple(ahead)]
        mask = grown
    return mask


def _blurred(rgba: np.ndarray, radius: int) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.float32)
    soft = box_mean(box_mean(alpha, -(-radius // 2)), radius // 2)
    return np.concatenate([rgba[..., :3], np.rint(soft).astype(np.uint8)], 2)
