"""What a picture shows and a field lacks: thin bodies where nothing covers the cut-out, and bridges between its parts.

Of what is thin a network knows that it is there, but hardly how deep, so stems break and necks are nowhere. The picture knows
better: what it shows in one piece is one piece. So the field is looked at once, on a lattice of blocks of the picture, each at
the place in it that is farthest inside the outline. Where no body of some size is for more than two blocks, a thin one of the
outline's own width takes the place of the crumbs: round where it is narrow, a plate where it is broad, at a depth that goes
smoothly from one body to the next. Parts that still lie apart are joined through the picture, unless they are covered by
larger ones. What lies apart in the picture stays apart.

All of it is a function of place (`Cover`), so it is the same at any resolution. Arrays over blocks are [u, v], both ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ..geometry.components import connected_components
from ..models.pixel_aligned import HALF_DEPTH, TO_PICTURE, at_pixels
from ..sparse_grid import Grid
from .blocks import BLOCK, BLOCKS, PLACES, Way, Ways, blurred, extended, geodesic, linked, shifted, thickness
from .evaluate import Evaluator
from .field import IndexedField

DEPTHS = 48
"""Depths at which a block is looked at."""
_QUERIES = 1 << 13
"""Of one call of the field: as many as need little memory anywhere."""
_LIKELY = -1.0
"""Logit of the coarse volume below which nobody looks: nothing was found there."""
_FAR = 2 * BLOCK
"""Distance in the picture from all bodies at which something is missing. Rims that fall short of the outline are narrower."""
_FEWEST = 4
"""Blocks that are missing together, at least."""
_SMALLEST_BODY = 8
"""Blocks of the picture that a body covers at least: less is a crumb."""
_NARROW, _THIN = 0.045, 0.1
"""Where the picture is narrower than this (half, frame units), what has logits below `_THIN` is no body either."""
_OVERLAP = 0.5 * BLOCK
_FADE = 1.5 * BLOCK
"""How far what is added reaches into bodies beside it, and in which distance it ends there."""
_THICKEST, _THINNEST = 0.05, 0.015
"""Half the thickness of what is added, frame units. The thinnest is wider than the outline where that is a hair."""
_OF_VOLUME, _OF_CRUMBS = 0.03, 0.2
"""How much the likeliest depth, and that of crumbs, counts beside that of a neighbouring block."""
_ROUNDS = 80
_BRIDGED = 4
"""Samples of a part that is worth a bridge, at least."""
_HAIR = 0.004
"""Bodies do not hang together by parts of the picture narrower than this (half, frame units)."""
_SURE = 0.02
"""Logit by which bodies hang together at any resolution."""
_LONGEST_BRIDGE = 8 * BLOCK
_BRIDGE = 0.035
"""Half the thickness of a bridge at most."""
_SMOOTH = 0.1
"""Width of the seam, in logits, in which two bodies run into one another."""

Runs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Bodies along w, int64 [N] each: i and j of the block, first and last depth."""


@dataclass(frozen=True, eq=False)
class Cover:
    """What is added to a field.

    Attributes:
        maps: float32 [1, 4, L, L], as pictures are stored: depth w and half thickness of the thin body (none where that is
            negative), how many times thicker it is along w because it is steep, and how much of the field it replaces, 0 to 1.
            None where nothing is missing.
        bridges: float32 [R, 8], rods with round ends: u, v, w and radius of both ends.
        truncation: distance that a logit of 1 stands for.
    """

    maps: Tensor | None
    bridges: Tensor
    truncation: float

    def added(self, logits: Tensor, most: Tensor, view: Tensor, of_point: Tensor, w: Tensor) -> Tensor:
        """The logits [P] with what the picture shows.

        Args:
            logits: [P], of the field, no more than `most`.
            most: [P], of the outline.
            view: float32 [1, C, 2], u and v of columns.
            of_point: int64 [P], the column of each point.
            w: [P], depths.
        """
        if self.maps is not None:
            depth, radius, steep, replaced = at_pixels(self.maps, view)[0].index_select(1, of_point)
            wider = (_THINNEST - radius).clamp(0, _THINNEST)
            # Seen along the stem: a circle of this radius, whose middle is the middle of the outline.
            inward = (radius - most * self.truncation).clamp_min(0)
            body = (radius + wider - (inward.square() + ((w - depth) / steep).square()).sqrt()) / self.truncation
            body = torch.where(radius > 0, body, (radius / _THICKEST).clamp_max(0))
            logits = _united(torch.lerp(logits, (logits - 1).clamp_max(-1), replaced), body)
        return self._bridged(logits, most, view, of_point, w) if len(self.bridges) else logits

    def _bridged(self, logits: Tensor, most: Tensor, view: Tensor, of_point: Tensor, w: Tensor) -> Tensor:
        points = torch.cat([view[0].index_select(0, of_point), w[:, None]], 1)
        ends = torch.cat([self.bridges[:, :3], self.bridges[:, 4:7]])
        around = _BRIDGE + self.truncation
        near = ((points > ends.amin(0) - around) & (points < ends.amax(0) + around)).all(1).nonzero()[:, 0]
        points, rod = points[near], torch.full((len(near),), -1.0, device=w.device)
        for start, end in self.bridges.unflatten(1, (2, 4)):
            along, apart = end[:3] - start[:3], points - start[:3]
            share = (apart @ along / along.square().sum().clamp_min(1e-9)).clamp(0, 1)
            distance = (apart - share[:, None] * along).norm(dim=1)
            rod = torch.maximum(rod, (torch.lerp(start[3], end[3], share) - distance) / self.truncation)
        rod = torch.minimum(rod, most[near] + _THINNEST / self.truncation)
        return logits.index_put((near,), _united(logits[near], rod))


