"""Signed distances of triangle meshes that are open, overlap or turn their faces the wrong way, for much data at once.

What counts as surface is said in `encoding.samples`. Sign convention: positive inside, as the logits. On a GPU the winding
numbers and the nearest samples are computed by kernels that torch compiles.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from ...encoding import samples, winding
from ...encoding.outer_surface import point_triangle_distance
from ...encoding.samples import SHELL_HALF_THICKNESS, Surface

NEIGHBOURS = 4
_GPU_QUERY_CHUNK, _GPU_FACE_CHUNK, _GPU_SAMPLES = 8192, 1024, 8192


def winding_numbers(vertices: Tensor, faces: Tensor, points: Tensor) -> Tensor:
    """`encoding.winding.winding_numbers`, by a fused kernel on a GPU."""
    if points.device.type == "cuda" and len(points):
        return _winding_on_gpu(winding.Triangles.of(vertices, faces), points)
    return winding.winding_numbers(vertices, faces, points)


def is_inside(vertices: Tensor, faces: Tensor, points: Tensor) -> Tensor:
    """`encoding.winding.is_inside`, by a fused kernel on a GPU."""
    return winding.is_inside(vertices, faces, points, winding_numbers)


def sample_surface(vertices: Tensor, faces: Tensor, count: int, rng: np.random.Generator) -> Surface:
    """`encoding.samples.sample_surface`, by a fused kernel on a GPU."""
    return samples.sample_surface(vertices, faces, count, rng, is_inside)


def _solid_angles(query: Tensor, corners: Tensor, normal: Tensor, offset: Tensor, edges: Tensor) -> Tensor:
    """Half the sum of the solid angles of triangles seen from points [Q, 3], [Q]; written to be one fused kernel."""
    x, y, z = query.unbind(1)
    steps = [[point[:, None] - corners[None, :, corner, axis] for axis, point in enumerate((x, y, z))] for corner in range(3)]
    la, lb, lc = ((dx * dx + dy * dy + dz * dz).sqrt() for dx, dy, dz in steps)
    den = (la + lb) * (lb + lc) * (lc + la) - edges[:, 0] * lc - edges[:, 1] * la - edges[:, 2] * lb
    det = offset + x[:, None] * normal[:, 0] + y[:, None] * normal[:, 1] + z[:, None] * normal[:, 2]
    return torch.atan2(det, den).sum(1)


def _winding_on_gpu(triangles: winding.Triangles, points: Tensor) -> Tensor:
    """`winding_numbers` in blocks of one size, so that the kernel is compiled once."""
    fused = _fused(_solid_angles)
    padded = triangles.padded(_GPU_FACE_CHUNK)
    queries = torch.cat([points, points.new_zeros(-len(points) % _GPU_QUERY_CHUNK, 3)])
    angle = torch.zeros(len(queries), device=points.device)
    for start in range(0, len(padded.offset), _GPU_FACE_CHUNK):
        part = slice(start, start + _GPU_FACE_CHUNK)
        block = (padded.corners[part], padded.normal[part], padded.offset[part], padded.edges[part])
        angle += torch.cat([fused(query, *block) for query in queries.split(_GPU_QUERY_CHUNK)])
    return angle[: len(points)] / (2 * torch.pi)


@functools.cache
def _fused(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return torch.compile(function, dynamic=False)


def nearest_samples(anchors: Tensor, points: Tensor, count: int) -> Tensor:
    """Indices int64 [P, count] (fewer where there are fewer samples) of samples near each point, the nearest among them.

    A tree finds the `count` nearest on the CPU. On a GPU every distance is computed; the samples are dealt into
    `count` heaps (a power of two; they are in random order) and the nearest of each heap is returned.
    """
    if points.device.type == "cpu":
        count = min(count, len(anchors))
        return torch.from_numpy(KDTree(anchors.numpy()).query(points.numpy(), k=count)[1].reshape(-1, count))
    size = max(_GPU_SAMPLES, 1 << (len(anchors) - 1).bit_length())  # few sizes, so few kernels to compile
    dealt = torch.arange(size, device=points.device) % len(anchors)
    queries = torch.cat([points, points.new_zeros(-len(points) % _GPU_QUERY_CHUNK, 3)])
    heaps = anchors[dealt].view(-1, count, 3)
    found = torch.cat([_fused(_nearest_of_each_heap)(query, heaps) for query in queries.split(_GPU_QUERY_CHUNK)])[: len(points)]
    return dealt[found * count + torch.arange(count, device=points.device)]


def _nearest_of_each_heap(query: Tensor, heaps: Tensor) -> Tensor:
    """Points [Q, 3] and samples [M, K, 3] -> index of the nearest of the M samples in each of K heaps, int64 [Q, K]."""
    distance = sum((query[:, None, None, axis] - heaps[None, :, :, axis]).square() for axis in range(3))
    assert isinstance(distance, Tensor)
    return distance.argmin(1)


def _distance(vertices: Tensor, faces: Tensor, surface: Surface, chosen: Tensor, points: Tensor) -> Tensor:
    """Distance to the triangles of the samples nearest to each point, of the samples `chosen` (mask); inf if there are none."""
    if not chosen.any():
        return points.new_full((len(points),), torch.inf)
    owner = surface.faces[chosen][nearest_samples(surface.points[chosen], points, NEIGHBOURS)]
    corners = vertices[faces[owner.reshape(-1)]]
    return point_triangle_distance(points.repeat_interleave(owner.shape[1], 0), corners).view(owner.shape).amin(1)


def signed_distance(vertices: Tensor, faces: Tensor, surface: Surface, points: Tensor) -> Tensor:
    """Signed distance to the outer surface, positive inside.

    The magnitude is exact for the triangles which own the surface samples nearest to the point, so its error is far
    below the spacing of the samples except beside triangles too small to own one.

    Args:
        vertices: float32 [V, 3].
        faces: int64 [F, 3].
        surface: the samples of the same mesh from `sample_surface`.
        points: float32 [P, 3].

    Returns:
        float32 [P].
    """
    distance = _distance(vertices, faces, surface, ~surface.thin_shell, points)
    solid = torch.where(is_inside(vertices, faces, points), distance, -distance)
    slab = SHELL_HALF_THICKNESS - _distance(vertices, faces, surface, surface.thin_shell, points)
    return torch.maximum(solid, slab)
