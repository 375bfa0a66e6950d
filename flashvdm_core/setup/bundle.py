"""A folder with everything in it, for machines without internet: `build.py package --bundle-runtime` makes it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..api.errors import SetupError
from ..api.fields import parse_object
from ..files import read_file
from .cards import BUILDS, Machine
from .home import Home
from .lists import PackageList, read_list

DESCRIPTION = "bundle.json"
WHEELS, PYTHON, UV = "wheels", "python", "uv"
LIST = "packages.txt"

_LARGEST = 1 << 16


@dataclass(frozen=True)
class Bundle:
    """Such a folder.

    Attributes:
        build: the name of its PyTorch.
        python: version of its Python, "3.12.16".
        packages: its list.
    """

    folder: Path
    build: str
    python: str
    packages: PackageList

    @property
    def wheels(self) -> Path:
        """The packages."""
        return self.folder / WHEELS

    @property
    def uv(self) -> Path:
        """The folder with uv."""
        return self.folder / UV

    def size(self) -> int:
        """Bytes of the packages."""
        return sum(path.stat().st_size for path in self.wheels.glob("*.whl"))

    def copy_python(self, home: Home) -> Path:
        """The interpreter in `home`, copied there where it is missing: the folder may be on a disk that goes away.

        Raises:
            OSError: it cannot be read or written.
        """
        target = home.pythons / f"{self.build.rsplit('-', 1)[0]}-{self.python}"
        found = interpreter_in(target)
        if found is None:
            partial = home.pythons / f"{target.name}.part"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(self.folder / PYTHON, partial, symlinks=True)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(partial, target)
            found = interpreter_in(target)
        if found is None:
            raise SetupError(f"There is no Python in '{self.folder / PYTHON}'; copy the whole folder again.")
        return found


def open_bundle(folder: Path, machine: Machine) -> Bundle:
    """The folder `folder`, if it is one for this machine.

    Raises:
        SetupError: it is none, parts are missing, or it is for another system.
    """
    try:
        data = parse_object(read_file(folder / DESCRIPTION, _LARGEST))
        build, python = data.text("build"), data.text("python")
    except (OSError, ValueError):
        text = f"'{folder}' is no folder for Set Up: {DESCRIPTION} is missing in it; choose the one that build.py made."
        raise SetupError(text) from None
    row = BUILDS.get(build)
    if row is None or (row.system, row.processor) != (machine.system, machine.processor):
        raise SetupError(f"'{folder}' is for {build}; take the one for {machine.system}-{machine.processor}.")
    packages = read_list(folder / LIST)
    wheels = {path.name.split("-")[0].lower().replace("_", "-") for path in (folder / WHEELS).glob("*.whl")}
    missing = [package.name for package in packages.packages if package.name.lower().replace("_", "-") not in wheels]
    if missing or not (folder / PYTHON).is_dir():
        lacking = ", ".join(missing[:3]) or "its Python"
        raise SetupError(f"'{folder}' is not whole ({lacking} is missing); copy the whole folder again.")
    return Bundle(folder, build, python, packages)


def interpreter_in(folder: Path) -> Path | None:
    """The interpreter of an installation of Python; None where there is none."""
    names = ("python.exe",) if sys.platform == "win32" else ("bin/python3", "bin/python")
    return next((folder / name for name in names if (folder / name).is_file()), None)
