"""Image files of all kinds made 8-bit sRGB: colour-managed, at their true range, as far as damaged ones can be read."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image

from . import png, tiff
from .colour_space import ColourSpace, ProfileError, TableProfile, adobe_rgb, of_icc
from .reduce import band_height, factors, reduced
from .samples import Samples, found_scale, to_eight_bits

MAX_MEGAPIXELS = 100

# Only these decoders may see the file: some of Pillow's others start programs (EPS) or are seldom tested.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_ORIENTATION, _INTEROPERABILITY = 0x0112, 0xA005
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MOST_FRAMES = 200
_LEAST_VISIBLE = 16  # alpha of a frame that shows something
_LEAST_SHARE = 0.75  # of the rows must be there
_FILLS = (b"", b"\x55" * 16, b"\x80", b"\x01", b"\xaa" * 16, b"\xff" * 4)
"""Instead of what a cut file lacks, each with zeros behind it: they are valid in most kinds of packing."""

_END_OF_JPEG = b"\xff\xd9"
_MOST_FILLED = 1 << 26  # bytes
_LOOP_REACH = 8  # rows that the filters of a decoder spoil before the place of damage
_BLURRED = 24.0  # mean levels by which a row of a cut progressive JPEG may still change

Space = ColourSpace | TableProfile | None


class TooLargeError(ValueError):
    """More than `MAX_MEGAPIXELS`."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture of mode L, LA, RGB or RGBA, sRGB and upright, and what is to be said about it (parts of sentences)."""

    picture: Image.Image
    remarks: tuple[str, ...] = ()


def decode(file: BinaryIO) -> Decoded:
    """Read the first picture in a file that shows something, reduced where it has more pixels than are of use.

    Raises:
        TooLargeError: decided before the pixels are decoded.
        Exception: nearly any, for a damaged file; Pillow's UnidentifiedImageError for one of another kind.
    """
    head = file.read(16)
    file.seek(0)
    if head.startswith(png.SIGNATURE):
        return _of_png(file)
    if tiff.is_tiff(head):
        return _of_any_tiff(file)
    return _of_others(file)


def _of_any_tiff(file: BinaryIO) -> Decoded:
    with contextlib.suppress(tiff.UnknownKindError):
        return _of_tiff(file, fewest_bits=9)
    try:
        return _of_others(file)
    except Image.UnidentifiedImageError:
        with contextlib.suppress(tiff.UnknownKindError):
            return _of_tiff(file, fewest_bits=1)
        raise


def _of_tiff(file: BinaryIO, fewest_bits: int) -> Decoded:
    try:
        samples = tiff.read(file, MAX_MEGAPIXELS * 1e6, fewest_bits)
    except OverflowError:
        raise TooLargeError from None
    space, remarks = _profile(samples.icc, "L" if samples.channels < 3 else "RGB")
    picture, told = _of_samples(samples, space)
    return Decoded(_turned(picture, samples.orientation), (*remarks, *told))


def _of_png(file: BinaryIO) -> Decoded:
    found = png.scan(file)
    _check_size(*found.header[:2])
    remarks: list[str] = []
    try:
        space = png.colour_space(found)
    except ProfileError as error:
        space = None
        remarks.append(_unusable_profile(error))

    def opened(parts: io.BufferedReader) -> Image.Image:
        return Image.open(parts, formats=("PNG",))

    try:
        if found.cut or found.apple:
            raise ValueError("Pillow would not read it")
        image = _visible_frame(opened(png.stitched(file, found.spans)), remarks)
        again = png.stitched(file, found.spans)
    except (MemoryError, TooLargeError):
        raise
    except Exception:
        parts, rows = png.rescued(file, found)
        image = opened(parts)
        image.load()
        if found.apple:
            image = _from_apple(image)
        if not found.apple or rows < found.header[1]:
            remarks.append(_cut(rows, found.header[1]))
        again, _ = png.rescued(file, found)
    orientation = _orientation(image)
    if found.header[2] == 16 and not getattr(image, "is_animated", False):
        picture, told = _of_samples(_deep_png(image, opened(again)), space)
        remarks += told
    else:
        picture = _of_eight_bits(image, space)
    return Decoded(_turned(picture, orientation), tuple(remarks))


