"""Free compositions of primitives, which stand for everything that has no family: unions that hang together."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, bounds_of
from ..outlines import circle, gear, rectangle, smooth, star, superellipse
from ..primitives import box, capsule, cylinder, dome, ellipsoid, extrude, icosphere, lathe, loft, stairs, torus, tube, wedge
from .plants import lump
from .vessels import vessel


def random_profile(rng: Rng) -> list[tuple[float, float]]:
    """A turned profile of three to seven points, (radius, y)."""
    count = whole(rng, 3, 7)
    ys = np.sort(rng.uniform(0, 1.2, count))
    ys[0] = 0.0
    ys = ys + 0.03 * np.arange(count)
    return list(zip(rng.uniform(0.15, 0.6, count), ys, strict=True))


def random_section(rng: Rng) -> np.ndarray:
    """An outline to turn or extrude, about 2 wide."""
    kind = pick(rng, "circle", "square", "polygon", "star", "gear", "super")
    if kind == "square":
        return rectangle(2 * between(rng, 0.5, 1), 2, pick(rng, 0.0, 0.2))
    if kind == "star":
        return star(whole(rng, 3, 8), between(rng, 0.4, 0.8))
    if kind == "gear":
        return gear(whole(rng, 5, 10), between(rng, 0.7, 0.9))
    if kind == "super":
        return superellipse(20, 2 * between(rng, 0.5, 1), 2, between(rng, 0.25, 1.5))
    return circle(whole(rng, 3, 8) if kind == "polygon" else 16)


def bar(rng: Rng) -> Part:
    """A swept curve."""
    points = np.cumsum(rng.normal(0, 0.4, (4, 3)), axis=0)
    count = pick(rng, 6, 12, 20)
    radii = between(rng, 0.06, 0.25) * (1 + 0.5 * np.sin(np.linspace(0, between(rng, 0, 9), count)))
    return tube(smooth(points, count), radii, pick(rng, 4, 6, 8, 12), rounded=chance(rng, 0.5), flat=between(rng, 0.4, 1))


def primitive(rng: Rng) -> Part:
    """A primitive of random proportions, about 1 in size."""
    kind = int(rng.integers(14))
    a, b, c = rng.uniform(0.25, 1.1, 3)
    makers = (
        lambda: box(a, b, c, bevel=pick(rng, 0.0, 0.0, 0.06, 0.12)),
        lambda: box(a, b, c, top=(between(rng, 0.2, 1.3), between(rng, 0.2, 1.3))),
        lambda: cylinder(a / 2, b, pick(rng, 5, 6, 8, 12, 20), top=pick(rng, None, 0.0, between(rng, 0.1, 0.6))),
        lambda: ellipsoid(a / 2, b / 2, c / 2, pick(rng, 8, 12, 16), pick(rng, 1.0, 1.0, 0.4, 1.6)),
        lambda: capsule(min(a, b) / 3, a + b, pick(rng, 8, 12)),
        lambda: torus(a / 2, between(rng, 0.06, 0.45) * a / 2, pick(rng, 6, 12, 20), pick(rng, 4, 6, 10)),
        lambda: lathe([(0, 0), *(profile := random_profile(rng)), (0, profile[-1][1])], section=random_section(rng)),
        lambda: extrude(random_section(rng) * a / 2, c, bevel=pick(rng, 0.0, 0.15)),
        lambda: vessel([(a / 2, 0), (between(rng, 0.3, 0.6), b / 2), (between(rng, 0.3, 0.6), b)], 0.08, 0.08, 12),
        lambda: dome(a / 2, b, pick(rng, 6, 10, 16)),
        lambda: wedge(a, b, c),
        lambda: stairs(a, b, c, whole(rng, 3, 6)),
        lambda: lump(rng, a / 2, pick(rng, 1, 2), between(rng, 0.03, 0.2)),
        lambda: bar(rng),
    )
    return makers[kind]()


def placed_at_random(rng: Rng, part: Part) -> Part:
    """Turned by any right angle, now and then by any angle."""
    for axis in ("x", "y", "z"):
        angle = between(rng, 0, 360) if chance(rng, 0.25) else 90.0 * whole(rng, 0, 3)
        part = part.rotated(axis, angle)
    return part.deformed(lambda v: v - (v.min(0) + v.max(0)) / 2)


def dressed(rng: Rng, part: Part, tint: np.ndarray) -> Part:
    """Painted plain, in two colours, or in stripes."""
    kind = pick(rng, "plain", "plain", "plain", "two", "stripes", "speckled")
    if kind == "speckled":
        return part.painted(tint).speckled(rng, 0.15)
    if kind == "plain" or len(part.faces) > 700:
        return part.painted(tint)
    axis = pick(rng, 0, 1, 2)
    low, high = part.bounds()[:, axis]
    count = 2 if kind == "two" else whole(rng, 3, 6)
    limits, other = list(np.linspace(low, high, count + 1)[1:-1] + 1e-4), contrast(rng, tint)
    return part.banded("xyz"[axis], limits, [tint if i % 2 else other for i in range(count)])


def surface_point(rng: Rng, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """A point on a part and the normal there, uniform by area."""
    a, b, c = part.vertices[part.faces].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    index = int(rng.choice(len(area), p=area / area.sum()))
    u = np.sort(rng.random(2))
    point = a[index] * u[0] + b[index] * (u[1] - u[0]) + c[index] * (1 - u[1])
    return point, part.normals()[index]


def cluster(rng: Rng) -> list[Part]:
    """Primitives that grow out of each other's surfaces."""
    tints = [colour(rng, "any", "vivid", "dull", "steel", "wood") for _ in range(whole(rng, 1, 4))]
    parts = [dressed(rng, placed_at_random(rng, primitive(rng)), tints[0])]
    for _ in range(whole(rng, 1, 7)):
        point, _ = surface_point(rng, parts[int(rng.integers(len(parts)))])
        size = between(rng, 0.3, 1.0)
        child = placed_at_random(rng, primitive(rng)).scaled(size, size, size)
        anchor, outward = surface_point(rng, child)
        depth = 0.04 + 0.25 * rng.random() * size
        child = child.deformed(lambda v, shift=point - anchor + outward * depth: v + shift)
        parts.append(dressed(rng, child, tints[int(rng.integers(len(tints)))]))
    return parts


