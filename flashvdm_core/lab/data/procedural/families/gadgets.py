"""Small things: hourglasses, bells, magnets, anchors, scissors, pencils, headphones, bulbs, drums, toys."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness
from ..colours import colour, contrast, shade
from ..mesh import Part, around, at, both
from ..outlines import arc, circle, smooth, superellipse
from ..primitives import box, capsule, cone_between, cylinder, ellipsoid, extrude, lathe, sphere, torus, tube


def hourglass(rng: Rng) -> list[Part]:
    wood, sand, sides = colour(rng, "wood", "gold", "dark wood", "steel"), colour(rng, "sand", "vivid"), roundness(rng)
    height, radius = between(rng, 1.0, 1.4), between(rng, 0.28, 0.4)
    curve = smooth(
        [(radius, 0.06), (radius * 0.9, height * 0.3), (0.06, height * 0.5), (radius * 0.9, height * 0.7), (radius, height)], 13
    )
    body = lathe([(0, 0.06), *map(tuple, curve), (0, height)], sides)
    low, high = height * between(rng, 0.15, 0.3), height * between(rng, 0.6, 0.75)
    glass = colour(rng, "glass", "white")
    parts = [body.banded("y", [low, height * 0.5, high], [sand, glass, sand, glass])]
    disc = cylinder(radius * 1.35, 0.09, sides)
    parts += [disc.painted(wood), disc.moved(y=height - 0.02).painted(wood)]
    return parts + around(cylinder(0.035, height, 8).moved(radius * 1.2, 0.02).painted(shade(wood, 0.8)), pick(rng, 3, 4), 20)


def bell(rng: Rng) -> list[Part]:
    metal, sides = colour(rng, "gold", "copper", "steel"), roundness(rng) + 4
    height, radius = between(rng, 0.8, 1.1), between(rng, 0.5, 0.65)
    outer = [(radius, 0), (radius * 0.75, height * 0.18), (radius * 0.58, height * 0.6), (radius * 0.4, height * 0.9)]
    inner = [(0, height * 0.82), (radius * 0.45, height * 0.6), (radius * 0.62, height * 0.18), (radius * 0.9, 0)]
    body = lathe([*inner, *outer, (0, height)], sides)
    parts = [body.painted(metal), sphere(0.11, 10).moved(y=0.02).painted(shade(metal, 0.6))]
    parts.append(cylinder(0.03, height * 0.85, 6).moved(y=0.02).painted(shade(metal, 0.6)))
    if chance(rng, 0.4):
        grip = lathe([(0.06, 0), (0.1, 0.2), (0.07, 0.4), (0.1, 0.5), (0, 0.55)], 10).moved(y=height - 0.03)
        return [*parts, grip.painted(colour(rng, "wood", "black"))]
    return [*parts, torus(0.12, 0.04, 14, 6).rotated("x", 90).moved(y=height + 0.1).painted(metal)]


def magnet(rng: Rng) -> list[Part]:
    tint, steel = colour(rng, "red", "vivid", "blue"), colour(rng, "steel", "white")
    inner, outer, leg = between(rng, 0.3, 0.45), 0.8, between(rng, 0.3, 0.7)
    outline = np.concatenate(
        [arc(outer, 0, 180, 12), [(-outer, -leg), (-inner, -leg)], arc(inner, 180, 0, 12), [(inner, -leg), (outer, -leg)]]
    )
    body = extrude(outline, between(rng, 0.3, 0.45))
    return [body.banded("y", [-leg + between(rng, 0.2, 0.3)], [steel, tint])]


def anchor(rng: Rng) -> list[Part]:
    iron = colour(rng, "dark metal", "steel", "gold", "blue")
    path = np.column_stack([arc(0.62, 200, 340, 13), np.zeros(13)])
    radii = np.interp(np.linspace(0, 1, 13), [0, 0.5, 1], [0.05, 0.11, 0.05])
    parts = [
        tube([(0, -0.6, 0), (0, 0.75, 0)], 0.08, 8),
        tube(path, radii, 8, up=(0, 0, 1)),
        torus(0.16, 0.05, 16, 6).rotated("x", 90).moved(y=0.88),
    ]
    parts.append(tube([(-0.36, 0.5, 0), (0.36, 0.5, 0)], 0.06, 8, rounded=True))
    fluke = extrude(np.array([(-0.14, -0.05), (0.16, 0.0), (0.02, 0.3)]), 0.1).rotated("z", 20).moved(-0.6, -0.22)
    parts += both(fluke)
    parts = [part.painted(iron) for part in parts]
    if chance(rng, 0.35):
        t = np.linspace(0, 1, 22)
        rope = np.column_stack([0.16 * np.sin(t * 11), 0.9 - 1.35 * t, 0.14 * np.cos(t * 11)])
        parts.append(tube(rope, 0.04, 6).painted(colour(rng, "sand")))
    return parts


def scissors(rng: Rng) -> list[Part]:
    steel, grip = colour(rng, "steel", "dark metal"), colour(rng, "vivid", "black")
    opened, parts = between(rng, 8, 28), []
    for side in (-1, 1):
        blade = extrude(np.array([(-0.07, -0.05), (0.07, -0.05), (0.05, 0.6), (-0.02, 0.95), (-0.06, 0.6)]), 0.05)
        shank = tube([(0, 0.0, 0), (0.1, -0.35, 0)], 0.05, 6)
        loop = superellipse(16, 0.36, 0.5, 0.9)
        ring = extrude(loop, 0.11, hole=loop * 0.62).moved(0.18, -0.55)
        for part, tint in ((blade, steel), (shank, steel), (ring, grip)):
            parts.append(part.rotated("z", -opened).scaled(side, 1, 1).moved(z=0.025 * side).painted(tint))
    return [*parts, cylinder(0.06, 0.14, 10).rotated("x", 90).moved(z=-0.07).painted(grip)]


def pencil(rng: Rng) -> list[Part]:
    """A pencil, a brush, or a pen; upright."""
    tint, kind, length = colour(rng, "vivid", "yellow"), pick(rng, "pencil", "brush", "crayon"), between(rng, 1.2, 1.7)
    radius = between(rng, 0.09, 0.14)
    if kind == "brush":
        wood, bristle = colour(rng, "wood", "vivid"), colour(rng, "bark", "sand")
        flat = pick(rng, 1.0, 0.4)
        shaft = tube([(0, 0, 0), (0, length * 0.6, 0), (0, length, 0)], [0.04, radius * 0.8, radius * 0.6], 8, rounded=True)
        ring = cylinder(radius * 0.8, 0.25, 10, top=radius * 1.2).moved(y=length - 0.03).scaled(1, 1, flat)
        hair = (
            lathe([(radius * 1.1, 0), (radius * 1.4, 0.18), (radius * 0.9, 0.35), (0, 0.5)], 10)
            .moved(y=length + 0.2)
            .scaled(1, 1, flat)
        )
        return [
            shaft.painted(wood),
            ring.painted(colour(rng, "steel", "gold")),
            hair.banded("y", [length + 0.42], [bristle, colour(rng, "vivid")]),
        ]
    sides = 6 if kind == "pencil" else 10
    body = lathe([(0, 0), (0.02, 0.0), (radius, 0.32), (radius, length), (0, length)], sides)
    wood, lead = colour(rng, "bread"), colour(rng, "black") if kind == "pencil" else tint
    parts = [body.banded("y", [0.1, 0.31], [lead, wood if kind == "pencil" else tint, tint])]
    if kind == "crayon":
        return [*parts, cylinder(radius * 1.12, length * 0.55, 10).moved(y=length * 0.35).painted(shade(tint, 0.7))]
    band = cylinder(radius * 1.06, 0.12, 10).moved(y=length - 0.02).painted(colour(rng, "steel", "gold"))
    return [*parts, band, rubber_end(radius, length)] if chance(rng, 0.8) else parts


def rubber_end(radius: float, y: float) -> Part:
    """The rubber at a pencil's end."""
    return lathe([(radius, 0), (radius, 0.12), (radius * 0.7, 0.2), (0, 0.2)], 10).moved(y=y + 0.08).painted((235, 140, 150))