def _from_apple(image: Image.Image) -> Image.Image:
    """BGR or BGRA multiplied by alpha -> RGB or RGBA."""
    blue, green, red, *alpha = image.split()
    made = Image.merge("RGBa" if alpha else "RGB", (red, green, blue, *alpha))
    return made.convert("RGBA") if alpha else made


def _deep_png(high: Image.Image, again: Image.Image) -> Samples:
    """The samples of a PNG of 16 bits. Pillow keeps one byte of the two of a colour, so it is asked for each in turn."""
    transparent = high.info.get("transparency")
    if high.mode.startswith("I"):
        values = np.asarray(high)[..., None]
        hidden = (transparent,) if isinstance(transparent, int) else None
        return Samples(high.width, high.height, 1, lambda: _slices(values), transparent=hidden)
    raw = _raw_mode(again)
    grey = raw == "LA;16B"
    _set_raw_mode(again, "RGBA" if grey else raw.replace(";16B", ";16L"))
    again.load()
    height = band_height(high.width, 1)

    def bands() -> Iterator[np.ndarray]:
        for top in range(0, high.height, height):
            box = (0, top, high.width, min(top + height, high.height))
            low = np.asarray(again.crop(box)).astype(np.uint16)
            yield (low[..., ::2] << 8) | low[..., 1::2] if grey else (np.asarray(high.crop(box)).astype(np.uint16) << 8) | low

    hidden = transparent if isinstance(transparent, tuple) and high.mode == "RGB" else None
    return Samples(high.width, high.height, 2 if grey else len(high.getbands()), bands, transparent=hidden)


def _raw_mode(image: Image.Image) -> str:
    mode = image.tile[0][3]  # pyright: ignore[reportAttributeAccessIssue]
    return mode if isinstance(mode, str) else mode[0]


def _set_raw_mode(image: Image.Image, mode: str) -> None:
    tile = image.tile[0]  # pyright: ignore[reportAttributeAccessIssue]
    image.tile = [type(tile)(*tile[:3], mode)] if hasattr(tile, "_replace") else [(*tile[:3], mode)]  # pyright: ignore


def _slices(values: np.ndarray) -> Iterator[np.ndarray]:
    height = band_height(values.shape[1], 1)
    for top in range(0, len(values), height):
        yield values[top : top + height]


def _of_samples(samples: Samples, space: Space) -> tuple[Image.Image, list[str]]:
    scale = found_scale(samples)
    curves = space if isinstance(space, ColourSpace) else None
    bands = (to_eight_bits(band, samples, scale, curves) for band in samples.bands())
    picture = reduced(bands, samples.width, samples.height)
    told = [f"holds numbers of {scale.told}, and was brightened to their range"] if scale.told else []
    if isinstance(space, TableProfile):
        picture = _managed(picture, space)
    return picture, told


def _of_others(file: BinaryIO) -> Decoded:
    remarks: list[str] = []
    try:
        image = Image.open(file, formats=_FORMATS)
        _leave_thumbnail(image)
        _check_size(*image.size)
        image = _without_void_alpha(_visible_frame(image, remarks))
    except (MemoryError, TooLargeError):
        raise
    except Exception as error:
        image, remark = _despite_cut(file, error)
        remarks = [remark]
    orientation = _orientation(image)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)[..., None]
        transparent = image.info.get("transparency")
        hidden = (transparent,) if isinstance(transparent, int) else None
        picture, told = _of_samples(Samples(image.width, image.height, 1, lambda: _slices(values), transparent=hidden), None)
        return Decoded(_turned(picture, orientation), (*remarks, *told))
    space, told = _told_space(image)
    return Decoded(_turned(_of_eight_bits(image, space), orientation), (*remarks, *told))


