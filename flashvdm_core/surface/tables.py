"""The case table of marching cubes, derived from the cell's geometry instead of being written down.

Corner c of a cell lies at (c & 1, c >> 1 & 1, c >> 2 & 1); edge e joins EDGES[e]; face 2 a + s is the one at s along axis
a. On each face the surface is one segment, or two where the corners alternate (an ambiguous face, which either separates
its inside corners or joins them). The segments of all faces close to loops, and each loop is filled with triangles. Two
cells that share a face see the same segments, so their triangles meet whatever they hold otherwise: the surface is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

EDGES = tuple((corner, corner | 1 << axis) for axis in range(3) for corner in range(8) if not corner >> axis & 1)
CENTRE = len(EDGES)
# Loops of this many edges and more wind round the cell; they get a vertex of their own in the middle, as in Lewiner's tables.
_LONG_LOOP = 8


def _face(axis: int, side: int) -> tuple[int, ...]:
    """Corners of a face, counter-clockwise seen from outside the cell."""
    across, up = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
    corners = tuple(corner + (side << axis) for corner in (0, across, across + up, up))
    return corners if side else corners[::-1]


FACES = tuple(_face(axis, side) for axis in range(3) for side in range(2))
_EDGE_OF = {frozenset(edge): number for number, edge in enumerate(EDGES)}
_FACES_OF_EDGE = tuple(frozenset(f for f, face in enumerate(FACES) if set(edge) <= set(face)) for edge in EDGES)

# Twice the middle of each edge, and the squared distances between them.
_MIDDLES = tuple(tuple((a >> axis & 1) + (b >> axis & 1) for axis in range(3)) for a, b in EDGES)
_DISTANCE = tuple(tuple(sum((x - y) ** 2 for x, y in zip(m, n, strict=True)) for n in _MIDDLES) for m in _MIDDLES)


@dataclass(frozen=True, eq=False)
class CaseTable:
    """Triangles of every case.

    Attributes:
        case: int16 [256, 64], from the inside corners (bit c) and the joined ambiguous faces (bit f) to a row.
        start, count: int64 [rows], the row's part of `triangles`.
        triangles: int64 [T, 3], edges 0 to 11 or CENTRE, counter-clockwise seen from outside the shape.
    """

    case: np.ndarray
    start: np.ndarray
    count: np.ndarray
    triangles: np.ndarray


def ambiguous_faces(mask: int) -> list[int]:
    """Faces whose corners alternate between inside and outside."""
    return [f for f, (a, b, c, d) in enumerate(FACES) if mask >> a & 1 == mask >> c & 1 != mask >> b & 1 == mask >> d & 1]


def segments(mask: int, face: Sequence[int], joined: bool) -> Iterator[tuple[int, int]]:
    """The surface's segments on a face as pairs of edges, running with the inside on the right seen from outside the cell."""
    entries, exits = [], []
    for here, there in zip(face, (*face[1:], face[0]), strict=True):
        if mask >> here & 1 != mask >> there & 1:
            (exits if mask >> here & 1 else entries).append((face.index(here), _EDGE_OF[frozenset((here, there))]))
    for place, edge in entries:
        # The part of the boundary from this entry to the next exit is inside. Separated inside corners are cut off by the
        # segment to that exit, joined ones leave a segment to the exit before.
        following = sorted(exits, key=lambda item: (item[0] - place) % 4)
        yield edge, following[-1 if joined else 0][1]


def loops(mask: int, joined: frozenset[int]) -> list[tuple[int, ...]]:
    """The closed loops of edges in which the surface meets the cell's boundary, counter-clockwise seen from outside the shape."""
    after: dict[int, int] = {}
    for number, face in enumerate(FACES):
        after.update(segments(mask, face, number in joined))
    found = []
    while after:
        first, following = after.popitem()
        loop = [first]
        while following != first:
            loop.append(following)
            following = after.pop(following)
        found.append(tuple(loop))
    return found


def _triangulations(loop: Sequence[int]) -> Iterator[list[tuple[int, int, int]]]:
    """Every way to fill a loop with triangles whose inner edges do not lie in a face of the cell.

    An inner edge in a face could meet the same edge of the neighbouring cell.
    """
    if len(loop) < 3:
        yield []
        return
    first, last = loop[0], loop[-1]
    for middle in range(1, len(loop) - 1):
        apex = loop[middle]
        sides = [(first, apex)] * (middle > 1) + [(apex, last)] * (middle < len(loop) - 2)
        if any(_FACES_OF_EDGE[a] & _FACES_OF_EDGE[b] for a, b in sides):
            continue
        for left in _triangulations(loop[: middle + 1]):
            for right in _triangulations(loop[middle:]):
                yield [(first, apex, last), *left, *right]


def _roughness(triangles: Sequence[tuple[int, int, int]]) -> int:
    """Sum of the squared sides with the vertices in the middle of their edges: small for compact triangles."""
    return sum(_DISTANCE[a][b] + _DISTANCE[b][c] + _DISTANCE[c][a] for a, b, c in triangles)


@cache
def filled(loop: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Triangles of one loop."""
    choices = list(_triangulations(loop)) if len(loop) < _LONG_LOOP else []
    if choices:
        return min(choices, key=_roughness)
    return [(a, b, CENTRE) for a, b in zip(loop, (*loop[1:], loop[0]), strict=True)]


@cache
def case_table() -> CaseTable:
    """The table, made once."""
    case = np.zeros((256, 64), np.int16)
    rows: list[list[tuple[int, int, int]]] = [[]]
    for mask in range(256):
        ambiguous = ambiguous_faces(mask)
        for count in range(len(ambiguous) + 1):
            for joined in combinations(ambiguous, count):
                triangles = [triangle for loop in loops(mask, frozenset(joined)) for triangle in filled(loop)]
                if triangles:
                    case[mask, sum(1 << face for face in joined)] = len(rows)
                    rows.append(triangles)
    counts = np.array([len(row) for row in rows])
    triangles = np.array([triangle for row in rows for triangle in row])
    return CaseTable(case, counts.cumsum() - counts, counts, triangles)
