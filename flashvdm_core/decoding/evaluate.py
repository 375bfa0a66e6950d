"""Evaluate a field at many points, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..api.errors import MemoryLimitError
from ..runtime.devices import free_memory
from ..runtime.oom import out_of_memory
from .field import Field, IndexedField
from .groups import Groups, SortedQueries

# Below this many queries the memory of a chunk is small against that of the weights: halving further cannot help.
SMALLEST_CHUNK = 1024

# Queries of a call: on a CPU so many for each core as its field says; on a GPU enough that starting the kernels costs little
# beside them, in a quarter of the free memory (a query of the largest public decoder takes this much at its peak).
_CHUNKS = (1 << 14, 1 << 18)
_QUERY_BYTES = 32768

Pack = Callable[[Sequence[int], int, int], int]
"""(queries of each group, first group, chunk) -> the group after the last that goes into one call."""

OnChunk = Callable[[int], None]
"""Called with 0 before the first chunk, and after each with the number of queries in it. What it raises ends the evaluation."""


def ignore(_queries: int) -> None:
    """An `OnChunk` that does nothing."""


@dataclass
class Evaluator:
    """How queries are sent to a field.

    Attributes:
        chunk: queries of one call; halved when the device runs out of memory.
    """

    chunk: int

    def plain(self, field: IndexedField, indices: Tensor, on_chunk: OnChunk = ignore) -> Tensor:
        """Exact logits float32 [P] at `indices`."""
        out = torch.empty(indices.numel(), device=indices.device)
        start = 0
        on_chunk(0)
        while start < indices.numel():
            part = indices[start : start + self.chunk]
            values = self._call(field, part, None, divisible=True)
            if values is not None:
                out[start : start + part.numel()] = values
                start += part.numel()
                on_chunk(part.numel())
        return out

    def grouped(
        self, field: IndexedField, indices: Tensor, groups: SortedQueries, coarse: bool, pack: Pack, on_chunk: OnChunk = ignore
    ) -> Tensor:
        """Logits float32 [P] at `indices`, evaluated group by group with `pack` groups in a call."""
        out = torch.empty(indices.numel(), device=indices.device)
        first, start = 0, 0
        on_chunk(0)
        while first < len(groups.counts):
            last = pack(groups.counts, first, self.chunk)
            counts = groups.counts[first:last]
            order = groups.order[start : start + sum(counts)]
            values = self._call(field, indices[order], Groups(counts, coarse), divisible=len(counts) > 1)
            if values is not None:
                out[order] = values
                first, start = last, start + order.numel()
                on_chunk(order.numel())
        return out

    def _call(self, field: IndexedField, indices: Tensor, groups: Groups | None, divisible: bool) -> Tensor | None:
        """One call of the field; None (with the chunk halved) when it ran out of memory and smaller calls may work."""
        try:
            return field(indices, groups)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if not divisible or self.chunk <= SMALLEST_CHUNK:
                raise MemoryLimitError(
                    "The device ran out of memory while decoding; close other programs that use it, or lower the resolution."
                ) from error
        self.chunk = max(min(self.chunk, indices.numel()) // 2, SMALLEST_CHUNK)
        if indices.device.type == "cuda":
            torch.cuda.empty_cache()
        return None


def default_chunk(field: Field) -> int:
    """Queries of one call, from the memory that is free."""
    device = field.device
    if device.type == "cpu":
        return field.core_chunk * torch.get_num_threads()
    if device.type != "cuda":
        return 4 * _CHUNKS[0]
    return min(max(free_memory(device) // 4 // _QUERY_BYTES, _CHUNKS[0]), _CHUNKS[1])
