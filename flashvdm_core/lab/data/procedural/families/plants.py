"""Trees, bushes, flowers, cacti, mushrooms, rocks and crystals."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, at
from ..outlines import arc, smooth
from ..primitives import cylinder, dome, ellipsoid, icosphere, lathe, sphere, torus, tube
from .vessels import decorated, vessel


def lump(rng: Rng, radius: float, level: int = 1, noise: float = 0.12) -> Part:
    """An uneven ball around the origin."""
    part = icosphere(radius, level)
    return part.deformed(lambda v: v * (1 + noise * rng.uniform(-1, 1, (len(v), 1))))


def bent_trunk(rng: Rng, height: float, radius: float, bark: np.ndarray, lean: float = 0.15) -> tuple[Part, np.ndarray]:
    """A trunk and its path [6, 3]."""
    side = rng.uniform(-lean, lean, (3, 2)) * height
    knots = [(0, 0, 0), (side[0, 0] * 0.4, height * 0.35, side[0, 1] * 0.4), (side[1, 0], height * 0.7, side[1, 1])]
    path = smooth([*knots, (side[1, 0] * 1.2, height, side[1, 1] * 1.2)], 6)
    radii = radius * np.array([1.35, 1.0, 0.9, 0.8, 0.7, 0.55])
    return tube(path, radii, pick(rng, 6, 7, 8, 10)).painted(bark), path


def leafy_tree(rng: Rng) -> list[Part]:
    bark, leaf = colour(rng, "bark"), colour(rng, "leaf", "leaf", "autumn", "pink")
    height, size = between(rng, 0.8, 1.4), between(rng, 0.4, 0.65)
    trunk, path = bent_trunk(rng, height, between(rng, 0.07, 0.14), bark)
    top, parts = path[-1], [trunk]
    smoothness = pick(rng, 1, 1, 2)
    crown = lump(rng, size, smoothness, 0.1).scaled(1, between(rng, 0.75, 1.2), 1)
    parts.append(crown.moved(*(top + at(0, size * 0.4, 0))).painted(leaf).speckled(rng, 0.1))
    for index in range(whole(rng, 0, 5)):
        angle = index * 2.4 + between(rng, -0.4, 0.4)
        offset = at(np.cos(angle), between(rng, 0.0, 0.9), np.sin(angle)) * size * 0.75
        ball = lump(rng, size * between(rng, 0.45, 0.75), 1, 0.12).moved(*(top + offset + at(0, size * 0.2, 0)))
        parts.append(ball.painted(shade(leaf, between(rng, 0.85, 1.15))).speckled(rng, 0.1))
    for _ in range(whole(rng, 0, 3)):
        angle = between(rng, 0, 2 * np.pi)
        end = path[3] + at(np.cos(angle), between(rng, 0.5, 0.9), np.sin(angle)) * size * between(rng, 0.7, 0.95)
        parts.append(tube([path[3], end], [0.05, 0.03], 6).painted(bark))
        parts.append(lump(rng, size * 0.4, 1).moved(*end).painted(shade(leaf, between(rng, 0.85, 1.15))))
    if chance(rng, 0.2):
        fruit, middle = colour(rng, "red", "orange", "yellow"), top + at(0, size * 0.4, 0)
        for _ in range(whole(rng, 4, 9)):
            out = rng.normal(size=3)
            spot = middle + out / np.linalg.norm(out) * size * 0.95
            parts.append(sphere(0.07, 8).moved(*spot).painted(fruit))
    return parts


def conifer(rng: Rng) -> list[Part]:
    leaf, sides = colour(rng, "leaf"), pick(rng, 6, 7, 8, 10, 12)
    trunk, radius, count = between(rng, 0.15, 0.45), between(rng, 0.42, 0.7), whole(rng, 2, 6)
    parts = [cylinder(between(rng, 0.07, 0.12), trunk + 0.2, 8).painted(colour(rng, "bark"))]
    y, snow = trunk, colour(rng, "white")
    snowy = chance(rng, 0.2)
    step = between(rng, 1.1, 1.8) / count
    for level in range(count):
        wide = radius * (1 - 0.75 * level / count)
        tall = step * between(rng, 1.5, 1.8)
        cone = (
            lathe([(0, 0.06), (wide, 0), (wide * 0.55, tall * 0.4), (0, tall)], sides)
            .rotated("y", between(rng, 0, 60))
            .moved(y=y)
        )
        tint = shade(leaf, 0.85 + 0.3 * level / count)
        parts.append(cone.banded("y", [y + tall * 0.45], [tint, snow]) if snowy else cone.painted(tint))
        y += step
    if chance(rng, 0.15):
        parts.append(sphere(0.1, 8).moved(y=y + step * 0.6).painted(colour(rng, "gold")))
        for level in range(count):
            ball = sphere(0.06, 8).moved(radius * (1 - 0.75 * level / count) * 0.93, trunk + step * level + 0.03)
            parts += around(ball.painted(colour(rng, "red", "gold", "blue")), 5, 30 * level)
    return parts


def palm(rng: Rng) -> list[Part]:
    height, leaf = between(rng, 1.4, 2.2), colour(rng, "leaf")
    lean = between(rng, -0.5, 0.5)
    path = smooth([(0, 0, 0), (lean * 0.2, height * 0.5, 0), (lean, height, 0)], 9)
    radii = np.linspace(0.13, 0.07, 9) * np.where(np.arange(9) % 2, 1.12, 0.95)
    parts = [tube(path, radii, 8).painted(colour(rng, "bark", "wood"))]
    top, count = path[-1], whole(rng, 5, 9)
    length, droop = between(rng, 0.6, 0.95), between(rng, 0.2, 0.7)
    spine = smooth([(0, 0, 0), (length * 0.5, length * 0.22, 0), (length, -droop * length * 0.6, 0)], 7)
    frond = tube(spine, [0.05, 0.12, 0.16, 0.17, 0.14, 0.09, 0.0], 4, flat=0.18).painted(leaf)
    for index, part in enumerate(around(frond, count, between(rng, 0, 90))):
        parts.append(part.scaled(1, between(rng, 0.8, 1.2), 1).moved(*top).painted(shade(leaf, 0.85 + 0.3 * (index % 2))))
    if chance(rng, 0.5):
        nut = sphere(0.09, 8).moved(0.12, -0.06).painted(colour(rng, "bark"))
        parts += [part.moved(*top) for part in around(nut, 3)]
    return parts


def dead_tree(rng: Rng) -> list[Part]:
    bark, height = colour(rng, "bark", "dark wood", "stone"), between(rng, 1.0, 1.6)
    trunk, path = bent_trunk(rng, height, between(rng, 0.09, 0.15), bark, 0.2)
    parts = [trunk]

    def grow(start: np.ndarray, direction: np.ndarray, length: float, radius: float, depth: int) -> None:
        middle = start + direction * length * 0.5 + rng.uniform(-0.08, 0.08, 3) * length
        end = middle + (direction + at(0, 0.3, 0)) * length * 0.5
        sizes = np.linspace(radius, radius * (0.5 if depth else 0.2), 5)
        parts.append(tube(smooth([start, middle, end], 5), sizes, 6).painted(bark))
        if depth:
            for _ in range(2):
                turn = direction + rng.uniform(-0.9, 0.9, 3)
                grow(end, turn / np.linalg.norm(turn), length * 0.65, radius * 0.5, depth - 1)

    for index in range(whole(rng, 3, 5)):
        angle = 2.4 * index
        out = at(np.cos(angle), between(rng, 0.4, 1.0), np.sin(angle))
        grow(path[pick(rng, 3, 4, 5)], out / np.linalg.norm(out), between(rng, 0.4, 0.6), 0.06, 1)
    return parts


def stump(rng: Rng) -> list[Part]:
    bark, wood, sides = colour(rng, "bark"), colour(rng, "bread", "wood"), pick(rng, 8, 10, 12)
    height, radius = between(rng, 0.3, 0.7), between(rng, 0.3, 0.45)
    body = lathe([(0, 0), (radius * 1.4, 0), (radius * 1.05, 0.15), (radius, height), (0, height)], sides)
    parts = [body.painted(bark).painted_where(body.normals()[:, 1] > 0.9, wood)]
    parts.append(cylinder(radius * 0.55, 0.02, sides).moved(y=height - 0.005).painted(shade(wood, 0.8)))
    root = tube([(radius * 0.8, 0.14, 0), (radius * 1.5, 0.05, 0), (radius * 2.0, -0.02, 0.1)], [0.14, 0.1, 0.03], 6)
    parts += around(root.painted(bark), whole(rng, 3, 5), between(rng, 0, 90))
    if chance(rng, 0.4):
        branch = tube([(radius * 0.6, height * 0.55, 0), (radius * 1.7, height * 0.95, 0)], [0.08, 0.05], 6)
        parts.append(branch.rotated("y", between(rng, 0, 360)).painted(bark))
    if chance(rng, 0.35):
        parts += [part.scaled(0.4, 0.4, 0.4).moved(radius * 0.5, height - 0.02) for part in mushroom(rng)]
    return parts


def bush(rng: Rng) -> list[Part]:
    leaf, count = colour(rng, "leaf", "leaf", "autumn"), whole(rng, 1, 6)
    parts = [lump(rng, 0.5, pick(rng, 1, 2), 0.1).scaled(1.1, 0.85, 1).moved(y=0.35).painted(leaf).speckled(rng, 0.1)]
    for index in range(count - 1):
        angle, size = 2.4 * index, between(rng, 0.25, 0.42)
        ball = lump(rng, size, 1, 0.12).moved(np.cos(angle) * 0.45, size * 0.7, np.sin(angle) * 0.45)
        parts.append(ball.painted(shade(leaf, between(rng, 0.8, 1.2))).speckled(rng, 0.1))
    if chance(rng, 0.4):
        tint = colour(rng, "red", "pink", "white", "blue", "yellow")
        for _ in range(whole(rng, 5, 10)):
            out = rng.normal(size=3) * [1, 0.7, 1]
            out = np.abs(out) * [np.sign(out[0]), 1, np.sign(out[2])]
            spot = out / np.linalg.norm(out) * [0.53, 0.4, 0.48] + at(0, 0.35, 0)
            parts.append(icosphere(0.06, 0).moved(*spot).painted(tint))
    return parts


def cactus(rng: Rng) -> list[Part]:
    green, height = colour(rng, "leaf", "green"), between(rng, 1.0, 1.6)
    radius, sides = between(rng, 0.15, 0.24), pick(rng, 8, 10, 12)
    if chance(rng, 0.3):
        tall = between(rng, 0.4, 0.6)
        body = ellipsoid(0.5, tall, 0.5, 16).moved(y=tall - 0.12)
        column = np.floor(np.arctan2(*body.centroids()[:, [0, 2]].T) / (2 * np.pi) * 16).astype(int)
        parts = [body.painted(green).painted_where(column % 2 == 0, shade(green, 0.75))]
        top = body.bounds()[1, 1]
    else:
        parts = [tube([(0, 0, 0), (0, height, 0)], radius, sides, rounded=True).painted(green)]
        for side in (-1, 1)[: whole(rng, 1, 2)]:
            y, reach, rise = between(rng, 0.3, 0.6) * height, between(rng, 0.35, 0.5), between(rng, 0.25, 0.6)
            arm = smooth(
                [(0, y, 0), (side * reach * 0.8, y + 0.02, 0), (side * reach, y + 0.2, 0), (side * reach, y + rise, 0)], 9
            )
            parts.append(tube(arm, radius * 0.68, sides, rounded=True).painted(shade(green, 0.92)))
        top = height + radius
    if chance(rng, 0.5):
        petal = ellipsoid(0.09, 0.03, 0.04, 8).rotated("z", 40).moved(0.07, 0.02)
        parts += [part.moved(y=top).painted(colour(rng, "pink", "red", "yellow")) for part in around(petal, 5)]
    if chance(rng, 0.4):
        pot = vessel([(0.3, 0), (0.38, 0.3), (0.42, 0.4)], 0.05, 0.05, 12).moved(y=-0.4)
        soil = cylinder(0.37, 0.3, 12).moved(y=-0.38).painted(colour(rng, "bark"))
        return [*parts, pot.painted(colour(rng, "brick", "vivid", "white")), soil]
    return [*parts, dome(0.55, 0.14, 10, 2).moved(y=-0.02).painted(colour(rng, "sand", "grass"))]


def mushroom(rng: Rng) -> list[Part]:
    cap_tint, stem_tint, sides = colour(rng, "red", "wood", "vivid", "bread"), colour(rng, "bone"), roundness(rng)
    parts = []
    for index in range(pick(rng, 1, 1, 1, 2, 3)):
        size = 1.0 if index == 0 else between(rng, 0.35, 0.6)
        height, radius, cap = between(rng, 0.5, 0.9), between(rng, 0.12, 0.2), between(rng, 0.4, 0.6)
        crown = between(rng, 0.25, 0.55)
        lean = between(rng, -0.1, 0.1)
        stem = tube(
            smooth([(0, 0, 0), (lean, height * 0.5, 0), (0, height + 0.05, 0)], 5),
            radius * np.array([1.3, 1.05, 0.95, 0.9, 0.9]),
            sides,
        )
        profile = [(0, -0.02), (cap * 0.9, -0.05), (cap, 0.02), (cap * 0.93, crown * 0.4), (cap * 0.6, crown * 0.85), (0, crown)]
        top = lathe(profile, sides).moved(y=height)
        one = [stem.painted(stem_tint), top.painted(cap_tint).painted_where(top.normals()[:, 1] < -0.7, shade(stem_tint, 0.9))]
        if chance(rng, 0.6):
            dot = sphere(0.07, 8).scaled(1, 0.5, 1).moved(cap * 0.78, height + crown * 0.65)
            one += [part.painted(colour(rng, "white")) for part in around(dot, whole(rng, 4, 6))]
            one.append(sphere(0.09, 8).scaled(1, 0.4, 1).moved(y=height + crown).painted(colour(rng, "white")))
        angle = 2.2 * index
        spot = at(np.cos(angle), 0, np.sin(angle)) * (0.33 if index else 0)
        parts += [part.scaled(size, size, size).moved(*spot) for part in one]
    return (
        [*parts, dome(0.5, 0.12, 9, 2).moved(y=-0.03).painted(colour(rng, "grass"))]
        if len(parts) > 8 or chance(rng, 0.3)
        else parts
    )


def blossom(rng: Rng, radius: float) -> list[Part]:
    """A flower head at the origin that looks up."""
    tint, eye = colour(rng, "vivid", "white", "pink", "yellow", "red"), colour(rng, "yellow", "chocolate", "orange")
    kind = pick(rng, "daisy", "daisy", "tulip", "rose")
    if kind == "tulip":
        petal = ellipsoid(radius * 0.42, radius * 0.75, radius * 0.22, 10).moved(0, radius * 0.5, radius * 0.3)
        return [part.painted(tint) for part in (*around(petal, 3), *around(petal.scaled(1, 1.1, 0.8), 3, 60))]
    if kind == "rose":
        return [
            part.painted(shade(tint, 1 - 0.12 * ring))
            for ring in range(3)
            for part in around(
                ellipsoid(radius * 0.4, radius * 0.35, radius * 0.14, 8)
                .rotated("x", -35 + 15 * ring)
                .moved(0, radius * (0.1 + 0.12 * ring), radius * (0.6 - 0.22 * ring)),
                5 - ring,
                36 * ring,
            )
        ]
    petal = ellipsoid(radius * 0.5, radius * 0.07, radius * 0.22, 8).rotated("z", between(rng, 0, 25)).moved(radius * 0.62)
    return [
        *(part.painted(tint) for part in around(petal, whole(rng, 5, 9))),
        ellipsoid(radius * 0.3, radius * 0.16, radius * 0.3, 10).painted(eye),
    ]


def flower(rng: Rng, potted: bool | None = None) -> list[Part]:
    green, parts = colour(rng, "leaf"), []
    potted = chance(rng, 0.5) if potted is None else potted
    for index in range(whole(rng, 1, 3)):
        height, angle = between(rng, 0.8, 1.3), 2.2 * index
        tip = at(np.cos(angle), 0, np.sin(angle)) * between(rng, 0.15, 0.4) * (1 if index else 0.4) + at(0, height, 0)
        path = smooth([(0, -0.1, 0), tip * [0.2, 0.5, 0.2], tip], 7)
        parts.append(tube(path, between(rng, 0.025, 0.04), 6).painted(green))
        tilt = between(rng, 10, 60)
        parts += [part.rotated("x", tilt).moved(*tip) for part in blossom(rng, between(rng, 0.2, 0.38))]
    leaf = tube(smooth([(0, -0.02, 0), (0.2, 0.25, 0), (0.42, 0.3, 0)], 6), [0.02, 0.07, 0.1, 0.1, 0.07, 0.0], 6, flat=0.25)
    parts += around(leaf.painted(shade(green, 0.9)), whole(rng, 2, 4), between(rng, 0, 90))
    if not potted:
        return [*parts, dome(0.3, 0.15, 8, 2).moved(y=-0.1).painted(colour(rng, "grass", "bark"))]
    return [*parts, *flower_pot(rng)]


def flower_pot(rng: Rng) -> list[Part]:
    """A pot with soil whose surface is a little above y = 0."""
    tint, sides = colour(rng, "brick", "vivid", "white", "pastel"), roundness(rng)
    low, high, tall = between(rng, 0.18, 0.26), between(rng, 0.28, 0.36), between(rng, 0.35, 0.5)
    outer = [(low, 0), (high * 0.93, tall * 0.78), (high * 1.08, tall * 0.8), (high * 1.08, tall)]
    body = decorated(rng, vessel(outer, 0.06, 0.05, sides), 0, tall, tint)
    soil = cylinder(low * 0.95, tall * 0.87, sides, top=high * 0.98).moved(y=0.02).painted(colour(rng, "bark", "chocolate"))
    return [part.moved(y=-tall * 0.85) for part in (body, soil)]


def pot_plant(rng: Rng) -> list[Part]:
    green, kind = colour(rng, "leaf"), pick(rng, "blades", "leaves", "ball", "tree")
    parts = flower_pot(rng)
    if kind == "ball":
        return [*parts, lump(rng, 0.4, 2, 0.07).moved(y=0.3).painted(green).speckled(rng, 0.1)]
    if kind == "tree":
        parts.append(cylinder(0.04, 0.6, 6).moved(y=-0.1).painted(colour(rng, "bark")))
        return [*parts, lump(rng, 0.36, 2, 0.07).moved(y=0.72).painted(green).speckled(rng, 0.1)]
    count = whole(rng, 6, 11)
    for index in range(count):
        rise, reach = between(rng, 0.5, 1.1), between(rng, 0.1, 0.6)
        wide = 0.06 if kind == "blades" else 0.13
        bend = smooth([(0, -0.1, 0), (reach * 0.35, rise * 0.7, 0), (reach, rise * between(rng, 0.8, 1.0), 0)], 7)
        blade = tube(bend, wide * np.array([0.4, 0.5, 0.6, 0.9, 1.0, 0.7, 0.0]), 6, flat=0.2)
        parts.append(blade.rotated("y", 137.5 * index).painted(shade(green, between(rng, 0.8, 1.2))))
    return parts


def grass_tuft(rng: Rng) -> list[Part]:
    green, parts = colour(rng, "grass", "leaf", "sand"), []
    for index in range(whole(rng, 7, 14)):
        rise, reach = between(rng, 0.5, 1.0), between(rng, 0.05, 0.5)
        path = smooth([(0.05, -0.03, 0), (0.05 + reach * 0.3, rise * 0.6, 0), (0.05 + reach, rise, 0)], 5)
        blade = tube(path, between(rng, 0.06, 0.1) * np.array([1, 0.9, 0.75, 0.5, 0]), 4, flat=0.4)
        parts.append(blade.rotated("y", 137.5 * index).painted(shade(green, between(rng, 0.75, 1.25))))
    return [*parts, dome(0.2, 0.08, 8, 2).moved(y=-0.03).painted(colour(rng, "bark"))]


def rock(rng: Rng) -> list[Part]:
    stone, parts = colour(rng, "stone", "stone", "brick", "sand"), []
    for index in range(pick(rng, 1, 1, 2, 3)):
        level, size = pick(rng, 1, 1, 2), 0.6 if index == 0 else between(rng, 0.25, 0.45)
        part = lump(rng, size, level, 0.1 if level == 2 else 0.22).scaled(*rng.uniform(0.7, 1.3, 3))
        for _ in range(whole(rng, 2, 6)):
            normal = rng.normal(size=3)
            normal /= np.linalg.norm(normal)
            limit = size * between(rng, 0.55, 0.85)
            part = part.deformed(lambda v, n=normal, d=limit: v - np.maximum(v @ n - d, 0)[:, None] * n * 0.98)
        angle = 2.5 * index
        part = part.moved(np.cos(angle) * 0.6 * (index > 0), size * 0.5, np.sin(angle) * 0.6 * (index > 0))
        part = part.painted(shade(stone, between(rng, 0.85, 1.1))).speckled(rng, 0.12)
        if chance(rng, 0.25):
            part = part.painted_where(part.normals()[:, 1] > 0.6, colour(rng, "grass", "white"))
        parts.append(part)
    return parts


def crystal(rng: Rng) -> list[Part]:
    tint, parts = colour(rng, "vivid", "glass", "pastel"), []
    for index in range(whole(rng, 2, 7)):
        height, radius, sides = between(rng, 0.5, 1.3), between(rng, 0.12, 0.22), pick(rng, 4, 5, 6)
        shaft = lathe([(radius * 0.7, -0.1), (radius, height * 0.7), (0, height)], sides).rotated("y", between(rng, 0, 90))
        tilt = between(rng, 8, 45) if index else between(rng, 0, 10)
        shaft = shaft.rotated("z", -tilt).rotated("y", 137.5 * index).scaled(*[1.0 if index == 0 else between(rng, 0.6, 0.9)] * 3)
        parts.append(shaft.painted(shade(tint, between(rng, 0.75, 1.2))).speckled(rng, 0.08))
    base = lump(rng, 0.4, 1, 0.15).scaled(1.2, 0.45, 1.2)
    return [*parts, base.painted(colour(rng, "stone", "dark metal")).speckled(rng, 0.1)]


def pumpkin(rng: Rng) -> list[Part]:
    tint, lobes = colour(rng, "orange", "orange", "green", "bone"), whole(rng, 7, 10)
    lobe = ellipsoid(0.24, between(rng, 0.38, 0.5), 0.26, 10).moved(0, 0.42, 0.28)
    parts = [part.painted(shade(tint, 0.94 + 0.12 * (i % 2))) for i, part in enumerate(around(lobe, lobes))]
    parts.append(ellipsoid(0.36, 0.36, 0.36, 12).moved(y=0.42).painted(tint))
    stem = tube(smooth([(0, 0.75, 0), (0.02, 0.92, 0), (0.12, 1.05, 0)], 5), [0.09, 0.07, 0.06, 0.055, 0.05], 6)
    parts.append(stem.painted(colour(rng, "leaf", "bark")))
    if chance(rng, 0.5):
        black = colour(rng, "black", "yellow")
        eye = cylinder(0.11, 0.12, 3).rotated("y", -30).rotated("x", 90).moved(0.17, 0.52, 0.44).painted(black)
        mouth = [
            ellipsoid(0.06, 0.06, 0.06, 6).moved(x, 0.3 + y, 0.5 - 0.6 * x * x).painted(black)
            for x, y in arc(0.24, 200, 340, 6) + np.array([0, 0.1])
        ]
        parts += [eye, eye.mirrored("x"), *mouth]
    return parts


def wreath(rng: Rng) -> list[Part]:
    """A wreath of leaves with berries or flowers."""
    green = colour(rng, "leaf", "autumn")
    parts = [torus(0.7, 0.1, 20, 8).rotated("x", 90).painted(colour(rng, "bark", "leaf"))]
    count = whole(rng, 14, 22)
    for index in range(count):
        leaf = ellipsoid(0.08, 0.2, 0.06, 8).rotated("z", pick(rng, -40, 40)).rotated("x", between(rng, -20, 20)).moved(0.72)
        parts.append(
            leaf.rotated("z", 360 * index / count).moved(z=0.06 * (-1) ** index).painted(shade(green, between(rng, 0.75, 1.2)))
        )
    berry = sphere(0.07, 8).moved(0.7, 0, 0.12).painted(colour(rng, "red", "gold"))
    parts += [berry.rotated("z", angle) for angle in np.linspace(0, 360, whole(rng, 4, 8), endpoint=False)]
    bow = contrast(rng, green)
    return [
        *parts,
        sphere(0.1, 8).moved(0, -0.7, 0.12).painted(bow),
        *(ellipsoid(0.2, 0.11, 0.06, 8).rotated("z", t).moved(x, -0.72, 0.13).painted(bow) for x, t in ((-0.2, 15), (0.2, -15))),
    ]


FAMILIES = (
    leafy_tree,
    conifer,
    palm,
    dead_tree,
    stump,
    bush,
    cactus,
    mushroom,
    flower,
    pot_plant,
    grass_tuft,
    rock,
    crystal,
    pumpkin,
    wreath,
)
