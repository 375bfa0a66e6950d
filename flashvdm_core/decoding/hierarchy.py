"""Hierarchical volume decoding over sparse point sets (paper section 3.2, algorithm 1), with a tight query set, of which no
more is evaluated than cannot be predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Lattice, Points, SparseVolume, positions
from .prediction import Values, predicted
from .refinement import candidate_cells, children, completed


@dataclass(frozen=True, eq=False)
class Level:
    """One level of the hierarchy that is done.

    Attributes:
        volume: the field at the points around the surface.
        index: 0 for the first level.
        count: number of levels; the last has index `count` - 1.
        queries: number of points that were evaluated; the others are points of the level before, or predicted.
    """

    volume: SparseVolume
    index: int
    count: int
    queries: int


Evaluate = Callable[[Tensor], Tensor]
"""Keys int64 [P] of one lattice -> logits float32 [P]."""


def decode_levels(
    lattices: Sequence[Lattice], evaluate: Callable[[Lattice, int], Evaluate], iso: float, tolerance: float
) -> Iterator[Level]:
    """Evaluate the first lattice everywhere and each finer one around the surface found so far.

    What the surface's cells still lack after a level is evaluated too, so that the surface has no hole.

    Args:
        lattices: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (lattice, level's index) -> how its points are evaluated.
        iso: logit of the surface.
        tolerance: how far predicted points may move the surface (`prediction.TOLERANCE`); 0 evaluates every point.
    """
    points = Points(lattices[0], lattices[0].all_keys())
    values = Values.evaluated(evaluate(lattices[0], 0)(points.keys))
    yield Level(SparseVolume(points, values.logits), 0, len(lattices), points.count)
    for index, lattice in enumerate(lattices[1:], 1):
        at = evaluate(lattice, index)
        cells_left = 2 ** (len(lattices) - 1 - index)  # of the last level in one of this
        points, values, wanted = _refined(points, values, lattice, iso, tolerance / cells_left)
        _take_over(values, wanted, at(points.keys.take(wanted)))
        points, values, more = _completed(points, values, iso, at)
        yield Level(SparseVolume(points, values.logits), index, len(lattices), wanted.numel() + more)


def _refined(coarse: Points, values: Values, lattice: Lattice, iso: float, tolerance: float) -> tuple[Points, Values, Tensor]:
    """The points around the surface that was found on the lattice before, their values as far as they are known, and the
    positions of those that are to be evaluated."""
    cells, creased = candidate_cells(coarse, values.logits - iso)
    points = Points(lattice, children(cells, coarse.size, lattice.size))
    found, wanted = predicted(points, coarse, values, tolerance)
    hidden = positions(points.keys, children(creased, coarse.size, lattice.size), lattice.size)[0]
    wanted[hidden] = ~found.exact[hidden]
    return points, found, wanted.nonzero()[:, 0]


def _take_over(values: Values, wanted: Tensor, exact: Tensor) -> None:
    """Put evaluated logits in their places, and by how much their predictions missed."""
    values.missed[wanted] = (exact - values.logits[wanted]).abs_().nan_to_num_(nan=torch.inf)
    values.logits[wanted] = exact
    values.exact[wanted] = True


def _completed(points: Points, values: Values, iso: float, at: Evaluate) -> tuple[Points, Values, int]:
    """The points and values with what cells on the surface lacked, and how many points these were."""
    complete, logits = completed(points, values.logits, iso, at)
    if complete is points:
        return points, values, 0
    everything = Values.evaluated(logits)
    place = positions(complete.keys, points.keys, points.size)[0]
    everything.missed[place], everything.exact[place] = values.missed, values.exact
    return complete, everything, complete.count - points.count
