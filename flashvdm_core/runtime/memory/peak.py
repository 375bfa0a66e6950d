"""The most memory that was in use at a time: of the device on a CUDA graphics card, else of this process."""

from __future__ import annotations

import sys
from pathlib import Path

import torch


class PeakMemory:
    """Watches from now on; one at a time, as the system keeps one mark.

    Attributes:
        before: bytes in use at the start; None where the system does not tell (off CUDA, Linux does).
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.before = self._start()

    def bytes(self) -> int | None:
        """The most that was in use since the start, `before` included; None where the system does not tell.

        On CUDA what PyTorch has given out on the card, without what the driver keeps for itself (some hundred MiB).
        """
        if self.before is None:
            return None
        return torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else _status("VmHWM")

    def _start(self) -> int | None:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            return torch.cuda.memory_allocated(self._device)
        if self._device.type == "cpu" and sys.platform == "linux":
            try:
                Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
                return _status("VmRSS")
            except OSError:  # a container may hide it
                return None
        return None


def _status(name: str) -> int | None:
    """A line of this process's status, in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
