"""Values of a finer level, predicted from the level before: where the field is smooth, its new points need no query.

A point half way between two points of the coarser lattice is predicted by the cubic through the four points around it, one
axis after the other (Deslauriers and Dubuc 1989). How well that works is known, not assumed: every point that is evaluated
tells by how much its own prediction missed. A cubic misses a smooth field 16 times less on a lattice of half the spacing, so
what a cell's points were missed by tells what the next level's would be. A crease, a thin wall or the noise of a network is
missed by as much again on the next level: its points are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..lattice import positions, predecessors, ravelled, successors, unravelled

TOLERANCE = 0.01
"""Values are predicted where they miss by less than this share of the field's change over the coarse cell around them.

The surface moves by no more than about twice this share of the finer level's cell.
"""

# By how much less the next level's predictions are taken to miss: half of what holds for a smooth field.
_GAIN = 8.0
# Points this close to the far sides of the box are evaluated: the last cell there may be narrower than the others.
_MARGIN = 4


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Positions of the neighbours of a set's points in the set.

    Attributes:
        after, before: int64 [P + 1] for each axis; P where there is none (`lattice.successors`, `lattice.predecessors`).
    """

    after: tuple[Tensor, Tensor, Tensor]
    before: tuple[Tensor, Tensor, Tensor]

    @classmethod
    def of(cls, keys: Tensor, size: int) -> Neighbours:
        """Of sorted keys int64 [P] of a lattice with `size` points an axis."""
        x, y, z = successors(keys, size)
        return cls((x, y, z), (predecessors(x), predecessors(y), predecessors(z)))


@dataclass(frozen=True, eq=False)
class Values:
    """Logits at the points of a level, and what is known of their errors.

    Attributes:
        logits: float32 [P].
        missed: float32 [P], by how much the prediction missed where the point was evaluated; where the point is predicted
            itself, the most that the points around it were missed by; infinity where nothing is known.
        exact: bool [P], evaluated; the others are predicted.
    """

    logits: Tensor
    missed: Tensor
    exact: Tensor

    @classmethod
    def evaluated(cls, logits: Tensor) -> Values:
        """The first level: evaluated everywhere, and nothing is known of how well that could have been predicted."""
        return cls(logits, torch.full_like(logits, torch.inf), torch.ones_like(logits, dtype=torch.bool))


def predicted(
    keys: Tensor, size: int, coarse_keys: Tensor, coarse_size: int, coarse: Values, around: Neighbours, tolerance: float
) -> tuple[Values, Tensor]:
    """What is known of the points of a level before any of them is evaluated.

    Args:
        keys: int64 [P], points of the level.
        size: points along each axis of its lattice.
        coarse_keys: int64 [Q], sorted: the points of the level before.
        coarse_size: points along each axis of its lattice; index i lies at index 2 i of the finer one.
        coarse: their values.
        around: their neighbours.
        tolerance: see `TOLERANCE`; 0 predicts nothing.

    Returns:
        The values, NaN where the neighbours for a prediction are missing; and which points are to be evaluated, bool [P].
        `exact` is right for the points of the level before alone.
    """
    index = unravelled(keys, size)
    last = [i == size - 1 for i in index]
    base = [(i // 2).masked_fill_(end, coarse_size - 1) for i, end in zip(index, last, strict=True)]
    x, y, z = ((i % 2).masked_fill_(end, 0) for i, end in zip(index, last, strict=True))
    between = 4 * x + 2 * y + z
    position, found = positions(coarse_keys, ravelled(*base, size=coarse_size), coarse_size)
    position.masked_fill_(~found, coarse_keys.numel())
    inner = torch.stack(index).amax(0) < size - _MARGIN

    logits = torch.full(keys.shape, torch.nan, device=keys.device)
    missed, steepness = torch.full_like(logits, torch.inf), torch.zeros_like(logits)
    for offset, table in enumerate(_between(coarse, around)):
        here = (between == offset).nonzero()[:, 0]
        there = position[here]
        logits[here] = table.logits[there]
        missed[here] = table.missed[there]
        steepness[here] = table.steepness[there]
    known = (between == 0) & found
    # An evaluated point was missed on the way to the level before; on the way to this one it is there.
    exact = known & torch.cat([coarse.exact, coarse.exact.new_zeros(1)])[position]
    trusted = inner & ~logits.isnan() & (missed <= _GAIN * tolerance * steepness) & (missed < torch.inf) & (tolerance > 0)
    missed[trusted & ~known] *= 0.5
    return Values(logits, missed.masked_fill_(exact, 0), exact), ~(known | trusted)


@dataclass(frozen=True, eq=False)
class _Table:
    """For each coarse point, one more row for none: the points half way to the next ones along some of the axes.

    Attributes:
        logits: float32 [Q + 1], NaN where they cannot be predicted.
        steepness, missed: float32 [Q + 1], the greatest of the coarse points around.
    """

    logits: Tensor
    steepness: Tensor
    missed: Tensor

    def half_way(self, after: Tensor, before: Tensor) -> _Table:
        """Half a step further along the axis whose neighbours are given."""
        here, following = self.logits, self.logits[after]
        preceding, beyond = here[before], following[after]
        cubic = (9 * (here + following) - (preceding + beyond)) / 16
        without_preceding, without_beyond = (3 * here + 6 * following - beyond) / 8, (6 * here + 3 * following - preceding) / 8
        parabola = torch.where(without_preceding.isnan(), without_beyond, without_preceding)
        return _Table(
            torch.where(cubic.isnan(), parabola, cubic),
            torch.maximum(self.steepness, self.steepness[after]),
            torch.maximum(self.missed, self.missed[after]),
        )


def _between(coarse: Values, around: Neighbours) -> Iterator[_Table]:
    """The points at the offsets (0, 0, 0), (0, 0, 1), (0, 1, 0), ... (1, 1, 1) from every coarse point, in fine cells."""
    nothing = coarse.logits.new_full((1,), torch.nan)
    logits, missed = torch.cat([coarse.logits, nothing]), torch.cat([coarse.missed, nothing])
    for after, before in zip(around.after, around.before, strict=True):
        # What oscillates is hit by chance here and there: the points beside say so.
        missed = torch.fmax(missed, torch.fmax(missed[after], missed[before]))
    points = _Table(logits, _steepness(logits, around), missed)
    x, y, z = zip(around.after, around.before, strict=True)
    for on_x in (False, True):
        lines = points.half_way(*x) if on_x else points
        for on_y in (False, True):
            planes = lines.half_way(*y) if on_y else lines
            yield planes
            yield planes.half_way(*z)


def _steepness(logits: Tensor, around: Neighbours) -> Tensor:
    """The greatest step from each point to one of its neighbours; of the row for none, none. float32 [Q + 1]"""
    steepest = torch.zeros_like(logits)
    for neighbours in (*around.after, *around.before):
        torch.fmax(steepest, (logits[neighbours] - logits).abs_(), out=steepest)
    return steepest
