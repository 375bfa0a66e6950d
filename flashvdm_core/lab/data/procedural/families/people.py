"""People and statues, looking towards +z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..choices import Rng, between, chance, pick
from ..colours import colour, contrast, shade
from ..mesh import Part, at, both, bounds_of
from ..outlines import smooth
from ..primitives import box, cone_between, cylinder, dome, ellipsoid, lathe, sphere, torus, tube
from .weapons import axe, shield, spear, sword


@dataclass(frozen=True, eq=False)
class Joints:
    """Where a figure's joints are, points [3]; pairs are right and left (+x and -x).

    `size` is the radius of the head, `girth` the half width of the shoulders.
    """

    head: np.ndarray
    neck: np.ndarray
    hip: np.ndarray
    shoulders: tuple[np.ndarray, np.ndarray]
    elbows: tuple[np.ndarray, np.ndarray]
    hands: tuple[np.ndarray, np.ndarray]
    hips: tuple[np.ndarray, np.ndarray]
    knees: tuple[np.ndarray, np.ndarray]
    feet: tuple[np.ndarray, np.ndarray]
    size: float
    girth: float


# Upper arm and forearm: degrees away from the body, and forwards.
ARMS = {
    "down": ((12, 0), (8, 10)),
    "out": ((88, 0), (88, 0)),
    "up": ((160, 0), (165, 0)),
    "half": ((45, 20), (50, 15)),
    "forward": ((20, 80), (10, 85)),
    "hips": ((50, -10), (-50, 10)),
}


def pose(rng: Rng) -> Joints:
    """A figure of random proportions that stands, walks or lifts its arms."""
    size = between(rng, 0.13, 0.3)
    leg, trunk, girth = between(rng, 0.35, 0.85), between(rng, 0.42, 0.6), between(rng, 0.18, 0.27)
    arm = trunk * between(rng, 0.85, 1.15)
    hip = at(0, leg + 0.06, 0)
    neck = hip + at(0, trunk, 0)
    stride = pick(rng, 0.0, 0.0, between(rng, 0.1, 0.3)) * leg / 0.8
    sides = (1, -1)
    hips = tuple(hip + at(side * girth * 0.5, 0, 0) for side in sides)
    spread = between(rng, 0.4, 0.75)
    left, right = (at(side * girth * spread, 0.06, side * stride) for side in sides)
    feet = (left, right)
    knees = tuple((a + b) / 2 + at(0, 0, 0.04) for a, b in zip(hips, feet, strict=True))
    shoulders = tuple(neck + at(side * girth, -0.05, 0) for side in sides)
    styles = pick(
        rng,
        ("down", "down"),
        ("half", "half"),
        ("out", "out"),
        ("up", "down"),
        ("up", "up"),
        ("forward", "down"),
        ("hips", "hips"),
        ("half", "forward"),
    )
    elbows, hands = [], []
    for side, style, shoulder in zip(sides, styles, shoulders, strict=True):
        (out, ahead), (fore_out, fore_ahead) = ARMS[style]
        elbow = shoulder + _arm_direction(side, out, ahead - 40 * side * stride) * arm * 0.5
        elbows.append(elbow)
        hands.append(elbow + _arm_direction(side, fore_out, fore_ahead + 15) * arm * 0.5)
    head = neck + at(0, size * 0.95 + 0.03, 0.02)
    return Joints(head, neck, hip, shoulders, tuple(elbows), tuple(hands), hips, knees, feet, size, girth)


def _arm_direction(side: int, out: float, ahead: float) -> np.ndarray:
    """Unit direction of an arm: down at 0, sideways at out = 90, forwards at ahead = 90."""
    a, f = np.radians(out), np.radians(ahead)
    return np.array([side * np.sin(a) * np.cos(f) if abs(out) > 0 else 0.0, -np.cos(a) * np.cos(f), np.sin(f)])


def person(rng: Rng) -> list[Part]:
    joints, skin = pose(rng), colour(rng, "skin")
    shirt, trousers, shoe = (
        colour(rng, "vivid", "fabric", "white", "dull"),
        colour(rng, "blue", "fabric", "dull", "black"),
        colour(rng, "leather", "black", "vivid"),
    )
    parts = _body(rng, joints, skin, shirt, trousers, shoe)
    parts += _face(rng, joints, skin) + _hair(rng, joints)
    return parts + _outfit(rng, joints, shirt) + _held(rng, joints)


def _body(rng: Rng, joints: Joints, skin: np.ndarray, shirt: np.ndarray, trousers: np.ndarray, shoe: np.ndarray) -> list[Part]:
    girth, sides = joints.girth, pick(rng, 4, 6, 8, 10)
    blocky = sides == 4
    waist = between(rng, 0.75, 1.1)
    path = [
        joints.hip - at(0, 0.05, 0),
        joints.hip + at(0, 0.08, 0),
        (joints.hip + joints.neck) / 2,
        joints.neck - at(0, 0.06, 0),
        joints.neck + at(0, 0.02, 0),
    ]
    factor = 1.35 if blocky else 1.0
    trunk = tube(
        path,
        girth * factor * np.array([0.78, 0.85 * waist, 0.85 * waist, 1.0, 0.45]),
        max(sides, 4),
        up=(0, 0, 1),
        flat=between(rng, 0.55, 0.85),
    )
    belt = joints.hip[1] + 0.04
    parts = [trunk.banded("y", [belt - 0.03, belt + 0.03], [trousers, shade(trousers, 0.5), shirt])]
    parts.append(tube([joints.neck - at(0, 0.04, 0), joints.head], joints.size * 0.42, 8).painted(skin))
    arm, leg, short = girth * between(rng, 0.27, 0.38), girth * between(rng, 0.36, 0.48), chance(rng, 0.4)
    for side in range(2):
        limb = tube(
            [joints.shoulders[side], joints.elbows[side], joints.hands[side]],
            [arm * 1.15, arm, arm * 0.85],
            sides,
            rounded=not blocky,
        )
        sleeve = limb.painted(shirt)
        if short:
            reach = np.linalg.norm(limb.centroids() - joints.shoulders[side], axis=1)
            sleeve = sleeve.painted_where(reach > 0.5 * np.linalg.norm(joints.elbows[side] - joints.shoulders[side]), skin)
        parts += [sleeve, sphere(arm * 1.1, 8).moved(*joints.hands[side]).painted(skin)]
        thigh = tube(
            [joints.hips[side], joints.knees[side], joints.feet[side]],
            [leg * 1.1, leg * 0.9, leg * 0.75],
            sides,
            rounded=not blocky,
        )
        foot = box(leg * 1.7, leg * 1.2, leg * 3.0, bevel=leg * 0.3).moved(*(joints.feet[side] + at(0, -0.07, leg * 0.7)))
        parts += [thigh.painted(trousers), foot.painted(shoe)]
    return parts


def _face(rng: Rng, joints: Joints, skin: np.ndarray) -> list[Part]:
    size = joints.size
    if chance(rng, 0.3):
        head = box(size * 1.8, size * 2, size * 1.8, bevel=size * between(rng, 0.1, 0.5)).moved(y=-size)
        front = size * 0.9
    else:
        head, front = ellipsoid(size * between(rng, 0.85, 1.0), size * 1.05, size * 0.95, 14), size * 0.88
    eye = sphere(size * 0.13, 8).moved(size * 0.36, size * 0.1, front).painted(colour(rng, "black", "black", "blue"))
    nose = (
        ellipsoid(size * 0.11, size * 0.16, size * 0.18, 8).moved(0, -size * 0.12, front + size * 0.06).painted(shade(skin, 0.92))
    )
    ear = ellipsoid(size * 0.1, size * 0.22, size * 0.16, 8).moved(size * 0.92, 0, 0).painted(skin)
    mouth = box(size * 0.5, size * 0.08, size * 0.2).moved(0, -size * 0.5, front - size * 0.15).painted(colour(rng, "red"))
    parts = [head.painted(skin), *both(eye, ear), nose, mouth]
    return [part.moved(*joints.head) for part in parts]


def _hair(rng: Rng, joints: Joints) -> list[Part]:
    """Hair, hat or helmet."""
    size, tint = joints.size, colour(rng, "bark", "black", "gold", "orange", "stone", "vivid")
    kind = pick(rng, "cap hair", "cap hair", "long", "bun", "wizard", "brim", "helmet", "crown", "cap", "bald", "top hat")
    cover = dome(size * 1.08, size * 0.98, 14, 4).rotated("x", -12).moved(0, size * 0.15, -size * 0.06)
    parts: list[Part] = []
    if kind in ("cap hair", "long", "bun"):
        parts.append(cover.painted(tint))
        if kind == "long":
            parts.append(ellipsoid(size * 0.95, size * 1.15, size * 0.45, 12).moved(0, -size * 0.35, -size * 0.65).painted(tint))
        if kind == "bun":
            parts.append(sphere(size * 0.45, 10).moved(0, size * 0.8, -size * 0.65).painted(tint))
    elif kind == "wizard":
        brim = lathe(
            [(0, 0), (size * 1.7, 0), (size * 1.7, size * 0.1), (size, size * 0.2), (size * 0.4, size * 1.4), (0, size * 2.2)], 12
        )
        parts.append(brim.moved(y=size * 0.45).painted(colour(rng, "vivid", "blue", "red")))
    elif kind in ("brim", "top hat"):
        tall = size * (1.3 if kind == "top hat" else 0.75)
        hat = lathe(
            [(0, 0), (size * 1.5, 0), (size * 1.5, size * 0.1), (size * 0.95, size * 0.12), (size * 0.9, tall), (0, tall)], 14
        )
        tint = colour(rng, "black", "leather", "sand", "vivid")
        parts.append(hat.banded("y", [size * 0.14, size * 0.34], [tint, contrast(rng, tint), tint]).moved(y=size * 0.5))
    elif kind == "helmet":
        steel = colour(rng, "steel", "dark metal", "gold")
        parts.append(dome(size * 1.15, size * 1.1, 14, 4).moved(y=size * 0.1).painted(steel))
        parts.append(
            lathe([(size * 0.9, 0), (size * 1.2, 0), (size * 1.2, size * 0.2), (size * 0.9, size * 0.2), (size * 0.9, 0)], 14)
            .moved(y=size * 0.05)
            .painted(shade(steel, 0.7))
        )
        if chance(rng, 0.5):
            horn = tube(
                smooth([(size, size * 0.3, 0), (size * 1.6, size * 0.5, 0), (size * 1.7, size * 1.2, 0)], 6),
                np.linspace(size * 0.25, 0, 6),
                8,
            )
            parts += both(horn.painted(colour(rng, "bone")))
    elif kind == "crown":
        gold = colour(rng, "gold")
        parts += [cover.painted(tint), torus(size * 0.85, size * 0.12, 14, 6).moved(y=size * 0.72).painted(gold)]
        spike = cone_between((size * 0.85, size * 0.7, 0), (size * 0.95, size * 1.35, 0), size * 0.2, 5).painted(gold)
        parts += [spike.rotated("y", 60 * index) for index in range(6)]
    elif kind == "cap":
        tint = colour(rng, "vivid")
        parts += [
            dome(size * 1.08, size * 0.85, 14, 4).moved(y=size * 0.3).painted(tint),
            ellipsoid(size * 0.75, size * 0.08, size * 0.6, 12).moved(0, size * 0.36, size * 1.1).painted(shade(tint, 0.7)),
        ]
    if chance(rng, 0.15):
        beard = ellipsoid(size * 0.7, size * 0.75, size * 0.35, 10).moved(0, -size * 0.75, size * 0.6)
        parts.append(beard.painted(colour(rng, "white", "bark", "orange")))
    return [part.moved(*joints.head) for part in parts]


def _outfit(rng: Rng, joints: Joints, shirt: np.ndarray) -> list[Part]:
    """Skirt, robe, cape, backpack, or nothing of them."""
    kind, girth = pick(rng, "", "", "skirt", "robe", "cape", "pack"), joints.girth
    if kind in ("skirt", "robe"):
        low = 0.04 if kind == "robe" else joints.hip[1] * 0.5
        top = joints.hip[1] + 0.1
        skirt = lathe([(0, low), (girth * 1.35, low), (girth * 0.85, top), (0, top)], 12).scaled(1, 1, 0.85)
        return [skirt.painted(shirt if kind == "robe" else colour(rng, "vivid", "fabric"))]
    if kind == "cape":
        top, low = joints.neck[1] - 0.02, joints.hip[1] * between(rng, 0.15, 0.6)
        cloth = box(girth * 2.6, top - low, 0.05, top=(0.7, 1)).rotated("x", 10).moved(0, low, -girth * 0.72 - (top - low) * 0.16)
        return [cloth.painted(colour(rng, "vivid", "red", "blue"))]
    if kind == "pack":
        pack = box(girth * 1.5, 0.4, girth * 0.9, bevel=0.05).moved(0, joints.hip[1] + 0.06, -girth * 0.95)
        return [pack.painted(colour(rng, "leather", "vivid", "leaf"))]
    return []


def _held(rng: Rng, joints: Joints) -> list[Part]:
    """Something in the hands, now and then."""
    parts: list[Part] = []
    if chance(rng, 0.25):
        thing = pick(rng, sword, axe, spear)(rng)
        low, high = bounds_of(thing)
        factor = between(rng, 0.7, 1.1) / (high[1] - low[1])
        hold = 0.35 if high[1] - low[1] > 1.5 else 0.1
        parts += [
            part.moved(y=-low[1] - hold * (high[1] - low[1]))
            .scaled(factor, factor, factor)
            .rotated("x", 20)
            .moved(*joints.hands[0])
            for part in thing
        ]
    if chance(rng, 0.1):
        board = [part.scaled(0.35, 0.35, 0.35).moved(*(joints.hands[1] + at(0, 0, 0.08))) for part in shield(rng)]
        parts += board
    return parts


def statue(rng: Rng) -> list[Part]:
    """A figure or a bust of one material on a pedestal."""
    stone, joints = colour(rng, "stone", "copper", "gold", "white", "dark metal"), pose(rng)
    figure = [
        *_body(rng, joints, stone, stone, stone, stone),
        *_face(rng, joints, stone),
        *_hair(rng, joints),
        *_outfit(rng, joints, stone),
    ]
    figure = [part.painted(stone) for part in (figure if chance(rng, 0.4) else figure + _held(rng, joints))]
    wide, tall = joints.girth * between(rng, 2.6, 3.4), between(rng, 0.25, 0.7)
    base = shade(stone, pick(rng, 1.0, 0.7, 0.5))
    if chance(rng, 0.3):
        torso = lathe(
            [(0, 0), (0.1, 0), (0.12, 0.1), (joints.girth * 1.2, 0.4), (joints.girth * 0.9, 0.55), (0.08, 0.6), (0, 0.6)], 14
        ).scaled(1.1, 1, 0.7)
        head = [
            part.moved(*(-joints.head + at(0, 0.6 + joints.size * 0.9, 0.02)))
            for part in (*_face(rng, joints, stone), *_hair(rng, joints))
        ]
        neck = cylinder(joints.size * 0.45, 0.3, 10).moved(y=0.45)
        figure, wide = [part.painted(stone) for part in (torso, neck, *head)], 0.4
        tall = between(rng, 0.2, 1.1)
    blocks = [box(wide, tall, wide, bevel=0.02).moved(y=-tall + 0.01), box(wide * 1.2, 0.12, wide * 1.2).moved(y=-tall - 0.09)]
    lid = box(wide * 1.12, 0.08, wide * 1.12).moved(y=-0.07)
    return [*figure, *(part.painted(base) for part in (*blocks, lid))]


FAMILIES = (
    person,
    statue,
)
