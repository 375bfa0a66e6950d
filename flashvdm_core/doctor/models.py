"""The models: are they there, whole, and small enough for the memory. Standard library only, but for the layout's check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..api.errors import CheckpointError
from ..api.settings import Settings
from ..api.units import GIB, gib
from ..checkpoints.folders import EMBEDDED, checkpoint_folder, damaged_weights, parameter_count
from .compute import Compute
from .findings import Finding, error, ok, warning
from .places import free_memory, total_memory

WORKING_MEMORY = int(1.5 * GIB)
"""What a generation takes beside the weights: PyTorch itself, and the decoding of a fine surface."""


def examine_embedded() -> Iterator[Finding]:
    """The built-in model, by the hash of its weights."""
    folder = checkpoint_folder(EMBEDDED)
    damaged = damaged_weights(folder)
    if damaged is None:
        yield error("Built-in model", "its list of hashes is missing", "Install the extension again.")
    elif damaged:
        yield error("Built-in model", f"{', '.join(damaged)} is missing or damaged", "Install the extension again.")
    else:
        yield ok("Built-in model", "complete")


def examine_chosen(model: str) -> Iterator[Finding]:
    """The folder of another model, by its layout."""
    if model in ("", EMBEDDED):
        return
    folder = checkpoint_folder(model)
    try:
        from ..checkpoints.config import read_config
        from ..checkpoints.layout import processor_spec, schedule_spec
        from ..checkpoints.weights import open_weights

        config = read_config(folder)
        for section in ("model", "vae", "conditioner"):
            config.section(section)
        schedule_spec(config)
        processor_spec(config)
        # 2.1 is published in this form alone.
        weights = open_weights(folder, half=True, pickled=config.section("model").target == "HunYuanDiTPlain")
        damaged = damaged_weights(folder)
    except CheckpointError as problem:
        yield error("Model", str(problem), "Choose another folder as the model, or download this one again.")
    except ModuleNotFoundError as problem:
        yield warning("Model", f"{folder} was not examined: {problem.name} is missing", "Install what is missing first.")
    else:
        if damaged:
            yield error("Model", f"{folder}: {', '.join(damaged)} is damaged", "Copy or download this model again.")
        else:
            yield ok("Model", f"{folder} has the right files ({weights.path.name})")


def examine_memory(model: str, compute: list[Compute]) -> Iterator[Finding]:
    """The free memory of the device against what the chosen model needs, and the main memory for the rest."""
    on = compute[0] if compute else Compute()
    graphics = on.device.startswith("cuda")
    folder = checkpoint_folder(model or EMBEDDED)
    numbers = _parameters(folder)
    if graphics and on.free is not None:
        whole, least = _on_a_card(folder) or (numbers * 2 + WORKING_MEMORY,) * 2
        if least <= on.free < whole:
            text = f"{gib(on.free)} free, the model needs about {gib(whole)}, or {gib(least)} with its parts taking turns"
            yield warning("Graphics memory", text, "It works, and would be faster with other programs closed.")
        else:
            yield _enough("Graphics memory", on.free, None, whole if on.free >= whole else least)
    free = free_memory()
    total = total_memory()
    if free is None:
        yield ok("Memory", f"{gib(total)} in all" if total else "the system does not say how much is free")
    else:
        # Weights go to a graphics card tensor by tensor.
        yield _enough("Memory", free, total, (0 if graphics else numbers * 4) + WORKING_MEMORY)


def _on_a_card(folder: Path) -> tuple[int, int] | None:
    """Bytes that a model takes on a graphics card, all of it at once and its parts in turns; None where it cannot be read."""
    try:
        import torch

        from ..checkpoints.load import model_spec
        from ..runtime.memory.plan import no_offload, sequential_offload
        from ..runtime.memory.requirements import memory_requirements

        requirements = memory_requirements(model_spec(folder), torch.float16, Settings().resolution)
    except (CheckpointError, ImportError):
        return None  # the checks before say so
    return no_offload(requirements).peak, sequential_offload(requirements).peak


def _parameters(folder: Path) -> int:
    """Numbers in the largest weights file of a folder; 0 where there is none."""
    counts = [0]
    for path in folder.glob("*.safetensors"):
        try:
            counts.append(parameter_count(path))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # the check of the model says so
    return max(counts)


def _enough(topic: str, free: int, total: int | None, needed: int) -> Finding:
    text = f"{gib(free)} free{f' of {gib(total)}' if total else ''}, the model needs about {gib(needed)}"
    if free >= needed:
        return ok(topic, text)
    return warning(topic, text, "Close other programs, choose a smaller model, or lower the resolution.")
