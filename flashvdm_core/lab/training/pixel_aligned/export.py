"""Weights to give away (float16), as a section of a model's config and a file beside its weights; and back."""

from __future__ import annotations

from pathlib import Path

import torch

from ....api.errors import CheckpointError, TrainingError
from ....checkpoints.folders import PIXEL_ALIGNED_NAME
from ....checkpoints.load import load_pixel_aligned
from ....checkpoints.save import save_pixel_aligned
from ....models.pixel_aligned import PixelAlignedDecoder
from .trainer import Trainer


def export(trainer: Trainer, folder: Path) -> None:
    """Write the averaged weights into a model's folder, whose config says of them from then on.

    Args:
        trainer: the run.
        folder: of a whole model, whose latents the decoder reads.

    Raises:
        TrainingError: the weights are not finite in float16.
        CheckpointError: the folder holds no model.
    """
    model = trainer.average
    bad = [name for name, value in model.state_dict().items() if not value.half().isfinite().all()]
    if bad:
        raise TrainingError(f"The weights of {bad[0]} are not finite in float16; resume from an earlier checkpoint.")
    save_pixel_aligned(model, folder)


def load(folder: Path) -> PixelAlignedDecoder:
    """The exported decoder in float32, ready to be asked.

    Raises:
        TrainingError: the folder holds none.
    """
    try:
        found = load_pixel_aligned(folder, torch.device("cpu"))
    except CheckpointError as error:
        raise TrainingError(str(error)) from error
    if found is None:
        raise TrainingError(f"{folder} holds no {PIXEL_ALIGNED_NAME}; run the command export first.")
    return found
