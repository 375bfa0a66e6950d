"""Write a mesh to .glb, .obj, .ply or .stl, whole or not at all. Standard library and NumPy only."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..api.errors import OutputError
from ..api.fields import printable
from ..api.mesh import Colouring, TriangleMesh
from ..files import write_whole
from .glb import write_glb
from .normals import UP, area_normals, normalised, vertex_normals

_LINES = 100_000  # lines of text formatted at a time


def write_mesh(
    mesh: TriangleMesh,
    path: str | Path,
    *,
    overwrite: bool = False,
    name: str = "mesh",
    colouring: Colouring | None = None,
    print_size: float = 0.0,
) -> None:
    """Write `mesh` in the format that the file's suffix names, with smooth normals; y is up, one unit is one metre.

    The data goes to a temporary file beside `path` that takes its place when complete.

    Args:
        mesh: at least one face.
        path: file that ends in .glb, .obj, .ply or .stl, in a folder that exists.
        overwrite: replace a file that is there already.
        name: of the object, where the format stores one (.glb, .obj).
        colouring: its texture, where the format stores one (.glb).
        print_size: in .stl and .ply files z is up and the longest side that many millimetres long: slicers, and what else reads
            them, expect that. 0: as in the other formats.

    Raises:
        OutputError: the path cannot be written (see `check_output`), the disk is full, or the mesh is empty or not finite.
    """
    path, name = Path(path), printable(name)
    check_output(path, overwrite=overwrite)
    if not len(mesh.faces) or not np.isfinite(mesh.vertices).all():
        raise OutputError("The mesh is empty or has invalid vertices, so no file was written; generate it again.")

    if print_size and path.suffix.lower() in _OF_PRINTERS:
        mesh = _for_printers(mesh, print_size)

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


def check_output(path: str | Path, *, overwrite: bool = False, inputs: Iterable[str | Path] = ()) -> None:
    """Find out before the work whether `path` can be written.

    Args:
        path: the mesh file.
        overwrite: a file of that name may be replaced.
        inputs: files that the mesh is made of, which never are.

    Raises:
        OutputError: unknown suffix, no such folder, a folder, one of `inputs` or (without `overwrite`) a file of that name,
            or no permission.
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
        if any(_same_file(path, other) for other in inputs):
            raise OutputError(f"'{path}' is the image itself, which the mesh would replace; choose another name for the mesh.")
        if path.exists() and not overwrite:
            raise OutputError(f"The file '{path}' exists already; choose another name or allow overwriting.")
    except (OSError, ValueError) as error:
        raise OutputError(f"'{path}' cannot be written ({error}); choose another name or folder.") from error
    if not os.access(path.parent, os.W_OK):
        raise _output_error(PermissionError(), path)


def _same_file(path: Path, other: str | Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return False


def _output_error(error: OSError, path: Path) -> OutputError:
    if isinstance(error, PermissionError):
        return OutputError(f"'{path}' may not be written; close programs that use it, or choose another folder.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full, so '{path}' was not written; free some space or choose another folder.")
    return OutputError(f"'{path}' cannot be written ({error.strerror or error}); choose another name or folder.")


def _for_printers(mesh: TriangleMesh, size: float) -> TriangleMesh:
    """With z up, -y towards the viewer, standing on z = 0 and with a longest side of `size`."""
    x, y, z = mesh.vertices.T.astype(np.float64)
    points = np.stack((x, -z, y), axis=1)
    low, high = points.min(axis=0), points.max(axis=0)
    foot = np.array(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))
    longest = float((high - low).max())
    return TriangleMesh(((points - foot) * (size / longest if longest > 0 else 1.0)).astype(np.float32), mesh.faces)


def _write_obj(mesh: TriangleMesh, file: BinaryIO, name: str) -> None:
    file.write(f"o {' '.join(name.split()) or 'mesh'}\n".encode(errors="replace"))
    normals = vertex_normals(mesh.vertices, mesh.faces)
    corners = np.repeat(mesh.faces + 1, 2, axis=1)  # OBJ counts from 1; each corner names its vertex and its normal
    for line, rows in (
        ("v %.9g %.9g %.9g\n", mesh.vertices),
        ("vn %.5g %.5g %.5g\n", normals),
        ("f %d//%d %d//%d %d//%d\n", corners),
    ):
        for start in range(0, len(rows), _LINES):
            part = rows[start : start + _LINES]
            file.write((line * len(part) % tuple(part.ravel().tolist())).encode())


def _write_ply(mesh: TriangleMesh, file: BinaryIO, _name: str) -> None:
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property float nx\nproperty float ny\nproperty float nz\n"
        f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = np.empty(len(mesh.faces), [("count", "u1"), ("face", "<i4", 3)])
    rows["count"], rows["face"] = 3, mesh.faces
    file.write(header.encode())
    file.write(np.hstack((mesh.vertices, vertex_normals(mesh.vertices, mesh.faces))).astype("<f4", copy=False).tobytes())
    file.write(rows.tobytes())


def _write_stl(mesh: TriangleMesh, file: BinaryIO, _name: str) -> None:
    rows = np.zeros(len(mesh.faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    rows["normal"], rows["corners"] = normalised(area_normals(mesh.vertices, mesh.faces), otherwise=UP), mesh.vertices[mesh.faces]
    # A header that starts with "solid" would be taken for the text form of STL.
    file.write(b"binary STL".ljust(80) + struct.pack("<I", len(rows)))
    file.write(rows.tobytes())


_GLB = ".glb"
_OF_PRINTERS = (".ply", ".stl")
_WRITERS: dict[str, Callable[[TriangleMesh, BinaryIO, str], None]] = {
    ".obj": _write_obj,
    ".ply": _write_ply,
    ".stl": _write_stl,
}
