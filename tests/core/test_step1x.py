"""Step1X-3D's geometry model: its published folder is loaded, found, converted and run as any other model."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from flashvdm_core.api.errors import CheckpointError
from flashvdm_core.api.events import Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.settings import Settings
from flashvdm_core.api.tasks import Request
from flashvdm_core.checkpoints import load_checkpoint, step1x
from flashvdm_core.checkpoints.config import read_config
from flashvdm_core.checkpoints.convert import Form, convert
from flashvdm_core.checkpoints.folders import checkpoint_folder
from flashvdm_core.checkpoints.layout import read_model_spec
from flashvdm_core.checkpoints.load import load_encoder
from flashvdm_core.checkpoints.registry import KNOWN, MODELS
from flashvdm_core.cli import main
from flashvdm_core.encoding import encode_mesh
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.shape_vae import ShapeVAE
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.sampling import guided_velocity, sample

from .tiny_model import write_disc_image
from .tiny_step1x import know_tiny_encoder, write_tiny_step1x
from .tiny_triposg import golden, write_json

PUBLIC = json.loads(lzma.decompress((Path(__file__).parents[1] / "parity" / "step1x_keys.json.xz").read_bytes()))
"""Names and shapes of the weights of the published sizes, as its code makes them."""
CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    know_tiny_encoder(monkeypatch)
    return write_tiny_step1x(tmp_path / "Step1X-3D-Geometry-1300m")


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    return load_checkpoint(folder, CPU, dtype)


def test_at_full_size_every_published_weight_has_its_place():
    spec = MODELS["step1x-3d-geometry"]
    with torch.device("meta"):
        networks = {
            "transformer": (DiT(spec.dit), step1x.denoiser_names, 1_316_287_808),  # pyright: ignore[reportArgumentType]
            "vae": (ShapeVAE(spec.vae, with_encoder=True), step1x.vae_names, 191_591_553),
            "visual_encoder": (SingleImageEncoder(spec.conditioner), step1x.image_encoder_names, 304_372_736),
        }
    for part, (network, names, parameters) in networks.items():
        shapes = PUBLIC[part]
        made = {
            name: [sum(shapes[piece][0] for piece in source.names), *shapes[source.names[0]][1:]]
            for name, source in names(shapes).items()
        }
        assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == made
        assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_the_published_sizes_are_those_of_the_list(folder: Path) -> None:
    changed(folder / "transformer" / "config.json", input_channels=64, width=1280, layers=12, num_single_layers=24, num_heads=20)
    changed(folder / "transformer" / "config.json", condition_dim=1024, visual_condition_dim=1024)
    changed(folder / "vae" / "config.json", n_samples=32768, num_latents=2048, embed_dim=64, width=768, heads=12)
    changed(folder / "vae" / "config.json", num_encoder_layers=8, num_decoder_layers=16, z_scale_factor=1.0)
    encoder = {"dino_type": "facebook/dinov2-with-registers-large", "image_size": 518}
    changed(folder / "visual_encoder" / "config.json", **encoder)
    assert read_model_spec(read_config(folder)) == MODELS["step1x-3d-geometry"]


def test_what_is_loaded_makes_what_the_published_pipeline_made(folder: Path) -> None:
    _, recorded = golden("step1x")
    model = load(folder)
    assert (model.default_steps, model.default_guidance, model.num_latents) == (50, 7.5, 12)
    velocity = guided_velocity(model.denoiser, recorded["out.tokens_own"], model.default_guidance)
    *_, last = sample(velocity, recorded["in.noise"], model.schedule_for(5))
    torch.testing.assert_close(last.latents, recorded["out.sampled"], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(model.vae.decode(recorded["in.z"]), recorded["out.decoded"], rtol=1e-4, atol=1e-4)


def test_a_shape_comes_of_an_image(folder: Path, tmp_path: Path) -> None:
    image = write_disc_image(tmp_path / "disc.png")
    settings = Settings(model=str(folder), steps=3, resolution=24, preview=False)
    *_, result = Pipeline().generate(Request({"front": str(image)}, settings, keep_latents=True))
    assert isinstance(result, Result), result
    assert len(result.mesh.faces) > 50
    assert result.latents is not None
    assert result.latents.shape == (12, 8)
    assert (result.settings.steps, result.settings.guidance, result.model) == (3, 7.5, "Step1X-3D-Geometry-1300m")


def test_the_command_line_makes_a_mesh_of_an_image(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, out = write_disc_image(tmp_path / "disc.png"), tmp_path / "out.stl"
    options = ["--model", str(folder), "--resolution", "20", "--steps", "1", "--device", "cpu"]
    assert main(["generate", str(image), "-o", str(out), *options]) == 0
    assert out.stat().st_size > 1000
    assert main(["doctor", "--model", str(folder)]) in (0, 1)  # what else is wrong here is not the model's
    assert "Step1X-3D-Geometry-1300m has the right files" in capsys.readouterr().out


def test_the_first_step_leaves_the_noise_alone_as_it_is_published(folder: Path) -> None:
    schedule = load(folder).schedule_for(50)
    assert schedule.evaluations == 49
    assert schedule.sigmas[0] == pytest.approx(0.999 / 49)
    assert schedule.sigmas[-2:] == (pytest.approx(0.999), 1.0)
    assert load(folder).schedule_for(1).sigmas == (0.0, 1.0)  # the only one counts
    assert schedule.times(torch.bfloat16).dtype == torch.float32


def test_the_encoder_reads_a_mesh_and_its_sharp_edges(folder: Path) -> None:
    vae = load_encoder(folder, CPU)
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    latents = encode_mesh(vae, TriangleMesh(vertices, faces), 12)
    assert latents.shape == (1, 12, 8)
    assert latents.isfinite().all()
    assert latents.std() > 0


@pytest.mark.parametrize("below", ["", "transformer", "vae/diffusion_pytorch_model.safetensors"])
def test_the_model_is_found_from_anywhere_in_it_and_in_its_repository(folder: Path, below: str) -> None:
    assert checkpoint_folder(folder / below) == folder
    assert checkpoint_folder(folder.parent) == folder


@pytest.mark.parametrize("form", [Form.FLOAT32, Form.FLOAT16])
def test_it_is_converted_to_one_folder_and_runs_from_there(folder: Path, tmp_path: Path, form: Form) -> None:
    convert(folder, tmp_path / "made" / "small", form)
    before, after = load(folder), load(tmp_path / "made" / "small")
    assert replace(after.spec, steps=None) == replace(before.spec, steps=None)
    assert after.spec.default_steps == before.spec.default_steps
    arguments = torch.randn(1, 9, 8), torch.tensor([0.3]), torch.randn(1, 5, 16)
    wanted = before.denoiser(*arguments)
    assert (wanted - after.denoiser(*arguments)).abs().mean() < 0.02 * wanted.abs().mean()


def test_the_list_has_it():
    known = KNOWN["step1x-3d-geometry"]
    assert known.url.endswith("/Step1X-3D-Geometry-1300m")
    assert known.place_of(known.files[0]) == "Step1X-3D-Geometry-1300m/model_index.json"
    assert known.licence.name == "Apache License 2.0"
    assert not known.licence.excluded


def changed(path: Path, **changes: Any) -> None:
    config = json.loads(path.read_text()) | changes
    write_json(path, {name: value for name, value in config.items() if value is not ...})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: changed(f / "transformer" / "config.json", use_label_condition=True), "reads labels beside the image"),
        (lambda f: changed(f / "transformer" / "config.json", use_caption_condition=True), "reads captions beside the image"),
        (lambda f: changed(f / "transformer" / "config.json", use_visual_condition=False), "use_visual_condition"),
        (lambda f: changed(f / "transformer" / "config.json", visual_condition_dim=8), "projects what it reads"),
        (lambda f: changed(f / "transformer" / "config.json", rotary=True), "unknown keys for .*: rotary"),
        (lambda f: changed(f / "transformer" / "config.json", width=24), "different models"),
        (lambda f: changed(f / "vae" / "config.json", use_downsample=False), "use_downsample"),
        (lambda f: changed(f / "visual_encoder" / "config.json", encode_camera=True), "encode_camera"),
        (lambda f: changed(f / "visual_encoder" / "config.json", dino_type="openai/clip"), "'openai/clip' is not supported"),
        (
            lambda f: changed(f / "scheduler" / "scheduler_config.json", _class_name="RectifiedFlowScheduler"),
            "not FlowMatchEuler",
        ),
        (lambda f: changed(f / "scheduler" / "scheduler_config.json", use_karras_sigmas=True), "use_karras_sigmas"),
        (lambda f: (f / "visual_encoder" / "diffusion_pytorch_model.safetensors").unlink(), "holds no model"),
    ],
)
def test_a_spoilt_folder_is_one_sentence(folder: Path, spoil: Any, sentence: str) -> None:
    spoil(folder)
    with pytest.raises(CheckpointError, match=sentence):
        load(folder)
