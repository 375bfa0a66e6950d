"""Clean-up of a mesh: drop small components and degenerate faces, reach a face budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..api.errors import EmptySurfaceError
from ..api.mesh import TriangleMesh
from .components import connected_components, vertex_components
from .normals import areas_of, side_vectors

SMALL_COMPONENT = 0.005
"""A part with less than this share of the largest part's area is dropped (a ball of a fourteenth of its diameter)."""
# A part with less than this share of the largest part's area is a floater where it is further than `_APART` from all others.
_FLOATER = 0.1
_APART = 0.02  # of the longest side of the mesh
# A face this flat (twice its area over its longest side squared) has no usable normal.
_FLAT = 1e-6
# How fast fast-simplification's error threshold grows. Its own default, 7, folds thin walls into themselves.
_AGGRESSIVENESS = (2, 3, 4, 5)


def joined(meshes: Sequence[TriangleMesh]) -> TriangleMesh:
    """Several meshes, at least one, as loose parts of one."""
    if len(meshes) == 1:
        return meshes[0]
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def clean_up(
    mesh: TriangleMesh,
    largest_parts: int = 0,
    face_budget: int = 0,
    remove_floaters: bool = False,
    smallest_part: float = SMALL_COMPONENT,
) -> TriangleMesh:
    """Keep the parts that matter, without degenerate faces and unused vertices, within a face budget.

    A closed mesh stays closed: faces are removed as whole parts or by merging the ends of an edge.

    Args:
        mesh: any mesh.
        largest_parts: keep this many connected parts, the largest by area; 0 keeps all but small ones.
        face_budget: most faces to keep, reached by quadric edge collapse; 0 keeps all. A budget too small for
            the shape's topology and thin walls is missed.
        remove_floaters: drop small parts that touch nothing. Parts that lie close to a larger one, as wheels, buttons and eyes
            do, stay.
        smallest_part: a part with less than this share of the largest part's area is dropped.

    Raises:
        EmptySurfaceError: the mesh has no face, or none that is not degenerate.
    """
    vertices, faces, area = _without_degenerate(mesh.vertices, mesh.faces)
    faces = _kept_parts(vertices, faces, area, largest_parts, remove_floaters, smallest_part)
    if face_budget and len(faces) > face_budget:
        vertices, faces = _simplified(*_compact(vertices, faces), face_budget)
        vertices, faces, _ = _without_degenerate(vertices, faces)
        faces = _without_doubled(faces)
    if not len(faces):
        raise EmptySurfaceError("The generated mesh has no faces; use another seed, another surface level or a clearer image.")
    return TriangleMesh(*_compact(vertices, faces))


def _kept_parts(
    vertices: np.ndarray, faces: np.ndarray, area: np.ndarray, largest_parts: int, remove_floaters: bool, smallest_part: float
) -> np.ndarray:
    """Faces of the parts to keep; `area` is each face's."""
    if not len(faces):
        return faces
    part = vertex_components(faces, len(vertices))[faces[:, 0]]
    area = np.bincount(part, area, len(vertices))
    if largest_parts:
        keep = np.zeros(len(vertices), bool)
        keep[np.argsort(-area, kind="stable")[:largest_parts]] = True
        keep &= area > 0
    else:
        keep = area >= smallest_part * area.max()
    if remove_floaters:
        keep[_floaters(vertices, faces, part, np.where(keep, area, 0))] = False
    return faces[keep[part]]


def _floaters(vertices: np.ndarray, faces: np.ndarray, part: np.ndarray, area: np.ndarray) -> list[int]:
    """The small parts that are near none of the others; `part` is each face's, `area` each part's."""
    order = np.argsort(-area, kind="stable")[: np.count_nonzero(area)]
    small = [int(name) for name in order if area[name] < _FLOATER * area[order[0]]]
    if not small:
        return []
    points = vertices[faces].mean(axis=1)
    low = points.min(axis=0)
    cells = ((points - low) / (_APART * max(float((points.max(axis=0) - low).max()), 1e-12))).astype(np.int64) + 1
    side = int(cells.max()) + 2
    flat = (cells[:, 0] * side + cells[:, 1]) * side + cells[:, 2]
    steps = np.array([-1, 0, 1])
    around = ((steps[:, None, None] * side + steps[:, None]) * side + steps).ravel()
    stays = area > 0
    stays[small] = False
    near = np.unique(np.unique(flat[stays[part]])[:, None] + around)
    own = {name: np.unique(flat[part == name]) for name in small}
    grown = True
    while grown:  # what is near a part that stays, stays as well
        grown = False
        for name in [name for name in own if np.isin(own[name], near).any()]:
            near, grown = np.union1d(near, own.pop(name)[:, None] + around), True
    return list(own)


def _without_degenerate(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge the ends of the shortest side of every flat face, until no face is flat; also the area of each face, float64 [F]."""
    while True:
        first, second, third = faces.T
        faces = faces[(first != second) & (second != third) & (third != first)]
        sides = side_vectors(vertices.astype(np.float64), faces)
        lengths = np.einsum("asf,asf->sf", sides, sides)
        area = areas_of(sides)
        flat = 2 * area <= _FLAT * lengths.max(0, initial=0)
        if not flat.any():
            return vertices, faces, area
        shortest = lengths[:, flat].argmin(0)
        row = np.arange(len(shortest))
        merged = np.stack([faces[flat][row, shortest], faces[flat][row, (shortest + 1) % 3]], axis=1)
        faces = connected_components(merged, len(vertices))[faces]


def _without_doubled(faces: np.ndarray) -> np.ndarray:
    """Of faces on the same three vertices those that look opposite ways cancel out, and one stays of what is left.

    Simplifying folds thin parts flat. No host allows two faces on the same vertices, and to leave one of a fold would open the
    mesh.
    """
    order = faces.argsort(axis=1)
    # An even permutation of rising vertices, or an odd one: the two ways that a face can look.
    way = np.where((order[:, 1] - order[:, 0]) % 3 == 1, 1, -1)
    _, group = np.unique(np.take_along_axis(faces, order, 1), axis=0, return_inverse=True)
    left = np.sign(np.bincount(group.ravel(), weights=way))[group.ravel()]
    kept = np.flatnonzero(left == way)
    return faces[kept[np.sort(np.unique(group.ravel()[kept], return_index=True)[1])]]


def _simplified(vertices: np.ndarray, faces: np.ndarray, face_budget: int) -> tuple[np.ndarray, np.ndarray]:
    """Quadric edge collapse to about `face_budget` faces, as gently as reaches it."""
    import fast_simplification

    points, triangles = vertices, faces
    for aggressiveness in _AGGRESSIVENESS:
        points, triangles, *_ = fast_simplification.simplify(vertices, faces, target_count=face_budget, agg=aggressiveness)
        if len(triangles) <= face_budget:
            break
    return points.astype(np.float32), triangles


def _compact(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop the vertices that no face uses."""
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    index = np.cumsum(used, dtype=np.int32) - 1
    return vertices[used], index[faces]
