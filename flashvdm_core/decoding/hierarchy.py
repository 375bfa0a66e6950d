"""Hierarchical volume decoding over sparse point sets (paper section 3.2, equation 1, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from ..lattice import Lattice, SparseVolume, dilated, doubled, neighbours, on_box, positions, ravelled, unravelled

# The published threshold of FindNear (appendix B): logits nearer to zero lie close to the surface.
NEAR = 0.95
# A flat surface between the points of a lattice lies within half a step of the logit from one of them; this is three times
# that. On the first level the truncation may cut the step short: where a cell is as long as 1.8 times the truncation
# distance, the nearest point is at 0.9 and the step from it ends at 1. A later cell is half of that at most.
_REACH, _FIRST_REACH = 1.5, 9.0


@dataclass(frozen=True, eq=False)
class Level(SparseVolume):
    """One level of the hierarchy: the field at the points around the surface.

    Attributes:
        index: 0 for the first level.
        count: number of levels; the last has index `count` - 1.
        chunk: queries in one call, after what the device's memory allowed.
    """

    index: int = 0
    count: int = 1
    chunk: int = 0

    @property
    def queries(self) -> int:
        """Number of points that were evaluated."""
        return self.keys.numel()


Evaluate = Callable[[Lattice, Tensor, int], Tensor]


def decode_levels(lattices: Sequence[Lattice], evaluate: Evaluate, iso: float, published: bool = False) -> Iterator[Level]:
    """Evaluate the first lattice everywhere and each finer one around the surface found so far.

    Args:
        lattices: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (lattice, keys int64 [P], level's index) -> logits float32 [P].
        iso: logit of the surface.
        published: FindNear takes the whole truncation band at all levels, the border of the evaluated band is left as
            it is, and so is a shape that leads out of the box. Otherwise FindNear reaches as far as a surface can hide
            (`hiding`), the box is refined where it cuts the shape off, and what the surface's cells still lack after
            a level is evaluated too, so that the surface has no hole (`missing_corners`).
    """
    keys = lattices[0].all_keys()
    for index, lattice in enumerate(lattices):
        logits = evaluate(lattice, keys, index)
        while not published and index and (missing := missing_corners(keys, logits > iso, lattice.size)).numel():
            keys, order = torch.sort(torch.cat([keys, missing]))
            logits = torch.cat([logits, evaluate(lattice, missing, index)])[order]
        yield Level(lattice, keys, logits, index, len(lattices))
        if index + 1 < len(lattices):
            size = lattice.size
            near = logits.abs() < NEAR
            if not published:
                reach = _REACH if index else _FIRST_REACH
                near = near & hiding(keys, logits - iso, size, reach) | on_box(keys, size) & (logits > iso)
            chosen = keys[near | crossing(keys, logits - iso, size)]
            keys = expanded(chosen, size, lattices[index + 1].size, last=index + 2 == len(lattices))


def hiding(keys: Tensor, values: Tensor, size: int, reach: float) -> Tensor:
    """bool [P]: behind which points of a level a surface can hide, as their values (logit minus the surface's) tell.

    A value counts as near where it is less than `reach` times the steepest step between the neighbours round about (a
    3 x 3 x 3 box). So a field that is steep somewhere widens the band there alone, and the ripples of a network that never
    quite reaches the truncation are not taken for a surface.

    The published FindNear takes in the whole truncation band at every level: a shell of fixed thickness, whose points
    grow with the cube of the resolution. The paper leaves it out at the last level for that reason, which loses walls
    thinner than a cell of the level before.
    """
    pairs = [(here, there) for _, here, there in neighbours(keys, size)]
    steepest = torch.zeros_like(values)
    for here, there in pairs:
        step = (values[there] - values[here]).abs()
        steepest[here] = torch.maximum(steepest[here], step)
        steepest[there] = torch.maximum(steepest[there], step)
    for here, there in pairs:
        before = steepest.clone()
        steepest[here] = torch.maximum(steepest[here], before[there])
        steepest[there] = torch.maximum(steepest[there], before[here])
    return values.abs() < reach * steepest


def expanded(chosen: Tensor, size: int, fine_size: int, last: bool) -> Tensor:
    """Points of the next lattice around the chosen ones: Dilate and Expand of algorithm 1.

    The published decoder dilates once on each of the two lattices, and for the last level twice on the fine one.
    """
    if not last:
        chosen = dilated(chosen, size)
    fine = dilated(doubled(chosen, size, fine_size), fine_size)
    return dilated(fine, fine_size) if last else fine


def crossing(keys: Tensor, values: Tensor, size: int) -> Tensor:
    """bool [P]: which points differ in sign from one of their six neighbours (equation 1).

    Zero is a sign of its own. Neighbours outside the set or the lattice do not count.
    """
    signs = torch.sign(values)
    differs = torch.zeros_like(keys, dtype=torch.bool)
    for _, here, there in neighbours(keys, size):
        both = signs[here] != signs[there]
        differs[here[both]] = True
        differs[there[both]] = True
    return differs


def missing_corners(keys: Tensor, inside: Tensor, size: int) -> Tensor:
    """Points that are not in the set but belong to a cell whose known corners lie on both sides of the surface: sorted.

    Without them such a cell could not be triangulated and the surface would have a hole. All is outside beyond the box, so
    the cells that begin on it count as well.
    """
    if keys.numel() == size**3:
        return keys[:0]
    near_both = _common(dilated(keys[inside], size), dilated(keys[~inside], size))
    candidates = near_both[~positions(keys, near_both, size)[1]]
    needed = candidates[_in_crossed_cell(candidates, keys, inside, size)]
    cap = _beside_on_box(keys[inside & on_box(keys, size)], size)
    return torch.unique(torch.cat([needed, cap[~positions(keys, cap, size)[1]]]))


def _in_crossed_cell(candidates: Tensor, keys: Tensor, inside: Tensor, size: int) -> Tensor:
    """bool [C]: which candidates are a corner of a cell that has known corners on both sides."""
    index = torch.stack(unravelled(candidates, size))
    seen = torch.zeros(2, 8, candidates.numel(), dtype=torch.bool, device=keys.device)
    for step in product((-1, 0, 1), repeat=3):
        moved = index + torch.tensor(step, device=keys.device)[:, None]
        valid = ((moved >= 0) & (moved < size)).all(0)
        position, found = positions(keys, ravelled(*moved.clamp(0, size - 1), size=size), size)
        found &= valid
        for octant, side in enumerate(product((-1, 1), repeat=3)):
            if all(a in (0, b) for a, b in zip(step, side, strict=True)):
                seen[0, octant] |= found & inside[position]
                seen[1, octant] |= found & ~inside[position]
    return seen.all(0).any(0)


def _beside_on_box(keys: Tensor, size: int) -> Tensor:
    """The points on the box with their neighbours on the same of its faces."""
    found = [keys]
    for axis, side in product(range(3), (0, size - 1)):
        around = dilated(keys[unravelled(keys, size)[axis] == side], size)
        found.append(around[unravelled(around, size)[axis] == side])
    return torch.unique(torch.cat(found))


def _common(a: Tensor, b: Tensor) -> Tensor:
    """Members of both sorted sets."""
    both, _ = torch.sort(torch.cat([a, b]))
    return both[1:][both[1:] == both[:-1]]
