"""Area, bicubic and nearest resizing of uint8 images, with the arithmetic of OpenCV.

The public models were trained on images resized by OpenCV, so the sums are formed in its order and number
formats: area and nearest give the same bytes as OpenCV 5.0; bicubic the same bytes as its x86 build but for
about one value in 100,000, which lies on the edge between two. NumPy only; rows are worked on in bands, so
that little memory is needed besides the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_UNIT = 2048  # OpenCV holds the weights of uint8 images as int16 with 11 fractional bits
_BAND = 1 << 20  # values of one working array at a time


def resize_area(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize `image` (uint8 [H, W, C]) to uint8 [height, width, C], as OpenCV's INTER_AREA.

    Each pixel of the result is the mean of the area it covers. An axis that grows turns both axes into an
    interpolation between the two pixels that a result pixel overlaps, as OpenCV does.
    """
    if image.shape[:2] == (height, width):
        return image.copy()
    source_height, source_width = image.shape[:2]
    if source_width < width or source_height < height:
        return _resize_overlap(image, width, height)
    if source_width % width == 0 and source_height % height == 0:
        return _resize_blocks(image, source_width // width, source_height // height)
    return _separable(image, _area_taps(source_width, width), _area_taps(source_height, height), np.float32, _combine_sum)


def resize_cubic(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize `image` (uint8 [H, W, C]) to uint8 [height, width, C], as OpenCV's INTER_CUBIC.

    Keys' kernel with a = -0.75 at half-pixel centres; the border is repeated; no smoothing when shrinking.
    """
    if image.shape[:2] == (height, width):
        return image.copy()
    columns, rows = _cubic_taps(image.shape[1], width), _cubic_taps(image.shape[0], height)
    return _separable(image, columns, rows, np.float32, _combine_sum)


def resize_nearest(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize `image` (any dtype [H, W, ...]) to [height, width, ...], as OpenCV's INTER_NEAREST."""
    rows = _nearest_indices(image.shape[0], height)
    columns = _nearest_indices(image.shape[1], width)
    return image[rows[:, None], columns[None, :]]


Taps = tuple[np.ndarray, np.ndarray]
"""Indices int [T, N] of the source pixels of each of N results, and their weights [T, N]."""


def _nearest_indices(source: int, target: int) -> np.ndarray:
    scale = 1.0 / (target / source)
    return np.minimum(np.floor(np.arange(target) * scale).astype(np.int64), source - 1)


def _area_taps(source: int, target: int) -> Taps:
    """Which source pixels each result pixel covers, and which share of it (float32)."""
    scale = 1.0 / (target / source)
    start = np.arange(target) * scale
    end = start + scale
    cell = np.minimum(scale, source - start)
    first, last = np.ceil(start).astype(np.int64), np.minimum(np.floor(end).astype(np.int64), source - 1)
    first = np.minimum(first, last)
    count = int((last - first).max())
    inner = first + np.arange(count)[:, None]
    shares = [np.where(first - start > 1e-3, (first - start) / cell, 0.0)[None]]
    shares.append(np.where(inner < last, 1.0 / cell, 0.0))
    shares.append(np.where(end - last > 1e-3, np.minimum(np.minimum(end - last, 1.0), cell) / cell, 0.0)[None])
    indices = np.concatenate([first[None] - 1, inner, last[None]])
    return indices.clip(0, source - 1), np.concatenate(shares).astype(np.float32)


def _overlap_taps(source: int, target: int) -> Taps:
    inverse = target / source
    scale = 1.0 / inverse
    result = np.arange(target)
    left = np.floor(result * scale).astype(np.int64)
    share = ((result + 1) - (left + 1) * inverse).astype(np.float32)
    share = np.where(share <= 0, np.float32(0), share - np.floor(share))
    share = np.where(left >= source - 1, np.float32(0), share)
    weights = np.stack([np.float32(1) - share, share])
    return np.stack([left, left + 1]).clip(0, source - 1), _fixed(weights)


def _cubic_taps(source: int, target: int) -> Taps:
    centre = (np.arange(target) + 0.5) * (source / target) - 0.5
    left = np.floor(centre)
    x = centre - left
    a = -0.75
    near, far = np.stack([x, 1 - x]), np.stack([1 + x, 2 - x])
    near = ((a + 2) * near - (a + 3)) * near**2 + 1
    far = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    weights = np.stack([far[0], near[0], near[1], far[1]]).astype(np.float32)
    return (left.astype(np.int64) + np.arange(-1, 3)[:, None]).clip(0, source - 1), weights


def _fixed(weights: np.ndarray) -> np.ndarray:
    return np.rint(weights * np.float32(_UNIT)).astype(np.int32)


def _round_to_uint8(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


Combine = Callable[[list[np.ndarray], np.ndarray], np.ndarray]
"""Makes uint8 [N, W, C] of T row arrays [N, W, C] and their weights [T, N]."""


def _separable(image: np.ndarray, columns: Taps, rows: Taps, dtype: type, combine: Combine) -> np.ndarray:
    """Weighted sums along the columns in `dtype`; `combine` makes the result of the rows."""
    height, width, channels = rows[0].shape[1], columns[0].shape[1], image.shape[2]
    result = np.empty((height, width, channels), np.uint8)
    band = max(1, _BAND * height // (image.shape[0] * width * channels))
    for top in range(0, height, band):
        indices, weights = (part[:, top : top + band] for part in rows)
        low = int(indices.min())
        source = image[low : int(indices.max()) + 1]
        across = np.zeros((len(source), width, channels), dtype)
        for column, weight in zip(*columns, strict=True):
            across += source[:, column] * weight.astype(dtype)[:, None]
        result[top : top + band] = combine([across[row - low] for row in indices], weights)
    return result


def _combine_sum(rows: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    total = rows[0] * weights[0][:, None, None]
    for row, weight in zip(rows[1:], weights[1:], strict=True):
        total += row * weight[:, None, None]
    return _round_to_uint8(total)


def _combine_overlap(rows: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    # OpenCV drops bits in between, to stay within 16-bit multiplications.
    above, below = ((weight[:, None, None] * (row >> 4)) >> 16 for row, weight in zip(rows, weights, strict=True))
    return ((above + below + 2) >> 2).clip(0, 255).astype(np.uint8)


def _resize_blocks(image: np.ndarray, across: int, down: int) -> np.ndarray:
    """The mean of each block of `down` x `across` pixels."""
    height, width, channels = image.shape
    blocks = image.reshape(height // down, down, width // across, across, channels)
    total = blocks.sum((1, 3), dtype=np.int32)
    if across == down == 2:
        return ((total + 2) >> 2).astype(np.uint8)
    return _round_to_uint8(total.astype(np.float32) * np.float32(1.0 / (across * down)))


def _resize_overlap(image: np.ndarray, width: int, height: int) -> np.ndarray:
    columns, rows = _overlap_taps(image.shape[1], width), _overlap_taps(image.shape[0], height)
    return _separable(image, columns, rows, np.int32, _combine_overlap)
