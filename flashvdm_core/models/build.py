"""Building the networks of a model from their sizes."""

from __future__ import annotations

import torch
from torch import nn

from .clip_text import TextEncoder
from .conditioner import SingleImageEncoder
from .dit import DiT
from .dit_skip import SkipDiT
from .shape_vae import ShapeVAE
from .specs import DiTSpec, ModelSpec, SkipDiTSpec


def build_denoiser(spec: DiTSpec | SkipDiTSpec) -> DiT | SkipDiT:
    """The denoiser of these sizes."""
    return DiT(spec) if isinstance(spec, DiTSpec) else SkipDiT(spec)


def build_meta(spec: ModelSpec) -> tuple[DiT | SkipDiT, ShapeVAE, SingleImageEncoder]:
    """The networks that every model has, without their weights, on the meta device; the autoencoder without its encoder."""
    with torch.device("meta"):
        return build_denoiser(spec.dit), ShapeVAE(spec.vae, with_encoder=False), SingleImageEncoder(spec.conditioner)


def build_meta_encoders(spec: ModelSpec) -> nn.ModuleList:
    """What makes the condition of a model, without its weights, on the meta device."""
    with torch.device("meta"):
        return nn.ModuleList([SingleImageEncoder(spec.conditioner), *([TextEncoder(spec.text)] if spec.text else [])])
