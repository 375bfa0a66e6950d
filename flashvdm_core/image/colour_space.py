"""What the numbers of a picture mean as colours, and their way into sRGB: ICC profiles, cICP, gAMA and cHRM.

A colour space of three curves and a matrix is worked out here, with 16 bits; profiles of tables (printers, scanners)
are left to LittleCMS, with 8. Colours that sRGB can't show are clipped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageCms

from ..api.colour import linear_to_srgb, srgb_to_linear

_CODES = 65536
_CHUNK = 1 << 19  # pixels that are worked on at a time
_SAME = 1.5  # levels of 255: a space that is no farther from sRGB is taken for it
_WHITE_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
"""x and y of red, green, blue and white, as all primaries here."""

_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
_CICP_PRIMARIES = {
    1: _SRGB,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), (0.3127, 0.3290)),
    6: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), (0.3127, 0.3290)),
    7: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), (0.3127, 0.3290)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
}
_PAPER_WHITE = 203.0  # cd/m2, of ITU-R BT.2408: what HDR shows as plain white


class ProfileError(ValueError):
    """A colour profile that can't be used."""


@dataclass(frozen=True, eq=False)
class ColourSpace:
    """Three curves and a matrix.

    Attributes:
        curves: float32 [3, 65536], linear light over the stored value.
        matrix: float32 [3, 3], from linear light to linear sRGB.
    """

    curves: np.ndarray
    matrix: np.ndarray

    def to_srgb(self, colours: np.ndarray) -> np.ndarray:
        """uint8 or uint16 [..., 3], full range -> uint8 sRGB [..., 3]."""
        flat = colours.reshape(-1, 3)
        result = np.empty(flat.shape, np.uint8)
        for start in range(0, len(flat), _CHUNK):
            part = flat[start : start + _CHUNK]
            codes = part if part.dtype == np.uint16 else part.astype(np.uint16) * np.uint16(257)
            light = np.stack([curve[codes[:, channel]] for channel, curve in enumerate(self.curves)], 1) @ self.matrix.T
            result[start : start + _CHUNK] = encoded(light)
        return result.reshape(colours.shape)

    @cached_property
    def is_srgb(self) -> bool:
        """Whether nobody could see a difference."""
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        grid = np.stack(np.meshgrid(steps, steps, steps), -1)
        return bool(np.abs(self.to_srgb(grid).astype(np.float32) - grid).max() <= _SAME)


@dataclass(frozen=True, eq=False)
class TableProfile:
    """A profile that only LittleCMS understands; `mode` is the kind of Pillow images that it is for."""

    transform: ImageCms.ImageCmsTransform
    mode: str

    def to_srgb(self, picture: Image.Image) -> Image.Image:
        """An image of `mode` -> RGB."""
        converted = ImageCms.applyTransform(picture, self.transform)
        assert converted is not None
        return converted


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear sRGB light, floats of any shape -> uint8 sRGB, clipped."""
    codes = (light.clip(0, 1) * np.float32(_CODES - 1) + np.float32(0.5)).astype(np.int32)
    return _ENCODED[codes]


def adobe_rgb() -> ColourSpace:
    """What cameras call Adobe RGB in their EXIF data."""
    return _space([_power(563 / 256)] * 3, _ADOBE_RGB)


def of_png_gamma(gamma: float | None, primaries: tuple[tuple[float, float], ...] | None) -> ColourSpace:
    """The space of a PNG's gAMA (such as 1 / 2.2) and cHRM; what is None or makes no sense is that of sRGB."""
    # Encoders write 1 / 2.2 where they mean sRGB.
    usual = gamma is None or gamma <= 0 or abs(gamma - 0.45455) < 0.001
    curve = _srgb_curve() if usual or gamma is None else _power(1 / gamma)
    try:
        return _space([curve] * 3, primaries or _SRGB)
    except ProfileError:
        return _space([curve] * 3, _SRGB)


def of_cicp(primaries: int, transfer: int, full_range: bool) -> ColourSpace:
    """The space of a PNG's cICP chunk (the code points of ITU-T H.273).

    Raises:
        ProfileError: a code point that is not known.
    """
    codes = np.linspace(0, 1, _CODES)
    if not full_range:
        codes = ((codes * 255 - 16) / 219).clip(0, 1)
    if primaries not in _CICP_PRIMARIES:
        raise ProfileError(f"primaries {primaries} are not known")
    # The curves of television are those of cameras; what is kept with them as a still was seen on a screen.
    if transfer in (1, 6, 13, 14, 15):
        curve = srgb_to_linear(codes)
    elif transfer in (4, 5):
        curve = codes ** (2.2 if transfer == 4 else 2.8)
    elif transfer == 8:
        curve = codes
    elif transfer == 16:
        root = codes ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        curve = light * 10000 / _PAPER_WHITE
    elif transfer == 18:
        dark, bright = codes**2 / 3, (np.exp((codes - 0.55991073) / 0.17883277) + 0.28466892) / 12
        curve = (np.where(codes <= 0.5, dark, bright) * 3.774) ** 1.2
    else:
        raise ProfileError(f"the transfer function {transfer} is not known")
    return _space([curve.astype(np.float32)] * 3, _CICP_PRIMARIES[primaries])


