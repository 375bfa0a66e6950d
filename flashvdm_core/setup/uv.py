"""uv, the program that downloads and installs: from the extension, verified, run with nobody's configuration."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from ..api.errors import SetupError
from ..files import read_file
from .home import Home, folder_size
from .lists import PACKAGE_ROOT
from .process import clean_environment, run_logged
from .remedies import error_for

PROGRAM = "uv.exe" if sys.platform == "win32" else "uv"
FOLDER = PACKAGE_ROOT / "uv"
"""Where the extension for one system carries uv, and `uv.sha256` beside it."""

_KEPT = (
    "UV_DEFAULT_INDEX",
    "UV_PYTHON_INSTALL_MIRROR",
    "UV_PYTHON_DOWNLOADS_JSON_URL",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_SYSTEM_CERTS",
)
"""What a studio may set; everything else of uv's is ours."""

_LARGEST = 1 << 28
_UNPACKED = 3.0
"""A downloaded file is about three times as large once it is unpacked, which uv does while it comes."""

_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DOWNLOADING = re.compile(r"^\s*Downloading (\S+) .*?\(([\d.]+)(B|KiB|MiB|GiB)\)\s*$")
_DOWNLOADED = re.compile(r"^\s*Downloaded (\S+)")

Watch = Callable[[int], None]
"""Called with the bytes that have come so far, about once a second."""


class Uv:
    """uv at work in `home`. Everything it prints goes to `log`."""

    def __init__(self, home: Home, log: IO[str], cancelled: Callable[[], bool], folder: Path = FOLDER) -> None:
        """Take uv from `folder` into `home`, where it can be run.

        Raises:
            SetupError: it is missing or damaged.
            OSError: it cannot be written.
        """
        self._home, self._log, self._cancelled = home, log, cancelled
        self._program = _taken(folder, home)

    def run(self, arguments: Sequence[str | Path], watch: Watch = lambda _: None) -> str:
        """Run uv to its end; what it wrote to standard output.

        Raises:
            SetupError: it failed, with the remedy.
            Cancelled: it was ended because somebody asked for that.
        """
        status, output, errors = self._run(arguments, watch, {})
        if status != 0 and re.search(r"certificate|UnknownIssuer", errors):
            # Behind a proxy that signs anew, only the system knows whom to trust.
            status, output, errors = self._run(arguments, watch, {"UV_SYSTEM_CERTS": "1"})
        if status != 0:
            raise error_for(errors, self._home.folder)
        return output

    def _run(self, arguments: Sequence[str | Path], watch: Watch, variables: dict[str, str]) -> tuple[int, str, str]:
        came = _Came(self._home)
        command, environment = [self._program, *arguments], self._environment() | variables
        try:
            return run_logged(
                command,
                self._home.folder,
                environment,
                self._log,
                self._cancelled,
                line=came.read,
                tick=lambda: watch(came.bytes()),
            )
        except OSError as error:
            raise SetupError(f"uv cannot be run ({error.strerror or error}); a virus scanner may hold it back.") from error

    def _environment(self) -> dict[str, str]:
        return clean_environment(_KEPT) | {
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": str(self._home.cache),
            "UV_PYTHON_INSTALL_DIR": str(self._home.pythons),
            "UV_PYTHON_INSTALL_BIN": "0",
            "UV_PYTHON_INSTALL_REGISTRY": "0",
            "NO_COLOR": "1",
        }


class _Came:
    """How many bytes have come, from what uv prints and how its cache grows."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._coming: dict[str, int] = {}
        self._there = 0
        self._size = 0

    def read(self, line: str) -> None:
        """Take note of one line."""
        if found := _DOWNLOADING.match(line):
            if not self._coming:
                self._size = self._folders()
            self._coming[found[1]] = int(float(found[2]) * _UNITS[found[3]])
        elif found := _DOWNLOADED.match(line):
            self._there += self._coming.pop(found[1], 0)
            self._size = self._folders()

    def bytes(self) -> int:
        """So far; what is on its way is estimated, and counts as whole only when it is."""
        if not self._coming:
            return self._there
        grown = max(0, self._folders() - self._size)
        return self._there + min(int(grown / _UNPACKED), int(sum(self._coming.values()) * 0.98))

    def _folders(self) -> int:
        return folder_size(self._home.cache) + folder_size(self._home.pythons)


def _taken(folder: Path, home: Home) -> Path:
    """uv in `home`, copied from `folder` where it is not there already."""
    source = folder / PROGRAM
    try:
        expected = read_file(folder / "uv.sha256", 1000).decode("ascii", "replace").strip()
        data = read_file(source, _LARGEST)
    except OSError:
        raise SetupError(
            "This zip of FlashVDM is the one for all systems and has no installer in it; install the zip for your system."
        ) from None
    if hashlib.sha256(data).hexdigest() != expected:
        raise SetupError("The installer in the extension is damaged; install the extension again.")
    scratch = home.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    program = scratch / PROGRAM
    shutil.copyfile(source, program)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program
