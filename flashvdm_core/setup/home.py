"""The folder that Set Up keeps: Pythons, environments, and the note which environment has proved itself.

installed.json      which environment counts, and what it was verified with; written last
environments/ID/    one environment each; a new one is made beside the one in use
python/             the Pythons they stand on
cache/              what was downloaded, until an environment is made of it
setup.log           the last run
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..api.errors import SetupError
from ..api.fields import parse_object
from ..download.lock import locked
from ..files import read_file, write_whole

FOLDER = "runtime"
"""Its name in the extension's folder of the user."""

_FORMAT = 1
_LARGEST = 1 << 16
_LARGEST_LOG = 1 << 26


@dataclass(frozen=True)
class Installed:
    """An environment in which a generation has run.

    Attributes:
        environment: name of its folder.
        python: its interpreter.
        base: the interpreter that it stands on.
        build: which PyTorch, by the name of its list.
        list_sha256: of the list it was made by.
        device: what the generation ran on.
        version: of FlashVDM then.
        verified: when, in UTC.
    """

    environment: str
    python: str
    base: str
    build: str
    list_sha256: str
    torch: str
    device: str
    version: str
    verified: str


class Home:
    """The folder at `folder`, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environments = folder / "environments"
        self.pythons = folder / "python"
        self.cache = folder / "cache"
        self.scratch = folder / "scratch"
        self.log = folder / "setup.log"
        self._marker = folder / "installed.json"

    def installed(self) -> Installed | None:
        """The environment that counts, None where there is none or a part of it is gone."""
        try:
            data = parse_object(read_file(self._marker, _LARGEST))
            if data.integer("format", 0, 1 << 30) != _FORMAT:
                return None
            found = Installed(**{field.name: data.path(field.name) for field in fields(Installed)})
        except (OSError, ValueError):
            return None
        return found if Path(found.python).is_file() and Path(found.base).is_file() else None

    def count(self, installed: Installed) -> None:
        """From now on this environment counts. Raises OSError."""
        text = json.dumps({"format": _FORMAT, **asdict(installed)}, indent=1)
        write_whole(self._marker, lambda path: path.write_text(text, encoding="utf-8"))

    def remove_leftovers(self) -> None:
        """Delete what does not count: half-made environments, former ones, and their Pythons. What is in use stays."""
        installed = self.installed()
        for folder in _entries(self.environments):
            if installed is None or folder.name != installed.environment:
                _remove(folder)
        if installed is not None:
            for folder in _entries(self.pythons):
                # Links among them are uv's short names for these folders.
                if not folder.is_symlink() and not Path(installed.base).is_relative_to(folder):
                    _remove(folder)
        _remove(self.scratch)

    def remove(self) -> None:
        """Delete everything.

        Raises:
            SetupError: something cannot be deleted; nothing counts any more all the same.
        """
        parts = (self.environments, self.pythons, self.cache, self.scratch)
        with self.locked():
            self._marker.unlink(missing_ok=True)
            for part in parts:
                _remove(part)
            self.log.unlink(missing_ok=True)
        left = [part for part in parts if part.exists()]
        if left:
            raise SetupError(f"'{left[0]}' cannot be deleted; close programs that use it and remove it again.")

    def read_log(self) -> str:
        """What the last Set Up has written; "" before the first."""
        try:
            return read_file(self.log, _LARGEST_LOG).decode("utf-8", "replace")
        except OSError:
            return ""

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other Set Up out of this folder, which is made where it is missing. Ends with the process, too.

        Raises:
            SetupError: another is at work in it, or it cannot be written.
        """

        def refuse() -> None:
            raise SetupError("Another Blender is setting FlashVDM up at this moment; wait for its end.")

        with contextlib.ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self.folder / "lock", refuse))
            except OSError as error:
                raise cannot_write(self.folder, error) from error
            yield


def interpreter_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def folder_size(folder: Path) -> int:
    """Bytes in a folder that may change meanwhile; files with two names count once."""
    seen: set[tuple[int, int]] = set()
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                        continue
                    status = entry.stat(follow_symlinks=False)
                    if status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
        except OSError:
            continue
    return total


def cannot_write(folder: Path, error: OSError) -> SetupError:
    """The sentence for a folder that cannot be written."""
    return SetupError(f"'{folder}' cannot be written ({error.strerror or error}); correct its permissions, or free its disk.")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    """Delete a folder as far as that is possible: on Windows, what is in use stays."""

    def make_writable(function: Any, name: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(name, stat.S_IRWXU)
            function(name)

    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=make_writable)
    else:
        shutil.rmtree(path, onerror=make_writable)
