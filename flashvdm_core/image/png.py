"""The chunks of a PNG file: those that matter are handed to Pillow, the rest is passed over whatever its length."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from .colour_space import ColourSpace, ProfileError, TableProfile, of_cicp, of_icc, of_png_gamma

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT")
_SMALL = (b"eXIf", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
_MOST_CHUNKS = 1_000_000
_MOST_ANCILLARY = 1 << 24  # bytes, compressed and not; the largest profiles of printers have a few million
_PIECE = 1 << 16  # compressed bytes at a time; they may become a thousand times as many

Span = tuple[int, int] | bytes
"""Where a part of a file starts and its length, or the bytes themselves."""


@dataclass
class Png:
    """What a PNG file is made of.

    Attributes:
        header: width, height, bits, colour type and interlacing.
        spans: of all chunks that Pillow has to see, each with length, name and checksum.
        data: of what is inside the IDAT chunks.
        ancillary: the small chunks that tell about colours and rotation, by name.
        cut: the file ends inside of a chunk that Pillow would ask memory for.
        apple: of the kind that Xcode puts into apps: packed without a zlib header, BGR, multiplied by alpha.
    """

    header: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    spans: list[Span] = field(default_factory=lambda: [SIGNATURE])
    data: list[tuple[int, int]] = field(default_factory=list)
    ancillary: dict[bytes, bytes] = field(default_factory=dict)
    cut: bool = False
    apple: bool = False

    @property
    def mode(self) -> str:
        """L or RGB: what a profile in it must be for."""
        return "L" if self.header[3] in (0, 4) else "RGB"


def scan(file: BinaryIO) -> Png:
    """The chunks of a PNG file up to its end or to where it is cut; ValueError if there are no pixels."""
    found = Png()
    size = file.seek(0, io.SEEK_END)
    place = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            break
        length, name = struct.unpack(">I4s", head)
        there = min(length, size - place - 8)
        found.apple |= name == b"CgBI"
        if name == b"IDAT":
            found.data.append((place + 8, there))
        if name == b"IHDR" and there >= 13:
            width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
            found.header = (width, height, bits, colour, interlaced)
        elif name in _SMALL and there == length <= _MOST_ANCILLARY:
            _keep_ancillary(found, file, name, length)
        if name in _KEPT:
            found.spans.append((place, min(length + 12, size - place)))
            found.cut |= there < length
        place += length + 12
        if name == b"IEND" or place > size:
            break
    if not found.header[0] or not found.data:
        raise ValueError("there are no pixels in it")
    return found


def _keep_ancillary(found: Png, file: BinaryIO, name: bytes, length: int) -> None:
    content = file.read(length)
    checksum = file.read(4)
    if name in found.ancillary or struct.pack(">I", zlib.crc32(name + content)) != checksum:
        return
    found.ancillary[name] = content
    if name == b"eXIf" and length < 1 << 16:
        found.spans.append(chunk(name, content))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def colour_space(png: Png) -> ColourSpace | TableProfile | None:
    """The space of the picture's colours, None for sRGB; cICP goes before iCCP, that before sRGB, gAMA and cHRM.

    Raises:
        ProfileError: it says a space that cannot be used.
    """
    told = png.ancillary
    if len(told.get(b"cICP", b"")) == 4:
        space = of_cicp(told[b"cICP"][0], told[b"cICP"][1], bool(told[b"cICP"][3]))
    elif b"iCCP" in told:
        return of_icc(_profile(told[b"iCCP"]), png.mode)
    elif b"sRGB" in told or not (b"gAMA" in told or b"cHRM" in told):
        return None
    else:
        gamma, primaries = told.get(b"gAMA", b""), told.get(b"cHRM", b"")
        numbers = [number / 100000 for number in struct.unpack(">8I", primaries)] if len(primaries) == 32 else []
        pairs = tuple((numbers[index], numbers[index + 1]) for index in (2, 4, 6, 0)) if numbers else None
        space = of_png_gamma(struct.unpack(">I", gamma)[0] / 100000 if len(gamma) == 4 else None, pairs)
    return None if space.is_srgb else space


def _profile(content: bytes) -> bytes:
    """The ICC profile in an iCCP chunk: a name, a zero, the method zero, and compressed bytes."""
    _, _, rest = content.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(rest[1:], _MOST_ANCILLARY)
    except zlib.error as error:
        raise ProfileError("it is damaged") from error


class Stitched(io.RawIOBase):
    """A file of parts of another file and of bytes between them, to read only."""

    def __init__(self, file: BinaryIO, spans: Sequence[Span]) -> None:
        super().__init__()
        self._file = file
        self._spans = spans
        self._starts = [0]
        for span in spans:
            self._starts.append(self._starts[-1] + (len(span) if isinstance(span, bytes) else span[1]))
        self._place = 0
        self._index = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence])
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._place >= self._starts[-1]:
            return 0
        if self._place < self._starts[self._index]:
            self._index = 0
        while self._place >= self._starts[self._index + 1]:
            self._index += 1
        within = self._place - self._starts[self._index]
        length = min(len(buffer), self._starts[self._index + 1] - self._place)
        span = self._spans[self._index]
        if isinstance(span, bytes):
            part = span[within : within + length]
        else:
            self._file.seek(span[0] + within)
            part = self._file.read(length)
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


def stitched(file: BinaryIO, spans: Sequence[Span]) -> io.BufferedReader:
    """See `Stitched`."""
    return io.BufferedReader(Stitched(file, spans), _PIECE)


def rescued(file: BinaryIO, png: Png) -> tuple[io.BufferedReader, int]:
    """A whole PNG file of the rows that a damaged one, or one of Apple's, holds, and their number.

    Raises:
        ValueError: none is whole, or the picture is interlaced.
    """
    width, height, bits, colour, interlaced = png.header
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour)
    if interlaced or channels is None:
        raise ValueError("the rows are interlaced")
    stride = 1 + (width * bits * channels + 7) // 8
    packed = zlib.compressobj(1)
    pieces, left = [], stride * height
    for part in _inflated(file, png):
        pieces.append(packed.compress(part[:left]))
        left -= min(left, len(part))
        if not left:
            break
    rows = (stride * height - left) // stride
    if not rows:
        raise ValueError("no row is whole")
    # What there is of the row after the last is passed over by the decoder.
    pieces.append(packed.flush())
    methods = struct.pack(">IIBBBBB", width, rows, bits, colour, 0, 0, 0)
    parts: list[Span] = [SIGNATURE, chunk(b"IHDR", methods)]
    for span in png.spans[1:]:
        name = _name(file, span)
        if name in (b"PLTE", b"tRNS", b"eXIf"):
            parts.append(span)
    parts += [chunk(b"IDAT", b"".join(pieces)), chunk(b"IEND", b"")]
    return stitched(file, parts), rows


def _inflated(file: BinaryIO, png: Png) -> Iterator[bytes]:
    """What its pixels are when unpacked, up to their end or to the first damage."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if png.apple else zlib.MAX_WBITS)
    for start, length in png.data:
        for offset in range(0, length, _PIECE):
            file.seek(start + offset)
            piece, before = file.read(min(_PIECE, length - offset)), inflater.copy()
            try:
                yield inflater.decompress(piece)
            except zlib.error:
                # What comes before the damage in this piece is good.
                with contextlib.suppress(zlib.error):
                    for index in range(len(piece)):
                        yield before.decompress(piece[index : index + 1])
                return


def _name(file: BinaryIO, span: Span) -> bytes:
    if isinstance(span, bytes):
        return span[4:8]
    file.seek(span[0] + 4)
    return file.read(4)
