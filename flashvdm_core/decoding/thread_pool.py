"""A parallel map over the cores of a CPU: each tile of the work on one core, instead of each operation on all of them.

Operations that are shared by all cores wait for the slowest core at their end. Where an operation takes less than a
millisecond this costs a good part of it, and many times that where another program keeps a core busy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier

import torch
from torch import Tensor

# Queries that a core of a CPU works on at once, at most: with what belongs to them they stay in its cache. Of fewer than the
# least it would hardly do more than begin.
_TILE, _LEAST = 2048, 256

Map = Callable[[Callable[[int], Tensor], Sequence[int]], list[Tensor]]
"""(work, tiles) -> what `work` returns for each tile, in their order."""


def serial_map(work: Callable[[int], Tensor], tiles: Sequence[int]) -> list[Tensor]:
    """The reference of `parallel_map`: every operation on all cores."""
    return [work(tile) for tile in tiles]


def parallel_map(work: Callable[[int], Tensor], tiles: Sequence[int]) -> list[Tensor]:
    """What `work` returns for each tile, in their order. It runs without gradients, in several threads at once."""
    threads = torch.get_num_threads()
    if threads == 1 or len(tiles) == 1:
        return serial_map(work, tiles)
    return list(_pool(threads).map(torch.no_grad()(work), tiles))


def tile_size(queries: int, cores: int) -> int:
    """Queries of a tile such that all cores get as many."""
    rounds = -(-queries // (cores * _TILE))
    return max(-(-queries // (cores * rounds)), _LEAST)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads whose operations run on one core each."""
    pool = ThreadPoolExecutor(threads, "flashvdm-core", initializer=_one_core)
    started = Barrier(threads)
    list(pool.map(lambda _: started.wait(), range(threads)))
    # The number holds for the thread that sets it, and for those that start later: they get this one's again.
    torch.set_num_threads(threads)
    return pool


def _one_core() -> None:
    torch.get_num_threads()  # a thread takes over the common number when it first asks; its own counts from then on
    torch.set_num_threads(1)
