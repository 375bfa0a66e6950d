"""All checks of the core, in the order of the report."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from .compute import Compute, examine_compute
from .findings import Finding, findings_of
from .models import examine_chosen, examine_embedded, examine_memory
from .packages import examine_interpreter, examine_optional, examine_required, examine_triton
from .places import examine_folder


def examine(model: str, device: str, folders: Sequence[Path] = ()) -> list[Finding]:
    """Examine the interpreter that runs this and its machine. Nothing is raised, nothing is changed, and no network used.

    Args:
        model: the setting "model".
        device: the setting "device".
        folders: further folders that must be writable.
    """
    compute: list[Compute] = []  # filled by the check of the device, read by those after it
    checks = [
        ("Python", examine_interpreter),
        ("Packages", examine_required),
        ("PyTorch", lambda: examine_compute(device, compute)),
        ("Built-in model", examine_embedded),
        ("Model", lambda: examine_chosen(model, compute)),
        ("Memory", lambda: examine_memory(model, compute)),
        ("Temporary files", lambda: examine_folder("Temporary files", Path(tempfile.gettempdir()))),
        *(("Folder", lambda folder=folder: examine_folder("Folder", folder)) for folder in folders),
        ("Optional", examine_optional),
        ("Optional", lambda: examine_triton(bool(compute) and compute[0].device.startswith("cuda"))),
    ]
    return findings_of(checks)
