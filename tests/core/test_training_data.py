"""Signed distances, surface samples and the preparation of training data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("scipy")

from flashvdm_core.api.errors import TrainingError
from flashvdm_core.encoding.samples import SHELL_HALF_THICKNESS, Surface, sample_faces, sample_sharp_edges
from flashvdm_core.encoding.winding import Triangles
from flashvdm_core.lab.data import sdf
from flashvdm_core.lab.data.dataset import ShapeData, ViewData, decode_normals, decode_points, encode_normals, encode_points
from flashvdm_core.lab.data.meshes import PackedMeshes
from flashvdm_core.lab.data.prepare import Options, Row, main, prepare, row_views, shaped
from flashvdm_core.lab.data.sdf import is_inside, point_triangle_distance, sample_surface, signed_distance, winding_numbers
from flashvdm_core.models.shape_vae import farthest_points

from .training_shapes import box, sphere, together

SMALL = Options(views=2, size=32, variants=2, probes=2048, near=512, uniform=256, clouds=2, surface=256, sharp=64)
SMALL_ARGUMENTS = [text for name, value in SMALL.__dict__.items() for text in (f"--{name}", str(value))]


def uniform_points(count: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, 3)).astype(np.float32))


def box_distance(points: torch.Tensor, half: torch.Tensor) -> torch.Tensor:
    """Signed distance to a box around the origin, positive inside, by its closed form."""
    q = points.abs() - half
    return -(q.clamp_min(0).norm(dim=1) + q.amax(1).clamp_max(0))


def plain_winding(vertices: torch.Tensor, faces: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """van Oosterom and Strackee's formula as printed, in double precision, triangle by triangle."""
    total = torch.zeros(len(points), dtype=torch.float64)
    for a, b, c in vertices.double()[faces]:
        x, y, z = a - points.double(), b - points.double(), c - points.double()
        lx, ly, lz = x.norm(dim=1), y.norm(dim=1), z.norm(dim=1)
        det = (x * torch.linalg.cross(y, z)).sum(1)
        den = lx * ly * lz + (x * y).sum(1) * lz + (y * z).sum(1) * lx + (z * x).sum(1) * ly
        total += 2 * torch.atan2(det, den)
    return total / (4 * torch.pi)


def test_winding_numbers_match_the_formula_as_printed() -> None:
    vertices, faces = together(box(), sphere(0.4, 6), box((0.2, 0.7, 0.3), (0.3, 0.1, 0)))
    faces = faces[: len(faces) - 5]
    points = torch.cat([uniform_points(500), vertices + 1e-3])
    assert (winding_numbers(vertices, faces, points) - plain_winding(vertices, faces, points)).abs().max() < 1e-4


def test_the_fused_solid_angles_are_those_of_the_plain_path() -> None:
    vertices, faces = together(box(), sphere(0.4, 6), box((0.2, 0.7, 0.3), (0.3, 0.1, 0)))
    points = uniform_points(400)
    padded = Triangles.of(vertices, faces).padded(64)
    assert len(padded.offset) % 64 == 0
    angles = sdf._solid_angles(points, padded.corners, padded.normal, padded.offset, padded.edges)
    assert (angles / (2 * torch.pi) - winding_numbers(vertices, faces, points)).abs().max() < 1e-4


def test_the_nearest_of_the_heaps_is_the_nearest_of_all() -> None:
    samples, points = uniform_points(512, 1), uniform_points(100)
    found = sdf._nearest_of_each_heap(points, samples.view(-1, 4, 3)) * 4 + torch.arange(4)
    plain = (points[:, None] - samples).norm(dim=2)
    assert plain.gather(1, found).amin(1).equal(plain.amin(1))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_graphics_card_measures_the_distances_of_the_cpu() -> None:
    vertices, faces = box((0.5, 0.3, 0.7))
    points, rng = uniform_points(3000), np.random.default_rng(0)
    surface = sample_surface(vertices, faces, 8000, rng)
    there = Surface(*(part.cuda() for part in (surface.points, surface.normals, surface.faces, surface.thin_shell)))
    on_card = signed_distance(vertices.cuda(), faces.cuda(), there, points.cuda()).cpu()
    assert (on_card - signed_distance(vertices, faces, surface, points)).abs().max() < 2e-3


def test_inside_share_gives_the_volume_of_a_sphere() -> None:
    vertices, faces = sphere(0.8)
    share = is_inside(vertices, faces, uniform_points(40000)).float().mean().item()
    assert share * 8 == pytest.approx(4 / 3 * np.pi * 0.8**3, rel=0.03)


