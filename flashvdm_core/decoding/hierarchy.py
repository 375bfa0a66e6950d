"""Hierarchical volume decoding over sparse point sets (paper section 3.2, algorithm 1), with a tight query set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Generating
from dataclasses import dataclass

import torch
from torch import Tensor

from ..lattice import Lattice, SparseVolume, doubled, positions
from .evaluate import Evaluation, whole
from .refinement import candidate_cells, children, completed


@dataclass(frozen=True, eq=False)
class Level(SparseVolume):
    """One level of the hierarchy: the field at the points around the surface.

    Attributes:
        index: 0 for the first level.
        count: number of levels; the last has index `count` - 1.
        queries: number of points that were evaluated; the others are points of the level before.
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
    lattices: Sequence[Lattice], evaluate: Callable[[Lattice, int], Evaluate], iso: float
) -> Iterator[Level | Part]:
    """Evaluate the first lattice everywhere and each finer one around the surface found so far.

    What the surface's cells still lack after a level is evaluated too, so that the surface has no hole.

    Args:
        lattices: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (lattice, level's index) -> how its points are evaluated.
        iso: logit of the surface.
    """
    known, values = lattices[0].all_keys(), torch.empty(0)
    for index, lattice in enumerate(lattices):
        at = evaluate(lattice, index)
        if index == 0:
            keys, queries = known, known.numel()
            logits = yield from _watched(at(keys), index, len(lattices), queries)
        else:
            before = lattices[index - 1].size
            keys = children(candidate_cells(known, values - iso, before, whole=index == 1), before, lattice.size)
            logits, new = _continued(keys, doubled(known, before, lattice.size), values, lattice.size)
            wanted = keys[new]
            queries = wanted.numel()
            logits[new] = yield from _watched(at(wanted), index, len(lattices), queries)
        keys, logits, more = completed(keys, logits, iso, lattice.size, lambda lacking, at=at: whole(at(lacking)))
        yield Level(lattice, keys, logits, index, len(lattices), queries + more)
        known, values = keys, logits


def _watched(evaluation: Evaluation, index: int, count: int, total: int) -> Generating[Part, None, Tensor]:
    """The logits of an evaluation, with a Part after each of its chunks."""
    while True:
        try:
            yield Part(index, count, next(evaluation), total)
        except StopIteration as end:
            return end.value


def _continued(keys: Tensor, known: Tensor, values: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Logits at `keys`, those of the points `known` taken from `values`, and which are still to be evaluated: bool [P]."""
    position, found = positions(keys, known, size)
    logits = torch.empty(keys.numel(), device=keys.device)
    new = torch.ones_like(keys, dtype=torch.bool)
    logits[position[found]] = values[found]
    new[position[found]] = False
    return logits, new
