"""Reading what a model in the layout of diffusers says of itself: `model_index.json`, and a config in the folder of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api.errors import CheckpointError
from ..api.fields import parse_json, shown
from ..files import read_file
from .folders import INDEX_NAME

PARTS: Mapping[str, str] = {"model": "transformer", "vae": "vae", "conditioner": "image_encoder_dinov2"}
"""Section of a config -> folder with that part's weights."""

TEXT, TEXT_ENCODER, TOKENIZER = "text", "text_encoder", "tokenizer"
"""Section of a model that takes a prompt, and the folders with its text encoder and its tokenizer."""

_PROCESSOR, _SCHEDULER = "feature_extractor_dinov2/preprocessor_config.json", "scheduler/scheduler_config.json"
_SCHEDULER_CLASS = "RectifiedFlowScheduler"
_MAX_BYTES = 1 << 18


@dataclass(frozen=True)
class _Pipeline:
    """What the code of a published pipeline knows of its model, and no file of the model says."""

    num_latents: int
    steps: int
    guidance: float
    drawing: bool = False


_PIPELINES: Mapping[str, _Pipeline] = {
    "TripoSGPipeline": _Pipeline(2048, 50, 7.0),
    # Its guidance is distilled: none is the model's own.
    "TripoSGScribblePipeline": _Pipeline(512, 16, 1.0, drawing=True),
}


def read_parts(folder: Path) -> tuple[dict[str, tuple[str, dict[str, Any]]], dict[str, float]]:
    """The configs of a folder's parts.

    Returns:
        Section of a config ("model", "vae", ...) -> class name and parameters; and the model's own defaults.

    Raises:
        CheckpointError: a file is missing, or is no such config, or the model is of a kind that is not known.
    """
    name = _read(folder / INDEX_NAME).get("_class_name")
    if name not in _PIPELINES:
        raise CheckpointError(
            f"{folder} holds a {shown(name)}, which is not supported; choose a folder of {', '.join(_PIPELINES)}."
        )
    pipeline = _PIPELINES[str(name)]
    transformer = _read(folder / PARTS["model"] / "config.json")
    vae = _read(folder / PARTS["vae"] / "config.json")
    encoder = _read(folder / PARTS["conditioner"] / "config.json")
    processor = _read(folder / _PROCESSOR)
    scheduler = _read(folder / _SCHEDULER)
    if scheduler.get("_class_name") != _SCHEDULER_CLASS:  # the others run the other way
        found = shown(scheduler.get("_class_name"))
        raise CheckpointError(f"The scheduler of {folder} is {found}, not {_SCHEDULER_CLASS}; download the model again.")
    if scheduler.get("use_dynamic_shifting"):
        raise CheckpointError(
            f"The scheduler of {folder} has use_dynamic_shifting, which is not supported; use another checkpoint."
        )
    sections = {
        "model": (str(transformer.get("_class_name")), _public(transformer)),
        # Published files call their class by an earlier name.
        "vae": ("TripoSGVAEModel", {**_public(vae), "num_latents": pipeline.num_latents}),
        "conditioner": ("Dinov2Model", {"image_encoder": encoder, "processor": processor}),
        "scheduler": (_SCHEDULER_CLASS, _public(scheduler)),
        "image_processor": ("BitImageProcessor", {**processor, "drawing": pipeline.drawing}),
    }
    if pipeline.drawing:
        sections[TEXT] = ("CLIPTextModelWithProjection", _read(folder / TEXT_ENCODER / "config.json"))
    return sections, {"steps": pipeline.steps, "guidance": pipeline.guidance}


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
