"""Triangles to pixels: a z-buffer rasteriser. Which triangle is nearest behind each pixel's centre?

Triangles are cut into pixel rows and rows into pixels (fragments); the nearest fragment of each pixel wins.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_FRAGMENTS = 1 << 17  # pixels that are tried at once, about: bounds the memory


def rasterise(corners: np.ndarray, inverse_depth: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw triangles with a depth buffer; of triangles at the same depth the last stays. Both sides of a triangle are drawn.

    A pixel is covered where its centre lies in the triangle. A centre on the side that two triangles share belongs to one of
    them, so a mesh is drawn without gaps and nothing twice.

    Args:
        corners: float [T, 3, 2], column and row of each corner in pixels; the centre of the first pixel is (0.5, 0.5).
        inverse_depth: float [T, 3], at each corner; the larger is seen. Linear over the triangle in the image: 1 / depth
            with perspective, minus the depth or the like without.
        height, width: of the image.

    Returns:
        The face id buffer int32 [height, width], -1 where there is no triangle, and the inverse depth float32
        [height, width], there -inf.
    """
    ids = np.full(height * width, -1, np.int32)
    depths = np.full(height * width, -np.inf, np.float32)
    x, y = (np.ascontiguousarray(corners[..., axis].T, np.float64) for axis in (0, 1))  # [3, T]
    gradient = _gradient(x, y, np.ascontiguousarray(inverse_depth.T, np.float64))
    first, count = _covered(y.min(axis=0), y.max(axis=0), height)
    _, columns = _covered(x.min(axis=0), x.max(axis=0), width)
    for part in _parts(count * columns):
        face, row = _expanded(first[part], count[part])
        face += part.start
        low, high = _spans(x[:, face], y[:, face], row + 0.5)
        span, column = _expanded(*_covered(low, high, width))
        face, pixel = face[span], row[span] * width + column
        a, b, c = (term[face] for term in gradient)
        depth = (a * (column + 0.5) + b * (row[span] + 0.5) + c).astype(np.float32)
        np.maximum.at(depths, pixel, depth)
        seen = depth == depths[pixel]
        ids[pixel[seen]] = face[seen]
    return ids.reshape(height, width), depths.reshape(height, width)


def _parts(fragments: np.ndarray) -> Iterator[slice]:
    """Runs of triangles that cover about `_FRAGMENTS` pixels, at least one each; `fragments` [T] bounds each one's from above."""
    total, start = np.cumsum(fragments), 0
    while start < len(total):
        before = total[start - 1] if start else 0
        stop = max(int(np.searchsorted(total, before + _FRAGMENTS, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _covered(low: np.ndarray, high: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel whose centre is in [low, high), and the number of such pixels, of a row of `size`: int64 each."""
    first = np.ceil(low - 0.5).clip(0, size).astype(np.int64)
    end = np.ceil(high - 0.5).clip(0, size).astype(np.int64)
    return first, (end - first).clip(0)


def _expanded(first: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each item `count` entries: the item's index, and first, first + 1, ..."""
    item = np.repeat(np.arange(len(count)), count)
    start = np.cumsum(count) - count
    return item, np.arange(len(item)) - (start - first)[item]


def _spans(x: np.ndarray, y: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the horizontal lines [R] enter and leave the triangles x, y [3, R]: x from, x to (each [R])."""
    low, high = np.full_like(line, np.inf), np.full_like(line, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for start, end in ((0, 1), (1, 2), (2, 0)):
            crossed = (y[start] <= line) != (y[end] <= line)
            meets = x[start] + (line - y[start]) / (y[end] - y[start]) * (x[end] - x[start])
            np.minimum(low, meets, out=low, where=crossed)
            np.maximum(high, meets, out=high, where=crossed)
    missed = low > high
    low[missed] = high[missed] = 0
    return low, high


def _gradient(x: np.ndarray, y: np.ndarray, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inverse depth [3, T] of the corners as a linear function a x + b y + c of the image: a, b and c, each [T]."""
    ux, uy, uz = (axis[1] - axis[0] for axis in (x, y, depth))
    vx, vy, vz = (axis[2] - axis[0] for axis in (x, y, depth))
    area = ux * vy - uy * vx
    area[np.abs(area) < 1e-12] = 1e-12
    a, b = (uz * vy - vz * uy) / area, (vz * ux - uz * vx) / area
    return a, b, depth[0] - a * x[0] - b * y[0]


def barycentric(corners: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Weights of the corners [3, 2, N] at positions [2, N] of the plane: float [3, N], of sum 1; NaN-free if flat."""
    a, b, c = corners - positions
    weights = np.stack((_cross(b, c), _cross(c, a), _cross(a, b)))
    total = weights.sum(axis=0)
    flat = np.abs(total) <= 1e-12
    weights /= np.where(flat, 1, total)
    weights[:, flat] = 1 / 3
    return weights


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[0] * b[1] - a[1] * b[0]
