"""The published layout: what the sections of `config.yaml` say of a model, read and written. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from ..api.errors import CheckpointError
from ..models.specs import (
    ConditionerSpec,
    DiTSpec,
    ModelSpec,
    MoEDiTSpec,
    PixelAlignedSpec,
    ProcessorSpec,
    ScheduleSpec,
    ShapeVAESpec,
)
from .config import Config, Section, number

_PACKAGE = "hy3dgen.shapegen"
_DENOISERS: Mapping[str, type[DiTSpec | MoEDiTSpec]] = {"Hunyuan3DDiT": DiTSpec, "HunYuanDiTPlain": MoEDiTSpec}
_VAE, _CONDITIONER = "ShapeVAE", "SingleImageEncoder"
_SCHEDULERS: Mapping[str, Literal["flow_matching", "consistency"]] = {
    "FlowMatchEulerDiscreteScheduler": "flow_matching",
    "ConsistencyFlowMatchEulerDiscreteScheduler": "consistency",
}
_PIXEL_ALIGNED, _PIXEL_ALIGNED_TARGET = "pixel_aligned", "flashvdm_core.models.pixel_aligned.PixelAlignedDecoder"
"""Our own section, for a point decoder that no published model has, and what it holds."""
_PROCESSORS: Mapping[str, bool] = {"ImageProcessorV2": False, "MVImageProcessorV2": True}
"""Class name of the published code -> whether it takes several views."""

_MOST_TIMESTEPS, _MOST_PIXELS = 100_000, 1 << 14

T = TypeVar("T")


def read_model_spec(config: Config) -> ModelSpec:
    """The whole model of a config, with its own VAE.

    Raises:
        CheckpointError: a section is missing, or is of something else.
    """
    steps = config.defaults.get("steps")
    dit, vae, conditioner, processor = dit_spec(config), vae_spec(config), conditioner_spec(config), processor_spec(config)
    image_width = dit.context_in_dim if isinstance(dit, DiTSpec) else dit.context_dim
    if vae.embed_dim != dit.in_channels:
        raise CheckpointError(
            f"The DiT and the VAE of {config.folder} have different latent channels; choose parts of one model."
        )
    if image_width != conditioner.dino.hidden_size or processor.multi_view != (conditioner.view_num > 0):
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
    images = {"size": processor.size, "border_ratio": processor.border_ratio}
    return {
        "model": _target("models", _name_of(_DENOISERS, type(spec.dit)), spec.dit.to_config()),
        "vae": _target("models", _VAE, spec.vae.to_config()),
        "conditioner": _target("models", _CONDITIONER, spec.conditioner.to_config()),
        "scheduler": _target("schedulers", _name_of(_SCHEDULERS, scheduler.kind), times),
        "image_processor": _target("preprocessors", _name_of(_PROCESSORS, processor.multi_view), images),
        **({_PIXEL_ALIGNED: {"target": _PIXEL_ALIGNED_TARGET, "params": aligned.to_config()}} if aligned else {}),
    } | _defaults(steps=spec.default_steps, guidance=spec.default_guidance, truncation=spec.truncation)


def write_vae_spec(spec: ShapeVAESpec, truncation: float, *, scaled: bool = True) -> dict[str, Any]:
    """The `config.yaml` of a stand-alone VAE; where it is not `scaled`, nothing is said of the scale of its latents."""
    params = spec.to_config()
    if not scaled:
        del params["scale_factor"]
    return _target("models", _VAE, params) | _defaults(truncation=truncation)


def dit_spec(config: Config) -> DiTSpec | MoEDiTSpec:
    """The section "model"."""
    section = config.section("model")
    if section.target not in _DENOISERS:
        raise CheckpointError(f"The model '{section.target}' is not supported; choose a checkpoint of the Hunyuan3D-2 family.")
    return _DENOISERS[section.target].from_config(section.params)


def vae_spec(config: Config) -> ShapeVAESpec:
    """The section "vae"."""
    return ShapeVAESpec.from_config(_expected(config, "vae", _VAE).params)


def conditioner_spec(config: Config) -> ConditionerSpec:
    """The section "conditioner"."""
    return ConditionerSpec.from_config(_expected(config, "conditioner", _CONDITIONER).params)


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
    section = config.section("image_processor")
    if section.target not in _PROCESSORS:
        raise CheckpointError(
            f"The image processor '{section.target}' of {config.folder} is not supported; use another checkpoint."
        )
    border = number(section.params, "border_ratio", 0.15)
    if border >= 1:
        raise CheckpointError(f"The config has border_ratio: {border:g}, which leaves no room; download config.yaml again.")
    return ProcessorSpec(
        size=_integer(section.params, "size", 512, _MOST_PIXELS),
        border_ratio=border,
        multi_view=_PROCESSORS[section.target],
    )


def pixel_aligned_spec(config: Config) -> PixelAlignedSpec | None:
    """The section "pixel_aligned", which few models have."""
    if _PIXEL_ALIGNED not in config.sections:
        return None
    return PixelAlignedSpec.from_config(_expected(config, _PIXEL_ALIGNED, _PIXEL_ALIGNED_TARGET.rpartition(".")[2]).params)


def _expected(config: Config, name: str, target: str) -> Section:
    section = config.section(name)
    if section.target != target:
        raise CheckpointError(f"The config names '{section.target}' where {target} is supported; choose another checkpoint.")
    return section


def _integer(params: Mapping[str, Any], name: str, default: int, most: int = _MOST_TIMESTEPS) -> int:
    value = number(params, name, default)
    if value != int(value) or value > most:
        raise CheckpointError(
            f"The config has {name}: {value:g}, which is not a whole number up to {most}; download config.yaml again."
        )
    return int(value)


def _target(module: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"target": f"{_PACKAGE}.{module}.{name}", "params": params}


def _name_of(names: Mapping[str, T], wanted: T) -> str:
    return next(name for name, value in names.items() if value == wanted)


def _defaults(**values: float) -> dict[str, Any]:
    """Our own section: what is known of the model's best values."""
    return {"defaults": known} if (known := {name: value for name, value in values.items() if value}) else {}
