"""A file from the network into a folder: resumed where it stopped, verified, and there whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from ..api.errors import Cancelled, DownloadError
from .answers import ask, ask_commit
from .files import Download, disk_sentence, is_whole, readable
from .lock import locked
from .network import Network
from .part import Part
from .transfer import Transfer, again

_SPARE = 64 << 20  # bytes that a disk keeps free
_TELL_SECONDS = 0.1
_POLL_SECONDS = 0.2


class Step(StrEnum):
    """What is being done for a file."""

    WAITING = "waiting"
    """Another program downloads it, or the server asked to wait."""
    DOWNLOADING = "downloading"
    CHECKING = "checking"
    """Its hash is computed, or it is copied from where it is already."""


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Attributes:
        name: of the file.
        step: what is being done.
        done: bytes of it so far.
        total: bytes of it; None while that is not known.
    """

    name: str
    step: Step
    done: int
    total: int | None


Report = Callable[[Progress], None]


def fetch(
    download: Download,
    folder: Path,
    progress: Report = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    network: Network | None = None,
) -> Path:
    """Have a file in a folder: as it is there, as it is on this machine, or from the network. What came of it is kept.

    Args:
        download: the file. Size and hash that it does not name are taken from what the server says.
        folder: made where it does not exist.
        progress: told a few times a second.
        cancelled: asked before each chunk.
        network: None: as the environment says.

    Returns:
        Where the file is: of the right size, and of the right hash where one is known.

    Raises:
        DownloadError: it cannot be had. What was at its place before is as it was.
        Cancelled: `cancelled` said so.
    """
    task = _Task(download, folder, progress, cancelled, network or Network.from_environment())
    try:
        task.target.parent.mkdir(parents=True, exist_ok=True)
        with locked(task.target.with_name(task.target.name + ".lock"), task.wait_for_other):
            return task.run()
    except OSError as error:
        raise DownloadError(disk_sentence(error, task.target)) from error


def fetch_all(
    downloads: Sequence[Download],
    folder: Path,
    progress: Report = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    network: Network | None = None,
) -> list[Path]:
    """`fetch` for several files, once there is space for all of them; where they are, in their order."""
    network = network or Network.from_environment()
    left = sum((item.size or 0) - _there(folder, item) for item in downloads)
    check_space(folder, left, f"{len(downloads)} files")
    return [fetch(item, folder, progress, cancelled, network) for item in downloads]


def look_up(download: Download, network: Network, cancelled: Callable[[], bool] = lambda: False) -> Download:
    """The download with size and hash as the server says, where it does not name them; raises as `fetch` does."""
    if download.size is not None and download.digest:
        return download
    return again(lambda: ask(download, network), network, lambda seconds: _pause(seconds, cancelled))


def look_up_commit(download: Download, network: Network, cancelled: Callable[[], bool] = lambda: False) -> str:
    """The commit at which the hub has a file of a branch: what the branch's name stands for today; raises as `fetch` does."""
    commit = again(lambda: ask_commit(download, network), network, lambda seconds: _pause(seconds, cancelled))
    if not commit:
        host = urlsplit(download.url).hostname
        raise DownloadError(
            f"{host} does not say which version of {download.name} it has; use another mirror, or the hub itself."
        )
    return commit


class _Task:
    """One file on its way into a folder."""

    def __init__(
        self, download: Download, folder: Path, progress: Report, cancelled: Callable[[], bool], network: Network
    ) -> None:
        self.download = download
        self.target = folder / download.name
        self._part = Part(self.target)
        self._network = network
        self._progress, self._cancelled = progress, cancelled
        self._told: tuple[Step, float] | None = None

    def run(self) -> Path:
        """The whole of it, with the lock held."""
        if self.download.size is None or not self.download.digest:
            self.download = again(lambda: ask(self.download, self._network), self._network, self._wait)
        if is_whole(self.target, self.download, self._checked):
            self._part.discard()
        elif not self._take_copy():
            resumed = self._part.etag_of(self.download) is not None
            if not self._bring() and not (resumed and self._bring()):
                raise DownloadError(
                    f"{self.download.name} came damaged, or is another file than was asked for (its hash is wrong), and was "
                    "thrown away; try again, or use another mirror or network."
                )
        return self.target

    def wait_for_other(self) -> None:
        """Another program has the lock: what it has got so far is what there is to tell."""
        self._wait(_POLL_SECONDS)

    def _take_copy(self) -> bool:
        """Whether one of the copies on this machine is the file, and is at its place now."""
        for copy in self.download.copies:
            if not self.download.digest or not is_whole(copy, self.download, self._checked):
                continue  # damaged, or another version
            self._part.discard()
            try:
                os.link(copy.resolve(), self._part.path)
            except OSError:  # on another disk, or on one without links
                check_space(self.target.parent, self.download.size or 0, self.download.name)
                shutil.copyfile(copy, self._part.path)
            self._part.finish(self.target)
            return True
        return False

    def _bring(self) -> bool:
        """Whether what the network brought is the file; it is at its place then, and else thrown away."""
        resumable = self._part.size if self._part.etag_of(self.download) is not None else 0
        check_space(self.target.parent, (self.download.size or 0) - resumable, self.download.name)
        whole = self._transfer().run()
        if whole:
            self._part.finish(self.target)
        return whole

    def _transfer(self) -> Transfer:
        received = lambda done: self._tell(Step.DOWNLOADING, done)  # noqa: E731
        return Transfer(self.download, self._part, self._network, received=received, checked=self._checked, pause=self._wait)

    def _checked(self, done: int) -> None:
        self._tell(Step.CHECKING, done)

    def _wait(self, seconds: float) -> None:
        """Tell how much there is, and let some time go."""
        self._tell(Step.WAITING, self._part.size)
        _pause(seconds, self._cancelled)

    def _tell(self, step: Step, done: int) -> None:
        """Look whether to go on, and tell how far it is, though not all the time."""
        if self._cancelled():
            raise Cancelled
        now = time.monotonic()
        last = done == self.download.size
        if last or self._told is None or self._told[0] is not step or now - self._told[1] >= _TELL_SECONDS:
            self._told = step, now
            self._progress(Progress(self.download.name, step, done, self.download.size))


def _pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if cancelled():
            raise Cancelled
        time.sleep(min(left, _POLL_SECONDS))


def check_space(folder: Path, needed: int, what: str) -> None:
    """Raise DownloadError where a disk has no space for `needed` further bytes."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return  # the system does not say
    if needed > 0 and free < needed + _SPARE:
        raise DownloadError(
            f"{what} needs {readable(needed)} and {folder} has {readable(free)} free; free some space, or choose another disk."
        )


def _there(folder: Path, download: Download) -> int:
    """Bytes of a download that take no further space."""
    target, size = folder / download.name, download.size or 0
    there = target.stat().st_size if target.is_file() else 0
    return size if there == size else min(Part(target).size, size)
