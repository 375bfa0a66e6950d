"""Make of a stage's folder the one that is given away: float16, the published truncation, no frequencies of the point
decoder that are noise, and the base decoder beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...api.errors import TrainingError
from ...checkpoints.config import CONFIG_NAME, read_config
from ...checkpoints.folders import write_sums
from ...checkpoints.load import load_vae
from ..files import base_decoder_folder
from .checkpoint import PUBLISHED_TRUNCATION, cut_frequencies, open_checkpoint, set_truncation, vae_config, write_folder
from .distill import STEPS
from .runner import last_validation

FREQUENCIES = 7
"""The exported point decoder embeds a point with so many of its frequencies. A wave of the eighth (2^7) is 0.05 long: less
than 256 latents can tell, so that it learned noise, which covers the generated surfaces with ripples. Without it,
reconstructions of held-out shapes have a higher IoU, too.
"""


def export(stage: Path, out: Path, base: Path | None = None, frequencies: int = FREQUENCIES) -> None:
    """Write the whole model in the folder `stage` in float16.

    Args:
        stage: folder of any stage from the teacher on.
        out: folder of the checkpoint, made where it does not exist.
        base: folder of a VAE of the same latents whose decoder is written beside (`base_decoder_folder`), as a
            stand-alone VAE without its encoder.
        frequencies: that the point decoders keep.

    Raises:
        CheckpointError, TrainingError: as `open_checkpoint`, or the weights are not finite in float16.
    """
    checkpoint = open_checkpoint(stage)
    truncation = set_truncation(checkpoint.vae, checkpoint.truncation, PUBLISHED_TRUNCATION)
    cut_frequencies(checkpoint.vae, frequencies)
    checkpoint = dataclasses.replace(checkpoint, truncation=truncation)
    _write_half(out, checkpoint.config(), checkpoint.weights())
    if base is not None:
        vae = load_vae(base, "cpu", torch.float32)
        truncation = set_truncation(vae, read_config(base).defaults.get("truncation", 0.0), PUBLISHED_TRUNCATION)
        cut_frequencies(vae, frequencies)
        spec = dataclasses.replace(vae.spec, scale_factor=checkpoint.vae.spec.scale_factor)
        _write_half(base_decoder_folder(out), vae_config(spec, truncation), vae.state_dict())


def best_student(runs: Path, stages: tuple[str, ...]) -> str:
    """That of the finished stages whose shapes of `STEPS` steps were best on the validation split.

    Raises:
        TrainingError: none of them is finished.
    """
    scores = {}
    for stage in stages:
        if (runs / stage / "finished.json").exists():
            row = last_validation(runs / stage)
            scores[stage] = max(value for name, value in row.items() if name.endswith(f"_{STEPS}_steps"))
    if not scores:
        raise TrainingError(f"{runs} holds no finished student; run the distillation first or name a checkpoint with --from.")
    return max(scores, key=lambda stage: scores[stage])


def base_beside(stage: Path, runs: Path | None) -> Path | None:
    """The base decoder of a model: that of the folder it was made from, or else of the stage vae."""
    places = [base_decoder_folder(stage), *([runs / "vae"] if runs else [])]
    return next((place for place in places if (place / CONFIG_NAME).exists()), None)


def _write_half(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    half = {name: value.half() for name, value in weights.items()}
    if bad := [name for name, value in half.items() if not value.isfinite().all()]:
        raise TrainingError(f"The weights of {bad[0]} are not finite in float16; resume from an earlier checkpoint.")
    write_folder(folder, config, half)
    write_sums(folder)
