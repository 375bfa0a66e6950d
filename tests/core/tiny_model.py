"""A complete checkpoint folder of a few kilobytes, for tests that need the whole path in a second.

The networks are those of the public models at toy sizes. The weights are random but for the point decoder, which
is set so that every latent gives a closed blob near the origin, dented a little by the latents: an empty mesh
would test nothing.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from flashvdm_core.checkpoints.save import save_pixel_aligned
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.pixel_aligned import PixelAlignedDecoder
from flashvdm_core.models.shape_vae import PointDecoder, ShapeVAE
from flashvdm_core.models.specs import ConditionerSpec, DiTSpec, PixelAlignedSpec, ShapeVAESpec, SkipDiTSpec

CONFIG: dict[str, Any] = {
    "model": {
        "target": "hy3dgen.shapegen.models.Hunyuan3DDiT",
        "params": {
            "in_channels": 4,
            "context_in_dim": 24,
            "hidden_size": 32,
            "mlp_ratio": 2.0,
            "num_heads": 2,
            "depth": 1,
            "depth_single_blocks": 1,
            "axes_dim": [16],
            "theta": 10000,
            "qkv_bias": True,
            "guidance_embed": False,
        },
    },
    "vae": {
        "target": "hy3dgen.shapegen.models.ShapeVAE",
        "params": {
            "num_latents": 12,
            "embed_dim": 4,
            "num_freqs": 8,
            "include_pi": False,
            "heads": 2,
            "width": 32,
            "num_decoder_layers": 1,
            "num_encoder_layers": 1,
            "qkv_bias": False,
            "qk_norm": True,
            "scale_factor": 0.9,
            "geo_decoder_ln_post": False,
        },
    },
    "conditioner": {
        "target": "hy3dgen.shapegen.models.SingleImageEncoder",
        "params": {
            "main_image_encoder": {
                "type": "DinoImageEncoder",
                "kwargs": {
                    "config": {
                        "hidden_size": 24,
                        "image_size": 28,
                        "mlp_ratio": 2,
                        "num_attention_heads": 2,
                        "num_hidden_layers": 1,
                        "patch_size": 14,
                    },
                    "image_size": 28,
                },
            }
        },
    },
    "scheduler": {
        "target": "hy3dgen.shapegen.schedulers.FlowMatchEulerDiscreteScheduler",
        "params": {"num_train_timesteps": 1000},
    },
    "image_processor": {
        "target": "hy3dgen.shapegen.preprocessors.ImageProcessorV2",
        "params": {"size": 32, "border_ratio": 0.15},
    },
    "pipeline": {"target": "hy3dgen.shapegen.pipelines.Hunyuan3DDiTFlowMatchingPipeline"},
    "defaults": {"steps": 3, "guidance": 3.0},
}


def tiny_config(**changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of CONFIG; each keyword is a section whose params are updated."""
    config = copy.deepcopy(CONFIG)
    for section, params in changes.items():
        config[section]["params"].update(params)
    return config


def multi_view_config() -> dict[str, Any]:
    """A copy of CONFIG for a model that takes several views."""
    config = copy.deepcopy(CONFIG)
    encoder = config["conditioner"]["params"]["main_image_encoder"]
    encoder["type"] = "DinoImageEncoderMV"
    encoder["kwargs"]["view_num"] = 4
    config["image_processor"]["target"] = "hy3dgen.shapegen.preprocessors.MVImageProcessorV2"
    return config


def tiny_state(config: dict[str, Any], *, seed: int = 0, with_encoder: bool = False) -> dict[str, torch.Tensor]:
    """Weights for `config`, under the public names of a combined file, float32."""
    generator = torch.Generator().manual_seed(seed)
    vae = ShapeVAE(ShapeVAESpec.from_config(config["vae"]["params"]), with_encoder=with_encoder)
    modules = {
        "model": DiT(DiTSpec.from_config(config["model"]["params"])),
        "vae": vae,
        "conditioner": SingleImageEncoder(ConditionerSpec.from_config(config["conditioner"]["params"])),
    }
    with torch.no_grad():
        for module in modules.values():
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
        make_blob(vae.geo_decoder)
    return {f"{part}.{name}": tensor for part, module in modules.items() for name, tensor in module.state_dict().items()}


