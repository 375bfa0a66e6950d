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
    with ThreadPoolExecutor(1) as pool:
        # Side by side: an installation waits for the network and the disk most of the time.
        newest = pool.submit(_newest_blender)
        MAIN.ensure()
        try:
            uv_folder(own_platform())
        except BuildError as error:
            say(f"{error} Set Up is NOT tested")
        lint = _lint_steps()
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = _run_together([*_single_steps(), *lint])
        outcomes += [_run(step) for step in _spread_steps()]
        outcomes.append(_run(_blender_step("4.5", MAIN.python, Path(scratch))))
        outcomes.append(newest.result() or _run(_blender_step("5.2", NEWEST.python, Path(scratch))))
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


# Hypothesis' own profile for machines that are busy: the same examples each time, no limits on their time.
_SEEDED = ("--hypothesis-profile", "ci")
# Each process starts with a part of the files of its own, so that what a file's tests share is made once; who is done first takes
# the rest of another's part.
_SPREAD = ("-n", str(_WORKERS), "--dist", "worksteal")


def _single_steps() -> list[Step]:
    """Tests of one process that mostly wait for others of theirs. The longest comes first."""
    return [Step("add-on on the host mock", (MAIN.python, "-m", "pytest", "tests/host", *_SEEDED))]


def _spread_steps() -> list[Step]:
    """Tests that keep every core busy."""
    command = (MAIN.python, "-m", "pytest", *_SPREAD, "-p", "builder.without_bpy", *_SEEDED)
    # Two processes with one thread each are faster than one with two, and don't fight over the cores.
    single = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # Minutes where the machine has nothing else to do; a test that hangs has a limit of its own.
    return [Step("core and parity", (*command, "tests/core", "tests/parity"), single, limit=900.0)]


def _blender_step(blender: str, python: Path, scratch: Path) -> Step:
    """The add-on tests in real Blender, on settings of its own; the worker always runs in the main environment."""
    command = (python, "-m", "pytest", "tests/addon", *_SPREAD, "-p", "builder.leave_bpy")
    return Step(f"add-on in Blender {blender}", command, _blender_variables(scratch, blender))


def _blender_variables(scratch: Path, name: str) -> dict[str, str]:
    return {"BLENDER_USER_RESOURCES": str(scratch / f"blender-{name}"), "FLASHVDM_PYTHON": str(MAIN.python)}


def _newest_blender() -> Outcome | None:
    """Make the environment of Blender 5.2; how its step ended where that cannot be."""
    name = "add-on in Blender 5.2"
    if find_python(NEWEST.version) is None:
        return Outcome(name, "not run", note="Python 3.13 was not found: Blender 5.2 was NOT tested")
    try:
        NEWEST.ensure()
    except BuildError as error:
        return Outcome(name, "FAILED", note=str(error))
    return None


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
