"""UVs: the faces that the picture shows lie in the picture, the others in charts beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.camera import OrthographicCamera
from ..geometry.components import label_components
from ..geometry.polygons import PolygonMesh, majority
from ..geometry.raster import rasterise

IN_PICTURE = 0
"""The label of a face that the picture shows; 1 to 6 are the axes +x, -x, +y, -y, +z, -z that hidden faces look along."""

_FACING = 0.2  # cosine; a face that turns further away gets no colour of its own from the picture
_BEHIND = 0.02  # share of the object's size by which a visible face may lie behind the nearest
_DEPTH_SIDE = 384
_ROUNDS = 4  # of giving way to neighbours: they remove single faces
_GAP = 2  # pixels between charts
_FILLED = 0.7  # share of the atlas that charts may cover at first
_SHRINK = 0.93


@dataclass(frozen=True, eq=False)
class Box:
    """A rectangle of the picture in pixels; the silhouette of the mesh is laid on it."""

    top: float
    bottom: float
    left: float
    right: float


def in_picture(surface: PolygonMesh, view: OrthographicCamera, box: Box) -> np.ndarray:
    """float32 [V, 3]: column and row of each point in the picture (pixels), and how near it is (size of the object 1)."""
    seen = surface.points @ view.axes().T
    low, high = seen.min(axis=0), seen.max(axis=0)
    extent = np.maximum(high - low, 1e-12)
    column = box.left + (seen[:, 0] - low[0]) / extent[0] * (box.right - box.left)
    row = box.bottom - (seen[:, 1] - low[1]) / extent[1] * (box.bottom - box.top)
    return np.stack((column, row, (seen[:, 2] - low[2]) / extent.max()), axis=1).astype(np.float32)


def classify_faces(surface: PolygonMesh, view: OrthographicCamera) -> np.ndarray:
    """int64 [F]: IN_PICTURE where `view` shows the face, else the axis that it looks along."""
    placed = in_picture(surface, view, Box(0, _DEPTH_SIDE, 0, _DEPTH_SIDE))
    corners = placed[surface.corners]
    facing = surface.normals @ view.axes()[2] > 0  # what hides something in a closed mesh faces the viewer, too
    triangles = corners[surface.triangles[facing[surface.faces]]]
    _, nearest = rasterise(triangles[..., :2], triangles[..., 2], _DEPTH_SIDE, _DEPTH_SIDE)
    cells = corners[:, :2].astype(np.int32).clip(0, _DEPTH_SIDE - 1)
    shown = (corners[:, 2] >= nearest[cells[:, 1], cells[:, 0]] - _BEHIND).astype(np.float32)
    share = np.bincount(surface.face_of_corner, shown, surface.face_count) / np.maximum(
        np.bincount(surface.face_of_corner, minlength=surface.face_count), 1
    )
    visible = (share > 0.5) & (surface.normals @ view.axes()[2] > _FACING)
    sides = np.stack((surface.normals, -surface.normals), axis=2).reshape(-1, 6)
    labels = np.where(visible, IN_PICTURE, 1 + sides.argmax(axis=1))
    return majority(labels, surface.neighbours, _ROUNDS)


def lay_out_charts(surface: PolygonMesh, labels: np.ndarray, side: int) -> np.ndarray:
    """Lay the hidden faces out flat on a square atlas, each connected part on its own.

    Args:
        labels: int [F], as `classify_faces` makes them.
        side: of the atlas in pixels.

    Returns:
        float32 [L, 2]: column and row of each corner on the atlas; zero for faces in the picture.
    """
    flat = np.zeros((len(surface.corners), 2), np.float32)
    hidden = labels[surface.face_of_corner] != IN_PICTURE
    if not hidden.any():
        return flat
    points, label = surface.points[surface.corners[hidden]], labels[surface.face_of_corner[hidden]]
    planar = _planar(points, label)
    names, chart = np.unique(label_components(labels, surface.neighbours)[surface.face_of_corner[hidden]], return_inverse=True)
    low = np.full((len(names), 2), np.inf, np.float32)
    high = np.full((len(names), 2), -np.inf, np.float32)
    np.minimum.at(low, chart, planar)
    np.maximum.at(high, chart, planar)
    corner, scale = _pack_shelves(high - low, side)
    flat[hidden] = corner[chart] + (planar - low[chart]) * scale
    return flat


def _planar(points: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Points [N, 3] seen along the axis of their label, right side up: float32 [N, 2], row downwards."""
    x, y, z = points.T
    across = np.choose(label - 1, (-z, z, x, x, x, -x))
    down = np.choose(label - 1, (-y, -y, z, -z, -y, -y))
    return np.stack((across, down), axis=1)


def _pack_shelves(sizes: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Rectangles [N, 2] on shelves of a square atlas: their first corners float32 [N, 2] in pixels, and the scale."""
    scale = side * np.sqrt(_FILLED / max(float(sizes.prod(axis=1).sum()), 1e-12))
    scale = min(scale, (side - 2 * _GAP) / max(float(sizes.max()), 1e-12))
    order = np.argsort(-sizes[:, 1], kind="stable")
    while True:
        corner = _on_shelves(sizes * scale, order, side)
        if corner is not None:
            return corner, scale
        scale *= _SHRINK


def _on_shelves(sizes: np.ndarray, order: np.ndarray, side: int) -> np.ndarray | None:
    """First corners of rectangles [N, 2], the highest first; None where the atlas is too small."""
    corner = np.zeros_like(sizes, np.float32)
    # Charts without number would not fit however small they are: the gaps shrink with the room there is.
    gap = min(_GAP, side / (4 * np.sqrt(len(sizes))))
    left = top = gap
    shelf = 0.0
    for index in order.tolist():
        width, height = sizes[index].tolist()
        if left + width + gap > side:
            left, top, shelf = gap, top + shelf + gap, 0.0
        if top + height + gap > side:
            return None
        corner[index] = left, top
        left += width + gap
        shelf = max(shelf, height)
    return corner
