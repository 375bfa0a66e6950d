"""Shapes that start from a mesh, and shapes between two others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from builder.block_outs import BLOCK_OUTS, box, boxes, distance_from
from flashvdm_core.api.events import Event, Failure, Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import EDGES_STAY, Blend, BlockOut, DecodeLatents, Request
from flashvdm_core.api.units import SHAPE_HALF_SIDE
from flashvdm_core.geometry.components import vertex_components
from flashvdm_core.geometry.edges import boundary_edges
from flashvdm_core.pipeline import stages
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.sampling.latent_blend import interpolate_latents, match_tokens

from .nearness import near
from .tiny_model import tiny_config, write_disc_image, write_tiny_model

SMALL = tiny_config(vae={"pc_size": 96, "pc_sharpedge_size": 48, "downsample_ratio": 4})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("from_mesh")
    write_tiny_model(folder / "tiny", SMALL, with_encoder=True)
    write_disc_image(folder / "disc.png")
    return folder


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


def request(folder: Path, block_out: BlockOut | None = None, **settings: Any) -> Request:
    values = {"model": str(folder / "tiny"), "resolution": 24, "device": "cpu", "preview": False, "colours": False} | settings
    return Request({"front": str(folder / "disc.png")}, values, True, block_out)


def result_of(events: Iterable[Event]) -> Result:
    *_, last = events
    assert isinstance(last, Result), last
    return last


def failure_of(events: Iterable[Event]) -> Failure:
    *_, last = events
    assert isinstance(last, Failure), last
    return last


def latents_of(result: Result) -> np.ndarray:
    assert result.latents is not None
    return result.latents


# --- block-outs ---


def test_the_strength_leads_from_the_block_out_to_pure_noise(pipeline: Pipeline, folder: Path) -> None:
    free = result_of(pipeline.generate(request(folder, seed=1)))
    made = [result_of(pipeline.generate(request(folder, BlockOut(box(1, 2, 1), s), seed=1))) for s in (0.0, 0.1, 0.6, 1.0)]
    assert near(made[-1].mesh, free.mesh)
    away = [np.abs(latents_of(result) - latents_of(made[0])).mean() for result in made]
    assert away == sorted(away)
    assert away[1] > 0
    other_seed = result_of(pipeline.generate(request(folder, BlockOut(box(1, 2, 1), 0.0), seed=2)))
    assert np.allclose(latents_of(other_seed), latents_of(made[0])), "the block-out itself has no seed"


def test_where_a_block_out_stands_and_how_large_it_is_does_not_matter(pipeline: Pipeline, folder: Path) -> None:
    one = result_of(pipeline.generate(request(folder, BlockOut(box(1, 2, 1), 0.0))))
    larger = TriangleMesh(box(1, 2, 1).vertices * 8 - 2, box(1, 2, 1).faces)
    assert np.allclose(
        latents_of(result_of(pipeline.generate(request(folder, BlockOut(larger, 0.0))))), latents_of(one), atol=1e-3
    )
    longer = result_of(pipeline.generate(request(folder, BlockOut(box(1, 4, 1), 0.0))))
    assert not np.allclose(latents_of(longer), latents_of(one), atol=1e-3)


def test_another_seed_does_not_encode_the_block_out_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []
    encode = stages.encode_mesh

    def counted(*arguments: Any) -> torch.Tensor:
        calls.append(None)
        return encode(*arguments)

    monkeypatch.setattr(stages, "encode_mesh", counted)
    own = Pipeline()
    for seed, mesh in ((1, box(1, 2, 1)), (2, box(1, 2, 1)), (2, box(2, 2, 1))):
        result_of(own.generate(request(folder, BlockOut(mesh, 0.5), seed=seed)))
    assert len(calls) == 2


def test_a_model_without_encoder_says_so_or_takes_the_one_beside_it(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    write_disc_image(tmp_path / "disc.png")
    write_tiny_model(tmp_path / "tiny", SMALL)
    asked = request(tmp_path, BlockOut(box(1, 2, 1), 0.5))
    failure = failure_of(pipeline.generate(asked))
    assert failure.kind == "CheckpointError"
    assert "'tiny' came without the encoder" in failure.message
    beside = tmp_path / "vae"
    beside.mkdir()
    (beside / "config.yaml").write_text(yaml.safe_dump({"vae": SMALL["vae"]}), encoding="utf-8")
    weights = load_file(folder / "tiny" / "model.safetensors")
    vae = {name.removeprefix("vae."): value for name, value in weights.items() if name.startswith("vae.")}
    save_file(vae, beside / "model.safetensors")
    result_of(pipeline.generate(asked))


def test_the_embedded_model_gives_a_block_out_back(folder: Path) -> None:
    """Two boxes that overlap, and the one above is not connected to the other: the outline of a bottle."""
    low, high = box(1, 1.5, 1), box(0.5, 1, 0.5)
    vertices = np.concatenate([low.vertices, high.vertices + np.array((0.25, 1.2, 0.25))]).astype(np.float32)
    bottle = TriangleMesh(vertices, np.concatenate([low.faces, high.faces + 8]))
    asked = request(folder, BlockOut(bottle, 0.0), model="embedded", resolution=32)
    mesh = result_of(Pipeline().generate(asked)).mesh
    size = np.ptp(mesh.vertices, axis=0)
    assert np.allclose(size / size[1], (1 / 2.2, 1, 1 / 2.2), atol=0.1)
    width = [np.ptp(mesh.vertices[part, 0]) for part in (mesh.vertices[:, 1] < -0.1, mesh.vertices[:, 1] > 0.6)]
    assert width[1] < 0.75 * width[0]


@pytest.fixture(scope="module")
def embedded() -> Pipeline:
    return Pipeline()


@pytest.mark.parametrize(("name", "strength", "at_most"), [
    ("chair", 0.0, 0.01), ("box", EDGES_STAY, 0.02), ("car", EDGES_STAY, 0.02), ("chair", EDGES_STAY, 0.02)
])  # fmt: skip
def test_the_edges_of_a_block_out_stay_within_two_percent_with_more_than_the_default_strength(
    name: str, strength: float, at_most: float, folder: Path, embedded: Pipeline
) -> None:
    mesh, edges = BLOCK_OUTS[name]
    asked = request(folder, BlockOut(mesh, strength), model="embedded", resolution=112)
    away = distance_from(result_of(embedded.generate(asked)).mesh, mesh, edges)
    assert away.max() < at_most


def test_more_strength_leaves_the_block_out_further(folder: Path, embedded: Pipeline) -> None:
    mesh, _ = BLOCK_OUTS["box"]
    points = np.random.default_rng(0).permutation(np.concatenate([mesh.vertices, mesh.vertices[mesh.faces].mean(1)]))
    away = [
        distance_from(
            result_of(embedded.generate(request(folder, BlockOut(mesh, s), model="embedded", resolution=24))).mesh, mesh, points
        ).mean()
        for s in (0.0, BlockOut.strength, 0.7)
    ]
    assert max(away[0], away[1]) < away[2]


def test_another_mesh_of_a_refined_result_is_held_to_its_block_out(folder: Path, embedded: Pipeline) -> None:
    mesh, edges = BLOCK_OUTS["box"]
    block_out = BlockOut(mesh, 0.0)
    first = result_of(embedded.generate(request(folder, block_out, model="embedded", resolution=32)))
    again = DecodeLatents(latents_of(first), {**first.settings, "resolution": 96}, block_out=block_out)
    assert distance_from(result_of(embedded.generate(again)).mesh, mesh, edges).max() < 0.012


def test_small_loose_parts_of_a_block_out_stay(pipeline: Pipeline, folder: Path) -> None:
    mesh, _ = boxes(((0, 0, 0), (1, 1, 1)), ((1.2, 0.5, 0.5), (1.25, 0.55, 0.55)))
    made = result_of(pipeline.generate(request(folder, BlockOut(mesh, 0.0), resolution=96))).mesh
    assert len(np.unique(vertex_components(made.faces, len(made.vertices)))) == 2


def test_open_block_outs_become_slabs(pipeline: Pipeline, folder: Path) -> None:
    sheet = TriangleMesh(np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], np.float32), np.array([(0, 1, 2), (0, 2, 3)]))
    made = result_of(pipeline.generate(request(folder, BlockOut(sheet, 0.0), resolution=96))).mesh
    assert boundary_edges(made) == 0
    x, y, z = np.ptp(made.vertices, axis=0)
    assert np.isclose((x, y), 2 * SHAPE_HALF_SIDE, atol=0.06).all()
    assert 0.01 < z < 0.05


# --- blends ---


def test_a_blend_leads_from_one_shape_to_the_other(pipeline: Pipeline, folder: Path) -> None:
    one, other = (latents_of(result_of(pipeline.generate(request(folder, seed=seed)))) for seed in (1, 2))
    settings = request(folder).settings
    made = [result_of(pipeline.generate(Blend(one, other, amount, settings))) for amount in (0.0, 0.5, 1.0)]
    first, last = (result_of(pipeline.generate(DecodeLatents(latents, settings))) for latents in (one, other))
    assert near(made[0].mesh, first.mesh)
    assert np.allclose(np.sort(made[2].mesh.vertices, 0), np.sort(last.mesh.vertices, 0), atol=1e-3), "tokens have no order"
    again = result_of(pipeline.generate(DecodeLatents(latents_of(made[1]), settings)))
    assert near(again.mesh, made[1].mesh)


def test_tokens_find_their_partners_whatever_their_order() -> None:
    rng = torch.Generator().manual_seed(0)
    latents = torch.randn(200, 16, generator=rng)
    order = torch.randperm(200, generator=rng)
    assert torch.allclose(interpolate_latents(latents, latents[order], 0.5), latents, atol=1e-6)


def test_the_partners_are_nearly_as_near_as_can_be() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = torch.Generator().manual_seed(0)
    latents, other = torch.randn(2, 256, 16, generator=rng)
    chosen = match_tokens(latents, other)
    assert sorted(chosen.tolist()) == list(range(256))
    cost = torch.cdist(latents, other).square().numpy()
    best = cost[optimize.linear_sum_assignment(cost)].sum()
    assert cost[np.arange(256), chosen.numpy()].sum() < 1.05 * best
