"""The edge of a cut-out: what share of each pixel there is the object's, and the object's own colour in it."""

from __future__ import annotations

import numpy as np

from ..geometry.regions import box_mean

_AROUND = 12
"""Pixels beside an object that say something of its edge."""


def eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """bool [H, W] without what is nearer than `radius` pixels to its outside."""
    return box_mean(mask[..., None].astype(np.float32), radius)[..., 0] > 1 - 1e-4


def _local_colour(rgb: np.ndarray, mask: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean colour [H, W, 3] of the pixels of `mask` round about each pixel, and whether [H, W, 1] there is any."""
    weight = mask[..., None].astype(np.float32)
    sums = box_mean(np.concatenate([rgb * weight, weight], 2), radius)
    return sums[..., :3] / np.maximum(sums[..., 3:], 1e-6), sums[..., 3:] > 1e-4


def softened(rgb: np.ndarray, background: np.ndarray) -> np.ndarray:
    """RGBA uint8 [H, W, 4] of the object, with its share of each pixel at the edge as alpha; white where nothing is visible.

    A pixel at the edge is a mixture a * F + (1 - a) * B of the colours F of the object and B of the background near
    it: a follows from its place between the two, and its colour becomes F.
    """
    out = np.zeros((*background.shape, 4), np.uint8)
    out[..., :3] = 255
    rows, columns = (np.flatnonzero(~background.all(axis)) for axis in (1, 0))
    if len(rows):
        # Nothing that is further from the object changes anything.
        box = tuple(slice(max(0, int(line[0]) - _AROUND), int(line[-1]) + 1 + _AROUND) for line in (rows, columns))
        out[box] = _softened(rgb[box], background[box])
    return out


def _softened(rgb: np.ndarray, background: np.ndarray) -> np.ndarray:
    """`softened` of a picture that is hardly larger than the object."""
    colour = rgb.astype(np.float32)
    front, has_front = _local_colour(colour, eroded(~background, 2), 4)
    back, has_back = _local_colour(colour, eroded(background, 2), 4)
    away = front - back
    length = (away * away).sum(2, keepdims=True)
    mixed = ((colour - back) * away).sum(2, keepdims=True) / np.maximum(length, 1.0)
    solid = (~background)[..., None].astype(np.float32)
    coverage = box_mean(solid, 1)
    edge = box_mean(solid, 2)
    edge = has_front & has_back & (edge > 0) & (edge < 1)
    # Too alike to tell apart: fall back to the mask, smoothed.
    alpha = np.where(edge, np.where(length > 30**2, mixed.clip(0, 1), coverage), solid)
    # What does not even touch the object is no mixture: it only differs from the background round about, as a shadow does.
    alpha[(alpha < 0.04) | (coverage < 1e-4)] = 0
    # What is invisible takes part when the picture is scaled, so it gets the object's colour nearby, else white.
    hidden = np.where(has_front, front, 255.0)
    result = np.where(edge & (alpha < 1), front, np.where(alpha > 0, colour, hidden))
    return np.rint(np.concatenate([result, alpha * 255], 2)).astype(np.uint8)
