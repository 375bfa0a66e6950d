"""How much of a graphics card's memory a generation may take."""

from __future__ import annotations

import torch

from ...api.units import GIB


def allowed(device: torch.device, budget: float) -> int | None:
    """Hold PyTorch to a budget, and say what it comes to.

    Beyond it an allocation fails as if the card were full, and smaller chunks or fewer weights on the card are the answer.

    Args:
        device: where the model runs.
        budget: GiB that may be taken of its memory, beside what the driver keeps for itself; 0: what is free.

    Returns:
        Bytes that can be taken in all, what is taken already included; None where the weights have nowhere else to be: on the
        CPU, and on Apple's graphics, which share its memory.
    """
    if device.type != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device)
    most = round(budget * GIB) if budget else total
    torch.cuda.set_per_process_memory_fraction(min(most / total, 1.0), device)
    return min(free, most)
