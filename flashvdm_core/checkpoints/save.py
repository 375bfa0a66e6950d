"""A model -> a checkpoint folder in the published layout, as `load` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from ..files import write_whole
from ..models.pixel_aligned import PixelAlignedDecoder
from .config import read_config
from .folders import CONFIG_NAME, PIXEL_ALIGNED_NAME, write_sums
from .layout import read_model_spec, write_model_spec
from .model import Model

WEIGHTS_NAME = "model.safetensors"


def save_model(model: Model, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write a whole model, its VAE with whatever it has; in `dtype`, or as it is."""
    parts = {"model": model.denoiser, "vae": model.vae, "conditioner": model.image_encoder}
    weights = {f"{part}.{name}": value for part, network in parts.items() for name, value in network.state_dict().items()}
    save_folder(folder, write_model_spec(replace(model.spec, pixel_aligned=None)), weights, dtype)
    if model.pixel_aligned is not None:
        save_pixel_aligned(model.pixel_aligned, folder)


def save_pixel_aligned(decoder: PixelAlignedDecoder, folder: Path) -> None:
    """Put a pixel-aligned decoder in float16 beside the model of a folder, whose config names it from then on.

    Raises:
        CheckpointError: the folder holds no model.
    """
    spec = replace(read_model_spec(read_config(folder)), pixel_aligned=decoder.spec)
    tensors = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in decoder.state_dict().items()}
    write_whole(folder / PIXEL_ALIGNED_NAME, lambda path: save_file(tensors, path))
    write_config(folder, write_model_spec(spec))
    write_sums(folder)


def save_folder(folder: Path, config: Mapping[str, Any], weights: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> None:
    """Write `config.yaml` and `model.safetensors`, each whole or not at all; the folder is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in weights.items()}
    write_whole(folder / WEIGHTS_NAME, lambda p: save_file(tensors, p))
    write_config(folder, config)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `config.yaml`, whole or not at all."""
    text = yaml.safe_dump(dict(config), sort_keys=False)
    write_whole(folder / CONFIG_NAME, lambda p: p.write_text(text, encoding="utf-8"))
