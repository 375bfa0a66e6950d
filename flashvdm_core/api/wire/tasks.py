"""Tasks on their way from a host to a worker: the JSON fields of each, with its arrays beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..fields import Fields
from ..tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request, Task
from .arrays import ArrayWriter, mesh_fields, read_array, read_mesh, read_picture

_LATENTS = (None, None)


def task_fields(task: Task, arrays: ArrayWriter) -> dict[str, Any]:
    """Plain JSON types for `task`; its arrays are written to files.

    Raises:
        OSError: a file cannot be written.
    """
    settings = dict(task.settings)
    match task:
        case Request(images, _, keep_latents, block_out, masks):
            own = {"images": dict(images), "keep_latents": keep_latents, "masks": _written(masks, arrays)}
            own["block_out"] = _block_out_fields(block_out, arrays)
        case DecodeLatents(latents, _, picture, identity, pixels, block_out):
            own = {
                "latents": arrays.write(latents),
                "picture": None if picture is None else arrays.write(picture),
                "model_identity": identity,
                "pixels": None if pixels is None else arrays.write(pixels),
                "block_out": _block_out_fields(block_out, arrays),
            }
        case Blend(latents, other, amount, _, identity, other_identity, pixels, other_pixels):
            own = {
                "latents": arrays.write(latents),
                "other": arrays.write(other),
                "amount": float(amount),
                "model_identity": identity,
                "other_identity": other_identity,
                "pixels": None if pixels is None else arrays.write(pixels),
                "other_pixels": None if other_pixels is None else arrays.write(other_pixels),
            }
        case CutOutOnly(images, _, masks):
            own = {"images": dict(images), "masks": _written(masks, arrays)}
    return {"kind": _KINDS[type(task)], "settings": settings} | own


def read_task(fields: Fields, exchange: Path) -> Task:
    """The inverse of `task_fields`; the files that were read are deleted.

    Raises:
        SettingsError: an image, a setting or a number is not valid; the sentence says which.
        ValueError, OSError: not a task, or not the arrays of one.
    """
    settings = _values(fields.table("settings"))
    match fields.text("kind"):
        case "request":
            block_out = _block_out(fields, exchange)
            return Request(_images(fields), settings, fields.flag("keep_latents"), block_out, _masks(fields, exchange))
        case "remesh":
            latents = read_array(fields.table("latents"), exchange, np.float32, _LATENTS)
            picture = _pixels(fields, "picture", exchange)
            pixels = _pixels(fields, "pixels", exchange)
            identity, block_out = fields.text("model_identity"), _block_out(fields, exchange)
            return DecodeLatents(latents, settings, picture, identity, pixels, block_out)
        case "blend":
            latents, other = (read_array(fields.table(name), exchange, np.float32, _LATENTS) for name in ("latents", "other"))
            identities = fields.text("model_identity"), fields.text("other_identity")
            pixels = _pixels(fields, "pixels", exchange), _pixels(fields, "other_pixels", exchange)
            return Blend(latents, other, fields.number("amount"), settings, *identities, *pixels)
        case "cut-out":
            return CutOutOnly(_images(fields), settings, _masks(fields, exchange))
    raise ValueError("unknown task")


_KINDS: Mapping[type, str] = {Request: "request", DecodeLatents: "remesh", Blend: "blend", CutOutOnly: "cut-out"}


def _written(masks: Mapping[str, np.ndarray], arrays: ArrayWriter) -> dict[str, Any]:
    return {view: arrays.write(mask) for view, mask in masks.items()}


def _masks(fields: Fields, exchange: Path) -> dict[str, np.ndarray]:
    """None in what a host sends that knows of no masks."""
    if not fields.given("masks"):
        return {}
    masks = fields.table("masks")
    return {view: read_array(masks.table(view), exchange, np.uint8, (None, None)) for view in masks.names}


def _pixels(fields: Fields, name: str, exchange: Path) -> np.ndarray | None:
    return read_picture(fields.table(name), exchange, 4) if fields.given(name) else None


def _block_out_fields(block_out: BlockOut | None, arrays: ArrayWriter) -> dict[str, Any] | None:
    return block_out and {"mesh": mesh_fields(block_out.mesh, arrays), "strength": float(block_out.strength)}


def _block_out(fields: Fields, exchange: Path) -> BlockOut | None:
    """None in what a host sends that knows of none."""
    if not fields.given("block_out"):
        return None
    fields = fields.table("block_out")
    steps = read_mesh(fields.table("mesh"), exchange)
    while True:
        try:
            next(steps)
        except StopIteration as end:  # a worker has no window that waits meanwhile
            return BlockOut(end.value, fields.number("strength"))


def _images(fields: Fields) -> dict[str, str]:
    images = fields.table("images")
    return {view: images.path(view) for view in images.names}


def _values(fields: Fields) -> dict[str, Any]:
    """As they are: the settings check themselves."""
    return {name: fields.value(name) for name in fields.names}
