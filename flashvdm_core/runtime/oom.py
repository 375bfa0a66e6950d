"""What running out of memory looks like."""

from __future__ import annotations

import torch


def out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Whether a failed call ran out of memory (each kind of device says it in its own way)."""
    text = str(error).lower().strip()
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # C++ says "std::bad_alloc" or, by Microsoft, "bad allocation". oneDNN could not create "a primitive" where its code for an
    # operation finds no place; an operation that it lacks is "a primitive descriptor".
    said = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "bad allocation")
    return any(words in text for words in said) or text == "could not create a primitive"
