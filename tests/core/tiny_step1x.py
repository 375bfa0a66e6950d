"""A Step1X-3D of a few kilobytes in its published layout, from the golden data, which has what its code made of these weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file

from flashvdm_core.checkpoints import step1x
from flashvdm_core.models.specs import DinoSpec

from .tiny_triposg import golden, write_json

INDEX = {
    "_class_name": "Step1X3DGeometryPipeline",
    "_diffusers_version": "0.32.2",
    "caption_encoder": [None, None],
    "label_encoder": [None, None],
    "transformer": ["step1x3d_geometry.models.transformers.flux_transformer_1d", "FluxDenoiser"],
}


def know_tiny_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its configs name their image encoder, whose sizes are in no file."""
    config, _ = golden("step1x")
    monkeypatch.setitem(step1x.ENCODERS, config["visual_encoder"]["dino_type"], DinoSpec.from_config(config["dino"]))


def write_tiny_step1x(folder: Path) -> Path:
    """Write the layout of the model's folder to `folder` (made where missing); returns `folder`."""
    config, tensors = golden("step1x")
    write_json(folder / "model_index.json", INDEX)
    scheduler = {"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.32.2", **config["scheduler"]}
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    for part in ("transformer", "vae", "visual_encoder"):
        write_json(folder / part / "config.json", config[part])
        prefix = f"sd.{part}."
        state = {name.removeprefix(prefix): tensor.float() for name, tensor in tensors.items() if name.startswith(prefix)}
        save_file(state, folder / part / "diffusion_pytorch_model.safetensors")
    return folder
