"""What machine this is, without torch: its graphics cards and their drivers, asked of the drivers and the system themselves."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cards import Card, Machine

_SECONDS = 20.0
_SYSTEMS = {"win32": "windows", "darwin": "macos"}
_PROCESSORS = {"amd64": "x64", "x86_64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # of CUdevice_attribute
_PCI = Path("/sys/bus/pci/devices")
_KFD = Path("/sys/class/kfd/kfd/topology/nodes")
_INTEL_ARC = re.compile(r"0x(56[9abc]|e2[012]|7d[5d]|64[ab]|b0[89a])[0-9a-f]")
"""PCI ids of Intel's cards that PyTorch's build for them names: Arc A and B, and the Arc parts of Core Ultra."""


@dataclass(frozen=True)
class Probes:
    """How this machine is asked, so that a test can answer in its place.

    Attributes:
        library: loads a library of the system by its name; OSError where it is not there.
        text: reads a file of the system; OSError where it is not there.
        output: runs a program with arguments; what it printed, "" where it is missing or fails.
        folders: the entries of a folder, [] where it is not there.
        adapters: names of the display adapters, as Windows keeps them.
    """

    library: Callable[[str], Any]
    text: Callable[[Path], str]
    output: Callable[..., str]
    folders: Callable[[Path], list[Path]]
    adapters: Callable[[], list[str]]
    platform: str
    processor: str
    macos: str


def probes() -> Probes:
    """Those that ask this machine."""
    return Probes(
        _library, _text, _output, _folders, _adapters, sys.platform, platform.machine(), platform.mac_ver()[0]
    )  # fmt: skip


def find_machine(ask: Probes | None = None) -> Machine:
    """This machine. Nothing is raised: what does not answer is not there."""
    ask = ask or probes()
    system = _SYSTEMS.get(ask.platform, ask.platform)
    processor = _PROCESSORS.get(ask.processor.lower(), ask.processor)
    if system == "macos":
        return Machine(system, processor, macos=_version(ask.macos))
    cards, cuda = _cuda_driver(ask, system)
    named, driver = _nvidia_smi(ask)
    driver = _kernel_driver(ask) or driver
    cards = cards or named
    if not cards and _nvidia_is_there(ask, system):
        cards = [Card("nvidia", "NVIDIA graphics card")]
    return Machine(system, processor, (*cards, *_amd(ask, system), *_intel(ask, system)), driver, cuda)


def _cuda_driver(ask: Probes, system: str) -> tuple[list[Card], tuple[int, ...]]:
    """(cards, CUDA version) as the library of NVIDIA's driver tells them."""
    try:
        cuda = ask.library("nvcuda.dll" if system == "windows" else "libcuda.so.1")
    except OSError:
        return [], ()
    try:
        version, count = ctypes.c_int(0), ctypes.c_int(0)
        spoken: tuple[int, ...] = ()
        if cuda.cuDriverGetVersion(ctypes.byref(version)) == 0 and version.value:
            spoken = version.value // 1000, version.value % 1000 // 10
        if cuda.cuInit(0) != 0 or cuda.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return [], spoken
        return [card for number in range(count.value) if (card := _cuda_card(cuda, number)) is not None], spoken
    except (AttributeError, OSError):  # a library of that name without these functions, or one that breaks
        return [], ()


def _cuda_card(cuda: Any, number: int) -> Card | None:
    device, name = ctypes.c_int(0), ctypes.create_string_buffer(256)
    if cuda.cuDeviceGet(ctypes.byref(device), number) != 0:
        return None
    parts: list[int] = []
    for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR):
        value = ctypes.c_int(0)
        if cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device) != 0:
            return None
        parts.append(value.value)
    known = cuda.cuDeviceGetName(name, len(name), device) == 0
    return Card("nvidia", name.value.decode("utf-8", "replace") if known else "NVIDIA graphics card", (parts[0], parts[1]))


