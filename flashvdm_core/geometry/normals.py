"""Normals and areas of triangles. `encoding.winding.area_normals` is the same for tensors, which lie on the networks' device."""

from __future__ import annotations

import numpy as np

UP = (0.0, 1.0, 0.0)
"""The normal that files get where a face or a vertex has none: formats demand unit vectors."""


def side_vectors(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Each face's sides, from each corner to the next: [V, 3] and int [F, 3] -> [3 axes, 3 sides, F], in the vertices' dtype.

    Here and in `area_vectors` the faces are the last axis: NumPy works on long rows several times as fast as on triples.
    """
    corners = np.ascontiguousarray(vertices.T)[:, faces.T]
    return corners[:, [1, 2, 0]] - corners


def area_vectors(sides: np.ndarray) -> np.ndarray:
    """Outward normal of each face, as long as twice its area: `side_vectors` -> [3, F]."""
    (ux, vx, _), (uy, vy, _), (uz, vz, _) = sides
    return np.stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])


def area_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Outward normal of each face, as long as twice its area: [V, 3] and int [F, 3] -> [F, 3], in the vertices' dtype."""
    return np.ascontiguousarray(area_vectors(side_vectors(vertices, faces)).T)


def face_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area of each face, computed in float64: float64 [F]."""
    return areas_of(side_vectors(vertices.astype(np.float64), faces))


def areas_of(sides: np.ndarray) -> np.ndarray:
    """Area of each face: `side_vectors` -> [F]."""
    return np.sqrt(np.square(area_vectors(sides)).sum(axis=0)) / 2


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals float32 [V, 3]: the mean over the faces at each vertex, weighted by area; up where there is none."""
    normals, corners = np.repeat(area_normals(vertices, faces), 3, axis=0), faces.ravel()
    summed = np.stack([np.bincount(corners, normals[:, axis], len(vertices)) for axis in range(3)], axis=1)
    return normalised(summed, otherwise=UP)


def normalised(vectors: np.ndarray, otherwise: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Unit vectors float32 [N, 3] in the directions of `vectors`; `otherwise` where the length is 0."""
    x, y, z = np.ascontiguousarray(vectors.T, np.float64)
    lengths = np.sqrt(x * x + y * y + z * z)
    unit = (vectors / np.maximum(lengths, np.finfo(np.float64).tiny)[:, None]).astype(np.float32)
    unit[lengths == 0] = otherwise
    return unit
