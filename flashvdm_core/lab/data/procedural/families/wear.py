"""Hats, shoes, bags, glasses, helmets, skulls and bones."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, both
from ..outlines import arc, smooth, star, superellipse
from ..primitives import box, cone_between, cylinder, dome, ellipsoid, extrude, lathe, sphere, torus, tube


def hat(rng: Rng) -> list[Part]:
    tint, sides = colour(rng, "black", "leather", "vivid", "sand", "white"), roundness(rng) + 4
    kind = pick(rng, "top", "cowboy", "wizard", "cap", "crown", "party", "chef")
    band = contrast(rng, tint)
    if kind == "crown":
        gold = colour(rng, "gold", "steel")
        points, rise = whole(rng, 5, 8), between(rng, 0.3, 0.6)
        ring = lathe([(0.6, 0), (0.64, 0), (0.7, 0.4), (0.64, 0.4), (0.58, 0.05), (0.6, 0)], points * 2).painted(gold)
        spike = cone_between((0.665, 0.36, 0), (0.74, 0.4 + rise, 0), 0.2, 4).painted(gold)
        gem = sphere(0.07, 8).moved(0.64, 0.2).painted(colour(rng, "vivid"))
        tip = sphere(0.06, 8).moved(0.74, 0.4 + rise).painted(gold)
        return [ring, *around(spike, points), *around(gem, points, 20), *around(tip, points)]
    if kind == "cap":
        crown, peak = dome(0.6, 0.5, sides).painted(tint), ellipsoid(0.46, 0.05, 0.5, 14).rotated("x", 10).moved(0, 0.04, 0.55)
        return [crown, peak.painted(band), sphere(0.06, 8).moved(y=0.5).painted(band)]
    if kind == "chef":
        white = colour(rng, "white")
        puff = ellipsoid(0.3, 0.34, 0.3, 10).moved(0.32, 0.85).painted(white)
        return [
            cylinder(0.5, 0.7, sides, top=0.52).painted(white),
            *around(puff, 6),
            ellipsoid(0.5, 0.42, 0.5, 12).moved(y=0.9).painted(white),
        ]
    if kind == "party":
        cone = cylinder(0.5, 1.1, sides, top=0.0)
        limits = list(np.linspace(0, 1.1, 5)[1:-1])
        return [cone.banded("y", limits, [tint, band, tint, band]), sphere(0.13, 8).moved(y=1.1).painted(band)]
    brim = {"top": 0.85, "cowboy": 1.1, "wizard": 1.0}[kind]
    if kind == "wizard":
        profile = [(0, 0), (brim, 0), (brim, 0.05), (0.52, 0.1), (0.3, 0.8), (0.12, 1.2), (0, 1.55)]
    elif kind == "top":
        tall = between(rng, 0.6, 1.0)
        profile = [(0, 0), (brim, 0.0), (brim, 0.06), (0.52, 0.08), (between(rng, 0.48, 0.6), tall), (0, tall)]
    else:
        profile = [(0, 0), (brim, 0.02), (brim, 0.07), (0.55, 0.08), (0.5, 0.5), (0.35, 0.62), (0, 0.52)]
    body = lathe(profile, sides).banded("y", [0.11, 0.26], [tint, band, tint])
    if kind == "cowboy":
        body = body.scaled(0.8, 1, 1).deformed(lambda v: v + np.outer(0.35 * v[:, 0] ** 2 * (v[:, 1] < 0.1), [0, 1, 0]))
    if kind == "wizard" and chance(rng, 0.5):
        body = body.deformed(lambda v: v + np.outer(0.12 * np.maximum(v[:, 1] - 0.3, 0) ** 2, [2, 0, 0]))
    return [body]


def shoe(rng: Rng) -> list[Part]:
    """A boot or a sports shoe; its toe looks towards +z."""
    tint, sole_tint = colour(rng, "leather", "vivid", "black", "white"), colour(rng, "white", "black", "leather")
    boot, height = chance(rng, 0.5), between(rng, 0.7, 1.2)
    outline = np.array(
        [
            (0.2 * np.cos(a) * (1.15 if np.sin(a) > 0 else 0.95), 0.62 * np.sin(a))
            for a in np.linspace(0, 2 * np.pi, 18, endpoint=False)
        ]
    )
    sole = extrude(outline * 1.08, 0.11).rotated("x", 90).moved(y=0.055)
    path = smooth([(0, 0.2, 0.36), (0, 0.24, 0.1), (0, 0.34, -0.2), (0, 0.6 if not boot else height, -0.34)], 9)
    radii = np.interp(np.linspace(0, 1, 9), [0, 0.35, 0.6, 1], [0.15, 0.2, 0.25, 0.22])
    body = tube(path, radii, 12, rounded=True, up=(0, 1, 0))
    parts = [
        sole.painted(sole_tint),
        body.painted(tint),
        ellipsoid(0.2, 0.15, 0.3, 12).moved(0, 0.19, 0.38).painted(pick(rng, tint, contrast(rng, tint))),
    ]
    if boot:
        top = path[-1]
        parts.append(torus(0.2, 0.06, 14, 6).moved(*top).painted(shade(tint, 0.7)))
        parts.append(box(0.3, 0.14, 0.25, bevel=0.02).moved(0, -0.06, -0.38).painted(sole_tint))
    for index in range(3):
        lace = path[2 + index]
        parts.append(
            tube(
                [
                    (-0.12, lace[1] + radii[2 + index] * 0.85, lace[2] + 0.06),
                    (0.12, lace[1] + radii[2 + index] * 0.85, lace[2] + 0.06),
                ],
                0.025,
                5,
            ).painted(contrast(rng, tint))
        )
    return parts


def bag(rng: Rng) -> list[Part]:
    """A rucksack, suitcase, handbag, or sack."""
    tint, kind = colour(rng, "vivid", "leather", "leaf", "dull"), pick(rng, "rucksack", "suitcase", "handbag", "sack")
    dark, metal = shade(tint, 0.65), colour(rng, "gold", "steel")
    if kind == "suitcase":
        width, height = between(rng, 1.0, 1.3), between(rng, 0.65, 0.85)
        grip = tube(
            [(-0.2, height - 0.03, 0), (-0.18, height + 0.14, 0), (0.18, height + 0.14, 0), (0.2, height - 0.03, 0)], 0.04, 6
        )
        bands = [box(0.09, height + 0.02, 0.38, bevel=0.01).moved(x, -0.01).painted(dark) for x in (-width * 0.3, width * 0.3)]
        locks = both(box(0.1, 0.1, 0.05).moved(width * 0.18, height * 0.7, 0.18).painted(metal))
        return [box(width, height, 0.36, bevel=0.04).painted(tint), *bands, *locks, grip.painted(dark)]
    if kind == "sack":
        body = lathe([(0, 0), (0.45, 0), (0.6, 0.3), (0.5, 0.75), (0.18, 1.0), (0.3, 1.2), (0.1, 1.18), (0, 1.05)], 12)
        sand = colour(rng, "sand", "bread", "leather")
        mark = extrude(star(5, 0.09, 0.2), 0.1).moved(0, 0.4, 0.56)
        return [
            body.painted(sand).speckled(rng, 0.06),
            torus(0.19, 0.05, 14, 6).moved(y=1.0).painted(dark),
            mark.painted(shade(sand, 0.5)),
        ]
    if kind == "handbag":
        body = box(1.0, 0.65, 0.4, bevel=0.06, top=(0.8, 0.55)).painted(tint)
        flap = box(0.82, 0.3, 0.42, bevel=0.03, top=(0.95, 0.65)).moved(y=0.37).painted(dark)
        loop = smooth([(-0.35, 0.6, 0), (-0.3, 0.95, 0), (0.3, 0.95, 0), (0.35, 0.6, 0)], 13)
        return [body, flap, tube(loop, 0.04, 8, up=(0, 0, 1)).painted(dark), sphere(0.06, 8).moved(0, 0.45, 0.2).painted(metal)]
    body = box(0.85, 1.1, 0.45, bevel=0.12).painted(tint)
    pocket = box(0.6, 0.45, 0.2, bevel=0.06).moved(0, 0.1, 0.26).painted(dark)
    lid = box(0.88, 0.35, 0.5, bevel=0.12).moved(y=0.8).painted(dark)
    strap = tube(smooth([(0.25, 1.0, -0.2), (0.28, 0.75, -0.45), (0.3, 0.3, -0.4), (0.3, 0.12, -0.2)], 9), 0.06, 6, flat=0.5)
    side = box(0.16, 0.4, 0.28, bevel=0.04).moved(0.45, 0.12)
    buckle = box(0.08, 0.14, 0.05).moved(0.15, 0.78, 0.25).painted(metal)
    return [
        body,
        pocket,
        lid,
        *both(strap.painted(dark), side.painted(dark), buckle),
        torus(0.1, 0.03, 12, 6).rotated("x", 90).moved(y=1.15).painted(dark),
    ]


def glasses(rng: Rng) -> list[Part]:
    frame, lens = colour(rng, "black", "vivid", "gold", "leather"), colour(rng, "glass", "black", "vivid")
    outline = superellipse(18, between(rng, 0.55, 0.7), between(rng, 0.42, 0.55), between(rng, 0.5, 1.0))
    ring = tube(np.column_stack([outline, np.zeros(18)]), 0.045, 6, loop=True).moved(0.4)
    pane = extrude(outline * 0.97, 0.03).moved(0.4)
    bridge = tube(smooth([(-0.12, 0.04, 0), (0, 0.1, 0.02), (0.12, 0.04, 0)], 5), 0.04, 6)
    temple = tube([(0.7, 0.05, 0), (0.74, 0.06, -0.1), (0.72, 0.05, -0.9), (0.7, -0.12, -1.1)], 0.035, 6)
    return [*both(ring.painted(frame), pane.painted(lens), temple.painted(frame)), bridge.painted(frame)]


def helmet(rng: Rng) -> list[Part]:
    """A knight's, diver's, builder's or racing helmet."""
    kind, sides = pick(rng, "knight", "racer", "builder", "astronaut"), roundness(rng) + 4
    tint = colour(rng, "steel", "gold", "vivid", "white") if kind != "builder" else colour(rng, "yellow", "orange", "white")
    if kind == "builder":
        shell, brim = dome(0.6, 0.5, sides, 5).scaled(1, 1, 1.15), cylinder(0.72, 0.06, sides).scaled(1, 1, 1.2).moved(z=0.05)
        ridge = tube(np.column_stack([np.zeros(9), arc(0.53, 20, 160, 9)[:, 1], arc(0.66, 20, 160, 9)[:, 0]]), 0.07, 6)
        return [part.painted(tint) for part in (shell, brim, ridge)]
    if kind == "knight":
        profile = [(0, 0), (0.55, 0), (0.55, 0.5), (0.5, 0.8), (0.25, 1.02), (0, 1.08)]
        slit = box(0.8, 0.07, 0.5).moved(0, 0.55, 0.27).painted(colour(rng, "black"))
        bar = box(0.1, 0.95, 0.16, bevel=0.02).moved(0, 0.05, 0.5).painted(shade(tint, 0.75))
        parts = [
            lathe(profile, sides).painted(tint),
            slit,
            bar,
            torus(0.55, 0.06, sides, 6).moved(y=0.03).painted(shade(tint, 0.75)),
        ]
        if chance(rng, 0.6):
            plume = tube(
                smooth([(0, 1.0, 0.05), (0, 1.35, 0), (0, 1.35, -0.4), (0, 0.95, -0.7)], 9),
                [0.05, 0.1, 0.14, 0.16, 0.16, 0.14, 0.12, 0.08, 0.0],
                8,
            )
            parts.append(plume.painted(colour(rng, "red", "vivid")))
        return parts
    shell = ellipsoid(0.6, 0.62, 0.66, 18).moved(y=0.6).painted(tint)
    pane = ellipsoid(0.5, 0.28, 0.35, 14, 0.7).moved(0, 0.64, 0.42).painted(colour(rng, "black", "blue", "gold"))
    collar = lathe([(0.3, -0.02), (0.5, -0.02), (0.5, 0.14), (0.3, 0.14), (0.3, -0.02)], sides).painted(shade(tint, 0.6))
    if kind == "racer":
        stripe = torus(0.6, 0.06, 24, 6).rotated("z", 90).scaled(1, 1.0, 1.06).moved(y=0.6)
        return [shell, pane, collar, stripe.painted(contrast(rng, tint))]
    ear = cylinder(0.16, 0.12, 12).rotated("z", -90).moved(0.55, 0.6).painted(shade(tint, 0.6))
    return [shell, pane, collar, *both(ear), tube([(0.6, 0.65, 0), (0.64, 1.25, 0)], 0.02, 5).painted(shade(tint, 0.5))]


