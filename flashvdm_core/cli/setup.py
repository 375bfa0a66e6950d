"""`setup`: Python and PyTorch for the worker, downloaded or from a folder."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..api.errors import Cancelled, FlashVDMError
from ..api.units import gib
from .common import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, add_end_with_stdin, interruptible

if TYPE_CHECKING:
    from ..setup.install import Plan, Step
    from .common import Commands


def add_to(commands: Commands) -> None:
    """Make the command known."""
    setup = commands.add_parser("setup", help="set up Python and PyTorch for the worker", description=(
        "Download Python and PyTorch for the worker, or take them from a folder, and try them out with the built-in model. "
        "Only an environment in which that worked is used; what was there before stays until then."))  # fmt: skip
    setup.set_defaults(run=_run)
    setup.add_argument("home", type=Path, metavar="FOLDER", help="where it goes")
    setup.add_argument("--plan", action="store_true", help="say what would be downloaded, and do nothing")
    setup.add_argument("--remove", action="store_true", help="delete what was set up")
    setup.add_argument("--bundle", type=Path, metavar="FOLDER", help="a folder that build.py package --bundle-runtime made")
    setup.add_argument("--build", default="", metavar="NAME", help="a build of PyTorch, in place of the one that fits")
    setup.add_argument("--python", type=Path, metavar="FILE", help="an interpreter to stand on, in place of a downloaded one")
    setup.add_argument("--index", default="", metavar="URL", help="a package index that has everything")
    setup.add_argument("--yes", action="store_true", help="don't ask")
    setup.add_argument("--json", action="store_true", help="report on standard output, one JSON object a line; don't ask")
    add_end_with_stdin(setup)


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..setup.cards import BUILDS
    from ..setup.home import Home
    from ..setup.install import Wishes, make_plan, set_up

    home = Home(options.home.absolute())
    report = _report_json if options.json else _report_text
    try:
        if options.remove:
            home.remove()
            return EXIT_OK
        bundle, python = (path and path.expanduser().absolute() for path in (options.bundle, options.python))
        plan = make_plan(Wishes(options.build, bundle, python, options.index))
        (_show_json if options.json else _show_text)(plan)
        if options.plan or not (options.yes or options.json or _agreed()):
            return EXIT_OK
        with interruptible(options.end_with_stdin) as interrupted:
            installed = set_up(plan, home, report, lambda: bool(interrupted))
    except Cancelled:
        return _ended({"event": "cancelled"}, "Cancelled.", EXIT_INTERRUPTED, options.json)
    except FlashVDMError as error:
        return _ended({"event": "error", "message": str(error)}, f"Error: {error}", EXIT_FAILED, options.json)
    idle = BUILDS[installed.build].accelerator != "cpu" and installed.device == "cpu"
    done = {"event": "done", "idle_card": idle, "device": installed.device, "torch": installed.torch, "python": installed.python}
    return _ended(done, f"PyTorch {installed.torch} works on {installed.device}: {installed.python}", EXIT_OK, options.json)


def _ended(fields: dict[str, Any], text: str, status: int, as_json: bool) -> int:
    print(json.dumps(fields) if as_json else text, file=sys.stdout if as_json or status == EXIT_OK else sys.stderr, flush=True)
    return status


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("Add --yes to do it.", flush=True)
        return False
    print("Go on? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "j", "ja")


def _show_json(plan: Plan) -> None:
    items = [{"name": item.name, "size": item.size} for item in plan.items]
    fields = {"build": plan.build, "label": plan.label, "note": plan.note, "items": items, "download": plan.download}
    print(json.dumps({"event": "plan", **fields, "disk": plan.disk}), flush=True)


def _show_text(plan: Plan) -> None:
    print(f"PyTorch for {plan.label} ({plan.build})")
    if plan.note:
        print(plan.note)
    for item in plan.items:
        print(f"  {item.name:<24} {gib(item.size):>9}")
    print(f"{gib(plan.download)} to download, about {gib(plan.disk)} on the disk", flush=True)


def _report_json(step: Step) -> None:
    fields = {"name": step.name, "number": step.number, "count": step.count, "fraction": step.fraction}
    print(json.dumps({"event": "step", **fields, "done": step.done, "size": step.size}), flush=True)


def _report_text(step: Step) -> None:
    size = f", {gib(step.done)} of {gib(step.size)}" if step.size else ""
    print(f"{step.number}/{step.count} {step.name}{size}", file=sys.stderr, flush=True)
