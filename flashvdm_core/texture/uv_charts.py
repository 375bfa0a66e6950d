"""UVs: islands of faces that look the same way, laid out flat beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..geometry.components import label_components
from ..geometry.polygons import PolygonMesh, majority
from .photo import Projector

_ROUNDS = 4  # of giving way to neighbours: they remove single faces
_SEEN = 0.2  # of the weight that a photo can have, from which on a face lies in its plane
_GAP = 1 / 256  # between islands, of the atlas's side: four pixels of 1024, so that smaller copies of it don't bleed
_FILLED = 0.7  # share of the atlas that islands may cover at first
_SHRINK = 0.93


def face_labels(surface: PolygonMesh, photos: Sequence[Projector]) -> np.ndarray:
    """int64 [F]: the photo that shows the face best; behind them the axes +x, -x, +y, -y, +z, -z that the others look along."""
    count = len(photos)
    sides = np.stack((surface.normals, -surface.normals), axis=2).reshape(-1, 6)
    labels = count + sides.argmax(axis=1)
    best = np.full(surface.face_count, _SEEN, np.float32)
    for number, photo in enumerate(photos):
        _, weight, _ = photo.look(surface.centres.T, surface.normals.T)
        labels[weight > best] = number
        best = np.maximum(best, weight)
    return majority(labels, surface.neighbours, _ROUNDS)


def lay_out_islands(surface: PolygonMesh, labels: np.ndarray, photos: Sequence[Projector], side: int) -> np.ndarray:
    """Lay all faces out flat on a square atlas, each connected part of one label on its own.

    Args:
        surface: the mesh.
        labels: int [F], as `face_labels` makes them.
        photos: those of the labels.
        side: of the atlas in pixels.

    Returns:
        float32 [L, 2]: column and row of each corner on the atlas.
    """
    label = labels[surface.face_of_corner]
    flat = _planar(surface.points[surface.corners], label, photos)
    names, island = np.unique(label_components(labels, surface.neighbours)[surface.face_of_corner], return_inverse=True)
    low = np.full((len(names), 2), np.inf, np.float32)
    high = np.full((len(names), 2), -np.inf, np.float32)
    np.minimum.at(low, island, flat)
    np.maximum.at(high, island, flat)
    corner, scale = _pack_shelves(high - low, side)
    return (corner[island] + (flat - low[island]) * scale).astype(np.float32)


def _planar(points: np.ndarray, label: np.ndarray, photos: Sequence[Projector]) -> np.ndarray:
    """Points [N, 3] seen as their label says, right side up: float32 [N, 2], row downwards."""
    x, y, z = points.T
    found = [(points @ photo.axes[0], -(points @ photo.axes[1])) for photo in photos]
    found += [(-z, -y), (z, -y), (x, z), (x, -z), (x, -y), (-x, -y)]
    flat = np.zeros((len(points), 2), np.float32)
    for number, (across, down) in enumerate(found):
        chosen = label == number
        flat[chosen, 0], flat[chosen, 1] = across[chosen], down[chosen]
    return flat


def _pack_shelves(sizes: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Rectangles [N, 2] on shelves of a square atlas: their first corners float32 [N, 2] in pixels, and the scale."""
    gap = max(_GAP * side, 2.0)
    scale = side * np.sqrt(_FILLED / max(float(sizes.prod(axis=1).sum()), 1e-12))
    scale = min(scale, (side - 2 * gap) / max(float(sizes.max()), 1e-12))
    order = np.argsort(-sizes[:, 1], kind="stable")
    while True:
        corner = _on_shelves(sizes * scale, order, side, gap)
        if corner is not None:
            return corner, scale
        scale *= _SHRINK


def _on_shelves(sizes: np.ndarray, order: np.ndarray, side: int, gap: float) -> np.ndarray | None:
    """First corners of rectangles [N, 2], the highest first; None where the atlas is too small."""
    corner = np.zeros_like(sizes, np.float32)
    # Islands without number would not fit however small they are: the gaps shrink with the room there is.
    gap = min(gap, side / (4 * np.sqrt(len(sizes))))
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
