"""Cars, trucks and buses. They drive towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, whole
from ..colours import colour, contrast, shade
from ..mesh import Part, both
from ..primitives import box, cylinder, extrude, lathe, sphere, torus, tube


def wheel(rng: Rng, radius: float, width: float, sides: int, spokes: bool = False) -> list[Part]:
    """A wheel about the x axis at the origin: tyre with a hub, or a spoked one."""
    tyre = colour(rng, "rubber")
    if spokes:
        wood = colour(rng, "wood", "dark wood", "vivid")
        parts = [torus(radius * 0.9, radius * 0.1, sides, 6).scaled(1, 1.2 * width / (0.2 * radius), 1).painted(wood)]
        parts.append(cylinder(radius * 0.18, width * 1.4, 8).moved(y=-width * 0.7).painted(shade(wood, 0.7)))
        count = whole(rng, 5, 8)
        for index in range(count):
            angle = 2 * np.pi * index / count
            end = (radius * 0.88 * np.cos(angle), 0, radius * 0.88 * np.sin(angle))
            parts.append(tube([(0, 0, 0), end], radius * 0.06, 5).painted(wood))
        return [part.rotated("z", 90) for part in parts]
    profile = [(0, -0.5), (0.85, -0.5), (1, -0.35), (1, 0.35), (0.85, 0.5), (0, 0.5)]
    body = lathe([(r * radius, y * width) for r, y in profile], sides).painted(tyre)
    hub = cylinder(radius * between(rng, 0.4, 0.65), width * 1.1, max(8, sides - 4)).moved(y=-width * 0.55)
    return [part.rotated("z", 90) for part in (body, hub.painted(colour(rng, "steel", "dark metal", "gold")))]


def placed(parts: list[Part], x: float, y: float, *zs: float) -> list[Part]:
    """Copies of a wheel on both sides at every z."""
    return [part.moved(side * x, y, z) for z in zs for side in (-1, 1) for part in parts]


def lights(width: float, y: float, front: float, back: float, size: float, rng: Rng) -> list[Part]:
    """Head and tail lights in pairs."""
    x = width / 2 - size * 1.2
    round_ones = chance(rng, 0.5)
    head = cylinder(size, 0.06, 10).rotated("x", 90).moved(z=-0.03) if round_ones else box(size * 2, size * 1.4, 0.06)
    lift = 0 if round_ones else -size * 0.7
    head, tail = head.painted(colour(rng, "light")), box(size * 2, size, 0.06).painted(colour(rng, "red"))
    return [*both(head.moved(x, y + lift, front)), *both(tail.moved(x, y - size / 2, back))]


def profile_body(points: list[tuple[float, float]], width: float) -> Part:
    """A prism along x over a side view given as (z, y)."""
    outline = np.array([(-z, y) for z, y in points])
    return extrude(outline, width).rotated("y", 90)


def car(rng: Rng) -> list[Part]:
    length, width = between(rng, 3.4, 4.6), between(rng, 1.5, 1.9)
    sides, paint = pick(rng, 10, 12, 16, 20), colour(rng, "vivid", "white", "steel", "black", "pastel", "dull")
    radius, base = between(rng, 0.3, 0.38), between(rng, 0.2, 0.3)
    sill, belt = base, base + between(rng, 0.5, 0.65)
    front, back = length / 2, -length / 2
    style = pick(rng, "sedan", "hatch", "pickup", "suv", "sport")
    nose = between(rng, 0.12, 0.22) if style == "sport" else between(rng, 0.02, 0.12)
    hood = [(back, sill), (front, sill), (front, belt - nose - 0.1), (front - 0.1, belt - nose), (back, belt)]
    lower = profile_body([*hood[:4], (front * 0.35, belt), hood[4]], width)
    roof_height = between(rng, 0.42, 0.6) * (0.8 if style == "sport" else 1.15 if style == "suv" else 1)
    start = front * between(rng, 0.3, 0.45)
    ends = {
        "sedan": (-0.45, -0.72),
        "hatch": (-0.75, -0.97),
        "pickup": (-0.1, -0.16),
        "suv": (-0.9, -0.99),
        "sport": (-0.3, -0.9),
    }
    roof_back, cabin_back = (front * value for value in ends[style])
    top = belt + roof_height
    cabin = [
        (cabin_back, belt - 0.02),
        (start, belt - 0.02),
        (start - roof_height * between(rng, 0.6, 1.1), top),
        (roof_back, top),
    ]
    glass = colour(rng, "window", "black")
    house = profile_body(cabin, width * 0.9).deformed(lambda v: v * np.where(v[:, 1:2] > belt + 0.1, [0.86, 1, 1], 1))
    house = house.banded("y", [belt + 0.04, top - 0.07], [paint, glass, paint])
    pillar = box(width * 0.91, roof_height, 0.09).moved(y=belt, z=(start + roof_back) / 2 - 0.1)
    pillar = pillar.deformed(lambda v: v * np.where(v[:, 1:2] > belt + 0.1, [0.86, 1, 1], 1))
    parts = [lower.painted(paint), house, pillar.painted(paint)]
    if chance(rng, 0.3):
        parts[0] = lower.banded("y", [sill + 0.15], [contrast(rng, paint), paint])
    zs = (front * between(rng, 0.55, 0.68), -front * between(rng, 0.55, 0.68))
    parts += placed(wheel(rng, radius, 0.24, sides), width / 2 - 0.08, radius, *zs)
    parts += lights(width, belt - 0.2 - nose / 2, front, back, 0.11, rng)
    bumper = box(width * 0.98, 0.14, 0.16).moved(y=sill + 0.02)
    trim = colour(rng, "steel", "black")
    parts += [bumper.moved(z=front).painted(trim), bumper.moved(z=back).painted(trim)]
    if style == "pickup":
        bed = box(width * 0.82, 0.05, abs(back - cabin_back) * 0.86).moved(y=belt, z=(back + cabin_back) / 2)
        rail = box(0.08, 0.2, abs(back - cabin_back)).moved(width * 0.46, belt - 0.03, (back + cabin_back) / 2)
        gate = box(width, 0.2, 0.07).moved(y=belt - 0.03, z=back + 0.04)
        parts += [bed.painted(shade(paint, 0.4)), *both(rail.painted(paint)), gate.painted(paint)]
    if style == "sport" and chance(rng, 0.6):
        stand = box(0.06, 0.2, 0.1).moved(width * 0.35, belt - 0.03, back + 0.25)
        parts += [*both(stand.painted(paint)), box(width, 0.05, 0.3).moved(y=belt + 0.15, z=back + 0.2).painted(paint)]
    return parts + _car_extras(rng, width, top, (start + roof_back) / 2 - 0.15, style)


def _car_extras(rng: Rng, width: float, top: float, z: float, style: str) -> list[Part]:
    """What may stand on a car's roof: a light bar, a taxi sign, luggage."""
    kind = pick(rng, "", "", "", "", "police", "taxi", "rack")
    if style in ("sport", "pickup") or not kind:
        return []
    if kind == "police":
        bar = box(width * 0.5, 0.1, 0.16).moved(y=top - 0.01, z=z)
        return [bar.banded("x", [0.0], [colour(rng, "red"), colour(rng, "blue")])]
    if kind == "taxi":
        return [box(0.4, 0.16, 0.2, top=(0.8, 0.8)).moved(y=top - 0.01, z=z).painted(colour(rng, "yellow", "white"))]
    rail = box(0.05, 0.06, 0.8).moved(width * 0.3, top - 0.01, z)
    case = box(width * 0.66, 0.2, 0.6, bevel=0.04).moved(y=top + 0.03, z=z)
    return [*both(rail.painted(colour(rng, "black"))), case.painted(colour(rng, "leather", "vivid"))]


