"""Blender's end of the worker process: starts it, speaks to it, watches it, ends it. No bpy, no threads.

Nothing here waits for the worker: `poll` takes what has arrived and returns, so that a timer can call it.
"""

from __future__ import annotations

import atexit
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.events import Event, Failure, Finished, Result
from ...flashvdm_core.api.tasks import Task
from ...flashvdm_core.api.wire.arrays import hand_over_sentence
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
from ...flashvdm_core.doctor.places import free_memory, memory_kills, total_memory
from .child_process import ChildProcess, Launch
from .exchange import Exchange

_READ_BYTES = 8 * MAX_LINE
_END_SECONDS = 1.0
_DECODE_SECONDS = 0.01
_LOOK_SECONDS = 0.25  # between two looks at the memory
_SHORT = 0.15  # part of the memory below which it is short: what is asked for at once may be as much
_SHORT_SECONDS = 10.0  # between such a look and the end of the worker
_KILLED = -9
_KILLED_FOR_MEMORY = (
    "The background process was killed, most likely for want of memory; choose a lower resolution and press Generate again."
)
_KILLED_BY_SOMEBODY = "The background process was killed by another program or a user; press Generate to start a new one."


@dataclass(frozen=True)
class Limits:
    """Seconds after which a worker counts as hung: while starting, while generating, while it does not read, after a cancel."""

    start_up: float = 300.0
    silence: float = 900.0
    deafness: float = 60.0
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
        self._process: ChildProcess | None = None
        self._exchange: Exchange | None = None
        self._unread = bytearray()
        self._decoding: Decoding | None = None
        self._last_log = ""
        self._last_id = 0
        self._current: Generate | None = None
        self._answered = False
        self._reused = False
        self._heard_at = 0.0
        self._cancelled_at: float | None = None
        self._looked_at = 0.0
        self._memory_was_short_at = -math.inf
        self._memory_kills = 0

    @property
    def running(self) -> bool:
        """A worker process exists and has not ended."""
        return self._process is not None and self._process.status is None

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
        return self._process.id if self._process else None

    @property
    def log(self) -> str:
        """The last 64 KiB that the worker wrote to its standard error; where none is there, the one before did."""
        return self._process.log if self._process else self._last_log

    def start(self) -> None:
        """Start the process if none runs; its Ready comes from `poll`.

        Raises:
            WorkerError: the interpreter cannot be run.
        """
        if self.running:
            return
        self.close()
        self._last_log = ""
        try:
            self._exchange = Exchange()
        except OSError as error:
            raise WorkerError(
                f"No folder for temporary files can be made ({error}); free some disk space or correct the folder's permissions."
            ) from error
        idle = ("--idle-seconds", str(self.launch.idle_seconds)) if self.launch.idle_seconds else ()
        folder = self._exchange.path
        try:
            self._process = ChildProcess(self.launch, "flashvdm_core.worker", "--exchange", str(folder), *idle, folder=folder)
        except WorkerError:
            self.close()
            raise
        atexit.register(self.close)
        self._heard_at, self._memory_kills = self._clock(), memory_kills()

    def generate(self, task: Task) -> None:
        """Ask for one task; its events come from `poll`.

        Raises:
            WorkerError: the worker cannot be started, is busy, or the task's arrays cannot be handed over to it.
        """
        if self.busy:
            raise WorkerError("The background process is busy with another generation; cancel it or wait for its end.")
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
        """What the worker has sent since the last call. Never waits, and leaves some for the next call where it is much.

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
        except BaseException:  # whatever it is: nobody would read what this worker says next
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
            self._last_log = process.log
            process.end()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.remove()

    def _ask(self, command: Generate) -> None:
        self._current, self._answered, self._cancelled_at = command, False, None
        self._heard_at = self._clock()
        # When the pipe is broken already, `poll` finds the end of the process and starts another or says why.
        self._write(command)

    def _write(self, command: Command) -> bool:
        assert self._process is not None
        assert self._exchange is not None
        try:
            self._exchange.restore()
            line = encode_command(command, self._exchange.path)
        except OSError as error:
            raise WorkerError(hand_over_sentence("task", self._exchange.path, error)) from error
        return self._process.write(line)

    def _receive(self) -> tuple[list[Event | Ready], bool]:
        """Decode what has arrived; the second value: the worker closed its pipe, and nothing is left of what it sent."""
        assert self._process is not None
        self._look_at_memory()
        # A worker that says more than there is time for waits, and does not fill this process's memory.
        data = self._process.read(_READ_BYTES if len(self._unread) < _READ_BYTES else 0)
        if data:
            self._unread += data
        if data or self.pending:
            self._heard_at = self._clock()
        events = self._decoded()
        if len(self._unread) > MAX_LINE and b"\n" not in self._unread:
            raise WorkerError(
                "The background process sent a line without an end and was stopped; check which Python the preferences name."
            )
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
        return decoding(line, self._exchange.path)

    def _accepted(self, decoded: Decoded) -> list[Event | Ready]:
        id, event = decoded
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
        self._process.wait(_END_SECONDS)
        self._process.read(_READ_BYTES)
        if self._current is None and self.ready is not None:
            self.close()
            return
        raise WorkerError(self._how_it_ended(self._process))

    def _how_it_ended(self, process: ChildProcess) -> str:
        if process.status == _KILLED:
            short = self._clock() - self._memory_was_short_at < _SHORT_SECONDS
            # In a container there may be plenty and yet a limit.
            return _KILLED_FOR_MEMORY if short or memory_kills() > self._memory_kills else _KILLED_BY_SOMEBODY
        if self.ready is None:
            return (
                f"The Python '{self.launch.python}' cannot run the model ({process.last_words[:200]}); "
                "choose another in the add-on's preferences."
            )
        return f"The background process stopped unexpectedly (exit status {process.status}); press Generate to start a new one."

    def _look_at_memory(self) -> None:
        """Afterwards, what the worker had is free again."""
        if self._clock() - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = self._clock()
            free, total = free_memory(), total_memory()
            if free is None or total is None or free < _SHORT * total:
                self._memory_was_short_at = self._looked_at

    def _check_time(self) -> None:
        silent = self._clock() - self._heard_at
        if self._process is None or self._cancelled_at is not None:
            return
        if self.ready is None and silent > self.limits.start_up:
            raise WorkerError(
                f"The background process did not start within {self.limits.start_up:.0f} s; "
                "check which Python the add-on's preferences name."
            )
        if self.ready is not None and not self._process.listens and silent > self.limits.deafness:
            raise WorkerError(
                f"The background process took nothing in for {self.limits.deafness:.0f} s and was stopped; "
                "press Generate to start a new one."
            )
        if self.ready is not None and self.busy and silent > self.limits.silence:
            raise WorkerError(
                f"The background process was silent for {self.limits.silence:.0f} s and was stopped; "
                "press Generate to start a new one."
            )
