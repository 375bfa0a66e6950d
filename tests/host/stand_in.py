"""Interpreters for the tests: files that the add-on can run as "the Python of the worker", with a stand-in behind them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SCRIPT = Path(__file__).with_name("stand_in_worker.py")


def stand_in_python(folder: Path, behaviour: str, *, counter: Path | None = None) -> str:
    """An executable in `folder` that runs the stand-in worker with `behaviour` whatever module it is asked for.

    Each start adds a line to the file `counter`, if one is named.
    """
    python = os.environ.get("FLASHVDM_PYTHON") or sys.executable
    if sys.platform == "win32":
        path = folder / f"{behaviour}.bat"
        count = f'@echo started>>"{counter}"\n' if counter else ""
        path.write_text(f'{count}@"{python}" "{_SCRIPT}" {behaviour} %*\n')
    else:
        path = folder / behaviour
        count = f"echo started >> '{counter}'\n" if counter else ""
        path.write_text(f"#!/bin/sh\n{count}exec '{python}' '{_SCRIPT}' {behaviour} \"$@\"\n")
        path.chmod(0o755)
    return str(path)
