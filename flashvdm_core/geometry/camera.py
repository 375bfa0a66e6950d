"""Where the picture was seen from: the view in which the mesh's silhouette is most like the cut-out's."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from .polygons import PolygonMesh

_SIDE = 64  # of the silhouettes that are compared, in pixels
_SAMPLES = 25_000  # points on the surface: several on each pixel of the silhouette
_YAWS = range(-60, 61, 10)
_ELEVATIONS = range(-10, 41, 5)
_FINER = (5.0, 2.5)
_CANDIDATES = 4  # of the coarse search, that the finer ones start from
# Silhouettes alone leave it open which of several views it was; the one nearest to the front is the likeliest.
_DOUBT = 0.015
_OPAQUE = 128


def direction(yaw: float, elevation: float) -> np.ndarray:
    """Unit vector float64 [3] towards a place around the origin: yaw 0 is +z, yaw 90 is +x, elevation 90 is +y (degrees)."""
    yaw, elevation = np.radians(yaw), np.radians(elevation)
    return np.array([np.sin(yaw) * np.cos(elevation), np.sin(elevation), np.cos(yaw) * np.cos(elevation)])


def camera_axes(yaw: float, elevation: float) -> np.ndarray:
    """Axes of a camera at `direction(yaw, elevation)` that looks at the origin and is held upright.

    Returns:
        float32 [3, 3]: rows are right, up and backward (towards the camera), in the core frame; `points @ axes.T` are points
        in the camera's frame.
    """
    backward = direction(yaw, elevation)
    right = np.array([np.cos(np.radians(yaw)), 0.0, -np.sin(np.radians(yaw))])
    return np.stack([right, np.cross(backward, right), backward]).astype(np.float32)


@dataclass(frozen=True)
class OrthographicCamera:
    """A direction from which the object is seen, without perspective.

    Attributes:
        yaw: degrees around the upright axis; 0 looks at the front, 90 from the object's +x side.
        elevation: degrees above the horizon.
    """

    yaw: float = 0.0
    elevation: float = 0.0

    def axes(self) -> np.ndarray:
        """float32 [3, 3]: rows are right, up and towards the viewer, in the core frame."""
        return camera_axes(self.yaw, self.elevation)


def fit_camera(surface: PolygonMesh, alpha: np.ndarray) -> OrthographicCamera:
    """The view of `surface` whose silhouette fits best on `alpha` (uint8 [H, W], of the cut-out).

    Assumes that the object stands upright in the picture and was seen from within 60 degrees of its front.
    """
    points = points_on(surface)
    target = _silhouette_of(alpha)
    if not len(points) or target is None:
        return OrthographicCamera()
    coarse = itertools.starmap(OrthographicCamera, itertools.product(_YAWS, _ELEVATIONS))
    fit = {view: _fit(points, target, view) for view in coarse}
    for step in _FINER:
        for best in sorted(fit, key=fit.__getitem__)[-_CANDIDATES:]:
            for a, b in itertools.product((-step, 0.0, step), repeat=2):
                near = OrthographicCamera(best.yaw + a, best.elevation + b)
                if near not in fit:
                    fit[near] = _fit(points, target, near)
    return max(fit, key=fit.__getitem__)


def _fit(points: np.ndarray, target: np.ndarray, view: OrthographicCamera) -> float:
    """Intersection over union of the two silhouettes, less a little for an unlikely view."""
    mask = _binned(view.axes()[:2] @ points.T)
    overlap = (mask & target).sum() / (mask | target).sum()
    return overlap - _DOUBT * ((view.yaw / 60) ** 2 + ((view.elevation - 10) / 30) ** 2)


def points_on(surface: PolygonMesh) -> np.ndarray:
    """Points [_SAMPLES, 3] spread evenly over the surface; always the same ones."""
    areas = np.cumsum(surface.triangle_areas, dtype=np.float64)
    if not len(areas) or areas[-1] <= 0:
        return np.zeros((0, 3), np.float32)
    random = np.random.default_rng(0)
    triangle = np.searchsorted(areas, random.random(_SAMPLES) * areas[-1]).clip(0, len(areas) - 1)
    a, b = random.random((2, _SAMPLES, 1), np.float32)
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    corners = surface.triangle_points[triangle]
    return corners[:, 0] + a * (corners[:, 1] - corners[:, 0]) + b * (corners[:, 2] - corners[:, 0])


def _silhouette_of(alpha: np.ndarray) -> np.ndarray | None:
    """bool [_SIDE, _SIDE]: what is opaque."""
    rows, columns = np.nonzero(alpha >= _OPAQUE)
    return _binned(np.stack((columns, -rows)).astype(np.float32)) if len(rows) else None


def _binned(points: np.ndarray) -> np.ndarray:
    """bool [_SIDE, _SIDE]: the cells that hold one of the points [2, N], of which the longer side fills the square."""
    # A row for each coordinate: NumPy finds the least of a row many times sooner than that of a column.
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    cells = (points - (low + high) / 2) * (_SIDE - 1e-3) / max(float((high - low).max()), 1e-12) + _SIDE / 2
    column, row = cells.astype(np.int32).clip(0, _SIDE - 1)
    mask = np.zeros(_SIDE * _SIDE, bool)
    mask[column * _SIDE + row] = True
    return mask.reshape(_SIDE, _SIDE)


def opaque_box(alpha: np.ndarray) -> tuple[int, int, int, int] | None:
    """First row, row after the last, first column, column after the last that are opaque; None if none is."""
    rows, columns = (np.flatnonzero((alpha >= _OPAQUE).any(axis=axis)) for axis in (1, 0))
    return (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1) if len(rows) else None
