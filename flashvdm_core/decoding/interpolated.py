"""A field that is smooth on some scale: asked for on a lattice of that scale, and read between its points on finer grids.

What a network says of a picture is no finer than the features that it read there, and on the last level of a volume most points
lie between those of the level before. So the network is asked at the points of one lattice only, and the points of finer grids
are interpolated by cubics through the four lattice points around them along each axis (Deslauriers and Dubuc 1989). What is
exact and cheap, an outline for example, is put on top at the points themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..sparse_grid import Grid, coarser_grid, ravel_index, unravel_index
from .field import Field, IndexedField
from .groups import Groups

_TAPS = 4


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

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid."""
        step, halvings = float(grid.axes.diff().abs().amax()), 0
        lattice = grid
        while step * 2 ** (halvings + 1) <= self._spacing:
            lattice, halvings = coarser_grid(lattice), halvings + 1
        if halvings:
            return _Between(self._field.on_grid(grid), self._lattice(lattice), grid, halvings)
        return self._lattice(grid).at if step <= self._spacing else self._field.on_grid(grid)

    def _lattice(self, grid: Grid) -> _Lattice:
        for known in self._lattices:
            if torch.equal(known.grid.axes, grid.axes):
                return known
        self._lattices.append(_Lattice(grid, self._field.on_grid(grid)))
        return self._lattices[-1]


@dataclass(eq=False)
class _Lattice:
    """The points of a grid that were asked for so far.

    Attributes:
        grid: the grid, of n points an axis.
        exact: the field at its points.
        values: float32 [n^3], NaN where nobody has asked.
    """

    grid: Grid
    exact: IndexedField
    values: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.values = torch.full((self.grid.size**3,), torch.nan, device=self.grid.device)

    def at(self, indices: Tensor, groups: Groups | None = None) -> Tensor:
        """Values [...] at indices [...]; the field is asked where they are not known."""
        found = self.values.take(indices)
        unknown = torch.unique(indices[found.isnan()])
        if unknown.numel():
            self.values[unknown] = self.exact(unknown)
            found = self.values.take(indices)
        return found


class _Between:
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

    def __call__(self, indices: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at indices int64 [P]."""
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
        known = self._lattice.at(cells[:, None] + self._offsets)
        out[inner] = (known @ self._weights.T).flatten().take(cell * split**3 + (i * split + j) * split + k)
        return out


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
