"""Boats, aircraft and spaceships. Noses point towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, at, both
from ..outlines import smooth
from ..primitives import box, cylinder, dome, ellipsoid, extrude, lathe, loft, sphere, torus, tube


def hull_section(sides: int, length: float, width: float, stern: float) -> np.ndarray:
    """Outline of a boat from above in x and z: pointed at +z, a stern of the share `stern` of the width at -z."""
    z = np.linspace(0, 1, sides)
    half = width / 2 * np.minimum(1, stern + (1 - stern) * 2.2 * z) * np.sqrt(np.maximum(1 - z**3, 0))
    half[-1] = 0.01 * width
    right = np.stack([half, (z - 0.5) * length], 1)
    left = right[::-1] * [-1, 1]
    return np.concatenate([right, left])


def hull(rng: Rng, length: float, width: float, height: float, wall: float, deck: float) -> Part:
    """A boat's hull from y = 0 up, hollow above the share `deck` of its height, its bow raised."""
    section = hull_section(8, 2, 2 * width / length, between(rng, 0.35, 0.8))
    keel = between(rng, 0.3, 0.6)
    half = length / 2
    outer = [(0, 0), (keel * half, 0), ((0.55 + 0.45 * keel) * half, height * 0.3), (half * 0.96, height * 0.7), (half, height)]
    inner = [(half - wall, height), (half * 0.93 - wall, height * deck), (0, height * deck)]
    part = lathe([*outer, *inner], section=section)
    rise = between(rng, 0.1, 0.4)

    def raised(v: np.ndarray) -> np.ndarray:
        lift = rise * (np.abs(v[:, 2]) / half) ** 2 * (v[:, 1] / height)
        return v + np.stack([np.zeros(len(v)), lift * height, np.zeros(len(v))], 1)

    return part.deformed(raised)


def rowing_boat(rng: Rng) -> list[Part]:
    wood = colour(rng, "wood", "dark wood", "vivid", "white")
    length, width, height = between(rng, 2.0, 2.8), between(rng, 0.8, 1.1), between(rng, 0.4, 0.55)
    part = hull(rng, length, width, height, 0.09, 0.35)
    low = contrast(rng, wood) if chance(rng, 0.5) else shade(wood, 0.8)
    parts = [part.banded("y", [height * 0.55], [low, wood])]
    for z in (-0.25, 0.12):
        parts.append(box(width * 0.98, 0.06, 0.2).moved(0, height * 0.65, z * length).painted(shade(wood, 1.2)))
    if chance(rng, 0.6):
        oar = tube([(0.2, height, 0), (width * 1.1, height * 0.75, 0.1)], 0.03, 6)
        blade = box(0.4, 0.03, 0.14).rotated("z", -15).moved(width * 1.2, height * 0.7, 0.1)
        parts += [item.painted(colour(rng, "wood")) for item in both(oar, blade)]
    return parts


def sail(width: float, height: float, belly: float, square: bool) -> Part:
    """A sail that stands on y = 0 at z = 0 and swells towards +z; triangular ones have the mast edge at x = 0."""
    rows, columns = 5, 5
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    across = (u - 0.5) * (1 - 0.12 * v) if square else u * (1 - 0.97 * v)
    swell = belly * (1 - (2 * u - 1) ** 2) * (1 - (2 * v - 1) ** 2 * 0.7) * (1 if square else 1 - v)
    front = np.stack([across * width, v * height, swell + 0.018], -1)
    back = front - [0, 0, 0.036]
    rings = np.concatenate([front, back[:, ::-1]], 1)
    return loft(rings)


