"""The analytic shape of the `volume_field` cases: a sphere joined with a torus, and a thin plate.

A truncated signed distance, positive inside. Elementwise float32 operations in the order in which the recorded
logits were computed, so that equal points give equal bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def logits(points: Tensor, shape: Mapping[str, Any]) -> Tensor:
    """[..., 3] -> [..., 1] in [-1, 1]; `shape` is the case's `field` section."""
    points = points.float()
    round_part = _smooth_union(
        _sphere(points, shape["sphere_center"], shape["sphere_radius"]),
        _torus(points, shape["torus_center"], shape["torus_major"], shape["torus_minor"]),
        shape["smooth_k"],
    )
    whole = torch.maximum(round_part, _box(points, shape["plate_center"], shape["plate_half"]))
    return (whole / shape["truncation"]).clamp(-1.0, 1.0)[..., None]


def _offsets(points: Tensor, center: list[float]) -> tuple[Tensor, Tensor, Tensor]:
    return points[..., 0] - center[0], points[..., 1] - center[1], points[..., 2] - center[2]


def _sphere(points: Tensor, center: list[float], radius: float) -> Tensor:
    x, y, z = _offsets(points, center)
    return radius - (x * x + y * y + z * z).sqrt()


def _torus(points: Tensor, center: list[float], major: float, minor: float) -> Tensor:
    x, y, z = _offsets(points, center)
    ring = (x * x + y * y).sqrt() - major
    return minor - (ring * ring + z * z).sqrt()


def _box(points: Tensor, center: list[float], half: list[float]) -> Tensor:
    x, y, z = (offset.abs() - size for offset, size in zip(_offsets(points, center), half, strict=True))
    far_x, far_y, far_z = x.clamp(min=0), y.clamp(min=0), z.clamp(min=0)
    outside = (far_x * far_x + far_y * far_y + far_z * far_z).sqrt()
    inside = torch.maximum(x, torch.maximum(y, z)).clamp(max=0)
    return -(outside + inside)


def _smooth_union(a: Tensor, b: Tensor, width: float) -> Tensor:
    blend = (0.5 + 0.5 * (a - b) / width).clamp(0.0, 1.0)
    return b + (a - b) * blend + width * blend * (1.0 - blend)
