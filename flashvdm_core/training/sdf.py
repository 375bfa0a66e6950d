"""Signed distances and surface samples of triangle meshes that are open, overlap or turn their faces the wrong way.

A point is inside where the generalised winding number is above 1/2 in magnitude (Jacobson et al. 2013). Faces are then
sorted by what lies on their two sides: a border between inside and outside counts as surface, a face with inside on both
sides is hidden and ignored, and a sheet with outside on both sides (leaves, cloth, paper) becomes a slab of the thickness
2 * `SHEET_HALF_THICKNESS`, so that it does not vanish from the volume.

Sign convention: positive inside, as the logits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

SHEET_HALF_THICKNESS = 0.012
PROBE_OFFSET = 2e-3
SHARP_ANGLE_DEGREES = 20.0
SHARP_REACH = 0.05
NEIGHBOURS = 4
# Queries and faces at a time: what fits a CPU's cache, and what fills a GPU.
_QUERY_CHUNK, _FACE_CHUNK = 1024, 128
_GPU_QUERY_CHUNK, _GPU_FACE_CHUNK, _GPU_SAMPLES = 8192, 1024, 8192


@dataclass(frozen=True, eq=False)
class Surface:
    """Samples on the outer surface, uniform by area, in random order.

    Attributes:
        points: float32 [N, 3] on the surface (for sheets: on one of the two sides of the slab).
        normals: float32 [N, 3], unit, pointing outside.
        faces: int64 [N], the face each sample comes from.
        sheet: bool [N], whether it lies on a sheet.
    """

    points: Tensor
    normals: Tensor
    faces: Tensor
    sheet: Tensor


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
    triangles = _Triangles.of(vertices, faces)
    if points.device.type == "cuda":
        return _winding_on_gpu(triangles, points)
    total = []
    for query in points.split(_QUERY_CHUNK):
        distance = torch.cdist(vertices, query, compute_mode="donot_use_mm_for_euclid_dist")
        angle = torch.zeros(len(query), device=points.device)
        for start in range(0, len(faces), _FACE_CHUNK):
            part = slice(start, start + _FACE_CHUNK)
            la, lb, lc = (distance[faces[part, corner]] for corner in range(3))
            den = (la + lb).mul_(lb + lc).mul_(lc + la)
            for edge, opposite in zip(triangles.edges[part].unbind(1), (lc, la, lb), strict=True):
                den.addcmul_(edge[:, None], opposite, value=-1)
            det = torch.addmm(triangles.offset[part, None], triangles.normal[part], query.T)
            angle += torch.atan2(det, den, out=det).sum(0)
        total.append(angle / (2 * torch.pi))
    return torch.cat(total)


@dataclass(frozen=True, eq=False)
class _Triangles:
    """What the solid angle needs of each triangle.

    `corners` float32 [F, 3, 3]; `normal` [F, 3] and `offset` [F] give det = offset + p . normal; `edges` [F, 3] are the
    squared lengths of ab, bc and ca.
    """

    corners: Tensor
    normal: Tensor
    offset: Tensor
    edges: Tensor

    @classmethod
    def of(cls, vertices: Tensor, faces: Tensor) -> _Triangles:
        corners = vertices.double()[faces]
        a, b, c = corners.unbind(1)
        cross = torch.linalg.cross(b - a, c - a)
        edges = torch.stack([(x - y).square().sum(1) for x, y in ((a, b), (b, c), (c, a))], 1)
        return cls(corners.float(), (-2 * cross).float(), (2 * (a * cross).sum(1)).float(), edges.float())

    def padded(self, multiple: int) -> _Triangles:
        """With triangles of no size at the end, which have no solid angle."""
        missing = -len(self.corners) % multiple
        parts = (self.corners, self.normal, self.offset, self.edges)
        return _Triangles(*(torch.cat([part, part.new_zeros(missing, *part.shape[1:])]) for part in parts))


def _solid_angles(query: Tensor, corners: Tensor, normal: Tensor, offset: Tensor, edges: Tensor) -> Tensor:
    """Half the sum of the solid angles of triangles seen from points [Q, 3], [Q]; written to be one fused kernel."""
    x, y, z = query.unbind(1)
    steps = [[point[:, None] - corners[None, :, corner, axis] for axis, point in enumerate((x, y, z))] for corner in range(3)]
    la, lb, lc = ((dx * dx + dy * dy + dz * dz).sqrt() for dx, dy, dz in steps)
    den = (la + lb) * (lb + lc) * (lc + la) - edges[:, 0] * lc - edges[:, 1] * la - edges[:, 2] * lb
    det = offset + x[:, None] * normal[:, 0] + y[:, None] * normal[:, 1] + z[:, None] * normal[:, 2]
    return torch.atan2(det, den).sum(1)


def _winding_on_gpu(triangles: _Triangles, points: Tensor) -> Tensor:
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


def is_inside(vertices: Tensor, faces: Tensor, points: Tensor) -> Tensor:
    """bool [P]: whether points lie in the solid; faces may point either way. Outside the bounding box nothing does."""
    low, high = vertices.amin(0), vertices.amax(0)
    inside = ((points >= low) & (points <= high)).all(1)
    inside[inside.clone()] = winding_numbers(vertices, faces, points[inside]).abs() > 0.5
    return inside


def sample_faces(vertices: Tensor, faces: Tensor, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Points uniform by area: positions float32 [count, 3], face normals float32 [count, 3], faces int64 [count]."""
    corners = vertices[faces]
    cross = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = cross.norm(dim=1)
    cumulative = np.cumsum(length.double().cpu().numpy())
    drawn = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right").clip(max=len(faces) - 1)
    chosen = torch.from_numpy(drawn).to(faces.device)
    uv = torch.from_numpy(rng.random((count, 2), dtype=np.float32)).to(vertices)
    uv = torch.where(uv.sum(1, keepdim=True) > 1, 1 - uv, uv)
    a, b, c = corners[chosen].unbind(1)
    points = a + uv[:, :1] * (b - a) + uv[:, 1:] * (c - a)
    return points, cross[chosen] / length[chosen, None].clamp_min(1e-12), chosen


