"""Where the lab's results lie, on which device it works, and waiting for it."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..api.errors import TrainingError
from ..checkpoints.folders import EMBEDDED_FOLDER
from ..files import open_file, write_whole

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


def load_state(path: Path, names: Sequence[str], device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state of a run, a dict with at least `names`, read by torch's restricted unpickler.

    Raises:
        TrainingError: it is missing, damaged, of something else, or holds more than tensors and plain values.
    """
    try:
        with open_file(path) as file:
            state = torch.load(file, map_location=device, weights_only=True)
    except OSError as error:
        raise TrainingError(f"The state {path} cannot be read ({error.strerror or error}); choose another.") from error
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        zipfile.BadZipFile,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise TrainingError(f"{path} is no state of a training, or damaged; delete it or choose another.") from error
    if not isinstance(state, dict) or not set(names) <= state.keys():
        raise TrainingError(f"{path} is no state of this kind of training; choose another folder or delete it.")
    return state


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
