"""The sparse volume that travels from decoding to surface extraction: lattices over a box, and sets of their points.

A point (i, j, k) of a lattice with n points an axis has the key (i * n + j) * n + k: x slowest, z fastest.
A set of points is a sorted tensor of unique keys, so it costs memory for its members only.
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

# A set is dilated on bits, this many bytes of them at a time, unless it has fewer points than a plane of the lattice has
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
class Lattice:
    """A lattice of n x n x n points.

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

    def all_keys(self) -> Tensor:
        """Every point: int64 [n^3]."""
        return torch.arange(self.size**3, device=self.device)

    def coordinates(self, keys: Tensor) -> Tensor:
        """int64 [P] -> float32 [P, 3] in the core frame."""
        return torch.stack([axis[index] for axis, index in zip(self.axes, unravelled(keys, self.size), strict=True)], dim=-1)


@dataclass(frozen=True, eq=False)
class Points:
    """Some points of a lattice. Their neighbours are looked for when they are first asked for.

    Attributes:
        lattice: the lattice.
        keys: int64 [P], sorted keys of the points.
    """

    lattice: Lattice
    keys: Tensor

    @property
    def size(self) -> int:
        """Points of the lattice along each axis."""
        return self.lattice.size

    @property
    def count(self) -> int:
        """P."""
        return self.keys.numel()

    @property
    def everywhere(self) -> bool:
        """Whether these are all points of the lattice."""
        return self.count == self.size**3

    @cached_property
    def after(self) -> Tensor:
        """`successors` of the points: int64 [3, P + 1]."""
        return successors(self.keys, self.size)

    @cached_property
    def before(self) -> tuple[Tensor, Tensor, Tensor]:
        """`predecessors` of the points along x, y and z: int64 [P + 1] each."""
        x, y, z = map(predecessors, self.after)
        return x, y, z


@dataclass(frozen=True, eq=False)
class SparseVolume:
    """A scalar field at some points of a lattice.

    Attributes:
        points: the points.
        logits: float32 [P], positive inside the shape.
    """

    points: Points
    logits: Tensor

    @property
    def lattice(self) -> Lattice:
        """The points' lattice."""
        return self.points.lattice

    @property
    def keys(self) -> Tensor:
        """int64 [P], sorted keys of the points."""
        return self.points.keys

    @property
    def resolution(self) -> int:
        """Cells along each axis."""
        return self.lattice.size - 1