def test_faces_that_point_inwards_still_bound_a_solid_with_outward_normals() -> None:
    vertices, faces = sphere(0.8)
    surface = sample_surface(vertices, faces.flip(1), 2000, np.random.default_rng(0))
    assert ((surface.points * surface.normals).sum(1) > 0.7).all()
    assert signed_distance(vertices, faces.flip(1), surface, torch.zeros(1, 3)).item() == pytest.approx(0.8, abs=0.02)


def test_signed_distance_of_a_box_is_exact() -> None:
    half = torch.tensor([0.5, 0.3, 0.7])
    vertices, faces = box((0.5, 0.3, 0.7))
    surface = sample_surface(vertices, faces, 8000, np.random.default_rng(0))
    points = uniform_points(2000)
    assert (signed_distance(vertices, faces, surface, points) - box_distance(points, half)).abs().max() < 2e-3


def test_point_triangle_distance_matches_a_fine_grid_of_the_triangle() -> None:
    rng = np.random.default_rng(3)
    corners = torch.from_numpy(rng.uniform(-1, 1, (40, 3, 3)).astype(np.float32))
    points = torch.from_numpy(rng.uniform(-1.5, 1.5, (40, 3)).astype(np.float32))
    u, v = (axis.reshape(-1) for axis in torch.meshgrid(torch.linspace(0, 1, 201), torch.linspace(0, 1, 201), indexing="ij"))
    weights = torch.stack([1 - u - v, u, v], 1)[u + v <= 1 + 1e-6]
    grid = torch.einsum("wk,pkc->pwc", weights, corners)
    plain = (grid - points[:, None]).norm(dim=2).amin(1)
    exact = point_triangle_distance(points, corners)
    assert (exact <= plain + 1e-5).all()
    assert (plain - exact).max() < 0.02


def test_point_triangle_distance_of_degenerate_triangles_is_that_to_their_edge() -> None:
    corners = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0]], [[1.0, 1, 1], [1, 1, 1], [1, 1, 1]]])
    points = torch.tensor([[0.5, 3.0, 0.0], [1.0, 1.0, 3.0]])
    assert point_triangle_distance(points, corners).tolist() == pytest.approx([3.0, 2.0])


def test_hidden_faces_of_overlapping_parts_are_no_surface() -> None:
    vertices, faces = together(box((0.5, 0.5, 0.5)), box((0.2, 0.9, 0.2)))
    surface = sample_surface(vertices, faces, 6000, np.random.default_rng(0))
    assert not (surface.points.abs() < 0.49).all(1).any()
    centre = signed_distance(vertices, faces, surface, torch.zeros(1, 3)).item()
    assert centre == pytest.approx(0.5, abs=0.05)


def test_a_sheet_becomes_a_thin_slab() -> None:
    vertices = torch.tensor([[-0.5, 0.0, -0.5], [0.5, 0.0, -0.5], [0.5, 0.0, 0.5], [-0.5, 0.0, 0.5]])
    faces = torch.tensor([[0, 2, 1], [0, 3, 2]])
    surface = sample_surface(vertices, faces, 4000, np.random.default_rng(0))
    assert surface.thin_shell.all()
    assert surface.points[:, 1].abs().allclose(torch.tensor(SHELL_HALF_THICKNESS))
    assert ((surface.points[:, 1] * surface.normals[:, 1]) > 0).all()
    points = torch.tensor([[0.1, 0.0, 0.2], [0.1, 0.1, 0.2], [0.1, -0.1, 0.2]])
    expected = [SHELL_HALF_THICKNESS, SHELL_HALF_THICKNESS - 0.1, SHELL_HALF_THICKNESS - 0.1]
    assert signed_distance(vertices, faces, surface, points).tolist() == pytest.approx(expected, abs=1e-4)


def test_samples_are_uniform_by_area() -> None:
    vertices, faces = box((0.1, 0.5, 0.5))
    points, normals, chosen = sample_faces(vertices, faces, 20000, np.random.default_rng(0))
    large = normals[:, 0].abs() > 0.5
    assert large.float().mean().item() == pytest.approx(2 / 2.8, abs=0.02)
    assert points[large].mean(0).abs().max() < 0.02
    corners = vertices[faces[chosen]]
    assert point_triangle_distance(points, corners).max() < 1e-5


def test_sharp_samples_lie_on_the_edges_of_a_box_and_point_outwards() -> None:
    vertices, faces = box()
    rng = np.random.default_rng(0)
    points, normals = sample_sharp_edges(vertices, faces, sample_surface(vertices, faces, 4000, rng), 500, rng)
    assert ((points.abs() - 0.5).abs() < 1e-5).sum(1).ge(2).all()
    assert ((points * normals).sum(1) > 0.6).all()


