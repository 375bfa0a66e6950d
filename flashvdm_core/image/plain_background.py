"""Remove a plain background, with no learned weights.

The background is what joins the border and has the border's colours, allowing for gradients (a quadratic surface
for each colour), noise, soft shadows and a horizon between two colours. Distances are in OKLab (B. Ottosson, "A
perceptual color space for image processing", 2020), where black and white are 1 apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from ..api.colour import srgb_to_linear
from ..geometry.regions import box_mean, label_regions
from .edges import eroded, softened
from .outlines import FILLED, is_outlined, remark

LONGEST_SIDE = 1536
"""Pixels that a cut-out has along its longer side at the most: more than any encoder sees."""

_SHORTEST_SIDE = 384  # of a long picture, which may hold a small object
_LONGEST_STRIP = 1 << 16  # of one that is a pixel or two wide
TINY_SIDE = 48
"""Pixel art is as large as that at the most: each of its pixels counts."""

_ENLARGED_SIDE = 96
_SURFACES = 3  # of colour: wall, floor, and one more, which is no plain background
_PLAIN_DISTANCE = 0.04  # OKLab: what noise does to a plain surface, but not texture
_PLAIN_SHARE = 0.7  # of the border must be that close to a surface
_LIKE_DISTANCE = 0.02  # OKLab: hardly to be told from the background
_SHADOW_DEPTH = 2.5  # thresholds by which a shadow may darken the background
_SHADOW_CHROMA = 0.3  # thresholds by which it may change the hue
_SHADOW_SLOPE = 8.0  # lightness over the length of the picture; edges of objects are steeper
_SHADOW_STEP = 0.03  # lightness from one pixel to the next
_HARD_SHADOW_LIGHT = (0.35, 0.95)  # lightness of a hard shadow as a share of the background's
_HARD_SHADOW_FLAT = 0.012  # lightness by which it varies
_HARD_SHADOW_SHARE = (0.03, 0.6)  # of what was cut out
_EDGE_REACH = 4  # pixels that an edge shows in the smoothed slope
_SPECK_SHARE = 0.005  # of the largest part: smaller parts are dirt


SHADOW = (
    "A flat grey area at the foot of the object may be its shadow; if it is, paint it over, or use an image with transparency."
)


@dataclass(frozen=True)
class Border:
    """What the border of a picture tells of its background.

    Attributes:
        plain: plain enough for `remove_plain_background`, unless what looks like a second colour of it is the object.
        even: share of the border that hardly differs from its commonest colour, 0 to 1.
    """

    plain: bool
    even: float


@dataclass(frozen=True, eq=False)
class PlainCutOut:
    """What stood before a background.

    Attributes:
        rgba: uint8 [H, W, 4] with straight alpha, soft at the edges and free of the background's colour there.
        plain: the border was plain enough to trust it.
        unlike: bool [H, W], what was removed though it differs from the commonest background: shadow, floor, or a part of the
            object.
        remark: what there is to say about a line drawing or a shadow, else "".
    """

    rgba: np.ndarray
    plain: bool
    unlike: np.ndarray
    remark: str = ""


def remove_plain_background(image: Image.Image, threshold: float) -> PlainCutOut:
    """Cut out what stands before a plain background.

    Args:
        image: mode RGB (or RGBA, whose alpha is ignored). A side over 1536 pixels is reduced to that first; of a
            picture more than four times as long as wide less, down to 384 for the shorter side.
        threshold: largest OKLab distance from the background's colour that is still background.
    """
    image = image.convert("RGB")
    if max(image.size) <= TINY_SIDE:
        return _of_tiny(image, threshold)
    longest, shortest = max(image.size), min(image.size)
    scale = max(LONGEST_SIDE / longest, min(_SHORTEST_SIDE / shortest, LONGEST_SIDE / math.sqrt(longest * shortest)))
    side = min(math.ceil(longest * min(1.0, scale)), _LONGEST_STRIP)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return _removed(image, threshold, hole=5)


def border_of(image: Image.Image, threshold: float) -> Border:
    """The border of an RGB picture; `threshold` as for `remove_plain_background`."""
    lab = oklab(np.asarray(image.filter(ImageFilter.MedianFilter(3))))
    surfaces, plain = _background_surfaces(lab, threshold)
    y, x = _border_path(*lab.shape[:2])
    distance = _border_distance(lab[y, x], _basis(y, x, lab.shape), surfaces[:1])
    return Border(plain, float((distance <= _LIKE_DISTANCE).mean()))


def _of_tiny(image: Image.Image, threshold: float) -> PlainCutOut:
    """Pixel art: each pixel belongs to the object or does not. Pixels become squares, for which all the rest is made."""
    times = -(-_ENLARGED_SIDE // max(image.size))
    # A single pixel of the background's colour is rather an eye than a hole.
    enlarged = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    found = _removed(enlarged, threshold, hole=times + 2)
    alpha = found.rgba[..., 3].reshape(image.height, times, image.width, times).mean((1, 3), dtype=np.float32)
    inside = alpha[..., None] > 127
    colours = np.where(inside, np.asarray(image), found.rgba[times // 2 :: times, times // 2 :: times, :3])
    unlike = found.unlike[times // 2 :: times, times // 2 :: times]
    return PlainCutOut(np.concatenate([colours, np.uint8(255) * inside], 2).astype(np.uint8), found.plain, unlike)


def _removed(image: Image.Image, threshold: float, hole: int) -> PlainCutOut:
    """`hole` is the side in pixels of the smallest square of background inside of the object that is a hole."""
    lab = oklab(np.asarray(image.filter(ImageFilter.MedianFilter(3))))
    surfaces, plain = _background_surfaces(lab, threshold)
    near, shaded, level = _similarity(lab, surfaces, threshold)
    background = _touching_border(near | (shaded & level))
    background = _grown_into(background, shaded, lab[..., 0])
    # Holes, as in a handle: the background's colour again, with certainty somewhere inside.
    holes = _regions_with(near & ~background, _distance(lab, surfaces) <= threshold / 4, hole)
    outlined = plain and is_outlined(~(background | holes), holes)
    if not outlined:
        background |= holes
    background |= _specks(~background)
    told = FILLED if outlined else remark(~background, holes) if plain else ""
    if plain and not told and _has_hard_shadow(lab, surfaces[0], background, threshold):
        told = SHADOW
    unlike = background & (_distance(lab, surfaces[:1]) > _LIKE_DISTANCE)
    return PlainCutOut(softened(np.asarray(image), background), plain, unlike, told)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """uint8 sRGB [..., 3] -> float32 OKLab [..., 3]."""
    linear = srgb_to_linear(np.arange(256) / 255).astype(np.float32)[rgb]
    to_cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_cones.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.cbrt(linear @ np.array(to_cones, np.float32).T) @ np.array(to_lab, np.float32).T


def _basis(y: np.ndarray, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Polynomial terms [..., 6] of second degree at pixel positions, scaled to [-1, 1]."""
    v, u = (2 * y / max(shape[0] - 1, 1) - 1).astype(np.float32), (2 * x / max(shape[1] - 1, 1) - 1).astype(np.float32)
    v, u = np.broadcast_arrays(v, u)
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], -1)


