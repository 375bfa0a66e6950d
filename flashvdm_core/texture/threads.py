"""Work that is shared by the cores of the processor: NumPy lets go of Python while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

_MOST = 8  # at once: more would wait for each other's Python, and each needs memory of its own


def in_threads(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Do the work on each item, on several at once."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST)) as pool:
        for _ in pool.map(work, items):
            pass  # an error of the work is raised here
