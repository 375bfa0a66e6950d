"""Meshes to train on: the packed CC0 props."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import numpy as np

from ...api.errors import TrainingError
from ...api.fields import Fields, parse_object
from ...api.npy import Shape, Types, read_npy
from ...files import open_file, read_file
from ...geometry.normals import face_areas

SPLITS = ("train", "val", "test")

MAX_ARRAY = 1 << 35
"""Bytes of the largest array that training data may hold."""

_MAX_NAMES = 1 << 28  # bytes
_ARRAYS: Mapping[str, tuple[Types, Shape]] = {
    "vertices": (np.int16, (None, 3)),
    "vertex_offsets": (np.int64, (None,)),
    "faces": ((np.uint16, np.uint32), (None, 3)),
    "face_offsets": (np.int64, (None,)),
    "face_rgb": (np.uint8, (None, 3)),
    "split": (np.uint8, (None,)),
}


@dataclass(frozen=True, eq=False)
class ColouredMesh:
    """One coloured mesh in the core frame (y up, front towards +z), bounding box centred, longest side 2.

    Attributes:
        name: label for reports; need not be unique.
        vertices: float32 [V, 3].
        faces: int64 [F, 3], rows of `vertices`.
        face_rgb: uint8 [F, 3], sRGB base colour of each face.
        split: "train", "val" or "test".
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    face_rgb: np.ndarray
    split: str

    def fault(self) -> str | None:
        """What makes the mesh unusable, or None."""
        if len(self.vertices) == 0 or len(self.faces) == 0:
            return "empty"
        if not np.isfinite(self.vertices).all():
            return "coordinates that are not finite"
        if self.faces.min() < 0 or self.faces.max() >= len(self.vertices):
            return "faces that name missing vertices"
        if np.abs(self.vertices).max() > 1.001:
            return "coordinates outside [-1, 1]"
        return "no area" if face_areas(self.vertices, self.faces).sum() < 1e-4 else None


class PackedMeshes:
    """A packed mesh file (`.npz`) with the names in a `.json` beside it, opened once and read by index.

    Arrays: vertices int16 [sumV, 3] (value / 32767), vertex_offsets int64 [N + 1], faces uint16 or uint32 [sumF, 3] local to
    the model, face_offsets int64 [N + 1], face_rgb uint8 [sumF, 3], split uint8 [N] (index into `SPLITS`).

    Raises:
        TrainingError: the file is missing, damaged or of another layout.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            arrays = _read_arrays(path)
            _check_arrays(arrays)
        except FileNotFoundError:
            raise TrainingError(f"The mesh file {path} does not exist; give the path of a packed mesh file.") from None
        except (OSError, ValueError) as error:
            raise TrainingError(f"{path} is not a packed mesh file ({error}); download it again or give another one.") from None
        self._vertices, self._vertex_offsets = arrays["vertices"], arrays["vertex_offsets"]
        self._faces, self._face_offsets = arrays["faces"], arrays["face_offsets"]
        self._face_rgb, self._split = arrays["face_rgb"], arrays["split"]
        self.names = _read_names(path.with_suffix(".json"), len(self._split))

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> ColouredMesh:
        v0, v1 = self._vertex_offsets[index : index + 2]
        f0, f1 = self._face_offsets[index : index + 2]
        return ColouredMesh(
            name=self.names[index],
            vertices=self._vertices[v0:v1].astype(np.float32) / 32767,
            faces=self._faces[f0:f1].astype(np.int64),
            face_rgb=self._face_rgb[f0:f1],
            split=self.split(index),
        )

    def __iter__(self) -> Iterator[ColouredMesh]:
        return (self[index] for index in range(len(self)))

    def split(self, index: int) -> str:
        return SPLITS[int(self._split[index])]


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a packed file; ValueError or OSError where it is none."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            found = {}
            for name, (kind, shape) in _ARRAYS.items():
                entry = archive.getinfo(f"{name}.npy")
                with archive.open(entry) as content:
                    found[name] = read_npy(cast(BufferedIOBase, content), entry.file_size, kind, shape, MAX_ARRAY)
            return found
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        raise ValueError(str(error)) from error  # RuntimeError: it is encrypted, or compressed in an unknown way


def _check_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    for offsets, rows in (("vertex_offsets", "vertices"), ("face_offsets", "faces")):
        places, count = arrays[offsets], len(arrays[rows])
        if len(places) != len(arrays["split"]) + 1 or places[0] != 0 or places[-1] != count or (np.diff(places) < 0).any():
            raise ValueError(f"its {offsets} do not divide its {rows}")
    if len(arrays["face_rgb"]) != len(arrays["faces"]):
        raise ValueError("its faces and their colours are not as many")
    if arrays["split"].max(initial=0) >= len(SPLITS):
        raise ValueError("it has an unknown split")


def _read_names(sidecar: Path, count: int) -> list[str]:
    """The names of the meshes; numbers where there is no sidecar."""
    try:
        models = parse_object(read_file(sidecar, _MAX_NAMES)).value("models")
        names = [Fields.of(model).text("name") for model in models] if isinstance(models, list) else []
    except FileNotFoundError:
        return [f"prop {index}" for index in range(count)]
    except (OSError, ValueError) as error:
        raise TrainingError(f"{sidecar} does not hold the names of the meshes ({error}); remove it or write it anew.") from None
    if len(names) != count:
        raise TrainingError(f"{sidecar} names {len(names)} meshes of {count}; remove it or write it anew.")
    return names
