"""Tables, desks, shelves, cabinets, wardrobes and lamps."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, around, at, both
from ..outlines import superellipse
from ..primitives import box, cylinder, ellipsoid, lathe, sphere, tube
from .seating import legs, stretchers


def table(rng: Rng) -> list[Part]:
    wood, top_tint = colour(rng, "wood", "dark wood", "white", "steel"), colour(rng, "wood", "dark wood", "stone", "glass")
    width, depth, height = between(rng, 0.6, 1.9), between(rng, 0.55, 0.95), between(rng, 0.35, 0.8)
    thick = between(rng, 0.03, 0.08)
    if chance(rng, 0.35):
        return _round_table(rng, width / 2, height, thick, wood, top_tint)
    top = box(width, thick, depth, bevel=pick(rng, 0.0, 0.012))
    parts = [top.moved(y=height).painted(top_tint)]
    style = pick(rng, "legs", "legs", "panels", "trestle")
    if style == "legs":
        inset = between(rng, 0.85, 1.0)
        parts += legs(rng, width * inset, depth * inset, height + 0.01, wood)
        if chance(rng, 0.5):
            parts.append(box(width * 0.85, 0.1, depth * 0.85).moved(y=height - 0.1).painted(wood))
        if chance(rng, 0.25):
            parts += stretchers(width * inset, depth * inset, 0.25 * height, wood)
    elif style == "panels":
        parts += both(box(0.06, height, depth * 0.9).moved(width * 0.42).painted(wood))
        parts.append(box(width * 0.84, 0.2 * height, 0.05).moved(y=between(rng, 0.3, 0.7) * height).painted(wood))
    else:
        for x in (-0.36 * width, 0.36 * width):
            for z in (-1, 1):
                leg = tube([(x, 0, z * depth * 0.42), (x, height, -z * depth * 0.3)], 0.04, 4, up=(1, 0, 0))
                parts.append(leg.painted(wood))
        parts.append(box(0.76 * width, 0.05, 0.05).moved(y=height * 0.52).painted(wood))
    return parts


def _round_table(rng: Rng, radius: float, height: float, thick: float, wood: np.ndarray, top_tint: np.ndarray) -> list[Part]:
    sides = roundness(rng) + 4
    top = lathe([(radius, 0), (radius, thick)], sides).moved(y=height).painted(top_tint)
    if chance(rng, 0.5):
        leg = tube([(radius * 0.8, 0, 0), (radius * 0.6, height + 0.01, 0)], between(rng, 0.03, 0.05), 8)
        return [top, *around(leg.painted(wood), pick(rng, 3, 4))]
    foot = radius * between(rng, 0.45, 0.75)
    profile = [(foot, 0), (foot, 0.03), (0.08, 0.09), (between(rng, 0.04, 0.1), 0.5 * height), (0.07, height)]
    stand = lathe([*profile, (radius * 0.5, height + 0.01)], sides).painted(wood)
    if chance(rng, 0.3):
        cloth = lathe([(radius * 1.04, -0.2 * height), (radius * 1.06, 0), (radius * 1.02, thick * 1.4)], sides)
        return [top, stand, cloth.moved(y=height).painted(colour(rng, "white", "vivid", "fabric"))]
    return [top, stand]


def knob(rng: Rng, tint: np.ndarray) -> Part:
    """A drawer's handle at the origin, towards +z."""
    if chance(rng, 0.5):
        return sphere(0.025, 8).moved(z=0.015).painted(tint)
    return box(between(rng, 0.08, 0.2), 0.022, 0.05).painted(tint)


def fronts(rng: Rng, width: float, height: float, columns: int, rows: int, tint: np.ndarray, metal: np.ndarray) -> list[Part]:
    """Doors or drawers over a front that stands on y = 0 in the plane z = 0."""
    handle, parts = knob(rng, metal), []
    w, h = width / columns, height / rows
    for column in range(columns):
        for row in range(rows):
            x, y = (column - (columns - 1) / 2) * w, row * h
            parts.append(box(w * 0.92, h * 0.9, 0.04, bevel=0.008).moved(x, y + 0.05 * h).painted(tint))
            tall = h > 1.3 * w
            side = (1 if column < columns / 2 else -1) if tall else 0
            parts.append(handle.moved(x + side * 0.36 * w, y + (0.5 if tall else 0.55) * h, 0.02))
    return parts


