"""Tasks on their way from a host to a worker: the JSON fields of each, with its arrays beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request, Task
from .arrays import ArrayWriter, mesh_fields, read_array, read_mesh

_LATENTS = (None, None)
_PICTURE = (None, None, 4)


def task_fields(task: Task, arrays: ArrayWriter) -> dict[str, Any]:
    """Plain JSON types for `task`; its arrays are written to files.

    Raises:
        OSError: a file cannot be written.
    """
    settings = dict(task.settings)
    match task:
        case Request(images, _, keep_latents, block_out):
            start = block_out and {"mesh": mesh_fields(block_out.mesh, arrays), "strength": float(block_out.strength)}
            own = {"images": dict(images), "keep_latents": keep_latents, "block_out": start}
        case DecodeLatents(latents, _, picture, identity):
            own = {
                "latents": arrays.write(latents),
                "picture": None if picture is None else arrays.write(picture),
                "model_identity": identity,
            }
        case Blend(latents, other, amount, _, identity, other_identity):
            own = {
                "latents": arrays.write(latents),
                "other": arrays.write(other),
                "amount": float(amount),
                "model_identity": identity,
                "other_identity": other_identity,
            }
        case CutOutOnly(images):
            own = {"images": dict(images)}
    return {"kind": _KINDS[type(task)], "settings": settings} | own


def read_task(fields: Mapping[str, Any], exchange: Path) -> Task:
    """The inverse of `task_fields`; the files that were read are deleted.

    Raises:
        SettingsError: an image, a setting or a number is not valid; the sentence says which.
        KeyError, TypeError, ValueError, AttributeError, OSError, EOFError: not a task, or not the arrays of one.
    """
    settings = _table(fields["settings"])
    match fields["kind"]:
        case "request":
            images, start, keep = _images(fields), fields["block_out"], fields["keep_latents"]
            if not isinstance(keep, bool):
                raise TypeError("keep_latents is neither true nor false")
            return Request(images, settings, keep, None if start is None else _block_out(start, exchange))
        case "remesh":
            latents, picture = read_array(fields["latents"], exchange, np.float32, _LATENTS), fields["picture"]
            picture = None if picture is None else read_array(picture, exchange, np.uint8, _PICTURE)
            return DecodeLatents(latents, settings, picture, _text(fields["model_identity"]))
        case "blend":
            latents, other = (read_array(fields[name], exchange, np.float32, _LATENTS) for name in ("latents", "other"))
            identities = (_text(fields[name]) for name in ("model_identity", "other_identity"))
            return Blend(latents, other, _number(fields["amount"]), settings, *identities)
        case "cut-out":
            return CutOutOnly(_images(fields), settings)
    raise ValueError("unknown task")


_KINDS: Mapping[type, str] = {Request: "request", DecodeLatents: "remesh", Blend: "blend", CutOutOnly: "cut-out"}


def _block_out(fields: Mapping[str, Any], exchange: Path) -> BlockOut:
    steps = read_mesh(fields["mesh"], exchange)
    while True:
        try:
            next(steps)
        except StopIteration as end:  # a worker has no window that waits meanwhile
            return BlockOut(end.value, _number(fields["strength"]))


def _images(fields: Mapping[str, Any]) -> dict[str, str]:
    images = _table(fields["images"])
    if not all(isinstance(path, str) for path in images.values()):
        raise TypeError("the path of an image is not a text")
    return images


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("not a table")
    return dict(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return float(value)
