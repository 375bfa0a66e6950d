"""Chairs, stools, benches, sofas and beds."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, both
from ..outlines import rectangle, superellipse
from ..primitives import box, cylinder, ellipsoid, extrude, lathe, tube


def legs(rng: Rng, width: float, depth: float, height: float, tint: np.ndarray) -> list[Part]:
    """Four legs below a top of width by depth, straight or splayed, square or round."""
    thick = between(rng, 0.03, 0.07)
    splay = pick(rng, 0.0, 0.0, between(rng, 0.02, 0.12))
    x, z = width / 2 - thick, depth / 2 - thick
    sides, slim = pick(rng, 4, 4, 8, 12), pick(rng, 1.0, 1.0, 0.6)
    made = []
    for sx, sz in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        path = [(sx * (x + splay), 0, sz * (z + splay)), (sx * x, height, sz * z)]
        made.append(tube(path, [thick * slim, thick], sides, up=(0, 0, 1)).painted(tint))
    return made


def stretchers(width: float, depth: float, y: float, tint: np.ndarray) -> list[Part]:
    """Rails that tie four legs together in the shape of an H."""
    x, z = width / 2 - 0.05, depth / 2 - 0.05
    rails = [box(0.04, 0.05, 2 * z).moved(side * x, y) for side in (-1, 1)]
    return [rail.painted(tint) for rail in (*rails, box(2 * x, 0.05, 0.04).moved(y=y))]


def backrest(rng: Rng, width: float, height: float, tint: np.ndarray, cloth: np.ndarray) -> list[Part]:
    """A chair's back that stands on y = 0 in the plane z = 0: panel, slats, ladder, arch or frame."""
    post = between(rng, 0.04, 0.06)
    posts = both(box(post, height, post).moved(width / 2 - post / 2).painted(tint))
    kind = pick(rng, "panel", "slats", "ladder", "round", "cushion")
    if kind == "panel":
        return [box(width, height, between(rng, 0.03, 0.06), bevel=0.012).painted(cloth)]
    if kind == "round":
        outline = superellipse(20, width, height, between(rng, 0.4, 1)) + np.array([0, 0.46 * height])
        return [extrude(outline, 0.06).painted(cloth)]
    if kind == "cushion":
        start = between(rng, 0.2, 0.45) * height
        return [*posts, box(width, height - start, 0.09, bevel=0.03).moved(y=start).painted(cloth)]
    rail = box(width, 0.1 * height, post * 0.9).moved(y=0.9 * height).painted(tint)
    if kind == "ladder":
        count = whole(rng, 2, 4)
        rungs = [box(width, 0.12 * height, post * 0.6).moved(y=height * (0.25 + 0.6 * i / count)) for i in range(count)]
        return [*posts, rail, *(rung.painted(tint) for rung in rungs)]
    low = box(width, 0.08 * height, post * 0.8).moved(y=0.2 * height).painted(tint)
    count = whole(rng, 2, 6)
    xs = np.linspace(-0.5, 0.5, count + 2)[1:-1] * width
    slats = [box(0.4 * width / count, 0.75 * height, post * 0.5).moved(x, 0.2 * height).painted(tint) for x in xs]
    return [*posts, rail, low, *slats]


def chair(rng: Rng) -> list[Part]:
    width, depth = between(rng, 0.42, 0.58), between(rng, 0.42, 0.56)
    seat_height, thick = between(rng, 0.4, 0.52), between(rng, 0.04, 0.1)
    tint = colour(rng, "wood", "dark wood", "steel", "dark metal", "vivid", "white")
    cloth = pick(rng, tint, colour(rng, "fabric", "leather"), colour(rng, "vivid"))
    disc = chance(rng, 0.15)
    if disc:
        seat = lathe([(0.46, 0), (0.5, thick / 2), (0.46, thick)], roundness(rng)).scaled(width, 1, depth)
    else:
        seat = box(width, thick, depth, bevel=pick(rng, 0.0, 0.02))
    parts = [seat.moved(y=seat_height).painted(cloth)]
    inward = 0.72 if disc else 1.0
    parts += legs(rng, width * inward, depth * inward, seat_height + thick / 2, tint)
    if not disc and chance(rng, 0.35):
        parts += stretchers(width, depth, seat_height * between(rng, 0.25, 0.6), tint)
    height, lean = between(rng, 0.35, 0.7), between(rng, 0, 14)
    back = backrest(rng, width * (0.6 if disc else between(rng, 0.9, 1.0)), height + thick, tint, cloth)
    behind = 0.36 * depth if disc else depth / 2 - 0.04
    parts += [part.rotated("x", -lean).moved(y=seat_height, z=-behind) for part in back]
    if not disc and chance(rng, 0.3):
        rest = seat_height + between(rng, 0.18, 0.28)
        arm = box(0.06, 0.04, depth).moved(width / 2, rest)
        support = box(0.05, rest - seat_height + 0.02, 0.05).moved(width / 2, seat_height, depth / 2 - 0.08)
        parts += [part.painted(tint) for part in both(arm, support)]
    return parts


