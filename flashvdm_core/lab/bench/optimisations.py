"""What each optimisation is worth: its reference and itself, timed one after the other in one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import torch
from torch import Tensor

from ...api.units import BOX_HALF_SIDE
from ...decoding import Level, Selection, VecsetField, decode_volume
from ...decoding.grid_decoder import OutputHead
from ...decoding.grid_field import GridField
from ...decoding.groups import BlockGrouping, Groups, sort_by_group
from ...decoding.interpolated import InterpolatedField
from ...decoding.pixel_aligned import finest_spacing, network_field
from ...decoding.thread_pool import serial_map
from ...decoding.volume import FINE_CELLS, Options
from ...models.pixel_aligned import PixelAlignedDecoder
from ...models.shape_vae import PointDecoder
from ...pipeline.shape import PIXELS_SIDE, read_picture
from ...sparse_grid import Grid, aligned_grids
from ...surface import extract_surface
from ..reference.volume import decode_grid
from .baseline import Repeated, dense_grid, published_mesh
from .clock import timed
from .model_under_test import ModelUnderTest, example_cutout
from .sampler import Comparison, Sampler, sampling_comparisons
from .stages import Report

_QUERIES = 40_000
_CHUNK = 10_000
_LATTICE_FROM = 256  # cells; coarser grids of the built-in model are the lattice themselves


@torch.no_grad()
def compare_optimisations(tested: ModelUnderTest, resolution: int) -> list[Report]:
    """Time every optimisation of sampling, decoding and surface extraction that this device has.

    Args:
        tested: a model. With random weights its sampling alone is timed: its field has no surface to refine.
        resolution: cells along each axis of the decoded volume.

    Returns:
        Rows of `optimisation`, `before` and `after` (seconds, medians), `faster_by`, and on a CPU `cpu_faster_by`, the same ratio
        of the time spent on all cores together.
    """
    rows: list[Report] = []
    for name, plain, fast in _comparisons(tested, resolution):
        before, after = (timed(run, tested.device) for run in (plain, fast))
        row: Report = {"optimisation": name, "before": before.seconds, "after": after.seconds}
        row["faster_by"] = before.seconds / after.seconds
        if before.cpu_seconds and after.cpu_seconds:
            row["cpu_faster_by"] = before.cpu_seconds / after.cpu_seconds
        rows.append(row)
    return rows


def _comparisons(tested: ModelUnderTest, resolution: int) -> Iterator[Comparison]:
    sampler = Sampler(tested, tested.condition())
    yield from sampling_comparisons(sampler)
    if tested.random:
        return
    model = tested.model
    decoder, decoded = model.vae.geo_decoder, model.vae.decode(sampler(model.denoiser))
    field, flash = VecsetField(decoder, decoded), VecsetField(decoder, decoded, Selection())
    grid = aligned_grids(resolution, resolution, BOX_HALF_SIDE, tested.device)[-1]
    *_, level = decode_volume(field, resolution, method="hierarchical")
    first = level.volume.indices.numel() // 3
    indices = level.volume.indices[first : first + _QUERIES].split(_CHUNK)
    points = [grid.coordinates(part) for part in indices]
    on_grid = field.on_grid(grid)

    repeated = Repeated(decoder, decoded, None)
    yield "keys and values once", lambda: list(map(repeated, points)), lambda: list(map(field, points))
    yield "queries looked up on the grid", lambda: list(map(field, points)), lambda: list(map(on_grid, indices))
    if tested.device.type == "cpu" and isinstance(in_turn := field.on_grid(grid), GridField):
        in_turn.map = serial_map
        yield "tiles of queries on one core each", lambda: list(map(in_turn, indices)), lambda: list(map(on_grid, indices))
    yield _folded_end(decoder, tested)
    yield _groups_at_once(flash, grid, indices[0])
    yield from _volume_comparisons(field, flash, resolution)
    if model.pixel_aligned is not None:
        yield _read_between(model.pixel_aligned, max(resolution, _LATTICE_FROM))


def _folded_end(decoder: PointDecoder, tested: ModelUnderTest) -> Comparison:
    hidden = torch.randn(_CHUNK, decoder.query_proj.out_features).to(tested.device, tested.dtype)
    heads = decoder.cross_attn_decoder.attn.heads
    by_head, finish = hidden.unflatten(1, (heads, -1)).transpose(0, 1)[None], OutputHead(decoder)
    return "end of the point decoder folded", lambda: decoder.finish(hidden[None], by_head), lambda: finish(hidden, hidden)


def _groups_at_once(flash: VecsetField, grid: Grid, indices: Tensor) -> Comparison:
    groups = sort_by_group(BlockGrouping(FINE_CELLS)(grid, indices))
    indices, counts = indices[groups.order], Groups(groups.counts, coarse=False)
    points, on_grid = grid.coordinates(indices), flash.on_grid(grid)
    return "groups of a call at once", lambda: flash(points, counts), lambda: on_grid(indices, counts)


def _read_between(decoder: PixelAlignedDecoder, resolution: int) -> Comparison:
    """The network of a pixel-aligned decoder on the last level of a shape that it makes of a picture."""
    picture = read_picture(decoder, example_cutout(PIXELS_SIDE))
    nothing = torch.empty(1, 0, decoder.spec.width, device=picture.outline.device)
    network = network_field(decoder, nothing, picture.features)
    *_, level = decode_volume(picture.field(nothing), resolution, method="hierarchical")
    parts = level.volume.indices.split(_CHUNK)
    between = finest_spacing(picture.features)
    return (
        f"a picture's network read between the points of a lattice, {resolution}³",
        lambda: list(map(network.on_grid(level.volume.grid), parts)),
        lambda: list(map(InterpolatedField(network, between).on_grid(level.volume.grid), parts)),
    )


def _volume_comparisons(field: VecsetField, flash: VecsetField, resolution: int) -> Iterator[Comparison]:
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