def headphones(rng: Rng) -> list[Part]:
    tint, pad = colour(rng, "vivid", "black", "white", "steel"), colour(rng, "black", "dark metal", "leather")
    curve = np.column_stack([arc(0.62, 0, 180, 13), np.zeros(13)]) + at(0, 0.1, 0)
    parts = [tube(curve, between(rng, 0.05, 0.09), 8, up=(0, 0, 1), flat=1.5).painted(tint)]
    shell = lathe([(0, 0), (0.26, 0), (0.24, 0.14), (0.12, 0.2), (0, 0.2)], 16).rotated("z", -90).moved(0.58, 0.02).painted(tint)
    cushion = torus(0.2, 0.09, 16, 8).rotated("z", 90).moved(0.53, 0.02).painted(pad)
    parts += both(shell, cushion)
    if chance(rng, 0.4):
        boom = tube(smooth([(0.6, -0.1, 0.05), (0.55, -0.3, 0.3), (0.25, -0.38, 0.48)], 7), 0.025, 6)
        parts += [boom.painted(pad), capsule(0.05, 0.16, 8).rotated("z", 90).moved(0.28, -0.38, 0.48).painted(pad)]
    return parts


def controller(rng: Rng) -> list[Part]:
    tint = colour(rng, "black", "white", "vivid", "steel")
    body = box(1.0, 0.16, 0.5, bevel=0.06).painted(tint)
    grip = tube([(0.42, 0.08, 0.0), (0.52, 0.04, 0.3), (0.46, 0.0, 0.55)], [0.2, 0.17, 0.11], 10, rounded=True, flat=0.6).painted(
        tint
    )
    parts = [body, *both(grip)]
    stick = [
        cylinder(0.1, 0.04, 12).moved(0.2, 0.13, 0.14),
        cylinder(0.04, 0.12, 8).moved(0.2, 0.13, 0.14),
        cylinder(0.085, 0.05, 12).moved(0.2, 0.23, 0.14),
    ]
    parts += [part.painted(shade(tint, 0.45) if tint.mean() > 60 else colour(rng, "dark metal")) for part in both(*stick)]
    for angle, name in ((0, "red"), (90, "yellow"), (180, "blue"), (270, "green")):
        a = np.radians(angle)
        parts.append(
            cylinder(0.05, 0.06, 10).moved(0.4 + 0.1 * np.cos(a), 0.14, -0.08 + 0.1 * np.sin(a)).painted(colour(rng, name))
        )
    pad = [box(0.24, 0.06, 0.08).moved(-0.4, 0.13, -0.08), box(0.08, 0.06, 0.24).moved(-0.4, 0.13, -0.08)]
    return [
        *parts,
        *(part.painted(contrast(rng, tint)) for part in pad),
        box(0.2, 0.12, 0.1).moved(-0.35, 0.05, -0.26).painted(tint),
        box(0.2, 0.12, 0.1).moved(0.35, 0.05, -0.26).painted(tint),
    ]


