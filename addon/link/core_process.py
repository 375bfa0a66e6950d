"""The core's command line on the worker's interpreter, watched from a timer. No bpy, no threads.

A command with `--end-with-stdin` stops as by Ctrl-C, and cleans up, when its standard input closes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from .child_process import ChildProcess, Launch

_READ_BYTES = 1 << 20
_END_SECONDS = 10.0
_KILLED = -9


class CoreProcess:
    """`python -m flashvdm_core ARGUMENTS`, its output taken as it comes by `poll`.

    Raises:
        WorkerError: the interpreter cannot be run.
    """

    def __init__(self, launch: Launch, arguments: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._interrupted_at: float | None = None
        self._unread = b""
        self._process = ChildProcess(launch, "flashvdm_core", *arguments)
        self.status: int | None = None
        """The exit status once it has ended and everything was read."""

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._started

    @property
    def interrupted(self) -> bool:
        """It was asked to end."""
        return self._interrupted_at is not None

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.id

    @property
    def last_words(self) -> str:
        """The last line on standard error, for a message."""
        return self._process.last_words

    def poll(self) -> list[str]:
        """The whole lines of standard output since the last call. Never waits."""
        if self.status is not None:
            return []
        ended = self._process.status  # before reading: what it wrote last is in the pipe by then
        self._unread += self._process.read(_READ_BYTES) or b""
        *lines, self._unread = self._unread.split(b"\n")
        if ended is not None and not lines:
            self.close()
        elif self._interrupted_at is not None and self._clock() - self._interrupted_at > _END_SECONDS:
            self._process.kill()
        return [line.decode("utf-8", "replace") for line in lines]

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does; killed if it does not within ten seconds of polling."""
        if self._interrupted_at is None:
            self._interrupted_at = self._clock()
            self._process.close_input()

    def close(self) -> None:
        """End it now, if it has not ended. Safe to call twice."""
        self._process.end()
        status = self._process.status
        self.status = _KILLED if status is None else status
