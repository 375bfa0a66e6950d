"""The published layout: the sections of `config.yaml` that describe a model, and what they say. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api.errors import CheckpointError
from ..models.specs import ConditionerSpec, DiTSpec, ModelSpec, MoEDiTSpec, ProcessorSpec, ScheduleSpec, ShapeVAESpec
from .config import Config, Section, number


def read_model_spec(config: Config) -> ModelSpec:
    """The whole model of a config, with its own VAE.

    Raises:
        CheckpointError: a section is missing, or is of something else.
    """
    steps = config.defaults.get("steps")
    return ModelSpec(
        dit_spec(config),
        vae_spec(config),
        conditioner_spec(config),
        processor_spec(config),
        schedule_spec(config),
        None if steps is None else int(steps),
        config.defaults.get("guidance"),
        config.defaults.get("truncation", 0.0),
    )


def dit_spec(config: Config) -> DiTSpec | MoEDiTSpec:
    """The section "model"."""
    section = config.section("model")
    match section.target:
        case "Hunyuan3DDiT":
            return DiTSpec.from_config(section.params)
        case "HunYuanDiTPlain":
            return MoEDiTSpec.from_config(section.params)
    raise CheckpointError(f"The model '{section.target}' is not supported; choose a checkpoint of the Hunyuan3D-2 family.")


def vae_spec(config: Config) -> ShapeVAESpec:
    """The section "vae"."""
    return ShapeVAESpec.from_config(_expected(config, "vae", "ShapeVAE").params)


def conditioner_spec(config: Config) -> ConditionerSpec:
    """The section "conditioner"."""
    return ConditionerSpec.from_config(_expected(config, "conditioner", "SingleImageEncoder").params)


def schedule_spec(config: Config) -> ScheduleSpec:
    """The section "scheduler"."""
    section = config.section("scheduler")
    params = section.params
    train_timesteps = _integer(params, "num_train_timesteps", 1000)
    match section.target:
        case "FlowMatchEulerDiscreteScheduler":
            return ScheduleSpec("flow_matching", train_timesteps, shift=number(params, "shift", 1.0))
        case "ConsistencyFlowMatchEulerDiscreteScheduler":
            return ScheduleSpec("consistency", train_timesteps, pcm_timesteps=_integer(params, "pcm_timesteps", 50))
    raise CheckpointError(f"The scheduler '{section.target}' of {config.folder} is not supported; use another checkpoint.")


def processor_spec(config: Config) -> ProcessorSpec:
    """The section "image_processor"."""
    section = config.section("image_processor")
    if section.target not in ("ImageProcessorV2", "MVImageProcessorV2"):
        raise CheckpointError(
            f"The image processor '{section.target}' of {config.folder} is not supported; use another checkpoint."
        )
    return ProcessorSpec(
        size=_integer(section.params, "size", 512),
        border_ratio=number(section.params, "border_ratio", 0.15),
        multi_view=section.target == "MVImageProcessorV2",
    )


def _expected(config: Config, name: str, target: str) -> Section:
    section = config.section(name)
    if section.target != target:
        raise CheckpointError(f"The config names '{section.target}' where {target} is supported; choose another checkpoint.")
    return section


def _integer(params: Mapping[str, Any], name: str, default: int) -> int:
    value = number(params, name, default)
    if value != int(value):
        raise CheckpointError(f"The config has {name}: {value!r}, which is not a whole number; download config.yaml again.")
    return int(value)
