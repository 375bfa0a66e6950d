"""The surface of a volume, against scikit-image's Lewiner; and the clean-up of meshes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import marching_cubes
from torch import Tensor

from flashvdm_core.api.errors import EmptySurfaceError
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.geometry.cleanup import clean_up
from flashvdm_core.geometry.components import vertex_components
from flashvdm_core.geometry.edges import allowed_faces
from flashvdm_core.sparse_grid import Points, SparseVolume, aligned_grids
from flashvdm_core.surface import extract_surface

from .fields import euler_number, is_closed, plate, ring, sphere, tilted, torus_and_plate, volume

BOUNDS = 1.0


def sampled(distance: Callable[[Tensor], Tensor], resolution: int = 40) -> SparseVolume:
    grid = aligned_grids(resolution, resolution, BOUNDS)[-1]
    return SparseVolume(Points(grid, grid.all_indices()), distance(grid.coordinates(grid.all_indices())))


def from_grid(grid: np.ndarray) -> SparseVolume:
    """Logits [n, n, n] over the box."""
    regular = aligned_grids(grid.shape[0] - 1, grid.shape[0] - 1, BOUNDS)[-1]
    return SparseVolume(Points(regular, regular.all_indices()), torch.from_numpy(grid.astype(np.float32).reshape(-1)))


def lewiner(shape: SparseVolume, level: float = 0.0) -> TriangleMesh:
    """scikit-image's surface, closed at the box by a layer of outside around it, in the frame of the grid."""
    size = shape.grid.size
    grid = np.pad(shape.logits.reshape(size, size, size).numpy(), 1, constant_values=-1e6)
    vertices, faces, _, _ = marching_cubes(grid, level)
    cell = 2 * BOUNDS / (size - 1)
    return TriangleMesh(((vertices - 1) * cell - BOUNDS).clip(-BOUNDS, BOUNDS), faces[:, ::-1])


def component_count(mesh: TriangleMesh) -> int:
    return len(np.unique(vertex_components(mesh.faces, len(mesh.vertices))))


def two_balls(points: Tensor) -> Tensor:
    return torch.maximum(sphere((-0.45, 0, 0), 0.3)(points), sphere((0.45, 0.1, 0.0), 0.25)(points))


SHAPES = [sphere(), ring(0.2), tilted(plate(0.15)), torus_and_plate, two_balls]


class TestExtraction:
    @pytest.mark.parametrize("distance", SHAPES)
    @pytest.mark.parametrize("level", [0.0, 0.03])
    def test_has_the_vertices_of_lewiner(self, distance: Callable[[Tensor], Tensor], level: float):
        shape = sampled(distance)
        mesh, oracle = extract_surface(shape, level), lewiner(shape, level)
        cell = 2 * BOUNDS / 40
        ours, theirs = mesh.vertices.astype(np.float64), oracle.vertices.astype(np.float64)
        for some, others in ((ours, theirs), (theirs, ours)):
            nearest = torch.cdist(torch.from_numpy(some), torch.from_numpy(others)).min(1).values
            assert nearest.max() < 1e-4 * cell
        # The triangles between the vertices of a cell may be others.
        assert volume(mesh) == pytest.approx(volume(oracle), rel=0.01)

    @pytest.mark.parametrize("distance", SHAPES)
    def test_has_the_topology_of_lewiner(self, distance: Callable[[Tensor], Tensor]):
        shape = sampled(distance)
        mesh, oracle = extract_surface(shape), lewiner(shape)
        assert euler_number(mesh) == euler_number(oracle)
        assert component_count(mesh) == component_count(oracle)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.booleans())
    def test_any_volume_gives_a_mesh_without_holes(self, seed: int, size: int, coarse: bool):
        """Also where cells are ambiguous, logits lie on the surface, or the shape fills the box."""
        rng = np.random.default_rng(seed)
        grid = rng.integers(-2, 3, (size,) * 3) if coarse else rng.normal(size=(size,) * 3)
        grid[0, 0, 0] = 1
        mesh = extract_surface(from_grid(grid))
        assert np.isfinite(mesh.vertices).all()
        assert np.abs(mesh.vertices).max() <= BOUNDS + 1e-6
        edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]).astype(np.int64)
        there, back = edges @ [len(mesh.vertices), 1], edges @ [1, len(mesh.vertices)]
        assert np.array_equal(np.sort(there), np.sort(back))
        assert volume(mesh) >= 0

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_no_two_vertices_coincide(self, seed: int):
        grid = np.random.default_rng(seed).integers(-2, 3, (6, 6, 6))
        grid[1:-1, 1:-1, 1:-1][0, 0, 0] = 1
        vertices = extract_surface(from_grid(grid)).vertices
        inner = vertices[np.abs(vertices).max(1) < BOUNDS]
        assert len(np.unique(inner, axis=0)) == len(inner)

    def test_a_shape_that_fills_the_box_is_the_box(self):
        mesh = extract_surface(from_grid(np.ones((5, 5, 5))))
        assert is_closed(mesh)
        assert volume(mesh) == pytest.approx((2 * BOUNDS) ** 3)

    def test_a_shape_that_leaves_the_box_is_closed_there(self):
        mesh = extract_surface(sampled(sphere((0.9, 0.0, 0.0), 0.5)))
        assert is_closed(mesh)
        assert mesh.vertices[:, 0].max() == BOUNDS
        assert euler_number(mesh) == 2

    def test_faces_look_outwards_and_the_scale_is_right(self):
        mesh = extract_surface(sampled(sphere((0.1, -0.05, 0.2), 0.6), 64))
        middle = mesh.vertices - np.array([0.1, -0.05, 0.2])
        assert np.linalg.norm(middle, axis=1) == pytest.approx(0.6, abs=2e-3)
        assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=3e-3)
        normals = np.cross(*(mesh.vertices[mesh.faces[:, i]] - mesh.vertices[mesh.faces[:, 0]] for i in (1, 2)))
        assert ((normals * middle[mesh.faces[:, 0]]).sum(1) > 0).all()

    @pytest.mark.parametrize("outside", [-1.0, -torch.inf])
    def test_a_volume_without_a_shape_is_an_error(self, outside: float):
        with pytest.raises(EmptySurfaceError, match="empty"):
            extract_surface(from_grid(np.full((5, 5, 5), outside)))

    def test_points_around_the_surface_are_enough(self):
        shape = sampled(torus_and_plate)
        near = shape.logits.abs() < 0.2
        sparse = SparseVolume(Points(shape.grid, shape.indices[near]), shape.logits[near])
        mesh, oracle = extract_surface(sparse), extract_surface(shape)
        assert np.array_equal(mesh.faces, oracle.faces)
        assert np.array_equal(mesh.vertices, oracle.vertices)