def truck(rng: Rng) -> list[Part]:
    paint, load, metal = colour(rng, "vivid", "white", "dull"), colour(rng, "white", "vivid", "dull"), colour(rng, "dark metal")
    width, cab, length = between(rng, 1.7, 2.0), between(rng, 1.3, 1.8), between(rng, 3.2, 4.6)
    floor, cab_height, radius = between(rng, 0.6, 0.75), between(rng, 1.5, 2.0), between(rng, 0.38, 0.46)
    parts = [box(width * 0.7, 0.18, cab + length).moved(y=floor - 0.15).painted(metal)]
    front = (cab + length) / 2
    snout = between(rng, 0.5, 0.9) if chance(rng, 0.4) else 0.0
    house = box(width, cab_height, cab - snout, bevel=0.05).moved(y=floor - 0.1, z=front - snout - (cab - snout) / 2)
    glass = colour(rng, "window", "black")
    parts.append(house.painted(paint))
    y = floor + cab_height * 0.5
    parts.append(box(width * 0.86, cab_height * 0.3, 0.05).moved(y=y, z=front - snout).painted(glass))
    side = box(width + 0.03, cab_height * 0.28, (cab - snout) * 0.5).moved(y=y, z=front - snout - (cab - snout) * 0.42)
    parts.append(side.painted(glass))
    if snout:
        hood = box(width * 0.85, cab_height * 0.5, snout + 0.1, bevel=0.06).moved(y=floor - 0.08, z=front - snout / 2)
        parts.append(hood.painted(paint))
    parts += lights(width * 0.9, floor + 0.15, front + 0.02, -front, 0.12, rng)[:2]
    parts += both(box(0.24, 0.1, 0.1).moved(width * 0.28, floor - 0.12, -front).painted(colour(rng, "red")))
    parts.append(box(width * 1.02, 0.2, 0.15).moved(y=floor - 0.25, z=front).painted(metal))
    parts += _load(rng, width, floor, length, front - cab - length / 2, load, cab_height)
    tyre = wheel(rng, radius, 0.3, pick(rng, 10, 12, 16))
    axles = [front - cab / 2, -front + 0.6] + ([-front + 1.55] if length > 3.8 or chance(rng, 0.5) else [])
    parts += placed(tyre, width / 2 - 0.16, radius, *axles)
    return (
        parts
        + [box(width * 0.8, 0.12, 0.12).moved(y=radius - 0.06, z=z).painted(metal) for z in axles]
        + [box(0.2, floor - radius, 0.2).moved(y=radius - 0.02, z=z).painted(metal) for z in axles]
    )


