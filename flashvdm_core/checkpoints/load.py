"""A checkpoint folder -> a model that is ready to generate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from ..api.errors import CheckpointError
from ..models.build import build_denoiser
from ..models.conditioner import SingleImageEncoder
from ..models.shape_vae import ShapeVAE
from ..models.specs import ModelSpec, MoEDiTSpec, ShapeVAESpec
from .config import Config, read_config
from .folders import EMBEDDED, EMBEDDED_FOLDER, checkpoint_folder, folders_beside
from .layout import read_model_spec, vae_spec
from .model import Model
from .weights import Weights, load_module, open_weights

_ENCODER_NAMES = ("encoder.", "pre_kl.")


def load_checkpoint(
    name_or_folder: str | Path,
    device: torch.device | str,
    dtype: torch.dtype,
    *,
    vae_folder: Path | None = None,
    in_main_memory: bool = False,
) -> Model:
    """Load the built-in model or a folder in the published layout.

    The file's own VAE gives way to a stand-alone one with the efficient point decoder: the one in `vae_folder`, or
    one that lies beside the checkpoint's folder and belongs to the same latent space. Its `num_latents` then sets
    the number of tokens.

    Args:
        name_or_folder: "embedded", or a folder with config.yaml and model*.safetensors (or, for a model that is
            published in no other form, model*.ckpt).
        dtype: floating-point type of all weights.
        in_main_memory: leave the weights there; the caller brings them to `device` when they are needed.

    Raises:
        CheckpointError: anything missing, damaged, unsafe or of another architecture; the sentence names it.
    """
    folder = checkpoint_folder(name_or_folder)
    config = read_config(folder)
    device = torch.device(device)
    spec = read_model_spec(config)
    place = torch.device("cpu") if in_main_memory else device
    weights = open_weights(folder, half=dtype != torch.float32, pickled=isinstance(spec.dit, MoEDiTSpec))
    vae = _vae(config, weights, place, dtype, vae_folder)
    if vae.spec.embed_dim != spec.dit.in_channels:
        raise CheckpointError(f"The DiT and the VAE of {folder} have different latent channels; choose parts of one model.")
    return Model(
        name=EMBEDDED if folder == EMBEDDED_FOLDER else folder.resolve().name,
        denoiser=load_module(lambda: build_denoiser(spec.dit), weights, "model.", place, dtype),
        vae=vae,
        image_encoder=load_module(lambda: SingleImageEncoder(spec.conditioner), weights, "conditioner.", place, dtype),
        processor=spec.processor,
        schedule=spec.schedule,
        default_steps=spec.default_steps,
        default_guidance=spec.default_guidance,
        truncation=spec.truncation,
        device=device,
        dtype=dtype,
    )


def model_spec(name_or_folder: str | Path) -> ModelSpec:
    """The model that `load_checkpoint` would load, from the configs alone.

    Raises:
        CheckpointError: a config is missing, damaged or of another architecture.
    """
    folder = checkpoint_folder(name_or_folder)
    config = read_config(folder)
    spec = read_model_spec(config)
    beside = _efficient_vae_beside(folder, spec.vae)
    return spec if beside is None else replace(spec, vae=vae_spec(read_config(beside)))


def decoder_folder(name_or_folder: str | Path) -> Path | None:
    """The folder whose VAE takes the place of the model's own, if there is one.

    Raises:
        CheckpointError: the model's config is missing, damaged or of another architecture.
    """
    folder = checkpoint_folder(name_or_folder)
    return _efficient_vae_beside(folder, vae_spec(read_config(folder)))


def has_encoder(folder: Path) -> bool:
    """Whether the VAE of a folder came with its encoder, which making shapes from images does not need."""
    return any(name.removeprefix("vae.").startswith(_ENCODER_NAMES) for name in open_weights(folder, half=False).names())


def load_vae(folder: Path, device: torch.device | str, dtype: torch.dtype, *, with_encoder: bool = False) -> ShapeVAE:
    """Load the VAE of a folder: stand-alone (names without a prefix) or part of a whole checkpoint ("vae.").

    Raises:
        CheckpointError: as `load_checkpoint`; also where the encoder is asked for and the file has none.
    """
    config = read_config(folder)
    weights = open_weights(folder, half=dtype != torch.float32)
    prefix = "vae." if any(name.startswith("vae.") for name in weights.names()) else ""
    return _load_vae(vae_spec(config), weights, prefix, torch.device(device), dtype, with_encoder)


def load_encoder(name_or_folder: str | Path, device: torch.device | str) -> ShapeVAE:
    """The VAE with the encoder for a checkpoint's latents, in float32: its own, or a stand-alone one that lies beside it.

    Raises:
        CheckpointError: as `load_checkpoint`; also where no encoder of the same latent space is found.
    """
    folder = checkpoint_folder(name_or_folder)
    own = vae_spec(read_config(folder))
    if has_encoder(folder):
        return load_vae(folder, device, torch.float32, with_encoder=True)
    for other, spec in _vaes_beside(folder):
        if _same_latent_space(spec, own) and has_encoder(other):
            return load_vae(other, device, torch.float32, with_encoder=True)
    raise CheckpointError(
        f"The model '{folder.resolve().name}' came without the encoder that starting from a mesh needs; put its VAE "
        "with encoder beside it, or choose another model."
    )


def _vae(config: Config, weights: Weights, device: torch.device, dtype: torch.dtype, vae_folder: Path | None) -> ShapeVAE:
    own = vae_spec(config)
    replacement = vae_folder or _efficient_vae_beside(config.folder, own)
    if replacement is None:
        return _load_vae(own, weights, "vae.", device, dtype, with_encoder=False)
    vae = load_vae(replacement, device, dtype)
    if not _same_latent_space(vae.spec, own):
        raise CheckpointError(
            f"The VAE in {replacement} belongs to another model than {config.folder}; choose the one made for it."
        )
    return vae


def _efficient_vae_beside(folder: Path, own: ShapeVAESpec) -> Path | None:
    """A folder beside `folder` with a stand-alone VAE of the same latent space and a smaller point decoder, if any."""
    if own.geo_decoder_downsample_ratio > 1:
        return None
    for other, spec in _vaes_beside(folder):
        if spec.geo_decoder_downsample_ratio > 1 and _same_latent_space(spec, own):
            return other
    return None


def _vaes_beside(folder: Path) -> Iterator[tuple[Path, ShapeVAESpec]]:
    """The folders beside `folder` with a stand-alone VAE, and its sizes."""
    for path in folders_beside(folder):
        try:
            config = read_config(path)
            spec = vae_spec(config)
        except CheckpointError:
            continue  # a folder of something else: not an error of the checkpoint that was asked for
        if "model" not in config.sections:
            yield path, spec


def _same_latent_space(a: ShapeVAESpec, b: ShapeVAESpec) -> bool:
    # Two VAEs of one latent space differ in their decoders and token counts; the scale is measured on the latents.
    return (a.embed_dim, a.scale_factor) == (b.embed_dim, b.scale_factor)


def _load_vae(
    spec: ShapeVAESpec, weights: Weights, prefix: str, device: torch.device, dtype: torch.dtype, with_encoder: bool
) -> ShapeVAE:
    unused = () if with_encoder else _ENCODER_NAMES
    return load_module(lambda: ShapeVAE(spec, with_encoder=with_encoder), weights, prefix, device, dtype, unused=unused)
