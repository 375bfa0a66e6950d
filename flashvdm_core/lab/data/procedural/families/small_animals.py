"""Fish, shellfish, frogs, insects and other small animals, looking towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, at, both
from ..outlines import smooth
from ..primitives import box, cone_between, dome, ellipsoid, extrude, lathe, sphere, tube
from .animals import eyes


def fish(rng: Rng) -> list[Part]:
    kind = pick(rng, "fish", "fish", "shark", "whale")
    tint = colour(rng, "vivid", "orange", "pastel") if kind == "fish" else colour(rng, "stone", "blue", "dark metal")
    belly = pick(rng, tint, colour(rng, "white", "yellow")) if kind == "fish" else colour(rng, "white")
    height = {"fish": between(rng, 0.28, 0.55), "shark": 0.27, "whale": 0.42}[kind]
    width = {"fish": between(rng, 0.14, 0.24), "shark": 0.22, "whale": 0.36}[kind]
    z = np.linspace(1, -1, 11)
    profile = np.interp(z, [-1, -0.75, 0.0, 0.6, 0.85, 1.0], np.array([0.12, 0.3, 0.9, 0.95, 0.6, 0.0])) * height
    lift = 0.25 * np.maximum(-z - 0.3, 0) if kind == "whale" else 0 * z
    body = tube(np.column_stack([0 * z, lift, z]), profile, 12, up=(0, 1, 0)).scaled(width / height, 1, 1)
    middle = body.centroids()
    parts = [body.painted(tint).painted_where(middle[:, 1] < -height * 0.35, belly)]
    fin_tint = pick(rng, shade(tint, 0.75), contrast(rng, tint)) if kind == "fish" else tint
    if kind == "fish" and chance(rng, 0.4):
        parts[0] = body.banded("z", [-0.3, -0.1, 0.2, 0.42], [tint, belly, tint, belly, tint])
    if kind == "whale":
        fluke = ellipsoid(0.4, 0.05, 0.2, 10).rotated("y", 25).moved(0.32, 0.19, -1.08)
        flipper = ellipsoid(0.35, 0.05, 0.15, 10).rotated("z", -25).rotated("y", 20).moved(width + 0.15, -0.2, 0.3)
        parts += [part.painted(tint) for part in both(fluke, flipper)]
        if chance(rng, 0.4):
            jet = lathe([(0.03, 0), (0.04, 0.25), (0.2, 0.4), (0.14, 0.44), (0, 0.35)], 8).moved(0, height * 0.85, 0.4)
            parts.append(jet.painted(colour(rng, "glass")))
    else:
        tail = height * between(rng, 0.8, 1.2) if kind == "fish" else 0.5
        outline = np.array([(0.15, 0), (-0.35, tail), (-0.22, 0), (-0.35, -tail * (0.6 if kind == "shark" else 1))])
        parts.append(extrude(outline, 0.06).rotated("y", -90).moved(0, 0, -1.0).painted(fin_tint))
        top = between(rng, 0.2, 0.35)
        dorsal = np.array(
            [(-0.4, 0), (0.25, 0), (-0.1 if kind == "fish" else -0.3, height * 0.35 + top), (-0.35, height * 0.3 + top * 0.8)]
        )
        parts.append(extrude(dorsal, 0.06).rotated("y", -90).moved(0, height * 0.72, 0.0).painted(fin_tint))
        side = ellipsoid(0.26, 0.03, 0.12, 8).rotated("y", 30).rotated("z", -30).moved(width * 0.9 + 0.14, -height * 0.35, 0.25)
        parts += both(side.painted(fin_tint))
    return parts + eyes(rng, width * 0.75, height * 0.2, 0.68, 0.05 if kind != "fish" else 0.07)


def turtle(rng: Rng) -> list[Part]:
    skin, shell, sides = colour(rng, "leaf", "sand"), colour(rng, "bark", "leaf", "vivid"), roundness(rng)
    high = between(rng, 0.35, 0.55)
    top = dome(0.62, high, sides, 4).scaled(1, 1, 1.15).moved(y=0.18).painted(shell).speckled(rng, 0.15)
    rim = lathe([(0, 0.1), (0.6, 0.1), (0.68, 0.17), (0.6, 0.24), (0, 0.24)], sides).scaled(1, 1, 1.15).painted(shade(shell, 0.7))
    head = between(rng, 0.14, 0.22)
    neck = tube([(0, 0.2, 0.6), (0, 0.32, 0.95)], [0.12, 0.1], 8).painted(skin)
    parts = [top, rim, neck, sphere(head, 12).moved(0, 0.38, 1.02).painted(skin)]
    parts += eyes(rng, head * 0.6, 0.42, 1.02 + head * 0.7, 0.03)
    if chance(rng, 0.4):
        legs = [ellipsoid(0.4, 0.05, 0.16, 8).rotated("y", turn).moved(0.75, 0.12, z) for turn, z in ((30, 0.45), (-20, -0.45))]
    else:
        legs = [tube([(0.42, 0.2, z), (0.55, 0, z * 1.15)], [0.14, 0.13], 8) for z in (0.45, -0.45)]
    return [
        *parts,
        *both(*(leg.painted(skin) for leg in legs)),
        cone_between((0, 0.16, -0.62), (0, 0.1, -0.95), 0.08, 6).painted(skin),
    ]


def frog(rng: Rng) -> list[Part]:
    skin = colour(rng, "leaf", "green", "vivid")
    belly = shade(skin, 1.4)
    body = ellipsoid(0.46, 0.34, 0.55, 14).rotated("x", -22).moved(y=0.36)
    parts = [body.painted(skin).painted_where(body.centroids()[:, 1] < 0.2, belly)]
    parts.append(ellipsoid(0.42, 0.26, 0.34, 14).moved(0, 0.58, 0.38).painted(skin))
    bump = sphere(0.14, 10).moved(0.24, 0.82, 0.42).painted(skin)
    pupil = sphere(0.09, 8).moved(0.25, 0.85, 0.5).painted(colour(rng, "black"))
    thigh = ellipsoid(0.15, 0.2, 0.36, 10).moved(0.48, 0.22, -0.22).painted(skin)
    shin = tube([(0.5, 0.1, -0.45), (0.62, 0.05, 0.05), (0.7, 0.04, 0.2)], [0.09, 0.08, 0.1], 8).painted(skin)
    arm = tube([(0.3, 0.35, 0.4), (0.42, 0.04, 0.55), (0.46, 0.03, 0.68)], [0.1, 0.07, 0.09], 8).painted(skin)
    mouth = tube(smooth([(-0.3, 0.52, 0.6), (0, 0.5, 0.74), (0.3, 0.52, 0.6)], 7), 0.02, 5).painted(shade(skin, 0.4))
    return [*parts, mouth, *both(bump, pupil, thigh, shin, arm)]


def crab(rng: Rng) -> list[Part]:
    tint = colour(rng, "red", "orange", "blue", "vivid")
    parts = [ellipsoid(0.6, 0.26, 0.42, 14).moved(y=0.4).painted(tint)]
    stalk = tube([(0.18, 0.5, 0.32), (0.2, 0.78, 0.42)], 0.035, 6).painted(tint)
    parts += both(stalk, sphere(0.08, 8).moved(0.2, 0.8, 0.42).painted(colour(rng, "black")))
    for index in range(3):
        z = 0.15 - 0.2 * index
        leg = tube([(0.4, 0.36, z), (0.85, 0.5, z * 1.4), (1.05, 0.0, z * 1.7)], [0.07, 0.06, 0.02], 6)
        parts += both(leg.painted(shade(tint, 0.85)))
    arm = tube(smooth([(0.4, 0.4, 0.25), (0.85, 0.5, 0.5), (0.75, 0.6, 0.8)], 6), [0.09, 0.08, 0.08, 0.08, 0.1, 0.12], 8)
    size = between(rng, 0.18, 0.28)
    claw = [cone_between((0.72, 0.6, 0.78), (0.72 + x, 0.68, 0.78 + size * 2), size * 0.55, 6) for x in (-0.22, 0.08)]
    return parts + both(*(part.painted(tint) for part in (arm, sphere(size * 0.8, 10).moved(0.74, 0.6, 0.8), *claw)))


def octopus(rng: Rng) -> list[Part]:
    tint, count = colour(rng, "vivid", "pink", "orange"), whole(rng, 6, 8)
    head = ellipsoid(0.42, between(rng, 0.45, 0.6), 0.42, 16).moved(y=0.75)
    parts = [head.painted(tint), *eyes(rng, 0.18, 0.7, 0.38, 0.07)]
    for index in range(count):
        reach, curl = between(rng, 0.75, 1.0), between(rng, 0.0, 0.4)
        path = smooth([(0.2, 0.5, 0), (reach * 0.55, 0.12, 0.05), (reach, 0.06, 0), (reach + 0.15, 0.08 + curl, 0.1)], 9)
        arm = tube(path, np.linspace(0.15, 0.03, 9), 8, rounded=True).rotated("y", 360 * index / count)
        parts.append(arm.painted(shade(tint, 0.85 + 0.15 * (index % 2))))
    return parts


def insect(rng: Rng) -> list[Part]:
    """Bee, beetle, ladybird, butterfly or spider."""
    kind = pick(rng, "bee", "ladybird", "butterfly", "spider")
    black = colour(rng, "black")
    if kind == "spider":
        tint = colour(rng, "black", "bark", "red")
        parts = [
            ellipsoid(0.42, 0.36, 0.5, 12).moved(0, 0.5, -0.5).painted(tint),
            sphere(0.26, 12).moved(0, 0.42, 0.1).painted(shade(tint, 0.8)),
        ]
        for index in range(4):
            angle = np.radians(35 - 35 * index)
            out = at(np.cos(angle), 0, np.sin(angle))
            leg = tube(
                [out * 0.15 + at(0, 0.42, 0.05), out * 0.7 + at(0, 0.85, 0.05), out * 1.2 + at(0, 0, 0.05)], [0.06, 0.05, 0.02], 6
            )
            parts += both(leg.painted(tint))
        return parts + eyes(rng, 0.1, 0.52, 0.32, 0.045)
    if kind == "ladybird":
        tint = colour(rng, "red", "orange", "green")
        parts = [dome(0.55, 0.45, 16, 5).scaled(1, 1, 1.15).painted(tint), sphere(0.26, 12).moved(0, 0.16, 0.6).painted(black)]
        spots = [(0.25, 0.38, 0.2), (0.36, 0.24, -0.25), (0.14, 0.4, -0.28)]
        parts += both(*(ellipsoid(0.11, 0.07, 0.11, 8).moved(*spot).painted(black) for spot in spots))
        parts.append(box(0.03, 0.46, 1.2, bevel=0.01).moved(y=0.0).scaled(1, 1, 0.8).painted(black))
        leg = tube([(0.4, 0.06, 0), (0.75, 0.1, 0), (0.8, -0.1, 0)], 0.03, 5)
        parts += both(*(leg.moved(z=z).painted(black) for z in (-0.3, 0, 0.3)))
        feeler = tube([(0.1, 0.3, 0.75), (0.2, 0.5, 0.95)], 0.02, 5).painted(black)
        return parts + both(feeler)
    body = ellipsoid(0.14, 0.14, 0.55, 12) if kind == "butterfly" else ellipsoid(0.34, 0.33, 0.52, 14)
    limits = [] if kind == "butterfly" else [-0.3, -0.1, 0.1, 0.3]
    yellow = colour(rng, "yellow")
    parts = [
        body.banded("z", limits, [black, yellow, black, yellow, black]) if limits else body.painted(colour(rng, "black", "bark"))
    ]
    parts.append(
        sphere(0.15 if kind == "butterfly" else 0.24, 10).moved(z=0.55).painted(black if kind == "butterfly" else yellow)
    )
    parts += eyes(rng, 0.1, 0.06, 0.72, 0.05)
    feeler = tube(smooth([(0.05, 0.08, 0.62), (0.14, 0.28, 0.8), (0.24, 0.36, 0.95)], 5), 0.018, 5)
    parts += both(feeler.painted(black))
    lift = between(rng, 10, 50)
    if kind == "butterfly":
        tint = colour(rng, "vivid")
        upper = ellipsoid(0.52, 0.025, 0.42, 12).moved(0.5, 0, 0.28).painted(tint)
        lower = ellipsoid(0.38, 0.025, 0.32, 12).moved(0.38, 0, -0.35).painted(shade(tint, 0.75))
        spot = ellipsoid(0.18, 0.04, 0.15, 10).moved(0.62, 0, 0.3).painted(contrast(rng, tint))
        return parts + both(*(part.rotated("z", lift) for part in (upper, lower, spot)))
    wing = ellipsoid(0.45, 0.025, 0.2, 10).rotated("y", 20).moved(0.45, 0.1, -0.05).rotated("z", lift)
    return [
        *parts,
        *both(wing.painted(colour(rng, "glass", "white"))),
        cone_between((0, 0, -0.48), (0, 0, -0.72), 0.06, 6).painted(black),
    ]


def snail(rng: Rng) -> list[Part]:
    skin, shell = colour(rng, "sand", "bone", "leaf"), colour(rng, "vivid", "bark", "copper")
    foot = tube(
        smooth([(0, 0.06, -0.9), (0, 0.14, -0.3), (0, 0.14, 0.4), (0, 0.45, 0.75)], 9),
        [0.03, 0.12, 0.17, 0.19, 0.19, 0.19, 0.17, 0.16, 0.15],
        8,
        rounded=True,
    )
    t = np.linspace(0, 4.2 * np.pi, 36)
    radius = 0.05 + 0.44 * (t / t[-1])
    spiral = np.column_stack([0.12 * (1 - t / t[-1]), 0.62 + radius * np.sin(t) * 0.85, -0.15 + radius * np.cos(t) * 0.85])
    part = tube(spiral, 0.06 + 0.17 * (t / t[-1]), 10, rounded=True).painted(shell)
    ring = (np.arange(len(part.faces)) // 20) % 8 < 2
    stalk = tube([(0.06, 0.5, 0.75), (0.14, 0.82, 0.9)], 0.03, 6).painted(skin)
    core = ellipsoid(0.16, 0.42, 0.42, 14).moved(0, 0.6, -0.15).painted(shade(shell, 0.8))
    return [
        foot.painted(skin),
        part.painted_where(ring, shade(shell, 0.6)),
        core,
        *both(stalk, sphere(0.06, 8).moved(0.14, 0.84, 0.9).painted(colour(rng, "black"))),
    ]


FAMILIES = (
    fish,
    turtle,
    frog,
    crab,
    octopus,
    insect,
    snail,
)
