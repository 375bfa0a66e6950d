"""Standard output and error as they are found: full disks, terminals that lack letters or obey what a file's name says."""

from __future__ import annotations

import io
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class _LastingFile(io.RawIOBase):
    """A file that takes what it cannot write, too, and keeps the first error; without a file it forgets everything."""

    def __init__(self, file: io.RawIOBase | None, lost: list[OSError]) -> None:
        super().__init__()
        self._file, self._lost, self._works = file, lost, file is not None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno() if self._file is not None else super().fileno()

    def isatty(self) -> bool:
        return self._file is not None and self._file.isatty()

    def write(self, data, /) -> int | None:  # pyright: ignore[reportMissingParameterType]
        if self._works and self._file is not None:
            try:
                return self._file.write(data)
            except BrokenPipeError:  # whoever read has enough
                raise
            except OSError as error:
                self._works = False
                self._lost.append(error)
        return len(data)


@contextmanager
def lasting_streams() -> Iterator[list[OSError]]:
    """Standard output and error end no work: a letter that one lacks is escaped, and what a full disk does not take is lost.
    A closed one takes everything.

    Gives a list that holds what went wrong in the end.
    """
    lost: list[OSError] = []
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_lasting(stream, lost) for stream in before)
    try:
        yield lost
    finally:
        made = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = before
        for stream, former in zip(made, before, strict=True):
            if stream is not former:
                with suppress(BrokenPipeError, ValueError):
                    stream.flush()


def _lasting(stream, lost: list[OSError]):  # pyright: ignore[reportMissingParameterType]
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(_LastingFile(None, lost)), "utf-8")
    if not isinstance(stream, io.TextIOWrapper):  # a program has put something else in its place
        return stream
    stream.reconfigure(errors="backslashreplace")
    raw = getattr(stream.buffer, "raw", None)
    if not isinstance(raw, io.FileIO):
        return stream
    stream.flush()
    file = io.BufferedWriter(_LastingFile(raw, lost))
    return io.TextIOWrapper(file, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)


def printable(text: str) -> str:
    """A line for a terminal: what would command it (escape sequences, line ends, turns of the writing direction) is escaped."""
    return "".join(_escaped(letter) if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") else letter for letter in text)


def _escaped(letter: str) -> str:
    # Joiners belong to the letters of many scripts and to emoji.
    return letter if letter in "\u200c\u200d" else letter.encode("unicode_escape").decode("ascii")
