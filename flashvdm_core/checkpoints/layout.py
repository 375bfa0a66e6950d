"""The published layouts: what the sections of a config say of a model, read and written. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from ..api.errors import CheckpointError
from ..api.fields import shown
from ..models.specs import (
    ConditionerSpec,
    DiTSpec,
    ModelSpec,
    PixelAlignedSpec,
    ProcessorSpec,
    ScheduleKind,
    ScheduleSpec,
    ShapeVAESpec,
    SkipDiTSpec,
    TextEncoderSpec,
)
from . import step1x, triposg
from .config import Config, number
from .diffusers_layout import TEXT, ZERO_INIT

T = TypeVar("T")

_PACKAGE = "hy3dgen.shapegen"
Reader = Callable[[Mapping[str, Any]], T]
"""What a section says -> the spec of it."""

_DENOISERS: Mapping[str, Reader[DiTSpec | SkipDiTSpec]] = {
    "Hunyuan3DDiT": DiTSpec.from_config,
    "HunYuanDiTPlain": SkipDiTSpec.from_config,
    "TripoSGDiTModel": triposg.dit_spec,
    "PartCrafterDiTModel": triposg.parts_dit_spec,
    "FluxDenoiser": step1x.dit_spec,
}
_VAES: Mapping[str, Reader[ShapeVAESpec]] = {
    "ShapeVAE": ShapeVAESpec.from_config,
    "TripoSGVAEModel": triposg.vae_spec,
    "MichelangeloAutoencoder": step1x.vae_spec,
}
_CONDITIONERS: Mapping[str, Reader[ConditionerSpec]] = {
    "SingleImageEncoder": ConditionerSpec.from_config,
    "Dinov2Model": triposg.conditioner_spec,
    "Dinov2Encoder": step1x.conditioner_spec,
}
_WRITTEN: Mapping[type[DiTSpec | SkipDiTSpec | ShapeVAESpec | ConditionerSpec], str] = {
    DiTSpec: "Hunyuan3DDiT", SkipDiTSpec: "HunYuanDiTPlain", ShapeVAESpec: "ShapeVAE", ConditionerSpec: "SingleImageEncoder",
}  # fmt: skip
"""Class names of the published code that a network is written down as."""
_SCHEDULERS: Mapping[str, ScheduleKind] = {
    "FlowMatchEulerDiscreteScheduler": "flow_matching",
    "RectifiedFlowScheduler": "rectified_flow",
    ZERO_INIT: "zero_init",
    "ConsistencyFlowMatchEulerDiscreteScheduler": "consistency",
}
_PIXEL_ALIGNED, _PIXEL_ALIGNED_TARGET = "pixel_aligned", "flashvdm_core.models.pixel_aligned.PixelAlignedDecoder"
"""Our own section, for a point decoder that no published model has, and what it holds."""
_MOST_TIMESTEPS, _MOST_PIXELS = 100_000, 1 << 14


def read_model_spec(config: Config) -> ModelSpec:
    """The whole model of a config, with its own VAE.

    Raises:
        CheckpointError: a section is missing, or is of something else.
    """
    steps = config.defaults.get("steps")
    dit, vae, conditioner, processor = dit_spec(config), vae_spec(config), conditioner_spec(config), processor_spec(config)
    text = text_spec(config)
    if vae.embed_dim != dit.in_channels:
        raise CheckpointError(
            f"The DiT and the VAE of {config.folder} have different latent channels; choose parts of one model."
        )
    widths = (conditioner.dino.hidden_size, 0) if text is None else (text.hidden_size, conditioner.dino.hidden_size)
    wanted = (dit.context_in_dim, 0) if isinstance(dit, DiTSpec) else (dit.context_dim, dit.context_dim_2)
    if widths != wanted or processor.multi_view != (conditioner.view_num > 0):
        raise CheckpointError(
            f"The DiT, the image encoder and the image processor of {config.folder} do not fit together; download it again."
        )
    return ModelSpec(
        dit,
        vae,
        conditioner,
        processor,
        schedule_spec(config),
        None if steps is None else int(steps),
        config.defaults.get("guidance"),
        config.defaults.get("truncation", 0.0),
        pixel_aligned_spec(config),
        text,
    )


def write_model_spec(spec: ModelSpec) -> dict[str, Any]:
    """The `config.yaml` of a whole model, which `read_model_spec` reads."""
    scheduler, processor = spec.schedule, spec.processor
    times: dict[str, Any] = {"num_train_timesteps": scheduler.train_timesteps}
    if scheduler.kind == "consistency":
        times["pcm_timesteps"] = scheduler.pcm_timesteps
    else:
        times["shift"] = scheduler.shift
    aligned = spec.pixel_aligned
    images: dict[str, Any] = {"size": processor.size, "border_ratio": processor.border_ratio}
    if processor.padded_to:
        images["padded_to"] = processor.padded_to
    return {
        "model": _written(spec.dit),
        "vae": _written(spec.vae),
        "conditioner": _written(spec.conditioner),
        "scheduler": _target("schedulers", _name_of(_SCHEDULERS, scheduler.kind), times),
        "image_processor": _target("preprocessors", "MVImageProcessorV2" if processor.multi_view else "ImageProcessorV2", images),
        **({_PIXEL_ALIGNED: {"target": _PIXEL_ALIGNED_TARGET, "params": aligned.to_config()}} if aligned else {}),
    } | _defaults(steps=spec.default_steps, guidance=spec.default_guidance, truncation=spec.truncation)


def write_vae_spec(spec: ShapeVAESpec, truncation: float, *, scaled: bool = True) -> dict[str, Any]:
    """The `config.yaml` of a stand-alone VAE; where it is not `scaled`, nothing is said of the scale of its latents."""
    written = _written(spec)
    if not scaled:
        del written["params"]["scale_factor"]
    return written | _defaults(truncation=truncation)


def dit_spec(config: Config) -> DiTSpec | SkipDiTSpec:
    """The section "model"."""
    return _read(config, "model", _DENOISERS)


def vae_spec(config: Config) -> ShapeVAESpec:
    """The section "vae"."""
    return _read(config, "vae", _VAES)


def conditioner_spec(config: Config) -> ConditionerSpec:
    """The section "conditioner"."""
    return _read(config, "conditioner", _CONDITIONERS)


def schedule_spec(config: Config) -> ScheduleSpec:
    """The section "scheduler"."""
    section = config.section("scheduler")
    if section.target not in _SCHEDULERS:
        raise CheckpointError(f"The scheduler '{section.target}' of {config.folder} is not supported; use another checkpoint.")
    params, kind = section.params, _SCHEDULERS[section.target]
    train_timesteps = _integer(params, "num_train_timesteps", 1000)
    if kind == "consistency":
        return ScheduleSpec(kind, train_timesteps, pcm_timesteps=_integer(params, "pcm_timesteps", 50))
    return ScheduleSpec(kind, train_timesteps, shift=number(params, "shift", 1.0))


def processor_spec(config: Config) -> ProcessorSpec:
    """The section "image_processor"."""
    return _read(config, "image_processor", _PROCESSORS)


def _fitted(params: Mapping[str, Any], *, multi_view: bool = False) -> ProcessorSpec:
    border = number(params, "border_ratio", 0.15)
    if border >= 1:
        raise CheckpointError(f"The config has border_ratio: {border:g}, which leaves no room; download config.yaml again.")
    size = _integer(params, "size", 512, _MOST_PIXELS)
    padded_to = _integer(params, "padded_to", size, _MOST_PIXELS) if "padded_to" in params else 0
    return ProcessorSpec(size, border, multi_view, padded_to)


_PROCESSORS: Mapping[str, Reader[ProcessorSpec]] = {
    "ImageProcessorV2": _fitted,
    "MVImageProcessorV2": partial(_fitted, multi_view=True),
    "BitImageProcessor": triposg.processor_spec,
}


def pixel_aligned_spec(config: Config) -> PixelAlignedSpec | None:
    """The section "pixel_aligned", which few models have."""
    if _PIXEL_ALIGNED not in config.sections:
        return None
    return _read(config, _PIXEL_ALIGNED, {_PIXEL_ALIGNED_TARGET.rpartition(".")[2]: PixelAlignedSpec.from_config})


def text_spec(config: Config) -> TextEncoderSpec | None:
    """The section "text", which models that take a prompt have."""
    if TEXT not in config.sections:
        return None
    return _read(config, TEXT, {"CLIPTextModelWithProjection": triposg.text_spec})


def _read(config: Config, name: str, readers: Mapping[str, Reader[T]]) -> T:
    section = config.section(name)
    if section.target not in readers:
        raise CheckpointError(
            f"The config names {shown(section.target)} as its {name}, which is not supported ({', '.join(readers)}); choose a "
            "checkpoint of Hunyuan3D-2, TripoSG or Step1X-3D."
        )
    return readers[section.target](section.params)


def _integer(params: Mapping[str, Any], name: str, default: int, most: int = _MOST_TIMESTEPS) -> int:
    value = number(params, name, default)
    if value != int(value) or value > most:
        raise CheckpointError(
            f"The config has {name}: {value:g}, which is not a whole number up to {most}; download config.yaml again."
        )
    return int(value)


def _target(module: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"target": f"{_PACKAGE}.{module}.{name}", "params": params}


def _written(spec: DiTSpec | SkipDiTSpec | ShapeVAESpec | ConditionerSpec) -> dict[str, Any]:
    return _target("models", _WRITTEN[type(spec)], spec.to_config())


def _name_of(names: Mapping[str, T], wanted: T) -> str:
    return next(name for name, value in names.items() if value == wanted)


def _defaults(**values: float) -> dict[str, Any]:
    """Our own section: what is known of the model's best values."""
    return {"defaults": known} if (known := {name: value for name, value in values.items() if value}) else {}
