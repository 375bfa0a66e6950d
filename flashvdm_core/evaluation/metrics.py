"""Metrics between shapes: occupancy, distances between surfaces, and silhouettes.

V-IoU and S-IoU are the paper's (section 4.1): the IoU of occupancies on points uniform in the volume, and on points near
the surface. The paper publishes neither counts nor offsets; those used here are `METRIC_POINTS` each, uniform in
[-1.05, 1.05]^3, and surface samples moved along their normals by normal offsets of sigma 0.005 (one half) and 0.05
(the other), at most 0.25.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from ..mesh import TriangleMesh
from ..training.render import Camera, silhouette
from ..training.sdf import Surface, sample_faces, sample_surface, signed_distance

METRIC_POINTS = 125_000
VOLUME_BOUND = 1.05
NEAR_SIGMAS = (0.005, 0.05)
NEAR_LIMIT = 0.25

Occupancy = Callable[[Tensor], Tensor]
"""From points float32 [P, 3] to bool [P]: which of them are inside."""


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


def iou(first: Tensor, second: Tensor) -> float:
    """Intersection over union of two bool tensors of one shape; 1 where both are empty."""
    union = (first | second).sum().item()
    return (first & second).sum().item() / union if union else 1.0


def volume_points(count: int, rng: np.random.Generator) -> Tensor:
    """Points for V-IoU: float32 [count, 3], uniform in [-1.05, 1.05]^3."""
    return torch.from_numpy(rng.uniform(-VOLUME_BOUND, VOLUME_BOUND, (count, 3)).astype(np.float32))


def near_surface_points(surface: Surface, count: int, rng: np.random.Generator) -> Tensor:
    """Points for S-IoU: float32 [count, 3], samples of `surface` with offsets along their normals (module docstring)."""
    rows = torch.from_numpy(rng.integers(len(surface.points), size=count)).to(surface.points.device)
    sigma = np.resize(NEAR_SIGMAS, (count, 1))
    offset = (rng.standard_normal((count, 1)) * sigma).clip(-NEAR_LIMIT, NEAR_LIMIT).astype(np.float32)
    return surface.points[rows] + torch.from_numpy(offset).to(surface.points) * surface.normals[rows]


def as_tensors(mesh: TriangleMesh) -> tuple[Tensor, Tensor]:
    """Vertices float32 [V, 3] and faces int64 [F, 3] of a mesh."""
    return torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces).long()


def mesh_occupancy(mesh: TriangleMesh, probes: int = 16384, seed: int = 0) -> tuple[Occupancy, Surface]:
    """The solid of a mesh as the training data define it: generalised winding numbers, sheets thickened.

    Args:
        mesh: any triangle mesh in the core frame; it may be open or overlap itself.
        probes: number of surface samples.
        seed: of the samples.

    Returns:
        The occupancy, and the surface samples it uses.
    """
    vertices, faces = as_tensors(mesh)
    surface = sample_surface(vertices, faces, probes, np.random.default_rng(seed))
    return (lambda points: signed_distance(vertices, faces, surface, points) > 0), surface


def occupancy_ious(
    first: Occupancy, truth: Occupancy, surface: Surface, count: int = METRIC_POINTS, seed: int = 0
) -> tuple[float, float]:
    """V-IoU and S-IoU of an occupancy against the true one.

    Args:
        first: the occupancy to judge, a decoder's or a mesh's.
        truth: the true one.
        surface: samples of the true surface, for the points of S-IoU.
        count: points for each of the two.
        seed: of the points.
    """
    rng = np.random.default_rng(seed)
    uniform, near = volume_points(count, rng), near_surface_points(surface, count, rng)
    return iou(first(uniform), truth(uniform)), iou(first(near), truth(near))


def surface_scores(
    first: TriangleMesh, second: TriangleMesh, threshold: float = 0.05, count: int = 20_000, seed: int = 0
) -> SurfaceScores:
    """Chamfer distance and F-score of `first` against `second` (the truth), on `count` samples of each, uniform by area."""
    clouds = []
    for mesh in (first, second):
        vertices, faces = as_tensors(mesh)
        clouds.append(sample_faces(vertices, faces, count, np.random.default_rng(seed))[0].numpy())
    return cloud_scores(clouds[0], clouds[1], threshold)


def cloud_scores(first: np.ndarray, second: np.ndarray, threshold: float = 0.05) -> SurfaceScores:
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
