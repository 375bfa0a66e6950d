"""Metrics between shapes, held to closed forms and to plain computations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

pytest.importorskip("scipy")

from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.lab.data.render import Camera, silhouette
from flashvdm_core.lab.data.sdf import sample_surface, signed_distance, winding_numbers
from flashvdm_core.lab.evaluation.metrics import (
    cloud_scores,
    iou,
    near_surface_points,
    silhouette_iou,
    surface_scores,
    topology,
    volume_points,
)
from flashvdm_core.lab.evaluation.occupancy import closed_occupancy, solid_occupancy

from .training_shapes import box, sphere, together

radii = st.floats(0.2, 0.6)
halves = st.tuples(*[st.floats(0.05, 0.6)] * 3)
centres = st.tuples(*[st.floats(-0.4, 0.4)] * 3)


def mesh_of(parts: tuple[Tensor, Tensor]) -> TriangleMesh:
    return TriangleMesh(parts[0].numpy(), parts[1].numpy().astype(np.int32))


def moved(parts: tuple[Tensor, Tensor], offset: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    return parts[0] + torch.tensor(offset), parts[1]


def lens_iou(a: float, b: float, distance: float) -> float:
    """IoU of two balls of radii a and b at a distance, by the volume of their lens."""
    first, second = (4 / 3 * np.pi * radius**3 for radius in (a, b))
    if distance >= a + b:
        return 0.0
    if distance <= abs(a - b):
        both = min(first, second)
    else:
        both = np.pi * (a + b - distance) ** 2 * (distance**2 + 2 * distance * (a + b) - 3 * (a - b) ** 2) / (12 * distance)
    return both / (first + second - both)


@given(radii, radii, st.floats(0.0, 0.9))
def test_iou_of_two_balls_is_that_of_their_lens(a: float, b: float, distance: float) -> None:
    points = volume_points(60_000, np.random.default_rng(0))
    first = (points + torch.tensor([distance / 2, 0.0, 0.0])).norm(dim=1) < a
    second = (points - torch.tensor([distance / 2, 0.0, 0.0])).norm(dim=1) < b
    assert iou(first, second) == pytest.approx(lens_iou(a, b, distance), abs=0.05)


def test_iou_of_meshes_of_two_balls_is_that_of_their_lens() -> None:
    points = volume_points(400_000, np.random.default_rng(0))
    first = closed_occupancy(mesh_of(sphere(0.7, 48)), points)
    second = closed_occupancy(mesh_of(moved(sphere(0.5, 48), (0.3, 0.0, 0.0))), points)
    assert iou(first, second) == pytest.approx(lens_iou(0.7, 0.5, 0.3), abs=0.01)


def test_iou_of_nothing_and_nothing_is_one() -> None:
    nothing = torch.zeros(5, dtype=torch.bool)
    assert iou(nothing, nothing) == 1.0
    assert iou(nothing, ~nothing) == 0.0


def test_volume_points_fill_the_whole_cube_alike() -> None:
    points = volume_points(50_000, np.random.default_rng(0))
    assert points.abs().max() <= 1.05
    assert points.mean(0).abs().max() < 0.01
    assert ((points + 1.05) / 2.1 * 4).long().unique(dim=0).shape[0] == 64


def test_near_points_spread_along_the_normal_with_the_two_widths() -> None:
    vertices, faces = sphere(0.6, 48)
    surface = sample_surface(vertices, faces, 4000, np.random.default_rng(0))
    distance = near_surface_points(surface, 40_000, np.random.default_rng(1)).norm(dim=1) - 0.6
    assert distance.abs().max() < 0.26
    # Half of the points are within 0.005 / 0.05 with the chance of one standard deviation, the others of a tenth and more.
    expected = (0.6827 + 0.0797) / 2
    assert (distance.abs() < 0.005).float().mean().item() == pytest.approx(expected, abs=0.05)
    assert (distance.abs() < 0.05).float().mean().item() == pytest.approx((1 + 0.6827) / 2, abs=0.02)


@given(st.lists(st.tuples(halves, centres), min_size=1, max_size=3), st.integers(0, 100))
def test_ray_crossings_agree_with_winding_numbers(boxes: list, seed: int) -> None:
    parts = together(*(box(half, centre) for half, centre in boxes))
    points = volume_points(400, np.random.default_rng(seed))
    winding = winding_numbers(*parts, points)
    clear = (winding - winding.round()).abs() < 0.01
    assert torch.equal(closed_occupancy(mesh_of(parts), points)[clear], (winding > 0.5)[clear])


def test_ray_crossings_agree_with_winding_numbers_on_a_fine_mesh_with_a_cavity() -> None:
    vertices, faces = sphere(0.4, 20)
    parts = together(sphere(0.8, 40), (vertices, faces.flip(1)))
    points = volume_points(5000, np.random.default_rng(0))
    assert torch.equal(closed_occupancy(mesh_of(parts), points), winding_numbers(*parts, points) > 0.5)


def test_rays_through_edges_and_corners_are_counted_once() -> None:
    parts = box()
    # Straight above the diagonals of the faces, their middle, and points in the planes of the sides.
    grid = torch.linspace(-0.75, 0.75, 7)
    points = torch.cartesian_prod(grid, grid, torch.tensor([-0.7, -0.3, 0.0, 0.3, 0.7]))
    on_side = ((points[:, :2].abs() - 0.5).abs() < 1e-6).any(1)
    inside = (points.abs() < 0.5).all(1)
    found = closed_occupancy(mesh_of(parts), points)
    assert torch.equal(found[~on_side], inside[~on_side])
    assert not found[on_side & (points.abs() > 0.6).any(1)].any()


def test_occupancy_of_no_points_and_of_points_beside_the_mesh() -> None:
    mesh = mesh_of(box())
    assert closed_occupancy(mesh, torch.zeros(0, 3)).shape == (0,)
    assert not closed_occupancy(mesh, torch.tensor([[0.9, 0.0, 0.0], [0.0, 0.0, -0.9], [0.0, 0.0, 0.9]])).any()


def test_the_solid_is_where_the_signed_distance_is_positive() -> None:
    sheet = (
        torch.tensor([[-0.9, 0.7, -0.5], [0.9, 0.7, -0.5], [0.9, 0.7, 0.5], [-0.9, 0.7, 0.5]]),
        torch.tensor([[0, 2, 1], [0, 3, 2]]),
    )
    ball = sphere(0.5, 16)
    vertices, faces = together((ball[0], ball[1][7:]), box((0.3, 0.2, 0.6), (0.3, -0.2, 0.1)), sheet)
    surface = sample_surface(vertices, faces, 8000, np.random.default_rng(0))
    assert surface.thin_shell.any()
    points = torch.cat(
        [volume_points(4000, np.random.default_rng(1)), near_surface_points(surface, 4000, np.random.default_rng(2))]
    )
    plain = signed_distance(vertices, faces, surface, points) > 0
    assert plain.any()
    assert torch.equal(solid_occupancy(vertices, faces, surface, points), plain)


def test_scores_of_clouds_by_hand() -> None:
    first = np.array([[0, 0, 0], [1, 0, 0], [3, 0, 0], [3, 0.2, 0]], np.float32)
    second = np.array([[0, 0.04, 0], [1, 0, 0]], np.float32)
    scores = cloud_scores(first, second, threshold=0.05)
    assert (scores.precision, scores.recall) == (0.5, 1.0)
    assert scores.f_score == pytest.approx(2 / 3)
    assert scores.chamfer == pytest.approx(((0.04 + 0 + 2 + 4.04**0.5) / 4 + 0.02) / 2)


def test_scores_of_concentric_balls_are_their_distance() -> None:
    truth = sample_surface(*sphere(0.6, 48), 20_000, np.random.default_rng(0)).points
    near, far = (surface_scores(mesh_of(sphere(radius, 48)), truth) for radius in (0.63, 0.7))
    assert near.chamfer == pytest.approx(0.03, abs=0.003)
    assert near.f_score == 1.0
    assert far.chamfer == pytest.approx(0.1, abs=0.003)
    assert far.f_score == 0.0


def test_a_closed_surface_has_no_open_edge() -> None:
    shape = topology(mesh_of(sphere()))
    assert (shape.parts, shape.boundary_edges, shape.closed, shape.slab) == (1, 0, True, False)


def test_a_missing_and_a_turned_face_leave_three_open_edges_each() -> None:
    vertices, faces = sphere()
    assert topology(mesh_of((vertices, faces[1:]))).boundary_edges == 3
    turned = faces.clone()
    turned[5] = turned[5].flip(0)
    shape = topology(mesh_of((vertices, turned)))
    assert (shape.boundary_edges, shape.closed) == (3, False)


def test_two_closed_parts_are_not_one_closed_surface() -> None:
    shape = topology(mesh_of(together(box((0.2, 0.2, 0.2), (0.5, 0, 0)), box((0.2, 0.2, 0.2), (-0.5, 0, 0)))))
    assert (shape.parts, shape.boundary_edges, shape.closed) == (2, 0, False)


def test_a_plate_on_the_side_of_the_box_is_a_slab_and_a_tip_that_touches_it_is_none() -> None:
    plate = topology(mesh_of(box((0.6, 0.01, 0.6), (0, 1.0, 0))))
    assert plate.slab_share == pytest.approx(1.2**2 / 2.02**2, rel=1e-3)
    assert plate.slab
    tip = topology(mesh_of(box((0.05, 0.51, 0.05), (0, 0.5, 0))))
    assert 0 < tip.slab_share < 0.01
    assert not tip.slab


def test_silhouettes_of_one_shape_agree_and_of_two_do_not() -> None:
    camera = Camera(yaw=30.0)
    vertices, faces = sphere()
    mask = silhouette(vertices, faces, camera, 96).numpy()
    assert silhouette_iou(mesh_of((vertices, faces)), camera, mask) == 1.0
    # Both are recentred, so a smaller ball is the same picture; a bar is not.
    assert silhouette_iou(mesh_of((vertices * 0.5, faces)), camera, mask) > 0.99
    assert silhouette_iou(mesh_of(box((0.8, 0.1, 0.1))), camera, mask) < 0.5
