"""The one reader of NumPy arrays that come from outside: `.npy` files and what is stored like them. NumPy only.

NumPy's own reader hands the header to Python's parser, which raises nearly anything and takes memory without bound for
some of them; and it allocates what the header promises. Here the header has a grammar of its own, the size is compared with
what is there before anything is allocated, and every failure is a ValueError with a few words.
"""

from __future__ import annotations

import math
import re
from io import BufferedIOBase

import numpy as np

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


def read_npy(file: BufferedIOBase, size: int, dtype: type | np.dtype, shape: Shape, limit: int = MAX_BYTES) -> np.ndarray:
    """The array of exactly `dtype`, in C order, and of `shape`, that `file` holds and nothing else.

    Args:
        file: at its start.
        size: bytes that it holds.
        limit: bytes of the largest array that is taken.

    Raises:
        ValueError: it holds something else, or is too large.
        OSError: it cannot be read.
    """
    dtype = np.dtype(dtype)
    start = file.read(len(_MAGIC) + 2)
    if start[: len(_MAGIC)] != _MAGIC or len(start) != len(_MAGIC) + 2:
        raise ValueError("it is no array file")
    length = int.from_bytes(start[-2:], "little")
    if length > _MAX_HEADER:
        raise ValueError("an array has no proper header")
    found = _HEADER.fullmatch(file.read(length))
    if found is None:
        raise ValueError("an array has no proper header")
    sizes = _sizes(found["shape"])
    fits = len(sizes) == len(shape) and all(want in (None, have) for want, have in zip(shape, sizes, strict=True))
    if found["type"] != dtype.str.encode() or found["fortran"] == b"True" or not fits:
        raise ValueError(f"an array holds {found['type'].decode()} {list(sizes)}")
    count = math.prod(sizes) * dtype.itemsize
    if size - len(start) - length != count:
        raise ValueError("an array is not of the length that its header says")
    if count > limit:
        raise ValueError(f"an array is larger than {limit >> 20} MiB")
    try:
        array = np.empty(sizes, dtype)
    except MemoryError:
        raise ValueError("an array is larger than the memory that is left") from None
    view = array.reshape(-1).view(np.uint8).data if count else memoryview(b"")
    while len(view):
        read = file.readinto(view)
        if not read:
            raise ValueError("an array ends too early")
        view = view[read:]
    return array


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
