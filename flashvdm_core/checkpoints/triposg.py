"""TripoSG and PartCrafter as they are published: configs as the specs of the networks here, and names of weights as theirs.

The networks are those of Hunyuan3D-2.1's denoiser (without experts), of the vecset autoencoder and of DINOv2, under other names.
Needs no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..api.errors import CheckpointError
from ..api.fields import shown
from ..models.spec import Spec, checked_number
from ..models.specs import ConditionerSpec, DinoSpec, ProcessorSpec, ShapeVAESpec, SkipDiTSpec, TextEncoderSpec
from .published_names import Rules, Source, rename, sources

_TIME_AT_NOISE = 1000.0
_NORM_EPS = 1e-5
# Surface points that its encoder reads, as the published example has them, and those that stand for election for each query.
_POINTS, _QUERY_RATIO = 20_480, 4
_PADDING = 0.1
_PROMPT_SCALE, _DRAWING_SCALE = 1.0, 0.4  # as the published example weighs what a model of drawings reads
_PARTS_FIXED = ("enable_part_embedding", "enable_local_cross_attn", "enable_global_cross_attn")
_IMAGE_MEAN, _IMAGE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class _Transformer(Spec):
    """`TripoSGDiTModel`, with the defaults of its code."""

    num_attention_heads: int = 16
    width: int = 2048
    in_channels: int = 64
    num_layers: int = 21
    cross_attention_dim: int = 1024
    use_cross_attention_2: bool = False
    cross_attention_2_dim: int = 1024


@dataclass(frozen=True)
class _Autoencoder(Spec):
    """`TripoSGVAEModel`, with the defaults of its code."""

    IGNORED = frozenset({"embedding_type", "in_channels"})  # it has one kind of embedding; the channels are those of a normal

    num_latents: int
    latent_channels: int = 64
    num_attention_heads: int = 8
    width_encoder: int = 512
    width_decoder: int = 1024
    num_layers_encoder: int = 8
    num_layers_decoder: int = 16
    embed_frequency: int = 8
    embed_include_pi: bool = False


def dit_spec(params: Mapping[str, Any]) -> SkipDiTSpec:
    """The denoiser of `transformer/config.json`.

    Raises:
        CheckpointError: names a key that is unknown, or a value that no network can be built with.
    """
    given = _Transformer.from_config(params)
    return SkipDiTSpec.from_config(
        {
            "in_channels": given.in_channels,
            "hidden_size": given.width,
            "context_dim": given.cross_attention_dim,
            "depth": given.num_layers,
            "num_heads": given.num_attention_heads,
            "num_moe_layers": 0,
            "norm_eps": _NORM_EPS,
            "time_at_noise": _TIME_AT_NOISE,
            "time_at_data": 0.0,
            **(
                {"context_dim_2": given.cross_attention_2_dim, "cross_scale": _PROMPT_SCALE, "cross_scale_2": _DRAWING_SCALE}
                if given.use_cross_attention_2
                else {}
            ),
        }
    )


def parts_dit_spec(params: Mapping[str, Any]) -> SkipDiTSpec:
    """The denoiser of PartCrafter's `transformer/config.json`, with `part_tokens`, those of a part; errors as of `dit_spec`."""
    for name in _PARTS_FIXED:
        if params.get(name, True) is not True:
            raise CheckpointError(
                f"The config sets {name} to {shown(params[name])}, which is not supported; use another checkpoint."
            )
    extra = {*_PARTS_FIXED, "global_attn_block_ids", "global_attn_block_id_range", "part_tokens", "max_num_parts"}
    alone = dit_spec({name: value for name, value in params.items() if name not in extra})
    most = checked_number("max_parts", params.get("max_num_parts", 32), "int")
    return replace(alone, part_tokens=params["part_tokens"], max_parts=most, joint_blocks=_joint_blocks(params, alone.depth))