def of_icc(profile: bytes, mode: str) -> ColourSpace | TableProfile | None:
    """The space of an ICC profile for pictures of the Pillow mode `mode` (L, RGB or CMYK); None where it is sRGB.

    Raises:
        ProfileError: it is damaged, or for another kind of colours.
    """
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ProfileError("it is damaged")
    wanted = {"L": (b"GRAY", b"RGB "), "RGB": (b"RGB ",), "CMYK": (b"CMYK",)}[mode]
    if profile[16:20] not in wanted:
        raise ProfileError(f"it is for {profile[16:20].decode('latin-1').strip()} colours")
    try:
        tags = _tags(profile)
        if b"A2B0" in tags or profile[16:20] == b"CMYK" or profile[20:24] != b"XYZ ":
            return _table_profile(profile)
        space = _matrix_profile(tags, grey=profile[16:20] == b"GRAY")
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise ProfileError("it is damaged") from error
    return None if space.is_srgb else space


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for index in range(min(count, 200)):
        name, start, length = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        tags[name] = profile[start : start + length]
    return tags


def _table_profile(profile: bytes) -> TableProfile:
    import io

    mode = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}[profile[16:20]]
    try:
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(io.BytesIO(profile), target, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    except (ImageCms.PyCMSError, OSError) as error:
        raise ProfileError("it is damaged") from error
    return TableProfile(transform, mode)


def _matrix_profile(tags: dict[bytes, bytes], grey: bool) -> ColourSpace:
    if grey:
        return ColourSpace(np.stack([_curve(tags[b"kTRC"])] * 3), np.eye(3, dtype=np.float32))
    curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
    columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    to_xyz = np.stack(columns, 1)
    if not 0.5 < to_xyz[1].sum() < 1.5:
        raise ProfileError("its white is not white")
    return ColourSpace(curves, (_FROM_D50 @ to_xyz).astype(np.float32))


def _xyz(tag: bytes) -> np.ndarray:
    if tag[:4] != b"XYZ ":
        raise ProfileError("a colour of it is damaged")
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> np.ndarray:
    """float32 [65536] of a tag of type curv or para."""
    codes = np.linspace(0, 1, _CODES)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return codes.astype(np.float32)
        if count == 1:
            return _power(struct.unpack_from(">H", tag, 12)[0] / 256)
        if 12 + 2 * count > len(tag):
            raise ProfileError("a curve of it is cut")
        table = np.frombuffer(tag, ">u2", count, 12) / 65535
        return np.interp(codes, np.linspace(0, 1, count), table).astype(np.float32)
    if tag[:4] != b"para":
        raise ProfileError("a curve of it is damaged")
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = [number / 65536 for number in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = {
        0: lambda g: (g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        1: lambda g, a, b: (g, a, b, 0.0, -b / a, 0.0, 0.0),
        2: lambda g, a, b, c: (g, a, b, 0.0, -b / a, c, c),
        3: lambda g, a, b, c, d: (g, a, b, c, d, 0.0, 0.0),
        4: lambda g, a, b, c, d, e, f: (g, a, b, c, d, e, f),
    }[kind](*numbers)
    with np.errstate(all="ignore"):
        curve = np.where(codes >= d, np.maximum(a * codes + b, 0) ** g + e, c * codes + f)
    if not np.isfinite(curve).all():
        raise ProfileError("a curve of it is damaged")
    return curve.clip(0, 1).astype(np.float32)


def _power(exponent: float) -> np.ndarray:
    return (np.linspace(0, 1, _CODES) ** exponent).astype(np.float32)


def _srgb_curve() -> np.ndarray:
    return srgb_to_linear(np.linspace(0, 1, _CODES)).astype(np.float32)


def _space(curves: list[np.ndarray], primaries: tuple[tuple[float, float], ...]) -> ColourSpace:
    return ColourSpace(np.stack(curves), (_FROM_D50 @ _to_d50(primaries)).astype(np.float32))


def _to_d50(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """[3, 3] from linear light of these primaries to XYZ beside the white D50, as in ICC profiles."""
    xyz = np.array([(x / y, 1.0, (1 - x - y) / y) if y > 1e-4 else (0.0, 0.0, 0.0) for x, y in primaries]).T
    if abs(np.linalg.det(xyz[:, :3])) < 1e-3:
        raise ProfileError("its primaries are no triangle")
    white = xyz[:, 3]
    to_xyz = xyz[:, :3] * np.linalg.solve(xyz[:, :3], white)
    scale = (_BRADFORD @ _WHITE_D50) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ to_xyz
    if not np.isfinite(adapted).all():
        raise ProfileError("its white makes no sense")
    return adapted


_FROM_D50 = np.linalg.inv(_to_d50(_SRGB))
_ENCODED = np.rint(linear_to_srgb(np.linspace(0, 1, _CODES)) * 255).astype(np.uint8)
