"""A checkpoint folder -> a model that is ready to generate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ..api.errors import CheckpointError
from ..models.pixel_aligned import PixelAlignedDecoder
from ..models.shape_vae import ShapeVAE
from ..models.specs import ModelSpec
from .model import Model, PromptEncoder
from .parts import (
    CheckpointParts,
    VAEParts,
    encoder_folder,
    has_encoder,
    not_used,
    open_parts,
    open_pixel_aligned,
    open_vae,
)

__all__ = [
    "Loaded",
    "decoder_folder",
    "has_encoder",
    "load_checkpoint",
    "load_encoder",
    "load_parts",
    "load_pixel_aligned",
    "load_vae",
    "model_spec",
]


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model, and what there is to tell of it.

    Attributes:
        model: ready to generate.
        vae: what decodes for it.
        problems: what is wrong with VAEs that would have been used instead, a sentence each.
    """

    model: Model
    vae: VAEParts
    problems: tuple[str, ...]


def load_checkpoint(
    name_or_folder: str | Path,
    device: torch.device | str,
    dtype: torch.dtype,
    *,
    vae_folder: Path | None = None,
    in_main_memory: bool = False,
) -> Model:
    """Load the built-in model or a folder in the published layout; `open_parts` says which VAE decodes for it.

    That VAE's `num_latents` sets the number of tokens.

    Args:
        name_or_folder: "embedded", or a folder with config.yaml and model*.safetensors (or, for a model that is
            published in no other form, model*.ckpt).
        dtype: floating-point type of all weights.
        in_main_memory: leave the weights there; the caller brings them to `device` when they are needed.

    Raises:
        CheckpointError: anything missing, damaged, unsafe or of another architecture; the sentence names it.
    """
    parts = open_parts(name_or_folder, half=dtype != torch.float32, vae_folder=vae_folder)
    return load_parts(parts, device, dtype, in_main_memory=in_main_memory).model


def load_parts(parts: CheckpointParts, device: torch.device | str, dtype: torch.dtype, *, in_main_memory: bool = False) -> Loaded:
    """Read the weights of what `open_parts` found; arguments and errors as of `load_checkpoint`."""
    device = torch.device(device)
    place = torch.device("cpu") if in_main_memory else device
    used, vae, problems = _load_first(parts.vaes, place, dtype)
    spec = parts.spec
    model = Model(
        name=parts.name,
        denoiser=parts.denoiser.load(place, dtype),
        vae=vae,
        image_encoder=parts.image_encoder.load(place, dtype),
        processor=spec.processor,
        schedule=spec.schedule,
        default_steps=spec.default_steps,
        default_guidance=spec.default_guidance,
        truncation=spec.truncation,
        device=device,
        dtype=dtype,
        pixel_aligned=parts.pixel_aligned and parts.pixel_aligned.load(device, torch.float32),
        prompt=parts.text and PromptEncoder(parts.text.tokenizer, parts.text.encoder.load(place, dtype)),
    )
    return Loaded(model, used, (*parts.problems, *problems))


def model_spec(name_or_folder: str | Path) -> ModelSpec:
    """The model that `load_checkpoint` would load, without reading its weights.

    Raises:
        CheckpointError: as `open_parts`.
    """
    return open_parts(name_or_folder, half=False).spec


def decoder_folder(name_or_folder: str | Path) -> Path | None:
    """The folder whose VAE takes the place of the model's own, if there is one.

    Raises:
        CheckpointError: as `open_parts`.
    """
    parts = open_parts(name_or_folder, half=False)
    return None if parts.vaes[0].folder == parts.folder else parts.vaes[0].folder


def load_vae(folder: Path, device: torch.device | str, dtype: torch.dtype, *, with_encoder: bool = False) -> ShapeVAE:
    """Load the VAE of a folder, stand-alone or part of a whole checkpoint.

    Raises:
        CheckpointError: as `load_checkpoint`; also where the encoder is asked for and the file has none.
    """
    parts = open_vae(folder, half=dtype != torch.float32, with_encoder=with_encoder)
    return parts.module.load(torch.device(device), dtype)


def load_pixel_aligned(folder: Path, device: torch.device | str) -> PixelAlignedDecoder | None:
    """The pixel-aligned decoder of a folder, in float32; None where its config names none.

    Raises:
        CheckpointError: as `load_checkpoint`.
    """
    found = open_pixel_aligned(folder)
    return found and found.load(torch.device(device), torch.float32)


def load_encoder(name_or_folder: str | Path, device: torch.device | str) -> ShapeVAE:
    """The VAE with the encoder for a checkpoint's latents, in float32: its own, or a stand-alone one that lies beside it.

    Raises:
        CheckpointError: as `load_checkpoint`; also where no encoder of the same latent space is found.
    """
    return load_vae(encoder_folder(name_or_folder), device, torch.float32, with_encoder=True)


def _load_first(vaes: tuple[VAEParts, ...], device: torch.device, dtype: torch.dtype) -> tuple[VAEParts, ShapeVAE, list[str]]:
    """The first VAE whose weights are fine, and what is wrong with those before it."""
    problems: list[str] = []
    for vae in vaes[:-1]:
        try:
            return vae, vae.module.load(device, dtype), problems
        except CheckpointError as error:
            problems.append(not_used(vae.folder, error))
    return vaes[-1], vaes[-1].module.load(device, dtype), problems
