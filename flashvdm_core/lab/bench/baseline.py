"""The baseline: volume decoding and surface extraction as the published code does them, with their costs.

Keys and values are computed again for every chunk, the answer is a dense grid, and scikit-image gets all of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...api.units import BOX_HALF_SIDE
from ...decoding import Field, Groups, Level, Selection, VecsetField
from ...models.shape_vae import PointDecoder
from ...sparse_grid import Grid, SparseVolume
from ..files import synchronize
from ..reference.surface import PublishedMesh, published_surface
from ..reference.volume import decode_grid

# Queries of one call in the published code, and the cells that its flash decoder's first level has at least.
_CHUNK, _MIN_RESOLUTION = 10_000, 63
# Dense decoding of a large volume takes minutes: as many of its chunks run as fit in this time, the rest is extrapolated.
_SECONDS = {"cpu": 12.0, "cuda": 3.0, "mps": 6.0}


class Repeated(Field):
    """The field of one shape whose keys and values are computed for every call."""

    def __init__(self, decoder: PointDecoder, decoded: Tensor, selection: Selection | None) -> None:
        self._parts = decoder, decoded, selection
        self.device = decoded.device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        return VecsetField(*self._parts)(points, groups)


@dataclass(frozen=True)
class DenseTime:
    """How long dense decoding takes.

    Attributes:
        seconds: for all points.
        share: of the points that were evaluated; the time of the others is extrapolated.
        cpu_seconds: spent by the process on all cores together.
    """

    seconds: float
    share: float
    cpu_seconds: float


def dense_time(field: Field, grid: Grid) -> DenseTime:
    """Evaluate every point of a grid in chunks, or as many chunks as fit into the time, spread over the volume."""
    total = grid.size**3
    starts = list(range(0, total, _CHUNK))
    # A stride by the golden ratio visits the volume evenly however early the time is over.
    order = sorted(range(len(starts)), key=lambda index: index * 0.6180339887 % 1)
    done, points = 0, 0
    synchronize(grid.device)
    begin, busy = time.perf_counter(), time.process_time()
    while done < len(order) and time.perf_counter() - begin < _SECONDS[grid.device.type]:
        start = starts[order[done]]
        indices = torch.arange(start, min(start + _CHUNK, total), device=grid.device)
        field(grid.coordinates(indices)).cpu()
        done, points = done + 1, points + indices.numel()
    seconds = time.perf_counter() - begin
    return DenseTime(seconds * total / points, points / total, (time.process_time() - busy) * total / points)


def published_flash(field: Field, resolution: int) -> Tensor:
    """The published hierarchical decoder with selected tokens: grid [n, n, n], NaN where it was not evaluated."""
    grid, _ = decode_grid(
        field, "flash", octree_resolution=resolution, num_chunks=_CHUNK, min_resolution=min(_MIN_RESOLUTION, resolution // 2)
    )
    return grid[0]


def dense_grid(levels: Sequence[Level]) -> Tensor:
    """The dense grid [n, n, n] of a decoded volume; the sign of what was not evaluated is that of the first level."""
    last, first = levels[-1].volume, levels[0].volume
    size = last.grid.size
    coarse = first.logits.reshape((first.grid.size,) * 3)
    index = (torch.arange(size, device=coarse.device) >> (len(levels) - 1)).clamp_(max=first.grid.size - 1)
    grid = coarse[index][:, index][:, :, index].reshape(-1)
    grid[last.indices] = last.logits
    return grid.reshape((size,) * 3)


def published_mesh(grid: Tensor, level: float, resolution: int) -> PublishedMesh:
    """scikit-image on the whole grid, moved to the CPU first."""
    return published_surface(grid.float().cpu().numpy(), level, BOX_HALF_SIDE, resolution)


def agreement(volume: SparseVolume, exact: Field, iso: float, volume_cells: float, sample: int = 100_000) -> dict[str, float]:
    """How far a decoded volume is from the exact field, by a sample of the points that it has, evaluated or predicted.

    Args:
        volume: the last level's.
        exact: the field with attention to every token.
        iso: logit of the surface.
        volume_cells: volume of the mesh in cells.

    Returns:
        `v_iou`, and by how many cells the surface is moved, in the mean and at most: the difference of the logits over the
        field's step to a neighbour, at points that are nearer to the surface than that.
    """
    stride = max(volume.indices.numel() // sample, 1)
    indices, got = volume.indices[::stride], volume.logits[::stride] - iso
    truth = torch.cat([exact(volume.grid.coordinates(part)) for part in indices.split(_CHUNK)]) - iso
    more, less = (float(((a > 0) & (b <= 0)).sum()) * stride for a, b in ((got, truth), (truth, got)))
    beyond = torch.cat([volume.logits - iso, volume.logits.new_full((1,), torch.nan)])
    steps = torch.stack([(beyond[following[:-1:stride]] - got).abs() for following in volume.points.next_neighbours])
    step = steps.nan_to_num(0).amax(0)
    moved = ((got - truth).abs() / step)[truth.abs() < step]
    return {
        "v_iou": (volume_cells - more) / max(volume_cells + less, 1.0),
        "moved_cells": float(moved.mean()),
        "most_moved_cells": float(moved.max()),
    }


def mesh_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Volume enclosed by a closed mesh."""
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
