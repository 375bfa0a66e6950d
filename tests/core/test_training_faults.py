"""Training data, configs and states that are damaged or of something else: one sentence each, and ranges on every option."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashvdm_core.api.errors import TrainingError
from flashvdm_core.files import try_lock
from flashvdm_core.lab.data.dataset import MANIFEST, Shards
from flashvdm_core.lab.data.meshes import PackedMeshes
from flashvdm_core.lab.data.prepare import LOCK, Options, main, prepare
from flashvdm_core.lab.data.procedural.generate import main as generate
from flashvdm_core.lab.files import load_state
from flashvdm_core.lab.training.__main__ import main as train
from flashvdm_core.lab.training.pixel_aligned.__main__ import main as train_pixel_aligned
from flashvdm_core.lab.training.runner import RunConfig, config_of, read_yaml

ARRAYS: dict[str, np.ndarray] = {
    "vertices": np.array([[0, 0, 0], [32767, 0, 0], [0, 32767, 0], [0, 0, 32767]], np.int16),
    "vertex_offsets": np.array([0, 4], np.int64),
    "faces": np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.uint16),
    "face_offsets": np.array([0, 4], np.int64),
    "face_rgb": np.zeros((4, 3), np.uint8),
    "split": np.zeros(1, np.uint8),
}


def packed(path: Path, **changes: Any) -> Path:
    np.savez(path, **{name: array for name, array in (ARRAYS | changes).items() if array is not None})
    return path


def status(command: Any, *arguments: str | Path) -> int:
    try:
        return command(list(map(str, arguments)))
    except SystemExit as end:
        return int(end.code or 0)


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    for kind in (np.uint16, np.uint32):
        props = PackedMeshes(packed(tmp_path / "a.npz", faces=ARRAYS["faces"].astype(kind)))
        assert (len(props), props.names) == (1, ["prop 0"])
        np.testing.assert_array_equal(props[0].faces, ARRAYS["faces"])


@pytest.mark.parametrize(
    "changes",
    [
        {"vertices": None},
        {"vertices": np.zeros((4, 2), np.int16)},
        {"vertices": np.zeros((4, 3), np.float64)},
        {"vertices": np.array([object()], object)},
        {"vertex_offsets": np.array([0, 5], np.int64)},
        {"vertex_offsets": np.array([0], np.int64)},
        {"vertex_offsets": np.array([], np.int64)},
        {"face_offsets": np.array([0, 9, 4], np.int64), "vertex_offsets": np.array([0, 2, 4], np.int64),
         "split": np.zeros(2, np.uint8)},
        {"face_rgb": np.zeros((3, 3), np.uint8)},
        {"split": np.full(1, 7, np.uint8)},
    ],
)  # fmt: skip
def test_arrays_that_do_not_belong_together_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="not a packed mesh file"):
        PackedMeshes(packed(tmp_path / "a.npz", **changes))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_a_packed_file_ends_in_anything_but_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(packed(tmp_path / "a.npz").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    (tmp_path / "b.npz").write_bytes(content)
    try:
        meshes = list(PackedMeshes(tmp_path / "b.npz"))
    except TrainingError:
        return
    assert all(mesh.fault() is None or isinstance(mesh.fault(), str) for mesh in meshes)


def test_an_archive_that_promises_more_than_it_has_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999, 3), }\n"
    with zipfile.ZipFile(packed(tmp_path / "a.npz", vertices=None), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vertices.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(TrainingError, match="not a packed mesh file"):
        PackedMeshes(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "sidecar",
    [
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"models": 3}',
        b'{"models": [{}]}',
        b'{"models": [{"name": 3}]}',
        b'{"models": []}',
        b"[" * 99999,
    ],
)
def test_a_sidecar_without_the_names_is_refused(tmp_path: Path, sidecar: bytes) -> None:
    packed(tmp_path / "a.npz")
    (tmp_path / "a.json").write_bytes(sidecar)
    with pytest.raises(TrainingError, match=r"a\.json"):
        PackedMeshes(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "option",
    [
        *("--workers=0", "--workers=-1", "--workers=x", "--limit=-1", "--views=-1", "--views=0", "--size=0", "--size=1e9"),
        *("--scale=nan", "--scale=inf", "--scale=-1", "--stretch=0", "--near=3", "--near=0", "--clouds=0", "--farthest=2"),
        *("--seed=-1", "--probes=1", "--variants=0", "--surface=0", "--sharp=99999999"),
    ],
)
def test_options_out_of_their_range_are_wrong_usage(tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = packed(tmp_path / "a.npz")
    assert status(main, "--data", source, "--out", tmp_path / "out", option) in (1, 2)
    error = capsys.readouterr().err
    assert "must be" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (generate, ["--out", "OUT", "--count=0"]),
        (generate, ["--out", "OUT", "--start=-1"]),
        (train, ["vae", "--data", "OUT", "--runs", "OUT", "--threads=-1"]),
        (train, ["export", "--runs", "OUT", "--out", "OUT", "--frequencies=-1"]),
        (train_pixel_aligned, ["train", "--data", "a=b", "--out", "OUT", "--minutes=nan"]),
        (train_pixel_aligned, ["train", "--data", "a=b", "--out", "OUT", "--threads=0"]),
        (train_pixel_aligned, ["train", "--data", "a=b", "--out", "OUT", "--degraded=2"]),
    ],
)
def test_the_other_commands_have_ranges_too(tmp_path: Path, command: Any, arguments: list[str]) -> None:
    assert status(command, *(str(tmp_path / "out") if word == "OUT" else word for word in arguments)) == 2
    assert not (tmp_path / "out").exists()


def test_a_second_preparation_of_a_folder_waits_for_its_turn_in_words(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.npz")
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / LOCK).open("ab") as lock:
        assert try_lock(lock)
        with pytest.raises(TrainingError, match="Another preparation"):
            prepare(source, tmp_path / "out", Options())
    assert not (tmp_path / "out" / MANIFEST).exists()


def prepared(folder: Path, **changes: Any) -> Path:
    manifest = {"key": "abc", "names": ["one"], "scale": 0.9, "clouds": 1} | changes
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / "abc-points-train-0000").mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(
    "changes", [{"key": 3}, {"key": "../*"}, {"names": "one"}, {"names": [1]}, {"scale": "x"}, {"clouds": 0}, {"clouds": 1.5}]
)
def test_a_manifest_of_something_else_is_no_prepared_data(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="no prepared data"):
        Shards(prepared(tmp_path, **changes), "points", "train")


@pytest.mark.parametrize(
    "content", [None, b"", b"\x93NUMPY\x01\x00\x10\x00((((((((", np.zeros((1, 3), np.int64), np.zeros(1, np.int32), np.array([1])]
)
def test_a_damaged_shard_is_named(tmp_path: Path, content: Any) -> None:
    shard = prepared(tmp_path) / "abc-points-train-0000" / "index.npy"
    if isinstance(content, np.ndarray):
        np.save(shard, content)
    elif content is not None:
        shard.write_bytes(content)
    shards = Shards(tmp_path, "points", "train")
    for read in (lambda: shards.load("index"), lambda: shards.tensor("index", torch.device("cpu"))):
        with pytest.raises(TrainingError, match="index"):
            read()


def test_shards_of_several_sizes_are_refused(tmp_path: Path) -> None:
    for number, size in enumerate((4, 8)):
        folder = prepared(tmp_path).joinpath(f"abc-points-train-{number:04}")
        folder.mkdir(exist_ok=True)
        np.save(folder / "near_sdf.npy", np.zeros((1, size), np.float16))
    with pytest.raises(TrainingError, match="several sizes"):
        Shards(tmp_path, "points", "train").tensor("near_sdf", torch.device("cpu"))


@pytest.mark.parametrize(
    "text", ["a: [", "\tx: 1", "- 1", "text", "!!python/object/apply:os.system ['false']", "a: !!timestamp 2", "[" * 9999]
)
def test_a_config_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipe.yaml"
    for content in (text.encode(), b"\xff\xfe" + text.encode()):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match="training config"):
            read_yaml(path)


@pytest.mark.parametrize(
    "values", [{"steps": -1}, {"batch": 0}, {"learning_rate": "nan"}, {"minutes": "inf"}, {"steps": "x"}, {"steps": [1]}]
)
def test_values_of_a_config_out_of_their_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(TrainingError):
        config_of(RunConfig, values)


def test_an_override_that_is_no_yaml_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(train, "vae", "--data", tmp_path, "--runs", tmp_path / "runs", "steps=[") == 1
    assert "steps is not YAML" in capsys.readouterr().err


def saved(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


class Planted:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("planted-code-ran",)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"PK\x03\x04", saved({"step": 1})[:-30], saved([1, 2]), saved({"model": 1}), saved({"step": Planted()})],
)
def test_a_state_that_is_none_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"state\.pt"):
        load_state(tmp_path / "state.pt", ("step",))
    assert not (tmp_path / "planted-code-ran").exists()
    with pytest.raises(TrainingError, match="cannot be read"):
        load_state(tmp_path / "none.pt", ("step",))
