"""Fixtures of bath and kitchen, and other appliances."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, both
from ..outlines import smooth, superellipse
from ..primitives import box, cylinder, dome, ellipsoid, extrude, lathe, loft, sphere, torus, tube
from .vessels import vessel


def tap(rng: Rng, metal: np.ndarray) -> list[Part]:
    """A tap that stands on y = 0 and bends towards +z."""
    neck = smooth([(0, 0, 0), (0, 0.22, 0), (0, 0.28, 0.1), (0, 0.2, 0.2)], 9)
    knob = cylinder(0.04, 0.09, 8).moved(0.12)
    return [part.painted(metal) for part in (tube(neck, 0.03, 8), *both(knob), box(0.3, 0.03, 0.09).moved(y=-0.01))]


def toilet(rng: Rng) -> list[Part]:
    white = colour(rng, "white", "white", "pastel")
    seat_tint = pick(rng, white, colour(rng, "wood", "black", "vivid"))
    section = superellipse(20, 2.0, 2.5, 0.9)
    bowl = lathe(
        [(0, 0), (0.2, 0), (0.16, 0.15), (0.3, 0.38), (0.33, 0.45), (0.24, 0.45), (0.12, 0.25), (0, 0.25)], section=section
    ).painted(white)
    outline = superellipse(20, 0.7, 0.86, 0.9)
    seat = extrude(outline, 0.05, hole=outline * 0.62).rotated("x", 90).moved(y=0.465).painted(seat_tint)
    lid = extrude(outline, 0.05).moved(y=0.43).rotated("x", -between(rng, 3, 10)).moved(0, 0.47, -0.38).painted(seat_tint)
    tank = box(0.72, 0.42, 0.24, bevel=0.03, top=(1.06, 1)).moved(0, 0.48, -0.54).painted(white)
    foot = box(0.34, 0.5, 0.3, bevel=0.03).moved(0, 0, -0.45).painted(white)
    return [
        bowl,
        seat,
        lid,
        tank,
        foot,
        box(0.8, 0.05, 0.3, bevel=0.01).moved(0, 0.89, -0.54).painted(white),
        cylinder(0.05, 0.05, 10).moved(0, 0.92, -0.54).painted(colour(rng, "steel", "gold")),
    ]


def bathtub(rng: Rng) -> list[Part]:
    white, metal = colour(rng, "white", "pastel", "vivid"), colour(rng, "steel", "gold")
    length = between(rng, 1.5, 1.9)
    section = superellipse(24, 0.85, length, between(rng, 0.4, 0.8))
    tub = lathe(
        [(0, 0.12), (0.75, 0.12), (0.95, 0.35), (1.0, 0.62), (1.06, 0.66), (0.9, 0.66), (0.82, 0.3), (0, 0.25)], section=section
    ).painted(white)
    legs = [sphere(0.07, 8).scaled(1, 1.4, 1).moved(0.26, 0.09, z).painted(metal) for z in (-length * 0.3, length * 0.3)]
    parts = [tub, *both(*legs), *(part.moved(0, 0.6, -length / 2 + 0.02) for part in tap(rng, metal))]
    if chance(rng, 0.6):
        water = lathe([(0, 0.27), (0.8, 0.32), (0.88, 0.54), (0, 0.54)], section=section).painted(colour(rng, "blue", "glass"))
        parts.append(water)
        if chance(rng, 0.5):
            parts += [
                sphere(between(rng, 0.09, 0.16), 10)
                .moved(between(rng, -0.2, 0.2), 0.56, between(rng, -0.3, 0.4))
                .painted(colour(rng, "white"))
                for _ in range(whole(rng, 3, 7))
            ]
    return parts


def sink(rng: Rng) -> list[Part]:
    white, metal = colour(rng, "white", "pastel", "stone"), colour(rng, "steel", "gold")
    high = between(rng, 0.75, 0.9)
    section = superellipse(20, 0.8, 0.6, between(rng, 0.4, 1.0))
    basin = (
        lathe([(0, 0), (0.55, 0), (0.95, 0.16), (1.0, 0.25), (0.86, 0.25), (0.5, 0.08), (0, 0.07)], section=section)
        .moved(y=high)
        .painted(white)
    )
    if chance(rng, 0.5):
        stand = [lathe([(0.22, 0), (0.14, 0.1), (0.12, high * 0.7), (0.2, high + 0.03)], 14).painted(white)]
    else:
        wood = colour(rng, "wood", "white", "pastel")
        stand = [
            box(0.85, high + 0.04, 0.55).painted(wood),
            *both(box(0.38, high * 0.8, 0.04).moved(0.2, high * 0.1, 0.27).painted(shade(wood, 1.15))),
            *both(sphere(0.03, 8).moved(0.05, high * 0.6, 0.3).painted(metal)),
        ]
    parts = [basin, *stand, *(part.moved(0, high + 0.24, -0.24) for part in tap(rng, metal))]
    if chance(rng, 0.3):
        frame = box(0.7, 0.9, 0.05, bevel=0.02).moved(0, high + 0.45, -0.32).painted(colour(rng, "wood", "gold"))
        glass = box(0.6, 0.8, 0.03).moved(0, high + 0.5, -0.3).painted(colour(rng, "glass"))
        parts += [frame, glass, box(0.2, 0.5, 0.06).moved(0, high + 0.1, -0.31).painted(white)]
    return parts


def washing_machine(rng: Rng) -> list[Part]:
    tint, dark, sides = colour(rng, "white", "steel", "dark metal"), colour(rng, "black", "dark metal"), 20
    body = box(0.9, 1.1, 0.85, bevel=0.03).painted(tint)
    ring = torus(0.28, 0.05, sides, 8).rotated("x", 90).moved(0, 0.5, 0.43).painted(colour(rng, "steel", "vivid", "black"))
    door = dome(0.27, 0.12, sides, 4).rotated("x", 90).moved(0, 0.5, 0.41).painted(colour(rng, "window", "glass", "black"))
    panel = box(0.86, 0.17, 0.04).moved(0, 0.88, 0.42).painted(shade(tint, 0.8))
    dial = cylinder(0.07, 0.07, 12).rotated("x", 90).moved(0.25, 0.965, 0.42).painted(dark)
    keys = [
        box(0.06, 0.05, 0.04).moved(x, 0.94, 0.44).painted(colour(rng, "vivid", "white"))
        for x in np.linspace(-0.3, 0.05, whole(rng, 2, 4))
    ]
    return [body, ring, door, panel, dial, *keys]


def toaster(rng: Rng) -> list[Part]:
    """A toaster, mixer, coffee machine or microwave."""
    kind, tint, dark = (
        pick(rng, "toaster", "mixer", "coffee", "microwave"),
        colour(rng, "steel", "vivid", "red", "pastel", "black"),
        colour(rng, "black", "dark metal"),
    )
    if kind == "toaster":
        body = box(1.0, 0.6, 0.55, bevel=0.1).moved(y=0.06).painted(tint)
        slots = [box(0.7, 0.05, 0.1).moved(0, 0.625, z).painted(dark) for z in (-0.12, 0.12)]
        bread = [
            box(0.55, between(rng, 0.25, 0.5), 0.08, bevel=0.03).moved(0, 0.45, z).painted(colour(rng, "bread"))
            for z in (-0.12, 0.12)
        ]
        lever = box(0.12, 0.08, 0.14).moved(0.53, 0.35).painted(dark)
        return [body, *slots, *(bread if chance(rng, 0.7) else []), lever, box(0.85, 0.08, 0.45).painted(dark)]
    if kind == "mixer":
        base = box(0.55, 0.1, 1.0, bevel=0.04).painted(tint)
        post = box(0.3, 0.75, 0.28, bevel=0.06).moved(0, 0.05, -0.34).painted(tint)
        head = ellipsoid(0.22, 0.19, 0.55, 14).moved(0, 0.9, 0.02).painted(tint)
        bowl = vessel([(0.18, 0), (0.3, 0.18), (0.34, 0.38)], 0.03, 0.03, 16).moved(0, 0.09, 0.22).painted(colour(rng, "steel"))
        whisk = [
            ellipsoid(0.1, 0.2, 0.03, 10).rotated("y", turn).moved(0, 0.42, 0.22).painted(colour(rng, "steel"))
            for turn in (0, 60, 120)
        ]
        return [base, post, head, bowl, *whisk, cylinder(0.05, 0.3, 8).moved(0, 0.55, 0.22).painted(dark)]
    if kind == "coffee":
        body = [
            box(0.7, 0.1, 0.75, bevel=0.02),
            box(0.7, 1.1, 0.28, bevel=0.03).moved(z=-0.24),
            box(0.7, 0.32, 0.7, bevel=0.03).moved(y=0.8),
        ]
        jug = lathe([(0, 0), (0.2, 0), (0.25, 0.2), (0.2, 0.42), (0, 0.42)], 14).moved(0, 0.09, 0.14)
        ear = tube(smooth([(0.2, 0.42, 0.14), (0.4, 0.4, 0.2), (0.36, 0.2, 0.2), (0.22, 0.2, 0.14)], 8), 0.03, 6).painted(dark)
        return [
            *(part.painted(tint) for part in body),
            jug.banded("y", [0.3], [colour(rng, "chocolate"), colour(rng, "glass")]),
            ear,
            cylinder(0.1, 0.34, 10, top=0.14).moved(0, 0.48, 0.14).painted(dark),
        ]
    body = box(1.1, 0.62, 0.65, bevel=0.02).painted(tint)
    pane = box(0.72, 0.46, 0.04).moved(-0.14, 0.08, 0.32).painted(dark)
    keys = [
        box(0.07, 0.05, 0.03).moved(0.32 + 0.09 * c, 0.12 + 0.08 * r, 0.325).painted(contrast(rng, tint))
        for c in range(3)
        for r in range(3)
    ]
    return [
        body,
        pane,
        *keys,
        box(0.25, 0.1, 0.03).moved(0.4, 0.42, 0.325).painted(colour(rng, "green", "light")),
        box(0.04, 0.44, 0.08).moved(0.22, 0.09, 0.34).painted(colour(rng, "steel")),
    ]


def kettle(rng: Rng) -> list[Part]:
    """A watering can or a kettle."""
    tint, sides = colour(rng, "vivid", "green", "steel", "copper", "red"), roundness(rng) + 2
    if chance(rng, 0.5):
        height, radius = between(rng, 0.6, 0.8), between(rng, 0.36, 0.45)
        body = vessel([(radius, 0), (radius, height / 2), (radius * 0.95, height)], 0.04, 0.05, sides).painted(tint)
        spout = tube(
            [(radius * 0.85, 0.15, 0), (radius + 0.45, height * 0.85, 0), (radius + 0.62, height * 1.1, 0)], [0.1, 0.06, 0.055], 8
        ).painted(tint)
        rose = cylinder(0.06, 0.14, 10, top=0.17).rotated("z", -40).moved(radius + 0.58, height * 1.06).painted(shade(tint, 0.75))
        grip = tube(
            smooth(
                [
                    (-radius * 0.9, 0.2, 0),
                    (-radius - 0.35, height * 0.5, 0),
                    (-radius - 0.1, height * 1.05, 0),
                    (radius * 0.4, height * 1.25, 0),
                    (radius * 0.9, height * 0.95, 0),
                ],
                13,
            ),
            0.04,
            8,
            up=(0, 0, 1),
        )
        return [body, spout, rose, grip.painted(shade(tint, 0.8))]
    curve = smooth([(0.5, 0), (0.56, 0.15), (0.4, 0.55), (0.22, 0.72)], 9)
    body = lathe([(0, 0), *map(tuple, curve), (0, 0.74)], sides).painted(tint)
    spout = tube([(0.42, 0.3, 0), (0.78, 0.68, 0)], [0.12, 0.06], 8).painted(tint)
    bail = tube(smooth([(-0.4, 0.5, 0), (-0.42, 0.95, 0), (0.3, 0.98, 0), (0.32, 0.6, 0)], 12), 0.045, 8, up=(0, 0, 1)).painted(
        colour(rng, "black", "wood")
    )
    return [body, spout, bail, sphere(0.07, 8).moved(y=0.79).painted(colour(rng, "black", "wood"))]


def spray_bottle(rng: Rng) -> list[Part]:
    """A soap dispenser, spray bottle, tube of paint, or jar."""
    kind, tint, cap = (
        pick(rng, "spray", "dispenser", "jar", "tube"),
        colour(rng, "vivid", "white", "pastel", "glass"),
        colour(rng, "white", "vivid", "black"),
    )
    if kind == "jar":
        body = lathe([(0, 0), (0.4, 0), (0.45, 0.08), (0.45, 0.7), (0.36, 0.8), (0, 0.8)], roundness(rng) + 4)
        lid = cylinder(0.42, 0.16, 16).moved(y=0.78)
        return [body.banded("y", [0.2, 0.55], [tint, colour(rng, "white", "bread"), tint]), lid.painted(cap)]
    if kind == "tube":
        rings = [
            np.column_stack([0.3 * np.cos(a) * (1 + 0.15 * s), np.full(12, 0.25 + s), 0.3 * np.sin(a) * (1 - s / 1.15)])
            for s in (0.0, 0.4, 0.8, 1.1)
            for a in [np.arange(12) * np.pi / 6]
        ]
        body = loft(np.stack(rings)).banded("y", [0.6, 0.95], [tint, contrast(rng, tint), tint])
        return [body, cylinder(0.2, 0.28, 12, top=0.17).painted(cap), box(0.72, 0.1, 0.06).moved(y=1.3).painted(tint)]
    height = between(rng, 0.7, 1.0)
    section = superellipse(16, 2, between(rng, 1.2, 2.0), 0.6)
    body = lathe([(0, 0), (0.3, 0), (0.32, 0.05), (0.32, height * 0.75), (0.12, height), (0, height)], section=section)
    parts = [
        body.banded("y", [height * 0.2, height * 0.6], [tint, contrast(rng, tint), tint]),
        cylinder(0.13, 0.14, 12).moved(y=height - 0.03).painted(cap),
    ]
    y = height + 0.1
    if kind == "spray":
        head = [
            box(0.22, 0.2, 0.5, bevel=0.04).moved(0, y, 0.08),
            box(0.1, 0.09, 0.12).moved(0, y + 0.07, 0.36),
            tube([(0, y + 0.03, 0.2), (0, y - 0.2, 0.26)], 0.04, 6),
        ]
    else:
        head = [
            cylinder(0.04, 0.2, 8).moved(y=y - 0.02),
            tube([(0, y + 0.18, -0.05), (0, y + 0.2, 0.1), (0, y + 0.14, 0.32)], 0.05, 8),
        ]
    return [*parts, *(part.painted(cap) for part in head)]


FAMILIES = (toilet, bathtub, sink, washing_machine, toaster, kettle, spray_bottle)
