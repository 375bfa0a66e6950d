"""A field that is read between the points of a lattice is the field itself, where that is smooth."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from flashvdm_core.decoding.field import Field
from flashvdm_core.decoding.groups import Groups
from flashvdm_core.decoding.interpolated import Answered, InterpolatedField
from flashvdm_core.sparse_grid import Grid, aligned_grids


class Cubic(Field):
    """A polynomial of the third degree along each axis, which counts how often it is asked."""

    device = torch.device("cpu")

    def __init__(self, seed: int) -> None:
        self._factors = torch.randn(3, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.asked = 0

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        self.asked += len(points)
        powers = points.double()[..., None] ** torch.arange(4)
        return (powers * self._factors).sum(-1).prod(-1).float()


def grid_of(resolution: int) -> Grid:
    return aligned_grids(resolution, resolution, 1.0)[-1]


@settings(deadline=None)
@given(
    resolution=st.integers(9, 60),
    spacing=st.sampled_from([0.02, 0.05, 0.11, 0.3]),
    seed=st.integers(0, 9),
    count=st.integers(1, 300),
)
def test_cubics_are_read_as_they_are(resolution: int, spacing: float, seed: int, count: int) -> None:
    grid, exact = grid_of(resolution), Cubic(seed)
    indices = torch.randint(grid.size**3, (count,), generator=torch.Generator().manual_seed(seed)).sort().values
    found = InterpolatedField(exact, spacing).on_grid(grid)(indices)
    truth = exact(grid.coordinates(indices))
    torch.testing.assert_close(found, truth, atol=1e-4 * float(truth.abs().max()) + 1e-6, rtol=0)


def test_a_lattice_is_asked_once_for_all_finer_grids() -> None:
    coarse, fine = aligned_grids(64, 32, 1.0)
    field = Cubic(0)
    read = InterpolatedField(field, spacing=2 / 32)
    inner = torch.arange(coarse.size**3)
    torch.testing.assert_close(read.on_grid(coarse)(inner), field(coarse.coordinates(inner)))
    field.asked = 0
    at = torch.arange(20, 40)
    block = ((at[:, None, None] * fine.size + at[:, None]) * fine.size + at).flatten()
    between = read.on_grid(fine)
    torch.testing.assert_close(between(block), Cubic(0)(fine.coordinates(block)), atol=1e-4, rtol=1e-4)
    assert field.asked == 0, "all that it needs was known"


def test_few_points_are_asked_of_the_field() -> None:
    fine, field = grid_of(64), Cubic(0)
    at = torch.arange(10, 50)
    block = ((at[:, None, None] * fine.size + at[:, None]) * fine.size + at).flatten()
    InterpolatedField(field, spacing=2 / 32).on_grid(fine)(block)
    assert field.asked < len(block) / 4


def test_what_is_asked_before_changes_nothing() -> None:
    grid = grid_of(48)
    parts = torch.randperm(grid.size**3, generator=torch.Generator().manual_seed(0))[:4000].sort().values.split(500)
    forward, backward = (InterpolatedField(Cubic(3), 2 / 20).on_grid(grid) for _ in range(2))
    there = [forward(part) for part in parts]
    back = [backward(part) for part in reversed(parts)][::-1]
    torch.testing.assert_close(torch.cat(there), torch.cat(back))


class Rounding(Cubic):
    """A field whose answers depend on how many points are asked at once, as sums of floats may."""

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        return super().__call__(points) + len(points) * 1e-3


def test_which_thread_was_first_changes_nothing() -> None:
    grid = grid_of(48)
    tiles = torch.arange(24 * grid.size**2, 26 * grid.size**2).split(1000)
    results = []
    for order in (range(len(tiles)), reversed(range(len(tiles)))):
        field = InterpolatedField(Rounding(3), 2 / 20).on_grid(grid)
        answered: list[list[Answered]] = [[] for _ in tiles]
        logits = {number: field.read(tiles[number], answered[number]) for number in order}
        field.keep([answer for of_tile in answered for answer in of_tile])
        results.append(torch.cat([*(logits[number] for number in range(len(tiles))), field(torch.cat(tiles))]))
    assert torch.equal(*results)
    points = torch.cat([answer.points for of_tile in answered for answer in of_tile])
    assert len(points) > len(points.unique()), "neighbours ask for the same"


@pytest.mark.parametrize("resolution", [40, 41])
def test_no_finer_than_the_lattice_is_the_field_itself(resolution: int) -> None:
    grid, field = grid_of(resolution), Cubic(1)
    indices = torch.arange(0, grid.size**3, 7)
    exact = field.on_grid(grid)(indices)
    field.asked = 0
    assert torch.equal(InterpolatedField(field, 2 / 40 + 1e-6).on_grid(grid)(indices), exact)
    assert field.asked == len(indices)
