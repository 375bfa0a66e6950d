"""Picture files of kinds that Pillow doesn't write: TIFFs of deep samples, PNGs of 16 bits, ICC profiles."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
"""x and y of red, green, blue and white."""

DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585))
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_file(values: np.ndarray, *before: bytes, after: tuple[bytes, ...] = ()) -> bytes:
    """uint8 or uint16 [H, W, 1 to 4] as PNG, with the chunks `before` the pixels and `after` them."""
    height, width, channels = values.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = values.astype(values.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows], 1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8 * values.dtype.itemsize, colour, 0, 0, 0)
    parts = [png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", zlib.compress(raw)), *after, png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff_file(
    values: np.ndarray, *, order: str = "<", packed: bool = False, strip: int = 0, big: bool = False, **tags: tuple
) -> bytes:
    """[H, W, 1 to 4] of any numbers as TIFF.

    Args:
        order: "<" or ">", of bytes.
        packed: compressed by deflate, with the predictor for its kind of numbers.
        strip: rows in a strip; 0 for all.
        big: as BigTIFF.
        tags: more of them, as t338=("H", 2).
    """
    height, width, channels = values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    size = values.dtype.itemsize
    strip = strip or height
    strips = [_strip(values[top : top + strip], order, packed) for top in range(0, height, strip)]
    places = np.cumsum([16 if big else 8, *map(len, strips)]).tolist()
    entries: dict[int, tuple] = {256: ("I", width), 257: ("I", height), 258: ("H", *[8 * size] * channels)}
    entries |= {259: ("H", 8 if packed else 1), 262: ("H", 2 if channels > 2 else 1), 273: ("I", *places[:-1])}
    entries |= {277: ("H", channels), 278: ("I", strip), 279: ("I", *map(len, strips)), 339: ("H", *[kind] * channels)}
    if packed:
        entries[317] = ("H", 3 if kind == 3 else 2)
    if channels in (2, 4):
        entries[338] = ("H", 2)
    entries |= {int(name[1:]): value for name, value in tags.items()}
    start = places[-1] + places[-1] % 2
    counting, pointer, inline, entry = ("Q", "Q", 8, 20) if big else ("H", "I", 4, 12)
    beyond = start + struct.calcsize("<" + counting) + entry * len(entries) + inline
    directory, rest = struct.pack(order + counting, len(entries)), b""
    for tag, (code, *numbers) in sorted(entries.items()):
        content = numbers[0] if code == "s" else struct.pack(f"{order}{len(numbers)}{code}", *numbers)
        count = len(content) if code == "s" else len(numbers)
        directory += struct.pack(order + "HH" + pointer, tag, {"H": 3, "I": 4, "s": 7}[code], count)
        if len(content) > inline:
            directory += struct.pack(order + pointer, beyond + len(rest))
            rest += content + b"\0" * (len(content) % 2)
        else:
            directory += content.ljust(inline, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HHQ", 8, 0, start) if big else struct.pack(order + "I", start)
    return (head + b"".join(strips)).ljust(start, b"\0") + directory + b"\0" * inline + rest


def _strip(values: np.ndarray, order: str, packed: bool) -> bytes:
    height, width, channels = values.shape
    size = values.dtype.itemsize
    if not packed:
        return values.astype(values.dtype.newbyteorder(order)).tobytes()
    if values.dtype.kind == "f":
        planes = values.astype(values.dtype.newbyteorder(">")).reshape(height, -1, 1).view(np.uint8)
        planes = np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(height, size * width, channels)
        planes[:, 1:] -= planes[:, :-1].copy()
        return zlib.compress(planes.tobytes())
    whole = values.view(f"u{size}").copy()
    whole[:, 1:] -= whole[:, :-1].copy()
    return zlib.compress(whole.astype(f"{order}u{size}").tobytes())


def rgb_profile(primaries: tuple[tuple[float, float], ...], gamma: float | np.ndarray) -> bytes:
    """An ICC profile of three primaries and one curve: an exponent, or a table of linear light in [0, 1]."""
    curve = _curve(gamma)
    to_d50 = matrix_to_d50(primaries)
    tags = {name: _xyz(to_d50[:, index]) for index, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _profile(b"RGB ", tags | {b"wtpt": _xyz(_D50)} | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey_profile(gamma: float) -> bytes:
    return _profile(b"GRAY", {b"kTRC": _curve(gamma), b"wtpt": _xyz(_D50)})


def matrix_to_d50(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """[3, 3] from linear light to XYZ beside the white D50, after Bradford."""
    xyz = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    to_xyz = xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ xyz[:, 3])
    return np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ to_xyz


def _curve(gamma: float | np.ndarray) -> bytes:
    if isinstance(gamma, np.ndarray):
        return b"curv\0\0\0\0" + struct.pack(">I", len(gamma)) + np.rint(gamma * 65535).astype(">u2").tobytes()
    return b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, round(gamma * 65536))


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": b"mluc\0\0\0\0" + struct.pack(">II", 0, 12), b"cprt": b"mluc\0\0\0\0" + struct.pack(">II", 0, 12)} | tags
    table, content = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        table += name + struct.pack(">II", start + len(content), len(tag))
        content += tag + b"\0" * (-len(tag) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(content), b"\0" * 4, 0x04300000, b"mntr", space, b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return head.ljust(128, b"\0") + table + content
