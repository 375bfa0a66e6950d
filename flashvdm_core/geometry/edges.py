"""The edges of a triangle mesh. NumPy only: the worker computes them, so that a host need not search while its user waits."""

from __future__ import annotations

import numpy as np

from ..api.mesh import MeshEdges, TriangleMesh
from .normals import area_normals, normalised


def with_edges(mesh: TriangleMesh) -> TriangleMesh:
    """The same mesh with its edges, without faces that no host allows: with one vertex twice, or with the vertices of another."""
    if mesh.edges is not None:
        return mesh
    a, b, c = mesh.faces.T
    faces = mesh.faces[(a != b) & (b != c) & (c != a)]
    sides = _Sides(faces, len(mesh.vertices))
    doubled = sides.doubled_faces()
    if len(doubled):
        return with_edges(TriangleMesh(mesh.vertices, np.delete(faces, doubled, axis=0)))
    return TriangleMesh(mesh.vertices, faces, MeshEdges(sides.vertices, sides.of_corners, sides.cosines(mesh.vertices)))


class _Sides:
    """The sides of all faces int32 [F, 3], sorted so that those on the same edge follow each other."""

    def __init__(self, faces: np.ndarray, vertex_count: int) -> None:
        self._faces = faces
        starts, ends = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
        keys = np.minimum(starts, ends).astype(np.int64) * vertex_count + np.maximum(starts, ends)
        self._order = np.argsort(keys, kind="stable")
        keys = keys[self._order]
        new = np.ones(len(keys), bool)
        new[1:] = keys[1:] != keys[:-1]
        self._first = np.flatnonzero(new)
        self._counts = np.diff(self._first, append=len(keys))
        self._upwards = (starts < ends)[self._order]
        self.vertices = np.stack(np.divmod(keys[self._first], max(vertex_count, 1)), axis=1).astype(np.int32)
        self.of_corners = np.empty(len(keys), np.int32)
        self.of_corners[self._order] = np.cumsum(new) - 1
        self.of_corners = self.of_corners.reshape(-1, 3)

    def doubled_faces(self) -> np.ndarray:
        """Indices of the faces whose three vertices are those of an earlier one."""
        opposite = np.roll(self._faces, -2, axis=1).ravel()[self._order]
        first = self._first[self._counts > 1]
        suspect = (self._counts[self._counts > 1] > 2) | (opposite[first] == opposite[first + 1])
        edges = np.flatnonzero(self._counts > 1)[suspect]
        faces = np.flatnonzero(np.isin(self.of_corners, edges).any(axis=1)) if len(edges) else edges
        _, kept = np.unique(np.sort(self._faces[faces], axis=1), axis=0, return_index=True)
        return np.delete(faces, kept)

    def cosines(self, vertices: np.ndarray) -> np.ndarray:
        """float32 [E]: see `MeshEdges`."""
        normals = normalised(area_normals(vertices, self._faces))
        found = np.full(len(self._first), -1, np.float32)
        two = np.flatnonzero(self._counts == 2)
        first = self._first[two]
        against = self._upwards[first] != self._upwards[first + 1]
        two, first = two[against], first[against]
        found[two] = np.einsum("ij,ij->i", normals[self._order[first] // 3], normals[self._order[first + 1] // 3])
        return found
