"""Turn finished stages into a checkpoint folder in the published layout: `config.yaml` and `model.safetensors`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file, save_file

from ..errors import TrainingError
from .flow import FlowConfig, load_vae
from .runner import write_whole


def published_config(flow: FlowConfig, vae_params: dict[str, Any], channels: int) -> dict[str, Any]:
    """The sections of a published config.yaml, plus `defaults` (steps and guidance)."""
    dino = dataclasses.asdict(flow.conditioner().dino)
    return {
        "model": {
            "target": "hy3dgen.shapegen.models.Hunyuan3DDiT",
            "params": dataclasses.asdict(flow.transformer(channels)),
        },
        "vae": {"target": "hy3dgen.shapegen.models.ShapeVAE", "params": vae_params},
        "conditioner": {
            "target": "hy3dgen.shapegen.models.SingleImageEncoder",
            "params": {
                "main_image_encoder": {
                    "type": "DinoImageEncoder",
                    "kwargs": {"config": dino, "image_size": flow.image_size},
                }
            },
        },
        "scheduler": {
            "target": "hy3dgen.shapegen.schedulers.FlowMatchEulerDiscreteScheduler",
            "params": {"num_train_timesteps": 1000},
        },
        "image_processor": {
            "target": "hy3dgen.shapegen.preprocessors.ImageProcessorV2",
            "params": {"size": flow.image_size, "border_ratio": 0.15},
        },
        "defaults": {"steps": flow.validate_steps, "guidance": flow.validate_guidance},
    }


def export(vae_folder: Path, flow_folder: Path, out: Path) -> None:
    """Write the averaged weights of both stages, in float16, as one checkpoint folder.

    Raises:
        TrainingError: a stage is missing, or its weights are not finite in float16.
    """
    vae, vae_config = load_vae(vae_folder, torch.device("cpu"))
    try:
        flow = FlowConfig(**json.loads((flow_folder / "config.json").read_text(encoding="utf-8")))
        scale_factor = json.loads((flow_folder / "scale_factor.json").read_text(encoding="utf-8"))["scale_factor"]
        weights = load_file(flow_folder / "weights.safetensors")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{flow_folder} holds no finished flow stage ({error}); run that stage first.") from error
    weights |= {f"vae.{name}": value for name, value in vae.state_dict().items()}
    half = {name: value.half().contiguous() for name, value in weights.items()}
    if bad := [name for name, value in half.items() if not value.isfinite().all()]:
        raise TrainingError(f"The weights of {bad[0]} are not finite in float16; resume from an earlier checkpoint.")
    vae_params = dataclasses.asdict(vae_config.spec()) | {"scale_factor": scale_factor}
    config = published_config(flow, vae_params, vae_config.embed_dim)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "model.safetensors", lambda p: save_file(half, p))
    text = yaml.safe_dump(config, sort_keys=False)
    write_whole(out / "config.yaml", lambda p: p.write_text(text, encoding="utf-8"))
