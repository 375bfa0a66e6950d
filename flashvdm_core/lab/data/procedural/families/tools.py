"""Tools, upright: the handle below, the business end above."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, whole
from ..colours import colour, contrast, shade
from ..mesh import Part
from ..outlines import arc, circle, gear, smooth, superellipse
from ..primitives import box, cylinder, extrude, lathe, torus, tube


def grip(rng: Rng, length: float, radius: float) -> list[Part]:
    """A handle from y = 0 up, sometimes with a wrapped grip."""
    wood = colour(rng, "wood", "dark wood", "vivid", "dark metal")
    sides = pick(rng, 4, 6, 8, 12)
    swell = between(rng, 0.9, 1.25)
    path = [(0, 0, 0), (0, 0.15 * length, 0), (0, 0.5 * length, 0), (0, length, 0)]
    parts = [tube(path, radius * np.array([swell, 1.0, swell, 0.95]), sides).painted(wood)]
    if chance(rng, 0.5):
        wrap = cylinder(radius * 1.2, length * between(rng, 0.2, 0.35), 8).moved(y=length * 0.05)
        parts.append(wrap.painted(contrast(rng, wood)))
    return parts


def hammer(rng: Rng) -> list[Part]:
    steel, length = colour(rng, "steel", "dark metal", "stone", "wood"), between(rng, 0.8, 1.5)
    parts = grip(rng, length, between(rng, 0.035, 0.055))
    wide, size = between(rng, 0.35, 0.7), between(rng, 0.1, 0.22)
    y = length - size * 0.4
    if chance(rng, 0.4):
        head = box(wide, size * 1.5, size * 1.5, bevel=0.04).moved(y=y - size * 0.75)
        return [*parts, head.painted(steel)]
    face = lathe(
        [(0, 0), (size * 0.85, 0), (size * 0.85, 0.14), (size * 0.6, 0.2), (size * 0.6, wide * 0.75), (0, wide * 0.75)], 12
    )
    parts.append(face.rotated("z", 90).moved(wide * 0.5, y).painted(steel))
    if chance(rng, 0.5):
        parts.append(face.rotated("z", -90).moved(-wide * 0.5, y).painted(steel))
    else:
        claw = smooth([(-wide * 0.1, y, 0.05), (-wide * 0.45, y + 0.03, 0.06), (-wide * 0.7, y - 0.12, 0.09)], 6)
        spike = tube(claw, [0.09, 0.08, 0.07, 0.055, 0.04, 0.02], 6, flat=0.6)
        parts += [spike.painted(steel), spike.scaled(1, 1, -1).painted(steel)]
    return parts


def pickaxe(rng: Rng) -> list[Part]:
    steel, length = colour(rng, "steel", "dark metal", "gold", "blue"), between(rng, 0.9, 1.3)
    parts = grip(rng, length, between(rng, 0.04, 0.055))
    span, drop = between(rng, 0.5, 0.7), between(rng, 0.12, 0.3)
    path = smooth(
        [
            (-span, length - 0.1 - drop, 0),
            (-span * 0.5, length - 0.12, 0),
            (0, length - 0.06, 0),
            (span * 0.5, length - 0.12, 0),
            (span, length - 0.1 - drop, 0),
        ],
        11,
    )
    tip = 0.0 if chance(rng, 0.6) else 0.07
    radii = np.array([0.0, 0.035, 0.05, 0.065, 0.08, 0.09, 0.08, 0.065, 0.05, 0.05, tip])
    parts.append(tube(path, radii, 4, up=(0, 0, 1)).painted(steel))
    return [*parts, box(0.16, 0.17, 0.16, bevel=0.02).moved(y=length - 0.15).painted(shade(steel, 0.7))]


def shovel(rng: Rng) -> list[Part]:
    steel, length, wood = colour(rng, "steel", "dark metal", "red"), between(rng, 0.9, 1.3), colour(rng, "wood", "dark wood")
    parts = [cylinder(0.04, length, 8).moved(y=0.4).painted(wood)]
    kind = pick(rng, "spade", "fork", "rake", "broom")
    if kind == "spade":
        wide, tall = between(rng, 0.3, 0.42), between(rng, 0.4, 0.55)
        outline = np.array(
            [
                (-wide / 2, 0),
                (wide / 2, 0),
                (wide / 2, -tall * 0.6),
                (wide * 0.25, -tall * 0.9),
                (0, -tall),
                (-wide * 0.25, -tall * 0.9),
                (-wide / 2, -tall * 0.6),
            ]
        )
        sheet = extrude(outline[::-1], 0.05).subdivided().subdivided()
        parts.append(
            sheet.deformed(lambda v: v + np.stack([0 * v[:, 0], 0 * v[:, 0], (v[:, 0] / wide) ** 2 * 0.35], 1))
            .moved(y=0.5)
            .painted(steel)
        )
        parts.append(cylinder(0.06, 0.25, 8, top=0.045).moved(y=0.42).painted(steel))
    elif kind in ("fork", "rake"):
        count, wide = (whole(rng, 3, 4), 0.34) if kind == "fork" else (whole(rng, 6, 9), 0.6)
        parts.append(box(wide, 0.06, 0.05).moved(y=0.38).painted(steel))
        for x in np.linspace(-0.46, 0.46, count) * wide:
            bend = [(x, 0.4, 0), (x, 0.2, 0.05), (x, 0, 0)] if kind == "fork" else [(x, 0.4, 0), (x, 0.38, 0.12), (x, 0.25, 0.15)]
            parts.append(tube(smooth(bend, 5), [0.025, 0.024, 0.022, 0.018, 0.008], 6).painted(steel))
    else:
        bristles = lathe([(0, 0), (0.22, 0), (0.17, 0.3), (0.06, 0.5), (0, 0.5)], 12).scaled(1, 1, between(rng, 0.45, 1))
        parts.append(bristles.painted(colour(rng, "sand", "bread", "vivid")).speckled(rng, 0.1))
        parts.append(torus(0.1, 0.03, 12, 6).scaled(1, 1, 0.9).moved(y=0.42).painted(colour(rng, "red", "leather")))
    if chance(rng, 0.5) and kind != "broom":
        handle = tube([(-0.12, 0.16, 0), (0.12, 0.16, 0), (0, 0, 0)], 0.03, 6, loop=True)
        parts.append(handle.moved(y=0.4 + length).painted(shade(wood, 0.7)))
    return parts


def wrench(rng: Rng) -> list[Part]:
    steel, length, width = colour(rng, "steel", "dark metal", "red"), between(rng, 0.9, 1.4), between(rng, 0.1, 0.14)
    jaw = between(rng, 0.2, 0.27)
    ring = arc(jaw, 130, 410, 15)
    mouth = np.array(
        [(jaw * 0.5, jaw * 0.55), (jaw * 0.45, -0.02), (0, -jaw * 0.35), (-jaw * 0.45, -0.02), (-jaw * 0.5, jaw * 0.55)]
    )
    head = extrude(np.concatenate([ring, mouth]), 0.1).rotated("z", between(rng, -20, 20))
    parts = [box(width, length, 0.08, bevel=0.02).moved(y=-length).painted(steel), head.painted(steel).moved(y=jaw * 0.5)]
    if chance(rng, 0.5):
        outer = circle(14) * jaw * 0.85
        parts.append(extrude(outer, 0.1, hole=outer * 0.58).moved(y=-length - jaw * 0.5).painted(steel))
    else:
        parts.append(head.rotated("z", 180).moved(y=-length - jaw * 0.5).painted(steel))
    return parts


def screwdriver(rng: Rng) -> list[Part]:
    tint, steel = colour(rng, "vivid", "black", "wood"), colour(rng, "steel")
    handle, shaft, sides = between(rng, 0.5, 0.7), between(rng, 0.6, 1.0), pick(rng, 6, 8, 12)
    profile = [(0, 0), (0.11, 0.02), (0.15, 0.12), (0.13, handle * 0.6), (0.14, handle * 0.75), (0.08, handle), (0, handle)]
    section = gear(sides, 0.9) if chance(rng, 0.5) else None
    body = lathe(profile, sides, section).banded("y", [handle * 0.7, handle * 0.85], [tint, contrast(rng, tint), tint])
    return [
        body,
        cylinder(0.035, shaft, 8).moved(y=handle - 0.02).painted(steel),
        box(0.11, 0.16, 0.03, top=(0.9, 0.6)).moved(y=handle + shaft - 0.06).painted(steel),
    ]


def saw(rng: Rng) -> list[Part]:
    steel, wood, length = colour(rng, "steel"), colour(rng, "wood", "vivid"), between(rng, 1.1, 1.5)
    teeth, high, low = whole(rng, 9, 15), between(rng, 0.3, 0.4), between(rng, 0.12, 0.2)
    xs = np.linspace(0, length, 2 * teeth + 1)
    bottom = np.column_stack([xs, np.where(np.arange(len(xs)) % 2, -0.05, 0.0)])
    outline = np.concatenate([bottom, [(length, low), (0, high)]])
    parts = [extrude(outline, 0.04).painted(steel)]
    outer = superellipse(14, 0.42, high * 1.4, 0.6)
    ring = extrude(outer, 0.1, hole=outer * [0.5, 0.55]).rotated("z", 12).moved(-0.12, high * 0.45)
    return [*parts, ring.painted(wood), box(0.2, high * 0.9, 0.09).moved(0.03, 0.02).painted(wood)]


def anvil(rng: Rng) -> list[Part]:
    iron = colour(rng, "dark metal", "steel", "black")
    parts = [
        box(0.9, 0.2, 0.55, top=(0.85, 0.85)).painted(iron),
        box(0.45, 0.3, 0.32, top=(1.1, 1.1)).moved(y=0.18).painted(iron),
    ]
    parts.append(box(1.0, between(rng, 0.2, 0.3), 0.42, bevel=0.02).moved(-0.05, 0.46).painted(shade(iron, 1.1)))
    parts.append(tube([(0.4, 0.6, 0), (1.0, 0.64, 0)], [0.15, 0.0], 10).painted(shade(iron, 1.1)))
    if chance(rng, 0.4):
        parts.append(cylinder(0.55, 0.5, 10).moved(y=-0.49).painted(colour(rng, "wood", "bark")))
    return parts


def gear_wheel(rng: Rng) -> list[Part]:
    steel, teeth = colour(rng, "steel", "gold", "copper", "vivid", "dark metal"), whole(rng, 7, 14)
    inner, depth = between(rng, 0.72, 0.84), between(rng, 0.15, 0.4)
    outline = gear(teeth, inner, 1.0, between(rng, 0.35, 0.5))
    hole = circle(len(outline), 0.0) * between(rng, 0.3, 0.55)
    turn = np.arctan2(*outline[0][::-1])
    hole = hole @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    parts = [extrude(outline, depth, hole=hole).painted(steel)]
    if chance(rng, 0.5):
        radius = float(np.linalg.norm(hole[0]))
        bars = [
            box(2 * radius + 0.1, 0.14, depth * 0.6).moved(y=-0.07).rotated("z", a)
            for a in np.linspace(0, 180, pick(rng, 2, 3), endpoint=False)
        ]
        hub = cylinder(0.16, depth * 1.2, 12).moved(y=-depth * 0.6).rotated("x", 90)
        parts += [part.painted(shade(steel, 0.85)) for part in (*bars, hub)]
    return parts


FAMILIES = (
    hammer,
    pickaxe,
    shovel,
    wrench,
    screwdriver,
    saw,
    anvil,
    gear_wheel,
)
