"""Reading what a model in the layout of diffusers says of itself: `model_index.json`, and a config in the folder of each part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api.errors import CheckpointError
from ..api.fields import parse_json, shown
from ..files import read_file
from . import step1x, triposg
from .folders import INDEX_NAME
from .published_names import Source

ZERO_INIT = "ZeroInitFlowMatchEulerScheduler"
"""What the scheduler of diffusers is called here, as it is used by a pipeline that leaves the noise alone in its first step."""

TEXT, TEXT_ENCODER, TOKENIZER = "text", "text_encoder", "tokenizer"
"""Section of a model that takes a prompt, and the folders with its text encoder and its tokenizer."""

_PROCESSOR, _SCHEDULER = "feature_extractor_dinov2/preprocessor_config.json", "scheduler/scheduler_config.json"
_MAX_BYTES = 1 << 18

Sections = dict[str, tuple[str, dict[str, Any]]]
"""Section of a config ("model", "vae", ...) -> class name and parameters."""

Naming = Callable[[Iterable[str]], dict[str, Source]]
"""Published names of weights -> what those of a network here are made of."""


@dataclass(frozen=True)
class Part:
    """One part of a model.

    Attributes:
        folder: below the model's, with its config and weights.
        naming: of its weights.
    """

    folder: str
    naming: Naming


@dataclass(frozen=True)
class _Pipeline:
    """A published pipeline, with what its code knows of its model, and no file of the model says.

    Attributes:
        parts: section of a config -> the part.
        read: makes the sections of a folder.
        scheduler: the class that must be named; the others run the other way.
        num_latents: tokens of a shape, or of one of its parts; 0 where the model says.
        steps, guidance: its defaults.
    """

    parts: Mapping[str, Part]
    read: Callable[[Path, _Pipeline], Sections]
    scheduler: str
    num_latents: int
    steps: int
    guidance: float


def _triposg_sections(folder: Path, pipeline: _Pipeline) -> Sections:
    transformer, vae, encoder = (_read(folder / part.folder / "config.json") for part in (_TRIPOSG_PARTS[s] for s in _THREE))
    processor = _read(folder / _PROCESSOR)
    drawing = TEXT in pipeline.parts
    sections: Sections = {
        "model": (str(transformer.get("_class_name")), _public(transformer)),
        # Published files call their class by an earlier name.
        "vae": ("TripoSGVAEModel", {**_public(vae), "num_latents": pipeline.num_latents}),
        "conditioner": ("Dinov2Model", {"image_encoder": encoder, "processor": processor}),
        "image_processor": ("BitImageProcessor", {**processor, "drawing": drawing}),
    }
    if drawing:
        sections[TEXT] = ("CLIPTextModelWithProjection", _read(folder / TEXT_ENCODER / "config.json"))
    return sections


def _partcrafter_sections(folder: Path, pipeline: _Pipeline) -> Sections:
    sections = _triposg_sections(folder, pipeline)
    name, transformer = sections["model"]
    return sections | {"model": (name, {**transformer, "part_tokens": pipeline.num_latents})}


def _step1x_sections(folder: Path, pipeline: _Pipeline) -> Sections:
    # None of its configs names a class.
    denoiser, vae, encoder = (_public(_read(folder / part.folder / "config.json")) for part in (_STEP1X_PARTS[s] for s in _THREE))
    return {
        "model": ("FluxDenoiser", denoiser),
        "vae": ("MichelangeloAutoencoder", vae),
        "conditioner": ("Dinov2Encoder", encoder),
        "image_processor": ("ImageProcessorV2", {"size": encoder.get("image_size", 224), "border_ratio": step1x.BORDER}),
    }


_THREE = ("model", "vae", "conditioner")
_TRIPOSG_PARTS: Mapping[str, Part] = {
    "model": Part("transformer", triposg.transformer_names),
    "vae": Part("vae", triposg.vae_names),
    "conditioner": Part("image_encoder_dinov2", triposg.image_encoder_names),
}
_SCRIBBLE_PARTS = {**_TRIPOSG_PARTS, TEXT: Part(TEXT_ENCODER, triposg.text_encoder_names)}
_STEP1X_PARTS: Mapping[str, Part] = {
    "model": Part("transformer", step1x.denoiser_names),
    "vae": Part("vae", step1x.vae_names),
    "conditioner": Part("visual_encoder", step1x.image_encoder_names),
}
_RECTIFIED_FLOW, _EULER = "RectifiedFlowScheduler", "FlowMatchEulerDiscreteScheduler"
_SCHEDULERS: Mapping[str, str] = {_RECTIFIED_FLOW: _RECTIFIED_FLOW, _EULER: ZERO_INIT}
"""Class name -> what the section is called; the other code has a scheduler of that name with other nodes."""
_NOT_SUPPORTED = (
    "use_dynamic_shifting", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "invert_sigmas", "shift_terminal",
    "stochastic_sampling",
)  # fmt: skip

_PIPELINES: Mapping[str, _Pipeline] = {
    "TripoSGPipeline": _Pipeline(_TRIPOSG_PARTS, _triposg_sections, _RECTIFIED_FLOW, 2048, 50, 7.0),
    "PartCrafterPipeline": _Pipeline(_TRIPOSG_PARTS, _partcrafter_sections, _RECTIFIED_FLOW, 1024, 50, 7.0),
    # Its guidance is distilled: none is the model's own.
    "TripoSGScribblePipeline": _Pipeline(_SCRIBBLE_PARTS, _triposg_sections, _RECTIFIED_FLOW, 512, 16, 1.0),
    "Step1X3DGeometryPipeline": _Pipeline(_STEP1X_PARTS, _step1x_sections, _EULER, 0, 50, 7.5),
}


def parts_of(folder: Path) -> Mapping[str, Part]:
    """The parts of the model in a folder, by section of a config.

    Raises:
        CheckpointError: the model is of a kind that is not known.
    """
    return _pipeline(folder).parts


def read_parts(folder: Path) -> tuple[Sections, dict[str, float]]:
    """The configs of a folder's parts, and the model's own defaults.

    Raises:
        CheckpointError: a file is missing, or is no such config, or the model is of a kind that is not known.
    """
    pipeline = _pipeline(folder)
    sections = pipeline.read(folder, pipeline)
    scheduler = _read(folder / _SCHEDULER)
    if scheduler.get("_class_name") != pipeline.scheduler:
        found = shown(scheduler.get("_class_name"))
        raise CheckpointError(f"The scheduler of {folder} is {found}, not {pipeline.scheduler}; download the model again.")
    for name in _NOT_SUPPORTED:
        if scheduler.get(name):
            raise CheckpointError(f"The scheduler of {folder} has {name}, which is not supported; use another checkpoint.")
    sections["scheduler"] = (_SCHEDULERS[pipeline.scheduler], _public(scheduler))
    return sections, {"steps": pipeline.steps, "guidance": pipeline.guidance}


def _pipeline(folder: Path) -> _Pipeline:
    name = _read(folder / INDEX_NAME).get("_class_name")
    if name not in _PIPELINES:
        raise CheckpointError(
            f"{folder} holds a {shown(name)}, which is not supported; choose a folder of {', '.join(_PIPELINES)}."
        )
    return _PIPELINES[str(name)]


def _read(path: Path) -> dict[str, Any]:
    try:
        data = parse_json(read_file(path, _MAX_BYTES).decode("utf-8-sig"))
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no file {path}; choose a folder with a complete checkpoint, or download it again."
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check its permissions and its disk.") from error
    except ValueError as error:
        raise CheckpointError(f"{path} cannot be read as JSON; download it again.") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} is not a config; download it again.")
    return data


def _public(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without what diffusers notes for itself."""
    return {name: value for name, value in params.items() if not name.startswith("_") and value is not None}
