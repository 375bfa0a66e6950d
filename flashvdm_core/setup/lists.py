"""The lists of packages, one for each build: exact versions, hashes and sizes, as `python build.py lock` writes them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..api.errors import SetupError
from ..files import read_file

PACKAGE_ROOT = Path(__file__).parents[2]
"""The folder that holds `flashvdm_core`: the extension's, or a checkout."""

LISTS = PACKAGE_ROOT / "requirements" / "runtime"
"""Where the lists lie, in the extension as in a checkout."""

_LARGEST = 1 << 20
_PYTHONS = re.compile(r"^# pythons: (.+)$", re.MULTILINE)
_PACKAGE = re.compile(r"^# (\d+) bytes\n([A-Za-z0-9._-]+)==(\S+) \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package of a list; `size` is what its file for Python 3.12 has, in bytes."""

    name: str
    version: str
    size: int


@dataclass(frozen=True)
class PackageList:
    """What one build installs.

    Attributes:
        pythons: the versions of Python that every package has a file for, as (3, 12).
        sha256: of the list itself.
    """

    path: Path
    packages: tuple[Package, ...]
    pythons: tuple[tuple[int, int], ...]
    sha256: str

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(package.size for package in self.packages)

    def package(self, name: str) -> Package:
        """The package of that name."""
        return next(package for package in self.packages if package.name == name)


def read_list(path: Path) -> PackageList:
    """Read a list. Raises SetupError where it is missing, or is not as `build.py lock` writes it."""
    try:
        data = read_file(path, _LARGEST)
    except OSError:
        raise SetupError(f"The list of packages '{path.name}' is missing; install the extension again.") from None
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    packages = tuple(Package(name, version, int(size)) for size, name, version in _PACKAGE.findall(text))
    pythons = _PYTHONS.search(text)
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "    --hash="))]
    if pythons is None or len(packages) != len(lines) or not any(package.name == "torch" for package in packages):
        raise SetupError(f"The list of packages '{path.name}' is damaged; install the extension again.")
    versions = tuple((int(major), int(minor)) for major, minor in (word.split(".") for word in pythons[1].split()))
    return PackageList(path, packages, versions, hashlib.sha256(data).hexdigest())


def listed_builds(folder: Path = LISTS) -> frozenset[str]:
    """The names of the builds that have a list."""
    return frozenset(path.stem for path in folder.glob("*-*-*.txt"))