def _united(one: Tensor, other: Tensor) -> Tensor:
    """The union of two bodies, rounded where they meet."""
    return torch.maximum(one, other) + (1 - (one - other).abs() / _SMOOTH).clamp_min(0).square() * (_SMOOTH / 4)


@dataclass(frozen=True, eq=False)
class Lattice:
    """A picture and a field on blocks.

    Attributes:
        mask: bool [L, L], blocks of the cut-out.
        inside: float64 [L, L], how far the block's place is inside the outline, frame units.
        place: float64 [L, L, 2], u and v of it.
        ways: which neighbouring blocks hang together.
        broad_ways: which do by more than a hair.
        values: float32 [L, L, `DEPTHS`], the field; -1 where nobody looked.
        likeliest: float64 [L, L], the depth that the coarse volume gives.
    """

    mask: np.ndarray
    inside: np.ndarray
    place: np.ndarray
    ways: Ways
    broad_ways: Ways
    values: np.ndarray
    likeliest: np.ndarray


def look(on_grid: Callable[[Grid], IndexedField], outline: Tensor, volume: Tensor) -> Lattice:
    """Evaluate a field within the outline, where the coarse volume says that something may be.

    Args:
        on_grid: of the field.
        outline: float32 [1, 1, T, T], signed distance in frame units.
        volume: logits [1, D, h, h] on a lattice of (w, -v, u).
    """
    count, device = BLOCKS * PLACES, outline.device
    line = ((2 * torch.arange(count, device=device) + 1) / count - 1) / TO_PICTURE
    w = torch.from_numpy(_depth(np.arange(DEPTHS))).float().to(device)
    grid = Grid(torch.stack([line, line, torch.cat([w, w.new_zeros(count - DEPTHS)])]))
    view = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)
    distance = at_pixels(outline, view.view(1, -1, 2))[0, 0]
    blocks = distance.view(BLOCKS, PLACES, BLOCKS, PLACES).transpose(1, 2).flatten(2)
    inside, chosen = blocks.max(-1)
    mask, block = inside > 0, torch.arange(BLOCKS, device=device) * PLACES
    i, j = block[:, None] + chosen // PLACES, block + chosen % PLACES
    place = view[i, j]
    hair = 0.14 * 2 / outline.shape[-1] / TO_PICTURE  # a line of single pixels holds together
    fine, at_block, broad = distance.view(count, count).cpu().numpy(), chosen.cpu().numpy(), (inside > _HAIR).cpu().numpy()
    ways, broad_ways = linked(fine > -hair, mask.cpu().numpy(), at_block), linked(fine > _HAIR, broad, at_block)
    bins = at_pixels(volume, place[mask][None])[0].T
    at = ((w / HALF_DEPTH + 1) * (bins.shape[1] / 2) - 0.5).clamp(0, bins.shape[1] - 1)
    below = at.long().clamp_max(bins.shape[1] - 2)
    bins = torch.lerp(bins[:, below], bins[:, below + 1], at - below)
    wanted, found = bins > _LIKELY, torch.full_like(bins, -1.0)
    indices = ((i * count + j)[mask] * count)[:, None] + torch.arange(DEPTHS, device=device)
    found[wanted] = Evaluator(_QUERIES).plain(on_grid(grid), indices[wanted])
    seen = mask.cpu().numpy()
    values, likeliest = np.full((BLOCKS, BLOCKS, DEPTHS), -1.0, np.float32), np.zeros((BLOCKS, BLOCKS))
    values[seen], likeliest[seen] = found.cpu().numpy(), (bins.softmax(1) @ w).cpu().numpy()
    distances, places = inside.cpu().numpy().astype(float), place.cpu().numpy().astype(float)
    return Lattice(seen, distances, places, ways, broad_ways, values, likeliest)


