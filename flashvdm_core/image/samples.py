"""Pictures of more than 8 bits a sample, at their true range, made 8-bit sRGB a band of rows at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .colour_space import ColourSpace, encoded

_MOST_LIGHT = 8.0  # a brighter picture of floats holds no light but numbers of some scale
_LEAST_LIGHT = -0.1  # what filters of renderers leave beside bright edges
_WIDE = 1 << 20  # pixels of a row that are worked on at a time
_SAMPLED = 1 << 20  # values to judge a picture of floats by


@dataclass(frozen=True, eq=False)
class Samples:
    """A picture as it is stored.

    Attributes:
        channels: 1 grey, 2 with alpha, 3 RGB, 4 with alpha.
        bands: gives the rows from the top on, some at a time, [n, W, C] of any type of numbers; each call starts anew.
        white: the largest value that can be, where it is known, else None.
        inverted: 0 is white.
        premultiplied: the colours are multiplied by alpha.
        transparent: the stored colour that stands for transparent pixels, one number for each colour channel.
        icc: its colour profile, undecoded.
        orientation: as EXIF counts, 1 to 8.
    """

    width: int
    height: int
    channels: int
    bands: Callable[[], Iterator[np.ndarray]]
    white: int | None = None
    inverted: bool = False
    premultiplied: bool = False
    transparent: tuple[int, ...] | None = None
    icc: bytes | None = None
    orientation: int = 1


@dataclass(frozen=True)
class Scale:
    """From stored values to shares of white: (value - black) / (white - black); `light` where that is linear light."""

    black: float
    white: float
    alpha_white: float
    light: bool = False
    told: str = ""


def found_scale(samples: Samples) -> Scale:
    """The range that the values of a picture are meant in, by what the file says and else by the values.

    Whole numbers of 16 bits that stay below a smaller depth (8, 10, 12, 14 bits) are taken for numbers of that depth;
    14 bits only where it is used to its end, for such a picture may be dark. Floats are linear light with 1 as white,
    unless they are not in the range of light: then their range becomes that from black to white.
    """
    statistics = _statistics(samples)
    if statistics.is_float:
        return _scale_of_floats(statistics)
    high, told = _white_of(statistics.high, samples.white, statistics.full)
    alpha_high, _ = _white_of(statistics.alpha_high, samples.white, statistics.full)
    low = min(0.0, statistics.low)
    if low < 0:
        high, told = statistics.high, ""
    return Scale(low, max(high, low + 1), max(alpha_high, 1.0), told=told)


def to_eight_bits(band: np.ndarray, samples: Samples, scale: Scale, space: ColourSpace | None) -> np.ndarray:
    """A band [n, W, C] of stored values -> uint8 sRGB with the same channels, or one more for `transparent`."""
    if band.shape[1] > _WIDE and band.size > _WIDE:
        parts = range(0, band.shape[1], _WIDE)
        return np.concatenate([to_eight_bits(band[:, at : at + _WIDE], samples, scale, space) for at in parts], 1)
    colours = 1 if samples.channels < 3 else 3
    values = band[..., :colours].astype(np.float32)
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    values -= np.float32(scale.black)
    values *= np.float32(1 / max(scale.white - scale.black, 1e-30))
    if samples.inverted:
        values = 1 - values
    alpha = None
    if samples.channels > colours:
        share = np.nan_to_num(band[..., colours:].astype(np.float32) / np.float32(scale.alpha_white)).clip(0, 1)
        if samples.premultiplied:
            values /= np.maximum(share, 1e-6)
        alpha = np.rint(share * 255).astype(np.uint8)
    elif samples.transparent is not None:
        hidden = (band == np.array(samples.transparent).astype(band.dtype)).all(2, keepdims=True)
        alpha = np.where(hidden, np.uint8(0), np.uint8(255))
    made = _coloured(values, scale, space)
    return made if alpha is None else np.concatenate([made, alpha], 2)


def _coloured(values: np.ndarray, scale: Scale, space: ColourSpace | None) -> np.ndarray:
    if space is None:
        return encoded(values) if scale.light else (values.clip(0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    codes = (values.clip(0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
    made = space.to_srgb(np.broadcast_to(codes, (*codes.shape[:2], 3)))
    return made[..., : values.shape[2]]


@dataclass
class _Statistics:
    low: float = math.inf
    high: float = -math.inf
    alpha_high: float = 0.0
    full: float = 65535.0
    is_float: bool = False
    some: np.ndarray | None = None


def _statistics(samples: Samples) -> _Statistics:
    found = _Statistics()
    colours = 1 if samples.channels < 3 else 3
    step = max(1, samples.width * samples.height * colours // _SAMPLED)
    some = []
    for band in samples.bands():
        values = band[..., :colours]
        found.is_float = band.dtype.kind == "f"
        if not found.is_float:
            found.full = float(np.iinfo(band.dtype).max)
        else:
            finite = np.isfinite(values)
            if not finite.all():
                values = np.where(finite, values, 0)
            some.append(values.reshape(-1)[::step].astype(np.float64))
        found.low, found.high = min(found.low, float(values.min())), max(found.high, float(values.max()))
        if samples.channels > colours:
            found.alpha_high = max(found.alpha_high, float(np.nan_to_num(band[..., colours]).max()))
    if some:
        found.some = np.concatenate(some)
    return found


def _scale_of_floats(found: _Statistics) -> Scale:
    assert found.some is not None
    low, high = np.percentile(found.some, (1, 99))
    alpha = 1.0 if found.alpha_high <= 1.01 else found.alpha_high
    if low >= _LEAST_LIGHT and high <= _MOST_LIGHT:
        return Scale(0.0, 1.0, alpha, light=True)
    for usual in (255.0, 65535.0):
        if found.low >= 0 and usual / 4 < found.high <= usual:
            return Scale(0.0, usual, alpha)
    return Scale(found.low, max(found.high, found.low + 1e-30), alpha)


def _white_of(high: float, known: int | None, full: float) -> tuple[float, str]:
    """The value of white for whole numbers up to `high`, and what to say where it is a guess."""
    if known is not None:
        return max(float(known), high), ""
    if high > 65535:
        return (full, "") if high > full / 16 else (high, "")
    for bits, least in ((8, 128), (10, 256), (12, 1024), (14, 0.95 * 16383)):
        if least <= high < 1 << bits:
            return float((1 << bits) - 1), f"{bits} bits in 16"
    return 65535.0, ""