def _joint_blocks(params: Mapping[str, Any], depth: int) -> int:
    """The blocks that a config names one by one, or by the first and the last one, as bits."""
    named, ends = params.get("global_attn_block_ids"), params.get("global_attn_block_id_range")
    if named is None and isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int) for end in ends):
        named = list(range(max(ends[0], 0), min(ends[1], depth) + 1))
    if not isinstance(named, list) or not all(isinstance(block, int) and 0 <= block < depth for block in named):
        raise CheckpointError(
            f"The config has global_attn_block_ids: {shown(named)}, which are no blocks of its network; download it again."
        )
    return sum(1 << block for block in set(named))


def vae_spec(params: Mapping[str, Any]) -> ShapeVAESpec:
    """The autoencoder of `vae/config.json`; errors as of `dit_spec`."""
    given = _Autoencoder.from_config(params)
    return ShapeVAESpec.from_config(
        {
            "num_latents": given.num_latents,
            "embed_dim": given.latent_channels,
            "width": given.width_decoder,
            "encoder_width": given.width_encoder,
            "heads": given.num_attention_heads,
            "num_encoder_layers": given.num_layers_encoder,
            "num_decoder_layers": given.num_layers_decoder,
            "num_freqs": given.embed_frequency,
            "include_pi": given.embed_include_pi,
            "qkv_bias": False,
            "norm_eps": _NORM_EPS,
            "pc_size": _POINTS,
            "pc_sharpedge_size": 0,
            "query_ratio": _QUERY_RATIO,
        }
    )


def conditioner_spec(params: Mapping[str, Any]) -> ConditionerSpec:
    """The image encoder: `image_encoder` as transformers writes it, for what `processor` makes; errors as of `dit_spec`."""
    encoder = params["image_encoder"]
    known = {field.name for field in fields(DinoSpec)}
    dino = {name: value for name, value in encoder.items() if name in known}  # transformers writes down many more
    size = processor_spec(params["processor"]).size
    return ConditionerSpec.from_config(
        {"main_image_encoder": {"type": "DinoImageEncoder", "kwargs": {"config": dino, "image_size": size}}}
    )


def text_spec(params: Mapping[str, Any]) -> TextEncoderSpec:
    """The text encoder of `text_encoder/config.json`, as transformers writes it; errors as of `dit_spec`."""
    known = {field.name for field in fields(TextEncoderSpec)}
    activation = params.get("hidden_act", "quick_gelu")
    if activation not in ("quick_gelu", "gelu"):
        raise CheckpointError(
            f"The text encoder has hidden_act: {shown(activation)}, which is not supported; use another checkpoint."
        )
    given = {name: value for name, value in params.items() if name in known}
    return TextEncoderSpec.from_config(given | {"quick_gelu": activation == "quick_gelu"})


def processor_spec(params: Mapping[str, Any]) -> ProcessorSpec:
    """The preparation of images by `preprocessor_config.json`; errors as of `dit_spec`."""
    size, crop = params.get("size"), params.get("crop_size")
    if not isinstance(size, Mapping) or not isinstance(crop, Mapping) or crop.get("height") != crop.get("width"):
        raise CheckpointError(
            f"The image processor makes {shown(size)} and {shown(crop)}, which are no sizes; download it again."
        )
    for name, wanted in (("image_mean", _IMAGE_MEAN), ("image_std", _IMAGE_STD)):
        if tuple(params.get(name, wanted)) != wanted:
            raise CheckpointError(
                f"The image processor has {name}: {shown(params[name])}, which is not supported; download it again."
            )
    spec = ProcessorSpec(
        size=checked_number("image_size", crop.get("height"), "int"),
        border_ratio=_PADDING,
        padded_to=checked_number("image_size", size.get("shortest_edge"), "int"),
        drawing=bool(params.get("drawing")),
    )
    if spec.size > spec.padded_to:
        raise CheckpointError("The image processor takes a larger middle than its pictures are; download it again.")
    return spec


