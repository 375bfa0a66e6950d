"""The host's end of the worker process: starts it, speaks to it, watches it, ends it. No bpy, no threads.

Nothing here waits for the worker: `poll` takes what has arrived and returns, so that a timer can call it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.events import Event, Failure, Finished, Result
from ...flashvdm_core.api.tasks import Task
from ...flashvdm_core.api.wire.protocol import (
    MAX_LINE,
    Cancel,
    Command,
    Decoded,
    Decoding,
    Generate,
    Ready,
    decoding,
    encode_command,
)
from .pipes import make_non_blocking, read_available

_LOG_BYTES = 64 * 1024
_READ_BYTES = 8 * MAX_LINE
_END_SECONDS = 1.0
_DECODE_SECONDS = 0.01
# "" is the current folder on the search path; nothing but built-in modules is imported before it is gone.
_RUN_MODULE = (
    "import sys; sys.path = [folder for folder in sys.path if folder]; "
    "import runpy; sys.argv[0] = ''; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Launch:
    """How a worker is started.

    Attributes:
        python: the interpreter that has torch.
        package_root: the folder that holds `flashvdm_core`.
        idle_seconds: the worker ends itself after this long without work; 0: never.
    """

    python: str
    package_root: Path
    idle_seconds: int = 0

    def worker_command(self, exchange: Path) -> list[str]:
        """The argument list of a worker process."""
        idle = ("--idle-seconds", str(self.idle_seconds)) if self.idle_seconds else ()
        return self.module_command("flashvdm_core.worker", "--exchange", str(exchange), *idle)

    def module_command(self, module: str, *arguments: str) -> list[str]:
        """The argument list that runs a module of the core. Every Python is started with this and `environment`.

        Not by `-m`, which puts the current folder first on the module search path: a folder named flashvdm_core in a
        downloaded project would run in place of ours. `-P`, which prevents that, came with Python 3.11, and an older one
        shall get as far as the core's own sentence about versions.
        """
        return [self.python, "-c", _RUN_MODULE, module, *arguments]

    def environment(self) -> dict[str, str]:
        """This process's environment, without what would lead another interpreter to the host's modules."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
        return environment | {
            "PYTHONPATH": str(self.package_root),
            "PYTHONSAFEPATH": "1",  # keeps the current folder off the search path of what it starts in its turn
            "PYTHONDONTWRITEBYTECODE": "1",  # the extension's folder is Blender's, not the worker's
            "PYTHONUTF8": "1",
        }


@dataclass(frozen=True)
class Limits:
    """Seconds after which a worker counts as hung: while starting, while generating, and after a cancel."""

    start_up: float = 300.0
    silence: float = 900.0
    cancel: float = 10.0


