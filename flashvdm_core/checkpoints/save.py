"""A model -> a checkpoint folder in the published layout, as `load` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from ..files import write_whole
from .config import CONFIG_NAME
from .layout import write_model_spec
from .model import Model

WEIGHTS_NAME = "model.safetensors"


def save_model(model: Model, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write a whole model, its VAE with whatever it has; in `dtype`, or as it is."""
    parts = {"model": model.denoiser, "vae": model.vae, "conditioner": model.image_encoder}
    weights = {f"{part}.{name}": value for part, network in parts.items() for name, value in network.state_dict().items()}
    save_folder(folder, write_model_spec(model.spec), weights, dtype)


def save_folder(folder: Path, config: Mapping[str, Any], weights: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> None:
    """Write `config.yaml` and `model.safetensors`, each whole or not at all; the folder is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in weights.items()}
    write_whole(folder / WEIGHTS_NAME, lambda p: save_file(tensors, p))
    text = yaml.safe_dump(dict(config), sort_keys=False)
    write_whole(folder / CONFIG_NAME, lambda p: p.write_text(text, encoding="utf-8"))