def joined(*meshes: TriangleMesh) -> TriangleMesh:
    counts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + count for mesh, count in zip(meshes, counts[:-1], strict=True)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def ball(radius: float, x: float = 0.0, resolution: int = 24) -> TriangleMesh:
    mesh = extract_surface(sampled(sphere((0, 0, 0), 0.6), resolution))
    return TriangleMesh(mesh.vertices * np.float32(radius / 0.6) + np.float32([x, 0, 0]), mesh.faces)


class TestCleanUp:
    def test_dust_goes_and_parts_stay(self):
        dirty = joined(ball(0.6), ball(0.2, 2.0), ball(0.01, 3.0))
        mesh = clean_up(dirty)
        assert component_count(mesh) == 2
        assert len(mesh.faces) == 2 * len(dirty.faces) // 3

    @pytest.mark.parametrize("kept", [1, 2, 3, 9])
    def test_the_largest_parts_are_kept(self, kept: int):
        mesh = clean_up(joined(ball(0.2), ball(0.6, 2.0), ball(0.4, 4.0)), largest_parts=kept)
        assert component_count(mesh) == min(kept, 3)
        assert np.isclose(mesh.vertices[:, 0], 2.6, atol=0.05).any(), "the largest of them"

    def test_what_floats_goes_and_what_lies_close_stays(self):
        wheel, floater, pair = ball(0.1, 0.702), ball(0.1, 1.2), ball(0.09, 0.895)
        mesh = clean_up(joined(ball(0.6), wheel, floater, pair), remove_floaters=True)
        assert component_count(mesh) == 3
        assert mesh.vertices[:, 0].max() == pytest.approx(0.985, abs=0.01), "the wheel and what lies close to the wheel"
        assert component_count(clean_up(joined(ball(0.6), floater))) == 2
        assert component_count(clean_up(joined(ball(0.6), ball(0.5, 3.0)), remove_floaters=True)) == 2, "a pair of shoes"

    @pytest.mark.parametrize("budget", [2000, 500, 100])
    def test_the_face_budget_is_reached_and_the_shape_kept(self, budget: int):
        full = ball(0.6, resolution=48)
        mesh = clean_up(full, face_budget=budget)
        assert 0.8 * budget < len(mesh.faces) <= budget
        assert is_closed(mesh)
        assert volume(mesh) == pytest.approx(volume(full), rel=0.08)

    def test_a_mesh_within_its_budget_is_left_alone(self):
        full = ball(0.6)
        mesh = clean_up(full, face_budget=len(full.faces))
        assert np.array_equal(mesh.faces, full.faces)
        assert np.array_equal(mesh.vertices, full.vertices)

    def test_degenerate_faces_and_unused_vertices_go_and_the_mesh_stays_closed(self):
        """Two neighbours of a closed ball are moved onto each other, and a vertex lies about."""
        full = ball(0.6)
        vertices = np.concatenate([full.vertices, np.float32([[5, 5, 5]])])
        a, b = full.faces[0, :2]
        vertices[a] = vertices[b]
        mesh = clean_up(TriangleMesh(vertices, full.faces))
        assert len(mesh.vertices) == len(full.vertices) - 1
        assert len(mesh.faces) == len(full.faces) - 2
        assert is_closed(mesh)

    @pytest.mark.parametrize("faces", [[], [[0, 1, 1]], [[0, 1, 2]]])
    def test_nothing_left_is_an_error(self, faces: list):
        line = np.float32([[0, 0, 0], [1, 0, 0], [2, 0, 0]])
        with pytest.raises(EmptySurfaceError, match="no faces"):
            clean_up(TriangleMesh(line, np.array(faces, np.int32).reshape(-1, 3)))


@pytest.mark.parametrize("budget", [60, 120, 200])
def test_what_is_simplified_has_no_face_that_a_host_leaves_out_and_stays_closed(budget: int) -> None:
    """Small parts fold flat when they are simplified: two faces on the same vertices, of which a host would leave one out."""
    for seed in range(4):
        places = np.random.default_rng(seed).uniform(-1, 1, (12, 2))
        whole = joined(*(ball(0.08 + 0.1 * abs(y), 2 * x, resolution=12) for x, y in places))
        simple = clean_up(whole, face_budget=budget)
        assert len(allowed_faces(simple)) == len(simple.faces)
        assert is_closed(simple)
