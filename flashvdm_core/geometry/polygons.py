"""A polygon mesh as arrays, and what can be said of its faces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..api.mesh import TriangleMesh
from .edges import shared_edges
from .normals import area_normals, normalised

_CREASE = 0.75  # cosine between a face and the smooth surface; beyond it an edge is meant to be one


@dataclass(frozen=True, eq=False)
class PolygonMesh:
    """A mesh of polygons with any number of corners.

    Attributes:
        points: float32 [V, 3] in the core frame: y up, +z towards the viewer.
        corners: int32 [L], the point of each corner, face after face.
        starts: int32 [F], the first corner of each face.
        triangles: int32 [T, 3], corners of the triangles that the faces are made of.
        faces: int32 [T], the face of each triangle.
    """

    points: np.ndarray
    corners: np.ndarray
    starts: np.ndarray
    triangles: np.ndarray
    faces: np.ndarray

    @classmethod
    def of(cls, mesh: TriangleMesh) -> PolygonMesh:
        """The surface of a triangle mesh."""
        corners = np.arange(mesh.faces.size, dtype=np.int32)
        faces = np.arange(len(mesh.faces), dtype=np.int32)
        return cls(mesh.vertices, mesh.faces.ravel(), corners[::3], corners.reshape(-1, 3), faces)

    @property
    def face_count(self) -> int:
        return len(self.starts)

    @cached_property
    def face_of_corner(self) -> np.ndarray:
        """int64 [L]: the face of each corner."""
        return np.repeat(np.arange(self.face_count), np.diff(self.starts, append=len(self.corners)))

    @cached_property
    def triangle_points(self) -> np.ndarray:
        """float32 [T, 3, 3]: the points of each triangle."""
        return self.points[self.corners[self.triangles]]

    @cached_property
    def _triangle_normals(self) -> np.ndarray:
        """float32 [T, 3]: outward, twice as long as the triangle's area."""
        return area_normals(self.points, self.corners[self.triangles])

    @cached_property
    def triangle_areas(self) -> np.ndarray:
        """float32 [T]."""
        return np.linalg.norm(self._triangle_normals, axis=1) / 2

    @cached_property
    def normals(self) -> np.ndarray:
        """float32 [F, 3]: unit outward normal of each face, zero where it has no area."""
        summed = np.stack(
            [np.bincount(self.faces, self._triangle_normals[:, axis], self.face_count) for axis in range(3)], axis=1
        )
        return normalised(summed)

    @cached_property
    def corner_normals(self) -> np.ndarray:
        """float32 [L, 3]: unit normal of the surface at each corner, smooth but where an edge is meant to be one."""
        summed = np.stack(
            [np.bincount(self.corners, self.normals[self.face_of_corner, axis], len(self.points)) for axis in range(3)], axis=1
        )
        smooth, own = normalised(summed)[self.corners], self.normals[self.face_of_corner]
        return np.where((np.einsum("ij,ij->i", smooth, own) > _CREASE)[:, None], smooth, own)

    @cached_property
    def centres(self) -> np.ndarray:
        """float32 [F, 3]: mean of each face's corners."""
        corners = self.points[self.corners]
        counts = np.diff(self.starts, append=len(self.corners))[:, None]
        return np.add.reduceat(corners, self.starts, axis=0) / counts if len(corners) else np.zeros((0, 3), np.float32)

    @cached_property
    def neighbours(self) -> np.ndarray:
        """int64 [N, 2]: pairs of faces that share an edge."""
        following = np.arange(1, len(self.corners) + 1)
        following[np.append(self.starts[1:], len(self.corners)) - 1] = self.starts
        return self.face_of_corner[shared_edges(self.corners, self.corners[following], len(self.points)).pairs()]


def majority(labels: np.ndarray, neighbours: np.ndarray, rounds: int) -> np.ndarray:
    """Let each face take the label that most of its neighbours and itself have; its own where none has more.

    Args:
        labels: int [F], from 0.
        neighbours: int [N, 2], pairs of faces.
        rounds: how often.
    """
    count = int(labels.max(initial=0)) + 1
    one, other = neighbours.T
    for _ in range(rounds):
        votes = np.bincount(one * count + labels[other], minlength=len(labels) * count)
        votes += np.bincount(other * count + labels[one], minlength=len(labels) * count)
        votes = votes.reshape(len(labels), count) * 2
        votes[np.arange(len(labels)), labels] += 3
        labels = votes.argmax(axis=1)
    return labels
