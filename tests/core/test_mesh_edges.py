"""The edges of a mesh, against a plain count of them."""

from __future__ import annotations

import numpy as np

from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.geometry.edges import with_edges

CUBE = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
SIDES = np.array([triangle for a, b, c, d in QUADS for triangle in ((a, b, c), (a, c, d))], np.int32)


def test_a_cube_turns_by_a_right_angle_at_its_edges_and_not_at_its_diagonals() -> None:
    mesh = with_edges(TriangleMesh(CUBE, SIDES))
    assert mesh.edges is not None
    assert len(mesh.edges.vertices) == 18
    lengths = np.linalg.norm(np.diff(CUBE[mesh.edges.vertices], axis=1)[:, 0], axis=1)
    np.testing.assert_allclose(mesh.edges.cosines, np.where(lengths > 1.1, 1, 0), atol=1e-6)
    assert with_edges(mesh) is mesh


def test_an_edge_without_two_faces_that_run_against_each_other_counts_as_turned_back() -> None:
    square = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], np.float32)
    for second, expected in (((0, 2, 3), 1.0), ((0, 3, 2), -1.0)):
        edges = with_edges(TriangleMesh(square, np.array([(0, 1, 2), second], np.int32))).edges
        assert edges is not None
        diagonal = (edges.vertices == (0, 2)).all(axis=1)
        np.testing.assert_allclose(edges.cosines[diagonal], expected)
        assert (edges.cosines[~diagonal] == -1).all()


def test_any_faces_give_each_edge_once_and_lose_exactly_the_forbidden_ones() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        faces = random.integers(0, 7, (random.integers(0, 12), 3)).astype(np.int32)
        mesh = with_edges(TriangleMesh(random.random((7, 3)), faces))
        seen: set[frozenset[int]] = set()
        kept = []
        for face in faces.tolist():
            if len(set(face)) == 3 and frozenset(face) not in seen:
                seen.add(frozenset(face))
                kept.append(face)
        assert mesh.faces.tolist() == kept
        assert mesh.edges is not None
        pairs = {tuple(sorted((face[i], face[(i + 1) % 3]))) for face in kept for i in range(3)}
        assert sorted(map(tuple, mesh.edges.vertices.tolist())) == sorted(pairs)
        for face, edges in zip(mesh.faces.tolist(), mesh.edges.of_corners.tolist(), strict=True):
            for i, edge in enumerate(edges):
                assert mesh.edges.vertices[edge].tolist() == sorted((face[i], face[(i + 1) % 3]))
