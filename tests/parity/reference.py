"""What the published code does and the product has no use for, so that its recorded answers can be compared."""

from __future__ import annotations

import numpy as np

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
