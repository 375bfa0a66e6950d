"""The tight query set: the cells that the surface passes or may hide in, and the corners of their children.

The paper chooses points (the surface's neighbours and the whole truncation band) and dilates them; `reference` keeps that set.
Here cells are chosen, by their edges: an edge whose ends differ in sign passes the surface, and one between whose ends a field as
steep as this one can reach the surface and come back may hide it. The cells around these edges are divided, nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from ..sparse_grid import Points, all_corners, dilate, on_boundary, positions, ravel_index, unravel_index

# The published threshold of FindNear (appendix B): logits nearer to zero lie close to the surface.
NEAR = 0.95
# A distance rises on both sides of a hidden surface with the slope that it has between: the two values add up to one step, or
# to somewhat more where the surface is bent.
_SLOPE = 1.5
# Where a cell is longer than the truncation distance, both steps may be cut short by the truncation. Then values that add up to
# less than this are enough (a cell as long as 1.8 times the truncation distance).
_TRUNCATED_SUM = 1.8
# A surface can hide between two points only where the field has a kink between them. There the steps before, between and
# behind the points differ in another way than on a parabola, by at least this share of the greatest.
_KINK = 0.25


def candidate_cells(points: Points, values: Tensor) -> tuple[Tensor, Tensor]:
    """Cells that the surface passes or may hide in, named by their lowest corner.

    Args:
        points: P points that are known.
        values: float32 [P], logit minus the surface's.

    Returns:
        The cells, int64 [C], sorted; and those of them that may have a kink with a hidden surface, int64 [D], sorted.
    """
    indices, size, count = points.indices, points.size, points.count
    beyond = torch.cat([values, values.new_full((1,), torch.inf)])
    cells, kinked = [], []
    for axis, (following, preceding) in enumerate(zip(points.next_neighbours, points.previous_neighbours, strict=True)):
        low = (following[:-1] < count).nonzero()[:, 0]
        high = following.take(low)
        outer_low, outer_high = preceding.take(low), following.take(high)
        a, b = values.take(low), values.take(high)
        far_low, far_high = beyond.take(outer_low), beyond.take(outer_high)
        step = b - a
        # Where a step beside the edge is not known, the edge's own says least.
        below, above = torch.where(far_low.isinf(), step, a - far_low), torch.where(far_high.isinf(), step, far_high - b)
        steepest = torch.maximum(below.abs(), above.abs())
        kink = (above + below - 2 * step).abs_() > _KINK * steepest
        sign_change = (a > 0) != (b > 0)
        a, b = a.abs_(), b.abs_()
        may_hide = a + b < _SLOPE * steepest
        if points.everywhere:
            truncated = torch.minimum(far_low.abs_(), far_high.abs_()) >= NEAR
            may_hide |= truncated & (a + b < _TRUNCATED_SUM)
        may_hide &= ~sign_change & (torch.minimum(a, b) < NEAR)
        kinked.append(cells_around(axis, indices[low[may_hide & kink]], size))
        cells.append(cells_around(axis, indices[low[sign_change | may_hide]], size))
    boundary = indices[on_boundary(indices, size) & (values > 0)]
    cells += [_lowest_corners(boundary, offset, size) for offset in product((0, 1), repeat=3)]
    return torch.unique(torch.cat(cells)), torch.unique(torch.cat(kinked))


def children(cells: Tensor, size: int, fine_size: int) -> Tensor:
    """The corners of the eight children of each cell, as points of the next finer grid: int64 [P], sorted."""
    middles = ravel_index(*(index.mul(2).add_(1) for index in unravel_index(cells, size)), size=fine_size)
    return dilate(middles, fine_size)


def cells_around(axis: int, low: Tensor, size: int) -> Tensor:
    """The four cells (fewer on the box) around the edges that begin at points `low` and run along `axis`; some repeat."""
    others = [other for other in range(3) if other != axis]
    offsets = [[0, 0, 0] for _ in range(4)]
    for offset, pair in zip(offsets, product((0, 1), repeat=2), strict=True):
        offset[others[0]], offset[others[1]] = pair
    return torch.cat([_lowest_corners(low, offset, size) for offset in offsets])


def _lowest_corners(points: Tensor, offset: tuple[int, ...] | list[int], size: int) -> Tensor:
    """The cells that have each point at the corner `offset`, where the grid has them."""
    index = [i - step for i, step in zip(unravel_index(points, size), offset, strict=True)]
    there = torch.stack([(i >= 0) & (i < size - 1) for i in index]).all(0)
    return ravel_index(*index, size=size)[there]


def corners(cells: Tensor, size: int) -> Tensor:
    """Indices of the eight corners of cells that lie in the grid: int64 [C] -> [C, 8], corner i + 2 j + 4 k at (i, j, k)."""
    offsets = [(c & 1) * size**2 + (c >> 1 & 1) * size + (c >> 2 & 1) for c in range(8)]
    return cells[:, None] + torch.tensor(offsets, device=cells.device)


def complete_cells(points: Points, logits: Tensor, iso: float, evaluate: Callable[[Tensor], Tensor]) -> tuple[Points, Tensor]:
    """Follow the surface out of the known points until every cell that it enters has all its corners.

    Without them such a cell could not be triangulated and the surface would have a hole.

    Args:
        points: P points that are known.
        logits: float32 [P].
        iso: logit of the surface.
        evaluate: indices -> logits.

    Returns:
        The points and logits with those that were missing; the points themselves where none was.
    """
    indices, size, missing = points.indices, points.size, missing_corners(points, logits > iso)
    if not missing.numel():
        return points, logits
    more, more_logits = indices[:0], logits[:0]
    while missing.numel():
        found = evaluate(missing)
        more, order = torch.sort(torch.cat([more, missing]))
        more_logits = torch.cat([more_logits, found])[order]
        known = ((indices, logits > iso), (more, more_logits > iso))
        missing = _missing_beside(missing, found > iso, known, size)
    indices, order = torch.sort(torch.cat([indices, more]))
    return Points(points.grid, indices), torch.cat([logits, more_logits])[order]


def missing_corners(points: Points, inside: Tensor) -> Tensor:
    """Points that are not in the set, but corners of a cell with a known edge that crosses the surface: int64, sorted.

    All is outside beyond the box, so an inside point (bool [P]) on it begins such an edge as well.
    """
    indices, size = points.indices, points.size
    if points.everywhere:
        return indices[:0]
    after, before = points.next_neighbours, points.previous_neighbours
    complete = all_corners(torch.arange(points.count + 1, device=indices.device) < points.count, after)
    sides = torch.cat([inside, inside.new_zeros(1)])
    cells = []
    for axis in range(3):
        following = after[axis, :-1]
        low = ((inside != sides.take(following)) & (following < points.count)).nonzero()[:, 0]
        first, second = (before[other] for other in range(3) if other != axis)
        by_first, by_second = first.take(low), second.take(low)
        around = complete[low] & complete[by_first] & complete[by_second] & complete[second.take(by_first)]
        cells.append(cells_around(axis, indices[low[~around]], size))
    cap = _boundary_neighbours(indices[inside & on_boundary(indices, size)], size)
    return _unknown(torch.cat(cells), cap, ((indices, inside),), size)


Known = tuple[tuple[Tensor, Tensor], ...]
"""Disjoint sorted sets of indices, each with which of them are inside."""


def _missing_beside(points: Tensor, inside: Tensor, known: Known, size: int) -> Tensor:
    """What `missing_corners` would find, where it is the given points' doing."""
    cells = []
    for axis, index in enumerate(unravel_index(points, size)):
        stride = size ** (2 - axis)
        for step, there in ((-1, index > 0), (1, index < size - 1)):
            here = points[there]
            found, neighbour_inside = _found(here + step * stride, known, size)
            sign_change = found & (neighbour_inside != inside[there])
            cells.append(cells_around(axis, here[sign_change] + min(step, 0) * stride, size))
    cap = _boundary_neighbours(points[inside & on_boundary(points, size)], size)
    return _unknown(torch.cat(cells), cap, known, size)


def _unknown(cells: Tensor, cap: Tensor, known: Known, size: int) -> Tensor:
    """Corners of the cells, and points of the cap, that are not known: sorted."""
    wanted = torch.unique(torch.cat([corners(torch.unique(cells), size).flatten(), cap]))
    return wanted[~_found(wanted, known, size)[0]]


def _found(wanted: Tensor, known: Known, size: int) -> tuple[Tensor, Tensor]:
    """Which indices are known, and whether they are inside: bool each."""
    found = inside = torch.zeros_like(wanted, dtype=torch.bool)
    for indices, sides in known:
        position, here = positions(indices, wanted, size)
        if indices.numel():
            inside = inside | here & sides[position]
        found = found | here
    return found, inside


def _boundary_neighbours(indices: Tensor, size: int) -> Tensor:
    """The points on the box with their neighbours on the same of its faces."""
    found = [indices]
    for axis, side in product(range(3), (0, size - 1)):
        around = dilate(indices[unravel_index(indices, size)[axis] == side], size)
        found.append(around[unravel_index(around, size)[axis] == side])
    return torch.unique(torch.cat(found))
