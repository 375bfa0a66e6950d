"""Electronics, clocks and instruments."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, at, both
from ..outlines import smooth, superellipse
from ..primitives import (
    box,
    capsule,
    cylinder,
    dome,
    ellipsoid,
    extrude,
    lathe,
    torus,
    tube,
)


def monitor(rng: Rng) -> list[Part]:
    """A screen on a stand, an old television, or a laptop."""
    case, screen = colour(rng, "black", "dark metal", "white", "steel", "wood"), colour(rng, "blue", "black", "window", "vivid")
    kind = pick(rng, "flat", "tube", "laptop")
    width, height = between(rng, 1.1, 1.6), between(rng, 0.7, 0.95)
    if kind == "laptop":
        base = box(width, 0.06, height * 0.95, bevel=0.015).painted(case)
        keys = [
            box(width * 0.075, 0.02, 0.075).moved(x, 0.055, z).painted(shade(case, 0.4) if case.mean() > 90 else shade(case, 3))
            for x in np.linspace(-0.42, 0.42, 10) * width
            for z in np.linspace(-0.28, 0.08, 4) * height
        ]
        pad = box(width * 0.25, 0.012, 0.16).moved(0, 0.055, height * 0.33).painted(shade(case, 0.7))
        lean = between(rng, 5, 35)
        lid = [
            box(width, height, 0.05, bevel=0.012).painted(case),
            box(width * 0.92, height * 0.86, 0.02).moved(0, height * 0.07, 0.025).painted(screen),
        ]
        return [base, *keys, pad, *(part.rotated("x", -lean).moved(0, 0.04, -height * 0.46) for part in lid)]
    if kind == "tube":
        depth = between(rng, 0.5, 0.8)
        body = box(width, height, depth, bevel=0.06).moved(y=0.12).painted(case)
        pane = (
            extrude(superellipse(16, width * 0.66, height * 0.75, 0.4), 0.08, bevel=0.12)
            .moved(-width * 0.1, 0.12 + height / 2, depth / 2)
            .painted(screen)
        )
        dials = [
            cylinder(0.06, 0.08, 10)
            .rotated("x", 90)
            .moved(width * 0.36, 0.12 + height * y, depth / 2 - 0.02)
            .painted(shade(case, 0.5))
            for y in (0.75, 0.5)
        ]
        legs = [
            tube([(x, 0.15, z), (x * 1.15, -0.05, z * 1.15)], 0.035, 6).painted(colour(rng, "wood", "dark metal"))
            for x in (-0.35, 0.35)
            for z in (-0.2, 0.2)
        ]
        feeler = tube([(0.02, height + 0.1, 0), (0.35, height + between(rng, 0.4, 0.7), 0)], 0.014, 5).painted(
            colour(rng, "steel")
        )
        return [body, pane, *dials, *legs, *(both(feeler) if chance(rng, 0.7) else [])]
    stand = between(rng, 0.15, 0.35)
    body = box(width, height, 0.08, bevel=0.02).moved(y=stand).painted(case)
    pane = box(width * 0.93, height * 0.88, 0.03).moved(0, stand + height * 0.07, 0.035).painted(screen)
    neck = box(0.12, stand + height * 0.4, 0.06).moved(z=-0.06).painted(case)
    foot = pick(rng, box(width * 0.35, 0.04, 0.32, bevel=0.01), cylinder(0.25, 0.04, 16)).painted(case)
    return [body, pane, neck, foot]


def keyboard(rng: Rng) -> list[Part]:
    case, width = colour(rng, "black", "white", "steel", "dark metal", "vivid"), between(rng, 1.5, 2.0)
    parts, key = [box(width, 0.1, 0.62, bevel=0.02).painted(case)], pick(rng, shade(case, 1.5), contrast(rng, case))
    columns = whole(rng, 10, 14)
    for row in range(4):
        for column in range(columns):
            x, z = ((column + 0.5) / columns - 0.5) * width * 0.94, (row - 1.5) * 0.14
            if row == 3 and 2 < column < columns - 3:
                continue
            parts.append(box(width * 0.94 / columns * 0.84, 0.06, 0.11, top=(0.85, 0.85)).moved(x, 0.09, z).painted(key))
    parts.append(box(width * 0.94 * (columns - 6) / columns, 0.06, 0.11).moved(0, 0.09, 0.21).painted(key))
    return parts


def piano(rng: Rng) -> list[Part]:
    wood = colour(rng, "black", "dark wood", "wood", "white")
    parts = [box(1.5, 1.15, 0.45).painted(wood), box(1.5, 0.12, 0.85).moved(0, 0.55, 0.2).painted(wood)]
    white, black = colour(rng, "white"), colour(rng, "black")
    parts.append(box(1.38, 0.04, 0.24).moved(0, 0.66, 0.45).painted(white))
    parts += [box(0.03, 0.05, 0.14).moved(x, 0.68, 0.4).painted(black) for x in np.linspace(-0.62, 0.62, whole(rng, 9, 15))]
    parts += both(
        box(0.09, 0.58, 0.09).moved(0.68, 0, 0.56).painted(wood), box(0.06, 0.2, 0.35).moved(0.72, 0.6, 0.4).painted(wood)
    )
    parts += [
        box(1.58, 0.05, 0.52).moved(y=1.13).painted(wood),
        box(0.7, 0.3, 0.04).rotated("x", -15).moved(0, 0.72, 0.27).painted(shade(wood, 1.3)),
    ]
    if chance(rng, 0.6):
        parts += [
            box(0.6, 0.08, 0.32, bevel=0.02).moved(0, 0.38, 0.85).painted(colour(rng, "leather", "red")),
            *(box(0.06, 0.4, 0.06).moved(x, 0, 0.85 + z).painted(wood) for x in (-0.24, 0.24) for z in (-0.1, 0.1)),
        ]
        parts.append(box(0.1, 0.05, 0.5).moved(0, 0.2, 0.6).painted(wood))
        parts.append(box(0.5, 0.05, 0.05).moved(0, 0.2, 0.75).painted(wood))
        parts.append(box(0.06, 0.22, 0.06).moved(0, 0.2, 0.85).painted(wood))
        parts.append(box(0.1, 0.06, 0.3).moved(0, 0.2, 0.3).painted(wood))
    return parts


def phone(rng: Rng) -> list[Part]:
    case, kind = colour(rng, "black", "white", "vivid", "red"), pick(rng, "mobile", "desk", "handset")
    if kind == "mobile":
        width, height = between(rng, 0.5, 0.62), between(rng, 1.0, 1.25)
        outline = superellipse(20, width, height, 0.25)
        parts = [extrude(outline, 0.09, bevel=0.05).painted(case)]
        parts.append(extrude(outline * [0.9, 0.86], 0.03).moved(z=0.045).painted(colour(rng, "blue", "black", "vivid")))
        parts.append(cylinder(0.05, 0.03, 10).rotated("x", 90).moved(0, -height * 0.455, 0.03).painted(shade(case, 0.6)))
        for row in range(whole(rng, 0, 4)):
            parts += [
                box(0.09, 0.09, 0.02, bevel=0.004).moved(x, height * 0.25 - 0.15 * row, 0.06).painted(colour(rng, "vivid"))
                for x in (-0.14, 0, 0.14)
            ]
        return parts
    if kind == "handset":
        body = box(0.42, 1.1, 0.2, bevel=0.05).painted(case)
        keys = [
            box(0.08, 0.06, 0.05).moved(x, 0.12 + 0.11 * r, 0.1).painted(contrast(rng, case))
            for x in (-0.11, 0, 0.11)
            for r in range(4)
        ]
        pane = box(0.3, 0.25, 0.04).moved(0, 0.65, 0.095).painted(colour(rng, "green", "window"))
        return [body, *keys, pane, capsule(0.05, 0.5, 8).moved(0.14, 0.95).painted(case)]
    base = box(0.95, 0.35, 0.8, bevel=0.05, top=(0.6, 0.5)).painted(case)
    dial = cylinder(0.24, 0.06, 16).rotated("x", 62).moved(0, 0.22, 0.27).painted(colour(rng, "white"))
    hub = cylinder(0.1, 0.09, 12).rotated("x", 62).moved(0, 0.22, 0.27).painted(case)
    grip = tube(smooth([(-0.5, 0.42, 0), (-0.3, 0.53, 0), (0.3, 0.53, 0), (0.5, 0.42, 0)], 9), 0.07, 8).painted(case)
    cup = cylinder(0.14, 0.13, 12, top=0.1).moved(0.5, 0.33).painted(case)
    cradle = box(0.09, 0.25, 0.2).moved(0.22, 0.27).painted(shade(case, 0.7))
    return [base, dial, hub, grip, *both(cup, cradle)]


def camera(rng: Rng) -> list[Part]:
    case, leather, sides = (
        colour(rng, "black", "steel", "dark metal", "vivid"),
        colour(rng, "black", "leather", "vivid"),
        roundness(rng),
    )
    width, height = between(rng, 1.0, 1.3), between(rng, 0.6, 0.75)
    body = box(width, height, 0.4, bevel=0.04).banded("y", [height * 0.2, height * 0.75], [case, leather, case])
    radius, reach = height * between(rng, 0.3, 0.42), between(rng, 0.2, 0.55)
    x = pick(rng, 0.0, width * 0.08)
    lens = lathe(
        [
            (0, 0),
            (radius, 0),
            (radius, reach * 0.5),
            (radius * 0.88, reach * 0.55),
            (radius * 0.95, reach),
            (radius * 0.75, reach),
            (radius * 0.6, reach * 0.8),
            (0, reach * 0.85),
        ],
        sides + 4,
    )
    lens = lens.painted(colour(rng, "black", "steel")).rotated("x", 90).moved(x, height * 0.48, 0.18)
    glass = (
        dome(radius * 0.62, 0.06, 14)
        .rotated("x", 90)
        .moved(x, height * 0.48, 0.18 + reach * 0.78)
        .painted(colour(rng, "blue", "glass"))
    )
    finder = box(width * 0.28, 0.18, 0.3, bevel=0.03, top=(0.75, 0.8)).moved(x, height - 0.02).painted(case)
    button = cylinder(0.06, 0.08, 10).moved(width * 0.36, height - 0.02).painted(colour(rng, "red", "steel"))
    dial = cylinder(0.09, 0.07, 12).moved(-width * 0.36, height - 0.02).painted(shade(case, 0.7))
    parts = [body, lens, glass, finder, button, dial]
    if chance(rng, 0.3):
        foot = [
            tube([(0, 0.02, 0), (0.5 * np.cos(a), -1.0, 0.5 * np.sin(a))], [0.05, 0.03], 6).painted(colour(rng, "dark metal"))
            for a in (0.5, 2.6, 4.7)
        ]
        parts += foot
    return parts


def clock(rng: Rng) -> list[Part]:
    tint, face, sides = colour(rng, "vivid", "wood", "gold", "dark wood", "black"), colour(rng, "white", "bone", "black"), 24
    kind = pick(rng, "wall", "alarm", "tall")
    radius = 0.42
    mark = contrast(rng, face) if face.mean() < 100 else colour(rng, "black")
    ring = lathe(
        [
            (radius * 0.84, -0.02),
            (radius, -0.02),
            (radius * 1.04, 0.05),
            (radius * 0.9, 0.1),
            (radius * 0.84, 0.1),
            (radius * 0.84, -0.02),
        ],
        sides,
    )
    dial = [ring.painted(tint), cylinder(radius * 0.92, 0.06, sides).painted(face)]
    dial += [box(0.03, 0.02, 0.07).moved(0, 0.055, radius * 0.72).rotated("y", 30 * i).painted(mark) for i in range(12)]
    hours, minutes = between(rng, 0, 360), between(rng, 0, 360)
    dial += [
        box(0.04, 0.02, length).moved(0, 0.06 + lift, -length * 0.45).rotated("y", turn).painted(mark)
        for length, turn, lift in ((0.22, hours, 0), (0.32, minutes, 0.01))
    ]
    dial = [part.rotated("x", 90) for part in (*dial, cylinder(0.03, 0.1, 8).painted(tint))]
    if kind == "wall":
        return dial
    if kind == "alarm":
        bell = dome(0.2, 0.15, 12).rotated("z", -32).moved(0.23, 0.34).painted(colour(rng, "steel", "gold"))
        leg = tube([(0.2, -0.3, 0), (0.32, -0.5, 0)], 0.04, 6).painted(tint)
        drum = cylinder(radius, 0.3, sides).rotated("x", 90).moved(z=-0.25).painted(tint)
        return [
            *dial,
            drum,
            *both(bell.moved(z=-0.1), leg.moved(z=-0.12)),
            box(0.05, 0.16, 0.05).moved(0, 0.38, -0.1).painted(tint),
        ]
    wood = colour(rng, "wood", "dark wood")
    parts = [
        box(0.9, 0.95, 0.4, bevel=0.02).moved(y=-0.47, z=-0.22),
        box(0.65, 1.3, 0.34).moved(y=-1.7, z=-0.22),
        box(0.9, 0.3, 0.42).moved(y=-1.95, z=-0.22),
    ]
    peak = extrude(np.array([(-0.5, 0), (0.5, 0), (0, 0.35)]), 0.42).moved(y=0.47, z=-0.22)
    pane = box(0.4, 0.9, 0.05).moved(y=-1.5, z=-0.06).painted(shade(wood, 0.4))
    bob = [cylinder(0.02, 0.7, 6).moved(0, -1.25, -0.02), cylinder(0.13, 0.05, 14).rotated("x", 90).moved(0, -1.28, -0.04)]
    return [*dial, *(part.painted(wood) for part in (*parts, peak)), pane, *(part.painted(colour(rng, "gold")) for part in bob)]


def radio(rng: Rng) -> list[Part]:
    """A radio, a loudspeaker or a stereo."""
    case, cloth, sides = colour(rng, "wood", "vivid", "black", "pastel", "steel"), colour(rng, "black", "bone", "dark metal"), 16
    if chance(rng, 0.4):
        height = between(rng, 1.0, 1.5)
        parts = [box(0.75, height, 0.6, bevel=0.03).painted(case)]
        for y, r in ((0.32, 0.26), (0.72, between(rng, 0.14, 0.2))):
            cone = (
                lathe([(0, 0), (r, 0), (r, 0.06), (r * 0.85, 0.06), (r * 0.3, 0.02), (0, 0.06)], sides)
                .rotated("x", 90)
                .moved(0, y * height, 0.285)
            )
            rim = torus(r, 0.03, sides, 6).rotated("x", 90).moved(0, y * height, 0.3)
            parts += [cone.painted(cloth), rim.painted(colour(rng, "steel", "gold"))]
        return parts
    width, height = between(rng, 1.1, 1.6), between(rng, 0.6, 0.85)
    parts = [box(width, height, 0.4, bevel=pick(rng, 0.03, 0.1)).painted(case)]
    speakers = (-1, 1) if chance(rng, 0.5) else (-1,)
    for side in speakers:
        r = height * 0.3
        disc = cylinder(r, 0.06, sides).rotated("x", 90).moved(side * width * 0.29, height * 0.45, 0.17)
        parts += [
            disc.painted(cloth),
            cylinder(r * 0.4, 0.08, 12)
            .rotated("x", 90)
            .moved(side * width * 0.29, height * 0.45, 0.17)
            .painted(shade(case, 0.7)),
        ]
    x = 0.0 if len(speakers) == 2 else width * 0.2
    parts.append(
        box(width * 0.26, height * 0.22, 0.05).moved(x, height * 0.6, 0.19).painted(colour(rng, "light", "window", "black"))
    )
    parts += [
        cylinder(0.05, 0.07, 10).rotated("x", 90).moved(x + dx, height * 0.3, 0.19).painted(colour(rng, "steel", "black"))
        for dx in (-0.12, 0.0, 0.12)
    ]
    if chance(rng, 0.6):
        parts.append(
            tube([(width * 0.4, height - 0.05, -0.1), (width * 0.3, height + between(rng, 0.4, 0.8), -0.1)], 0.018, 5).painted(
                colour(rng, "steel")
            )
        )
    if chance(rng, 0.5):
        path = [
            (-width * 0.35, height - 0.05, 0),
            (-width * 0.33, height + 0.18, 0),
            (width * 0.33, height + 0.18, 0),
            (width * 0.35, height - 0.05, 0),
        ]
        parts.append(tube(path, 0.035, 8).painted(shade(case, 0.6)))
    return parts


def fan(rng: Rng) -> list[Part]:
    tint, blade_tint = colour(rng, "white", "vivid", "black", "steel"), colour(rng, "vivid", "steel", "white", "glass")
    radius, height = 0.5, between(rng, 0.6, 1.1)
    hub, count = np.array([0, height, 0.1]), whole(rng, 3, 5)
    parts = [lathe([(0.32, 0), (0.32, 0.05), (0.08, 0.1), (0.05, height)], 16).painted(tint)]
    parts.append(capsule(0.15, 0.45, 12).moved(y=-0.3).rotated("x", 90).moved(*hub).painted(tint))
    blade = ellipsoid(0.13, 0.21, 0.02, 10).rotated("y", 25).moved(0, 0.24)
    parts += [blade.rotated("z", 360 * i / count).moved(*(hub + at(0, 0, 0.16))).painted(blade_tint) for i in range(count)]
    for z in (0.04, 0.25):
        parts.append(torus(radius, 0.02, 24, 5).rotated("x", 90).moved(*(hub + at(0, 0, z))).painted(tint))
    for index in range(8):
        wire = tube(smooth([(0, 0.06, 0.3), (0, 0.3, 0.3), (0, radius, 0.25), (0, radius, 0.04), (0, 0.1, 0.0)], 9), 0.011, 4)
        parts.append(wire.rotated("z", 45 * index).moved(*hub).painted(tint))
    return [*parts, cylinder(0.1, 0.05, 12).rotated("x", 90).moved(*(hub + at(0, 0, 0.27))).painted(blade_tint)]


def guitar(rng: Rng) -> list[Part]:
    wood, dark = colour(rng, "wood", "red", "vivid", "black"), colour(rng, "dark wood", "black")
    half = smooth([(0.0, 0.0), (0.42, 0.08), (0.5, 0.35), (0.32, 0.62), (0.38, 0.9), (0.22, 1.08), (0, 1.1)], 16)
    if chance(rng, 0.35):
        half = smooth([(0.0, 0.0), (0.45, 0.05), (0.5, 0.3), (0.3, 0.6), (0.42, 1.05), (0.3, 1.1), (0.12, 0.9), (0, 0.88)], 16)
    outline = np.concatenate([half[:-1], half[:0:-1] * [-1, 1]])
    depth, neck = between(rng, 0.12, 0.25), between(rng, 1.0, 1.3)
    parts = [
        extrude(outline, depth).painted(wood),
        extrude((outline - [0, 0.5]) * 0.95 + [0, 0.5], depth + 0.02).painted(shade(wood, 1.2)),
    ]
    face = depth / 2
    parts.append(cylinder(0.16, 0.03, 16).rotated("x", 90).moved(0, 0.68, face - 0.005).painted(colour(rng, "black")))
    parts.append(box(0.3, 0.06, 0.05).moved(0, 0.28, face).painted(dark))
    parts.append(box(0.12, neck + 0.2, 0.07).moved(0, 0.85, face - 0.02).painted(dark))
    parts.append(box(0.2, 0.34, 0.06, top=(1.2, 1)).moved(0, 1.03 + neck, face - 0.03).painted(wood))
    peg = cylinder(0.025, 0.1, 6).rotated("z", -90)
    parts += both(*(peg.moved(0.09, 1.1 + neck + dy, face - 0.0).painted(colour(rng, "steel", "bone")) for dy in (0, 0.1, 0.2)))
    parts += [box(0.012, neck + 0.85, 0.012).moved(x, 0.3, face + 0.02).painted(colour(rng, "steel")) for x in (-0.035, 0, 0.035)]
    return parts


FAMILIES = (
    monitor,
    keyboard,
    piano,
    phone,
    camera,
    clock,
    radio,
    fan,
    guitar,
)
