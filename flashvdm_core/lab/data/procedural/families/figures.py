"""Robots, toys, snowmen, ghosts and chess pieces, looking towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, at, both
from ..outlines import smooth
from ..primitives import box, cone_between, cylinder, dome, ellipsoid, lathe, sphere, torus, tube


def robot(rng: Rng) -> list[Part]:
    paint, joint = colour(rng, "steel", "vivid", "white", "dull", "gold"), colour(rng, "dark metal", "black")
    accent, sides = contrast(rng, paint), pick(rng, 6, 8, 12)
    wide, tall, deep = between(rng, 0.45, 0.75), between(rng, 0.5, 0.8), between(rng, 0.35, 0.5)
    legs = pick(rng, "legs", "legs", "wheel", "tracks")
    y = between(rng, 0.4, 0.7) if legs == "legs" else 0.4
    body = (
        box(wide, tall, deep, bevel=pick(rng, 0.02, 0.06, 0.12), top=(between(rng, 0.8, 1.2), 1))
        if chance(rng, 0.75)
        else lathe([(0, 0), (wide * 0.4, 0), (wide * 0.5, tall * 0.2), (wide * 0.45, tall), (0, tall)], 16)
    )
    parts = [body.moved(y=y).painted(paint)]
    front = deep / 2 if body.bounds()[1, 2] < deep * 0.6 else wide * 0.46
    parts.append(box(wide * 0.6, tall * 0.4, 0.06).moved(0, y + tall * 0.35, front - 0.01).painted(accent))
    for x in np.linspace(-0.18, 0.18, 3) * wide:
        parts.append(
            cylinder(0.035, 0.05, 8)
            .rotated("x", 90)
            .moved(x, y + tall * 0.55, front + 0.01)
            .painted(colour(rng, "vivid", "light"))
        )
    parts += [part.moved(y=y + tall) for part in _robot_head(rng, wide, paint, accent, joint)]
    parts += _robot_arms(rng, wide, y + tall * 0.82, paint, joint, sides)
    if legs == "legs":
        hip = wide * 0.27
        leg = tube([(hip, y + 0.05, 0), (hip, 0.1, 0)], between(rng, 0.06, 0.13), sides)
        foot = box(wide * 0.4, 0.14, deep * 0.95, bevel=0.03).moved(hip * 1.05, 0, 0.05)
        return parts + both(leg.painted(joint), foot.painted(paint))
    if legs == "wheel":
        hub = cylinder(0.26, 0.2, 16).rotated("z", 90).moved(0.1, 0.26)
        fork = box(0.07, 0.3, 0.16).moved(0.13, 0.22)
        return [*parts, hub.painted(joint), *both(fork.painted(accent))]
    track = box(0.2, 0.32, deep * 1.7, bevel=0.1).moved(wide * 0.42)
    return [*parts, *both(track.painted(joint)), box(wide * 0.8, 0.2, deep * 0.8).moved(y=0.22).painted(accent)]


def _robot_head(rng: Rng, wide: float, paint: np.ndarray, accent: np.ndarray, joint: np.ndarray) -> list[Part]:
    """A head on a neck that stands on y = 0."""
    size, glow, parts = wide * between(rng, 0.55, 0.9), colour(rng, "light", "red", "vivid"), []
    parts.append(cylinder(size * 0.2, 0.16, 8).moved(y=-0.03).painted(joint))
    kind = pick(rng, "box", "dome", "cylinder")
    if kind == "box":
        head, front = box(size, size * 0.8, size * 0.8, bevel=pick(rng, 0.02, 0.06)), size * 0.4
    elif kind == "dome":
        head, front = dome(size * 0.55, size * 0.75, 14, 5), size * 0.5
    else:
        head, front = (
            lathe([(0, 0), (size * 0.45, 0), (size * 0.45, size * 0.6), (size * 0.3, size * 0.75), (0, size * 0.75)], 14),
            size * 0.43,
        )
    parts.append(head.moved(y=0.1).painted(paint))
    y = 0.1 + size * 0.42
    if kind == "box" and chance(rng, 0.4):
        parts.append(box(size * 0.8, size * 0.24, 0.06).moved(0, y - size * 0.1, front - 0.01).painted(glow))
    else:
        eye = cylinder(size * 0.13, 0.12, 10).rotated("x", 90).moved(size * 0.22, y, front - 0.09)
        parts += both(eye.painted(glow))
    if kind != "dome":
        parts.append(box(size * 0.5, size * 0.1, 0.05).moved(0, 0.1 + size * 0.12, front - 0.015).painted(joint))
    if chance(rng, 0.7):
        top, x = 0.1 + size * 0.7, pick(rng, 0.0, 0.0, size * 0.25)
        pole = cylinder(0.015, size * 0.5, 5).moved(x, top - 0.05).painted(joint)
        bulb = sphere(0.05, 8).moved(x, top + size * 0.45).painted(accent)
        parts += both(pole, bulb) if x else [pole, bulb]
    if kind == "box" and chance(rng, 0.4):
        parts += both(cylinder(size * 0.17, 0.08, 10).rotated("z", -90).moved(size * 0.48, y).painted(accent))
    return parts


def _robot_arms(rng: Rng, wide: float, y: float, paint: np.ndarray, joint: np.ndarray, sides: int) -> list[Part]:
    parts, thick = [], between(rng, 0.05, 0.09)
    for side in (-1, 1):
        lift = pick(rng, -1.0, -1.0, between(rng, -0.6, 1.0))
        shoulder = at(side * wide * 0.5, y, 0)
        elbow = shoulder + at(side * 0.18, lift * 0.22, 0.02)
        hand = elbow + at(side * 0.06, lift * 0.2, between(rng, 0.0, 0.22))
        parts += [sphere(thick * 1.6, 10).moved(*shoulder).painted(joint), tube([shoulder, elbow], thick, sides).painted(paint)]
        parts += [sphere(thick * 1.2, 8).moved(*elbow).painted(joint), tube([elbow, hand], thick, sides).painted(paint)]
        grip = hand - elbow
        grip = grip / np.linalg.norm(grip)
        across = np.cross(grip, [1.0, 0, 0]) + at(0.3, 0, 0)
        across = across / np.linalg.norm(across) * thick
        parts.append(sphere(thick * 1.15, 8).moved(*hand).painted(joint))
        for turn in (-1, 1):
            finger = [hand, hand + turn * across * 1.3 + grip * thick * 1.2, hand + turn * across * 0.6 + grip * thick * 2.6]
            parts.append(tube(finger, [thick * 0.6, thick * 0.55, thick * 0.3], 6).painted(joint))
    return parts


def snowman(rng: Rng) -> list[Part]:
    snow, sides = colour(rng, "white"), roundness(rng)
    radii = np.array([0.5, 0.37, 0.26]) * rng.uniform(0.9, 1.1, 3)
    parts, y = [], 0.0
    centres = []
    for radius in radii:
        y += radius * 0.85
        centres.append(y)
        parts.append(sphere(radius, sides).moved(y=y).painted(snow))
        y += radius * 0.78
    head, coal = centres[2], colour(rng, "black")
    nose = cone_between((0, head, radii[2] * 0.8), (0, head - 0.02, radii[2] + 0.28), 0.06, 7)
    parts += [nose.painted(colour(rng, "orange")), *both(sphere(0.04, 8).moved(0.1, head + 0.08, radii[2] * 0.9).painted(coal))]
    for lift in (-0.08, 0.12):
        z = np.sqrt(max(radii[1] ** 2 - lift**2, 0.01))
        parts.append(sphere(0.045, 8).moved(0, centres[1] + lift, z).painted(coal))
    twig = tube(
        smooth(
            [(radii[1] * 0.8, centres[1], 0), (0.65, centres[1] + 0.12, 0), (0.85, centres[1] + between(rng, 0.1, 0.4), 0)], 6
        ),
        [0.035, 0.03, 0.03, 0.025, 0.02, 0.015],
        6,
    )
    parts += both(twig.painted(colour(rng, "bark")))
    hat = pick(rng, "top", "bucket", "none")
    top = head + radii[2] * 0.75
    if hat == "top":
        parts.append(
            lathe([(0, 0), (0.32, 0), (0.32, 0.04), (0.2, 0.05), (0.2, 0.32), (0, 0.32)], 14)
            .moved(y=top)
            .banded("y", [top + 0.06, top + 0.13], [coal, colour(rng, "red"), coal])
        )
    elif hat == "bucket":
        parts.append(cylinder(0.24, 0.28, 12, top=0.17).moved(y=top - 0.03).painted(colour(rng, "vivid", "steel")))
    if chance(rng, 0.7):
        scarf = colour(rng, "vivid", "red")
        parts += [
            torus(radii[2] * 0.95, 0.075, 16, 6).moved(y=head - radii[2] * 0.68).painted(scarf),
            box(0.13, 0.35, 0.06).rotated("x", -12).moved(0.12, head - radii[2] * 0.7 - 0.34, radii[1] * 0.9).painted(scarf),
        ]
    return parts


def teddy(rng: Rng) -> list[Part]:
    fur, sides = colour(rng, "fur", "pink", "white", "bark"), roundness(rng)
    pale = shade(fur, 1.3)
    parts = [
        ellipsoid(0.38, 0.42, 0.34, sides).moved(y=0.4).painted(fur),
        ellipsoid(0.26, 0.3, 0.1, 12).moved(0, 0.4, 0.28).painted(pale),
    ]
    head = 0.98
    size = between(rng, 0.3, 0.38)
    parts += [
        ellipsoid(size * 1.05, size, size * 0.95, sides).moved(y=head).painted(fur),
        ellipsoid(0.15, 0.12, 0.14, 12).moved(0, head - 0.08, size * 0.85).painted(pale),
    ]
    parts.append(ellipsoid(0.06, 0.045, 0.05, 8).moved(0, head - 0.03, size * 0.85 + 0.13).painted(colour(rng, "black")))
    eye = sphere(0.04, 8).moved(0.12, head + 0.08, size * 0.86).painted(colour(rng, "black"))
    ear_height = between(rng, 0.13, 0.42) if chance(rng, 0.3) else 0.13
    ear = ellipsoid(0.13, ear_height, 0.07, 12).moved(size * 0.75, head + size * 0.7 + ear_height * 0.4)
    arm = tube([(0.28, 0.62, 0.05), (0.5, 0.5 + between(rng, -0.15, 0.4), 0.2)], [0.13, 0.14], 10, rounded=True)
    leg = tube([(0.2, 0.15, 0.1), (0.3, 0.12, 0.5)], [0.16, 0.17], 10, rounded=True)
    pad = ellipsoid(0.12, 0.13, 0.06, 10).moved(0.31, 0.12, 0.66)
    parts += both(eye, *(part.painted(fur) for part in (ear, arm, leg)), pad.painted(pale))
    if chance(rng, 0.4):
        bow = ellipsoid(0.12, 0.08, 0.05, 8).rotated("z", 15).moved(0.11, 0.7, 0.34)
        parts += both(bow.painted(colour(rng, "red", "vivid")))
    return parts


def ghost(rng: Rng) -> list[Part]:
    """A ghost, slime or alien."""
    kind = pick(rng, "ghost", "slime", "alien")
    if kind == "ghost":
        cloth, waves = colour(rng, "white", "pastel", "glass"), whole(rng, 5, 8)
        profile = [(0, 0.05), (0.5, 0), (0.44, 0.45), (0.4, 0.8), (0.28, 1.05), (0, 1.15)]
        body = lathe(profile, waves * 4)
        angle = np.arctan2(body.vertices[:, 2], body.vertices[:, 0])
        ripple = (1 - body.vertices[:, 1].clip(0, 0.6) / 0.6) * np.cos(waves * angle)
        body = body.deformed(
            lambda v: (
                v * np.stack([1 + 0.12 * ripple, np.ones(len(v)), 1 + 0.12 * ripple], 1)
                + np.outer(0.05 * ripple * (v[:, 1] < 0.03), [0, 1, 0])
            )
        )
        arm = tube([(0.35, 0.7, 0.1), (0.6, between(rng, 0.5, 0.9), 0.35)], [0.13, 0.07], 8, rounded=True)
        parts, eye, face = [body.painted(cloth), *both(arm.painted(cloth))], at(0.14, 0.85, 0.34), 0.07
    elif kind == "slime":
        tint = colour(rng, "vivid", "green", "blue")
        body = lathe([(0, 0), (0.6, 0), (0.65, 0.12), (0.5, 0.45), (0.2, 0.68), (0, between(rng, 0.7, 0.95))], roundness(rng) + 4)
        parts, eye, face = [body.painted(tint)], at(0.2, 0.34, 0.52), 0.09
    else:
        tint = colour(rng, "green", "vivid", "stone")
        parts = [
            ellipsoid(0.38, 0.46, 0.36, 14).moved(y=1.0).painted(tint),
            tube([(0, 0.3, 0), (0, 0.75, 0)], [0.2, 0.13], 10, rounded=True).painted(colour(rng, "steel", "vivid")),
        ]
        arm = tube([(0.14, 0.62, 0), (0.35, 0.4, 0.08), (0.42, 0.2, 0.15)], [0.06, 0.05, 0.06], 8, rounded=True)
        leg = tube([(0.09, 0.2, 0), (0.14, 0.0, 0), (0.15, -0.04, 0.12)], [0.09, 0.07, 0.06], 8, rounded=True)
        feeler = tube([(0.12, 1.35, 0), (0.24, 1.65, 0)], 0.02, 5)
        parts += both(
            arm.painted(tint),
            leg.painted(tint),
            feeler.painted(tint),
            sphere(0.055, 8).moved(0.24, 1.66).painted(colour(rng, "vivid")),
        )
        eye, face = at(0.17, 1.02, 0.3), 0.1
    dark = ellipsoid(face * 0.9, face * 1.3, face * 0.6, 10).moved(*eye).painted(colour(rng, "black"))
    return [*parts, *both(dark)]


def chess_piece(rng: Rng) -> list[Part]:
    tint, sides = colour(rng, "bone", "black", "dark wood", "white", "wood"), roundness(rng) + 4
    kind, height = pick(rng, "pawn", "rook", "bishop", "queen", "king"), between(rng, 1.0, 1.6)
    base = [(0, 0), (0.42, 0), (0.42, 0.1), (0.33, 0.16), (0.34, 0.24), (0.2, 0.36)]
    neck = [(0.13, height * 0.62), (0.24, height * 0.68), (0.24, height * 0.72), (0.14, height * 0.75)]
    if kind == "pawn":
        return [
            lathe([*base, *neck, (0, height * 0.75)], sides).painted(tint),
            sphere(0.24, sides).moved(y=height * 0.75 + 0.18).painted(tint),
        ]
    if kind == "rook":
        body = lathe(
            [
                *base,
                (0.19, height * 0.7),
                (0.3, height * 0.76),
                (0.3, height),
                (0.2, height),
                (0.2, height * 0.88),
                (0, height * 0.88),
            ],
            sides,
        )
        merlon = box(0.14, 0.13, 0.11).moved(0, height - 0.02, 0.245)
        return [body.painted(tint), *(merlon.rotated("y", 60 * index).painted(tint) for index in range(6))]
    if kind == "bishop":
        parts = [
            lathe([*base, *neck, (0.22, height * 0.85), (0.13, height * 1.02), (0, height * 1.1)], sides),
            sphere(0.06, 8).moved(y=height * 1.12),
        ]
        return [part.painted(tint) for part in parts]
    crown = lathe([*base, *neck, (0.17, height * 0.85), (0.28, height * 1.02), (0.2, height * 1.04), (0, height * 1.1)], sides)
    if kind == "queen":
        beads = [sphere(0.055, 8).moved(0.27, height * 1.04).rotated("y", 45 * index) for index in range(8)]
        return [part.painted(tint) for part in (crown, *beads, sphere(0.07, 8).moved(y=height * 1.12))]
    cross = [box(0.07, 0.27, 0.06).moved(y=height * 1.08), box(0.19, 0.07, 0.06).moved(y=height * 1.08 + 0.13)]
    return [part.painted(tint) for part in (crown, *cross)]


FAMILIES = (
    robot,
    snowman,
    teddy,
    ghost,
    chess_piece,
)
