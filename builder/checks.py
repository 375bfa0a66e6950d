"""Everything `build.py test` runs, one process for each step, and the table at the end."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .environments import MAIN, NEWEST, ROOT, BuildError, ensure_stubs, find_python, say
from .uv import own_platform, uv_folder

# The oldest and the newest Blender the extension is for, with the Python each of them has.
_TYPED = (("4.2", "3.11"), ("5.2", "3.13"))
_WORKERS = min(os.cpu_count() or 1, 4)


@dataclass(frozen=True)
class Step:
    """One process: its command, what it adds to the environment, and the seconds it may take."""

    name: str
    command: tuple[str | Path, ...]
    variables: dict[str, str] = field(default_factory=dict)
    limit: float = 300.0


@dataclass(frozen=True)
class Outcome:
    """How a step ended: "passed", "FAILED" or "not run", after how many seconds, and why where it needs saying."""

    name: str
    state: str
    seconds: float = 0.0
    note: str = ""


def check() -> int:
    """Style and types; the exit status."""
    MAIN.ensure()
    return _report(_run_together(_lint_steps()))


def test() -> int:
    """Everything; the exit status."""
    MAIN.ensure()
    try:
        uv_folder(own_platform())
    except BuildError as error:
        say(f"{error} Set Up is NOT tested")
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = _run_together(_lint_steps())
        outcomes += [_run(step) for step in _test_steps(Path(scratch))]
        outcomes.append(_newest_blender(Path(scratch)))
    return _report(outcomes)


def soak(minutes: float, seed: int | None, newest: bool, real: bool) -> int:
    """Random actions of a user in real Blender; the exit status."""
    MAIN.ensure()
    environment = NEWEST if newest else MAIN
    command = [environment.ensure(), "-m", "tests.addon.soak", "--minutes", str(minutes)]
    command += [] if seed is None else ["--seed", str(seed)]
    command += ["--core", str(MAIN.python)] if real else []
    with tempfile.TemporaryDirectory() as scratch:
        variables = _blender_variables(Path(scratch), "soak")
        return subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False).returncode


def _lint_steps() -> list[Step]:
    python = MAIN.python
    steps = [
        Step("ruff check", (python, "-m", "ruff", "check", ".")),
        Step("ruff format", (python, "-m", "ruff", "format", "--check", ".")),
        _types("types: core", ["flashvdm_core", "builder", "build.py"], "3.11"),
    ]
    for blender, version in _TYPED:
        stubs = ensure_stubs(blender)
        steps.append(_types(f"types: add-on, Blender {blender}", ["addon"], version, stubs))
    return [*steps, Step("floor plan", (python, "-m", "builder.walk"))]


def _types(name: str, include: list[str], version: str, stubs: Path | None = None) -> Step:
    """basedpyright over `include`, with the API of one Blender where `stubs` is given."""
    settings = {
        "include": [str(ROOT / path) for path in include],
        # The demo's scene is built from members that Blender has only at run time; the demo itself runs it.
        "exclude": ["**/__pycache__", str(ROOT / "builder" / "demo_scene.py")],
        "typeCheckingMode": "standard",
        "pythonVersion": version,
        "extraPaths": [str(stubs or ROOT)],
        # Blender's way to declare a property is a call where Python expects a type.
        "reportInvalidTypeForm": stubs is None,
        # The stubs are all there is: the modules themselves exist only inside Blender.
        "reportMissingModuleSource": stubs is None,
    }
    path = ROOT / "build" / f"pyright-{'-'.join(include[:1])}-{version}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings, indent=1), encoding="utf-8")
    return Step(name, (MAIN.python, "-m", "basedpyright", "--project", path, "--pythonpath", MAIN.python))


def _test_steps(scratch: Path) -> list[Step]:
    pytest = (MAIN.python, "-m", "pytest")
    # Hypothesis' own profile for machines that are busy: the same examples each time, no limits on their time.
    seeded = ("--hypothesis-profile", "ci")
    # Two processes with one thread each are faster than one with two, and don't fight over the cores.
    spread = ("-n", str(_WORKERS), "-p", "builder.without_bpy", *seeded)
    single = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return [
        # Two minutes where the machine has nothing else to do; a test that hangs has a limit of its own.
        Step("core", (*pytest, "tests/core", *spread), single, limit=900.0),
        Step("parity", (*pytest, "tests/parity", *spread), single),
        Step("add-on on the host mock", (*pytest, "tests/host", *seeded)),
        _blender_step("4.5", MAIN.python, scratch),
    ]


def _blender_step(blender: str, python: Path, scratch: Path) -> Step:
    """The add-on tests in real Blender, on settings of its own; the worker always runs in the main environment."""
    command = (python, "-m", "pytest", "tests/addon", "-n", str(_WORKERS), "-p", "builder.leave_bpy")
    return Step(f"add-on in Blender {blender}", command, _blender_variables(scratch, blender))


def _blender_variables(scratch: Path, name: str) -> dict[str, str]:
    return {"BLENDER_USER_RESOURCES": str(scratch / f"blender-{name}"), "FLASHVDM_PYTHON": str(MAIN.python)}


def _newest_blender(scratch: Path) -> Outcome:
    if find_python(NEWEST.version) is None:
        return Outcome("add-on in Blender 5.2", "not run", note="Python 3.13 was not found: Blender 5.2 was NOT tested")
    return _run(_blender_step("5.2", NEWEST.ensure(), scratch))


def _run_together(steps: Iterable[Step]) -> list[Outcome]:
    """Steps of one process each, as many at a time as there are cores; what they print comes in one piece at their end."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(lambda step: _run(step, at_the_end=True), steps))


def _run(step: Step, at_the_end: bool = False) -> Outcome:
    """Run a step; what it prints is shown while it runs, or `at_the_end`."""
    shown = subprocess.PIPE if at_the_end else None
    if not at_the_end:
        say(step.name)
    start = time.monotonic()
    try:
        # subprocess.run kills the process when its time is over, and when the user interrupts.
        done = subprocess.run(
            step.command, cwd=ROOT, env=os.environ | step.variables, timeout=step.limit, check=False,
            stdout=shown, stderr=subprocess.STDOUT if at_the_end else None,
        )  # fmt: skip
        code, note = done.returncode, "" if done.returncode == 0 else f"exit status {done.returncode}"
        if at_the_end:
            say(f"{step.name}\n{done.stdout.decode(errors='replace').rstrip()}")
    except subprocess.TimeoutExpired:
        code, note = -1, f"not finished after {step.limit:.0f} s"
    return Outcome(step.name, "passed" if code == 0 else "FAILED", time.monotonic() - start, note)


def _report(outcomes: Iterable[Outcome]) -> int:
    outcomes = list(outcomes)
    width = max(len(outcome.name) for outcome in outcomes)
    say("Summary")
    for outcome in outcomes:
        print(f"{outcome.name:<{width}}  {outcome.state:<8} {outcome.seconds:7.1f} s  {outcome.note}".rstrip())
    failed = [outcome.name for outcome in outcomes if outcome.state == "FAILED"]
    print(f"{len(failed)} failed: {', '.join(failed)}" if failed else "Nothing failed.", flush=True)
    return 1 if failed else 0
