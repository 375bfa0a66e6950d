"""Weights to give away (float16, with their sizes beside them), and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from ....api.errors import TrainingError
from ....files import write_whole
from ....models.pixel_aligned import PixelAlignedModel, PixelAlignedSpec
from ....models.specs import ShapeVAESpec
from .trainer import Trainer

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def export(trainer: Trainer, folder: Path) -> None:
    """Write the averaged weights.

    Args:
        trainer: the run.
        folder: gets `WEIGHTS` and `CONFIG`; made where it does not exist.

    Raises:
        TrainingError: the weights are not finite in float16.
    """
    model = trainer.average
    half = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    if bad := [name for name, value in half.items() if not value.isfinite().all()]:
        raise TrainingError(f"The weights of {bad[0]} are not finite in float16; resume from an earlier checkpoint.")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, lambda path: save_file(half, path))
    config: dict[str, Any] = {
        "pixel_aligned": asdict(model.encoder.spec),
        "vae": asdict(model.vae.spec),
        "truncation": trainer.settings.truncation,
        "steps": trainer.step,
        "samples": trainer.samples,
    }
    text = json.dumps(config, indent=2) + "\n"
    write_whole(folder / CONFIG, lambda path: path.write_text(text, encoding="utf-8"))


def load(folder: Path) -> PixelAlignedModel:
    """The exported model in float32, ready to be asked.

    Raises:
        TrainingError: the folder holds none.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        weights = load_file(folder / WEIGHTS)
    except (OSError, ValueError):
        raise TrainingError(f"{folder} holds no exported pixel-aligned model; run the command export first.") from None
    spec, vae = PixelAlignedSpec.from_config(config["pixel_aligned"]), ShapeVAESpec.from_config(config["vae"])
    model = PixelAlignedModel(spec, vae)
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model.eval().requires_grad_(False)
