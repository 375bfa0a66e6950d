"""Timing: warm-up, repeated runs, device events, peak memory; and what the machine can do at best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from ...runtime.memory.peak import PeakMemory

ResultT = TypeVar("ResultT")

# Repeat until this many runs, or until they took this long together; a run that is slow in itself runs once.
_RUNS, _SECONDS = 7, 4.0


@dataclass(frozen=True)
class Timing(Generic[ResultT]):
    """What repeated runs of one function took.

    Attributes:
        seconds: median, in seconds.
        cpu_seconds: median of the time that the process spent on all cores together, on a CPU; it hardly depends on what else
            runs there. None on other devices.
        fastest: the shortest run.
        runs: how many were timed. One warm-up came before them, unless it alone took longer than the time
            for all: then it is the one that counts.
        peak_bytes: memory at its peak above what was in use before: of the device on a GPU, else of the process;
            None where the system does not tell.
        result: answer of the last run.
    """

    seconds: float
    cpu_seconds: float | None
    fastest: float
    runs: int
    peak_bytes: int | None
    result: ResultT


def timed(function: Callable[[], ResultT], device: torch.device) -> Timing[ResultT]:
    """Time a function that works on `device`: device events on a GPU, the wall clock elsewhere."""
    memory = PeakMemory(device)
    result, *first = _once(function, device)
    peak = memory.bytes()
    above = None if peak is None or memory.before is None else max(peak - memory.before, 0)
    runs = [] if first[0] < _SECONDS else [first]
    while len(runs) < _RUNS and sum(wall for wall, _ in runs) + first[0] < _SECONDS:
        result, *took = _once(function, device)
        runs.append(took)
    walls, busy = zip(*(runs or [first]), strict=True)
    cpu = statistics.median(busy) if device.type == "cpu" else None
    return Timing(statistics.median(walls), cpu, min(walls), len(walls), above, result)


def _once(function: Callable[[], ResultT], device: torch.device) -> tuple[ResultT, float, float]:
    """One run: its answer, its seconds, and those that the process spent on all cores together."""
    busy = time.process_time()
    if device.type != "cuda":
        start = time.perf_counter()
        result = function()
        if device.type == "mps":
            torch.mps.synchronize()
        return result, time.perf_counter() - start, time.process_time() - busy
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    begin.record()
    result = function()
    end.record()
    torch.cuda.synchronize(device)
    return result, begin.elapsed_time(end) / 1e3, time.process_time() - busy


@dataclass(frozen=True)
class Roofline:
    """What the machine does at best, measured.

    Attributes:
        flops: operations a second of a large matrix product in the run's number format.
        bandwidth: bytes a second of a large copy, read and written.
    """

    flops: float
    bandwidth: float

    def seconds(self, flop: float, moved: float = 0.0) -> float:
        """The least time for so many operations and so many bytes moved."""
        return max(flop / self.flops, moved / self.bandwidth)


def measure_roofline(device: torch.device, dtype: torch.dtype) -> Roofline:
    """Time a matrix product and a copy."""
    side, elements = (1536, 1 << 26) if device.type == "cpu" else (8192, 1 << 29)
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = timed(lambda: a @ b, device).fastest
    source = torch.zeros(elements, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = timed(lambda: target.copy_(source), device).fastest
    return Roofline(2 * side**3 / product, 2 * elements / copy)
