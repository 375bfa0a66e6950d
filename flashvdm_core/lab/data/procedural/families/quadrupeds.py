"""Animals on four legs, looking towards +z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..choices import Rng, between, chance, pick
from ..colours import colour, contrast, hsv, shade
from ..mesh import Part, at, both
from ..outlines import smooth
from ..primitives import box, cylinder, ellipsoid, lathe, sphere, tube
from .plants import lump


@dataclass(frozen=True)
class Build:
    """Proportions in units of the body's length.

    Attributes:
        leg: length of the legs; girth: half the body's height; width: half its width against the girth.
        neck: length and angle above the horizon in degrees.
        head: half the head's height; snout: length and radius against the head.
        ears, tail: kinds; thick: radius of the legs.
    """

    leg: float
    girth: float
    width: float
    neck: tuple[float, float]
    head: float
    snout: tuple[float, float]
    ears: str
    tail: str
    thick: float


BUILDS: dict[str, Build] = {
    "dog": Build(0.42, 0.2, 0.85, (0.28, 50), 0.17, (0.9, 0.5), "flop", "up", 0.06),
    "cat": Build(0.34, 0.17, 0.85, (0.2, 45), 0.16, (0.25, 0.45), "point", "long", 0.05),
    "fox": Build(0.36, 0.17, 0.85, (0.24, 45), 0.16, (1.1, 0.35), "point", "brush", 0.045),
    "horse": Build(0.62, 0.22, 0.8, (0.5, 55), 0.14, (1.7, 0.6), "small", "hair", 0.055),
    "cow": Build(0.4, 0.27, 0.9, (0.25, 30), 0.18, (1.0, 0.65), "side", "tuft", 0.075),
    "pig": Build(0.22, 0.27, 0.95, (0.14, 10), 0.21, (0.55, 0.42), "flop", "curl", 0.075),
    "sheep": Build(0.3, 0.25, 0.95, (0.22, 35), 0.14, (0.8, 0.55), "side", "stub", 0.055),
    "bear": Build(0.3, 0.29, 0.95, (0.22, 25), 0.2, (0.65, 0.45), "round", "stub", 0.1),
    "elephant": Build(0.42, 0.34, 0.85, (0.22, 15), 0.27, (0.0, 0.4), "fan", "tuft", 0.13),
    "giraffe": Build(0.85, 0.24, 0.75, (1.05, 68), 0.13, (1.3, 0.5), "side", "tuft", 0.06),
    "lion": Build(0.38, 0.22, 0.85, (0.26, 35), 0.2, (0.6, 0.5), "round", "tuft", 0.075),
    "rabbit": Build(0.2, 0.24, 0.9, (0.16, 40), 0.19, (0.35, 0.5), "hare", "ball", 0.065),
    "deer": Build(0.55, 0.18, 0.8, (0.42, 60), 0.13, (1.2, 0.45), "side", "stub", 0.04),
    "mouse": Build(0.12, 0.22, 0.95, (0.16, 10), 0.17, (0.9, 0.5), "round", "long", 0.045),
    "rhino": Build(0.3, 0.3, 0.9, (0.22, 5), 0.2, (1.4, 0.65), "small", "tuft", 0.11),
    "camel": Build(0.6, 0.23, 0.8, (0.5, 50), 0.13, (1.2, 0.55), "small", "tuft", 0.055),
}
COATS = {
    "pig": ("pink",),
    "elephant": ("stone",),
    "sheep": ("white", "bone"),
    "fox": ("orange",),
    "rhino": ("stone",),
    "giraffe": ("sand", "gold"),
    "deer": ("fur", "bark"),
    "camel": ("sand", "fur"),
    "lion": ("sand", "gold"),
}


def quadruped(rng: Rng, kind: str) -> list[Part]:
    """One animal of a kind, its proportions varied."""
    build = _varied(rng, BUILDS[kind])
    coat = colour(rng, *COATS.get(kind, ("fur", "fur", "bark", "stone", "white", "black")))
    belly = pick(rng, coat, shade(coat, 1.3), colour(rng, "white", "bone"))
    base = build.leg + build.girth * 0.75
    parts = _trunk(rng, kind, build, base, coat, belly)
    parts += _legs(rng, kind, build, base, coat)
    shoulder = at(0, base + build.girth * 0.35, 0.38)
    angle = np.radians(build.neck[1])
    skull = shoulder + at(0, np.sin(angle), np.cos(angle)) * build.neck[0]
    radius = build.head * (0.75 if build.neck[0] < 0.4 else 0.6)
    parts.append(
        tube(
            [shoulder - at(0, build.girth * 0.25, 0.06), (shoulder + skull) / 2, skull],
            [build.girth * 0.7, radius, radius * 0.9],
            8,
        ).painted(coat)
    )
    parts += [part.moved(*skull) for part in _head(rng, kind, build, coat, belly)]
    parts += [part.moved(0, base + build.girth * 0.4, -0.48) for part in _tail(rng, build, coat)]
    if kind in ("horse", "lion"):
        parts += _mane(rng, kind, build, shoulder, skull, coat)
    return parts


def _varied(rng: Rng, build: Build) -> Build:
    factor = rng.uniform(0.85, 1.18, 5)
    big_head = 1.35 if chance(rng, 0.25) else 1.0
    neck = (build.neck[0] * factor[2], build.neck[1] + between(rng, -12, 12))
    return replace(
        build,
        leg=build.leg * factor[0],
        girth=build.girth * factor[1],
        neck=neck,
        head=build.head * factor[3] * big_head,
        thick=build.thick * factor[4],
    )


def _trunk(rng: Rng, kind: str, build: Build, base: float, coat: np.ndarray, belly: np.ndarray) -> list[Part]:
    """The body along z, with what is special about it."""
    z = np.linspace(-0.5, 0.5, 7)
    profile = np.array([0.0, 0.8, 0.98, between(rng, 0.82, 1.0), 1.0, 0.85, 0.0]) * build.girth
    arch = between(rng, -0.04, 0.06) * np.sin(np.pi * (z + 0.5))
    body = tube(np.column_stack([0 * z, base + arch, z]), profile, pick(rng, 8, 10, 12, 16)).scaled(build.width, 1, 1)
    parts = [body.painted(coat).painted_where(body.centroids()[:, 1] < base - build.girth * 0.45, belly)]
    if kind == "sheep":
        wool = colour(rng, "white", "bone", "black")
        fleece = lump(rng, 1, 2, 0.07).scaled(build.girth * 1.15, build.girth * 1.2, 0.55).moved(y=base + 0.03)
        return [*parts, fleece.painted(wool)]
    if kind in ("cow", "giraffe", "horse") and chance(rng, 0.7 if kind != "horse" else 0.2):
        spot, middle = contrast(rng, coat) if kind == "cow" else shade(coat, 0.6), body.centroids()
        for _ in range(14 if kind == "giraffe" else 6):
            centre = middle[rng.integers(len(middle))]
            parts[0] = parts[0].painted_where(np.linalg.norm(middle - centre, axis=1) < between(rng, 0.08, 0.16), spot)
    if kind == "camel":
        parts += [
            ellipsoid(0.12, 0.2, 0.14, 10).moved(0, base + build.girth * 0.95, z).painted(coat)
            for z in pick(rng, (0.0,), (-0.2, 0.18))
        ]
    if kind == "cow":
        parts.append(ellipsoid(0.1, 0.08, 0.1, 8).moved(0, base - build.girth, -0.3).painted(colour(rng, "pink")))
    return parts


def _legs(rng: Rng, kind: str, build: Build, base: float, coat: np.ndarray) -> list[Part]:
    hoof = shade(coat, 0.45) if chance(rng, 0.6) else coat
    stride, parts = pick(rng, 0.0, 0.0, between(rng, 0.05, 0.16)), []
    hip = build.girth * build.width * 0.62
    for z, rear in ((0.34, False), (-0.36, True)):
        for side in (-1, 1):
            step = stride * side * (-1 if rear else 1)
            knee = at(side * hip, build.leg * 0.52, z + (-0.03 if rear else 0.02) + step * 0.4)
            foot = at(side * hip, build.leg * 0.08, z + step)
            thigh = build.thick * (1.7 if rear else 1.5)
            path = [(side * hip * 0.9, base, z), (side * hip, build.leg * 0.9, z), knee, foot, foot - at(0, build.leg * 0.08, 0)]
            leg = tube(path, [thigh, thigh, build.thick, build.thick * 0.85, build.thick * 0.95], pick(rng, 6, 8))
            parts.append(leg.painted(coat).painted_where(leg.centroids()[:, 1] < build.leg * 0.12, hoof))
            if kind not in ("horse", "cow", "deer", "giraffe", "elephant"):
                paw = ellipsoid(build.thick * 1.1, build.thick * 0.8, build.thick * 1.5, 8)
                parts.append(paw.moved(foot[0], build.thick * 0.6, foot[2] + build.thick * 0.6).painted(hoof))
    return parts


def _head(rng: Rng, kind: str, build: Build, coat: np.ndarray, belly: np.ndarray) -> list[Part]:
    """The head, its middle at the origin."""
    size, (length, radius) = build.head, build.snout
    skull = ellipsoid(size * 0.92, size, size * 1.05, pick(rng, 10, 12, 16))
    parts, tip = [skull.painted(coat)], size * (0.75 + length)
    drop = -size * (0.25 if length < 1.3 else 0.55)
    if length > 0:
        snout = tube(
            [(0, 0, size * 0.2), (0, drop * 0.7, size * 0.6), (0, drop, tip)],
            size * np.array([radius * 1.3, radius * 1.15, radius]),
            10,
            True,
        )
        parts.append(snout.painted(pick(rng, belly, coat)))
    nose = colour(rng, "black") if kind != "pig" else shade(coat, 0.85)
    end = tip + size * radius * 0.85
    if kind == "pig":
        parts.append(cylinder(size * 0.45, size * 0.3, 10).rotated("x", 90).moved(0, drop, end - size * 0.25).painted(nose))
    elif kind != "elephant":
        parts.append(
            ellipsoid(size * radius * 0.45, size * radius * 0.35, size * 0.2, 8)
            .moved(0, drop + size * radius * 0.35, end)
            .painted(nose)
        )
    eye = sphere(size * between(rng, 0.13, 0.2), 8).moved(size * 0.55, size * 0.25, size * 0.78).painted(colour(rng, "black"))
    parts += both(eye)
    parts += EARS[build.ears](rng, size, coat)
    return parts + _horns(rng, kind, size, tip, drop, coat)


def _horns(rng: Rng, kind: str, size: float, tip: float, drop: float, coat: np.ndarray) -> list[Part]:
    """Horns, antlers, trunk and tusks."""
    bone = colour(rng, "bone", "wood")
    if kind == "cow" or (kind == "sheep" and chance(rng, 0.3)):
        path = smooth([(size * 0.5, size * 0.7, 0), (size * 1.2, size * 0.9, 0), (size * 1.4, size * 1.5, 0.1)], 6)
        return both(tube(path, np.linspace(size * 0.2, 0.0, 6), 6).painted(bone))
    if kind == "deer" and chance(rng, 0.75):
        beam = smooth([(size * 0.3, size * 0.8, 0), (size * 0.9, size * 1.8, -size * 0.5), (size * 1.1, size * 3.0, 0)], 6)
        tines = [
            tube([beam[i], beam[i] + at(size * 0.35 * (-1) ** i, size * 0.7, size * 0.4)], [size * 0.12, 0], 5) for i in (2, 3, 4)
        ]
        return both(*(part.painted(bone) for part in (tube(beam, np.linspace(size * 0.16, 0.02, 6), 6), *tines)))
    if kind == "giraffe":
        horn = tube([(size * 0.35, size * 0.7, 0), (size * 0.4, size * 1.5, 0)], size * 0.14, 6, True)
        return both(horn.painted(bone))
    if kind == "rhino":
        spike = lathe([(size * 0.35, -size * 0.3), (size * 0.2, size * 0.5), (0, size * 1.2)], 8).rotated("x", 15)
        return [spike.moved(0, drop + size * 0.5, tip).painted(bone)]
    if kind == "elephant":
        trunk = smooth(
            [
                (0, -size * 0.1, size * 0.6),
                (0, -size * 0.6, size * 1.5),
                (0, -size * 1.6, size * 1.6),
                (0, -size * 2.1, size * between(rng, 1.6, 2.4)),
            ],
            10,
        )
        tusk = smooth(
            [
                (size * 0.5, -size * 0.5, size * 0.7),
                (size * 0.6, -size * 0.9, size * 1.4),
                (size * 0.55, -size * 0.7, size * 1.9),
            ],
            6,
        )
        return [
            tube(trunk, np.linspace(size * 0.5, size * 0.16, 10), 10).painted(coat),
            *both(tube(tusk, np.linspace(size * 0.15, 0, 6), 6).painted(bone)),
        ]
    return []


def _point_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    ear = cylinder(size * 0.36, size * 0.95, 4, top=0).scaled(1, 1, 0.5).rotated("z", -15).moved(size * 0.5, size * 0.6)
    return both(ear.painted(coat))


def _flop_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    ear = ellipsoid(size * 0.2, size * 0.6, size * 0.35, 10).rotated("z", 18).moved(size * 0.92, size * 0.1, -size * 0.05)
    return both(ear.painted(shade(coat, 0.7)))


def _round_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    radius = size * between(rng, 0.35, 0.65)
    return both(ellipsoid(radius, radius, size * 0.16, 10).moved(size * 0.68, size * 0.85).painted(shade(coat, 0.85)))


def _side_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    ear = ellipsoid(size * 0.55, size * 0.24, size * 0.14, 8).rotated("z", between(rng, -10, 30)).moved(size * 1.15, size * 0.45)
    return both(ear.painted(coat))


def _small_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    return both(
        cylinder(size * 0.22, size * 0.6, 6, top=size * 0.05).rotated("z", -12).moved(size * 0.45, size * 0.7).painted(coat)
    )


def _fan_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    ear = ellipsoid(size * 0.85, size * 1.05, size * 0.1, 12).rotated("y", -25).moved(size * 1.3, size * 0.1, -size * 0.15)
    return both(ear.painted(shade(coat, 0.9)))


def _hare_ears(rng: Rng, size: float, coat: np.ndarray) -> list[Part]:
    ear = ellipsoid(size * 0.24, size * 0.95, size * 0.16, 10).rotated("z", between(rng, -30, -5)).moved(size * 0.5, size * 1.5)
    return both(ear.painted(coat))


EARS: dict[str, Callable[[Rng, float, np.ndarray], list[Part]]] = {
    "point": _point_ears,
    "flop": _flop_ears,
    "round": _round_ears,
    "side": _side_ears,
    "small": _small_ears,
    "fan": _fan_ears,
    "hare": _hare_ears,
}


def _tail(rng: Rng, build: Build, coat: np.ndarray) -> list[Part]:
    """The tail, rooted at the origin."""
    kind, end = build.tail, pick(rng, coat, shade(coat, 0.6), colour(rng, "white"))
    if kind in ("stub", "ball"):
        size = 0.11 if kind == "ball" else 0.07
        return [sphere(size, 8).moved(0, -0.05, 0.0).painted(end)]
    if kind == "brush":
        path = smooth([(0, -0.05, 0.05), (0, 0.0, -0.2), (0, between(rng, -0.1, 0.3), -0.5)], 8)
        part = tube(path, [0.05, 0.06, 0.09, 0.12, 0.13, 0.11, 0.07, 0.0], 8)
        return [part.painted(coat).painted_where(part.centroids()[:, 2] < -0.38, colour(rng, "white"))]
    if kind == "curl":
        t = np.linspace(0, 2.2 * np.pi, 14)
        curl = np.column_stack([0.06 * np.sin(t), 0.06 * np.cos(t) - 0.03, -0.02 - 0.012 * t])
        return [tube(np.concatenate([[(0, -0.08, 0.12)], curl]), 0.025, 6).painted(coat)]
    lift = {"up": 0.3, "long": between(rng, -0.1, 0.5), "hair": -0.45, "tuft": -0.4}[kind]
    path = smooth([(0, -0.06, 0.06), (0, lift * 0.3, -0.14), (0, lift, -0.2 if kind in ("hair", "tuft") else -0.35)], 8)
    radii = np.linspace(0.05, 0.035, 8) if kind != "hair" else np.array([0.04, 0.05, 0.07, 0.08, 0.08, 0.07, 0.05, 0.0])
    parts = [tube(path, radii, 6, rounded=kind != "hair").painted(end if kind == "hair" else coat)]
    return [*parts, ellipsoid(0.05, 0.1, 0.05, 8).moved(*path[-1]).painted(end)] if kind == "tuft" else parts


def _mane(rng: Rng, kind: str, build: Build, shoulder: np.ndarray, skull: np.ndarray, coat: np.ndarray) -> list[Part]:
    tint = shade(coat, pick(rng, 0.5, 0.65, 1.4))
    if kind == "lion":
        ruff = lump(rng, build.head * 1.65, 2, 0.07).scaled(1, 1.05, 0.6).moved(*(skull - at(0, 0.02, build.head * 0.35)))
        return [ruff.painted(hsv(between(rng, 18, 35), 0.7, between(rng, 0.35, 0.65)))]
    back = at(0, build.head * 0.75, -build.head * 0.55)
    path = smooth(
        [shoulder + back * 0.6, (shoulder + skull) / 2 + back * 0.8, skull + at(0, build.head * 0.9, -build.head * 0.1)], 6
    )
    parts = [tube(path, [0.05, 0.07, 0.08, 0.08, 0.07, 0.04], 6, flat=1.6, up=(0, 0, 1)).painted(tint)]
    if chance(rng, 0.25):
        seat = shoulder[1] + build.girth * 0.65
        saddle = ellipsoid(build.girth * 0.75, 0.1, 0.2, 10).moved(0, seat - 0.05, -0.02)
        girth = box(build.girth * 1.75, build.girth * 1.3, 0.1, bevel=0.04).moved(0, seat - build.girth * 1.4, -0.02)
        parts += [saddle.painted(colour(rng, "leather")), girth.painted(colour(rng, "vivid"))]
    if chance(rng, 0.15):
        horn = (
            cylinder(build.head * 0.25, build.head * 2.0, 8, top=0)
            .rotated("x", 35)
            .moved(*(skull + at(0, build.head * 0.7, build.head * 0.5)))
        )
        parts.append(horn.painted(colour(rng, "gold", "white")))
    return parts


def _family(name: str) -> Callable[[Rng], list[Part]]:
    def family(rng: Rng) -> list[Part]:
        return quadruped(rng, name)

    family.__name__ = name
    return family


FAMILIES = tuple(_family(name) for name in BUILDS)
