"""Reconstruction of held-out props (the paper's table 3): the accelerations of the decoder, added one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor
from tqdm import tqdm

from ...api.mesh import TriangleMesh
from ...api.units import BOX_HALF_SIDE
from ...decoding.volume import Method
from ...models.shape_vae import ShapeVAE
from .decoders import Decoded, Decoders, decode, logits_at, named
from .held_out import HeldOutMesh, Selected, Truth, encoded
from .metrics import METRIC_POINTS, iou, surface_scores
from .occupancy import closed_occupancy
from .report import Scores, mean_row

TOKEN_SHARE = 3
"""Adaptive KV selection keeps one token of this many."""


@dataclass(frozen=True, eq=False)
class _Step:
    """One row of the table: a decoder and the way it is evaluated."""

    name: str
    vae: ShapeVAE
    method: Method
    topk: int = 0


def steps_of(decoders: Decoders) -> list[_Step]:
    """The rows in the paper's order. Without a base decoder the checkpoint's own stands in its place."""
    base, own = decoders.base or decoders.own, decoders.own
    topk = max(decoders.encoder.spec.num_latents // TOKEN_SHARE, 1)
    first = "base decoder" if decoders.base is not None else "own decoder"
    return [
        _Step(f"{first}, dense", base, "dense"),
        _Step("+ hierarchical decoding", base, "hierarchical"),
        _Step("+ efficient decoder", own, "hierarchical"),
        _Step("+ adaptive KV selection", own, "flash", topk),
    ]


def measure_reconstruction(
    selected: Selected, decoders: Decoders, resolution: int, points: int = METRIC_POINTS, progress: bool = True
) -> dict[str, Any]:
    """Encode props, decode them in every way, and compare with the truth.

    Args:
        selected: the props.
        decoders: the autoencoders.
        resolution: cells along each axis of the decoded volume.
        points: for V-IoU, and as many for S-IoU.
        progress: show a progress bar on standard error.

    Returns:
        `rows`, in the paper's order; `decoders`, the IoU of each decoder's own logits at the same points, without a
        volume; `same_surface`, how far the hierarchical surface is from the dense one; and `topk` and `base_decoder`.
    """
    steps = steps_of(decoders)
    rows: dict[str, list[Scores]] = {step.name: [] for step in steps}
    exact: dict[str, list[Scores]] = {name: [] for name, _ in named(decoders)}
    same: list[Scores] = []
    for step in steps:
        _warm_up(step, resolution)
    for prop in tqdm(selected, desc="reconstruction", disable=None if progress else True):
        truth = prop.truth(points)
        latents = encoded(decoders.encoder, prop, selected.rng(prop.index))
        for name, vae in named(decoders):
            exact[name].append(_ious(truth, logits_at(vae, latents, truth.points) > 0))
        decoded = []
        for step in steps:
            shape = decode(step.vae, latents, step.method, resolution, topk=step.topk)
            inside = occupied(shape.mesh, truth.points)
            rows[step.name].append(_scores(shape, inside, truth, prop))
            decoded.append((shape, inside))
        same.append(_difference(*decoded[0], *decoded[1], cell=2 * BOX_HALF_SIDE / resolution))
    return {
        "rows": [mean_row(name, scores, "v_iou") for name, scores in rows.items()],
        "decoders": [mean_row(name, scores, "v_iou") for name, scores in exact.items()],
        "same_surface": _summary(same),
        "topk": steps[-1].topk,
        "num_latents": decoders.encoder.spec.num_latents,
        "base_decoder": decoders.base is not None,
    }


def occupied(mesh: TriangleMesh | None, points: Tensor) -> Tensor:
    """bool [P]: which points are inside a decoded surface; none where there is no surface."""
    return closed_occupancy(mesh, points) if mesh is not None else torch.zeros(len(points), dtype=torch.bool)


def _warm_up(step: _Step, resolution: int) -> None:
    """Decode once untimed: the first calls of a device prepare it."""
    spec = step.vae.spec
    latents = torch.zeros(1, spec.num_latents, spec.embed_dim, device=step.vae.post_kl.weight.device)
    decode(step.vae, latents, step.method, min(resolution, 48), topk=step.topk)


def _ious(truth: Truth, inside: Tensor) -> Scores:
    return dict(zip(("v_iou", "s_iou"), truth.ious(inside), strict=True))


def _scores(shape: Decoded, inside: Tensor, truth: Truth, prop: HeldOutMesh) -> Scores:
    scores = _ious(truth, inside) | {"f_score": 0.0, "queries": shape.queries, "seconds": shape.seconds}
    scores["vertices"] = len(shape.mesh.vertices) if shape.mesh is not None else 0
    if shape.mesh is not None:
        distances = surface_scores(shape.mesh, prop.surface.points)
        scores |= {"f_score": distances.f_score, "chamfer": distances.chamfer}
    return scores


def _difference(dense: Decoded, inside: Tensor, other: Decoded, other_inside: Tensor, cell: float) -> Scores:
    """How far a surface is from the dense one: their volumes' IoU, vertices, and vertices off by more than a cell."""
    meshes = [shape.mesh.vertices if shape.mesh is not None else np.zeros((0, 3), np.float32) for shape in (dense, other)]
    farthest, missed = 0.0, 0
    if all(map(len, meshes)):
        for first, second in (meshes, meshes[::-1]):
            distance = np.asarray(KDTree(first).query(second)[0]) / cell
            farthest, missed = max(farthest, float(distance.max())), missed + int((distance > 1).sum())
    return {
        "iou": iou(inside, other_inside),
        "dense_vertices": len(meshes[0]),
        "hierarchical_vertices": len(meshes[1]),
        "farthest_cells": farthest,
        "vertices_off_by_a_cell": missed,
        "props_that_differ": float(len(meshes[0]) != len(meshes[1]) or farthest > 0.01),
    }


def _summary(same: list[Scores]) -> Scores:
    """Over the props: the mean IoU, the largest distance, and the sums of the counts."""
    summary = {key: float(np.sum([entry[key] for entry in same])) for key in same[0]}
    return summary | {
        "iou": float(np.mean([entry["iou"] for entry in same])),
        "farthest_cells": float(np.max([entry["farthest_cells"] for entry in same])),
    }
