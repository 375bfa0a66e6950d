"""Messages that were right and were changed, in both directions: each is taken as it must be, or refused in one sentence."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashvdm_core.api.errors import WorkerError
from flashvdm_core.api.events import CutOut, Event, Failure, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.fields import parse_json
from flashvdm_core.api.mesh import Colouring, TriangleMesh
from flashvdm_core.api.tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request, Task
from flashvdm_core.api.wire import protocol
from flashvdm_core.api.wire.protocol import CommandError, Generate, Ready
from flashvdm_core.geometry.edges import with_edges

MESH = with_edges(
    TriangleMesh(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32),
        np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32),
    )
)
LATENTS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
PICTURE = np.full((2, 3, 4), 7, np.uint8)
COLOURING = Colouring(np.zeros((12, 2), np.float32), np.zeros((2, 2, 3), np.uint8), PICTURE, 10.0, 5.0)
EVENTS: list[Event | Ready] = [
    Ready("1", "3.11", "2", "cpu"),
    Progress(Stage.DECODE, 0.5),
    CutOut("front", PICTURE),
    Preview(Stage.SAMPLE, MESH),
    Log("A line.", True),
    Failure("ImageError", "A sentence.", "details"),
    Result(MESH, 5, "m", {"steps": 3}, {"decode": 0.5}, (10,), LATENTS, COLOURING, peak_memory=9, model_identity="i"),
]
TASKS: list[Task] = [
    Request({"front": "a.png"}, {"seed": 3}, True, BlockOut(MESH, 0.5)),
    Request({"front": "a.png"}, masks={"front": np.zeros((3, 2), np.uint8)}),
    DecodeLatents(LATENTS, {"resolution": 64}, PICTURE, model_identity="i"),
    Blend(LATENTS, -LATENTS, 0.25, {}, "i", ""),
    CutOutOnly({"front": "a.png", "left": "b.png"}),
]
_NUMBERS = [0, -1, 2**31, 2**40, 10**400, 1e308, -0.5, 1.5]
_NAMES = [{"npy": name} for name in (3, f"{1:016x}.npy", "../0123456789abcdef.npy", "x.npy")]
_WRONG = st.sampled_from([None, True, "", "x", "\ud800", "a\0b", "x" * 5000, [], [1], {}, *_NUMBERS, *_NAMES])


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value in a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from places(inner)


def changed(line: bytes, folder: Path, data: st.DataObject) -> bytes:
    """The message with some of its values, or the bytes of its arrays, changed."""
    fields = json.loads(line)
    for _ in range(data.draw(st.integers(0, 2))):
        found = list(places(fields))
        container, key = data.draw(st.sampled_from(found)) if found else (fields, "event")
        if isinstance(container, dict) and data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = copy.deepcopy(data.draw(_WRONG))
    for file in sorted(folder.iterdir(), key=Path.read_bytes)[: data.draw(st.integers(0, 2))]:
        content = bytearray(file.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        file.write_bytes(content)
    return json.dumps(fields).encode() + b"\n"


def cleared(folder: Path) -> Path:
    for file in folder.iterdir():
        file.unlink()
    return folder


def in_time(read: Callable[[], Any], refusal: type[WorkerError]) -> Any:
    """What was read, or None for what was refused in a sentence."""
    start, refused, found = time.process_time(), "", None
    try:
        found = read()
    except refusal as error:
        refused = str(error)
    assert time.process_time() - start < 2.0
    assert bool(refused) != (found is not None)
    assert len(refused.encode()) < 6000
    return found


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(EVENTS), st.data())
def test_a_changed_event_is_right_or_refused(tmp_path: Path, event: Event | Ready, data: st.DataObject) -> None:
    line = changed(protocol.encode(event, 7, cleared(tmp_path)), tmp_path, data)
    decoded = in_time(lambda: protocol.decode(line, tmp_path), WorkerError)
    match decoded and decoded[1]:
        case Progress(stage, fraction):
            assert isinstance(stage, Stage)
            assert 0 <= fraction <= 1
        case CutOut(view, rgba):
            assert view in ("front", "left", "back", "right")
            assert rgba.size
        case Preview(_, mesh):
            assert_sound(mesh)
        case Result() as result:
            assert_sound(result.mesh)
            assert 0 <= result.seed < 2**31
            assert all(name in list(Stage) and math.isfinite(seconds) for name, seconds in result.seconds.items())
            assert isinstance(result.settings.get("steps", 0), int)
            json.dumps(dict(result.settings)).encode()
        case _:
            pass


def assert_sound(mesh: TriangleMesh) -> None:
    assert np.isfinite(mesh.vertices).all()
    assert not mesh.faces.size or 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices)


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TASKS), st.data())
def test_a_changed_task_is_right_or_refused(tmp_path: Path, task: Task, data: st.DataObject) -> None:
    line = changed(protocol.encode_command(Generate(7, task), cleared(tmp_path)), tmp_path, data)
    command = in_time(lambda: protocol.decode_command(line, tmp_path), CommandError)
    match command and getattr(command, "task", None):
        case Request(images) | CutOutOnly(images):
            assert images
        case DecodeLatents(latents) | Blend(latents):
            assert np.isfinite(latents).all()
        case _:
            pass


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_no_bytes_break_either_reader(content: bytes, depth: int) -> None:
    for line in (content, b'{"event": ' + content, b"[" * depth, b'{"id":' * depth, b'{"command":' + b"9" * depth + b"}"):
        in_time(lambda line=line: protocol.decode(line, Path("/nonexistent")), WorkerError)
        in_time(lambda line=line: protocol.decode_command(line, Path("/nonexistent")), CommandError)


@pytest.mark.parametrize("text", ["[" * 99_999, '{"a":' * 99_999, "9" * 99_999, "NaN", "[Infinity]", "", "\ud800", "{", "1e999"])
def test_the_parser_of_json_raises_nothing_else(text: str) -> None:
    try:
        value = parse_json(text)
    except ValueError:
        return
    assert value == math.inf  # which whoever asks for a number refuses


def test_a_sentence_fits_a_line_whatever_it_quotes(tmp_path: Path) -> None:
    """A worker quotes what it was sent; a line that is too long would end its reading thread."""
    name = "\U0001f4ba" * 100_000
    for event in (Log(name, True), Failure("X", name, name)):
        assert len(protocol.encode(event, 1, tmp_path)) < protocol.MAX_LINE
    line = json.dumps({"command": "generate", "id": 1, "task": {"kind": "cut-out", "settings": {"x" * 900_000: 1}, "images": {}}})
    with pytest.raises(CommandError) as refused:
        protocol.decode_command(line.encode(), tmp_path)
    assert len(str(refused.value)) < 2000
