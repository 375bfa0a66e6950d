"""Closed solids. Unless said otherwise they stand on y = 0 and are centred on the y axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .mesh import Part
from .outlines import circle, rectangle, triangulate

Point = Sequence[float] | np.ndarray


def loft(rings: np.ndarray, start: Point | None = None, end: Point | None = None, loop: bool = False) -> Part:
    """A skin over a stack of rings; its faces come ring by ring, two for each side, and the caps last.

    Args:
        rings: float [R, N, 3], rings of N points.
        start, end: a point that closes the first or last ring as a pole; None for a flat cap.
        loop: join the last ring to the first, without caps.
    """
    rings = np.asarray(rings, np.float64)
    count, size = rings.shape[:2]
    index = np.arange(count * size).reshape(count, size)
    lower, upper = (index, np.roll(index, -1, axis=0)) if loop else (index[:-1], index[1:])
    next_lower, next_upper = np.roll(lower, -1, axis=1), np.roll(upper, -1, axis=1)
    quads = np.stack([lower, next_lower, next_upper, lower, next_upper, upper], -1)
    faces = [quads.reshape(-1, 3)]
    vertices = [rings.reshape(-1, 3)]
    if not loop:
        for ring, pole, turn in ((index[0], start, -1), (index[-1], end, 1)):
            if pole is None:
                cap = ring[_flat_cap(vertices[0][ring])]
            else:
                vertices.append(np.asarray(pole, np.float64)[None])
                tip = np.full(size, sum(map(len, vertices)) - 1)
                cap = np.stack([ring, np.roll(ring, -1), tip], 1)
            faces.append(cap[:, ::turn])
    return Part.outward(np.concatenate(vertices), np.concatenate(faces))


def _flat_cap(ring: np.ndarray) -> np.ndarray:
    """Triangles int [N - 2, 3] over a flat ring [N, 3], wound as the ring."""
    normal = np.cross(ring, np.roll(ring, -1, axis=0)).sum(0)
    if np.linalg.norm(normal) < 1e-12:
        normal = np.cross(ring[1] - ring[0], ring[2] - ring[0])
    side = np.eye(3)[np.argmin(np.abs(normal))]
    u = np.cross(side, normal)
    u /= max(np.linalg.norm(u), 1e-12)
    v = np.cross(normal, u)
    v /= max(np.linalg.norm(v), 1e-12)
    return triangulate(np.stack([ring @ u, ring @ v], 1))


def box(width: float, height: float, depth: float, bevel: float = 0.0, top: tuple[float, float] = (1.0, 1.0)) -> Part:
    """A box along x, y, z; `bevel` cuts all edges by that length, `top` scales the upper end in x and z."""
    if bevel <= 0:
        outline, levels = rectangle(width, depth), [(0.0, 0.0), (height, 0.0)]
    else:
        bevel = min(bevel, 0.49 * min(width, height, depth))
        outline = rectangle(width, depth, bevel)
        levels = [(0.0, bevel), (bevel, 0.0), (height - bevel, 0.0), (height, bevel)]
    rings = []
    for y, inset in levels:
        share = y / height
        factor = [1 + (top[0] - 1) * share, 1 + (top[1] - 1) * share]
        shrink = [(width - 2 * inset) / width, (depth - 2 * inset) / depth]
        ring = outline * np.multiply(factor, shrink)
        rings.append(np.stack([ring[:, 0], np.full(len(ring), y), ring[:, 1]], 1))
    return loft(np.stack(rings))


def lathe(profile: Sequence[tuple[float, float]] | np.ndarray, sides: int = 16, section: np.ndarray | None = None) -> Part:
    """A surface of revolution about the y axis.

    Args:
        profile: (radius, y) along the surface. A radius of 0 at an end is a pole, else the end is capped flat; a profile
            that returns to its first point makes a ring.
        sides: segments of the circle.
        section: float [N, 2], outline in x and z that takes the place of the unit circle.
    """
    profile = np.asarray(profile, np.float64)
    outline = circle(sides) if section is None else np.asarray(section, np.float64)
    loop = bool(np.allclose(profile[0], profile[-1]))
    if loop:
        profile = profile[:-1]
    poles: list[np.ndarray | None] = [None, None]
    for end in (0, -1):
        if not loop and profile[end, 0] <= 1e-9:
            poles[end] = np.array([0.0, profile[end, 1], 0.0])
    middle = profile[int(poles[0] is not None) : len(profile) - int(poles[1] is not None)]
    rings = np.stack([np.insert(outline * max(radius, 1e-4), 1, y, axis=1) for radius, y in middle])
    return loft(rings, poles[0], poles[1], loop)


def cylinder(radius: float, height: float, sides: int = 16, top: float | None = None) -> Part:
    """A cylinder, or a frustum with the radius `top` at its upper end; a cone for 0."""
    return lathe([(radius, 0.0), (radius if top is None else top, height)], sides)


def rounded_cylinder(radius: float, height: float, bevel: float, sides: int = 16) -> Part:
    """A cylinder with both rims bevelled."""
    bevel = min(bevel, 0.45 * height, 0.9 * radius)
    return lathe([(radius - bevel, 0), (radius, bevel), (radius, height - bevel), (radius - bevel, height)], sides)


def sphere(radius: float, sides: int = 16) -> Part:
    """A sphere around the origin."""
    return ellipsoid(radius, radius, radius, sides)


def ellipsoid(rx: float, ry: float, rz: float, sides: int = 16, power: float = 1.0) -> Part:
    """A superellipsoid around the origin; `power` 1 is an ellipsoid, smaller is boxier, larger more pointed."""
    theta = np.pi * np.arange(1, max(3, sides // 2)) / max(3, sides // 2)
    outline = _signed_power(circle(sides), power)
    radius, y = _signed_power(np.sin(theta), power), _signed_power(-np.cos(theta), power)
    profile = [(0.0, -1.0), *zip(radius, y, strict=True), (0.0, 1.0)]
    return lathe(profile, section=outline).scaled(rx, ry, rz)


def _signed_power(values: np.ndarray, power: float) -> np.ndarray:
    return np.sign(values) * np.abs(values) ** power


def dome(radius: float, height: float, sides: int = 16, rings: int = 4) -> Part:
    """Half an ellipsoid."""
    theta = np.linspace(0, np.pi / 2, rings + 1)
    return lathe([(radius * np.cos(t), height * np.sin(t)) for t in theta[:-1]] + [(0.0, height)], sides)


def torus(radius: float, tube_radius: float, sides: int = 20, tube_sides: int = 8) -> Part:
    """A ring around the y axis, centred at the origin."""
    around_tube = circle(tube_sides) * tube_radius
    profile = [(radius + x, y) for x, y in around_tube]
    return lathe([*profile, profile[0]], sides)


def capsule(radius: float, length: float, sides: int = 12) -> Part:
    """A cylinder with hemispheres at both ends, `length` in all."""
    return tube([(0, radius, 0), (0, max(length - radius, 1.01 * radius), 0)], radius, sides, rounded=True)


def tube(
    path: Sequence[Point] | np.ndarray,
    radii: float | Sequence[float] | np.ndarray,
    sides: int = 8,
    rounded: bool = False,
    flat: float = 1.0,
    up: Point = (0.0, 1.0, 0.0),
    loop: bool = False,
) -> Part:
    """A skin around a path.

    Args:
        path: float [K, 3].
        radii: one for all or one for each point; 0 at an end makes a tip.
        sides: corners of the cross-section.
        rounded: hemispheres at the ends in place of flat caps.
        flat: factor of the radius in the direction nearest to `up`.
        up: direction that the cross-section is turned to.
        loop: join the end to the start.
    """
    path = np.asarray(path, np.float64)
    radii = np.broadcast_to(np.asarray(radii, np.float64), (len(path),)).copy()
    tangents = _tangents(path, loop)
    if rounded and not loop:
        path, radii, tangents = _with_round_ends(path, radii, tangents)
    normals = _transported(tangents, np.asarray(up, np.float64))
    binormals = np.cross(tangents, normals)
    poles = [None if loop or radii[end] > 1e-9 else path[end] for end in (0, -1)]
    keep = slice(int(poles[0] is not None), len(path) - int(poles[1] is not None))
    corners = circle(sides, 0.5)
    rings = path[:, None] + radii[:, None, None] * (
        flat * corners[None, :, 1:] * normals[:, None] + corners[None, :, :1] * binormals[:, None]
    )
    return loft(rings[keep], poles[0], poles[1], loop)


def cone_between(base: Point, tip: Point, radius: float, sides: int = 8) -> Part:
    """A cone whose base is around one point and whose tip is the other."""
    return tube([base, tip], [radius, 0.0], sides)


def _tangents(path: np.ndarray, loop: bool) -> np.ndarray:
    """Unit directions [K, 3] along a path."""
    if loop:
        tangents = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    else:
        steps = np.diff(path, axis=0)
        steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-12)
        tangents = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    return tangents / np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-12)


def _transported(tangents: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Unit normals [K, 3] of a frame carried along without turning about the path."""
    if abs(up @ tangents[0]) > 0.95 * np.linalg.norm(up):
        up = np.eye(3)[(np.argmax(np.abs(tangents[0])) + 1) % 3]
    normals = []
    for tangent in tangents:
        up = up - (up @ tangent) * tangent
        up = up / max(np.linalg.norm(up), 1e-12)
        normals.append(up)
    return np.stack(normals)


