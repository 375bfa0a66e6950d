"""The guided filter: gives a coarse mask the edges of the picture that it belongs to.

K. He, J. Sun, X. Tang, "Guided Image Filtering" (ECCV 2010), and its fast variant (K. He, J. Sun, 2015): how the mask depends
on the colour is found on a small copy, and applied to the picture as it is.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

_SIDE = 512  # pixels of the small copy's longer side
_RADIUS = 6  # of its windows
_SMOOTH = 1e-4  # variance of colours (0 to 1) that is no edge
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def guided(mask: np.ndarray, image: Image.Image) -> np.ndarray:
    """`mask` (float32 of any size, 0 to 1), at the size of the RGB `image` and along its edges: float32 [H, W], 0 to 1."""
    scale = min(1.0, _SIDE / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    small = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    coefficients = _linear_model(small, enlarged(mask, width, height))
    red, green, blue, rest = (enlarged(coefficients[..., place], *image.size) for place in range(4))
    for colour, share in enumerate((red, green, blue)):
        rest = rest + share * (np.asarray(image.getchannel(colour), np.float32) / 255)
    return rest.clip(0, 1)


def enlarged(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """float32 [h, w] -> [height, width], bilinearly (made smaller: averaged)."""
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))


def _linear_model(guide: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Coefficients [H, W, 4] by which `mask` [H, W] follows from the three colours of `guide` [H, W, 3], and 1."""
    mean, mask_mean = _window_mean(guide), _window_mean(mask[..., None])
    covariance = _window_mean(guide * mask[..., None]) - mean * mask_mean
    products = _window_mean(np.stack([guide[..., a] * guide[..., b] for a, b in _PAIRS], 2))
    spread = np.empty((*mask.shape, 3, 3), np.float32)
    for place, (a, b) in enumerate(_PAIRS):
        spread[..., a, b] = spread[..., b, a] = products[..., place] - mean[..., a] * mean[..., b]
    spread[..., range(3), range(3)] += _SMOOTH
    slopes = np.linalg.solve(spread, covariance[..., None])[..., 0]
    rest = mask_mean - (slopes * mean).sum(2, keepdims=True)
    return _window_mean(np.concatenate([slopes, rest], 2))


def _window_mean(values: np.ndarray) -> np.ndarray:
    """Mean of float32 [H, W, C] over the windows, as far as they are inside of the picture."""
    for axis in (0, 1):
        length = values.shape[axis]
        sums = np.cumsum(values, axis, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis)
        first = np.maximum(np.arange(length) - _RADIUS, 0)
        last = np.minimum(np.arange(length) + _RADIUS + 1, length)
        count = (last - first).reshape([-1 if place == axis else 1 for place in range(3)])
        values = ((sums.take(last, axis) - sums.take(first, axis)) / count).astype(np.float32)
    return values
