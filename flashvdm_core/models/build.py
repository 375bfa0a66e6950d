"""Building the networks of a model from their sizes."""

from __future__ import annotations

import torch

from .conditioner import SingleImageEncoder
from .dit import DiT
from .dit_skip import SkipDiT
from .shape_vae import ShapeVAE
from .specs import DiTSpec, ModelSpec, SkipDiTSpec


def build_denoiser(spec: DiTSpec | SkipDiTSpec) -> DiT | SkipDiT:
    """The denoiser of these sizes."""
    return DiT(spec) if isinstance(spec, DiTSpec) else SkipDiT(spec)


def build_meta(spec: ModelSpec) -> tuple[DiT | SkipDiT, ShapeVAE, SingleImageEncoder]:
    """The networks without their weights, on the meta device; the autoencoder without its encoder."""
    with torch.device("meta"):
        return build_denoiser(spec.dit), ShapeVAE(spec.vae, with_encoder=False), SingleImageEncoder(spec.conditioner)
