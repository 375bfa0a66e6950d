"""Samples of the outer surface and the sharp edges of a triangle mesh, as vecset encoders read them.

Faces are sorted by what lies on their two sides, told by the generalised winding number (Jacobson et al. 2013): a border
between inside and outside counts as surface, a face with inside on both sides is hidden and ignored, and a thin_shell with
outside on both sides (leaves, cloth, paper) becomes a slab of the thickness 2 * `SHELL_HALF_THICKNESS`, so that it does
not vanish from the volume.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..geometry.edges import triangle_edges
from .winding import area_normals, is_inside

SHELL_HALF_THICKNESS = 0.012
PROBE_OFFSET = 2e-3
SHARP_ANGLE_DEGREES = 20.0
SHARP_REACH = 0.05
_CHUNK = 1024

InsideTest = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(vertices [V, 3], faces [F, 3], points [P, 3]) -> bool [P]: which points lie in the solid."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Samples on the outer surface, uniform by area, in random order.

    Attributes:
        points: float32 [N, 3] on the surface (for thin shells: on one of the two sides of the slab).
        normals: float32 [N, 3], unit, pointing outside.
        faces: int64 [N], the face each sample comes from.
        thin_shell: bool [N], whether it lies on a thin shell.
    """

    points: Tensor
    normals: Tensor
    faces: Tensor
    thin_shell: Tensor


def sample_faces(vertices: Tensor, faces: Tensor, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Points uniform by area: positions float32 [count, 3], face normals float32 [count, 3], faces int64 [count]."""
    corners = vertices[faces]
    cross = area_normals(corners)
    length = cross.norm(dim=1)
    cumulative = np.cumsum(length.double().cpu().numpy())
    drawn = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right").clip(max=len(faces) - 1)
    chosen = torch.from_numpy(drawn).to(faces.device)
    uv = torch.from_numpy(rng.random((count, 2), dtype=np.float32)).to(vertices)
    uv = torch.where(uv.sum(1, keepdim=True) > 1, 1 - uv, uv)
    a, b, c = corners[chosen].unbind(1)
    points = a + uv[:, :1] * (b - a) + uv[:, 1:] * (c - a)
    return points, cross[chosen] / length[chosen, None].clamp_min(1e-12), chosen


def sample_surface(
    vertices: Tensor, faces: Tensor, count: int, rng: np.random.Generator, inside: InsideTest = is_inside
) -> Surface:
    """Sample the outer surface: `count` points are drawn on all faces, those on hidden faces are left out.

    If every face is hidden by the test (degenerate input), all of them are kept as sheets.
    """
    points, normals, chosen = sample_faces(vertices, faces, count, rng)
    both_sides = torch.cat([points + PROBE_OFFSET * normals, points - PROBE_OFFSET * normals])
    front, back = inside(vertices, faces, both_sides).chunk(2)
    keep = ~(front & back)
    if not keep.any():
        keep, front, back = torch.ones_like(keep), torch.zeros_like(front), torch.zeros_like(back)
    thin_shell = ~(front | back)
    side = torch.from_numpy(rng.random(count) < 0.5).to(thin_shell.device)
    normals = torch.where((front | (thin_shell & side))[:, None], -normals, normals)
    points = torch.where(thin_shell[:, None], points + SHELL_HALF_THICKNESS * normals, points)
    return Surface(points[keep], normals[keep], chosen[keep], thin_shell[keep])


def sample_sharp_edges(
    vertices: Tensor, faces: Tensor, surface: Surface, count: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Points on edges whose two faces meet at more than 20 degrees, as vecset encoders take them (Dora, 2024).

    Edges out of reach of the outer surface are hidden and left out. A mesh without sharp edges gives surface samples.

    Returns:
        Positions float32 [count, 3] and outward unit normals float32 [count, 3] (mean of the two faces' normals).
    """
    ends, normals = _sharp_edges(vertices, faces)
    anywhere = torch.from_numpy(rng.integers(len(surface.points), size=count)).to(faces.device)
    if len(ends) == 0:
        return surface.points[anywhere], surface.normals[anywhere]
    length = (ends[:, 1] - ends[:, 0]).norm(dim=1).double().cpu().numpy()
    drawn = rng.choice(len(ends), size=2 * count, p=length / length.sum())
    chosen = torch.from_numpy(drawn).to(faces.device)
    along = torch.from_numpy(rng.random((2 * count, 1), dtype=np.float32)).to(vertices)
    points = ends[chosen, 0] * (1 - along) + ends[chosen, 1] * along
    nearest = torch.cat([torch.cdist(part, surface.points).argmin(1) for part in points.split(_CHUNK)])
    visible = ((points - surface.points[nearest]).norm(dim=1) < SHARP_REACH).nonzero()[:, 0]
    if len(visible) == 0:
        return surface.points[anywhere], surface.normals[anywhere]
    visible = visible[torch.arange(count, device=faces.device) % len(visible)]
    outward = surface.normals[nearest[visible]]
    normal = normals[chosen[visible]]
    return points[visible], torch.where((normal * outward).sum(1, keepdim=True) < 0, -normal, normal)


def _sharp_edges(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """End points float32 [E, 2, 3] and unit normals float32 [E, 3] of the sharp edges (each pair of faces on an edge)."""
    normal = torch.nn.functional.normalize(area_normals(vertices[faces]), dim=1)
    first, second = torch.from_numpy(triangle_edges(faces.cpu().numpy(), len(vertices)).pairs().T).to(faces.device)
    normal_1, normal_2 = normal[first // 3], normal[second // 3]
    mean = normal_1 + normal_2
    sharp = ((normal_1 * normal_2).sum(1) < np.cos(np.radians(SHARP_ANGLE_DEGREES))) & (mean.norm(dim=1) > 1e-3)
    sides = first[sharp]
    ends = vertices[torch.stack([faces[sides // 3, sides % 3], faces[sides // 3, (sides + 1) % 3]], dim=1)]
    usable = (ends[:, 1] - ends[:, 0]).norm(dim=1) > 1e-6
    return ends[usable], torch.nn.functional.normalize(mean[sharp][usable], dim=1)
