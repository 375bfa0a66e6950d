"""What the head of a safetensors file says: names, types, shapes and places of its tensors. Standard library only."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from ..api.fields import Fields, parse_object

_MAX_HEADER = 100_000_000  # bytes
_MOST = 1 << 48
_ITEM_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One tensor.

    Attributes:
        kind: its number format, as safetensors calls it: "F16".
        shape: its sizes.
        start: where it begins, in bytes from the start of the file.
        size: its bytes.
    """

    kind: str
    shape: tuple[int, ...]
    start: int
    size: int


def read_header(file: BinaryIO) -> Mapping[str, Entry]:
    """The tensors of an open safetensors file, which must be whole.

    Raises:
        ValueError: it is no such file, or not all of it.
        OSError: it cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))
    if length > min(_MAX_HEADER, size):
        raise ValueError("not a safetensors file")
    fields, begin = parse_object(file.read(length)), 8 + length
    found = {name: _entry(fields.table(name), begin, size) for name in fields.names if name != "__metadata__"}
    if max((entry.start + entry.size for entry in found.values()), default=begin) != size:
        raise ValueError("not all of a safetensors file")
    return found


def _entry(fields: Fields, begin: int, size: int) -> Entry:
    kind, shape, places = fields.text("dtype"), fields.integers("shape", 0, _MOST), fields.integers("data_offsets", 0, _MOST)
    if len(places) != 2:
        raise ValueError("not a safetensors file")
    start, end = places
    if not start <= end <= size - begin or math.prod(shape) * _ITEM_BYTES.get(kind, 0) not in (0, end - start):
        raise ValueError("not all of a safetensors file")
    return Entry(kind, shape, begin + start, end - start)
