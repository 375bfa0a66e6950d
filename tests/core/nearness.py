"""What "the same to rounding" means: two ways of computing one thing differ in the last bits, and from one machine to the next.

Bits are compared only where one task is done twice in one way.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from flashvdm_core.api.mesh import TriangleMesh


def near(a: TriangleMesh, b: TriangleMesh, tolerance: float = 1e-4, strays: float = 0.002) -> bool:
    """Whether two meshes are one shape: every vertex of either lies near one of the other.

    Args:
        a, b: the meshes.
        tolerance: as a length in the core frame, where a shape is about 2 long.
        strays: share of the vertices that may lie elsewhere; a value next to zero that turns its sign adds or removes some.
    """
    if abs(len(a.faces) - len(b.faces)) > strays * len(a.faces) + 8:
        return False
    away = np.concatenate(
        [cKDTree(a.vertices).query(b.vertices)[0] > tolerance, cKDTree(b.vertices).query(a.vertices)[0] > tolerance]
    )
    return bool(away.sum() <= strays * len(away) + 4)
