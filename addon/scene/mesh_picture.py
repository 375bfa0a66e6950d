"""A small picture of a mesh, drawn without a window in steps that no user notices: points of it, the nearest on top."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ...flashvdm_core.api.mesh import TriangleMesh
from .stored_values import compressed, decompressed

SIDE = 128
"""Pixels along each side."""

_POINTS = 80_000  # on the whole surface: several in each pixel that it covers
_FACES_IN_STEP = 50_000
_TURN, _TILT = np.radians(35.0), np.radians(20.0)
_LIGHT = np.array((0.45, -0.7, 0.55), np.float32)
_CLAY = np.array((0.86, 0.84, 0.82), np.float32)
_FILL = 0.92  # of the picture


def picture_of(mesh: TriangleMesh) -> Generator[None, None, np.ndarray]:
    """Seen from the front right and above, as clay: uint8 [SIDE, SIDE, 4], row 0 at the top; empty where there are no faces."""
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    points, normals = yield from _surface(mesh)
    yield
    right, up, towards = _view()
    seen = normals @ towards > 0
    points, normals = points[seen], normals[seen]
    if not len(points):
        return picture
    x, y, depth = points @ right, points @ up, points @ towards
    low, high = (np.array((x.min(), y.min())), np.array((x.max(), y.max())))
    yield
    scale = _FILL * SIDE / max(float((high - low).max()), 1e-9)
    middle = (low + high) / 2
    columns = np.clip((x - middle[0]) * scale + SIDE / 2, 0, SIDE - 1).astype(np.int32)
    rows = np.clip(SIDE / 2 - (y - middle[1]) * scale, 0, SIDE - 1).astype(np.int32)
    order = np.argsort(depth, kind="stable")  # the nearest is written last
    light = 0.35 + 0.65 * np.clip(normals @ (_LIGHT / np.linalg.norm(_LIGHT)), 0.0, 1.0)
    shade = np.rint(np.clip(light[:, None] * _CLAY, 0.0, 1.0) * 255).astype(np.uint8)
    for down, aside in ((1, 1), (1, 0), (0, 1), (0, 0)):  # pixels that no point falls on take the colour of the one beside them
        y, x = np.minimum(rows + down, SIDE - 1)[order], np.minimum(columns + aside, SIDE - 1)[order]
        picture[y, x, :3] = shade[order]
        picture[y, x, 3] = 255
        yield
    return picture


def as_text(picture: np.ndarray) -> Generator[None, None, str]:
    """A picture as a property of a file can hold it."""
    return (yield from compressed(np.ascontiguousarray(picture).tobytes()))


def from_text(text: str) -> np.ndarray | None:
    """The inverse; None for anything else."""
    try:
        content = decompressed(text, 4 * SIDE * SIDE)
    except ValueError:
        return None
    return np.frombuffer(content, np.uint8).reshape(SIDE, SIDE, 4) if len(content) == 4 * SIDE * SIDE else None


def _view() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions to the right, up and towards the viewer, of an object that faces -y."""
    towards = np.array((np.sin(_TURN) * np.cos(_TILT), -np.cos(_TURN) * np.cos(_TILT), np.sin(_TILT)), np.float32)
    right = np.array((np.cos(_TURN), np.sin(_TURN), 0.0), np.float32)
    return right, np.cross(towards, right), towards


def _surface(mesh: TriangleMesh) -> Generator[None, None, tuple[np.ndarray, np.ndarray]]:
    """Points spread over the triangles by their areas, float32 [P, 3] in Blender's frame, and the normals there."""
    x, y, z = np.asarray(mesh.vertices, np.float32).T
    points, areas = np.stack((x, -z, y), axis=1), np.zeros(len(mesh.faces))
    for first in range(0, len(areas), _FACES_IN_STEP):
        some = slice(first, first + _FACES_IN_STEP)
        areas[some] = _lengths(_normals(points, mesh.faces[some]))
        yield
    whole = areas.sum()
    if not np.isfinite(whole) or whole <= 0:
        return np.empty((0, 3), np.float32), np.empty((0, 3), np.float32)
    places = (np.arange(_POINTS) + 0.5) * (whole / _POINTS)
    chosen = np.minimum(np.searchsorted(np.cumsum(areas), places), len(areas) - 1)
    yield
    random = np.random.default_rng(0).random((2, _POINTS), np.float32)
    a, b = np.where(random.sum(0) > 1, 1 - random, random)[:, :, None]
    faces = mesh.faces[chosen]
    origin, along, across = (points[faces[:, corner]] for corner in range(3))
    spread = origin + a * (along - origin) + b * (across - origin)
    yield
    normals = _normals(points, faces)
    return spread, normals / _lengths(normals)[:, None]


def _normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Twice as long as the faces' areas are large: float32 [F, 3]."""
    origin, along, across = (points[faces[:, corner]] for corner in range(3))
    return np.cross(along - origin, across - origin)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
