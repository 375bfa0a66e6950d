"""PyTorch, the graphics card, its driver, and whether they compute together."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..api.errors import DeviceError
from ..api.units import gib
from ..setup.cards import misfit
from ..setup.detect import find_machine
from ..setup.lists import listed_builds
from .findings import Finding, error, ok, warning
from .packages import install

_SMI_SECONDS = 30.0
_GET_TORCH = "Press Set Up, or install PyTorch in this Python; pytorch.org/get-started names the command for your graphics card."


@dataclass(frozen=True)
class Compute:
    """What the other checks need to know.

    Attributes:
        device: what the model will run on, "" where PyTorch does not work.
        free: bytes of graphics memory that are free, None without a graphics card that says so.
    """

    device: str = ""
    free: int | None = None


def examine_compute(setting: str, found: list[Compute]) -> Iterator[Finding]:
    """PyTorch and the device that the setting "device" means; what it is goes into `found`."""
    cards = _nvidia_cards()
    try:
        import torch
    except ModuleNotFoundError as problem:
        if problem.name != "torch":
            yield error("PyTorch", f"does not work (No module named '{problem.name}')", install("torch"))
        else:
            yield error("PyTorch", "is not installed", _GET_TORCH)
    except Exception as problem:  # a library that does not load raises OSError, a mixed installation nearly anything
        yield error("PyTorch", f"does not work ({type(problem).__name__}: {problem})", _GET_TORCH)
    else:
        yield from _examine_torch(torch)
        yield from _examine_device(torch, setting, found)
    for card in cards:
        yield ok("Driver", card)


def _examine_torch(torch: ModuleType) -> Iterator[Finding]:
    cuda, hip = torch.version.cuda or "", getattr(torch.version, "hip", None) or ""
    text, remedy = misfit(find_machine(), cuda, hip, torch.cuda.get_arch_list() if cuda else (), listed_builds())
    if text:
        yield warning("PyTorch", f"{torch.__version__} is {text}", remedy)
    else:
        built = f"built for CUDA {cuda}" if cuda else f"built for ROCm {hip}" if hip else "without CUDA"
        yield ok("PyTorch", f"{torch.__version__}, {built}")


def _examine_device(torch: ModuleType, setting: str, found: list[Compute]) -> Iterator[Finding]:
    from ..runtime.devices import choose_device

    yield from _idle_cards(torch)
    try:
        device = choose_device(setting)
    except DeviceError as problem:
        yield error("Device", str(problem), "Set the device to auto.")
        return
    if device.type != "cuda":
        found.append(Compute(str(device)))
        slow = ", where large models take minutes" if device.type == "cpu" else ""
        yield ok("Device", f"{setting} computes on {device}{slow}")
        return
    free, total = torch.cuda.mem_get_info(device)
    found.append(Compute(str(device), free))
    major, minor = torch.cuda.get_device_capability(device)
    name = torch.cuda.get_device_name(device)
    yield ok("Device", f"{setting} computes on {device}: {name}, capability {major}.{minor}, {gib(total)} of memory")


def _idle_cards(torch: ModuleType) -> Iterator[Finding]:
    """Graphics cards of a PyTorch for CUDA or ROCm that do not compute: "auto" passes them over in silence."""
    from ..runtime.devices import choose_device

    if not torch.version.cuda and not getattr(torch.version, "hip", None):
        return
    try:
        choose_device("cuda")
    except DeviceError as problem:
        remedy = "Update the graphics driver, or press Set Up again for the PyTorch that fits this card."
        yield warning("Graphics card", f"cannot be used: {problem}", remedy)


def _nvidia_cards() -> list[str]:
    """Name, driver and memory of each NVIDIA card, as the driver's own tool tells."""
    tool = _installed_program("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_SMI_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode != 0:
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]
    return [f"NVIDIA {driver}: {name}, {memory}" for name, driver, memory in (row for row in rows if len(row) == 3)]


def _installed_program(name: str) -> str | None:
    """The program `name` in a folder of the PATH that is named in full, or None.

    Never the current folder, where `shutil.which` looks first on Windows: what lies there may come from a download.
    """
    folders = (folder for folder in os.get_exec_path() if Path(folder).is_absolute())
    return next((found for folder in folders if (found := shutil.which(str(Path(folder, name))))), None)
