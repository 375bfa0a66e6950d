"""The lists of packages for Set Up, one for each build of PyTorch: `python build.py lock` writes requirements/runtime/*.txt.

Versions come from core.txt, torch.txt and constraints.txt by way of `uv pip compile`; hashes and sizes from the index. Where
PyTorch's own index cannot be reached, its files are taken from the table below, and a build that the table lacks gets no list:
Set Up then uses the processor and says so.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from flashvdm_core.setup.cards import BUILDS, Build

from .bundle import wheel_platforms
from .environments import REQUIREMENTS, BuildError, say, write_whole
from .uv import own_uv

LISTS = REQUIREMENTS / "runtime"
_INDEX = "https://pypi.org/simple/"
_PYTHONS = ((3, 11), (3, 12), (3, 13))
_DOWNLOADED = (3, 12)
"""The one that Set Up brings: a list without it is no use."""

_COMPILED_FOR = {"windows": "x86_64-pc-windows-msvc", "linux": "x86_64-unknown-linux-gnu", "macos": "aarch64-apple-darwin"}
_SUFFIXES = {"cpu": "+cpu", "cu130": "+cu130", "cu126": "+cu126", "rocm72": "+rocm7.2", "xpu": "+xpu", "mps": ""}

_KNOWN: dict[str, dict[str, tuple[int, str]]] = {
    "linux-x64-cpu": {
        "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": (
            191_794_682, "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"),
        "torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl": (
            191_817_609, "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2"),
    },
    "windows-x64-cu130": {
        "torch-2.13.0+cu130-cp312-cp312-win_amd64.whl": (
            1_915_519_202, "2efab1e83604ca628c6d85b9e188c153690980498d1297081a9dad704919303c"),
    },
    "windows-x64-cu126": {
        "torch-2.13.0+cu126-cp312-cp312-win_amd64.whl": (
            2_594_590_371, "380081ea098bf2b9e727aa85205d94790d884d17c62df3bb00a4f6a1047010a2"),
    },
}  # fmt: skip
"""Files of PyTorch's own index, with bytes and SHA-256: each as several projects independently keep it in their locks, and the
first as a file of this hash was installed and used. The other builds' files, or what they need besides, are not known so."""


@dataclass(frozen=True)
class _File:
    """A file of an index: its size in bytes and SHA-256."""

    size: int
    sha256: str


def lock(names: Sequence[str] = ()) -> int:
    """Write the lists of these builds, or every one that can be made; the exit status. Raises BuildError."""
    unknown = set(names) - set(BUILDS)
    if unknown:
        raise BuildError(f"There is no build {', '.join(sorted(unknown))}; known are {', '.join(BUILDS)}.")
    for build in (BUILDS[name] for name in names or BUILDS):
        path = LISTS / f"{build.name}.txt"
        try:
            write_whole(path, _list_of(build))
            say(f"{path.name} is made")
        except _UnreachableError as error:
            kept = "the one that is there stays" if path.exists() else "there is no list"
            say(f"{path.name}: {error}; {kept}")
    return 0


class _UnreachableError(Exception):
    """An index did not answer, and the table does not know its files."""


def _list_of(build: Build) -> str:
    if build.index:
        wheels = _torch_files(build)
        # Nothing but the processor's build is on the general index for Windows, and it needs the same packages.
        packages = {name: version for name, version in _compiled("windows").items() if name != "torch"}
        if build.system != "windows":
            packages.pop("colorama", None)
            packages = _compiled(build.system, [f"{name}=={version}" for name, version in packages.items()])
        files = {name: _files_on(_INDEX, name, version) for name, version in packages.items()}
        packages["torch"] = _pinned_torch() + _SUFFIXES[build.accelerator]
        files["torch"] = wheels
    else:
        packages = _compiled(build.system)
        files = {name: _files_on(_INDEX, name, version) for name, version in packages.items()}
    chosen = {name: {python: _best(files[name], build, python) for python in _PYTHONS} for name in packages}
    pythons = [python for python in _PYTHONS if all(chosen[name][python] for name in packages)]
    if _DOWNLOADED not in pythons:
        lacking = [name for name in packages if not chosen[name][_DOWNLOADED]]
        raise BuildError(f"{build.name}: there is no file for Python 3.12 of {', '.join(lacking)}.")
    lines = [f"# PyTorch for {build.label}, {build.system}-{build.processor}: made by `python build.py lock`."]
    lines.append(f"# pythons: {' '.join(f'{major}.{minor}' for major, minor in pythons)}")
    for name in sorted(packages):
        found = chosen[name]
        main_file = found[_DOWNLOADED]
        assert main_file is not None
        hashes = sorted({file.sha256 for python in pythons if (file := found[python]) is not None})
        lines += [f"# {main_file.size} bytes", f"{name}=={packages[name]} \\"]
        lines.append(" \\\n".join(f"    --hash=sha256:{digest}" for digest in hashes))
    return "\n".join(lines) + "\n"


