"""Things that hold something: cups, pots, bottles, barrels, baskets."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, both
from ..outlines import gear, smooth, superellipse
from ..primitives import box, cylinder, dome, ellipsoid, lathe, sphere, torus, tube


def vessel(outer: list[tuple[float, float]], wall: float, floor: float, sides: int, section: np.ndarray | None = None) -> Part:
    """A hollow vessel from the outer profile (radius, y), bottom to rim; `wall` thick at the sides, `floor` at the bottom."""
    profile = np.asarray(outer, np.float64)
    inner = profile[profile[:, 1] > profile[0, 1] + floor * 1.2] - [wall, 0]
    inner[:, 0] = inner[:, 0].clip(0.004)
    bottom = profile[0, 1] + floor
    base = min(0.95 * inner[0, 0], float(np.interp(bottom, profile[:, 1], profile[:, 0])) - wall)
    points = [(0.0, profile[0, 1]), *map(tuple, profile), *map(tuple, inner[::-1])]
    return lathe([*points, (max(base, 0.003), bottom), (0.0, bottom)], sides, section)


def handle(low: float, high: float, inner: float, reach: float, thick: float, sides: int = 8, square: bool = False) -> Part:
    """A loop from (inner, low) to (inner, high) that reaches `reach` further along +x."""
    points = [(inner, high), (inner + reach * 0.7, high), (inner + reach, (low + high) / 2 + 0.1 * (high - low))]
    points += [(inner + reach * 0.75, low + 0.15 * (high - low)), (inner, low)]
    curve = np.asarray(points) if square else smooth(points, 11)
    return tube(np.column_stack([curve, np.zeros(len(curve))]), thick, sides, up=(0, 0, 1))


def decorated(rng: Rng, part: Part, low: float, high: float, tint: np.ndarray) -> Part:
    """Plain, with a stripe, or two-coloured."""
    kind = pick(rng, "plain", "plain", "stripe", "half", "stripes")
    other, span = contrast(rng, tint), high - low
    if kind == "stripe":
        at = low + span * between(rng, 0.3, 0.7)
        return part.banded("y", [at, at + span * 0.15], [tint, other, tint])
    if kind == "half":
        return part.banded("y", [low + span * between(rng, 0.3, 0.7)], [tint, other])
    if kind == "stripes":
        count = whole(rng, 3, 6)
        limits = low + span * np.arange(1, count) / count
        return part.banded("y", list(limits), [tint if i % 2 else other for i in range(count)])
    return part.painted(tint)


def cup(rng: Rng) -> list[Part]:
    height, radius = between(rng, 0.5, 1.2), between(rng, 0.35, 0.5)
    foot, belly = radius * between(rng, 0.55, 1.0), radius * between(rng, 0.95, 1.1)
    sides, tint = roundness(rng), colour(rng, "vivid", "white", "pastel", "dull")
    outer = [(foot, 0), (foot * 1.03, 0.02), ((foot + belly) / 2 * 1.03, height * 0.4), (belly, height * 0.7), (radius, height)]
    body = vessel(outer, between(rng, 0.03, 0.06), 0.06, sides)
    parts = [decorated(rng, body, 0, height, tint)]
    grip = handle(
        height * 0.2, height * 0.82, radius * 0.85, between(rng, 0.25, 0.45), between(rng, 0.03, 0.06), 8, chance(rng, 0.25)
    )
    parts.append(grip.painted(pick(rng, tint, contrast(rng, tint))))
    if chance(rng, 0.5):
        drink = lathe([(radius * 0.3, 0.05), (radius * 0.95, height * 0.8), (0, height * 0.8)], sides)
        drink = (
            lathe([(foot * 0.9, 0.1), (radius * 0.93, height * 0.84), (0, height * 0.84)], sides)
            if foot > 0.8 * radius
            else drink
        )
        parts.append(drink.painted(colour(rng, "chocolate", "bread", "copper")))
    if chance(rng, 0.3):
        saucer = lathe([(0, -0.02), (foot, -0.02), (radius * 1.7, 0.1), (radius * 1.7, 0.13), (foot, 0.03), (0, 0.03)], sides + 4)
        parts.append(saucer.painted(tint))
    return parts


def beer_mug(rng: Rng) -> list[Part]:
    height, radius = between(rng, 0.8, 1.1), between(rng, 0.35, 0.45)
    sides, tint = pick(rng, 8, 10, 12, 16), colour(rng, "wood", "glass", "yellow", "steel")
    body = vessel([(radius * 1.05, 0), (radius, 0.5 * height), (radius, height)], 0.05, 0.08, sides)
    parts = [body.painted(tint)]
    grip = handle(height * 0.15, height * 0.85, radius * 0.9, 0.35, 0.055, 6, chance(rng, 0.6))
    parts.append(grip.painted(shade(tint, 0.8)))
    for y in (0.12, 0.75):
        band = lathe(
            [(radius * 0.9, 0), (radius * 1.08, 0.0), (radius * 1.08, 0.08), (radius * 0.9, 0.08), (radius * 0.9, 0)], sides
        )
        parts.append(band.moved(y=y * height).painted(colour(rng, "steel", "gold", "dark metal")))
    foam = ellipsoid(radius * 1.05, between(rng, 0.1, 0.2), radius * 1.05, 12).moved(y=height)
    parts.append(foam.painted(colour(rng, "white")).speckled(rng, 0.04))
    parts.append(cylinder(radius * 0.93, height * 0.95, sides).moved(y=0.05).painted(colour(rng, "gold")))
    return parts


def teapot(rng: Rng) -> list[Part]:
    sides, tint = roundness(rng), colour(rng, "vivid", "white", "pastel", "copper", "steel")
    accent = pick(rng, tint, contrast(rng, tint))
    height, radius = between(rng, 0.6, 0.95), between(rng, 0.45, 0.6)
    lid_radius = radius * between(rng, 0.35, 0.6)
    belly = between(rng, 0.3, 0.55) * height
    profile = [
        (radius * 0.55, 0),
        (radius * 0.9, belly * 0.45),
        (radius, belly),
        (radius * 0.88, height * 0.78),
        (lid_radius, height),
    ]
    curve = smooth(profile, 10)
    parts = [decorated(rng, lathe([(0, 0), *map(tuple, curve), (0, height)], sides), 0, height, tint)]
    lid = lathe([(lid_radius * 1.03, 0), (lid_radius * 0.9, 0.06), (0.05, 0.13), (0.04, 0.16)], sides).moved(y=height - 0.01)
    parts += [lid.painted(accent), sphere(0.065, 10).moved(y=height + 0.2).painted(accent)]
    tip = np.array([radius * 1.75, height * between(rng, 0.85, 1.05), 0])
    path = smooth([(radius * 0.75, belly * 0.7, 0), (radius * 1.25, belly * 1.0, 0), (radius * 1.45, height * 0.75, 0), tip], 8)
    parts.append(tube(path, np.linspace(0.15, 0.06, 8), 10, up=(0, 0, 1)).painted(accent))
    if chance(rng, 0.25):
        bail = smooth([(-radius * 0.7, height * 0.8, 0), (0, height + 0.6, 0), (radius * 0.7, height * 0.8, 0)], 9)
        parts.append(tube(bail, 0.04, 8, up=(0, 0, 1)).painted(accent))
    else:
        grip = handle(height * 0.2, height * 0.85, radius * 0.8, between(rng, 0.35, 0.5), 0.05)
        parts.append(grip.mirrored("x").painted(accent))
    return parts


def bottle(rng: Rng) -> list[Part]:
    sides, tint = roundness(rng), colour(rng, "green", "glass", "blue", "copper", "white", "vivid")
    radius, body, height = between(rng, 0.2, 0.34), between(rng, 0.5, 0.9), between(rng, 1.0, 1.4)
    neck = radius * between(rng, 0.25, 0.45)
    shoulder = body + (height - body) * between(rng, 0.3, 0.8)
    section = superellipse(16, 2, 2 * between(rng, 0.6, 1), 0.5) if chance(rng, 0.2) else None
    profile = [(0, 0), (radius * 0.95, 0), (radius, 0.04), (radius, body), (radius * 0.85, body + 0.05), (neck, shoulder)]
    part = lathe([*profile, (neck, height), (0, height)], sides, section)
    if chance(rng, 0.6):
        low, high = body * between(rng, 0.15, 0.35), body * between(rng, 0.7, 0.9)
        part = part.banded("y", [low, high], [tint, colour(rng, "white", "vivid", "bread"), tint])
    else:
        part = part.painted(tint)
    cap = lathe([(neck * 1.2, 0), (neck * 1.2, 0.12), (neck, 0.15)], sides, section).moved(y=height - 0.05)
    return [part, cap.painted(colour(rng, "vivid", "gold", "wood", "white"))]


def potion(rng: Rng) -> list[Part]:
    sides, liquid, glass = roundness(rng), colour(rng, "vivid"), colour(rng, "glass")
    radius, neck, height = between(rng, 0.35, 0.55), between(rng, 0.1, 0.18), between(rng, 0.9, 1.3)
    kind = pick(rng, "round", "cone", "cube")
    if kind == "round":
        theta = np.linspace(-np.pi / 2, 1.2, 9)[1:]
        profile = [(radius * np.cos(t), radius + radius * np.sin(t)) for t in theta]
        profile = [(0, 0), *profile, (neck, profile[-1][1] + 0.03)]
    elif kind == "cone":
        profile = [(0, 0), (radius, 0), (radius * 1.02, 0.08), (neck, height * 0.7)]
    else:
        profile = [(0, 0), (radius, 0.0), (radius, height * 0.5), (neck, height * 0.6)]
    section = superellipse(12, 2, 2, 0.3) if kind == "cube" else None
    height = max(height, profile[-1][1] + 0.15)
    part = lathe(
        [*profile, (neck, height), (neck * 1.4, height), (neck * 1.4, height + 0.06), (0, height + 0.06)], sides, section
    )
    part = part.banded("y", [between(rng, 0.35, 0.6) * height], [liquid, glass])
    cork = cylinder(neck * 0.85, 0.2, 8, top=neck * 1.05).moved(y=height).painted(colour(rng, "wood"))
    ring = torus(neck * 1.05, 0.035, 12, 6).moved(y=height - 0.08).painted(colour(rng, "wood", "gold"))
    return [part, cork, ring]


def vase(rng: Rng) -> list[Part]:
    count = whole(rng, 4, 6)
    radii = rng.uniform(0.15, 0.5, count)
    radii[0] = max(radii[0], 0.2)
    height, sides = between(rng, 0.8, 1.5), roundness(rng) + 4
    curve = smooth(np.column_stack([radii, np.linspace(0, height, count)]), 14)
    curve[:, 0] = curve[:, 0].clip(0.1)
    section = gear(sides // 2, between(rng, 0.88, 0.97)) if chance(rng, 0.2) else None
    tint = colour(rng, "vivid", "pastel", "copper", "white", "brick", "dull")
    part = vessel([tuple(point) for point in curve], 0.035, 0.06, sides, section)
    parts = [decorated(rng, part, 0, height, tint)]
    if chance(rng, 0.25):
        grip = handle(height * 0.45, height * 0.85, radii.min() * 0.5, 0.35, 0.035)
        parts += both(grip.painted(tint))
    return parts


def bowl(rng: Rng) -> list[Part]:
    radius, height, sides = between(rng, 0.6, 0.9), between(rng, 0.3, 0.6), roundness(rng) + 4
    tint = colour(rng, "wood", "vivid", "white", "pastel", "steel")
    t = np.linspace(0.25, np.pi / 2, 6)
    outer = [(radius * np.sin(a), height * (1 - np.cos(a))) for a in t]
    parts = [decorated(rng, vessel(outer, 0.05, 0.05, sides), 0, height, tint)]
    base = outer[0][0] * 1.3
    parts.append(cylinder(base, 0.1, sides).moved(y=-0.04).painted(tint))
    if chance(rng, 0.6):
        food = colour(rng, "red", "orange", "yellow", "green", "bread", "chocolate")
        filling = lathe([(0, 0.03), (radius * 0.6, height * 0.25), (radius * 0.93, height * 0.75), (0, height * 0.75)], sides)
        parts.append(filling.painted(food))
        if chance(rng, 0.5):
            parts.append(ellipsoid(radius * 0.85, height * 0.45, radius * 0.85, 12).moved(y=height * 0.75).painted(food))
        else:
            count = whole(rng, 4, 7)
            ball = sphere(radius * 0.34, 10)
            parts += [
                part.painted(colour(rng, "red", "orange", "green", "yellow"))
                for part in around(ball.moved(radius * 0.45, height * 0.8), count)
            ]
            parts.append(ball.moved(y=height * 0.95).painted(food))
    return parts


def wine_glass(rng: Rng) -> list[Part]:
    sides, tint = roundness(rng) + 4, colour(rng, "glass", "gold", "steel", "vivid")
    radius, stem, top = between(rng, 0.3, 0.45), between(rng, 0.4, 0.7), between(rng, 0.45, 0.75)
    rim = radius * between(rng, 0.7, 1.2)
    cup_curve = smooth([(0.05, stem), (radius * 0.8, stem + top * 0.25), (radius, stem + top * 0.5), (rim, stem + top)], 8)
    inner = [(max(r - 0.035, 0.02), y + 0.03) for r, y in cup_curve[1:-1]]
    foot = [(0, 0), (radius * 0.8, 0), (radius * 0.8, 0.03), (0.06, 0.08), (0.045, stem * 0.9)]
    profile = [*foot, *map(tuple, cup_curve), (rim - 0.035, stem + top), *inner[::-1], (0, stem + 0.08)]
    parts = [lathe(profile, sides).painted(tint)]
    if chance(rng, 0.5):
        wine = lathe([(0.05, stem + 0.05), *[(r - 0.01, y) for r, y in cup_curve[1:5]], (0, cup_curve[4][1])], sides)
        parts.append(wine.painted(colour(rng, "red", "gold", "vivid")))
    return parts


def barrel(rng: Rng) -> list[Part]:
    wood, metal = colour(rng, "wood", "dark wood", "vivid"), colour(rng, "dark metal", "steel", "copper")
    radius, bulge, height, sides = between(rng, 0.35, 0.45), between(rng, 1.08, 1.3), between(rng, 0.9, 1.3), roundness(rng)
    belly = lambda y: radius * (1 + (bulge - 1) * (1 - (2 * y / height - 1) ** 2))  # noqa: E731
    ys = np.linspace(0, height, 8)
    outer = [(belly(y), y) for y in ys]
    lid = height - 0.05
    body = lathe([(0, 0), *outer, (radius * 0.88, height), (radius * 0.88, lid), (0, lid)], sides)
    column = np.floor(np.arctan2(*body.centroids()[:, [0, 2]].T) / (2 * np.pi) * sides).astype(int)
    parts = [body.painted(wood).painted_where(column % 2 == 0, shade(wood, 0.85))]
    for at in pick(rng, (0.12, 0.88), (0.1, 0.35, 0.65, 0.9)):
        y, half = at * height, 0.035
        band = [
            (belly(y - half) + 0.02, y - half),
            (belly(y + half) + 0.02, y + half),
            (radius * 0.8, y + half),
            (radius * 0.8, y - half),
        ]
        parts.append(lathe([*band, band[0]], sides).painted(metal))
    if chance(rng, 0.25):
        parts = [part.moved(y=-height / 2).rotated("z", 90).moved(y=radius * bulge) for part in parts]
        block = box(0.12, 0.25, radius * 2).painted(shade(wood, 0.7))
        parts += [block.moved(x * height * 0.3) for x in (-1, 1)]
        parts.append(cylinder(0.035, 0.14, 8).rotated("z", -90).moved(height / 2 - 0.08, radius * 0.75).painted(metal))
    return parts


def bucket(rng: Rng) -> list[Part]:
    tint, metal = colour(rng, "steel", "wood", "vivid", "dull"), colour(rng, "dark metal", "steel")
    low, high, height, sides = between(rng, 0.3, 0.4), between(rng, 0.42, 0.52), between(rng, 0.6, 0.9), roundness(rng)
    body = vessel([(low, 0), ((low + high) / 2, height / 2), (high, height)], 0.04, 0.05, sides)
    parts = [decorated(rng, body, 0, height, tint)]
    parts.append(torus(high - 0.01, 0.035, sides, 6).moved(y=height).painted(metal))
    lift = between(rng, -0.6, 1.0) * 0.45
    bail = smooth(
        [
            (-high, height - 0.02, 0),
            (-high * 0.8, height + 0.3, lift * 0.7),
            (0, height + 0.5, lift),
            (high * 0.8, height + 0.3, lift * 0.7),
            (high, height - 0.02, 0),
        ],
        13,
    )
    parts.append(tube(bail, 0.022, 6, up=(0, 0, 1)).painted(metal))
    if chance(rng, 0.4):
        parts.append(
            cylinder((low + high) / 2, 0.03, sides, top=high - 0.03)
            .scaled(0.97, 1, 0.97)
            .moved(y=height * 0.8)
            .painted(colour(rng, "blue", "sand", "white"))
        )
    return parts


def pot(rng: Rng) -> list[Part]:
    """A cooking pot or a pan."""
    tint, black = colour(rng, "steel", "copper", "black", "red", "blue"), colour(rng, "black", "wood")
    sides, flat = roundness(rng) + 4, chance(rng, 0.5)
    radius, height = between(rng, 0.5, 0.65), between(rng, 0.14, 0.25) if flat else between(rng, 0.4, 0.7)
    rim = radius * (between(rng, 1.05, 1.2) if flat else 1.0)
    parts = [vessel([(radius, 0), (radius + (rim - radius) / 2, height / 2), (rim, height)], 0.035, 0.04, sides).painted(tint)]
    if flat:
        end = radius + between(rng, 0.7, 1.1)
        parts.append(tube([(rim - 0.03, height - 0.03, 0), (end, height + 0.12, 0)], [0.04, 0.06], 8, True, 0.6).painted(black))
        if chance(rng, 0.4):
            egg = lathe([(radius * 0.7, 0), (radius * 0.65, 0.03), (0, 0.04)], 11).scaled(1, 1, 0.8).moved(y=0.035)
            yolk = dome(radius * 0.25, 0.1, 10).moved(0.05, 0.06, 0.03)
            parts += [egg.painted(colour(rng, "white")), yolk.painted(colour(rng, "yellow"))]
        return parts
    ear = handle(0, 0.24, 0, 0.18, 0.03).rotated("x", 90).moved(radius - 0.02, height * 0.82, -0.12)
    parts += both(ear.painted(black))
    if chance(rng, 0.7):
        lid = lathe([(radius * 1.03, 0), (radius * 0.9, 0.08), (0.08, 0.16), (0.04, 0.2), (0.1, 0.25), (0.09, 0.28)], sides)
        parts.append(lid.moved(y=height - 0.01).painted(pick(rng, tint, shade(tint, 1.2))))
    return parts


def cauldron(rng: Rng) -> list[Part]:
    iron, sides = colour(rng, "black", "dark metal"), roundness(rng) + 4
    t = np.linspace(-1.35, 0.75, 8)
    outer = [(0.6 * np.cos(a), 0.6 + 0.55 * np.sin(a)) for a in t] + [(0.5, 1.1)]
    body = vessel(outer, 0.06, 0.08, sides).painted(iron)
    rim = torus(0.49, 0.06, sides, 8).moved(y=1.1).painted(shade(iron, 1.3))
    foot = cylinder(0.05, 0.35, 8, top=0.1).moved(0.36, -0.08).painted(iron)
    brew = colour(rng, "green", "vivid", "orange")
    parts = [body, rim, *around(foot, 3), lathe([(0.46, 0.8), (0.44, 1.02), (0, 1.02)], sides).painted(brew)]
    for _ in range(whole(rng, 0, 5)):
        angle, distance = between(rng, 0, 6.3), between(rng, 0.0, 0.35)
        parts.append(
            sphere(between(rng, 0.06, 0.13), 8)
            .moved(distance * np.cos(angle), 1.04, distance * np.sin(angle))
            .painted(shade(brew, 1.2))
        )
    if chance(rng, 0.4):
        ring = torus(0.12, 0.025, 12, 6).rotated("z", 90).moved(0.585, 0.7)
        parts += both(ring.painted(iron))
    return parts


def basket(rng: Rng) -> list[Part]:
    wicker, sides = colour(rng, "wood", "bread", "sand"), roundness(rng)
    low, high, height = between(rng, 0.35, 0.45), between(rng, 0.5, 0.6), between(rng, 0.35, 0.55)
    rows = 6
    outer = [(low + (high - low) * i / rows + (0.02 if i % 2 else -0.01), height * i / rows) for i in range(rows + 1)]
    section = superellipse(20, 2, between(rng, 1.2, 2), between(rng, 0.5, 1))
    body = vessel(outer, 0.05, 0.05, sides, section).painted(wicker)
    row = (body.centroids()[:, 1] / height * rows).astype(int)
    parts = [body.painted_where(row % 2 == 0, shade(wicker, 0.8))]
    bail = smooth(
        [
            (-high * 0.94, height * 0.8, 0),
            (-high * 0.7, height + 0.4, 0),
            (0, height + 0.6, 0),
            (high * 0.7, height + 0.4, 0),
            (high * 0.94, height * 0.8, 0),
        ],
        13,
    )
    parts.append(tube(bail, 0.045, 6, up=(0, 0, 1)).painted(shade(wicker, 0.75)))
    if chance(rng, 0.6):
        kinds = pick(rng, ("red", "green"), ("white", "pastel"), ("orange", "yellow"), ("bread", "bread"))
        depth = high * np.ptp(section[:, 1]) / 2
        for x in np.linspace(-0.55, 0.55, whole(rng, 3, 4)):
            for z in (-0.35, 0.35):
                ball = sphere(0.19, 10).moved(x * high, height * 0.9 + between(rng, 0, 0.08), z * depth)
                parts.append(ball.painted(colour(rng, *kinds)))
        parts.append(
            cylinder(low, height * 0.75, 12, top=high * 0.9).scaled(1, 1, depth / high).moved(y=0.03).painted(shade(wicker, 0.6))
        )
    return parts


FAMILIES = (cup, beer_mug, teapot, bottle, potion, vase, bowl, wine_glass, barrel, bucket, pot, cauldron, basket)
