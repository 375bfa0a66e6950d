"""The pixel-aligned decoder: frames, look-ups, and that it learns and goes on where it was."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flashvdm_core.models.pixel_aligned import (
    HALF_DEPTH,
    HALF_SIDE,
    TO_PICTURE,
    ViewCamera,
    at_pixels,
    in_volume,
    outline_distance,
    tones,
)
from flashvdm_core.models.specs import PixelAlignedSpec

pytest.importorskip("scipy")

from scipy.ndimage import distance_transform_edt

from flashvdm_core.lab.data.render import Camera, project, render_view
from flashvdm_core.lab.training.pixel_aligned.__main__ import main
from flashvdm_core.lab.training.pixel_aligned.data import Meshes, PointBank, Source
from flashvdm_core.lab.training.pixel_aligned.export import load
from flashvdm_core.lab.training.pixel_aligned.frames import place
from flashvdm_core.lab.training.pixel_aligned.losses import (
    Weights,
    likeliest_points,
    neighbours,
    slope_loss,
    steepness_loss,
    volume_loss,
)
from flashvdm_core.lab.training.pixel_aligned.optimiser import Optimiser
from flashvdm_core.lab.training.pixel_aligned.ring import ViewRing, numbered_pack
from flashvdm_core.lab.training.pixel_aligned.sheet import SIDE, sheet
from flashvdm_core.lab.training.pixel_aligned.trainer import Settings, Trainer, batch_of, chosen_variation, total_loss
from flashvdm_core.lab.training.pixel_aligned.validate import held_out, network_input, refit, variety, worsened
from flashvdm_core.lab.training.pixel_aligned.views import ViewOptions, ViewPack
from flashvdm_core.lab.training.pixel_aligned.warp import warped

from .tiny_model import write_tiny_model
from .training_shapes import box, prepared_boxes, sphere, together

TINY = PixelAlignedSpec(
    image_size=32, channels=8, heads=2, blocks=1, position_side=2, depth_bins=8, tokens=4, width=32, decoder_heads=4
)
WIDER = replace(TINY, channels=12)  # with matrices that are large enough for Muon
VIEWS = ViewOptions(size=32)
CAMERAS = [Camera(yaw=-140, elevation=40, fov=50), Camera(yaw=30, elevation=-5, fov=0), Camera(yaw=75, elevation=20, fov=25)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = prepared_boxes(tmp_path_factory.mktemp("boxes"))
    return Source(folder, next(iter(folder.parent.rglob("*.npz"))))


def shape() -> tuple[torch.Tensor, torch.Tensor]:
    """Something that no symmetry hides mistakes of; its box is centred, as the data's are."""
    vertices, faces = together(box((0.5, 0.3, 0.2)), box((0.1, 0.2, 0.3), (0.3, 0.4, -0.2)), sphere(0.2, 8))
    return vertices - (vertices.amin(0) + vertices.amax(0)) / 2, faces


