"""A field that is smooth on some scale: asked for on a lattice of that scale, and read between its points on finer grids.

What a network says of a picture is no finer than the features that it read there, and on the last level of a volume most points
lie between those of the level before. So the network is asked at the points of one lattice only, and the points of finer grids
are interpolated by cubics through the four lattice points around them along each axis (Deslauriers and Dubuc 1989). What is
exact and cheap, an outline for example, is put on top at the points themselves.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Grid, coarser_grid, ravel_index, unravel_index
from .field import Field, IndexedField
from .groups import Groups

_TAPS = 4


@dataclass(frozen=True)
class Answered:
    """Points of a lattice that were asked for: int64 [N], ascending, and float32 [N]."""

    points: Tensor
    values: Tensor


class InterpolatedField(Field):
    """A field whose answers on fine grids are interpolated; anywhere else it is the field itself, its reference.

    Answers on a lattice are kept for finer grids, which are asked for later: it is the field of one shape.

    Args:
        field: a smooth field.
        spacing: of the lattice at most, in units of the frame.
    """

    def __init__(self, field: Field, spacing: float) -> None:
        self._field, self._spacing = field, spacing
        self._lattices: list[_Lattice] = []
        self.device = field.device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        return self._field(points, groups)

    def on_grid(self, grid: Grid) -> LatticeField:
        """The same field at the points of a grid."""
        step, halvings = float(grid.axes.diff().abs().amax()), 0
        lattice = grid
        while step * 2 ** (halvings + 1) <= self._spacing:
            lattice, halvings = coarser_grid(lattice), halvings + 1
        if halvings:
            return _Between(self._field.on_grid(grid), self._lattice(lattice), grid, halvings)
        return self._lattice(grid) if step <= self._spacing else _Exact(self._field.on_grid(grid))

    def _lattice(self, grid: Grid) -> _Lattice:
        for known in self._lattices:
            if torch.equal(known.grid.axes, grid.axes):
                return known
        self._lattices.append(_Lattice(grid, self._field.on_grid(grid)))
        return self._lattices[-1]


class LatticeField(IndexedField):
    """A field at the points of one grid, some of which it may have to ask for.

    Threads may `read` beside one another: nothing changes until all that they asked for is kept, in an order that does not depend
    on which of them was first. Two that ask for the same point may get answers that differ in rounding.
    """

    @abstractmethod
    def read(self, indices: Tensor, answered: list[Answered]) -> Tensor:
        """Logits [...] at indices int64 [...]; adds to `answered` what nobody has asked for before."""

    @abstractmethod
    def keep(self, answered: Sequence[Answered]) -> None:
        """Know these answers from now on: of several to one question the first."""

    def __call__(self, indices: Tensor, groups: Groups | None = None) -> Tensor:
        """See `IndexedField`."""
        answered: list[Answered] = []
        logits = self.read(indices, answered)
        self.keep(answered)
        return logits


class _Exact(LatticeField):
    """A field at the points of a coarse grid, of which nothing is kept."""

    def __init__(self, field: IndexedField) -> None:
        self._field = field

    def read(self, indices: Tensor, answered: list[Answered]) -> Tensor:
        return self._field(indices)

    def keep(self, answered: Sequence[Answered]) -> None:
        """There is nothing to keep."""


class _Lattice(LatticeField):
    """The points of a grid that were asked for so far.

    Args:
        grid: of n points an axis.
        exact: the field at its points.
    """

    def __init__(self, grid: Grid, exact: IndexedField) -> None:
        self.grid, self._exact = grid, exact
        # Of all n^3 points; NaN where nobody has asked.
        self._values = torch.full((grid.size**3,), torch.nan, device=grid.device)

    def read(self, indices: Tensor, answered: list[Answered]) -> Tensor:
        found = self._values.take(indices)
        unknown = found.isnan()
        points = torch.unique(indices[unknown])
        if points.numel():
            answered.append(Answered(points, self._exact(points)))
            found[unknown] = answered[-1].values[torch.searchsorted(points, indices[unknown])]
        return found

    def keep(self, answered: Sequence[Answered]) -> None:
        for part in reversed(answered):
            self._values[part.points] = part.values


class _Between(LatticeField):
    """A field at the points of a grid that is 2^h times as fine as a lattice.

    Args:
        exact: the field at the grid's points: at the far sides of the box, where the lattice has no four points.
        lattice: every 2^h-th point of the grid.
        grid: the grid.
        halvings: h.
    """

    def __init__(self, exact: IndexedField, lattice: _Lattice, grid: Grid, halvings: int) -> None:
        self._exact, self._lattice, self._size, self._halvings = exact, lattice, grid.size, halvings
        count = lattice.grid.size
        taps = torch.arange(_TAPS, device=grid.device) - 1
        self._offsets = ((taps[:, None, None] * count + taps[:, None]) * count + taps).flatten()
        self._weights = _weights(2**halvings).to(grid.device)

    def read(self, indices: Tensor, answered: list[Answered]) -> Tensor:
        split, count = 2**self._halvings, self._lattice.grid.size
        base = [index >> self._halvings for index in unravel_index(indices, self._size)]
        # The lattice's last cell may be narrower than the others.
        inner = torch.stack([(at >= 1) & (at + _TAPS - 1 < count) for at in base]).all(0)
        out = torch.empty(indices.numel(), device=indices.device)
        beyond = (~inner).nonzero()[:, 0]
        if beyond.numel():
            out[beyond] = self._exact(indices[beyond])
        inner = inner.nonzero()[:, 0]
        cells, cell = torch.unique(ravel_index(*base, size=count)[inner], return_inverse=True)
        i, j, k = (index[inner] & (split - 1) for index in unravel_index(indices, self._size))
        known = self._lattice.read(cells[:, None] + self._offsets, answered)
        out[inner] = (known @ self._weights.T).flatten().take(cell * split**3 + (i * split + j) * split + k)
        return out

    def keep(self, answered: Sequence[Answered]) -> None:
        self._lattice.keep(answered)


def _weights(split: int) -> Tensor:
    """What the four lattice points an axis around a cell count at the places within it: float32 [split^3, 64].

    Place (i, j, k) / split of the cell is row (i * split + j) * split + k.
    """
    t = torch.arange(split, dtype=torch.float64)[:, None] / split
    nodes = [-1, 0, 1, 2]
    line = torch.cat(
        [torch.stack([(t - other) / (node - other) for other in nodes if other != node]).prod(0) for node in nodes], 1
    )
    return torch.einsum("ai,bj,ck->abcijk", line, line, line).reshape(split**3, _TAPS**3).float()
