"""The geometry of meshes: each definition against the plainest way to say the same."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from flashvdm_core.api.colour import linear_to_srgb, srgb_to_linear
from flashvdm_core.encoding.winding import area_normals as torch_area_normals
from flashvdm_core.geometry.camera import camera_axes
from flashvdm_core.geometry.components import connected_components, label_components, vertex_components
from flashvdm_core.geometry.edges import shared_edges, triangle_edges
from flashvdm_core.geometry.normals import area_normals, face_areas, normalised
from flashvdm_core.geometry.raster import rasterise

SIDE = 12
# Corners on a coarse grid off the pixel centres, so that no centre lies on a side of a triangle.
positions = st.integers(-8, 3 * SIDE).map(lambda number: number * 0.37 + 0.01)


@st.composite
def triangles(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Corners float [T, 3, 2] in pixels and inverse depths float [T, 3], the same at all corners of a triangle."""
    count = draw(st.integers(0, 6))
    corners = draw(hnp.arrays(np.float64, (count, 3, 2), elements=positions))
    depth = np.array(draw(st.permutations(range(count))), np.float64)
    return corners, np.repeat(depth[:, None], 3, axis=1)


def barycentric_weights(corners: np.ndarray, point: tuple[float, float]) -> np.ndarray | None:
    """Of one triangle [3, 2] at a point; None where it is flat."""
    system = np.vstack([corners.T, np.ones(3)])
    return np.linalg.solve(system, (*point, 1.0)) if abs(np.linalg.det(system)) > 1e-9 else None


class TestRaster:
    @given(triangles())
    def test_each_pixel_shows_the_nearest_triangle_that_its_centre_lies_in(self, drawn: tuple[np.ndarray, np.ndarray]) -> None:
        corners, depth = drawn
        ids, found = rasterise(corners, depth, SIDE - 2, SIDE)
        for row, column in itertools.product(range(SIDE - 2), range(SIDE)):
            weights = [barycentric_weights(each, (column + 0.5, row + 0.5)) for each in corners]
            if any(w is not None and np.abs(w).min() < 1e-9 for w in weights):
                continue  # on a side: either answer is right
            inside = [number for number, w in enumerate(weights) if w is not None and (w > 0).all()]
            expected = max(inside, key=lambda number: depth[number, 0], default=-1)
            assert ids[row, column] == expected
            assert found[row, column] == (depth[expected, 0] if inside else -np.inf)

    def test_inverse_depth_is_linear_over_a_triangle(self) -> None:
        corners = np.array([[(-1.0, -2.0), (25.0, 3.0), (4.0, 30.0)]])
        ids, found = rasterise(corners, corners @ (0.25, -0.5) + 3, 16, 16)
        rows, columns = np.nonzero(ids == 0)
        assert len(rows) > 100
        np.testing.assert_allclose(found[rows, columns], (columns + 0.5) * 0.25 - (rows + 0.5) * 0.5 + 3, rtol=1e-6)

    @given(st.integers(0, 2**32 - 1), st.booleans())
    def test_triangles_that_share_sides_leave_no_gap_and_overlap_nowhere(self, seed: int, on_centres: bool) -> None:
        random = np.random.default_rng(seed)
        grid = np.stack(np.meshgrid(np.arange(5), np.arange(5), indexing="ij"), axis=-1) * 4.0
        grid[1:-1, 1:-1] += random.integers(-1, 2, (3, 3, 2)) if on_centres else random.uniform(-1, 1, (3, 3, 2))
        points = grid.reshape(-1, 2) + 0.5
        cells = (np.arange(4)[:, None] * 5 + np.arange(4)).ravel()
        faces = np.concatenate([cells[:, None] + (0, 1, 6), cells[:, None] + (0, 6, 5)])
        times = np.zeros((16, 16), int)
        for face in faces:
            times += rasterise(points[face][None], np.zeros((1, 3)), 16, 16)[0] >= 0
        assert (times == 1).all()


class TestCameraAxes:
    @given(st.floats(-360, 360), st.floats(-89, 89))
    def test_they_are_a_right_handed_frame_that_is_held_upright(self, yaw: float, elevation: float) -> None:
        right, up, backward = axes = camera_axes(yaw, elevation)
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
        np.testing.assert_allclose(np.cross(right, up), backward, atol=1e-6)
        assert right[1] == 0
        assert up[1] > 0

    @given(st.floats(-360, 360), st.floats(-89, 89))
    def test_they_are_the_front_camera_turned_up_and_then_round(self, yaw: float, elevation: float) -> None:
        (sin_yaw, sin_up), (cos_yaw, cos_up) = (f(np.radians((yaw, elevation))) for f in (np.sin, np.cos))
        raised = np.array([(1, 0, 0), (0, cos_up, -sin_up), (0, sin_up, cos_up)])
        around = np.array([(cos_yaw, 0, -sin_yaw), (0, 1, 0), (sin_yaw, 0, cos_yaw)])
        np.testing.assert_allclose(camera_axes(yaw, elevation), raised @ around, atol=1e-6)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[list[int]]]:
    """A number of nodes, and links between some of them."""
    count = draw(st.integers(1, 12))
    return count, draw(st.lists(st.lists(st.integers(0, count - 1), min_size=2, max_size=2)))