class WorkerClient:
    """One worker process at a time, started when it is needed.

    After any WorkerError the process is gone and its exchange folder removed; the next `generate` or
    `start` begins with a new one.
    """

    def __init__(self, launch: Launch, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.launch = launch
        self.limits = limits or Limits()
        self.ready: Ready | None = None
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._exchange: Path | None = None
        self._unread = bytearray()
        self._decoding: Decoding | None = None
        self._log: deque[bytes] = deque()
        self._last_id = 0
        self._current: Generate | None = None
        self._answered = False
        self._reused = False
        self._heard_at = 0.0
        self._cancelled_at: float | None = None

    @property
    def running(self) -> bool:
        """A worker process exists and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def busy(self) -> bool:
        """A task was asked for and has not ended."""
        return self._current is not None

    @property
    def pending(self) -> bool:
        """Something has arrived that the last `poll` had no time for."""
        return self._decoding is not None or b"\n" in self._unread

    @property
    def process_id(self) -> int | None:
        """The worker's process id."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> str:
        """The last 64 KiB that the worker wrote to its standard error."""
        return b"".join(self._log).decode("utf-8", "replace")

    def start(self) -> None:
        """Start the process if none runs; its Ready comes from `poll`.

        Raises:
            WorkerError: the interpreter cannot be run.
        """
        if self.running:
            return
        self.close()
        self._log.clear()
        try:
            self._exchange = Path(tempfile.mkdtemp(prefix="flashvdm-"))
        except OSError as error:
            raise WorkerError(
                f"No folder for temporary files can be made ({error}); free some disk space or correct the folder's permissions."
            ) from error
        try:
            self._process = subprocess.Popen(
                self.launch.worker_command(self._exchange),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=self._exchange,
                env=self.launch.environment(),
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )
            for pipe in (self._process.stdout, self._process.stderr):
                assert pipe is not None
                make_non_blocking(pipe.fileno())
        except (OSError, ValueError) as error:
            self.close()
            raise WorkerError(
                f"The Python '{self.launch.python}' cannot be run ({error}); choose another in the add-on's preferences."
            ) from error
        atexit.register(self.close)
        self._heard_at = self._clock()

    def generate(self, task: Task) -> None:
        """Ask for one task; its events come from `poll`.

        Raises:
            WorkerError: the worker cannot be started, is busy, or the task's arrays cannot be handed over to it.
        """
        if self.busy:
            raise WorkerError("The worker is busy with another generation; cancel it or wait for its end.")
        self._reused = self.ready is not None and self.running
        self.start()
        self._last_id += 1
        try:
            self._ask(Generate(self._last_id, task))
        except WorkerError:
            self.close()
            raise

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` then gives a Failure of the kind "Cancelled".

        A worker that is still starting, or that does not stop in time, is ended instead.
        """
        if self._current is None or self._cancelled_at is not None:
            return
        self._cancelled_at = self._clock()
        if self.ready is None or not self._write(Cancel(self._current.id)):
            self._cancelled_at -= self.limits.cancel

    def poll(self) -> list[Event | Ready]:
        """What the worker has said since the last call. Never waits, and leaves some for the next call where it is much.

        Raises:
            WorkerError: the worker died, hung, or sent what is not part of the protocol.
        """
        if self._process is None:
            return []
        try:
            events, ended = self._receive()
            if ended and not self._start_again():
                self._raise_ended(events)
            self._check_time()
        except WorkerError:
            self.close()
            raise
        if self._cancelled_at is not None and self._clock() - self._cancelled_at >= self.limits.cancel:
            self.close()
            events.append(Failure("Cancelled", "The generation was cancelled."))
        return events

    def close(self) -> None:
        """End the process and remove its exchange folder. Safe to call at any time, also twice."""
        process, self._process = self._process, None
        self.ready, self._current, self._cancelled_at = None, None, None
        self._unread.clear()
        self._decoding = None
        if process is not None:
            atexit.unregister(self.close)
            _end(process)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            shutil.rmtree(exchange, ignore_errors=True)

    def _ask(self, command: Generate) -> None:
        self._current, self._answered, self._cancelled_at = command, False, None
        self._heard_at = self._clock()
        # When the pipe is broken already, `poll` finds the end of the process and starts another or says why.
        self._write(command)

    def _write(self, command: Command) -> bool:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._exchange is not None
        try:
            line = encode_command(command, self._exchange)
        except OSError as error:
            raise WorkerError(
                f"The task cannot be handed over through {self._exchange} ({error.strerror}); free some disk space there."
            ) from error
        try:
            self._process.stdin.write(line)
        except OSError:
            return False
        return True

    def _receive(self) -> tuple[list[Event | Ready], bool]:
        """Decode what has arrived; the second value: the worker closed its pipe, and nothing is left of what it said."""
        assert self._process is not None
        assert self._process.stdout is not None
        data = read_available(self._process.stdout.fileno(), _READ_BYTES)
        self._read_log()
        if data:
            self._unread += data
            self._heard_at = self._clock()
        events = self._decoded()
        if len(self._unread) > MAX_LINE and b"\n" not in self._unread:
            raise WorkerError("The worker sent a line without an end and was stopped; check which Python the preferences name.")
        return events, data is None and not self.pending

    def _decoded(self) -> list[Event | Ready]:
        """Decode whole lines, step by step, as long as the user does not notice."""
        events: list[Event | Ready] = []
        end = time.perf_counter() + _DECODE_SECONDS
        while self.pending and time.perf_counter() < end:
            if self._decoding is None:
                self._decoding = self._next_line()
            try:
                next(self._decoding)
            except StopIteration as stop:
                self._decoding = None
                events += self._accepted(stop.value)
        return events

    def _next_line(self) -> Decoding:
        assert self._exchange is not None
        end = self._unread.find(b"\n") + 1
        line = bytes(self._unread[:end])
        del self._unread[:end]
        return decoding(line, self._exchange)

    def _accepted(self, said: Decoded) -> list[Event | Ready]:
        id, event = said
        if isinstance(event, Ready):
            self.ready = event
            return [event]
        if self._current is None or id != self._current.id:
            return []  # the rest of a generation that has ended here
        self._answered = True
        if isinstance(event, Result | Finished | Failure):
            self._current, self._cancelled_at = None, None
        return [event]

    def _start_again(self) -> bool:
        """A worker that had been idle may end itself just as it is asked: the same request goes to a new one, once."""
        command = self._current
        if command is None or self._answered or not self._reused or self._cancelled_at is not None:
            return False
        self.close()
        self._reused = False
        self.start()
        self._ask(command)
        return True

    def _raise_ended(self, events: list[Event | Ready]) -> None:
        """The process has ended: an error, unless it had nothing to do."""
        assert self._process is not None
        if self._cancelled_at is not None:
            self._cancelled_at = self._clock() - self.limits.cancel
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._read_log()
        if self._current is None and self.ready is not None:
            self.close()
            return
        raise WorkerError(self._last_words(self._process.poll()))

    def _last_words(self, status: int | None) -> str:
        if self.ready is None:
            reason = next((line.strip() for line in reversed(self.log.splitlines()) if line.strip()), f"exit status {status}")
            return (
                f"The Python '{self.launch.python}' cannot run the worker ({reason[:200]}); "
                "choose another in the add-on's preferences."
            )
        if status == -9:
            return "The worker was killed, most likely for want of memory; choose a lower resolution and press Generate again."
        return f"The worker stopped unexpectedly (exit status {status}); press Generate to start a new one."

    def _check_time(self) -> None:
        silent = self._clock() - self._heard_at
        if self._process is None or self._cancelled_at is not None:
            return
        if self.ready is None and silent > self.limits.start_up:
            raise WorkerError(
                f"The worker did not start within {self.limits.start_up:.0f} s; check which Python the add-on's preferences name."
            )
        if self.ready is not None and self.busy and silent > self.limits.silence:
            raise WorkerError(
                f"The worker was silent for {self.limits.silence:.0f} s and was stopped; press Generate to start a new one."
            )

    def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        if data := read_available(self._process.stderr.fileno(), _LOG_BYTES):
            self._log.append(data)
            while sum(map(len, self._log)) > _LOG_BYTES:
                self._log.popleft()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process: it holds nothing but memory. Its children see the end of their pipes."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
