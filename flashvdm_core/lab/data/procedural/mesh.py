"""Coloured closed meshes: the parts of which procedural shapes are put together.

Frame of all coordinates: right-handed, y up, front towards +z. Lengths are free until a model is normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

AXES = {"x": 0, "y": 1, "z": 2}
Colour = np.ndarray | tuple[int, int, int]
GREY = (190, 190, 190)


@dataclass(frozen=True, eq=False)
class Part:
    """One closed mesh with outward faces.

    Attributes:
        vertices: float64 [V, 3].
        faces: int64 [F, 3], counter-clockwise seen from outside.
        rgb: uint8 [F, 3], sRGB colour of each face.
    """

    vertices: np.ndarray
    faces: np.ndarray
    rgb: np.ndarray

    @classmethod
    def outward(cls, vertices: np.ndarray, faces: np.ndarray, colour: Colour = GREY) -> Part:
        """A part of consistently wound faces; all are turned round if they enclose a negative volume."""
        vertices = np.asarray(vertices, np.float64)
        faces = np.asarray(faces, np.int64)
        if signed_volume(vertices, faces) < 0:
            faces = faces[:, ::-1].copy()
        return cls(vertices, faces, np.broadcast_to(np.asarray(colour, np.uint8), faces.shape).copy())

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Part:
        return replace(self, vertices=self.vertices + np.array([x, y, z]))

    def rotated(self, axis: str, degrees: float) -> Part:
        """Turned about an axis through the origin, right-handed."""
        return replace(self, vertices=self.vertices @ rotation(axis, degrees).T)

    def scaled(self, x: float, y: float, z: float) -> Part:
        """Scaled from the origin; an odd number of negative factors mirrors, and the faces stay outward."""
        faces = self.faces[:, ::-1].copy() if x * y * z < 0 else self.faces
        return replace(self, vertices=self.vertices * np.array([x, y, z]), faces=faces)

    def mirrored(self, axis: str = "x") -> Part:
        factors = [1.0, 1.0, 1.0]
        factors[AXES[axis]] = -1.0
        return self.scaled(*factors)

    def deformed(self, function: Callable[[np.ndarray], np.ndarray]) -> Part:
        """Vertices [V, 3] replaced by `function` of them."""
        return replace(self, vertices=function(self.vertices))

    def painted(self, colour: Colour) -> Part:
        return replace(self, rgb=np.broadcast_to(np.asarray(colour, np.uint8), self.faces.shape).copy())

    def centroids(self) -> np.ndarray:
        """float64 [F, 3]."""
        return self.vertices[self.faces].mean(1)

    def normals(self) -> np.ndarray:
        """Unit normals float64 [F, 3]; zero for faces without area."""
        corners = self.vertices[self.faces]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-12)

    def painted_where(self, chosen: np.ndarray, colour: Colour) -> Part:
        """Faces of the mask bool [F] in another colour."""
        rgb = self.rgb.copy()
        rgb[chosen] = np.asarray(colour, np.uint8)
        return replace(self, rgb=rgb)

    def banded(self, axis: str, limits: Sequence[float], colours: Sequence[Colour]) -> Part:
        """Cut at the planes `limits` (ascending) and painted between them: one colour more than limits."""
        part = self
        for limit in limits:
            part = part.cut(axis, limit)
        band = np.searchsorted(np.asarray(limits), part.centroids()[:, AXES[axis]])
        return replace(part, rgb=np.asarray([np.asarray(colour, np.uint8) for colour in colours])[band])

    def speckled(self, rng: np.random.Generator, amount: float = 0.08) -> Part:
        """Each face a little lighter or darker."""
        factor = 1 + amount * rng.uniform(-1, 1, (len(self.faces), 1))
        return replace(self, rgb=(self.rgb * factor).clip(0, 255).astype(np.uint8))

    def cut(self, axis: str, at: float) -> Part:
        """The same solid, its faces divided where they cross a plane; stays closed."""
        side = self.vertices[:, AXES[axis]] - at
        above = (side >= 0)[self.faces]
        count = above.sum(1)
        crossing = (count == 1) | (count == 2)
        if not crossing.any():
            return self
        faces, rgb = self.faces[crossing], self.rgb[crossing]
        lone = np.argmax(above[crossing] == (count[crossing] == 1)[:, None], axis=1)
        a, b, c = (np.take_along_axis(faces, (lone[:, None] + step) % 3, 1)[:, 0] for step in range(3))
        edges = np.sort(np.concatenate([np.stack([a, b], 1), np.stack([a, c], 1)]), axis=1)
        edges, index = np.unique(edges, axis=0, return_inverse=True)
        low, high = side[edges[:, 0]], side[edges[:, 1]]
        share = (low / (low - high))[:, None]
        points = self.vertices[edges[:, 0]] * (1 - share) + self.vertices[edges[:, 1]] * share
        ab, ac = np.split(index.reshape(-1) + len(self.vertices), 2)
        divided = [np.stack(corner, 1) for corner in ((a, ab, ac), (ab, b, c), (ab, c, ac))]
        return Part(
            np.concatenate([self.vertices, points]),
            np.concatenate([self.faces[~crossing], *divided]),
            np.concatenate([self.rgb[~crossing], rgb, rgb, rgb]),
        )

    def subdivided(self) -> Part:
        """Each face in four, by the middles of its edges."""
        pairs = self.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        edges, index = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
        middle = (index + len(self.vertices)).reshape(-1, 3)
        (a, b, c), (ab, bc, ca) = self.faces.T, middle.T
        faces = np.concatenate([np.stack(f, 1) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
        vertices = np.concatenate([self.vertices, self.vertices[edges].mean(1)])
        return Part(vertices, faces, np.tile(self.rgb, (4, 1)))

    def bounds(self) -> np.ndarray:
        """Lowest and highest corner, float64 [2, 3]."""
        return np.stack([self.vertices.min(0), self.vertices.max(0)])

    def volume(self) -> float:
        return signed_volume(self.vertices, self.faces)

    def is_closed(self) -> bool:
        """Whether each edge has exactly two faces, which run along it in opposite directions."""
        start, end = self.faces, np.roll(self.faces, -1, axis=1)
        forward = np.sort((start * len(self.vertices) + end).reshape(-1))
        backward = np.sort((end * len(self.vertices) + start).reshape(-1))
        return bool((np.diff(forward) > 0).all() and np.array_equal(forward, backward))


def at(x: float, y: float, z: float) -> np.ndarray:
    """A point or offset, float64 [3]."""
    return np.array([x, y, z], np.float64)


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Volume enclosed by outward faces."""
    a, b, c = (vertices - vertices.mean(0))[faces].transpose(1, 0, 2)
    return float((np.cross(a, b) * c).sum() / 6)


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Right-handed rotation float64 [3, 3] about an axis, for column vectors."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    first, second = (AXES[axis] + 1) % 3, (AXES[axis] + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = c
    matrix[first, second], matrix[second, first] = -s, s
    return matrix


def joined(parts: Sequence[Part]) -> Part:
    """All parts as one mesh (each stays closed; overlaps stay)."""
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Part(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.rgb for part in parts]),
    )


def bounds_of(parts: Sequence[Part]) -> np.ndarray:
    """Lowest and highest corner of all parts, float64 [2, 3]."""
    boxes = np.stack([part.bounds() for part in parts])
    return np.stack([boxes[:, 0].min(0), boxes[:, 1].max(0)])


def both(*parts: Part) -> list[Part]:
    """The parts and their mirror images on the other side of the plane x = 0."""
    return [*parts, *(part.mirrored("x") for part in parts)]


def around(part: Part, count: int, start: float = 0.0) -> list[Part]:
    """Copies evenly about the y axis, the first turned by `start` degrees."""
    return [part.rotated("y", start + 360 * index / count) for index in range(count)]


def transformed(parts: Sequence[Part], function: Callable[[Part], Part]) -> list[Part]:
    """`function` of every part."""
    return [function(part) for part in parts]
