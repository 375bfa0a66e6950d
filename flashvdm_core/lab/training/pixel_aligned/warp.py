"""Smooth warps that make new shapes of those at hand; a mesh and the points of its field go through the same one.

A warp is float32 [11]: factors on x, y and z, then taper, twist, and two numbers each for bend, lean and arch. With y up,
taper, twist, bend and lean change with the height, and an arch lifts what is far from the vertical axis.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

SIZE = 11
LONGEST_EDGE = 0.25
"""An edge longer than this is cut before its ends are warped, since a warp would bend it."""
_MAX_FACES = 12_000
_PASSES = 3


def random_warp(rng: np.random.Generator, stretch: float, strength: float) -> Tensor:
    """A warp at random.

    Args:
        stretch: factors are between 1 / stretch and stretch, for three of five shapes.
        strength: largest taper and twist; bends and leans are half of it. Half of the shapes have them.
    """
    factors = stretch ** rng.uniform(-1, 1, 3) if rng.random() < 0.6 else np.ones(3)
    most = strength * np.array([1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    rest = rng.uniform(-most, most) if rng.random() < 0.5 else np.zeros(8)
    return torch.from_numpy(np.concatenate([factors, rest]).astype(np.float32))


def warped(points: Tensor, warp: Tensor) -> Tensor:
    """Points float32 [..., P, 3] through warps float32 [..., 11]."""
    scaled = points * warp[..., None, :3]
    taper, twist, bend_x, bend_z, lean_x, lean_z, arch_x, arch_z = warp[..., None, 3:].unbind(-1)
    x, y, z = scaled.unbind(-1)
    width, angle = 1 + taper * y, twist * y
    x, z = x * width, z * width
    sin, cos = angle.sin(), angle.cos()
    x, z = x * cos + z * sin, z * cos - x * sin
    height = y + arch_x * x * x + arch_z * z * z
    return torch.stack([x + (bend_x * y + lean_x) * y, height, z + (bend_z * y + lean_z) * y], -1)


def is_plain(warp: Tensor) -> bool:
    """Whether a warp [11] keeps straight lines straight."""
    return not bool(warp[3:].any())


def finer(vertices: np.ndarray, faces: np.ndarray, face_rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut faces with long edges into four until none is left, or too many faces are made.

    Args:
        vertices: float32 [V, 3].
        faces: int64 [F, 3].
        face_rgb: uint8 [F, 3].
    """
    for _ in range(_PASSES):
        corners = vertices[faces]
        lengths = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).max(1)
        long = lengths > LONGEST_EDGE
        if not long.any() or len(faces) + 3 * long.sum() > _MAX_FACES:
            break
        middles = ((corners + np.roll(corners, -1, axis=1)) / 2)[long]
        a, b, c = faces[long].T
        ab, bc, ca = (len(vertices) + np.arange(3 * len(middles)).reshape(-1, 3)).T
        cut = np.stack([np.stack(corner, 1) for corner in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], 1)
        vertices = np.concatenate([vertices, middles.reshape(-1, 3)])
        faces = np.concatenate([faces[~long], cut.reshape(-1, 3)])
        face_rgb = np.concatenate([face_rgb[~long], np.repeat(face_rgb[long], 4, axis=0)])
    return vertices, faces, face_rgb
