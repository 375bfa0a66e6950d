"""Where a shape is put so that its picture fits: the upright frame of `models.pixel_aligned` for a known mesh and camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ....models.pixel_aligned import HALF_SIDE, ViewCamera
from ...data.render import Camera

_ROUNDS = 4


@dataclass(frozen=True)
class Placement:
    """upright = points @ linear.T + offset.

    Attributes:
        linear: float32 [3, 3], a turn about y times `scale`.
        offset: float32 [3].
        scale: factor on lengths.
        elevation: radians.
        perspective: one over the camera's distance from the frame's origin along its axis, in frame units.
    """

    linear: Tensor
    offset: Tensor
    scale: float
    elevation: float
    perspective: float

    def apply(self, points: Tensor) -> Tensor:
        """Points float32 [..., 3] of the mesh's frame -> upright frame."""
        return points @ self.linear.T + self.offset

    def undo(self, points: Tensor) -> Tensor:
        """The inverse of `apply`."""
        return (points - self.offset) @ self.linear / self.scale**2

    @property
    def camera(self) -> ViewCamera:
        """As a batch of one."""
        return ViewCamera(torch.tensor([self.elevation]), torch.tensor([self.perspective]))


def turn(yaw: float) -> Tensor:
    """float32 [3, 3]: brings a camera at azimuth `yaw` (degrees) to azimuth 0."""
    angle = np.radians(yaw)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return torch.tensor([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])


def place(vertices: Tensor, camera: Camera) -> Placement:
    """The upright frame of a mesh seen by a camera that looks at the mesh's origin (`render.project`).

    The box along z is centred. Then the origin is moved parallel to the picture, up or down and sideways, until the middle of
    the picture's box is the middle; each round of it is exact for a parallel projection, and four leave less than a hundredth
    of a pixel otherwise. That the central ray is not quite the camera's axis is left out of account (0.3 pixels of 126).

    Args:
        vertices: float32 [V, 3], those that faces use.
        camera: the view.
    """
    rotation = turn(camera.yaw)
    upright = vertices @ rotation.T
    elevation = float(np.radians(camera.elevation))
    cos, sin = float(np.cos(elevation)), float(np.sin(elevation))
    distance = float(vertices.norm(dim=1).amax() / np.sin(np.radians(camera.fov / 2))) if camera.fov > 0 else np.inf
    middle = (upright.amin(0) + upright.amax(0)) / 2
    half, reach = 0.0, distance
    for _ in range(_ROUNDS):
        at = upright - middle
        depth = at[:, 1] * sin + at[:, 2] * cos
        reach = distance - float(middle[1] * sin + middle[2] * cos)
        shrink = (1 - depth / reach)[:, None]
        plane = torch.stack([at[:, 0], at[:, 1] * cos - at[:, 2] * sin], 1) / shrink
        low, high = plane.amin(0), plane.amax(0)
        half = float((high - low).amax()) / 2
        shift = (low + high) / 2
        middle = middle + torch.stack([shift[0], shift[1] / cos, shift.new_zeros(())])
    scale = HALF_SIDE / half
    perspective = float(1 / (reach * scale)) if np.isfinite(reach) else 0.0
    return Placement(rotation * scale, -middle * scale, scale, elevation, perspective)