def test_a_smooth_mesh_gives_surface_samples_instead_of_sharp_ones() -> None:
    vertices, faces = sphere(0.8, 24)
    rng = np.random.default_rng(0)
    points, normals = sample_sharp_edges(vertices, faces, sample_surface(vertices, faces, 1000, rng), 300, rng)
    assert points.shape == normals.shape == (300, 3)
    assert (points.norm(dim=1) - 0.8).abs().max() < 0.01


def test_stored_points_and_normals_come_back() -> None:
    points = uniform_points(100)
    normals = torch.nn.functional.normalize(uniform_points(100, 1), dim=1)
    assert (decode_points(encode_points(points)) - points).abs().max() < 2e-5
    assert (decode_normals(encode_normals(normals)) - normals).abs().max() < 0.01


def pack(path: Path, meshes: list[tuple[torch.Tensor, torch.Tensor]], splits: list[int]) -> Path:
    """A packed mesh file of grey meshes, scaled to the longest side 2."""
    vertices = [(v / v.abs().max() * 32767).round().to(torch.int16).numpy() for v, _ in meshes]
    faces = [f.numpy().astype(np.uint16) for _, f in meshes]
    np.savez(
        path,
        vertices=np.concatenate(vertices),
        vertex_offsets=np.cumsum([0] + [len(v) for v in vertices]),
        faces=np.concatenate(faces),
        face_offsets=np.cumsum([0] + [len(f) for f in faces]),
        face_rgb=np.full((sum(map(len, faces)), 3), 128, np.uint8),
        split=np.array(splits, np.uint8),
    )
    path.with_suffix(".json").write_text(json.dumps({"models": [{"name": f"shape {i}"} for i in range(len(meshes))]}))
    return path


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shapes = [box(), sphere(), box((0.2, 0.5, 0.4)), sphere(0.5, 8), box((0.5, 0.1, 0.1))]
    return pack(tmp_path_factory.mktemp("packed") / "shapes.npz", shapes, [0, 0, 0, 1, 2])