def stool(rng: Rng) -> list[Part]:
    height, radius = between(rng, 0.4, 0.95), between(rng, 0.17, 0.28)
    tint, cloth = colour(rng, "wood", "steel", "dark metal", "vivid"), colour(rng, "leather", "fabric", "wood")
    sides = roundness(rng)
    seat = lathe([(radius * 0.9, 0), (radius, 0.03), (radius, 0.06), (radius * 0.85, 0.09)], sides)
    parts = [seat.moved(y=height).painted(cloth)]
    if chance(rng, 0.3):
        parts.append(cylinder(0.03, height + 0.03, 10).painted(tint))
        parts.append(lathe([(radius * 0.95, 0), (radius * 0.9, 0.03), (0.04, 0.07)], sides).painted(tint))
        parts.append(lathe([(0.8 * radius, 0), (0.8 * radius, 0.02)], sides).moved(y=0.35 * height).painted(tint))
        return parts
    count = pick(rng, 3, 4, 4)
    foot = radius * between(rng, 0.9, 1.4)
    leg = tube([(foot, 0, 0), (radius * 0.6, height + 0.03, 0)], between(rng, 0.02, 0.035), pick(rng, 4, 8))
    parts += around(leg.painted(tint), count, 45)
    if chance(rng, 0.5):
        share = between(rng, 0.25, 0.5)
        ring_radius = foot + (radius * 0.6 - foot) * share
        ring = [(np.cos(a) * ring_radius, height * share, np.sin(a) * ring_radius) for a in np.arange(16) * np.pi / 8]
        parts.append(tube(ring, 0.02, 6, loop=True).painted(tint))
    return parts


def office_chair(rng: Rng) -> list[Part]:
    cloth, frame = colour(rng, "fabric", "black", "vivid"), colour(rng, "dark metal", "black", "steel")
    height, width = between(rng, 0.42, 0.52), between(rng, 0.46, 0.56)
    parts = [box(width, 0.1, width, bevel=0.035).moved(y=height).painted(cloth), cylinder(0.035, height).painted(frame)]
    count = pick(rng, 4, 5, 5)
    arm = tube([(0, 0.13, 0), (0.29, 0.07, 0)], [0.035, 0.025], 6, up=(0, 1, 0)).painted(frame)
    wheel = ellipsoid(0.045, 0.045, 0.03, 8).moved(0.29, 0.045).painted(colour(rng, "rubber"))
    parts += around(arm, count) + around(wheel, count)
    back_height = between(rng, 0.4, 0.7)
    back = box(width * 0.9, back_height, 0.08, bevel=0.035).rotated("x", -8).moved(y=height + 0.14, z=-width / 2)
    spine = box(0.08, 0.3, 0.04).moved(y=height + 0.02, z=-width / 2 - 0.02)
    parts += [back.painted(cloth), spine.painted(frame)]
    if chance(rng, 0.6):
        post = box(0.04, 0.24, 0.05).moved(width / 2, height + 0.04)
        rest = box(0.07, 0.04, 0.28, bevel=0.012).moved(width / 2, height + 0.26)
        parts += [part.painted(frame) for part in both(post, rest)]
    return parts


def bench(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 1.0, 1.8), between(rng, 0.35, 0.5), between(rng, 0.38, 0.48)
    wood, metal = colour(rng, "wood", "dark wood", "vivid"), colour(rng, "dark metal", "stone", "wood")
    count = whole(rng, 2, 4)
    slat = depth / count * 0.8
    zs = (np.arange(count) - (count - 1) / 2) * depth / count
    parts = [box(width, 0.05, slat).moved(y=height, z=z).painted(wood) for z in zs]
    x = width * between(rng, 0.32, 0.45)
    side = pick(rng, "block", "frame")
    for sx in (-x, x):
        if side == "block":
            parts.append(box(0.08, height + 0.02, depth * 0.95).moved(sx).painted(metal))
        else:
            parts += [box(0.06, height, 0.05).moved(sx, 0, sz * (depth / 2 - 0.05)).painted(metal) for sz in (-1, 1)]
            parts.append(box(0.06, 0.05, depth).moved(sx, height - 0.04).painted(metal))
    if chance(rng, 0.6):
        rows = whole(rng, 1, 3)
        lean = between(rng, 4, 18)
        back = [box(width, 0.3 / rows, 0.04).moved(y=0.14 + 0.4 * row / rows) for row in range(rows)]
        back = [part.painted(wood) for part in back]
        back += [box(0.05, 0.5, 0.05).moved(sx, -0.03, -0.03).painted(metal) for sx in (-x, x)]
        parts += [part.rotated("x", -lean).moved(y=height, z=-depth / 2 + 0.02) for part in back]
    return parts


