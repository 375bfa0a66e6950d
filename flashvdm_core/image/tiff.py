"""TIFF files with more than 8 bits a sample: whole numbers of any length and floats, grey and colour, by strips.

Pillow knows few of them, and those with a copy or two of the whole picture. What is decompressed is, strip by strip. Of any
depth are kinds that Pillow does not know: large files (BigTIFF) of big-endian machines, colours with several extra channels.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from .samples import Samples

_TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 7: "s", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_VALUES = 8_000_000  # bytes in one tag
_MOST_STRIP = 1 << 29  # bytes of a compressed strip or tile when it is unpacked
_BAND_BYTES = 1 << 23
_SUBFILE, _OLD_SUBFILE, _MOST_PAGES = 254, 255, 200
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORDER, _STRIPS = 256, 257, 258, 259, 262, 266, 273
_ORIENTATION, _CHANNELS, _ROWS, _COUNTS, _MAX_VALUE, _PLANAR, _PREDICTOR = 274, 277, 278, 279, 281, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_COUNTS, _EXTRA, _FORMAT, _SMAX, _ICC = 322, 323, 324, 325, 338, 339, 341, 34675
_WHOLE_BYTES = (8, 16, 32, 64)
_NONE, _DEFLATE, _OLD_DEFLATE, _OLD_JPEG, _JPEG = 1, 8, 32946, 6, 7
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3


class UnknownKindError(ValueError):
    """A TIFF that is not of the kind that is read here."""


def is_tiff(head: bytes) -> bool:
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_thumbnail(tags: Mapping[int, Any]) -> bool:
    """Whether a page is a smaller version of another, or its mask, by its tags: numbers or rows of them."""
    found = (tags.get(_SUBFILE, 0), tags.get(_OLD_SUBFILE, 0))
    new, old = (int(value[0] if isinstance(value, tuple) else value) for value in found)
    return bool(new & 5) or old == 2


def read(file: BinaryIO, most_pixels: float, fewest_bits: int) -> Samples:
    """The first picture of a TIFF file, if it has at least `fewest_bits` a sample.

    Raises:
        UnknownKindError: it has not, or it is of a rare kind; Pillow may know it.
        OverflowError: it has more than `most_pixels`.
        ValueError: the file is damaged.
    """
    try:
        reader = _Reader(file, *_directory(file), fewest_bits)
    except (struct.error, KeyError, IndexError) as error:
        raise ValueError("its directory is damaged") from error
    if reader.width * reader.height > most_pixels:
        raise OverflowError
    return Samples(
        width=reader.width,
        height=reader.height,
        channels=reader.channels,
        bands=reader.bands,
        white=reader.white,
        inverted=reader.inverted,
        premultiplied=reader.premultiplied,
        icc=reader.icc,
        orientation=reader.orientation,
    )


def _directory(file: BinaryIO) -> tuple[str, dict[int, tuple]]:
    """The byte order and the tags of the first picture that is no smaller version of another."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    pointer = order + ("Q" if big else "I")
    (place,) = struct.unpack_from(pointer, head, 8 if big else 4)
    first, following = _page(file, place, order, big)
    tags = first
    for _ in range(_MOST_PAGES):
        if not is_thumbnail(tags):
            return order, tags
        if not following:
            break
        tags, following = _page(file, following, order, big)
    return order, first


def _page(file: BinaryIO, start: int, order: str, big: bool) -> tuple[dict[int, tuple], int]:
    """The tags of a page, and where the next one starts, 0 for none."""
    file.seek(start)
    (count,) = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))
    length = 20 if big else 12
    entries = file.read(min(count, 4096) * length)
    end = file.read(8 if big else 4)
    following = struct.unpack(order + ("Q" if big else "I"), end)[0] if count <= 4096 and len(end) == (8 if big else 4) else 0
    tags: dict[int, tuple] = {}
    for index in range(len(entries) // length):
        tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), entries, index * length)
        code = _TYPES.get(kind)
        if code is None or tag in tags:
            continue
        size = struct.calcsize(code) * number
        place, inline = (index + 1) * length - (8 if big else 4), 8 if big else 4
        if size > _MOST_VALUES:
            raise ValueError("a tag of it is too long")
        content = entries[place : place + size]
        if size > inline:
            file.seek(struct.unpack_from(order + ("Q" if big else "I"), entries, place)[0])
            content = file.read(size)
        tags[tag] = (content,) if code == "s" else struct.unpack(f"{order}{number}{code}", content)
    return tags, following


