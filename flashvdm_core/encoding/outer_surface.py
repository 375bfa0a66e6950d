"""Signed distances to the outer surface of a mesh that may be open, overlap itself or turn its faces the wrong way.

What counts as surface is said in `samples`: faces that other parts hide do not, a thin shell is a slab. A face may be hidden in
part, so faces are cut into pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..api.units import BOX_HALF_SIDE
from .samples import PROBE_OFFSET, SHELL_HALF_THICKNESS
from .winding import area_normals, is_inside

_PIECE, _SEAM = 0.15, 0.012  # longest side of a piece, and of one that is hidden in part
_PROBES = ((4 / 6, 1 / 6, 1 / 6), (1 / 6, 4 / 6, 1 / 6), (1 / 6, 1 / 6, 4 / 6))  # where it is looked whether a piece is hidden
_CELL = 0.1  # side of the cubes whose points have the same pieces to choose from
_NEAREST = 20  # pieces to which the exact distance of a point is computed
_AT_ONCE = 1 << 21  # distances; bounds the memory

Distance = Callable[[Tensor], Tensor]
"""Points float32 [P, 3] -> signed distance float32 [P], positive inside."""


@dataclass(frozen=True, eq=False)
class OuterSurface:
    """A mesh, and the pieces of its faces that count as surface.

    Attributes:
        vertices, faces: float32 [V, 3] and int64 [F, 3], the mesh: it says what is inside.
        solid: float32 [M, 3 corners, 3], pieces between inside and outside.
        shell: the same of pieces with outside on both sides.
    """

    vertices: Tensor
    faces: Tensor
    solid: Tensor
    shell: Tensor

    @classmethod
    def of(cls, vertices: Tensor, faces: Tensor) -> OuterSurface:
        """Look which parts of a mesh's faces are hidden."""
        left, solid, shell = vertices[faces], [], []
        left = left[area_normals(left).norm(dim=1) > 0]
        while len(left):
            left = _cut(left, _PIECE)
            front, back = (_sides(vertices, faces, left, offset) for offset in (PROBE_OFFSET, -PROBE_OFFSET))
            mixed = (front != front[:, :1]).any(1) | (back != back[:, :1]).any(1)
            whole = ~mixed | (_longest(left) <= _SEAM)
            inside = torch.stack([front.sum(1) > 1, back.sum(1) > 1], 1)[whole].sum(1)
            solid.append(left[whole][inside == 1])
            shell.append(left[whole][inside == 0])
            left = _halved(left[~whole])
        none = vertices.new_zeros(0, 3, 3)
        return cls(vertices, faces, torch.cat([none, *solid]), torch.cat([none, *shell]))

    def distance(self, reach: float) -> Distance:
        """Signed distance to the surface, exact to `reach`: what is farther is as far as that."""
        to_solid, to_shell = _Nearest.of(self.solid, reach), _Nearest.of(self.shell, reach + SHELL_HALF_THICKNESS)

        def signed(points: Tensor) -> Tensor:
            away = to_solid(points)
            found = torch.where(is_inside(self.vertices, self.faces, points), away, -away)
            return torch.maximum(found, (SHELL_HALF_THICKNESS - to_shell(points)).clamp_min(-reach))

        return signed


def _sides(vertices: Tensor, faces: Tensor, pieces: Tensor, offset: float) -> Tensor:
    """Whether it is inside so far in front of three places on each piece: bool [M, 3]."""
    normal = torch.nn.functional.normalize(area_normals(pieces), dim=1)
    places = torch.einsum("pc,mck->mpk", pieces.new_tensor(_PROBES), pieces) + offset * normal[:, None]
    return is_inside(vertices, faces, places.reshape(-1, 3)).view(-1, len(_PROBES))


def _longest(pieces: Tensor) -> Tensor:
    return (pieces.roll(-1, 1) - pieces).norm(dim=2).amax(1)


def _cut(pieces: Tensor, side: float) -> Tensor:
    """Halved until no side is longer."""
    done = []
    while len(pieces):
        short = _longest(pieces) <= side
        done.append(pieces[short])
        pieces = _halved(pieces[~short])
    return torch.cat(done)


def _halved(pieces: Tensor) -> Tensor:
    """Triangles [M, 3, 3] cut in two at the middle of their longest side: [2 M, 3, 3]."""
    first = (pieces.roll(-1, 1) - pieces).norm(dim=2).argmax(1)
    row = torch.arange(len(pieces), device=pieces.device)
    a, b, c = (pieces[row, (first + step) % 3] for step in range(3))
    middle = (a + b) / 2
    return torch.cat([torch.stack([a, middle, c], 1), torch.stack([middle, b, c], 1)])


