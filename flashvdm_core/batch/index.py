"""What of a batch is made already, and who is making what, kept in the output folder so that any process can be killed.

In `.flashvdm-batch` each output has a folder of its own with a lock, which the system frees when its process ends
however it ends, and a record: what the mesh is made of, and its SHA-256. The record is written before the mesh takes
its place, so a mesh whose hash is in its record is ours and complete, at whatever moment the process was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ..api.errors import BatchError, CheckpointError, OutputError
from ..api.fields import parse_object
from ..api.mesh import Colouring, TriangleMesh
from ..api.settings import SETTINGS
from ..api.tasks import Request
from ..checkpoints.folders import checkpoint_folder, files_state, folders_beside, weights_identity
from ..files import open_file, read_file, write_whole
from ..geometry.mesh_io import check_output, write_mesh

FOLDER = ".flashvdm-batch"

_LOCK, _RECORD = "lock", "record.json"
_MAX_RECORD = 1 << 16
# Settings that older versions did not have.
_LATER = ("print_size", "cutout_edge", "cutout_softness", "prompt", "forecast", "part_count")
# The shape does not depend on them.
_LEFT_OUT = ("preview", "model", *(name for name, setting in SETTINGS.items() if setting.group == "machine"))


@dataclass(frozen=True)
class Record:
    """What is known about an output.

    Attributes:
        made_of: fingerprint of the request.
        sha256: hash of the mesh file.
        replaces: hash of the file that the mesh takes the place of, "" for none: the process may be killed in between.
    """

    made_of: str
    sha256: str
    replaces: str


class BatchIndex:
    """The record of one output folder, which is made where it is missing.

    Raises:
        BatchError: the folder cannot be written.
    """

    def __init__(self, outputs: Path) -> None:
        self.outputs = outputs
        self._folder = outputs / FOLDER
        self._models: dict[tuple[str, str], list[str]] = {}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BatchError(f"'{outputs}' cannot be written ({error.strerror}); choose another output folder.") from error

    def claim(self, output: str) -> OutputLock | None:
        """Take an output in hand, so that no other process makes it; None while another has it.

        Raises:
            OutputError: the output folder cannot be written any more.
        """
        folder = self._folder / hashlib.sha256(os.fsencode(output.casefold())).hexdigest()[:16]
        lock = FileLock(folder / _LOCK, thread_local=False)
        try:
            folder.mkdir(exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout:
            return None
        except OSError as error:
            raise OutputError(f"'{folder}' cannot be written ({error.strerror}); check the folder and its disk.") from error
        return OutputLock(self.outputs / output, folder, lock)

    def fingerprint(self, request: Request) -> str:
        """A SHA-256 in hexadecimal over all that a mesh depends on: images, settings and weights, not where they lie.

        Raises:
            CheckpointError: the weights cannot be read, or the model is none.
        """
        images = {view: _sha256(Path(path)) for view, path in request.images.items()}
        settings = {name: value for name, value in request.settings.items() if name not in _LEFT_OUT}
        for name in _LATER:
            if settings[name] == SETTINGS[name].default:
                del settings[name]  # older versions did not have it: what they made is not made again for its sake
        model = request.settings.model
        state = model, files_state(checkpoint_folder(model))
        if state not in self._models:
            self._models[state] = _identities(model)
        text = json.dumps([images, settings, *self._models[state]], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class OutputLock:
    """One output that this process has in hand until `release`."""

    def __init__(self, path: Path, folder: Path, lock: FileLock) -> None:
        self._path, self._folder, self._lock = path, folder, lock
        self._record = _read_record(folder / _RECORD)
        for left in folder.iterdir():  # by a process that was killed
            if left.name not in (_LOCK, _RECORD):
                with contextlib.suppress(OSError):  # what cannot be removed is not of this batch
                    left.unlink(missing_ok=True)
        self._present = _sha256(path)

    def is_up_to_date(self, fingerprint: str) -> bool:
        """The output is there, as this batch made it, of exactly this."""
        return self._record is not None and (self._record.made_of, self._record.sha256) == (fingerprint, self._present)

    def check(self, overwrite: bool, inputs: Iterable[str]) -> None:
        """Find out before the work whether the output may be written; never in the place of one of `inputs`.

        Raises:
            OutputError: it cannot be, or it is a file that this batch did not make, or that was changed since.
        """
        known = (self._record.sha256, self._record.replaces) if self._record else ()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder '{self._path.parent}' cannot be made ({error.strerror}); choose another.") from error
        check_output(self._path, overwrite=overwrite or self._present in known, inputs=inputs)

    def publish(self, mesh: TriangleMesh, fingerprint: str, colouring: Colouring | None = None, print_size: float = 0.0) -> None:
        """Put the mesh with its texture in its place and keep what it is made of.

        Raises:
            OutputError: it cannot be written.
        """
        part = self._folder / f"mesh{self._path.suffix}"
        write_mesh(mesh, part, overwrite=True, name=self._path.stem, colouring=colouring, print_size=print_size)
        record = Record(fingerprint, _sha256(part), self._present)
        try:
            _write_record(self._folder / _RECORD, record)
            os.replace(part, self._path)
        except OSError as error:
            raise OutputError(f"'{self._path}' cannot be written ({error.strerror}); check the folder and its disk.") from error
        finally:
            part.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()


def _identities(model: str) -> list[str]:
    """Of all weights that a model is made of: its folder's, and those of a decoder that takes the place of its own."""
    folder = checkpoint_folder(model)
    try:
        own = weights_identity(folder)
        if not any(other != folder for other in folders_beside(folder)):
            return [own]
        # Not before it is needed: it brings in torch, and a batch that is made already is done in no time.
        from ..checkpoints.load import decoder_folder

        replacement = decoder_folder(model)
        return [own] if replacement is None else [own, weights_identity(replacement)]
    except OSError as error:
        raise CheckpointError(f"The weights in '{folder}' cannot be read ({error.strerror}); check the folder.") from error


def _sha256(path: Path) -> str:
    """Hash of a file in hexadecimal, "" where it cannot be read."""
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _read_record(path: Path) -> Record | None:
    try:
        fields = parse_object(read_file(path, _MAX_RECORD))
        return Record(**{name: fields.text(name) for name in Record.__dataclass_fields__})
    except (OSError, ValueError):
        return None


def _write_record(path: Path, record: Record) -> None:
    def write(part: Path) -> None:
        with open(part, "x", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())

    write_whole(path, write)
