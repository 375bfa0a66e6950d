"""What each optimisation is worth: its plain twin and itself, timed one after the other in one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import torch
from torch import Tensor

from ...api.units import BOX_HALF_SIDE
from ...decoding import Level, Selection, VecsetField, decode_volume
from ...decoding.cores import each_in_turn
from ...decoding.groups import BlockGrouping, Groups, ordered
from ...decoding.lattice_decoder import Finish
from ...decoding.lattice_field import LatticeField
from ...decoding.volume import FINE_CELLS, Options
from ...models.shape_vae import PointDecoder
from ...sparse_grid import Lattice, aligned_lattices
from ...surface import extract_surface
from ..reference.volume import decode_grid
from .clock import timed
from .model_under_test import ModelUnderTest
from .naive import Repeated, dense_grid, published_mesh
from .sampler import Sampler, Twin, sampling_twins
from .stages import Report

_QUERIES = 40_000
_CHUNK = 10_000


@torch.no_grad()
def compared(tested: ModelUnderTest, resolution: int) -> list[Report]:
    """Time every optimisation of sampling, decoding and surface extraction that this device has.

    Args:
        tested: a model. With random weights its sampling alone is timed: its field has no surface to refine.
        resolution: cells along each axis of the decoded volume.

    Returns:
        Rows of `optimisation`, `before` and `after` (seconds, medians), `faster_by`, and on a CPU `cpu_faster_by`, the same ratio
        of the time spent on all cores together.
    """
    rows: list[Report] = []
    for name, plain, fast in _twins(tested, resolution):
        before, after = (timed(run, tested.device) for run in (plain, fast))
        row: Report = {"optimisation": name, "before": before.seconds, "after": after.seconds}
        row["faster_by"] = before.seconds / after.seconds
        if before.cpu_seconds and after.cpu_seconds:
            row["cpu_faster_by"] = before.cpu_seconds / after.cpu_seconds
        rows.append(row)
    return rows


def _twins(tested: ModelUnderTest, resolution: int) -> Iterator[Twin]:
    sampler = Sampler(tested, tested.condition())
    yield from sampling_twins(sampler)
    if tested.random:
        return
    model = tested.model
    decoder, decoded = model.vae.geo_decoder, model.vae.decode(sampler(model.denoiser))
    field, flash = VecsetField(decoder, decoded), VecsetField(decoder, decoded, Selection())
    lattice = aligned_lattices(resolution, resolution, BOX_HALF_SIDE, tested.device)[-1]
    *_, level = decode_volume(field, resolution, method="hierarchical")
    first = level.volume.keys.numel() // 3
    keys = level.volume.keys[first : first + _QUERIES].split(_CHUNK)
    points = [lattice.coordinates(part) for part in keys]
    on_lattice = field.on_lattice(lattice)

    repeated = Repeated(decoder, decoded, None)
    yield "keys and values once", lambda: list(map(repeated, points)), lambda: list(map(field, points))
    yield "queries looked up on the lattice", lambda: list(map(field, points)), lambda: list(map(on_lattice, keys))
    if tested.device.type == "cpu" and isinstance(in_turn := field.on_lattice(lattice), LatticeField):
        in_turn.each = each_in_turn
        yield "pieces of queries on one core each", lambda: list(map(in_turn, keys)), lambda: list(map(on_lattice, keys))
    yield _folded_end(decoder, tested)
    yield _groups_at_once(flash, lattice, keys[0])
    yield from _volume_twins(field, flash, resolution)


def _folded_end(decoder: PointDecoder, tested: ModelUnderTest) -> Twin:
    hidden = torch.randn(_CHUNK, decoder.query_proj.out_features).to(tested.device, tested.dtype)
    heads = decoder.cross_attn_decoder.attn.heads
    by_head, finish = hidden.unflatten(1, (heads, -1)).transpose(0, 1)[None], Finish(decoder)
    return "end of the point decoder folded", lambda: decoder.finish(hidden[None], by_head), lambda: finish(hidden, hidden)


def _groups_at_once(flash: VecsetField, lattice: Lattice, keys: Tensor) -> Twin:
    groups = ordered(BlockGrouping(FINE_CELLS)(lattice, keys))
    keys, counts = keys[groups.order], Groups(groups.counts, coarse=False)
    points, on_lattice = lattice.coordinates(keys), flash.on_lattice(lattice)
    return "groups of a call at once", lambda: flash(points, counts), lambda: on_lattice(keys, counts)


def _volume_twins(field: VecsetField, flash: VecsetField, resolution: int) -> Iterator[Twin]:
    def decoded(of: VecsetField, **options: Unpack[Options]) -> list[Level]:
        return list(decode_volume(of, resolution, **options))

    yield (
        "tokens selected for 16³ groups (left out below 512 tokens)",
        lambda: decoded(field, method="hierarchical", tolerance=0),
        lambda: decoded(flash, tolerance=0),
    )
    yield (
        "tight query set",
        lambda: decode_grid(field, "hier_fixed", octree_resolution=resolution, min_resolution=48),
        lambda: decoded(field, method="hierarchical", tolerance=0),
    )
    yield (
        "smooth points predicted",
        lambda: decoded(field, method="hierarchical", tolerance=0),
        lambda: decoded(field, method="hierarchical"),
    )
    levels = decoded(field, method="hierarchical")
    yield (
        "surface from the crossed cells alone",
        lambda: published_mesh(dense_grid(levels), 0.0, resolution),
        lambda: extract_surface(levels[-1].volume),
    )
