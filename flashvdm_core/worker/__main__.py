"""`python -m flashvdm_core.worker --exchange DIR [--idle-seconds N]`: see `protocol` for what it speaks."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from pathlib import Path

from ..runtime.threads import use_passive_waiting
from .serve import serve


def main() -> int:
    use_passive_waiting()
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.worker", description="Generates for a host over a pipe.")
    parser.add_argument("--exchange", type=Path, required=True, help="the host's private folder for arrays")
    parser.add_argument("--idle-seconds", type=float, default=None, help="end after this long without work")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.exchange):
        parser.error(f"{arguments.exchange} is not a folder")

    # The pipe is ours alone: whatever a library prints goes to standard error, and none of them can read commands.
    commands = io.BufferedReader(io.FileIO(os.dup(0), "rb"))
    events = io.BufferedWriter(io.FileIO(os.dup(1), "wb"))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    # Ctrl-C in the host's terminal reaches us too; the host decides what it means and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return serve(commands, events, arguments.exchange, arguments.idle_seconds)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Not sys.exit: the thread that still waits for commands would block the interpreter's end.
    os._exit(status)
