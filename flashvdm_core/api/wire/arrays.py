"""Arrays on their way between a host and a worker: `.npy` files in a private folder, and their names in the JSON.

The reader deletes a file once it has read it, and takes nothing but a plain array of the type and shape that it expects.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Generator as Generating
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ..fields import Fields
from ..mesh import Colouring, MeshEdges, TriangleMesh
from ..npy import Shape, read_npy_file

LOCK_NAME = "owner.lock"
"""The file in the exchange folder by whose lock it is known that the host lives."""

_ARRAY_NAME = re.compile(r"[0-9a-f]{16}\.npy")


class ArrayWriter:
    """Writes arrays to new private files and remembers them, so that a message that cannot be sent leaves none."""

    def __init__(self, exchange: Path) -> None:
        self._exchange = exchange
        self._written: list[Path] = []

    def write(self, array: np.ndarray) -> dict[str, str]:
        path = self._exchange / f"{secrets.token_hex(8)}.npy"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:  # temporary folders are cleaned by systems and by people
            self._exchange.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        self._written.append(path)
        with open(descriptor, "wb") as file:
            npy.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
        return {"npy": path.name}

    def remove_all(self) -> None:
        for path in self._written:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def read_array(reference: Fields, exchange: Path, dtype: type, shape: Shape) -> np.ndarray:
    """The array that `reference` names, of exactly `dtype` and of `shape` (None: any length); its file is deleted.

    Raises:
        ValueError: it is another one, or holds numbers that are not finite.
        OSError: there is no such file; only plain files of the folder are read, and no links.
    """
    name = reference.text("npy")
    if not _ARRAY_NAME.fullmatch(name):
        raise ValueError("an array file has a forbidden name")
    path = exchange / name
    try:
        array = read_npy_file(path, dtype, shape)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("an array holds numbers that are not finite")
    return array


def read_picture(reference: Fields, exchange: Path, channels: int) -> np.ndarray:
    """uint8 [H, W, channels] with at least one pixel, read as `read_array` does."""
    picture = read_array(reference, exchange, np.uint8, (None, None, channels))
    if not picture.size:
        raise ValueError("a picture has no pixels")
    return picture


def mesh_fields(mesh: TriangleMesh, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the arrays of `mesh`; what the JSON holds in their place."""
    fields: dict[str, Any] = {"vertices": arrays.write(mesh.vertices), "faces": arrays.write(mesh.faces)}
    if mesh.edges is not None:
        fields["edges"] = {name: arrays.write(getattr(mesh.edges, name)) for name in ("vertices", "of_corners", "cosines")}
    return fields


def read_mesh(fields: Fields, exchange: Path) -> Generating[None, None, TriangleMesh]:
    """The inverse of `mesh_fields`, an array in a step; ValueError for anything but a mesh that names its own parts."""
    vertices = read_array(fields.table("vertices"), exchange, np.float32, (None, 3))
    yield
    faces = _read_indices(fields.table("faces"), exchange, (None, 3), len(vertices))
    yield
    edges = (yield from _read_edges(fields.table("edges"), exchange, faces, len(vertices))) if fields.given("edges") else None
    return TriangleMesh(vertices, faces, edges)


def _read_edges(fields: Fields, exchange: Path, faces: np.ndarray, count: int) -> Generating[None, None, MeshEdges]:
    ends = _read_indices(fields.table("vertices"), exchange, (None, 2), count)
    yield
    of_corners = _read_indices(fields.table("of_corners"), exchange, (len(faces), 3), len(ends))
    yield
    return MeshEdges(ends, of_corners, read_array(fields.table("cosines"), exchange, np.float32, (len(ends),)))


def _read_indices(reference: Fields, exchange: Path, shape: Shape, count: int) -> np.ndarray:
    """An array of indices below `count`: one that points outside can crash the host, so it must not get there."""
    indices = read_array(reference, exchange, np.int32, shape)
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError("a face or an edge names what does not exist")
    return indices


def colouring_fields(colouring: Colouring, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the arrays of `colouring`; what the JSON holds in their place."""
    written = {name: arrays.write(getattr(colouring, name)) for name in ("uvs", "texture", "picture")}
    return written | {"yaw": colouring.yaw, "elevation": colouring.elevation}


def read_colouring(fields: Fields, exchange: Path, mesh: TriangleMesh) -> Generating[None, None, Colouring]:
    """The inverse of `colouring_fields`, an array in a step; ValueError for anything but a colouring of `mesh`."""
    uvs = read_array(fields.table("uvs"), exchange, np.float32, (mesh.faces.size, 2))
    yield
    texture = read_picture(fields.table("texture"), exchange, 3)
    yield
    picture = read_picture(fields.table("picture"), exchange, 4)
    return Colouring(uvs, texture, picture, fields.number("yaw", -360, 360), fields.number("elevation", -360, 360))


def remove_arrays(exchange: Path) -> None:
    """Remove the array files that nobody has read from `exchange`, and the folder when nothing else is in it."""
    with contextlib.suppress(OSError):
        for path in exchange.iterdir():
            if _ARRAY_NAME.fullmatch(path.name) or path.name == LOCK_NAME:
                path.unlink(missing_ok=True)
        exchange.rmdir()


def hand_over_sentence(what: str, exchange: Path, error: OSError) -> str:
    """Why `what` cannot go through the folder, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "free some disk space there"
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
        remedy = "correct the permissions of the folder for temporary files, or name another in the environment variable TMPDIR"
    else:
        remedy = "press Unload Model and start again"
    return f"The {what} cannot be handed over through {exchange} ({error.strerror or error}); {remedy}."
