"""Timing: warm-up, repeated runs, device events, peak memory; and what the machine can do at best."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch

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
    before = _start_of_peak(device)
    result, *first = _once(function, device)
    peak = _peak(device, before)
    runs = [] if first[0] < _SECONDS else [first]
    while len(runs) < _RUNS and sum(wall for wall, _ in runs) + first[0] < _SECONDS:
        result, *took = _once(function, device)
        runs.append(took)
    walls, busy = zip(*(runs or [first]), strict=True)
    cpu = statistics.median(busy) if device.type == "cpu" else None
    return Timing(statistics.median(walls), cpu, min(walls), len(walls), peak, result)


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


def _start_of_peak(device: torch.device) -> int | None:
    """Forget the peak so far; memory in use now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    if device.type == "cpu" and sys.platform == "linux":
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return None
        return _status("VmRSS")
    return None


def _peak(device: torch.device, before: int | None) -> int | None:
    """Peak since `_start_of_peak`, above what was in use then."""
    if before is None:
        return None
    after = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else _status("VmHWM")
    return None if after is None else max(after - before, 0)


def _status(name: str) -> int | None:
    """A line of this process's status, in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


@dataclass(frozen=True)
class Floor:
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


def measured_floor(device: torch.device, dtype: torch.dtype) -> Floor:
    """Time a matrix product and a copy."""
    side, elements = (1536, 1 << 26) if device.type == "cpu" else (8192, 1 << 29)
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = timed(lambda: a @ b, device).fastest
    source = torch.zeros(elements, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = timed(lambda: target.copy_(source), device).fastest
    return Floor(2 * side**3 / product, 2 * elements / copy)
