"""Tasks on their way from a host to a worker: the JSON fields of each, with its arrays beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..requests import CutOutOnly, Remesh, Request, Task
from .arrays import ArrayWriter, read_array

_LATENTS = (None, None)
_PICTURE = (None, None, 4)


def task_fields(task: Task, arrays: ArrayWriter) -> dict[str, Any]:
    """Plain JSON types for `task`; its arrays are written to files.

    Raises:
        OSError: a file cannot be written.
    """
    settings = dict(task.settings)
    match task:
        case Request(images, _, keep_latents):
            own = {"images": dict(images), "keep_latents": keep_latents}
        case Remesh(latents, _, picture):
            own = {"latents": arrays.write(latents), "picture": None if picture is None else arrays.write(picture)}
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
            images, keep = _images(fields), fields["keep_latents"]
            if not isinstance(keep, bool):
                raise TypeError("keep_latents is neither true nor false")
            return Request(images, settings, keep)
        case "remesh":
            latents, picture = read_array(fields["latents"], exchange, np.float32, _LATENTS), fields["picture"]
            return Remesh(latents, settings, None if picture is None else read_array(picture, exchange, np.uint8, _PICTURE))
        case "cut-out":
            return CutOutOnly(_images(fields), settings)
    raise ValueError("unknown task")


_KINDS: Mapping[type, str] = {Request: "request", Remesh: "remesh", CutOutOnly: "cut-out"}


def _images(fields: Mapping[str, Any]) -> dict[str, str]:
    images = _table(fields["images"])
    if not all(isinstance(path, str) for path in images.values()):
        raise TypeError("the path of an image is not a text")
    return images


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("not a table")
    return dict(value)
