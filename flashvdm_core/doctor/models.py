"""The models: are they there, whole, and small enough for the memory. Standard library only, but for the layout's check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import CheckpointError
from ..api.settings import Settings
from ..api.units import GIB, gib
from ..checkpoints.folders import EMBEDDED, checkpoint_folder, damaged_weights, files_of
from .compute import Compute
from .findings import Finding, error, ok, warning
from .places import free_memory, total_memory

if TYPE_CHECKING:
    import torch

    from ..checkpoints.parts import CheckpointParts, VAEParts

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


def examine_chosen(model: str, compute: Sequence[Compute] = ()) -> Iterator[Finding]:
    """Another model: its folder, its config, the names, shapes and kinds of its weights, some numbers of each; its decoder."""
    if model in ("", EMBEDDED):
        return
    folder = checkpoint_folder(model)
    try:
        import torch

        from ..checkpoints.parts import open_parts

        # In half precision numbers overflow that are fine in full.
        dtype = torch.float16 if _on_graphics(compute) else torch.float32
        parts = open_parts(model, half=dtype != torch.float32)
        vae, problems = _sampled(parts, dtype)
        damaged = damaged_weights(folder)
    except CheckpointError as problem:
        yield error("Model", str(problem), "Choose another folder as the model, or download this one again.")
    except ModuleNotFoundError as problem:
        yield warning("Model", f"{folder} was not examined: {problem.name} is missing", "Install what is missing first.")
    else:
        if damaged:
            yield error("Model", f"{folder}: {', '.join(damaged)} is damaged", "Copy or download this model again.")
        else:
            yield ok("Model", f"{folder} has the right files ({parts.weights.path.name}, stored in {parts.stored_as})")
        decoder = f"{parts.name} decodes with {vae.description}"
        for problem in problems:
            yield warning("Decoder", problem, "Finish its download, or remove its folder.")
        if parts.hint and not problems:
            yield warning("Decoder", decoder, f"It works; {parts.hint}.")
        else:
            yield ok("Decoder", decoder)


def _sampled(parts: CheckpointParts, dtype: torch.dtype) -> tuple[VAEParts, list[str]]:
    """Look at some numbers of every weight: the VAE that will decode, and what is wrong with those before it.

    Raises:
        CheckpointError: the model cannot do without what is not finite.
    """
    from ..checkpoints.parts import not_used

    parts.denoiser.check_sample(dtype)
    parts.image_encoder.check_sample(dtype)
    problems = list(parts.problems)
    for vae in parts.vaes[:-1]:
        try:
            vae.module.check_sample(dtype)
        except CheckpointError as problem:
            problems.append(not_used(vae.folder, problem))
        else:
            return vae, problems
    parts.vaes[-1].module.check_sample(dtype)
    return parts.vaes[-1], problems


def examine_memory(model: str, compute: Sequence[Compute]) -> Iterator[Finding]:
    """The free memory of the device against what the chosen model needs, and the main memory for the rest."""
    graphics = _on_graphics(compute)
    on = compute[0] if compute else Compute()
    needs = _needs(model or EMBEDDED, graphics) or _needs_by_size(checkpoint_folder(model or EMBEDDED), graphics)
    if graphics and on.free is not None:
        if needs.least <= on.free < needs.whole:
            needed = f"the model needs about {gib(needs.whole)}, or {gib(needs.least)} with its parts taking turns"
            text = f"{gib(on.free)} free, {needed}"
            yield warning("Graphics memory", text, "It works, and would be faster with other programs closed.")
        else:
            yield _enough("Graphics memory", on.free, None, needs.whole if on.free >= needs.whole else needs.least)
    free = free_memory()
    total = total_memory()
    if free is None:
        yield ok("Memory", f"{gib(total)} in all" if total else "the system does not say how much is free")
    else:
        # Weights go to a graphics card tensor by tensor.
        yield _enough("Memory", free, total, WORKING_MEMORY if graphics else needs.whole)


@dataclass(frozen=True)
class _Needs:
    """Bytes that a model takes where it computes: all of it at once, and its parts in turns."""

    whole: int
    least: int


def _on_graphics(compute: Sequence[Compute]) -> bool:
    return bool(compute) and compute[0].device.startswith("cuda")


def _needs(model: str, graphics: bool) -> _Needs | None:
    """By the sizes of its networks; None where they cannot be read."""
    try:
        import torch

        from ..checkpoints.load import model_spec
        from ..runtime.memory.requirements import memory_needs

        spec = model_spec(model)
        device, dtype = ("cuda", torch.float16) if graphics else ("cpu", torch.float32)
        return _Needs(*memory_needs(spec, torch.device(device), dtype, Settings().resolution))
    except (CheckpointError, ImportError):
        return None  # the checks before say so


def _needs_by_size(folder: Path, graphics: bool) -> _Needs:
    """By the sizes of its files, the largest of which holds two bytes for each number."""
    sizes = [path.stat().st_size for path in files_of(folder)[1] if path.is_file()]
    needed = max(sizes, default=0) * (1 if graphics else 2) + WORKING_MEMORY
    return _Needs(needed, needed)


def _enough(topic: str, free: int, total: int | None, needed: int) -> Finding:
    text = f"{gib(free)} free{f' of {gib(total)}' if total else ''}, the model needs about {gib(needed)}"
    if free >= needed:
        return ok(topic, text)
    return warning(topic, text, "Close other programs, choose a smaller model, or lower the resolution.")
