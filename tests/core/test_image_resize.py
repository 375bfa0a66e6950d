"""Resizing: the bytes of OpenCV, and what the names promise, held against plain sums over pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashvdm_core.image.resize import resize_area, resize_cubic, resize_nearest

Resize = Callable[[np.ndarray, int, int], np.ndarray]
RESIZERS: dict[str, Resize] = {"area": resize_area, "cubic": resize_cubic, "nearest": resize_nearest}
OPENCV = np.load(Path(__file__).parents[1] / "data" / "opencv_resize.npz")  # made with opencv-python-headless 5.0.0, x86
CASES = sorted({key.split(".")[0] for key in OPENCV.files})

lengths = st.integers(1, 24)
seeds = st.integers(0, 2**32 - 1)


def noise(seed: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("name", RESIZERS)
@pytest.mark.parametrize("case", CASES)
def test_same_bytes_as_opencv(name: str, case: str) -> None:
    want = OPENCV[f"{case}.{name}"]
    got = RESIZERS[name](OPENCV[f"{case}.source"], want.shape[1], want.shape[0])
    np.testing.assert_array_equal(got, want)


def covered_mean(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The plain twin of `resize_area` where both axes shrink: weigh each pixel by how much of it is covered."""

    def shares(source: int, target: int) -> np.ndarray:
        scale = source / target
        edges = np.arange(source)
        low, high = np.arange(target)[:, None] * scale, (np.arange(target)[:, None] + 1) * scale
        return np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0, None) / scale

    return np.einsum("yh,hwc,xw->yxc", shares(image.shape[0], height), image.astype(float), shares(image.shape[1], width))


def keys_cubic(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The plain twin of `resize_cubic`: Keys' kernel with a = -0.75 at every pixel of a repeated border."""

    def kernel(x: np.ndarray) -> np.ndarray:
        x, a = np.abs(x), -0.75
        inner, outer = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
        return np.where(x <= 1, inner, np.where(x < 2, outer, 0))

    def shares(source: int, target: int) -> np.ndarray:
        centre = (np.arange(target)[:, None] + 0.5) * source / target - 0.5
        result = np.zeros((target, source))
        for position in range(-3, source + 3):
            result[:, min(max(position, 0), source - 1)] += kernel(centre - position)[:, 0]
        return result

    return np.einsum("yh,hwc,xw->yxc", shares(image.shape[0], height), image.astype(float), shares(image.shape[1], width))


@settings(max_examples=60, deadline=None)
@given(seeds, lengths, lengths, lengths, lengths)
def test_shrinking_by_area_is_the_mean_of_what_is_covered(seed: int, a: int, b: int, c: int, d: int) -> None:
    image, (height, width) = noise(seed, max(a, b), max(c, d)), (min(a, b), min(c, d))
    got = resize_area(image, width, height)
    # Half a level for rounding; slivers of a thousandth of a pixel are left out, as in OpenCV.
    assert np.abs(got - covered_mean(image, width, height)).max() <= 0.51 + 255 * 2e-3


@settings(max_examples=60, deadline=None)
@given(seeds, lengths, lengths, lengths, lengths)
def test_cubic_follows_the_kernel(seed: int, height: int, width: int, new_height: int, new_width: int) -> None:
    image = noise(seed, height, width)
    want = keys_cubic(image, new_width, new_height).clip(0, 255)
    assert np.abs(resize_cubic(image, new_width, new_height) - want).max() <= 0.501


@settings(max_examples=60, deadline=None)
@given(seeds, lengths, lengths, lengths, lengths)
def test_area_never_leaves_the_range_of_its_pixels(seed: int, height: int, width: int, new_height: int, new_width: int) -> None:
    image = noise(seed, height, width)
    got = resize_area(image, new_width, new_height)
    assert got.shape == (new_height, new_width, 3)
    # growing drops the last bits, as OpenCV does
    assert (got.astype(int) >= image.min((0, 1)).astype(int) - 1).all()
    assert (got <= image.max((0, 1))).all()


@pytest.mark.parametrize("resize", RESIZERS.values(), ids=RESIZERS)
@settings(max_examples=30, deadline=None)
@given(seed=seeds, height=lengths, width=lengths)
def test_the_same_size_changes_nothing_and_shares_nothing(resize: Resize, seed: int, height: int, width: int) -> None:
    image = noise(seed, height, width)
    got = resize(image, width, height)
    np.testing.assert_array_equal(got, image)
    assert not np.shares_memory(got, image)


@pytest.mark.parametrize("resize", [resize_area, resize_cubic])
def test_a_picture_of_many_bands_is_resized_as_one(resize: Resize, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise(3, 90, 70, 4)
    whole = resize(image, 41, 53)
    monkeypatch.setattr("flashvdm_core.image.resize._BAND", 1000)
    np.testing.assert_array_equal(resize(image, 41, 53), whole)