@dataclass(frozen=True)
class _Layout:
    """Where the pieces (strips or tiles) of a picture are: `across` in a row of them, for each plane all in turn."""

    height: int
    width: int
    across: int
    down: int
    places: tuple[int, ...]
    lengths: tuple[int, ...]


class _Reader:
    def __init__(self, file: BinaryIO, order: str, tags: dict[int, tuple], fewest_bits: int) -> None:
        self._file, self._order = file, order

        def first(tag: int, default: int) -> int:
            return int(tags.get(tag, (default,))[0])

        self.width, self.height = int(tags[_WIDTH][0]), int(tags[_HEIGHT][0])
        self._samples = first(_CHANNELS, 1)
        bits, kinds = set(tags.get(_BITS, (1,))), set(tags.get(_FORMAT, (_UNSIGNED,)))
        self._compression, photometric = first(_COMPRESSION, _NONE), first(_PHOTOMETRIC, 1)
        if len(bits) != 1 or len(kinds) != 1 or not 1 <= self._samples <= 64 or min(self.width, self.height) < 1:
            raise UnknownKindError("its samples differ in kind")
        self._bits, self._kind = int(bits.pop()), int(kinds.pop())
        colours = {0: 1, 1: 1, 2: 3}.get(photometric, 0)
        if not colours or self._samples < colours or first(_ORDER, 1) != 1 or self._compression in (_OLD_JPEG, _JPEG):
            raise UnknownKindError(f"photometric interpretation {photometric}, compression {self._compression}")
        if self._kind in (4, 0):
            self._kind = _UNSIGNED
        if self._bits < fewest_bits or self._dtype() is None:
            raise UnknownKindError(f"{self._bits} bits of the format {self._kind}")
        extra = tags.get(_EXTRA, ())[: self._samples - colours]
        alpha = next((place for place, kind in enumerate(extra) if kind in (1, 2)), None)
        self.channels = colours + (alpha is not None)
        self._used = [*range(colours), *([] if alpha is None else [colours + alpha])]
        self.premultiplied = alpha is not None and extra[alpha] == 1
        self.inverted = photometric == 0
        self.icc: bytes | None = tags[_ICC][0] if isinstance(tags.get(_ICC, (None,))[0], bytes) else None
        self.orientation = first(_ORIENTATION, 1)
        self._planar = first(_PLANAR, 1) == 2 and self._samples > 1
        self._predictor = first(_PREDICTOR, 1) if self._compression != _NONE else 1
        self._layout = self._laid_out(tags, first)
        bytes_of_piece = self._layout.height * self._layout.width * self._samples * self._bits // 8
        if self._compression != _NONE and bytes_of_piece > _MOST_STRIP:
            raise UnknownKindError("its strips are too large to be unpacked")
        self.white = self._white(tags)

    def _dtype(self) -> np.dtype | None:
        """Of the stored samples; numbers that don't fill their bytes become uint16 or uint32."""
        if self._kind == _FLOAT:
            return np.dtype(f"{self._order}f{self._bits // 8}") if self._bits in (16, 32, 64) else None
        if self._bits in _WHOLE_BYTES:
            return np.dtype(f"{self._order}{'i' if self._kind == _SIGNED else 'u'}{self._bits // 8}")
        return np.dtype(np.uint32 if self._bits > 16 else np.uint16) if self._kind == _UNSIGNED and self._bits < 32 else None

    def _white(self, tags: dict[int, tuple]) -> int | None:
        """The largest value where the file says one: by its bits, or by a tag that tells of fewer than are stored."""
        if self._kind != _UNSIGNED or self._bits > 32:
            return None
        if self._bits not in (16, 32):
            return (1 << self._bits) - 1
        # Some writers note the largest value that occurs: only a number of all ones is a depth.
        told = {int(value) for tag in (_SMAX, _MAX_VALUE) for value in tags.get(tag, ()) if not isinstance(value, bytes)}
        depths = [value for value in told if value >= 255 and value & (value + 1) == 0 and value.bit_length() < self._bits]
        return min(depths) if depths else None

    def _laid_out(self, tags: dict[int, tuple], first) -> _Layout:
        if _TILES in tags:
            height, width = first(_TILE_HEIGHT, 0), first(_TILE_WIDTH, 0)
            places, lengths = tags[_TILES], tags[_TILE_COUNTS]
        else:
            height, width = min(first(_ROWS, self.height), self.height), self.width
            places, lengths = tags[_STRIPS], tags.get(_COUNTS, ())
        if height < 1 or width < 1:
            raise ValueError("its strips have no size")
        across, down = math.ceil(self.width / width), math.ceil(self.height / height)
        planes = self._samples if self._planar else 1
        if not lengths and len(places) == 1:
            lengths = (1 << 40,)
        if min(len(places), len(lengths)) < across * down * planes:
            raise ValueError("strips are missing")
        return _Layout(height, width, across, down, places, lengths)

    def bands(self) -> Iterator[np.ndarray]:
        """The rows from the top on, some at a time: [n, W, C] of the stored type."""
        layout = self._layout
        planes = self._samples if self._planar else 1
        dtype = self._dtype()
        assert dtype is not None
        for row in range(layout.down):
            height = min(layout.height, self.height - row * layout.height)
            pieces = [
                [self._piece((plane * layout.down + row) * layout.across + column, height) for column in range(layout.across)]
                for plane in range(planes)
            ]
            band = max(1, _BAND_BYTES // (self.width * self._samples * dtype.itemsize))
            for top in range(0, height, band):
                rows = [_joined([piece(top, min(top + band, height)) for piece in plane], 1) for plane in pieces]
                yield _joined(rows, 2)[:, : self.width, self._used]

    def _piece(self, index: int, height: int):
        """A function from rows (first, last + 1) of the strip or tile to its samples [n, W, C]."""
        layout, samples = self._layout, 1 if self._planar else self._samples
        stride = (layout.width * samples * self._bits + 7) // 8
        place, length = layout.places[index], layout.lengths[index]
        if self._compression == _NONE:

            def from_file(top: int, bottom: int) -> np.ndarray:
                self._file.seek(place + top * stride)
                return self._unpacked(self._file.read((bottom - top) * stride), bottom - top, stride, samples)

            return from_file
        stored = layout.height if layout.across > 1 or layout.width != self.width else height
        self._file.seek(place)
        rows = self._decompressed(self._file.read(min(length, _MOST_STRIP)), stride, stored)

        def from_memory(top: int, bottom: int) -> np.ndarray:
            return self._unpacked(rows(top, bottom), bottom - top, stride, samples)

        return from_memory

    def _decompressed(self, content: bytes, stride: int, height: int):
        """A function from rows (first, last + 1) to their bytes."""
        if self._compression in (_DEFLATE, _OLD_DEFLATE):
            whole = zlib.decompressobj().decompress(content, stride * height)
            return lambda top, bottom: whole[top * stride : bottom * stride]
        # As if its bytes were pixels: libtiff knows all the other ways of packing.
        picture = Image.open(io.BytesIO(_wrapped(content, stride, height, self._compression)), formats=("TIFF",))
        picture.load()
        return lambda top, bottom: picture.crop((0, top, stride, bottom)).tobytes()

    def _unpacked(self, content: bytes, height: int, stride: int, samples: int) -> np.ndarray:
        if len(content) < height * stride:
            raise ValueError("the file is cut")
        width, dtype = self._layout.width, self._dtype()
        assert dtype is not None
        if self._predictor == 3:
            return self._float_predicted(content, height, samples)
        if self._bits in _WHOLE_BYTES:
            values = np.frombuffer(content, dtype).reshape(height, width, samples)
            if self._predictor == 2:
                whole = values.view(f"{self._order}u{dtype.itemsize}")
                native = np.cumsum(whole, 1, dtype=f"u{dtype.itemsize}")
                return native.view(dtype.newbyteorder("="))
            return values
        bits = np.unpackbits(np.frombuffer(content, np.uint8).reshape(height, stride), axis=1)
        bits = bits[:, : width * samples * self._bits].reshape(height, width, samples, self._bits)
        values = np.zeros((height, width, samples), dtype)
        for bit in range(self._bits):
            values |= bits[..., bit].astype(dtype) << dtype.type(self._bits - 1 - bit)
        return values

    def _float_predicted(self, content: bytes, height: int, samples: int) -> np.ndarray:
        width, size = self._layout.width, self._bits // 8
        planes = np.frombuffer(content, np.uint8).reshape(height, size * width, samples)
        planes = np.cumsum(planes, 1, dtype=np.uint8).reshape(height, size, width * samples)
        return np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{size}").reshape(height, width, samples)


def _joined(parts: list[np.ndarray], axis: int) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


def _wrapped(content: bytes, width: int, height: int, compression: int) -> bytes:
    """A TIFF file of one strip of 8-bit grey pixels, packed as `compression` says."""
    entries = [(256, width), (257, height), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1), (278, height)]
    entries.append((279, len(content)))
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    directory = struct.pack("<H", len(entries)) + packed + struct.pack("<I", 0)
    padding = b"\0" * (len(content) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(content) + len(padding)) + content + padding + directory
