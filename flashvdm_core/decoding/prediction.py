"""Values of a finer level, predicted from the level before: where the field is smooth, its new points need no query.

The midpoint of two points of the coarser grid is predicted by the cubic through the four points around it, one axis after the
other: interpolatory subdivision (Deslauriers and Dubuc 1989). How well that works is known, not assumed: every point that is
evaluated tells by how much its own prediction missed. A cubic misses a smooth field 16 times less on a grid of half the
spacing, so what a cell's points were missed by tells what the next level's would be. A kink, a thin wall or the noise of a
network is missed by as much again on the next level: its points are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Points, positions, ravel_index, unravel_index

TOLERANCE = 0.01
"""Points are predicted where that is taken to miss by less than this share of the field's steps between them.

So far, in cells of the last level, the surface may move.
"""

# By how much less the next level's predictions are taken to miss: half of what holds for a smooth field.
_GAIN = 8.0
# Points this close to the far sides of the box are evaluated: the last cell there may be narrower than the others.
_MARGIN = 4


@dataclass(frozen=True, eq=False)
class Values:
    """Logits at the points of a level, and what is known of their errors.

    Attributes:
        logits: float32 [P].
        error: float32 [P], by how much the prediction missed where the point was evaluated; where the point is predicted
            itself, what its own may miss by on that scale; infinity where nothing is known.
        exact: bool [P], evaluated; the others are predicted.
    """

    logits: Tensor
    error: Tensor
    exact: Tensor

    @classmethod
    def evaluated(cls, logits: Tensor) -> Values:
        """Evaluated everywhere, and nothing is known of how well that could have been predicted."""
        return cls(logits, torch.full_like(logits, torch.inf), torch.ones_like(logits, dtype=torch.bool))


def predict(points: Points, coarse: Points, values: Values, tolerance: float) -> tuple[Values, Tensor]:
    """What is known of the points of a level before any of them is evaluated.

    Args:
        points: P points of the level.
        coarse: points of the level before; index i of its grid lies at index 2 i of the finer one.
        values: theirs.
        tolerance: see `TOLERANCE`, in cells of this level; 0 predicts nothing.

    Returns:
        The values, NaN where the neighbours for a prediction are missing; and which points are to be evaluated, bool [P].
        `exact` holds for points of the level before alone.
    """
    between, position, inner = _places(points, coarse)
    logits = torch.empty(points.count, device=points.indices.device)
    error, gradient_bound = torch.empty_like(logits), torch.empty_like(logits)
    for offset, table in enumerate(_midpoint_tables(coarse, values)):
        here = (between == offset).nonzero()[:, 0]
        there = position.take(here)
        logits[here] = table.logits.take(there)
        error[here] = table.error.take(there)
        gradient_bound[here] = table.gradient_bound.take(there)
    known = (between == 0) & (position < coarse.count)
    # An evaluated point was missed on the way to the level before; on the way to this one it is there.
    exact = known & torch.cat([values.exact, values.exact.new_zeros(1)]).take(position)
    trusted = inner & ~logits.isnan() & (error < _GAIN * tolerance * gradient_bound)
    error[trusted & ~known] *= 0.5
    return Values(logits, error.masked_fill_(exact, 0), exact), ~(known | trusted)


def _places(points: Points, coarse: Points) -> tuple[Tensor, Tensor, Tensor]:
    """Where points lie on the coarser grid.

    Returns:
        Whether they lie half a cell behind a coarse point, int64 [P]: 4 for x + 2 for y + 1 for z; the coarse point's position
        (the number of points where it is not there), int64 [P]; and whether a prediction may be asked for, bool [P].
    """
    between, base, inner = torch.zeros_like(points.indices), [], torch.ones_like(points.indices, dtype=torch.bool)
    for index, stride in zip(unravel_index(points.indices, points.size), (4, 2, 1), strict=True):
        # The coarse grid's last point is the finer one's, wherever that lies.
        last = index == points.size - 1
        base.append((index >> 1).masked_fill_(last, coarse.size - 1))
        inner &= index < points.size - _MARGIN
        between += (index & 1).masked_fill_(last, 0).mul_(stride)
    position, found = positions(coarse.indices, ravel_index(*base, size=coarse.size), coarse.size)
    return between, position.masked_fill_(~found, coarse.count), inner


@dataclass(frozen=True, eq=False)
class _Table:
    """For each coarse point, and one more row for none: the points half way to the next ones along some of the axes.

    Attributes:
        logits: float32 [Q + 1], NaN where they cannot be predicted.
        gradient_bound, error: float32 [Q + 1], the greatest of the coarse points around.
    """

    logits: Tensor
    gradient_bound: Tensor
    error: Tensor

    def midpoint(self, after: Tensor, before: Tensor) -> _Table:
        """Half a step further along the axis whose neighbours are given."""
        here, following = self.logits, self.logits.take(after)
        preceding, beyond = here.take(before), following.take(after)
        cubic = (9 * (here + following) - (preceding + beyond)) / 16
        without_preceding, without_beyond = (3 * here + 6 * following - beyond) / 8, (6 * here + 3 * following - preceding) / 8
        parabola = torch.where(without_preceding.isnan(), without_beyond, without_preceding)
        return _Table(
            torch.where(cubic.isnan(), parabola, cubic),
            torch.maximum(self.gradient_bound, self.gradient_bound.take(after)),
            torch.maximum(self.error, self.error.take(after)),
        )


def _midpoint_tables(coarse: Points, values: Values) -> Iterator[_Table]:
    """The points at the offsets (0, 0, 0), (0, 0, 1), (0, 1, 0), ... (1, 1, 1) from every coarse point, in fine cells."""
    x, y, z = zip(coarse.next_neighbours, coarse.previous_neighbours, strict=True)
    nothing = values.logits.new_full((1,), torch.nan)
    logits, error = torch.cat([values.logits, nothing]), torch.cat([values.error, nothing])
    gradient_bound = torch.zeros_like(logits)
    for after, before in (x, y, z):
        for neighbours in (after, before):
            torch.fmax(gradient_bound, (logits.take(neighbours) - logits).abs_(), out=gradient_bound)
        # What oscillates is hit by chance here and there: the points beside say so.
        error = torch.fmax(error, torch.fmax(error.take(after), error.take(before)))
    points = _Table(logits, gradient_bound, error)
    for on_x in (False, True):
        lines = points.midpoint(*x) if on_x else points
        for on_y in (False, True):
            planes = lines.midpoint(*y) if on_y else lines
            yield planes
            yield planes.midpoint(*z)
