"""From a cut-out to what the image encoder takes: recentred, on white, at the model's size.

The behaviour of the public models' `ImageProcessorV2` and `MVImageProcessorV2`, to rounding: one value in some ten thousand may
differ by one grey level, as the resizing of OpenCV's versions does; and of what TripoSG does with an image (`PaddedProcessor`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..api.errors import ImageError
from ..api.tasks import VIEWS
from .resize import resize_area, resize_cubic, resize_nearest

Picture = np.ndarray | Image.Image
"""uint8 [H, W, 3] RGB or [H, W, 4] RGBA (straight alpha), or a Pillow image of mode RGB or RGBA."""

_DEFAULT_BORDER = 0.15
_LARGEST_SQUARE = 4096
_LONGEST_PADDED = 2000
"""A picture with a longer side is made smaller before it is padded."""


@dataclass(frozen=True)
class ImageProcessor:
    """Makes the encoder's input of one image.

    Attributes:
        size: side of the result in pixels.
        border_ratio: share of the canvas that stays free beside the longer side of the object, both borders
            together; None takes the models' own 0.15.
    """

    size: int = 512
    border_ratio: float | None = None

    def __call__(self, picture: Picture) -> tuple[Tensor, Tensor]:
        """Recentre, compose on white, resize.

        Returns:
            image float32 [1, 3, size, size] and mask float32 [1, 1, size, size], both in [-1, 1], row 0 at the top.

        Raises:
            ImageError: nothing in the picture is visible.
        """
        border = _DEFAULT_BORDER if self.border_ratio is None else self.border_ratio
        canvas = recentred(_as_rgba(picture), border)
        image, mask = composed_on_white(canvas)
        return (
            _to_tensor(resize_cubic(image, self.size, self.size)),
            _to_tensor(resize_nearest(mask, self.size, self.size)),
        )


@dataclass(frozen=True)
class MultiViewProcessor:
    """Makes the encoder's input of several views of one object; the attributes are those of `ImageProcessor`."""

    size: int = 512
    border_ratio: float | None = None

    def __call__(self, pictures: Mapping[str, Picture]) -> tuple[Tensor, Tensor, tuple[int, ...]]:
        """Process each view on its own and stack them in the order of their ids.

        Args:
            pictures: view name (of `requests.VIEWS`) -> picture, at least one.

        Returns:
            image float32 [1, V, 3, size, size], mask float32 [1, V, 1, size, size], both in [-1, 1], and the V view
            ids (front 0, left 1, back 2, right 3), ascending.

        Raises:
            ImageError: nothing in one of the pictures is visible.
        """
        single = ImageProcessor(self.size, self.border_ratio)
        ids = tuple(sorted(VIEWS.index(view) for view in pictures))
        images, masks = zip(*(single(pictures[VIEWS[view]]) for view in ids), strict=True)
        return torch.stack(images, 1), torch.stack(masks, 1), ids


@dataclass(frozen=True)
class PaddedProcessor:
    """Makes the encoder's input of one image as TripoSG takes it: not scaled to a border, but given a margin.

    Attributes:
        size: side of the result in pixels.
        padding: margin on each side, as a share of the object's longer side.
        padded_to: shorter side in pixels of the picture with its margin, of which the middle is taken.
    """

    size: int = 224
    padding: float = 0.1
    padded_to: int = 256

    def __call__(self, picture: Picture) -> Tensor:
        """Crop, compose on white, give a margin, resize, and take the middle: float32 [1, 3, size, size] in [-1, 1].

        Raises:
            ImageError: nothing in the picture is visible.
        """
        padded = padded_on_white(_as_rgba(picture), self.padding)
        return middle((255 * padded).astype(np.uint8), self.padded_to, self.size)


