"""A small picture of a mesh, drawn without a window in less than a tenth of a second: points of it, the nearest on top."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from ...flashvdm_core.api.mesh import TriangleMesh

SIDE = 128
"""Pixels along each side."""

_POINTS = 80_000  # on the whole surface: several in each pixel that it covers
_TURN, _TILT = np.radians(35.0), np.radians(20.0)
_LIGHT = np.array((0.45, -0.7, 0.55), np.float32)
_CLAY = np.array((0.86, 0.84, 0.82), np.float32)
_FILL = 0.92  # of the picture


def picture_of(mesh: TriangleMesh) -> np.ndarray:
    """Seen from the front right and above, as clay: uint8 [SIDE, SIDE, 4], row 0 at the top; empty where there are no faces."""
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    points, normals = _surface(mesh)
    right, up, towards = _view()
    seen = normals @ towards > 0
    points, normals = points[seen], normals[seen]
    if not len(points):
        return picture
    x, y, depth = points @ right, points @ up, points @ towards
    low, high = (np.array((x.min(), y.min())), np.array((x.max(), y.max())))
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
    return picture


def as_text(picture: np.ndarray) -> str:
    """A picture as a property of a file can hold it."""
    return base64.b85encode(zlib.compress(np.ascontiguousarray(picture).tobytes(), 9)).decode("ascii")


def from_text(text: str) -> np.ndarray | None:
    """The inverse; None for anything else."""
    try:
        content = zlib.decompressobj().decompress(base64.b85decode(text), 4 * SIDE * SIDE)
    except (zlib.error, ValueError):
        return None
    return np.frombuffer(content, np.uint8).reshape(SIDE, SIDE, 4) if len(content) == 4 * SIDE * SIDE else None


def _view() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions to the right, up and towards the viewer, of an object that faces -y."""
    towards = np.array((np.sin(_TURN) * np.cos(_TILT), -np.cos(_TURN) * np.cos(_TILT), np.sin(_TILT)), np.float32)
    right = np.array((np.cos(_TURN), np.sin(_TURN), 0.0), np.float32)
    return right, np.cross(towards, right), towards


def _surface(mesh: TriangleMesh) -> tuple[np.ndarray, np.ndarray]:
    """Points spread over the triangles by their areas, float32 [P, 3] in Blender's frame, and the normals there."""
    x, y, z = np.asarray(mesh.vertices, np.float32).T
    triangles = np.stack((x, -z, y), axis=1)[mesh.faces]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    whole = areas.sum()
    if not np.isfinite(whole) or whole <= 0:
        return np.empty((0, 3), np.float32), np.empty((0, 3), np.float32)
    places = (np.arange(_POINTS) + 0.5) * (whole / _POINTS)
    chosen = np.minimum(np.searchsorted(np.cumsum(areas, dtype=np.float64), places), len(areas) - 1)
    random = np.random.default_rng(0).random((2, _POINTS), np.float32)
    a, b = np.where(random.sum(0) > 1, 1 - random, random)[:, :, None]
    corner = triangles[chosen]
    spread = corner[:, 0] + a * (corner[:, 1] - corner[:, 0]) + b * (corner[:, 2] - corner[:, 0])
    return spread, normals[chosen] / areas[chosen, None]
