"""Marching cubes on the cells that the surface crosses, in plain tensor operations.

Face ambiguities are decided by the asymptotic decider (Nielson and Hamann 1991) on the face's four values, as in Lewiner et
al. 2003, so that both cells of a face agree. The volume is taken to be outside the shape beyond its box, so a shape that
touches the box is closed there by a flat cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ..api.errors import EmptySurfaceError
from ..api.mesh import TriangleMesh
from ..sparse_grid import SparseVolume, all_corners, dilate, next_neighbours, on_boundary, ravel_index, unravel_index
from .tables import CENTRE, EDGES, FACES, case_table

# Vertices keep this distance (of an edge) from grid points, so that no two of them coincide where a logit is exactly
# on the surface.
MARGIN = 9e-5


@dataclass(frozen=True, eq=False)
class _Padded:
    """The volume with the outside beyond its box.

    Attributes:
        size: points an axis, with one more on each side than the volume's grid where the shape touches the box.
        indices: int64 [P], sorted.
        values: float32 [P], logit minus level; minus infinity beyond the box.
        coordinates: float32 [3, size] of the grid's points; the outer ones repeat the box's.
        next_neighbours: int64 [3, P + 1], each point's neighbours (`sparse_grid.next_neighbours`).
        has_cap: whether the shape touches the box.
    """

    size: int
    indices: Tensor
    values: Tensor
    coordinates: Tensor
    next_neighbours: Tensor
    has_cap: bool


def extract_surface(volume: SparseVolume, level: float = 0.0) -> TriangleMesh:
    """The surface logit = `level`, closed, with faces outward.

    Vertices lie on grid edges by linear interpolation; a cell in which the surface winds gets one more inside. Cells
    that lack a point are skipped: `decode_volume` leaves no such cell on the surface.

    Args:
        volume: logits float32, positive inside, at sparse points of a grid.
        level: logit of the surface; points above it are inside.

    Returns:
        A mesh in the frame of the grid's coordinates: each edge belongs to two faces that run along it in opposite
        directions, unless the surface touches itself.

    Raises:
        EmptySurfaceError: no logit is above `level`, or there is nothing around those that are.
    """
    padded = _pad(volume, level)
    corners = _corners(padded)
    if not corners.numel():
        raise EmptySurfaceError(
            "The generated shape is empty at this surface level; use a lower level, another seed or a clearer image."
        )
    vertices = _triangle_vertices(padded, corners)
    mentioned = torch.zeros(4 * padded.indices.numel() + len(corners), dtype=torch.bool, device=vertices.device)
    mentioned[vertices.flatten()] = True
    faces = (mentioned.cumsum(0, dtype=torch.int32) - 1)[vertices]
    distinct = (faces != faces.roll(1, dims=1)).all(1)
    points = _points(padded, mentioned.nonzero()[:, 0], corners)
    return TriangleMesh(points.cpu().numpy(), faces[distinct].cpu().numpy())


def _pad(volume: SparseVolume, level: float) -> _Padded:
    size, indices, axes = volume.grid.size, volume.indices, volume.grid.axes
    values = volume.logits.float() - level
    boundary = on_boundary(indices, size) & (values > 0)
    if not boundary.any():
        return _Padded(size, indices, values, axes, volume.points.next_neighbours, has_cap=False)
    indices = ravel_index(*(i + 1 for i in unravel_index(indices, size)), size=size + 2)
    around = dilate(indices[boundary], size + 2)
    beyond = around[on_boundary(around, size + 2)]
    indices, order = torch.sort(torch.cat([indices, beyond]))
    values = torch.cat([values, values.new_full(beyond.shape, -torch.inf)])[order]
    axes = torch.cat([axes[:, :1], axes, axes[:, -1:]], dim=1)
    return _Padded(size + 2, indices, values, axes, next_neighbours(indices, size + 2), has_cap=True)


def _corners(padded: _Padded) -> Tensor:
    """Positions of the corners of the cells that the surface passes and that have them all: int64 [C, 8], in the cells' order."""
    known = torch.ones(padded.indices.numel() + 1, dtype=torch.bool, device=padded.indices.device)
    known[-1] = False
    inside = torch.cat([padded.values > 0, known[-1:]])
    crossed = all_corners(known, padded.next_neighbours)
    crossed &= ~all_corners(inside, padded.next_neighbours) & ~all_corners(~inside & known, padded.next_neighbours)
    x, y, z = padded.next_neighbours
    low = crossed.nonzero()[:, 0]
    square = (low, x[low], y[low], y[x[low]])
    return torch.stack([*square, *(z[corner] for corner in square)], dim=1)