def sailing_ship(rng: Rng) -> list[Part]:
    wood, cloth = colour(rng, "wood", "dark wood", "vivid", "white"), colour(rng, "plaster", "white", "vivid")
    big = chance(rng, 0.5)
    length, height = (
        (between(rng, 2.6, 3.2), between(rng, 0.55, 0.75)) if big else (between(rng, 1.6, 2.2), between(rng, 0.3, 0.45))
    )
    width = length * between(rng, 0.28, 0.38)
    part = hull(rng, length, width, height, 0.07, 0.75 if big else 0.6)
    trim = contrast(rng, wood) if chance(rng, 0.4) else shade(wood, 0.7)
    parts = [part.banded("y", [height * 0.5], [trim, wood])]
    deck = height * (0.75 if big else 0.6)
    if not big:
        mast = between(rng, 1.5, 2.2)
        parts.append(cylinder(0.04, mast + deck, 8, top=0.025).painted(shade(wood, 0.8)))
        main = sail(length * 0.48, mast * 0.82, 0.12, False).moved(0.02).rotated("y", 90).moved(0, deck + 0.2, 0.01)
        jib = sail(length * 0.42, mast * 0.7, 0.1, False).moved(0.02).rotated("y", -90).moved(0, deck + 0.15, 0.0)
        boom = tube([(0, deck + 0.2, 0), (0, deck + 0.2, -length * 0.48)], 0.03, 6).painted(shade(wood, 0.8))
        return [*parts, main.painted(cloth), jib.painted(pick(rng, cloth, contrast(rng, cloth))), boom]
    count = whole(rng, 1, 3)
    for index in range(count):
        z = (index - (count - 1) / 2) * length * 0.28
        mast = between(rng, 1.5, 2.0) * (1.0 if count == 1 or index == count // 2 else 0.85)
        parts.append(cylinder(0.05, mast + deck, 8, top=0.03).moved(z=z).painted(shade(wood, 0.8)))
        low = deck + 0.25
        for share, wide in ((0.5, 1.0), (0.38, 0.75)):
            tall = mast * share * 0.85
            parts.append(sail(width * 1.35 * wide, tall, 0.18, True).moved(0, low, z + 0.03).painted(cloth))
            yard = box(width * 1.45 * wide, 0.04, 0.05).moved(0, low + tall - 0.02, z + 0.03)
            parts += [
                yard.painted(shade(wood, 0.7)),
                box(width * 1.4 * wide, 0.04, 0.05).moved(0, low - 0.02, z + 0.03).painted(shade(wood, 0.7)),
            ]
            low += tall + 0.05
        flag = box(0.3, 0.14, 0.03).moved(0.15, mast + deck - 0.16, z).painted(colour(rng, "vivid", "black"))
        parts.append(flag)
    castle = box(width * 0.75, 0.4, length * 0.2).moved(0, deck * 0.95, -length * 0.36)
    sprit = tube([(0, height * 0.9, length * 0.36), (0, height * 1.35, length * 0.7)], 0.035, 6)
    return [*parts, castle.painted(shade(wood, 0.9)), sprit.painted(shade(wood, 0.8))]


def motor_ship(rng: Rng) -> list[Part]:
    """Steamer, tug, ferry or speed boat."""
    paint, white = colour(rng, "vivid", "black", "blue", "white"), colour(rng, "white", "plaster", "pastel")
    length, height = between(rng, 2.2, 3.2), between(rng, 0.45, 0.6)
    width = length * between(rng, 0.28, 0.4)
    part = hull(rng, length, width, height, 0.06, 0.8)
    low = colour(rng, "red", "dull", "vivid")
    parts = [part.banded("y", [height * 0.35], [low, paint])]
    y, z, share = height * 0.78, -0.05 * length, 1.0
    glass = colour(rng, "window", "black")
    for _ in range(whole(rng, 1, 3)):
        tall = between(rng, 0.28, 0.4)
        cabin = box(width * 0.66 * share, tall, length * 0.42 * share, bevel=0.02).moved(0, y, z)
        parts.append(cabin.painted(white))
        parts.append(box(width * 0.67 * share, tall * 0.35, length * 0.36 * share).moved(0, y + tall * 0.45, z).painted(glass))
        parts.append(box(width * 0.5 * share, tall * 0.35, length * 0.43 * share).moved(0, y + tall * 0.45, z).painted(glass))
        y, z, share = y + tall - 0.01, z + between(rng, -0.03, 0.06), share * between(rng, 0.65, 0.85)
    if chance(rng, 0.75):
        for index in range(whole(rng, 1, 3)):
            stack = cylinder(0.12 * share + 0.05, 0.55, 12).moved(0, y - 0.03, z - 0.1 - 0.26 * index + 0.2 * share)
            stack = stack.banded("y", [y + 0.3, y + 0.42], [low, white, colour(rng, "black")])
            support = box(0.2, 0.25, 0.3).moved(0, y - 0.25, z - 0.1 - 0.26 * index + 0.2 * share).painted(white)
            parts += [stack, support]
    parts.append(cylinder(0.025, 0.9, 6).moved(0, height * 0.75, length * 0.3).painted(shade(white, 0.7)))
    return parts


def wing(root: float, tip: float, span: float, sweep: float, thick: float, rise: float = 0.0) -> Part:
    """The wing on the right side (+x), its root chord in the middle of z = 0."""
    rings = []
    for x, chord, shift, y, t in ((0, root, 0, 0, thick), (span, tip, -sweep, rise, thick * 0.5)):
        z = np.array([0.5, 0.2, -0.5, 0.2]) * chord + shift
        rings.append(np.stack([np.full(4, x), np.array([0, t / 2, 0, -t / 2]) + y, z], 1))
    return loft(np.stack(rings))


def plane(rng: Rng) -> list[Part]:
    paint, sides = colour(rng, "white", "vivid", "steel", "dull"), roundness(rng)
    accent, jet = contrast(rng, paint), chance(rng, 0.5)
    length, radius = between(rng, 2.6, 3.4), between(rng, 0.22, 0.34)
    half, high = length / 2, chance(rng, 0.3)
    profile = [
        (0, -half),
        (radius * 0.25, -half),
        (radius * 0.7, -half * 0.4),
        (radius, 0),
        (radius, half * 0.5),
        (radius * 0.7, half * 0.85),
        (0, half),
    ]
    body = lathe(smooth_profile(profile), sides).rotated("x", 90)
    stripe = between(rng, -0.3, 0.2) * radius
    parts = [body.banded("y", [stripe, stripe + 0.1], [paint, accent, paint]) if chance(rng, 0.6) else body.painted(paint)]
    span = between(rng, 1.2, 1.9)
    root, sweep = between(rng, 0.5, 0.8), between(rng, 0.4, 0.9) if jet else between(rng, 0, 0.15)
    y = radius * (0.75 if high else -0.4)
    main = wing(root, root * between(rng, 0.35, 0.9), span, sweep, 0.12, between(rng, 0, 0.2)).moved(0, y, 0.1)
    parts += both(main.painted(pick(rng, paint, accent)))
    tail = wing(root * 0.55, root * 0.3, span * 0.36, sweep * 0.5, 0.07).moved(0, 0.04, -half * 0.85)
    fin = wing(root * 0.6, root * 0.35, span * 0.36, 0.25, 0.07).rotated("z", 90).moved(0, 0.05, -half * 0.85)
    parts += [*both(tail.painted(paint)), fin.painted(accent)]
    canopy = ellipsoid(radius * 0.7, radius * 0.6, 0.42, 12).moved(0, radius * 0.75, half * 0.42)
    parts.append(canopy.painted(colour(rng, "window", "black")))
    if jet:
        for share in pick(rng, (0.35,), (0.3, 0.6)):
            engine = lathe([(0, 0), (0.1, 0), (0.14, 0.2), (0.14, 0.5), (0.11, 0.5), (0, 0.35)], 12).rotated("x", 90)
            z = 0.1 - sweep * share + root * 0.15
            pod = engine.moved(span * share, y - 0.12, z - 0.1)
            parts += both(pod.painted(accent), box(0.04, 0.2, 0.25).moved(span * share, y - 0.1, z + 0.05).painted(paint))
    else:
        parts += _propeller(rng, half, accent)
        if chance(rng, 0.35):
            upper = main.moved(0, -y + radius + 0.35, 0.05)
            strut = tube([(span * 0.5, y, 0.1), (span * 0.5, radius + 0.4, 0.15)], 0.025, 6)
            middle = tube([(0.12, radius * 0.7, 0.1), (0.12, radius + 0.4, 0.15)], 0.025, 6)
            parts += both(upper.painted(accent), strut.painted(paint), middle.painted(paint))
        leg = tube([(radius * 0.5, -radius * 0.5, half * 0.4), (0.35, -radius - 0.25, half * 0.45)], 0.03, 6)
        tyre = cylinder(0.13, 0.09, 12).rotated("z", 90).moved(0.4, -radius - 0.25, half * 0.45)
        parts += both(leg.painted(paint), tyre.painted(colour(rng, "rubber")))
    return parts


def smooth_profile(points: list[tuple[float, float]], count: int = 14) -> list[tuple[float, float]]:
    """A lathe profile with its inner points on a smooth curve; ends stay."""
    curve = smooth(points[1:-1], count)
    return [points[0], *((max(r, 1e-3), y) for r, y in curve), points[-1]]


def _propeller(rng: Rng, z: float, accent: np.ndarray) -> list[Part]:
    blade = box(0.09, between(rng, 0.45, 0.6), 0.03).moved(y=-0.03)
    count = whole(rng, 2, 4)
    parts = [
        blade.rotated("z", 20 + 360 * i / count).moved(z=z + 0.03).painted(colour(rng, "black", "wood", "steel"))
        for i in range(count)
    ]
    return [*parts, dome(0.09, 0.16, 10).rotated("x", 90).moved(z=z - 0.04).painted(accent)]


def helicopter(rng: Rng) -> list[Part]:
    paint, metal = colour(rng, "vivid", "white", "dull", "leaf"), colour(rng, "dark metal", "black")
    accent, sides = contrast(rng, paint), roundness(rng)
    radius = between(rng, 0.42, 0.55)
    body = ellipsoid(radius, radius * between(rng, 0.9, 1.1), between(rng, 0.75, 1.0), sides, between(rng, 0.7, 1))
    glass = body.centroids()
    window = (glass[:, 2] > 0.25) & (glass[:, 1] > -0.15)
    parts = [body.painted(paint).painted_where(window, colour(rng, "window", "black"))]
    end = np.array([0, between(rng, 0.05, 0.3), -between(rng, 1.6, 2.1)])
    parts.append(tube([(0, 0.1, -0.4), end], [radius * 0.45, 0.09], 10).painted(paint))
    fin = wing(0.4, 0.25, 0.5, 0.15, 0.06).rotated("z", 90).moved(*end).painted(accent)
    parts.append(fin)
    hub = end + at(0.14, 0.15, -0.03)
    parts.append(tube([end + at(0, 0.15, -0.03), hub + at(0.03, 0, 0)], 0.03, 6).painted(metal))
    blade = box(0.03, 0.3, 0.06).moved(y=-0.02)
    parts += [blade.rotated("x", angle).moved(*hub).painted(metal) for angle in (20, 200)]
    top, count = radius * 0.9, whole(rng, 2, 4)
    parts.append(cylinder(0.06, 0.4, 8).moved(y=top).painted(metal))
    reach = between(rng, 1.2, 1.7)
    rotor = box(reach, 0.025, 0.11).moved(x=reach / 2, y=top + 0.33)
    parts += around(rotor.painted(metal), count, between(rng, 0, 90))
    floor = -radius - 0.28
    runner = tube([(radius * 0.8, floor, -0.7), (radius * 0.8, floor, 0.6), (radius * 0.8, floor + 0.12, 0.75)], 0.035, 6)
    struts = [tube([(radius * 0.5, -radius * 0.5, z), (radius * 0.8, floor, z)], 0.03, 6) for z in (-0.3, 0.35)]
    return parts + [part.painted(metal) for part in both(runner, *struts)]


def rocket(rng: Rng) -> list[Part]:
    paint, accent, sides = (
        colour(rng, "white", "steel", "vivid", "pastel"),
        colour(rng, "red", "vivid", "orange"),
        roundness(rng) + 4,
    )
    height, radius = between(rng, 1.8, 2.8), between(rng, 0.28, 0.5)
    nose = between(rng, 0.25, 0.4)
    if chance(rng, 0.5):
        curve = smooth([(radius * 0.7, 0), (radius, height * 0.4), (radius * 0.75, height * 0.75), (0.02, height)], 14)
        profile = [(0, 0), *map(tuple, curve[:-1]), (0, height)]
    else:
        profile = [(0, 0), (radius, 0), (radius, height * (1 - nose)), (radius * 0.6, height * (1 - nose * 0.4)), (0, height)]
    body = lathe(profile, sides)
    bands = [height * 0.12, height * 0.2, height * (1 - nose * 0.9)]
    parts = [body.banded("y", bands, [paint, pick(rng, accent, paint), paint, accent])]
    outline = np.array(
        [
            (radius * 0.5, 0.35 * height),
            (radius * 0.5, 0.05 * height),
            (radius * 1.5, -0.15 * height),
            (radius * 2.0, -0.15 * height),
            (radius * 1.7, 0.1 * height),
        ]
    )
    fin = extrude(outline[::-1], 0.07)
    parts += around(fin.painted(accent), pick(rng, 3, 4), between(rng, 0, 60))
    nozzle = cylinder(radius * 0.75, 0.16 * height, sides, top=radius * 0.4).moved(y=-0.1 * height)
    parts.append(nozzle.painted(colour(rng, "dark metal")))
    for y in np.linspace(0.45, 0.65, whole(rng, 1, 2)) * height:
        size = radius * 0.36
        window = torus(size, size * 0.25, 14, 6).rotated("x", 90).moved(0, y, radius * 0.9).painted(accent)
        pane = ellipsoid(size, size, radius * 0.2, 12).moved(0, y, radius * 0.85).painted(colour(rng, "window"))
        parts += [window, pane]
    if chance(rng, 0.3):
        flame = lathe(
            [(0, -0.55 * height), (radius * 0.4, -0.25 * height), (radius * 0.55, -0.08 * height), (0, -0.06 * height)], 10
        )
        parts.append(flame.painted(colour(rng, "orange", "yellow")))
    elif chance(rng, 0.3):
        booster = lathe([(0, 0), (radius * 0.4, 0), (radius * 0.4, height * 0.45), (0, height * 0.58)], sides).moved(radius * 1.3)
        parts += [part.painted(paint).painted_where(part.centroids()[:, 1] > height * 0.44, accent) for part in both(booster)]
    return parts


def ufo(rng: Rng) -> list[Part]:
    metal, sides = colour(rng, "steel", "vivid", "dark metal", "pastel"), roundness(rng) + 6
    radius, high = between(rng, 0.9, 1.2), between(rng, 0.25, 0.45)
    disc = lathe(
        [(0, -high * 0.6), (radius * 0.45, -high * 0.5), (radius, 0), (radius * 0.95, 0.07), (radius * 0.5, high), (0, high)],
        sides,
    )
    parts = [disc.painted(metal).banded("y", [0.0], [shade(metal, 0.75), metal])]
    parts.append(
        dome(radius * 0.45, between(rng, 0.3, 0.5), sides).moved(y=high * 0.9).painted(colour(rng, "glass", "green", "vivid"))
    )
    lamp = sphere(0.09, 8).moved(radius * 0.86, 0.12).painted(colour(rng, "light", "vivid"))
    parts += around(lamp, whole(rng, 5, 10))
    if chance(rng, 0.6):
        leg = tube([(radius * 0.4, -high * 0.3, 0), (radius * 0.65, -high - 0.35, 0)], 0.04, 6)
        foot = cylinder(0.1, 0.05, 8).moved(radius * 0.65, -high - 0.38)
        parts += [item for part in (leg, foot) for item in around(part.painted(shade(metal, 0.6)), 3, 30)]
    if chance(rng, 0.4):
        parts.append(tube([(0, high, 0), (0, high + 0.8, 0)], [0.03, 0.015], 6).painted(metal))
        parts.append(sphere(0.06, 8).moved(0, high + 0.8).painted(colour(rng, "red")))
    return parts


def spaceship(rng: Rng) -> list[Part]:
    """A fighter: long body, wings, engines, cockpit."""
    paint, dark = colour(rng, "steel", "white", "vivid", "dull"), colour(rng, "dark metal", "black")
    accent, length = colour(rng, "vivid", "red", "orange", "blue"), between(rng, 1.8, 2.8)
    half, width = length / 2, between(rng, 0.35, 0.7)
    levels = [
        (-half, 0.7),
        (-half * 0.5, 1.0),
        (0, between(rng, 0.8, 1)),
        (half * 0.5, between(rng, 0.4, 0.7)),
        (half, between(rng, 0.08, 0.25)),
    ]
    sides, flat = pick(rng, 4, 6, 8, 12), between(rng, 0.45, 0.9)
    path = [(0, 0, z) for z, _ in levels]
    body = tube(path, [r * width / 2 for _, r in levels], sides, flat=flat)
    split = half * between(rng, 0.2, 0.7)
    parts = [body.banded("z", [split, split + 0.12], [paint, accent, paint])]
    span, sweep = between(rng, 0.6, 1.3), between(rng, -0.3, 0.9)
    root = between(rng, 0.6, 1.1)
    blade = wing(root, root * between(rng, 0.15, 0.7), span, sweep, 0.1, between(rng, -0.2, 0.3)).moved(0.05, 0, -half * 0.35)
    parts += both(blade.painted(pick(rng, paint, accent, shade(paint, 0.8))))
    if chance(rng, 0.35):
        parts += both(blade.rotated("z", between(rng, 20, 40)).painted(accent))
    if chance(rng, 0.5):
        fin = (
            wing(0.6, 0.25, between(rng, 0.3, 0.6), 0.35, 0.06).rotated("z", between(rng, 55, 90)).moved(0.08, 0.05, -half * 0.6)
        )
        parts += both(fin.painted(accent))
    parts.append(
        ellipsoid(width * 0.28, width * 0.3, length * 0.14, 10)
        .moved(0, width * flat * 0.4, half * 0.12)
        .painted(colour(rng, "window", "black", "orange"))
    )
    engine = lathe([(0, 0.1), (0.09, 0), (0.13, 0), (0.16, 0.2), (0.12, 0.7), (0, 0.75)], 10).rotated("x", 90)
    x = width * between(rng, 0.3, 0.6)
    parts += both(engine.moved(x, 0, -half - 0.12).painted(dark))
    flame = lathe([(0, -0.35), (0.08, -0.1), (0.09, 0.08), (0, 0.12)], 8).rotated("x", 90).moved(x, 0, -half - 0.1)
    if chance(rng, 0.4):
        parts += both(flame.painted(colour(rng, "orange", "glass", "blue")))
    if chance(rng, 0.5):
        gun = tube([(span * 0.6, 0, -sweep * 0.6 - half * 0.4), (span * 0.6, 0, half * between(rng, 0.2, 0.5))], 0.035, 6)
        rise = wing_height(blade, span * 0.6)
        parts += both(gun.moved(y=rise).painted(dark))
    return parts


def wing_height(blade: Part, x: float) -> float:
    """Height of a wing's middle surface at x, by its root and tip."""
    order = np.argsort(blade.vertices[:, 0])
    root, tip = blade.vertices[order[:4]].mean(0), blade.vertices[order[-4:]].mean(0)
    share = (x - root[0]) / (tip[0] - root[0])
    return float(root[1] + share * (tip[1] - root[1]))


def satellite(rng: Rng) -> list[Part]:
    gold, metal, blue = colour(rng, "gold", "steel", "white"), colour(rng, "steel", "dark metal"), colour(rng, "blue")
    size = between(rng, 0.4, 0.6)
    body = (
        box(size, size * between(rng, 0.9, 1.5), size, bevel=pick(rng, 0, 0.04))
        if chance(rng, 0.6)
        else cylinder(size * 0.55, size * 1.2, 8)
    )
    low, high = body.bounds()
    middle = (low[1] + high[1]) / 2
    parts = [body.painted(gold)]
    count, width = whole(rng, 1, 3), between(rng, 0.35, 0.5)
    arm = tube([(0, middle, 0), (size / 2 + 0.15 + count * (width + 0.03), middle, 0)], 0.03, 6)
    panels = [
        box(width, size * 0.9, 0.04).moved(size / 2 + 0.15 + (i + 0.5) * (width + 0.03), middle - size * 0.45)
        for i in range(count)
    ]
    parts += both(arm.painted(metal), *(panel.painted(blue).cut("y", middle).speckled(rng, 0.15) for panel in panels))
    dish = lathe([(0, 0), (0.2, 0.04), (0.32, 0.14), (0.3, 0.15), (0.18, 0.07), (0, 0.03)], 14)
    parts.append(dish.moved(y=high[1] + 0.12).painted(colour(rng, "white")))
    parts.append(cylinder(0.03, 0.2, 6).moved(y=high[1] - 0.03).painted(metal))
    parts.append(cylinder(0.012, 0.4, 5).moved(y=high[1] + 0.13).painted(metal))
    parts.append(cylinder(0.1, 0.15, 10, top=0.06).moved(y=low[1] - 0.12).painted(metal))
    return parts


FAMILIES = (rowing_boat, sailing_ship, motor_ship, plane, helicopter, rocket, ufo, spaceship, satellite)
