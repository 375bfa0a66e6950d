"""What a generation reads off its images: the cut-outs, what the image encoder takes, and what it says to that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

from ..api.errors import SettingsError
from ..api.events import CutOut, Event, Log
from ..api.settings import SETTINGS, Value
from ..checkpoints.model import Model
from ..image import CutOutResult, ImageProcessor, MultiViewProcessor, cut_out

CUTOUT_SIDE = 512
"""Longest side in pixels of the pictures of what was cut out."""

TEXTURE_SIDE = 1024
"""Longest side in pixels of the picture that is laid on the mesh."""


@dataclass(eq=False)
class Read:
    """What was read off images: with the same images again, a model needs not look at them again.

    Attributes:
        key: tells the images and how they were cut out from any others.
        shown: the events that tell about the cut-outs.
        image: [1, 3, S, S] or [1, V, 3, S, S], what the encoder takes.
        views: the view ids.
        front: uint8 [H, W, 4], the cut-out of the front, where there is one.
    """

    key: bytes
    shown: tuple[Event, ...]
    image: Tensor
    views: tuple[int, ...]
    front: np.ndarray | None
    _condition: Tensor | None = None

    @property
    def understood(self) -> bool:
        """The model's encoder has been asked already."""
        return self._condition is not None

    def condition(self, model: Model) -> Tensor:
        """What the model's encoder says to the images, [1, M, D]; asked once."""
        if self._condition is None:
            multi_view = model.processor.multi_view
            self._condition = model.image_encoder(self.image, self.views) if multi_view else model.image_encoder(self.image)
        assert isinstance(self._condition, Tensor)
        return self._condition


def read(pictures: Mapping[str, Image.Image], settings: Mapping[str, Value], model: Model, last: Read | None) -> Read:
    """Cut the object out of each picture and prepare it for the model; `last` is the answer where it was read off the same.

    Raises:
        SettingsError: the model does not take these views.
    """
    if not model.processor.multi_view and set(pictures) != {"front"}:
        raise SettingsError(f"The model '{model.name}' takes one image, the front; remove the others or choose another model.")
    key = _key(pictures, settings)
    if last is not None and last.key == key:
        return last
    cuts = {view: cut(picture, settings) for view, picture in pictures.items()}
    told = tuple(event for view, one in cuts.items() for event in shown(view, one))
    image, views = _prepared({view: one.rgba for view, one in cuts.items()}, model)
    front = _at_most(cuts["front"].rgba, TEXTURE_SIDE) if "front" in cuts else None
    return Read(key, told, image, views, front)


def cut(picture: Image.Image, settings: Mapping[str, Value]) -> CutOutResult:
    """The object in a picture, as the settings want it cut out."""
    return cut_out(picture, str(settings["cutout"]), float(settings["cutout_threshold"]))


def shown(view: str, cut: CutOutResult) -> Iterator[Event]:
    """What the user is told about a cut-out."""
    yield CutOut(view, _at_most(cut.rgba, CUTOUT_SIDE))
    for warning in cut.warnings:
        yield Log(warning, warning=True)


def _key(pictures: Mapping[str, Image.Image], settings: Mapping[str, Value]) -> bytes:
    """A digest of the pictures and of the settings by which they are cut out."""
    how = {name: settings[name] for name, setting in SETTINGS.items() if setting.group == "image"}
    digest = hashlib.sha256(repr(how).encode())
    for view, picture in pictures.items():
        digest.update(repr((view, picture.mode, picture.size)).encode())
        digest.update(picture.tobytes())
    return digest.digest()


def _prepared(pictures: Mapping[str, np.ndarray], model: Model) -> tuple[Tensor, tuple[int, ...]]:
    """Cut-outs -> what the encoder takes ([1, 3, S, S] or [1, V, 3, S, S]) and the view ids."""
    size, border = model.processor.size, model.processor.border_ratio
    if model.processor.multi_view:
        image, _, views = MultiViewProcessor(size, border)(pictures)
    else:
        (image, _), views = ImageProcessor(size, border)(pictures["front"]), (0,)
    return image.to(model.device, model.dtype), views


def _at_most(rgba: np.ndarray, side: int) -> np.ndarray:
    """uint8 [H, W, 4], made smaller where one of its sides is longer than `side`."""
    picture = Image.fromarray(rgba)
    picture.thumbnail((side, side))
    return np.array(picture)