_TRANSFORMER: Rules = (
    (r"time_proj\.linear_1", "t_embedder.mlp.0"),
    (r"time_proj\.linear_2", "t_embedder.mlp.2"),
    (r"proj_in", "x_embedder"),
    (r"(blocks\.\d+\.attn\w+)\.norm_([qk])", r"\1.\2_norm"),
    (r"(blocks\.\d+\.attn\w+)\.to_out\.0", r"\1.out_proj"),
    (r"(blocks\.\d+)\.ff\.net\.0\.proj", r"\1.mlp.fc1"),
    (r"(blocks\.\d+)\.ff\.net\.2", r"\1.mlp.fc2"),
    (r"part_embedding", "part_embedding"),
    (r"norm_out", "final_layer.norm_final"),
    (r"proj_out", "final_layer.linear"),
    (r"(blocks\..+)", r"\1"),
)
_SELF_ATTENTION: Rules = (
    (r"norm1", "ln_1"),
    (r"attn1\.to_([qkv])", r"attn.c_qkv/\1"),
    (r"attn1\.to_out\.0", "attn.c_proj"),
    (r"norm3", "ln_2"),
    (r"ff\.net\.0\.proj", "mlp.c_fc"),
    (r"ff\.net\.2", "mlp.c_proj"),
)
_CROSS_ATTENTION: Rules = (
    (r"norm2", "ln_1"),
    (r"attn2\.norm_cross", "ln_2"),
    (r"attn2\.to_q", "attn.c_q"),
    (r"attn2\.to_([kv])", r"attn.c_kv/\1"),
    (r"attn2\.to_out\.0", "attn.c_proj"),
    (r"norm3", "ln_3"),
    (r"ff\.net\.0\.proj", "mlp.c_fc"),
    (r"ff\.net\.2", "mlp.c_proj"),
)
_AUTOENCODER: Rules = (
    (r"quant", "pre_kl"),
    (r"post_quant", "post_kl"),
    (r"encoder\.proj_in", "encoder.input_proj"),
    (r"encoder\.norm_out", "encoder.ln_post"),
    (r"decoder\.proj_query", "geo_decoder.query_proj"),
    (r"decoder\.norm_out", "geo_decoder.ln_post"),
    (r"decoder\.proj_out", "geo_decoder.output_proj"),
)
_BLOCK = re.compile(r"(?P<side>encoder|decoder)\.blocks\.(?P<number>\d+)\.(?P<rest>.+)")
_NEGATED = "geo_decoder.output_proj."
"""Published negative inside; the published code turns the sign afterwards."""


def transformer_names(published: Iterable[str]) -> dict[str, Source]:
    """Names of the denoiser here -> the published tensors that they are; names that nothing is known of stay as they are."""
    return sources(((name, rename(name, _TRANSFORMER)) for name in published), negated=_NEGATED)


def vae_names(published: Iterable[str]) -> dict[str, Source]:
    """The same for the autoencoder."""
    published = list(published)
    cross = {match["side"] + match["number"] for name in published if (match := _BLOCK.fullmatch(name)) and ".attn2." in name}
    return sources(((name, _autoencoder_name(name, cross)) for name in published), negated=_NEGATED)


def image_encoder_names(published: Iterable[str]) -> dict[str, Source]:
    """The same for the image encoder, which has its published names behind those of its wrapping."""
    return {f"main_image_encoder.model.{name}": Source((name,)) for name in published}


def text_encoder_names(published: Iterable[str]) -> dict[str, Source]:
    """The same for the text encoder, which has its published names."""
    return {name: Source((name,)) for name in published}


def _autoencoder_name(name: str, cross: set[str]) -> str:
    """`cross` are the blocks with a cross attention: the encoder's first one and the decoder's last one."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        return rename(name, _AUTOENCODER)
    encoder, number = match["side"] == "encoder", int(match["number"])
    if match["side"] + match["number"] in cross:
        return (
            f"{'encoder.cross_attn' if encoder else 'geo_decoder.cross_attn_decoder'}.{rename(match['rest'], _CROSS_ATTENTION)}"
        )
    stack = f"encoder.self_attn.resblocks.{number - 1}" if encoder else f"transformer.resblocks.{number}"
    return f"{stack}.{rename(match['rest'], _SELF_ATTENTION)}"
