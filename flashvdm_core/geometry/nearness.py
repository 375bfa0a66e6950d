"""How far points are from a surface, and a mesh that is held near one."""

from __future__ import annotations

import numpy as np

from ..api.mesh import TriangleMesh

_CANDIDATES = 6  # triangles whose nearest point is looked for exactly, for each point
_ROUNDS = 8  # of putting vertices on points
_AT_ONCE = 1 << 22  # distances; bounds the memory
_SAMPLES = 6000  # on the whole surface


def closest_points(points: np.ndarray, surface: TriangleMesh) -> np.ndarray:
    """The nearest point on `surface` to each of points [N, 3]: float64 [N, 3].

    Of the triangles those are tried whose samples lie nearest, and whose middles do.
    """
    corners = surface.vertices[surface.faces].astype(np.float64)
    samples, owner = _sampled(surface)
    best = np.full(len(points), np.inf)
    found = np.zeros((len(points), 3))
    step = max(_AT_ONCE // max(len(samples), 1), 1)
    count = min(_CANDIDATES, len(samples))
    squares = (samples**2).sum(axis=1)
    for start in range(0, len(points), step):
        part = points[start : start + step].astype(np.float64)
        distance = squares - 2 * part @ samples.T
        nearest = np.argpartition(distance, count - 1, axis=1)[:, :count]
        for column in nearest.T:
            place = _on_triangle(part, corners[owner[column]])
            away = ((part - place) ** 2).sum(axis=1)
            index = np.flatnonzero(away < best[start : start + step])
            best[start + index], found[start + index] = away[index], place[index]
    return found


def held_near(mesh: TriangleMesh, surface: TriangleMesh, within: float) -> TriangleMesh:
    """The mesh with each vertex moved no further from `surface` than `within`, on the shortest way."""
    nearest = closest_points(mesh.vertices, surface)
    way = mesh.vertices - nearest
    length = np.linalg.norm(way, axis=1)
    share = np.minimum(within / np.maximum(length, 1e-12), 1.0)
    return TriangleMesh(nearest + way * share[:, None], mesh.faces)


def held_at(mesh: TriangleMesh, points: np.ndarray, within: float) -> TriangleMesh:
    """The mesh with vertices put on those of points [N, 3] that its surface leaves by more than `within`: edges come back."""
    vertices, free = mesh.vertices.astype(np.float64), np.ones(len(mesh.vertices), bool)
    left = points.astype(np.float64)
    for _ in range(_ROUNDS):
        now = TriangleMesh(vertices, mesh.faces)
        left = left[np.linalg.norm(left - closest_points(left, now), axis=1) > within]
        candidates = np.flatnonzero(free)
        if not len(left) or not len(candidates):
            break
        near = vertices[candidates]
        distance = (near**2).sum(axis=1) - 2 * left @ near.T + (left**2).sum(axis=1)[:, None]
        nearest, away = candidates[distance.argmin(axis=1)], distance.min(axis=1)
        order = np.argsort(away, kind="stable")
        moved, first = np.unique(nearest[order], return_index=True)
        vertices[moved], free[moved] = left[order[first]], False
    return TriangleMesh(vertices, mesh.faces)


def _sampled(surface: TriangleMesh) -> tuple[np.ndarray, np.ndarray]:
    """Points all over a surface, float64 [S, 3], and the triangle of each, int [S]: a few thousand, each triangle's own ones."""
    corners = surface.vertices[surface.faces].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    counts = 1 + np.floor(_SAMPLES * areas / max(areas.sum(), 1e-30)).astype(int)
    owner = np.repeat(np.arange(len(corners)), counts)
    random = np.random.default_rng(0)
    a, b = random.random((2, len(owner), 1))
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    a[first] = b[first] = 1 / 3  # the middle of each
    chosen = corners[owner]
    return chosen[:, 0] + a * (chosen[:, 1] - chosen[:, 0]) + b * (chosen[:, 2] - chosen[:, 0]), owner


def _on_triangle(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The nearest point of triangles [N, 3, 3] to points [N, 3]: inside, or on the nearest side."""
    a, b, c = np.moveaxis(corners, 1, 0)
    normal = np.cross(b - a, c - a)
    square = np.maximum((normal**2).sum(axis=1), 1e-30)
    flat = points - (np.einsum("ij,ij->i", points - a, normal) / square)[:, None] * normal
    inside = np.ones(len(points), bool)
    best, found = np.full(len(points), np.inf), flat.copy()
    for start, end in ((a, b), (b, c), (c, a)):
        side = end - start
        inside &= np.einsum("ij,ij->i", np.cross(side, flat - start), normal) >= 0
        share = np.einsum("ij,ij->i", points - start, side) / np.maximum((side**2).sum(axis=1), 1e-30)
        place = start + share.clip(0, 1)[:, None] * side
        away = ((points - place) ** 2).sum(axis=1)
        found = np.where((away < best)[:, None], place, found)
        best = np.minimum(best, away)
    return np.where(inside[:, None], flat, found)
