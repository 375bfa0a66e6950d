"""What travels between a host and a worker: one JSON object a line, arrays as `.npy` files beside it.

Host to worker: `Generate`, `Cancel` (`encode_command`, `decode_command`).
Worker to host: `Ready` once, then the events of `flashvdm_core.api.events`, each with the number of the
generation that it belongs to (`encode`, `decode`).

Arrays are too large for JSON: the sender writes each to a new file in the exchange folder, a private
folder that the host makes and removes, and the JSON holds its name: `{"npy": "0123456789abcdef.npy"}`.
The receiver reads the file and deletes it. Neither side trusts the other: names are plain names, pickled
arrays are refused, and type, shape and content are checked before anything reaches the caller.

Standard library and NumPy only; no torch.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from collections.abc import Generator as Generating
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SettingsError, WorkerError
from ..events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result, Stage
from ..fields import Fields, parse_object
from ..settings import SETTINGS, VIEWS
from ..tasks import Task
from .arrays import ArrayWriter, colouring_fields, mesh_fields, read_array, read_colouring, read_mesh, read_picture
from .tasks import read_task, task_fields

MAX_LINE = 1 << 20
"""Longest line in bytes, line end included. What is larger travels as an array file."""

_MAX_DETAILS = 64_000
_MAX_MESSAGE = 4_000
_MAX_NUMBER = 2**53
_MAX_SEED = 2**31 - 1


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
    """Run one task; its events carry the same `id`."""

    id: int
    task: Task


@dataclass(frozen=True)
class Cancel:
    """Stop task `id`, running or still waiting. Nothing happens when it has ended already."""

    id: int


Command = Generate | Cancel

_EVENT_NAMES: Mapping[type, str] = {
    Ready: "ready",
    Progress: "progress",
    CutOut: "cutout",
    Preview: "preview",
    Log: "log",
    Result: "result",
    Finished: "finished",
    Failure: "failure",
}


class CommandError(WorkerError):
    """A line is not a command. `id` is the task that it named, if it named one."""

    def __init__(self, message: str, id: int | None = None) -> None:
        super().__init__(message)
        self.id = id


def encode_command(command: Command, exchange: Path) -> bytes:
    """One line for the worker's standard input, line end included; arrays are written to files in `exchange` first.

    Raises:
        OSError: an array file cannot be written (a full disk); none of the command's files is left behind.
    """
    match command:
        case Generate(id, task):
            return _sent(exchange, lambda arrays: {"command": "generate", "id": id, "task": task_fields(task, arrays)})
        case Cancel(id):
            return _line({"command": "cancel", "id": id})


def decode_command(line: bytes, exchange: Path) -> Command:
    """The inverse of `encode_command`. Array files that were read are deleted.

    Raises:
        CommandError: the line is no command, or its task is not valid; names the task where the line does.
    """
    try:
        fields = _fields(line)
    except WorkerError as error:
        raise CommandError(str(error)) from None
    id = None
    with contextlib.suppress(ValueError):
        id = fields.integer("id", 0, _MAX_NUMBER)
        match fields.text("command"):
            case "generate":
                return Generate(id, _task(fields, exchange, id))
            case "cancel":
                return Cancel(id)
    raise CommandError("The worker was sent a line that is not one of its commands; update the add-on or the worker.", id)


def encode(event: Event | Ready, id: int | None, exchange: Path) -> bytes:
    """One line for the host, line end included; arrays are written to files in the folder `exchange` first.

    Args:
        id: number of the task that the event belongs to; None for Ready and for what belongs to none.

    Raises:
        OSError: an array file cannot be written (a full disk); none of the event's files is left behind.
    """
    name = _EVENT_NAMES[type(event)]
    return _sent(exchange, lambda arrays: {"event": name, "id": id} | _event_fields(event, arrays))


Decoded = tuple[int | None, Event | Ready]
Decoding = Generating[None, None, Decoded]
"""Returns what a line says; reads one array in a step, so that a host need not hold its user up."""


def decode(line: bytes, exchange: Path) -> Decoded:
    """`decoding` in one go."""
    steps = decoding(line, exchange)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def decoding(line: bytes, exchange: Path) -> Decoding:
    """The inverse of `encode`: the task's number and the event. Array files that were read are deleted.

    Raises:
        WorkerError: the line or one of its array files is not what the protocol allows.
    """
    fields = _fields(line)
    try:
        id = fields.integer("id", 0, _MAX_NUMBER) if fields.given("id") else None
        return id, (yield from _event(fields, exchange))
    except (ValueError, OSError) as error:
        raise WorkerError(
            f"The background process sent an event that cannot be read ({_words(error)}); start the generation again."
        ) from error


def _sent(exchange: Path, fields: Callable[[ArrayWriter], Mapping[str, Any]]) -> bytes:
    """The line of `fields`; its array files stay only if it can be sent."""
    writer = ArrayWriter(exchange)
    try:
        return _line(fields(writer))
    except BaseException:
        writer.remove_all()
        raise


def _line(fields: Mapping[str, Any]) -> bytes:
    line = json.dumps(fields, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > MAX_LINE:
        raise ValueError(f"A message of {len(line)} bytes is longer than the protocol's {MAX_LINE}.")
    return line


def _fields(line: bytes) -> Fields:
    if len(line) > MAX_LINE:
        raise WorkerError(f"A message between the add-on and its worker is longer than {MAX_LINE} bytes; start again.")
    try:
        return parse_object(line.decode("utf-8"))
    except ValueError:
        raise WorkerError("A message between the add-on and its worker is not JSON; start the generation again.") from None


def _task(fields: Fields, exchange: Path, id: int) -> Task:
    try:
        return read_task(fields.table("task"), exchange)
    except SettingsError as error:
        raise CommandError(str(error), id) from error
    except (ValueError, OSError) as error:
        raise CommandError(f"The task cannot be read ({_words(error)}); update the add-on or the worker.", id) from None


def _words(error: ValueError | OSError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _event_fields(event: Event | Ready, arrays: ArrayWriter) -> dict[str, Any]:
    match event:
        case Ready(version, python, torch, device):
            return {"version": version, "python": python, "torch": torch, "device": device}
        case Progress(stage, fraction):
            return {"stage": str(stage), "fraction": float(fraction)}
        case CutOut(view, rgba, guess, method):
            own = {"view": view, "rgba": arrays.write(rgba), "method": method}
            return own | {"guess": None if guess is None else arrays.write(guess)}
        case Preview(stage, mesh):
            return {"stage": str(stage), "mesh": mesh_fields(mesh, arrays)}
        case Log(message, warning):
            return {"message": _shortened(message), "warning": warning}
        case Finished():
            return {}
        case Failure(kind, message, details):
            return {"kind": kind, "message": _shortened(message), "details": details[-_MAX_DETAILS:]}
        case Result():
            return {
                "mesh": mesh_fields(event.mesh, arrays),
                "seed": event.seed,
                "model": event.model,
                "settings": dict(event.settings),
                "seconds": dict(event.seconds),
                "queries": list(event.queries),
                "latents": None if event.latents is None else arrays.write(event.latents),
                "colouring": None if event.colouring is None else colouring_fields(event.colouring, arrays),
                "peak_memory": event.peak_memory,
                "model_identity": event.model_identity,
                "decoder": event.decoder,
                "pixels": None if event.pixels is None else arrays.write(event.pixels),
            }


def _shortened(message: str) -> str:
    """A sentence fits a line, whatever it quotes."""
    return message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}…"


def _event(fields: Fields, exchange: Path) -> Generating[None, None, Event | Ready]:
    match fields.text("event"):
        case "ready":
            return Ready(*(fields.text(name) for name in ("version", "python", "torch", "device")))
        case "progress":
            return Progress(Stage(fields.text("stage")), fields.number("fraction", 0, 1))
        case "cutout":
            guess = read_picture(fields.table("guess"), exchange, 4) if fields.given("guess") else None
            method = fields.text("method") if fields.given("method") else ""
            return CutOut(_view(fields), read_picture(fields.table("rgba"), exchange, 4), guess, method)
        case "preview":
            return Preview(Stage(fields.text("stage")), (yield from read_mesh(fields.table("mesh"), exchange)))
        case "log":
            return Log(_shortened(fields.text("message")), fields.flag("warning"))
        case "finished":
            return Finished()
        case "failure":
            return Failure(fields.text("kind"), _shortened(fields.text("message")), fields.text("details"))
        case "result":
            return (yield from _result(fields, exchange))
    raise ValueError("unknown event")


def _result(fields: Fields, exchange: Path) -> Generating[None, None, Result]:
    mesh = yield from read_mesh(fields.table("mesh"), exchange)
    latents = read_array(fields.table("latents"), exchange, np.float32, (None, None)) if fields.given("latents") else None
    yield
    colouring = (yield from read_colouring(fields.table("colouring"), exchange, mesh)) if fields.given("colouring") else None
    settings, seconds = fields.table("settings"), fields.table("seconds")
    return Result(
        mesh=mesh,
        seed=fields.integer("seed", 0, _MAX_SEED),
        model=fields.text("model"),
        settings={name: _setting(settings, name) for name in settings.names},
        seconds={Stage(name).value: seconds.number(name, 0) for name in seconds.names},
        queries=fields.integers("queries", 0, _MAX_NUMBER),
        latents=latents,
        colouring=colouring,
        peak_memory=fields.integer("peak_memory", 0, _MAX_NUMBER) if fields.given("peak_memory") else None,
        model_identity=fields.text("model_identity"),
        decoder=fields.text("decoder") if fields.given("decoder") else "",
        pixels=read_picture(fields.table("pixels"), exchange, 4) if fields.given("pixels") else None,
    )


def _setting(fields: Fields, name: str) -> bool | int | float | str:
    """By its type alone: a model's own values may lie outside the range that a user has."""
    match SETTINGS[name].default if name in SETTINGS else None:
        case bool():
            return fields.flag(name)
        case int():
            return fields.integer(name, -_MAX_SEED, _MAX_SEED)
        case float():
            return fields.number(name)
        case _:
            return fields.path(name)  # a device, a choice, or the folder of a model


def _view(fields: Fields) -> str:
    view = fields.text("view")
    if view not in VIEWS:
        raise ValueError("unknown view")
    return view
