"""The edges of a mesh. NumPy only: the worker computes them, so that a host need not search while its user waits."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from ..api.mesh import MeshEdges, TriangleMesh
from .normals import area_normals, normalised


@dataclass(frozen=True, eq=False)
class SharedEdges:
    """The sides of a mesh's faces, sorted so that those on the same edge follow each other.

    Attributes:
        vertices: int32 [E, 2], the ends of each edge, the lower first; edges are sorted by them.
        order: int64 [S], the sides edge after edge, those of one edge in their given order.
        first: int64 [E], where in `order` each edge's sides begin.
        counts: int64 [E], sides on each edge.
        upwards: bool [S], in the order of `order`: the side runs from the lower to the higher vertex.
    """

    vertices: np.ndarray
    order: np.ndarray
    first: np.ndarray
    counts: np.ndarray
    upwards: np.ndarray

    def of_sides(self) -> np.ndarray:
        """int32 [S]: the edge of each side, as the sides were given."""
        edges = np.empty(len(self.order), np.int32)
        edges[self.order] = np.repeat(np.arange(len(self.first), dtype=np.int32), self.counts)
        return edges

    def pairs(self) -> np.ndarray:
        """int64 [N, 2]: sides that follow each other on an edge; one pair for an edge of two, none for one of one."""
        following = np.ones(len(self.order), bool)
        following[self.first] = False
        second = np.flatnonzero(following)
        return np.stack((self.order[second - 1], self.order[second]), axis=1)

    def unbalanced(self) -> np.ndarray:
        """bool [E]: the sides do not run along the edge equally often in both directions, as they do on a closed surface."""
        balance = np.where(self.upwards, 1, -1)
        return (np.add.reduceat(balance, self.first) if len(balance) else balance) != 0


def shared_edges(starts: np.ndarray, ends: np.ndarray, vertex_count: int) -> SharedEdges:
    """The edges that sides lie on.

    Args:
        starts, ends: int [S], the vertices that each side runs from and to.
        vertex_count: number of vertices.
    """
    low, high = np.minimum(starts, ends).astype(np.int64), np.maximum(starts, ends)
    keys = low * vertex_count + high
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    first = np.flatnonzero(new)
    vertices = np.stack(np.divmod(keys[first], max(vertex_count, 1)), axis=1).astype(np.int32)
    return SharedEdges(vertices, order, first, np.diff(first, append=len(keys)), (starts < ends)[order])


def triangle_edges(faces: np.ndarray, vertex_count: int) -> SharedEdges:
    """The edges of triangles int [F, 3]; side 3 f + c runs from corner c of face f to its next one."""
    return shared_edges(faces.ravel(), np.roll(faces, -1, axis=1).ravel(), vertex_count)


def with_edges(mesh: TriangleMesh) -> TriangleMesh:
    """The same mesh with its edges, without faces that no host allows: with one vertex twice, or with the vertices of another.

    Edges that it has already are kept where they are those of its faces: a host crashes on others.
    """
    steps = edges_in_steps(mesh)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def allowed_faces(mesh: TriangleMesh) -> np.ndarray:
    """Which faces of a mesh `with_edges` keeps: int64, rising."""
    a, b, c = mesh.faces.T
    plain = np.flatnonzero((a != b) & (b != c) & (c != a))
    edges = triangle_edges(mesh.faces[plain], len(mesh.vertices))
    return np.delete(plain, _doubled_faces(mesh.faces[plain], edges, edges.of_sides().reshape(-1, 3)))


def edges_in_steps(mesh: TriangleMesh) -> Generator[None, None, TriangleMesh]:
    """`with_edges` in steps of some hundredths of a second, where the mesh has its edges: they are only looked through."""
    if mesh.edges is not None and (yield from _are_edges_of(mesh, mesh.edges)):
        return mesh
    a, b, c = mesh.faces.T
    faces = mesh.faces[(a != b) & (b != c) & (c != a)]
    edges = triangle_edges(faces, len(mesh.vertices))
    of_corners = edges.of_sides().reshape(-1, 3)
    doubled = _doubled_faces(faces, edges, of_corners)
    if len(doubled):
        return with_edges(TriangleMesh(mesh.vertices, np.delete(faces, doubled, axis=0)))
    return TriangleMesh(mesh.vertices, faces, MeshEdges(edges.vertices, of_corners, _cosines(mesh.vertices, faces, edges)))


def _are_edges_of(mesh: TriangleMesh, edges: MeshEdges) -> Generator[None, None, bool]:
    """`edges` are those that would be found for `mesh`, in any order, and `mesh` has no face that no host allows."""
    if not len(mesh.faces):
        return not len(edges.vertices)
    low, high = np.minimum(*edges.vertices.T), np.maximum(*edges.vertices.T)
    used = np.bincount(edges.of_corners.ravel(), minlength=len(low))
    yield
    if (low == high).any() or not used.all() or _repeats(low.astype(np.int64) * len(mesh.vertices) + high):
        return False
    yield
    corners = np.ascontiguousarray(mesh.faces.T)
    sides = np.ascontiguousarray(edges.of_corners.T)
    for corner in range(3):
        start, end, side = corners[corner], corners[(corner + 1) % 3], sides[corner]
        if (np.minimum(start, end) != low[side]).any() or (np.maximum(start, end) != high[side]).any():
            return False
        yield
    # Two edges of a triangle say which it is.
    return not _repeats(sides.min(axis=0).astype(np.int64) * len(low) + sides.max(axis=0))


def _repeats(keys: np.ndarray) -> bool:
    ordered = np.sort(keys)
    return bool((ordered[1:] == ordered[:-1]).any())


def boundary_edges(mesh: TriangleMesh) -> int:
    """Number of edges along which the faces do not run equally often in both directions; 0 for a closed surface."""
    return int(np.count_nonzero(triangle_edges(mesh.faces, len(mesh.vertices)).unbalanced()))


def _doubled_faces(faces: np.ndarray, edges: SharedEdges, of_corners: np.ndarray) -> np.ndarray:
    """Indices of the faces whose three vertices are those of an earlier one."""
    opposite = np.roll(faces, -2, axis=1).ravel()[edges.order]
    shared = np.flatnonzero(edges.counts > 1)
    first = edges.first[shared]
    suspects = shared[(edges.counts[shared] > 2) | (opposite[first] == opposite[first + 1])]
    found = np.flatnonzero(np.isin(of_corners, suspects).any(axis=1)) if len(suspects) else suspects
    _, kept = np.unique(np.sort(faces[found], axis=1), axis=0, return_index=True)
    return np.delete(found, kept)


def _cosines(vertices: np.ndarray, faces: np.ndarray, edges: SharedEdges) -> np.ndarray:
    """float32 [E]: see `MeshEdges`."""
    normals = normalised(area_normals(vertices, faces))
    found = np.full(len(edges.first), -1, np.float32)
    two = np.flatnonzero(edges.counts == 2)
    first = edges.first[two]
    against = edges.upwards[first] != edges.upwards[first + 1]
    two, first = two[against], first[against]
    found[two] = np.einsum("ij,ij->i", normals[edges.order[first] // 3], normals[edges.order[first + 1] // 3])
    return found
