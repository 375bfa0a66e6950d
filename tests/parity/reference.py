"""What the published code does and the product has no use for, so that its recorded answers can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from flashvdm_core.lab.reference.surface import PublishedMesh
from flashvdm_core.models.specs import ScheduleSpec
from flashvdm_core.sampling.schedules import Schedule, euler_schedule, linspace, shifted


def trained_range_schedule(spec: ScheduleSpec, steps: int) -> Schedule:
    """Euler schedule over the trained times only: from one training unit (not from 0) to 1.

    This is what the published scheduler does when it is told nothing but the number of steps. It shifts the end
    points before spacing the nodes, and then the nodes again.
    """
    start = shifted(1.0 / spec.train_timesteps, spec.shift)
    return euler_schedule(linspace(start, 1.0, steps), spec.shift, train_timesteps=spec.train_timesteps)


def published_summary(mesh: PublishedMesh) -> dict[str, np.ndarray]:
    """`trimesh_counts` (vertices, faces), `trimesh_volume` and `trimesh_bounds` after the export of the published code.

    The faces are reversed; trimesh drops the vertices that are NaN and merges those that coincide.
    """
    import trimesh

    exported = trimesh.Trimesh(mesh.vertices, mesh.faces[:, ::-1])
    return {
        "trimesh_counts": np.array([len(exported.vertices), len(exported.faces)], np.int64),
        "trimesh_volume": np.array(exported.volume, np.float32),
        "trimesh_bounds": exported.bounds.astype(np.float32),
    }


def hierarchical_grid(evaluate: Callable[[Tensor], Tensor], bounds: Sequence[float], dense: int, fine: int) -> Tensor:
    """TripoSG's hierarchical path: float16 [n, n, n] with n = 2 ** `fine`, each level from a first one of 2 ** `dense` points.

    All in half precision. What is not near the surface keeps the value of the nearest point of the level before.

    Args:
        evaluate: points float32 [P, 3] -> logits [P].
        bounds: of a cube around the origin.
    """
    points, half = 2**dense, bounds[3]
    axis = torch.linspace(-half, half, points, dtype=torch.float16)  # both ends of the box are points, on this level alone
    grid = evaluate(torch.cartesian_prod(axis, axis, axis).float()).half().view(points, points, points)
    for level in range(dense, fine):
        inner = F.pad(torch.ones_like(grid[1:-1, 1:-1, 1:-1], dtype=torch.bool), (1,) * 6)
        near = ((grid.sigmoid() * 2 - 1).abs() < 1) & inner
        reach = 5 if 2**level < 512 else 3
        near = F.max_pool3d(near[None].float(), reach, 1, reach // 2)[0] > 0
        grid, near = (part.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2) for part in (grid, near))
        axis = (torch.arange(2 ** (level + 1)) - 2**level).half() * (half / 2**level)
        grid[near] = evaluate(axis[near.nonzero()].float()).half()
    return grid