def sofa(rng: Rng) -> list[Part]:
    seats = pick(rng, 1, 1, 2, 3)
    cloth = colour(rng, "fabric", "leather", "vivid")
    cushion = pick(rng, cloth, shade(cloth, 1.2), contrast(rng, cloth))
    seat_width, depth, height = between(rng, 0.55, 0.7), between(rng, 0.7, 0.9), between(rng, 0.25, 0.35)
    inner, arm = seats * seat_width, between(rng, 0.12, 0.22)
    foot, soft = between(rng, 0.0, 0.12), between(rng, 0.02, 0.06)
    width = inner + 2 * arm
    parts = [box(width, height, depth, bevel=0.02).moved(y=foot).painted(cloth)]
    back_height = between(rng, 0.65, 0.95)
    parts.append(box(width, back_height, 0.2, bevel=soft).moved(y=foot, z=-depth / 2 + 0.1).painted(cloth))
    arm_height = height + between(rng, 0.15, 0.3)
    if chance(rng, 0.35):
        roll = cylinder(arm * 0.62, depth, 12).rotated("x", 90).moved(inner / 2 + arm / 2, foot + arm_height - 0.04, -depth / 2)
        parts += both(roll.painted(cloth))
    parts += both(box(arm, arm_height, depth, bevel=soft).moved(inner / 2 + arm / 2, foot).painted(cloth))
    for seat in range(seats):
        x = (seat - (seats - 1) / 2) * seat_width
        parts.append(box(seat_width * 0.97, 0.16, depth - 0.2, bevel=0.04).moved(x, foot + height - 0.02, 0.1).painted(cushion))
        if chance(rng, 0.5):
            pillow = box(seat_width * 0.9, 0.4, 0.16, bevel=0.05).rotated("x", -12)
            parts.append(pillow.moved(x, foot + height + 0.08, -depth / 2 + 0.26).painted(cushion))
    if foot > 0.02:
        leg = cylinder(0.03, foot + 0.02, 8, top=0.04).painted(colour(rng, "wood", "dark metal"))
        for z in (-depth / 2 + 0.08, depth / 2 - 0.08):
            parts += both(leg.moved(width / 2 - 0.08, 0, z))
    return parts


def bed(rng: Rng) -> list[Part]:
    width, length, height = between(rng, 0.8, 1.7), between(rng, 1.8, 2.1), between(rng, 0.22, 0.4)
    wood, sheet = colour(rng, "wood", "dark wood", "white"), colour(rng, "white", "pastel", "fabric")
    blanket = colour(rng, "fabric", "vivid", "pastel")
    parts = [box(width, 0.14, length).moved(y=height - 0.1).painted(wood)]
    mattress = box(width * 0.95, 0.2, length * 0.95, bevel=0.04).moved(y=height)
    parts.append(mattress.banded("z", [between(rng, -0.5, -0.1) * length / 2], [sheet, blanket]))
    head, foot = between(rng, 0.6, 1.1), between(rng, 0.3, 0.6)
    board = superellipse(16, width, 2 * head, 0.4)[:9] if chance(rng, 0.3) else rectangle(width, 2 * head)[2:]
    outline = np.concatenate([board, [(-width / 2, 0), (width / 2, 0)]])
    parts.append(extrude(outline, 0.08).moved(z=-length / 2).painted(wood))
    if chance(rng, 0.6):
        parts.append(box(width, foot, 0.07).moved(z=length / 2).painted(wood))
    for z in (-length / 2 + 0.06, length / 2 - 0.06):
        parts += both(box(0.09, height, 0.09).moved(width / 2 - 0.05, 0, z).painted(wood))
    count = 1 if width < 1.15 else 2
    for index in range(count):
        x = (index - (count - 1) / 2) * width * 0.45
        pillow = ellipsoid(width * (0.32 if count == 1 else 0.2), 0.09, 0.2, 12, 0.6)
        parts.append(pillow.moved(x, height + 0.24, -length / 2 + 0.3).painted(sheet))
    return parts


FAMILIES = (chair, stool, office_chair, bench, sofa, bed)
