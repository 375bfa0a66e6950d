"""Holes of a hierarchical decoder that leaves out parts of its refinement (the paper's figure 14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from tqdm import tqdm

from ...api.mesh import TriangleMesh
from ...api.units import BOX_HALF_SIDE
from ...decoding import Field, Level
from ...decoding.refinement import NEAR
from ...geometry.edges import boundary_edges
from ...sparse_grid import Points, SparseVolume, aligned_grids, dilate, upsample_indices
from ..reference.volume import crossing, expanded
from .decoders import Decoders, field_of, named, surface_or_none
from .held_out import HeldOutMesh, Selected, encoded
from .metrics import surface_scores
from .report import Scores, mean_row

COARSEST = 24
"""Fewest cells of the first level: coarse enough for thin parts to pass between its points."""

VARIANTS = {
    "dilation and tSDF": (True, True),
    "without tSDF": (True, False),
    "without dilation": (False, True),
    "without both": (False, False),
}
"""Name -> (whether the chosen points are dilated, whether points of a small logit are chosen)."""

_CHUNK = 16384


def refined(field: Field, resolution: int, dilation: bool, near: bool) -> Iterator[Level]:
    """Algorithm 1 of the paper with its two safeguards, each of which can be left out.

    Without dilation a chosen point becomes itself and its 26 neighbours on the finer grid (Expand alone). Unlike in
    `decode_volume`, nothing completes the surface's cells afterwards.
    """
    grids = aligned_grids(resolution, COARSEST, BOX_HALF_SIDE, field.device)
    indices = grids[0].all_indices()
    for index, grid in enumerate(grids):
        logits = torch.cat([field(grid.coordinates(part)) for part in indices.split(_CHUNK)])
        yield Level(SparseVolume(Points(grid, indices), logits), index, len(grids), indices.numel())
        if index + 1 < len(grids):
            chosen = crossing(indices, logits, grid.size)
            if near:
                chosen |= logits.abs() < NEAR
            fine = grids[index + 1]
            if dilation:
                indices = expanded(indices[chosen], grid.size, fine.size, 0 if index + 2 == len(grids) else 1)
            else:
                indices = dilate(upsample_indices(indices[chosen], grid.size, fine.size), fine.size)


def measure_holes(
    selected: Selected, decoders: Decoders, resolution: int, shown: int = 0, progress: bool = True
) -> tuple[list[dict[str, Any]], list[tuple[HeldOutMesh, list[TriangleMesh | None]]]]:
    """Decode props with each of `VARIANTS` and count the edges along which their surfaces are open.

    Args:
        selected: the props.
        decoders: the autoencoders; the base decoder is used where there is one.
        resolution: cells along each axis of the last level.
        shown: hand back the meshes of this many props, those with the most open edges.
        progress: show a progress bar on standard error.

    Returns:
        The rows of a table, and for the props to show their meshes in the order of the rows.
    """
    _, vae = next(named(decoders))
    scores: dict[str, list[Scores]] = {name: [] for name in VARIANTS}
    worst: list[tuple[int, HeldOutMesh, list[TriangleMesh | None]]] = []
    for prop in tqdm(selected, desc="holes", disable=None if progress else True):
        latents = encoded(decoders.encoder, prop, selected.rng(prop.index))
        meshes: list[TriangleMesh | None] = []
        for name, (dilation, near) in VARIANTS.items():
            levels = list(refined(field_of(vae, latents), resolution, dilation, near))
            mesh = surface_or_none(levels[-1].volume)
            scores[name].append(_scores(mesh, prop, sum(level.queries for level in levels)))
            meshes.append(mesh)
        worst.append((int(max(entries[-1]["boundary_edges"] for entries in scores.values())), prop, meshes))
        worst = sorted(worst, key=lambda entry: -entry[0])[:shown]
    rows = [mean_row(name, entries, "boundary_edges") for name, entries in scores.items()]
    return rows, [(prop, meshes) for _, prop, meshes in worst]


def _scores(mesh: TriangleMesh | None, prop: HeldOutMesh, queries: int) -> Scores:
    if mesh is None:
        return {"f_score": 0.0, "boundary_edges": 0.0, "watertight": 0.0, "queries": queries}
    edges = boundary_edges(mesh)
    f_score = surface_scores(mesh, prop.surface.points).f_score
    return {"f_score": f_score, "boundary_edges": edges, "watertight": float(edges == 0), "queries": queries}
