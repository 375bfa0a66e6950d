"""Volume decoding: dense decoding is the oracle of the hierarchical one, full attention that of the selected one."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from torch import Tensor

from flashvdm_core import sparse_grid as grid_module
from flashvdm_core.api.errors import Cancelled, MemoryLimitError, SettingsError
from flashvdm_core.decoding import DecodeProgress, Groups, Level, Selection, VecsetField, decode_shape, decode_volume
from flashvdm_core.decoding.evaluate import SMALLEST_CHUNK
from flashvdm_core.decoding.groups import BlockGrouping, pack_groups, sort_by_group, split_groups
from flashvdm_core.decoding.prediction import TOLERANCE, Values, predict
from flashvdm_core.decoding.reference import select_tokens
from flashvdm_core.decoding.refinement import missing_corners
from flashvdm_core.lab.reference.merge_rule import MergeRuleField
from flashvdm_core.lab.reference.volume import crossing, decode_grid, published_resolutions
from flashvdm_core.models.shape_vae import PointDecoder
from flashvdm_core.models.specs import PointDecoderSpec
from flashvdm_core.sparse_grid import (
    Points,
    SparseVolume,
    aligned_grids,
    dilate,
    dilate_by_sorting,
    ravel_index,
    unravel_index,
    upsample_indices,
)
from flashvdm_core.surface import extract_surface

from .fields import AnalyticField, is_closed, plate, ring, same_mesh, sphere, tilted, torus_and_plate, volume

TOKENS = 48


def last_level(field, resolution: int, **options) -> Level:
    *_, level = decode_volume(field, resolution, **options)
    return level


def last_volume(field, resolution: int, **options) -> SparseVolume:
    return last_level(field, resolution, **options).volume


def point_decoder(seed: int = 0) -> tuple[PointDecoder, Tensor]:
    """A random point decoder whose logits change sign in the box, and decoded latents [1, TOKENS, 32]."""
    torch.manual_seed(seed)
    spec = PointDecoderSpec(
        width=32, heads=2, mlp_expand_ratio=2, downsample_ratio=1, enable_ln_post=True,
        qkv_bias=False, qk_norm=True, num_freqs=2, include_pi=False,
    )  # fmt: skip
    decoder = PointDecoder(spec).eval().requires_grad_(False)
    for parameter in decoder.parameters():
        parameter.mul_(1.5)
    decoded = torch.randn(1, TOKENS, 32)
    points = torch.rand(1, 1000, 3) * 2 - 1
    decoder.output_proj.bias -= decoder(points, decoder.keys_values(decoded)).median()
    return decoder, decoded


def dense_dilation(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, 1)
    n = mask.shape[0]
    return np.any([padded[i : i + n, j : j + n, k : k + n] for i in range(3) for j in range(3) for k in range(3)], axis=0)


class TestPointSets:
    @given(st.integers(2, 700), st.integers(8, 100))
    @settings(deadline=None)
    def test_nested_grids_end_at_the_resolution_and_span_the_box(self, resolution: int, coarsest: int):
        grids = aligned_grids(resolution, coarsest, [-1.0, -0.9, -1.1, 1.05, 1.0, 0.95])
        assert grids[-1].size == resolution + 1
        for grid in grids:
            assert grid.axes[:, 0].tolist() == pytest.approx([-1.0, -0.9, -1.1])
            assert grid.axes[:, -1].tolist() == pytest.approx([1.05, 1.0, 0.95])
            assert (grid.axes.diff(dim=1) > 0).all()
        for coarse, fine in pairwise(grids):
            assert coarse.size - 1 >= coarsest
            here = torch.arange(coarse.size)
            there = (2 * here).clamp(max=fine.size - 1)
            assert torch.equal(coarse.axes[:, here], fine.axes[:, there])

    def test_points_lie_at_minimum_plus_index_times_cell(self):
        grid = aligned_grids(30, 48, 1.01)[-1]
        key = ravel_index(torch.tensor([7]), torch.tensor([0]), torch.tensor([30]), 31)
        assert grid.coordinates(key)[0].tolist() == pytest.approx([-1.01 + 7 * 2.02 / 30, -1.01, 1.01])

    @given(st.integers(2, 6), st.integers(0, 2**32 - 1))
    @settings(max_examples=40, deadline=None)
    def test_dilation_is_that_of_a_dense_mask(self, size: int, seed: int):
        mask = np.random.default_rng(seed).random((size,) * 3) < 0.1
        got = dilate(torch.from_numpy(np.flatnonzero(mask)), size)
        assert got.tolist() == np.flatnonzero(dense_dilation(mask)).tolist()

    @given(st.integers(1, 40), st.floats(0, 0.3), st.sampled_from([1, 300, 1 << 24]))
    @settings(max_examples=60, deadline=None)
    def test_dilation_on_bits_is_that_by_sorting(self, size: int, share: float, slab: int):
        """Whatever the set's size, and in however many slabs."""
        indices = torch.from_numpy(np.flatnonzero(np.random.default_rng(size).random(size**3) < share))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(grid_module, "_SLAB_BYTES", slab)
            patch.setattr(grid_module, "_SORTED_BELOW", 1 << 40)
            assert dilate(indices, size).tolist() == dilate_by_sorting(indices, size).tolist()

    @given(st.integers(2, 9), st.booleans())
    def test_doubled_points_stay_distinct_and_in_order(self, size: int, odd: bool):
        fine = upsample_indices(torch.arange(size**3), size, 2 * size - 1 - odd)
        assert (fine.diff() > 0).all()

    def test_doubling_keeps_the_last_point_inside_an_odd_grid(self):
        last = torch.tensor([4**3 - 1])
        assert [i.item() for i in unravel_index(upsample_indices(last, 4, 6), 6)] == [5, 5, 5]

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=30, deadline=None)
    def test_crossing_is_that_of_a_dense_grid_where_neighbours_are_known(self, seed: int):
        rng = np.random.default_rng(seed)
        grid, known = rng.integers(-1, 2, (5, 5, 5)).astype(np.float32), rng.random((5, 5, 5)) < 0.6
        want = np.zeros_like(known)
        for i, j, k in np.argwhere(known):
            for axis in range(3):
                for step in (-1, 1):
                    there = [i, j, k]
                    there[axis] += step
                    if 0 <= there[axis] < 5 and known[tuple(there)]:
                        want[i, j, k] |= grid[i, j, k] != grid[tuple(there)]
        indices = torch.from_numpy(np.flatnonzero(known))
        got = crossing(indices, torch.from_numpy(grid.reshape(-1)[indices]), 5)
        assert indices[got].tolist() == np.flatnonzero(want).tolist()

    @pytest.mark.parametrize("bounds", [0.0, -1.0, [1.0, 2.0], [0, 0, 0, 1, 1, 0], float("nan")])
    def test_bounds_without_a_volume_are_refused(self, bounds):
        with pytest.raises(SettingsError, match="bounds"):
            aligned_grids(16, 16, bounds)


