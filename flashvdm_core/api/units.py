"""Amounts of memory for a person. Standard library only."""

from __future__ import annotations

GIB = 1 << 30


def gib(size: float) -> str:
    """A number of bytes for a person."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / (1 << 20):.0f} MiB"
