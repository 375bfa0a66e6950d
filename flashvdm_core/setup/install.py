"""Set Up: what it would do, as a plan that can be shown first, and doing it."""

from __future__ import annotations

import contextlib
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from .. import __version__
from ..api.errors import Cancelled, SetupError
from ..api.units import gib
from .bundle import Bundle, interpreter_in, open_bundle
from .cards import BUILDS, Machine, choose
from .detect import find_machine
from .home import Home, Installed, cannot_write, interpreter_of
from .lists import LISTS, PackageList, listed_builds, read_list
from .trial import Verified, try_out
from .uv import FOLDER, Uv

PYTHON_VERSION = "3.12.16"
"""The Python that is downloaded. uv knows its hash."""

_PYTHON_SIZE = 33_000_000
"""About what it has to download, on any system."""

_UNPACKED, _BESIDE = 2.0, 400_000_000
"""What an environment takes on the disk: so many times its download, and so many bytes besides. Measured on Linux: 229 MB for the
processor are 0.8 GB, 2.8 GB for CUDA 13.0 are 4.6 GB."""

_LONGEST_PATH = 170
"""Letters of the longest path inside an environment, below its folder."""

_WINDOWS_PATH = 259
_STEPS = (("Preparing", 0.02), ("Python", 0.08), ("Packages", 0.75), ("Trial", 0.13), ("Finishing", 0.02))


Trial = Callable[[Path, Path, IO[str], Callable[[], bool]], Verified]
"""As `try_out`."""


@dataclass(frozen=True)
class Wishes:
    """What was asked for; all of it may be left out.

    Attributes:
        build: the name of a build, in place of the one that fits the graphics card.
        bundle: a folder with everything in it: nothing is downloaded.
        python: an interpreter that the environment shall stand on, in place of one that is downloaded.
        index: address of a package index that has everything, in place of the general one and PyTorch's.
    """

    build: str = ""
    bundle: Path | None = None
    python: Path | None = None
    index: str = ""


