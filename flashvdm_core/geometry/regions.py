"""Connected regions of a mask and means over squares, in NumPy alone."""

from __future__ import annotations

import numpy as np


def label_regions(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the 4-connected regions of `mask` (bool [H, W]).

    Returns:
        int32 [H, W]: 0 outside of the mask, else 1 to the number of regions, in the order of their first pixels;
        and that number.

    Works on the horizontal runs of the mask: runs that touch are joined by taking the smaller label across each
    contact and following labels of labels, until nothing changes.
    """
    height, width = mask.shape
    # A false column at each end keeps runs from wrapping into the next row.
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded.ravel())
    starts, ends = np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1
    label = np.arange(len(starts))
    above, below = _contacts(starts, ends, width + 2)
    while not np.array_equal(label[above], label[below]):
        low = np.minimum(label[above], label[below])
        np.minimum.at(label, label[above].copy(), low)
        np.minimum.at(label, label[below].copy(), low)
        while not np.array_equal(label, label[label]):
            label = label[label]
    roots, number = np.unique(label, return_inverse=True)
    labels = np.zeros(padded.size, np.int32)
    labels[np.flatnonzero(padded)] = np.repeat(number + 1, ends - starts)
    return labels.reshape(padded.shape)[:, 1:-1], len(roots)


def _contacts(starts: np.ndarray, ends: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs (flat positions start <= p < end) of neighbouring rows that share a column."""
    first = np.searchsorted(ends, starts + stride, "right")
    last = np.searchsorted(starts, ends + stride, "left")
    count = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(starts)), count)
    offset = np.arange(len(above)) - np.repeat(np.cumsum(count) - count, count)
    return above, first[above] + offset


def box_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """Mean over squares of 2 * radius + 1 pixels of float32 [H, W, C]; the border is repeated."""
    size = 2 * radius + 1
    for axis in (0, 1):
        pads = [(0, 0)] * 3
        pads[axis] = (radius, radius)
        padded = np.pad(values, pads, "edge")
        lines, length = padded.swapaxes(0, axis), values.shape[axis]
        total = np.zeros_like(values)
        for offset in range(size):
            total.swapaxes(0, axis)[:] += lines[offset : offset + length]
        values = total / size
    return values
