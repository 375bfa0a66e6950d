"""What is to be downloaded, by what it is known, and whether a file on disk is it."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..api.errors import DownloadError
from ..files import open_file

CHUNK = 1 << 20
"""Bytes that are read, hashed and written at a time."""


class Hasher(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class Download:
    """One file to download.

    Attributes:
        url: where it is.
        name: its path in the folder, with "/" between folders.
        size: bytes; None where only the server knows.
        sha256: in hexadecimal; "" where only the server knows.
        git_sha1: its hash as a blob of git, by which a hub knows its small files; looked at where there is no SHA-256.
        copies: files on this machine that may be the same: looked at first, and used if they are.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str = ""
    git_sha1: str = ""
    copies: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        path = PurePosixPath(self.name)
        if not self.name or path.is_absolute() or ".." in path.parts or "\\" in self.name or ":" in self.name:
            raise DownloadError(f"'{self.name}' is no file name to download to.")

    @property
    def digest(self) -> str:
        """The hash that it is verified by; "" where none is known."""
        return (self.sha256 or self.git_sha1).lower()

    def hasher(self) -> Hasher | None:
        """What its bytes are to be given to, in order, for `digest`; None where no hash is known."""
        if self.sha256:
            return hashlib.sha256()
        if self.git_sha1 and self.size is not None:
            return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        return None


def is_whole(path: Path, download: Download, read: Callable[[int], None] = lambda done: None) -> bool:
    """Whether the file at `path` is the one that is to be downloaded: of its size, and of its hash where that is known.

    Args:
        read: told after each chunk how many bytes were read; what it raises ends the look.
    """
    try:
        if not path.is_file() or download.size not in (None, path.stat().st_size):
            return False
        hasher = download.hasher()
        if hasher is None:
            return download.size is not None
        hash_file(path, hasher, read)
    except OSError:
        return False  # it cannot be read, so it is of no use
    return hasher.hexdigest() == download.digest


def hash_file(path: Path, hasher: Hasher, read: Callable[[int], None]) -> int:
    """Give a file's bytes to `hasher`; how many there were."""
    done = 0
    with open_file(path) as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
            done += len(chunk)
            read(done)
    return done


def disk_sentence(error: OSError, path: Path) -> str:
    """What is wrong with the disk, and what to do."""
    folder = path.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {path.name} does not fit into {folder}; free some space, and go on where it stopped."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"The folder {folder} may not be written; correct its permissions, or choose another folder."
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return f"The path {path} is too long or not allowed on this disk; choose a folder with a shorter name."
    return f"{path} cannot be written ({error.strerror or error}); check the disk, or choose another folder."


def readable(size: int) -> str:
    """Bytes as a person reads them, in the units of download pages: 4.93 GB."""
    for unit, bytes_of in (("GB", 10**9), ("MB", 10**6), ("kB", 1000)):
        if size >= bytes_of:
            return f"{size / bytes_of:.3g} {unit}"
    return f"{size} bytes"
