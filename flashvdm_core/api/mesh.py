"""The triangle mesh, and its colours, that travel between the core and every front end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class MeshEdges:
    """What a host needs beside the faces of a mesh to show it at once.

    Attributes:
        vertices: int32 [E, 2], the ends of each edge.
        of_corners: int32 [F, 3], the edge from each corner of a face to the next.
        cosines: float32 [E], of the angle by which the surface turns at the edge; -1 where it has not exactly two faces
            that run against each other there.
    """

    vertices: np.ndarray
    of_corners: np.ndarray
    cosines: np.ndarray


@dataclass(frozen=True, eq=False)
class TriangleMesh:
    """An indexed triangle mesh in the core frame (right-handed, y up, +z towards the viewer).

    Attributes:
        vertices: float32 [V, 3], the object inside [-1, 1]^3.
        faces: int32 [F, 3], counter-clockwise seen from outside.
        edges: its edges, where somebody has computed them already (`geometry.edges.with_edges`).
    """

    vertices: np.ndarray
    faces: np.ndarray
    edges: MeshEdges | None = None

    def __post_init__(self) -> None:
        if self.vertices.ndim != 2 or self.vertices.shape[1] != 3:
            raise ValueError(f"vertices must be [V, 3], not {list(self.vertices.shape)}")
        if self.faces.ndim != 2 or self.faces.shape[1] != 3:
            raise ValueError(f"faces must be [F, 3], not {list(self.faces.shape)}")
        object.__setattr__(self, "vertices", np.ascontiguousarray(self.vertices, np.float32))
        object.__setattr__(self, "faces", np.ascontiguousarray(self.faces, np.int32))


@dataclass(frozen=True, eq=False)
class Colouring:
    """A texture and where each corner of a mesh's faces lies in it.

    Attributes:
        uvs: float32 [L, 2] for each corner, face after face; (0, 0) is the texture's lower left.
        texture: uint8 [H, W, 3], sRGB, row 0 at the top.
        picture: uint8 [H, W, 4], straight alpha, row 0 at the top: the cut-out that the colours are from.
        yaw, elevation: where it was seen from, in degrees: `geometry.camera.OrthographicCamera`.
    """

    uvs: np.ndarray
    texture: np.ndarray
    picture: np.ndarray
    yaw: float
    elevation: float
