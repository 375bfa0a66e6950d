"""Groups of neighbouring queries that share their selected tokens, and how queries are packed into chunks (appendix C.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Grid, unravel_index


@dataclass(frozen=True)
class Groups:
    """How a run of queries divides into groups.

    Attributes:
        counts: queries of each group, in their order; their sum is the number of queries.
        coarse: the queries fill whole blocks of the first level (they are sampled more sparsely).
    """

    counts: tuple[int, ...]
    coarse: bool


@dataclass(frozen=True)
class BlockGrouping:
    """`cells`^3 equal blocks of the grid, x slowest: sub-volumes at fixed places of the box."""

    cells: int

    def __call__(self, grid: Grid, indices: Tensor) -> Tensor:
        i, j, k = (index * self.cells // grid.size for index in unravel_index(indices, grid.size))
        return (i * self.cells + j) * self.cells + k


@dataclass(frozen=True)
class SortedQueries:
    """Queries in the order of evaluation.

    Attributes:
        order: int64 [P], position of each query in the level's sorted indices.
        ids: number of each group that has queries, ascending.
        counts: queries of each of these groups.
    """

    order: Tensor
    ids: tuple[int, ...]
    counts: tuple[int, ...]


def sort_by_group(numbers: Tensor) -> SortedQueries:
    """Sort queries by group. Inside a group they keep their order, which decides the queries that are sampled."""
    _, order = torch.sort(numbers, stable=True)
    ids, counts = torch.unique(numbers, return_counts=True)
    return SortedQueries(order, tuple(ids.tolist()), tuple(counts.tolist()))


def split_groups(groups: SortedQueries, longest: int) -> SortedQueries:
    """Cut groups of more than `longest` queries into several of the same number, so that any group fits into a chunk."""
    if max(groups.counts) <= longest:
        return groups
    ids, counts = [], []
    for number, count in zip(groups.ids, groups.counts, strict=True):
        parts = -(-count // longest)
        ids += [number] * parts
        counts += [count * (part + 1) // parts - count * part // parts for part in range(parts)]
    return SortedQueries(groups.order, tuple(ids), tuple(counts))


def pack_groups(counts: Sequence[int], start: int, chunk: int) -> int:
    """End of the pack that begins with group `start`: groups are added while their sum stays below `chunk`.

    A group that is too long goes alone.
    """
    end, total = start + 1, counts[start]
    while end < len(counts) and total + counts[end] < chunk:
        total += counts[end]
        end += 1
    return end