def unravelled(keys: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Keys -> their indices i, j, k, each of the shape of `keys`."""
    row = keys // size
    return row // size, row % size, keys % size


def ravelled(i: Tensor, j: Tensor, k: Tensor, size: int) -> Tensor:
    """Indices -> keys."""
    return (i * size + j) * size + k


def positions(keys: Tensor, wanted: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Where `wanted` lie in the sorted set `keys`: (position int64, found bool), position 0 where not found."""
    if keys.numel() == size**3:
        found = (wanted >= 0) & (wanted < keys.numel())
        return wanted.masked_fill(~found, 0), found
    if keys.numel() == 0:
        return torch.zeros_like(wanted), torch.zeros_like(wanted, dtype=torch.bool)
    position = torch.searchsorted(keys, wanted).clamp_(max=keys.numel() - 1)
    found = keys.take(position) == wanted
    return position.mul_(found), found


def successors(keys: Tensor, size: int) -> Tensor:
    """Positions of the points' neighbours at the next index along x, y and z in the sorted set `keys`: int64 [3, P + 1].

    P where the lattice or the set lacks the neighbour, and for position P itself, so that chains of look-ups need no test.
    """
    count, row = keys.numel(), keys // size
    out = torch.full((3, count + 1), count, device=keys.device)
    # The last point of a row has no neighbour, although the next key is that of the next row's first point.
    inner = (keys < (size - 1) * size**2, row % size < size - 1, keys - row * size < size - 1)
    for axis, stride in enumerate((size * size, size, 1)):
        if stride == 1:
            position = torch.arange(1, count + 1, device=keys.device)
            found = torch.diff(keys, append=keys.new_full((1,), -1)) == 1
        else:
            position, found = positions(keys, keys + stride, size)
        out[axis, :count] = position.masked_fill_(~(found & inner[axis]), count)
    return out


def predecessors(following: Tensor) -> Tensor:
    """From one row of `successors` the positions of the neighbours at the index before: int64 [P + 1], P where there is none."""
    count = following.numel() - 1
    out = torch.full_like(following, count)
    out[following] = torch.arange(count + 1, device=following.device)
    out[count] = count
    return out


def at_all_corners(flags: Tensor, after: Tensor) -> Tensor:
    """Whether flags hold at all eight corners of the cell whose lowest corner a point is.

    Args:
        flags: bool [P + 1], False at position P.
        after: answer of `successors`.

    Returns:
        bool [P + 1].
    """
    for following in after:
        flags = flags & flags[following]
    return flags


def on_box(keys: Tensor, size: int) -> Tensor:
    """bool: which points lie on the lattice's border."""
    return torch.stack([(index == 0) | (index == size - 1) for index in unravelled(keys, size)]).any(0)


def dilated(keys: Tensor, size: int) -> Tensor:
    """The set with its 26 neighbours, inside the lattice (a 3 x 3 x 3 box)."""
    if keys.numel() * _SORTED_BELOW < size**2:
        return dilated_by_sorting(keys, size)
    planes = max(_SLAB_BYTES // (size * -(-size // 8)), 1)
    parts = [_dilated_planes(keys, first, min(first + planes, size), size) for first in range(0, size, planes)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def dilated_by_sorting(keys: Tensor, size: int) -> Tensor:
    """The same for a small set, one axis after the other; costs as the set is large, not the lattice."""
    for stride in (1, size, size * size):
        index = keys // stride % size
        keys = torch.unique(torch.cat([keys, (keys - stride)[index > 0], (keys + stride)[index < size - 1]]))
    return keys


def _dilated_planes(keys: Tensor, first: int, last: int, size: int) -> Tensor:
    """Planes `first` to before `last` along x of a dilated set, found on bits: eight points of a row in a byte."""
    below, above, plane, row = max(first - 1, 0), min(last + 1, size), size * size, -(-size // 8)
    if above - below < size:
        ends = torch.tensor([below * plane, above * plane], device=keys.device)
        start, end = torch.searchsorted(keys, ends).tolist()
        keys = keys[start:end]
    line, k = keys // size - below * size, keys % size
    bits = torch.zeros((above - below) * size * row, dtype=torch.uint8, device=keys.device)
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
    which, bit = ((grown[byte][:, None] >> torch.arange(8, dtype=torch.uint8, device=keys.device)) & 1).nonzero().unbind(1)
    byte = byte[which]
    return (first * size + byte // row) * size + byte % row * 8 + bit


def doubled(keys: Tensor, size: int, fine_size: int) -> Tensor:
    """Where the points lie on the next finer lattice: index i at 2 i (its last point where 2 i is past the end). Keeps order."""
    return ravelled(*(index.mul(2).clamp_(max=fine_size - 1) for index in unravelled(keys, size)), size=fine_size)


def aligned_lattices(resolution: int, min_resolution: int, bounds: Bounds, device: torch.device | str = "cpu") -> list[Lattice]:
    """Nested lattices, coarse to fine, whose last has exactly `resolution` cells an axis.

    Each coarser lattice takes every other point of the finer one and its last point, so any resolution works, every
    coarse point is a fine point, and the coarse lattices cover the whole box (the last cell may be narrower). A level is
    added while the next coarser one would have `min_resolution` cells or more.
    """
    low, high = box(bounds)
    axes = low[:, None] + np.arange(resolution + 1) * ((high - low)[:, None] / resolution)
    axes[:, -1] = high
    lattices = [Lattice(torch.tensor(axes, dtype=torch.float32, device=device))]
    while (cells := lattices[0].size // 2) >= max(min_resolution, 1) and lattices[0].size > 2:
        fine = lattices[0].axes
        index = torch.arange(cells + 1, device=device).mul_(2).clamp_(max=fine.shape[1] - 1)
        lattices.insert(0, Lattice(fine[:, index].contiguous()))
    return lattices
