"""What a generation takes from its images: the cut-outs, and what the model's image encoder takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image
from torch import Tensor

from ..api.errors import ImageError, SettingsError
from ..api.events import CutOut, Event, Log
from ..api.settings import SETTINGS, Settings
from ..checkpoints.model import Model
from ..image import (
    Correction,
    CutOutResult,
    DrawingProcessor,
    ImageProcessor,
    MultiViewProcessor,
    PaddedProcessor,
    cut_out,
)
from .shape import pixels_of

CUTOUT_SIDE = 512
"""Longest side in pixels of the cut-outs that are shown."""

_NEAR = 0.02

TEXTURE_SIDE = 1024
"""Longest side in pixels of the cut-out that is projected on the mesh."""


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """The images of one generation, ready for a model.

    Attributes:
        cutouts: the events that tell about the cut-outs.
        encoder_input: [1, 3, S, S] or [1, V, 3, S, S], what the encoder takes.
        views: the view ids.
        front: uint8 [H, W, 4], the cut-out of the front, where there is one.
        pixels: uint8 [S, S, 4], what a pixel-aligned decoder reads of it; None where the model has no such one.
        sides: view -> the cut-out of it, of the other views.
    """

    cutouts: tuple[Event, ...]
    encoder_input: Tensor
    views: tuple[int, ...]
    front: np.ndarray | None
    pixels: np.ndarray | None = None
    sides: Mapping[str, np.ndarray] = field(default_factory=dict)


def prepare_images(
    images: Mapping[str, Image.Image], masks: Mapping[str, np.ndarray], settings: Settings, model: Model
) -> PreparedImages:
    """Cut the object out of each image and prepare it for the model.

    Raises:
        SettingsError: the model does not take these views.
    """
    if not model.processor.multi_view and set(images) != {"front"}:
        raise SettingsError(f"The model '{model.name}' takes one image, the front; remove the others or choose another model.")
    if model.processor.drawing:
        settings = replace(settings, cutout="keep")  # its lines are the object
    cuts = {view: segment(image, settings, masks.get(view)) for view, image in images.items()}
    events = tuple(event for view, cut in cuts.items() for event in cutout_events(view, cut))
    encoder_input, views = _encoder_input({view: cut.rgba for view, cut in cuts.items()}, model)
    front = _at_most(cuts["front"].rgba, TEXTURE_SIDE) if "front" in cuts and not model.processor.drawing else None
    pixels = None if model.pixel_aligned is None or front is None else pixels_of(front)
    sides = {view: _at_most(cut.rgba, TEXTURE_SIDE) for view, cut in cuts.items() if view != "front"}
    return PreparedImages(events, encoder_input, views, front, pixels, sides)


def segment(image: Image.Image, settings: Settings, mask: np.ndarray | None) -> CutOutResult:
    """The object in an image, as the settings and what was painted (`Request.masks`) want it cut out.

    Raises:
        ImageError: nothing is left, or the mask has other proportions than the image.
    """
    if mask is not None:
        _check_proportions(mask, image)
    correction = Correction(mask, settings.cutout_edge, settings.cutout_softness)
    return cut_out(image, settings.cutout, settings.cutout_threshold, correction)


def _check_proportions(mask: np.ndarray, image: Image.Image) -> None:
    (height, width), wanted = mask.shape, mask.shape[1] * image.height / image.width
    if abs(height - wanted) > max(1.0, _NEAR * wanted) and abs(width - height * image.width / image.height) > 1:
        raise ImageError(
            f"The mask ({width} x {height}) has other proportions than the image ({image.width} x {image.height}); "
            "it must lie over the whole image."
        )


def cutout_events(view: str, cut: CutOutResult, guess: bool = False) -> Iterator[Event]:
    """What the user is told about a cut-out, with what a mask is painted on where that is of use."""
    yield CutOut(view, _at_most(cut.rgba, CUTOUT_SIDE), cut.guess if guess else None, cut.method)
    for warning in cut.warnings:
        yield Log(warning, warning=True)


def digest_of(images: Mapping[str, Image.Image], masks: Mapping[str, np.ndarray], settings: Settings) -> bytes:
    """A digest of the images, and of the masks and the settings by which they are cut out."""
    how = {name: settings[name] for name, setting in SETTINGS.items() if setting.group == "image"}
    digest = hashlib.sha256(repr(how).encode())
    for view, image in images.items():
        digest.update(repr((view, image.mode, image.size)).encode())
        digest.update(image.tobytes())
    for view, mask in masks.items():
        digest.update(repr((view, mask.shape)).encode() + mask.tobytes())
    return digest.digest()


def _encoder_input(cutouts: Mapping[str, np.ndarray], model: Model) -> tuple[Tensor, tuple[int, ...]]:
    """Cut-outs -> what the encoder takes ([1, 3, S, S] or [1, V, 3, S, S]) and the view ids."""
    size, border = model.processor.size, model.processor.border_ratio
    if model.processor.multi_view:
        image, _, views = MultiViewProcessor(size, border)(cutouts)
    elif model.processor.drawing:
        image, views = DrawingProcessor(size, model.processor.padded_to)(cutouts["front"]), (0,)
    elif model.processor.padded_to:
        image, views = PaddedProcessor(size, border, model.processor.padded_to)(cutouts["front"]), (0,)
    else:
        (image, _), views = ImageProcessor(size, border)(cutouts["front"]), (0,)
    return image.to(model.device, model.dtype), views


def _at_most(rgba: np.ndarray, side: int) -> np.ndarray:
    """uint8 [H, W, 4], made smaller where one of its sides is longer than `side`."""
    image = Image.fromarray(rgba)
    image.thumbnail((side, side))
    return np.array(image)
