"""From arrays to a Blender mesh, in real Blender."""

from __future__ import annotations

import bpy
import numpy as np

from flashvdm_core.mesh import TriangleMesh

from .conftest import Import

TETRAHEDRON = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)
FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], np.int32)


def made(extension: Import, faces: np.ndarray) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Made")
    extension("addon.mesh_builder").fill_mesh(mesh, TriangleMesh(TETRAHEDRON, faces), 1.0)
    return mesh


def test_every_corner_and_edge_arrives(extension: Import) -> None:
    mesh = made(extension, FACES)
    assert [tuple(face.vertices) for face in mesh.polygons] == [tuple(face) for face in FACES]
    assert len(mesh.edges) == 6
    assert not mesh.validate()


def test_faces_that_blender_does_not_allow_are_left_out(extension: Import) -> None:
    for extra in ((1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 2, 0), (3, 2, 1)):
        mesh = made(extension, np.vstack((FACES, [extra])).astype(np.int32))
        assert not mesh.validate(), f"{extra} was left in"
        assert len(mesh.polygons) == 4


def test_filling_again_replaces_everything(extension: Import) -> None:
    mesh = made(extension, FACES)
    extension("addon.mesh_builder").fill_mesh(mesh, TriangleMesh(TETRAHEDRON[:3], FACES[:1]), 1.0)
    assert (len(mesh.vertices), len(mesh.edges), len(mesh.polygons)) == (3, 3, 1)
    extension("addon.mesh_builder").fill_mesh(mesh, TriangleMesh(TETRAHEDRON[:0], FACES[:0]), 1.0)
    assert (len(mesh.vertices), len(mesh.edges), len(mesh.polygons)) == (0, 0, 0)


def test_the_check_for_forbidden_faces_finds_exactly_them(extension: Import) -> None:
    check = extension("addon.mesh_builder").has_forbidden_faces
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        faces = random.integers(0, 9, (random.integers(0, 9), 3)).astype(np.int32)
        sets = [frozenset(face) for face in faces.tolist()]
        expected = any(len(corners) < 3 for corners in sets) or len(set(sets)) < len(sets)
        assert check(faces) == expected, faces
        outcomes.add(expected)
    assert outcomes == {True, False}
    huge = np.array([(0, 1, 2**31 - 1), (2, 2**31 - 1, 5), (0, 1, 2**31 - 2)], np.int32)
    assert not check(huge)
    assert check(np.vstack((huge, huge[:1, ::-1])))
