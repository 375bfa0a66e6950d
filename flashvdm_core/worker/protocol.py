"""What travels between a host and a worker: one JSON object a line, arrays as `.npy` files beside it.

Host to worker: `Generate`, `Cancel`, `Release`, `Quit` (`encode_command`, `decode_command`).
Worker to host: `Ready` once, then the events of `flashvdm_core.events`, each with the number of the
generation that it belongs to (`encode`, `decode`).

Arrays are too large for JSON: `encode` writes each to a new file in the exchange folder, a private
folder that the host makes and removes, and the JSON holds its name: `{"npy": "0123456789abcdef.npy"}`.
`decode` reads the file and deletes it. Neither side trusts the other: names are plain names, pickled
arrays are refused, and type, shape and content are checked before anything reaches the caller.

Standard library and NumPy only; no torch.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from ..errors import SettingsError, WorkerError
from ..events import CutOut, Event, Failure, Log, Preview, Progress, Result, Stage
from ..mesh import TriangleMesh
from ..requests import Request

MAX_LINE = 1 << 20
"""Longest line in bytes, line end included. What is larger travels as an array file."""

_ARRAY_NAME = re.compile(r"[0-9a-f]{16}\.npy")
_MAX_DETAILS = 64_000


@dataclass(frozen=True)
class Ready:
    """The worker is up and takes commands.

    Attributes:
        version: version of flashvdm_core in the worker.
        python: its Python version, for example "3.11.9".
        torch: its PyTorch version.
        device: the device that "auto" means there, for example "cuda:0" or "cpu".
    """

    version: str
    python: str
    torch: str
    device: str


@dataclass(frozen=True)
class Generate:
    """Run one generation; its events carry the same `id`."""

    id: int
    request: Request


@dataclass(frozen=True)
class Cancel:
    """Stop generation `id`, running or still waiting. Nothing happens when it has ended already."""

    id: int


@dataclass(frozen=True)
class Release:
    """Give the memory of the loaded model back; the next generation loads it again."""


@dataclass(frozen=True)
class Quit:
    """End the worker after the generations that were asked for."""


Command = Generate | Cancel | Release | Quit

_EVENT_NAMES: Mapping[type, str] = {
    Ready: "ready",
    Progress: "progress",
    CutOut: "cutout",
    Preview: "preview",
    Log: "log",
    Result: "result",
    Failure: "failure",
}


class CommandError(WorkerError):
    """A line is not a command. `id` is the generation that it named, if it named one."""

    def __init__(self, message: str, id: int | None = None) -> None:
        super().__init__(message)
        self.id = id


def encode_command(command: Command) -> bytes:
    """One line for the worker's standard input, line end included."""
    match command:
        case Generate(id, request):
            fields: dict[str, Any] = {"command": "generate", "id": id, "request": request.to_json()}
        case Cancel(id):
            fields = {"command": "cancel", "id": id}
        case Release():
            fields = {"command": "release"}
        case Quit():
            fields = {"command": "quit"}
    return _line(fields)


def decode_command(line: bytes) -> Command:
    """The inverse of `encode_command`.

    Raises:
        CommandError: the line is no command, or its request is not valid; names the generation where the line does.
    """
    try:
        fields = _fields(line)
    except WorkerError as error:
        raise CommandError(str(error)) from None
    id = fields.get("id")
    id = id if isinstance(id, int) and not isinstance(id, bool) else None
    match fields.get("command"), id:
        case "generate", int():
            return Generate(id, _request(fields.get("request"), id))
        case "cancel", int():
            return Cancel(id)
        case "release", _:
            return Release()
        case "quit", _:
            return Quit()
    raise CommandError("The worker was sent a line that is not one of its commands; update the add-on or the worker.", id)


def encode(event: Event | Ready, id: int | None, exchange: Path) -> bytes:
    """One line for the host, line end included; arrays are written to files in the folder `exchange` first.

    Args:
        id: number of the generation that the event belongs to; None for Ready and for what belongs to none.

    Raises:
        OSError: an array file cannot be written (a full disk); none of the event's files is left behind.
    """
    writer = _ArrayWriter(exchange)
    try:
        fields = _event_fields(event, writer)
        return _line({"event": _EVENT_NAMES[type(event)], "id": id} | fields)
    except BaseException:
        writer.remove_all()
        raise


def decode(line: bytes, exchange: Path) -> tuple[int | None, Event | Ready]:
    """The inverse of `encode`: the generation's number and the event. Array files that were read are deleted.

    Raises:
        WorkerError: the line or one of its array files is not what the protocol allows.
    """
    fields = _fields(line)
    id = fields.get("id")
    if id is not None and (isinstance(id, bool) or not isinstance(id, int)):
        raise WorkerError("The worker sent an event with a bad number; start the generation again.")
    try:
        return id, _event(fields, exchange)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, EOFError) as error:
        raise WorkerError(f"The worker sent an event that cannot be read ({error}); start the generation again.") from error


def remove_arrays(exchange: Path) -> None:
    """Remove the array files that nobody has read from `exchange`, and the folder when nothing else is in it."""
    with contextlib.suppress(OSError):
        for path in exchange.iterdir():
            if _ARRAY_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)
        exchange.rmdir()