def find_cover(lattice: Lattice, truncation: float, device: torch.device) -> Cover:
    """What is to be added to the field of a lattice."""
    width = thickness(np.where(lattice.mask, lattice.inside, 0.0))
    thin = _THIN * np.clip((_NARROW - width) / 0.01, 0, 1)
    values = lattice.values - thin[..., None]
    runs = _runs(values)
    nodes = _Parts.of(lattice, runs)
    solid = nodes.blocks >= min(_SMALLEST_BODY, nodes.blocks.max(initial=0))
    bodies, covered = _at(runs, solid), _at(runs)
    distance, _ = geodesic(bodies, lattice.ways)
    far = _large(lattice.mask & (distance >= _FAR - 1e-6) & np.isfinite(distance), lattice.ways)
    runs, maps = _runs(values - _SURE), None
    depth, sheet = lattice.likeliest, np.zeros_like(far)
    if far.any():
        weight = np.clip(1 - (geodesic(far, lattice.ways)[0] - _FAR - _OVERLAP) / _FADE, 0, 1) * lattice.mask
        region, sheet = weight > 0, weight > 0.5
        depth = _smooth_depth(lattice, _middles(lattice, nodes.runs, solid), covered, bodies, region)
        radius = blurred(np.minimum(width, _THICKEST), lattice.mask) * weight - _THICKEST * (1 - weight)
        depth = extended(depth, region)
        radius = extended(np.where(lattice.mask, radius, -_THICKEST), lattice.mask)
        steep = extended(_steepness(depth, lattice.ways, region), region)
        maps = (depth, radius, steep, blurred(far.astype(float), lattice.mask))
        maps = _as_pictures(np.stack(maps), device)[None]
        kept = ~far[runs[0], runs[1]]
        runs = (runs[0][kept], runs[1][kept], runs[2][kept], runs[3][kept])
    bridges = _bridges(lattice, _Parts.of(lattice, runs, sheet, depth))
    return Cover(maps, torch.from_numpy(bridges.astype(np.float32)).to(device), truncation)


def rim_spread(outline: Tensor, most: float) -> Tensor:
    """How far along w what is added at a rim reaches: float32 [1, 1, L, L], as thick as the picture is wide, at most `most`."""
    line = ((2 * torch.arange(BLOCKS * 2, device=outline.device) + 1) / (BLOCKS * 2) - 1) / TO_PICTURE
    places = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).view(1, -1, 2)
    inside = at_pixels(outline, places)[0, 0].view(BLOCKS, 2, BLOCKS, 2).amax((1, 3)).cpu().numpy().astype(float)
    mask = inside > 0
    spread = np.clip(2 * blurred(thickness(np.where(mask, inside, 0.0)), mask), _THICKEST, most)
    return _as_pictures(extended(spread, mask), outline.device)[None, None]


def _depth(k: np.ndarray) -> np.ndarray:
    """w of depths of the lattice."""
    return ((2 * k + 1) / DEPTHS - 1) * HALF_DEPTH


def _as_pictures(fields: np.ndarray, device: torch.device) -> Tensor:
    """[..., u, v] -> float32 [..., row, column]."""
    return torch.from_numpy(np.ascontiguousarray(np.swapaxes(fields, -1, -2)[..., ::-1, :]).astype(np.float32)).to(device)


def _runs(values: np.ndarray) -> Runs:
    """What is inside of each block [L, L, `DEPTHS`]."""
    inside = np.pad(values > 0, ((0, 0), (0, 0), (1, 1)))
    here = inside[..., 1:-1]
    i, j, first = np.nonzero(here & ~inside[..., :-2])
    return i, j, first, np.nonzero(here & ~inside[..., 2:])[2]


