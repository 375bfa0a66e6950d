"""Folders and memory: may they be written, and is there enough. Standard library only."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ..api.units import GIB, gib
from .findings import Finding, error, ok, warning

_TOO_LITTLE = GIB // 4
_LITTLE = 2 * GIB


def examine_folder(topic: str, folder: Path) -> Iterator[Finding]:
    """Whether a file can be written to `folder` (made where it is missing), and how much space its disk has."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{secrets.token_hex(8)}.trial"
        try:
            trial.write_bytes(b"flashvdm" * 512)
        finally:
            trial.unlink(missing_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as problem:
        reason = problem.strerror or str(problem)
        yield error(topic, f"{folder} cannot be written ({reason})", "Correct its permissions, or free space on its disk.")
        return
    text = f"{folder} can be written, {gib(free)} free"
    if free < _TOO_LITTLE:
        yield error(topic, text, "Free some space on this disk: meshes and pictures pass through this folder.")
    elif free < _LITTLE:
        yield warning(topic, text, "Free some space on this disk: large meshes may not fit.")
    else:
        yield ok(topic, text)


def free_memory() -> int | None:
    """Bytes of main memory that a program can still have; None where the system does not say."""
    if sys.platform == "win32":
        return _free_memory_windows()
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def total_memory() -> int | None:
    """Bytes of main memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def memory_kills() -> int:
    """How many programs the system has killed for want of memory since it started, those in a container's limit among them.

    0 where it does not say (before Linux 4.13, and elsewhere).
    """
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except (OSError, ValueError, IndexError):
        return 0


def _free_memory_windows() -> int | None:
    if sys.platform != "win32":
        return None
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            *(
                (name, ctypes.c_uint64)
                for name in ("total", "free", "total_page", "free_page", "virtual", "free_virtual", "extended")
            ),
        ]

    status = Status(length=ctypes.sizeof(Status))
    return status.free if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
