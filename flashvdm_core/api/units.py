"""Lengths of the core frame, and amounts of memory for a person. Standard library only."""

from __future__ import annotations

BOX_HALF_SIDE = 1.01
"""Half the side of the decoded box, a cube around the origin of the core frame."""

SHAPE_HALF_SIDE = 0.96
"""Half the longest side of a shape that is encoded, which leaves a margin in the decoded box."""

GIB = 1 << 30


def gib(size: float) -> str:
    """A number of bytes for a person."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / (1 << 20):.0f} MiB"
