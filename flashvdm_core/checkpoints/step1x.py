"""Step1X-3D's geometry model as it is published: its configs as the specs of the networks here, its names of weights as theirs.

The networks are the denoiser of Hunyuan3D-2 with another embedding of time, the vecset autoencoder, and DINOv2 with registers,
under other names. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ..api.errors import CheckpointError
from ..api.fields import shown
from ..models.spec import Spec, checked_number
from ..models.specs import ConditionerSpec, DinoSpec, DiTSpec, ShapeVAESpec
from .published_names import Rules, Source, rename, sources

SpecT = TypeVar("SpecT", bound=Spec)

BORDER = 0.05
"""Share of the picture beside the object, as the published pipeline frames it."""

_TIME_AT_NOISE = 1000.0
_NORM_EPS = 1e-5
ENCODERS: dict[str, DinoSpec] = {
    f"facebook/dinov2-with-registers-{name}": DinoSpec(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        use_swiglu_ffn=name == "giant",
        num_register_tokens=4,
    )
    for name, width, layers in (("small", 384, 12), ("base", 768, 12), ("large", 1024, 24), ("giant", 1536, 40))
}
"""The image encoders that its configs name, and of which they say no more."""


@dataclass(frozen=True)
class _Denoiser(Spec):
    """`FluxDenoiser`, with the defaults of its code."""

    IGNORED = frozenset({"n_views", "caption_condition_dim", "label_condition_dim", "identity_init"})

    input_channels: int = 32
    width: int = 768
    layers: int = 12
    num_single_layers: int = 12
    num_heads: int = 16
    condition_dim: int = 1024
    visual_condition_dim: int = 1024


@dataclass(frozen=True)
class _Autoencoder(Spec):
    """`MichelangeloAutoencoder`, with the defaults of its code."""

    IGNORED = frozenset({
        "subfolder", "downsample_ratio", "init_scale", "use_flash", "use_checkpoint", "resolutions", "sampling_prob",
        "volume_decoder_type", "surface_extractor_type",
    })  # fmt: skip

    n_samples: int = 4096
    num_latents: int = 256
    point_feats: int = 0
    embed_dim: int = 64
    num_freqs: int = 8
    include_pi: bool = True
    width: int = 768
    heads: int = 12
    num_encoder_layers: int = 8
    num_decoder_layers: int = 16
    qkv_bias: bool = True
    qk_norm: bool = False
    with_sharp_data: bool = True
    z_scale_factor: float = 1.0


_DENOISER_FIXED: Mapping[str, object] = {"multi_condition_type": "in_context", "use_visual_condition": True}
_OTHER_CONDITIONS: Mapping[str, str] = {"use_label_condition": "labels", "use_caption_condition": "captions"}
_AUTOENCODER_FIXED: Mapping[str, object] = {
    "use_downsample": True, "embed_point_feats": False, "embed_type": "fourier", "out_dim": 1, "use_ln_post": True,
    "use_multi_reso": False,
}  # fmt: skip
_ENCODER_FIXED: Mapping[str, object] = {
    "encode_camera": False, "n_views": 1, "normalize_embeds": False, "zero_uncond_embeds": True,
}  # fmt: skip


def dit_spec(params: Mapping[str, Any]) -> DiTSpec:
    """The denoiser of `transformer/config.json`.

    Raises:
        CheckpointError: names a key that is unknown, a value that no network can be built with, or what else it reads beside
            the image.
    """
    for name, what in _OTHER_CONDITIONS.items():
        if params.get(name):
            raise CheckpointError(
                f"This Step1X-3D model reads {what} beside the image, which is not supported; choose Step1X-3D-Geometry-1300m."
            )
    given = _read(_Denoiser, params, _DENOISER_FIXED, _OTHER_CONDITIONS)
    if given.visual_condition_dim != given.condition_dim:
        raise CheckpointError("This Step1X-3D model projects what it reads of the image, which is not supported; use another.")
    return DiTSpec.from_config(
        {
            "in_channels": given.input_channels,
            "context_in_dim": given.condition_dim,
            "hidden_size": given.width,
            "num_heads": given.num_heads,
            "depth": given.layers,
            "depth_single_blocks": given.num_single_layers,
            "wide_time": True,
            "time_at_noise": _TIME_AT_NOISE,
            "time_at_data": 0.0,
        }
    )


def vae_spec(params: Mapping[str, Any]) -> ShapeVAESpec:
    """The autoencoder of `vae/config.json`; errors as of `dit_spec`."""
    given = _read(_Autoencoder, params, _AUTOENCODER_FIXED)
    on_edges = given.n_samples if given.with_sharp_data else 0
    chosen = given.num_latents // (2 if given.with_sharp_data else 1)
    return ShapeVAESpec.from_config(
        {
            "num_latents": given.num_latents,
            "embed_dim": given.embed_dim,
            "width": given.width,
            "heads": given.heads,
            "num_encoder_layers": given.num_encoder_layers,
            "num_decoder_layers": given.num_decoder_layers,
            "point_feats": given.point_feats,
            "pc_size": given.n_samples,
            "pc_sharpedge_size": on_edges,
            "downsample_ratio": max(given.n_samples // max(chosen, 1), 1),  # each query is chosen from all of its points
            "num_freqs": given.num_freqs,
            "include_pi": given.include_pi,
            "qkv_bias": given.qkv_bias,
            "qk_norm": given.qk_norm,
            "scale_factor": given.z_scale_factor,
            "norm_eps": _NORM_EPS,
            "sharp_branch": given.with_sharp_data,
        }
    )


def conditioner_spec(params: Mapping[str, Any]) -> ConditionerSpec:
    """The image encoder of `visual_encoder/config.json`; errors as of `dit_spec`."""
    for name, wanted in _ENCODER_FIXED.items():
        if params.get(name, wanted) != wanted:
            raise _not_supported(name, params[name])
    kind = str(params.get("dino_type"))
    if kind not in ENCODERS:
        raise CheckpointError(
            f"The image encoder {shown(params.get('dino_type'))} is not supported ({', '.join(ENCODERS)}); download it again."
        )
    size = checked_number("image_size", params.get("image_size", 224), "int")
    return ConditionerSpec(ENCODERS[kind], size)


def _read(kind: type[SpecT], params: Mapping[str, Any], fixed: Mapping[str, object], unused: Iterable[str] = ()) -> SpecT:
    """The sizes among `params`; each of `fixed` must be as it is there, or missing."""
    for name, wanted in fixed.items():
        if params.get(name, wanted) not in (wanted, None):
            raise _not_supported(name, params[name])
    known = {field.name for field in fields(kind)} | kind.IGNORED
    left_out = {*fixed, *unused, *(name for name in params if name.startswith("pretrained") or name == "weights")} - known
    return kind.from_config({name: value for name, value in params.items() if name not in left_out})


def _not_supported(name: str, value: object) -> CheckpointError:
    return CheckpointError(f"The config sets {name} to {shown(value)}, which is not supported; use another checkpoint.")


_DENOISER: Rules = (
    (r"dit_model\.time_proj\.linear_1", "time_in.mlp.0"),
    (r"dit_model\.time_proj\.linear_2", "time_in.mlp.2"),
    (r"dit_model\.proj_in", "latent_in"),
    (r"dit_model\.proj_cross_attention", "cond_in"),
    (r"dit_model\.transformer_blocks\.(\d+)\.norm1\.linear", r"double_blocks.\1.img_mod.lin"),
    (r"dit_model\.transformer_blocks\.(\d+)\.norm1_context\.linear", r"double_blocks.\1.txt_mod.lin"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.to_([qkv])", r"double_blocks.\1.img_attn.qkv/\2"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.add_([qkv])_proj", r"double_blocks.\1.txt_attn.qkv/\2"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.to_out\.0", r"double_blocks.\1.img_attn.proj"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.to_add_out", r"double_blocks.\1.txt_attn.proj"),
    (r"dit_model\.transformer_blocks\.(\d+)\.ff\.net\.0\.proj", r"double_blocks.\1.img_mlp.0"),
    (r"dit_model\.transformer_blocks\.(\d+)\.ff\.net\.2", r"double_blocks.\1.img_mlp.2"),
    (r"dit_model\.transformer_blocks\.(\d+)\.ff_context\.net\.0\.proj", r"double_blocks.\1.txt_mlp.0"),
    (r"dit_model\.transformer_blocks\.(\d+)\.ff_context\.net\.2", r"double_blocks.\1.txt_mlp.2"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.norm\.linear", r"single_blocks.\1.modulation.lin"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.attn\.to_([qkv])", r"single_blocks.\1.linear1/\2"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.proj_mlp", r"single_blocks.\1.linear1/m"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.proj_out", r"single_blocks.\1.linear2"),
    (r"dit_model\.norm_out\.linear", "final_layer.adaLN_modulation.1"),
    (r"dit_model\.proj_out", "final_layer.linear"),
)
_NORMS: Rules = (
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.norm_q", r"double_blocks.\1.img_attn.norm.query_norm"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.norm_k", r"double_blocks.\1.img_attn.norm.key_norm"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.norm_added_q", r"double_blocks.\1.txt_attn.norm.query_norm"),
    (r"dit_model\.transformer_blocks\.(\d+)\.attn\.norm_added_k", r"double_blocks.\1.txt_attn.norm.key_norm"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.attn\.norm_q", r"single_blocks.\1.norm.query_norm"),
    (r"dit_model\.single_transformer_blocks\.(\d+)\.attn\.norm_k", r"single_blocks.\1.norm.key_norm"),
)
"""Norms of queries and keys, whose weights are called scales here."""
_NEGATED = "final_layer.linear."
"""It is published as the velocity from the data to the noise."""
_SWAPPED = "final_layer.adaLN_modulation."
"""It is published with the scale before the shift."""


def denoiser_names(published: Iterable[str]) -> dict[str, Source]:
    """Names of the denoiser here -> the published tensors that they are; names that nothing is known of stay as they are."""
    return sources(((name, _denoiser_name(name)) for name in published), negated=_NEGATED, swapped=_SWAPPED)


def vae_names(published: Iterable[str]) -> dict[str, Source]:
    """The same for the autoencoder, of whose names one is another here."""
    return {
        f"geo_decoder.{name.removeprefix('decoder.')}" if name.startswith("decoder.") else name: Source((name,))
        for name in published
    }


def image_encoder_names(published: Iterable[str]) -> dict[str, Source]:
    """The same for the image encoder, whose names stand behind those of another wrapping."""
    return {f"main_image_encoder.model.{name.removeprefix('dino_model.')}": Source((name,)) for name in published}


def _denoiser_name(name: str) -> str:
    norm = rename(name, _NORMS)
    return rename(name, _DENOISER) if norm == name else f"{norm.removesuffix('.weight')}.scale"
