"""Pictures as PNG files in memory, made in short steps: a host's own way would hold its interface up. NumPy only."""

import struct
import zlib
from collections.abc import Generator

import numpy as np

_SLICE = 1 << 18  # bytes that are compressed between two beats of a host's interface
_LEVEL = 1  # of zlib: the next one takes twice as long for a tenth less
_COLOUR_TYPES = {3: 2, 4: 6}


def encoded(pixels: np.ndarray) -> Generator[None, None, bytes]:
    """The PNG of `pixels` (uint8 [H, W, 3 or 4], sRGB, row 0 at the top), made in steps of a few milliseconds."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    raw = memoryview(rows.tobytes())
    packer, parts = zlib.compressobj(_LEVEL), []
    for start in range(0, len(raw), _SLICE):
        parts.append(packer.compress(raw[start : start + _SLICE]))
        yield
    parts.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", b"".join(parts)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def whole_png(pixels: np.ndarray) -> bytes:
    """`encoded` all at once."""
    steps = encoded(pixels)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
