"""The parts of the locality measurement: activated tokens, regions, and refinement without its safeguards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scipy")

from flashvdm_core.decoding import decode_volume
from flashvdm_core.geometry.edges import boundary_edges
from flashvdm_core.lab.evaluation.holes import VARIANTS, refined
from flashvdm_core.lab.evaluation.locality import activated, overlap, points_in, regions_of
from flashvdm_core.surface import extract_surface

from .fields import AnalyticField, same_mesh, sphere, torus_and_plate


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=12), st.floats(0.05, 0.99))
def test_activated_tokens_are_the_fewest_that_hold_the_mass(values: list[float], mass: float) -> None:
    weights = torch.tensor(values, dtype=torch.float64)
    weights /= weights.sum()
    chosen = activated(weights, mass)
    assert weights[chosen].sum() >= mass - 1e-9
    kept = weights[chosen].sort().values
    assert kept[1:].sum() < mass + 1e-9
    assert chosen.all() or kept[0] >= weights[~chosen].max()


@given(st.integers(1, 20), st.integers(0, 1000))
def test_points_in_regions_lie_in_these_regions(cells: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    regions = torch.from_numpy(np.unique(rng.integers(cells**3, size=5)))
    points = points_in(regions, cells, 7, rng)
    assert points.abs().max() <= 1.01
    # A hair inwards: a point on the border may belong to either side.
    centre = points.mean(1, keepdim=True)
    for row, number in enumerate(regions):
        assert regions_of(centre[row] + 0.999 * (points[row] - centre[row]), cells).tolist() == [int(number)]


def test_overlap_is_the_share_of_the_smaller_set() -> None:
    first = torch.tensor([True, True, False, False])
    second = torch.tensor([True, True, True, False])
    assert overlap(first, second) == 1.0
    assert overlap(first, ~first) == 0.0


def test_the_whole_refinement_gives_the_hierarchical_surface() -> None:
    field = AnalyticField(sphere())
    *_, full = refined(field, 96, dilation=True, near=True)
    *_, plain = decode_volume(AnalyticField(sphere()), 96, method="hierarchical", min_resolution=24, tolerance=0)
    assert same_mesh(extract_surface(full.volume), extract_surface(plain.volume))


def test_leaving_out_the_safeguards_tears_thin_walls() -> None:
    open_edges = {}
    for name, (dilation, near) in VARIANTS.items():
        *_, level = refined(AnalyticField(torus_and_plate), 96, dilation, near)
        open_edges[name] = boundary_edges(extract_surface(level.volume))
    assert open_edges["dilation and tSDF"] == 0
    assert open_edges["without both"] > 0
