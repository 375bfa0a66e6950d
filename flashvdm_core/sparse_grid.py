"""The sparse volume that travels from decoding to surface extraction: grids over a box, and sets of their points.

A point (i, j, k) of a grid with n points an axis has the linear index (i * n + j) * n + k: x slowest, z fastest.
A set of points is a sorted tensor of unique linear indices, so it costs memory for its members only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .api.errors import SettingsError

Bounds = float | Sequence[float]

# A set is dilated on bits, this many bytes of them at a time, unless it has fewer points than a plane of the grid has
# by this factor: then its points are sorted.
_SLAB_BYTES, _SORTED_BELOW = 1 << 24, 4


def box(bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """The corners (minimum, maximum), each float64 [3], of a cube of half size `bounds` or of six numbers (min xyz, max xyz)."""
    values = np.asarray(bounds, dtype=np.float64).reshape(-1)
    if values.size == 1:
        values = np.repeat([-values[0], values[0]], 3)
    if values.size != 6 or not (values[:3] < values[3:]).all():
        raise SettingsError(f"The bounds must be one positive number or six numbers (minimum, maximum), not {bounds!r}.")
    return values[:3], values[3:]


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid of n x n x n points.

    Attributes:
        axes: float32 [3, n], the coordinates of the points along x, y and z in the core frame, ascending.
    """

    axes: Tensor

    @property
    def size(self) -> int:
        """Points along each axis."""
        return self.axes.shape[1]

    @property
    def device(self) -> torch.device:
        """Where the points live."""
        return self.axes.device

    def all_indices(self) -> Tensor:
        """Every point: int64 [n^3]."""
        return torch.arange(self.size**3, device=self.device)

    def coordinates(self, indices: Tensor) -> Tensor:
        """int64 [P] -> float32 [P, 3] in the core frame."""
        return torch.stack(
            [axis[index] for axis, index in zip(self.axes, unravel_index(indices, self.size), strict=True)], dim=-1
        )


@dataclass(frozen=True, eq=False)
class Points:
    """Some points of a grid. Their neighbours are looked for when they are first asked for.

    Attributes:
        grid: the grid.
        indices: int64 [P], sorted indices of the points.
    """

    grid: Grid
    indices: Tensor

    @property
    def size(self) -> int:
        """Points of the grid along each axis."""
        return self.grid.size

    @property
    def count(self) -> int:
        """P."""
        return self.indices.numel()

    @property
    def everywhere(self) -> bool:
        """Whether these are all points of the grid."""
        return self.count == self.size**3

    @cached_property
    def next_neighbours(self) -> Tensor:
        """`next_neighbours` of the points: int64 [3, P + 1]."""
        return next_neighbours(self.indices, self.size)

    @cached_property
    def previous_neighbours(self) -> tuple[Tensor, Tensor, Tensor]:
        """`previous_neighbours` of the points along x, y and z: int64 [P + 1] each."""
        x, y, z = map(previous_neighbours, self.next_neighbours)
        return x, y, z


@dataclass(frozen=True, eq=False)
class SparseVolume:
    """A scalar field at some points of a grid.

    Attributes:
        points: the points.
        logits: float32 [P], positive inside the shape.
    """

    points: Points
    logits: Tensor

    @property
    def grid(self) -> Grid:
        """The points' grid."""
        return self.points.grid

    @property
    def indices(self) -> Tensor:
        """int64 [P], sorted indices of the points."""
        return self.points.indices

    @property
    def resolution(self) -> int:
        """Cells along each axis."""
        return self.grid.size - 1


