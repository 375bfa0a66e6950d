"""Whether a shape is its own mirror image, and making it so: upright planes alone, as of people, animals, vehicles, furniture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..api.mesh import TriangleMesh
from .cleanup import clean_up
from .normals import face_areas

_STEP, _FINE = 5.0, 1.25  # degrees between the planes that are tried
_CELLS = 28  # along the longest side: what is mirrored into a cell of the shape, or beside one, fits
_FINEST = (0.3, 0.002)  # degrees, and longest sides: between the planes around the one that was found
_FINEST_CELLS = 3 * _CELLS
_ON_PLANE = 1e-3  # of the longest side: what is so near to a plane is put on it, so that no slivers are left beside it
_TOWARDS = 0.2  # cosine between the view and a plane's normal from which on one half is better seen than the other
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
        return self.reflected(points) + (2 * self.offset * self.normal).astype(points.dtype)

    def reflected(self, directions: np.ndarray) -> np.ndarray:
        """Directions [N, 3] as they are on the other side, in their dtype."""
        normal = self.normal.astype(directions.dtype)
        return directions - (2 * (directions @ normal))[:, None] * normal


def mirror_plane(points: np.ndarray, allowed: tuple[float, float] = (-90.0, 90.0)) -> MirrorPlane:
    """The upright plane on which a shape is most like its mirror image; look at its `fit`.

    Args:
        points: float [N, 3], spread over the surface.
        allowed: angles of its normal, from and to, in degrees.
    """
    fit = _fit_on(points, _CELLS)

    def tried(angle: float) -> MirrorPlane:
        along = points @ MirrorPlane(angle, 0.0, 0.0).normal
        return fit(MirrorPlane(angle, float(along.max() + along.min()) / 2, 0.0))

    # Of planes that fit alike, as of a barrel, the one nearest to the front view's left and right is the likeliest.
    def rank(plane: MirrorPlane) -> float:
        return round(plane.fit, 2) - 1e-4 * abs(plane.angle)

    coarse = max((tried(float(angle)) for angle in np.arange(allowed[0], allowed[1], _STEP)), key=rank)
    return max((tried(coarse.angle + step) for step in np.arange(-_STEP + _FINE, _STEP, _FINE)), key=rank)


def finer(points: np.ndarray, plane: MirrorPlane) -> MirrorPlane:
    """The plane near `plane`, found by `mirror_plane`, on which the points are most like their mirror image; its fit stays."""
    fit = _fit_on(points, _FINEST_CELLS)
    degrees, share = _FINEST
    step = share * _longest(points)
    best = fit(plane)
    for _ in range(2):
        for around in (
            [MirrorPlane(best.angle, best.offset + number * step, 0.0) for number in range(-4, 5)],
            [MirrorPlane(best.angle + number * degrees, best.offset, 0.0) for number in range(-16, 17)],
        ):
            # As it was found where others are no better: a plane through the middle of a box is exactly there.
            best = max((best, *map(fit, around)), key=lambda found: round(found.fit, 3))
    return MirrorPlane(best.angle, best.offset, plane.fit)


def kept_side(mesh: TriangleMesh, plane: MirrorPlane) -> int:
    """Which half of a mesh is the better one: what the front view sees, else the larger; 1 where the normal points, or -1."""
    towards = plane.normal[2]
    if abs(towards) > _TOWARDS:
        return 1 if towards > 0 else -1
    along = mesh.vertices[mesh.faces].mean(axis=1) @ plane.normal - plane.offset
    areas = face_areas(mesh.vertices, mesh.faces)
    return 1 if areas[along > 0].sum() >= areas[along < 0].sum() else -1


def mirrored_half(mesh: TriangleMesh, plane: MirrorPlane, side: int) -> TriangleMesh:
    """One half of a mesh and its mirror image in the place of the other, welded where they meet; of a closed mesh a closed one.

    Args:
        mesh: in the frame of the plane.
        plane: where it is cut.
        side: the half that stays: 1 where the plane's normal points, -1 behind it.

    Raises:
        EmptySurfaceError: there is nothing on that side.
    """
    vertices = mesh.vertices.astype(np.float64)
    away = side * (vertices @ plane.normal - plane.offset)
    flat = np.abs(away) < _ON_PLANE * _longest(vertices)
    vertices[flat] -= (side * away[flat])[:, None] * plane.normal
    away[flat] = 0.0
    vertices, away, faces = _cut(vertices, away, mesh.faces.astype(np.int64))
    image = np.arange(len(vertices))
    beside = away > 0
    image[beside] = len(vertices) + np.arange(np.count_nonzero(beside))
    vertices = np.concatenate([vertices, plane.mirrored(vertices[beside])])
    whole = TriangleMesh(vertices.astype(np.float32), np.concatenate([faces, image[faces][:, ::-1]]))
    return clean_up(whole, smallest_part=0.0)


def _cut(vertices: np.ndarray, away: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What of triangles is where `away` [V] is above 0, cut where it is 0: vertices, `away` of them, and faces."""
    sign = np.sign(away[faces]).astype(np.int64)
    whole = faces[(sign >= 0).all(axis=1) & (sign > 0).any(axis=1)]
    crossed = (sign > 0).any(axis=1) & (sign < 0).any(axis=1)
    # Turned so that the corner that lies alone on its side comes first; of one on each side and one between, the one above.
    corners, sign = faces[crossed], sign[crossed]
    alone = np.where((sign > 0).sum(axis=1) == 1, 1, -1)
    order = ((sign == alone[:, None]).argmax(axis=1)[:, None] + np.arange(3)) % 3
    corners, sign = np.take_along_axis(corners, order, 1), np.take_along_axis(sign, order, 1)
    # On the two sides at that corner, the new vertices; where a side ends on the plane, that end.
    ends = np.sort(np.stack([corners[:, [0, 1]], corners[:, [2, 0]]], axis=1), axis=2).reshape(-1, 2)
    edges, which = np.unique(ends, axis=0, return_inverse=True)
    low, high = edges.T
    share = away[low] / np.where(away[low] == away[high], 1.0, away[low] - away[high])
    places = vertices[low] + share[:, None] * (vertices[high] - vertices[low])
    new = (len(vertices) + which).reshape(-1, 2)
    new = np.where(sign[:, [1, 2]] == 0, corners[:, [1, 2]], new)
    first, second, third = corners.T
    after, before = new.T
    tip = alone > 0
    parts = [
        np.stack([first, after, before], axis=1)[tip],
        np.stack([after, second, third], axis=1)[~tip],
        np.stack([after, third, before], axis=1)[~tip],
    ]
    return np.concatenate([vertices, places]), np.append(away, np.zeros(len(places))), np.concatenate([whole, *parts])


def _fit_on(points: np.ndarray, cells: int) -> Callable[[MirrorPlane], MirrorPlane]:
    """Tells how well points fit on their mirror image, on a grid of so many cells along the longest side."""
    low = points.min(axis=0)
    size = _longest(points) / cells
    filled = np.zeros((cells + 4,) * 3, bool)

    def cells_of(places: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(np.clip(((places - low) / size).astype(np.int64) + 1, 0, cells + 3).T)

    filled[cells_of(points)] = True
    near = filled.copy()
    for axis in range(3):
        near |= np.roll(filled, 1, axis) | np.roll(filled, -1, axis)

    def tried(plane: MirrorPlane) -> MirrorPlane:
        return MirrorPlane(plane.angle, plane.offset, float(near[cells_of(plane.mirrored(points))].mean()))

    return tried


def _longest(points: np.ndarray) -> float:
    return max(float(np.ptp(points, axis=0).max()), 1e-12)