def _at(runs: Runs, which: np.ndarray | slice = slice(None)) -> np.ndarray:
    """bool [L, L]: blocks that have one of the runs."""
    out = np.zeros((BLOCKS, BLOCKS), bool)
    out[runs[0][which], runs[1][which]] = True
    return out


def _large(blocks: np.ndarray, ways: Ways) -> np.ndarray:
    """Without groups of few blocks: corners of a rim, which would become flaps."""
    number = np.full(blocks.shape, -1)
    number[blocks] = np.arange(np.count_nonzero(blocks))
    pairs = [np.zeros((0, 2), np.int64)]
    for di, dj, link in ways:
        there = shifted(number, di, dj, -1)
        both = link & (number >= 0) & (there >= 0)
        pairs.append(np.stack([number[both], there[both]], 1))
    name = connected_components(np.concatenate(pairs), np.count_nonzero(blocks))
    out = blocks.copy()
    out[blocks] = np.bincount(name, minlength=len(name))[name] >= _FEWEST
    return out


def _middles(lattice: Lattice, runs: Runs, solid: np.ndarray) -> np.ndarray:
    """Depth [L, L] of the run nearest the likeliest depth, solid ones before others; the likeliest where there is no run."""
    i, j, first, last = runs
    middle, out = (_depth(first) + _depth(last)) / 2, lattice.likeliest.copy()
    order = np.lexsort((-np.abs(middle - out[i, j]), solid))
    out[i[order], j[order]] = middle[order]
    return out


def _smooth_depth(
    lattice: Lattice, middle: np.ndarray, covered: np.ndarray, bodies: np.ndarray, region: np.ndarray
) -> np.ndarray:
    """Depth [L, L] of what is added: bodies' own at their sides, and as even as can be between them (a screened membrane)."""
    reached, depth = geodesic(covered, lattice.ways, middle)
    depth = np.where(np.isfinite(reached) & lattice.mask, depth, lattice.likeliest)
    free, weight = region & ~bodies, np.where(covered, _OF_CRUMBS, _OF_VOLUME)
    aim = np.where(covered, middle, lattice.likeliest)
    ways = [(di, dj, link / (di * di + dj * dj)) for di, dj, link in lattice.ways]
    total = np.sum([share for *_, share in ways], axis=0) + weight
    for _ in range(_ROUNDS):
        around = np.sum([share * shifted(depth, di, dj, 0.0) for di, dj, share in ways], axis=0)
        depth = np.where(free, (around + weight * aim) / total, depth)
    return depth


