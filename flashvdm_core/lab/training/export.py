"""Make of a stage's folder the one that is given away: float16, the published truncation, no frequencies of the point
decoder that are noise, and the base decoder beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import nn

from ...api.errors import TrainingError
from ...checkpoints.config import read_config
from ...checkpoints.folders import CONFIG_NAME, write_sums
from ...checkpoints.layout import write_vae_spec
from ...checkpoints.load import load_vae
from ...checkpoints.save import save_folder, save_model
from ...models.specs import PUBLISHED_TRUNCATION
from ..files import base_decoder_folder
from .checkpoint import cut_frequencies, open_model, set_truncation
from .distill import STEPS
from .runner import last_validation

FREQUENCIES = 7
"""The exported point decoder embeds a point with so many of its frequencies. A wave of the eighth (2^7) is 0.05 long: less
than 256 latents can tell, so that it learned noise, which covers the generated surfaces with ripples. Without it,
reconstructions of held-out shapes have a higher IoU, too.
"""


def export(stage: Path, out: Path, base: Path | None = None, frequencies: int = FREQUENCIES, decoder: Path | None = None) -> None:
    """Write the whole model in the folder `stage` in float16.

    Args:
        stage: folder of any stage from the teacher on.
        out: folder of the checkpoint, made where it does not exist.
        base: folder of a VAE of the same latents whose decoder is written beside (`base_decoder_folder`), as a
            stand-alone VAE without its encoder.
        frequencies: that the point decoders keep.
        decoder: folder of a VAE of the same latents with its encoder, which takes the place of the model's own.

    Raises:
        CheckpointError, TrainingError: as `open_model`, or the weights are not finite in float16.
    """
    model = open_model(stage, decoder)
    truncation = set_truncation(model.vae, model.truncation, PUBLISHED_TRUNCATION)
    cut_frequencies(model.vae, frequencies)
    _check_finite_in_half(model.denoiser, model.image_encoder, model.vae)
    save_model(dataclasses.replace(model, truncation=truncation), out, torch.float16)
    write_sums(out)
    if base is not None:
        vae = load_vae(base, "cpu", torch.float32)
        truncation = set_truncation(vae, read_config(base).defaults.get("truncation", 0.0), PUBLISHED_TRUNCATION)
        cut_frequencies(vae, frequencies)
        vae = vae.with_latents(scale_factor=model.vae.spec.scale_factor)
        _check_finite_in_half(vae)
        folder = base_decoder_folder(out)
        save_folder(folder, write_vae_spec(vae.spec, truncation), vae.state_dict(), torch.float16)
        write_sums(folder)


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


def _check_finite_in_half(*networks: nn.Module) -> None:
    for network in networks:
        for name, value in network.state_dict().items():
            if not value.half().isfinite().all():
                raise TrainingError(f"The weights of {name} are not finite in float16; resume from an earlier checkpoint.")
