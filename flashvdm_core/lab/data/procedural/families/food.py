"""Things to eat."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness, whole
from ..colours import colour, hsv, shade
from ..mesh import Part, around
from ..outlines import arc, smooth, superellipse
from ..primitives import box, capsule, cone_between, cylinder, dome, ellipsoid, extrude, lathe, sphere, torus, tube
from .plants import lump


def burger(rng: Rng) -> list[Part]:
    bread, sides, radius = colour(rng, "bread"), roundness(rng) + 4, 0.6
    low = between(rng, 0.14, 0.22)
    parts, y = (
        [lathe([(0, 0), (radius * 0.9, 0), (radius, low * 0.4), (radius, low), (0, low)], sides).painted(bread)],
        low - 0.01,
    )
    layers = [
        "patty",
        *pick(
            rng,
            ("lettuce",),
            ("cheese", "lettuce"),
            ("lettuce", "tomato", "cheese"),
            ("cheese", "patty", "lettuce"),
            ("tomato", "lettuce", "patty", "cheese"),
        ),
    ]
    for layer in layers:
        if layer == "patty":
            part, tall = (
                lathe([(0, 0), (0.58, 0), (0.64, 0.05), (0.64, 0.12), (0.58, 0.16), (0, 0.16)], sides).painted(
                    colour(rng, "chocolate")
                ),
                0.16,
            )
        elif layer == "cheese":
            part, tall = box(1.12, 0.05, 1.12).rotated("y", between(rng, 0, 45)).painted(colour(rng, "yellow", "orange")), 0.05
        elif layer == "tomato":
            part, tall = cylinder(0.58, 0.08, sides).painted(colour(rng, "red")), 0.08
        else:
            ring = [
                (0.68 + 0.07 * np.sin(9 * a)) * np.array([np.cos(a), np.sin(a)])
                for a in np.linspace(0, 2 * np.pi, 36, endpoint=False)
            ]
            part, tall = (
                extrude(np.array(ring), 0.07).rotated("x", -90).moved(y=0.035).painted(colour(rng, "leaf", "green")),
                0.07,
            )
        parts.append(part.moved(y=y))
        y += tall - 0.008
    crown = between(rng, 0.3, 0.45)
    parts.append(dome(radius * 1.02, crown, sides, 5).moved(y=y).painted(bread))
    if chance(rng, 0.6):
        for _ in range(whole(rng, 8, 16)):
            angle, t = between(rng, 0, 6.28), between(rng, 0.5, 1.5)
            spot = radius * np.cos(t) * np.cos(angle), y + crown * np.sin(t), radius * np.cos(t) * np.sin(angle)
            parts.append(ellipsoid(0.04, 0.025, 0.03, 6).moved(*spot).painted(colour(rng, "bone")))
    return parts


def cake(rng: Rng) -> list[Part]:
    sides, y = roundness(rng) + 6, 0.0
    base, cream = colour(rng, "chocolate", "bread", "pink", "white"), colour(rng, "white", "pink", "chocolate", "pastel")
    parts, radius, topping = [], between(rng, 0.6, 0.8), ("red", "vivid")
    for _ in range(pick(rng, 1, 1, 2, 3)):
        tall = between(rng, 0.28, 0.45)
        parts.append(cylinder(radius, tall, sides).moved(y=y).banded("y", [y + tall * 0.4, y + tall * 0.55], [base, cream, base]))
        parts.append(
            lathe([(0, -0.08), (radius * 1.03, -0.1), (radius * 1.04, 0.03), (radius * 0.9, 0.07), (0, 0.07)], sides)
            .moved(y=y + tall)
            .painted(cream)
        )
        blob = lathe([(0.08, 0), (0.09, 0.06), (0, 0.16)], 8).moved(radius * 0.85, y + tall + 0.04)
        parts += around(blob.painted(shade(cream, 0.9)), whole(rng, 6, 10))
        y, radius = y + tall + 0.06, radius * between(rng, 0.6, 0.75)
    if chance(rng, 0.5):
        for index in range(whole(rng, 1, 5)):
            angle, far = 2.4 * index, radius * 0.7 * (index > 0)
            x, z = far * np.cos(angle), far * np.sin(angle)
            parts.append(cylinder(0.035, 0.28, 8).moved(x, y - 0.02, z).painted(colour(rng, "pastel", "vivid")))
            parts.append(
                lathe([(0, 0), (0.035, 0.05), (0, 0.13)], 6).moved(x, y + 0.25, z).painted(colour(rng, "orange", "yellow"))
            )
    else:
        parts.append(sphere(0.12, 10).moved(y=y + 0.07).painted(colour(rng, *topping)))
    return [
        *parts,
        cylinder(between(rng, 0.85, 1.0), 0.05, sides).moved(y=-0.045).painted(colour(rng, "white", "steel", "pastel")),
    ]


def cake_slice(rng: Rng) -> list[Part]:
    """A slice of cake, cheese, or melon."""
    kind = pick(rng, "cake", "cheese", "melon")
    if kind == "melon":
        rind, flesh, angle = colour(rng, "green"), colour(rng, "red", "orange"), between(rng, 60, 90)
        outline = np.concatenate([[(0, 0)], arc(1.0, 270 - angle, 270 + angle, 11)])
        part = extrude(outline, between(rng, 0.2, 0.4))
        outer = np.linalg.norm(part.centroids()[:, :2], axis=1) > 0.97
        shell = tube(
            np.column_stack([arc(1.0, 270 - angle, 270 + angle, 13), np.zeros(13)]), 0.12, 6, up=(0, 0, 1), flat=1.6
        ).painted(rind)
        seeds = [ellipsoid(0.03, 0.05, 0.24, 6).moved(x, y).painted(colour(rng, "black")) for x, y in arc(0.6, 225, 315, 5)]
        return [part.painted(flesh).painted_where(outer, rind), shell, *seeds]
    angle = between(rng, 18, 30)
    outline = np.concatenate([[(0, 0)], arc(1.2, 90 - angle, 90 + angle, 8)])
    tall = between(rng, 0.45, 0.7)
    body = extrude(outline, tall).rotated("x", -90).rotated("y", 180).moved(y=tall / 2)
    if kind == "cheese":
        tint = colour(rng, "yellow", "orange")
        part = body.painted(tint)
        holes = [
            sphere(between(rng, 0.06, 0.1), 8)
            .moved(side * (0.45 * z) * np.tan(np.radians(angle)) * 2.2, tall * y, z)
            .painted(shade(tint, 0.75))
            for side, y, z in ((1, 0.4, 0.6), (-1, 0.6, 0.8), (1, 0.7, 0.95), (-1, 0.3, 0.5))
        ]
        return [part, *holes]
    sponge, cream = colour(rng, "bread", "chocolate", "pink"), colour(rng, "white", "pink", "chocolate")
    part = body.banded(
        "y", [tall * 0.3, tall * 0.4, tall * 0.62, tall * 0.72, tall * 0.9], [sponge, cream, sponge, cream, sponge, cream]
    )
    top = [
        sphere(0.13, 10).moved(0, tall + 0.08, 0.85).painted(colour(rng, "red")),
        lathe([(0.16, 0), (0.14, 0.08), (0, 0.14)], 8).moved(0, tall - 0.02, 0.85).painted(cream),
    ]
    return [part, *top]


def ice_cream(rng: Rng) -> list[Part]:
    cone_tint, sides = colour(rng, "bread"), roundness(rng)
    kind = pick(rng, "cone", "cone", "soft", "lolly", "cup")
    if kind == "lolly":
        outline = superellipse(18, 0.55, 1.1, 0.5)
        outline[:, 1] = np.where(outline[:, 1] < 0, outline[:, 1] * 0.95, outline[:, 1])
        tint = colour(rng, "vivid", "chocolate", "pink")
        body = (
            extrude(outline, 0.24, bevel=0.12)
            .moved(y=0.9)
            .banded("y", [between(rng, 0.7, 1.1)], [tint, colour(rng, "vivid", "white", "pastel")])
        )
        return [body, box(0.13, 0.6, 0.07, bevel=0.02).moved(y=0.0).painted(colour(rng, "wood"))]
    height, radius = between(rng, 0.8, 1.1), between(rng, 0.3, 0.38)
    if kind == "cup":
        base = lathe([(0, 0), (radius * 0.75, 0), (radius * 1.15, 0.4), (0, 0.4)], sides).painted(colour(rng, "vivid", "pastel"))
        height = 0.4
    else:
        base = lathe([(0.02, 0), (radius, height), (radius, height + 0.05), (0, height + 0.05)], sides)
        base = base.painted(cone_tint).painted_where((np.arange(len(base.faces)) // 2) % 2 == 0, shade(cone_tint, 0.85))
    parts, y = [base], height
    if kind == "soft":
        t = np.linspace(0, 5.5 * np.pi, 44)
        reach = radius * 0.8 * (1 - t / t[-1])
        spiral = np.column_stack([reach * np.cos(t), y + 0.08 + 0.65 * t / t[-1], reach * np.sin(t)])
        parts.append(
            tube(spiral, np.linspace(0.16, 0.03, 44), 8, rounded=True).painted(
                colour(rng, "white", "pink", "chocolate", "pastel")
            )
        )
        return [
            *parts,
            lathe([(radius * 0.85, 0), (radius * 0.7, 0.3), (0, 0.65)], 10).moved(y=y).painted(colour(rng, "white", "pink")),
        ]
    for index in range(whole(rng, 1, 3)):
        size = radius * (1.08 - 0.1 * index)
        scoop = lump(rng, size, 2, 0.04).moved(y=y + size * 0.6)
        parts.append(scoop.painted(colour(rng, "pastel", "chocolate", "pink", "white", "vivid")))
        y += size * 1.15
    if chance(rng, 0.6):
        parts.append(sphere(0.1, 10).moved(y=y + 0.14).painted(colour(rng, "red")))
    if chance(rng, 0.4):
        parts.append(tube([(0.1, y - 0.3, -0.1), (0.3, y + 0.35, -0.2)], 0.06, 8).painted(colour(rng, "chocolate", "bread")))
    return parts


def fruit(rng: Rng) -> list[Part]:
    kind, leaf_tint, stalk_tint = (
        pick(rng, "apple", "pear", "cherry", "strawberry", "lemon", "orange"),
        colour(rng, "leaf"),
        colour(rng, "bark"),
    )
    sides = roundness(rng) + 2
    leaf = ellipsoid(0.22, 0.03, 0.11, 8).rotated("z", 25).moved(0.2, 0.08).painted(leaf_tint)
    stalk = tube(smooth([(0, -0.12, 0), (0.01, 0.1, 0), (0.07, 0.22, 0)], 5), 0.03, 6).painted(stalk_tint)
    if kind == "apple":
        profile = smooth([(0.1, 0.05), (0.35, 0.03), (0.52, 0.35), (0.45, 0.72), (0.2, 0.8), (0.05, 0.7)], 16)
        body = lathe([(0, 0.08), *map(tuple, profile), (0, 0.66)], sides)
        return [body.painted(colour(rng, "red", "green", "yellow")), stalk.moved(y=0.78), leaf.moved(y=0.78)]
    if kind == "pear":
        profile = smooth([(0.15, 0.0), (0.45, 0.25), (0.36, 0.6), (0.2, 0.9), (0.08, 1.05)], 14)
        body = lathe([(0, 0), *map(tuple, profile), (0, 1.07)], sides)
        return [body.painted(colour(rng, "green", "yellow")), stalk.moved(y=1.12), leaf.moved(y=1.12)]
    if kind == "cherry":
        tint = colour(rng, "red")
        parts = [sphere(0.3, sides).moved(x, 0.3 + y).painted(tint) for x, y in ((-0.35, 0), (0.35, 0.1))]
        stems = [
            tube(smooth([(x, 0.55 + y, 0), (x * 0.75, 1.0, 0), (0, 1.35, 0)], 7), 0.025, 6).painted(leaf_tint)
            for x, y in ((-0.35, 0), (0.35, 0.1))
        ]
        return [*parts, *stems, leaf.scaled(1.5, 1.5, 1.5).moved(y=1.25)]
    if kind == "strawberry":
        body = lathe([(0, 0), (0.2, 0.15), (0.42, 0.55), (0.36, 0.8), (0, 0.86)], sides)
        spots = body.centroids()[::3]
        seeds = [sphere(0.025, 5).moved(*spot).painted(colour(rng, "yellow")) for spot in spots[rng.choice(len(spots), 12)]]
        crown = cone_between((0.05, 0.82, 0), (0.42, 0.78, 0), 0.12, 5).painted(leaf_tint)
        return [body.painted(colour(rng, "red")), *seeds, *around(crown, 6), stalk.moved(y=0.92)]
    if kind == "lemon":
        body = lathe([(0, 0), (0.1, 0.03), (0.36, 0.3), (0.4, 0.55), (0.3, 0.85), (0.1, 1.05), (0, 1.1)], sides).rotated("z", 90)
        return [body.painted(colour(rng, "yellow", "green"))]
    return [
        sphere(0.5, sides).painted(colour(rng, "orange")),
        cylinder(0.06, 0.05, 6).moved(y=0.48).painted(leaf_tint),
        leaf.moved(y=0.45),
    ]


def long_food(rng: Rng) -> list[Part]:
    """Banana, carrot, aubergine, corn, hot dog, or baguette."""
    kind, leaf_tint = pick(rng, "banana", "carrot", "aubergine", "corn", "hot dog", "baguette"), colour(rng, "leaf")
    if kind == "banana":
        path = np.column_stack([arc(0.9, 200, 340, 11), np.zeros(11)])
        radii = 0.19 * np.array([0.35, 0.5, 0.85, 1, 1.05, 1.05, 1, 0.95, 0.8, 0.5, 0.3])
        parts = [tube(path, radii, pick(rng, 5, 6, 8)).painted(colour(rng, "yellow"))]
        parts.append(tube([path[-1], path[-1] + [0.05, 0.16, 0]], [0.06, 0.05], 6).painted(colour(rng, "bark", "leaf")))
        if chance(rng, 0.4):
            parts += [parts[0].rotated("y", turn).moved(z=0.05) for turn in (16, -16)]
        return parts
    if kind == "carrot":
        body = lathe([(0, 0), (0.06, 0.1), (0.2, 0.85), (0.19, 1.05), (0, 1.12)], roundness(rng)).painted(colour(rng, "orange"))
        tuft = tube(
            smooth([(0, 1.08, 0), (0.08, 1.35, 0), (between(rng, 0.15, 0.3), 1.55, 0)], 5), [0.035, 0.05, 0.06, 0.05, 0.0], 6
        )
        return [
            body,
            *around(tuft.painted(leaf_tint), whole(rng, 3, 6)),
            tuft.scaled(0.3, 1.1, 0.3).moved(y=-0.1).painted(leaf_tint),
        ]
    if kind == "aubergine":
        path = smooth([(0, 0.05, 0), (0.05, 0.5, 0), (0, 1.0, 0)], 9)
        body = tube(path, [0.22, 0.3, 0.32, 0.31, 0.28, 0.24, 0.2, 0.17, 0.14], 12, rounded=True)
        crown = lathe([(0.18, -0.14), (0.15, 0.04), (0.06, 0.1), (0.05, 0.28), (0, 0.28)], 6).moved(y=1.05)
        return [body.painted(hsv(between(rng, 260, 300), 0.6, between(rng, 0.2, 0.5))), crown.painted(leaf_tint)]
    if kind == "corn":
        body = (
            lathe([(0, 0), (0.2, 0.05), (0.24, 0.4), (0.18, 0.95), (0, 1.15)], 12)
            .painted(colour(rng, "yellow"))
            .speckled(rng, 0.15)
        )
        husk = ellipsoid(0.14, 0.45, 0.07, 8).rotated("z", -18).moved(0.24, 0.3)
        return [body, *around(husk.painted(leaf_tint), 4), cylinder(0.06, 0.25, 8).moved(y=-0.2).painted(leaf_tint)]
    bread = colour(rng, "bread")
    if kind == "hot dog":
        bun = ellipsoid(0.75, 0.22, 0.24, 14, 0.7).moved(0, 0.2, 0.17).painted(bread)
        sausage = capsule(0.15, 1.7, 10).moved(y=-0.85).rotated("z", 90).moved(0, 0.36).painted(colour(rng, "copper", "red"))
        sauce = tube([(x, 0.5, 0.06 * (-1) ** i) for i, x in enumerate(np.linspace(-0.65, 0.65, 11))], 0.035, 6).painted(
            colour(rng, "yellow", "red")
        )
        return [bun, bun.scaled(1, 1, -1), sausage, sauce]
    path = smooth([(-0.9, 0.2, 0), (0, 0.22, 0), (0.9, 0.2, 0)], 9)
    body = tube(path, 0.2 * np.array([0.6, 0.9, 1, 1, 1.02, 1, 1, 0.9, 0.6]), 10, rounded=True).painted(bread)
    cuts = [
        box(0.06, 0.05, 0.3, bevel=0.01).rotated("y", 35).moved(x, 0.37).painted(shade(bread, 1.25))
        for x in np.linspace(-0.6, 0.6, whole(rng, 3, 5))
    ]
    return [body, *cuts]


def doughnut(rng: Rng) -> list[Part]:
    dough, icing, sides = colour(rng, "bread"), colour(rng, "pink", "chocolate", "white", "vivid"), pick(rng, 14, 18, 22)
    radius, tube_radius = 0.6, between(rng, 0.24, 0.34)
    ring = torus(radius, tube_radius, sides, 12)
    parts = [
        ring.painted(dough),
        ring.scaled(1.02, 1.04, 1.02).moved(y=0.01).cut("y", tube_radius * between(rng, 0.1, 0.3)).painted(dough),
    ]
    top = parts[1].centroids()[:, 1] > tube_radius * 0.2
    parts = [parts[1].painted_where(top, icing)]
    if chance(rng, 0.7):
        for _ in range(whole(rng, 10, 22)):
            a, b = between(rng, 0, 6.28), between(rng, 0.5, 2.6)
            reach = radius + tube_radius * np.cos(b)
            spot = reach * np.cos(a), tube_radius * 1.04 * np.sin(b), reach * np.sin(a)
            stick = capsule(0.025, 0.13, 5).moved(y=-0.06).rotated("z", 90).rotated("y", between(rng, 0, 180))
            parts.append(stick.moved(*spot).painted(colour(rng, "vivid", "white", "yellow")))
    return parts


def pizza(rng: Rng) -> list[Part]:
    crust, cheese = colour(rng, "bread"), colour(rng, "yellow", "orange")
    whole_pie, spread = chance(rng, 0.5), between(rng, 20, 30)
    if whole_pie:
        parts = [cylinder(0.95, 0.1, 24).painted(cheese), torus(0.95, 0.11, 24, 8).moved(y=0.06).painted(crust)]
        spots = [(r * np.cos(a), r * np.sin(a)) for r, a in zip(rng.uniform(0.15, 0.75, 9), 2.4 * np.arange(9), strict=True)]
    else:
        outline = np.concatenate([[(0, -0.2)], arc(1.2, 90 - spread, 90 + spread, 8)])
        base = extrude(outline, 0.1).rotated("x", -90).moved(y=0.05)
        rim = tube(
            np.column_stack([arc(1.2, 90 - spread, 90 + spread, 8), np.zeros(8)])[:, [0, 2, 1]] * [1, 1, -1],
            0.11,
            8,
            rounded=True,
        ).moved(y=0.07)
        parts = [base.painted(cheese), rim.painted(crust)]
        spots = [(0.02, -0.35), (0.16, -0.75), (-0.17, -0.85)]
    topping, tint = pick(rng, "salami", "olive", "mix"), colour(rng, "red")
    for index, (x, z) in enumerate(spots):
        if topping == "salami" or (topping == "mix" and index % 2):
            parts.append(cylinder(0.13, 0.04, 10).moved(x, 0.08, z).painted(tint))
        else:
            parts.append(torus(0.07, 0.03, 10, 5).moved(x, 0.11, z).painted(colour(rng, "black", "green")))
    return parts


def sushi(rng: Rng) -> list[Part]:
    rice = colour(rng, "white")
    if chance(rng, 0.5):
        body = lathe([(0, 0), (0.5, 0), (0.5, 0.6), (0, 0.6)], roundness(rng) + 4).painted(colour(rng, "black", "leaf"))
        core = [
            cylinder(0.42, 0.04, 14).moved(y=0.59).painted(rice),
            cylinder(0.18, 0.08, 8).moved(y=0.58).painted(colour(rng, "orange", "red", "green")),
        ]
        return [body, *core]
    block = ellipsoid(0.75, 0.26, 0.36, 14, 0.6).moved(y=0.26).painted(rice)
    tint = colour(rng, "orange", "red", "pink")
    topping = ellipsoid(0.85, 0.14, 0.38, 14, 0.7).moved(y=0.52)
    topping = topping.deformed(lambda v: v - np.outer(0.18 * v[:, 0] ** 2, [0, 1, 0]))
    topping = topping.banded(
        "x", [-0.4, -0.3, 0.0, 0.1, 0.4, 0.5], [tint, shade(tint, 1.3), tint, shade(tint, 1.3), tint, shade(tint, 1.3), tint]
    )
    band = box(0.2, 0.62, 0.74, bevel=0.05).moved(y=0.02).painted(colour(rng, "black"))
    return [block, topping, band] if chance(rng, 0.6) else [block, topping]


def drink(rng: Rng) -> list[Part]:
    """A paper cup with a straw, a can, or a milk carton."""
    kind, tint, sides = pick(rng, "cup", "can", "carton"), colour(rng, "vivid", "white", "pastel", "red"), roundness(rng)
    if kind == "carton":
        body = box(0.6, 0.9, 0.6).banded("y", [between(rng, 0.3, 0.6)], [colour(rng, "white"), tint])
        roof = extrude(np.array([(-0.3, 0), (0.3, 0), (0.02, 0.3), (0.02, 0.42), (-0.02, 0.42), (-0.02, 0.3)]), 0.6).moved(
            y=0.895
        )
        return [
            body,
            roof.painted(tint),
            cylinder(0.09, 0.1, 10).rotated("z", -50).moved(0.15, 1.05).painted(colour(rng, "vivid")),
        ]
    if kind == "can":
        body = lathe(
            [(0, 0), (0.3, 0), (0.36, 0.07), (0.36, 1.0), (0.29, 1.1), (0.29, 1.13), (0.26, 1.13), (0.26, 1.1), (0, 1.1)], sides
        )
        steel = colour(rng, "steel")
        tab = box(0.09, 0.03, 0.2).moved(0, 1.09, 0.08).painted(shade(steel, 0.7))
        return [body.banded("y", [0.08, 0.4, 0.65, 1.0], [steel, tint, colour(rng, "white", "vivid"), tint, steel]), tab]
    height = between(rng, 0.9, 1.2)
    body = cylinder(0.3, height, sides, top=0.42).banded(
        "y", [height * 0.3, height * 0.7], [tint, colour(rng, "white", "vivid"), tint]
    )
    lid = (
        lathe([(0.45, 0), (0.45, 0.07), (0.4, 0.12), (0, 0.12)], sides)
        .moved(y=height - 0.03)
        .painted(colour(rng, "white", "black"))
    )
    straw = tube([(0.05, height, 0), (0.1, height + 0.45, 0), (0.28, height + 0.55, 0)], 0.035, 8).painted(
        colour(rng, "red", "vivid")
    )
    return [body, lid, straw] if chance(rng, 0.7) else [body, lid]


def cupcake(rng: Rng) -> list[Part]:
    paper, cream, sides = colour(rng, "vivid", "pastel", "chocolate"), colour(rng, "pink", "white", "chocolate", "pastel"), 12
    body = lathe([(0, 0), (0.34, 0), (0.48, 0.45), (0, 0.45)], sides * 2)
    ribs = (np.arange(len(body.faces)) // 2) % 2 == 0
    parts = [body.painted(paper).painted_where(ribs, shade(paper, 0.8))]
    t = np.linspace(0, 6 * np.pi, 48)
    reach = 0.36 * (1 - t / t[-1])
    swirl = np.column_stack([reach * np.cos(t), 0.5 + 0.42 * t / t[-1], reach * np.sin(t)])
    parts.append(tube(swirl, np.linspace(0.16, 0.04, 48), 8, rounded=True).painted(cream))
    parts.append(lathe([(0.42, 0.42), (0.36, 0.6), (0, 0.9)], 12).painted(cream))
    parts.append(sphere(0.11, 10).moved(y=1.0).painted(colour(rng, "red", "vivid")))
    return parts


FAMILIES = (burger, cake, cake_slice, ice_cream, fruit, long_food, doughnut, pizza, sushi, drink, cupcake)
