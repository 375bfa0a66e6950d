"""Every public model at a small size with random weights, from a folder in its layout to a mesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from flashvdm_core.api.events import Log, Result
from flashvdm_core.api.tasks import Request
from flashvdm_core.checkpoints.layout import write_vae_spec
from flashvdm_core.checkpoints.model import Model
from flashvdm_core.checkpoints.registry import KNOWN, MODELS, Speed
from flashvdm_core.checkpoints.save import save_folder, save_model
from flashvdm_core.models.build import build_denoiser
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.shape_vae import ShapeVAE
from flashvdm_core.models.specs import DiTSpec, ModelSpec, ShapeVAESpec
from flashvdm_core.pipeline.pipeline import Pipeline

from .tiny_model import make_blob, write_disc_image

HUNYUAN = sorted(name for name in MODELS if name.startswith("hunyuan3d"))


def small(spec: ModelSpec) -> ModelSpec:
    """The same kind of model, with its own VAE, which has the full decoder."""
    sizes = {"in_channels": 4, "hidden_size": 32, "num_heads": 2}
    if isinstance(spec.dit, DiTSpec):
        dit = replace(spec.dit, **sizes, context_in_dim=24, depth=1, depth_single_blocks=1, mlp_ratio=2.0)
    else:
        dit = replace(spec.dit, **sizes, context_dim=24, depth=3, num_moe_layers=1, num_experts=2, moe_top_k=1)
    dino = replace(spec.conditioner.dino, hidden_size=24, num_hidden_layers=1, num_attention_heads=2, image_size=28, mlp_ratio=2)
    vae = replace(spec.vae, num_latents=12, embed_dim=4, width=32, heads=2, num_decoder_layers=1, scale_factor=0.9)
    vae = replace(vae, geo_decoder_downsample_ratio=1, geo_decoder_mlp_expand_ratio=4, geo_decoder_ln_post=True)
    conditioner = replace(spec.conditioner, dino=dino, image_size=28)
    return replace(spec, dit=dit, vae=vae, conditioner=conditioner, processor=replace(spec.processor, size=32))


def random_vae(spec: ShapeVAESpec) -> ShapeVAE:
    vae = ShapeVAE(spec, with_encoder=False)
    with torch.no_grad():
        make_blob(vae.geo_decoder)
    return vae


def write(name: str, folder: Path) -> ModelSpec:
    """The small model, and, where the public one has such, an efficient VAE in a folder beside it whose name says nothing."""
    torch.manual_seed(0)
    spec = small(MODELS[name])
    networks = build_denoiser(spec.dit), random_vae(spec.vae), SingleImageEncoder(spec.conditioner)
    own = spec.schedule, spec.default_steps, spec.default_guidance, spec.truncation
    save_model(Model(name, *networks, spec.processor, *own, torch.device("cpu"), torch.float32), folder)
    if KNOWN[name].vae:
        efficient = replace(
            spec.vae, num_latents=20, geo_decoder_downsample_ratio=2, geo_decoder_mlp_expand_ratio=1, geo_decoder_ln_post=False
        )
        save_folder(folder.parent / "downloads (3)", write_vae_spec(efficient, 0.0), random_vae(efficient).state_dict())
    return spec


@pytest.mark.parametrize("name", HUNYUAN)
def test_it_makes_a_mesh_in_its_own_way(name: str, tmp_path: Path) -> None:
    spec = write(name, tmp_path / "model")
    image = str(write_disc_image(tmp_path / "disc.png"))
    views = ("back", "front", "left") if spec.views > 1 else ("front",)
    steps = 0 if KNOWN[name].speed is Speed.TURBO else 3
    settings = {"model": str(tmp_path / "model"), "steps": steps, "resolution": 16, "preview": False, "colours": False}
    *events, result = Pipeline().generate(Request(dict.fromkeys(views, image), settings, keep_latents=True))
    assert isinstance(result, Result), result
    assert len(result.mesh.faces) > 50
    assert result.settings.steps == (5 if KNOWN[name].speed is Speed.TURBO else 3)
    assert result.settings.guidance == 5.0
    assert result.latents is not None
    assert len(result.latents) == (20 if KNOWN[name].vae else 12)
    assert ("downloads (3) (found beside it" in result.decoder) == bool(KNOWN[name].vae)
    assert not [event.message for event in events if isinstance(event, Log) and event.warning]


def test_a_model_of_one_image_refuses_other_views(tmp_path: Path) -> None:
    write("hunyuan3d-dit-v2-0-turbo", tmp_path / "model")
    image = str(write_disc_image(tmp_path / "disc.png"))
    *_, last = Pipeline().generate(Request({"front": image, "left": image}, {"model": str(tmp_path / "model")}))
    assert "takes one image, the front" in str(last)