class TestHierarchy:
    @pytest.mark.parametrize("resolution", [96, 101])
    @pytest.mark.parametrize("distance", [sphere(), plate(), tilted(plate()), torus_and_plate, ring(0.012), sphere(radius=1.3)])
    def test_gives_the_dense_mesh_with_a_fraction_of_the_queries(self, distance, resolution: int):
        """Walls and wires thinner than a coarse cell, straight and tilted, and a shape that the box cuts off."""
        sparse, dense = AnalyticField(distance), AnalyticField(distance)
        mesh = extract_surface(last_volume(sparse, resolution, method="hierarchical"))
        oracle = extract_surface(last_volume(dense, resolution, method="dense"))
        assert dense.queries == (resolution + 1) ** 3
        assert sparse.queries < 0.55 * dense.queries
        assert same_mesh(mesh, oracle)
        assert is_closed(mesh)

    @pytest.mark.parametrize("level", [-0.4, 0.4])
    def test_gives_the_dense_mesh_at_another_level(self, level: float):
        field = AnalyticField(sphere())
        mesh = extract_surface(last_volume(field, 100, method="hierarchical", level=level), level)
        oracle = extract_surface(last_volume(field, 100, method="dense"), level)
        assert same_mesh(mesh, oracle)
        assert volume(mesh) == pytest.approx(4 / 3 * np.pi * (0.6 - level * 0.06) ** 3, rel=2e-3)

    def test_finds_a_thin_wall_at_another_level(self):
        """Where the field stays below zero, but not below the level: thinner than a coarse cell, and between its points."""
        field = AnalyticField(plate(-0.108), truncation=0.2)
        coarse, fine = decode_volume(field, 128, method="hierarchical", level=-0.6)
        assert (coarse.volume.logits < -0.6).all()
        mesh = extract_surface(fine.volume, -0.6)
        assert fine.queries < 0.3 * 129**3
        assert same_mesh(mesh, extract_surface(last_volume(field, 128, method="dense"), -0.6))

    def test_finds_a_wall_between_coarse_points_whose_band_is_hardly_wider_than_half_a_cell(self):
        """The middle of the wall is as far from the coarse points as can be, and nothing else is there to be found."""
        field = AnalyticField(plate(0.002, centre=1.01 / 50), truncation=1.01 / 25 / 1.8)
        coarse, fine = decode_volume(field, 100, method="hierarchical")
        assert (coarse.volume.logits < -0.8).all()
        assert same_mesh(extract_surface(fine.volume), extract_surface(last_volume(field, 100, method="dense")))

    def test_ripples_of_a_network_that_never_reaches_the_truncation_cost_nothing(self):
        """A network's logits far from the surface lie a little below 1, here and there below the published threshold."""

        def rippled(points: torch.Tensor) -> torch.Tensor:
            return (sphere()(points) / 0.1).clamp(-1, 1) * (0.94 + 0.03 * torch.sin(9 * points).prod(-1))

        field = AnalyticField(rippled, truncation=1.0)
        level = last_level(field, 192, method="hierarchical", tolerance=0)
        clean = last_level(AnalyticField(sphere(), truncation=0.1), 192, method="hierarchical", tolerance=0)
        assert level.queries < 1.5 * clean.queries
        assert same_mesh(extract_surface(level.volume), extract_surface(last_volume(field, 192, method="dense")))

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_gives_the_dense_mesh_of_a_vecset(self, seed: int):
        """A random network's field is smooth, but no distance, and the box cuts its shape off in many places."""
        field = VecsetField(*point_decoder(seed))
        mesh = extract_surface(last_volume(field, 44, method="hierarchical", min_resolution=20))
        oracle = extract_surface(last_volume(field, 44, method="dense"))
        assert len(mesh.faces) > 1000
        assert is_closed(mesh)
        assert same_mesh(mesh, oracle, 1e-3)

    def test_queries_and_memory_grow_with_the_surface(self):
        small, large = (last_level(AnalyticField(sphere()), r, method="hierarchical", tolerance=0) for r in (128, 256))
        assert 3 < large.queries / small.queries < 5

    def test_yields_each_level_of_the_halved_resolution(self):
        levels = list(decode_volume(AnalyticField(sphere()), 203, method="hierarchical"))
        assert [level.volume.resolution for level in levels] == [51, 102, 203]
        assert [(level.index, level.count) for level in levels] == [(0, 3), (1, 3), (2, 3)]
        assert levels[0].queries == 52**3
        for level in levels:
            assert is_closed(extract_surface(level.volume))

    def test_a_field_that_hides_its_surface_from_the_coarse_level_still_gives_a_closed_mesh(self):
        """Without a truncation band the refinement finds only part of a thin wall; where it does, the wall goes on."""
        field = AnalyticField(torus_and_plate, truncation=1e-9)
        level = last_level(field, 120, method="hierarchical", min_resolution=14)
        assert missing_corners(level.volume.points, level.volume.logits > 0).numel() == 0
        assert is_closed(extract_surface(level.volume))

    def test_missing_corners_are_those_of_cells_that_are_known_to_be_crossed(self):
        """One cell of a 3^3 grid is known but for a corner; its known corners lie on both sides."""
        points = Points(aligned_grids(2, 2, 1.0)[-1], torch.tensor([0, 1, 3, 4, 9, 10, 12]))
        inside = torch.tensor([True] + [False] * 6)
        assert missing_corners(points, inside).tolist() == [13]
        assert missing_corners(points, torch.zeros(7, dtype=torch.bool)).tolist() == []


