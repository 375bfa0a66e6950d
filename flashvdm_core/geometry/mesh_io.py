"""Write a mesh to .glb, .obj, .ply or .stl, whole or not at all. Standard library and NumPy only."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..api.errors import OutputError
from ..api.fields import printable
from ..api.mesh import Colouring, TriangleMesh
from ..files import write_whole
from .glb import write_glb
from .normals import UP, area_normals, normalised

_LINES = 100_000  # lines of text formatted at a time


def write_mesh(
    mesh: TriangleMesh, path: str | Path, *, overwrite: bool = False, name: str = "mesh", colouring: Colouring | None = None
) -> None:
    """Write `mesh` in the format that the file's suffix names; y is up, one unit is one metre.

    The data goes to a temporary file beside `path` that takes its place when complete.

    Args:
        mesh: at least one face.
        path: file that ends in .glb, .obj, .ply or .stl, in a folder that exists.
        overwrite: replace a file that is there already.
        name: of the object, where the format stores one (.glb, .obj).
        colouring: its texture, where the format stores one (.glb).

    Raises:
        OutputError: the path cannot be written (see `check_output`), the disk is full, or the mesh is empty or not finite.
    """
    path, name = Path(path), printable(name)
    check_output(path, overwrite=overwrite)
    if not len(mesh.faces) or not np.isfinite(mesh.vertices).all():
        raise OutputError("The mesh is empty or has invalid vertices, so no file was written; generate it again.")

    def write(partial: Path) -> None:
        # "x" and not tempfile, whose files only their owner may read
        with open(partial, "xb") as file:
            if path.suffix.lower() == _GLB:
                write_glb(mesh, colouring, file, name)
            else:
                _WRITERS[path.suffix.lower()](mesh, file, name)
            file.flush()
            os.fsync(file.fileno())

    try:
        write_whole(path, write)
    except OSError as error:
        raise _output_error(error, path) from error


def check_output(path: str | Path, *, overwrite: bool = False) -> None:
    """Find out before the work whether `path` can be written.

    Raises:
        OutputError: unknown suffix, no such folder, a folder or (without `overwrite`) a file of that name, or no
            permission.
    """
    path = Path(path)
    if path.suffix.lower() not in (_GLB, *_WRITERS):
        raise OutputError(f"'{path.name}' does not end in {', '.join((_GLB, *_WRITERS))}; choose one of these formats.")
    try:
        if "\0" in str(path):  # which the questions below would answer with "no"
            raise ValueError("its name holds a null character")
        os.fsencode(path)
        if not path.parent.is_dir():
            raise OutputError(f"The folder '{path.parent}' does not exist; create it or choose another.")
        if path.is_dir():
            raise OutputError(f"'{path}' is a folder; choose another name for the file.")
        if path.exists() and not overwrite:
            raise OutputError(f"The file '{path}' exists already; choose another name or allow overwriting.")
    except (OSError, ValueError) as error:
        raise OutputError(f"'{path}' cannot be written ({error}); choose another name or folder.") from error
    if not os.access(path.parent, os.W_OK):
        raise _output_error(PermissionError(), path)


def _output_error(error: OSError, path: Path) -> OutputError:
    if isinstance(error, PermissionError):
        return OutputError(f"'{path}' may not be written; close programs that use it, or choose another folder.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full, so '{path}' was not written; free some space or choose another folder.")
    return OutputError(f"'{path}' cannot be written ({error.strerror or error}); choose another name or folder.")


def _write_obj(mesh: TriangleMesh, file: BinaryIO, name: str) -> None:
    file.write(f"o {' '.join(name.split()) or 'mesh'}\n".encode(errors="replace"))
    for line, rows in (("v %.9g %.9g %.9g\n", mesh.vertices), ("f %d %d %d\n", mesh.faces)):
        for start in range(0, len(rows), _LINES):
            part = rows[start : start + _LINES]
            values = (part + 1 if rows is mesh.faces else part).ravel().tolist()  # OBJ counts vertices from 1
            file.write((line * len(part) % tuple(values)).encode())


def _write_ply(mesh: TriangleMesh, file: BinaryIO, _name: str) -> None:
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = np.empty(len(mesh.faces), [("count", "u1"), ("face", "<i4", 3)])
    rows["count"], rows["face"] = 3, mesh.faces
    file.write(header.encode())
    file.write(mesh.vertices.astype("<f4", copy=False).data)
    file.write(rows.tobytes())


def _write_stl(mesh: TriangleMesh, file: BinaryIO, _name: str) -> None:
    rows = np.zeros(len(mesh.faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    rows["normal"], rows["corners"] = normalised(area_normals(mesh.vertices, mesh.faces), otherwise=UP), mesh.vertices[mesh.faces]
    # A header that starts with "solid" would be taken for the text form of STL.
    file.write(b"binary STL, y up, metres".ljust(80) + struct.pack("<I", len(rows)))
    file.write(rows.tobytes())


_GLB = ".glb"
_WRITERS: dict[str, Callable[[TriangleMesh, BinaryIO, str], None]] = {
    ".obj": _write_obj,
    ".ply": _write_ply,
    ".stl": _write_stl,
}
