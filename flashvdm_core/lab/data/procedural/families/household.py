"""Boxes, books and other things of the house."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, both
from ..outlines import arc, circle, smooth
from ..primitives import (
    box,
    cone_between,
    cylinder,
    extrude,
    lathe,
    rounded_cylinder,
    sphere,
    torus,
    tube,
)


def crate(rng: Rng) -> list[Part]:
    wood = colour(rng, "wood", "dark wood", "vivid", "steel")
    beam, bar = shade(wood, pick(rng, 0.7, 1.25)), between(rng, 0.1, 0.18)
    size = np.array([1.0, between(rng, 0.7, 1.1), between(rng, 0.7, 1.1)])
    x, y, z = size / 2
    core = box(*(size - 0.08)).moved(y=0.04)
    if chance(rng, 0.6):
        limits = list(np.linspace(0.04, size[1] - 0.04, whole(rng, 4, 7))[1:-1])
        core = core.banded("y", limits, [wood if i % 2 else shade(wood, 0.88) for i in range(len(limits) + 1)])
    else:
        core = core.painted(wood)
    parts = [core]
    b = bar / 2
    for sy in (0, 1):
        level = sy * (size[1] - bar)
        parts += [box(size[0], bar, bar).moved(0, level, s * (z - b)) for s in (-1, 1)]
        parts += [box(bar, bar, size[2]).moved(s * (x - b), level, 0) for s in (-1, 1)]
    parts += [box(bar, size[1], bar).moved(sx * (x - b), 0, sz * (z - b)) for sx in (-1, 1) for sz in (-1, 1)]
    parts = [parts[0], *(part.painted(beam) for part in parts[1:])]
    if chance(rng, 0.5):
        length, angle = np.hypot(size[0], size[1]) - bar * 1.6, np.degrees(np.arctan2(size[1], size[0]))
        for s in (-1, 1):
            brace = box(length, bar, 0.06).moved(y=-bar / 2).rotated("z", angle).moved(0, y, s * (z - 0.04))
            parts.append(brace.painted(beam))
    return parts


def carton(rng: Rng) -> list[Part]:
    """A cardboard box, open or taped, or a present."""
    width, height, depth = between(rng, 0.8, 1.2), between(rng, 0.5, 1.0), between(rng, 0.6, 1.0)
    kind, tint = pick(rng, "closed", "open", "present", "present"), colour(rng, "bread", "sand", "wood")
    if kind == "present":
        paper, ribbon = colour(rng, "vivid", "pastel", "white"), colour(rng, "red", "gold", "vivid")
        lid = box(width * 1.07, height * 0.22, depth * 1.07).moved(y=height * 0.8).painted(shade(paper, 0.9))
        bands = [box(width * 0.16, height * 1.04, depth * 1.1), box(width * 1.1, height * 1.04, depth * 0.16)]
        loop = torus(0.15, 0.04, 12, 6).rotated("x", 90).scaled(1.2, 0.8, 1.6).rotated("z", 35).moved(0.17, height * 1.04 + 0.1)
        return [
            box(width, height, depth).painted(paper),
            lid,
            *(part.painted(ribbon) for part in (*bands, *both(loop), sphere(0.08, 8).moved(y=height * 1.05))),
        ]
    if kind == "closed":
        tape = box(width * 0.12, height * 0.3, depth + 0.01).moved(y=height * 0.71).painted(shade(tint, 1.3))
        strip = box(width * 0.12, 0.01, depth).moved(y=height - 0.003).painted(shade(tint, 1.3))
        return [box(width, height, depth).painted(tint), tape, strip]
    wall = 0.04
    profile = [(0, 0), (1, 0), (1, height), (1 - wall * 2, height), (1 - wall * 2, wall), (0, wall)]
    section = np.array([(-width, -depth), (width, -depth), (width, depth), (-width, depth)]) / 2
    body = lathe(profile, section=section).painted(tint)
    flaps = []
    for side in (-1, 1):
        lean = between(rng, 15, 70)
        flaps.append(
            box(width * 0.45, wall, depth)
            .moved(width * 0.225)
            .rotated("z", -lean)
            .moved(width / 2 - 0.02, height - 0.02)
            .scaled(side, 1, 1)
        )
        flaps.append(
            box(width, wall, depth * 0.45)
            .moved(z=depth * 0.225)
            .rotated("x", lean)
            .moved(0, height - 0.02, depth / 2 - 0.02)
            .scaled(1, 1, side)
        )
    return [body, *(flap.painted(shade(tint, 1.1)) for flap in flaps)]


def chest(rng: Rng) -> list[Part]:
    """A treasure chest, closed or open."""
    wood, metal = colour(rng, "wood", "dark wood", "vivid"), colour(rng, "gold", "dark metal", "steel")
    width, depth, height = between(rng, 1.0, 1.4), between(rng, 0.6, 0.8), between(rng, 0.4, 0.6)
    profile = [(0, 0), (1, 0), (1, height), (0.86, height), (0.86, 0.1), (0, 0.1)]
    section = np.array([(-width, -depth), (width, -depth), (width, depth), (-width, depth)]) / 2
    parts = [lathe(profile, section=section).painted(wood)]
    half = arc(depth / 2, 0, 180, 9)
    lid = extrude(np.concatenate([half]), width).scaled(1, between(rng, 0.6, 1.0), 1).rotated("y", 90)
    hoops = [extrude(half * 1.05, 0.12).scaled(1, 1.0, 1).rotated("y", 90).moved(x) for x in (-width * 0.36, width * 0.36)]
    top = [lid.painted(wood), *(hoop.scaled(1, np.ptp(lid.bounds()[:, 1]) / (depth / 2), 1).painted(metal) for hoop in hoops)]
    opened = between(rng, 30, 75) if chance(rng, 0.5) else 0.0
    top = [part.moved(z=depth / 2).rotated("x", -opened).moved(0, height - 0.01, -depth / 2) for part in top]
    parts += top
    parts += [box(0.12, height, depth * 1.06).moved(x).painted(metal) for x in (-width * 0.36, width * 0.36)]
    lock = box(0.16, 0.2, 0.08, bevel=0.02).moved(0, height - 0.12, depth / 2 + 0.01)
    parts.append(lock.painted(metal))
    if opened:
        gold = colour(rng, "gold")
        heap = lathe([(0.9, 0.08), (0.85, height * 0.8), (0.4, height * 1.1), (0, height * 1.15)], 10).scaled(
            width / 2, 1, depth / 2
        )
        parts.append(heap.painted(gold).speckled(rng, 0.15))
        for _ in range(whole(rng, 2, 6)):
            coin = (
                cylinder(0.07, 0.025, 10)
                .rotated("x", between(rng, 0, 60))
                .moved(between(rng, -0.22, 0.22) * width, height * between(rng, 0.96, 1.04), between(rng, -0.08, 0.08))
            )
            parts.append(coin.painted(gold))
    return parts


def book(rng: Rng) -> list[Part]:
    """A closed or an open book, or a pile of them."""
    kind = pick(rng, "closed", "open", "pile", "pile")
    page = colour(rng, "white", "bone")
    if kind == "open":
        cover, width, depth = colour(rng, "vivid", "leather", "dull"), between(rng, 0.7, 0.9), between(rng, 0.9, 1.2)
        curve = smooth([(0, 0.03), (width * 0.25, between(rng, 0.12, 0.22)), (width * 0.7, 0.1), (width, 0.06)], 9)
        outline = np.concatenate([[(0, 0.0), (width, 0.0)], curve[::-1]])
        block = extrude(outline, depth).moved(y=0.02).painted(page)
        lines = [
            box(width * 0.6, 0.012, 0.03).moved(width * 0.55, 0.122, z).painted(shade(page, 0.5))
            for z in np.linspace(-0.35, 0.35, 6) * depth
        ]
        return [
            *both(block),
            box(width * 2.06, 0.04, depth * 1.05).painted(cover),
            *both(*(line.rotated("z", -4) for line in lines)),
        ]
    parts, y = [], 0.0
    for _ in range(1 if kind == "closed" else whole(rng, 2, 5)):
        cover, thick = colour(rng, "vivid", "leather", "dull", "dark wood"), between(rng, 0.1, 0.28)
        width, depth = between(rng, 0.65, 0.85), between(rng, 0.9, 1.15)
        one = [box(width * 0.95, thick, depth * 0.94).moved(0.0, 0).painted(page)]
        one += [box(width, 0.03, depth).moved(y=level).painted(cover) for level in (-0.005, thick - 0.025)]
        one.append(box(0.05, thick, depth).moved(-width / 2 + 0.02).painted(cover))
        if chance(rng, 0.5):
            one.append(box(width * 0.5, 0.02, depth * 0.2).moved(0, thick, 0).painted(colour(rng, "gold", "white")))
        turn = between(rng, -25, 25)
        parts += [part.rotated("y", turn).moved(y=y) for part in one]
        y += thick
    if kind == "closed" and chance(rng, 0.6):
        parts = [part.rotated("z", 90).rotated("y", -90 + between(rng, -20, 20)).moved(y=0.4) for part in parts]
    return parts


def key(rng: Rng) -> list[Part]:
    metal, length = colour(rng, "gold", "steel", "copper", "dark metal"), between(rng, 0.9, 1.4)
    thick = between(rng, 0.06, 0.09)
    parts = [tube([(0, 0, 0), (0, length, 0)], thick, 8, rounded=True)]
    kind = pick(rng, "ring", "heart", "clover")
    if kind == "clover":
        parts += [
            torus(0.16, 0.06, 14, 6).rotated("x", 90).moved(x, length + y) for x, y in ((-0.2, 0.18), (0.2, 0.18), (0, 0.42))
        ]
    else:
        outer = circle(18) * (0.32 if kind == "ring" else 0.28) * [1, between(rng, 0.7, 1.2)]
        parts.append(extrude(outer, thick * 1.6, hole=outer * between(rng, 0.5, 0.7)).moved(y=length + 0.25))
    for index in range(whole(rng, 2, 3)):
        parts.append(box(between(rng, 0.2, 0.32), 0.09, thick).moved(0.14, 0.05 + 0.16 * index))
    parts.append(torus(thick * 1.2, thick * 0.4, 10, 6).moved(y=length - 0.08))
    return [part.painted(metal) for part in parts]


def umbrella(rng: Rng) -> list[Part]:
    tint, sides = colour(rng, "vivid", "black", "pastel"), whole(rng, 6, 10)
    height, radius = between(rng, 1.2, 1.5), between(rng, 0.75, 0.95)
    rise = between(rng, 0.25, 0.45)
    outer = [(radius * np.cos(t), rise * np.sin(t)) for t in np.linspace(0, np.pi / 2, 6)[:-1]]
    inner = [(r * 0.97, y - 0.035) for r, y in outer]
    shell = lathe([(0, rise), *outer[::-1], *inner, (0, rise - 0.04)], sides)
    wedge = (np.floor(np.arctan2(*shell.centroids()[:, [2, 0]].T) / (2 * np.pi) * sides)).astype(int)
    canopy = shell.painted(tint).painted_where(wedge % 2 == 0, contrast(rng, tint)) if chance(rng, 0.6) else shell.painted(tint)
    hook = smooth([(0, height, 0), (0, 0.2, 0), (0.02, 0.02, 0), (0.13, -0.05, 0), (0.22, 0.05, 0)], 14)
    stick = [
        tube([(0, 0.02, 0), (0, height + rise, 0)], 0.025, 6).painted(colour(rng, "steel", "wood")),
        tube(hook[6:], 0.04, 8, rounded=True).painted(colour(rng, "wood", "black")),
    ]
    if chance(rng, 0.3):
        stick = [
            cylinder(0.05, height + rise, 8).painted(colour(rng, "wood", "white")),
            rounded_cylinder(0.3, 0.14, 0.04).painted(colour(rng, "stone")),
        ]
    return [
        canopy.moved(y=height),
        *stick,
        cone_between((0, height + rise - 0.03, 0), (0, height + rise + 0.14, 0), 0.04, 6).painted(tint),
    ]


def candle(rng: Rng) -> list[Part]:
    wax, metal, sides = colour(rng, "bone", "white", "red", "vivid"), colour(rng, "gold", "dark metal", "steel"), roundness(rng)
    parts, spots = [], [(0.0, 0.0)]
    kind = pick(rng, "single", "stick", "candelabra")
    if kind == "candelabra":
        stem = lathe([(0.3, 0), (0.3, 0.05), (0.08, 0.12), (0.05, 0.5), (0.09, 0.56), (0.05, 0.62), (0.05, 0.95)], sides)
        spots = [(0.0, 0.92), (-0.45, 0.75), (0.45, 0.75)]
        arm = tube(smooth([(0, 0.45, 0), (0.25, 0.4, 0), (0.45, 0.55, 0), (0.45, 0.77, 0)], 9), 0.035, 6)
        parts += [stem.painted(metal), *(part.painted(metal) for part in both(arm))]
    elif kind == "stick":
        parts.append(
            lathe([(0.3, 0), (0.28, 0.05), (0.08, 0.1), (0.06, 0.3), (0.14, 0.38), (0.13, 0.42), (0, 0.42)], sides).painted(metal)
        )
        if chance(rng, 0.5):
            parts.append(torus(0.12, 0.03, 12, 6).rotated("x", 90).moved(0.36, 0.08).painted(metal))
        spots = [(0.0, 0.4)]
    radius = 0.08 if kind == "candelabra" else between(rng, 0.09, 0.2) if kind == "stick" else between(rng, 0.2, 0.35)
    for x, y in spots:
        tall = between(rng, 0.35, 0.7)
        if kind == "candelabra":
            parts.append(lathe([(0.03, 0), (0.13, 0.05), (0.13, 0.08), (0, 0.08)], sides).moved(x, y - 0.02).painted(metal))
        parts.append(cylinder(radius, tall, sides, top=radius * 0.92).moved(x, y).painted(wax))
        parts.append(cylinder(0.015, 0.1, 5).moved(x, y + tall - 0.02).painted(colour(rng, "black")))
        parts.append(
            lathe([(0, 0), (0.055, 0.08), (0.03, 0.16), (0, 0.26)], 8)
            .moved(x, y + tall + 0.03)
            .painted(colour(rng, "orange", "yellow"))
        )
    return parts


FAMILIES = (
    crate,
    carton,
    chest,
    book,
    key,
    umbrella,
    candle,
)
