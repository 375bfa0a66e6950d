"""A folder of mesh files becomes one packed file to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trimesh")

import trimesh

from flashvdm_core.lab.data.meshes import SPLITS, PackedMeshes
from flashvdm_core.lab.data.pack import main, pack, split_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One box (sides 1, 2, 4, away from the origin) in each format, and files that are no meshes."""
    out = tmp_path_factory.mktemp("meshes")
    box = trimesh.creation.box((1, 2, 4))
    box.apply_translation((5, 6, 7))
    for suffix in ("glb", "obj", "ply", "stl"):
        box.export(out / f"box.{suffix}")
    scene = trimesh.Scene()
    red = trimesh.creation.box((1, 1, 1))
    red.visual.face_colors = [250, 10, 20, 255]
    scene.add_geometry(red)
    scene.add_geometry(trimesh.creation.box((1, 1, 1)), transform=trimesh.transformations.translation_matrix((3, 0, 0)))
    (out / "sub").mkdir()
    scene.export(out / "sub" / "two.glb")
    (out / "broken.glb").write_bytes(b"not a mesh")
    (out / "empty.obj").write_text("# nothing\n")
    (out / "notes.txt").write_text("not looked at")
    return out


def test_every_format_gives_the_same_centred_prop(folder: Path, tmp_path: Path) -> None:
    faults = pack(folder, tmp_path / "props.npz")
    assert set(faults) == {"broken.glb", "empty.obj"}
    props = PackedMeshes(tmp_path / "props.npz")
    assert props.names == ["box.glb", "box.obj", "box.ply", "box.stl", "sub/two.glb"]
    for index in range(4):
        prop = props[index]
        assert prop.fault() is None
        assert len(prop.faces) == 12
        assert np.abs(prop.vertices).max(0).tolist() == pytest.approx([0.25, 0.5, 1.0], abs=1e-4)


def test_a_scene_is_joined_and_keeps_its_colours(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "props.npz")
    prop = PackedMeshes(tmp_path / "props.npz")[4]
    assert len(prop.faces) == 24
    assert np.ptp(prop.vertices, axis=0).tolist() == pytest.approx([2, 0.5, 0.5], abs=1e-3)
    assert (prop.face_rgb == [250, 10, 20]).all(1).sum() == 12


def test_z_up_meshes_are_turned_with_their_front(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "props.npz", z_up=True)
    prop = PackedMeshes(tmp_path / "props.npz")[0]
    # The file's height (z, 4) is now along y, its depth (y, 2) along z.
    assert np.abs(prop.vertices).max(0).tolist() == pytest.approx([0.25, 1.0, 0.5], abs=1e-4)


def test_a_name_always_has_the_same_split_and_all_are_used() -> None:
    splits = [split_of(f"{index}.glb") for index in range(1000)]
    assert splits == [split_of(f"{index}.glb") for index in range(1000)]
    assert {split: 0.02 < splits.count(split) / 1000 < 0.95 for split in SPLITS} == dict.fromkeys(SPLITS, True)


def test_folders_without_meshes_end_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        assert main([str(folder), "--out", str(tmp_path / "props.npz")]) == 1
        assert str(folder) in capsys.readouterr().err
    assert not (tmp_path / "props.npz").exists()