def cabinet(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 0.5, 1.5), between(rng, 0.35, 0.6), between(rng, 0.5, 1.2)
    wood, metal = colour(rng, "wood", "dark wood", "white", "pastel"), colour(rng, "gold", "steel", "black")
    front = pick(rng, shade(wood, 1.2), shade(wood, 0.8), contrast(rng, wood))
    foot = pick(rng, 0.0, between(rng, 0.05, 0.25))
    parts = [box(width, height, depth).moved(y=foot).painted(wood)]
    columns, rows = whole(rng, 1, 3), whole(rng, 1, 5)
    parts += [part.moved(y=foot, z=depth / 2) for part in fronts(rng, width, height, columns, rows, front, metal)]
    if chance(rng, 0.6):
        parts.append(box(width * 1.06, 0.04, depth * 1.08).moved(y=foot + height - 0.005).painted(wood))
    if foot:
        parts += legs(rng, width, depth, foot + 0.01, metal if chance(rng, 0.5) else wood)
    if chance(rng, 0.15):
        mirror = superellipse(20, width * 0.7, 0.7, between(rng, 0.4, 1))
        frame = tube(np.column_stack([mirror, np.zeros(20)]), 0.03, 4, loop=True)
        glass = ellipsoid(width * 0.34, 0.34, 0.02, 12)
        y = foot + height + 0.36
        parts += [frame.moved(0, y, -depth / 3).painted(wood), glass.moved(0, y, -depth / 3).painted(colour(rng, "glass"))]
    return parts


def wardrobe(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 0.8, 1.6), between(rng, 0.5, 0.7), between(rng, 1.7, 2.1)
    wood, metal = colour(rng, "wood", "dark wood", "white"), colour(rng, "gold", "steel", "black")
    front = shade(wood, pick(rng, 0.85, 1.2))
    parts = [box(width, height, depth).painted(wood)]
    doors = fronts(rng, width, height * 0.72, whole(rng, 2, 3), 1, front, metal)
    parts += [part.moved(y=0.24 * height, z=depth / 2) for part in doors]
    parts += [part.moved(y=0.03, z=depth / 2) for part in fronts(rng, width, height * 0.18, whole(rng, 1, 2), 1, front, metal)]
    parts.append(box(width * 1.07, 0.07, depth * 1.1, top=(0.96, 0.96)).moved(y=height - 0.01).painted(wood))
    if chance(rng, 0.5):
        parts.append(box(width * 1.03, 0.07, depth * 1.05).painted(wood))
    return parts


def fridge(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 0.6, 0.9), between(rng, 0.6, 0.7), between(rng, 1.3, 1.9)
    tint, metal = colour(rng, "white", "steel", "pastel", "red"), colour(rng, "steel", "dark metal")
    parts = [box(width, height, depth, bevel=0.03).painted(shade(tint, 0.92))]
    split = between(rng, 0.3, 0.7) * height
    for low, high in ((0.04, split), (split, height - 0.02)):
        parts.append(box(width * 0.97, high - low - 0.02, 0.07, bevel=0.02).moved(0, low + 0.01, depth / 2 + 0.02).painted(tint))
        length = 0.4 * (high - low)
        parts.append(box(0.03, length, 0.05).moved(width * 0.38, low + 0.3 * (high - low), depth / 2 + 0.065).painted(metal))
    return parts


def oven(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 0.55, 0.9), between(rng, 0.5, 0.65), between(rng, 0.75, 0.95)
    tint, black = colour(rng, "white", "steel", "black", "red"), colour(rng, "black")
    parts = [box(width, height, depth).painted(tint)]
    parts.append(box(width * 0.9, height * 0.55, 0.04, bevel=0.01).moved(0, 0.1, depth / 2).painted(shade(tint, 0.9)))
    parts.append(box(width * 0.7, height * 0.32, 0.05).moved(0, 0.2, depth / 2).painted(black))
    parts.append(box(width * 0.75, 0.03, 0.08).moved(0, 0.1 + height * 0.47, depth / 2 + 0.03).painted(colour(rng, "steel")))
    dial = cylinder(0.028, 0.05, 10).rotated("x", 90).painted(black)
    parts += [dial.moved(x * width * 0.36, height * 0.88, depth / 2 - 0.005) for x in np.linspace(-1, 1, whole(rng, 3, 5))]
    for x in (-0.25, 0.25):
        for z in (-0.25, 0.25):
            ring = cylinder(0.2 * width, 0.02, 14).moved(x * width, height - 0.002, z * depth)
            parts.append(ring.painted(black))
    if chance(rng, 0.5):
        parts.append(box(width, between(rng, 0.1, 0.25), 0.05).moved(0, height - 0.01, -depth / 2 + 0.025).painted(tint))
    return parts


def shelf(rng: Rng) -> list[Part]:
    width, depth, height = between(rng, 0.5, 1.4), between(rng, 0.25, 0.4), between(rng, 0.8, 2.0)
    wood, thick, rows = colour(rng, "wood", "dark wood", "white", "dark metal"), between(rng, 0.025, 0.05), whole(rng, 2, 5)
    parts = both(box(thick, height, depth).moved(width / 2).painted(wood))
    ys = np.linspace(0.02, height - thick, rows + 1)
    parts += [box(width, thick, depth * 0.98).moved(y=y).painted(wood) for y in ys]
    if chance(rng, 0.7):
        parts.append(box(width, height, 0.02).moved(z=-depth / 2 + 0.01).painted(shade(wood, 0.8)))
    for y, gap in zip(ys[:-1], np.diff(ys), strict=True):
        if chance(rng, 0.7):
            parts += [part.moved(y=y + thick - 0.004) for part in row_of_books(rng, width - 2 * thick, gap * 0.85, depth * 0.7)]
    return parts


