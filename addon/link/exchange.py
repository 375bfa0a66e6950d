"""The private folder through which arrays go between this process and its worker, and what others have left of theirs. No bpy."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...flashvdm_core.api.wire.arrays import LOCK_NAME, remove_arrays
from ...flashvdm_core.files import try_lock

_PREFIX = "flashvdm-"
_TRIES = 5
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Exchange:
    """A new folder in the system's folder for temporary files, until `remove`.

    It holds a lock, which the system frees when this process ends in whatever way. By it the next one knows that nobody
    needs the folder any more, and removes it.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self) -> None:
        remove_stale()
        for _ in range(_TRIES):
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            lock = _own(self.path)
            if lock is not None:
                break
        else:
            raise OSError("it is removed again and again")
        self._lock = lock

    def restore(self) -> None:
        """Make it anew at the same place, where something has cleaned it away.

        Raises:
            OSError: it cannot be made.
        """
        if _is_at(self._lock, self.path / LOCK_NAME):
            return
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        if not _is_ours(self.path):
            raise PermissionError(f"'{self.path}' belongs to somebody else")
        lock = _own(self.path)
        if lock is not None:
            self._lock.close()
            self._lock = lock

    def remove(self) -> None:
        """Remove it with all that it holds."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_stale() -> None:
    """Remove the folders of processes that were ended before they could, of this user alone."""
    for folder in _folders():
        with contextlib.suppress(OSError), _opened(folder / LOCK_NAME, 0) as lock:
            if try_lock(lock):
                if sys.platform == "win32":
                    lock.close()  # what is open cannot be removed there
                remove_arrays(folder)


def _folders() -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        yield from (Path(entry.path) for entry in entries if entry.name.startswith(_PREFIX) and _is_ours(Path(entry.path)))


def _is_ours(folder: Path) -> bool:
    """A folder, and not a link to one, that this user has made."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == os.getuid())


def _own(folder: Path) -> BinaryIO | None:
    """The folder's lock; None where another process took the folder for one that is left over, just before."""
    lock = _opened(folder / LOCK_NAME, os.O_CREAT)
    if try_lock(lock) and _is_at(lock, folder / LOCK_NAME):
        return lock
    lock.close()
    return None


def _opened(path: Path, flags: int) -> BinaryIO:
    return open(os.open(path, _FLAGS | flags, 0o600), "r+b", buffering=0)


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    except OSError:
        return False
