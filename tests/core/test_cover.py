"""What a picture shows in one piece is one piece, in made-up fields that broke it apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.decoding import decode_volume
from flashvdm_core.decoding.cover import Cover, find_cover, look
from flashvdm_core.decoding.field import Field
from flashvdm_core.decoding.groups import Groups
from flashvdm_core.decoding.pixel_aligned import signed_outline
from flashvdm_core.geometry.components import vertex_components
from flashvdm_core.geometry.edges import boundary_edges
from flashvdm_core.models.pixel_aligned import TO_PICTURE, at_pixels
from flashvdm_core.surface import extract_surface

TRUNCATION = 0.05
SIDE = 256

Solid = Callable[[Tensor], Tensor]
"""(u, v, w) [P, 3] -> signed distance [P], positive inside."""


def ball(u: float, v: float, w: float, radius: float) -> Solid:
    return lambda points: radius - (points - points.new_tensor([u, v, w])).norm(dim=1)


class Seen(Field):
    """Solids within an outline, with what the picture adds to them.

    Args:
        solids: what the network found.
        shown: what the picture shows, by (u, v, 0).
    """

    def __init__(self, solids: list[Solid], shown: Solid) -> None:
        self.device = torch.device("cpu")
        self.solids, self.cover = solids, None
        line = (torch.arange(SIDE) + 0.5) * 2 / SIDE - 1
        v, u = torch.meshgrid(-line / TO_PICTURE, line / TO_PICTURE, indexing="ij")
        opacity = (shown(torch.stack([u, v, torch.zeros_like(u)], -1).view(-1, 3)) > 0).float().view(1, 1, SIDE, SIDE)
        self.outline = signed_outline(opacity)
        lattice = look(self.on_grid, self.outline, torch.zeros(1, 8, 16, 16))
        self.cover: Cover | None = find_cover(lattice, TRUNCATION, self.device)

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        most = at_pixels(self.outline, points[None])[0, 0] / TRUNCATION
        found = torch.stack([solid(points) for solid in self.solids]).amax(0) / TRUNCATION
        logits = torch.minimum(found.clamp(-1, 1), most)
        if self.cover is None:
            return logits
        return self.cover.added(logits, most, points[None, :, :2], torch.arange(len(points)), points[:, 2])

    def mesh(self, resolution: int) -> TriangleMesh:
        *_, level = decode_volume(self, resolution, method="hierarchical")
        return extract_surface(level.volume)


def parts(mesh: TriangleMesh) -> int:
    return len(np.unique(vertex_components(mesh.faces, len(mesh.vertices))[mesh.faces[:, 0]]))


def box(u: tuple[float, float], v: tuple[float, float]) -> Solid:
    return lambda points: torch.stack([points[:, 0] - u[0], u[1] - points[:, 0], points[:, 1] - v[0], v[1] - points[:, 1]]).amin(
        0
    )


def either(*solids: Solid) -> Solid:
    return lambda points: torch.stack([solid(points) for solid in solids]).amax(0)


HEADS = [ball(-0.4, 0.1, 0.15, 0.25), ball(0.4, 0.1, -0.15, 0.25)]
ROUND = [ball(-0.4, 0.1, 0.0, 0.25), ball(0.4, 0.1, 0.0, 0.25)]
STEM = box((-0.4, 0.4), (0.08, 0.12))


@pytest.fixture(scope="module")
def dumbbell() -> Seen:
    """Two heads at different depths; the stem between them was not found."""
    return Seen(HEADS, either(*ROUND, STEM))


@pytest.mark.parametrize("resolution", [96, 150])
def test_a_stem_that_was_not_found_joins_what_it_joins_in_the_picture(dumbbell: Seen, resolution: int) -> None:
    mesh = dumbbell.mesh(resolution)
    assert parts(mesh) == 1
    assert not boundary_edges(mesh)
    stem = mesh.vertices[np.abs(mesh.vertices[:, 0]) < 0.1]
    assert np.ptp(stem[:, 1]) == pytest.approx(0.04, abs=0.012), "as wide as in the picture"
    assert np.abs(stem[:, 2]).max() < 0.15, "and thin, between the depths of both heads"


def test_a_stem_goes_smoothly_from_one_depth_to_the_other(dumbbell: Seen) -> None:
    line = torch.linspace(-0.12, 0.12, 120)
    w = torch.linspace(-0.3, 0.3, 601)
    points = torch.stack([*torch.meshgrid(line, w, indexing="ij")], -1).view(-1, 2)
    inside = dumbbell(torch.stack([points[:, 0], torch.full((len(points),), 0.1), points[:, 1]], 1)).view(120, 601) > 0
    middle = (inside * w).sum(1) / inside.sum(1)
    steps = middle.diff()
    assert inside.any(1).all()
    assert steps.abs().max() < 2 * 0.24 / 120, "no jumps"
    assert steps.max() < 2e-3, "always from the near head towards the far one, within two steps of w"
    assert inside.sum(1).diff().abs().max() <= 6, "nor does it swell"


def test_heads_without_anything_missing_stay_as_they_are(dumbbell: Seen) -> None:
    points = torch.rand(4000, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = Seen(ROUND, either(*ROUND))
    most = at_pixels(whole.outline, points[None])[0, 0] / TRUNCATION
    found = torch.stack([solid(points) for solid in ROUND]).amax(0) / TRUNCATION
    assert torch.equal(whole(points), torch.minimum(found.clamp(-1, 1), most))
    assert parts(whole.mesh(96)) == 2, "what lies apart in the picture stays apart"


def test_bodies_that_touch_in_the_picture_but_not_in_depth_are_bridged() -> None:
    near, far = ball(-0.2, 0.0, 0.3, 0.24), ball(0.2, 0.0, -0.3, 0.24)
    shown = either(ball(-0.2, 0.0, 0.0, 0.24), ball(0.2, 0.0, 0.0, 0.24))
    field = Seen([near, far], shown)
    assert parts(field.mesh(96)) == 1
    assert len(field.cover.bridges) if field.cover else 0


def test_crumbs_of_a_stem_give_way_to_it() -> None:
    crumbs = [ball(u, 0.1, w, 0.03) for u, w in ((-0.1, 0.4), (0.05, -0.5))]
    mesh = Seen([*HEADS, *crumbs], either(*ROUND, STEM)).mesh(96)
    assert parts(mesh) == 1
    assert np.abs(mesh.vertices[np.abs(mesh.vertices[:, 0]) < 0.1, 2]).max() < 0.2


def test_a_line_of_single_pixels_and_a_gap_of_them_stay() -> None:
    opacity = torch.zeros(1, 1, 32, 32)
    opacity[..., 4:28, 8:14] = 1
    opacity[..., 4:28, 15:20] = 1
    opacity[..., 10, 20:30] = 1
    assert torch.equal(signed_outline(opacity) > 0, opacity > 0.5)
