"""The one door for files from outside, files that appear whole or not at all, and the kinds of image and mesh files.

Standard library only.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import unicodedata
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import IO
from urllib.request import url2pathname

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif")
"""What `open_image` reads, in lower case."""

OTHER_IMAGE_SUFFIXES = (
    ".avif", ".heic", ".heif", ".hif", ".jp2", ".jpx", ".jxl", ".tga", ".psd", ".kra", ".xcf", ".svg", ".exr", ".hdr", ".dds",
    ".ico", ".ppm", ".pgm", ".pnm", ".qoi", ".raw", ".dng", ".arw", ".cr2", ".cr3", ".nef", ".orf", ".raf", ".rw2",
)  # fmt: skip
"""Of pictures that it does not."""

MESH_SUFFIXES = (".glb", ".obj", ".ply", ".stl")
"""What `mesh_io` writes."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class NoPlainFileError(OSError):
    """A pipe, a device or a socket, where a file is expected."""


def open_file(path: str | Path, *, follow: bool = True) -> BufferedReader:
    """Open a file that somebody else chose, to read. Never waits: pipes, devices and sockets are refused.

    Args:
        follow: whether symbolic links at the end of the path are followed; they are refused otherwise.

    Raises:
        OSError: whatever is wrong, names that no file can have included; its `strerror` says it in a few words.
    """
    file_status(path, follow=follow)  # to open a device may do something already
    descriptor = os.open(path, _FLAGS | (0 if follow else _NO_FOLLOW))
    try:
        _check_plain(path, os.fstat(descriptor))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def file_status(path: str | Path, *, follow: bool = True) -> os.stat_result:
    """What the system knows of a file that somebody else chose; raises as `open_file` does."""
    try:
        status = os.stat(path, follow_symlinks=follow)
    except ValueError as error:  # a null character, or half of a surrogate pair
        raise OSError(errno.EINVAL, "no file can have such a name", os.fspath(path)) from error
    _check_plain(path, status)
    return status


def read_file(path: str | Path, limit: int, *, follow: bool = True) -> bytes:
    """The whole content of a file that somebody else chose, if it is no longer than `limit` bytes.

    Raises:
        OSError: as `open_file`, or it is longer.
    """
    with open_file(path, follow=follow) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is longer than {limit} bytes", os.fspath(path))
    return content


def _check_plain(path: str | Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link to another file", os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise NoPlainFileError(errno.EINVAL, "it is a pipe or a device and not a file", os.fspath(path))


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(file: IO[bytes]) -> bool:
    """Take the lock of an open file, which the system frees when the file is closed or its process ends; False while another
    has it. On a disk without locks, as some network drives are, it is always free.
    """
    try:
        _lock(file)
    except OSError as error:
        return sys.platform != "win32" and not isinstance(error, BlockingIOError | PermissionError)
    return True


def pasted_path(text: str) -> str:
    """The path that a text means which was typed, pasted or dropped: without the blanks, line ends and quotes around it that
    "Copy as path" and terminals add, of a file URL the file, and with the home folder in place of a tilde.

    A text that names a file as it stands, and one that is none of this, is not changed.
    """
    found = text.strip()
    if found != text and os.path.lexists(text):
        return text
    if len(found) > 1 and found[0] in _QUOTES and found[-1] == _QUOTES[found[0]]:
        if os.path.lexists(found):
            return found
        found = found[1:-1].strip()
    if found[:7].lower() == "file://":
        host, slash, place = found[7:].partition("/")
        if slash and host.lower() in ("", "localhost"):
            found = url2pathname(f"/{place}")
    return os.path.expanduser(found) if found.startswith("~") and not os.path.lexists(found) else found


def named_file(folder: Path, name: str) -> Path:
    """The file in `folder` that a list means which may come from another system: with backslashes between folders, and with
    accents as letters of their own or not. A name that stands for nothing there is not changed.
    """
    path = folder / name
    if os.path.lexists(path):
        return path
    found = folder
    for part in Path(name.replace("\\", "/")).parts:
        following = found / part
        if not os.path.lexists(following):
            wanted = unicodedata.normalize("NFC", part)
            try:
                names = os.listdir(found)
            except OSError:
                return path
            alike = [other for other in names if unicodedata.normalize("NFC", other) == wanted]
            if len(alike) != 1:
                return path
            following = found / alike[0]
        found = following
    return found


def is_dead_link(path: str | Path) -> bool:
    """A link to a file that is gone, as of a hub's cache that was cleaned."""
    return os.path.islink(path) and not os.path.exists(path)


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
