"""Running out of memory is told from other failures, whoever says it."""

from __future__ import annotations

import pytest
import torch

from flashvdm_core.runtime.oom import out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 17 GB)"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte"
        ),
        RuntimeError("std::bad_alloc"),
        RuntimeError("bad allocation"),
        RuntimeError("could not create a primitive"),
    ],
    ids=str,
)
def test_lack_of_memory(error: RuntimeError | MemoryError) -> None:
    assert out_of_memory(error)


@pytest.mark.parametrize(
    "text", ["mat1 and mat2 shapes cannot be multiplied", "could not create a primitive descriptor for a matmul primitive", ""]
)
def test_other_failures(text: str) -> None:
    assert not out_of_memory(RuntimeError(text))
