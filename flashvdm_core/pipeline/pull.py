"""What a function reports through a callback, as an iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from threading import Semaphore, Thread
from typing import TypeVar

import torch

from ..api.errors import Cancelled

T = TypeVar("T")


def pulled(work: Callable[[Callable[[T], None]], None], device: torch.device) -> Iterator[T]:
    """What `work` reports, one after the other.

    It runs in a thread of its own, but never at the same time as the caller: it waits inside each report until the next one is
    asked for. Where nobody asks any more, its last report raises `Cancelled`.

    Args:
        work: called with the function that it reports to. What it raises is raised here.
        device: where it computes.
    """
    reports: list[T] = []
    errors: list[BaseException] = []
    wanted, there = Semaphore(0), Semaphore(0)
    left = False

    def report(item: T) -> None:
        reports.append(item)
        there.release()
        wanted.acquire()
        if left:
            raise Cancelled

    def run() -> None:
        wanted.acquire()
        try:
            if not left:
                with _current(device):
                    work(report)
        except BaseException as error:
            errors.append(error)
        there.release()

    thread = Thread(target=run, name="flashvdm-decode", daemon=True)
    thread.start()
    try:
        while True:
            wanted.release()
            there.acquire()
            if not reports:
                break
            yield reports.pop()
    finally:
        left = True
        wanted.release()
        thread.join()
    if errors:
        raise errors.pop()


def _current(device: torch.device) -> AbstractContextManager[object]:
    """A device is a thread's own choice."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
