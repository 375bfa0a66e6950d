"""The one table of the public checkpoints that this project can run. Data only: no torch, nothing touches the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..models.specs import ConditionerSpec, DinoSpec, DiTSpec, ModelSpec, MoEDiTSpec, ProcessorSpec, ScheduleSpec, ShapeVAESpec

TENCENT_TERRITORY = "not licensed in the European Union, the United Kingdom and South Korea, results included"


@dataclass(frozen=True)
class Licence:
    """The terms of the weights.

    Attributes:
        name: as the publisher calls it.
        territory: where it does not hold; empty where it holds everywhere.
        files: files of the repository that must be kept beside the weights.
    """

    name: str
    territory: str = ""
    files: tuple[str, ...] = ("LICENSE", "NOTICE")


@dataclass(frozen=True)
class KnownCheckpoint:
    """One public checkpoint: a whole model, or a stand-alone VAE.

    Attributes:
        name: what a user calls it; also its folder in the repository.
        repository: "owner/name" on the Hugging Face hub.
        description: a few words for a list.
        licence: the terms of the weights.
        model: sizes, schedule and defaults as the model runs: with the VAE `vae` where there is one. None for a stand-alone VAE.
        files: the files that are needed, in the folder `name`.
        sha256: file -> SHA-256 in hexadecimal, where it is known.
        vae: name of the stand-alone VAE with the efficient decoder that replaces the model's own, if there is one.
    """

    name: str
    repository: str
    description: str
    licence: Licence
    model: ModelSpec | None = None
    files: tuple[str, ...] = ("config.yaml", "model.fp16.safetensors")
    sha256: Mapping[str, str] = field(default_factory=dict)
    vae: str = ""


_HUNYUAN_2_0 = Licence("Tencent Hunyuan 3D 2.0 Community License Agreement", TENCENT_TERRITORY)
_HUNYUAN_2_1 = Licence("Tencent Hunyuan 3D 2.1 Community License Agreement", TENCENT_TERRITORY)
_V2_0, _MINI, _MULTI_VIEW = "tencent/Hunyuan3D-2", "tencent/Hunyuan3D-2mini", "tencent/Hunyuan3D-2mv"
_TURBO_VAE, _MINI_TURBO_VAE = "hunyuan3d-vae-v2-0-turbo", "hunyuan3d-vae-v2-mini-turbo"

_GIANT = DinoSpec(hidden_size=1536, num_hidden_layers=40, num_attention_heads=24, use_swiglu_ffn=True)
_LARGE = DinoSpec(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
_BASE_VAE = ShapeVAESpec(
    num_latents=3072, embed_dim=64, width=1024, heads=16, num_decoder_layers=16, include_pi=False, qkv_bias=False, qk_norm=True,
)  # fmt: skip
_EFFICIENT_VAE = replace(
    _BASE_VAE, geo_decoder_downsample_ratio=2, geo_decoder_mlp_expand_ratio=1, geo_decoder_ln_post=False
)  # fmt: skip


def _base(dit: DiTSpec, num_latents: int = 3072, views: int = 0) -> ModelSpec:
    vae = replace(_EFFICIENT_VAE, num_latents=num_latents)
    return ModelSpec(dit, vae, ConditionerSpec(_GIANT, 518, view_num=views), ProcessorSpec(multi_view=views > 0))


def _fast(model: ModelSpec) -> ModelSpec:
    """With the guidance distilled into the DiT."""
    return replace(model, dit=replace(model.dit, guidance_embed=True))


def _turbo(model: ModelSpec) -> ModelSpec:
    """With the steps distilled as well."""
    return replace(_fast(model), schedule=ScheduleSpec("consistency", pcm_timesteps=100))


_DIT_2_0 = _base(DiTSpec())
_DIT_MINI = _base(DiTSpec(depth=8, depth_single_blocks=16), num_latents=512)
_DIT_MV = _base(DiTSpec(), views=4)
# Its images are larger, and its tokens as many as those of the large models.
_DIT_MINI_TURBO = replace(
    _turbo(_DIT_MINI), vae=_EFFICIENT_VAE, conditioner=ConditionerSpec(_GIANT, 1022), processor=ProcessorSpec(1022)
)
_DIT_2_1 = ModelSpec(
    MoEDiTSpec(in_channels=64, hidden_size=2048, context_dim=1024, depth=21, num_heads=16),
    replace(_BASE_VAE, num_latents=4096),
    ConditionerSpec(_LARGE, 518),
)

_TABLE = (
    KnownCheckpoint("hunyuan3d-dit-v2-0", _V2_0, "2.0: 50 steps with guidance", _HUNYUAN_2_0, _DIT_2_0, vae=_TURBO_VAE),
    KnownCheckpoint("hunyuan3d-dit-v2-0-fast", _V2_0, "2.0: guidance distilled", _HUNYUAN_2_0, _fast(_DIT_2_0), vae=_TURBO_VAE),
    KnownCheckpoint("hunyuan3d-dit-v2-0-turbo", _V2_0, "2.0: 5 steps", _HUNYUAN_2_0, _turbo(_DIT_2_0), vae=_TURBO_VAE),
    KnownCheckpoint(_TURBO_VAE, _V2_0, "2.0: the VAE with the efficient decoder", _HUNYUAN_2_0),
    KnownCheckpoint("hunyuan3d-dit-v2-mini", _MINI, "mini: 50 steps", _HUNYUAN_2_0, _DIT_MINI, vae=_MINI_TURBO_VAE),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-fast", _MINI, "mini: guidance distilled", _HUNYUAN_2_0, _fast(_DIT_MINI), vae=_MINI_TURBO_VAE
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-turbo", _MINI, "mini: 5 steps", _HUNYUAN_2_0, _DIT_MINI_TURBO, vae=_MINI_TURBO_VAE,
        sha256={"model.fp16.safetensors": "bdbcef30dd0149a281e17d5b5b1fdad1122c904e098a42f3100e04e03c247bc4"},
    ),
    KnownCheckpoint(
        _MINI_TURBO_VAE, _MINI, "mini: the VAE with the efficient decoder", _HUNYUAN_2_0,
        sha256={"model.fp16.safetensors": "5dcaca67a8da9e7079fb7b55714a572d0651ac95983bb43099913feaf6738f94"},
    ),
    KnownCheckpoint("hunyuan3d-dit-v2-mv", _MULTI_VIEW, "up to 4 views: 50 steps", _HUNYUAN_2_0, _DIT_MV, vae=_TURBO_VAE),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-fast", _MULTI_VIEW, "up to 4 views: guidance distilled", _HUNYUAN_2_0, _fast(_DIT_MV), vae=_TURBO_VAE
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-turbo", _MULTI_VIEW, "up to 4 views: 5 steps", _HUNYUAN_2_0, _turbo(_DIT_MV), vae=_TURBO_VAE
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-1", "tencent/Hunyuan3D-2.1", "2.1: mixture of experts, 50 steps", _HUNYUAN_2_1, _DIT_2_1,
        files=("config.yaml", "model.fp16.ckpt"),
    ),
)  # fmt: skip

KNOWN: Mapping[str, KnownCheckpoint] = {checkpoint.name: checkpoint for checkpoint in _TABLE}
"""Every public checkpoint, in the order of a list."""

MODELS: Mapping[str, ModelSpec] = {checkpoint.name: checkpoint.model for checkpoint in _TABLE if checkpoint.model}
"""Of those the whole models."""
