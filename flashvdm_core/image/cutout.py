"""Cut the object out of an image: by its transparency, the plain background around it, a network that finds it, or rembg."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..api.errors import ImageError
from .alpha import meaningful
from .choice import choose
from .correction import Correction, corrected
from .outlines import filled
from .plain_background import remove_plain_background
from .salience import cut_out_salient, salience, stands_out

GUESS_SIDE = 1024
"""Pixels of the longer side of what a mask is painted on."""

_Made = tuple[np.ndarray, tuple[str, ...], str]
"""uint8 [H, W, 4], what there is to say about it, and the method that it was made by."""

_LONG = 4096  # pixels; the empty parts of longer pictures are left out
_SLAB_SHARE = 0.95  # of the picture
_SLAB_BORDER = 0.5  # of each of the four sides, as with a photograph that lost its corners

_SLAB = (
    "The object fills the whole picture and would become a slab; use an image with a plain background around the "
    "object or with transparency."
)
_NOT_PLAIN = (
    "The background is not plain, so the cut-out may be wrong; set the background to 'auto', or use an image with a plain "
    "background or with transparency."
)
_NOTHING_STANDS_OUT = "No object stands out in the image; choose another background method, or an image that shows an object."


@dataclass(frozen=True, eq=False)
class CutOutResult:
    """The object without its background.

    Attributes:
        rgba: uint8 [H, W, 4], straight (not premultiplied) alpha, row 0 at the top; at least one pixel is visible.
        warnings: what may have gone wrong, each a sentence for the user.
        method: how the object was cut out; of "auto" the method that was chosen.
        guess: uint8 [h, w, 4], the whole picture with its own colors and as alpha what was guessed before any correction.
    """

    rgba: np.ndarray
    warnings: tuple[str, ...]
    method: str
    guess: np.ndarray


def cut_out(image: Image.Image, method: str, threshold: float, correction: Correction | None = None) -> CutOutResult:
    """Make all but the object transparent.

    Args:
        image: RGB or RGBA with 8 bits a channel, as `open_image` returns it. An alpha that hides nothing is passed
            over, that of a hardly visible object raised, and nearly invisible specks are removed.
        method: a choice of the setting "cutout". "auto" takes the image's own transparency, "border" or "photo", as `choose`
            finds right for it.
        threshold: for "border": largest distance from the background's colour (OKLab, where black and white are 1
            apart) that is still background.
        correction: what a person wants otherwise.

    Raises:
        ImageError: nothing is left, or a method is asked for and not ready.
        ValueError: unknown method.
    """
    if method not in _METHODS:
        raise ValueError(f"unknown cut-out method '{method}'; known are {', '.join(_METHODS)}")
    image, told = meaningful(image) if image.mode == "RGBA" else (image, ())
    guessed, remarks, used = _METHODS[method](image, threshold)
    rgba = guessed if correction is None else corrected(image, guessed, correction)
    visible = rgba[..., 3] > 0
    if not visible.any():
        raise ImageError("Removing the background left nothing; lower the threshold or set the background to 'keep'.")
    told = (*told, *remarks, *((_SLAB,) if _is_slab(visible) else ()))
    return CutOutResult(_near_object(rgba, visible), told, used, _on_picture(image, guessed))


def _on_picture(image: Image.Image, rgba: np.ndarray) -> np.ndarray:
    """The colours of the picture with the alpha of its cut-out, at most `GUESS_SIDE` pixels long."""
    whole = image.convert("RGB")
    whole.thumbnail((GUESS_SIDE, GUESS_SIDE), Image.Resampling.BOX)
    alpha = Image.fromarray(rgba[..., 3]).resize(whole.size, Image.Resampling.BOX)
    return np.dstack([np.asarray(whole), np.asarray(alpha)])


def _near_object(rgba: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """A cut-out without most of the empty parts of a very long picture, which would leave few pixels for the object."""
    if max(visible.shape) <= _LONG:
        return rgba
    spans = []
    for axis in (1, 0):
        occupied = np.flatnonzero(visible.any(axis))
        margin = (occupied[-1] - occupied[0]) // 8 + 1
        spans.append(slice(max(0, int(occupied[0] - margin)), int(occupied[-1] + margin + 1)))
    return np.ascontiguousarray(rgba[spans[0], spans[1]])


def _is_slab(visible: np.ndarray) -> bool:
    """Whether bool [H, W] is the picture itself and not an object in it."""
    sides = (visible[0], visible[-1], visible[:, 0], visible[:, -1])
    return bool(visible.mean() > _SLAB_SHARE or min(side.mean() for side in sides) > _SLAB_BORDER)


def _keep(image: Image.Image, _threshold: float) -> _Made:
    return np.array(image.convert("RGBA")), (), "keep"


def _auto(image: Image.Image, threshold: float) -> _Made:
    choice = choose(image, threshold, salience)
    match choice.method:
        case "keep":
            rgba, remark = filled(np.array(image))
            return rgba, (remark,) if remark else (), "keep"
        case "photo":
            assert choice.found is not None
            return cut_out_salient(image, choice.found), (), "photo"
        case "border":
            found = remove_plain_background(image, threshold)
            return found.rgba, tuple(filter(None, (found.remark, choice.warning))), "border"


def _photo(image: Image.Image, _threshold: float) -> _Made:
    picture = image.convert("RGB")
    found = salience(picture)
    if not stands_out(found):
        raise ImageError(_NOTHING_STANDS_OUT)
    return cut_out_salient(picture, found), (), "photo"


def _border(image: Image.Image, threshold: float) -> _Made:
    found = remove_plain_background(image, threshold)
    return found.rgba, tuple(filter(None, (found.remark, "" if found.plain else _NOT_PLAIN))), "border"


def _rembg(image: Image.Image, _threshold: float) -> _Made:
    try:
        rembg = importlib.import_module("rembg")
    except (ImportError, SystemExit) as error:  # rembg ends the program where onnxruntime is missing
        raise ImageError(
            "rembg is not installed; run 'pip install rembg[cpu]' with the worker's Python or choose another background method."
        ) from error
    # rembg would fetch its weights without asking.
    folder = Path(os.environ.get("U2NET_HOME") or Path(os.environ.get("XDG_DATA_HOME") or Path.home()) / ".u2net")
    if not (folder / "u2net.onnx").is_file():
        raise ImageError(f"rembg has no weights in '{folder}'; put u2net.onnx there or choose another background method.")
    try:
        return np.array(rembg.remove(image.convert("RGB"), session=rembg.new_session("u2net")).convert("RGBA")), (), "rembg"
    except MemoryError:
        raise
    except Exception as error:  # whatever onnxruntime makes of damaged weights or a missing driver
        raise ImageError(f"rembg failed ({error}); choose another background method.") from error


_METHODS: dict[str, Callable[[Image.Image, float], _Made]] = {
    "auto": _auto,
    "keep": _keep,
    "border": _border,
    "photo": _photo,
    "rembg": _rembg,
}
