"""A program run to its end: logged, watched, and ended at once when somebody asks for that."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from ..api.errors import Cancelled

_POLL_SECONDS = 0.1
_TICK_SECONDS = 1.0
_END_SECONDS = 5.0
_ASTRAY = re.compile(r"(PYTHON|UV_|CONDA|PIP_).*|VIRTUAL_ENV(_PROMPT)?|PSModulePath|__PYVENV_LAUNCHER__", re.IGNORECASE)


class TooLongError(Exception):
    """The program did not end in time."""


def clean_environment(kept: Sequence[str] = ()) -> dict[str, str]:
    """This process's environment without what would lead another Python or uv astray, but for the names `kept`."""
    return {name: value for name, value in os.environ.items() if name in kept or not _ASTRAY.fullmatch(name)}


def run_logged(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    log: IO[str],
    cancelled: Callable[[], bool],
    *,
    line: Callable[[str], None] = lambda _: None,
    tick: Callable[[], None] = lambda: None,
    limit: float | None = None,
) -> tuple[int, str, str]:
    """(exit status, standard output, standard error) of a program.

    Args:
        folder: the current folder of the program.
        log: gets the command and everything that the program prints.
        cancelled: asked again and again.
        line: called with each line of standard error.
        tick: called about once a second.
        limit: seconds.

    Raises:
        OSError: it cannot be run.
        Cancelled: it was ended because `cancelled` said so.
        TooLongError: it was ended after `limit` seconds.
    """
    print(f"$ {' '.join(map(str, command))}", file=log, flush=True)
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", errors="replace", cwd=folder, env=dict(environment),
        creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
    )  # fmt: skip
    lines: queue.SimpleQueue[tuple[bool, str]] = queue.SimpleQueue()
    streams = (process.stdout, False), (process.stderr, True)
    readers = [threading.Thread(target=_read, args=(*stream, lines), daemon=True) for stream in streams]
    for reader in readers:
        reader.start()
    texts: tuple[list[str], list[str]] = [], []
    end = time.monotonic() + limit if limit is not None else float("inf")
    ticked = 0.0
    try:
        while process.poll() is None or any(reader.is_alive() for reader in readers) or not lines.empty():
            if cancelled():
                raise Cancelled
            if time.monotonic() > end:
                raise TooLongError
            try:
                of_errors, text = lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                pass
            else:
                print(text, end="", file=log, flush=True)
                texts[of_errors].append(text)
                if of_errors:
                    line(text)
            if time.monotonic() - ticked > _TICK_SECONDS:
                tick()
                ticked = time.monotonic()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(_END_SECONDS)
    return process.returncode, "".join(texts[0]), "".join(texts[1])


def _read(stream: IO[str] | None, of_errors: bool, lines: queue.SimpleQueue[tuple[bool, str]]) -> None:
    assert stream is not None
    with stream:
        for text in stream:
            lines.put((of_errors, text))
