"""TripoSG: its published folder is loaded, found, converted and run as any other model."""

from __future__ import annotations

import json
import lzma
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from flashvdm_core.api.errors import CheckpointError
from flashvdm_core.api.events import Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.settings import Settings
from flashvdm_core.api.tasks import Request
from flashvdm_core.checkpoints import load_checkpoint, triposg
from flashvdm_core.checkpoints.config import read_config
from flashvdm_core.checkpoints.convert import Form, convert
from flashvdm_core.checkpoints.folders import checkpoint_folder, files_state, weights_identity
from flashvdm_core.checkpoints.layout import read_model_spec
from flashvdm_core.checkpoints.load import load_encoder
from flashvdm_core.checkpoints.registry import MODELS
from flashvdm_core.cli import main
from flashvdm_core.encoding import encode_mesh
from flashvdm_core.image import PaddedProcessor
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.shape_vae import ShapeVAE
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.sampling import guided_velocity, sample

from .tiny_model import write_disc_image
from .tiny_triposg import golden, halved, write_json, write_tiny_triposg

PUBLIC = json.loads(lzma.decompress((Path(__file__).parents[1] / "parity" / "triposg_keys.json.xz").read_bytes()))
CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_triposg(tmp_path / "TripoSG")


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    return load_checkpoint(folder, CPU, dtype)


# --- the networks at full size ---


def test_at_full_size_every_published_weight_has_its_place():
    with torch.device("meta"):
        vae = triposg.vae_spec({"num_latents": 2048, **PUBLIC["vae"]["config"]})
        encoder = {"image_encoder": PUBLIC["image_encoder_dinov2"]["config"], "processor": preprocessor()}
        networks = {
            "transformer": (SkipDiT(triposg.dit_spec(PUBLIC["transformer"]["config"])), triposg.transformer_names),
            "vae": (ShapeVAE(vae, with_encoder=True), triposg.vae_names),
            "image_encoder_dinov2": (SingleImageEncoder(triposg.conditioner_spec(encoder)), triposg.image_encoder_names),
        }
    for part, (network, names) in networks.items():
        shapes = PUBLIC[part]["keys"]
        made = {
            name: [sum(shapes[piece][0] for piece in source.names), *shapes[source.names[0]][1:]]
            for name, source in names(shapes).items()
        }
        assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == made
        assert sum(parameter.numel() for parameter in network.parameters()) == PUBLIC[part]["parameters"]


def preprocessor() -> dict[str, Any]:
    return PUBLIC["files"]["feature_extractor_dinov2/preprocessor_config.json"]


def test_the_published_configs_say_what_the_model_is(folder: Path) -> None:
    for name, content in PUBLIC["files"].items():
        write_json(folder / name, content)
    spec = read_model_spec(read_config(folder))
    assert (spec.default_steps, spec.default_guidance, spec.vae.num_latents, spec.vae.scale_factor) == (50, 7.0, 2048, 1.0)
    assert (spec.conditioner.image_size, spec.processor.size, spec.processor.padded_to) == (224, 224, 256)
    assert spec == MODELS["triposg"]
    assert (spec.schedule.kind, spec.guidance_embed, spec.views, spec.frame) == ("rectified_flow", False, 1, "canonical")


# --- the folder as it is published ---


def test_what_is_loaded_makes_what_the_published_code_made(tmp_path: Path) -> None:
    config, recorded = golden("triposg_pipeline")
    model = load(write_tiny_triposg(tmp_path / "TripoSG", with_encoder=False))
    processor = PaddedProcessor(model.processor.size, model.processor.border_ratio, model.processor.padded_to)
    condition = model.image_encoder(processor(recorded["in.image"].numpy()))
    velocity = guided_velocity(model.denoiser, condition, model.default_guidance)
    *_, last = sample(velocity, recorded["in.initial_latents"], model.schedule_for(config["steps"]))
    torch.testing.assert_close(last.latents, recorded["out.latents"], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.vae.decode(last.latents), recorded["out.kv"], rtol=1e-4, atol=1e-4)


def test_a_shape_comes_of_an_image(folder: Path, tmp_path: Path) -> None:
    image = write_disc_image(tmp_path / "disc.png")
    settings = Settings(model=str(folder), steps=2, resolution=32, preview=False)
    *_, result = Pipeline().generate(Request({"front": str(image)}, settings, keep_latents=True))
    assert isinstance(result, Result), result
    assert len(result.mesh.faces) > 100
    assert result.latents is not None
    assert result.latents.shape == (2048, 8)
    assert (result.settings.steps, result.settings.guidance) == (2, 7.0)
    assert result.model == "TripoSG"


