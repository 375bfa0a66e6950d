"""Files that appear whole or not at all, and the kinds of image and mesh files. Standard library only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif")
"""What `open_image` reads, in lower case."""

MESH_SUFFIXES = (".glb", ".obj", ".ply", ".stl")
"""What `mesh_io` writes."""


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there: `path` is complete or as it was.

    Raises:
        OSError: the folder does not exist, may not be written, or the disk is full.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
