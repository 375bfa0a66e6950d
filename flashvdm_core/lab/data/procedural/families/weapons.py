"""Weapons, upright: the handle below, the business end above."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around
from ..outlines import arc, smooth, star, superellipse
from ..primitives import box, capsule, cylinder, dome, extrude, icosphere, lathe, loft, sphere, torus, tube
from .tools import grip


def blade_part(length: float, width: float, thick: float, tip: float, shape: float = 0.0) -> Part:
    """A blade with two edges from y = 0 up; `shape` widens (>0) or narrows its middle."""
    levels = [(0, 1.0), (0.5, 1.0 + shape), (1 - tip, 0.85 + shape / 2)]
    rings = []
    for share, wide in levels:
        w, t = width * wide / 2, thick / 2
        rings.append([(w, share * length, 0), (0, share * length, -t), (-w, share * length, 0), (0, share * length, t)])
    return loft(np.array(rings), end=(0, length, 0))


def sword(rng: Rng) -> list[Part]:
    steel, gold = colour(rng, "steel", "steel", "gold", "vivid"), colour(rng, "gold", "dark metal", "copper")
    handle, length, width = between(rng, 0.25, 0.45), between(rng, 0.7, 1.6), between(rng, 0.12, 0.24)
    parts = [tube([(0, 0, 0), (0, handle, 0)], 0.04, 8).painted(colour(rng, "leather", "dark wood", "vivid"))]
    parts.append(sphere(between(rng, 0.05, 0.08), 10).painted(gold))
    kind = pick(rng, "straight", "straight", "leaf", "curved", "katana")
    if kind in ("straight", "leaf"):
        blade = blade_part(length, width, 0.06, between(rng, 0.08, 0.25), 0.35 if kind == "leaf" else 0.0)
    else:
        bend = between(rng, 0.15, 0.45) if kind == "curved" else 0.12
        ys = np.linspace(0, 1, 8)
        back = np.column_stack([-width * 0.4 + bend * ys**2, ys * length])
        wide = width * (1 + (0.5 * np.sin(np.pi * ys) if kind == "curved" else 0 * ys)) * np.minimum(1, (1 - ys) * 5)
        outline = np.concatenate([back + np.column_stack([wide, 0 * ys]), back[-2::-1]])
        blade = extrude(outline, 0.04)
    parts.append(blade.moved(y=handle).painted(steel))
    span = between(rng, 0.3, 0.55)
    guard = pick(rng, "bar", "curved", "disc")
    if guard == "bar":
        parts.append(box(span, 0.06, 0.1, bevel=0.015).moved(y=handle - 0.02).painted(gold))
    elif guard == "curved":
        curve = smooth([(-span / 2, 0.1, 0), (0, 0, 0), (span / 2, 0.1, 0)], 7)
        parts.append(tube(curve, 0.035, 6).moved(y=handle).painted(gold))
    else:
        parts.append(cylinder(0.14, 0.04, 12).moved(y=handle - 0.02).painted(gold))
    if chance(rng, 0.3):
        parts.append(icosphere(0.06, 0).moved(0, handle + 0.01, 0.05).painted(colour(rng, "vivid")))
    return parts


def axe(rng: Rng) -> list[Part]:
    steel, length = colour(rng, "steel", "dark metal", "gold"), between(rng, 0.9, 1.6)
    parts = grip(rng, length, between(rng, 0.035, 0.05))
    y = length - 0.18
    wide, edge = between(rng, 0.28, 0.5), between(rng, 0.2, 0.4)
    front = np.column_stack([wide + 0.07 * np.cos(np.linspace(-1.2, 1.2, 7)), edge * np.linspace(-1, 1, 7)])
    outline = np.concatenate([front, [(0.05, 0.1), (-0.06, 0.1), (-0.06, -0.1), (0.05, -0.1)]])
    blade = extrude(outline, 0.11)
    thin = blade.deformed(lambda v: v * np.stack([np.ones(len(v)), np.ones(len(v)), np.clip(1.15 - v[:, 0] / wide, 0.15, 1)], 1))
    cutting = thin.centroids()[:, 0] > wide * 0.98
    thin = thin.painted(steel).painted_where(cutting, shade(steel, 1.3)).moved(y=y)
    kind = pick(rng, "single", "single", "double", "pick")
    parts.append(thin)
    if kind == "double":
        parts.append(thin.mirrored("x"))
    elif kind == "pick":
        parts.append(tube([(0, y, 0), (-0.3, y + 0.02, 0), (-0.42, y - 0.04, 0)], [0.08, 0.05, 0.0], 6).painted(steel))
    if chance(rng, 0.3):
        parts.append(cylinder(0.05, 0.2, 6, top=0).moved(y=length - 0.02).painted(steel))
    return parts


def bow(rng: Rng) -> list[Part]:
    wood, height, bulge = colour(rng, "wood", "dark wood", "vivid"), between(rng, 1.4, 1.9), between(rng, 0.3, 0.5)
    flick = between(rng, 0, 0.15)
    path = smooth(
        [
            (flick, -height / 2, 0),
            (-bulge * 0.6, -height * 0.35, 0),
            (-bulge, 0, 0),
            (-bulge * 0.6, height * 0.35, 0),
            (flick, height / 2, 0),
        ],
        17,
    )
    radii = 0.02 + 0.035 * np.sin(np.linspace(0.2, np.pi - 0.2, 17))
    parts = [tube(path, radii, 8).painted(wood)]
    parts.append(tube(path[7:10], 0.07, 8).painted(colour(rng, "leather", "vivid")))
    string, drawn = colour(rng, "bone"), chance(rng, 0.4)
    pull = between(rng, 0.3, 0.5) if drawn else flick
    parts.append(tube([path[0], (pull, 0, 0), path[-1]], 0.012, 5).painted(string))
    if drawn:
        parts.append(tube([(pull + 0.03, 0, 0), (-bulge - 0.35, 0, 0)], 0.018, 6).painted(wood))
        tip = cylinder(0.05, 0.14, 6, top=0).rotated("z", 90).moved(-bulge - 0.33)
        fins = box(0.2, 0.1, 0.015).moved(pull - 0.06, -0.05)
        parts += [
            tip.painted(colour(rng, "steel")),
            fins.painted(colour(rng, "vivid")),
            fins.rotated("x", 90).painted(colour(rng, "white")),
        ]
    return parts


def gun(rng: Rng) -> list[Part]:
    """A pistol, rifle or ray gun, seen from its side: muzzle towards +x."""
    metal, hold = colour(rng, "dark metal", "black", "steel", "vivid"), colour(rng, "wood", "black", "dark metal", "leather")
    kind = pick(rng, "pistol", "rifle", "ray")
    if kind == "ray":
        return _ray_gun(rng, metal, hold)
    length = between(rng, 0.8, 1.1) if kind == "pistol" else between(rng, 1.5, 2.1)
    tall = between(rng, 0.16, 0.22)
    body = box(length * 0.55, tall, 0.14, bevel=0.02).moved(length * 0.2)
    barrel = cylinder(tall * 0.3, length * 0.62, 10).rotated("z", -90).moved(length * 0.4, tall * 0.65)
    parts = [body.painted(metal), barrel.painted(shade(metal, 0.8))]
    outline = np.array([(-0.1, 0.05), (0.1, 0.05), (0.02, -0.42), (-0.2, -0.42)])
    parts.append(extrude(outline[::-1], 0.12).painted(hold))
    trigger = arc(0.1, 180, 360, 7)
    parts.append(tube(np.column_stack([trigger, np.zeros(7)]), 0.016, 5).moved(0.18, 0.0).painted(shade(metal, 0.7)))
    parts.append(box(0.03, 0.08, 0.03).moved(length * 0.9, tall * 0.85).painted(metal))
    if kind == "rifle":
        stock = np.array([(0, tall), (0, 0), (-0.55, -0.18), (-0.6, tall * 0.8)])
        parts += [
            extrude(stock[::-1], 0.12).painted(hold),
            box(length * 0.35, tall * 0.5, 0.13).moved(length * 0.5, 0.02).painted(hold),
        ]
        if chance(rng, 0.5):
            scope = lathe([(0, 0), (0.07, 0), (0.07, 0.1), (0.05, 0.15), (0.05, 0.35), (0.08, 0.42), (0, 0.42)], 10).rotated(
                "z", -90
            )
            parts += [
                scope.moved(0.05, tall + 0.12).painted(colour(rng, "black")),
                box(0.08, 0.14, 0.05).moved(0.25, tall - 0.03).painted(metal),
            ]
        if chance(rng, 0.6):
            parts.append(box(0.14, 0.4, 0.1).rotated("z", 10).moved(length * 0.34, -0.33).painted(shade(metal, 0.7)))
    elif chance(rng, 0.5):
        drum = cylinder(tall * 0.62, 0.22, 10).rotated("z", -90).moved(0.12, tall * 0.5)
        parts.append(drum.painted(colour(rng, "steel", "gold")))
    return parts


def _ray_gun(rng: Rng, metal: np.ndarray, hold: np.ndarray) -> list[Part]:
    glow = colour(rng, "vivid", "light")
    body = lathe([(0, 0), (0.18, 0.05), (0.22, 0.3), (0.12, 0.6), (0.06, 0.7), (0, 0.7)], 12).rotated("z", -90).moved(-0.1, 0.1)
    parts = [body.painted(metal), cylinder(0.04, 0.4, 8).rotated("z", -90).moved(0.5, 0.1).painted(shade(metal, 0.7))]
    parts.append(sphere(between(rng, 0.07, 0.11), 10).moved(0.92, 0.1).painted(glow))
    for x, r in ((0.62, 0.14), (0.72, 0.11), (0.82, 0.08))[: whole(rng, 1, 3)]:
        parts.append(cylinder(r, 0.03, 12).rotated("z", -90).moved(x, 0.1).painted(glow))
    outline = np.array([(-0.06, 0.05), (0.12, 0.05), (0.02, -0.4), (-0.16, -0.4)])
    fin = extrude(np.array([(-0.1, 0.2), (0.25, 0.25), (-0.15, 0.45)]), 0.04)
    return [*parts, extrude(outline[::-1], 0.12).painted(hold), fin.painted(contrast(rng, metal))]


def shield(rng: Rng) -> list[Part]:
    tint, rim, size = colour(rng, "vivid", "wood", "steel", "dull"), colour(rng, "steel", "gold", "dark metal"), 0.7
    kind = pick(rng, "round", "kite", "square")
    if kind == "round":
        body = lathe([(0, -0.04), (size, -0.04), (size, 0.02), (size * 0.5, 0.1), (0, 0.14)], roundness(rng) + 6).rotated("x", 90)
        edge = torus(size, 0.05, 24, 6).rotated("x", 90)
    else:
        if kind == "kite":
            outline = smooth([(0, -0.95), (0.42, -0.4), (0.6, 0.2), (0.55, 0.6)], 8)
            outline = np.concatenate([outline, [(0, between(rng, 0.6, 0.75))], outline[:0:-1] * [-1, 1]])
        else:
            outline = superellipse(16, 1.1, 1.5, 0.4)
        body, edge = (
            extrude(outline, 0.14, bevel=0.2),
            tube(np.column_stack([outline, np.zeros(len(outline))]), 0.05, 6, loop=True),
        )
    halves = body.banded("x", [0.0], [tint, contrast(rng, tint)]) if chance(rng, 0.4) else body.painted(tint)
    parts = [halves, edge.painted(rim)]
    emblem = pick(rng, "boss", "star", "cross", "bands")
    if emblem == "boss":
        parts.append(dome(0.16, 0.14, 12).rotated("x", 90).moved(z=0.06).painted(rim))
    elif emblem == "star":
        parts.append(extrude(star(5, 0.14, 0.32), 0.1).moved(z=0.1).painted(rim))
    elif emblem == "cross":
        parts += [
            box(0.16, 0.9, 0.1).moved(y=-0.45, z=0.06).painted(rim),
            box(0.8, 0.16, 0.1).moved(y=-0.05, z=0.06).painted(rim),
        ]
    else:
        parts += [box(1.05, 0.09, 0.08).moved(y=y, z=0.06).painted(rim) for y in (-0.3, 0.25)]
    return parts


def spear(rng: Rng) -> list[Part]:
    """A spear, trident, halberd, staff or arrow."""
    wood, steel, length = colour(rng, "wood", "dark wood"), colour(rng, "steel", "gold", "dark metal"), between(rng, 1.3, 1.9)
    parts, kind = [cylinder(0.045, length, 8).painted(wood)], pick(rng, "spear", "trident", "staff", "halberd", "mace")
    if kind == "trident":
        parts.append(box(0.5, 0.07, 0.07).moved(y=length - 0.04).painted(steel))
        parts += [
            lathe([(0.035, 0), (0.03, 0.3), (0.06, 0.32), (0, 0.48)], 6).moved(x, length).painted(steel) for x in (-0.21, 0, 0.21)
        ]
    elif kind == "staff":
        orb, tint = between(rng, 0.12, 0.2), colour(rng, "vivid", "glass")
        gem = icosphere(orb, pick(rng, 0, 1, 2)).moved(y=length + orb * 0.8)
        claw = tube(
            smooth([(0.03, length - 0.1, 0), (orb * 1.3, length + orb * 0.5, 0), (orb * 0.7, length + orb * 1.9, 0)], 6),
            [0.05, 0.045, 0.04, 0.03, 0.025, 0.0],
            6,
        )
        parts += [gem.painted(tint), *around(claw.painted(pick(rng, wood, steel)), pick(rng, 2, 3, 4))]
    elif kind == "mace":
        ball = between(rng, 0.16, 0.24)
        parts.append(icosphere(ball, 2).moved(y=length).painted(steel))
        spike = cylinder(0.05, 0.16, 6, top=0).moved(y=ball - 0.02)
        for tilt in (90, 45, 135):
            parts += [part.moved(y=length).painted(steel) for part in around(spike.rotated("z", -tilt), 6 if tilt == 90 else 5)]
        parts.append(spike.moved(y=length).painted(steel))
    else:
        parts.append(blade_part(between(rng, 0.3, 0.5), 0.2, 0.07, 0.6, 0.1).moved(y=length - 0.02).painted(steel))
        if kind == "halberd":
            outline = np.array([(0, -0.12), (0.4, -0.28), (0.46, 0), (0.4, 0.28), (0, 0.12)])
            parts.append(extrude(outline, 0.05).moved(y=length - 0.25).painted(steel))
            parts.append(tube([(0, length - 0.25, 0), (-0.3, length - 0.3, 0)], [0.06, 0], 5).painted(steel))
    return parts


def quiver(rng: Rng) -> list[Part]:
    """A quiver with arrows."""
    leather, wood = colour(rng, "leather"), colour(rng, "wood")
    body = lathe([(0, 0), (0.17, 0), (0.24, 0.8), (0.2, 0.8), (0.16, 0.3), (0, 0.3)], roundness(rng))
    parts = [body.banded("y", [0.12, 0.66], [shade(leather, 0.6), leather, shade(leather, 0.6)])]
    feather = colour(rng, "vivid", "white")
    for index in range(whole(rng, 3, 6)):
        angle = 137.5 * index
        shaft = tube([(0.04, 0.2, 0), (0.12, 1.15, 0)], 0.016, 5).rotated("y", angle)
        fin = box(0.11, 0.2, 0.015).moved(0.11, 0.98).rotated("y", angle)
        parts += [
            shaft.painted(wood),
            fin.painted(feather),
            box(0.015, 0.2, 0.11).moved(0.11, 0.98).rotated("y", angle).painted(feather),
        ]
    return parts


def bomb(rng: Rng) -> list[Part]:
    black, sides = colour(rng, "black", "dark metal", "vivid"), roundness(rng) + 4
    if chance(rng, 0.3):
        sticks = [
            capsule(0.12, 1.0, 10).moved(x, 0, z).painted(colour(rng, "red"))
            for x, z in ((0, 0.13), (-0.125, -0.08), (0.125, -0.08))
        ]
        band = lathe([(0.2, 0), (0.27, 0), (0.27, 0.14), (0.2, 0.14), (0.2, 0)], 12).moved(y=0.42)
        fuse = tube(smooth([(0, 0.9, 0), (0.03, 1.15, 0), (0.15, 1.3, 0)], 6), 0.025, 5)
        return [
            *sticks,
            band.painted(black),
            fuse.painted(colour(rng, "sand")),
            icosphere(0.06, 0).moved(0.15, 1.32).painted(colour(rng, "orange")),
        ]
    fuse = smooth([(0, 0.5, 0), (0.03, 0.75, 0), (0.2, 0.85, 0)], 7)
    parts = [sphere(0.5, sides).painted(black), cylinder(0.16, 0.2, 12).moved(y=0.42).painted(shade(black, 1.6))]
    parts += [
        tube(fuse, 0.03, 6).painted(colour(rng, "sand")),
        icosphere(0.08, 0).moved(0.2, 0.86).painted(colour(rng, "orange", "yellow")),
    ]
    return parts


FAMILIES = (
    sword,
    axe,
    bow,
    gun,
    shield,
    spear,
    quiver,
    bomb,
)
