"""Triangles to pixels: which triangle is nearest behind each pixel's centre."""

from __future__ import annotations

import numpy as np

_CELLS = 250_000  # pixels that are tried at once; bounds the memory


def drawn(corners: np.ndarray, nearness: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw triangles with a depth buffer.

    Args:
        corners: float [T, 3, 2], column and row of each corner in pixels; the centre of the first pixel is (0.5, 0.5).
        nearness: float [T, 3], at each corner; the larger is seen.
        height, width: of the picture.

    Returns:
        triangle int32 [height, width], -1 where there is none, and its nearness float32 [height, width], there -inf.
    """
    owner = np.full(height * width, -1, np.int32)
    buffer = np.full(height * width, -np.inf, np.float32)
    corners, nearness = corners.astype(np.float32), nearness.astype(np.float32)
    first = np.ceil(corners.min(axis=1) - 0.5).clip(0).astype(np.int32)
    last = np.floor(corners.max(axis=1) - 0.5).astype(np.int32)
    side = (np.minimum(last, (width - 1, height - 1)) - first + 1).clip(0)
    longest = np.where((side > 0).all(axis=1), side.max(axis=1), 0)
    size = 1
    while size < 2 * longest.max(initial=0):
        chosen = np.flatnonzero((longest > size // 2) & (longest <= size))
        step = max(1, _CELLS // size**2)
        for start in range(0, len(chosen), step):
            part = chosen[start : start + step]
            _draw(part, corners[part], nearness[part], first[part], size, width, owner, buffer)
        size *= 2
    return owner.reshape(height, width), buffer.reshape(height, width)


def barycentric(corners: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Weights of the corners [N, 3, 2] at positions [N, 2] of the plane: float [N, 3], of sum 1; NaN-free if flat."""
    a, b, c = (corners[:, corner] - positions for corner in range(3))
    weights = np.stack((_cross(b, c), _cross(c, a), _cross(a, b)), axis=1)
    total = weights.sum(axis=1, keepdims=True)
    return np.where(np.abs(total) > 1e-12, weights / np.where(total == 0, 1, total), 1 / 3)


def _draw(
    names: np.ndarray,
    corners: np.ndarray,
    nearness: np.ndarray,
    first: np.ndarray,
    size: int,
    width: int,
    owner: np.ndarray,
    buffer: np.ndarray,
) -> None:
    """Draw triangles of which none covers more than size x size pixels, into flat `owner` and `buffer`."""
    rows, columns = np.divmod(np.arange(size * size, dtype=np.int32), np.int32(size))
    x, y = first[:, :1] + columns, first[:, 1:] + rows
    offset = [corners[:, k, :] for k in range(3)]
    px, py = x + np.float32(0.5), y + np.float32(0.5)
    weights = []
    for k in range(3):
        a, b = offset[(k + 1) % 3], offset[(k + 2) % 3]
        weights.append((a[:, :1] - px) * (b[:, 1:] - py) - (a[:, 1:] - py) * (b[:, :1] - px))
    total = weights[0] + weights[1] + weights[2]
    inside = ((weights[0] >= 0) & (weights[1] >= 0) & (weights[2] >= 0)) | (
        (weights[0] <= 0) & (weights[1] <= 0) & (weights[2] <= 0)
    )
    inside &= (total != 0) & (x < width) & (y < len(owner) // width)
    triangle, cell = np.nonzero(inside)
    near = sum(weights[k][triangle, cell] * nearness[triangle, k] for k in range(3)) / total[triangle, cell]
    pixel = y[triangle, cell] * width + x[triangle, cell]
    wins = near > buffer[pixel]
    triangle, pixel, near = triangle[wins], pixel[wins], near[wins]
    order = np.argsort(near, kind="stable")  # of several on one pixel the last, the nearest, stays
    buffer[pixel[order]], owner[pixel[order]] = near[order], names[triangle[order]]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
