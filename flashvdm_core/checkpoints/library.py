"""The known models on this machine: brought here with their licence beside them, listed, taken away. Standard library only.

Each has a folder below one folder of models, as `load_checkpoint` reads it; a model and its efficient VAE lie side by side.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..api.errors import DownloadError, NoSuchFileError
from ..api.fields import parse_json
from ..download import Download, Network, Progress, fetch, fetch_all, look_up, look_up_commit
from ..download.files import disk_sentence
from ..download.hub import MAIN, hub_download
from ..files import read_file, write_whole
from .folders import SUMS_NAME
from .registry import KNOWN, KnownCheckpoint, ModelFile

RECORD_NAME = "flashvdm-model.json"
"""Written last: a folder that has it was whole."""

REVISION_NAME = "flashvdm-revision.txt"
"""Of a model whose revision the table leaves open: the one whose terms were shown, which its files are then of, too."""

_MAX_SMALL = 1 << 24  # bytes
_COMMIT = re.compile(r"[0-9a-f]{40}")

Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]


def default_models_folder() -> Path:
    """Where models are kept unless a folder is named: FLASHVDM_MODELS, or the user's folder for data of programs."""
    if named := os.environ.get("FLASHVDM_MODELS", ""):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "FlashVDM" / "models"
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/FlashVDM/models").expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "flashvdm" / "models"


@dataclass(frozen=True)
class Kept:
    """What of a known model is on this machine.

    Attributes:
        whole: all of it, of the revision that is meant.
        bytes: of its files, parts among them.
    """

    whole: bool
    bytes: int


def kept(checkpoint: KnownCheckpoint, models: Path) -> Kept:
    """What of a model is in the folder `models`, by names and sizes: no file is read, so a panel may ask."""
    folder = models / checkpoint.name
    record = _record(folder)
    files: dict[str, Any] = record.get("files", {})
    whole = _is_current(record, checkpoint) and bool(files)
    whole = whole and all(_size(folder / path) == entry.get("size") for path, entry in files.items())
    names = {file.path for file in checkpoint.files} | set(files)
    return Kept(whole, sum(max(_size(folder / name), _size(folder / f"{name}.part")) for name in names))


def with_vae(checkpoint: KnownCheckpoint) -> tuple[KnownCheckpoint, ...]:
    """What is downloaded for a model: itself, and the efficient VAE that replaces its own."""
    return (checkpoint, KNOWN[checkpoint.vae]) if checkpoint.vae else (checkpoint,)


def get_licence(checkpoint: KnownCheckpoint, models: Path, network: Network, cancelled: Cancelled = lambda: False) -> Path:
    """The file with the terms of a model, of the revision that is meant, brought into its folder.

    Where the table leaves the revision open, this settles it: what is downloaded later is of the same one.

    Raises:
        DownloadError: it cannot be had.
        Cancelled: `cancelled` said so.
    """
    folder = models / checkpoint.name
    checkpoint = _settled(checkpoint, models, network, cancelled)
    terms, *others = checkpoint.licence.files
    path = fetch(_of_repository(checkpoint, terms, network), folder, cancelled=cancelled, network=network)
    for name in others:
        with contextlib.suppress(NoSuchFileError):  # not every publisher has one
            fetch(_of_repository(checkpoint, name, network), folder, cancelled=cancelled, network=network)
    return path


def get_model(
    checkpoint: KnownCheckpoint,
    models: Path,
    network: Network,
    progress: Report = lambda progress: None,
    cancelled: Cancelled = lambda: False,
) -> Path:
    """Bring a model and its efficient VAE into the folder `models`, or mend what is there; its folder.

    Whoever calls this has shown the licence, and it was accepted.

    Args:
        progress: told of all its files together, by the name of the model.

    Raises:
        DownloadError: it cannot be had, or not kept. What came stays for the next time.
        Cancelled: `cancelled` said so.
    """
    parts = [_settled(part, models, network, cancelled) for part in with_vae(checkpoint)]
    for part in parts:
        if _record(models / part.name).get("revision") != part.revision or not _has_licence(part, models):
            get_licence(part, models, network, cancelled)
    wanted = {part.name: _downloads(part, models, network, cancelled) for part in parts}
    total = _Total(checkpoint.name, [item for items in wanted.values() for item in items], progress)
    fetch_all(total.downloads, models, total.tell, cancelled, network)
    for part in parts:
        try:
            _write_record(part, models / part.name, wanted[part.name])
        except OSError as error:
            raise DownloadError(f"{models / part.name} cannot be written ({error.strerror or error}); check the disk.") from error
    return models / checkpoint.name


def remove_model(checkpoint: KnownCheckpoint, models: Path) -> int:
    """Take a model away, and its efficient VAE where no other model here uses it; the bytes that this freed.

    Files of other origin in its folder stay.

    Raises:
        OSError: a file cannot be removed.
    """
    freed = _remove(checkpoint, models)
    used = {other.vae for other in KNOWN.values() if kept(other, models).bytes}
    return freed + sum(_remove(part, models) for part in with_vae(checkpoint)[1:] if part.name not in used)


def accepts(checkpoint: KnownCheckpoint) -> str:
    """What whoever downloads a model says yes to, in one sentence."""
    territory = f" and are {checkpoint.licence.territory}" if checkpoint.licence.territory else ""
    return f"The weights of {checkpoint.name} are under the {checkpoint.licence.name}{territory}."


