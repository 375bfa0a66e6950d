"""Trains, tanks, wagons, bicycles and tractors. They drive towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, shade
from ..mesh import Part, at, both
from ..outlines import arc, circle
from ..primitives import box, cylinder, extrude, lathe, sphere, torus, tube
from .vehicles import placed, profile_body, wheel


def train(rng: Rng) -> list[Part]:
    """A steam locomotive."""
    paint, accent = colour(rng, "vivid", "black", "green", "dark metal"), colour(rng, "red", "gold", "vivid")
    metal, sides = colour(rng, "dark metal", "black"), roundness(rng)
    radius, boiler, width = between(rng, 0.45, 0.6), between(rng, 1.7, 2.4), between(rng, 1.2, 1.5)
    floor, cab = 0.5, between(rng, 0.8, 1.2)
    y = floor + 0.1 + radius
    parts = [box(width, 0.2, boiler + cab + 0.3).moved(y=floor - 0.08).painted(accent)]
    front = (boiler + cab) / 2
    drum = lathe([(0, 0), (radius, 0), (radius, boiler), (radius * 0.8, boiler + 0.1), (0, boiler + 0.1)], sides)
    parts.append(drum.rotated("x", 90).moved(y=y, z=front - boiler).painted(paint))
    for share in (0.25, 0.75):
        band = lathe(
            [(radius * 0.9, -0.04), (radius + 0.03, -0.04), (radius + 0.03, 0.04), (radius * 0.9, 0.04), (radius * 0.9, -0.04)],
            sides,
        )
        parts.append(band.rotated("x", 90).moved(y=y, z=front - boiler * share).painted(accent))
    stack = lathe([(0.15, 0), (0.13, 0.4), (between(rng, 0.14, 0.3), 0.6), (0.1, 0.7)], sides).moved(
        y=y + radius * 0.9, z=front - 0.3
    )
    dome_part = lathe([(0.22, 0), (0.22, 0.2), (0.12, 0.32), (0, 0.34)], sides).moved(
        y=y + radius * 0.88, z=front - boiler * 0.55
    )
    parts += [stack.painted(metal), dome_part.painted(colour(rng, "gold"))]
    tall = 2 * radius + between(rng, 0.4, 0.6)
    cabin = box(width, tall, cab).moved(y=floor, z=-front + cab / 2)
    window = box(width + 0.03, 0.35, cab * 0.5).moved(y=floor + tall * 0.6, z=-front + cab / 2)
    roof = box(width * 1.15, 0.1, cab * 1.3, top=(0.85, 1)).moved(y=floor + tall - 0.01, z=-front + cab / 2)
    parts += [cabin.painted(paint), window.painted(colour(rng, "window", "light")), roof.painted(accent)]
    plough = box(width, 0.4, 0.5, top=(0.9, 0.2)).moved(y=0.05, z=front + 0.15).painted(accent)
    lamp = cylinder(0.13, 0.15, 10).rotated("x", 90).moved(y=y + radius * 0.6, z=front + 0.02).painted(colour(rng, "light"))
    parts += [plough, lamp]
    small, count = between(rng, 0.24, 0.36), whole(rng, 2, 4)
    zs = np.linspace(-front + 0.3, front - 0.3, count)
    hoop = wheel(rng, small, 0.14, pick(rng, 10, 14))
    parts += placed(hoop, width * 0.42, small, *zs)
    rod = box(0.05, 0.07, float(zs[-1] - zs[0])).moved(width * 0.42 + 0.1, small, float(zs.mean()))
    parts += both(rod.painted(colour(rng, "steel")))
    return parts


def tank(rng: Rng) -> list[Part]:
    paint = colour(rng, "leaf", "sand", "dull", "steel")
    track, sides = colour(rng, "black", "dark metal"), roundness(rng)
    width, length, height = between(rng, 1.5, 1.9), between(rng, 2.4, 3.0), between(rng, 0.4, 0.55)
    side = [
        (length * 0.5, 0.36),
        (length * 0.4, 0.1),
        (-length * 0.4, 0.1),
        (-length * 0.5, 0.36),
        (-length * 0.42, 0.62),
        (length * 0.42, 0.62),
    ]
    outline = [(z, y) for z, y in side]
    belt = profile_body(outline, 0.36).moved(width / 2 - 0.18)
    parts = both(belt.painted(track))
    hub = cylinder(0.19, 0.44, 12).rotated("z", 90).moved(width / 2 + 0.04, 0.33)
    parts += [part.moved(z=z).painted(shade(paint, 0.8)) for z in np.linspace(-0.34, 0.34, 4) * length for part in both(hub)]
    hull = [
        (-length * 0.48, 0.35),
        (length * 0.42, 0.3),
        (length * 0.5, 0.5),
        (length * 0.3, 0.35 + height),
        (-length * 0.46, 0.35 + height),
    ]
    parts.append(profile_body(hull, width * 0.96).painted(paint).cut("y", 0.5))
    top = 0.35 + height
    if chance(rng, 0.5):
        turret = box(width * 0.6, 0.4, length * 0.42, bevel=0.08, top=(0.75, 0.8))
    else:
        turret = lathe([(0.56, 0), (0.55, 0.2), (0.4, 0.4), (0, 0.42)], sides)
    parts.append(turret.moved(y=top - 0.02, z=-0.1).painted(shade(paint, between(rng, 0.85, 1.15))))
    raise_by = between(rng, 0.0, 0.35)
    end = (0, top + 0.2 + raise_by, length * between(rng, 0.55, 0.8))
    parts.append(tube([(0, top + 0.2, 0.1), end], [0.085, 0.065], 10).painted(shade(paint, 0.8)))
    muzzle = tube([np.array(end) - at(0, 0.02, 0.2), end], 0.1, 10).painted(shade(paint, 0.6))
    hatch = cylinder(0.2, 0.1, 10).moved(0.15, top + 0.36, -0.2).painted(shade(paint, 0.75))
    return [*parts, muzzle, hatch]


def wagon(rng: Rng) -> list[Part]:
    """A cart with spoked wheels: open, loaded or covered."""
    wood, width, length = colour(rng, "wood", "dark wood"), between(rng, 0.9, 1.2), between(rng, 1.3, 2.2)
    radius = between(rng, 0.4, 0.6)
    floor, wall = radius * between(rng, 0.9, 1.2), between(rng, 0.25, 0.5)
    parts = [box(width, 0.08, length).moved(y=floor).painted(shade(wood, 0.8))]
    parts += both(box(0.06, wall, length).moved(width / 2, floor).painted(wood))
    parts += [box(width, wall, 0.06).moved(y=floor, z=s * length / 2).painted(wood) for s in (-1, 1)]
    four = chance(rng, 0.6)
    zs = (-length * 0.36, length * 0.36) if four else (-0.05 * length,)
    hoop = wheel(rng, radius, 0.09, pick(rng, 12, 16, 20), spokes=True)
    x = width / 2 + 0.12
    parts += placed(hoop, x, radius, *zs)
    for z in zs:
        parts.append(box(2 * x, 0.07, 0.08).moved(y=radius - 0.035, z=z).painted(shade(wood, 0.6)))
        parts.append(box(0.3, floor - radius + 0.08, 0.14).moved(y=radius - 0.03, z=z).painted(shade(wood, 0.6)))
    if four:
        parts.append(tube([(0, floor, length * 0.45), (0, floor * 0.7, length * 0.9)], 0.04, 6).painted(wood))
    else:
        pole = tube([(width * 0.4, floor + 0.04, length * 0.3), (width * 0.36, floor * 0.95, length * 1.05)], 0.04, 6)
        parts += both(pole.painted(wood))
    if four and chance(rng, 0.5):
        curve = arc(width * 0.53, 0, 180, 11)
        inner = arc(width * 0.49, 180, 0, 11)
        cover = extrude(np.concatenate([curve, inner]), length * 0.96).scaled(1, 1.3, 1).moved(y=floor + wall - 0.02)
        parts.append(cover.painted(colour(rng, "plaster", "white", "sand")))
    elif chance(rng, 0.7):
        heap = lathe([(0.5, 0), (0.42, 0.5), (0.2, 0.85), (0, 0.95)], 9).scaled(width * 0.95, wall * 1.7, length * 0.9)
        parts.append(heap.moved(y=floor + 0.05).painted(colour(rng, "sand", "leaf", "stone", "orange")).speckled(rng, 0.12))
    return parts


def bicycle(rng: Rng) -> list[Part]:
    paint, rubber, metal = colour(rng, "vivid", "black", "pastel"), colour(rng, "rubber"), colour(rng, "steel", "dark metal")
    radius, base, thick = between(rng, 0.32, 0.38), between(rng, 0.95, 1.1), between(rng, 0.022, 0.04)
    motor = chance(rng, 0.35)
    tyre = (0.09 if motor else 0.03) * between(rng, 0.9, 1.3)
    rear, front = np.array([0, radius, -base / 2]), np.array([0, radius, base / 2])
    parts = []
    for centre in (rear, front):
        hoop = torus(radius - tyre, tyre, 20, 8).rotated("z", 90).moved(*centre).painted(rubber)
        disc = cylinder(radius - tyre, 0.02, 20).rotated("z", 90).moved(0.01, centre[1], centre[2]).painted(metal)
        spokes = [tube([centre - v, centre + v], 0.012, 5).painted(metal) for v in _spokes(radius - tyre)]
        parts += [hoop, disc] if motor else [hoop, *spokes]
        parts.append(cylinder(0.045, 0.12, 8).rotated("z", 90).moved(0.06, centre[1], centre[2]).painted(metal))
    pedal, seat = np.array([0, radius * 0.95, -0.08]), np.array([0, radius + 0.48, -0.24])
    head = np.array([0, radius + 0.46, base / 2 - 0.2])
    bar = head + at(0, 0.17, -0.05)
    for a, b in (
        (pedal, seat),
        (pedal, head),
        (rear, pedal),
        (rear, seat - at(0, 0.08, -0.03)),
        (seat - at(0, 0.08, -0.03), head),
        (front, bar),
    ):
        parts.append(tube([a, b], thick, 6).painted(paint))
    parts.append(tube([bar + at(-0.26, 0.03, -0.1), bar, bar + at(0.26, 0.03, -0.1)], 0.022, 6).painted(metal))
    saddle = box(0.14, 0.06, 0.28, bevel=0.02, top=(0.8, 0.9)).moved(*(seat + at(0, -0.01, 0)))
    parts.append(saddle.painted(colour(rng, "black", "leather")))
    if motor:
        tank_part = lathe([(0, 0), (0.13, 0.1), (0.15, 0.3), (0.08, 0.45), (0, 0.48)], 10).rotated("x", 90)
        parts.append(tank_part.moved(0, radius + 0.4, -0.2).painted(paint))
        parts.append(box(0.22, 0.32, 0.4, bevel=0.04).moved(0, radius * 0.6, -0.15).painted(metal))
        parts.append(sphere(0.09, 10).moved(*(head + at(0, 0.05, 0.1))).painted(colour(rng, "light")))
        parts.append(tube([(0.12, radius * 0.8, -0.1), (0.14, radius * 0.7, -base / 2 - 0.2)], 0.05, 8).painted(metal))
    else:
        crank = cylinder(0.09, 0.04, 12).rotated("z", 90).moved(0.05, pedal[1], pedal[2])
        parts.append(crank.painted(metal))
        for side in (-1, 1):
            end = pedal + at(side * 0.08, side * 0.15, side * 0.06)
            parts.append(tube([pedal + at(side * 0.03, 0, 0), end], 0.018, 5).painted(metal))
            parts.append(box(0.1, 0.03, 0.07).moved(*(end + at(side * 0.03, -0.015, 0))).painted(rubber))
    return parts


def _spokes(radius: float) -> list[np.ndarray]:
    """Half-vectors of four spokes through the hub in the plane of y and z."""
    return [np.array([0, y, z]) * radius for y, z in circle(8)[:4]]


def tractor(rng: Rng) -> list[Part]:
    paint, glass, metal = colour(rng, "green", "red", "blue", "orange"), colour(rng, "window"), colour(rng, "dark metal", "black")
    big, small = between(rng, 0.6, 0.75), between(rng, 0.3, 0.42)
    sides = pick(rng, 12, 16, 20)
    parts = [
        box(0.6, 0.6, 1.3, bevel=0.05).moved(y=0.55, z=0.65).painted(paint),
        box(0.75, 0.4, 1.0).moved(y=0.5, z=-0.4).painted(paint),
    ]
    cab = box(0.95, 0.85, 0.85, top=(0.9, 0.9)).moved(y=0.85, z=-0.4)
    parts += [cab.banded("y", [1.0, 1.58], [paint, glass, paint]), box(1.05, 0.08, 1.0).moved(y=1.69, z=-0.4).painted(paint)]
    parts.append(box(0.61, 0.3, 0.05).moved(y=0.68, z=1.3).painted(metal))
    parts.append(cylinder(0.05, 0.55, 8).moved(0.15, 1.1, 0.9).painted(metal))
    parts += placed(wheel(rng, big, 0.32, sides), 0.6, big, -0.5) + placed(wheel(rng, small, 0.24, sides), 0.48, small, 0.95)
    parts += [
        box(1.0, 0.12, 0.12).moved(y=big - 0.06, z=-0.5).painted(metal),
        box(0.8, 0.1, 0.1).moved(y=small - 0.05, z=0.95).painted(metal),
    ]
    parts.append(box(0.3, 0.45, 0.3).moved(y=small - 0.05, z=0.95).painted(metal))
    fender = extrude(np.concatenate([arc(big * 1.15, 10, 170, 9), arc(big * 1.05, 170, 10, 9)]), 0.36).rotated("y", 90)
    return parts + both(fender.moved(0.6, big, -0.5).painted(paint))


FAMILIES = (
    train,
    tank,
    wagon,
    bicycle,
    tractor,
)