@dataclass(frozen=True)
class Item:
    """Something that comes: its name and bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Plan:
    """What Set Up will do.

    Attributes:
        build: the name of the PyTorch.
        label: what it is for.
        note: a sentence: why it is not a better one; "" where all is well.
        items: what is downloaded; empty where a folder has everything.
        disk: bytes that it will take, about.
    """

    build: str
    label: str
    note: str
    items: tuple[Item, ...]
    disk: int
    packages: PackageList
    wishes: Wishes
    bundle: Bundle | None = None

    @property
    def download(self) -> int:
        """Bytes that will come from the network."""
        return sum(item.size for item in self.items)


@dataclass(frozen=True)
class Step:
    """How far Set Up is.

    Attributes:
        name: "Preparing", "Python", "Packages", "Trial" or "Finishing".
        number, count: of the step.
        fraction: of the whole, 0 to 1.
        done, size: bytes of this step's download; 0, 0 where it has none.
    """

    name: str
    number: int
    count: int
    fraction: float
    done: int = 0
    size: int = 0


def make_plan(wishes: Wishes, machine: Machine | None = None, lists: Path = LISTS) -> Plan:
    """What Set Up will do on this machine. Nothing is changed, and no network used.

    Raises:
        SetupError: it can do nothing here; the sentence says what to do first.
    """
    machine = machine or find_machine()
    bundle = open_bundle(wishes.bundle, machine) if wishes.bundle is not None else None
    if bundle is not None:
        build, note, packages = bundle.build, "", bundle.packages
    else:
        build, note = _chosen(wishes, machine, listed_builds(lists))
        packages = read_list(lists / f"{build}.txt")
    if wishes.python is not None:
        _check_python(wishes.python, packages)
    items: list[Item] = []
    if bundle is None:
        if wishes.python is None:
            items.append(Item(f"Python {PYTHON_VERSION}", _PYTHON_SIZE))
        torch = packages.package("torch")
        items.append(Item(f"PyTorch {torch.version.partition('+')[0]}", torch.size))
        items.append(Item(f"{len(packages.packages) - 1} packages", packages.size - torch.size))
    size = bundle.size() if bundle is not None else sum(item.size for item in items)
    disk = int(size * _UNPACKED) + _BESIDE
    return Plan(build, BUILDS[build].label, note, tuple(items), disk, packages, wishes, bundle)


def set_up(
    plan: Plan,
    home: Home,
    report: Callable[[Step], None],
    cancelled: Callable[[], bool],
    uv: Path = FOLDER,
    trial: Trial = try_out,
) -> Installed:
    """Make an environment in `home`, try it out, and let it count from then on. What counted before is untouched until then.

    Args:
        report: called with every step.
        cancelled: asked again and again; whether to stop.
        uv: the folder with uv; that of a bundle where there is none in it.
        trial: what a new environment must pass.

    Raises:
        SetupError: it failed, with the remedy.
        Cancelled: it was stopped. What was downloaded stays for the next time.
    """
    with home.locked():
        try:
            with home.log.open("w", encoding="utf-8", errors="replace") as log:
                print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, FlashVDM {__version__}, {platform.platform()}", file=log)
                print(f"{plan.build} {plan.note}", file=log, flush=True)
                try:
                    return _set_up(plan, home, _Progress(report), log, cancelled, uv, trial)
                except (SetupError, OSError) as error:
                    print(f"Error: {error}", file=log)
                    raise
                except Cancelled:
                    print("Cancelled", file=log)
                    raise
        except OSError as error:
            raise cannot_write(home.folder, error) from error


def outdated(installed: Installed, lists: Path = LISTS) -> bool:
    """Whether the list that an environment was made by has changed since."""
    try:
        return read_list(lists / f"{installed.build}.txt").sha256 != installed.list_sha256
    except SetupError:
        return False


class _Progress:
    """Where in the steps we are."""

    def __init__(self, report: Callable[[Step], None]) -> None:
        self._report = report
        self._number = 0

    def next(self, size: int = 0) -> None:
        """The next step begins; `size`: the bytes that it downloads."""
        self._number += 1
        self.came(0, size)

    def came(self, done: int, size: int) -> None:
        """So many of its bytes are there."""
        name, share = _STEPS[self._number - 1]
        before = sum(part for _, part in _STEPS[: self._number - 1])
        done = min(done, size)
        self._report(Step(name, self._number, len(_STEPS), before + share * (done / size if size else 0.0), done, size))


def _set_up(
    plan: Plan, home: Home, progress: _Progress, log: IO[str], cancelled: Callable[[], bool], uv: Path, trial: Trial
) -> Installed:
    progress.next()
    home.remove_leftovers()
    for folder in (home.environments, home.pythons, home.cache, home.scratch):
        folder.mkdir(parents=True, exist_ok=True)
    _check_disk(plan, home)
    environment = home.environments / secrets.token_hex(4)
    _check_path(environment)
    runner = Uv(home, log, cancelled, plan.bundle.uv if plan.bundle is not None and not (uv / "uv.sha256").exists() else uv)
    try:
        base = _base_python(plan, home, progress, runner)
        progress.next(plan.packages.size if plan.bundle is None else 0)
        runner.run(["venv", "--no-project", "--python", base, environment])
        python = interpreter_of(environment)
        size = plan.packages.size if plan.bundle is None else 0
        runner.run(_install(plan, python), lambda done: progress.came(done, size))
        progress.next()
        verified = trial(python, home.scratch, log, cancelled)
        progress.next()
        installed = Installed(
            environment.name, str(python), str(base), plan.build, plan.packages.sha256, verified.torch, verified.device,
            __version__, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip
        home.count(installed)
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        raise
    home.remove_leftovers()
    # Its files are the environment's own under a second name: a repair must fetch them anew.
    shutil.rmtree(home.cache, ignore_errors=True)
    return installed


def _install(plan: Plan, python: Path) -> list[str | Path]:
    """The command that installs the list. It is complete, so nothing is resolved; every file's hash is checked."""
    command: list[str | Path] = ["pip", "install", "--python", python, "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    index = BUILDS[plan.build].index
    if plan.bundle is not None:
        command += ["--offline", "--no-index", "--find-links", plan.bundle.wheels]
    elif plan.wishes.index:
        command += ["--default-index", plan.wishes.index]
    elif index:
        # PyTorch's index has other packages, too, not always in our version; the hashes say which file is meant.
        command += ["--index", index, "--index-strategy", "unsafe-best-match"]
    return [*command, "--requirements", plan.packages.path]


def _base_python(plan: Plan, home: Home, progress: _Progress, uv: Uv) -> Path:
    """The interpreter that the environment stands on."""
    if plan.bundle is not None or plan.wishes.python is not None:
        progress.next()
        return plan.wishes.python or plan.bundle.copy_python(home)  # pyright: ignore[reportOptionalMemberAccess]
    progress.next(_PYTHON_SIZE)
    uv.run(["python", "install", "--managed-python", PYTHON_VERSION], lambda done: progress.came(done, _PYTHON_SIZE))
    found = next(
        (python for folder in home.pythons.glob(f"cpython-{PYTHON_VERSION}-*") if (python := interpreter_in(folder))), None
    )
    if found is None:
        raise SetupError(f"Python {PYTHON_VERSION} was downloaded and is not there; a virus scanner may have taken it away.")
    return found


def _chosen(wishes: Wishes, machine: Machine, listed: frozenset[str]) -> tuple[str, str]:
    if not wishes.build:
        choice = choose(machine, listed)
        if not choice.build:
            raise SetupError(choice.note)
        return choice.build, choice.note
    row = BUILDS.get(wishes.build)
    if row is None or wishes.build not in listed or (row.system, row.processor) != (machine.system, machine.processor):
        here = sorted(name for name in listed if name.startswith(f"{machine.system}-{machine.processor}-"))
        raise SetupError(f"There is no PyTorch '{wishes.build}' for this machine; choose one of: {', '.join(here) or 'none'}.")
    return wishes.build, ""


def _check_python(python: Path, packages: PackageList) -> None:
    """Raises SetupError where the environment cannot stand on this interpreter."""
    code = "import sys, venv; print(*sys.version_info[:2], sys.maxsize > 2**32)"
    try:
        done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=False)
        found = re.fullmatch(r"(\d+) (\d+) True", done.stdout.strip())
    except (OSError, subprocess.TimeoutExpired):
        found = None
    if found is None:
        raise SetupError(f"'{python}' is no Python of 64 bits that works; choose another.")
    version = int(found[1]), int(found[2])
    if version not in packages.pythons:
        fits = " or ".join(f"{major}.{minor}" for major, minor in packages.pythons)
        raise SetupError(f"'{python}' is Python {version[0]}.{version[1]}, and the packages are for {fits}; choose another.")


def _check_disk(plan: Plan, home: Home) -> None:
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(home.folder).free
        if free < plan.disk:
            text = f"Set Up needs {gib(plan.disk)} on the disk of '{home.folder}', and {gib(free)} are free"
            raise SetupError(f"{text}; free some space and press Set Up again.")


def _check_path(environment: Path, system: str = sys.platform) -> None:
    """Windows reads paths of 260 letters and more only where it was told to."""
    if system == "win32" and len(str(environment)) + _LONGEST_PATH > _WINDOWS_PATH and not _long_paths():
        raise SetupError(
            f"The path '{environment}' is too long for Windows; switch long paths on (LongPathsEnabled), "
            "or start Blender with BLENDER_USER_RESOURCES set to a short folder."
        )


def _long_paths() -> bool:
    if sys.platform != "win32":
        return False
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False
