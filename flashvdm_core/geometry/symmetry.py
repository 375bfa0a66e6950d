"""Whether a shape is its own mirror image, and making it so: upright planes alone, as of people, animals, vehicles, furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..api.mesh import TriangleMesh
from .cleanup import weld_degenerate
from .edges import shared_edges

_STEP, _FINE = 5.0, 1.25  # degrees between the planes that are tried
_CELLS = 28  # along the longest side: what is mirrored into a cell of the shape, or beside one, fits
_ON_PLANE = 1e-4  # of the longest side: vertices so near are put on the plane
SYMMETRIC = 0.97
"""Share of the surface that must fit on its mirror image."""


@dataclass(frozen=True)
class MirrorPlane:
    """An upright plane.

    Attributes:
        angle: degrees around the upright axis from +x to the plane's normal, towards +z.
        offset: of the plane along the normal.
        fit: share of the surface that lies on its mirror image, 0 to 1.
    """

    angle: float
    offset: float
    fit: float

    @property
    def normal(self) -> np.ndarray:
        """Unit vector float64 [3]."""
        return np.array([np.cos(np.radians(self.angle)), 0.0, np.sin(np.radians(self.angle))])

    def mirrored(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 3] on the other side, in their dtype."""
        distance = points @ self.normal - self.offset
        return (points - 2 * distance[:, None] * self.normal).astype(points.dtype)


def mirror_plane(points: np.ndarray, allowed: tuple[float, float] = (-90.0, 90.0)) -> MirrorPlane:
    """The upright plane on which a shape is most like its mirror image; look at its `fit`.

    Args:
        points: float [N, 3], spread over the surface.
        allowed: angles of its normal, from and to, in degrees.
    """
    low = points.min(axis=0)
    size = max(float((points.max(axis=0) - low).max()), 1e-12) / _CELLS
    filled = np.zeros((_CELLS + 4,) * 3, bool)
    filled[tuple(_cells(points, low, size).T)] = True
    near = filled.copy()
    for axis in range(3):
        near |= np.roll(filled, 1, axis) | np.roll(filled, -1, axis)

    def tried(angle: float) -> MirrorPlane:
        along = points @ MirrorPlane(angle, 0.0, 0.0).normal
        plane = MirrorPlane(angle, float(along.max() + along.min()) / 2, 0.0)
        fit = near[tuple(_cells(plane.mirrored(points), low, size).T)].mean()
        return MirrorPlane(plane.angle, plane.offset, float(fit))

    # Of planes that fit alike, as of a barrel, the one nearest to the front view's left and right is the likeliest.
    def rank(plane: MirrorPlane) -> float:
        return round(plane.fit, 2) - 1e-4 * abs(plane.angle)

    coarse = max((tried(float(angle)) for angle in np.arange(allowed[0], allowed[1], _STEP)), key=rank)
    return max((tried(coarse.angle + step) for step in np.arange(-_STEP + _FINE, _STEP, _FINE)), key=rank)


def symmetrised(mesh: TriangleMesh, plane: MirrorPlane, keep_positive: bool) -> TriangleMesh:
    """One half of a mesh and its mirror image, as one mesh: closed where the mesh was.

    Args:
        mesh: the mesh.
        plane: where it is cut.
        keep_positive: of the two halves the one that the normal points to stays.
    """
    points = mesh.vertices.astype(np.float64)
    side = (points @ plane.normal - plane.offset) * (1 if keep_positive else -1)
    normal = plane.normal * (1 if keep_positive else -1)
    eps = _ON_PLANE * max(float(np.ptp(points, axis=0).max()), 1e-12)
    on = np.abs(side) < eps
    points[on] -= side[on, None] * normal
    side[on] = 0
    points, side, faces = _cut(points, side, mesh.faces)
    faces = faces[(side[faces] >= 0).all(axis=1) & (side[faces] > 0).any(axis=1)]
    image = np.where(side == 0, np.arange(len(points)), np.arange(len(points)) + len(points))
    both = np.concatenate((points, points - 2 * side[:, None] * normal))
    return weld_degenerate(TriangleMesh(both, np.concatenate((faces, image[faces][:, ::-1]))))


def _cut(points: np.ndarray, side: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles cut along the plane, `side` [V] is the distance of each vertex to it; with the new vertices, on the plane."""
    edges = shared_edges(faces.ravel(), np.roll(faces, -1, axis=1).ravel(), len(points))
    a, b = edges.vertices.T
    crossed = side[a] * side[b] < 0
    share = side[a[crossed]] / (side[a[crossed]] - side[b[crossed]])
    added = points[a[crossed]] + share[:, None] * (points[b[crossed]] - points[a[crossed]])
    name = np.full(len(a), -1, np.int64)
    name[crossed] = len(points) + np.arange(crossed.sum())
    middle = name[edges.of_sides()].reshape(-1, 3)
    count = (middle >= 0).sum(axis=1)
    parts = [faces[count == 0]]
    one, split = faces[count == 1], middle[count == 1]
    if len(one):  # through a corner: the new vertex lies opposite to it
        turn = (split >= 0).argmax(axis=1)
        (p, q, r), m = _turned(one, turn), split[np.arange(len(one)), turn]
        parts += [np.stack((p, m, r), axis=1), np.stack((m, q, r), axis=1)]
    two, split = faces[count == 2], middle[count == 2]
    if len(two):  # one corner is alone on its side
        turn = (split < 0).argmax(axis=1)
        (p, q, r), (_, m, n) = _turned(two, turn), _turned(split, turn)
        parts += [np.stack((r, n, m), axis=1), np.stack((p, q, m), axis=1), np.stack((p, m, n), axis=1)]
    return (
        np.concatenate((points, added)),
        np.concatenate((side, np.zeros(len(added)))),
        np.concatenate(parts).astype(np.int32),
    )


def _turned(rows: np.ndarray, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns of rows [N, 3], each row turned until its column `turn` is the first."""
    index = np.arange(len(rows))
    return rows[index, turn], rows[index, (turn + 1) % 3], rows[index, (turn + 2) % 3]


def _cells(points: np.ndarray, low: np.ndarray, size: float) -> np.ndarray:
    return np.clip(((points - low) / size).astype(np.int64) + 1, 0, _CELLS + 3)