@pytest.fixture(scope="module")
def prepared(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare(packed, out, SMALL)
    return out


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_queries_have_the_true_distances(prepared: Path) -> None:
    data = ShapeData(prepared, "train")
    assert data.names[:3] == ["shape 0", "shape 1", "shape 2"]
    points, distances = data.queries(torch.tensor([0, 1, 0]), 128, 256, generator(0))
    assert points.shape == (3, 384, 3)
    for row in (0, 2):
        # Float16 distances, and the triangles of the samples nearby instead of all.
        assert (distances[row] - box_distance(points[row], torch.full((3,), data.scale))).abs().max() < 0.03
    # The facets of the coarse sphere lie inside it.
    assert (distances[1] - (data.scale - points[1].norm(dim=1))).abs().max() < 0.06
    assert distances[:, :128].abs().mean() < 0.1 < distances[:, 128:].abs().mean()


def test_clouds_lie_on_the_surface_and_their_queries_are_the_farthest_points(prepared: Path) -> None:
    data = ShapeData(prepared, "train")
    surface = data.surfaces(torch.tensor([0, 1]), torch.tensor([1, 0]), 40)
    assert surface.data.shape == (2, 320, 7)
    assert surface.queries.shape == (2, 40, 7)
    assert surface.data[..., 6].sum(1).tolist() == [64, 64]
    assert (surface.data[0, :, :3].abs().amax(1) - data.scale).abs().max() < 1e-3
    assert (surface.data[1, :256, :3].norm(dim=1) - data.scale).abs().max() < 0.02
    assert surface.data[..., 3:6].norm(dim=-1).allclose(torch.tensor(1.0), atol=1e-4)
    assert ((surface.data[0, 256:, :3].abs() - data.scale).abs() < 1e-3).sum(1).ge(2).all()
    # A fifth of the points are of sharp edges, and so are as many of the queries.
    assert surface.queries[..., 6].sum(1).tolist() == [8, 8]
    uniform = surface.data[:, :256, :3]
    picked = uniform.gather(1, farthest_points(uniform, 32)[..., None].expand(-1, -1, 3))
    assert surface.queries[:, :32, :3].equal(picked)


def test_a_batch_repeats_no_sample_and_depends_on_the_generator_alone(prepared: Path) -> None:
    data = ShapeData(prepared, "train")
    rows = torch.tensor([1])
    first, _ = data.queries(rows, 512, 1, generator(5))
    again, _ = data.queries(rows, 512, 1, generator(5))
    other, _ = data.queries(rows, 512, 1, generator(6))
    assert len(first[0, :512].unique(dim=0)) >= 511
    assert first.equal(again)
    assert not first.equal(other)
    with pytest.raises(ValueError, match="stored"):
        data.queries(rows, 513, 1, generator(0))


def test_images_are_those_of_the_shapes_and_views_asked_for(prepared: Path, packed: Path) -> None:
    data = ViewData(prepared, "train")
    pictures = data.images(torch.tensor([2, 0, 5]), torch.tensor([1, 0, 0]))
    assert pictures.shape == (3, 32, 32, 4)
    assert pictures.dtype == torch.uint8
    prop = PackedMeshes(packed)[2]
    assert pictures[0].numpy().tolist() == row_views(prop, Row(0, 2), SMALL)["images"][1].tolist()
    assert pictures[2].numpy().tolist() == row_views(prop, Row(1, 2), SMALL)["images"][0].tolist()
    assert data.cameras[:, 0, 0].tolist() == [0] * 6


def test_a_stretched_variant_is_another_shape_of_the_same_size(packed: Path) -> None:
    prop = PackedMeshes(packed)[0]
    plain, stretched = shaped(prop, Row(0, 0), SMALL), shaped(prop, Row(1, 0), SMALL)
    assert np.allclose(plain, prop.vertices * SMALL.scale)
    assert np.abs(stretched).max() == pytest.approx(SMALL.scale)
    sides = np.ptp(stretched, axis=0)
    assert sides.max() / sides.min() > 1.01
    assert sides.max() / sides.min() <= SMALL.stretch**2 + 1e-6


def test_splits_are_kept_apart(prepared: Path) -> None:
    assert ShapeData(prepared, "train").index.tolist() == [0, 1, 2, 0, 1, 2]
    assert ShapeData(prepared, "val").names == ["shape 3"]
    assert ShapeData(prepared, "test").index.tolist() == [4]
    assert ViewData(prepared, "test").index.tolist() == [4]


def test_a_second_run_keeps_finished_shards_and_another_option_makes_new_ones(packed: Path, tmp_path: Path) -> None:
    prepare(packed, tmp_path, SMALL)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*-*/*.npy")}
    victim = next(tmp_path.glob("*-points-val-0000"))
    for file in victim.iterdir():
        file.unlink()
    victim.rmdir()
    prepare(packed, tmp_path, SMALL)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*-*/*.npy")}
    assert after.keys() == before.keys()
    assert {path for path in before if before[path] != after[path]} == {path for path in before if path.parent == victim}
    prepare(packed, tmp_path, Options(**{**SMALL.__dict__, "seed": 1}))
    assert len(ShapeData(tmp_path, "train")) == 6
    assert len(list(tmp_path.glob("*-points-train-0000"))) == 2


def test_a_killed_run_leaves_no_shard_half_written(packed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flashvdm_core.lab.data.prepare", "--data", packed, "--out", tmp_path, "--workers", "1"]
    command += SMALL_ARGUMENTS
    process = subprocess.Popen(list(map(str, command)), start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*-*-0000")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = {path.name: len(list(path.iterdir())) for path in tmp_path.glob("*-*-0000")}
    assert finished
    assert all(count == (9 if "points" in name else 3) for name, count in finished.items())
    assert main(["--data", str(packed), "--out", str(tmp_path), "--workers", "2", *SMALL_ARGUMENTS]) == 0
    assert [len(ShapeData(tmp_path, split)) for split in ("train", "val", "test")] == [6, 1, 1]
    assert not list(tmp_path.glob(".*"))


def test_unusable_meshes_are_named_and_left_out(tmp_path: Path) -> None:
    vertices, faces = box()
    source = pack(tmp_path / "some.npz", [(vertices, faces), (vertices, faces + 4), (vertices, faces[:0])], [0, 0, 0])
    prepare(source, tmp_path / "out", SMALL)
    left_out = json.loads((tmp_path / "out" / "data.json").read_text())["left_out"]
    assert left_out == {"1 shape 1": "faces that name missing vertices", "2 shape 2": "empty"}
    assert ShapeData(tmp_path / "out", "train").names == ["shape 0", "shape 0"]


def test_a_file_without_a_usable_mesh_is_refused(tmp_path: Path) -> None:
    vertices, faces = box()
    with pytest.raises(TrainingError, match="no usable mesh"):
        prepare(pack(tmp_path / "none.npz", [(vertices, faces[:0])], [0]), tmp_path / "out", SMALL)


def test_wrong_files_are_refused_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.npz").write_text("not an archive")
    for path in ("absent.npz", "text.npz"):
        assert main(["--data", str(tmp_path / path), "--out", str(tmp_path / "out")]) == 1
        assert path in capsys.readouterr().err
    with pytest.raises(TrainingError, match="prepare"):
        ShapeData(tmp_path, "train")
    with pytest.raises(TrainingError, match="packed mesh file"):
        PackedMeshes(tmp_path / "text.npz")
