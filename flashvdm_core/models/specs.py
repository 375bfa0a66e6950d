"""What a model is: the sizes of its networks, one dataclass each, read from the parameters of a published config.yaml, and how
it is run. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..api.errors import CheckpointError
from ..api.fields import shown
from .spec import Spec, checked_number, listed


@dataclass(frozen=True)
class DiTSpec(Spec):
    """The two-stream, then one-stream diffusion transformer of Hunyuan3D-2 (`Hunyuan3DDiT`) and Step1X-3D (`FluxDenoiser`).

    Attributes:
        wide_time: the sinusoid of its time is as wide as itself, and reads the time as it counts it.
        time_at_noise, time_at_data: how it counts time then, of which the samplers' own runs from 0 to 1.
    """

    IGNORED = frozenset({"axes_dim", "theta", "time_factor", "ckpt_path"})
    LATER = frozenset({"wide_time", "time_at_noise", "time_at_data"})
    DIVIDED = (("hidden_size", "num_heads"),)

    in_channels: int = 64
    context_in_dim: int = 1536
    hidden_size: int = 1024
    mlp_ratio: float = 4.0
    num_heads: int = 16
    depth: int = 16
    depth_single_blocks: int = 32
    qkv_bias: bool = True
    guidance_embed: bool = False
    wide_time: bool = False
    time_at_noise: float = 0.0
    time_at_data: float = 1.0


@dataclass(frozen=True)
class SkipDiTSpec(Spec):
    """The transformer with long skips of Hunyuan3D-2.1 (`HunYuanDiTPlain`) and TripoSG (`TripoSGDiTModel`, without experts).

    Attributes:
        num_moe_layers: blocks with a mixture of experts, counted from the last one.
        norm_eps: of its layer norms.
        time_at_noise, time_at_data: how it counts time, of which the samplers' own runs from 0 to 1.
        context_dim_2: channels of the tokens of a second cross attention; 0: it has none.
        cross_scale, cross_scale_2: what the answers of the two cross attentions are multiplied by.
        part_tokens: tokens of one part, where it makes the parts of an object, one behind the other; 0: it makes a shape.
        max_parts: how many parts it tells apart, guidance's own ones counted.
        joint_blocks: the blocks whose self attention is over all parts, as bits: 5 is the first and the third.
    """

    IGNORED = frozenset({"input_size", "text_len", "ckpt_path"})
    LATER = frozenset({
        "norm_eps", "time_at_noise", "time_at_data", "context_dim_2", "cross_scale", "cross_scale_2", "part_tokens", "max_parts",
        "joint_blocks",
    })  # fmt: skip
    DIVIDED = (("hidden_size", "num_heads"),)
    # Switches of the published class that no published checkpoint turns; each would change the network.
    FIXED: ClassVar[Mapping[str, object]] = {
        "qk_norm": True,
        "qk_norm_type": "rms",
        "with_decoupled_ca": False,
        "use_attention_pooling": False,
        "use_pos_emb": False,
    }
    # No published checkpoint of this kind is guidance-distilled.
    guidance_embed: ClassVar[bool] = False

    in_channels: int
    hidden_size: int
    context_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float = 4.0
    qkv_bias: bool = False
    num_moe_layers: int = 6
    num_experts: int = 8
    moe_top_k: int = 2
    norm_eps: float = 1e-6
    time_at_noise: float = 0.0
    time_at_data: float = 1.0
    context_dim_2: int = 0
    cross_scale: float = 1.0
    cross_scale_2: float = 1.0
    part_tokens: int = 0
    max_parts: int = 0
    joint_blocks: int = 0

    @classmethod
    def from_config(cls, params: Mapping[str, Any]) -> Self:
        """See `Spec.from_config`; CheckpointError also names a switch that would make another network."""
        for name, expected in cls.FIXED.items():
            if params.get(name, expected) != expected:
                found = shown(params[name])
                raise CheckpointError(
                    f"The config sets {name} to {found}, but only {expected!r} is supported; use another checkpoint."
                )
        return super().from_config({name: value for name, value in params.items() if name not in cls.FIXED})


@dataclass(frozen=True)
class ShapeVAESpec(Spec):
    """The vecset autoencoder (`ShapeVAE`; TripoSG's `TripoSGVAEModel`, Step1X-3D's `MichelangeloAutoencoder`).

    Defaults are those of the published code of the first.

    Attributes:
        encoder_width: of the encoder; 0 is `width`.
        query_ratio: how many surface points stand for election for each query of the encoder, which then reads all points; 0: it
            reads the `downsample_ratio` points that each query is chosen from.
        norm_eps: of its layer norms, but for the last ones of encoder and point decoder, and for those of queries and keys.
        sharp_branch: its encoder reads points on sharp edges by a projection and an attention of their own.
    """

    IGNORED = frozenset({"label_type", "drop_path_rate", "ckpt_path", "force_recreate_path", "use_ln_post"})
    LATER = frozenset({"encoder_width", "query_ratio", "norm_eps", "sharp_branch"})
    DIVIDED = (("width", "heads"), ("encoder_width", "heads"), ("heads", "geo_decoder_downsample_ratio"))

    num_latents: int
    embed_dim: int
    width: int
    heads: int
    num_decoder_layers: int
    num_encoder_layers: int = 8
    pc_size: int = 5120
    pc_sharpedge_size: int = 5120
    point_feats: int = 3
    downsample_ratio: int = 20
    num_freqs: int = 8
    include_pi: bool = True
    qkv_bias: bool = True
    qk_norm: bool = False
    scale_factor: float = 1.0
    geo_decoder_downsample_ratio: int = 1
    geo_decoder_mlp_expand_ratio: int = 4
    geo_decoder_ln_post: bool = True
    encoder_width: int = 0
    query_ratio: int = 0
    norm_eps: float = 1e-6
    sharp_branch: bool = False

    @property
    def inner_encoder_width(self) -> int:
        """Width of the encoder."""
        return self.encoder_width or self.width

    @property
    def point_decoder(self) -> PointDecoderSpec:
        """The point decoder's part."""
        return PointDecoderSpec(
            width=self.width,
            heads=self.heads,
            mlp_expand_ratio=self.geo_decoder_mlp_expand_ratio,
            downsample_ratio=self.geo_decoder_downsample_ratio,
            enable_ln_post=self.geo_decoder_ln_post,
            qkv_bias=self.qkv_bias,
            qk_norm=self.qk_norm,
            num_freqs=self.num_freqs,
            include_pi=self.include_pi,
            norm_eps=self.norm_eps,
        )