def test_view_frame_inverts() -> None:
    camera = ViewCamera(torch.tensor([0.7, -0.1, 0.3]), torch.tensor([0.4, 0.0, 0.2]))
    points = torch.rand(3, 50, 3) * 1.6 - 0.8
    torch.testing.assert_close(camera.to_upright(camera.to_view(points)), points, atol=1e-5, rtol=0)
    torch.testing.assert_close(camera.height(camera.to_view(points)), points[..., 1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("camera", CAMERAS)
def test_points_are_looked_up_where_they_are_drawn(camera: Camera) -> None:
    vertices, faces = shape()
    size = 128
    placement = place(vertices, camera)
    view = placement.camera.to_view(placement.apply(vertices)[None])[0]
    drawn, _ = project(vertices, faces, camera, size)
    expected = (drawn / size * 2 - 1) * torch.tensor([1.0, -1.0])
    pixels = (view[:, :2] * TO_PICTURE - expected).norm(dim=1) * size / 2
    # Exact for a parallel projection; else the central ray is taken for the camera's axis.
    assert pixels.mean() < (1.5 if camera.fov else 0.02)
    half = (view[:, :2].amax(0) - view[:, :2].amin(0)) / 2
    assert half.max().item() == pytest.approx(HALF_SIDE, abs=1e-4)
    upright = placement.apply(vertices)
    assert (upright[:, 2].amax() + upright[:, 2].amin()).abs() < 1e-5


@pytest.mark.parametrize("warp", [0.0, 0.4])
def test_depth_maps_hold_what_is_drawn(source: Source, warp: float) -> None:
    meshes, bank = Meshes([source], "train"), PointBank([source], "train")
    for number in range(8):
        pack = numbered_pack(meshes, number, replace(VIEWS, warp=warp))
        points, distance = bank.rows(pack.row[None])
        upright = warped(points, pack.warp[None]) @ pack.linear.T + pack.offset
        view = ViewCamera(pack.camera[None, 0], pack.camera[None, 1]).to_view(upright)
        inside = distance[0] > 0.05
        opaque = at_pixels(pack.image[..., 3].float()[None, None] / 255, view, "zeros")[0, 0]
        assert opaque[inside].mean() > 0.95
        front, back = at_pixels(pack.maps.float()[None, :2].nan_to_num(0), view)[0]
        depth = view[0, :, 2]
        known = inside & (opaque > 0.99)
        assert ((depth < front + 0.1) & (depth > back - 0.1))[known].float().mean() > 0.9


def test_outline_distance_is_exact() -> None:
    rng = torch.Generator().manual_seed(0)
    opaque = torch.rand(3, 40, 40, generator=rng) < 0.9
    opaque[0, 3:20, 5:30] = True
    expected = np.stack([distance_transform_edt(picture) for picture in opaque.numpy()])
    np.testing.assert_allclose(outline_distance(opaque).numpy(), expected, atol=1e-5)


def test_volume_bins_run_from_back_to_front() -> None:
    volume = torch.zeros(1, 8, 16, 16)
    volume[0, 6, 3, 10] = 1.0
    u, v = ((10 + 0.5) / 8 - 1) / TO_PICTURE, -((3 + 0.5) / 8 - 1) / TO_PICTURE
    w = ((6 + 0.5) / 4 - 1) * HALF_DEPTH
    assert in_volume(volume, torch.tensor([[[u, v, w], [-u, v, w], [u, v, -w]]]))[0].tolist() == pytest.approx(
        [1.0, 0.0, 0.0], abs=1e-5
    )


def test_pictures_follow_from_their_number(source: Source) -> None:
    meshes = Meshes([source], "train")
    ring = ViewRing([source], VIEWS, window=16, reuse=2, batch=4)
    try:
        drawn = ring.draw(3, torch.Generator().manual_seed(0))
    finally:
        ring.close()
    low, end = ring.range(3)
    numbers = torch.randint(low, end, (4,), generator=torch.Generator().manual_seed(0))
    for at, number in enumerate(numbers.tolist()):
        pack = numbered_pack(meshes, number, VIEWS)
        for item in fields(ViewPack):
            torch.testing.assert_close(getattr(drawn, item.name)[at], getattr(pack, item.name), equal_nan=True)


def packs(source: Source, count: int) -> ViewPack:
    meshes, ring = Meshes([source], "train"), ViewPack.empty(count, VIEWS.size)
    for number in range(count):
        ring.put(number, numbered_pack(meshes, number, VIEWS))
    return ring


def test_mirroring_keeps_points_and_picture_together(source: Source) -> None:
    bank, ring = PointBank([source], "train"), packs(source, 8)
    for seed in range(4):
        batch = batch_of(ring, bank, 32, torch.Generator().manual_seed(seed))
        opaque = at_pixels(batch.alpha, batch.view, "zeros")[:, 0]
        assert opaque[batch.distance > 0.05].mean() > 0.95


@pytest.mark.parametrize("ways", [{}, {"muon": True}, {"muon": True, "bfloat16": True}], ids=str)
def test_loss_falls(source: Source, ways: dict[str, bool]) -> None:
    trainer = Trainer(WIDER, Settings(size=32, batch=8, points=64, warmup=5, learning_rate=3e-3, **ways))
    bank, ring = PointBank([source], "train"), packs(source, 8)
    losses = [trainer.train_step(ring, bank) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])


def test_the_best_of_the_candidates_learns(source: Source) -> None:
    settings = Settings(size=32, batch=6, candidates=4)
    trainer = Trainer(replace(TINY, variation=3), settings)
    model, bank = trainer.model, PointBank([source], "train")
    torch.nn.init.normal_(model.encoder.variation.weight, generator=torch.Generator().manual_seed(0))
    batch = batch_of(packs(source, 6), bank, 32, torch.Generator().manual_seed(0))
    levels = model.encoder.describe(batch.images, batch.alpha)
    uniform = batch.view.shape[1] - bank.near

    def errors(variation: torch.Tensor) -> torch.Tensor:
        volume = model.encoder.answer(levels, torch.cat([variation, torch.zeros(3, 3)])).volume
        return volume_loss(volume, batch.view, batch.distance, uniform, settings.weights)[:3]

    chosen = chosen_variation(model, levels, batch, bank.near, settings, torch.Generator().manual_seed(5))
    assert chosen is not None
    assert not chosen[3:].any(), "the other half learns without"
    candidates = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(5))
    every = torch.stack([errors(candidate) for candidate in candidates])
    assert (every.std(0) > 1e-4).all()
    torch.testing.assert_close(errors(chosen[:3]), every.amin(0))
    trainer.model.zero_grad()
    total_loss(model, batch, bank.near, settings, torch.Generator().manual_seed(5)).backward()
    gradient = model.encoder.variation.weight.grad
    assert gradient is not None
    assert gradient.abs().max() > 0, "it learns from them"


