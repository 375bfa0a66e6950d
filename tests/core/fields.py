"""Analytic fields and mesh measurements for the tests of decoding and surface extraction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.decoding import Field, Groups

TRUNCATION = 0.06


class AnalyticField(Field):
    """A truncated signed distance, positive inside; counts the points it is asked for."""

    def __init__(self, distance: Callable[[Tensor], Tensor], truncation: float = TRUNCATION) -> None:
        self.device = torch.device("cpu")
        self._distance = distance
        self._truncation = truncation
        self.queries = 0
        self.calls = 0

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        self.queries += points.shape[0]
        self.calls += 1
        return (self._distance(points) / self._truncation).clamp(-1, 1)


def sphere(centre: tuple[float, float, float] = (0.1, -0.05, 0.2), radius: float = 0.6) -> Callable[[Tensor], Tensor]:
    return lambda points: radius - (points - torch.tensor(centre)).norm(dim=-1)


def plate(thickness: float = 0.01, centre: float = 0.013) -> Callable[[Tensor], Tensor]:
    """A square plate, `thickness` to each side: by default its sides lie between two points of a coarse grid."""
    half = torch.tensor([0.7, 0.5, thickness])
    return lambda points: -((points - centre).abs() - half).amax(-1)


def ring(radius: float, centre: float = 0.013) -> Callable[[Tensor], Tensor]:
    """A torus of which `radius` is the thickness of the tube."""

    def distance(points: Tensor) -> Tensor:
        x, y, z = (points - centre).unbind(-1)
        return radius - torch.hypot(torch.hypot(x, y) - 0.55, z)

    return distance


def tilted(distance: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The shape turned so that its z axis points along a diagonal of the cells."""
    axes = torch.tensor([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0], [1.0, 1.0, 1.0]])
    axes /= axes.norm(dim=1, keepdim=True)
    return lambda points: distance(points @ axes.T)


def torus_and_plate(points: Tensor) -> Tensor:
    return torch.maximum(ring(0.12, 0.0)(points), plate()(points))


def directed_edges(mesh: TriangleMesh) -> np.ndarray:
    faces = mesh.faces.astype(np.int64)
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def is_closed(mesh: TriangleMesh) -> bool:
    """Whether every edge has exactly two faces, which run along it in opposite directions."""
    edges, count = directed_edges(mesh), len(mesh.vertices)
    there, back = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
    return len(np.unique(there)) == len(there) and np.array_equal(np.sort(there), np.sort(back))


def volume(mesh: TriangleMesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, corner]].astype(np.float64) for corner in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def euler_number(mesh: TriangleMesh) -> int:
    edges = np.unique(np.sort(directed_edges(mesh), axis=1), axis=0)
    return len(mesh.vertices) - len(edges) + len(mesh.faces)


def same_mesh(a: TriangleMesh, b: TriangleMesh, tolerance: float = 0.0) -> bool:
    if a.vertices.shape != b.vertices.shape or not np.array_equal(a.faces, b.faces):
        return False
    return bool(np.abs(a.vertices - b.vertices).max() <= tolerance)