@dataclass(frozen=True)
class PointDecoderSpec(Spec):
    """The cross-attention point decoder (`CrossAttentionDecoder`); `width` and `heads` before division."""

    IGNORED = frozenset({"num_latents", "out_channels", "label_type"})

    width: int
    heads: int
    mlp_expand_ratio: int = 4
    downsample_ratio: int = 1
    enable_ln_post: bool = True
    qkv_bias: bool = True
    qk_norm: bool = False
    num_freqs: int = 8
    include_pi: bool = True
    norm_eps: float = 1e-6

    @property
    def inner_width(self) -> int:
        return self.width // self.downsample_ratio

    @property
    def inner_heads(self) -> int:
        return self.heads // self.downsample_ratio


@dataclass(frozen=True)
class PixelAlignedSpec(Spec):
    """A pixel-aligned point decoder and its image encoder (`models.pixel_aligned`).

    Attributes:
        image_size: side of the picture in pixels that it was trained for last; a multiple of 16.
        channels: of the image encoder's U-Net at half the picture's size; twice as many come out of it.
        coarse_factor: how many times wider than that follows from it the U-Net is at an eighth and a sixteenth of the picture,
            where what a thing is is told from afar and a channel costs little.
        heads, blocks: of the transformer at a sixteenth.
        position_side: of the learned grid of positions, which is resized to a sixteenth of the picture.
        depth_bins: of the coarse volume along w.
        tokens: how many tokens the point decoder reads.
        width, decoder_heads, num_freqs, mlp_expand_ratio: of the point decoder, as in `PointDecoderSpec`; `width` is that of the
            decoded latents. It is an efficient one: its own width is half of that, without a last norm.
        truncation: distance in its frame that a logit of 1 stands for.
        rim: logits that are added at the picture's outline where the shape most likely is (`decoding.pixel_aligned`).
        variation: how many numbers the image encoder reads of what a picture can't tell; 0: none.
    """

    LATER = frozenset({"rim", "variation"})

    image_size: int = 96
    channels: int = 24
    coarse_factor: int = 1
    heads: int = 4
    blocks: int = 2
    position_side: int = 6
    depth_bins: int = 32
    tokens: int = 64
    width: int = 256
    decoder_heads: int = 4
    num_freqs: int = 5
    mlp_expand_ratio: int = 2
    truncation: float = 0.05
    rim: float = 0.25
    variation: int = 0

    @property
    def plane_channels(self) -> int:
        """Channels of the description of each pixel."""
        return 2 * self.channels

    @property
    def point_decoder(self) -> PointDecoderSpec:
        """The point decoder's part."""
        return PointDecoderSpec(
            width=self.width,
            heads=self.decoder_heads,
            mlp_expand_ratio=self.mlp_expand_ratio,
            downsample_ratio=2,
            enable_ln_post=False,
            qkv_bias=False,
            num_freqs=self.num_freqs,
            include_pi=False,
        )


