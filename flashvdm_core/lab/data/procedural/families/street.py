"""Things that stand outside: bridges, wells, fences, lights, signs, graves, statues."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, both
from ..outlines import arc, arch, smooth
from ..primitives import box, cylinder, dome, ellipsoid, extrude, gable_roof, lathe, sphere, stairs, torus, tube
from .vessels import vessel


def bridge(rng: Rng) -> list[Part]:
    stone, length, width = colour(rng, "stone", "brick", "wood", "red"), between(rng, 2.0, 3.0), between(rng, 0.6, 1.0)
    rise = between(rng, 0.15, 0.5)
    x = np.linspace(-length / 2, length / 2, 15)
    deck = 0.55 + rise * (1 - (2 * x / length) ** 2)
    parts = []
    if chance(rng, 0.6):
        span = length * between(rng, 0.3, 0.42)
        under = arc(1, 180, 0, 9) * [span, 0.42 + rise * 0.6]
        outline = np.concatenate([[(-length / 2, 0)], under, [(length / 2, 0)], np.column_stack([x, deck])[::-1]])
        parts.append(extrude(outline, width).painted(stone))
    else:
        slab = np.concatenate([np.column_stack([x, deck - 0.1]), np.column_stack([x, deck])[::-1]])
        parts.append(extrude(slab, width).painted(stone))
        for place in (-0.42, 0, 0.42):
            top = 0.55 + rise * (1 - (2 * place) ** 2)
            post = cylinder(0.06, top - 0.03, 8).moved(place * length, 0, width * 0.42)
            parts += [post.painted(shade(stone, 0.7)), post.scaled(1, 1, -1).painted(shade(stone, 0.7))]
    for side in (-1, 1):
        z = side * width * 0.47
        rail = np.concatenate([np.column_stack([x, deck + 0.26]), np.column_stack([x, deck + 0.34])[::-1]])
        parts.append(extrude(rail, 0.08).moved(z=z).painted(shade(stone, 0.85)))
        for px in np.linspace(-0.48, 0.48, whole(rng, 4, 8)) * length:
            y = 0.53 + rise * (1 - (2 * px / length) ** 2)
            parts.append(box(0.07, 0.34, 0.07).moved(px, y, z).painted(shade(stone, 0.85)))
    return parts


def well(rng: Rng) -> list[Part]:
    stone, wood, sides = colour(rng, "stone", "brick"), colour(rng, "wood", "dark wood"), pick(rng, 8, 10, 12, 16)
    radius, height = between(rng, 0.5, 0.65), between(rng, 0.45, 0.65)
    wall = (
        vessel([(radius, 0), (radius, height / 2), (radius * 1.05, height)], 0.13, 0.1, sides).painted(stone).speckled(rng, 0.12)
    )
    water = cylinder(radius * 0.9, height * 0.6, sides).painted(colour(rng, "blue"))
    tall = between(rng, 1.0, 1.3)
    posts = both(box(0.1, tall, 0.1).moved(radius * 0.95, 0.1).painted(wood))
    peak = (
        gable_roof(2.6 * radius, between(rng, 0.35, 0.55), 2.0 * radius).moved(y=tall + 0.06).painted(colour(rng, "roof", "wood"))
    )
    beam = cylinder(0.06, 2 * radius, 8).rotated("z", 90).moved(radius, tall * 0.85).painted(shade(wood, 0.8))
    rope = cylinder(0.02, tall * 0.35, 5).moved(y=tall * 0.5).painted(colour(rng, "sand"))
    pail = cylinder(0.09, 0.16, 10, top=0.12).moved(y=tall * 0.5 - 0.15).painted(shade(wood, 1.2))
    crank = tube([(radius, tall * 0.85, 0), (radius + 0.15, tall * 0.85, 0), (radius + 0.15, tall * 0.7, 0)], 0.025, 5).painted(
        wood
    )
    return [wall, water, *posts, peak, beam, rope, pail, crank]


def fence(rng: Rng) -> list[Part]:
    tint, length, height = (
        colour(rng, "wood", "white", "dark wood", "dark metal", "stone"),
        between(rng, 1.4, 2.2),
        between(rng, 0.5, 0.9),
    )
    kind = pick(rng, "picket", "rails", "iron")
    parts = []
    for y in pick(rng, (0.3, 0.7), (0.25, 0.5, 0.75)):
        parts.append(box(length, 0.07 * height / 0.7, 0.05).moved(y=y * height).painted(shade(tint, 0.85)))
    if kind == "rails":
        for x in np.linspace(-0.48, 0.48, whole(rng, 2, 4)) * length:
            post = cylinder(0.07, height, pick(rng, 4, 8)) if chance(rng, 0.5) else box(0.12, height, 0.12)
            parts.append(post.moved(x).painted(tint))
        return parts
    count = whole(rng, 5, 10)
    for x in np.linspace(-0.47, 0.47, count) * length:
        if kind == "iron":
            bar = lathe([(0, 0), (0.022, 0), (0.022, height), (0.05, height + 0.03), (0, height + 0.15)], 6)
            parts.append(bar.moved(x).painted(tint))
            continue
        wide = length / count * between(rng, 0.6, 0.66)
        outline = np.array([(-wide / 2, 0), (wide / 2, 0), (wide / 2, height), (0, height + wide * 0.6), (-wide / 2, height)])
        parts.append(extrude(outline, 0.06).moved(x, 0, 0.03).painted(tint))
    return parts


def street_lamp(rng: Rng) -> list[Part]:
    metal, glow, height = colour(rng, "black", "dark metal", "green", "steel"), colour(rng, "light"), between(rng, 1.8, 2.6)
    sides = pick(rng, 6, 8, 12)
    foot = lathe([(0.2, 0), (0.2, 0.1), (0.09, 0.22), (0.05, 0.4), (0.045, height)], sides).painted(metal)
    kind = pick(rng, "lantern", "globe", "arm", "double")
    if kind == "globe":
        return [
            foot,
            sphere(between(rng, 0.16, 0.24), 14).moved(y=height + 0.15).painted(glow),
            cylinder(0.1, 0.06, sides).moved(y=height - 0.02).painted(metal),
        ]
    if kind in ("arm", "double"):
        curve = smooth([(0, height - 0.05, 0), (0.15, height + 0.2, 0), (0.55, height + 0.25, 0)], 7)
        head = box(0.4, 0.08, 0.16, bevel=0.02).moved(0.65, height + 0.21)
        bulb = box(0.3, 0.05, 0.12).moved(0.66, height + 0.18)
        side = [tube(curve, 0.04, sides).painted(metal), head.painted(metal), bulb.painted(glow)]
        return [foot, *(both(*side) if kind == "double" else side)]
    return [
        foot,
        *(part.moved(y=height - 0.02) for part in lantern_head(metal, glow, between(rng, 0.12, 0.17), pick(rng, 4, 6, 8))),
    ]


def lantern_head(metal: np.ndarray, glow: np.ndarray, radius: float, sides: int) -> list[Part]:
    """A glowing body in a metal frame, standing on y = 0."""
    parts = [cylinder(radius * 0.75, 0.05, sides, top=radius * 0.85).painted(metal)]
    parts.append(cylinder(radius * 0.78, radius * 2.4, sides, top=radius * 1.1).moved(y=0.04).painted(glow))
    top = 0.04 + radius * 2.4
    parts.append(
        lathe([(radius * 1.4, 0), (radius * 0.6, radius * 0.7), (0, radius * 1.0)], sides).moved(y=top - 0.005).painted(metal)
    )
    parts.append(sphere(radius * 0.2, 6).moved(y=top + radius).painted(metal))
    bar = tube([(radius * 0.8, 0.02, 0), (radius * 1.12, top, 0)], radius * 0.1, 4).painted(metal)
    return parts + around(bar, sides if sides > 3 else 4)


def lantern(rng: Rng) -> list[Part]:
    metal, radius = colour(rng, "black", "dark metal", "gold", "copper", "red"), between(rng, 0.3, 0.42)
    parts = lantern_head(metal, colour(rng, "light", "orange"), radius, pick(rng, 4, 6, 8, 12))
    y = 0.04 + radius * 3.4
    ring = torus(radius * 0.4, radius * 0.07, 14, 6).rotated("x", 90).moved(y=y + radius * 0.45)
    return [*parts, ring.painted(metal)]


def traffic_light(rng: Rng) -> list[Part]:
    case, sides = colour(rng, "black", "dark metal", "yellow"), pick(rng, 10, 12, 16)
    size, height = between(rng, 0.16, 0.22), between(rng, 0.8, 2.0)
    tall = size * 7
    parts = [
        cylinder(0.06, height + 0.05, 8).painted(colour(rng, "steel", "dark metal")),
        cylinder(0.2, 0.08, sides).painted(case),
    ]
    parts.append(box(size * 2.9, tall, size * 2, bevel=0.03).moved(y=height).painted(case))
    for row, tint in enumerate(("green", "yellow", "red")):
        y = height + tall * (row + 0.5) / 3
        parts.append(dome(size * 0.85, size * 0.35, sides).rotated("x", 90).moved(0, y, size * 0.98).painted(colour(rng, tint)))
        hood = np.concatenate([arc(size * 1.05, 10, 170, 9), arc(size * 0.93, 170, 10, 9)])
        parts.append(extrude(hood, size * 1.1).moved(0, y, size * 1.4).painted(case))
    return parts


def road_sign(rng: Rng) -> list[Part]:
    pole, sides = colour(rng, "steel", "wood", "dark metal"), pick(rng, 3, 4, 8, 16)
    height, size = between(rng, 1.2, 1.9), between(rng, 0.35, 0.5)
    if chance(rng, 0.45):
        return _signpost(rng, height)
    face, rim = colour(rng, "white", "yellow", "blue", "red"), colour(rng, "red", "black", "white")
    turn = {3: 90.0, 4: pick(rng, 0.0, 45.0), 8: 22.5, 16: 0.0}[sides]
    plate = cylinder(size, 0.05, sides).rotated("y", turn).rotated("x", 90).moved(0, height, 0.04)
    inner = cylinder(size * 0.8, 0.06, sides).rotated("y", turn).rotated("x", 90).moved(0, height, 0.045)
    parts = [cylinder(0.045, height + 0.1, 8).painted(pole), plate.painted(rim), inner.painted(face)]
    mark = pick(rng, "bar", "arrow", "stop")
    dark = contrast(rng, face)
    if mark == "arrow":
        outline = np.array([(-0.1, -0.35), (0.1, -0.35), (0.1, 0.05), (0.28, 0.05), (0, 0.4), (-0.28, 0.05), (-0.1, 0.05)]) * size
        parts.append(extrude(outline, 0.03).rotated("z", pick(rng, 0, 90, -90)).moved(0, height, 0.115).painted(dark))
    else:
        wide, tall = (0.9, 0.22) if mark == "bar" else (0.2, 0.8)
        parts.append(box(size * wide, size * tall, 0.03).moved(0, height - size * tall / 2, 0.115).painted(dark))
    if chance(rng, 0.4):
        parts.append(cylinder(0.25, 0.08, 12).painted(colour(rng, "stone", "dark metal")))
    return parts


def _signpost(rng: Rng, height: float) -> list[Part]:
    wood = colour(rng, "wood", "dark wood")
    parts = [tube([(0, 0, 0), (0.02, height, 0)], [0.07, 0.06], pick(rng, 4, 6, 8)).painted(shade(wood, 0.8))]
    for row in range(whole(rng, 1, 3)):
        wide, tall = between(rng, 0.7, 1.0), between(rng, 0.18, 0.26)
        outline = np.array([(-wide * 0.4, 0), (wide * 0.45, 0), (wide * 0.6, tall / 2), (wide * 0.45, tall), (-wide * 0.4, tall)])
        board = extrude(outline, 0.07).moved(y=height * (0.9 - 0.22 * row) - tall / 2, z=0.05)
        board = board.mirrored("x") if chance(rng, 0.5) else board
        parts.append(board.rotated("y", between(rng, -25, 25)).painted(shade(wood, between(rng, 0.9, 1.2))))
    return parts


def traffic_cone(rng: Rng) -> list[Part]:
    tint, stripe = colour(rng, "orange", "red", "vivid"), colour(rng, "white")
    height, low, high, sides = between(rng, 0.8, 1.3), between(rng, 0.28, 0.38), between(rng, 0.04, 0.08), roundness(rng)
    cone = cylinder(low, height, sides, top=high).moved(y=0.05)
    limits = [0.3 * height, 0.48 * height, 0.62 * height, 0.78 * height][: pick(rng, 2, 4)]
    cone = cone.banded("y", limits, [tint if i % 2 == 0 else stripe for i in range(len(limits) + 1)])
    base = box(low * 2.6, 0.08, low * 2.6, bevel=0.02) if chance(rng, 0.7) else cylinder(low * 1.5, 0.07, sides)
    return [cone, base.painted(pick(rng, tint, colour(rng, "black")))]


def hydrant(rng: Rng) -> list[Part]:
    tint, cap, sides = colour(rng, "red", "yellow", "vivid"), colour(rng, "steel", "yellow", "white"), roundness(rng)
    height = between(rng, 0.8, 1.1)
    profile = [
        (0.34, 0),
        (0.34, 0.1),
        (0.22, 0.13),
        (0.22, height),
        (0.28, height),
        (0.28, height + 0.08),
        (0.2, height + 0.25),
        (0, height + 0.32),
    ]
    parts = [lathe(profile, sides).banded("y", [height + 0.01], [tint, pick(rng, tint, cap)])]
    parts.append(cylinder(0.07, 0.15, 6).moved(y=height + 0.28).painted(cap))
    nozzle = lathe([(0.13, 0), (0.13, 0.3), (0.16, 0.3), (0.16, 0.38), (0, 0.38)], 12).rotated("z", -90).moved(0, height * 0.65)
    parts += both(nozzle.painted(cap))
    parts.append(
        lathe([(0.16, 0), (0.16, 0.28), (0.19, 0.28), (0.19, 0.37), (0, 0.37)], 12)
        .rotated("x", 90)
        .moved(0, height * 0.6)
        .painted(cap)
    )
    return parts


def mailbox(rng: Rng) -> list[Part]:
    tint, wood = colour(rng, "red", "blue", "vivid", "steel"), colour(rng, "wood", "dark wood")
    if chance(rng, 0.35):
        body = box(0.6, 1.0, 0.5).moved(y=0.15)
        top = extrude(np.concatenate([arc(0.3, 0, 180, 9)]), 0.5).scaled(1, 0.8, 1).moved(y=1.14)
        slot = box(0.4, 0.05, 0.06).moved(y=0.95, z=0.24).painted(colour(rng, "black"))
        leg = box(0.08, 0.2, 0.08)
        legs = [part.moved(z=z).painted(shade(tint, 0.7)) for z in (-0.2, 0.2) for part in both(leg.moved(0.25))]
        return [
            body.painted(tint),
            top.painted(tint),
            slot,
            *legs,
            box(0.44, 0.4, 0.03).moved(y=0.4, z=0.25).painted(shade(tint, 1.2)),
        ]
    height = between(rng, 0.8, 1.2)
    outline = np.concatenate([arch(0.42, 0.46, 10)])
    body = extrude(outline, 0.8).moved(y=height).painted(tint)
    door_part = extrude(outline * 0.92, 0.04).moved(y=height + 0.015, z=0.41).painted(shade(tint, 0.8))
    flag = box(0.03, 0.3, 0.05).moved(0.22, height + 0.2).painted(colour(rng, "red", "yellow"))
    pennant = box(0.03, 0.1, 0.18).moved(0.22, height + 0.42, 0.07).painted(colour(rng, "red", "yellow"))
    return [
        box(0.13, height + 0.03, 0.13).painted(wood),
        body,
        door_part,
        flag,
        pennant,
        box(0.3, 0.06, 0.6).moved(y=height - 0.04).painted(wood),
    ]


def gravestone(rng: Rng) -> list[Part]:
    stone, kind = colour(rng, "stone"), pick(rng, "round", "cross", "obelisk", "pointed")
    width, height, thick = between(rng, 0.6, 0.8), between(rng, 0.8, 1.3), between(rng, 0.14, 0.25)
    parts = [box(width * 1.3, 0.15, thick * 2.4, bevel=0.03).painted(shade(stone, 0.85))]
    if kind == "round":
        parts.append(extrude(arch(width, height, 10), thick).moved(y=0.12).painted(stone))
    elif kind == "pointed":
        half, edge = width / 2, height * 0.7
        outline = np.array([(-half, 0), (half, 0), (half, edge), (0, height), (-half, edge)])
        parts.append(extrude(outline, thick).moved(y=0.12).painted(stone))
    elif kind == "cross":
        parts.append(box(width * 0.28, height, thick, bevel=0.02).moved(y=0.12).painted(stone))
        parts.append(box(width * 0.85, width * 0.26, thick, bevel=0.02).moved(y=0.12 + height * 0.62).painted(stone))
        if chance(rng, 0.4):
            ring = torus(width * 0.28, 0.05, 16, 6).rotated("x", 90).moved(y=0.12 + height * 0.62 + width * 0.13)
            parts.append(ring.painted(stone))
    else:
        parts.append(box(width * 0.5, height, width * 0.5, top=(0.65, 0.65)).moved(y=0.12).painted(stone))
        parts.append(cylinder(width * 0.232, 0.2, 4, top=0).rotated("y", 45).moved(y=0.115 + height).painted(stone))
    if kind in ("round", "pointed"):
        parts += [
            box(width * 0.55, 0.05, 0.03).moved(y=0.12 + height * f, z=thick / 2).painted(shade(stone, 0.6)) for f in (0.35, 0.5)
        ]
    if chance(rng, 0.3):
        parts.append(box(width * 1.1, 0.1, 1.1, top=(0.85, 0.9)).moved(z=0.6).painted(colour(rng, "bark", "grass")))
    return parts


def fountain(rng: Rng) -> list[Part]:
    stone, water, sides = colour(rng, "stone", "plaster", "sand"), colour(rng, "blue", "glass"), pick(rng, 8, 12, 16, 20)
    parts, y, radius = [], 0.0, between(rng, 0.8, 1.0)
    for level in range(whole(rng, 2, 3)):
        high = 0.3 if level == 0 else 0.2
        low = radius if level == 0 else radius * 0.35
        basin = vessel([(low, 0), (radius * 0.95, high * 0.6), (radius, high)], 0.08, 0.06, sides)
        parts += [basin.moved(y=y).painted(stone)]
        parts.append(lathe([(low * 0.8, 0.05), (radius * 0.93, high * 0.8), (0, high * 0.8)], sides).moved(y=y).painted(water))
        column = between(rng, 0.35, 0.55)
        stem = lathe([(radius * 0.25, 0), (radius * 0.14, column * 0.4), (radius * 0.2, column + high * 0.5)], sides)
        parts.append(stem.moved(y=y + 0.07).painted(shade(stone, 0.9)))
        y, radius = y + 0.07 + column, radius * between(rng, 0.45, 0.6)
    top = pick(rng, "ball", "jet")
    if top == "ball":
        parts.append(sphere(0.14, 12).moved(y=y + 0.16).painted(stone))
    else:
        parts.append(lathe([(0.04, 0), (0.05, 0.3), (0.12, 0.42), (0, 0.48)], 8).moved(y=y).painted(water))
    return parts


def scarecrow(rng: Rng) -> list[Part]:
    """A scarecrow: crossed poles, coat, pumpkin or sack head, hat."""
    wood, coat, straw = colour(rng, "wood"), colour(rng, "fabric", "dull"), colour(rng, "sand", "bread")
    parts = [cylinder(0.05, 1.7, 6).painted(wood), tube([(-0.85, 1.2, 0), (0.85, 1.25, 0)], 0.045, 6).painted(wood)]
    parts.append(box(0.55, 0.75, 0.3, bevel=0.05, top=(0.85, 0.9)).moved(y=0.62).painted(coat))
    sleeve = tube([(0.2, 1.22, 0), (0.7, 1.2, 0)], [0.14, 0.12], 8).painted(coat)
    parts += both(sleeve, cylinder(0.06, 0.2, 6, top=0.13).rotated("z", -90).moved(0.66, 1.21).painted(straw))
    head = ellipsoid(0.24, 0.25, 0.23, 12).moved(y=1.6)
    parts.append(head.painted(colour(rng, "orange", "sand")))
    hat = lathe([(0.42, 0), (0.42, 0.03), (0.22, 0.05), (0.17, 0.28), (0, 0.32)], 12).moved(y=1.76)
    eye = sphere(0.035, 6).moved(0.09, 1.64, 0.2).painted(colour(rng, "black"))
    return [
        *parts,
        hat.painted(colour(rng, "leather", "black")),
        *both(eye),
        box(0.56, 0.08, 0.31).moved(y=0.75).painted(shade(coat, 0.5)),
    ]


def archway(rng: Rng) -> list[Part]:
    """A gate, a ruin's arch or a triumphal arch."""
    stone, width, height = colour(rng, "stone", "sand", "brick", "plaster"), between(rng, 1.0, 1.6), between(rng, 1.3, 1.8)
    depth, gap = between(rng, 0.3, 0.6), between(rng, 0.5, 0.65)
    inner = arch(width * gap, height * 0.75, 10)
    outline = np.concatenate(
        [[(width / 2, 0), (width / 2, height), (-width / 2, height), (-width / 2, 0)], inner[:1], inner[:1:-1], inner[1:2]]
    )
    parts = [extrude(outline, depth).painted(stone)]
    parts.append(box(width * 1.1, 0.12, depth * 1.15).moved(y=height - 0.01).painted(shade(stone, 0.85)))
    parts += both(box(width * (1 - gap) * 0.56, 0.14, depth * 1.15).moved(width * (1 + gap) / 4).painted(shade(stone, 0.8)))
    if chance(rng, 0.5):
        parts.append(
            gable_roof(width * 1.15, between(rng, 0.25, 0.5), depth * 1.4)
            .moved(y=height + 0.1)
            .painted(colour(rng, "roof", "dark wood"))
        )
    if chance(rng, 0.3):
        parts.append(stairs(width * 1.1, 0.24, 0.7, 3).moved(y=-0.2, z=depth / 2 + 0.2).painted(shade(stone, 0.7)))
        parts.append(box(width * 1.15, 0.21, depth * 1.3).moved(y=-0.2).painted(shade(stone, 0.75)))
    return parts


FAMILIES = (
    bridge,
    well,
    fence,
    street_lamp,
    lantern,
    traffic_light,
    road_sign,
    traffic_cone,
    hydrant,
    mailbox,
    gravestone,
    fountain,
    scarecrow,
    archway,
)
