"""Houses, towers, castles and what stands beside them."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, shade
from ..mesh import Part, around, both
from ..outlines import arc, arch
from ..primitives import box, cylinder, dome, extrude, gable_roof, lathe, sphere, stairs


def window(rng: Rng, width: float, height: float, frame: np.ndarray, glass: np.ndarray) -> list[Part]:
    """A window whose middle is at the origin, towards +z."""
    parts = [box(width, height, 0.05).moved(y=-height / 2).painted(glass)]
    edge = 0.14 * min(width, height)
    parts.append(box(width * 1.25, edge, 0.1).moved(y=-height / 2 - edge * 0.6).painted(frame))
    parts.append(box(width * 1.1, edge, 0.08).moved(y=height / 2 - edge * 0.4).painted(frame))
    if chance(rng, 0.5):
        parts.append(box(edge * 0.6, height, 0.07).moved(y=-height / 2).painted(frame))
    if chance(rng, 0.3):
        shutter = box(width * 0.4, height * 1.05, 0.06).moved(width * 0.7, -height * 0.52)
        parts += both(shutter.painted(shade(frame, 0.7)))
    return parts


def door(rng: Rng, width: float, height: float, tint: np.ndarray) -> list[Part]:
    """A door that stands on y = 0 at z = 0."""
    leaf = extrude(arch(width, height), 0.08) if chance(rng, 0.35) else box(width, height, 0.08)
    return [leaf.painted(tint), sphere(0.05 * width, 6).moved(width * 0.33, height * 0.45, 0.05).painted(colour(rng, "gold"))]


def openings(rng: Rng, width: float, height: float, depth: float, floors: int, wood: np.ndarray) -> list[Part]:
    """Windows on the four walls of a block that stands on y = 0, and a door in front."""
    glass, frame = colour(rng, "window", "light", "black"), pick(rng, wood, colour(rng, "white"))
    pane = window(rng, between(rng, 0.2, 0.3), between(rng, 0.26, 0.4), frame, glass)
    high = height / floors
    door_x = pick(rng, 0.0, -0.25, 0.25) * width
    parts = [part.moved(door_x, 0, depth / 2) for part in door(rng, 0.3, min(0.62, high * 0.75), wood)]
    for floor in range(floors):
        y = high * (floor + 0.55)
        for x in np.linspace(-0.5, 0.5, 2 + max(1, int(width / 0.62)))[1:-1] * width:
            if floor or abs(x - door_x) > 0.38:
                parts += [part.moved(x, y, depth / 2) for part in pane]
            if chance(rng, 0.7):
                parts += [part.rotated("y", 180).moved(x, y, -depth / 2) for part in pane]
        for z in np.linspace(-0.5, 0.5, 2 + max(1, int(depth / 0.8)))[1:-1] * depth:
            parts += [part.rotated("y", side * 90).moved(side * width / 2, y, z) for side in (-1, 1) for part in pane]
    return parts


def roof(rng: Rng, width: float, depth: float, tint: np.ndarray) -> tuple[list[Part], float]:
    """A roof over a block, and its height."""
    kind = pick(rng, "gable", "gable", "cross", "hip", "pyramid", "flat", "shed")
    over = between(rng, 1.08, 1.25)
    height = depth * between(rng, 0.4, 0.85)
    if kind == "flat":
        return [box(width * 1.06, 0.12, depth * 1.06).painted(tint)], 0.12
    if kind == "shed":
        low = 0.35 * height
        outline = np.array(
            [(-depth * over / 2, 0), (depth * over / 2, 0), (depth * over / 2, 0.06), (-depth * over / 2, low + 0.06)]
        )
        return [extrude(outline, width * over).rotated("y", -90).painted(tint)], low
    if kind == "cross":
        turned = gable_roof(depth * over, width * between(rng, 0.4, 0.7), width * over).rotated("y", 90)
        wall = colour(rng, "plaster", "wood")
        return [turned.painted(tint).painted_where(np.abs(turned.normals()[:, 2]) > 0.9, wall)], 0.3
    hip = {"gable": 0.0, "hip": between(rng, 0.12, 0.3), "pyramid": 0.499}[kind]
    part = gable_roof(width * over, height, depth * over, hip).painted(tint)
    return [part.painted_where(np.abs(part.normals()[:, 0]) > 0.95, colour(rng, "plaster", "wood", "brick"))], height


def house(rng: Rng) -> list[Part]:
    wall = colour(rng, "plaster", "brick", "wood", "stone", "pastel", "vivid")
    wood, tiles = colour(rng, "wood", "dark wood", "vivid", "white"), colour(rng, "roof", "dark metal", "vivid", "dark wood")
    floors = pick(rng, 1, 1, 2, 2, 3)
    width, depth, height = between(rng, 1.1, 2.0), between(rng, 0.9, 1.4), floors * between(rng, 0.7, 0.85)
    body = box(width, height, depth)
    parts = [body.banded("y", [height * 0.12], [shade(wall, 0.6), wall]) if chance(rng, 0.5) else body.painted(wall)]
    parts += openings(rng, width, height, depth, floors, wood)
    top, rise = roof(rng, width, depth, tiles)
    parts += [part.moved(y=height - 0.005) for part in top]
    if chance(rng, 0.6):
        chimney = box(0.2, rise + 0.25, 0.2).moved(width * pick(rng, -0.28, 0.28), height - 0.05, -depth * 0.15)
        tip = box(0.25, 0.07, 0.25).moved(*(chimney.bounds().mean(0) * [1, 0, 1]).tolist()).moved(y=height + rise + 0.18)
        parts += [chimney.painted(colour(rng, "brick", "stone")), tip.painted(colour(rng, "stone"))]
    if chance(rng, 0.35):
        wide, deep, tall = width * between(rng, 0.35, 0.6), between(rng, 0.4, 0.8), height * between(rng, 0.5, 0.9)
        x = width / 2 + wide / 2 - 0.05
        wing_roof, _ = roof(rng, wide, deep, tiles)
        parts += [box(wide, tall, deep).moved(x).painted(wall), *(part.moved(x, tall - 0.005) for part in wing_roof)]
    if chance(rng, 0.35):
        post = box(0.08, 0.68, 0.08).moved(width * 0.3, 0, depth / 2 + 0.35).painted(wood)
        cover = box(width * 0.75, 0.07, 0.5).rotated("x", 10).moved(y=0.64, z=depth / 2 + 0.2).painted(tiles)
        floor = box(width * 0.8, 0.08, 0.5).moved(z=depth / 2 + 0.2).painted(shade(wood, 0.8))
        parts += [*both(post), cover, floor]
    if chance(rng, 0.25):
        parts.append(box(width * 1.5, 0.08, depth * 1.7).moved(y=-0.07).painted(colour(rng, "grass", "stone", "sand")))
    return parts


def battlements(width: float, depth: float, size: float, tint: np.ndarray) -> list[Part]:
    """Merlons along the four edges of a flat top at y = 0."""
    parts = []
    for length, across, turn in ((width, depth, 0), (depth, width, 90)):
        count = max(2, round(length / size / 2) + 1)
        for x in np.linspace(-length / 2 + size / 2, length / 2 - size / 2, count):
            for side in (-1, 1):
                merlon = box(size, size * 1.1, size * 0.8).moved(x, -0.02, side * (across / 2 - size * 0.4))
                parts.append(merlon.rotated("y", turn).painted(tint))
    return parts


def tower(rng: Rng, height: float | None = None, tint: np.ndarray | None = None) -> list[Part]:
    """A round or square tower with battlements or a pointed roof."""
    stone = colour(rng, "stone", "brick", "plaster", "sand") if tint is None else tint
    height = between(rng, 1.4, 3.0) if height is None else height
    radius, sides = between(rng, 0.35, 0.55), pick(rng, 4, 6, 8, 12, 16)
    waist, crown = radius * between(rng, 0.8, 1.0), radius * between(rng, 1.05, 1.3)
    profile = [
        (0, 0),
        (radius, 0),
        (waist, 0.15 * height),
        (waist, 0.85 * height),
        (crown, 0.92 * height),
        (crown, height),
        (0, height),
    ]
    body = lathe(profile, sides).rotated("y", 180 / sides)
    parts = [body.painted(stone)]
    if chance(rng, 0.5):
        merlon = box(0.16 * crown / 0.45, 0.18, 0.12).moved(0, height - 0.02, crown * np.cos(np.pi / sides) - 0.06)
        parts += around(merlon.painted(stone), sides if sides > 5 else 8)
        if sides == 4:
            parts = [parts[0], *battlements(crown * 1.41, crown * 1.41, 0.17, stone)]
    else:
        spike = between(rng, 0.6, 1.3)
        tiles = colour(rng, "roof", "vivid", "dark metal")
        cap = lathe([(crown * 1.2, 0), (crown * 0.5, spike * 0.5), (0, spike)], sides).rotated("y", 180 / sides)
        parts.append(cap.moved(y=height - 0.005).painted(tiles))
        if chance(rng, 0.5):
            parts.append(cylinder(0.02, 0.4, 6).moved(y=height + spike - 0.05).painted(shade(tiles, 0.5)))
            parts.append(box(0.26, 0.16, 0.03).moved(0.13, height + spike + 0.17).painted(colour(rng, "vivid")))
    face = waist * np.cos(np.pi / sides)
    leaf = extrude(arch(0.26, 0.45), 0.3).moved(0, 0, radius * np.cos(np.pi / sides) - 0.13)
    slit = extrude(arch(0.12, 0.28), 0.1).moved(z=face - 0.03).painted(colour(rng, "black", "light"))
    parts.append(leaf.painted(colour(rng, "dark wood", "wood")))
    for level in np.linspace(0.4, 0.8, whole(rng, 1, 3)):
        parts += [part.moved(y=(level - 0.1) * height) for part in around(slit, pick(rng, 1, 2, 4))]
    return parts


def castle(rng: Rng) -> list[Part]:
    stone, half = colour(rng, "stone", "sand", "brick", "plaster"), between(rng, 0.9, 1.3)
    wall, high = between(rng, 0.7, 1.0), between(rng, 1.1, 1.6)
    seed = int(rng.integers(1 << 31))
    parts: list[Part] = []
    for x in (-half, half):
        for z in (-half, half):
            parts += [part.moved(x, 0, z) for part in tower(np.random.default_rng(seed), high, stone)]
    thick = 0.22
    sides = [box(2 * half, wall, thick).moved(z=s * half) for s in (-1, 1)] + [
        box(thick, wall, 2 * half).moved(s * half) for s in (-1, 1)
    ]
    parts += [side.painted(shade(stone, 0.92)) for side in sides]
    for side in (-1, 1):
        for x in np.linspace(-0.55, 0.55, 5) * half:
            parts.append(box(0.14, 0.14, thick * 0.9).moved(x, wall - 0.02, side * half).painted(stone))
            parts.append(box(thick * 0.9, 0.14, 0.14).moved(side * half, wall - 0.02, x).painted(stone))
    parts.append(extrude(arch(0.5, 0.62), thick + 0.12).moved(z=half).painted(colour(rng, "dark wood", "black")))
    parts.append(box(2 * half, 0.1, 2 * half).painted(shade(stone, 0.7)))
    if chance(rng, 0.7):
        parts += tower(rng, high * between(rng, 1.2, 1.6), stone)
    return parts


def church(rng: Rng) -> list[Part]:
    wall, tiles = colour(rng, "plaster", "stone", "brick", "white"), colour(rng, "roof", "dark metal", "blue")
    width, length, height = between(rng, 0.8, 1.1), between(rng, 1.4, 2.2), between(rng, 0.8, 1.1)
    parts = [box(width, height, length).painted(wall)]
    ridge = gable_roof(length * 1.02, width * between(rng, 0.5, 0.8), width * 1.12).rotated("y", 90).moved(y=height - 0.005)
    parts.append(ridge.painted(tiles).painted_where(np.abs(ridge.normals()[:, 2]) > 0.9, wall))
    size, tall = width * between(rng, 0.5, 0.65), height * between(rng, 1.7, 2.3)
    front = length / 2 + size * 0.3
    parts.append(box(size, tall, size).moved(z=front).painted(wall))
    spire = between(rng, 0.6, 1.3)
    cap = cylinder(size * 0.8, spire, pick(rng, 4, 8), top=0).rotated("y", 45) if chance(rng, 0.8) else dome(size * 0.7, 0.5)
    parts.append(cap.moved(y=tall - 0.005, z=front).painted(tiles))
    peak = tall + (cap.bounds()[1, 1]) - 0.05
    cross = [box(0.04, 0.3, 0.04).moved(0, peak, front), box(0.17, 0.04, 0.04).moved(0, peak + 0.17, front)]
    parts += [part.painted(colour(rng, "gold", "dark metal")) for part in cross]
    parts.append(extrude(arch(size * 0.5, 0.5), 0.1).moved(z=front + size / 2).painted(colour(rng, "dark wood")))
    glass = colour(rng, "blue", "vivid", "window")
    belfry = extrude(arch(size * 0.4, 0.35), size * 1.06).moved(y=tall * 0.78, z=front).painted(colour(rng, "black"))
    parts += [
        belfry,
        cylinder(size * 0.2, 0.08, 14).rotated("x", 90).moved(0, tall * 0.62, front + size / 2 - 0.03).painted(glass),
    ]
    pane = extrude(arch(0.16, 0.45), width + 0.06).rotated("y", 90).moved(y=height * 0.35).painted(glass)
    return parts + [pane.moved(z=z) for z in np.linspace(-0.4, 0.25, whole(rng, 2, 4)) * length]


def windmill(rng: Rng) -> list[Part]:
    wall, wood, sides = (
        colour(rng, "plaster", "stone", "brick", "wood"),
        colour(rng, "wood", "dark wood"),
        pick(rng, 6, 8, 12, 16),
    )
    height, low, high = between(rng, 1.4, 2.0), between(rng, 0.5, 0.65), between(rng, 0.32, 0.42)
    parts = [cylinder(low, height, sides, top=high).painted(wall)]
    parts.append(
        lathe([(high * 1.12, 0), (high * 0.9, 0.25), (0, 0.5)], sides)
        .moved(y=height - 0.005)
        .painted(colour(rng, "roof", "dark wood"))
    )
    hub = np.array([0, height + 0.05, high + 0.16])
    parts.append(cylinder(0.06, high + 0.3, 8).rotated("x", 90).moved(0, hub[1], 0).painted(wood))
    span, angle = between(rng, 0.85, 1.15), between(rng, 0, 90)
    cloth = colour(rng, "white", "plaster", "red", "sand")
    for turn in range(4):
        arm = box(0.05, span, 0.04)
        vane = box(0.22, span * 0.7, 0.03).moved(0.12, span * 0.28)
        parts += [part.rotated("z", angle + 90 * turn).moved(*hub) for part in (arm.painted(wood), vane.painted(cloth))]
    parts.append(extrude(arch(0.26, 0.5), 0.2).moved(z=low - 0.1).painted(wood))
    pane = box(0.16, 0.2, 0.2).moved(y=height * 0.55, z=(low + high) / 2 - 0.12).painted(colour(rng, "window"))
    parts += around(pane, pick(rng, 1, 4))
    if chance(rng, 0.4):
        balcony = lathe([(0.2, 0), (low * 1.25, 0), (low * 1.25, 0.07), (0.2, 0.07), (0.2, 0)], sides).moved(y=height * 0.35)
        parts.append(balcony.painted(wood))
    return parts


def lighthouse(rng: Rng) -> list[Part]:
    sides, tint = roundness(rng), colour(rng, "red", "blue", "black", "vivid")
    height, low, high = between(rng, 1.8, 2.6), between(rng, 0.42, 0.55), between(rng, 0.25, 0.34)
    body, count = cylinder(low, height, sides, top=high), whole(rng, 3, 6)
    parts = [
        body.banded(
            "y", list(height * np.arange(1, count) / count), [tint if i % 2 else colour(rng, "white") for i in range(count)]
        )
    ]
    parts.append(cylinder(high * 1.5, 0.08, sides).moved(y=height - 0.01).painted(colour(rng, "dark metal")))
    parts.append(cylinder(high * 0.75, 0.36, sides).moved(y=height).painted(colour(rng, "light")))
    parts += around(cylinder(0.02, 0.36, 5).moved(high * 0.76, height).painted(colour(rng, "dark metal")), 6)
    parts.append(lathe([(high * 1.1, 0), (high * 0.5, 0.2), (0, 0.3)], sides).moved(y=height + 0.34).painted(tint))
    parts.append(sphere(0.06, 8).moved(y=height + 0.66).painted(tint))
    parts.append(extrude(arch(0.24, 0.42), 0.2).moved(z=low - 0.09).painted(colour(rng, "dark wood")))
    rail = lathe([(high * 1.45, 0), (high * 1.5, 0), (high * 1.5, 0.03), (high * 1.45, 0.03), (high * 1.45, 0)], sides).moved(
        y=height + 0.18
    )
    parts += [rail.painted(tint), *around(cylinder(0.015, 0.2, 5).moved(high * 1.46, height).painted(tint), 8)]
    if chance(rng, 0.6):
        rock = lathe([(0, -0.25), (1.0, -0.25), (0.85, 0), (0.5, 0.08), (0, 0.1)], 9).scaled(between(rng, 0.8, 1.1), 1, 1)
        parts.append(rock.painted(colour(rng, "stone")).speckled(rng, 0.15))
    return parts


def skyscraper(rng: Rng) -> list[Part]:
    wall, glass = colour(rng, "stone", "steel", "brick", "blue", "plaster"), colour(rng, "window", "light", "black")
    width, depth, y = between(rng, 0.6, 1.0), between(rng, 0.6, 1.0), 0.0
    parts = []
    for _ in range(whole(rng, 1, 3)):
        height = between(rng, 0.7, 1.6)
        parts.append(box(width, height, depth).moved(y=y).painted(wall))
        floors = max(2, int(height / 0.24))
        if chance(rng, 0.5):
            band = [box(width * 1.02, 0.11, depth * 1.02).moved(y=y + height * (i + 0.4) / floors) for i in range(floors)]
        else:
            xs, zs = np.linspace(-0.36, 0.36, 4) * width, np.linspace(-0.36, 0.36, 4) * depth
            band = [box(width * 0.13, height * 0.9, depth * 1.03).moved(x, y + 0.05 * height) for x in xs]
            band += [box(width * 1.03, height * 0.9, depth * 0.13).moved(0, y + 0.05 * height, z) for z in zs]
        parts += [part.painted(glass) for part in band]
        y, width, depth = y + height - 0.01, width * between(rng, 0.55, 0.85), depth * between(rng, 0.55, 0.85)
    if chance(rng, 0.5):
        parts.append(cylinder(0.03, between(rng, 0.4, 0.9), 6, top=0.01).moved(y=y - 0.02).painted(colour(rng, "dark metal")))
    else:
        parts.append(box(width * 0.6, 0.16, depth * 0.6).moved(y=y - 0.02).painted(shade(wall, 0.7)))
    parts.append(box(0.3, 0.24, 0.1).moved(z=parts[0].bounds()[1, 2]).painted(colour(rng, "black", "dark wood")))
    return parts


def temple(rng: Rng) -> list[Part]:
    stone, sides = colour(rng, "plaster", "stone", "sand", "white"), pick(rng, 8, 10, 12)
    width, depth, height = between(rng, 1.4, 2.0), between(rng, 1.0, 1.6), between(rng, 0.8, 1.2)
    parts = [
        box(width * (1.24 - 0.08 * i), 0.1, depth * (1.24 - 0.08 * i)).moved(y=0.09 * i).painted(shade(stone, 0.9))
        for i in range(3)
    ]
    column = lathe([(0.13, 0), (0.13, 0.06), (0.09, 0.1), (0.075, height - 0.1), (0.13, height - 0.05), (0.13, height)], sides)
    xs, zs = np.linspace(-0.45, 0.45, whole(rng, 3, 5)) * width, np.linspace(-0.45, 0.45, whole(rng, 3, 4)) * depth
    places = {(x, z) for x in xs for z in (zs[0], zs[-1])} | {(x, z) for z in zs for x in (xs[0], xs[-1])}
    parts += [column.moved(x, 0.27, z).painted(stone) for x, z in sorted(places)]
    top = 0.27 + height
    parts.append(box(width * 1.08, 0.14, depth * 1.08).moved(y=top - 0.01).painted(stone))
    pediment = gable_roof(depth * 1.12, between(rng, 0.3, 0.5), width * 1.14).rotated("y", 90).moved(y=top + 0.12)
    tiles = pick(rng, stone, colour(rng, "roof"))
    parts.append(pediment.painted(tiles).painted_where(np.abs(pediment.normals()[:, 2]) > 0.9, stone))
    if chance(rng, 0.5):
        parts.append(box(width * 0.55, height + 0.02, depth * 0.55).moved(y=0.26).painted(shade(stone, 0.8)))
    return parts


def tent(rng: Rng) -> list[Part]:
    cloth, kind = colour(rng, "vivid", "sand", "leaf", "white", "fabric"), pick(rng, "ridge", "round", "dome")
    other, sides = colour(rng, "white", "vivid"), pick(rng, 8, 10, 12)
    if kind == "ridge":
        body = gable_roof(between(rng, 1.4, 2.0), 1.0, between(rng, 1.2, 1.5)).rotated("y", 90)
        length = np.ptp(body.bounds(), axis=0)[2]
        gap = extrude(np.array([(-0.3, 0), (0.3, 0), (0, 0.75)]), 0.06).moved(z=length / 2).painted(shade(cloth, 0.4))
        pole = cylinder(0.03, 1.15, 6).moved(z=length / 2 + 0.02).painted(colour(rng, "wood"))
        return [body.painted(cloth), gap, pole]
    if kind == "dome":
        body = dome(1.0, between(rng, 0.7, 1.0), sides, 6)
        column = np.floor(np.arctan2(*body.centroids()[:, [0, 2]].T) / (2 * np.pi) * sides + 0.5).astype(int)
        gap = extrude(arch(0.6, 0.6), 0.4).moved(z=0.75).painted(shade(cloth, 0.4))
        return [body.painted(cloth).painted_where(column % 2 == 0, other), gap]
    wall = between(rng, 0.5, 0.9)
    body = lathe([(0.85, 0), (0.85, wall), (1.0, wall), (0.4, wall + 0.55), (0, wall + 1.0)], sides * 2)
    column = np.floor(np.arctan2(*body.centroids()[:, [0, 2]].T) / (2 * np.pi) * sides + 0.25).astype(int)
    gap = extrude(np.array([(-0.25, 0), (0.25, 0), (0, wall)]), 0.3).moved(z=0.74).painted(shade(cloth, 0.3))
    flag = box(0.3, 0.18, 0.03).moved(0.15, wall + 1.17).painted(other)
    pole = cylinder(0.03, 0.5, 6).moved(y=wall + 0.85).painted(colour(rng, "wood"))
    return [body.painted(cloth).painted_where(column % 2 == 0, other), gap, flag, pole]


def igloo(rng: Rng) -> list[Part]:
    snow = colour(rng, "white", "glass")
    radius = between(rng, 0.9, 1.1)
    shell = dome(radius, radius * between(rng, 0.75, 0.95), roundness(rng), 6).painted(snow).speckled(rng, 0.07)
    outline = np.concatenate([arc(0.42, 0, 180, 9), arc(0.27, 180, 0, 9)])
    tunnel = extrude(outline, 0.7).scaled(1, 1.2, 1).moved(z=radius + 0.05).painted(shade(snow, 0.92)).speckled(rng, 0.05)
    return [shell, tunnel, extrude(arc(0.28, 0, 180, 9), 0.1).scaled(1, 1.2, 1).moved(z=radius).painted(colour(rng, "black"))]


def pyramid(rng: Rng) -> list[Part]:
    stone, kind = colour(rng, "sand", "stone", "gold"), pick(rng, "smooth", "stepped")
    if kind == "smooth":
        body = cylinder(1.2, between(rng, 0.9, 1.4), 4, top=0).rotated("y", 45)
        limits = list(np.linspace(0, body.bounds()[1, 1], 7)[1:-1])
        return [body.banded("y", limits, [shade(stone, f) for f in (0.85, 1.0, 0.92, 1.05, 0.95, 1.1)])]
    steps, rise = whole(rng, 3, 6), between(rng, 0.18, 0.3)
    parts = [
        box(2 - 1.5 * i / steps, rise, 2 - 1.5 * i / steps).moved(y=rise * i * 0.995).painted(shade(stone, 1 - 0.05 * (i % 2)))
        for i in range(steps)
    ]
    top = steps * rise
    flight = stairs(0.36, top, 1.05, steps * 2).moved(z=0.72)
    shrine = box(0.42, 0.3, 0.42).moved(y=top - 0.01)
    return [
        *parts,
        flight.painted(shade(stone, 0.8)),
        shrine.painted(stone),
        box(0.2, 0.2, 0.1).moved(y=top, z=0.2).painted(colour(rng, "black")),
    ]


FAMILIES = (house, tower, castle, church, windmill, lighthouse, skyscraper, temple, tent, igloo, pyramid)
