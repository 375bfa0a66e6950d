"""Read an image file of any common kind into 8-bit sRGB, RGB or RGBA."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from PIL import Image

from ..api.errors import ImageError
from ..api.tasks import LARGEST_MASK, strokes_in_picture
from ..files import NoPlainFileError, open_file
from . import tiff
from .decode import MAX_MEGAPIXELS, TooLargeError, decode

_READABLE = "PNG, JPEG, WebP, TIFF, BMP or GIF"


@dataclass(frozen=True, eq=False)
class OpenedImage:
    """A picture that was read from a file.

    Attributes:
        picture: mode RGBA where some pixel is not opaque, else RGB; sRGB, upright, at most 4096 x 4096 pixels of any
            proportions.
        warnings: what was mended or may be wrong, each a sentence for the user.
    """

    picture: Image.Image
    warnings: tuple[str, ...] = ()


def open_image(path: str | Path) -> OpenedImage:
    """Read the picture of a file (the first one that shows something), upright and with 8 bits a channel.

    Its colours are converted to sRGB from what the file says they are; whole numbers of more than 8 bits and floats
    from the range they are meant in (`found_scale` says how that is known); grey, palette and CMYK images to RGB; a
    rotation noted in EXIF is applied. What a damaged file still holds is taken, if that is at least three quarters.

    Raises:
        ImageError: the file is missing, not a plain file, not a readable image, over 100 megapixels (decided before
            its pixels are decoded), fully transparent, or of one colour throughout.
    """
    path = Path(path)
    with _opened(path) as file:
        picture, remarks = _decoded(file, path)
    told = tuple(f"The image '{path.name}' {remark}." for remark in remarks)
    return OpenedImage(_checked_content(picture, path), told)


def open_mask(path: str | Path) -> np.ndarray:
    """Read a mask that lies over a picture: uint8 [H, W], as `strokes_in_picture` tells, at most `LARGEST_MASK` a side.

    Raises:
        ImageError: the file is no image that can be read.
    """
    path = Path(path)
    with _opened(path) as file:
        picture, _ = _decoded(file, path)
    picture.thumbnail((LARGEST_MASK, LARGEST_MASK), Image.Resampling.NEAREST)
    return strokes_in_picture(np.asarray(picture.convert("RGBA")))


def _opened(path: Path) -> BinaryIO:
    """The file, to read; without waiting for a pipe or a device."""
    try:
        file = open_file(path)
    except FileNotFoundError:
        if any(scheme in path.as_posix() for scheme in ("https:/", "http:/")):
            raise ImageError(f"'{path}' is an address in the web; save the picture as a file and choose that.") from None
        if any(sign in path.name for sign in "*?"):
            raise ImageError(f"There is no image '{path}', and it is no pattern here; name each image by itself.") from None
        raise ImageError(f"There is no image '{path}'; check its name and folder.") from None
    except IsADirectoryError:
        raise ImageError(f"'{path}' is a folder; choose an image file in it.") from None
    except PermissionError as error:
        raise ImageError(f"The image '{path}' may not be read; change its permissions or choose another.") from error
    except NoPlainFileError:
        raise ImageError(f"'{path}' is a pipe or a device and not a file; choose an image file.") from None
    except OSError as error:
        raise ImageError(f"The image '{path}' cannot be opened ({error.strerror}); check its name and permissions.") from error
    if os.fstat(file.fileno()).st_size:
        return file
    file.close()
    raise ImageError(f"The image '{path}' is an empty file; save or download it again.")


def _decoded(file: BinaryIO, path: Path) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        with warnings.catch_warnings():
            # The size is checked from the header; Pillow's own limit warns from 89 and raises from 179 megapixels.
            warnings.simplefilter("ignore")
            made = decode(file)
            return made.picture, made.remarks
    except MemoryError:
        raise
    except (TooLargeError, Image.DecompressionBombError):
        raise ImageError(f"The image '{path}' has more than {MAX_MEGAPIXELS} megapixels; scale it down first.") from None
    except Image.UnidentifiedImageError as error:
        file.seek(0)
        if tiff.is_tiff(file.read(4)):
            raise ImageError(
                f"'{path}' is a TIFF of a kind that cannot be read; save it as PNG, or as a usual TIFF "
                "(no BigTIFF, 8 or 16 bits a channel, no JPEG compression)."
            ) from error
        raise ImageError(f"'{path}' is not an image that can be read; save it as {_READABLE}.") from error
    except Exception as error:  # a damaged file makes the decoders raise nearly anything
        raise ImageError(f"The image '{path}' is damaged ({_first_line(error)}); save or download it again.") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _checked_content(image: Image.Image, path: Path) -> Image.Image:
    image = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    if image.mode == "RGBA":
        low, high = _extrema(image, "A")
        if high == 0:
            raise ImageError(f"The image '{path}' is fully transparent; choose one that shows an object.")
        if low < high:
            return image
        if low == 255:
            image = image.convert("RGB")
    if all(low == high for low, high in (_extrema(image, band) for band in "RGB")):
        raise ImageError(f"The image '{path}' has one colour only; choose one that shows an object.")
    return image


def _extrema(image: Image.Image, band: str) -> tuple[int, int]:
    return cast(tuple[int, int], image.getchannel(band).getextrema())
