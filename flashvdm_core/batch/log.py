"""The log of a batch: one JSON object a line, appended whole, so that several processes may write one file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..api.errors import BatchError


class JsonLog:
    """Appends to the file `path`, which is made where it is missing.

    Raises:
        BatchError: here and in `write`, the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            # A process that was killed, or a full disk, may have left half a line.
            if (size := os.lseek(self._file, 0, os.SEEK_END)) and os.lseek(self._file, size - 1, os.SEEK_SET) >= 0:
                self._unfinished = os.read(self._file, 1) != b"\n"
            else:
                self._unfinished = False
        except OSError as error:
            raise self._error(error) from error

    def write(self, fields: Mapping[str, Any]) -> None:
        """Append one line, with the time in front."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = b"\n" * self._unfinished + json.dumps({"time": time, **fields}).encode("ascii") + b"\n"
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise self._error(error) from error
        self._unfinished = written < len(line)
        if self._unfinished:
            raise BatchError(f"'{self.path}' cannot be written (the disk is full); free some space and start again.")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _error(self, error: OSError) -> BatchError:
        return BatchError(f"'{self.path}' cannot be written ({error.strerror}); free some space, or check its permissions.")
