"""Inpainting: what has no colour gets one from what lies near, by pyramids in the plane of a picture, by distance in space."""

from __future__ import annotations

import itertools

import numpy as np

_CELLS = 32  # along each side of the grid in which colours spread through space
_AT_ONCE = 256  # cells; bounds the memory
_CUBE = np.array(list(itertools.product((0, 1), repeat=3)))


def inpaint(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give every cell of a grid a value; those with a weight keep theirs.

    The empty ones take the mean of the smallest neighbourhood that holds a value, smoothed.

    Args:
        values: float32 [*shape, C].
        weights: float32 [*shape], 0 where there is no value.
    """
    shape = weights.shape
    if max(shape) == 1 or (weights > 0).all():
        return values
    smaller, share = _halved(values * weights[..., None], weights.ndim), _halved(weights, weights.ndim)
    smaller = smaller / np.maximum(share, 1e-12)[..., None]
    around = _doubled(inpaint(smaller, np.minimum(share, 1.0)), shape)
    kept = np.minimum(weights, 1.0)[..., None]
    return values * kept + around * (1 - kept)


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


def _halved(values: np.ndarray, axes: int) -> np.ndarray:
    """Sums of two cells along each of the first `axes` axes; an odd rest is a cell of its own."""
    for axis in range(axes):
        values = np.add.reduceat(values, np.arange(0, values.shape[axis], 2), axis=axis)
    return values


def _doubled(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Each cell twice along each axis, cut to `shape`, smoothed over three cells."""
    for axis, length in enumerate(shape):
        values = np.repeat(values, 2, axis=axis)[(slice(None),) * axis + (slice(0, length),)]
        before = np.concatenate((values.take([0], axis), values), axis)[(slice(None),) * axis + (slice(0, length),)]
        after = np.concatenate((values, values.take([-1], axis)), axis)[(slice(None),) * axis + (slice(1, None),)]
        values = (before + 2 * values + after) / 4
    return values