def test_the_command_line_makes_a_mesh_of_an_image(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, out = write_disc_image(tmp_path / "disc.png"), tmp_path / "out.stl"
    options = ["--model", str(folder), "--resolution", "20", "--steps", "1", "--device", "cpu"]
    assert main(["generate", str(image), "-o", str(out), *options]) == 0
    assert out.stat().st_size > 1000
    assert main(["doctor", "--model", str(folder)]) in (0, 1)  # what else is wrong here is not the model's
    assert "TripoSG has the right files (diffusion_pytorch_model.safetensors, stored in float32)" in capsys.readouterr().out


def test_times_stay_exact_in_half_precision(folder: Path) -> None:
    schedule = load(folder, torch.bfloat16).schedule_for(50)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        times = 1000 - 1000 * schedule.times(dtype)
        assert times.tolist() == [1000 - 20 * step for step in range(50)]
    assert schedule.resumed(0.5).times(torch.float16).dtype == torch.float32


def test_the_encoder_reads_a_mesh(folder: Path) -> None:
    vae = load_encoder(folder, CPU)
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    latents = encode_mesh(vae, TriangleMesh(vertices, faces), 32)
    assert latents.shape == (1, 32, 8)
    assert latents.isfinite().all()
    assert latents.std() > 0
    assert vae.spec.query_ratio == 4


# --- which files ---


@pytest.mark.parametrize("below", ["", "transformer", "model_index.json", "vae/diffusion_pytorch_model.safetensors"])
def test_the_model_is_found_from_anywhere_in_it(folder: Path, below: str) -> None:
    assert checkpoint_folder(folder / below) == folder


def test_the_model_is_found_in_a_hubs_cache_beside_a_folder_of_another_kind(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--VAST-AI--TripoSG" / "snapshots" / "0123"
    write_tiny_triposg(snapshot)
    write_json(tmp_path / "paint" / "model_index.json", {"_class_name": "StableDiffusionPipeline"})
    assert checkpoint_folder(tmp_path) == snapshot
    assert load(tmp_path).num_latents == 2048


def test_half_precision_prefers_its_own_files(folder: Path) -> None:
    for part in ("transformer", "vae", "image_encoder_dinov2"):
        halved(folder, part, 2.0)
    full, half = load(folder), load(folder, torch.float16)
    for one, other in ((full.vae.post_kl, half.vae.post_kl), (full.denoiser.x_embedder, half.denoiser.x_embedder)):
        torch.testing.assert_close(other.weight.float(), 2 * one.weight, rtol=1e-3, atol=1e-4)


def test_pickled_weights_are_read_as_weights_alone(folder: Path) -> None:
    want = load(folder).denoiser.state_dict()
    path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(path), path.with_suffix(".bin"))
    path.unlink()
    for name, tensor in load(folder).denoiser.state_dict().items():
        torch.testing.assert_close(tensor, want[name], rtol=0, atol=0)
    path.with_suffix(".bin").write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(CheckpointError, match="unsafe; download it again"):
        load(folder)


def test_other_weights_or_configs_are_another_model(folder: Path) -> None:
    identity, state = weights_identity(folder), files_state(folder)
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    save_file({name: tensor + 1 for name, tensor in weights.items()}, path)
    assert weights_identity(folder) != identity
    assert files_state(folder) != state
    save_file(weights, path)
    assert weights_identity(folder) == identity
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    write_json(folder / "scheduler" / "scheduler_config.json", config | {"shift": 2.0})
    assert weights_identity(folder) != identity


@pytest.mark.parametrize("form", [Form.FLOAT16, Form.INT8])
def test_it_is_converted_to_one_folder_and_runs_from_there(folder: Path, tmp_path: Path, form: Form) -> None:
    (folder / "README.md").write_text("license: mit")
    convert(folder, tmp_path / "small", form)
    assert (tmp_path / "small" / "README.md").is_file()
    before, after = load(folder), load(tmp_path / "small")
    assert replace(after.spec, vae=before.spec.vae) == before.spec
    assert after.spec.vae == before.spec.vae
    arguments = torch.randn(1, 9, 8), torch.tensor([0.3]), torch.randn(1, 5, 32)
    difference = before.denoiser(*arguments) - after.denoiser(*arguments)
    assert difference.abs().mean() < 0.05 * before.denoiser(*arguments).abs().mean()


# --- what is wrong with a folder ---


def changed(path: Path, **changes: Any) -> None:
    config = json.loads(path.read_text()) | changes
    write_json(path, {name: value for name, value in config.items() if value is not ...})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: changed(f / "model_index.json", _class_name="ShapEPipeline"), "'ShapEPipeline', which is not supported"),
        (lambda f: (f / "vae" / "config.json").unlink(), r"There is no file .*config\.json"),
        (lambda f: (f / "vae" / "config.json").write_text("{"), "cannot be read as JSON"),
        (lambda f: (f / "vae" / "config.json").write_text("[]"), "is not a config"),
        (lambda f: (f / "vae" / "diffusion_pytorch_model.safetensors").unlink(), "holds no model"),
        (lambda f: changed(f / "transformer" / "config.json", _class_name="OtherModel"), "'OtherModel' as its model"),
        (lambda f: changed(f / "transformer" / "config.json", rotary=True), "unknown keys for .*: rotary"),
        (lambda f: changed(f / "transformer" / "config.json", width=40), "different models"),
        (lambda f: changed(f / "transformer" / "config.json", num_layers=5), "lacks model.blocks"),
        (lambda f: changed(f / "scheduler" / "scheduler_config.json", _class_name="FlowMatchEuler"), "not RectifiedFlow"),
        (lambda f: changed(f / "scheduler" / "scheduler_config.json", use_dynamic_shifting=True), "use_dynamic_shifting"),
        (lambda f: changed(f / "feature_extractor_dinov2" / "preprocessor_config.json", size=3), "which are no sizes"),
        (lambda f: changed(f / "feature_extractor_dinov2" / "preprocessor_config.json", image_mean=[0.5] * 3), "image_mean"),
        (lambda f: changed(f / "image_encoder_dinov2" / "config.json", hidden_size=48), "do not fit together"),
    ],
)
def test_a_spoilt_folder_is_one_sentence(folder: Path, spoil: Any, sentence: str) -> None:
    spoil(folder)
    with pytest.raises(CheckpointError, match=sentence):
        load(folder)