def test_muon_turns_what_is_learned_in_all_directions_alike() -> None:
    """The steps of a matrix are orthogonal, those of a convolution too, and what is no large matrix is AdamW's."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(6, 40, 3), torch.nn.Linear(40, 64), torch.nn.Linear(64, 3))
    before = [weight.detach().clone() for weight in model.parameters()]
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight) * 10.0 ** torch.linspace(-3, 0, weight[0].numel()).view(weight[0].shape)
    Optimiser(model, weight_decay=0, muon=True).step(1e-3)
    for old, new in zip(before, model.parameters(), strict=True):
        step = (new.detach() - old).flatten(1) if old.ndim > 1 else (new.detach() - old)[None]
        size = step.square().mean().sqrt().item()
        if min(step.shape) > 32:
            spread = torch.linalg.svdvals(step)
            assert spread[-1] > spread[0] / 10, "all directions, though the gradients of some are a thousand times larger"
            assert size == pytest.approx(2e-4, rel=0.3), "of AdamW's usual length"
        else:
            assert size == pytest.approx(1e-3, rel=0.01), "AdamW's first step has the rate's length everywhere"


def test_the_variety_of_shapes_is_measured(source: Source, tmp_path: Path) -> None:
    data = held_out(source, "train", size=32, count=3)
    plain, varied = Trainer(TINY, Settings(size=32)), Trainer(replace(TINY, variation=3), Settings(size=32))
    assert variety(plain.average, data, 3) == {}
    torch.nn.init.normal_(varied.average.encoder.variation.weight, std=3.0)
    found = variety(varied.average, data, 3)
    assert found["iou_best_of_4"] >= found["iou_of_seeds"]
    assert found["two_seeds_agree"] < 1
    with torch.no_grad():
        varied.average.encoder.variation.weight.zero_()
    same = variety(varied.average, data, 3)
    assert same["iou_best_of_4"] == same["iou_of_seeds"] == same["iou_likeliest"]
    sheet(varied.average, data.images[:2], data.decoded[:2].float(), tmp_path / "seeds.png", resolution=16, seeds=2)
    assert Image.open(tmp_path / "seeds.png").size == (2 * 3 * SIDE, SIDE)


def test_worsened_pictures_differ_and_follow_from_their_number(source: Source) -> None:
    data = held_out(source, "train", size=32, count=6)
    once, again = worsened(data), worsened(data)
    assert torch.equal(once.images, again.images)
    assert once.images.shape == data.images.shape
    differs = [not torch.equal(*pair) for pair in zip(once.images, data.images, strict=True)]
    assert sum(differs) >= 3
    opaque, before = (images[..., 3].float().mean((1, 2)) for images in (once.images, data.images))
    assert (opaque / before).sub(1).abs().max() < 0.35


def test_a_model_learns_variation_from_one_without() -> None:
    plain, varied = Trainer(TINY, Settings(size=32)), Trainer(replace(TINY, variation=3), Settings(size=32))
    assert varied.load_weights(plain.average.state_dict()) == ["encoder.variation.weight"]
    images, alpha = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 1, 32, 32)
    volumes = [trainer.average.encoder(images, alpha).volume for trainer in (plain, varied)]
    torch.testing.assert_close(*volumes)
    assert not torch.allclose(varied.average.encoder(images, alpha, torch.ones(2, 3)).volume, volumes[0])


@pytest.mark.parametrize("muon", [False, True])
def test_resumes_exactly(source: Source, tmp_path: Path, muon: bool) -> None:
    bank, ring = PointBank([source], "train"), packs(source, 4)
    settings = Settings(size=32, batch=4, points=64, warmup=2, muon=muon)
    whole = Trainer(WIDER, settings)
    for _ in range(2):
        whole.train_step(ring, bank)
    whole.save(tmp_path)
    resumed = Trainer(WIDER, settings)
    resumed.load(tmp_path / "state.pt")
    assert [whole.train_step(ring, bank) for _ in range(2)] == [resumed.train_step(ring, bank) for _ in range(2)]
    for ours, theirs in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_tones_leave_out_the_light() -> None:
    colour = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.3
    opaque = torch.zeros(1, 1, 16, 16)
    opaque[..., 4:12, 3:13] = 1
    bright, dim = (tones((colour * light * opaque + 1 - opaque) * 2 - 1, opaque) for light in (1.0, 0.6))
    torch.testing.assert_close(bright, dim, atol=0.25, rtol=0)
    assert bright.std() > 0.3
    assert (bright * (1 - opaque)).abs().max() == 0


def test_recentred_pictures_fit_the_frame() -> None:
    vertices, faces = shape()
    camera = CAMERAS[2]
    rgba = render_view(vertices, faces, torch.full((len(faces), 3), 128, dtype=torch.uint8), camera, 126)
    colour, alpha = network_input(refit(rgba[None], 64), 32)
    assert colour.shape == (1, 3, 32, 32)
    sides = [(alpha[0, 0] > 0.5).any(axis).sum().item() for axis in (0, 1)]
    assert max(sides) == pytest.approx(64 * 27 / 32, abs=1)


def test_a_wider_and_deeper_model_goes_on_from_a_smaller_one(source: Source) -> None:
    small = Trainer(TINY, Settings(size=32))
    for block in small.average.encoder.blocks:
        torch.nn.init.normal_(block.attn.attention.q_norm.weight)
    large = Trainer(replace(TINY, coarse_factor=3, blocks=2), Settings(size=32))
    left = large.load_weights(small.average.state_dict())
    assert left
    assert all(name.startswith("encoder.blocks.1.") for name in left)
    assert large.average.encoder.down4[1][0].weight.shape == (96, 96, 3, 3)
    images, alpha = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 1, 32, 32)
    points = torch.rand(2, 40, 3) - 0.5
    answers = []
    for model in (small.average, large.average):
        features = model.encoder(images, alpha)
        answers.append(model(features, points, features.camera, model.keys_values(torch.zeros(2, 0, TINY.width))))
    torch.testing.assert_close(*answers, atol=1e-4, rtol=1e-3)


def test_a_wrong_depth_has_no_wrong_slope_but_a_ripple_has() -> None:
    known = torch.zeros(1, 24, 24, dtype=torch.bool)
    known[:, 4:20, 4:20] = True
    far = torch.where(known, 0.3, 9.0)[:, None]
    rippled = torch.where(known, 0.3 + 0.01 * torch.arange(24).cos(), 9.0)[:, None]
    assert slope_loss(far, known) == 0
    assert slope_loss(rippled, known) > 0.001


def test_a_ripple_of_the_field_is_steeper_than_a_shift_of_it() -> None:
    rng = torch.Generator().manual_seed(0)
    points = torch.rand(1, 400, 3, generator=rng)
    chosen = torch.arange(50)
    partners = neighbours(points, chosen, 400)
    apart = (points[0, chosen, None] - points[0]).norm(dim=2)
    expected = apart.topk(2, largest=False).indices[None, ..., 1]
    assert partners.equal(expected), "the nearest one that is not the point itself"
    pairs = torch.stack([points[:, chosen], points[0, partners[0]][None]], 2)
    distance, apart = 0.04 * (pairs[..., 2] - 0.5), (pairs[:, :, 0] - pairs[:, :, 1]).norm(dim=2)
    shifted, rippled = (distance + 0.005) / 0.05, (distance + 0.005 * (60 * pairs[..., 0]).sin()) / 0.05
    losses = [steepness_loss(logits, distance, apart, Weights(), 0.05).item() for logits in (shifted, rippled)]
    assert losses[0] == pytest.approx(0, abs=1e-6)
    assert losses[1] > 0.01


def test_likeliest_points_lie_on_the_object_where_the_volume_is_fullest() -> None:
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[:, :, 4:12, 20:28] = 1.0
    volume = torch.full((1, 8, 16, 16), -3.0)
    volume[:, 6] = 2.0
    points = likeliest_points(volume, alpha, 50, torch.Generator().manual_seed(0))
    assert (at_pixels(alpha, points) == 1).all()
    depth = (points[..., 2] / HALF_DEPTH + 1) * 4
    assert (depth.floor() == 6).all()
    assert (depth - 6).histc(4, 0, 1).min() > 5, "anywhere in the bin"
    assert (points[..., 0] > 0).all(), "on the right"
    assert (points[..., 1] > 0).all(), "and above"


def test_weights_for_no_model_are_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Trainer(TINY, Settings(size=32)).save(tmp_path)
    assert main(["export", str(tmp_path / "state.pt"), str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("error: There is no checkpoint folder")


def test_the_mean_of_a_deeper_run_and_of_what_it_started_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shallow, deep = (Trainer(replace(TINY, blocks=count), Settings(size=32)) for count in (1, 2))
    deep.load_weights(shallow.average.state_dict())
    with torch.no_grad():
        for name, value in deep.average.named_parameters():
            value.add_(0.01 if ".blocks." in name else 0.0)
    states = [tmp_path / "deep" / "state.pt", tmp_path / "shallow" / "state.pt"]
    for trainer, path in zip((deep, shallow), states, strict=True):
        path.parent.mkdir()
        trainer.save(path.parent)
    folder = write_tiny_model(tmp_path / "model")
    assert main(["export", *map(str, states), str(folder)]) == 0
    mean, first = load(folder).state_dict(), shallow.average.state_dict()
    name = "encoder.blocks.0.mlp.c_fc.weight"
    torch.testing.assert_close(mean[name], first[name] + 0.005, atol=1e-3, rtol=1e-3)
    assert mean["encoder.blocks.1.mlp.c_proj.weight"].mean() == pytest.approx(0.005, rel=1e-2), (
        "half of what it has learned to add"
    )
    other = Trainer(replace(TINY, width=24, decoder_heads=2), Settings(size=32))
    (tmp_path / "other").mkdir()
    other.save(tmp_path / "other")
    assert main(["export", str(states[0]), str(tmp_path / "other" / "state.pt"), str(folder)]) == 1
    assert "different shapes" in capsys.readouterr().err


def test_a_model_is_measured_beside_what_learns_nothing(
    source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(TINY, Settings(size=32))
    trainer.save(tmp_path)
    assert main(["export", str(tmp_path / "state.pt"), str(write_tiny_model(tmp_path / "model"))]) == 0
    printed = []
    for options in (["--placed"], ["--degraded"]):
        data = f"{source.folder}={source.props}"
        assert main(["measure", str(tmp_path / "model"), "--data", data, "--split", "train", *options]) == 0
        printed.append(capsys.readouterr().out.splitlines())
    for lines in printed:
        rows = dict(line.split(": ", 1) for line in lines)
        for name in ("as the product decodes it", "the same shape for every picture", "outline, usual camera"):
            assert rows[name].startswith("mean 0.")
        counts = {name.partition(" shapes, ")[2]: int(name.split()[0]) for name in rows if " shapes, " in name}
        assert counts["fill 3% of the box"] + counts["fill less"] == counts["all"]
    assert printed[0] != printed[1]
    placed = next(line for line in printed[0] if "suits best" in line)
    plain = next(line for line in printed[0] if line.startswith("true camera"))
    assert float(placed.rpartition(": ")[2]) >= float(plain.split()[3].rstrip(","))
