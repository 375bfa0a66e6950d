"""What running out of memory looks like."""

from __future__ import annotations

import torch


def out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Whether a failed call ran out of memory (each kind of device says it in its own way)."""
    text = str(error).lower().strip()
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # The last is what oneDNN says where its code for an operation finds no place; one that it lacks is a "primitive descriptor".
    return "out of memory" in text or "can't allocate memory" in text or text == "could not create a primitive"
