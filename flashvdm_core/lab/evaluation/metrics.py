"""Metrics between shapes: occupancy, distances between surfaces, silhouettes, and whether a surface is closed.

V-IoU and S-IoU are the paper's (section 4.1): the IoU of occupancies on points uniform in the volume, and on points near
the surface. The paper publishes neither counts nor offsets; those used here are `METRIC_POINTS` each, drawn as for training
(`data.queries`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from ...api.mesh import TriangleMesh
from ...api.units import BOX_HALF_SIDE
from ...encoding.samples import Surface, sample_faces
from ...geometry.components import vertex_components
from ...geometry.edges import boundary_edges
from ...geometry.normals import face_areas
from ..data.queries import NEAR_LIMIT, NEAR_SIGMAS, QUERY_BOUND, near_offsets, uniform_points
from ..data.render import Camera, silhouette
from .occupancy import as_tensors

METRIC_POINTS = 125_000
HIT_DISTANCE = 0.05
CLOUD_POINTS = 16_384
SLAB_SHARE = 0.05

DEFINITIONS = {
    "v_iou": f"intersection over union of the occupancies at {{points:,}} points uniform in [-{QUERY_BOUND}, {QUERY_BOUND}]^3",
    "s_iou": (
        "the same at {points:,} samples of the true surface, moved along their normals by normal offsets of sigma "
        f"{NEAR_SIGMAS[0]} (one half of them) and {NEAR_SIGMAS[1]} (the other), at most {NEAR_LIMIT}"
    ),
    "occupancy": (
        "truth: generalised winding number above 1/2, sheets 0.024 thick; a decoded shape: inside its extracted surface, by "
        "signed ray crossings"
    ),
    "chamfer": f"mean distance between surfaces, both directions averaged, on up to {CLOUD_POINTS:,} samples of each",
    "f_score": f"harmonic mean of precision and recall within {HIT_DISTANCE}, on the same samples",
    "iou": (
        "v_iou of a generated mesh, in the model's frame: the canonical one, or for a model that reads the picture upright, "
        "turned to the camera, half of the longer side of the picture 0.75"
    ),
    "outline_iou": "the same of the picture's outline, blown up, its elevation taken as 15 degrees: what nothing learned reaches",
    "units": "core frame: the longest side of a prop is {side:g}",
}
"""What the numbers mean; the text goes with the numbers. `points` and `side` are filled in."""


@dataclass(frozen=True)
class SurfaceScores:
    """Distances between two surfaces, in units of the core frame.

    Attributes:
        chamfer: mean distance from each surface to the other, the two directions averaged (not squared).
        precision: share of the first surface within `threshold` of the second.
        recall: share of the second surface within `threshold` of the first.
        f_score: harmonic mean of precision and recall.
        threshold: the distance that counts as hit.
    """

    chamfer: float
    precision: float
    recall: float
    f_score: float
    threshold: float


@dataclass(frozen=True)
class Topology:
    """How a mesh hangs together.

    Attributes:
        parts: connected parts.
        boundary_edges: edges whose faces do not run along them equally often in both directions: the rims of holes.
        slab_share: area of the mesh on the sides of the decoded box, over the area of one side.
    """

    parts: int
    boundary_edges: int
    slab_share: float

    @property
    def closed(self) -> bool:
        """One closed surface."""
        return self.parts == 1 and self.boundary_edges == 0

    @property
    def slab(self) -> bool:
        """Cut off by the box like a slab: more than a twentieth of one of its sides is covered."""
        return self.slab_share > SLAB_SHARE


def iou(first: Tensor, second: Tensor) -> float:
    """Intersection over union of two bool tensors of one shape; 1 where both are empty."""
    union = (first | second).sum().item()
    return (first & second).sum().item() / union if union else 1.0


def volume_points(count: int, rng: np.random.Generator) -> Tensor:
    """Points for V-IoU: float32 [count, 3], uniform in the cube of `QUERY_BOUND`."""
    return torch.from_numpy(uniform_points(count, rng))


def near_surface_points(surface: Surface, count: int, rng: np.random.Generator) -> Tensor:
    """Points for S-IoU: float32 [count, 3], samples of `surface` with offsets along their normals (module docstring)."""
    rows = torch.from_numpy(rng.integers(len(surface.points), size=count)).to(surface.points.device)
    offset = near_offsets(np.resize(NEAR_SIGMAS, (count, 1)), rng)
    return surface.points[rows] + torch.from_numpy(offset).to(surface.points) * surface.normals[rows]


def surface_scores(mesh: TriangleMesh, truth: Tensor, seed: int = 0) -> SurfaceScores:
    """Chamfer distance and F-score of a mesh against samples of the true surface, float32 [N, 3].

    Up to `CLOUD_POINTS` samples of each are used; the mesh's are uniform by area.
    """
    rng = np.random.default_rng(seed)
    cloud = sample_faces(*as_tensors(mesh), CLOUD_POINTS, rng)[0]
    return cloud_scores(cloud.numpy(), truth[:CLOUD_POINTS].cpu().numpy())


def cloud_scores(first: np.ndarray, second: np.ndarray, threshold: float = HIT_DISTANCE) -> SurfaceScores:
    """Chamfer distance and F-score between point clouds, float32 [N, 3] and [M, 3]; `second` is the truth."""
    to_second = np.asarray(KDTree(second).query(first)[0])
    to_first = np.asarray(KDTree(first).query(second)[0])
    precision, recall = float((to_second < threshold).mean()), float((to_first < threshold).mean())
    f_score = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return SurfaceScores(float((to_second.mean() + to_first.mean()) / 2), precision, recall, f_score, threshold)


def silhouette_iou(mesh: TriangleMesh, camera: Camera, mask: np.ndarray) -> float:
    """IoU between a mesh's silhouette and a picture's, bool [S, S], both recentred as the generator does."""
    vertices, faces = as_tensors(mesh)
    return iou(silhouette(vertices, faces, camera, mask.shape[0]), torch.from_numpy(mask))


def topology(mesh: TriangleMesh, bound: float = BOX_HALF_SIDE) -> Topology:
    """Parts, holes and slabs of a mesh that was decoded in the box [-bound, bound]^3."""
    label = vertex_components(mesh.faces, len(mesh.vertices))[mesh.faces[:, 0]]
    corners = mesh.vertices[mesh.faces]
    at_side = (np.abs(corners) > bound * (1 - 1e-5)).all(1) & (np.sign(corners) == np.sign(corners[:, :1])).all(1)
    slab = face_areas(mesh.vertices, mesh.faces[at_side.any(1)]).sum() / (2 * bound) ** 2
    return Topology(len(np.unique(label)), boundary_edges(mesh), float(slab))