def _line(fields: Mapping[str, Any]) -> bytes:
    line = json.dumps(fields, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > MAX_LINE:
        raise ValueError(f"A message of {len(line)} bytes is longer than the protocol's {MAX_LINE}.")
    return line


def _fields(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise WorkerError(f"A message between the add-on and its worker is longer than {MAX_LINE} bytes; start again.")
    try:
        fields = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WorkerError("A message between the add-on and its worker is not JSON; start the generation again.") from None
    if not isinstance(fields, dict):
        raise WorkerError("A message between the add-on and its worker is not a JSON object; start the generation again.")
    return fields


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _request(data: object, id: int) -> Request:
    try:
        if not isinstance(data, Mapping):
            raise SettingsError("The command holds no request; update the add-on or the worker.")
        return Request.from_json(data)
    except SettingsError as error:
        raise CommandError(str(error), id) from error
    except (TypeError, ValueError, AttributeError):
        raise CommandError("The request cannot be read; update the add-on or the worker.", id) from None


def _event_fields(event: Event | Ready, arrays: _ArrayWriter) -> dict[str, Any]:
    match event:
        case Ready(version, python, torch, device):
            return {"version": version, "python": python, "torch": torch, "device": device}
        case Progress(stage, fraction):
            return {"stage": str(stage), "fraction": float(fraction)}
        case CutOut(view, rgba):
            return {"view": view, "rgba": arrays.write(rgba)}
        case Preview(stage, mesh):
            return {"stage": str(stage), "mesh": _mesh_fields(mesh, arrays)}
        case Log(message, warning):
            return {"message": message, "warning": warning}
        case Failure(kind, message, details):
            return {"kind": kind, "message": message, "details": details[-_MAX_DETAILS:]}
        case Result():
            return {
                "mesh": _mesh_fields(event.mesh, arrays),
                "seed": event.seed,
                "model": event.model,
                "settings": dict(event.settings),
                "seconds": dict(event.seconds),
                "queries": list(event.queries),
                "latents": None if event.latents is None else arrays.write(event.latents),
            }


def _event(fields: Mapping[str, Any], exchange: Path) -> Event | Ready:
    match fields.get("event"):
        case "ready":
            return Ready(*(_text(fields[name]) for name in ("version", "python", "torch", "device")))
        case "progress":
            return Progress(Stage(fields["stage"]), _fraction(fields["fraction"]))
        case "cutout":
            return CutOut(_text(fields["view"]), _read_array(fields["rgba"], exchange, np.uint8, (None, None, 4)))
        case "preview":
            return Preview(Stage(fields["stage"]), _read_mesh(fields["mesh"], exchange))
        case "log":
            return Log(_text(fields["message"]), bool(fields["warning"]))
        case "failure":
            return Failure(_text(fields["kind"]), _text(fields["message"]), _text(fields["details"]))
        case "result":
            return _result(fields, exchange)
    raise ValueError("unknown event")


def _result(fields: Mapping[str, Any], exchange: Path) -> Result:
    latents = fields["latents"]
    return Result(
        mesh=_read_mesh(fields["mesh"], exchange),
        seed=int(fields["seed"]),
        model=_text(fields["model"]),
        settings={_text(name): _setting(value) for name, value in fields["settings"].items()},
        seconds={_text(name): float(value) for name, value in fields["seconds"].items()},
        queries=tuple(int(count) for count in fields["queries"]),
        latents=None if latents is None else _read_array(latents, exchange, np.float32, (None, None)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _setting(value: object) -> bool | int | float | str:
    if not isinstance(value, bool | int | float | str):
        raise TypeError("not a setting")
    return value


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("not a fraction")
    return float(value)


def _mesh_fields(mesh: TriangleMesh, arrays: _ArrayWriter) -> dict[str, Any]:
    return {"vertices": arrays.write(mesh.vertices), "faces": arrays.write(mesh.faces)}


def _read_mesh(fields: Mapping[str, Any], exchange: Path) -> TriangleMesh:
    vertices = _read_array(fields["vertices"], exchange, np.float32, (None, 3))
    faces = _read_array(fields["faces"], exchange, np.int32, (None, 3))
    # A face that points outside the vertices can crash the host, so it must not get there.
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError("a face names a vertex that does not exist")
    return TriangleMesh(vertices, faces)


class _ArrayWriter:
    """Writes arrays to new private files and remembers them, so that a failed event leaves none."""

    def __init__(self, exchange: Path) -> None:
        self._exchange = exchange
        self._written: list[Path] = []

    def write(self, array: np.ndarray) -> dict[str, str]:
        path = self._exchange / f"{secrets.token_hex(8)}.npy"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._written.append(path)
        with open(descriptor, "wb") as file:
            npy.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
        return {"npy": path.name}

    def remove_all(self) -> None:
        for path in self._written:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _read_array(reference: Mapping[str, Any], exchange: Path, dtype: type, shape: tuple[int | None, ...]) -> np.ndarray:
    """The array that `reference` names, of exactly `dtype` and of `shape` (None: any length); its file is deleted."""
    name = reference["npy"]
    if not isinstance(name, str) or not _ARRAY_NAME.fullmatch(name):
        raise ValueError("an array file has a forbidden name")
    path = exchange / name
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    try:
        with open(descriptor, "rb") as file:
            array = _checked_array(file, np.dtype(dtype), shape)
    finally:
        path.unlink(missing_ok=True)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("an array holds numbers that are not finite")
    return array


def _checked_array(file: BinaryIO, dtype: np.dtype, shape: tuple[int | None, ...]) -> np.ndarray:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("an array file is not a plain file")
    if npy.read_magic(file) != (1, 0):
        raise ValueError("an array file is of another version")
    found_shape, fortran_order, found_dtype = npy.read_array_header_1_0(file)
    fits = len(found_shape) == len(shape) and all(want in (None, have) for want, have in zip(shape, found_shape, strict=True))
    if found_dtype != dtype or fortran_order or not fits:
        raise ValueError(f"an array file holds {found_dtype} {list(found_shape)}")
    # The header must not make us allocate more than the file really holds.
    if status.st_size - file.tell() != math.prod(found_shape) * dtype.itemsize:
        raise ValueError("an array file is not of the length that its header says")
    return np.frombuffer(bytearray(file.read()), dtype).reshape(found_shape)
