"""The one table of the public checkpoints that this project can run. Data only: no torch, nothing touches the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ..api.units import GIB
from ..models.specs import (
    ConditionerSpec,
    DinoSpec,
    DiTSpec,
    ModelSpec,
    ProcessorSpec,
    ScheduleSpec,
    ShapeVAESpec,
    SkipDiTSpec,
    TextEncoderSpec,
)
from . import step1x, triposg


class Speed(StrEnum):
    """How often the denoiser runs for a shape, which is what a generation's time goes with."""

    BASE = "base"
    """Some fifty steps, with and without the image: best, and slowest."""
    FAST = "fast"
    """Guidance distilled: half of that."""
    TURBO = "turbo"
    """Steps distilled as well: five in all."""


@dataclass(frozen=True)
class Licence:
    """The terms of the weights.

    Attributes:
        name: as the publisher calls it.
        excluded: places where it does not hold, results included; empty where it holds everywhere.
        files: files at the root of the repository that are kept beside the weights; the first one holds the terms.
    """

    name: str
    excluded: tuple[str, ...] = ()
    files: tuple[str, ...] = ("LICENSE", "NOTICE")

    @property
    def territory(self) -> str:
        """Where it does not hold, in words; "" where it holds everywhere."""
        if not self.excluded:
            return ""
        *others, last = self.excluded
        return f"not licensed in {', '.join(others)}{' and ' if others else ''}{last}, results included"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: in the model's folder.
        size: bytes; None where only the publisher's server says.
        sha256: in hexadecimal; "" where only the publisher's server says.
        about: roughly its bytes, where `size` is not known.
        optional: the model runs without it where the repository has none.
    """

    path: str
    size: int | None = None
    sha256: str = ""
    about: int = 0
    optional: bool = False


@dataclass(frozen=True)
class KnownCheckpoint:
    """One public checkpoint: a whole model, or a stand-alone VAE.

    Attributes:
        name: what a user calls it; also its folder in the repository unless `folder` says otherwise.
        repository: "owner/name" on the Hugging Face hub.
        revision: the commit of the repository that is meant; "": the newest one when its terms are first looked at, which is
            kept beside the files from then on.
        description: a few words for a list.
        licence: the terms of the weights.
        model: sizes, schedule and defaults as the model runs: with the VAE `vae` where there is one. None for a stand-alone VAE.
        files: the files that are needed, and no others of the folder.
        vae: name of the stand-alone VAE with the efficient decoder that replaces the model's own, if there is one.
        memory: bytes of the device that it needs in half precision at the default resolution: with all parts there, and with its
            parts in turns. Zeros for a VAE.
        folder: of the repository, where it is not called like the model; "": the whole repository is one model.
    """

    name: str
    repository: str
    revision: str
    description: str
    licence: Licence
    files: tuple[ModelFile, ...]
    model: ModelSpec | None = None
    vae: str = ""
    memory: tuple[int, int] = (0, 0)
    folder: str | None = None

    def place_of(self, file: ModelFile) -> str:
        """The path of a file in the repository."""
        folder = self.name if self.folder is None else self.folder
        return f"{folder}/{file.path}" if folder else file.path

    @property
    def url(self) -> str:
        """Its page, at the revision that is meant where one is."""
        folder = self.name if self.folder is None else self.folder
        return f"https://huggingface.co/{self.repository}/tree/{self.revision or 'main'}/{folder}".rstrip("/")

    @property
    def title(self) -> str:
        """What it is called in a list: its family and its speed."""
        family = self.repository.partition("/")[2]
        kind = self.speed or self.name.rpartition("-")[2]
        return f"{family} {kind}" if self.speed else f"{family} VAE" if kind.isdigit() else f"{family} {kind} VAE"

    @property
    def bytes_with_vae(self) -> int:
        """Roughly the bytes of its files, and of those of the VAE that is used with it."""
        return self.bytes + (KNOWN[self.vae].bytes if self.vae else 0)

    @property
    def bytes(self) -> int:
        """Roughly the bytes of its files."""
        return sum(file.size or file.about for file in self.files)

    @property
    def speed(self) -> Speed | None:
        """How fast it is among models of its size; None for a VAE."""
        if self.model is None:
            return None
        if self.model.schedule.kind == "consistency":
            return Speed.TURBO
        return Speed.FAST if self.model.guidance_embed or self.model.guidance == 1.0 else Speed.BASE

    @property
    def inputs(self) -> str:
        """What it makes a shape from, in words; "" for a VAE."""
        if self.model is None:
            return ""
        if self.model.text is not None:
            return "a drawing and a prompt"
        return f"up to {self.model.views} images: front, left, back, right" if self.model.views > 1 else "one image"


_MIT = Licence("MIT License", files=("README.md", "LICENSE"))
"""The terms are named in the card of the model; not every repository has a file of them."""
_APACHE = Licence("Apache License 2.0", files=("README.md", "LICENSE"))
_TENCENT_EXCLUDED = ("the European Union", "the United Kingdom", "South Korea")
_HUNYUAN_2_0 = Licence("Tencent Hunyuan 3D 2.0 Community License Agreement", _TENCENT_EXCLUDED)
_HUNYUAN_2_1 = Licence("Tencent Hunyuan 3D 2.1 Community License Agreement", _TENCENT_EXCLUDED)
# Repository and revision.
_V2_0 = ("tencent/Hunyuan3D-2", "9cd649ba6913f7a852e3286bad86bfa9a2d83dcf")
_MINI = ("tencent/Hunyuan3D-2mini", "b84a30f453ff5d92ea51556ca8a37713910fd97b")
_MULTI_VIEW = ("tencent/Hunyuan3D-2mv", "3a761b539b29fe4ff64714813aa9560fd66f5de0")
_V2_1 = ("tencent/Hunyuan3D-2.1", "0b94677654c57bb9a6b6845cd7b704ccf551d327")
_TRIPOSG = ("VAST-AI/TripoSG", "2c1c516d22d58db486a058d98d31bb6177344e06")
_SCRIBBLE = ("VAST-AI/TripoSG-scribble", "")
_PARTCRAFTER = ("wgsxm/PartCrafter", "69a0ffc1dad5e48e7e5ed91c0609f2b1276eb31f")
_STEP1X = ("stepfun-ai/Step1X-3D", "bf7084495b3a72222f36549b7942948aa4d9daa7")
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
    SkipDiTSpec(in_channels=64, hidden_size=2048, context_dim=1024, depth=21, num_heads=16),
    replace(_BASE_VAE, num_latents=4096),
    ConditionerSpec(_LARGE, 518),
)

_DIT_TRIPOSG = ModelSpec(
    triposg.dit_spec({}),
    triposg.vae_spec({"num_latents": 2048}),
    ConditionerSpec(_LARGE, 224),
    ProcessorSpec(224, 0.1, padded_to=256),
    ScheduleSpec("rectified_flow"),
    steps=50,
    guidance=7.0,
)
# Sizes by the defaults of the published code, for the memory that is told; those of the files count where it is run.
_DIT_SCRIBBLE = replace(
    _DIT_TRIPOSG,
    dit=triposg.dit_spec({"use_cross_attention_2": True}),
    vae=triposg.vae_spec({"num_latents": 512}),
    processor=replace(_DIT_TRIPOSG.processor, drawing=True),
    steps=16,
    guidance=1.0,
    text=TextEncoderSpec(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, quick_gelu=False
    ),
)
_DIT_PARTCRAFTER = replace(
    _DIT_TRIPOSG,
    dit=triposg.parts_dit_spec({"global_attn_block_ids": list(range(0, 21, 2)), "part_tokens": 1024}),
    vae=triposg.vae_spec({"num_latents": 1024}),
)
_DIT_STEP1X = ModelSpec(
    step1x.dit_spec({"input_channels": 64, "width": 1280, "layers": 12, "num_single_layers": 24, "num_heads": 20}),
    step1x.vae_spec({
        "n_samples": 32768, "num_latents": 2048, "point_feats": 3, "width": 768, "heads": 12, "include_pi": False,
        "qkv_bias": False,
    }),
    ConditionerSpec(step1x.ENCODERS["facebook/dinov2-with-registers-large"], 518),
    ProcessorSpec(518, step1x.BORDER),
    ScheduleSpec("zero_init"),
    steps=50,
    guidance=7.5,
)  # fmt: skip


def _files(weights: ModelFile, config: ModelFile | None = None) -> tuple[ModelFile, ...]:
    return (config or ModelFile("config.yaml", about=3000), weights)


def _half(size: int | None = None, sha256: str = "", about: int = 0) -> tuple[ModelFile, ...]:
    """A config, and weights in half precision."""
    return _files(ModelFile("model.fp16.safetensors", size, sha256, about))


_TRIPOSG_CONFIGS = (
    "model_index.json", "transformer/config.json", "vae/config.json", "scheduler/scheduler_config.json",
    "image_encoder_dinov2/config.json", "feature_extractor_dinov2/preprocessor_config.json",
)  # fmt: skip
_STEP1X_CONFIGS = (
    "model_index.json", "transformer/config.json", "vae/config.json", "scheduler/scheduler_config.json",
    "visual_encoder/config.json",
)  # fmt: skip
_TOKENIZER_CONFIGS = ("tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json")


def _memory(whole: float, in_turns: float) -> tuple[int, int]:
    """From GiB."""
    return round(whole * GIB), round(in_turns * GIB)


_TABLE = (
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-turbo", *_MINI, "mini: 5 steps, small file", _HUNYUAN_2_0,
        _half(3_819_958_234, "bdbcef30dd0149a281e17d5b5b1fdad1122c904e098a42f3100e04e03c247bc4"),
        _DIT_MINI_TURBO, _MINI_TURBO_VAE, _memory(4.2, 2.6),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-fast", *_MINI, "mini: guidance distilled", _HUNYUAN_2_0,
        _half(about=3_820_000_000), _fast(_DIT_MINI), _MINI_TURBO_VAE, _memory(4.1, 2.4),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini", *_MINI, "mini: 50 steps", _HUNYUAN_2_0,
        _half(about=3_820_000_000), _DIT_MINI, _MINI_TURBO_VAE, _memory(4.1, 2.4),
    ),
    KnownCheckpoint(
        _MINI_TURBO_VAE, *_MINI, "mini: the VAE with the efficient decoder", _HUNYUAN_2_0,
        _half(sha256="5dcaca67a8da9e7079fb7b55714a572d0651ac95983bb43099913feaf6738f94", about=400_000_000),
    ),
    KnownCheckpoint(
        "hunyuan3d-vae-v2-mini-withencoder", *_MINI, "mini: the VAE with its encoder, to start from a mesh", _HUNYUAN_2_0,
        _files(ModelFile("model.fp16.ckpt", about=656_000_000)),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-0-turbo", *_V2_0, "2.0: 5 steps", _HUNYUAN_2_0,
        _half(about=4_930_000_000), _turbo(_DIT_2_0), _TURBO_VAE, _memory(5.1, 2.5),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-0-fast", *_V2_0, "2.0: guidance distilled", _HUNYUAN_2_0,
        _half(about=4_930_000_000), _fast(_DIT_2_0), _TURBO_VAE, _memory(5.1, 2.5),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-0", *_V2_0, "2.0: 50 steps with guidance", _HUNYUAN_2_0,
        _half(4_928_151_562, "360bc281fc956d4acac0c3d36d5ec0ebf8cdddbf4b8892e894d12419388d479b"),
        _DIT_2_0, _TURBO_VAE, _memory(5.2, 2.7),
    ),
    KnownCheckpoint(
        _TURBO_VAE, *_V2_0, "2.0: the VAE with the efficient decoder", _HUNYUAN_2_0, _half(about=400_000_000),
    ),
    KnownCheckpoint(
        "hunyuan3d-vae-v2-0-withencoder", *_V2_0, "2.0: the VAE with its encoder, to start from a mesh", _HUNYUAN_2_0,
        _half(about=650_000_000),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-turbo", *_MULTI_VIEW, "up to 4 views: 5 steps", _HUNYUAN_2_0,
        _half(about=4_930_000_000), _turbo(_DIT_MV), _TURBO_VAE, _memory(5.2, 2.7),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-fast", *_MULTI_VIEW, "up to 4 views: guidance distilled", _HUNYUAN_2_0,
        _half(about=4_930_000_000), _fast(_DIT_MV), _TURBO_VAE, _memory(5.2, 2.7),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv", *_MULTI_VIEW, "up to 4 views: 50 steps", _HUNYUAN_2_0,
        _files(
            _half(4_928_151_562, "d36f5881bcdc56726b73e517cd444c13c60732431622da7268145355c8d38e9c")[1],
            ModelFile("config.yaml", None, "315fd5bf601d1d103130b9fda202f1bd28eda495e68ed1621bc823d5519c5e5b", 3000),
        ),
        _DIT_MV, _TURBO_VAE, _memory(5.6, 3.1),
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-1", *_V2_1, "2.1: mixture of experts, 50 steps", _HUNYUAN_2_1,
        _files(
            ModelFile("model.fp16.ckpt", 7_366_389_768, "6b519fc7242f78e9b5f47ea4d55668fe3d944a2d27332f4ca68d29a6ff603f5e"),
            ModelFile("config.yaml", 2_078, "a9e9b66f0163a9b827d730633ac88f47fcc8e3071dcbb9ee12d88ef7537c5c6e"),
        ),
        _DIT_2_1, memory=_memory(7.9, 6.9),
    ),
    KnownCheckpoint(
        "hunyuan3d-vae-v2-1", *_V2_1, "2.1: the VAE with its encoder, to start from a mesh", _HUNYUAN_2_1,
        _files(ModelFile("model.fp16.ckpt", 655_648_152)),
    ),
    KnownCheckpoint(
        "triposg", *_TRIPOSG, "licensed everywhere: 50 steps with guidance", _MIT,
        (
            *(ModelFile(name, about=1000) for name in _TRIPOSG_CONFIGS),
            ModelFile(
                "transformer/diffusion_pytorch_model.safetensors", 5_758_280_104,
                "9192b5923f7b605b394192809aa2ceb73bf0f4009674d8e3b999b45bb97d4bf2",
            ),
            ModelFile(
                "vae/diffusion_pytorch_model.safetensors", 970_685_468,
                "a2e667c24927a5a35e5f19fcb4c75890e9399aa966b6db8131d7df733a750c8b",
            ),
            ModelFile(
                "image_encoder_dinov2/model.safetensors", 1_217_522_888,
                "399fba97a95f22c36834418bc69373364a99af3a1153da1c0fb31db567c92e23",
            ),
        ),
        _DIT_TRIPOSG, memory=_memory(4.5, 3.4), folder="",
    ),
    KnownCheckpoint(
        "triposg-scribble", *_SCRIBBLE, "licensed everywhere: a drawing and a prompt, 16 steps", _MIT,
        (
            *(ModelFile(name, about=1000) for name in (*_TRIPOSG_CONFIGS, "text_encoder/config.json")),
            *(ModelFile(name, about=1000, optional=True) for name in _TOKENIZER_CONFIGS),
            ModelFile("tokenizer/vocab.json", about=1_100_000),
            ModelFile("tokenizer/merges.txt", about=530_000),
            ModelFile("transformer/diffusion_pytorch_model.safetensors", about=6_800_000_000),
            ModelFile("vae/diffusion_pytorch_model.safetensors", about=970_000_000),
            ModelFile("image_encoder_dinov2/model.safetensors", about=1_220_000_000),
            ModelFile("text_encoder/model.safetensors", about=1_400_000_000),
        ),
        _DIT_SCRIBBLE, memory=_memory(5.6, 3.6), folder="",
    ),
    KnownCheckpoint(
        "partcrafter", *_PARTCRAFTER, "licensed everywhere: an object in parts, 50 steps with guidance", _MIT,
        (
            *(ModelFile(name, about=1000) for name in _TRIPOSG_CONFIGS),
            ModelFile("transformer/diffusion_pytorch_model.safetensors", about=5_760_000_000),
            ModelFile("vae/diffusion_pytorch_model.safetensors", about=970_000_000),
            ModelFile("image_encoder_dinov2/model.safetensors", about=1_220_000_000),
        ),
        _DIT_PARTCRAFTER, memory=_memory(4.5, 3.2), folder="",
    ),
    KnownCheckpoint(
        "step1x-3d-geometry", *_STEP1X, "licensed everywhere: 50 steps with guidance", _APACHE,
        (
            *(ModelFile(name, about=1000) for name in _STEP1X_CONFIGS),
            ModelFile("transformer/diffusion_pytorch_model.safetensors", about=5_270_000_000),
            ModelFile("vae/diffusion_pytorch_model.safetensors", about=770_000_000),
            ModelFile("visual_encoder/diffusion_pytorch_model.safetensors", about=1_220_000_000),
        ),
        _DIT_STEP1X, memory=_memory(4.0, 3.1), folder="Step1X-3D-Geometry-1300m",
    ),
)  # fmt: skip

KNOWN: Mapping[str, KnownCheckpoint] = {checkpoint.name: checkpoint for checkpoint in _TABLE}
"""Every public checkpoint, in the order of a list."""

MODELS: Mapping[str, ModelSpec] = {checkpoint.name: checkpoint.model for checkpoint in _TABLE if checkpoint.model}
"""Of those the whole models."""
