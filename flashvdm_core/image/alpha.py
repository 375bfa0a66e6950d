"""Alpha that tells the object from what is behind it, told from alpha that does not, or hardly."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..geometry.regions import label_regions

_LEVELS = np.arange(256)
_TOP_SHARE = 0.1  # of all opacity lies at the level that counts as opaque, or above
_TOP_COUNT = 0.001  # of the visible pixels have that level at the least
_SOLID = 200  # a lower top level is made opaque
_INVISIBLE = 1 / 16  # of the top level: fainter pixels are not seen on white
_LEAST_HIDDEN = 0.005  # of the picture must be invisible, else nothing was cut out
_FRAME = 2  # pixels along the border that resizing and turning leave transparent
_LEAST_FRAMED = 128  # pixels of the shorter side of a picture where that is looked at
_CELLS = 256  # along the longer side, in which what is near the object is found
_SPECK = 0.0002  # of the opacity: smaller parts away from the rest are dirt

_SAME_EVERYWHERE = "The transparency of the image hides nothing, so the image was treated as an opaque one."
_SPECKS = "Tiny specks beside the object were left out; erase them, or draw them larger if they belong to it."


def meaningful(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """An RGBA image as it is meant: RGB where its alpha hides nothing, else with an object that can be seen and no specks.

    - Nothing (less than half a percent, but for a frame of two pixels) is invisible: all is made opaque.
    - The object is a faint one: it is made as opaque as it can be, in the proportions of its alpha.
    - What is nearly invisible and away from the object becomes invisible, and so do single specks far away: they would
      decide how large the object is drawn.

    Returns:
        The image and warnings.
    """
    frame = _FRAME if min(image.size) >= _LEAST_FRAMED else 0
    inner = image.getchannel("A").crop((frame, frame, image.width - frame, image.height - frame))
    counts = np.array(inner.histogram(), np.float64)
    top = _top_level(counts)
    hidden = 1.0 if not counts[1:].any() else counts[: max(1, int(np.ceil(top * _INVISIBLE)))].sum() / counts.sum()
    if hidden < _LEAST_HIDDEN:
        told = (_SAME_EVERYWHERE,) if counts[_SOLID:].sum() < (1 - _LEAST_HIDDEN) * counts.sum() else ()
        return _filled_in(image, top, frame), told
    rgba = np.array(image)
    alpha, told = rgba[..., 3], []
    if top < _SOLID:
        alpha = np.rint(alpha * (255 / top)).clip(0, 255).astype(np.uint8)
        told.append(f"The object is hardly visible (at most {round(top / 2.55)} % opaque), so it was made opaque.")
        top = 255
    cleared, specks = _without_specks(alpha, max(1, int(np.ceil(top * _INVISIBLE))))
    if specks:
        told.append(_SPECKS)
    rgba[..., 3] = cleared
    return Image.fromarray(rgba), tuple(told)


def _top_level(counts: np.ndarray) -> int:
    """The highest alpha that more than single pixels have, and which holds a share of all opacity; 255 where all is hidden."""
    if not counts[1:].any():
        return 255
    mass = np.cumsum((counts * _LEVELS)[::-1])[::-1]
    number = np.cumsum(counts[:0:-1])[::-1]
    usual = (mass[1:] >= _TOP_SHARE * mass[0]) & (number >= _TOP_COUNT * number[0])
    return int(np.flatnonzero(usual)[-1]) + 1


def _filled_in(image: Image.Image, top: int, frame: int) -> Image.Image:
    """RGB; a frame that is not visible goes on as the picture beside it, other such pixels get the usual colour of the border."""
    rgba = np.asarray(image)
    if frame and (rgba[..., 3][_border_of(rgba, frame)] < top / 2).any():
        inner = rgba[frame:-frame, frame:-frame]
        rgba = np.pad(inner, ((frame, frame), (frame, frame), (0, 0)), "edge")
    rgb, faint = rgba[..., :3], rgba[..., 3] < top / 2
    if faint.any():
        border = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]])
        border = border[border[:, 3] >= top / 2]
        rgb = np.where(faint[..., None], np.median(border, 0).astype(np.uint8)[:3] if len(border) else np.uint8(255), rgb)
    return Image.fromarray(np.ascontiguousarray(rgb))


def _border_of(rgba: np.ndarray, width: int) -> np.ndarray:
    """bool [H, W]: the frame of `width` pixels."""
    border = np.ones(rgba.shape[:2], bool)
    border[width:-width, width:-width] = False
    return border


def _without_specks(alpha: np.ndarray, least: int) -> tuple[np.ndarray, bool]:
    """uint8 [H, W] without what is fainter than `least` away from the object, and without far specks; whether there were any.

    It is worked on in cells, so that a large picture costs little.
    """
    side = max(1, -(-max(alpha.shape) // _CELLS))
    largest, total = _cells(alpha, side)
    seen = largest >= least
    regions, count = label_regions(_grown(seen))
    mass = np.bincount(regions.ravel(), (total * seen).ravel(), count + 1)
    mass[0] = 0
    small = mass < _SPECK * mass.sum()
    # A speck matters where it makes the box of the object larger, and may be a part of the picture where it doesn't.
    kept = seen & ~small[regions]
    specks = seen & small[regions] & ~_boxed(kept)
    near = _grown(seen & ~specks)
    if near.all() or not (seen & ~specks).any():
        return alpha, False
    wide = np.repeat(np.repeat(near, side, 0), side, 1)[: alpha.shape[0], : alpha.shape[1]]
    far = np.repeat(np.repeat(specks, side, 0), side, 1)[: alpha.shape[0], : alpha.shape[1]]
    return np.where((wide | (alpha >= least)) & ~far, alpha, np.uint8(0)), bool(specks.any())


def _cells(alpha: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest value and sum of each square of `side` pixels of uint8 [H, W]."""
    down, across = (np.arange(0, length, side) for length in alpha.shape)
    largest = np.maximum.reduceat(np.maximum.reduceat(alpha, down, 0), across, 1)
    total = np.add.reduceat(np.add.reduceat(alpha, across, 1, dtype=np.uint32), down, 0, dtype=np.float64)
    return largest, total


def _grown(mask: np.ndarray) -> np.ndarray:
    """bool [H, W] and the neighbours of its pixels."""
    padded = np.pad(mask, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    return across[:-2] | across[1:-1] | across[2:]


def _boxed(mask: np.ndarray) -> np.ndarray:
    """The box round bool [H, W], as such a mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.zeros_like(mask)
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box
