"""Outlines: simple polygons float64 [N, 2], counter-clockwise, and curves to sweep along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def circle(sides: int, phase: float = 0.0) -> np.ndarray:
    """Unit circle; `phase` turns it by that share of a side."""
    angle = 2 * np.pi * (np.arange(sides) + phase) / sides
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def superellipse(sides: int, width: float, height: float, power: float = 0.5) -> np.ndarray:
    """Outline between an ellipse (`power` 1) and a rectangle (towards 0); sizes are full widths."""
    unit = circle(sides)
    return np.sign(unit) * np.abs(unit) ** power * [width / 2, height / 2]


def rectangle(width: float, height: float, chamfer: float = 0.0) -> np.ndarray:
    """Centred rectangle, its corners cut by `chamfer`."""
    x, y = width / 2, height / 2
    if chamfer <= 0:
        return np.array([(-x, -y), (x, -y), (x, y), (-x, y)])
    c = min(chamfer, 0.98 * x, 0.98 * y)
    return np.array([(c - x, -y), (x - c, -y), (x, c - y), (x, y - c), (x - c, y), (c - x, y), (-x, y - c), (-x, c - y)])


def star(points: int, inner: float, outer: float = 1.0) -> np.ndarray:
    """Star with a point upwards."""
    angle = np.pi / 2 + np.pi * np.arange(2 * points) / points
    radius = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]


def gear(teeth: int, inner: float, outer: float = 1.0, tooth: float = 0.5) -> np.ndarray:
    """Toothed wheel; `tooth` is a tooth's share of the pitch at its top."""
    pitch = 2 * np.pi / teeth
    steps = np.array([-0.5 * tooth - 0.15, -0.5 * tooth, 0.5 * tooth, 0.5 * tooth + 0.15]) * pitch
    angle = (np.arange(teeth)[:, None] * pitch + steps).reshape(-1)
    radius = np.tile([inner, outer, outer, inner], teeth)
    return np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]


def heart(sides: int = 28) -> np.ndarray:
    """Heart about 2 wide, its point down."""
    t = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, y], 1)[::-1] / 16


def arch(width: float, height: float, sides: int = 8) -> np.ndarray:
    """Door outline: straight sides from y = 0 under half a circle, `height` in all."""
    angle = np.linspace(0, np.pi, sides + 1)
    radius = width / 2
    top = np.stack([np.cos(angle), np.sin(angle)], 1) * radius + [0, height - radius]
    return np.concatenate([[(-radius, 0.0), (radius, 0.0)], top])


def arc(radius: float, start: float, end: float, count: int) -> np.ndarray:
    """Points [count, 2] on a circle between two angles in degrees."""
    angle = np.radians(np.linspace(start, end, count))
    return radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def smooth(points: Sequence[Sequence[float] | np.ndarray] | np.ndarray, count: int) -> np.ndarray:
    """Catmull-Rom curve [count, D] through the points [K, D]."""
    knots = np.asarray(points, np.float64)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    position = np.linspace(0, len(knots) - 1, count)
    segment = np.minimum(position.astype(int), len(knots) - 2)
    t = (position - segment)[:, None]
    p0, p1, p2, p3 = (padded[segment + step] for step in range(4))
    return 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)


def triangulate(outline: np.ndarray) -> np.ndarray:
    """Triangles int64 [N - 2, 3] of a simple polygon [N, 2] of either winding, wound as it is."""
    count = len(outline)
    turn = _turns(outline)
    sign = np.sign(_area(outline)) or 1.0
    if (turn * sign >= -1e-12).all():
        fan = np.arange(1, count - 1)
        return np.stack([np.zeros_like(fan), fan, fan + 1], 1)
    return _clip_ears(outline, sign)


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _turns(outline: np.ndarray) -> np.ndarray:
    """Twice the area of each corner's triangle [N], positive where the outline turns left."""
    before, after = np.roll(outline, 1, axis=0), np.roll(outline, -1, axis=0)
    return _cross(outline - before, after - outline)


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _clip_ears(outline: np.ndarray, sign: float) -> np.ndarray:
    """Ear clipping (Meisters 1975); takes the roundest corner there is if rounding leaves no ear."""
    left, triangles = list(range(len(outline))), []
    while len(left) > 3:
        corners = outline[left]
        turn = sign * _turns(corners)
        for place in np.argsort(-turn):
            a, b, c = left[place - 1], left[place], left[(place + 1) % len(left)]
            if turn[place] > 1e-12 and not _contains(outline[[a, b, c]], outline[[i for i in left if i not in (a, b, c)]], sign):
                break
        else:
            place = int(np.argmax(turn))
            a, b, c = left[place - 1], left[place], left[(place + 1) % len(left)]
        triangles.append((a, b, c))
        left.pop(int(place))
    return np.array([*triangles, tuple(left)], np.int64)


def _contains(triangle: np.ndarray, points: np.ndarray, sign: float) -> bool:
    """Whether any of the points [K, 2] lies in the triangle [3, 2], its border included."""
    edges = np.roll(triangle, -1, axis=0) - triangle
    side = sign * _cross(edges[:, None], points[None] - triangle[:, None])
    return bool((side >= -1e-12).all(0).any())