def row_of_books(rng: Rng, width: float, height: float, depth: float) -> list[Part]:
    """Books side by side that fill part of the width, standing on y = 0."""
    x, books, end = -width / 2 + 0.01, [], width * between(rng, 0.0, 0.5)
    while x < end and len(books) < 12:
        thick = between(rng, 0.03, 0.09) * max(width, 0.7)
        size = height * between(rng, 0.6, 0.95)
        books.append(box(thick, size, depth).moved(x + thick / 2).painted(colour(rng, "vivid", "dull", "dark wood")))
        x += thick + 0.002
    return books


def lamp(rng: Rng) -> list[Part]:
    kind = pick(rng, "floor", "table", "desk")
    metal, shade_tint = colour(rng, "dark metal", "gold", "steel", "wood"), colour(rng, "light", "pastel", "vivid", "white")
    sides = roundness(rng)
    if kind == "desk":
        return _desk_lamp(rng, metal, shade_tint, sides)
    height = between(rng, 1.1, 1.6) if kind == "floor" else between(rng, 0.3, 0.5)
    radius = between(rng, 0.16, 0.26)
    foot = lathe([(0.17, 0), (0.17, 0.02), (0.03, 0.06)], sides).painted(metal)
    stem = cylinder(0.022, height, 8).painted(metal)
    if kind == "table" and chance(rng, 0.7):
        belly = between(rng, 0.08, 0.16)
        stem = lathe([(0.1, 0), (belly, 0.35 * height), (belly * 0.8, 0.6 * height), (0.03, 0.9 * height), (0.02, height)], sides)
        stem = stem.painted(colour(rng, "vivid", "pastel", "copper", "white"))
    top = radius * between(rng, 0.35, 0.9)
    hood = between(rng, 0.2, 0.36)
    screen = lathe([(radius, 0), (top, hood), (top - 0.02, hood), (radius - 0.02, 0.0), (radius, 0)], sides)
    bar = box(2 * (top + (radius - top) * 0.06 / hood) - 0.01, 0.02, 0.02).moved(y=height + hood - 0.12).painted(metal)
    spike = cylinder(0.02, hood - 0.01, 6).moved(y=height - 0.1).painted(metal)
    bulb = sphere(0.06, 10).moved(y=height + 0.02).painted(colour(rng, "light"))
    return [foot, stem, spike, bulb, bar, screen.moved(y=height - 0.06).painted(shade_tint)]


def _desk_lamp(rng: Rng, metal: np.ndarray, tint: np.ndarray, sides: int) -> list[Part]:
    elbow = np.array([-between(rng, 0.08, 0.2), between(rng, 0.3, 0.4), 0])
    head = elbow + at(between(rng, 0.2, 0.35), between(rng, 0.05, 0.25), 0)
    hood = lathe([(0.05, 0.1), (0.06, 0.06), (0.13, -0.08), (0.11, -0.08), (0.0, 0.04)], sides).rotated("z", between(rng, 10, 50))
    parts = [cylinder(0.14, 0.035, sides).painted(metal), tube([(0, 0.02, 0), elbow], 0.018, 8).painted(metal)]
    parts += [sphere(0.03, 8).moved(*elbow).painted(metal), tube([elbow, head], 0.018, 8).painted(metal)]
    return [*parts, hood.moved(*head).painted(tint)]


def fireplace(rng: Rng) -> list[Part]:
    stone, wood = colour(rng, "stone", "brick", "plaster"), colour(rng, "dark wood", "wood", "stone")
    width, height, depth = between(rng, 1.1, 1.6), between(rng, 0.9, 1.2), between(rng, 0.35, 0.5)
    pillar = width * between(rng, 0.18, 0.26)
    parts = both(box(pillar, height, depth).moved(width / 2 - pillar / 2).painted(stone))
    parts.append(box(width, height * 0.25, depth * 0.98).moved(y=height * 0.75).painted(stone))
    parts.append(box(width * 0.9, height, 0.08).moved(z=-depth / 2 + 0.04).painted(shade(stone, 0.4)))
    parts.append(box(width * 1.12, 0.08, depth * 1.25).moved(y=height - 0.01).painted(wood))
    parts.append(box(width * 1.05, 0.06, depth * 1.4).moved(z=0.08).painted(shade(stone, 0.8)))
    log = cylinder(0.06, 0.5, 8).rotated("z", 90).moved(0.25, 0.1)
    parts += [log.rotated("y", angle).painted(colour(rng, "bark")) for angle in (15, -20)]
    flame = lathe([(0.1, 0), (0.15, 0.1), (0.08, 0.25), (0, 0.42)], 7).scaled(1.2, 1, 0.5).moved(y=0.1)
    parts.append(flame.painted(colour(rng, "orange", "yellow")))
    if chance(rng, 0.5):
        chimney = box(width * 0.8, height * 0.8, depth * 0.8, top=(0.7, 0.9)).moved(y=height + 0.05)
        parts.append(chimney.painted(stone))
    return parts


FAMILIES = (table, cabinet, wardrobe, fridge, oven, shelf, lamp, fireplace)
