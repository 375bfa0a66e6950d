"""Hierarchical volume decoding over sparse point sets (paper section 3.2, algorithm 1), with a tight query set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..lattice import Lattice, SparseVolume, doubled, positions
from .refinement import candidate_cells, children, completed


@dataclass(frozen=True, eq=False)
class Level(SparseVolume):
    """One level of the hierarchy: the field at the points around the surface.

    Attributes:
        index: 0 for the first level.
        count: number of levels; the last has index `count` - 1.
        queries: number of points that were evaluated; the others are points of the level before.
        chunk: queries in one call, after what the device's memory allowed.
    """

    index: int = 0
    count: int = 1
    queries: int = 0
    chunk: int = 0


Evaluate = Callable[[Tensor], Tensor]
"""Keys int64 [P] of one lattice -> logits float32 [P]."""


def decode_levels(lattices: Sequence[Lattice], evaluate: Callable[[Lattice, int], Evaluate], iso: float) -> Iterator[Level]:
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
            logits = at(keys)
        else:
            before = lattices[index - 1].size
            keys = children(candidate_cells(known, values - iso, before, whole=index == 1), before, lattice.size)
            logits, queries = _continued(keys, doubled(known, before, lattice.size), values, lattice.size, at)
        keys, logits, more = completed(keys, logits, iso, lattice.size, at)
        yield Level(lattice, keys, logits, index, len(lattices), queries + more)
        known, values = keys, logits


def _continued(keys: Tensor, known: Tensor, values: Tensor, size: int, evaluate: Evaluate) -> tuple[Tensor, int]:
    """Logits at `keys`, those of the points `known` taken from `values`, and how many were evaluated."""
    position, found = positions(keys, known, size)
    logits = torch.empty(keys.numel(), device=keys.device)
    new = torch.ones_like(keys, dtype=torch.bool)
    logits[position[found]] = values[found]
    new[position[found]] = False
    wanted = keys[new]
    logits[new] = evaluate(wanted)
    return logits, wanted.numel()