def reached(start: int, links: list[list[int]]) -> set[int]:
    """The nodes that a walk along the links comes to."""
    found, last = {start}, set[int]()
    while found != last:
        last = set(found)
        found |= {node for pair in links if found & set(pair) for node in pair}
    return found


class TestComponents:
    @given(graphs())
    def test_a_node_is_named_by_the_lowest_that_it_reaches(self, graph: tuple[int, list[list[int]]]) -> None:
        count, links = graph
        found = connected_components(np.array(links, np.int64).reshape(-1, 2), count)
        assert found.tolist() == [min(reached(node, links)) for node in range(count)]

    @given(st.lists(st.lists(st.integers(0, 11), min_size=3, max_size=3), max_size=8))
    def test_vertices_hang_together_by_faces(self, faces: list[list[int]]) -> None:
        sides = [[a, b] for face in faces for a, b in itertools.combinations(face, 2)]
        found = vertex_components(np.array(faces, np.int32).reshape(-1, 3), 12)
        assert found.tolist() == [min(reached(node, sides)) for node in range(12)]

    @given(st.lists(st.integers(0, 2), min_size=8, max_size=8), st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=2)))
    def test_faces_of_one_label_hang_together(self, labels: list[int], neighbours: list[list[int]]) -> None:
        alike = [pair for pair in neighbours if labels[pair[0]] == labels[pair[1]]]
        found = label_components(np.array(labels), np.array(neighbours, np.int64).reshape(-1, 2))
        assert found.tolist() == [min(reached(face, alike)) for face in range(8)]


vertices_and_faces = st.tuples(
    hnp.arrays(np.float32, (9, 3), elements=st.floats(-2, 2, width=32)),
    hnp.arrays(np.int32, st.tuples(st.integers(0, 6), st.just(3)), elements=st.integers(0, 8)),
)


class TestNormals:
    @given(vertices_and_faces)
    def test_they_stand_on_the_faces_and_are_as_long_as_twice_the_area(self, mesh: tuple[np.ndarray, np.ndarray]) -> None:
        vertices, faces = mesh
        a, b, c = (vertices[faces[:, corner]].astype(float) for corner in range(3))
        expected = np.cross(b - a, c - a)
        np.testing.assert_allclose(area_normals(vertices, faces), expected, atol=1e-5)
        np.testing.assert_allclose(area_normals(vertices.astype(float), faces), expected, atol=1e-12)
        np.testing.assert_allclose(face_areas(vertices, faces), np.linalg.norm(expected, axis=1) / 2, atol=1e-12)
        tensors = torch_area_normals(torch.from_numpy(vertices)[torch.from_numpy(faces).long()])
        np.testing.assert_allclose(tensors.numpy(), expected, atol=1e-5)

    @given(hnp.arrays(np.float32, (5, 3), elements=st.floats(-1e6, 1e6, width=32)))
    def test_unit_vectors_have_length_one_and_the_direction_or_the_value_for_none(self, vectors: np.ndarray) -> None:
        found, lengths = normalised(vectors, otherwise=(0, 1, 0)), np.linalg.norm(vectors.astype(float), axis=1)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
        np.testing.assert_allclose(found * lengths[:, None], vectors, rtol=1e-5, atol=1e-30)
        assert (found[lengths == 0] == (0, 1, 0)).all()


class TestSharedEdges:
    @given(st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), max_size=20))
    def test_sides_on_one_edge_are_found_together(self, sides: list[list[int]]) -> None:
        starts, ends = np.array(sides, np.int32).reshape(-1, 2).T
        edges = shared_edges(starts, ends, 7)
        expected: dict[tuple[int, ...], list[int]] = {}
        for number, side in enumerate(sides):
            expected.setdefault(tuple(sorted(side)), []).append(number)
        names = sorted(expected)
        assert edges.vertices.tolist() == [list(name) for name in names]
        assert edges.counts.tolist() == [len(expected[name]) for name in names]
        assert edges.order.tolist() == [number for name in names for number in expected[name]]
        assert edges.of_sides().tolist() == [names.index(tuple(sorted(side))) for side in sides]
        assert edges.pairs().tolist() == [list(pair) for name in names for pair in itertools.pairwise(expected[name])]
        assert edges.upwards.tolist() == [sides[number][0] < sides[number][1] for number in edges.order]

    @given(st.lists(st.permutations(range(6)).map(lambda order: order[:3]), max_size=10))
    def test_a_surface_is_open_where_its_faces_run_one_way_more_often(self, faces: list[list[int]]) -> None:
        edges = triangle_edges(np.array(faces, np.int32).reshape(-1, 3), 6)
        sides = [(face[corner], face[(corner + 1) % 3]) for face in faces for corner in range(3)]
        expected = [sides.count((a, b)) != sides.count((b, a)) for a, b in edges.vertices.tolist()]
        assert edges.unbalanced().tolist() == expected


class TestColour:
    @given(hnp.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32)))
    def test_there_and_back_is_the_same_colour(self, colour: np.ndarray) -> None:
        np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(colour)), colour, atol=1e-5)
        np.testing.assert_allclose(srgb_to_linear(linear_to_srgb(colour)), colour, atol=1e-5)
        assert linear_to_srgb(colour).dtype == np.float32

    @given(st.floats(0, 1))
    def test_it_is_the_curve_of_the_standard(self, value: float) -> None:
        expected = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        assert abs(float(srgb_to_linear(np.float64(value))) - expected) < 1e-12  # a single value as well
