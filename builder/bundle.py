"""A folder with uv, a Python and all packages, for Set Up on machines without internet."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from flashvdm_core.setup.bundle import DESCRIPTION, LIST, PYTHON, UV, WHEELS
from flashvdm_core.setup.cards import BUILDS, Build
from flashvdm_core.setup.install import PYTHON_VERSION
from flashvdm_core.setup.lists import read_list

from .environments import MAIN, REQUIREMENTS, ROOT, BuildError, run, say
from .uv import own_uv, uv_folder

_SYSTEMS = {"windows": "windows-x86_64-none", "linux": "linux-x86_64-gnu", "macos": "macos-aarch64-none"}
_NOT_NEEDED = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "config-*", "idlelib", "lib2to3", "*.a")


def wheel_platforms(build: Build) -> list[str]:
    """The platform tags that a build's system takes, the newest first."""
    if build.system == "linux":
        numbers = range(28, 4, -1)
        return [*(f"manylinux_2_{number}_x86_64" for number in numbers), "manylinux2014_x86_64", "linux_x86_64"]
    if build.system == "macos":
        return [*(f"macosx_{number}_0_{kind}" for number in range(14, 10, -1) for kind in ("arm64", "universal2"))]
    return ["win_amd64"]


def make_bundle(name: str, output: Path, python: Path | None = None) -> Path:
    """Make the folder for the build `name` in `output`; return it. One that is there is replaced when the new one is whole.

    Args:
        python: the folder of an installation of Python for that system, to be copied in place of a downloaded one.

    Raises:
        BuildError: something could not be fetched.
    """
    build = BUILDS.get(name)
    source = REQUIREMENTS / "runtime" / f"{name}.txt"
    if build is None or not source.is_file():
        listed = sorted(path.stem for path in source.parent.glob("*-*-*.txt"))
        raise BuildError(f"There is no list of packages for '{name}'; there are {', '.join(listed)}.")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".bundle-") as scratch:
        folder = Path(scratch) / f"flashvdm-runtime-{name}"
        (folder / WHEELS).mkdir(parents=True)
        version = _python(build, folder / PYTHON, python)
        pythons = read_list(source).pythons
        short = tuple(int(part) for part in version.split(".")[:2])
        if short not in pythons:
            raise BuildError(f"The packages of {name} are for {_dotted(pythons)}, and '{python}' is Python {version}.")
        _wheels(build, source, version, folder / WHEELS)
        shutil.copytree(uv_folder(f"{build.system}-{build.processor}"), folder / UV, ignore=shutil.ignore_patterns(".*"))
        shutil.copyfile(source, folder / LIST)
        (folder / DESCRIPTION).write_text(json.dumps({"build": name, "python": version}), encoding="utf-8")
        target = output / folder.name
        shutil.rmtree(target, ignore_errors=True)
        return Path(shutil.move(folder, target))


def _wheels(build: Build, source: Path, version: str, folder: Path) -> None:
    command: list[str | Path] = [MAIN.ensure(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--requirement", source, "--dest", folder]
    command += ["--python-version", ".".join(version.split(".")[:2]), "--implementation", "cp"]
    for platform in wheel_platforms(build):
        command += ["--platform", platform]
    if build.index:
        command += ["--extra-index-url", build.index]
    run(command, f"The packages of {build.name} could not be fetched; check the network and run the command again")


def _python(build: Build, folder: Path, given: Path | None) -> str:
    """Lay a Python into `folder`; its version."""
    if given is not None:
        names = ("python.exe",) if build.system == "windows" else ("bin/python3",)
        found = next((given / name for name in names if (given / name).is_file()), None)
        if found is None:
            raise BuildError(f"'{given}' holds no {' or '.join(names)}: name the folder of an installation of Python.")
        shutil.copytree(given, folder, symlinks=True, ignore=_NOT_NEEDED)
        shown = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d+\.\d+\.\d+", shown)
        if version is None:
            raise BuildError(f"'{found}' does not run here.")
        return version[0]
    say(f"Fetching Python {PYTHON_VERSION}")
    with tempfile.TemporaryDirectory() as scratch:
        key = f"cpython-{PYTHON_VERSION}-{_SYSTEMS[build.system]}"
        command = [own_uv(), "python", "install", "--no-config", "--no-bin", "--install-dir", scratch, key]
        run(command, "Python could not be fetched; check the network, or name the folder of one with --python")
        found = next(path for path in Path(scratch).iterdir() if path.name.startswith("cpython-") and not path.is_symlink())
        shutil.copytree(found, folder, symlinks=True)
    return PYTHON_VERSION


def _dotted(pythons: tuple[tuple[int, int], ...]) -> str:
    return " or ".join(f"{major}.{minor}" for major, minor in pythons)


def report(folder: Path) -> None:
    """Print the folder with its size."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    say(f"{folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}  {size / 1e6:.0f} MB")
