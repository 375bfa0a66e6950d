"""A Python of the core as a child process: how it is started, its pipes, its last words, its end. No bpy, no threads.

The one place in the add-on that starts a process. The child's standard input is a pipe that only this process holds: when
Blender ends in whatever way, the pipe closes, and the child sees its end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...flashvdm_core.api.errors import WorkerError
from .pipes import make_non_blocking, read_available, write_available

_LOG_BYTES = 64 * 1024
_END_SECONDS = 1.0
# "" is the current folder on the search path; nothing but built-in modules is imported before it is gone.
_RUN_MODULE = (
    "import sys; sys.path = [folder for folder in sys.path if folder]; "
    "import runpy; sys.argv[0] = ''; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Launch:
    """How a Python of the core is started.

    Attributes:
        python: the interpreter that has torch.
        package_root: the folder that holds `flashvdm_core`.
        idle_seconds: a worker ends itself after this long without work; 0: never.
        variables: further environment variables of the process.
    """

    python: str
    package_root: Path
    idle_seconds: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)

    def module_command(self, module: str, *arguments: str) -> list[str]:
        """The argument list that runs a module of the core. Every Python is started with this and `environment`.

        Not by `-m`, which puts the current folder first on the module search path: a folder named flashvdm_core in a
        downloaded project would run in place of ours. `-P`, which prevents that, came with Python 3.11, and an older one
        shall get as far as the core's own sentence about versions.
        """
        return [self.python, "-c", _RUN_MODULE, module, *arguments]

    def environment(self) -> dict[str, str]:
        """This process's environment, without what would lead another interpreter to Blender's modules."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
        return environment | {
            "PYTHONPATH": str(self.package_root),
            "PYTHONSAFEPATH": "1",  # keeps the current folder off the search path of what it starts in its turn
            "PYTHONDONTWRITEBYTECODE": "1",  # the extension's folder is Blender's, not the worker's
            "PYTHONUTF8": "1",
            **self.variables,
        }

    def sentence(self, error: Exception) -> str:
        """What to say where it cannot be started."""
        return f"The Python '{self.python}' cannot be run ({error}); choose another in the add-on's preferences."


class Program(Protocol):
    """How a child is started: `Launch` is one."""

    def module_command(self, module: str, *arguments: str) -> list[str]: ...
    def environment(self) -> dict[str, str]: ...
    def sentence(self, error: Exception) -> str: ...


class ChildProcess:
    """A module of the core, running on the interpreter of `launch`. No call but `wait` and `end` waits for it.

    Raises:
        WorkerError: the interpreter cannot be run.
    """

    def __init__(self, launch: Program, module: str, *arguments: str, folder: Path | None = None) -> None:
        """`folder` becomes the current folder of the process; None: that of this process."""
        self._log = b""
        self._unsent = bytearray()
        self._process = _started(launch, module, arguments, subprocess.PIPE, folder)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._input, self._output, self._errors = self._process.stdin, self._process.stdout, self._process.stderr
        try:
            for pipe in (self._input, self._output, self._errors):
                make_non_blocking(pipe.fileno())
        except OSError as error:
            self.end()
            raise WorkerError(launch.sentence(error)) from error

    @property
    def id(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """The last 64 KiB that it wrote to standard error, as far as `read` has come."""
        return self._log.decode("utf-8", "replace")

    @property
    def last_words(self) -> str:
        """The last line of the log, for a message; its exit status where there is none."""
        return next((line.strip() for line in reversed(self.log.splitlines()) if line.strip()), f"exit status {self.status}")

    def read(self, limit: int) -> bytes | None:
        """What it wrote to standard output since the last call, at most `limit` bytes; None at the end.

        Reads the log, too, and sends what it had no room for when it was written.
        """
        self._send()
        data = read_available(self._output.fileno(), limit)
        self._log = (self._log + (read_available(self._errors.fileno(), _LOG_BYTES) or b""))[-_LOG_BYTES:]
        return data

    def write(self, data: bytes) -> bool:
        """Give it `data` on standard input, now or with later reads, as it takes it; False when it does not listen any more."""
        self._unsent += data
        return self._send()

    @property
    def listens(self) -> bool:
        """It has taken all that was written."""
        return not self._unsent

    def _send(self) -> bool:
        taken = None if self._input.closed else write_available(self._input.fileno(), self._unsent)
        if taken is None:
            self._unsent.clear()
            return False
        del self._unsent[:taken]
        return True

    def close_input(self) -> None:
        """Let it see the end of its standard input, by which it is asked to end."""
        with contextlib.suppress(OSError):
            self._input.close()

    def wait(self, seconds: float) -> None:
        """Wait for its end, no longer than `seconds`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """End it without waiting for that; what it wrote can still be read."""
        self._process.kill()

    def end(self) -> None:
        """Kill it if it still runs, and close the pipes: its own children see the end of theirs. Safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._process.poll() is None:
            self._process.kill()
            self.wait(_END_SECONDS)


def run_through(launch: Launch, module: str, *arguments: str) -> int:
    """Run a module of the core with this process's own standard output and error; its exit status.

    Raises:
        WorkerError: the interpreter cannot be run.
    """
    sys.stdout.flush()
    process = _started(launch, module, arguments, None, None)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the child as well, which ends as soon as it has cleaned up
        except BaseException:
            process.kill()
            raise


def _started(
    launch: Program, module: str, arguments: tuple[str, ...], output: int | None, folder: Path | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            launch.module_command(module, *arguments),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            bufsize=0,
            cwd=folder,
            env=launch.environment(),
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" and output is not None else 0,
        )
    except (OSError, ValueError) as error:
        raise WorkerError(launch.sentence(error)) from error