def _load(rng: Rng, width: float, floor: float, length: float, z: float, tint: np.ndarray, height: float) -> list[Part]:
    """A box, tank, dump bed, or flat bed with logs behind a truck's cab."""
    kind = pick(rng, "box", "box", "tank", "dump", "logs")
    y = floor + 0.02
    if kind == "box":
        tall = height * between(rng, 1.0, 1.3)
        body = box(width * 1.02, tall, length * 0.96).moved(y=y, z=z)
        return [
            body.banded("y", [y + tall * 0.3, y + tall * 0.5], [tint, contrast(rng, tint), tint])
            if chance(rng, 0.4)
            else body.painted(tint)
        ]
    if kind == "tank":
        r = width * 0.46
        profile = [
            (0, 0),
            (r * 0.8, 0.03),
            (r, 0.15),
            (r, length * 0.94 - 0.15),
            (r * 0.8, length * 0.94 - 0.03),
            (0, length * 0.94),
        ]
        body = lathe(profile, 16).rotated("x", 90).moved(y=y + r * 0.95, z=z - length * 0.47)
        return [body.painted(tint), cylinder(0.2, 0.15, 12).moved(y=y + r * 1.9, z=z).painted(shade(tint, 0.8))]
    bed = box(width, 0.1, length * 0.96).moved(y=y, z=z).painted(shade(tint, 0.8))
    if kind == "logs":
        bark, parts = colour(rng, "bark"), [bed]
        r = width * 0.16
        for row, count in ((0, 3), (1, 2), (2, 1)):
            for index in range(count):
                log = cylinder(r, length * 0.9, 10).rotated("x", 90)
                spot = log.moved((index - (count - 1) / 2) * 2 * r, y + 0.1 + r * (0.95 + 1.7 * row), z - length * 0.45)
                parts.append(spot.painted(bark).painted_where(np.abs(spot.normals()[:, 2]) > 0.9, colour(rng, "bread")))
        stake = box(0.08, 0.9, 0.1).moved(width * 0.47, y)
        return [*parts, *(part.moved(z=z + s * length * 0.3).painted(shade(tint, 0.6)) for s in (-1, 1) for part in both(stake))]
    wall = height * between(rng, 0.4, 0.6)
    parts = [bed, *both(box(0.1, wall, length * 0.96).moved(width * 0.47, y, z).painted(tint))]
    parts += [box(width, wall, 0.1).moved(y=y, z=z + s * length * 0.45).painted(tint) for s in (-1, 1)]
    heap = box(width * 0.9, wall * 1.3, length * 0.85, top=(0.3, 0.5)).moved(y=y + 0.05, z=z)
    return [*parts, heap.painted(colour(rng, "sand", "stone", "bark", "leaf"))]