@cache
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The case table on a device: case [256, 64], start, count, triangles."""
    table = case_table()
    parts = (table.case, table.start, table.count, table.triangles)
    return tuple(torch.from_numpy(part).long().to(device) for part in parts)  # pyright: ignore[reportReturnType]


def _triangle_vertices(padded: _Padded, corners: Tensor) -> Tensor:
    """Identity of the vertices of every triangle: int64 [F, 3].

    With P points: 4 p + a for the vertex on the edge from point p along axis a; 4 p + 3 for point p itself, where the
    edge leads out of the box; 4 P + c for the centre of cell c.
    """
    _, start, count, triangles = _tables(corners.device)
    rows = _cases(padded.values.take(corners))
    triangles_of = count.take(rows)
    cell = torch.arange(corners.shape[0], device=corners.device).repeat_interleave(triangles_of)
    before = start.take(rows) - triangles_of.cumsum(0) + triangles_of
    edges = triangles[torch.arange(cell.numel(), device=corners.device) + before.take(cell)]
    low_corner, high_corner = torch.tensor([*EDGES, (0, 0)], device=corners.device).unbind(1)
    axis = torch.tensor([(a ^ b).bit_length() - 1 for a, b in EDGES] + [0], device=corners.device)
    low = corners.take(8 * cell[:, None] + low_corner.take(edges))
    identity = 4 * low + axis.take(edges)
    if padded.has_cap:
        high = corners.take(8 * cell[:, None] + high_corner.take(edges))
        identity = torch.where(padded.values.take(low).isinf(), 4 * high + 3, identity)
        identity = torch.where(padded.values.take(high).isinf(), 4 * low + 3, identity)
    return torch.where(edges == CENTRE, 4 * padded.indices.numel() + cell[:, None], identity)


def _cases(values: Tensor) -> Tensor:
    """Rows of the case table for cells with the values float32 [C, 8] at their corners: int64 [C]."""
    case, *_ = _tables(values.device)
    signs = _mask(values > 0)
    rows = case[:, 0].take(signs)
    ambiguous = case[:, 1:].any(1).take(signs).nonzero()[:, 0]
    rows[ambiguous] = case[signs[ambiguous], _mask(_joined(values[ambiguous]))]
    return rows


def _mask(bits: Tensor) -> Tensor:
    """bool [C, B] -> int64 [C], bit b from column b."""
    return (bits.long() << torch.arange(bits.shape[1], device=bits.device)).sum(1)


def _joined(values: Tensor) -> Tensor:
    """Which faces are ambiguous and have their inside corners joined: values [C, 8] -> bool [C, 6].

    The bilinear function's saddle decides: the corners are joined whose values have the greater product.
    """
    a, b, c, d = values[:, torch.tensor(FACES, device=values.device)].unbind(-1)
    inside = [v > 0 for v in (a, b, c, d)]
    ambiguous = (inside[0] == inside[2]) & (inside[1] == inside[3]) & (inside[0] != inside[1])
    return ambiguous & torch.where(inside[0], a * c > b * d, b * d > a * c)


def _points(padded: _Padded, used: Tensor, corners: Tensor) -> Tensor:
    """Coordinates of the vertices: identities int64 [V] -> float32 [V, 3]."""
    total = padded.indices.numel()
    centre = used >= 4 * total
    low, axis = (used // 4).masked_fill(centre, 0), used % 4
    high = padded.next_neighbours[axis.clamp(max=2), low]
    high = torch.where((axis == 3) | (high == total), low, high)
    share = padded.values[low] / (padded.values[low] - padded.values[high])
    share = share.clamp(MARGIN, 1 - MARGIN).masked_fill(axis == 3, 0)
    here, there = (unravel_index(padded.indices[end], padded.size) for end in (low, high))
    points = [
        torch.where(axis == number, torch.lerp(table[here[number]], table[there[number]], share), table[here[number]])
        for number, table in enumerate(padded.coordinates)
    ]
    out = torch.stack(points, dim=-1)
    out[centre] = _centres(padded, corners[used[centre] - 4 * total])
    return out


def _centres(padded: _Padded, corners: Tensor) -> Tensor:
    """A point inside each cell: its corners' mean, those near the surface weighing more. [C, 8] -> float32 [C, 3]."""
    values = padded.values[corners]
    weight = 1 / (torch.finfo(torch.float32).eps + values.abs())
    weight = weight / weight.sum(1, keepdim=True)
    places = unravel_index(padded.indices[corners], padded.size)
    return torch.stack([(weight * axis[place]).sum(1) for axis, place in zip(padded.coordinates, places, strict=True)], dim=-1)
