"""One download of a file at a time on this machine, also between two programs. The system frees the lock of one that dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..files import try_lock


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `path`, which is there only meanwhile.

    Args:
        waiting: called again and again while another program holds it; it must take its time, and may raise to give up.

    Raises:
        OSError: the lock file cannot be made.
    """
    while (file := _try(path)) is None:
        waiting()
    try:
        yield
    finally:
        # First its name, then the lock: whoever opened it before finds the name gone and opens a new one.
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
        file.close()
        if sys.platform == "win32":
            with contextlib.suppress(OSError):  # another one holds it by now
                path.unlink()


def _try(path: Path) -> BinaryIO | None:
    """The open and locked file; None while another holds it."""
    try:
        file = path.open("a+b")
    except PermissionError:
        if sys.platform == "win32" and path.exists():
            return None  # it is being deleted
        raise
    if try_lock(file) and (sys.platform == "win32" or _is_at(file, path)):
        return file
    file.close()
    return None


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the file has not lost its name to whoever held the lock before."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
