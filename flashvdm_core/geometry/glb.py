"""Binary glTF 2.0 of a mesh, with its texture where it has one. Standard library and NumPy only."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np

from ..api.mesh import Colouring, TriangleMesh
from .normals import vertex_normals
from .png import whole_png

_POINTS, _INDICES = 34962, 34963  # what a buffer view holds
_FLOAT, _UINT = 5126, 5125
_ROUGHNESS = 0.8


def write_glb(mesh: TriangleMesh, colouring: Colouring | None, file: BinaryIO, name: str) -> None:
    """Write a JSON chunk and a binary chunk, each padded to 4 bytes (Khronos specification, section 4.4).

    Args:
        mesh: at least one face.
        colouring: its texture, None for none.
        file: open for writing.
        name: of the object.
    """
    contents = _Contents()
    normals = vertex_normals(mesh.vertices, mesh.faces)
    if colouring is None:
        points, faces, uvs = np.arange(len(mesh.vertices)), mesh.faces, None
    else:
        points, faces, uvs = _split_at_seams(mesh, colouring.uvs)
    attributes = {"POSITION": contents.vectors(mesh.vertices[points], bounds=True), "NORMAL": contents.vectors(normals[points])}
    primitive: dict[str, Any] = {"attributes": attributes}
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "FlashVDM for Blender"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": [primitive]}],
    }
    if colouring is not None and uvs is not None:
        attributes["TEXCOORD_0"] = contents.vectors(np.stack((uvs[:, 0], 1 - uvs[:, 1]), axis=1))
        primitive["material"] = 0
        surface = {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": _ROUGHNESS}
        document["materials"] = [{"name": name, "pbrMetallicRoughness": surface}]
        document["textures"] = [{"source": 0}]
        document["images"] = [{"name": name, "mimeType": "image/png", "bufferView": contents.add(whole_png(colouring.texture))}]
    primitive["indices"] = contents.indices(faces)
    contents.write(document, file)


class _Contents:
    """The binary chunk, and the parts of the document that describe it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._length = 0

    def add(self, data: bytes, target: int | None = None) -> int:
        """Append bytes; returns the number of their buffer view."""
        view = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        self._views.append(view if target is None else view | {"target": target})
        padded = data + bytes(-len(data) % 4)
        self._parts.append(padded)
        self._length += len(padded)
        return len(self._views) - 1

    def vectors(self, values: np.ndarray, bounds: bool = False) -> int:
        """Append an attribute, float [N, 2 or 3]; returns the number of its accessor."""
        values = values.astype("<f4")
        fields = {"componentType": _FLOAT, "count": len(values), "type": f"VEC{values.shape[1]}"}
        if bounds:
            fields |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        return self._accessor(values, _POINTS, fields)

    def indices(self, faces: np.ndarray) -> int:
        """Append the faces; returns the number of their accessor."""
        values = faces.astype("<u4")
        return self._accessor(values, _INDICES, {"componentType": _UINT, "count": values.size, "type": "SCALAR"})

    def write(self, document: dict[str, Any], file: BinaryIO) -> None:
        described = {"accessors": self._accessors, "bufferViews": self._views, "buffers": [{"byteLength": self._length}]}
        text = json.dumps(document | described, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + self._length))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", self._length, b"BIN\0"))
        for part in self._parts:
            file.write(part)

    def _accessor(self, values: np.ndarray, target: int, fields: dict[str, Any]) -> int:
        self._accessors.append({"bufferView": self.add(values.tobytes(), target)} | fields)
        return len(self._accessors) - 1


def _split_at_seams(mesh: TriangleMesh, uvs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """glTF has one UV for each point: a point that lies in several places of the texture becomes several.

    Returns:
        the mesh's vertex of each point int [P], faces int32 [F, 3] of points, uvs float32 [P, 2].
    """
    corners = mesh.faces.ravel()
    place = np.ascontiguousarray(uvs, np.float32).view(np.int64).ravel()
    order = np.lexsort((place, corners))
    first = np.ones(len(order), bool)
    first[1:] = (corners[order][1:] != corners[order][:-1]) | (place[order][1:] != place[order][:-1])
    faces = np.empty(len(order), np.int32)
    faces[order] = np.cumsum(first) - 1
    return corners[order[first]], faces.reshape(-1, 3), uvs[order[first]]