def error_in_cells(level: Level, field: AnalyticField) -> float:
    """By how much the logits (distances) of points within a cell of the surface differ from the field's at most, in cells."""
    cell, truth = 2.02 / level.volume.resolution, field(level.volume.grid.coordinates(level.volume.indices))
    return float((level.volume.logits - truth).abs()[truth.abs() < cell].max() / cell)


class TestPrediction:
    @pytest.mark.parametrize("resolution", [128, 101])
    @pytest.mark.parametrize(("distance", "share"), [(sphere(), 0.05), (ring(0.2), 0.3), (sphere(radius=1.2), 0.4)])
    def test_a_smooth_surface_needs_hardly_a_query_on_fine_levels(self, distance, share: float, resolution: int):
        """But beside the far sides of the box, where it is cut off by them, and where it is bent."""
        field = AnalyticField(distance, truncation=1.0)
        level = last_level(field, resolution, method="hierarchical", min_resolution=12)
        every = last_level(field, resolution, method="hierarchical", min_resolution=12, tolerance=0)
        assert level.queries < share * every.queries
        assert level.volume.indices.numel() == pytest.approx(every.volume.indices.numel(), rel=0.01)
        assert error_in_cells(level, field) < 0.02
        assert is_closed(extract_surface(level.volume))

    def test_a_smaller_tolerance_comes_closer_and_asks_for_more(self):
        def wavy(points: Tensor) -> Tensor:
            return sphere()(points) + 0.02 * torch.sin(25 * points).prod(-1)

        field = AnalyticField(wavy, truncation=1.0)
        loose, tight = (
            list(decode_volume(field, 192, method="hierarchical", min_resolution=24, tolerance=t)) for t in (0.05, 0.002)
        )
        assert sum(level.queries for level in loose) < sum(level.queries for level in tight)
        assert error_in_cells(tight[-1], field) < 0.02 < error_in_cells(loose[-1], field) < 0.2

    @given(st.floats(0.53, 1.2), st.floats(0, 1), st.booleans())
    @settings(max_examples=30, deadline=None)
    def test_no_thin_wall_is_lost(self, thickness: float, centre: float, turned: bool):
        """Thicker than a cell of the last level and hardly than one of the level before, wherever it lies between its points."""
        cell = 2.02 / 24
        wall = plate(thickness * cell / 2, 0.3 + centre * cell)
        field = AnalyticField(tilted(wall) if turned else wall, truncation=0.2)
        options = {"method": "hierarchical", "min_resolution": 12}
        surface, every = (extract_surface(last_volume(field, 48, tolerance=t, **options)) for t in (TOLERANCE, 0.0))
        assert len(surface.faces) == pytest.approx(len(every.faces), rel=0.01)
        assert volume(surface) == pytest.approx(volume(every), rel=0.02)

    @pytest.mark.parametrize("distance", [plate(0.1), tilted(plate(0.05)), torus_and_plate, ring(0.03)])
    def test_edges_and_wires_stay_where_they_are(self, distance):
        field = AnalyticField(distance)
        options = {"method": "hierarchical", "min_resolution": 24}
        surface, every = (extract_surface(last_volume(field, 192, tolerance=t, **options)) for t in (TOLERANCE, 0.0))
        assert is_closed(surface)
        here, there = (cKDTree(mesh.vertices) for mesh in (surface, every))
        apart = np.concatenate([here.query(every.vertices)[0], there.query(surface.vertices)[0]]) * 192 / 2.02
        assert np.quantile(apart, 0.99) < 0.03
        assert apart.max() < 0.5

    def test_noise_is_not_predicted(self):
        def noisy(points: Tensor) -> Tensor:
            return sphere()(points) + 0.02 * torch.frac(points @ torch.tensor([917.3, 631.1, 373.7]))

        field = AnalyticField(noisy, truncation=1.0)
        levels = list(decode_volume(field, 96, method="hierarchical", min_resolution=24))
        every = list(decode_volume(field, 96, method="hierarchical", min_resolution=24, tolerance=0))
        assert levels[-1].queries > 0.9 * every[-1].queries

    def test_what_is_predicted_of_a_cubic_is_exact(self):
        """But beside the far sides, and where a neighbour is missing, for which a parabola stands in."""
        grids = aligned_grids(32, 8, 1.0)
        middle, fine = grids[1:]

        def field(points: Tensor) -> Tensor:
            x, y, z = points.unbind(-1)
            return x**3 + x * y**2 - 2 * x * y * z + z**3 - 0.3

        known, points = (Points(grid, grid.all_indices()) for grid in (middle, fine))
        values = Values(field(middle.coordinates(known.indices)), torch.zeros(known.count), torch.ones(known.count) > 0)
        found, wanted = predict(points, known, values, 0.01)
        index = torch.stack(unravel_index(fine.all_indices(), fine.size))
        inner = ((index > 2) & (index < fine.size - 4)).all(0)
        assert torch.allclose(found.logits[inner], field(fine.coordinates(fine.all_indices()))[inner], atol=1e-6)
        assert not wanted[inner].any()
        assert wanted[((index % 2 == 1).any(0)) & (index.amax(0) >= fine.size - 4)].all()