def _compiled(system: str, requirements: list[str] | None = None) -> dict[str, str]:
    """name -> version of everything that a system needs, from the pinned files, or from `requirements` in their place."""
    given = requirements or [*_requirements("core.txt"), *_requirements("torch.txt")]
    command = [
        own_uv(), "pip", "compile", "--no-config", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:",
        "--python-version", "3.12", "--python-platform", _COMPILED_FOR[system], "--default-index", _INDEX,
        "--constraints", REQUIREMENTS / "constraints.txt", "-",
    ]  # fmt: skip
    variables = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # the oldest that torch is made for
    done = subprocess.run(command, input="\n".join(given), capture_output=True, text=True, check=False, env=variables)
    if done.returncode != 0:
        raise BuildError(f"The packages for {system} could not be resolved: {done.stderr.strip()[-600:]}")
    return dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", done.stdout))


def _requirements(name: str) -> list[str]:
    lines = (REQUIREMENTS / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _pinned_torch() -> str:
    return _requirements("torch.txt")[0].removeprefix("torch==")


def _torch_files(build: Build) -> dict[str, _File]:
    """The files of torch on PyTorch's own index, else those of the table. Raises _UnreachableError."""
    version = _pinned_torch() + _SUFFIXES[build.accelerator]
    if build.accelerator in ("rocm72", "xpu") or (build.system == "linux" and build.accelerator == "cu126"):
        raise _UnreachableError("what this build needs besides torch is not on the general index, and was not looked into")
    try:
        return _files_on(f"{build.index}/", "torch", version)
    except (OSError, urllib.error.URLError):
        known = {name: _File(*file) for name, file in _KNOWN.get(build.name, {}).items() if f"torch-{version}-" in name}
        if not known:
            raise _UnreachableError(f"{build.index} cannot be reached") from None
        say(f"{build.name}: {build.index} cannot be reached; its files are those of the table in builder/lock.py")
        return known


def _files_on(index: str, name: str, version: str) -> dict[str, _File]:
    """The wheels of one version on an index, by their names. Raises OSError where it cannot be reached."""
    accepted = "application/vnd.pypi.simple.v1+json"
    with urllib.request.urlopen(urllib.request.Request(f"{index}{name}/", headers={"Accept": accepted}), timeout=60) as answer:
        page: Any = json.load(answer)
    found: dict[str, _File] = {}
    for file in page["files"]:
        try:
            wheel = parse_wheel_filename(file["filename"])
        except InvalidWheelFilename:
            continue
        if str(wheel[1]) == version and "sha256" in file["hashes"]:
            found[file["filename"]] = _File(int(file["size"]), file["hashes"]["sha256"])
    return found


def _best(files: dict[str, _File], build: Build, python: tuple[int, int]) -> _File | None:
    """The file that this Python takes on that system."""
    platforms = wheel_platforms(build)
    order = [
        *tags.cpython_tags(python, platforms=platforms),
        *tags.compatible_tags(python, f"cp{python[0]}{python[1]}", platforms),
    ]
    ranks = {tag: rank for rank, tag in enumerate(order)}
    fitting: list[tuple[int, str]] = []
    for name in files:
        found = [ranks[tag] for tag in parse_wheel_filename(name)[3] if tag in ranks]
        if found:
            fitting.append((min(found), name))
    return files[min(fitting)[1]] if fitting else None


if __name__ == "__main__":
    raise SystemExit(lock(sys.argv[1:]))
