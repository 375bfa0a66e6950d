"""Birds, snakes and dinosaurs, looking towards +z."""

from __future__ import annotations

import numpy as np

from ..choices import Rng, between, chance, pick, roundness
from ..colours import colour, contrast, shade
from ..mesh import Part, at, both
from ..outlines import smooth
from ..primitives import box, cone_between, cylinder, ellipsoid, extrude, lathe, sphere, torus, tube


def eyes(rng: Rng, x: float, y: float, z: float, size: float) -> list[Part]:
    """A pair of eyes, black or white with a pupil."""
    if chance(rng, 0.5):
        return both(sphere(size, 8).moved(x, y, z).painted(colour(rng, "black")))
    white = sphere(size * 1.3, 10).moved(x, y, z).painted(colour(rng, "white"))
    return both(white, sphere(size * 0.75, 8).moved(x * 1.05, y, z + size * 0.85).painted(colour(rng, "black")))


def bird(rng: Rng) -> list[Part]:
    coat, beak_tint = colour(rng, "vivid", "white", "stone", "yellow", "bark"), colour(rng, "orange", "yellow", "black")
    belly = pick(rng, coat, colour(rng, "white", "bone", "yellow"))
    length, girth, neck = between(rng, 0.45, 0.6), between(rng, 0.26, 0.38), pick(rng, 0.05, 0.12, 0.45)
    tilt = between(rng, 5, 35)
    body = ellipsoid(girth * 0.9, girth, length, 14)
    body = body.painted(coat).painted_where(body.centroids()[:, 1] < -girth * 0.25, belly).rotated("x", -tilt)
    front = at(0, length * np.sin(np.radians(tilt)) + girth * 0.25, length * 0.72)
    head_size = between(rng, 0.18, 0.26)
    head = front + at(0, neck + head_size * 0.6, 0.06)
    parts = [body, sphere(head_size, 12).moved(*head).painted(coat)]
    parts.append(
        tube(
            [front - at(0, 0.1, 0.12), front + at(0, neck * 0.5, 0), head], [girth * 0.6, head_size * 0.7, head_size * 0.6], 10
        ).painted(coat)
    )
    beak = pick(rng, "cone", "flat", "hook")
    tip = head + at(0, -0.03, head_size * 0.75)
    if beak == "flat":
        parts.append(ellipsoid(0.1, 0.035, 0.19, 8).moved(*(tip + at(0, 0, 0.1))).painted(beak_tint))
    elif beak == "cone":
        parts.append(cone_between(tip, tip + at(0, -0.02, between(rng, 0.15, 0.4)), head_size * 0.4, 6).painted(beak_tint))
    else:
        path = smooth([tip, tip + at(0, 0.02, 0.14), tip + at(0, -0.14, 0.17)], 5)
        parts.append(tube(path, [head_size * 0.45, 0.09, 0.07, 0.05, 0.0], 8).painted(beak_tint))
    parts += [part.moved(*head) for part in eyes(rng, head_size * 0.6, head_size * 0.25, head_size * 0.7, 0.035)]
    fan = box(0.26, 0.05, 0.45, top=(0.8, 1)).rotated("x", between(rng, -10, 40)).moved(0, -length * 0.3, -length * 1.05)
    parts.append(fan.painted(shade(coat, 0.8)))
    parts += _bird_wings(rng, girth, length, coat)
    leg = between(rng, 0.15, 0.3) if neck < 0.4 else between(rng, 0.2, 0.6)
    shank = tube([(0.12, -girth * 0.7, 0), (0.12, -girth - leg, 0.03)], 0.025, 6).painted(beak_tint)
    toes = [
        tube([(0.12, -girth - leg, 0.03), (0.12 + x, -girth - leg, 0.03 + z)], [0.025, 0.015], 5)
        for x, z in ((-0.07, 0.13), (0, 0.15), (0.07, 0.13), (0, -0.08))
    ]
    parts += both(shank, *(toe.painted(beak_tint) for toe in toes))
    if chance(rng, 0.2):
        crest = colour(rng, "red", "vivid")
        parts += [ellipsoid(0.03, 0.1, 0.06, 8).moved(*(head + at(0, head_size, z))).painted(crest) for z in (-0.07, 0.02, 0.1)]
    return parts


