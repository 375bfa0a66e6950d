"""What running out of memory looks like."""

from __future__ import annotations

import errno

import torch

# Not enough memory, not enough storage, a paging file that is too small.
_WINDOWS = (8, 14, 1455)
# C++ says "std::bad_alloc" or, by Microsoft, "bad allocation"; PyTorch "can't allocate memory" or, on Windows, "not enough
# memory". oneDNN could not create "a primitive" where its code for an operation finds no place; an operation that it lacks is "a
# primitive descriptor". Of the error of a paging file only the number is in every language.
_SAID = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc", "bad allocation",
    "os error 12)", "os error 1455", "winerror 1455", "error code: <1455>",
)  # fmt: skip


def out_of_memory(error: BaseException) -> bool:
    """Whether a failed call ran out of memory (each kind of device, and each system, says it in its own way)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM or getattr(error, "winerror", None) in _WINDOWS
    text = str(error).lower().strip()
    return any(words in text for words in _SAID) or text == "could not create a primitive"
