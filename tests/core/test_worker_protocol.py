"""The worker protocol as both sides see it: what is sent arrives, what is forged is refused."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashvdm_core.api.errors import WorkerError
from flashvdm_core.api.events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.mesh import Colouring, TriangleMesh
from flashvdm_core.api.tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request, Task
from flashvdm_core.api.wire import protocol
from flashvdm_core.api.wire.arrays import remove_arrays
from flashvdm_core.api.wire.protocol import Cancel, CommandError, Generate, Ready

TETRAHEDRON = TriangleMesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32),
)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_JSON = _SCALARS | st.lists(_SCALARS, max_size=3) | st.dictionaries(st.sampled_from(["npy", "vertices", "faces"]), _SCALARS)
_FIELDS = st.sampled_from(
    ["id", "stage", "fraction", "view", "rgba", "mesh", "message", "warning", "kind", "details", "settings", "seconds", "latents"]
)
_TASK_FIELDS = st.sampled_from(["settings", "images", "keep_latents", "block_out", "latents", "other", "amount", "masks"])
LATENTS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)


def through_the_pipe(event: Event | Ready, folder: Path, id: int | None = 7) -> Event | Ready:
    line = protocol.encode(event, id, folder)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    received_id, received = protocol.decode(line, folder)
    assert received_id == id
    assert list(folder.iterdir()) == []
    return received


def test_a_colouring_arrives_with_its_mesh_and_no_other(tmp_path: Path) -> None:
    texture, picture = np.full((2, 4, 3), 7, np.uint8), np.full((2, 2, 4), 9, np.uint8)
    colouring = Colouring(np.linspace(0, 1, 24, dtype=np.float32).reshape(12, 2), texture, picture, 17.5, -5.0)
    sent = Result(TETRAHEDRON, 5, "embedded", {}, {}, colouring=colouring)
    found = through_the_pipe(sent, tmp_path)
    assert isinstance(found, Result)
    assert found.colouring is not None
    assert (found.colouring.yaw, found.colouring.elevation) == (17.5, -5.0)
    for name in ("uvs", "texture", "picture"):
        np.testing.assert_array_equal(getattr(found.colouring, name), getattr(colouring, name))
    short = Colouring(colouring.uvs[:9], texture, picture, 0.0, 0.0)
    with pytest.raises(WorkerError):
        through_the_pipe(Result(TETRAHEDRON, 5, "embedded", {}, {}, colouring=short), tmp_path)


@pytest.mark.parametrize(
    "event",
    [
        Ready("0.1.0", "3.11.9", "2.13.0", "cpu"),
        Progress(Stage.SAMPLE, 0.25),
        Log("Grüße\nfrom a line with a line end", warning=True),
        Finished(),
        Failure("ImageError", "The image is empty.", "Traceback…"),
    ],
)
def test_events_without_arrays_arrive_unchanged(event: Event | Ready, tmp_path: Path) -> None:
    assert through_the_pipe(event, tmp_path) == event


def test_a_mask_travels_with_its_task_and_a_task_without_one_is_read(tmp_path: Path) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (5, 4), np.uint8)
    for task in (Request({"front": "a.png"}, masks={"front": mask}), CutOutOnly({"front": "a.png"}, masks={"front": mask})):
        line = protocol.encode_command(protocol.Generate(3, task), tmp_path)
        received = protocol.decode_command(line, tmp_path)
        assert isinstance(received, protocol.Generate)
        assert isinstance(received.task, Request | CutOutOnly)
        np.testing.assert_array_equal(received.task.masks["front"], mask)
        assert list(tmp_path.iterdir()) == []
        former = json.loads(protocol.encode_command(protocol.Generate(3, type(task)({"front": "a.png"})), tmp_path))
        del former["task"]["masks"]
        received = protocol.decode_command(json.dumps(former).encode() + b"\n", tmp_path)
        assert isinstance(received, protocol.Generate)
        assert isinstance(received.task, Request | CutOutOnly)
        assert received.task.masks == {}


def test_a_cutout_brings_what_a_mask_is_painted_on(tmp_path: Path) -> None:
    guess = np.random.default_rng(0).integers(0, 256, (5, 4, 4), np.uint8)
    received = through_the_pipe(CutOut("front", guess, guess[1:]), tmp_path)
    assert isinstance(received, CutOut)
    assert received.guess is not None
    np.testing.assert_array_equal(received.guess, guess[1:])


def test_arrays_arrive_bit_for_bit_and_their_files_are_gone(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (5, 4, 4), np.uint8)
    cutout = through_the_pipe(CutOut("front", rgba), tmp_path)
    assert isinstance(cutout, CutOut)
    np.testing.assert_array_equal(cutout.rgba, rgba)

    preview = through_the_pipe(Preview(Stage.DECODE, TETRAHEDRON), tmp_path)
    assert isinstance(preview, Preview)
    np.testing.assert_array_equal(preview.mesh.vertices, TETRAHEDRON.vertices)
    np.testing.assert_array_equal(preview.mesh.faces, TETRAHEDRON.faces)

    latents = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
    settings = {"steps": 20, "preview": True}
    sent = Result(TETRAHEDRON, 5, "embedded", settings, {"decode": 0.5}, (10, 20), latents, peak_memory=5 << 30)
    result = through_the_pipe(sent, tmp_path)
    assert isinstance(result, Result)
    assert result.latents is not None
    np.testing.assert_array_equal(result.latents, latents)
    assert (result.seed, result.model, result.settings, result.seconds, result.queries) == (
        5,
        "embedded",
        {"steps": 20, "preview": True},
        {"decode": 0.5},
        (10, 20),
    )
    assert result.peak_memory == 5 << 30


def test_received_arrays_can_be_written_to(tmp_path: Path) -> None:
    preview = through_the_pipe(Preview(Stage.SAMPLE, TETRAHEDRON), tmp_path)
    assert isinstance(preview, Preview)
    preview.mesh.vertices[0] = 1.0


def test_an_empty_mesh_arrives(tmp_path: Path) -> None:
    empty = TriangleMesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    preview = through_the_pipe(Preview(Stage.SAMPLE, empty), tmp_path)
    assert isinstance(preview, Preview)
    assert preview.mesh.vertices.shape == (0, 3)


def test_a_huge_traceback_still_fits_a_line(tmp_path: Path) -> None:
    failure = through_the_pipe(Failure("WorkerError", "Broken.", "ä" * 10_000_000 + "the end"), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.details.endswith("the end")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_array_files_are_private(tmp_path: Path) -> None:
    protocol.encode(Preview(Stage.SAMPLE, TETRAHEDRON), 1, tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_an_event_that_cannot_be_sent_leaves_no_files(tmp_path: Path) -> None:
    unsendable = Result(TETRAHEDRON, 5, "embedded", {}, {"decode": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        protocol.encode(unsendable, 1, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        Generate(3, Request({"front": "a b.png"}, {"seed": 9}, keep_latents=True)),
        Generate(3, CutOutOnly({"front": "a b.png", "left": "c.png"}, {"cutout": "border"})),
        Cancel(3),
    ],
)
def test_commands_without_arrays_arrive_unchanged(command: protocol.Command, tmp_path: Path) -> None:
    assert protocol.decode_command(protocol.encode_command(command, tmp_path), tmp_path) == command


def sent(task: Task, folder: Path) -> Task:
    """What the worker gets of a task."""
    received = protocol.decode_command(protocol.encode_command(Generate(3, task), folder), folder)
    assert isinstance(received, Generate)
    assert list(folder.iterdir()) == []
    return received.task


def test_the_latents_of_a_task_arrive_bit_for_bit_and_their_files_are_gone(tmp_path: Path) -> None:
    decode = sent(DecodeLatents(LATENTS, {"resolution": 64}, model_identity="abc"), tmp_path)
    assert isinstance(decode, DecodeLatents)
    np.testing.assert_array_equal(decode.latents, LATENTS)
    assert decode.settings["resolution"] == 64
    assert decode.model_identity == "abc"

    blend = sent(Blend(LATENTS, -LATENTS, 0.25, {"resolution": 64}, "abc", ""), tmp_path)
    assert isinstance(blend, Blend)
    np.testing.assert_array_equal(blend.other, -LATENTS)
    assert blend.amount == 0.25
    assert (blend.model_identity, blend.other_identity) == ("abc", "")


def test_a_block_out_arrives(tmp_path: Path) -> None:
    received = sent(Request({"front": "a.png"}, block_out=BlockOut(TETRAHEDRON, 0.75)), tmp_path)
    assert isinstance(received, Request)
    assert received.block_out is not None
    assert received.block_out.strength == 0.75
    np.testing.assert_array_equal(received.block_out.mesh.vertices, TETRAHEDRON.vertices)
    np.testing.assert_array_equal(received.block_out.mesh.faces, TETRAHEDRON.faces)


def test_a_command_that_cannot_be_sent_leaves_no_files(tmp_path: Path) -> None:
    unsendable = DecodeLatents(LATENTS)
    vars(unsendable)["settings"] = {"level": float("nan")}
    with pytest.raises(ValueError, match="JSON"):
        protocol.encode_command(Generate(3, unsendable), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_forged_latents_are_a_command_error_with_the_number_of_the_task(tmp_path: Path) -> None:
    line = protocol.encode_command(Generate(5, DecodeLatents(LATENTS)), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(npy_bytes(np.full((3, 2), np.inf, np.float32)))
    with pytest.raises(CommandError, match="finite") as caught:
        protocol.decode_command(line, tmp_path)
    assert caught.value.id == 5


@pytest.mark.parametrize(
    ("line", "id"),
    [
        (b"", None),
        (b"\xff\xfe\n", None),
        (b"[1, 2]\n", None),
        (b'{"command": "explode", "id": 4}\n', 4),
        (b'{"command": "generate"}\n', None),
        (b'{"command": "generate", "id": true, "task": {}}\n', None),
        (b'{"command": "generate", "id": 4}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "dance", "settings": {}}}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "request", "settings": {}, "images": {}}}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "cut-out", "settings": {}, "images": {"front": 3}}}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "cut-out", "settings": [1], "images": {"front": "a"}}}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "remesh", "settings": {"seed": -1}}}\n', 4),
        (b'{"command": "generate", "id": 4, "task": {"kind": "remesh", "settings": {}, "latents": {"npy": "../a"}}}\n', 4),
        (b"[" * 100_000, None),
        (b"x" * (protocol.MAX_LINE + 1), None),
    ],
)
def test_rubbish_commands_are_named_errors_with_the_generation_they_name(line: bytes, id: int | None) -> None:
    with pytest.raises(CommandError) as caught:
        protocol.decode_command(line, Path("/nonexistent"))
    assert caught.value.id == id


@given(st.binary(max_size=200))
def test_no_bytes_break_the_command_reader(line: bytes) -> None:
    with pytest.raises(CommandError):
        protocol.decode_command(b"\x00" + line, Path("/nonexistent"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["request", "remesh", "blend", "cut-out", "?"]), st.dictionaries(_TASK_FIELDS, _JSON, max_size=5))
def test_no_json_breaks_the_task_reader(kind: str, fields: dict[str, object]) -> None:
    line = json.dumps({"command": "generate", "id": 1, "task": {"kind": kind} | fields}).encode()
    with contextlib.suppress(CommandError):
        command = protocol.decode_command(line, Path("/nonexistent"))
        assert isinstance(command, Generate)
        assert isinstance(command.task, Request | CutOutOnly)


@given(
    st.sampled_from(["ready", "progress", "cutout", "preview", "log", "result", "failure", "?"]),
    st.dictionaries(_FIELDS, _JSON, max_size=6),
)
def test_no_json_breaks_the_event_reader(name: str, fields: dict[str, object]) -> None:
    line = json.dumps({"event": name} | fields).encode()
    try:
        _, event = protocol.decode(line, Path("/nonexistent"))
    except WorkerError:
        return
    assert isinstance(event, Progress | Log | Failure)


def preview_line(vertices: str, faces: str) -> bytes:
    return json.dumps(
        {"event": "preview", "id": 1, "stage": "sample", "mesh": {"vertices": {"npy": vertices}, "faces": {"npy": faces}}}
    ).encode()


@pytest.mark.parametrize(
    "name", ["../0123456789abcdef.npy", "/etc/passwd", "a.npy", "", "0123456789abcdef.npy\n", "0123456789ABCDEF.npy"]
)
def test_names_outside_the_exchange_folder_are_refused(name: str, tmp_path: Path) -> None:
    outside = tmp_path / "0123456789abcdef.npy"
    np.save(outside, TETRAHEDRON.vertices)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    with pytest.raises(WorkerError, match="forbidden name"):
        protocol.decode(preview_line(name, name), exchange)
    assert outside.exists()


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("bomb-went-off",)


GOOD_FACES = npy_bytes(TETRAHEDRON.faces)
GOOD_VERTICES = npy_bytes(TETRAHEDRON.vertices)


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (b"", GOOD_FACES),
        (pickle.dumps(Bomb()), GOOD_FACES),
        (npy_bytes(np.array([Bomb()], object)), GOOD_FACES),
        (GOOD_VERTICES[:-4], GOOD_FACES),
        (GOOD_VERTICES + b"more", GOOD_FACES),
        (GOOD_VERTICES.replace(b"(4, 3)", b"(9999999999, 3)"), GOOD_FACES),
        (npy_bytes(TETRAHEDRON.vertices.astype(np.float64)), GOOD_FACES),
        (npy_bytes(np.asfortranarray(TETRAHEDRON.vertices)), GOOD_FACES),
        (npy_bytes(TETRAHEDRON.vertices[:, :2].copy()), GOOD_FACES),
        (npy_bytes(np.full((4, 3), np.nan, np.float32)), GOOD_FACES),
        (GOOD_VERTICES, npy_bytes(TETRAHEDRON.faces + 1)),
        (GOOD_VERTICES, npy_bytes(TETRAHEDRON.faces - 1)),
    ],
    ids=["empty", "pickle", "object", "short", "long", "giant", "float64", "fortran", "flat", "nan", "beyond", "negative"],
)
def test_forged_arrays_are_refused(vertices: bytes, faces: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    (exchange / f"{1:016x}.npy").write_bytes(vertices)
    (exchange / f"{2:016x}.npy").write_bytes(faces)
    with pytest.raises(WorkerError):
        protocol.decode(preview_line(f"{1:016x}.npy", f"{2:016x}.npy"), exchange)
    assert not (tmp_path / "bomb-went-off").exists()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_link_out_of_the_exchange_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.npy"
    secret.write_bytes(GOOD_VERTICES)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    (exchange / f"{1:016x}.npy").symlink_to(secret)
    (exchange / f"{2:016x}.npy").write_bytes(GOOD_FACES)
    with pytest.raises(WorkerError):
        protocol.decode(preview_line(f"{1:016x}.npy", f"{2:016x}.npy"), exchange)
    assert secret.exists()


def test_remove_arrays_takes_unread_files_and_the_folder_but_nothing_else(tmp_path: Path) -> None:
    private = tmp_path / "private"
    shared = tmp_path / "shared"
    for folder in (private, shared):
        folder.mkdir()
        protocol.encode(Preview(Stage.SAMPLE, TETRAHEDRON), 1, folder)
    (shared / "precious.txt").write_text("keep me")
    remove_arrays(private)
    remove_arrays(shared)
    assert not private.exists()
    assert [path.name for path in shared.iterdir()] == ["precious.txt"]
