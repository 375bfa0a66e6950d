"""What has come of a file so far, beside it, and what it belongs to: enough to go on with after any end."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ..api.fields import parse_json
from ..files import read_file, write_whole
from .files import Download

_MAX_RECORD = 1 << 16


class Part:
    """`NAME.part` with the first bytes, and `NAME.part.json` with the size and hash of the whole and the server's ETag.

    Attributes:
        path: of the bytes.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self._record = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that have come."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def etag_of(self, download: Download) -> str | None:
        """The ETag under which the bytes came, "" where there was none; None where they are of no use for `download`."""
        try:
            record = parse_json(read_file(self._record, _MAX_RECORD))
        except (OSError, ValueError):
            return None
        if not self.size or not isinstance(record, Mapping) or {**record, "etag": ""} != _record(download, ""):
            return None
        etag = str(record["etag"])
        return etag if etag or download.digest else None  # bytes that nothing tells from another file's

    def begin(self, download: Download, etag: str) -> BinaryIO:
        """An empty part, open for writing."""
        self.discard()
        text = json.dumps(_record(download, etag))
        write_whole(self._record, lambda path: path.write_text(text, encoding="utf-8"))
        return self.path.open("wb", buffering=0)

    def go_on(self) -> BinaryIO:
        """The part open for writing behind its end."""
        return self.path.open("ab", buffering=0)

    def discard(self) -> None:
        """Forget the bytes."""
        self.path.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """The part is whole: it becomes `target` at once, and stays so when the power goes."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(target)
        with contextlib.suppress(OSError):
            self._record.unlink(missing_ok=True)


def _record(download: Download, etag: str) -> dict[str, object]:
    # Not the address: another mirror has the same bytes.
    address = "" if download.digest else download.url
    return {"size": download.size, "digest": download.digest, "url": address, "etag": etag}
