"""The three networks of one model together: their sizes, and building them without their numbers.

`PUBLIC` has the sizes of the public checkpoints as they run: with the VAE of the efficient point decoder where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from .conditioner import SingleImageEncoder
from .dit import DiT
from .dit_moe import MoEDiT, MoEDiTSpec
from .shape_vae import ShapeVAE
from .specs import ConditionerSpec, DinoSpec, DiTSpec, ShapeVAESpec


@dataclass(frozen=True)
class ModelSpec:
    """Sizes of a whole model.

    Attributes:
        dit, vae, conditioner: the networks'.
    """

    dit: DiTSpec | MoEDiTSpec
    vae: ShapeVAESpec
    conditioner: ConditionerSpec

    @property
    def guidance_embed(self) -> bool:
        """Whether the DiT takes the guidance scale as an input."""
        return self.dit.guidance_embed


def built(spec: ModelSpec) -> tuple[DiT | MoEDiT, ShapeVAE, SingleImageEncoder]:
    """The networks without their numbers, on the meta device; the autoencoder without its encoder."""
    with torch.device("meta"):
        return denoiser(spec.dit), ShapeVAE(spec.vae, with_encoder=False), SingleImageEncoder(spec.conditioner)


def denoiser(spec: DiTSpec | MoEDiTSpec) -> DiT | MoEDiT:
    """The denoiser of these sizes."""
    return DiT(spec) if isinstance(spec, DiTSpec) else MoEDiT(spec)


_GIANT = DinoSpec(hidden_size=1536, num_hidden_layers=40, num_attention_heads=24, use_swiglu_ffn=True)
_LARGE = DinoSpec(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
_BASE_VAE = ShapeVAESpec(
    num_latents=3072, embed_dim=64, width=1024, heads=16, num_decoder_layers=16, include_pi=False, qkv_bias=False, qk_norm=True,
)  # fmt: skip
_TURBO_VAE = replace(
    _BASE_VAE, geo_decoder_downsample_ratio=2, geo_decoder_mlp_expand_ratio=1, geo_decoder_ln_post=False
)  # fmt: skip
_MINI_VAE = replace(_TURBO_VAE, num_latents=512)
_DIT, _MINI_DIT = DiTSpec(), DiTSpec(depth=8, depth_single_blocks=16)
_ONE_VIEW, _FOUR_VIEWS = ConditionerSpec(_GIANT, 518), ConditionerSpec(_GIANT, 518, view_num=4)


def _distilled(spec: DiTSpec) -> DiTSpec:
    return replace(spec, guidance_embed=True)


PUBLIC: Mapping[str, ModelSpec] = {
    "hunyuan3d-dit-v2-0": ModelSpec(_DIT, _TURBO_VAE, _ONE_VIEW),
    "hunyuan3d-dit-v2-0-fast": ModelSpec(_distilled(_DIT), _TURBO_VAE, _ONE_VIEW),
    "hunyuan3d-dit-v2-0-turbo": ModelSpec(_distilled(_DIT), _TURBO_VAE, _ONE_VIEW),
    "hunyuan3d-dit-v2-mini": ModelSpec(_MINI_DIT, _MINI_VAE, _ONE_VIEW),
    "hunyuan3d-dit-v2-mini-fast": ModelSpec(_distilled(_MINI_DIT), _MINI_VAE, _ONE_VIEW),
    "hunyuan3d-dit-v2-mini-turbo": ModelSpec(_distilled(_MINI_DIT), _TURBO_VAE, ConditionerSpec(_GIANT, 1022)),
    "hunyuan3d-dit-v2-mv": ModelSpec(_DIT, _TURBO_VAE, _FOUR_VIEWS),
    "hunyuan3d-dit-v2-mv-fast": ModelSpec(_distilled(_DIT), _TURBO_VAE, _FOUR_VIEWS),
    "hunyuan3d-dit-v2-mv-turbo": ModelSpec(_distilled(_DIT), _TURBO_VAE, _FOUR_VIEWS),
    "hunyuan3d-dit-v2-1": ModelSpec(
        MoEDiTSpec(in_channels=64, hidden_size=2048, context_dim=1024, depth=21, num_heads=16),
        replace(_BASE_VAE, num_latents=4096),
        ConditionerSpec(_LARGE, 518),
    ),
}