class TestEvaluation:
    def test_cancelling_stops_before_the_next_chunk(self):
        field = AnalyticField(sphere())

        def cancel(_: DecodeProgress) -> None:
            if field.calls == 3:
                raise Cancelled

        with pytest.raises(Cancelled):
            last_level(field, 64, method="dense", chunk=5000, on_progress=cancel)
        assert field.calls == 3

    @pytest.mark.parametrize("method", ["dense", "hierarchical", "flash"])
    def test_progress_counts_every_query_of_every_level(self, method):
        reports: list[DecodeProgress] = []
        field = AnalyticField(torus_and_plate)
        levels = list(decode_volume(field, 100, method=method, chunk=5000, on_progress=reports.append))
        for level in levels:
            done = [report.done for report in reports if report.index == level.index]
            assert done[0] == 0, "heard before the first chunk"
            assert done == sorted(done)
            assert done[-1] == level.queries
        assert [report.index for report in reports] == sorted(report.index for report in reports)
        assert {report.count for report in reports} == {len(levels)}
        assert all(report.done <= report.total for report in reports)
        assert sum(level.queries for level in levels) == field.queries

    @pytest.mark.parametrize("method", ["dense", "hierarchical", "flash"])
    def test_goes_on_in_smaller_chunks_when_memory_runs_out(self, method):
        class Small(AnalyticField):
            def __call__(self, points, groups=None):
                if points.shape[0] > 4500:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                return super().__call__(points, groups)

        reports: list[DecodeProgress] = []
        level = last_level(Small(sphere()), 100, method=method, chunk=60000, on_progress=reports.append)
        oracle = last_level(AnalyticField(sphere()), 100, method=method)
        assert reports[-1].chunk <= 7500
        assert reports[-1].shrunk
        assert not reports[0].shrunk, "before anything was asked for"
        assert torch.equal(level.volume.indices, oracle.volume.indices)
        torch.testing.assert_close(level.volume.logits, oracle.volume.logits)

    @pytest.mark.parametrize("method", ["dense", "flash"])
    def test_gives_up_with_advice_when_small_chunks_do_not_help(self, method):
        class Full(AnalyticField):
            def __call__(self, points, groups=None):
                raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

        with pytest.raises(MemoryLimitError, match="lower the resolution"):
            last_level(Full(sphere()), 60, method=method, chunk=8 * SMALLEST_CHUNK)

    def test_other_failures_of_the_field_are_not_taken_for_lack_of_memory(self):
        class Broken(AnalyticField):
            def __call__(self, points, groups=None):
                raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

        with pytest.raises(RuntimeError, match="mat1"):
            last_level(Broken(sphere()), 60)