def _border_path(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels along the border, clockwise from the top left, each corner once."""
    across, down = np.arange(width - 1), np.arange(height - 1)
    y = np.concatenate([0 * across, down, 0 * across + height - 1, down[::-1] + 1])
    x = np.concatenate([across, 0 * down + width - 1, across[::-1] + 1, 0 * down])
    return y, x


def _background_surfaces(lab: np.ndarray, threshold: float) -> tuple[list[np.ndarray], bool]:
    """Colour surfaces (coefficients [6, 3] each) of the background, and whether they make a plain one.

    The first is that of the commonest border colour. Another one is added only where a corner of the picture is not
    explained, as with a floor: an object that the border cuts off seldom reaches a corner.
    """
    height, width = lab.shape[:2]
    if min(height, width) < 2:
        return [np.zeros((6, 3), np.float32)], False
    tolerance = max(threshold, 0.05)
    y, x = _border_path(height, width)
    colours, basis = lab[y, x], _basis(y, x, lab.shape)
    tries = colours[np.linspace(0, len(colours) - 1, 48).astype(int)]
    counts = [(np.linalg.norm(colours - colour, axis=1) <= tolerance).sum() for colour in tries]
    surfaces = [_fitted_surface(colours, basis, tries[int(np.argmax(counts))], tolerance)]
    corners = np.cumsum([0, width - 1, height - 1, width - 1])
    reach = np.arange(-(len(y) // 50), len(y) // 50 + 1)
    for corner in corners:
        at_corner = (corner + reach) % len(y)
        unexplained = at_corner[_border_distance(colours, basis, surfaces)[at_corner] > tolerance]
        if len(surfaces) < _SURFACES and len(unexplained) > len(at_corner) / 2:
            surfaces.append(_fitted_surface(colours, basis, np.median(colours[unexplained], 0), tolerance))
    close = (_border_distance(colours, basis, surfaces) <= _PLAIN_DISTANCE).mean()
    return surfaces, len(surfaces) < _SURFACES and bool(close >= _PLAIN_SHARE)


def _border_distance(colours: np.ndarray, basis: np.ndarray, surfaces: list[np.ndarray]) -> np.ndarray:
    return np.min([np.linalg.norm(colours - basis @ surface, axis=1) for surface in surfaces], 0)


def _fitted_surface(colours: np.ndarray, basis: np.ndarray, start: np.ndarray, tolerance: float) -> np.ndarray:
    """Fit a colour surface [6, 3] to the border colours [N, 3] that lie within `tolerance` of it, from a constant."""
    best = np.zeros((6, 3), np.float32)
    best[0] = start
    most = int((np.linalg.norm(colours - start, axis=1) <= tolerance).sum())
    for terms in (1, 3, 3, 3, 6, 6):
        inside = np.linalg.norm(colours - basis @ best, axis=1) <= tolerance
        if not inside.any():
            break
        chosen = basis[inside, :terms]
        # A little ridge, so that a surface known on one side only stays level on the other.
        normal = chosen.T @ chosen + np.diag([0.0, *[0.01 * len(chosen)] * (terms - 1)]).astype(np.float32)
        surface = np.zeros_like(best)
        surface[:terms] = np.linalg.lstsq(normal, chosen.T @ colours[inside], rcond=None)[0]
        count = int((np.linalg.norm(colours - basis @ surface, axis=1) <= tolerance).sum())
        if count >= most:
            best, most = surface, count
    return best


def _surface_image(surface: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None]
    return _basis(y, x, shape) @ surface


def _distance(lab: np.ndarray, surfaces: list[np.ndarray]) -> np.ndarray:
    """OKLab distance [H, W] from the nearest background surface."""
    return np.min([np.linalg.norm(lab - _surface_image(surface, lab.shape), axis=2) for surface in surfaces], 0)


def _has_hard_shadow(lab: np.ndarray, surface: np.ndarray, background: np.ndarray, threshold: float) -> bool:
    """Whether a coloured object stands beside a flat area that is the background with less light."""
    solid = eroded(~background, 2)
    rows = np.flatnonzero(solid.any(1))
    if not len(rows):
        return False
    expected = _surface_image(surface, lab.shape)
    light = lab[..., 0] / np.maximum(expected[..., 0], 1e-3)
    hue = np.linalg.norm(lab[..., 1:] - light[..., None] * expected[..., 1:], axis=2)
    dim = (light > _HARD_SHADOW_LIGHT[0]) & (light < _HARD_SHADOW_LIGHT[1]) & (hue <= _SHADOW_CHROMA * threshold)
    least, most = (share * solid.sum() for share in _HARD_SHADOW_SHARE)
    # Grey objects can't be told from shadows.
    if not least <= (solid & dim).sum() <= most or np.median(hue[solid & ~dim]) < 2 * _SHADOW_CHROMA * threshold:
        return False
    labels, _ = label_regions(solid & dim)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    shadow = labels == int(areas.argmax())
    lightness = lab[..., 0][shadow]
    low = np.percentile(np.flatnonzero(shadow.any(1)), 50) > (rows[0] + rows[-1]) / 2
    return bool(shadow.sum() >= least and lightness.std() <= _HARD_SHADOW_FLAT and low)


def _similarity(lab: np.ndarray, surfaces: list[np.ndarray], threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks [H, W] of the pixels of a background's colour, of those that may be in shadow, and of those without an edge."""
    near = _distance(lab, surfaces) <= threshold
    shaded = np.zeros_like(near)
    light = box_mean(lab[..., :1], 2)[..., 0]
    slope = np.hypot(*np.gradient(light)) * max(light.shape) if min(light.shape) > 1 else np.full(light.shape, np.inf)
    for surface in surfaces:
        expected = _surface_image(surface, lab.shape)
        darker = expected[..., 0] - lab[..., 0]
        # Less light scales all three coordinates alike.
        scale = lab[..., :1] / np.maximum(expected[..., :1], 1e-3)
        hue = np.linalg.norm(lab[..., 1:] - scale * expected[..., 1:], axis=2)
        shaded |= (darker > 0) & (darker <= _SHADOW_DEPTH * threshold) & (hue <= _SHADOW_CHROMA * threshold)
    return near, shaded, slope <= _SHADOW_SLOPE


def _grown_into(background: np.ndarray, shaded: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Take in the shadow right beside the object, where the object's own edge made the slope steep."""
    for _ in range(_EDGE_REACH):
        weight = background.astype(np.float32)
        sums = box_mean(np.stack([light * weight, weight], 2), 1)
        like_its_neighbours = np.abs(light * sums[..., 1] - sums[..., 0]) <= _SHADOW_STEP * sums[..., 1]
        background = background | (shaded & (sums[..., 1] > 1e-4) & like_its_neighbours)
    return background


def _touching_border(mask: np.ndarray) -> np.ndarray:
    labels, count = label_regions(mask)
    touched = np.zeros(count + 1, bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touched[line] = True
    touched[0] = False
    return touched[labels]


def _regions_with(mask: np.ndarray, certain: np.ndarray, width: int) -> np.ndarray:
    """The regions of `mask` that hold a square of `width` pixels of `certain`."""
    labels, count = label_regions(mask)
    kept = np.zeros(count + 1, bool)
    kept[labels[eroded(certain & mask, width // 2)]] = True
    kept[0] = False
    return kept[labels]


def _specks(mask: np.ndarray) -> np.ndarray:
    """The regions of `mask` that are tiny beside the largest."""
    labels, count = label_regions(mask)
    if not count:
        return np.zeros_like(mask)
    areas = np.bincount(labels.ravel())
    areas[0] = areas[1:].max()
    return (areas < _SPECK_SHARE * areas[0])[labels]
