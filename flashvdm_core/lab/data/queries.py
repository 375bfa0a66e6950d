"""Where a field is asked for in training, and where it is compared in evaluation (V-IoU and S-IoU): the same distribution."""

from __future__ import annotations

import numpy as np

QUERY_BOUND = 1.05
"""Half the side of the cube in which points are drawn: a little more than the decoded box."""

NEAR_SIGMAS = (0.005, 0.05)
"""Standard deviations of the distances from the surface, each for one half of the points near it."""

NEAR_LIMIT = 0.25
"""Points near the surface are at most this far from it."""


def near_offsets(sigmas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Signed distances from the surface, along its normals: standard deviations [N, 1] -> float32 [N, 1]."""
    return (rng.standard_normal(sigmas.shape) * sigmas).clip(-NEAR_LIMIT, NEAR_LIMIT).astype(np.float32)


def uniform_points(count: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [count, 3], uniform in the cube."""
    return rng.uniform(-QUERY_BOUND, QUERY_BOUND, (count, 3)).astype(np.float32)