def _bird_wings(rng: Rng, girth: float, length: float, coat: np.ndarray) -> list[Part]:
    """Folded, or spread."""
    tint = pick(rng, shade(coat, 0.75), contrast(rng, coat), coat)
    if chance(rng, 0.65):
        folded = ellipsoid(0.06, girth * 0.55, length * 0.75, 10).rotated("x", 10).moved(girth * 0.85, 0.05, -0.12)
        return both(folded.painted(tint))
    span, lift = between(rng, 0.7, 1.1), between(rng, 0.0, 0.6)
    outline = np.array([(0, 0.25), (span * 0.5, 0.32), (span, 0.05), (span * 0.85, -0.15), (span * 0.55, -0.2), (0, -0.3)])
    spread = (
        extrude(outline[::-1], 0.05).rotated("x", 90).rotated("z", np.degrees(np.arctan2(lift, span))).moved(girth * 0.5, 0.12)
    )
    return both(spread.painted(tint))


def penguin(rng: Rng) -> list[Part]:
    coat, white, orange = colour(rng, "black", "blue", "dark metal"), colour(rng, "white"), colour(rng, "orange", "yellow")
    height, girth, sides = between(rng, 0.9, 1.2), between(rng, 0.34, 0.45), roundness(rng)
    curve = smooth(
        [
            (girth * 0.6, 0),
            (girth, height * 0.3),
            (girth * 0.8, height * 0.65),
            (girth * 0.66, height * 0.9),
            (0.02, height * 1.15),
        ],
        14,
    )
    body = lathe([(0, 0), *map(tuple, curve[:-1]), (0, height * 1.15)], sides)
    middle = body.centroids()
    front = (middle[:, 2] > girth * 0.35) & (middle[:, 1] < height * 0.72) & (middle[:, 1] > 0.05)
    parts = [body.painted(coat).painted_where(front, white)]
    parts.append(cone_between((0, height * 0.88, girth * 0.5), (0, height * 0.86, girth * 0.66 + 0.22), 0.09, 6).painted(orange))
    parts += eyes(rng, girth * 0.3, height * 0.97, girth * 0.52, 0.045)
    flipper = ellipsoid(0.06, height * 0.3, 0.14, 10).rotated("z", between(rng, 12, 50)).moved(girth * 1.05, height * 0.42)
    foot = ellipsoid(0.15, 0.06, 0.22, 10).moved(girth * 0.45, 0.03, girth * 0.45)
    parts += both(flipper.painted(coat), foot.painted(orange))
    if chance(rng, 0.25):
        scarf = torus(girth * 0.75, 0.08, 16, 6).moved(y=height * 0.72)
        parts.append(scarf.painted(colour(rng, "red", "vivid")))
    return parts


