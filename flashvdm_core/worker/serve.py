"""The worker's side of the pipe: one thread reads commands, the main thread generates and reports.

What must hold in every case: only protocol lines reach the host; no command, however broken, ends the worker;
cancelling is noticed while a generation runs; and the worker ends when the host's end of the pipe is gone.
"""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from .. import __version__
from ..api.errors import OutputError, SettingsError
from ..api.events import Event, Failure, Log, Preview, Result
from ..api.wire.arrays import hand_over_sentence, remove_arrays
from ..api.wire.protocol import MAX_LINE, Cancel, CommandError, Generate, Ready, decode_command, encode
from ..geometry.edges import allowed_faces, with_edges

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline

EXIT_OK = 0
EXIT_CANNOT_START = 3


class Outbox:
    """Sends events to the host, from any thread."""

    def __init__(self, pipe: BinaryIO, exchange: Path) -> None:
        self._pipe = pipe
        self._exchange = exchange
        self._lock = threading.Lock()

    def send(self, event: Event | Ready, id: int | None = None) -> None:
        """Write one event. Ends the worker when the host no longer reads.

        Raises:
            OutputError: the event's arrays cannot be written to the exchange folder.
        """
        with self._lock:
            try:
                line = encode(event, id, self._exchange)
            except OSError as error:
                raise OutputError(hand_over_sentence("mesh", self._exchange, error)) from error
            try:
                self._pipe.write(line)
                self._pipe.flush()
            except OSError:
                self._end()

    def end(self) -> NoReturn:
        """End the process at once, whatever the other threads do; called when the host is gone."""
        # A writer that hangs on a full pipe must not keep us alive.
        self._lock.acquire(timeout=1.0)
        self._end()

    def _end(self) -> NoReturn:
        remove_arrays(self._exchange)
        os._exit(EXIT_OK)


@dataclass(frozen=True, eq=False)
class Job:
    """A task that was asked for, and whether it was cancelled since."""

    command: Generate
    cancelled: threading.Event = field(default_factory=threading.Event)


class Inbox:
    """Commands from the host, read by a thread of their own so that a cancel is seen while a generation runs."""

    def __init__(self, pipe: BinaryIO, exchange: Path, outbox: Outbox) -> None:
        self._pipe = pipe
        self._exchange = exchange
        self._outbox = outbox
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def next(self, timeout: float | None) -> Job | None:
        """The next task, or None when none came within `timeout` seconds."""
        try:
            return self._waiting.get(timeout=timeout)
        except queue.Empty:
            return None

    def close(self, job: Job) -> None:
        """The job has ended; a late cancel does nothing."""
        with self._lock:
            # The host may have given the number to a new job already.
            if self._jobs.get(job.command.id) is job:
                del self._jobs[job.command.id]

    def _read(self) -> None:
        try:
            while line := self._line():
                self._take(line)
        except OSError:
            pass  # the pipe is broken, which means the same as its end
        except Exception:
            traceback.print_exc()  # which the host shows with its own sentence
        finally:
            self._outbox.end()  # nobody would see the host's end any more

    def _line(self) -> bytes:
        """The next line; of one that is too long, its first bytes (the rest is skipped), so that it gets its answer."""
        line = self._pipe.readline(MAX_LINE + 1)
        part = line
        while part and not part.endswith(b"\n"):
            part = self._pipe.readline(MAX_LINE)
        return line

    def _take(self, line: bytes) -> None:
        try:
            command = decode_command(line, self._exchange)
        except CommandError as error:
            self._refuse(error)
            return
        if isinstance(command, Cancel):
            with self._lock:
                job = self._jobs.get(command.id)
            if job is not None:
                job.cancelled.set()
        else:
            job = Job(command)
            with self._lock:
                self._jobs[command.id] = job
            self._waiting.put(job)

    def _refuse(self, error: CommandError) -> None:
        if error.id is None:
            self._outbox.send(Log(str(error), warning=True))
        else:
            kind = SettingsError.__name__ if isinstance(error.__cause__, SettingsError) else CommandError.__name__
            self._outbox.send(Failure(kind, str(error)), error.id)


def serve(commands: BinaryIO, events: BinaryIO, exchange: Path, idle_seconds: float | None) -> int:
    """Serve one host until it is gone, or nothing was asked for `idle_seconds` long.

    Args:
        commands: where the host writes.
        events: where the host reads; nothing else may write there.
        exchange: the host's private folder for arrays.

    Returns:
        The process's exit status.
    """
    outbox = Outbox(events, exchange)
    inbox = Inbox(commands, exchange, outbox)
    try:
        # Here and not above: the reading thread must notice the host's end while torch is loaded, which takes seconds.
        import torch

        from ..pipeline.pipeline import Pipeline
        from ..runtime.devices import choose_device

        ready = Ready(__version__, platform.python_version(), torch.__version__, str(choose_device("auto")))
    except Exception as error:
        message = (
            f"The background process cannot start with {sys.executable} ({type(error).__name__}: {error}); "
            "install the project's requirements there, or choose another Python."
        )
        outbox.send(Failure("WorkerError", message, traceback.format_exc()))
        return EXIT_CANNOT_START

    outbox.send(ready)
    pipeline = Pipeline()
    while (job := inbox.next(idle_seconds)) is not None:
        _generate(pipeline, job, outbox)
        inbox.close(job)
    return EXIT_OK


def _generate(pipeline: Pipeline, job: Job, outbox: Outbox) -> None:
    command = job.command
    try:
        for event in pipeline.generate(command.task, job.cancelled.is_set):
            outbox.send(for_a_host(event), command.id)
    except OutputError as error:
        outbox.send(Failure("OutputError", str(error), traceback.format_exc()), command.id)
    except Exception as error:
        message = f"The generation failed unexpectedly ({type(error).__name__}); please report it with the details."
        outbox.send(Failure("WorkerError", message, traceback.format_exc()), command.id)


def for_a_host(event: Event) -> Event:
    """The event with what a host would have to compute, while its user waits, before it can show the mesh.

    Colours stay with their faces where some are left out that no host allows.
    """
    if not isinstance(event, Preview | Result):
        return event
    mesh = with_edges(event.mesh)
    if not isinstance(event, Result) or event.colouring is None or len(mesh.faces) == len(event.mesh.faces):
        return replace(event, mesh=mesh)
    uvs = event.colouring.uvs.reshape(-1, 3, 2)[allowed_faces(event.mesh)].reshape(-1, 2)
    return replace(event, mesh=mesh, colouring=replace(event.colouring, uvs=uvs))
