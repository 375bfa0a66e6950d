"""The other Blender's side: reads an order from a private folder, does it, and says on standard output how far it is."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path

from ...flashvdm_core.api.errors import FlashVDMError
from ...flashvdm_core.api.fields import parse_json
from ...flashvdm_core.files import read_file
from ..link.background_blender import MARK, ORDER, Step
from ..scene import mesh_work
from . import render

_LARGEST_ORDER = 1 << 20  # bytes


def main(folder: str) -> None:
    """Do what the order in `folder` says, and end the process."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    status = 0
    try:
        order = parse_json(read_file(Path(folder) / ORDER, _LARGEST_ORDER))
        {"mesh": mesh_work.do_order, "render": render.do_order}[order["kind"]](Path(folder), order, _say)
        _line({"done": True})
    except FlashVDMError as error:
        _line({"error": str(error)})
    except BaseException as caught:
        traceback.print_exc()
        cleaned = "the folder for temporary files was cleaned meanwhile"
        error = caught if os.path.isdir(folder) else OSError(cleaned)
        _line({"error": "", "reason": str(error).removeprefix("Error: ").strip() or type(error).__name__})
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Blender's own end takes longer, and nothing of it is wanted


def _say(step: Step, fraction: float, until: float) -> None:
    _line({"step": step.value, "fraction": fraction, "until": until})


def _line(fields: object) -> None:
    print(f"\n{MARK}{json.dumps(fields)}", flush=True)


def _end_with_input() -> None:
    """The pipe closes when the other Blender ends, in whatever way."""
    while os.read(0, 4096):
        pass
    os._exit(0)
