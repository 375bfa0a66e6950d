"""Hierarchical volume decoding over sparse point sets (paper section 3.2, algorithm 1), with a tight query set, of which no
more is evaluated than cannot be predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Generating
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ..lattice import Lattice, SparseVolume, positions
from .evaluate import Evaluation, whole
from .prediction import Neighbours, Values, predicted
from .refinement import candidate_cells, children, completed


@dataclass(frozen=True, eq=False)
class Level(SparseVolume):
    """One level of the hierarchy: the field at the points around the surface.

    Attributes:
        index: 0 for the first level.
        count: number of levels; the last has index `count` - 1.
        queries: number of points that were evaluated; the others are points of the level before, or predicted.
        chunk: queries in one call, after what the device's memory allowed.
        shrunk: the chunk was made smaller, because the device ran out of memory.
    """

    index: int = 0
    count: int = 1
    queries: int = 0
    chunk: int = 0
    shrunk: bool = False


@dataclass(frozen=True)
class Part:
    """Level `index` of `count` is under way: `done` of its `total` points are evaluated."""

    index: int
    count: int
    done: int
    total: int


Evaluate = Callable[[Tensor], Evaluation]
"""Keys int64 [P] of one lattice -> logits float32 [P], in chunks."""


def decode_levels(
    lattices: Sequence[Lattice], evaluate: Callable[[Lattice, int], Evaluate], iso: float, tolerance: float
) -> Iterator[Level | Part]:
    """Evaluate the first lattice everywhere and each finer one around the surface found so far.

    What the surface's cells still lack after a level is evaluated too, so that the surface has no hole.

    Args:
        lattices: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (lattice, level's index) -> how its points are evaluated.
        iso: logit of the surface.
        tolerance: how far a predicted value may be from the field's (`prediction.TOLERANCE`); 0 evaluates every point.
    """
    first = lattices[0]
    keys = first.all_keys()
    values = Values.evaluated((yield from _watched(evaluate(first, 0)(keys), 0, len(lattices), keys.numel())))
    yield Level(first, keys, values.logits, 0, len(lattices), keys.numel())
    for index, (coarse, lattice) in enumerate(pairwise(lattices), 1):
        at = evaluate(lattice, index)
        keys, values, wanted = _refined(coarse, lattice, keys, values, iso, tolerance * 0.5 ** (len(lattices) - 1 - index))
        exact = yield from _watched(at(keys[wanted]), index, len(lattices), wanted.numel())
        _take_over(values, wanted, exact)
        keys, values, more = _completed(keys, values, iso, lattice.size, at)
        yield Level(lattice, keys, values.logits, index, len(lattices), wanted.numel() + more)


def _watched(evaluation: Evaluation, index: int, count: int, total: int) -> Generating[Part, None, Tensor]:
    """The logits of an evaluation, with a Part after each of its chunks."""
    while True:
        try:
            yield Part(index, count, next(evaluation), total)
        except StopIteration as end:
            return end.value


def _refined(
    coarse: Lattice, lattice: Lattice, keys: Tensor, values: Values, iso: float, tolerance: float
) -> tuple[Tensor, Values, Tensor]:
    """The points around the surface that was found on the lattice before: keys, values as far as they are known, and positions
    of those that are to be evaluated."""
    around = Neighbours.of(keys, coarse.size)
    whole_lattice = keys.numel() == coarse.size**3
    cells, creased = candidate_cells(keys, values.logits - iso, coarse.size, around, whole_lattice)
    fine = children(cells, coarse.size, lattice.size)
    found, wanted = predicted(fine, lattice.size, keys, coarse.size, values, around, tolerance)
    hidden = positions(fine, children(creased, coarse.size, lattice.size), lattice.size)[0]
    wanted[hidden] = ~found.exact[hidden]
    return fine, found, wanted.nonzero()[:, 0]


def _take_over(values: Values, wanted: Tensor, exact: Tensor) -> None:
    """Put evaluated logits in their places, and by how much their predictions missed."""
    values.missed[wanted] = (exact - values.logits[wanted]).abs_().nan_to_num_(nan=torch.inf)
    values.logits[wanted] = exact
    values.exact[wanted] = True


def _completed(keys: Tensor, values: Values, iso: float, size: int, at: Evaluate) -> tuple[Tensor, Values, int]:
    """The points and values with what cells on the surface lacked, and how many points these were."""
    complete, logits, more = completed(keys, values.logits, iso, size, lambda lacking: whole(at(lacking)))
    if not more:
        return keys, values, 0
    everything = Values.evaluated(logits)
    place = positions(complete, keys, size)[0]
    everything.missed[place], everything.exact[place] = values.missed, values.exact
    return complete, everything, more
