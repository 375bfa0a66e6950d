"""What is read of properties that a file holds: whoever wrote the .blend may have put anything there.

The one accessor of texts that hold more than one value, and of what older versions left as loose custom properties.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Generator, Sequence
from typing import Any

import bpy

from ...flashvdm_core.api.fields import parse_json

_SLICE = 1 << 15  # bytes that are compressed between two beats of Blender's


def table(text: object) -> dict[str, Any]:
    """The JSON object that a property holds; an empty one where it holds something else."""
    try:
        found = parse_json(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def texts(text: object) -> dict[str, str]:
    """The same of texts alone that Blender can show and open: without others, and without halves of letters."""
    return {name: value for name, value in table(text).items() if isinstance(value, str) and _is_whole(value)}


def compressed(content: bytes) -> Generator[None, None, str]:
    """Bytes as a text that a property can hold, made in steps of some milliseconds; `decompressed` is the inverse.

    A text, since Blender cuts bytes off at their first zero when it saves them.
    """
    packer, parts = zlib.compressobj(9), []
    for start in range(0, len(content), _SLICE):
        parts.append(packer.compress(content[start : start + _SLICE]))
        yield
    parts.append(packer.flush())
    return base64.b85encode(b"".join(parts)).decode("ascii")


def decompressed(text: str, largest: int) -> bytes:
    """What was `compressed`, and no more than `largest` bytes of it. Raises ValueError for any other text."""
    try:
        return zlib.decompressobj().decompress(base64.b85decode(text), largest)
    except zlib.error as error:
        raise ValueError(str(error)) from error


def of_kind(value: object, wanted: bpy.types.Property) -> Any:
    """`value` where it is what a property `wanted` may hold; else what such a property begins with."""
    if wanted.type == "STRING":
        return value if isinstance(value, str) and _is_whole(value) else ""
    if wanted.type == "BOOLEAN":
        return value is True or value == 1
    if wanted.type == "INT":
        return value if isinstance(value, int) else 0
    if wanted.type == "FLOAT":
        return _place(value) if getattr(wanted, "is_array", False) else _number(value)
    return value if isinstance(value, bpy.types.Image) else None


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _place(value: Any) -> Sequence[float]:
    try:
        x, y, z = (float(part) for part in value)
    except (TypeError, ValueError):
        return (0.0, 0.0, 0.0)
    return (x, y, z)
