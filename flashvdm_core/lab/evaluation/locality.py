"""Locality of the latents (the paper's figures 6, 7, 15, 16 and 17): how few of them a region of space attends to.

The attention of a point is the softmax that the point decoder computes, averaged over its heads. The attention of a region
is the mean over random points in it. The *activated* tokens of a region are the fewest that together get `MASS` of its
attention. Regions are those sub-volumes of the decoded box that the true surface passes. (The paper counts the tokens whose
attention is not zero, which depends on the number format that it is computed in.)

For figure 17 the sub-volumes of the finer levels are varied; those of the first level are the decoder's own, 4^3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ...api.units import BOX_HALF_SIDE
from ...decoding.volume import COARSE_CELLS
from ...models.shape_vae import KeysValues, PointDecoder, ShapeVAE
from .decoders import Decoders, decode, named
from .held_out import Selected, encoded
from .metrics import METRIC_POINTS
from .reconstruction import occupied
from .report import Scores, mean_row

MASS = 0.95
SUBDIVISIONS = (4, 16)
REGION_POINTS = 64
# Attention weights that are held at once.
_WEIGHTS = 1 << 22


@dataclass
class _Counts:
    """What is counted for one decoder and one subdivision, over all props.

    Attributes:
        regions: activated tokens of every region of every prop.
        cases: tokens that are activated in any region, for each prop.
        single: activated tokens of one point, mean over those of a prop.
        overlap_regions: tokens shared by two regions of a prop.
        overlap_cases: tokens shared by a region of a prop and the same region of the last prop that had it.
        by_region: number of a region -> its activated tokens in each prop that has it.
    """

    regions: list[int] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    overlap_regions: list[float] = field(default_factory=list)
    overlap_cases: list[float] = field(default_factory=list)
    by_region: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _last: dict[int, Tensor] = field(default_factory=dict)

    def add(self, attention: RegionAttention) -> None:
        """Count one prop."""
        sets = activated(attention.weights)
        sizes = sets.sum(1).tolist()
        self.regions += sizes
        self.cases.append(int(sets.any(0).sum()))
        self.single.append(attention.single)
        if len(sets) > 1:
            self.overlap_regions += overlap(sets, sets.roll(len(sets) // 2, 0)).tolist()
        for number, tokens, size in zip(attention.regions.tolist(), sets, sizes, strict=True):
            if number in self._last:
                self.overlap_cases.append(float(overlap(tokens, self._last[number])))
            self._last[number] = tokens
            self.by_region[number].append(size)

    def row(self, name: str, cells: int, tokens: int) -> dict[str, Any]:
        """The row of the table."""
        return {
            "name": name,
            "cells": cells,
            "tokens": tokens,
            "regions": len(self.regions),
            "activated": float(np.mean(self.regions)),
            "activated_90": float(np.quantile(self.regions, 0.9)),
            "single_query": float(np.mean(self.single)),
            "whole_case": float(np.mean(self.cases)),
            "overlap_regions": float(np.mean(self.overlap_regions)) if self.overlap_regions else None,
            "overlap_cases": float(np.mean(self.overlap_cases)) if self.overlap_cases else None,
        }

    def histograms(self, tokens: int, most: int = 4) -> dict[str, Any]:
        """How often each number of tokens (0 to all) came up: over the regions, the cases, and single regions over cases."""
        common = sorted(self.by_region, key=lambda number: (-len(self.by_region[number]), number))[:most]
        return {
            "regions": _histogram(self.regions, tokens),
            "cases": _histogram(self.cases, tokens),
            "same_region": {str(number): _histogram(self.by_region[number], tokens) for number in common},
        }


def _histogram(values: list[int], most: int) -> list[int]:
    return np.bincount(values, minlength=most + 1).tolist()


@dataclass(frozen=True, eq=False)
class RegionAttention:
    """Attention of the regions of one prop.

    Attributes:
        regions: int64 [R], their numbers, ascending, x slowest.
        weights: float32 [R, N], the mean over each region's points; rows sum to 1.
        single: activated tokens of a single point, mean over all points.
    """

    regions: Tensor
    weights: Tensor
    single: float


def regions_of(points: Tensor, cells: int) -> Tensor:
    """The sub-volumes that hold any of the points [P, 3]: their numbers, int64 [R], ascending, x slowest."""
    index = ((points + BOX_HALF_SIDE) / (2 * BOX_HALF_SIDE) * cells).floor().long().clamp(0, cells - 1)
    return torch.unique((index[:, 0] * cells + index[:, 1]) * cells + index[:, 2])


def points_in(regions: Tensor, cells: int, count: int, rng: np.random.Generator) -> Tensor:
    """Uniform points in sub-volumes: numbers int64 [R] -> float32 [R, count, 3]."""
    corner = torch.stack([regions // cells**2, regions // cells % cells, regions % cells], 1)[:, None]
    shift = torch.from_numpy(rng.random((len(regions), count, 3), dtype=np.float32))
    return (corner + shift) * (2 * BOX_HALF_SIDE / cells) - BOX_HALF_SIDE


@torch.no_grad()
def attention_weights(decoder: PointDecoder, kv: KeysValues, points: Tensor) -> Tensor:
    """Attention of points [P, 3] to the tokens, mean over the heads: float32 [P, N] on the CPU."""
    queries = decoder.queries(decoder.embed(points[None].to(kv.k.device)))[0].float()
    scores = queries @ kv.k[0].float().transpose(1, 2) / queries.shape[-1] ** 0.5
    return scores.softmax(-1).mean(0).cpu()


def activated(weights: Tensor, mass: float = MASS) -> Tensor:
    """Which tokens are activated: attention [..., N], summing to 1 -> bool [..., N], the fewest that hold `mass`."""
    ordered, order = weights.sort(dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(weights, dtype=torch.bool).scatter_(-1, order, before < mass)


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Tokens that two sets share over those of the smaller one: bool [..., N] -> float32 [...]."""
    smaller = torch.minimum(first.sum(-1), second.sum(-1)).clamp_min(1)
    return (first & second).sum(-1) / smaller


