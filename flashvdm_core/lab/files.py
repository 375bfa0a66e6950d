"""Where the lab's results lie, on which device it works, and waiting for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

from ..checkpoints.folders import EMBEDDED_FOLDER
from ..files import write_whole

_BASE_OF_EMBEDDED = Path(__file__).parent / "base_decoder"


def base_decoder_folder(checkpoint: Path) -> Path:
    """Where the base decoder of a checkpoint folder lies, a stand-alone VAE that the checkpoint's own is measured against.

    It lies in the subfolder `base`; that of the embedded model, which has no use for it, in the lab. It need not exist.
    """
    return _BASE_OF_EMBEDDED if checkpoint.resolve() == EMBEDDED_FOLDER else checkpoint / "base"


def write_json(path: Path, value: object) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(value, indent=1)
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def device_of_choice() -> torch.device:
    """CUDA where there is one (that of the process's local rank), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def synchronize(device: torch.device) -> None:
    """Wait until a device is done with its work, so that a clock sees it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
