"""Commands under the names that they had before version 0.2: they say where they went, and run from there."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec


def run_moved(old: str, new: str) -> None:
    """Run the module `new` in place of `python -m old`. The old names go with version 0.3."""
    if find_spec("flashvdm_core.lab") is None:
        sys.exit(f"{old} is a part for development, which the extension leaves out; get the source of FlashVDM to use {new}.")
    print(f"python -m {old} is now python -m {new}", file=sys.stderr)
    runpy.run_module(new, run_name="__main__", alter_sys=True)
