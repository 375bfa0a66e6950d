"""`doctor`: what is right and wrong on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.settings import SETTINGS
from .common import EXIT_FAILED, EXIT_OK

if TYPE_CHECKING:
    from .common import Commands


def add_to(commands: Commands) -> None:
    """Make the command known."""
    doctor = commands.add_parser("doctor", help="say what is right and wrong on this machine", description=(
        "Say what is right and wrong on this machine, with a remedy for each error and warning. Exit status 1 where there is "
        "an error. Home folder and user name are left out, so the report can be shown to others."))  # fmt: skip
    doctor.set_defaults(run=_run)
    for name in ("model", "device"):
        setting = SETTINGS[name]
        doctor.add_argument(f"--{name}", default=setting.default, help=f"{setting.tooltip} (default: %(default)s)")
    doctor.add_argument("--folder", type=Path, action="append", default=[], help="a further folder that must be writable")
    doctor.add_argument("--json", action="store_true", help="report on standard output as one JSON object")


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from .. import __version__
    from ..doctor.examine import examine
    from ..doctor.findings import Status, as_text, worst

    findings = examine(options.model, options.device, options.folder)
    status = worst(findings)
    if options.json:
        report = {"version": __version__, "status": status, "findings": [finding.to_json() for finding in findings]}
        print(json.dumps(report))
    else:
        print(as_text(findings), end="")
    return EXIT_FAILED if status is Status.ERROR else EXIT_OK
