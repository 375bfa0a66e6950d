"""Mesh files: read back by another library, whole or not there at all."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from flashvdm_core.api.errors import OutputError
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.geometry.mesh_io import write_mesh
from flashvdm_core.texture import OrthographicCamera, PolygonMesh, project_texture

SUFFIXES = (".glb", ".obj", ".ply", ".stl")


def tetrahedron(repeat: int = 1) -> TriangleMesh:
    """A tetrahedron in the core frame, `repeat` times in a row."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 0.5]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    shift = np.arange(repeat, dtype=np.float32)[:, None, None] * np.float32([2, 0, 0])
    return TriangleMesh((corners + shift).reshape(-1, 3), (faces + 4 * np.arange(repeat)[:, None, None]).reshape(-1, 3))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_holds_the_mesh(tmp_path: Path, suffix: str) -> None:
    mesh = tetrahedron(3)
    path = tmp_path / f"mesh{suffix}"
    write_mesh(mesh, path)
    read = trimesh.load(path, force="mesh")
    np.testing.assert_allclose(read.triangles, mesh.vertices[mesh.faces], atol=1e-6)
    assert read.volume == pytest.approx(3 * 1 / 6, rel=1e-5), "faces look outwards"


@pytest.mark.parametrize("suffix", [suffix.upper() for suffix in SUFFIXES])
def test_the_case_of_the_suffix_does_not_matter(tmp_path: Path, suffix: str) -> None:
    write_mesh(tetrahedron(), tmp_path / f"mesh{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"mesh{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_replaced_only_when_that_is_allowed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mesh{suffix}"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        write_mesh(tetrahedron(), path)
    assert path.read_bytes() == b"precious"
    write_mesh(tetrahedron(), path, overwrite=True)
    assert len(trimesh.load(path, force="mesh").faces) == 4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_the_old_file_and_no_half_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / f"mesh{suffix}"
    path.write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"disk is full.*free some space"):
        write_mesh(tetrahedron(), path, overwrite=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"precious")]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of the size of files is POSIX's")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_stops_in_the_middle_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            write_mesh(tetrahedron(2000), tmp_path / f"mesh{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mesh.fbx", "choose one of these formats"),
        ("no/mesh.glb", "does not exist"),
        ("folder.glb", "is a folder"),
        ("m\0.glb", "null character"),
    ],
)
def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "folder.glb").mkdir()
    with pytest.raises(OutputError, match=sentence):
        write_mesh(tetrahedron(), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.glb"]


@pytest.mark.parametrize("spoil", ["empty", "nan"])
def test_a_mesh_that_is_none_is_not_written(tmp_path: Path, spoil: str) -> None:
    mesh = tetrahedron()
    vertices, faces = mesh.vertices.copy(), mesh.faces
    if spoil == "nan":
        vertices[1, 2] = np.nan
    else:
        faces = faces[:0]
    with pytest.raises(OutputError, match="generate it again"):
        write_mesh(TriangleMesh(vertices, faces), tmp_path / "mesh.glb")
    assert list(tmp_path.iterdir()) == []


def test_names_of_any_language_are_kept(tmp_path: Path) -> None:
    for suffix in (".glb", ".obj"):
        write_mesh(tetrahedron(), tmp_path / f"mesh{suffix}", name="red 椅子\nchair")
    assert "red 椅子 chair" in (tmp_path / "mesh.obj").read_text(encoding="utf-8").splitlines()[0]
    assert "red 椅子\nchair" in trimesh.load(tmp_path / "mesh.glb").geometry


def test_a_glb_holds_the_texture(tmp_path: Path) -> None:
    mesh = tetrahedron()
    picture = np.zeros((8, 4, 4), np.uint8)
    picture[:4], picture[4:] = (255, 0, 0, 255), (0, 0, 255, 255)
    colouring = project_texture(PolygonMesh.of(mesh), picture, OrthographicCamera())
    write_mesh(mesh, tmp_path / "mesh.glb", colouring=colouring)
    read = trimesh.load(tmp_path / "mesh.glb", force="mesh", process=False)
    np.testing.assert_allclose(read.triangles, mesh.vertices[mesh.faces], atol=1e-6)
    np.testing.assert_allclose(read.visual.uv[read.faces].reshape(-1, 2), colouring.uvs, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(read.visual.material.baseColorTexture)[..., :3], colouring.texture)


@pytest.mark.parametrize("suffix", [".ply", ".stl"])
@pytest.mark.parametrize("size", [100.0, 25.4])
def test_files_for_printers_stand_upright_and_have_a_size(tmp_path: Path, suffix: str, size: float) -> None:
    """The tetrahedron is 1 wide, 2 high and 0.5 deep; one unit of such a file is a millimetre."""
    write_mesh(tetrahedron(), tmp_path / f"mesh{suffix}", print_size=size)
    read = trimesh.load(tmp_path / f"mesh{suffix}", force="mesh")
    np.testing.assert_allclose(np.ptp(read.vertices, axis=0), np.array([1, 0.5, 2]) * size / 2, rtol=1e-5)
    assert read.vertices[:, 2].min() == pytest.approx(0.0), "it stands on the plate"
    assert read.volume > 0, "faces look outwards"


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_the_other_formats_are_y_up_in_metres_whatever_the_size_in_print(tmp_path: Path, suffix: str) -> None:
    write_mesh(tetrahedron(), tmp_path / f"mesh{suffix}", print_size=100.0)
    read = trimesh.load(tmp_path / f"mesh{suffix}", force="mesh")
    np.testing.assert_allclose(np.ptp(read.vertices, axis=0), (1, 2, 0.5), rtol=1e-5)


@pytest.mark.parametrize(("suffix", "mark"), [(".obj", b"\nvn "), (".ply", b"property float nx\n"), (".glb", b'"NORMAL"')])
def test_normals_are_smooth_where_the_format_has_them(tmp_path: Path, suffix: str, mark: bytes) -> None:
    path = tmp_path / f"mesh{suffix}"
    write_mesh(tetrahedron(), path)
    assert mark in path.read_bytes()
    read = trimesh.load(path, force="mesh", process=False)
    assert len(read.vertices) == 4, "the faces share their vertices"
    assert (np.einsum("ij,ij->i", read.vertex_normals, read.vertices - read.vertices.mean(axis=0)) > 0).all()