@dataclass(frozen=True)
class DinoSpec(Spec):
    """DINOv2 vision transformer, by the key names of its published config; with register tokens where it has any."""

    IGNORED = frozenset(
        {
            "attention_probs_dropout_prob", "drop_path_rate", "hidden_act", "hidden_dropout_prob", "initializer_range",
            "model_type", "torch_dtype", "dtype", "attn_implementation", "architectures", "apply_layernorm", "out_features",
            "out_indices", "reshape_hidden_states", "stage_names", "transformers_version", "use_mask_token",
        }
    )  # fmt: skip
    LATER = frozenset({"num_register_tokens"})
    DIVIDED = (("hidden_size", "num_attention_heads"),)

    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_ratio: int = 4
    patch_size: int = 14
    image_size: int = 518
    num_channels: int = 3
    qkv_bias: bool = True
    layer_norm_eps: float = 1e-6
    layerscale_value: float = 1.0
    use_swiglu_ffn: bool = False
    num_register_tokens: int = 0


@dataclass(frozen=True)
class TextEncoderSpec(Spec):
    """CLIP's text encoder, by the key names of its published config. `quick_gelu` is its `hidden_act`."""

    DIVIDED = (("hidden_size", "num_attention_heads"),)

    vocab_size: int = 49408
    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    layer_norm_eps: float = 1e-5
    quick_gelu: bool = True


@dataclass(frozen=True)
class ConditionerSpec(Spec):
    """The image conditioner around DINOv2 (`SingleImageEncoder` with a `DinoImageEncoder` or `DinoImageEncoderMV`)."""

    dino: DinoSpec
    image_size: int
    use_cls_token: bool = True
    view_num: int = 0

    @classmethod
    def from_config(cls, params: Mapping[str, Any]) -> Self:
        """From the published section: `{main_image_encoder: {type, kwargs: {config, image_size, ...}}}`."""
        try:
            section = params["main_image_encoder"]
            kwargs, kind = dict(section["kwargs"]), str(section["type"])
            config, image_size = kwargs.pop("config"), kwargs.pop("image_size")
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"The conditioner's config is incomplete: {error} is missing.") from error
        if kind not in ("DinoImageEncoder", "DinoImageEncoderMV"):
            raise CheckpointError(
                f"The image encoder {shown(kind)} is not supported; DinoImageEncoder and DinoImageEncoderMV are."
            )
        views = checked_number("view_num", kwargs.pop("view_num", 4), "int") if kind == "DinoImageEncoderMV" else 0
        cls_token = checked_number("use_cls_token", kwargs.pop("use_cls_token", True), "bool")
        kwargs.pop("version", None)
        if kwargs:
            raise CheckpointError(f"The conditioner's config has unknown keys: {listed(sorted(map(str, kwargs)))}.")
        if not isinstance(config, Mapping):
            raise CheckpointError("The conditioner's config has no sizes of its image encoder; download it again.")
        spec = cls(DinoSpec.from_config(config), checked_number("image_size", image_size, "int"), cls_token, views)
        if spec.dino.patch_size > min(spec.image_size, spec.dino.image_size):
            raise CheckpointError("The conditioner's config has patches larger than its images; download it again.")
        return spec

    def to_config(self) -> dict[str, Any]:
        """The published section; see `from_config`."""
        kwargs = {"config": self.dino.to_config(), "image_size": self.image_size, "use_cls_token": self.use_cls_token}
        if self.view_num:
            return {"main_image_encoder": {"type": "DinoImageEncoderMV", "kwargs": kwargs | {"view_num": self.view_num}}}
        return {"main_image_encoder": {"type": "DinoImageEncoder", "kwargs": kwargs}}