def unravel_index(indices: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Linear indices -> i, j, k, each of the shape of `indices`."""
    row = indices // size
    return row // size, row % size, indices % size


def ravel_index(i: Tensor, j: Tensor, k: Tensor, size: int) -> Tensor:
    """i, j, k -> linear indices."""
    return (i * size + j) * size + k


def positions(indices: Tensor, wanted: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Where `wanted` lie in the sorted set `indices`: (position int64, found bool), position 0 where not found."""
    if indices.numel() == size**3:
        found = (wanted >= 0) & (wanted < indices.numel())
        return wanted.masked_fill(~found, 0), found
    if indices.numel() == 0:
        return torch.zeros_like(wanted), torch.zeros_like(wanted, dtype=torch.bool)
    position = torch.searchsorted(indices, wanted).clamp_(max=indices.numel() - 1)
    found = indices.take(position) == wanted
    return position.mul_(found), found


def next_neighbours(indices: Tensor, size: int) -> Tensor:
    """Positions of the points' neighbours at the next index along x, y and z in the sorted set `indices`: int64 [3, P + 1].

    P where the grid or the set lacks the neighbour, and for position P itself, so that chains of look-ups need no test.
    """
    count, row = indices.numel(), indices // size
    out = torch.full((3, count + 1), count, device=indices.device)
    # The last point of a row has no neighbour, although the next key is that of the next row's first point.
    inner = (indices < (size - 1) * size**2, row % size < size - 1, indices - row * size < size - 1)
    for axis, stride in enumerate((size * size, size, 1)):
        if stride == 1:
            position = torch.arange(1, count + 1, device=indices.device)
            found = torch.diff(indices, append=indices.new_full((1,), -1)) == 1
        else:
            position, found = positions(indices, indices + stride, size)
        out[axis, :count] = position.masked_fill_(~(found & inner[axis]), count)
    return out


def previous_neighbours(following: Tensor) -> Tensor:
    """From one row of `next_neighbours` the positions of the neighbours on the other side: int64 [P + 1], P for none."""
    count = following.numel() - 1
    out = torch.full_like(following, count)
    out[following] = torch.arange(count + 1, device=following.device)
    out[count] = count
    return out


def all_corners(flags: Tensor, after: Tensor) -> Tensor:
    """Whether flags hold at all eight corners of the cell whose lowest corner a point is.

    Args:
        flags: bool [P + 1], False at position P.
        after: answer of `next_neighbours`.

    Returns:
        bool [P + 1].
    """
    for following in after:
        flags = flags & flags[following]
    return flags


def on_boundary(indices: Tensor, size: int) -> Tensor:
    """bool: which points lie on the grid's border."""
    return torch.stack([(index == 0) | (index == size - 1) for index in unravel_index(indices, size)]).any(0)


def dilate(indices: Tensor, size: int) -> Tensor:
    """The set with its 26 neighbours, inside the grid (a 3 x 3 x 3 box)."""
    if indices.numel() * _SORTED_BELOW < size**2:
        return dilate_by_sorting(indices, size)
    planes = max(_SLAB_BYTES // (size * -(-size // 8)), 1)
    parts = [_dilate_planes(indices, first, min(first + planes, size), size) for first in range(0, size, planes)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def dilate_by_sorting(indices: Tensor, size: int) -> Tensor:
    """The same for a small set, one axis after the other; costs as the set is large, not the grid."""
    for stride in (1, size, size * size):
        index = indices // stride % size
        indices = torch.unique(torch.cat([indices, (indices - stride)[index > 0], (indices + stride)[index < size - 1]]))
    return indices


def _dilate_planes(indices: Tensor, first: int, last: int, size: int) -> Tensor:
    """Planes `first` to before `last` along x of a dilated set, found on bits: eight points of a row in a byte."""
    below, above, plane, row = max(first - 1, 0), min(last + 1, size), size * size, -(-size // 8)
    if above - below < size:
        ends = torch.tensor([below * plane, above * plane], device=indices.device)
        start, end = torch.searchsorted(indices, ends).tolist()
        indices = indices[start:end]
    line, k = indices // size - below * size, indices % size
    bits = torch.zeros((above - below) * size * row, dtype=torch.uint8, device=indices.device)
    # The points are distinct, so their bits add up without a carry.
    bits.index_add_(0, line * row + k // 8, torch.ones_like(k).bitwise_left_shift_(k % 8).to(torch.uint8))
    bits = bits.view(above - below, size, row)
    grown = bits | (bits << 1) | (bits >> 1)
    grown[..., 1:] |= bits[..., :-1] >> 7
    grown[..., :-1] |= bits[..., 1:] << 7
    grown[..., -1] &= 0xFF >> (-size % 8)
    for axis in (1, 0):
        bits, length = grown, grown.shape[axis]
        grown = bits.clone()
        grown.narrow(axis, 1, length - 1).bitwise_or_(bits.narrow(axis, 0, length - 1))
        grown.narrow(axis, 0, length - 1).bitwise_or_(bits.narrow(axis, 1, length - 1))
    grown = grown[first - below : last - below].flatten()
    byte = grown.nonzero()[:, 0]
    which, bit = ((grown[byte][:, None] >> torch.arange(8, dtype=torch.uint8, device=indices.device)) & 1).nonzero().unbind(1)
    byte = byte[which]
    return (first * size + byte // row) * size + byte % row * 8 + bit


def upsample_indices(indices: Tensor, size: int, fine_size: int) -> Tensor:
    """Where the points lie on the next finer grid: index i at 2 i (its last point where 2 i is past the end). Keeps order."""
    return ravel_index(*(index.mul(2).clamp_(max=fine_size - 1) for index in unravel_index(indices, size)), size=fine_size)


def aligned_grids(resolution: int, min_resolution: int, bounds: Bounds, device: torch.device | str = "cpu") -> list[Grid]:
    """Nested grids, coarse to fine, whose last has exactly `resolution` cells an axis.

    Each coarser grid takes every other point of the finer one and its last point, so any resolution works, every
    coarse point is a fine point, and the coarse grids cover the whole box (the last cell may be narrower). A level is
    added while the next coarser one would have `min_resolution` cells or more.
    """
    low, high = box(bounds)
    axes = low[:, None] + np.arange(resolution + 1) * ((high - low)[:, None] / resolution)
    axes[:, -1] = high
    grids = [Grid(torch.tensor(axes, dtype=torch.float32, device=device))]
    while grids[0].size // 2 >= max(min_resolution, 1) and grids[0].size > 2:
        grids.insert(0, coarser_grid(grids[0]))
    return grids


def coarser_grid(grid: Grid) -> Grid:
    """Every other point of a grid, and its last point."""
    index = torch.arange(grid.size // 2 + 1, device=grid.device).mul_(2).clamp_(max=grid.size - 1)
    return Grid(grid.axes[:, index].contiguous())
