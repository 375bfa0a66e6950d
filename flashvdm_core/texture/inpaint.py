"""Inpainting: what has no colour gets one from what lies near, by pyramids in the plane of a picture, by distance in space."""

from __future__ import annotations

import itertools

import numpy as np

from .threads import in_threads

_CELLS = 32  # along each side of the grid in which colours spread through space
_AT_ONCE = 256  # cells; bounds the memory
_CUBE = np.array(list(itertools.product((0, 1), repeat=3)))


def inpaint(picture: np.ndarray, known: np.ndarray) -> None:
    """Give every pixel a colour, in place; those that are known keep theirs.

    The others take the mean of the smallest neighbourhood that holds a known one, smoothed.

    Args:
        picture: uint8 [C, H, W].
        known: bool [H, W].
    """

    def fill(channel: np.ndarray) -> None:
        values = np.multiply(channel, known, dtype=np.float32)
        _fill_unknown(values, known)
        np.add(values, 0.5, out=channel, casting="unsafe")

    in_threads(fill, picture)


def diffuse_in_space(sources: np.ndarray, colours: np.ndarray, weights: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Colours through space: each target takes the mean of all sources, weighted by distance to the power of -4: far from all of
    them it is their blend, and no streaks of the nearest.

    Args:
        sources: float [N, 3], points.
        colours: float [N, C], theirs.
        weights: float [N], how much each counts.
        targets: float [M, 3], points.

    Returns:
        float32 [M, C]; 0.5 where there is no source.
    """
    if not len(sources) or not len(targets):
        return np.full((len(targets), colours.shape[1]), 0.5, np.float32)
    both = np.concatenate((sources, targets))
    low = both.min(axis=0)
    scale = (_CELLS - 2) / max(float((both.max(axis=0) - low).max()), 1e-12)
    given, given_colours = _gathered(np.rint((sources - low) * scale).astype(np.int64), colours, weights)
    positions = (targets - low) * scale
    asked = np.unique(_flat(np.floor(positions).astype(np.int64)[:, None] + _CUBE).ravel())
    grid = np.zeros((_CELLS**3, colours.shape[1]), np.float32)
    points = np.stack(np.unravel_index(asked, (_CELLS,) * 3), axis=1).astype(np.float32)
    for start in range(0, len(asked), _AT_ONCE):
        part = points[start : start + _AT_ONCE]
        squared = (part**2).sum(axis=1, keepdims=True) + (given**2).sum(axis=1) - 2 * part @ given.T
        nearness = 1 / (squared + 0.1)
        nearness *= nearness
        grid[asked[start : start + _AT_ONCE]] = nearness @ given_colours / nearness.sum(axis=1, keepdims=True)
    return _interpolated(grid.reshape(*(_CELLS,) * 3, -1), positions)


def _gathered(cells: np.ndarray, colours: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells that hold a source, float32 [K, 3], and the mean colour of each, float32 [K, C]."""
    names, index = np.unique(_flat(cells), return_inverse=True)
    total = np.bincount(index, weights + 1e-20)
    summed = np.stack([np.bincount(index, (weights + 1e-20) * channel) for channel in colours.T], axis=1)
    return np.stack(np.unravel_index(names, (_CELLS,) * 3), axis=1).astype(np.float32), (summed / total[:, None]).astype(
        np.float32
    )


def _flat(cells: np.ndarray) -> np.ndarray:
    """Cells [..., 3] of the grid by one number each."""
    return (cells[..., 0] * _CELLS + cells[..., 1]) * _CELLS + cells[..., 2]


def _interpolated(grid: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Trilinear: grid [D, D, D, C] at positions [M, 3] in cells."""
    base = np.floor(positions).astype(np.int64).clip(0, len(grid) - 2)
    part = (positions - base).clip(0, 1).astype(np.float32)
    result = np.zeros((len(positions), grid.shape[3]), np.float32)
    for corner in _CUBE:
        weight = np.where(corner, part, 1 - part).prod(axis=1)
        result += weight[:, None] * grid[tuple((base + corner).T)]
    return result


def _fill_unknown(values: np.ndarray, known: np.ndarray) -> None:
    """Values float32 [H, W], 0 where they are not known, get others there: those of a grid of half the size, which is filled
    first, taken bilinearly."""
    if known.all() or known.size == 1:
        return
    count = _halved(known.view(np.uint8))
    smaller = _halved(values) / np.maximum(count, 1)
    _fill_unknown(smaller, count > 0)
    (height, width), padded = smaller.shape, np.pad(smaller, 1, mode="edge")
    for row in (0, 1):
        lines = 0.75 * padded[1:-1] + 0.25 * padded[2 * row : 2 * row + height]
        for column in (0, 1):
            cells = 0.75 * lines[:, 1:-1] + 0.25 * lines[:, 2 * column : 2 * column + width]
            target = values[row::2, column::2]
            np.copyto(target, cells[: len(target), : target.shape[1]], where=~known[row::2, column::2])


def _halved(values: np.ndarray) -> np.ndarray:
    """Sums of two by two cells of [H, W]; an odd rest is a cell of its own."""
    rows = values[0::2].copy()
    rows[: len(values) // 2] += values[1::2]
    sums = rows[:, 0::2].copy()
    sums[:, : values.shape[1] // 2] += rows[:, 1::2]
    return sums