def bus(rng: Rng) -> list[Part]:
    paint, glass = colour(rng, "vivid", "yellow", "white", "red"), colour(rng, "window", "black")
    width, length, height = between(rng, 1.7, 2.1), between(rng, 4.5, 7), between(rng, 1.7, 2.1)
    floor, radius, front = 0.35, between(rng, 0.36, 0.45), 0.0
    front = length / 2
    decks = 2 if chance(rng, 0.25) else 1
    tall = height * (1.75 if decks == 2 else 1)
    body = box(width, tall, length, bevel=0.09).moved(y=floor)
    limits = [floor + 0.5 * height]
    other = contrast(rng, paint) if chance(rng, 0.5) else paint
    parts = [body.banded("y", limits, [paint, other])]
    count = whole(rng, 4, 7)
    for deck in range(decks):
        y = floor + height * (0.45 + 0.78 * deck)
        for index in range(count):
            z = (index - (count - 1) / 2) * length * 0.9 / count
            pane = box(width + 0.04, height * 0.32, length * 0.9 / count * 0.8).moved(y=y, z=z)
            parts.append(pane.painted(glass))
        parts.append(box(width * 0.88, height * 0.36, 0.05).moved(y=y, z=front).painted(glass))
        parts.append(box(width * 0.7, height * 0.26, 0.05).moved(y=y, z=-front).painted(glass))
    parts += lights(width, floor + 0.3, front, -front, 0.1, rng)
    zs = (front * between(rng, 0.55, 0.7), -front * between(rng, 0.5, 0.7))
    return parts + placed(wheel(rng, radius, 0.28, pick(rng, 10, 12, 16)), width / 2 - 0.1, radius, *zs)


def van(rng: Rng) -> list[Part]:
    paint, glass = colour(rng, "vivid", "white", "pastel"), colour(rng, "window", "black")
    width, length, height = between(rng, 1.5, 1.8), between(rng, 3.4, 4.4), between(rng, 1.5, 1.9)
    floor, front, radius = 0.28, length / 2, 0.34
    slope = between(rng, 0.15, 0.7)
    side = [(-front, floor), (front, floor), (front, floor + height * 0.4), (front - slope * 0.3, floor + height * 0.52)]
    side += [
        (front - slope, floor + height * 0.96),
        (front - slope - 0.15, floor + height),
        (-front + 0.1, floor + height),
        (-front, floor + height * 0.93),
    ]
    body = profile_body(side, width)
    split = floor + height * between(rng, 0.42, 0.5)
    parts = [body.banded("y", [split], [contrast(rng, paint), paint] if chance(rng, 0.5) else [paint, paint])]
    y, pane_height = floor + height * 0.56, height * 0.3
    wide = box(width + 0.03, pane_height, length * 0.2).moved(y=y, z=front - slope - length * 0.1)
    parts.append(wide.painted(glass))
    if chance(rng, 0.5):
        parts += [wide.moved(z=-length * 0.26 * step).painted(glass) for step in (1, 2)]
    lean = np.degrees(np.arctan2(slope * 0.7, height * 0.44))
    shield = box(width * 0.86, height * 0.36, 0.06).rotated("x", -lean).moved(y=floor + height * 0.56, z=front - slope * 0.36)
    parts += [shield.painted(glass), *lights(width, floor + height * 0.26, front, -front, 0.11, rng)]
    parts += placed(wheel(rng, radius, 0.22, pick(rng, 10, 12, 16)), width / 2 - 0.08, radius, front * 0.6, -front * 0.6)
    if chance(rng, 0.2):
        scoop = sphere(0.28, 12).moved(y=floor + height + 0.4).painted(colour(rng, "pastel"))
        cone = cylinder(0.02, 0.5, 12, top=0.24).moved(y=floor + height - 0.1).painted(colour(rng, "bread"))
        parts += [scoop, cone]
    return parts


FAMILIES = (
    car,
    truck,
    bus,
    van,
)