def _with_round_ends(path: np.ndarray, radii: np.ndarray, tangents: np.ndarray) -> tuple[np.ndarray, ...]:
    """Path, radii and tangents with a hemisphere of three rings at each end."""
    angle = np.radians([90.0, 60.0, 30.0])[:, None]
    start = path[:1] - np.sin(angle) * radii[0] * tangents[:1]
    end = (path[-1:] + np.sin(angle) * radii[-1] * tangents[-1:])[::-1]
    cosine = np.cos(angle[:, 0]).clip(0) * np.array([0.0, 1.0, 1.0])
    return (
        np.concatenate([start, path, end]),
        np.concatenate([radii[0] * cosine, radii, radii[-1] * cosine[::-1]]),
        np.concatenate([np.repeat(tangents[:1], 3, 0), tangents, np.repeat(tangents[-1:], 3, 0)]),
    )


def extrude(outline: np.ndarray, depth: float, bevel: float = 0.0, hole: np.ndarray | None = None) -> Part:
    """A prism over a polygon in the plane of x and y, along z and centred there.

    Args:
        outline: float [N, 2], a simple polygon.
        depth: length along z.
        bevel: share by which the front and back faces are smaller, towards the middle of the outline.
        hole: float [N, 2], inner outline with the corners opposite to those of the outer one.
    """
    half = depth / 2

    def ring(points: np.ndarray, z: float) -> np.ndarray:
        return np.column_stack([points, np.full(len(points), z)])

    if hole is not None:
        return loft(np.stack([ring(outline, -half), ring(outline, half), ring(hole, half), ring(hole, -half)]), loop=True)
    if bevel <= 0:
        return loft(np.stack([ring(outline, -half), ring(outline, half)]))
    middle = outline.mean(0)
    small = middle + (outline - middle) * (1 - bevel)
    edge = half * 0.6
    return loft(np.stack([ring(small, -half), ring(outline, -edge), ring(outline, edge), ring(small, half)]))


