"""The published surface extraction, on scikit-image: the reference of this project's own marching cubes.

scikit-image is no dependency of the core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...sparse_grid import Bounds, box


@dataclass(frozen=True, eq=False)
class PublishedMesh:
    """What the published extractor gives, before its faces are reversed.

    Attributes:
        vertices: float32 [V, 3]; NaN where a cell at the border of the evaluated band was crossed.
        faces: int32 [F, 3], facing inwards.
    """

    vertices: np.ndarray
    faces: np.ndarray


def published_surface(grid: np.ndarray, level: float, bounds: Bounds, octree_resolution: int) -> PublishedMesh:
    """Lewiner's marching cubes and the published scaling, which divides by the number of points instead of cells.

    Args:
        grid: float32 [n, n, n] logits, positive inside; NaN where not evaluated.
        level: logit of the surface.
        bounds: half size of the cube or six numbers (minimum, maximum).
        octree_resolution: the resolution that was asked for (the grid of the flash decoder may be smaller).
    """
    from skimage.measure import marching_cubes

    low, high = box(bounds)
    vertices, faces, _, _ = marching_cubes(np.ascontiguousarray(grid, np.float32), level, method="lewiner")
    return PublishedMesh((vertices / (octree_resolution + 1) * (high - low) + low).astype(np.float32), faces.astype(np.int32))
