"""Signed distances to the outer surface of meshes as artists make them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from builder.block_outs import boxes
from flashvdm_core.encoding.outer_surface import OuterSurface
from flashvdm_core.encoding.samples import SHELL_HALF_THICKNESS

REACH = 0.1


def surface_of(mesh: tuple[np.ndarray, np.ndarray]) -> OuterSurface:
    return OuterSurface.of(torch.from_numpy(mesh[0]), torch.from_numpy(mesh[1]).long())


def points(count: int = 20_000) -> Tensor:
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1


def to_box(at: Tensor, low: float, high: float) -> Tensor:
    """Signed distance to a cube, by its formula."""
    out = (at - (low + high) / 2).abs() - (high - low) / 2
    return -(out.clamp_min(0).norm(dim=1) + out.amax(1).clamp_max(0))


def test_the_distance_to_a_box_is_exact_as_far_as_it_reaches() -> None:
    mesh, _ = boxes(((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5)))
    at = points()
    found = surface_of((mesh.vertices, mesh.faces)).distance(REACH)(at)
    torch.testing.assert_close(found, to_box(at, -0.5, 0.5).clamp(-REACH, REACH), atol=1e-5, rtol=0)


@pytest.mark.parametrize("turned", [False, True])
def test_faces_between_parts_that_touch_or_overlap_do_not_count(turned: bool) -> None:
    """Two halves that share a face, and a third part inside of them, make one cube, whichever way faces look."""
    mesh, _ = boxes(
        ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.0)), ((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5)), ((-0.3, -0.5, -0.3), (0.3, 0.2, 0.3))
    )
    at = points()
    found = surface_of((mesh.vertices, mesh.faces[:, ::-1].copy() if turned else mesh.faces)).distance(REACH)(at)
    expected = to_box(at, -0.5, 0.5).clamp(-REACH, REACH)
    assert (found > 0).equal(expected > 0)
    assert (found - expected).abs().mean() < 1e-3
    assert (found - expected).abs().max() < 0.03, "beside a seam, by what is left of a face there"


def test_a_sheet_is_a_slab() -> None:
    sheet = np.array([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)], np.float32)
    at = points()
    found = surface_of((sheet, np.array([(0, 1, 2), (0, 2, 3)]))).distance(REACH)(at)
    above = at[:, :2].abs().amax(1) < 0.5
    expected = (SHELL_HALF_THICKNESS - at[above, 2].abs()).clamp_min(-REACH)
    torch.testing.assert_close(found[above], expected, atol=1e-5, rtol=0)
