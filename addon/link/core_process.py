"""The core's command line on the worker's interpreter: run to its end, or watched from a timer. No bpy, no threads.

The child's standard input is a pipe that this process holds and never writes to: when Blender ends in whatever way,
the pipe closes, and a command with `--end-with-stdin` stops as by Ctrl-C and cleans up.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from ...flashvdm_core.api.errors import WorkerError
from .pipes import make_non_blocking, read_available
from .worker_client import Launch

_READ_BYTES = 1 << 20
_KEPT_ERRORS = 64 * 1024
_END_SECONDS = 10.0


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
        self._errors = b""
        self._process = _started(launch, arguments, subprocess.PIPE)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            make_non_blocking(pipe.fileno())
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
    def errors(self) -> str:
        """The end of what it wrote to standard error."""
        return self._errors.decode("utf-8", "replace")

    @property
    def last_words(self) -> str:
        """The last line on standard error, for a message."""
        return next((line.strip() for line in reversed(self.errors.splitlines()) if line.strip()), f"exit status {self.status}")

    def poll(self) -> list[str]:
        """The whole lines of standard output since the last call. Never waits."""
        if self.status is not None:
            return []
        ended = self._process.poll()  # before reading: what it wrote last is in the pipe by then
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._unread += read_available(self._process.stdout.fileno(), _READ_BYTES) or b""
        self._errors = (self._errors + (read_available(self._process.stderr.fileno(), _READ_BYTES) or b""))[-_KEPT_ERRORS:]
        *lines, self._unread = self._unread.split(b"\n")
        if ended is not None and not lines:
            self.status = ended
            self.close()
        elif self._interrupted_at is not None and self._clock() - self._interrupted_at > _END_SECONDS:
            self._process.kill()
        return [line.decode("utf-8", "replace") for line in lines]

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does; killed if it does not within ten seconds of polling."""
        if self._interrupted_at is None:
            self._interrupted_at = self._clock()
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def close(self) -> None:
        """End it now, if it has not ended. Safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._process.poll() is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        if self.status is None:
            self.status = self._process.returncode


def run_through(launch: Launch, arguments: Sequence[str]) -> int:
    """Run a command with this process's own standard output and error; its exit status.

    Raises:
        WorkerError: the interpreter cannot be run.
    """
    sys.stdout.flush()
    process = _started(launch, arguments, None)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the child as well, which ends as soon as it has cleaned up
        except BaseException:
            process.kill()
            raise


def _started(launch: Launch, arguments: Sequence[str], output: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            launch.module_command("flashvdm_core", *arguments),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=launch.environment(),
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" and output is not None else 0,
        )
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"The Python '{launch.python}' cannot be run ({error}); choose another in the add-on's preferences."
        ) from error
