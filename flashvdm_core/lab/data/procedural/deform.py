"""Deformations of a whole shape, so that no two of a family have the same lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .choices import Rng, chance
from .mesh import Part, bounds_of, transformed

Field = Callable[[np.ndarray], np.ndarray]
MAX_TRIANGLES = 3500


def normalised(parts: Sequence[Part]) -> list[Part]:
    """Middle of the bounding box at the origin, longest side 2."""
    low, high = bounds_of(parts)
    scale = 2 / (high - low).max()
    return transformed(parts, lambda part: part.deformed(lambda v: (v - (low + high) / 2) * scale))


def varied(rng: Rng, parts: Sequence[Part]) -> list[Part]:
    """Stretched, mirrored, and now and then tapered, twisted, bent or warped; returns normalised parts."""
    parts = normalised(parts)
    if chance(rng, 0.5):
        parts = transformed(parts, lambda part: part.mirrored("x"))
    if chance(rng, 0.6):
        factors = np.exp(rng.uniform(-0.22, 0.22, 3))
        parts = normalised(transformed(parts, lambda part: part.scaled(*factors)))
    fields: list[Field] = []
    if chance(rng, 0.12):
        fields.append(taper(rng.uniform(-0.25, 0.25)))
    if chance(rng, 0.06):
        fields.append(twist(rng.uniform(-35, 35)))
    if chance(rng, 0.08):
        fields.append(bend(rng.uniform(-0.2, 0.2), int(rng.choice([0, 2]))))
    if chance(rng, 0.15):
        fields.append(free_form(rng.normal(0, 0.07, (3, 3, 3, 3))))
    if not fields:
        return parts
    parts = refined(parts)
    for field in fields:
        parts = normalised(transformed(parts, lambda part, field=field: part.deformed(field)))
    return parts


def refined(parts: Sequence[Part], length: float = 0.7) -> list[Part]:
    """Parts of long edges subdivided, so that they can follow a deformation, while there is room for more triangles."""
    done, room = [], MAX_TRIANGLES - sum(len(part.faces) for part in parts)
    for part in parts:
        while _longest_edge(part) > length and 3 * len(part.faces) <= room and len(part.faces) < 400:
            room -= 3 * len(part.faces)
            part = part.subdivided()
        done.append(part)
    return done


def _longest_edge(part: Part) -> float:
    corners = part.vertices[part.faces]
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max())


def taper(amount: float) -> Field:
    """Wider below (amount > 0) or above; for shapes from -1 to 1."""

    def field(v: np.ndarray) -> np.ndarray:
        factor = 1 - amount * v[:, 1:2]
        return np.concatenate([v[:, :1] * factor, v[:, 1:2], v[:, 2:] * factor], 1)

    return field


def twist(degrees: float) -> Field:
    """Turned about the y axis, by `degrees` from bottom to top."""

    def field(v: np.ndarray) -> np.ndarray:
        angle = np.radians(degrees / 2) * v[:, 1]
        c, s = np.cos(angle), np.sin(angle)
        return np.stack([c * v[:, 0] + s * v[:, 2], v[:, 1], c * v[:, 2] - s * v[:, 0]], 1)

    return field


def bend(amount: float, axis: int) -> Field:
    """Pushed along x (0) or z (2) by the square of the height."""

    def field(v: np.ndarray) -> np.ndarray:
        v = v.copy()
        v[:, axis] += amount * (v[:, 1] + 1) ** 2 / 2
        return v

    return field


def free_form(shifts: np.ndarray) -> Field:
    """Free-form deformation (Sederberg and Parry 1986) by shifts [3, 3, 3, 3] of a lattice of control points."""

    def field(v: np.ndarray) -> np.ndarray:
        t = (v.clip(-1, 1) + 1) / 2
        basis = np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], 1)  # [V, 3 weights, 3 axes]
        return v + np.einsum("vi,vj,vk,ijkd->vd", basis[..., 0], basis[..., 1], basis[..., 2], shifts)

    return field