def gable_roof(width: float, height: float, depth: float, hip: float = 0.0) -> Part:
    """A roof with its ridge along x; `hip` is the share of the width that the ridge is shorter on each side."""
    ridge = width * (0.5 - hip)
    x, z = width / 2, depth / 2
    vertices = [(-x, 0, -z), (x, 0, -z), (x, 0, z), (-x, 0, z), (-ridge, height, 0), (ridge, height, 0)]
    faces = [(0, 1, 2), (0, 2, 3), (3, 2, 5), (3, 5, 4), (1, 0, 4), (1, 4, 5), (0, 3, 4), (2, 1, 5)]
    return Part.outward(np.array(vertices), np.array(faces))


def wedge(width: float, height: float, depth: float) -> Part:
    """A ramp: full height at the back (-z), nothing at the front."""
    outline = np.array([(-depth / 2, 0), (depth / 2, 0), (-depth / 2, height)])
    return extrude(outline, width).rotated("y", -90)


def stairs(width: float, height: float, depth: float, steps: int) -> Part:
    """A flight of steps, the highest at the back (-z)."""
    outline = [(-depth / 2, 0.0), (depth / 2, 0.0)]
    for step in range(steps):
        x = depth / 2 - depth * step / steps
        outline += [(x, height * (step + 1) / steps), (x - depth / steps, height * (step + 1) / steps)]
    return extrude(np.array(outline), width).rotated("y", -90)


def icosphere(radius: float, level: int = 1) -> Part:
    """A sphere around the origin of 20 * 4 ** level triangles."""
    g = (1 + 5**0.5) / 2
    vertices = [(-1, g, 0), (1, g, 0), (-1, -g, 0), (1, -g, 0), (0, -1, g), (0, 1, g), (0, -1, -g), (0, 1, -g)]
    vertices += [(g, 0, -1), (g, 0, 1), (-g, 0, -1), (-g, 0, 1)]
    faces = [(0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6), (7, 1, 8)]
    faces += [(3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7), (9, 8, 1)]
    part = Part.outward(np.array(vertices), np.array(faces))
    for _ in range(level):
        part = part.subdivided()
    return part.deformed(lambda v: v * radius / np.linalg.norm(v, axis=1, keepdims=True))