@dataclass(frozen=True)
class DrawingProcessor:
    """Makes the encoder's input of a drawing, all of which counts; the attributes are those of `PaddedProcessor`."""

    size: int = 224
    padded_to: int = 256

    def __call__(self, picture: Picture) -> Tensor:
        """Compose on white, make it square, resize, and take the middle: float32 [1, 3, size, size] in [-1, 1]."""
        drawing, _ = composed_on_white(_as_rgba(picture))
        height, width = drawing.shape[:2]
        more = max(height, width) - height, max(height, width) - width
        around = [(amount // 2, amount - amount // 2) for amount in more]
        return middle(np.pad(drawing, (*around, (0, 0)), constant_values=255), self.padded_to, self.size)


def padded_on_white(rgba: np.ndarray, padding: float) -> np.ndarray:
    """The visible part of uint8 [H, W, 4] on white, nearly square with its margin: float32 [S, S', 3] in [0, 1].

    Raises:
        ImageError: no pixel is visible.
    """
    longer = max(rgba.shape[:2])
    if longer > _LONGEST_PADDED:
        height, width = (max(1, int(length * _LONGEST_PADDED / longer)) for length in rgba.shape[:2])
        rgba = resize_area(rgba, width, height)
    visible = rgba[..., 3] > 0
    rows, columns = _whole_span(visible.any(1)), _whole_span(visible.any(0))
    shares = rgba[rows, columns].astype(np.float32) / 255
    part = shares[..., :3] * shares[..., 3:] + (1 - shares[..., 3:])
    longer, shorter = max(part.shape[:2]), min(part.shape[:2])
    margins = [int(padding * longer), int(padding * longer + (longer - shorter) / 2)]
    top, left = margins if part.shape[0] >= part.shape[1] else reversed(margins)
    return np.pad(part, ((top, top), (left, left), (0, 0)), constant_values=1)


def middle(picture: np.ndarray, shorter_side: int, size: int) -> Tensor:
    """uint8 [H, W, 3] with its shorter side made `shorter_side` pixels, and its middle square: float32 [1, 3, size, size]
    in [-1, 1]."""
    height, width = picture.shape[:2]
    short = min(height, width)
    height, width = (int(shorter_side * length / short) for length in (height, width))
    left, top = (width - size) // 2, (height - size) // 2
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return _to_tensor(np.array(resized.crop((left, top, left + size, top + size))))


def recentred(rgba: np.ndarray, border_ratio: float) -> np.ndarray:
    """Scale the visible part to fill a square but for the border, and centre it.

    Args:
        rgba: uint8 [H, W, 4], straight alpha.
        border_ratio: share of the square's side that the longer side of the object leaves free.

    Returns:
        uint8 [S, S, 4] with S = max(H, W), but at most 4096, so that a long picture costs no more memory than a
        square one; outside of the object all zero.

    Raises:
        ImageError: no pixel is visible.
    """
    height, width = rgba.shape[:2]
    side = min(max(height, width), _LARGEST_SQUARE)
    visible = rgba[..., 3] > 0
    rows, columns = _span(visible.any(1)), _span(visible.any(0))
    part = rgba[rows, columns]
    if not part[..., 3].any():  # the object is but what is left out at the end
        part = rgba[rows.start : rows.stop + 1, columns.start : columns.stop + 1]
    longest = int(side * (1 - border_ratio))
    scale = longest / max(part.shape[:2])
    new_height, new_width = (max(1, int(length * scale)) for length in part.shape[:2])
    canvas = np.zeros((side, side, 4), np.uint8)
    top, left = (side - new_height) // 2, (side - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = resize_area(part, new_width, new_height)
    return canvas


def composed_on_white(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay uint8 RGBA [H, W, 4] on white: uint8 [H, W, 3], rounded down, and its alpha uint8 [H, W, 1]."""
    image = np.empty((*rgba.shape[:2], 3), np.uint8)
    for row, line in enumerate(rgba):  # by row: a float copy of a large picture would take gigabytes
        alpha = line[:, 3:].astype(np.float32) / 255
        image[row] = line[:, :3] * alpha + 255 * (1 - alpha)
    return image, rgba[..., 3:]


def _span(occupied: np.ndarray) -> slice:
    """From the first to before the last occupied row or column.

    The last one is left out because the public models leave it out; a single one is kept, where they fail.
    """
    whole = _whole_span(occupied)
    return slice(whole.start, max(whole.stop - 1, whole.start + 1))


def _whole_span(occupied: np.ndarray) -> slice:
    """From the first to the last occupied row or column, that one included."""
    indices = np.flatnonzero(occupied)
    if not len(indices):
        raise ImageError("Nothing in the image is visible; choose an image that shows an object.")
    return slice(int(indices[0]), int(indices[-1]) + 1)


def _as_rgba(picture: Picture) -> np.ndarray:
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (3, 4):
        raise ValueError(f"the picture must be uint8 [H, W, 3 or 4], not {array.dtype} {list(array.shape)}")
    if array.shape[2] == 4:
        return array
    return np.concatenate([array, np.full_like(array[..., :1], 255)], axis=2)


def _to_tensor(array: np.ndarray) -> Tensor:
    """uint8 [H, W, C] -> float32 [1, C, H, W] in [-1, 1]."""
    tensor = torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))[None]
    return tensor.float() / 255 * 2 - 1
