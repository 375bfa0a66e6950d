"""Read an image file of any common kind into 8-bit RGB or RGBA."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageOps

from ..api.errors import ImageError

MAX_MEGAPIXELS = 100

# Only these decoders may see the file: some of Pillow's others start programs (EPS) or are seldom tested.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_READABLE = "PNG, JPEG, WebP, TIFF, BMP or GIF"


def open_image(path: str | Path) -> Image.Image:
    """Read the (first) image of a file, upright and with 8 bits a channel.

    16-bit, float, grey, palette and CMYK images are converted; a rotation noted in EXIF is applied.

    Returns:
        A Pillow image of mode RGBA where some pixel is not opaque, else RGB.

    Raises:
        ImageError: the file is missing, not a readable image, over 100 megapixels (decided before its pixels are
            decoded), fully transparent, or of one colour throughout.
    """
    path = Path(path)
    _check_file(path)
    return _checked_content(_canonical(_decoded(path)), path)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise ImageError(f"'{path}' is a folder; choose an image file in it.")
        if path.stat().st_size == 0:
            raise ImageError(f"The image '{path}' is an empty file; save or download it again.")
    except FileNotFoundError:
        raise ImageError(f"There is no image '{path}'; check its name and folder.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"The image '{path}' cannot be opened ({error}); check its name and permissions.") from error


def _decoded(path: Path) -> Image.Image:
    """The upright image with its pixels in memory."""
    try:
        with warnings.catch_warnings():
            # The size is checked below; Pillow's own limit warns from 89 and raises from 179 megapixels.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                if image.width * image.height > MAX_MEGAPIXELS * 1e6:
                    raise _too_large(path)
                image.load()
                return _upright(image)
    except (ImageError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _too_large(path) from None
    except PermissionError as error:
        raise ImageError(f"The image '{path}' may not be read; change its permissions or choose another.") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(f"'{path}' is not an image that can be read; save it as {_READABLE}.") from error
    except Exception as error:  # a damaged file makes the decoders raise nearly anything
        raise ImageError(f"The image '{path}' is damaged ({error}); save or download it again.") from error


def _too_large(path: Path) -> ImageError:
    return ImageError(f"The image '{path}' has more than {MAX_MEGAPIXELS} megapixels; scale it down first.")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, ArithmeticError):
        return image.copy()  # unreadable EXIF is no reason to refuse good pixels


def _canonical(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image)
    has_alpha = image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info
    if not has_alpha:
        return image.convert("RGB")
    if image.mode == "La":  # Pillow converts premultiplied grey to grey only
        image = image.convert("LA")
    return image.convert("RGBA")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """RGB (or RGBA, with a transparent level) of a grey image of 16 or 32 bits or of floats.

    Whole numbers up to 65535 and floats from 0 to 1 keep their brightness; anything else is stretched to its range.
    """
    values = np.asarray(image).astype(np.float64)
    values[~np.isfinite(values)] = 0
    low, high = 0.0, 1.0 if image.mode == "F" else 65535.0
    if values.min() < low or values.max() > high:
        low, high = float(values.min()), float(values.max())
    grey = Image.fromarray(np.rint((values - low) * (255 / max(high - low, 1e-300))).astype(np.uint8))
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return grey.convert("RGB")
    alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.merge("RGBA", (grey, grey, grey, alpha))


def _checked_content(image: Image.Image, path: Path) -> Image.Image:
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
