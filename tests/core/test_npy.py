"""Arrays from outside: what NumPy writes is read, and whatever else lies there is refused in words, soon, in little memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy

from flashvdm_core.api.errors import WorkerError
from flashvdm_core.api.npy import read_npy
from flashvdm_core.api.wire import protocol

_SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
_TYPES = st.sampled_from([np.float32, np.float16, np.int32, np.int64, np.uint8])


def written(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def with_header(header: bytes, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def read(data: bytes, shape: tuple[int | None, ...] = (None, 3)) -> np.ndarray:
    return read_npy(io.BytesIO(data), len(data), np.float32, shape)


@given(_SHAPES, _TYPES)
def test_what_numpy_writes_comes_back(shape: tuple[int, ...], kind: type) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    data = written(array)
    found = read_npy(io.BytesIO(data), len(data), kind, (None,) * len(shape))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.flags.writeable


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), ",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': ((((((((",
        b"{'descr': '<f4",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"-" * 10_000 + b"4, 3), }\n",
        b"{'descr': '(2,', 'fortran_order': False, 'shape': (4, 3), }\n",
        b"if True:\n  1\n 2\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4 3), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (12), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 3), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 3L), }\n",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }\n",
        b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4, 3), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (10737418240, 3), }\n",
        b"\xff" * 200,
        b"",
    ],
)
def test_a_header_that_is_none_is_refused_in_words(header: bytes) -> None:
    for data in (with_header(header, bytes(48)), with_header(header), with_header(header, bytes(48))[:20]):
        tracemalloc.start()
        with pytest.raises(ValueError, match="array"):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 20


@settings(max_examples=300)
@given(st.data())
def test_no_change_of_its_bytes_makes_it_anything_but_an_array_or_refused(data: st.DataObject) -> None:
    right = bytearray(written(np.arange(12, dtype=np.float32).reshape(4, 3)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(right) - 1))
        right[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(ValueError):
        found = read(bytes(right))
        assert found.dtype == np.float32
        assert found.shape[1] == 3


@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_an_array(data: bytes) -> None:
    with pytest.raises(ValueError, match="array"):
        read(data)


def cutout_line(file: Path) -> bytes:
    return (json.dumps({"event": "cutout", "id": 1, "view": "front", "rgba": {"npy": file.name}}) + "\n").encode()


def test_a_file_that_promises_more_than_any_mesh_has_is_refused_although_it_is_that_long(tmp_path: Path) -> None:
    """A sparse file of 128 GiB, which costs nothing to make."""
    file = tmp_path / f"{1:016x}.npy"
    header = with_header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 34359738368, 4), }\n")
    with file.open("wb") as out:
        out.write(header)
        out.truncate(len(header) + (1 << 37))
    with pytest.raises(WorkerError, match="larger than"):
        protocol.decode(cutout_line(file), tmp_path)
    assert not file.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
def test_a_pipe_in_the_place_of_an_array_is_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / f"{1:016x}.npy"
    os.mkfifo(file)
    with pytest.raises(WorkerError, match="pipe"):
        protocol.decode(cutout_line(file), tmp_path)
    assert not file.exists()


def test_a_folder_in_the_place_of_an_array_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / f"{1:016x}.npy"
    folder.mkdir()
    with pytest.raises(WorkerError, match="folder"):
        protocol.decode(cutout_line(folder), tmp_path)