def symmetric(rng: Rng) -> list[Part]:
    """A core along the middle plane with mirrored limbs, as vehicles and creatures have."""
    tints = [colour(rng, "any", "vivid", "dull", "steel") for _ in range(3)]
    core = placed_at_random(rng, primitive(rng)).scaled(*rng.uniform(0.8, 1.6, 3))
    parts = [dressed(rng, core, tints[0]), dressed(rng, core.mirrored("x"), tints[0])]
    for index in range(whole(rng, 1, 4)):
        point, _ = surface_point(rng, parts[0])
        size = between(rng, 0.3, 0.9)
        limb = placed_at_random(rng, primitive(rng)).scaled(size, size, size)
        anchor, outward = surface_point(rng, limb)
        limb = limb.deformed(lambda v, shift=point - anchor + outward * 0.1 * size: v + shift)
        limb = dressed(rng, limb, tints[1 + index % 2])
        parts += [limb, limb.mirrored("x")]
    return parts


def radial(rng: Rng) -> list[Part]:
    """A turned core with equal parts around it."""
    tints = [colour(rng, "any", "vivid", "steel", "wood", "stone") for _ in range(3)]
    profile = random_profile(rng)
    core = lathe([(0, 0), *profile, (0, profile[-1][1])], pick(rng, 6, 8, 12, 20))
    parts = [dressed(rng, core, tints[0])]
    for index in range(whole(rng, 1, 3)):
        radius, y = profile[int(rng.integers(len(profile)))]
        size = between(rng, 0.25, 0.8)
        child = placed_at_random(rng, primitive(rng)).scaled(size, size, size)
        reach = child.bounds()[1, 0]
        child = child.moved(radius + reach * between(rng, 0.2, 0.85) - 0.03, y)
        parts += around(dressed(rng, child, tints[1 + index % 2]), whole(rng, 2, 6), between(rng, 0, 60))
    return parts