def skull(rng: Rng) -> list[Part]:
    bone, black = colour(rng, "bone", "white", "stone"), colour(rng, "black")
    if chance(rng, 0.3):
        ends = [sphere(0.15, 10).moved(x, y) for x in (-0.11, 0.11) for y in (0, 1.2)]
        parts = [tube([(0, 0, 0), (0, 1.2, 0)], 0.1, 8), *ends]
        crossed = [part.moved(y=-0.6).rotated("z", turn) for turn in (45, -45) for part in parts] if chance(rng, 0.4) else parts
        return [part.painted(bone) for part in crossed]
    cranium = ellipsoid(0.52, 0.5, 0.6, 16).moved(y=0.72).painted(bone)
    cheek = box(0.72, 0.4, 0.5, bevel=0.08).moved(0, 0.22, 0.25).painted(bone)
    jaw = box(0.58, 0.2, 0.42, bevel=0.05).moved(0, 0.0 if chance(rng, 0.5) else 0.06, 0.25).painted(shade(bone, 0.92))
    eye = ellipsoid(0.15, 0.16, 0.12, 10).moved(0.2, 0.62, 0.5).painted(black)
    nose = cone_between((0, 0.35, 0.52), (0, 0.52, 0.56), 0.1, 4).painted(black)
    teeth = [box(0.09, 0.13, 0.1, bevel=0.01).moved(x, 0.14, 0.47).painted(shade(bone, 1.1)) for x in np.linspace(-0.22, 0.22, 5)]
    return [cranium, cheek, jaw, *both(eye), nose, *teeth]


FAMILIES = (hat, shoe, bag, glasses, helmet, skull)
