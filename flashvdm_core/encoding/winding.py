"""Inside or outside of a triangle mesh that may be open, overlap itself or turn its faces the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Queries and faces at a time: what fits a CPU's cache, and what fills a GPU.
_CPU_CHUNKS, _GPU_CHUNKS = (1024, 128), (8192, 1024)


def area_normals(corners: Tensor) -> Tensor:
    """Outward normals [F, 3] of triangles [F, 3 corners, 3], as long as twice their area."""
    a, b, c = corners.unbind(1)
    return torch.linalg.cross(b - a, c - a)


def winding_numbers(vertices: Tensor, faces: Tensor, points: Tensor) -> Tensor:
    """Generalised winding number of a triangle mesh around points.

    The solid angle of a triangle seen from a point is 2 atan2(det, den) (van Oosterom and Strackee 1983), with
    det = (a - p) . ((b - a) x (c - a)) and, written with distances to the corners and edge lengths only,
    2 den = (la + lb)(lb + lc)(lc + la) - (|bc|^2 la + |ca|^2 lb + |ab|^2 lc).

    Args:
        vertices: float32 [V, 3].
        faces: int64 [F, 3].
        points: float32 [P, 3].

    Returns:
        float32 [P]: 1 inside a closed mesh with outward faces, 0 outside, anything between for open meshes.
    """
    if len(points) == 0:
        return points.new_zeros(0)
    triangles = Triangles.of(vertices, faces)
    query_chunk, face_chunk = _GPU_CHUNKS if points.device.type == "cuda" else _CPU_CHUNKS
    total = []
    for query in points.split(query_chunk):
        distance = torch.cdist(vertices, query, compute_mode="donot_use_mm_for_euclid_dist")
        angle = torch.zeros(len(query), device=points.device)
        for start in range(0, len(faces), face_chunk):
            part = slice(start, start + face_chunk)
            la, lb, lc = (distance[faces[part, corner]] for corner in range(3))
            den = (la + lb).mul_(lb + lc).mul_(lc + la)
            for edge, opposite in zip(triangles.edges[part].unbind(1), (lc, la, lb), strict=True):
                den.addcmul_(edge[:, None], opposite, value=-1)
            det = torch.addmm(triangles.offset[part, None], triangles.normal[part], query.T)
            angle += torch.atan2(det, den, out=det).sum(0)
        total.append(angle / (2 * torch.pi))
    return torch.cat(total)


@dataclass(frozen=True, eq=False)
class Triangles:
    """What the solid angle needs of each triangle.

    `corners` float32 [F, 3, 3]; `normal` [F, 3] and `offset` [F] give det = offset + p . normal; `edges` [F, 3] are the
    squared lengths of ab, bc and ca.
    """

    corners: Tensor
    normal: Tensor
    offset: Tensor
    edges: Tensor

    @classmethod
    def of(cls, vertices: Tensor, faces: Tensor) -> Triangles:
        corners = vertices.double()[faces]
        a, b, c = corners.unbind(1)
        cross = area_normals(corners)
        edges = torch.stack([(x - y).square().sum(1) for x, y in ((a, b), (b, c), (c, a))], 1)
        return cls(corners.float(), (-2 * cross).float(), (2 * (a * cross).sum(1)).float(), edges.float())

    def padded(self, multiple: int) -> Triangles:
        """With triangles of no size at the end, which have no solid angle."""
        missing = -len(self.corners) % multiple
        parts = (self.corners, self.normal, self.offset, self.edges)
        return Triangles(*(torch.cat([part, part.new_zeros(missing, *part.shape[1:])]) for part in parts))


def is_inside(
    vertices: Tensor, faces: Tensor, points: Tensor, winding: Callable[[Tensor, Tensor, Tensor], Tensor] = winding_numbers
) -> Tensor:
    """bool [P]: whether points lie in the solid; faces may point either way. Outside the bounding box nothing does.

    A point is inside where the generalised winding number is above 1/2 in magnitude.
    """
    low, high = vertices.amin(0), vertices.amax(0)
    inside = ((points >= low) & (points <= high)).all(1)
    inside[inside.clone()] = winding(vertices, faces, points[inside]).abs() > 0.5
    return inside
