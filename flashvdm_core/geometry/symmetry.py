"""Whether a shape is its own mirror image: upright planes alone, as of people, animals, vehicles, furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEP, _FINE = 5.0, 1.25  # degrees between the planes that are tried
_CELLS = 28  # along the longest side: what is mirrored into a cell of the shape, or beside one, fits
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


def _cells(points: np.ndarray, low: np.ndarray, size: float) -> np.ndarray:
    return np.clip(((points - low) / size).astype(np.int64) + 1, 0, _CELLS + 3)
