"""Pieces of work on the cores of a CPU: each piece on one core, instead of each operation on all of them.

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

Each = Callable[[Callable[[int], Tensor], Sequence[int]], list[Tensor]]
"""(work, pieces) -> the answers of `work` for each piece, in their order."""


def each_in_turn(work: Callable[[int], Tensor], pieces: Sequence[int]) -> list[Tensor]:
    """The plain twin of `each_on_a_core`: every operation on all cores."""
    return [work(piece) for piece in pieces]


def each_on_a_core(work: Callable[[int], Tensor], pieces: Sequence[int]) -> list[Tensor]:
    """The answers of `work` for each piece, in their order. `work` runs without gradients, in several threads at once."""
    threads = torch.get_num_threads()
    if threads == 1 or len(pieces) == 1:
        return each_in_turn(work, pieces)
    return list(_pool(threads).map(torch.no_grad()(work), pieces))


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
