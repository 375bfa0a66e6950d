"""Large pictures made smaller a band of rows at a time, before anything else costs memory for each of their pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image

MOST_PIXELS = 4096 * 4096
"""What pictures are reduced to: far more than any encoder or texture sees."""

_BAND = 1 << 21  # pixels
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MULTIPLIED = {"LA": "La", "RGBA": "RGBa"}


def factors(width: int, height: int, most: int = MOST_PIXELS) -> tuple[int, int]:
    """By which whole numbers width and height are to be divided so that at most `most` pixels are left."""
    both = 1
    while math.ceil(width / min(both, width)) * math.ceil(height / min(both, height)) > most:
        both += 1
    return min(both, width), min(both, height)


def band_height(width: int, down: int) -> int:
    """How many rows make a good band: a multiple of `down`."""
    return max(1, _BAND // (width * down)) * down


def reduced(bands: Iterable[np.ndarray], width: int, height: int) -> Image.Image:
    """A picture of the bands uint8 [n, W, C] of one of width x height, reduced where it is too large.

    Each pixel is the mean of those it stands for; colours count by their alpha.
    """
    across, down = factors(width, height)
    size = (math.ceil(width / across), math.ceil(height / down))
    made: Image.Image | None = None
    rest: np.ndarray | None = None
    top = 0
    for band in bands:
        part = band if rest is None else np.concatenate([rest, band])
        whole = len(part) // down * down
        part, rest = part[:whole], part[whole:]
        top = _placed(made := made or _new(band, size), part, across, down, top)
        rest = rest if len(rest) else None
    assert made is not None
    if rest is not None:
        _placed(made, rest, across, down, top)
    return made


def _new(band: np.ndarray, size: tuple[int, int]) -> Image.Image:
    return Image.new(_MODES[band.shape[2]], size)


def _placed(made: Image.Image, part: np.ndarray, across: int, down: int, top: int) -> int:
    """Reduce and paste rows; the row after them."""
    if not len(part):
        return top
    small = Image.fromarray(np.ascontiguousarray(part[..., 0] if part.shape[2] == 1 else part))
    if (across, down) != (1, 1):
        # Pillow would multiply by alpha itself, but with a copy for each step.
        multiplied = _MULTIPLIED.get(small.mode)
        small = (small.convert(multiplied) if multiplied else small).reduce((across, down)).convert(made.mode)
    made.paste(small, (0, top))
    return top + small.height