def light_bulb(rng: Rng) -> list[Part]:
    glow, metal, sides = colour(rng, "light", "vivid", "white"), colour(rng, "steel", "gold", "dark metal"), roundness(rng) + 4
    radius = between(rng, 0.42, 0.55)
    curve = smooth([(0.17, 0.4), (0.22, 0.55), (radius, 1.0), (radius * 0.8, 1.32), (0.02, 1.5)], 14)
    parts = [lathe([(0, 0.38), *map(tuple, curve[:-1]), (0, 1.5)], sides).painted(glow)]
    thread = [
        (0, 0),
        (0.08, 0.0),
        (0.15, 0.06),
        (0.19, 0.1),
        (0.16, 0.15),
        (0.19, 0.2),
        (0.16, 0.25),
        (0.19, 0.3),
        (0.17, 0.42),
        (0, 0.42),
    ]
    return [*parts, lathe(thread, sides).painted(metal)]


def telescope(rng: Rng) -> list[Part]:
    metal, wood = colour(rng, "gold", "steel", "black", "white"), colour(rng, "wood", "dark wood", "dark metal")
    tilt, lengths, radius = between(rng, 15, 50), (0.55, 0.45, 0.3), between(rng, 0.12, 0.18)
    parts, z = [], 0.7
    for index, length in enumerate(lengths):
        r = radius * (1 - 0.22 * index)
        tubes = [
            cylinder(r, length, 14).rotated("x", -90).moved(z=z).painted(metal),
            cylinder(r * 1.15, 0.07, 14).rotated("x", -90).moved(z=z).painted(shade(metal, 0.6)),
        ]
        parts += tubes
        z -= length - 0.02
    parts = [part.rotated("x", -tilt).moved(y=1.0) for part in parts]
    parts.append(sphere(radius * 0.8, 10).moved(y=0.9).painted(wood))
    leg = tube([(0, 0.92, 0), (0.5, 0, 0)], [0.05, 0.035], 6).painted(wood)
    return [*parts, *around(leg, 3, 30)]


def drum(rng: Rng) -> list[Part]:
    tint, skin, sides = colour(rng, "vivid", "red", "wood"), colour(rng, "bone", "white"), roundness(rng) + 4
    radius, height = between(rng, 0.5, 0.7), between(rng, 0.4, 1.1)
    waist = radius * between(rng, 0.75, 1.0)
    body = lathe([(0, 0), (radius, 0), (waist, height / 2), (radius, height), (0, height)], sides)
    cap = np.abs(body.normals()[:, 1]) > 0.95
    rim = torus(radius, 0.05, sides, 6).painted(colour(rng, "gold", "white", "wood"))
    parts = [body.painted(tint).painted_where(cap, skin), rim.moved(y=0.03), rim.moved(y=height - 0.03)]
    zig = tube([(radius * 1.02, 0.03, 0), (radius * 1.02 * np.cos(0.4), height - 0.03, radius * 1.02 * np.sin(0.4))], 0.018, 5)
    parts += around(zig.painted(colour(rng, "white", "gold")), 8)
    if chance(rng, 0.6):
        stick = tube([(-0.45, height + 0.03, 0.15), (0.55, height + 0.12, 0.05)], 0.03, 6).painted(colour(rng, "wood"))
        parts += [stick, sphere(0.06, 8).moved(-0.45, height + 0.03, 0.15).painted(colour(rng, "wood"))]
    return parts