def _leave_thumbnail(image: Image.Image) -> None:
    """Of a TIFF the first page that is no smaller version of another, if there is one."""
    if image.format != "TIFF":
        return
    for number in range(_MOST_FRAMES):
        try:
            image.seek(number)
        except (EOFError, OSError, SyntaxError, ValueError):
            break
        if not tiff.is_thumbnail(image.tag_v2):  # pyright: ignore[reportAttributeAccessIssue]
            return
    image.seek(0)


def _without_void_alpha(image: Image.Image) -> Image.Image:
    """Many programs leave the fourth byte of a BMP at 0 and mean an opaque picture."""
    void = image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0)
    return image.convert("RGB") if void else image


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS * 1e6:
        raise TooLargeError


def _told_space(image: Image.Image) -> tuple[Space, list[str]]:
    """The colour space of what Pillow read, by its profile or, without one, by the mark of cameras for Adobe RGB."""
    if image.mode == "LAB":
        return None, []
    profile = image.info.get("icc_profile")
    if profile:
        return _profile(profile, {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}.get(image.mode, "RGB"))
    with contextlib.suppress(Exception):  # damaged EXIF is no reason to refuse good pixels
        if image.format in ("JPEG", "MPO") and image.getexif().get_ifd(_INTEROPERABILITY).get(1) == "R03":
            return adobe_rgb(), []
    return None, []


def _profile(profile: bytes | None, mode: str) -> tuple[Space, list[str]]:
    if not profile:
        return None, []
    try:
        return of_icc(profile, mode), []
    except ProfileError as error:
        return None, [_unusable_profile(error)]


def _unusable_profile(error: ProfileError) -> str:
    return f"has a colour profile that cannot be used ({error}), so its colours are taken for sRGB"


def _orientation(image: Image.Image) -> int:
    with contextlib.suppress(Exception):  # as above
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _of_eight_bits(image: Image.Image, space: Space) -> Image.Image:
    """Any other Pillow image, reduced and in sRGB."""
    if factors(*image.size) == (1, 1):
        return _converted(image, space)
    height = band_height(image.width, factors(*image.size)[1])

    def bands() -> Iterator[np.ndarray]:
        for top in range(0, image.height, height):
            part = image.crop((0, top, image.width, min(top + height, image.height)))
            band = np.asarray(_converted(part, space))
            yield band[..., None] if band.ndim == 2 else band

    return reduced(bands(), *image.size)


def _converted(image: Image.Image, space: Space) -> Image.Image:
    if isinstance(space, TableProfile):
        return _managed(image, space)
    plain = _canonical(image)
    if space is None:
        return plain
    colours = np.asarray(plain.convert("RGB"))
    return _with_alpha_of(Image.fromarray(space.to_srgb(colours)), plain)


def _managed(image: Image.Image, space: TableProfile) -> Image.Image:
    plain = _canonical(image) if space.mode != "CMYK" else image
    return _with_alpha_of(space.to_srgb(plain.convert(space.mode)), plain)


def _with_alpha_of(colours: Image.Image, image: Image.Image) -> Image.Image:
    if "A" in image.getbands():
        colours.putalpha(image.getchannel("A"))
    return colours


def _canonical(image: Image.Image) -> Image.Image:
    """L, LA, RGB or RGBA."""
    has_alpha = image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info
    if not has_alpha:
        return image if image.mode == "L" else image.convert("RGB")
    if image.mode == "La":  # Pillow converts premultiplied grey to grey only
        image = image.convert("LA")
    return image if image.mode == "LA" else image.convert("RGBA")