def owl(rng: Rng) -> list[Part]:
    coat, sides = colour(rng, "bark", "fur", "white", "stone"), roundness(rng)
    height, girth = between(rng, 0.8, 1.1), between(rng, 0.36, 0.45)
    body = lathe(
        [
            (0, 0),
            (girth * 0.6, 0.02),
            (girth, height * 0.35),
            (girth * 0.92, height * 0.75),
            (girth * 0.7, height),
            (0, height * 1.06),
        ],
        sides,
    )
    front = (body.centroids()[:, 2] > girth * 0.5) & (body.centroids()[:, 1] < height * 0.6)
    parts = [body.painted(coat).painted_where(front, shade(coat, 1.5))]
    disc = (
        cylinder(0.19, 0.12, 14).rotated("x", 90).moved(0.18, height * 0.82, girth * 0.72).painted(colour(rng, "white", "bone"))
    )
    pupil = cylinder(0.1, 0.14, 12).rotated("x", 90).moved(0.18, height * 0.82, girth * 0.72 + 0.01)
    ear = cylinder(0.11, 0.25, 4, top=0).rotated("z", -20).moved(girth * 0.55, height * 0.98)
    wing = ellipsoid(0.08, height * 0.36, 0.25, 10).rotated("z", 8).moved(girth * 0.95, height * 0.42)
    claw = ellipsoid(0.11, 0.05, 0.13, 8).moved(0.16, 0.01, girth * 0.5).painted(colour(rng, "orange"))
    parts += both(disc, pupil.painted(colour(rng, "black", "orange")), ear.painted(coat), wing.painted(shade(coat, 0.75)), claw)
    beak = cone_between((0, height * 0.75, girth * 0.8), (0, height * 0.6, girth * 0.8 + 0.16), 0.07, 5)
    parts.append(beak.painted(colour(rng, "orange", "yellow")))
    if chance(rng, 0.3):
        parts.append(tube([(-0.8, -0.06, 0.1), (0.8, -0.04, 0.1)], 0.09, 7).painted(colour(rng, "bark")))
    return parts


