"""Hierarchical volume decoding over sparse point sets (paper section 3.2, algorithm 1), with a tight query set, of which no
more is evaluated than cannot be predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Grid, Points, SparseVolume, positions
from .prediction import Values, predict
from .refinement import candidate_cells, children, complete_cells


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
"""Indices int64 [P] of one grid -> logits float32 [P]."""


def decode_levels(
    grids: Sequence[Grid], evaluate: Callable[[Grid, int], Evaluate], iso: float, tolerance: float
) -> Iterator[Level]:
    """Evaluate the first grid everywhere and each finer one around the surface found so far.

    What the surface's cells still lack after a level is evaluated too, so that the surface has no hole.

    Args:
        grids: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (grid, level's index) -> how its points are evaluated.
        iso: logit of the surface.
        tolerance: how far predicted points may move the surface (`prediction.TOLERANCE`); 0 evaluates every point.
    """
    points = Points(grids[0], grids[0].all_indices())
    values = Values.evaluated(evaluate(grids[0], 0)(points.indices))
    yield Level(SparseVolume(points, values.logits), 0, len(grids), points.count)
    for index, grid in enumerate(grids[1:], 1):
        at = evaluate(grid, index)
        cells_left = 2 ** (len(grids) - 1 - index)  # of the last level in one of this
        points, values, wanted = _refined(points, values, grid, iso, tolerance / cells_left)
        _take_over(values, wanted, at(points.indices.take(wanted)))
        points, values, more = _completed(points, values, iso, at)
        yield Level(SparseVolume(points, values.logits), index, len(grids), wanted.numel() + more)


def _refined(coarse: Points, values: Values, grid: Grid, iso: float, tolerance: float) -> tuple[Points, Values, Tensor]:
    """The points around the surface that was found on the grid before, their values as far as they are known, and the
    positions of those that are to be evaluated."""
    cells, kinked = candidate_cells(coarse, values.logits - iso)
    points = Points(grid, children(cells, coarse.size, grid.size))
    found, wanted = predict(points, coarse, values, tolerance)
    hidden = positions(points.indices, children(kinked, coarse.size, grid.size), grid.size)[0]
    wanted[hidden] = ~found.exact[hidden]
    return points, found, wanted.nonzero()[:, 0]


def _take_over(values: Values, wanted: Tensor, exact: Tensor) -> None:
    """Put evaluated logits in their places, and by how much their predictions missed."""
    values.error[wanted] = (exact - values.logits[wanted]).abs_().nan_to_num_(nan=torch.inf)
    values.logits[wanted] = exact
    values.exact[wanted] = True


def _completed(points: Points, values: Values, iso: float, at: Evaluate) -> tuple[Points, Values, int]:
    """The points and values with what cells on the surface lacked, and how many points these were."""
    complete, logits = complete_cells(points, values.logits, iso, at)
    if complete is points:
        return points, values, 0
    everything = Values.evaluated(logits)
    place = positions(complete.indices, points.indices, points.size)[0]
    everything.error[place], everything.exact[place] = values.error, values.exact
    return complete, everything, complete.count - points.count
