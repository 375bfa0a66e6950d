"""Signs and tokens: hearts, stars, arrows, letters, coins, gems, dice, balls, trophies."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, both
from ..outlines import arc, circle, heart, smooth, star, superellipse
from ..primitives import box, cylinder, dome, ellipsoid, extrude, icosphere, lathe, loft, sphere, torus, tube
from .plants import lump

STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "A": [[(0, 0), (0.5, 1.4), (1, 0)], [(0.2, 0.5), (0.8, 0.5)]],
    "B": [[(0.1, 0), (0.1, 1.4), (0.7, 1.3), (0.75, 0.95), (0.1, 0.75), (0.85, 0.6), (0.85, 0.15), (0.1, 0)]],
    "C": [[(1, 1.2), (0.5, 1.4), (0.05, 1.0), (0.05, 0.4), (0.5, 0), (1, 0.2)]],
    "E": [[(0.9, 0), (0.1, 0), (0.1, 1.4), (0.9, 1.4)], [(0.1, 0.7), (0.7, 0.7)]],
    "F": [[(0.1, 0), (0.1, 1.4), (0.9, 1.4)], [(0.1, 0.7), (0.7, 0.7)]],
    "H": [[(0.1, 0), (0.1, 1.4)], [(0.9, 0), (0.9, 1.4)], [(0.1, 0.7), (0.9, 0.7)]],
    "K": [[(0.1, 0), (0.1, 1.4)], [(0.9, 1.4), (0.1, 0.6)], [(0.35, 0.85), (0.95, 0)]],
    "L": [[(0.1, 1.4), (0.1, 0), (0.9, 0)]],
    "M": [[(0, 0), (0.1, 1.4), (0.5, 0.5), (0.9, 1.4), (1, 0)]],
    "N": [[(0.1, 0), (0.1, 1.4), (0.9, 0), (0.9, 1.4)]],
    "P": [[(0.1, 0), (0.1, 1.4), (0.75, 1.35), (0.85, 1.0), (0.7, 0.7), (0.1, 0.65)]],
    "R": [[(0.1, 0), (0.1, 1.4), (0.75, 1.35), (0.85, 1.0), (0.7, 0.7), (0.1, 0.65)], [(0.5, 0.68), (0.95, 0)]],
    "S": [[(0.9, 1.2), (0.5, 1.4), (0.1, 1.1), (0.5, 0.72), (0.9, 0.4), (0.5, 0), (0.1, 0.2)]],
    "T": [[(0.5, 0), (0.5, 1.4)], [(0, 1.4), (1, 1.4)]],
    "U": [[(0.1, 1.4), (0.1, 0.35), (0.5, 0), (0.9, 0.35), (0.9, 1.4)]],
    "V": [[(0, 1.4), (0.5, 0), (1, 1.4)]],
    "W": [[(0, 1.4), (0.2, 0), (0.5, 0.9), (0.8, 0), (1, 1.4)]],
    "X": [[(0, 0), (1, 1.4)], [(1, 0), (0, 1.4)]],
    "Y": [[(0, 1.4), (0.5, 0.7), (1, 1.4)], [(0.5, 0), (0.5, 0.7)]],
    "Z": [[(0, 1.4), (1, 1.4), (0, 0), (1, 0)]],
    "1": [[(0.2, 1.1), (0.5, 1.4), (0.5, 0)], [(0.2, 0), (0.8, 0)]],
    "2": [[(0.1, 1.1), (0.5, 1.4), (0.9, 1.05), (0.1, 0), (0.95, 0)]],
    "3": [[(0.1, 1.3), (0.8, 1.3), (0.5, 0.8), (0.9, 0.45), (0.5, 0), (0.1, 0.15)]],
    "4": [[(0.7, 0), (0.7, 1.4), (0.05, 0.45), (0.95, 0.45)]],
    "5": [[(0.85, 1.4), (0.2, 1.4), (0.15, 0.8), (0.8, 0.75), (0.85, 0.25), (0.5, 0), (0.1, 0.15)]],
    "7": [[(0.05, 1.4), (0.95, 1.4), (0.4, 0)]],
    "?": [[(0.1, 1.1), (0.5, 1.4), (0.9, 1.1), (0.5, 0.7), (0.5, 0.42)], [(0.5, 0.0), (0.5, 0.14)]],
    "!": [[(0.5, 1.4), (0.5, 0.45)], [(0.5, 0.0), (0.5, 0.14)]],
    "+": [[(0.5, 0.2), (0.5, 1.2)], [(0, 0.7), (1, 0.7)]],
}
"""Letters, figures and marks as strokes in a box 1 wide and 1.4 high."""


def letter(rng: Rng) -> list[Part]:
    tint, sign = colour(rng, "vivid", "wood", "gold", "white", "steel"), str(rng.choice(list(STROKES)))
    thick, square = between(rng, 0.1, 0.17), chance(rng, 0.5)
    sides, flat = (4, 1.0) if square else (pick(rng, 6, 8, 12), 1.0)
    parts = []
    for stroke in STROKES[sign]:
        path = np.column_stack([np.asarray(stroke), np.zeros(len(stroke))])
        parts.append(
            tube(path, thick * (1.41 if square else 1.0), sides, rounded=not square, flat=flat, up=(0, 0, 1)).painted(tint)
        )
    if sign in "?!":
        parts.append(box(thick * 2.4, 0.34, thick * 1.2).moved(0.5, 0.12).painted(shade(tint, 0.7)))
    if chance(rng, 0.4):
        parts.append(box(1.5, 0.12, 0.6, bevel=0.03).moved(0.5, -0.1).painted(contrast(rng, tint)))
    return parts


def badge(rng: Rng) -> list[Part]:
    """A heart, star, arrow, moon, lightning, cross, flower or hash, as a thick plate or a cushion."""
    tint, kind = (
        colour(rng, "red", "gold", "vivid", "pastel"),
        pick(rng, "heart", "star", "arrow", "moon", "lightning", "cross", "drop", "cloud"),
    )
    depth = between(rng, 0.25, 0.6)
    if kind == "cloud":
        balls = [
            lump(rng, r, 2, 0.03).moved(x, y)
            for x, y, r in ((-0.6, 0, 0.36), (0, 0.18, 0.5), (0.55, 0.02, 0.4), (0.1, -0.15, 0.36))
        ]
        return [ball.painted(colour(rng, "white", "glass")) for ball in balls]
    if kind == "star":
        count = pick(rng, 4, 5, 5, 6, 8)
        if chance(rng, 0.5):
            ring = np.column_stack([star(count, between(rng, 0.4, 0.55)), np.zeros(2 * count)])
            return [
                loft(
                    ring[None].repeat(2, 0) + np.array([[[0, 0, -0.02]], [[0, 0, 0.02]]]), (0, 0, -depth), (0, 0, depth)
                ).painted(tint)
            ]
        return [extrude(star(count, between(rng, 0.4, 0.55)), depth, bevel=pick(rng, 0.0, 0.12)).painted(tint)]
    outlines = {
        "heart": heart(),
        "arrow": np.array([(-0.25, -1), (0.25, -1), (0.25, 0.1), (0.6, 0.1), (0, 0.9), (-0.6, 0.1), (-0.25, 0.1)])
        * [between(rng, 0.8, 1.3), 1],
        "lightning": np.array([(0.1, -1), (0.45, 0.15), (0.12, 0.12), (0.35, 1), (-0.15, 1), (-0.4, -0.1), (-0.05, -0.08)]),
        "cross": np.array(
            [
                (-0.3, -1),
                (0.3, -1),
                (0.3, -0.3),
                (1, -0.3),
                (1, 0.3),
                (0.3, 0.3),
                (0.3, 1),
                (-0.3, 1),
                (-0.3, 0.3),
                (-1, 0.3),
                (-1, -0.3),
                (-0.3, -0.3),
            ]
        ),
        "moon": np.concatenate([arc(1.0, 60, 300, 15), arc(0.82, 280, 80, 13) + np.array([0.36, 0.0])]),
        "drop": np.concatenate([arc(0.6, 150, 390, 14), [(0, 1.1)]]),
    }
    return [extrude(outlines[kind], depth, bevel=0.0 if kind == "moon" else pick(rng, 0.0, 0.1, 0.2)).painted(tint)]


def coin(rng: Rng) -> list[Part]:
    gold, sides = colour(rng, "gold", "steel", "copper"), pick(rng, 12, 16, 24, 32)
    depth = between(rng, 0.12, 0.25)
    body = lathe(
        [
            (0, -depth / 2),
            (0.8, -depth / 2),
            (0.8, -depth * 0.75),
            (1, -depth * 0.75),
            (1, depth * 0.75),
            (0.8, depth * 0.75),
            (0.8, depth / 2),
            (0, depth / 2),
        ],
        sides,
    )
    mark = pick(rng, star(5, 0.25, 0.55), heart() * 0.5, superellipse(4, 0.9, 0.9, 1.0), circle(3, 0.25) * 0.5)
    parts = [body.rotated("x", 90).painted(gold), extrude(mark, depth * 1.4).painted(shade(gold, 0.8))]
    if chance(rng, 0.35):
        flat = [part.rotated("x", 90) for part in parts]
        step = depth * 1.48
        return [
            part.moved(between(rng, -0.08, 0.08), step * level, between(rng, -0.08, 0.08))
            for level in range(whole(rng, 3, 6))
            for part in flat
        ]
    return parts


def gem(rng: Rng) -> list[Part]:
    tint, sides = colour(rng, "vivid", "glass", "pastel"), pick(rng, 5, 6, 8, 8, 10)
    kind = pick(rng, "brilliant", "octahedron", "emerald", "ring")
    if kind == "octahedron":
        body = lathe([(0, -1), (between(rng, 0.5, 0.8), 0), (0, 1)], pick(rng, 5, 6, 8))
        return [body.painted(tint).speckled(rng, 0.15)]
    if kind == "emerald":
        return [box(1.0, 0.5, 1.4, bevel=0.18).painted(tint).speckled(rng, 0.12)]
    body = lathe([(0, -0.75), (0.8, 0), (0.78, 0.06), (0.45, 0.32), (0, 0.32)], sides)
    body = body.painted(tint).speckled(rng, 0.15)
    if kind == "brilliant":
        return [body]
    metal = colour(rng, "gold", "steel")
    ring = torus(0.8, between(rng, 0.1, 0.16), 24, 8).rotated("x", 90).painted(metal)
    stone = body.scaled(0.4, 0.4, 0.4).moved(y=1.08)
    claw = tube([(0.12, 0.75, 0), (0.33, 1.12, 0)], 0.05, 6).painted(metal)
    return [ring, stone, *around(claw, 4)]


def trophy(rng: Rng) -> list[Part]:
    gold, sides = colour(rng, "gold", "steel", "copper"), roundness(rng) + 4
    profile = [
        (0, 0),
        (0.3, 0),
        (0.3, 0.06),
        (0.08, 0.16),
        (0.07, 0.35),
        (0.2, 0.48),
        (0.4, 0.75),
        (0.45, 1.15),
        (0.4, 1.15),
        (0.34, 0.8),
        (0, 0.55),
    ]
    handle = smooth([(0.4, 1.05, 0), (0.72, 1.08, 0), (0.68, 0.75, 0), (0.28, 0.6, 0)], 10)
    base = box(0.7, between(rng, 0.15, 0.4), 0.7, bevel=0.03, top=(0.9, 0.9))
    high = base.bounds()[1, 1]
    parts = [
        lathe(profile, sides).painted(gold),
        *both(tube(handle, 0.045, 8).painted(gold)),
        base.moved(y=-high + 0.01).painted(colour(rng, "dark wood", "black", "stone")),
    ]
    if chance(rng, 0.5):
        parts.append(extrude(star(5, 0.08, 0.19), 0.08).moved(0, 0.92, 0.42).painted(shade(gold, 0.75)))
    return [*parts, box(0.36, 0.09, 0.04).moved(0, -high * 0.7, 0.33).painted(gold)]


def dice(rng: Rng) -> list[Part]:
    tint = colour(rng, "white", "red", "black", "vivid")
    pip = colour(rng, "black") if np.mean(tint) > 120 else colour(rng, "white")
    parts = [box(1, 1, 1, bevel=between(rng, 0.05, 0.14)).moved(y=-0.5).painted(tint)]
    dot = cylinder(0.1, 0.05, 12).moved(y=0.46)
    spots = {1: [(0, 0)], 2: [(-1, -1), (1, 1)], 3: [(-1, -1), (0, 0), (1, 1)], 4: [(x, z) for x in (-1, 1) for z in (-1, 1)]}
    spots |= {5: [*spots[4], (0, 0)], 6: [*spots[4], (-1, 0), (1, 0)]}
    turns = {1: (0, 0), 6: (180, 0), 2: (90, 0), 5: (-90, 0), 3: (0, 90), 4: (0, -90)}
    for number, (x_turn, z_turn) in turns.items():
        parts += [
            dot.moved(0.25 * x, 0, 0.25 * z).rotated("x", x_turn).rotated("z", z_turn).painted(pip) for x, z in spots[number]
        ]
    return parts


def ball(rng: Rng) -> list[Part]:
    """A football, basketball, beach ball, globe on a stand, or planet."""
    kind = pick(rng, "football", "basket", "beach", "globe", "planet", "bowling")
    if kind == "football":
        body = icosphere(1.0, 2).painted(colour(rng, "white"))
        patch = icosphere(1.0, 0).vertices
        near = (body.centroids() @ patch.T).max(1) > 0.93
        return [body.painted_where(near, colour(rng, "black", "vivid"))]
    if kind == "basket":
        tint, line = colour(rng, "orange", "vivid"), colour(rng, "black")
        seams = [
            torus(0.985, 0.03, 28, 5),
            torus(0.985, 0.03, 28, 5).rotated("x", 90),
            torus(0.985, 0.03, 28, 5).rotated("z", 90),
        ]
        return [sphere(1.0, 20).painted(tint), *(seam.painted(line) for seam in seams)]
    if kind == "beach":
        body, tint = sphere(1.0, 24).rotated("z", between(rng, 0, 50)), colour(rng, "vivid")
        wedge = (np.arctan2(*sphere(1.0, 24).centroids()[:, [2, 0]].T) / (2 * np.pi) * 6 // 1).astype(int)
        return [body.painted(colour(rng, "white")).painted_where(wedge % 2 == 0, tint)]
    if kind == "bowling":
        tint = colour(rng, "vivid", "black")
        hole = cylinder(0.13, 0.1, 10).moved(y=0.93).painted(shade(tint, 0.3))
        return [
            sphere(1.0, 20).painted(tint),
            hole.rotated("x", 30),
            hole.rotated("x", 30).rotated("z", 18),
            hole.rotated("x", 50).rotated("z", 8),
        ]
    body = icosphere(1.0, 3)
    noise = np.zeros(len(body.faces))
    for _ in range(7):
        direction = rng.normal(size=3)
        noise += np.cos(3 * (body.centroids() @ direction) + between(rng, 0, 6))
    globe = body.painted(colour(rng, "blue", "vivid")).painted_where(noise > 0.4, colour(rng, "leaf", "sand", "vivid"))
    if kind == "planet":
        ring = lathe([(1.35, -0.03), (1.9, -0.02), (1.9, 0.02), (1.35, 0.03), (1.35, -0.03)], 32).rotated(
            "z", between(rng, 8, 28)
        )
        belt = lathe([(0.9, -0.02), (1.36, -0.02), (1.36, 0.02), (0.9, 0.02), (0.9, -0.02)], 32)
        tilt = np.degrees(np.arctan2(*(ring.vertices[np.argmax(ring.vertices[:, 0])][[1, 0]])))
        return [globe, ring.painted(colour(rng, "sand", "pastel")), belt.rotated("z", tilt).painted(colour(rng, "dull"))]
    metal = colour(rng, "gold", "wood", "dark metal")
    curve = np.column_stack([arc(1.15, -90, 90, 13), np.zeros(13)])
    foot = lathe([(0, -1.55), (0.6, -1.55), (0.55, -1.45), (0.12, -1.35), (0.1, -1.1), (0, -1.1)], 16)
    pins = [cylinder(0.06, 0.25, 8).moved(y=y) for y in (0.95, -1.2)]
    return [globe, *(part.painted(metal) for part in (tube(curve, 0.06, 6), foot, *pins))]


def balloon(rng: Rng) -> list[Part]:
    """Toy balloons or a hot-air balloon."""
    if chance(rng, 0.5):
        tint, other = colour(rng, "vivid"), colour(rng, "white", "yellow", "vivid")
        body = lathe([(0, 0.08), (0.2, 0.0), (0.55, 0.45), (0.82, 0.95), (0.75, 1.4), (0.4, 1.72), (0, 1.8)], 16)
        wedge = (np.arctan2(*body.centroids()[:, [2, 0]].T) / (2 * np.pi) * 8 // 1).astype(int)
        rope = tube([(0.22, 0.08, 0.0), (0.14, -0.5, 0.0)], 0.018, 5).painted(colour(rng, "bark"))
        hamper = box(0.36, 0.28, 0.36, bevel=0.03).moved(y=-0.74)
        return [
            body.painted(tint).painted_where(wedge % 2 == 0, other),
            *around(rope, 4, 45),
            hamper.painted(colour(rng, "wood")),
        ]
    parts = []
    for index in range(whole(rng, 1, 4)):
        angle, reach = 2.1 * index, 0.4 * (index > 0)
        top = np.array([reach * np.cos(angle), 1.2 + 0.25 * (index % 2), reach * np.sin(angle)])
        skin = lathe([(0, -0.02), (0.05, -0.06), (0.06, 0.0), (0.28, 0.25), (0.36, 0.5), (0.25, 0.78), (0, 0.86)], 14)
        parts += [
            skin.moved(*top).painted(colour(rng, "vivid")),
            tube(smooth([top, top * [0.4, 0.5, 0.4], (0, 0, 0)], 7), 0.015, 5).painted(colour(rng, "white", "black")),
        ]
    return [*parts, dome(0.12, 0.12, 8).moved(y=-0.05).painted(colour(rng, "stone", "vivid"))]


def ring_toy(rng: Rng) -> list[Part]:
    """A stacking toy: rings on a peg."""
    y, parts, radius = 0.1, [cylinder(0.6, 0.1, 16).painted(colour(rng, "wood", "vivid"))], 0.6
    for _ in range(whole(rng, 3, 6)):
        thick = between(rng, 0.11, 0.15)
        parts.append(
            torus(radius - thick, thick, 20, 10).moved(y=y + thick * 0.9).painted(colour(rng, "vivid", "yellow", "blue", "red"))
        )
        y, radius = y + thick * 1.8, radius * 0.85
    parts.append(cylinder(0.12, y, 10).moved(y=0.02).painted(colour(rng, "wood", "white")))
    return [
        *parts,
        cylinder(0.5, y - 0.15, 16, top=0.2).moved(y=0.05).painted(colour(rng, "wood")),
        ellipsoid(0.16, 0.16, 0.16, 12).moved(y=y + 0.08).painted(colour(rng, "red", "yellow")),
    ]


FAMILIES = (letter, badge, coin, gem, trophy, dice, ball, balloon, ring_toy)
