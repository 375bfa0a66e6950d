"""The one reader of NumPy arrays that come from outside: `.npy` files and what is stored like them. NumPy only.

NumPy's own reader hands the header to Python's parser, which raises nearly anything and takes memory without bound for
some of them; and it allocates what the header promises. Here the header has a grammar of its own, the size is compared with
what is there before anything is allocated, and every failure is a ValueError with a few words.
"""

from __future__ import annotations

import math
import os
import re
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from ..files import open_file

Shape = tuple[int | None, ...]
"""What is expected: None stands for any length."""

MAX_BYTES = 1 << 30
"""Of one array: a mesh at the highest resolution has a quarter of it."""

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(?P<type>[<>|=][a-zA-Z][0-9]{1,3})', 'fortran_order': (?P<fortran>False|True), "
    rb"'shape': \((?P<shape>[0-9, ]{0,200})\), ?\} *\n"
)
_MAX_HEADER = 1024


Types = type | tuple[type, ...]
"""Of a number: what is expected, or all that may be."""


def read_npy(file: BufferedIOBase, size: int, dtype: Types, shape: Shape, limit: int = MAX_BYTES) -> np.ndarray:
    """The array of exactly `dtype`, in C order, and of `shape`, that `file` holds and nothing else.

    Args:
        file: at its start.
        size: bytes that it holds.
        limit: bytes of the largest array that is taken.

    Raises:
        ValueError: it holds something else, or is too large.
        OSError: it cannot be read.
    """
    found, sizes = read_npy_header(file, size, dtype, shape, limit)
    try:
        array = np.empty(sizes, found)
    except MemoryError:
        raise ValueError("an array is larger than the memory that is left") from None
    view = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
    while len(view):
        read = file.readinto(view)
        if not read:
            raise ValueError("an array ends too early")
        view = view[read:]
    return array


def read_npy_file(path: Path, dtype: Types, shape: Shape) -> np.ndarray:
    """The array that a plain file holds, read as `read_npy` does.

    Raises:
        ValueError, OSError: as there; what `path` leads to is no plain file, or a link.
    """
    with open_file(path, follow=False) as file:
        return read_npy(file, os.fstat(file.fileno()).st_size, dtype, shape)


def read_npy_header(
    file: BufferedIOBase, size: int, dtype: Types, shape: Shape, limit: int = MAX_BYTES
) -> tuple[np.dtype, tuple[int, ...]]:
    """The type and the shape of the array that `read_npy` would give; raises as it does. `file` is behind the header then."""
    start = file.read(len(_MAGIC) + 2)
    if start[: len(_MAGIC)] != _MAGIC or len(start) != len(_MAGIC) + 2:
        raise ValueError("it is no array file")
    length = int.from_bytes(start[-2:], "little")
    header = _HEADER.fullmatch(file.read(length)) if length <= _MAX_HEADER else None
    if header is None:
        raise ValueError("an array has no proper header")
    sizes, types = _sizes(header["shape"]), dtype if isinstance(dtype, tuple) else (dtype,)
    found = next((np.dtype(known) for known in types if np.dtype(known).str.encode() == header["type"]), None)
    fits = len(sizes) == len(shape) and all(want in (None, have) for want, have in zip(shape, sizes, strict=True))
    if found is None or header["fortran"] == b"True" or not fits:
        raise ValueError(f"an array holds {header['type'].decode()} {list(sizes)}")
    count = math.prod(sizes) * found.itemsize
    if size - len(start) - length != count:
        raise ValueError("an array is not of the length that its header says")
    if count > limit:
        raise ValueError(f"an array is larger than {limit >> 20} MiB")
    return found, sizes


def _sizes(text: bytes) -> tuple[int, ...]:
    """The numbers between a tuple's brackets."""
    parts = text.decode("ascii").replace(" ", "").split(",")
    if (parts[-1] == "" and len(parts) != 1) or parts == [""]:
        parts.pop()
    elif len(parts) == 1:
        raise ValueError("an array has no proper header")  # a number in brackets is no tuple
    if not all(part.isdigit() and len(part) <= 18 for part in parts) or len(parts) > 32:
        raise ValueError("an array has no proper header")
    return tuple(int(part) for part in parts)
