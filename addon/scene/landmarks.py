"""Where some vertices of a result lay when it was made: by them it is known how its mesh was turned, scaled or moved since.

That is what Apply Rotation does, and what another mesh of the same result must be put through as well.
"""

from __future__ import annotations

import json

import bpy
import numpy as np

from .mesh_builder import mesh_of, points_of
from .object_data import data_of, new_data
from .stored_values import table

_COUNT = 16
_NEAR = 1e-3  # of the longest side: how exactly the vertices must lie for no more than that to have happened


def note(obj: bpy.types.Object, longest: float | None = None, since: np.ndarray | None = None) -> None:
    """Write down where vertices of `obj` lie now.

    Args:
        obj: a result.
        longest: the longest side that it was made with; None: that of the mesh as it is now.
        since: float64 [4, 3], what has happened to the mesh since, as `change_of` tells; None: nothing.
    """
    points = points_of(mesh_of(obj))
    if not len(points):
        return
    columns = np.ascontiguousarray(points.T)  # along its rows NumPy looks a hundred times faster than across them
    outermost = np.concatenate((columns.argmin(axis=1), columns.argmax(axis=1)))
    chosen = np.unique(np.concatenate((outermost, np.linspace(0, len(points) - 1, _COUNT).astype(int))))
    found = {
        "vertices": len(points),
        "longest": float(np.ptp(columns, axis=1).max()) if longest is None else longest,
        "since": (np.eye(4, 3) if since is None else since).tolist(),
        "points": [[int(index), *points[index].tolist()] for index in chosen],
    }
    new_data(obj).landmarks = json.dumps(found)


def longest_of(obj: bpy.types.Object) -> float | None:
    """The longest side that the mesh of `obj` was made with; None where that is not known."""
    found = _read(obj)
    return found[0] if found is not None else None


def change_of(obj: bpy.types.Object) -> np.ndarray | None:
    """What has happened to the mesh of `obj` since it was made: float64 [4, 3], points [P, 4] @ it; None if more than that."""
    found = _read(obj)
    if found is None:
        return None
    _, since, count, indices, before = found
    points = points_of(mesh_of(obj))
    if len(points) != count:
        return None
    now = points[indices].astype(np.float64)
    known = np.column_stack((before, np.ones(len(before))))
    moved, _, rank, _ = np.linalg.lstsq(known, now, rcond=None)
    scale = max(float(np.ptp(now, axis=0).max()), 1e-12)
    if rank < 4 or np.abs(known @ moved - now).max() > _NEAR * scale:
        return None
    return np.column_stack((since, (0, 0, 0, 1))) @ moved


def apply(mesh: bpy.types.Mesh, change: np.ndarray) -> None:
    """Put the vertices of `mesh` through what `change_of` has told."""
    points = points_of(mesh)
    moved = np.column_stack((points, np.ones(len(points)))) @ change
    mesh.vertices.foreach_set("co", moved.astype(np.float32).ravel())
    if np.linalg.det(change[:3]) < 0:
        mesh.flip_normals()
    mesh.update()


def _read(obj: bpy.types.Object) -> tuple[float, np.ndarray, int, np.ndarray, np.ndarray] | None:
    """Longest side, change until they were noted, number of vertices, and the vertices' indices and places."""
    data = data_of(obj)
    if data is None or not data.landmarks:
        return None
    try:
        found = table(data.landmarks)
        rows = np.array(found["points"], np.float64).reshape(-1, 4)
        since, longest, count = (
            np.array(found["since"], np.float64).reshape(4, 3),
            float(found["longest"]),
            int(found["vertices"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    indices = rows[:, 0].astype(np.int64) if np.isfinite(rows).all() else np.array([-1])
    if not np.isfinite(since).all() or not 0 < longest < np.inf or (indices < 0).any() or (indices >= count).any():
        return None
    return longest, since, count, indices, rows[:, 1:]