def sample_surface(vertices: Tensor, faces: Tensor, count: int, rng: np.random.Generator) -> Surface:
    """Sample the outer surface: `count` points are drawn on all faces, those on hidden faces are left out.

    If every face is hidden by the test (degenerate input), all of them are kept as sheets.
    """
    points, normals, chosen = sample_faces(vertices, faces, count, rng)
    both_sides = torch.cat([points + PROBE_OFFSET * normals, points - PROBE_OFFSET * normals])
    front, back = is_inside(vertices, faces, both_sides).chunk(2)
    keep = ~(front & back)
    if not keep.any():
        keep, front, back = torch.ones_like(keep), torch.zeros_like(front), torch.zeros_like(back)
    sheet = ~(front | back)
    side = torch.from_numpy(rng.random(count) < 0.5).to(sheet.device)
    normals = torch.where((front | (sheet & side))[:, None], -normals, normals)
    points = torch.where(sheet[:, None], points + SHEET_HALF_THICKNESS * normals, points)
    return Surface(points[keep], normals[keep], chosen[keep], sheet[keep])


def point_triangle_distance(points: Tensor, corners: Tensor) -> Tensor:
    """Exact distance float32 [P] from points [P, 3] to triangles [P, 3 corners, 3], row by row."""
    a, b, c = corners.unbind(1)
    normal = torch.linalg.cross(b - a, c - a)
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
    distance = _distance(vertices, faces, surface, ~surface.sheet, points)
    solid = torch.where(is_inside(vertices, faces, points), distance, -distance)
    slab = SHEET_HALF_THICKNESS - _distance(vertices, faces, surface, surface.sheet, points)
    return torch.maximum(solid, slab)


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
    nearest = nearest_samples(surface.points, points, 1)[:, 0]
    visible = ((points - surface.points[nearest]).norm(dim=1) < SHARP_REACH).nonzero()[:, 0]
    if len(visible) == 0:
        return surface.points[anywhere], surface.normals[anywhere]
    visible = visible[torch.arange(count, device=faces.device) % len(visible)]
    outward = surface.normals[nearest[visible]]
    normal = normals[chosen[visible]]
    return points[visible], torch.where((normal * outward).sum(1, keepdim=True) < 0, -normal, normal)


def _sharp_edges(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """End points float32 [E, 2, 3] and unit normals float32 [E, 3] of the sharp edges (each pair of faces on an edge)."""
    corners = vertices[faces]
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = torch.nn.functional.normalize(normal, dim=1)
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).sort(dim=1).values
    key, order = (edges[:, 0] * len(vertices) + edges[:, 1]).sort()
    pair = torch.nonzero(key[1:] == key[:-1]).squeeze(1)
    first, second = order[pair], order[pair + 1]
    normal_1, normal_2 = normal[first // 3], normal[second // 3]
    mean = normal_1 + normal_2
    sharp = ((normal_1 * normal_2).sum(1) < np.cos(np.radians(SHARP_ANGLE_DEGREES))) & (mean.norm(dim=1) > 1e-3)
    ends = vertices[edges[first[sharp]]]
    usable = (ends[:, 1] - ends[:, 0]).norm(dim=1) > 1e-6
    return ends[usable], torch.nn.functional.normalize(mean[sharp][usable], dim=1)
