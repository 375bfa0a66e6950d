"""The fast path of a vecset field on a grid against its reference, for the kinds of point decoders that exist."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from flashvdm_core.decoding import Groups, Selection, VecsetField, kv_selection, reference
from flashvdm_core.decoding.grid_decoder import GridDecoder
from flashvdm_core.decoding.groups import BlockGrouping, sort_by_group
from flashvdm_core.decoding.kv_selection import batches, sampled_positions
from flashvdm_core.decoding.thread_pool import parallel_map
from flashvdm_core.lab.reference.merge_rule import MergeRuleField
from flashvdm_core.models.shape_vae import KeysValues, PointDecoder
from flashvdm_core.models.specs import PointDecoderSpec
from flashvdm_core.sparse_grid import Grid, aligned_grids

KINDS = {
    "efficient": PointDecoderSpec(64, 4, 1, 2, enable_ln_post=False, qkv_bias=False, include_pi=False),
    "with biases": PointDecoderSpec(64, 4, 2, 2, enable_ln_post=False, qkv_bias=True, include_pi=True, num_freqs=4),
    "full": PointDecoderSpec(32, 2, 4, 1, enable_ln_post=True, qkv_bias=False, qk_norm=True, include_pi=False),
    "one head": PointDecoderSpec(64, 2, 1, 2, enable_ln_post=False, qkv_bias=False, include_pi=False),
}
BOUNDS = [-1.0, -0.9, -1.1, 1.05, 1.0, 0.95]


def shape(kind: str, tokens: int = 60) -> tuple[PointDecoder, Tensor]:
    """A random point decoder with nothing at its usual start (norms and biases as well), and decoded latents."""
    torch.manual_seed(1)
    spec = KINDS[kind]
    decoder = PointDecoder(spec).eval().requires_grad_(False)
    for parameter in decoder.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.2)
    return decoder, torch.randn(1, tokens, spec.width)


def grid_and_indices(points: int = 3000) -> tuple[Grid, Tensor]:
    grid = aligned_grids(37, 37, BOUNDS)[-1]
    indices = torch.randperm(38**3, generator=torch.Generator().manual_seed(0))[:points].sort().values
    return grid, indices


@pytest.mark.parametrize("kind", KINDS)
def test_the_grid_gives_what_points_give(kind: str):
    field, (grid, indices) = VecsetField(*shape(kind)), grid_and_indices()
    plain = field(grid.coordinates(indices))
    assert plain.std() > 0.1
    torch.testing.assert_close(field.on_grid(grid)(indices), plain, rtol=1e-4, atol=1e-4)


def test_scores_too_large_for_their_exponentials_give_what_points_give():
    decoder, decoded = shape("efficient")
    decoder.cross_attn_decoder.attn.c_q.weight *= 60
    field, (grid, indices) = VecsetField(decoder, decoded), grid_and_indices()
    plain = field(grid.coordinates(indices))
    torch.testing.assert_close(field.on_grid(grid)(indices), plain, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_tiles_come_back_in_their_order_and_leave_the_number_of_threads(threads: int):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        field, (grid, indices) = VecsetField(*shape("efficient")), grid_and_indices(30000)
        together = field.on_grid(grid)(indices)
        assert torch.get_num_threads() == threads
        torch.testing.assert_close(together, field(grid.coordinates(indices)), rtol=1e-4, atol=1e-4)
        tiles = parallel_map(lambda tile: torch.full((2,), tile) * torch.get_num_threads(), range(9))
        assert [tile.tolist() for tile in tiles] == [[tile, tile] for tile in range(9)]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coarse", [True, False])
@pytest.mark.parametrize("field_kind", [VecsetField, partial(MergeRuleField, threshold=1e-3)], ids=["mean", "merge"])
def test_groups_on_the_grid_read_the_tokens_that_groups_of_points_read(kind: str, coarse: bool, field_kind):
    field, (grid, indices) = field_kind(*shape(kind), Selection()), grid_and_indices()
    grouped = sort_by_group(BlockGrouping(3)(grid, indices))
    indices, groups = indices[grouped.order], Groups(grouped.counts, coarse)
    plain = field(grid.coordinates(indices), groups)
    assert not torch.allclose(plain, field(grid.coordinates(indices)), atol=1e-2)
    torch.testing.assert_close(field.on_grid(grid)(indices, groups), plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_looked_up_queries_are_those_of_the_decoder(kind: str):
    (decoder, _), (grid, indices) = shape(kind), grid_and_indices(500)
    tables = GridDecoder(decoder, grid)
    found = tables(indices)
    hidden = decoder.embed(grid.coordinates(indices)[None])
    torch.testing.assert_close(found.queries.transpose(0, 1), decoder.queries(hidden)[0])
    torch.testing.assert_close(found.hidden, hidden[0] + decoder.cross_attn_decoder.attn.c_proj.bias)


COUNTS = st.lists(st.integers(1, 70), min_size=1, max_size=12)


@settings(deadline=None, max_examples=30)
@given(COUNTS, st.integers(1, 40))
def test_tokens_are_selected_from_every_nth_query_of_a_group(counts: list[int], stride: int):
    torch.manual_seed(0)
    queries, keys = torch.randn(sum(counts), 2, 8), torch.randn(1, 2, 20, 8)
    positions, samples = sampled_positions(counts, stride)
    start = 0
    for count, where, number in zip(counts, positions, samples, strict=True):
        assert where[:number].tolist() == list(range(start, start + count, stride))
        start += count
    got, plain = (room.select_tokens(queries, keys, counts, stride, 6) for room in (kv_selection, reference))
    assert torch.equal(got.sort(-1).values, plain.sort(-1).values)


@settings(deadline=None, max_examples=30)
@given(COUNTS)
def test_groups_that_share_a_call_are_not_mixed_up(counts: list[int]):
    torch.manual_seed(0)
    queries, kv = torch.randn(sum(counts), 2, 8), KeysValues(torch.randn(1, 2, 20, 8), torch.randn(1, 2, 20, 8))
    tokens = torch.rand(len(counts), 2, 20).topk(6).indices
    got, plain = (room.grouped_attention(queries, kv, tokens, counts) for room in (kv_selection, reference))
    torch.testing.assert_close(got, plain)


def test_no_group_is_filled_up_by_more_than_a_quarter():
    counts = np.random.default_rng(0).integers(1, 4096, 300)
    seen = []
    for members, rows in batches(counts.tolist()):
        assert rows.shape == (len(members), counts[members].max())
        assert rows.shape[1] * 0.75 <= counts[members].min()
        seen += members.tolist()
    assert sorted(seen) == list(range(300))
