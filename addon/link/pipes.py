"""A child process's pipes without waiting, on every system. Standard library only."""

from __future__ import annotations

import errno
import os
import sys

_PIECE = 1 << 9 if sys.platform == "win32" else 1 << 16  # bytes


def make_non_blocking(descriptor: int) -> None:
    """Let reads and writes of the pipe `descriptor` return at once.

    Raises:
        OSError: the system refuses.
    """
    if sys.platform == "win32" and sys.version_info < (3, 12):
        _make_windows_pipe_non_blocking(descriptor)
    else:
        os.set_blocking(descriptor, False)


def read_available(descriptor: int, limit: int) -> bytes | None:
    """What the pipe holds now, at most `limit` bytes: b"" when nothing yet, None at its end."""
    pieces: list[bytes] = []
    while limit > 0:
        try:
            piece = os.read(descriptor, min(limit, 1 << 16))
        except BlockingIOError:
            break
        except OSError as error:
            # Before Python 3.12, Windows reports an empty pipe in non-blocking mode as an invalid argument.
            if sys.platform == "win32" and error.errno == errno.EINVAL:
                break
            return b"".join(pieces) or None
        if not piece:
            return b"".join(pieces) or None
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def write_available(descriptor: int, data: bytes | bytearray) -> int | None:
    """How many bytes of `data`, from its start, the pipe has taken now; None where nobody reads it any more."""
    written = 0
    while written < len(data):
        piece = memoryview(data)[written : written + _PIECE]
        try:
            written += os.write(descriptor, piece)
        except BlockingIOError:
            break
        except OSError as error:
            # Windows takes a piece whole or not at all, and reports a pipe without room for it as a full disk.
            if sys.platform == "win32" and error.errno in (errno.ENOSPC, errno.EAGAIN):
                break
            return None
        finally:
            piece.release()
    return written


def _make_windows_pipe_non_blocking(descriptor: int) -> None:
    """`os.set_blocking` for pipes on Windows came with Python 3.12; this is the system call behind it."""
    if sys.platform != "win32":
        return
    import ctypes
    import msvcrt
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.SetNamedPipeHandleState.argtypes = [wintypes.HANDLE, wintypes.LPDWORD, wintypes.LPDWORD, wintypes.LPDWORD]
    kernel.SetNamedPipeHandleState.restype = wintypes.BOOL
    no_wait = wintypes.DWORD(1)
    if not kernel.SetNamedPipeHandleState(msvcrt.get_osfhandle(descriptor), ctypes.byref(no_wait), None, None):
        raise ctypes.WinError(ctypes.get_last_error())