def _visible_frame(image: Image.Image, remarks: list[str]) -> Image.Image:
    """The first picture that shows something, with its pixels in memory; the very first where none does."""
    image.load()
    # Whether a file holds more than one picture is only asked where the first one is empty: it may mean reading it all.
    if _shows_something(image):
        return image
    start = image.tell()
    for number in range(1, _MOST_FRAMES):
        try:
            image.seek(start + number)
            image.load()
        except (EOFError, OSError, SyntaxError, ValueError, AttributeError):
            break
        _check_size(*image.size)
        if _shows_something(image):
            what = "its first picture shows" if number == 1 else f"its first {number} pictures show"
            remarks.append(f"is an animation: {what} nothing, so the next one was taken")
            return image
    with contextlib.suppress(EOFError, ValueError):
        image.seek(start)
    image.load()
    return image


def _shows_something(image: Image.Image) -> bool:
    if image.mode.startswith(("I", "F")) or image.width * image.height > MAX_MEGAPIXELS * 1e6 / 4:
        return True
    plain = _canonical(image)
    if "A" in plain.getbands():
        low, high = plain.getchannel("A").getextrema()
        if high < _LEAST_VISIBLE:  # pyright: ignore[reportOperatorIssue]
            return False
        if low < high:  # pyright: ignore[reportOperatorIssue]
            return True
    return any(low < high for low, high in (plain.getchannel(band).getextrema() for band in plain.getbands()))  # pyright: ignore


def _cut(rows: int, height: int) -> str:
    if rows < _LEAST_SHARE * height:
        raise ValueError("most of it is missing")
    if rows == height:
        return "is damaged, but no row of it is missing"
    return f"is damaged: of its {height} rows {height - rows} are missing, and it goes without them"


def _despite_cut(file: BinaryIO, error: Exception) -> tuple[Image.Image, str]:
    """What can be read of a cut file, and what to say about it.

    It is decoded twice, each time with another filling in the place of what is missing: what is equal was there.

    Raises:
        Exception: `error`, where it can't be decoded at all.
        ValueError: too much is missing.
    """
    made: list[Image.Image] = []
    for filling in _fillings(file):
        with contextlib.suppress(OSError, SyntaxError, ValueError, struct.error, EOFError):
            picture = Image.open(png.stitched(file, [(0, file.seek(0, io.SEEK_END)), filling]), formats=_FORMATS)
            _check_size(*picture.size)
            picture.load()
            made.append(picture)
        if len(made) == 2:
            break
    else:
        raise error
    first, second = (np.asarray(_canonical(picture)).astype(np.int16).reshape(picture.height, -1) for picture in made)
    difference = np.abs(first - second).mean(1)
    width, height = made[0].size
    if made[0].info.get("progressive"):
        _cut(height if (difference <= _BLURRED).mean() >= _LEAST_SHARE else 0, height)
        return made[0], "is damaged: it ends too early, so details may be missing"
    there = difference == 0
    from_below = not there[0]
    rows = height if there.all() else int(np.argmin(there[::-1] if from_below else there))
    if made[0].format == "WEBP" and rows < height:
        rows = max(0, rows - _LOOP_REACH)
    box = (0, height - rows, width, height) if from_below else (0, 0, width, rows)
    return made[0].crop(box), _cut(rows, height)


def _fillings(file: BinaryIO) -> Iterator[bytes]:
    """What may stand in the place of what a cut file lacks; nothing where more is missing than there."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head.startswith(b"\xff\xd8"):
        yield _END_OF_JPEG
        yield from (fill.ljust(4096, b"\x55") + _END_OF_JPEG for fill in _FILLS)
        return
    is_webp = head.startswith(b"RIFF") and head.endswith(b"WEBP")
    missing = struct.unpack("<I", head[4:8])[0] + 8 - size if is_webp else min(size, _MOST_FILLED)
    if 0 < missing <= size:
        yield from (fill[:missing].ljust(missing, b"\0") if is_webp else (fill[:1] or b"\0") * missing for fill in _FILLS)