def _is_current(record: dict[str, Any], checkpoint: KnownCheckpoint) -> bool:
    """Whether a record is of the revision that is meant: of any where the table leaves that open."""
    revision = record.get("revision")
    return bool(revision) if not checkpoint.revision else revision == checkpoint.revision


def _settled(checkpoint: KnownCheckpoint, models: Path, network: Network, cancelled: Cancelled) -> KnownCheckpoint:
    """The model with its revision: where the table leaves it open that of what is here, else the newest one, written down.

    Raises:
        DownloadError: the hub doesn't say, or the disk takes nothing.
        Cancelled: `cancelled` said so.
    """
    if checkpoint.revision:
        return checkpoint
    folder = models / checkpoint.name
    revision = _written_revision(folder)
    if not revision:
        terms = hub_download(network, checkpoint.repository, MAIN, checkpoint.licence.files[0])
        revision = look_up_commit(terms, network, cancelled)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / REVISION_NAME, lambda part: part.write_text(revision + "\n", encoding="ascii", newline="\n"))
        except OSError as error:
            raise DownloadError(disk_sentence(error, folder / REVISION_NAME)) from error
    return replace(checkpoint, revision=revision)


def _written_revision(folder: Path) -> str:
    """What `REVISION_NAME` holds; "" where it holds no commit."""
    try:
        text = read_file(folder / REVISION_NAME, _MAX_SMALL).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return text if _COMMIT.fullmatch(text) else ""


def _of_repository(checkpoint: KnownCheckpoint, path: str, network: Network) -> Download:
    return hub_download(network, checkpoint.repository, checkpoint.revision, path)


def _has_licence(checkpoint: KnownCheckpoint, models: Path) -> bool:
    return _size(models / checkpoint.name / checkpoint.licence.files[0]) > 0


def _downloads(checkpoint: KnownCheckpoint, models: Path, network: Network, cancelled: Cancelled) -> list[Download]:
    """The files of a model, in the folder of models.

    What the table does not say of them is taken from an earlier download, which also tells which of the optional ones there are,
    or else from the hub.
    """
    record = _record(models / checkpoint.name)
    known = record.get("files", {}) if record.get("revision") == checkpoint.revision else {}
    found: list[Download] = []
    for file in checkpoint.files:
        if file.optional and known and file.path not in known:
            continue
        with contextlib.suppress(NoSuchFileError) if file.optional else contextlib.nullcontext():
            found.append(look_up(_download(checkpoint, file, known.get(file.path, {}), network), network, cancelled))
    return found


def _download(checkpoint: KnownCheckpoint, file: ModelFile, known: dict[str, Any], network: Network) -> Download:
    size = file.size if file.size is not None else known.get("size")
    sha256 = file.sha256 or known.get("sha256", "")
    name, path = f"{checkpoint.name}/{file.path}", checkpoint.place_of(file)
    return hub_download(network, checkpoint.repository, checkpoint.revision, path, name=name, size=size, sha256=sha256)


class _Total:
    """The progress of several files as one."""

    def __init__(self, name: str, downloads: list[Download], progress: Report) -> None:
        self.downloads = downloads
        self._done = dict.fromkeys((item.name for item in downloads), 0)
        self._name, self._progress = name, progress

    def tell(self, progress: Progress) -> None:
        self._done[progress.name] = progress.done
        total = sum(item.size or 0 for item in self.downloads)
        self._progress(replace(progress, name=self._name, done=sum(self._done.values()), total=total))


def _write_record(checkpoint: KnownCheckpoint, folder: Path, downloads: Iterable[Download]) -> None:
    files: dict[str, dict[str, Any]] = {}
    for item in downloads:
        path = folder.parent / item.name
        sha256 = item.sha256.lower() or hashlib.sha256(read_file(path, _MAX_SMALL)).hexdigest()  # small files alone lack it
        files[path.relative_to(folder).as_posix()] = {"size": path.stat().st_size, "sha256": sha256}
    sums = "".join(f"{entry['sha256']}  {path}\n" for path, entry in files.items())
    write_whole(folder / SUMS_NAME, lambda part: part.write_text(sums, encoding="ascii", newline="\n"))
    record = {
        "name": checkpoint.name,
        "repository": checkpoint.repository,
        "revision": checkpoint.revision,
        "licence": checkpoint.licence.name,
        "files": files,
    }
    write_whole(folder / RECORD_NAME, lambda part: part.write_text(json.dumps(record, indent=2), encoding="utf-8"))


def _record(folder: Path) -> dict[str, Any]:
    """What was written when the model was whole; empty where it was not, or is not readable."""
    try:
        record = parse_json(read_file(folder / RECORD_NAME, _MAX_SMALL))
    except (OSError, ValueError):
        return {}
    files = record.get("files") if isinstance(record, dict) else None
    readable = isinstance(files, dict) and all(isinstance(entry, dict) for entry in files.values())
    return record if readable else {}


def _remove(checkpoint: KnownCheckpoint, models: Path) -> int:
    folder = models / checkpoint.name
    names = {file.path for file in checkpoint.files} | {*checkpoint.licence.files, SUMS_NAME, REVISION_NAME}
    freed = 0
    # First the record: what is half gone is not whole.
    for name in (RECORD_NAME, *sorted(names)):
        for path in (folder / f"{name}{end}" for end in ("", ".part", ".part.json")):
            freed += _size(path)
            path.unlink(missing_ok=True)
    places = {folder.joinpath(*Path(name).parts[:-1]) for name in names}
    for place in sorted(places, key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):  # it holds something else, too, or is not there
            place.rmdir()
    return freed


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