@dataclass(frozen=True)
class ProcessorSpec:
    """How the images are brought into the model's form: square of `size` pixels, the object inside a border.

    Attributes:
        border_ratio: share of the square that is border, both sides together; of a padded picture the share of the object's
            longer side that is added on each side.
        multi_view: whether it takes several views.
        padded_to: the shorter side of the padded picture, of which the middle square is taken; 0: it is not padded but fitted.
        drawing: the whole picture is a drawing, from which nothing is cut out.
    """

    size: int = 512
    border_ratio: float = 0.15
    multi_view: bool = False
    padded_to: int = 0
    drawing: bool = False


ScheduleKind = Literal["flow_matching", "rectified_flow", "zero_init", "consistency"]


@dataclass(frozen=True)
class ScheduleSpec:
    """How the model wants its time steps.

    Attributes:
        kind: "flow_matching" (Euler), "rectified_flow" (the same with TripoSG's nodes), "zero_init" (with those of diffusers, and
            without the first step, as Step1X-3D has it) or "consistency" (few steps between the phases it was distilled on).
        train_timesteps: units of time in training.
        shift: time shift of flow matching; 1 is none.
        pcm_timesteps: number of phases of a consistency model.
    """

    kind: ScheduleKind = "flow_matching"
    train_timesteps: int = 1000
    shift: float = 1.0
    pcm_timesteps: int = 50

    @property
    def default_steps(self) -> int:
        """Steps of the published pipelines, where a model's config names no number of its own."""
        return 5 if self.kind == "consistency" else 50


Frame = Literal["canonical", "view"]
"""How a shape stands: "canonical" as its kind usually does, front first; "view" upright, turned as it was seen in the picture."""

DEFAULT_GUIDANCE = 5.0
"""Guidance scale of the published pipelines, where a model's config names none of its own."""

PUBLISHED_TRUNCATION = 0.05 / 1.5
"""Distance (core frame) at which the logits of published models reach 1, about, where a model's config names none of its own."""


@dataclass(frozen=True)
class ModelSpec:
    """A whole model, without its weights.

    Attributes:
        dit, vae, conditioner: the networks' sizes.
        processor: how its images are prepared.
        schedule: how its time steps are chosen.
        steps, guidance: the model's own number of steps and guidance scale; None for those of the published pipelines.
        truncation: distance (core frame) at which its logits reach 1; 0 where the config does not say.
        pixel_aligned: of the point decoder whose queries read the picture, where it has one.
        text: of the encoder of a prompt, where it takes one.
    """

    dit: DiTSpec | SkipDiTSpec
    vae: ShapeVAESpec
    conditioner: ConditionerSpec
    processor: ProcessorSpec = ProcessorSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    steps: int | None = None
    guidance: float | None = None
    truncation: float = 0.0
    pixel_aligned: PixelAlignedSpec | None = None
    text: TextEncoderSpec | None = None

    @property
    def frame(self) -> Frame:
        """Which way shapes made from one picture look."""
        return "canonical" if self.pixel_aligned is None else "view"

    @property
    def most_parts(self) -> int:
        """How many parts of an object it makes at most; 0: it makes one shape."""
        return self.dit.max_parts // 2 if isinstance(self.dit, SkipDiTSpec) and self.dit.part_tokens else 0

    @property
    def guidance_embed(self) -> bool:
        """Whether the DiT takes the guidance scale as an input; otherwise guidance is classifier-free."""
        return self.dit.guidance_embed

    @property
    def views(self) -> int:
        """How many images it takes at most."""
        return self.conditioner.view_num or 1

    @property
    def default_steps(self) -> int:
        """Steps that it is sampled with unless a task says otherwise."""
        return self.schedule.default_steps if self.steps is None else self.steps

    @property
    def default_guidance(self) -> float:
        """Guidance scale that it is sampled with unless a task says otherwise."""
        return DEFAULT_GUIDANCE if self.guidance is None else self.guidance