def snake(rng: Rng) -> list[Part]:
    tint, radius, count = colour(rng, "leaf", "vivid", "sand", "pink"), between(rng, 0.07, 0.13), 40
    t, kind = np.linspace(0, 1, count), pick(rng, "wave", "coil")
    if kind == "wave":
        path = np.column_stack([np.sin(t * between(rng, 7, 13)) * 0.28, 0 * t + radius, (t - 0.5) * 2])
        path[-6:, 1] += np.linspace(0, 0.35, 6)
    else:
        turns = between(rng, 1.6, 2.4)
        angle = 2 * np.pi * turns * t
        reach = 0.5 - 0.28 * t
        path = np.column_stack([reach * np.cos(angle), radius + t * radius * 2.2 * turns * 0.8, reach * np.sin(angle)])
        rise = path[-1] + np.array([(0, 0.15, 0.02), (0, 0.32, 0.05), (0, 0.42, 0.16)])
        path = np.concatenate([path, rise])
        count = len(path)
    radii = radius * np.interp(np.linspace(0, 1, count), [0, 0.25, 0.7, 0.9, 1], [0.1, 0.9, 1.0, 0.7, 0.75])
    body = tube(path, radii, 8, rounded=True).painted(tint)
    ring = (np.arange(len(body.faces)) // 16) % 6 < 2
    head = path[-1]
    parts = [body.painted_where(ring, contrast(rng, tint)) if chance(rng, 0.6) else body]
    skull = ellipsoid(radius * 1.3, radius * 0.95, radius * 1.9, 10).moved(*(head + at(0, 0.02, radius * 0.9))).painted(tint)
    parts += [
        skull,
        *(
            part.moved(*(head + at(0, radius * 0.6, radius * 1.5)))
            for part in eyes(rng, radius * 0.75, 0.1 * radius, 0, radius * 0.3)
        ),
    ]
    tongue = tube([head + at(0, 0, radius * 2.5), head + at(0, -0.01, radius * 4.2)], 0.018, 5)
    return [*parts, tongue.painted(colour(rng, "red"))]


def dinosaur(rng: Rng) -> list[Part]:
    """An upright or a long-necked dinosaur, or a dragon."""
    skin, kind = colour(rng, "leaf", "vivid", "bark", "stone"), pick(rng, "upright", "long", "dragon")
    belly = shade(skin, 1.4)
    if kind == "long":
        path = smooth(
            [(0, 0.25, -1.6), (0, 0.55, -0.8), (0, 0.8, -0.2), (0, 0.8, 0.3), (0, 1.2, 0.7), (0, 1.7, 0.9), (0, 1.85, 1.1)], 18
        )
        radii = np.interp(np.linspace(0, 1, 18), [0, 0.2, 0.4, 0.55, 0.7, 0.9, 1], [0.03, 0.16, 0.4, 0.38, 0.2, 0.12, 0.14])
        legs = [tube([(0.24, 0.8, z), (0.27, 0.4, z), (0.27, 0.0, z)], [0.2, 0.13, 0.14], 8) for z in (-0.25, 0.3)]
        head, arms = at(0, 1.86, 1.2), []
    else:
        path = smooth([(0, 0.2, -1.4), (0, 0.45, -0.8), (0, 0.75, -0.2), (0, 1.05, 0.15), (0, 1.4, 0.35), (0, 1.6, 0.5)], 16)
        radii = np.interp(np.linspace(0, 1, 16), [0, 0.25, 0.45, 0.6, 0.8, 1], [0.03, 0.17, 0.36, 0.36, 0.2, 0.18])
        legs = [tube([(0.22, 0.75, -0.1), (0.28, 0.4, 0.08), (0.27, 0.1, -0.08), (0.27, 0.04, 0.2)], [0.24, 0.15, 0.1, 0.11], 8)]
        arms = [tube([(0.22, 1.15, 0.3), (0.3, 0.98, 0.5), (0.26, 0.95, 0.62)], [0.08, 0.06, 0.04], 6)]
        head = at(0, 1.66, 0.62)
    body = tube(path, radii, 12, rounded=True)
    low = body.normals() @ np.array([0, -0.6, 0.8]) > 0.55
    parts = [body.painted(skin).painted_where(low, belly)]
    parts += both(*(limb.painted(skin) for limb in (*legs, *arms)))
    size = between(rng, 0.19, 0.26) if kind != "long" else 0.16
    jaw = box(size * 1.3, size * 0.45, size * 2.0, bevel=0.04).moved(*(head + at(0, -size * 0.75, size * 0.7))).painted(skin)
    snout = box(size * 1.4, size * 0.75, size * 2.2, bevel=0.06).moved(*(head + at(0, -size * 0.3, size * 0.7))).painted(skin)
    parts += [ellipsoid(size, size, size * 1.1, 12).moved(*head).painted(skin), jaw, snout]
    parts += [part.moved(*head) for part in eyes(rng, size * 0.75, size * 0.55, size * 0.4, 0.05)]
    if kind == "dragon" or chance(rng, 0.5):
        tint = contrast(rng, skin)
        for index in range(2, len(path) - 2, 2):
            slope = path[index + 1] - path[index - 1]
            up = np.array([0, slope[2], -slope[1]]) / np.linalg.norm(slope)
            foot = path[index] + up * radii[index] * 0.85
            parts.append(cone_between(foot, foot + up * (0.12 + radii[index] * 0.4), 0.08, 4).painted(tint))
    if kind == "dragon":
        parts += both(
            _dragon_wing(rng, contrast(rng, skin)),
            cone_between(head + at(0.1, size * 0.7, -0.1), head + at(0.2, size * 2.2, -0.35), 0.06, 6).painted(
                colour(rng, "bone")
            ),
        )
    return parts


def _dragon_wing(rng: Rng, tint: np.ndarray) -> Part:
    span = between(rng, 0.9, 1.3)
    outline = np.array(
        [
            (0, 0),
            (span * 0.45, 0.55),
            (span, 0.4),
            (span * 0.8, 0.05),
            (span * 0.62, -0.12),
            (span * 0.42, -0.08),
            (span * 0.2, -0.22),
        ]
    )
    part = extrude(outline[::-1], 0.06).rotated("x", between(rng, -35, 10)).rotated("z", between(rng, 0, 25))
    return part.moved(0.15, 1.15, 0.0).painted(tint)


FAMILIES = (
    bird,
    penguin,
    owl,
    snake,
    dinosaur,
)
