"""How the background of a picture is removed if nobody says how: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from .guided_filter import enlarged
from .plain_background import TINY_SIDE, border_of, remove_plain_background
from .salience import CERTAIN, stands_out

_SIDE = 384  # pixels that are looked at along the longer side
_EVEN = 0.99  # of a border that is a plain colour beyond doubt
_LOST = 0.1  # of what is certainly the object may be taken for shadow or floor


@dataclass(frozen=True, eq=False)
class Choice:
    """A way to cut out.

    Attributes:
        method: "keep" the transparency, remove a plain "border", or take what the network finds, the "photo".
        found: float32 [320, 320], the network's map where it was asked.
        warning: what to say about a picture for which none of them is right, else "".
    """

    method: Literal["keep", "border", "photo"]
    found: np.ndarray | None = None
    warning: str = ""


UNSEEN = (
    "The background is not plain and no object stands out from it, so the cut-out may be wrong; correct the mask, or use an "
    "image with a plain background or with transparency."
)


def choose(image: Image.Image, threshold: float, look: Callable[[Image.Image], np.ndarray]) -> Choice:
    """Decide how to cut out of `image`, RGB, or RGBA with an alpha that means something (`alpha.meaningful`).

    - Transparency that means something is kept.
    - A border of one even colour is a plain background, and so is pixel art's.
    - Another plain one (a horizon, noise, an object that the border cuts off) is one if what would be removed as its shadow or
      floor is not what the network takes for the object.
    - All else is a photograph, unless the network finds nothing in it.

    Args:
        threshold: as for `remove_plain_background`.
        look: the network, `salience`: RGB picture -> map.
    """
    if image.mode == "RGBA":
        return Choice("keep")
    if max(image.size) <= TINY_SIDE:
        return Choice("border")
    small = image.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    if min(small.size) < 2:
        return Choice("border")
    border = border_of(small, threshold)
    if border.plain and border.even >= _EVEN:
        return Choice("border")
    found = look(image)
    if not stands_out(found):
        return Choice("border", found, "" if border.plain else UNSEEN)
    return Choice("border" if border.plain and _lost(small, threshold, found) <= _LOST else "photo", found)


def _lost(image: Image.Image, threshold: float, found: np.ndarray) -> float:
    """The share of what is certainly the object that would be removed as shadow or floor."""
    unlike = remove_plain_background(image, threshold).unlike
    height, width = unlike.shape
    certain = enlarged(found, width, height) >= CERTAIN
    return float((certain & unlike).sum() / max(certain.sum(), 1))