def trumpet(rng: Rng) -> list[Part]:
    metal, sides = colour(rng, "gold", "gold", "steel", "copper"), 14
    horn = lathe(
        [(0, -0.5), (0.05, -0.5), (0.05, 0.4), (0.1, 0.7), (0.36, 0.95), (0.36, 0.98), (0.08, 0.68), (0, 0.6)], sides
    ).rotated("z", -90)
    loop = superellipse(20, 0.75, 0.28, 0.6)
    parts = [horn, tube(np.column_stack([loop, np.zeros(20)]), 0.04, 8, loop=True, up=(0, 0, 1)).moved(0.0, -0.13)]
    parts.append(tube([(-0.48, 0, 0), (-0.85, 0, 0)], [0.04, 0.035], 8))
    parts.append(lathe([(0.03, 0), (0.08, 0.1), (0.08, 0.13), (0, 0.1)], 10).rotated("z", 90).moved(-0.8))
    for x in (-0.12, 0.0, 0.12):
        parts += [
            cylinder(0.045, 0.36, 8).moved(x, -0.25),
            cylinder(0.03, 0.12, 6).moved(x, 0.08),
            cylinder(0.05, 0.03, 8).moved(x, 0.19),
        ]
    return [part.painted(metal) for part in parts]


def rubber_duck(rng: Rng) -> list[Part]:
    tint, beak = colour(rng, "yellow", "yellow", "vivid", "white"), colour(rng, "orange")
    parts = [ellipsoid(0.5, 0.36, 0.62, 16).moved(y=0.34).painted(tint)]
    size = between(rng, 0.28, 0.38)
    head_y = 0.62 + size * 0.7
    parts += [
        sphere(size, 14).moved(0, head_y, 0.25).painted(tint),
        cone_between((0, 0.5, -0.5), (0, 0.78, -0.82), 0.2, 8).painted(tint),
    ]
    parts.append(ellipsoid(0.14, 0.05, 0.2, 10).moved(0, head_y - 0.05, 0.25 + size).painted(beak))
    eye = sphere(0.05, 8).moved(size * 0.55, head_y + 0.08, 0.25 + size * 0.78).painted(colour(rng, "black"))
    wing = ellipsoid(0.1, 0.2, 0.34, 10).rotated("x", 15).moved(0.47, 0.42, -0.1).painted(shade(tint, 0.92))
    return [*parts, *both(eye, wing)]


def spinning_toy(rng: Rng) -> list[Part]:
    """A spinning top or a yo-yo."""
    tint, other = colour(rng, "vivid"), colour(rng, "white", "yellow", "vivid")
    if chance(rng, 0.4):
        half = lathe([(0, 0.04), (0.3, 0.05), (0.55, 0.12), (0.58, 0.24), (0.4, 0.34), (0, 0.36)], roundness(rng) + 4).rotated(
            "z", -90
        )
        outline = circle(12) * 0.12
        string = tube(smooth([(0, 0.3, 0), (0.02, 1.0, 0.05), (0.0, 1.5, 0)], 7), 0.02, 5).painted(colour(rng, "white"))
        hoop = tube(np.column_stack([outline, np.zeros(12)]) + at(0, 1.6, 0), 0.02, 5, loop=True).painted(colour(rng, "white"))
        return [*both(half.painted(tint)), cylinder(0.3, 0.2, 10).rotated("z", 90).moved(0.1).painted(other), string, hoop]
    body = lathe(
        [(0, 0), (0.06, 0.1), (0.55, 0.5), (0.6, 0.6), (0.45, 0.75), (0.06, 0.85), (0.05, 1.15), (0.09, 1.2), (0, 1.25)],
        roundness(rng) + 4,
    )
    return [body.banded("y", [0.12, 0.35, 0.52, 0.68], [other, tint, other, tint, other]).rotated("z", between(rng, 0, 15))]


FAMILIES = (
    hourglass,
    bell,
    magnet,
    anchor,
    scissors,
    pencil,
    headphones,
    controller,
    light_bulb,
    telescope,
    drum,
    trumpet,
    rubber_duck,
    spinning_toy,
)
