"""Meshes to train on: the packed CC0 props."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...api.errors import TrainingError
from ...geometry.normals import face_areas

SPLITS = ("train", "val", "test")


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

    Arrays: vertices int16 [sumV, 3] (value / 32767), vertex_offsets int64 [N + 1], faces uint16 [sumF, 3] local to
    the model, face_offsets int64 [N + 1], face_rgb uint8 [sumF, 3], split uint8 [N] (index into `SPLITS`).

    Raises:
        TrainingError: the file is missing, damaged or of another layout.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with np.load(path, allow_pickle=False) as packed:
                arrays = {name: packed[name] for name in packed.files}
            self._vertices, self._vertex_offsets = arrays["vertices"], arrays["vertex_offsets"]
            self._faces, self._face_offsets = arrays["faces"], arrays["face_offsets"]
            self._face_rgb, self._split = arrays["face_rgb"], arrays["split"]
        except FileNotFoundError:
            raise TrainingError(f"The mesh file {path} does not exist; give the path of a packed mesh file.") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            raise TrainingError(f"{path} is not a packed mesh file; download it again or give another one.") from None
        sidecar = path.with_suffix(".json")
        if sidecar.exists():
            self.names = [model["name"] for model in json.loads(sidecar.read_text(encoding="utf-8"))["models"]]
        else:
            self.names = [f"prop {index}" for index in range(len(self._split))]

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