@dataclass(frozen=True, eq=False)
class _Nearest:
    """Triangles, and for each cube of a grid those among which the nearest of each of its points is.

    Attributes:
        corners: float32 [M, 3, 3].
        centres, radii: float32 [M, 3] and [M], of balls that hold them.
        reach: distances are cut off there.
        cells: cubes along each axis.
        start: int64 [cells^3 + 1], where each cube's begin in `pieces`.
        pieces: int64 [N], indices of triangles.
    """

    corners: Tensor
    centres: Tensor
    radii: Tensor
    reach: float
    cells: int
    start: Tensor
    pieces: Tensor

    @classmethod
    def of(cls, corners: Tensor, reach: float) -> _Nearest:
        """Sort triangles for points within the decoded box."""
        centres = corners.mean(1)
        radii = (corners - centres[:, None]).norm(dim=2).amax(1)
        cells = int(2 * BOX_HALF_SIDE / _CELL) + 1
        axis = (torch.arange(cells, device=corners.device) + 0.5) * _CELL - BOX_HALF_SIDE
        half = _CELL * 3**0.5 / 2
        counts, pieces = [], []
        for middles in torch.cartesian_prod(axis, axis, axis).split(max(_AT_ONCE // max(len(corners), 1), 1)):
            away = torch.cdist(middles, centres)
            least = away.amin(1, keepdim=True) if len(corners) else away.new_full((len(middles), 1), torch.inf)
            near = away - radii - half <= (least + half).clamp_max(reach)
            counts.append(near.sum(1))
            pieces.append(near.nonzero()[:, 1])
        count = torch.cat(counts)
        return cls(corners, centres, radii, reach, cells, torch.cat([count.new_zeros(1), count.cumsum(0)]), torch.cat(pieces))

    def __call__(self, points: Tensor) -> Tensor:
        """Distance float32 [P] of points [P, 3], at most `reach`."""
        cell = ((points + BOX_HALF_SIDE) / _CELL).long().clamp(0, self.cells - 1)
        cell = (cell[:, 0] * self.cells + cell[:, 1]) * self.cells + cell[:, 2]
        count = self.start[cell + 1] - self.start[cell]
        out = torch.full_like(points[:, 0], self.reach)
        # Points with about as many triangles to look at together, so that little is looked at in vain.
        order = count.argsort()
        order = order[count[order] > 0]
        at = 0
        while at < len(order):
            most = int(count[order[min(at + _chunk(int(count[order[at]])), len(order)) - 1]])
            part = order[at : at + _chunk(most)]
            out[part] = self._of_some(points[part], self.start[cell[part]], count[part])
            at += len(part)
        return out.clamp_max(self.reach)

    def _of_some(self, points: Tensor, start: Tensor, count: Tensor) -> Tensor:
        step = torch.arange(int(count.max()), device=points.device)
        there = step < count[:, None]
        piece = self.pieces[(start[:, None] + step).masked_fill(~there, 0)]
        least = (points[:, None] - self.centres[piece]).norm(dim=2) - self.radii[piece]
        chosen = least.masked_fill(~there, torch.inf).topk(min(_NEAREST, len(step)), dim=1, largest=False).indices
        valid, piece = there.gather(1, chosen), piece.gather(1, chosen)
        away = point_triangle_distance(points.repeat_interleave(piece.shape[1], 0), self.corners[piece.flatten()])
        return away.view(piece.shape).masked_fill(~valid, torch.inf).amin(1)


def _chunk(count: int) -> int:
    return max(_AT_ONCE // max(count, 1), 1)


def point_triangle_distance(points: Tensor, corners: Tensor) -> Tensor:
    """Exact distance float32 [P] from points [P, 3] to triangles [P, 3 corners, 3], row by row."""
    a, b, c = corners.unbind(1)
    normal = area_normals(corners)
    area = normal.square().sum(1).clamp_min(1e-20)
    plane = ((points - a) * normal).sum(1).square() / area
    edge_distance = torch.full_like(plane, torch.inf)
    above = torch.ones_like(plane, dtype=torch.bool)
    for start, end in ((a, b), (b, c), (c, a)):
        edge, offset = end - start, points - start
        along = ((offset * edge).sum(1) / edge.square().sum(1).clamp_min(1e-20)).clamp(0, 1)
        edge_distance = torch.minimum(edge_distance, (offset - along[:, None] * edge).square().sum(1))
        above &= (torch.linalg.cross(edge, offset) * normal).sum(1) >= 0
    above &= area > 1e-20
    return torch.where(above, torch.minimum(plane, edge_distance), edge_distance).sqrt()
