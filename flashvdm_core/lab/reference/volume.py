"""The published decoders' query sets, order and packing, that tests hold `decode_volume` to.

Same evaluation, refinement and selection as `decode_volume`; what differs is what the published code does differently:
resolutions that are rounded, grids of odd resolutions that do not quite align, groups in the bounding box of the
queries, and a dense answer. Numbers: FlashVDM decoder of Hunyuan3D-2; TripoSG's dilates once more on the middle levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...api.units import BOX_HALF_SIDE
from ...decoding.evaluate import Evaluator
from ...decoding.field import Field
from ...decoding.groups import BlockGrouping, Groups, SortedQueries, pack_groups, sort_by_group
from ...decoding.hierarchy import Level
from ...decoding.refinement import NEAR
from ...sparse_grid import Bounds, Grid, Points, SparseVolume, box, dilate, next_neighbours, upsample_indices

# Blocks of the first level and sub-volumes of the finer ones, along each axis.
_BLOCKS, _CELLS = 4, 6

Decoder = Literal["vanilla", "hier_fixed", "flash"]


def published_resolutions(resolution: int, min_resolution: int, decoder: Decoder) -> list[int]:
    """Cells an axis of each level, coarse to fine.

    Halved while `min_resolution` allows. The flash decoder rounds the first to 4 n - 1 (n by round half to even), so
    that its points divide into blocks, and doubles from there: 256 becomes 252.
    """
    if decoder == "vanilla":
        return [resolution]
    levels = [resolution]
    while levels[0] // 2 >= min_resolution:
        levels.insert(0, levels[0] // 2)
    if decoder == "flash":
        first = round(levels[0] / _BLOCKS) * _BLOCKS - 1
        levels = [first * 2**index for index in range(len(levels))]
    return levels


def published_grids(resolutions: list[int], bounds: Bounds, device: torch.device) -> list[Grid]:
    """Grids with the published coordinates: linspace first, then index * float32(voxel) + float32(minimum)."""
    low, high = box(bounds)
    grids = []
    for index, resolution in enumerate(resolutions):
        if index == 0:
            axes = torch.from_numpy(np.linspace(low, high, resolution + 1, dtype=np.float32, axis=1))
        else:
            voxel = torch.tensor((high - low) / resolution, dtype=torch.float32)[:, None]
            axes = torch.arange(resolution + 1) * voxel + torch.tensor(low, dtype=torch.float32)[:, None]
        grids.append(Grid(axes.to(device)))
    return grids


@dataclass(frozen=True)
class ExtentGrouping:
    """`cells`^3 sub-volumes of the bounding box of the queries themselves, x slowest."""

    cells: int

    def __call__(self, grid: Grid, indices: Tensor) -> Tensor:
        points = grid.coordinates(indices)
        low, high = points.amin(0), points.amax(0)
        i, j, k = ((points - low) / (high - low) * (self.cells - 0.001)).floor().long().unbind(-1)
        return (i * self.cells + j) * self.cells + k


class _Recorder(Field):
    """A field that notes the calls that reach it, as `info` of `decode_grid` describes them."""

    def __init__(self, inner: Field) -> None:
        self.inner, self.device = inner, inner.device
        self.calls: list[list[int]] = []

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        coarse = groups is not None and groups.coarse
        self.calls.append([len(groups.counts), groups.counts[0]] if groups and coarse else [1, points.shape[0]])
        return self.inner(points, groups)


def published_levels(
    grids: Sequence[Grid], evaluate: Callable[[Grid, Tensor, int], Tensor], iso: float, dilations: int = 1
) -> Iterator[Level]:
    """Refine as algorithm 1 says: around the points that differ in sign from a neighbour, and in the whole truncation band.

    Args:
        grids: coarse to fine; index i of one lies at index 2 i of the next.
        evaluate: (grid, indices int64 [P], level's index) -> logits float32 [P].
        iso: logit of the surface.
        dilations: see `expanded`.
    """
    indices = grids[0].all_indices()
    for index, grid in enumerate(grids):
        logits = evaluate(grid, indices, index)
        yield Level(SparseVolume(Points(grid, indices), logits), index, len(grids), indices.numel())
        if index + 1 < len(grids):
            chosen = (logits.abs() < NEAR) | crossing(indices, logits - iso, grid.size)
            indices = expanded(indices[chosen], grid.size, grids[index + 1].size, 0 if index + 2 == len(grids) else dilations)


def expanded(chosen: Tensor, size: int, fine_size: int, dilations: int) -> Tensor:
    """Points of the next grid around the chosen ones: Dilate and Expand of algorithm 1.

    The published decoder dilates `dilations` times (Hunyuan3D-2: once, TripoSG: twice) on the coarse grid and once on the fine
    one, and for the last level (0) twice on the fine one.
    """
    last = dilations == 0
    for _ in range(dilations):
        chosen = dilate(chosen, size)
    fine = dilate(upsample_indices(chosen, size, fine_size), fine_size)
    return dilate(fine, fine_size) if last else fine


def crossing(indices: Tensor, values: Tensor, size: int) -> Tensor:
    """bool [P]: which points differ in sign from one of their six neighbours (equation 1).

    Zero is a sign of its own. Neighbours outside the set or the grid do not count.
    """
    signs = torch.sign(torch.cat([values, values.new_zeros(1)]))
    differs = torch.zeros(indices.numel() + 1, dtype=torch.bool, device=indices.device)
    for following in next_neighbours(indices, size):
        both = (signs != signs[following]) & (following < indices.numel())
        differs |= both
        differs[following[both]] = True
    return differs[:-1]


def decode_grid(
    field: Field,
    decoder: Decoder,
    *,
    octree_resolution: int,
    bounds: Bounds = BOX_HALF_SIDE,
    mc_level: float = 0.0,
    min_resolution: int = 63,
    num_chunks: int = 10000,
    dilations: int = 1,
) -> tuple[Tensor, dict[str, list[Any]]]:
    """Decode as the published decoders do, with their refinement working.

    Args:
        field: the field of one shape; for "flash" a `VecsetField` with a `Selection`, or a `MergeRuleField`
            (the published `topk_mode`); without a selection for the others.
        decoder: "vanilla" (every point), "hier_fixed" (hierarchical) or "flash" (with shared tokens).
        octree_resolution: cells an axis that are asked for; "flash" rounds it.
        bounds, mc_level, min_resolution, num_chunks: as the published code names them.
        dilations: see `expanded`.

    Returns:
        The grid float32 [1, n, n, n] (x, y, z), NaN where it was not evaluated; and `calls` ([batch, points] of each
        evaluation), `topk` (for each: True for blocks of the first level, else [group ids, group counts]; only for
        "flash"), `levels` (cells an axis) and `points_per_level`.
    """
    recorder = _Recorder(field)
    evaluator = Evaluator(num_chunks)
    topk: list[Any] = []

    def evaluate(grid: Grid, indices: Tensor, index: int) -> Tensor:
        if decoder != "flash":
            return evaluator.plain(recorder.on_grid(grid), indices)
        grouping = ExtentGrouping(_CELLS) if index else BlockGrouping(_BLOCKS)
        numbers, before = grouping(grid, indices), len(recorder.calls)
        groups = _sort_by_group_anyhow(numbers) if index else sort_by_group(numbers)
        pack = pack_groups if index else pack_blocks
        logits = evaluator.grouped(recorder.on_grid(grid), indices, groups, index == 0, pack)
        topk.extend(_selected_groups(groups, num_chunks) if index else [True] * (len(recorder.calls) - before))
        return logits

    resolutions = published_resolutions(octree_resolution, min_resolution, decoder)
    levels = list(published_levels(published_grids(resolutions, bounds, field.device), evaluate, mc_level, dilations))
    info: dict[str, list[Any]] = {"calls": recorder.calls, "levels": resolutions, "points_per_level": [x.queries for x in levels]}
    if decoder == "flash":
        info["topk"] = topk
    return dense_grid(levels[-1].volume), info


def pack_blocks(counts: Sequence[int], start: int, chunk: int) -> int:
    """End of the pack of equal blocks that begins with block `start`: as many as fill `chunk` queries, at least one."""
    return min(start + max(chunk // counts[start], 1), len(counts))


def _sort_by_group_anyhow(numbers: Tensor) -> SortedQueries:
    """`sort_by_group`, but the order inside a group, which decides the queries that are sampled, is the machine's choice."""
    _, order = torch.sort(numbers, stable=False)
    return replace(sort_by_group(numbers), order=order)


def _selected_groups(groups: SortedQueries, chunk: int) -> list[list[list[int]]]:
    """Group ids and counts of each pack."""
    packs, first = [], 0
    while first < len(groups.counts):
        last = pack_groups(groups.counts, first, chunk)
        packs.append([list(groups.ids[first:last]), list(groups.counts[first:last])])
        first = last
    return packs


def dense_grid(volume: SparseVolume) -> Tensor:
    """A sparse volume as a dense grid float32 [1, n, n, n], NaN where it was not evaluated."""
    size = volume.grid.size
    grid = torch.full((size**3,), torch.nan, device=volume.logits.device)
    grid[volume.indices] = volume.logits
    return grid.reshape(1, size, size, size)