def _steepness(depth: np.ndarray, ways: Ways, region: np.ndarray) -> np.ndarray:
    """How many times longer a way across a body is along w than straight through it: [L, L], 1 or more."""
    steps = [np.where(link, (shifted(depth, di, dj, 0.0) - depth) ** 2 / (di * di + dj * dj), 0) for di, dj, link in ways]
    steep = np.sqrt(1 + np.max(steps, axis=0) / BLOCK**2)
    around = [shifted(steep, di, dj, 1.0) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
    return blurred(np.max(around, axis=0), region)


@dataclass(frozen=True, eq=False)
class _Parts:
    """Runs, and blocks of what is added, that hang together.

    Attributes:
        runs: the runs; an added block is one of a single depth.
        name: int64 [N], part of each.
        size, blocks: int64 [N], samples in the part of each, and how many runs.
        here: int64 [L, L, K], the runs of each block, -1 for none.
    """

    runs: Runs
    name: np.ndarray
    size: np.ndarray
    blocks: np.ndarray
    here: np.ndarray

    @classmethod
    def of(cls, lattice: Lattice, runs: Runs, sheet: np.ndarray | None = None, depth: np.ndarray | None = None) -> _Parts:
        """Neighbouring runs that overlap hang together where their blocks do; added ones with all added neighbours."""
        own = len(runs[0])
        if sheet is not None and depth is not None:
            i, j = np.nonzero(sheet)
            k = np.round(((depth[i, j] / HALF_DEPTH + 1) * DEPTHS - 1) / 2).clip(0, DEPTHS - 1).astype(np.int64)
            runs = (np.r_[runs[0], i], np.r_[runs[1], j], np.r_[runs[2], k], np.r_[runs[3], k])
        i, j, first, last = runs
        count, added = len(i), np.arange(len(i)) >= own
        number = i * BLOCKS + j
        order = np.argsort(number, kind="stable")
        rank = np.arange(count) - np.searchsorted(number[order], number[order])
        here = np.full((BLOCKS, BLOCKS, int(rank.max(initial=0)) + 1), -1)
        here[i[order], j[order], rank] = order
        pairs = [np.zeros((0, 2), np.int64)]
        ways = [(di, dj, link, broad) for (di, dj, link), (*_, broad) in zip(lattice.ways, lattice.broad_ways, strict=True)]
        for di, dj, link, broad in [(0, 0, lattice.mask, lattice.mask), *ways]:
            for slot in range(here.shape[2]):
                for other in range(here.shape[2]):
                    there = shifted(here[..., other], di, dj, -1)
                    found = link & (here[..., slot] >= 0) & (there >= 0)
                    a, b = here[..., slot][found], there[found]
                    mixed = (added[a] != added[b]) & bool(di or dj)
                    touch = (first[a] <= last[b]) & (first[b] <= last[a]) & broad[found] & ~mixed | added[a] & added[b]
                    pairs.append(np.stack([a[touch], b[touch]], 1))
        name = connected_components(np.concatenate(pairs), count)
        size = np.bincount(name, last - first + 1, count).astype(np.int64)
        return cls(runs, name, size[name], np.bincount(name, minlength=count)[name], here)

    def seen(self) -> np.ndarray:
        """Names of the parts of some size that are alone, or the largest, in some block; the largest first."""
        largest = np.zeros((BLOCKS, BLOCKS), np.int64)
        np.maximum.at(largest, self.runs[:2], self.size)
        seen = np.unique(self.name[(largest[self.runs[:2]] <= self.size) & (self.size >= _BRIDGED)])
        return seen[np.argsort(-self.size[seen], kind="stable")]


def _bridges(lattice: Lattice, parts: _Parts) -> np.ndarray:
    """Rods [R, 8] from each part to the nearest larger one that it hangs together with in the picture."""
    i, j, first, last = parts.runs
    names, low, high, rods = parts.seen(), _depth(first), _depth(last), []
    number = np.arange(BLOCKS * BLOCKS).reshape(BLOCKS, BLOCKS)
    for rank, name in enumerate(names[1:], 1):
        larger = np.isin(parts.name, names[:rank])
        distance, source = geodesic(_at(parts.runs, larger), lattice.ways, number, _LONGEST_BRIDGE)
        own = np.nonzero((parts.name == name) & np.isfinite(distance[i, j]))[0]
        ends = parts.here.reshape(BLOCKS * BLOCKS, -1)[source[i[own], j[own]].astype(np.int64)]
        gap = np.maximum(np.maximum(low[ends] - high[own][:, None], low[own][:, None] - high[ends]), 0)
        cost = np.where((ends >= 0) & larger[ends], distance[i[own], j[own]][:, None] ** 2 + gap**2, np.inf)
        if not np.isfinite(cost).any():
            continue
        row, column = np.unravel_index(int(cost.argmin()), cost.shape)
        start, end = own[row], ends[row, column]
        path = _way_down(distance, lattice.ways, (int(i[start]), int(j[start])))
        middle = (low + high) / 2
        w = [np.clip(middle[end], low[start], high[start]), np.clip(middle[start], low[end], high[end])]
        w = [float(z + np.clip(middle[run] - z, -_BRIDGE, _BRIDGE)) for z, run in zip(w, (start, end), strict=True)]
        places = np.array([[*lattice.place[block], np.clip(lattice.inside[block], _THINNEST, _BRIDGE)] for block in path])
        line = np.c_[places[:, :2], np.linspace(w[0], w[1], len(path)), places[:, 2]]
        rods += [np.r_[a, b] for a, b in pairwise(line)]
    return np.array(rods).reshape(-1, 8)


def _way_down(distance: np.ndarray, ways: Sequence[Way], block: tuple[int, int]) -> list[tuple[int, int]]:
    """Blocks from one to where the distance is 0, two at least."""
    path = [block]
    while distance[block] > 0:
        nearer = [(block[0] + di, block[1] + dj) for di, dj, link in ways if link[block]]
        block = min(nearer, key=lambda other: float(distance[other]))
        path.append(block)
    return path if len(path) > 1 else path * 2
