"""The bytes of one file: asked for from where they stopped, written and hashed as they come, tried again when they are cut."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, TypeVar

from ..api.errors import DownloadError, NoSuchFileError
from .answers import first_byte, length_of, strong_etag
from .files import CHUNK, Download, Hasher, hash_file
from .network import Failure, Network, Reply, broken, request
from .part import Part

_LONGEST_PAUSE = 30.0
_MOVED_ON = 1 << 16  # bytes after which an attempt has got on, and the next one counts as the first

_T = TypeVar("_T")


def again(attempt: Callable[[], _T], network: Network, pause: Callable[[float], None], came: Callable[[], int] = lambda: 0) -> _T:
    """What `attempt` gives, tried again after failures that pass.

    Args:
        pause: waits some seconds; may raise to give up.
        came: bytes that have come so far.

    Raises:
        DownloadError: it does not get on.
    """
    failures, reached = 0, False
    while True:
        before = came()
        try:
            return attempt()
        except Failure as failure:
            moved = came() - before
            failures = 1 if moved >= _MOVED_ON else failures + 1
            reached |= failure.connected or moved > 0
            # Without any network a user need not wait for the last attempt to hear of it.
            most = network.attempts if reached else min(network.attempts, 2)
            if not failure.passing or failures >= most:
                raise (NoSuchFileError if failure.status in (404, 410) else DownloadError)(failure.sentence) from failure
            wait = min(network.pause * 2 ** (failures - 1), _LONGEST_PAUSE) if failure.wait is None else failure.wait
        pause(wait)


class Transfer:
    """The way of one file into its part.

    Attributes:
        download: what is known of the file.
    """

    def __init__(
        self,
        download: Download,
        part: Part,
        network: Network,
        *,
        received: Callable[[int], None],
        checked: Callable[[int], None],
        pause: Callable[[float], None],
    ) -> None:
        """The callables are told of bytes received and hashed, and wait some seconds; each may raise to give up."""
        self.download = download
        self._part, self._network = part, network
        self._received, self._checked, self._pause = received, checked, pause
        self._hasher: Hasher | None = None

    def run(self) -> bool:
        """Bring the part to its full size; whether it is the file then. Where it is not it is thrown away.

        Raises:
            DownloadError: it cannot be had. The part stays.
            OSError: the disk is full, or the like.
        """
        part, download = self._part, self.download
        if part.etag_of(download) is None or part.size > (download.size if download.size is not None else part.size):
            part.discard()
        self._hasher = download.hasher()
        if self._hasher is not None and part.size:
            hash_file(part.path, self._hasher, self._checked)
        again(self._receive, self._network, self._pause, lambda: part.size)
        if self._hasher is None or self._hasher.hexdigest() == download.digest:
            return True
        part.discard()
        return False

    def _receive(self) -> None:
        """One request, which makes the part whole. Where it is cut, Failure."""
        part, offset = self._part, self._part.size
        if offset == self.download.size and part.path.is_file():
            return
        headers: dict[str, str] = {}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if etag := part.etag_of(self.download):
                headers["If-Range"] = etag
        try:
            reply = request(self.download.url, self._network, headers)
        except Failure as failure:
            if failure.status == 416:
                part.discard()
                self._hasher = self.download.hasher()
            raise
        try:
            start = first_byte(reply, self.download, offset)
            if self.download.size is None:
                self.download = replace(self.download, size=length_of(reply))
            if start:
                file = part.go_on()
            else:
                self._hasher = self.download.hasher()
                file = part.begin(self.download, strong_etag(reply.headers))
            with file:
                done = self._write(reply, file, start)
        finally:
            reply.close()
        if self.download.size is not None and done < self.download.size:
            raise broken(http.client.IncompleteRead(b""), reply.url)
        self.download = replace(self.download, size=done)

    def _write(self, reply: Reply, file: BinaryIO, done: int) -> int:
        """Everything that comes, behind the first `done` bytes; how many there are in all then."""
        window, window_done = time.monotonic(), done
        while True:
            try:
                chunk = reply.body.read1(CHUNK)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise broken(error, reply.url) from error
            if not chunk:
                return done
            if self._hasher is not None:
                self._hasher.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
            done += len(chunk)
            self._received(done)
            if (now := time.monotonic()) - window >= self._network.timeout:
                if done - window_done < self._network.least_rate * (now - window):
                    raise broken(TimeoutError(), reply.url)
                window, window_done = now, done
