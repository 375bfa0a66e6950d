"""Meshes whose halves are to match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from flashvdm_core.api.events import Log, Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.settings import Settings
from flashvdm_core.api.tasks import Request
from flashvdm_core.geometry.camera import points_on
from flashvdm_core.geometry.edges import boundary_edges
from flashvdm_core.geometry.polygons import PolygonMesh
from flashvdm_core.geometry.symmetry import MirrorPlane, finer, kept_side, mirror_plane, mirrored_half
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.pipeline.shape import Shape
from flashvdm_core.pipeline.stages import make_symmetric

from .tiny_model import write_disc_image

TURN = 33.0


def ball(shape: Callable[[np.ndarray], np.ndarray], turn: float = 0.0) -> TriangleMesh:
    """A closed mesh: points of a sphere, float64 [V, 3], moved by `shape` and turned about y."""
    rows, columns = 40, 64
    polar = np.linspace(0, np.pi, rows + 2)[1:-1, None]
    around = np.arange(columns) * (2 * np.pi / columns)
    ring = np.stack(np.broadcast_arrays(np.sin(polar) * np.cos(around), np.cos(polar), np.sin(polar) * np.sin(around)), -1)
    points = np.concatenate([ring.reshape(-1, 3), [(0, 1, 0), (0, -1, 0)]])
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    a, b = (i * columns + j).ravel(), (i * columns + (j + 1) % columns).ravel()
    quads = np.stack([a, b, b + columns, a + columns], 1)
    top, first = rows * columns, np.arange(columns)
    last = top - columns + first
    caps = [np.stack([np.full(columns, top), np.roll(first, -1), first], 1),
            np.stack([np.full(columns, top + 1), last, np.roll(last, -1)], 1)]  # fmt: skip
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]], *caps])
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    moved = shape(points) @ np.array([(c, 0, s), (0, 1, 0), (-s, 0, c)])
    return TriangleMesh(moved.astype(np.float32), faces)


def nearly_alike(points: np.ndarray) -> np.ndarray:
    """Long along z, with a snout, and an ear on either side of which one is smaller."""
    x, y, z = points.T
    out = 1 + 0.5 * np.exp(-((np.abs(x) - 0.6) ** 2 + (y - 0.7) ** 2) * 20) * np.where(x > 0, 1.0, 0.8)
    return points * np.array((0.5, 0.6, 1.0)) * out[:, None] + np.maximum(z - 0.8, 0)[:, None] * (0, 0, 1)


def lopsided(points: np.ndarray) -> np.ndarray:
    x, y, _ = points.T
    bumps = (((1, 0.3, 0.2), 0.9), ((-0.2, 0.5, 1), 0.6), ((-0.7, -0.4, -0.8), 0.8))
    out = 1 + np.sum([size * np.exp(-6 * ((points - np.array(at)) ** 2).sum(1)) for at, size in bumps], axis=0)
    return points * np.array((0.5, 0.6, 0.8)) * out[:, None] + 0.3 * (y * x)[:, None] * (0, 0, 1)


def most_moved(mesh: TriangleMesh, plane: MirrorPlane) -> float:
    """How far the mirror image of any vertex is from the nearest vertex."""
    points = mesh.vertices.astype(np.float64)
    image = plane.mirrored(points)
    return max(float(np.linalg.norm(points[None] - part[:, None], axis=2).min(1).max()) for part in np.array_split(image, 20))


def plane_of(mesh: TriangleMesh) -> MirrorPlane:
    points = points_on(PolygonMesh.of(mesh))
    return finer(points, mirror_plane(points))


def test_a_nearly_symmetric_mesh_becomes_exactly_symmetric_and_stays_closed() -> None:
    mesh = ball(nearly_alike, TURN)
    assert boundary_edges(mesh) == 0
    plane = plane_of(mesh)
    assert plane.angle == pytest.approx(TURN, abs=1.5)
    assert most_moved(mesh, plane) > 0.02
    side = kept_side(mesh, plane)
    made = mirrored_half(mesh, plane, side)
    assert most_moved(made, plane) < 1e-6
    assert boundary_edges(made) == 0
    assert 0.8 * len(mesh.faces) < len(made.faces) < 1.3 * len(mesh.faces)
    kept = side * (mesh.vertices @ plane.normal - plane.offset) > 0.01
    assert len(np.unique(np.concatenate([made.vertices, mesh.vertices[kept]]), axis=0)) == len(made.vertices), "that half stays"


def test_a_symmetric_mesh_stays_as_it_is() -> None:
    mesh = ball(lambda points: points * (0.5, 0.6, 1.0))
    made = mirrored_half(mesh, plane_of(mesh), 1)
    assert len(made.faces) == len(mesh.faces)
    assert np.allclose(np.ptp(made.vertices, axis=0), np.ptp(mesh.vertices, axis=0), atol=1e-3)


def test_the_half_that_the_front_shows_is_kept() -> None:
    mesh = ball(nearly_alike, 60.0)
    for plane in (MirrorPlane(60.0, 0.0, 1.0), MirrorPlane(-60.0, 0.0, 1.0)):
        assert kept_side(mesh, plane) * plane.normal[2] > 0


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.mark.parametrize("symmetry", ["auto", "x"])
def test_the_setting_makes_a_generated_mesh_symmetric_with_its_colours(symmetry: str, pipeline: Pipeline, tmp_path: Path) -> None:
    write_disc_image(tmp_path / "disc.png")
    settings = {"symmetry": symmetry, "resolution": 32, "preview": False, "device": "cpu"}
    *_, result = pipeline.generate(Request({"front": str(tmp_path / "disc.png")}, settings))
    assert isinstance(result, Result)
    assert boundary_edges(result.mesh) == 0
    across = result.mesh.vertices[:, 0]
    middle = float(across.max() + across.min()) / 2
    if symmetry == "x":
        assert most_moved(result.mesh, MirrorPlane(0.0, middle, 1.0)) < 1e-5
    else:
        assert most_moved(result.mesh, plane_of(result.mesh)) < 0.02, "to as much as the plane is found again"
    assert result.colouring is not None
    assert len(result.colouring.uvs) == result.mesh.faces.size


def test_a_shape_without_symmetry_is_left_alone_and_that_is_said() -> None:
    mesh, said = ball(lopsided), []

    def run() -> Iterator[object]:
        made = yield from make_symmetric(mesh, Shape(torch.zeros(1, 1, 1), None), Settings(symmetry="auto"))
        said.append(made is mesh)

    said += [event.message for event in run() if isinstance(event, Log)]
    assert set(said) == {True, "The shape is not symmetric: it stays as it is."}