class TestSelection:
    @pytest.mark.parametrize("kind", [VecsetField, partial(MergeRuleField, threshold=-1.0)], ids=["mean", "merge"])
    def test_of_all_tokens_is_full_attention(self, kind):
        decoder, decoded = point_decoder()
        exact = last_level(VecsetField(decoder, decoded), 40, method="hierarchical", min_resolution=20)
        chosen = last_level(kind(decoder, decoded, Selection(topk=TOKENS)), 40, method="flash", min_resolution=20)
        assert torch.equal(chosen.volume.indices, exact.volume.indices)
        assert torch.allclose(chosen.volume.logits, exact.volume.logits, atol=1e-4)

    @pytest.mark.parametrize("kind", [VecsetField, MergeRuleField])
    def test_attends_to_the_same_tokens_however_the_queries_are_packed(self, kind):
        decoder, decoded = point_decoder()
        field = kind(decoder, decoded, Selection())
        one, other = (last_level(field, 40, min_resolution=20, chunk=chunk) for chunk in (2000, 50000))
        assert torch.equal(one.volume.indices, other.volume.indices)
        assert torch.allclose(one.volume.logits, other.volume.logits, atol=1e-4)

    def test_changes_the_field_only_for_grouped_queries(self):
        decoder, decoded = point_decoder()
        points = torch.rand(200, 3) * 2 - 1
        exact = decoder(points[None], decoder.keys_values(decoded))[0, :, 0]
        field = VecsetField(decoder, decoded, Selection())
        assert torch.allclose(field(points), exact, atol=1e-5)
        assert not torch.allclose(field(points, Groups((200,), coarse=False)), exact, atol=1e-2)

    def test_top_tokens_have_the_highest_mean_scores_of_the_sampled_queries(self):
        torch.manual_seed(3)
        queries, keys, counts = torch.randn(137, 2, 8), torch.randn(1, 2, 20, 8), (60, 1, 76)
        got = select_tokens(queries, keys, counts, 25, 6)
        start = 0
        for group, count in enumerate(counts):
            for head in range(2):
                scores = queries[start : start + count : 25, head] @ keys[0, head].T
                assert set(got[group, head].tolist()) == set(scores.mean(0).topk(6).indices.tolist())
            start += count

    @pytest.mark.parametrize(("available", "kept"), [(3072, 1024), (512, 256), (32, 10), (2, 1), (1, 1)])
    def test_keeps_as_many_tokens_as_the_published_models(self, available: int, kept: int):
        assert Selection().tokens(available) == kept

    @pytest.mark.parametrize(("available", "selects"), [(64, False), (256, False), (512, True), (3072, True)])
    def test_is_left_out_where_all_tokens_are_as_quick(self, available: int, selects: bool):
        decoder, _ = point_decoder()
        decoded = torch.randn(1, available, 32, generator=torch.Generator().manual_seed(0))
        shape = list(decode_shape(decoder, decoded, 24))[-1]
        exact = list(decode_shape(decoder, decoded, 24, method="hierarchical"))[-1]
        assert torch.equal(shape.volume.indices, exact.volume.indices)
        assert torch.allclose(shape.volume.logits, exact.volume.logits, atol=1e-5) is not selects

    def test_more_tokens_than_there_are_means_all(self):
        assert Selection(topk=4096).tokens(512) == 512

    def test_smaller_sub_volumes_come_closer_to_full_attention(self):
        decoder, decoded = point_decoder()
        exact = last_level(VecsetField(decoder, decoded), 40, method="dense").volume.logits
        field = VecsetField(decoder, decoded, Selection(topk=TOKENS // 3))
        errors = [(last_level(field, 40, cells=(n, n)).volume.logits - exact).abs().mean().item() for n in (1, 4, 20)]
        assert errors == sorted(errors, reverse=True)
        assert errors[2] < 0.7 * errors[0]

    def test_latents_of_several_shapes_are_refused(self):
        decoder, decoded = point_decoder()
        with pytest.raises(ValueError, match=r"\[1, N, width\]"):
            VecsetField(decoder, decoded.repeat(2, 1, 1))


class TestGroups:
    @settings(deadline=None)
    @given(st.lists(st.integers(1, 5000), min_size=1, max_size=60), st.integers(1, 9000))
    def test_packs_cover_all_groups_and_stay_below_the_chunk(self, counts: list[int], chunk: int):
        first = 0
        while first < len(counts):
            last = pack_groups(counts, first, chunk)
            assert last > first
            assert last == first + 1 or sum(counts[first:last]) < chunk
            assert last == len(counts) or sum(counts[first : last + 1]) >= chunk
            first = last

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=80), st.integers(1, 12))
    def test_groups_hold_each_query_once_and_none_is_longer_than_allowed(self, numbers: list[int], longest: int):
        groups = split_groups(sort_by_group(torch.tensor(numbers)), longest)
        assert sorted(groups.order.tolist()) == list(range(len(numbers)))
        assert max(groups.counts) <= longest
        assert min(groups.counts) >= 1
        sorted_numbers = [numbers[i] for i in groups.order.tolist()]
        assert sorted_numbers == [n for n, count in zip(groups.ids, groups.counts, strict=True) for _ in range(count)]

    def test_blocks_divide_the_box_evenly(self):
        grid = aligned_grids(63, 48, 1.0)[-1]
        groups = sort_by_group(BlockGrouping(4)(grid, grid.all_indices()))
        assert groups.counts == (16**3,) * 64


class TestPublishedDecoders:
    @pytest.mark.parametrize(
        ("asked", "given"),
        [(32, 31), (64, 63), (128, 126), (192, 190), (196, 190), (256, 252), (300, 300), (380, 380), (512, 504)],
    )
    def test_flash_rounds_the_resolution(self, asked: int, given: int):
        assert published_resolutions(asked, 63, "flash")[-1] == given

    def test_product_evaluates_a_part_of_the_published_points_to_the_same_logits(self):
        field = AnalyticField(sphere())
        grid, info = decode_grid(field, "hier_fixed", octree_resolution=256, min_resolution=64)
        level = last_level(field, 256, min_resolution=64, method="hierarchical")
        assert level.queries < 0.6 * info["points_per_level"][-1]
        assert torch.allclose(grid.flatten()[level.volume.indices], level.volume.logits, atol=1e-4)
