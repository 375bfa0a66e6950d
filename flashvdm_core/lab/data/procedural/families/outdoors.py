"""Machines and things of the yard, the sea and other worlds."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, at, both
from ..outlines import smooth
from ..primitives import box, cylinder, dome, ellipsoid, extrude, gable_roof, lathe, sphere, stairs, torus, tube
from .vehicles import placed, wheel
from .vessels import vessel


def cannon(rng: Rng) -> list[Part]:
    iron, wood = colour(rng, "dark metal", "black", "copper"), colour(rng, "wood", "dark wood")
    length, bore = between(rng, 1.3, 1.8), between(rng, 0.16, 0.22)
    profile = [
        (0, -0.12),
        (0.07, -0.1),
        (0.05, -0.02),
        (bore * 1.25, 0),
        (bore * 1.2, 0.3),
        (bore, length * 0.9),
        (bore * 1.2, length * 0.92),
        (bore * 1.2, length),
        (bore * 0.65, length),
        (bore * 0.6, length - 0.3),
        (0, length - 0.3),
    ]
    barrel = lathe(profile, 14).rotated("x", 90 - between(rng, 0, 30)).moved(0, 0.6, -0.5).painted(iron)
    cheek = (
        extrude(np.array([(-0.75, 0.1), (0.5, 0.3), (0.5, 0.6), (0.0, 0.66), (-0.75, 0.3)]), 0.1)
        .rotated("y", -90)
        .moved(0.24, 0.0, 0)
    )
    parts = [barrel, *both(cheek.painted(wood)), box(0.5, 0.15, 0.9).moved(0, 0.25, -0.2).painted(shade(wood, 0.8))]
    parts.append(box(0.44, 0.36, 0.3).moved(0, 0.27, -0.3).painted(shade(wood, 0.9)))
    radius = between(rng, 0.35, 0.5)
    hoop = wheel(rng, radius, 0.1, 14, spokes=chance(rng, 0.7))
    axle = box(0.85, 0.09, 0.1).moved(0, radius - 0.05, 0.2).painted(wood)
    parts += [*placed(hoop, 0.42, radius, 0.2), axle]
    if chance(rng, 0.4):
        shots = [sphere(0.14, 10).moved(x, y, 0.5) for x, y in ((0.75, 0.05), (1.0, 0.05), (0.875, 0.26))]
        parts += [shot.painted(iron) for shot in shots] + [
            box(0.7, 0.06, 0.3).moved(0.7, -0.1, 0.5).painted(wood),
            box(0.3, 0.1, 0.6).moved(0.4, -0.08, 0.35).painted(wood),
        ]
    return parts


def wheelbarrow(rng: Rng) -> list[Part]:
    tint, wood = colour(rng, "vivid", "steel", "green", "red"), colour(rng, "wood", "dark metal")
    section = np.array([(-0.5, -0.6), (0.5, -0.6), (0.4, 0.6), (-0.4, 0.6)])
    tub = vessel([(0.62, 0.0), (0.85, 0.2), (1.0, 0.42)], 0.06, 0.05, 4, section).moved(y=0.42).painted(tint)
    beam = tube([(0.12, 0.22, 0.85), (0.3, 0.43, 0.1), (0.4, 0.6, -1.15)], 0.04, 6).painted(wood)
    leg = tube([(0.33, 0.45, -0.3), (0.36, 0.0, -0.45)], 0.04, 6).painted(wood)
    parts = [tub, *both(beam, leg), *(part.moved(0, 0.22, 0.85) for part in wheel(rng, 0.24, 0.12, 14))]
    parts.append(box(0.34, 0.05, 0.05).moved(0, 0.2, 0.85).painted(wood))
    if chance(rng, 0.5):
        heap = dome(0.55, 0.3, 10, 3).scaled(0.7, 1, 0.85).moved(y=0.7)
        parts += [
            heap.painted(colour(rng, "bark", "sand", "leaf", "orange")).speckled(rng, 0.15),
            box(0.6, 0.3, 0.7).moved(y=0.45).painted(shade(tint, 0.5)),
        ]
    return parts


def ladder(rng: Rng) -> list[Part]:
    tint, height, width = colour(rng, "wood", "steel", "yellow", "dark wood"), between(rng, 1.6, 2.2), between(rng, 0.45, 0.65)
    count = whole(rng, 4, 8)
    rung = cylinder(0.03, width, 6).rotated("z", 90).moved(width / 2)
    side = [*both(box(0.07, height, 0.07).moved(width / 2)), *(rung.moved(y=height * (i + 0.6) / count) for i in range(count))]
    if chance(rng, 0.5):
        lean = between(rng, 10, 20)
        front = [part.moved(y=-height).rotated("x", -lean).moved(y=height * np.cos(np.radians(lean))) for part in side]
        top = box(width + 0.1, 0.06, 0.22).moved(y=height * np.cos(np.radians(lean)) - 0.03)
        return [part.painted(tint) for part in (*front, *(part.scaled(1, 1, -1) for part in front), top)]
    return [part.painted(tint) for part in side]


def campfire(rng: Rng) -> list[Part]:
    bark, stone, parts = colour(rng, "bark"), colour(rng, "stone"), []
    count = whole(rng, 4, 7)
    log = tube([(0.5, 0.05, 0), (0.02, 0.55, 0.05)], [0.09, 0.07], 7).painted(bark)
    parts += around(log, count)
    flame = lathe([(0.2, 0.05), (0.28, 0.25), (0.16, 0.6), (0, between(rng, 0.85, 1.1))], 7)
    parts += [
        flame.painted(colour(rng, "orange")),
        flame.scaled(0.65, 0.8, 0.65).moved(0.1, 0.1, 0.12).painted(colour(rng, "yellow")),
    ]
    rock = ellipsoid(0.16, 0.13, 0.18, 7).moved(0.68, 0.06)
    ring = [part.painted(shade(stone, between(rng, 0.8, 1.1))) for part in around(rock, whole(rng, 9, 12))]
    parts += ring
    parts.append(cylinder(0.72, 0.05, 14).painted(colour(rng, "bark", "stone")))
    if chance(rng, 0.35):
        pole = [tube([(0.8, 0, z), (0.75, 1.25, 0)], 0.035, 6) for z in (-0.2, 0.2)]
        bar = tube([(-0.9, 1.2, 0), (0.9, 1.2, 0)], 0.035, 6)
        kettle = [sphere(0.2, 10).moved(y=0.9), tube([(0, 1.2, 0), (0, 1.05, 0)], 0.02, 5)]
        parts += [
            *(part.painted(bark) for part in (*both(*pole), bar)),
            *(part.painted(colour(rng, "black", "dark metal")) for part in kettle),
        ]
    return parts


def trash_can(rng: Rng) -> list[Part]:
    tint, sides = colour(rng, "steel", "green", "dark metal", "vivid"), roundness(rng)
    height, low = between(rng, 0.9, 1.2), between(rng, 0.35, 0.42)
    if chance(rng, 0.35):
        body = box(0.75, height, 0.7, bevel=0.03, top=(1.12, 1.15)).painted(tint)
        lid = box(0.92, 0.13, 0.92, bevel=0.04).moved(y=height - 0.02, z=0.03).painted(shade(tint, 0.7))
        hub = cylinder(0.13, 0.1, 12).rotated("z", -90).moved(0.34, 0.1, -0.36).painted(colour(rng, "rubber"))
        bar = tube([(-0.35, height, -0.36), (-0.35, height, -0.56), (0.35, height, -0.56), (0.35, height, -0.36)], 0.03, 6)
        return [body, lid, *both(hub), bar.painted(shade(tint, 0.6))]
    profile = [(0, 0), (low, 0)]
    for share in (0.25, 0.5, 0.75):
        radius = low * (1 + 0.12 * share)
        profile += [(radius, share * height - 0.03), (radius + 0.03, share * height), (radius, share * height + 0.03)]
    body = lathe([*profile, (low * 1.12, height), (0, height)], sides).painted(tint)
    lid = lathe([(0, 0), (low * 1.22, 0), (low * 1.2, 0.06), (low * 0.6, 0.16), (0, 0.18)], sides).moved(y=height - 0.01)
    knob = tube(smooth([(-0.1, 0, 0), (-0.08, 0.1, 0), (0.08, 0.1, 0), (0.1, 0, 0)], 7), 0.025, 6).moved(y=height + 0.14)
    return [body, lid.painted(shade(tint, 0.85)), knob.painted(shade(tint, 0.6))]


def slide(rng: Rng) -> list[Part]:
    """A playground slide or a swing."""
    tint, metal = colour(rng, "vivid"), colour(rng, "vivid", "steel", "yellow")
    if chance(rng, 0.5):
        wide, high = between(rng, 1.2, 1.8), between(rng, 1.2, 1.6)
        frame = [tube([(wide / 2, high, 0), (wide / 2 + 0.1, 0, z)], 0.05, 8) for z in (-0.5, 0.5)]
        parts = [
            part.painted(metal)
            for part in (*both(*frame), tube([(-wide / 2 - 0.05, high, 0), (wide / 2 + 0.05, high, 0)], 0.05, 8))
        ]
        for x in pick(rng, (0.0,), (-0.3, 0.3)):
            swing = between(rng, -0.4, 0.4)
            seat = (x * wide, 0.4 + abs(swing) * 0.2, swing)
            ropes = [
                tube([(seat[0] + dx, high, 0), (seat[0] + dx, seat[1], seat[2])], 0.018, 5).painted(colour(rng, "dark metal"))
                for dx in (-0.16, 0.16)
            ]
            parts += [*ropes, box(0.4, 0.05, 0.18).moved(seat[0], seat[1] - 0.03, seat[2]).painted(tint)]
        return parts
    high, reach = between(rng, 1.0, 1.4), between(rng, 1.3, 1.8)
    path = smooth([(0, high, 0.1), (0, high * 0.9, 0.35), (0, high * 0.25, reach * 0.75), (0, 0.1, reach)], 11)
    chute = tube(path, 0.28, 4, up=(0, 1, 0), flat=0.12).painted(tint)
    rail = tube(path + at(0.2, 0.08, 0), 0.05, 6).painted(contrast(rng, tint))
    deck = box(0.5, 0.06, 0.5).moved(0, high - 0.05, -0.1).painted(metal)
    posts = [box(0.06, high, 0.06).moved(0.22, 0, z) for z in (-0.32, 0.1)]
    hand = box(0.05, 0.45, 0.4).moved(0.23, high - 0.03, -0.12)
    rungs = [box(0.44, 0.04, 0.06).moved(0, high * share, -0.34) for share in (0.2, 0.4, 0.6, 0.8)]
    return [chute, *both(rail, *(part.painted(metal) for part in (*posts, hand))), deck, *(part.painted(metal) for part in rungs)]


def picnic_table(rng: Rng) -> list[Part]:
    wood, width = colour(rng, "wood", "dark wood", "green"), between(rng, 1.2, 1.6)
    parts = [
        box(width, 0.05, 0.15).moved(0, 0.72, z).painted(shade(wood, between(rng, 0.9, 1.1))) for z in np.linspace(-0.32, 0.32, 5)
    ]
    parts += [box(width, 0.05, 0.26).moved(0, 0.42, z).painted(wood) for z in (-0.72, 0.72)]
    for x in (-width * 0.34, width * 0.34):
        parts += [tube([(x, 0, s * 0.62), (x, 0.74, s * 0.25)], 0.05, 4).painted(shade(wood, 0.7)) for s in (-1, 1)]
        parts.append(box(0.07, 0.08, 1.6).moved(x, 0.35).painted(shade(wood, 0.7)))
        parts.append(box(0.07, 0.08, 0.7).moved(x, 0.65).painted(shade(wood, 0.7)))
    if chance(rng, 0.5):
        cloth, count = colour(rng, "vivid", "white"), whole(rng, 6, 8)
        shell = lathe([(0, 0.42), (0.5, 0.3), (1.0, 0.0), (0.98, -0.04), (0.5, 0.24), (0, 0.36)], count).moved(y=1.65)
        wedge = np.floor(np.arctan2(*shell.centroids()[:, [2, 0]].T) / (2 * np.pi) * count).astype(int)
        parts += [
            cylinder(0.035, 2.05, 8).painted(colour(rng, "wood", "white")),
            shell.painted(cloth).painted_where(wedge % 2 == 0, contrast(rng, cloth)),
        ]
    return parts


def excavator(rng: Rng) -> list[Part]:
    paint, dark, glass = colour(rng, "yellow", "orange", "vivid"), colour(rng, "black", "dark metal"), colour(rng, "window")
    track = box(0.32, 0.36, 1.5, bevel=0.16).moved(0.48).painted(dark)
    parts = [*both(track), box(0.7, 0.2, 0.8).moved(y=0.18).painted(dark), cylinder(0.32, 0.2, 12).moved(y=0.33).painted(dark)]
    turn = between(rng, -30, 30)
    upper = [
        box(0.95, 0.35, 1.2, bevel=0.05).moved(0, 0.5, -0.15).painted(paint),
        box(0.45, 0.75, 0.6, bevel=0.03, top=(0.9, 0.75)).moved(-0.24, 0.8, 0.08).painted(paint),
    ]
    upper.append(box(0.47, 0.35, 0.5, top=(0.95, 0.85)).moved(-0.24, 1.05, 0.14).painted(glass))
    shoulder, lift = at(0.15, 0.75, 0.4), between(rng, 0.6, 1.1)
    elbow = shoulder + at(0, lift, between(rng, 0.6, 0.9))
    wrist = elbow + at(0, -between(rng, 0.5, 1.0), between(rng, 0.35, 0.6))
    upper += [
        tube([shoulder, (shoulder + elbow) / 2 + at(0, 0.15, -0.1), elbow], [0.14, 0.14, 0.1], 4, up=(1, 0, 0)).painted(paint),
        tube([elbow - at(0, 0, 0.08), wrist], [0.11, 0.08], 4, up=(1, 0, 0)).painted(paint),
    ]
    bucket = np.array([(-0.18, 0.12), (-0.2, -0.2), (0.08, -0.34), (0.22, -0.2), (0.05, -0.1), (0.02, 0.12)])
    upper += [
        extrude(bucket, 0.4).rotated("y", -90).moved(*wrist).painted(dark),
        tube([shoulder + at(0, 0.05, 0.15), (shoulder + elbow) / 2 + at(0, 0.05, 0.1)], 0.04, 6).painted(colour(rng, "steel")),
    ]
    return parts + [part.rotated("y", turn) for part in upper]


def submarine(rng: Rng) -> list[Part]:
    paint, sides = colour(rng, "yellow", "vivid", "dark metal", "steel"), roundness(rng)
    accent = contrast(rng, paint)
    length, radius = between(rng, 1.0, 1.5), between(rng, 0.38, 0.5)
    body = ellipsoid(radius, radius, length, sides + 4).painted(paint)
    tower = box(0.32, 0.45, 0.6, bevel=0.06, top=(0.85, 0.85)).moved(0, radius * 0.8, 0.1)
    scope = tube([(0, radius + 0.2, 0.05), (0, radius + 0.75, 0.05), (0, radius + 0.75, 0.25)], 0.04, 8)
    ring = torus(0.13, 0.04, 14, 6).rotated("z", 90)
    parts = [body, tower.painted(accent), scope.painted(colour(rng, "steel"))]
    for z in (-0.1, 0.28, 0.62):
        x = radius * np.sqrt(1 - (z / length) ** 2) * 0.97
        pane = ellipsoid(0.05, 0.12, 0.12, 10).moved(x, 0.05, z).painted(colour(rng, "glass", "light"))
        parts += both(ring.moved(x, 0.05, z).painted(accent), pane)
    fin = [
        box(0.05, radius * 1.5, 0.3, top=(1, 0.7)).moved(0, -radius * 0.75, -length * 0.92),
        box(radius * 1.6, 0.05, 0.3).moved(0, -0.02, -length * 0.92),
    ]
    blade = [ellipsoid(0.07, 0.2, 0.03, 8).moved(0, 0.18).rotated("z", 120 * i).moved(0, 0, -length - 0.12) for i in range(3)]
    shaft = cylinder(0.07, 0.3, 8).rotated("x", -90).moved(0, 0, -length + 0.12)
    return [*parts, *(part.painted(accent) for part in (*fin, *blade, shaft))]


def rover(rng: Rng) -> list[Part]:
    """A rover, a lander or a base dome of another world."""
    paint, gold, dark = colour(rng, "white", "steel", "orange"), colour(rng, "gold"), colour(rng, "dark metal", "black")
    kind = pick(rng, "rover", "lander", "dome")
    if kind == "dome":
        shell = dome(1.0, between(rng, 0.6, 0.9), 16, 5).painted(paint)
        tint = colour(rng, "glass", "window", "vivid")
        shell = shell.painted_where((np.arange(len(shell.faces)) // 2) % pick(rng, 3, 4) == 0, tint)
        lock = [
            box(0.6, 0.5, 0.6, bevel=0.05).moved(z=1.05).painted(shade(paint, 0.8)),
            box(0.35, 0.4, 0.06).moved(z=1.34).painted(dark),
        ]
        dish = [
            cylinder(0.03, 0.5, 6).moved(0, 0.5).painted(dark),
            lathe([(0, 0), (0.2, 0.05), (0.3, 0.15), (0.28, 0.16), (0, 0.06)], 12).rotated("x", 30).moved(y=0.98).painted(paint),
        ]
        return [shell, cylinder(1.08, 0.08, 16).painted(dark), *lock, *dish]
    if kind == "lander":
        body = lathe([(0, 0.5), (0.5, 0.45), (0.62, 0.6), (0.6, 1.0), (0.4, 1.15), (0, 1.2)], 8).banded("y", [0.8], [gold, paint])
        leg = [
            tube([(0.5, 0.65, 0), (0.95, 0.05, 0)], 0.04, 6).painted(dark),
            cylinder(0.16, 0.05, 10).moved(0.95).painted(gold),
            tube([(0.5, 0.95, 0), (0.8, 0.25, 0)], 0.025, 6).painted(dark),
        ]
        nozzle = cylinder(0.3, 0.25, 12, top=0.15).moved(y=0.26).painted(dark)
        hatch = [
            cylinder(0.15, 0.1, 10).rotated("x", 70).moved(0, 0.95, 0.48).painted(colour(rng, "window")),
            sphere(0.12, 8).moved(0.2, 1.2, 0).painted(paint),
        ]
        return [body, nozzle, *hatch, *(part for item in leg for part in around(item, 4, 45))]
    parts = [box(0.8, 0.25, 1.1, bevel=0.04).moved(y=0.42).painted(paint)]
    hub = wheel(rng, 0.2, 0.18, 12)
    parts += placed(hub, 0.55, 0.2, -0.5, 0.0, 0.5)
    for z in (-0.5, 0.0, 0.5):
        parts.append(tube([(-0.5, 0.2, z), (0, 0.48, z), (0.5, 0.2, z)], 0.04, 6).painted(dark))
    mast = [
        cylinder(0.035, 0.55, 6).moved(0.2, 0.64, 0.4).painted(dark),
        box(0.28, 0.14, 0.14).moved(0.2, 1.15, 0.42).painted(paint),
        *(sphere(0.045, 8).moved(0.2 + dx, 1.22, 0.5).painted(dark) for dx in (-0.07, 0.07)),
    ]
    panel = (
        box(between(rng, 0.9, 1.3), 0.03, 0.8)
        .rotated("x", between(rng, 0, 12))
        .moved(0, 0.66, -0.25)
        .painted(colour(rng, "blue"))
    )
    dish = (
        lathe([(0, 0), (0.15, 0.03), (0.24, 0.12), (0.22, 0.13), (0, 0.05)], 12)
        .rotated("x", 35)
        .moved(-0.25, 0.92, 0.35)
        .painted(paint)
    )
    return [*parts, *mast, panel, cylinder(0.025, 0.32, 5).moved(-0.25, 0.64, 0.35).painted(dark), dish]


def kennel(rng: Rng) -> list[Part]:
    """A kennel, a bird house on a pole, or a bee hive."""
    wood, tiles, kind = colour(rng, "wood", "vivid", "plaster"), colour(rng, "roof", "vivid"), pick(rng, "kennel", "bird", "hive")
    if kind == "hive":
        straw, parts, y = colour(rng, "gold", "sand", "bread"), [], 0.0
        for radius in (0.42, 0.5, 0.5, 0.42, 0.28):
            parts.append(
                torus(radius * 0.75, radius * 0.3, 18, 8).moved(y=y + 0.12).painted(shade(straw, 0.9 + 0.1 * (len(parts) % 2)))
            )
            y += 0.2
        core = lathe([(0, 0), (0.36, 0), (0.42, 0.5), (0.25, 0.95), (0, 1.05)], 14).painted(straw)
        return [*parts, core, cylinder(0.13, 0.15, 10).rotated("x", 90).moved(0, 0.2, 0.38).painted(colour(rng, "black"))]
    size = 1.0 if kind == "kennel" else 0.5
    house = [box(0.9, 0.75, 1.1), gable_roof(1.3, 0.5, 1.15).rotated("y", 90).moved(y=0.745)]
    parts = [house[0].painted(wood), house[1].painted(tiles).painted_where(np.abs(house[1].normals()[:, 2]) > 0.9, wood)]
    if kind == "kennel":
        parts.append(
            extrude(np.array([(-0.25, 0), (0.25, 0), (0.25, 0.35), (0, 0.58), (-0.25, 0.35)]), 0.1)
            .moved(z=0.55)
            .painted(colour(rng, "black"))
        )
        if chance(rng, 0.5):
            parts += [
                vessel([(0.2, 0), (0.24, 0.07), (0.26, 0.14)], 0.05, 0.03, 12).moved(0.2, 0, 0.95).painted(colour(rng, "vivid")),
                box(1.0, 0.04, 1.9).moved(z=0.25).painted(shade(wood, 0.7)),
            ]
        return parts
    parts += [
        cylinder(0.16, 0.06, 12).rotated("x", 90).moved(0, 0.45, 0.53).painted(colour(rng, "black")),
        cylinder(0.04, 0.25, 6).rotated("x", 90).moved(0, 0.2, 0.5).painted(shade(wood, 0.7)),
    ]
    parts = [part.scaled(size, size, size).moved(y=1.2) for part in parts]
    return [*parts, cylinder(0.06, 1.25, 8).painted(shade(wood, 0.7)), cylinder(0.25, 0.05, 10).painted(shade(wood, 0.6))]


def ruin(rng: Rng) -> list[Part]:
    """A flight of steps, a broken column, or a wall with a gap."""
    stone, kind = colour(rng, "stone", "sand", "brick"), pick(rng, "steps", "column", "wall")
    if kind == "steps":
        wide, high, count = between(rng, 0.8, 1.4), between(rng, 0.6, 1.0), whole(rng, 3, 7)
        parts = [stairs(wide, high, between(rng, 0.9, 1.4), count).painted(stone)]
        depth = parts[0].bounds()[1, 2]
        if chance(rng, 0.6):
            rail = (
                extrude(np.array([(-depth, 0), (depth, 0), (depth, 0.3), (-depth, high + 0.3)]), 0.12)
                .rotated("y", -90)
                .moved(wide / 2)
            )
            parts += both(rail.painted(shade(stone, 0.8)))
        return parts
    if kind == "column":
        tall, sides = between(rng, 0.8, 1.5), pick(rng, 8, 12, 16)
        shaft = lathe([(0, 0), (0.3, 0), (0.26, tall), (0, tall)], sides)
        top = shaft.vertices[:, 1] > tall * 0.5
        shaft = shaft.deformed(lambda v: v + np.outer(top * (0.5 * v[:, 0] + 0.3 * v[:, 2]), [0, 1, 0]))
        base = [box(0.9, 0.15, 0.9, bevel=0.02).moved(y=-0.28), cylinder(0.4, 0.15, sides, top=0.33).moved(y=-0.14)]
        return [part.painted(stone).speckled(rng, 0.06) for part in (shaft, *base)]
    parts, rows = [], whole(rng, 3, 5)
    for row in range(rows):
        count = max(2, 5 - row + whole(rng, -1, 1))
        for index in range(count):
            x = (index + 0.5 * (row % 2)) * 0.42 - 0.9
            block = box(0.43, 0.245, between(rng, 0.34, 0.4), bevel=0.02).moved(x, 0.24 * row)
            parts.append(block.painted(shade(stone, between(rng, 0.8, 1.1))))
    return parts


FAMILIES = (cannon, wheelbarrow, ladder, campfire, trash_can, slide, picnic_table, excavator, submarine, rover, kennel, ruin)