def stacked(rng: Rng) -> list[Part]:
    """Primitives piled on each other, as towers, lamps and machines are."""
    tints, parts, y = [colour(rng, "any", "stone", "wood", "vivid") for _ in range(3)], [], 0.0
    for index in range(whole(rng, 2, 6)):
        part = placed_at_random(rng, primitive(rng)).scaled(*rng.uniform(0.6, 1.3, 3))
        low, high = part.bounds()
        part = part.moved(y=y - low[1])
        y += (high[1] - low[1]) * between(rng, 0.75, 0.95)
        parts.append(dressed(rng, part, tints[index % 3]))
    column = cylinder(between(rng, 0.08, 0.2), y, 10).painted(shade(tints[0], 0.7))
    return [*parts, column]


def blob(rng: Rng) -> list[Part]:
    """A smooth closed surface, swollen by a few waves: pebbles, clouds, clay."""
    part, tint = icosphere(1.0, pick(rng, 2, 3)), colour(rng, "any", "pastel", "stone", "vivid")
    radius = np.ones(len(part.vertices))
    for _ in range(whole(rng, 2, 6)):
        direction = rng.normal(size=3) * between(rng, 1.0, 3.0)
        radius += between(rng, 0.05, 0.18) * np.cos(part.vertices @ direction + between(rng, 0, 6.28))
    part = part.deformed(lambda v: v * radius.clip(0.35)[:, None]).scaled(*rng.uniform(0.5, 1.2, 3))
    return [dressed(rng, part, tint)]


def sculpture(rng: Rng) -> list[Part]:
    """Bent bars and twisted columns on a plinth."""
    tint, kind = colour(rng, "steel", "gold", "copper", "stone", "vivid"), pick(rng, "knot", "column", "spiral")
    if kind == "column":
        section = random_section(rng) * 0.4
        levels, turn = 14, between(rng, -200, 200)
        rings = []
        for share in np.linspace(0, 1, levels):
            a, size = np.radians(turn * share), 1 + 0.3 * np.sin(5 * share)
            spin = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
            rings.append(np.insert(section @ spin * size, 1, 1.8 * share, axis=1))
        parts = [loft(np.stack(rings))]
    else:
        t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        if kind == "knot":
            p, q = pick(rng, (2, 3), (3, 2), (2, 5), (1, 3))
            reach = 0.55 + 0.22 * np.cos(q * t)
            path = np.column_stack([reach * np.cos(p * t), 0.9 + 0.28 * np.sin(q * t), reach * np.sin(p * t)])
            parts = [tube(path, between(rng, 0.07, 0.13), 8, loop=True)]
        else:
            turns = between(rng, 1.5, 3.5)
            path = np.column_stack([0.5 * np.cos(turns * t), 0.1 + 0.28 * t, 0.5 * np.sin(turns * t)])
            parts = [tube(path, between(rng, 0.07, 0.14), 8, rounded=True)]
    low = bounds_of(parts)[0, 1]
    plinth = pick(rng, box(1.0, 0.25, 1.0, bevel=0.03), cylinder(0.6, 0.2, 20))
    parts = [part.moved(y=-low - 0.02) for part in parts]
    if kind != "column":
        parts.append(
            tube([(0, -0.1, 0), tuple(parts[0].vertices[np.argmin(parts[0].vertices[:, 1])] + np.array([0, 0.05, 0]))], 0.06, 8)
        )
    return [*(part.painted(tint) for part in parts), plinth.moved(y=-plinth.bounds()[1, 1] + 0.01).painted(shade(tint, 0.5))]


FAMILIES = (cluster, symmetric, radial, stacked, blob, sculpture)
