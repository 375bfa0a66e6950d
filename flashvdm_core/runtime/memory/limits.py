"""How much of a graphics card's memory a generation may take."""

from __future__ import annotations

import sys

import torch

from ...api.units import GIB

NO_LIMIT = sys.maxsize
"""Bytes: more than any device has."""


def limit_memory(device: torch.device, budget: float) -> None:
    """Hold PyTorch to a budget on a CUDA device, for this process and from now on; other devices have no limit.

    Beyond it an allocation fails as if the card were full, and smaller chunks or fewer weights on the card are the answer.

    Args:
        device: where the model runs.
        budget: GiB that may be taken of its memory, beside what the driver keeps for itself; 0: all of it.
    """
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
        torch.cuda.set_per_process_memory_fraction(min(_most(budget, total) / total, 1.0), device)


def available_memory(device: torch.device, budget: float) -> int:
    """Bytes that a model may take on a device in all, what this process has there already included.

    `NO_LIMIT` where the weights have nowhere else to be: on the CPU, and on Apple's graphics, which share its memory.
    """
    if device.type != "cuda":
        return NO_LIMIT
    free, total = torch.cuda.mem_get_info(device)
    return min(free + torch.cuda.memory_reserved(device), _most(budget, total))


def _most(budget: float, total: int) -> int:
    return round(budget * GIB) if budget else total
