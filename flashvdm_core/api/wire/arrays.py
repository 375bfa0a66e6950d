"""Arrays on their way between a host and a worker: `.npy` files in a private folder, and their names in the JSON.

The reader deletes a file once it has read it, and takes nothing but a plain array of the type and shape that it expects.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import secrets
import stat
from collections.abc import Generator as Generating
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ..mesh import Colouring, MeshEdges, TriangleMesh

_ARRAY_NAME = re.compile(r"[0-9a-f]{16}\.npy")


class ArrayWriter:
    """Writes arrays to new private files and remembers them, so that a message that cannot be sent leaves none."""

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


def read_array(reference: Mapping[str, Any], exchange: Path, dtype: type, shape: tuple[int | None, ...]) -> np.ndarray:
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


def _checked_array(file: io.BufferedReader, dtype: np.dtype, shape: tuple[int | None, ...]) -> np.ndarray:
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
    array = np.empty(found_shape, dtype)
    if array.size and file.readinto(array.data.cast("B")) != array.nbytes:
        raise ValueError("an array file ends too early")
    return array


def mesh_fields(mesh: TriangleMesh, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the arrays of `mesh`; what the JSON holds in their place."""
    fields: dict[str, Any] = {"vertices": arrays.write(mesh.vertices), "faces": arrays.write(mesh.faces)}
    if mesh.edges is not None:
        fields["edges"] = {name: arrays.write(getattr(mesh.edges, name)) for name in ("vertices", "of_corners", "cosines")}
    return fields


def read_mesh(fields: Mapping[str, Any], exchange: Path) -> Generating[None, None, TriangleMesh]:
    """The inverse of `mesh_fields`, an array in a step; ValueError for anything but a mesh that names its own parts."""
    vertices = read_array(fields["vertices"], exchange, np.float32, (None, 3))
    yield
    faces = _read_indices(fields["faces"], exchange, (None, 3), len(vertices))
    yield
    edges = fields.get("edges")
    return TriangleMesh(vertices, faces, None if edges is None else (yield from _read_edges(edges, exchange, vertices, faces)))


def _read_edges(
    fields: Mapping[str, Any], exchange: Path, vertices: np.ndarray, faces: np.ndarray
) -> Generating[None, None, MeshEdges]:
    ends = _read_indices(fields["vertices"], exchange, (None, 2), len(vertices))
    yield
    of_corners = _read_indices(fields["of_corners"], exchange, (len(faces), 3), len(ends))
    yield
    return MeshEdges(ends, of_corners, read_array(fields["cosines"], exchange, np.float32, (len(ends),)))


def _read_indices(reference: Mapping[str, Any], exchange: Path, shape: tuple[int | None, ...], count: int) -> np.ndarray:
    """An array of indices below `count`: one that points outside can crash the host, so it must not get there."""
    indices = read_array(reference, exchange, np.int32, shape)
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError("a face or an edge names what does not exist")
    return indices


def colouring_fields(colouring: Colouring, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the arrays of `colouring`; what the JSON holds in their place."""
    written = {name: arrays.write(getattr(colouring, name)) for name in ("uvs", "texture", "picture")}
    return written | {"yaw": colouring.yaw, "elevation": colouring.elevation}


def read_colouring(fields: Mapping[str, Any], exchange: Path, mesh: TriangleMesh) -> Generating[None, None, Colouring]:
    """The inverse of `colouring_fields`, an array in a step; ValueError for anything but a colouring of `mesh`."""
    uvs = read_array(fields["uvs"], exchange, np.float32, (mesh.faces.size, 2))
    yield
    texture = read_array(fields["texture"], exchange, np.uint8, (None, None, 3))
    yield
    picture = read_array(fields["picture"], exchange, np.uint8, (None, None, 4))
    return Colouring(uvs, texture, picture, float(fields["yaw"]), float(fields["elevation"]))


def remove_arrays(exchange: Path) -> None:
    """Remove the array files that nobody has read from `exchange`, and the folder when nothing else is in it."""
    with contextlib.suppress(OSError):
        for path in exchange.iterdir():
            if _ARRAY_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)
        exchange.rmdir()
