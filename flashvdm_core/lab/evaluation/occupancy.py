"""Which points are inside a mesh: by winding numbers for any mesh, by ray crossings for closed ones of many faces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...api.mesh import TriangleMesh
from ...encoding.samples import Surface
from ..data.sdf import signed_distance

# Faces and points are sorted into columns along z, at most this many an axis.
_MOST_COLUMNS = 1024
# Pairs of a point and a face that are tested at once (about 100 bytes each).
_PAIRS = 1 << 16


def as_tensors(mesh: TriangleMesh, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Vertices float32 [V, 3] and faces int64 [F, 3] of a mesh."""
    return torch.from_numpy(mesh.vertices).to(device), torch.from_numpy(mesh.faces).long().to(device)


def solid_occupancy(vertices: Tensor, faces: Tensor, surface: Surface, points: Tensor) -> Tensor:
    """The solid of any mesh as the training data define it: where `signed_distance` is positive.

    Only the sign is wanted, so distances are computed to the shells alone: of the rest the winding number decides.

    Args:
        vertices: float32 [V, 3] in the core frame; the mesh may be open or overlap itself.
        faces: int64 [F, 3].
        surface: samples of the same mesh from `sample_surface`.
        points: float32 [P, 3].

    Returns:
        bool [P]: which points are inside.
    """
    thin = surface.thin_shell
    shells = Surface(surface.points[thin], surface.normals[thin], surface.faces[thin], thin[thin])
    return signed_distance(vertices, faces, shells, points) > 0


def closed_occupancy(mesh: TriangleMesh, points: Tensor) -> Tensor:
    """Which points are inside a closed mesh with outward faces, by signed crossings of a ray along +z.

    An edge counts for exactly one of its two faces, so no ray slips through. The time grows with the points and with the
    faces, not with their product.

    Args:
        mesh: closed; parts may overlap or lie inside each other.
        points: float32 [P, 3].

    Returns:
        bool [P] on the points' device: whether more faces are left than entered on the way up.
    """
    corners = torch.from_numpy(mesh.vertices).to(points.device).double()[torch.from_numpy(mesh.faces).long().to(points.device)]
    columns = _Columns.of(corners)
    points = points.double()
    first, count = columns.candidates(points)
    crossings = torch.zeros(len(points), dtype=torch.int64, device=points.device)
    for start, end in _runs(count, _PAIRS):
        owner = torch.repeat_interleave(count[start:end])
        place = torch.arange(len(owner), device=points.device) - (count[start:end].cumsum(0) - count[start:end])[owner]
        face = columns.faces[first[start:end][owner] + place]
        crossings[start:end].index_add_(0, owner, _crossing(corners[face], points[start:end][owner]))
    return crossings > 0


@dataclass(frozen=True, eq=False)
class _Columns:
    """A grid of columns along z, and the faces whose boxes reach into each.

    Attributes:
        low, size: float64 [2], the corner of the grid and the size of a column, in x and y.
        number: columns an axis.
        faces: int64, faces sorted by column.
        start: int64 [number^2 + 1], where each column's faces begin in `faces`.
        top: float64 [number^2], height of each column's highest face; minus infinity where there is none.
    """

    low: Tensor
    size: Tensor
    number: int
    faces: Tensor
    start: Tensor
    top: Tensor

    @classmethod
    def of(cls, corners: Tensor) -> _Columns:
        flat = corners[..., :2]
        low, high = flat.amin((0, 1)), flat.amax((0, 1))
        number = min(max(int(len(corners) ** 0.5), 1), _MOST_COLUMNS)
        size = ((high - low) / number).clamp_min(1e-12)
        begin, end = (((flat.amin(1), flat.amax(1))[i] - low) / size for i in (0, 1))
        begin, end = (side.floor().long().clamp(0, number - 1) for side in (begin, end))
        extent = end - begin + 1
        count = extent.prod(1)
        face = torch.repeat_interleave(count)
        place = torch.arange(len(face), device=corners.device) - (count.cumsum(0) - count)[face]
        column = (begin[face, 0] + place // extent[face, 1]) * number + begin[face, 1] + place % extent[face, 1]
        top = torch.full((number**2,), -torch.inf, dtype=corners.dtype, device=corners.device)
        top.scatter_reduce_(0, column, corners[..., 2].amax(1)[face], "amax")
        column, order = torch.sort(column, stable=True)
        start = torch.searchsorted(column, torch.arange(number**2 + 1, device=corners.device))
        return cls(low, size, number, face[order], start, top)

    def candidates(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """For each point [P, 3]: where its column's faces begin in `faces`, and their number (0 where all are below)."""
        place = (points[:, :2] - self.low) / self.size
        inside = ((place >= 0) & (place <= self.number)).all(1)
        index = place.floor().long().clamp(0, self.number - 1)
        column = index[:, 0] * self.number + index[:, 1]
        inside &= points[:, 2] <= self.top[column]
        return self.start[column], (self.start[column + 1] - self.start[column]) * inside


def _runs(count: Tensor, most: int) -> list[tuple[int, int]]:
    """Cut points into runs of about `most` pairs in all (one point alone may have more)."""
    total = count.cumsum(0)
    steps = torch.arange(1, int(total[-1]) // most + 1, device=count.device) * most if len(count) else count
    ends = [*torch.unique(torch.searchsorted(total, steps) + 1).tolist(), len(count)]
    return [(start, end) for start, end in zip([0, *ends], ends, strict=False) if start < end]


def _crossing(corner: Tensor, point: Tensor) -> Tensor:
    """How rays along +z cross faces, row by row: +1 out through it, -1 in, 0 past it.

    Args:
        corner: float64 [R, 3, 3].
        point: float64 [R, 3].
    """
    x, y = point[:, 0], point[:, 1]
    hit = torch.zeros_like(x, dtype=torch.bool)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        # Both faces of an edge see its ends in the same order, so they come to the same answer.
        swap = corner[:, a, 1] > corner[:, b, 1]
        ends = corner[:, a], corner[:, b]
        low, high = (torch.where(swap[:, None], ends[1 - i], ends[i]) for i in (0, 1))
        spans = (low[:, 1] <= y) & (y < high[:, 1])
        share = (y - low[:, 1]) / torch.where(spans, high[:, 1] - low[:, 1], 1)
        hit ^= spans & (x < low[:, 0] + share * (high[:, 0] - low[:, 0]))
    u, v = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    normal = torch.linalg.cross(u, v)
    above = ((corner[:, 0] - point) * normal).sum(1)  # (height of the face over the point) * (z of its normal)
    facing = normal[:, 2].sign()
    return (facing * (hit & (above * facing > 0))).long()