def region_attention(vae: ShapeVAE, latents: Tensor, regions: Tensor, cells: int, rng: np.random.Generator) -> RegionAttention:
    """Attention of a shape's sub-volumes `regions` (int64 [R], of `cells`^3), at `REGION_POINTS` random points in each."""
    decoder = vae.geo_decoder
    with torch.no_grad():
        kv = decoder.keys_values(vae.decode_unscaled(latents.to(vae.post_kl.weight.dtype)))
    points = points_in(regions, cells, REGION_POINTS, rng)
    at_once = max(_WEIGHTS // (REGION_POINTS * kv.k.shape[1] * kv.k.shape[2]), 1)
    means, single = [], 0
    for part in points.split(at_once):
        weights = attention_weights(decoder, kv, part.flatten(0, 1))
        single += int(activated(weights).sum())
        means.append(weights.unflatten(0, part.shape[:2]).mean(1))
    return RegionAttention(regions, torch.cat(means), single / (len(regions) * REGION_POINTS))


def measure_locality(
    selected: Selected,
    decoders: Decoders,
    resolution: int,
    topks: Sequence[int],
    points: int = METRIC_POINTS,
    progress: bool = True,
) -> dict[str, Any]:
    """Count activated tokens, and measure what selecting tokens costs.

    Args:
        selected: the props.
        decoders: the autoencoders.
        resolution: cells along each axis of the decoded volume, for the V-IoU.
        topks: numbers of tokens to keep; those above the number of latents count as all of them.
        points: for the V-IoU.
        progress: show a progress bar on standard error.

    Returns:
        `rows` (activated tokens), `top_k` (V-IoU over the tokens kept), `histograms` for the figures, and `example`: the
        attention of four regions of the first prop, with the decoder named last.
    """
    tokens = decoders.encoder.spec.num_latents
    ways = [(name, vae, cells) for name, vae in named(decoders) for cells in SUBDIVISIONS]
    counts = {(name, cells): _Counts() for name, _, cells in ways}
    kept = sorted({min(topk, tokens) for topk in topks})
    scores: dict[tuple[str, int, int], list[Scores]] = {(name, cells, topk): [] for name, _, cells in ways for topk in kept}
    example: list[list[float]] = []
    for prop in tqdm(selected, desc="locality", disable=None if progress else True):
        rng, truth = selected.rng(prop.index), prop.truth(points)
        latents = encoded(decoders.encoder, prop, rng)
        for name, vae, cells in ways:
            attention = region_attention(vae, latents, regions_of(prop.surface.points, cells), cells, rng)
            counts[name, cells].add(attention)
            if prop.index == selected.indices[0] and cells == SUBDIVISIONS[0]:
                example = _spread(attention.weights, 4)
            for topk in kept:
                shape = decode(vae, latents, "flash", resolution, topk=topk, cells=(COARSE_CELLS, cells))
                v_iou, s_iou = truth.ious(occupied(shape.mesh, truth.points))
                scores[name, cells, topk].append({"v_iou": v_iou, "s_iou": s_iou, "seconds": shape.seconds})
    return {
        "rows": [entry.row(name, cells, tokens) for (name, cells), entry in counts.items()],
        "top_k": [
            mean_row(name, entries, "v_iou") | {"cells": cells, "topk": topk, "tokens": tokens}
            for (name, cells, topk), entries in scores.items()
        ],
        "histograms": {f"{name}, {cells}³": entry.histograms(tokens) for (name, cells), entry in counts.items()},
        "example": example,
        "mass": MASS,
    }


def _spread(weights: Tensor, count: int) -> list[list[float]]:
    """`count` rows of [R, N], evenly spread over all."""
    rows = torch.linspace(0, len(weights) - 1, min(count, len(weights))).round().long()
    return [[round(value, 6) for value in weights[row].tolist()] for row in rows]
