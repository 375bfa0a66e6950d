"""How a shape lies on the ground: the turn that brings its footprint along the axes."""

from __future__ import annotations

import numpy as np

_FEW_DIRECTIONS = 16  # what lies inside the polygon of the points that are outermost in these is outermost in none
_DIRECTIONS = 720  # in which the outermost points are found: they stand for all others
_STEP, _FINE_STEP = 0.25, 0.005  # degrees
_CLEAR = 0.97  # of the box as it lies: what gains less looks straight already, or has no straight sides


def straightening_turn(points: np.ndarray) -> float:
    """The smallest turn, in radians from about -pi / 4 to pi / 4, after which the box around a footprint is smallest.

    0 where no turn makes it clearly smaller: what is round, or straight as it is, stays as it lies.

    Args:
        points: float [N, 2], the footprint; a positive turn goes from the first axis to the second.
    """
    if len(points) < 3:
        return 0.0
    outermost = _outermost(_outside(points, _outermost(points, _FEW_DIRECTIONS)), _DIRECTIONS)
    turns = np.arange(-45, 45, _STEP)
    coarse = turns[_box_areas(outermost, turns).argmin()]
    near = coarse + np.arange(-_STEP, _STEP, _FINE_STEP)
    best = near[_box_areas(outermost, near).argmin()]
    before, after = _box_areas(outermost, np.array([0.0, best]))
    return float(np.radians(best)) if after < _CLEAR * before else 0.0


def _outermost(points: np.ndarray, directions: int) -> np.ndarray:
    """Those of points [N, 2] that are outermost in one of so many directions, in their order around the others: [M, 2]."""
    around = np.linspace(0, 2 * np.pi, directions, endpoint=False)
    axes = np.stack([np.cos(around), np.sin(around)], axis=1).astype(points.dtype)
    first = (axes @ np.ascontiguousarray(points.T)).argmax(axis=1)
    return points[first[np.append(True, np.diff(first) != 0)]]


def _outside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Those of points [N, 2] that do not lie within a convex polygon [M, 2], whose corners go round by positive turns."""
    x, y = np.ascontiguousarray(points.T)
    inside = np.ones(len(points), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    return points[~inside]


def _box_areas(points: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Area of the box around points [N, 2] after each of the turns [T]: [T]."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.ptp(points @ np.stack([cos, -sin]), 0) * np.ptp(points @ np.stack([sin, cos]), 0)