def _nvidia_smi(ask: Probes) -> tuple[list[Card], tuple[int, ...]]:
    """(cards, driver) as NVIDIA's own tool tells them."""
    cards: list[Card] = []
    driver: tuple[int, ...] = ()
    for line in ask.output("nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader").splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 3:
            capability = _version(cells[1])
            cards.append(Card("nvidia", cells[0], (capability[0], capability[1]) if len(capability) == 2 else None))
            driver = _version(cells[2])
    return cards, driver


def _kernel_driver(ask: Probes) -> tuple[int, ...]:
    """The version of NVIDIA's kernel module on Linux."""
    for path in (Path("/sys/module/nvidia/version"), Path("/proc/driver/nvidia/version")):
        try:
            found = re.search(r"\b(\d{3}\.\d+(\.\d+)?)\b", ask.text(path))
        except OSError:
            continue
        if found:
            return _version(found[1])
    return ()


def _nvidia_is_there(ask: Probes, system: str) -> bool:
    """A card without a driver that works."""
    if system == "windows":
        return any("nvidia" in name.lower() for name in ask.adapters())
    return any(vendor == "0x10de" for vendor, _ in _displays(ask))


def _amd(ask: Probes, system: str) -> list[Card]:
    if system == "windows":
        return [Card("amd", name) for name in ask.adapters() if re.search(r"\b(AMD|Radeon|ATI)\b", name, re.IGNORECASE)]
    cards: list[Card] = []
    for node in ask.folders(_KFD):
        try:
            found = re.search(r"^gfx_target_version (\d+)$", ask.text(node / "properties"), re.MULTILINE)
        except OSError:
            continue
        if found and int(found[1]):
            cards.append(Card("amd", "AMD graphics card", architecture=_gfx(int(found[1]))))
    if not cards and any(vendor == "0x1002" for vendor, _ in _displays(ask)):
        cards.append(Card("amd", "AMD graphics card"))
    return cards


def _gfx(number: int) -> str:
    """110001 -> "gfx1101": two digits each for major, minor and stepping, the last in hexadecimal."""
    return f"gfx{number // 10000}{number // 100 % 100:x}{number % 100:x}"


def _intel(ask: Probes, system: str) -> list[Card]:
    if system == "windows":
        return [Card("intel", name) for name in ask.adapters() if re.search(r"\bIntel\b.*\bArc\b", name, re.IGNORECASE)]
    found = any(vendor == "0x8086" and _INTEL_ARC.fullmatch(device) for vendor, device in _displays(ask))
    return [Card("intel", "Intel Arc graphics")] if found else []


def _displays(ask: Probes) -> list[tuple[str, str]]:
    """(vendor, device) of the display controllers on the PCI bus, on Linux."""
    found: list[tuple[str, str]] = []
    for folder in ask.folders(_PCI):
        try:
            if ask.text(folder / "class").strip().startswith("0x03"):
                found.append((ask.text(folder / "vendor").strip().lower(), ask.text(folder / "device").strip().lower()))
        except OSError:
            continue
    return found


def _version(text: str) -> tuple[int, ...]:
    """ "570.86.10" -> (570, 86, 10)"""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _library(name: str) -> Any:
    return ctypes.WinDLL(name) if sys.platform == "win32" else ctypes.CDLL(name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir())
    except OSError:
        return []


def _output(program: str, *arguments: str) -> str:
    # Never the current folder, where `shutil.which` looks first on Windows: what lies there may come from a download.
    folders = (folder for folder in os.get_exec_path() if Path(folder).is_absolute())
    found = next((path for folder in folders if (path := shutil.which(str(Path(folder, program))))), None)
    if found is None:
        return ""
    hidden = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    try:
        done = subprocess.run(
            [found, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False, creationflags=hidden
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _adapters() -> list[str]:
    if sys.platform != "win32":
        return []
    import winreg

    names: list[str] = []
    classes = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, classes) as key:
            for number in range(winreg.QueryInfoKey(key)[0]):
                try:
                    with winreg.OpenKey(key, winreg.EnumKey(key, number)) as adapter:
                        names.append(str(winreg.QueryValueEx(adapter, "DriverDesc")[0]))
                except OSError:
                    continue
    except OSError:
        return []
    return names
