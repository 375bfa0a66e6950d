"""The encoder's input: recentred, on white, in range."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flashvdm_core.api.errors import ImageError
from flashvdm_core.image import ImageProcessor, MultiViewProcessor
from flashvdm_core.image.processor import composed_on_white, recentred

RED = (200, 30, 20, 255)


def box(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    """A red box on transparent black, uint8 [height, width, 4]."""
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[rows, columns] = RED
    return rgba


def test_the_result_is_a_float_picture_in_range() -> None:
    image, mask = ImageProcessor(64)(box(80, 120, slice(10, 40), slice(20, 90)))
    assert image.shape == (1, 3, 64, 64)
    assert mask.shape == (1, 1, 64, 64)
    assert image.dtype == mask.dtype == torch.float32
    assert image.min() >= -1
    assert image.max() == 1
    assert image[0, :, 0, 0].tolist() == [1, 1, 1]  # white
    assert mask[0, 0, 0, 0] == -1
    assert mask[0, 0, 32, 32] == 1
    torch.testing.assert_close(image[0, :, 32, 32], torch.tensor(RED[:3]) / 127.5 - 1)


@pytest.mark.parametrize(("border", "share"), [(None, 0.85), (0.15, 0.85), (0.4, 0.6)])
def test_the_longer_side_fills_the_square_but_for_the_border(border: float | None, share: float) -> None:
    _, mask = ImageProcessor(200, border)(box(100, 200, slice(20, 61), slice(30, 71)))
    filled = mask[0, 0] > 0
    assert filled.any(1).sum().item() == pytest.approx(200 * share, abs=1)
    assert filled.any(0).sum().item() == pytest.approx(200 * share, abs=1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_where_the_object_stands_does_not_matter(data: st.DataObject) -> None:
    size = data.draw(st.integers(40, 60))
    top, left = data.draw(st.integers(0, size - 20)), data.draw(st.integers(0, size - 15))
    texture = np.random.default_rng(0).integers(0, 256, (20, 15, 4), dtype=np.uint8)
    texture[..., 3] |= 1
    here, there = np.zeros((2, size, size, 4), np.uint8)
    here[top : top + 20, left : left + 15] = texture
    there[:20, :15] = texture
    np.testing.assert_array_equal(recentred(here, 0.15), recentred(there, 0.15))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 0.9), st.integers(0, 2**32 - 1))
def test_any_visible_picture_gives_a_square_with_something_in_it(height: int, width: int, border: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[rng.integers(height), rng.integers(width)] = RED  # a single pixel at the least
    rgba[rng.random((height, width)) < 0.1] = RED
    canvas = recentred(rgba, border)
    assert canvas.shape == (max(height, width), max(height, width), 4)
    assert canvas[..., 3].any()


def test_an_opaque_picture_is_shrunk_onto_white() -> None:
    opaque = np.full((50, 50, 3), 90, np.uint8)
    image, mask = ImageProcessor(50)(opaque)
    assert mask[0, 0].gt(0).sum().item() == 42 * 42
    assert image[0, 0, 0, 0] == 1


def test_partly_transparent_pixels_are_mixed_with_white_and_rounded_down() -> None:
    image, alpha = composed_on_white(np.array([[[100, 10, 201, 128], [7, 8, 9, 0], [7, 8, 9, 255]]], np.uint8))
    assert image.tolist() == [[[177, 132, 227], [255, 255, 255], [7, 8, 9]]]
    assert alpha.tolist() == [[[128], [0], [255]]]


def test_nothing_visible_is_an_error_for_the_user() -> None:
    with pytest.raises(ImageError, match="Nothing in the image is visible"):
        ImageProcessor(32)(np.zeros((20, 20, 4), np.uint8))


@pytest.mark.parametrize("shape", [(20, 20), (20, 20, 1), (4, 20, 20)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[H, W, 3 or 4\]"):
        ImageProcessor(32)(np.zeros(shape, np.uint8))


def test_a_pillow_image_and_its_array_are_alike() -> None:
    rgba = box(30, 30, slice(5, 20), slice(5, 25))
    for a, b in zip(ImageProcessor(32)(rgba), ImageProcessor(32)(Image.fromarray(rgba)), strict=True):
        assert torch.equal(a, b)


def test_views_are_stacked_by_their_ids() -> None:
    pictures = {
        "right": box(40, 40, slice(5, 30), slice(10, 20)),
        "front": box(40, 40, slice(5, 10), slice(5, 35)),
        "back": box(30, 50, slice(5, 25), slice(5, 35)),
    }
    image, mask, ids = MultiViewProcessor(32)(pictures)
    assert ids == (0, 2, 3)
    assert image.shape == (1, 3, 3, 32, 32)
    assert mask.shape == (1, 3, 1, 32, 32)
    for index, view in enumerate(("front", "back", "right")):
        alone, alone_mask = ImageProcessor(32)(pictures[view])
        assert torch.equal(image[:, index], alone)
        assert torch.equal(mask[:, index], alone_mask)