def make_blob(decoder: PointDecoder) -> None:
    """Make the logit 4 (cos x + cos y + cos z - 2.75) plus a little of everything else, smooth over a tenth of the box."""
    cos_x = 3 + 3 * 8  # the features are x, y, z, then 8 sines for each, then 8 cosines for each
    waves = decoder.query_proj.weight[:, 3:].unflatten(1, (6, 8))
    waves[..., 3:] = 0.0
    decoder.query_proj.weight[0] = 0.0
    decoder.query_proj.weight[0, [cos_x, cos_x + 8, cos_x + 16]] = 1.0
    decoder.query_proj.bias[0] = -2.75
    decoder.output_proj.weight.mul_(0.5)
    decoder.output_proj.weight[0, 0] = 4.0
    decoder.output_proj.bias.zero_()
    for layer in (decoder.cross_attn_decoder.attn.c_proj, decoder.cross_attn_decoder.mlp.c_proj):
        layer.weight[0] = 0.0
        layer.bias[0] = 0.0


def write_tiny_model(folder: Path, config: dict[str, Any] | None = None, *, seed: int = 0, with_encoder: bool = False) -> Path:
    """Write config.yaml and model.safetensors to `folder` (made where missing); returns `folder`."""
    config = CONFIG if config is None else config
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    save_file(tiny_state(config, seed=seed, with_encoder=with_encoder), folder / "model.safetensors")
    return folder


MOE: dict[str, Any] = {
    "target": "hy3dshape.models.denoisers.hunyuandit.HunYuanDiTPlain",
    "params": {"input_size": 12, "in_channels": 4, "hidden_size": 32, "context_dim": 24, "depth": 3, "num_heads": 2}
    | {"qk_norm": True, "text_len": 5, "num_moe_layers": 1, "num_experts": 2, "moe_top_k": 1},
}
"""The denoiser of the mixture-of-experts model of 2.1."""


def write_tiny_moe_model(folder: Path, extra: dict[str, object] | None = None) -> Path:
    """The layout of 2.1, which is published as a pickle, with `extra` in it; returns `folder`, which must not exist."""
    config = tiny_config()
    state = tiny_state(config)
    nested: dict[str, object] = {
        part: {name[len(part) + 1 :]: tensor for name, tensor in state.items() if name.startswith(f"{part}.")}
        for part in ("vae", "conditioner")
    }
    nested["model"] = SkipDiT(SkipDiTSpec.from_config(MOE["params"])).state_dict()
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config | {"model": MOE}), encoding="utf-8")
    torch.save(nested | (extra or {}), folder / "model.fp16.ckpt")
    return folder


def tiny_pixel_aligned(seed: int = 0, variation: int = 0) -> PixelAlignedDecoder:
    """A pixel-aligned decoder for the tiny model, whose blob is dented by all that it reads, and ends at the outline."""
    spec = PixelAlignedSpec(
        image_size=32,
        channels=8,
        heads=2,
        blocks=1,
        position_side=2,
        depth_bins=8,
        tokens=4,
        width=32,
        decoder_heads=4,
        num_freqs=8,
        variation=variation,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        decoder = PixelAlignedDecoder(spec).eval().requires_grad_(False)
        for parameter in decoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    make_blob(decoder.point_decoder)
    decoder.encoder.maps.bias[:2] = torch.tensor([0.5, -0.5])
    return decoder


def write_tiny_pixel_aligned_model(folder: Path, *, with_encoder: bool = False) -> Path:
    """`write_tiny_model` with a pixel-aligned decoder beside it."""
    save_pixel_aligned(tiny_pixel_aligned(), write_tiny_model(folder, with_encoder=with_encoder))
    return folder


def write_disc_image(path: Path, size: int = 64) -> Path:
    """Write an orange disc on transparent ground, uint8 [size, size, 4]; returns `path`."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[x**2 + y**2 < (0.35 * size) ** 2] = (220, 120, 40, 255)
    Image.fromarray(rgba).save(path)
    return path
