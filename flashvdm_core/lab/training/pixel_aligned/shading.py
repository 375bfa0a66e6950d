"""How a training picture looks: flat or smooth faces, light, and patterns in the place of plain colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.render import AMBIENT, FILL, KEY, Camera
from .frames import Placement


@dataclass(frozen=True)
class Look:
    """Light and pattern of one picture.

    Attributes:
        ambient, key, fill: strengths of the three lights.
        smooth: whether normals are interpolated over faces.
        waves: float32 [K, 4]: wave vectors and phases of a pattern in space, empty for none.
        contrast: of the pattern.
        hard: whether the pattern has edges (patches and stripes) or is soft.
        tint: float32 [3], colour that the pattern mixes in.
    """

    ambient: float = AMBIENT
    key: float = KEY
    fill: float = FILL
    smooth: bool = False
    waves: Tensor | None = None
    contrast: float = 0.0
    hard: bool = False
    tint: Tensor | None = None

    @staticmethod
    def random(rng: np.random.Generator) -> Look:
        """Any of the looks."""
        waves = tint = None
        if rng.random() < 0.3:
            count = int(rng.integers(1, 4))
            direction = rng.standard_normal((count, 3))
            direction *= np.exp(rng.uniform(np.log(3), np.log(30), (count, 1))) / np.linalg.norm(direction, axis=1, keepdims=True)
            waves = torch.from_numpy(np.concatenate([direction, rng.uniform(0, 6.3, (count, 1))], 1).astype(np.float32))
            tint = torch.from_numpy(rng.uniform(0, 1, 3).astype(np.float32))
        return Look(
            ambient=float(rng.uniform(0.2, 0.6)),
            key=float(rng.uniform(0.4, 0.9)),
            fill=float(rng.uniform(0.05, 0.35)),
            smooth=bool(rng.random() < 0.25),
            waves=waves,
            contrast=float(rng.uniform(0.1, 0.8)),
            hard=bool(rng.random() < 0.5),
            tint=tint,
        )


@dataclass(frozen=True)
class Surface:
    """A mesh in camera axes.

    Attributes:
        view: float32 [V, 3], right, up, backward, from the mesh's origin.
        faces: int64 [F, 3].
        normals: float32 [F, 3], towards the camera.
        inverse_depth: float32 [V, 1], what is linear over the image of a face: 1 / distance, or the depth itself.
        distance: of the camera from the mesh's origin; infinite for a parallel projection.
        origin: depth of the frame's origin.
        scale: of the frame.
    """

    view: Tensor
    faces: Tensor
    normals: Tensor
    inverse_depth: Tensor
    distance: float
    origin: float
    scale: float

    def depth_of(self, value: Tensor) -> Tensor:
        """w in the frame, from interpolated `inverse_depth`."""
        depth = self.distance - 1 / value.clamp_min(1e-6) if np.isfinite(self.distance) else value
        return (depth - self.origin) * self.scale


def surface_of(vertices: Tensor, faces: Tensor, camera: Camera, placement: Placement) -> Surface:
    """Bring a mesh into camera axes."""
    view = vertices @ torch.from_numpy(camera.axes()).T
    a, b, c = view[faces].unbind(1)
    normal = F.normalize(torch.linalg.cross(b - a, c - a), dim=1)
    distance = float(vertices.norm(dim=1).amax()) / float(np.sin(np.radians(camera.fov / 2))) if camera.fov > 0 else np.inf
    towards = torch.tensor([0.0, 0.0, distance]) - (a + b + c) / 3 if camera.fov > 0 else torch.tensor([0.0, 0.0, 1.0])
    normal = torch.where((normal * towards).sum(1, keepdim=True) < 0, -normal, normal)
    inverse = 1 / (distance - view[:, 2:]) if camera.fov > 0 else view[:, 2:]
    # The frame's origin is at -offset / scale in the turned mesh.
    _, y, z = (-placement.offset / placement.scale).tolist()
    origin = y * float(np.sin(placement.elevation)) + z * float(np.cos(placement.elevation))
    return Surface(view, faces, normal, inverse, distance, origin, placement.scale)


def interpolated(position: Tensor, values: Tensor, faces: Tensor, face: Tensor) -> Tensor:
    """Vertex values [V, C], linear over the image of each face, at the pixels of a raster of faces int64 [S, S]: [S, S, C]."""
    size = face.shape[0]
    corner = position.double()[faces]
    a, b, c = corner.unbind(1)
    u, v = b - a, c - a
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    area = torch.where(area.abs() < 1e-12, 1e-12, area)[:, None]
    va, vb, vc = values.double()[faces].unbind(1)
    du, dv = vb - va, vc - va
    gx = (du * v[:, 1:] - dv * u[:, 1:]) / area
    gy = (dv * u[:, :1] - du * v[:, :1]) / area
    constant = va - gx * a[:, :1] - gy * a[:, 1:]
    low, high = torch.minimum(torch.minimum(va, vb), vc), torch.maximum(torch.maximum(va, vb), vc)
    at = torch.arange(size, dtype=torch.float64) + 0.5
    chosen = face.clamp_min(0)
    found = gx[chosen] * at[None, :, None] + gy[chosen] * at[:, None, None] + constant[chosen]
    # Pixel centres lie inside their faces but for rounding, which slivers blow up.
    return found.clamp(low[chosen], high[chosen]).float()


def shaded(surface: Surface, position: Tensor, face: Tensor, face_colour: Tensor, camera: Camera, look: Look) -> Tensor:
    """Linear colour float32 [S, S, 3] of a raster of faces [S, S]; anything where there is none.

    Args:
        surface: the mesh.
        position: float32 [V, 2] in pixels of the raster.
        face: int64 [S, S].
        face_colour: float32 [F, 3], linear.
        camera: gives the light.
        look: see there.
    """
    chosen = face.clamp_min(0)
    normal = surface.normals[chosen]
    if look.smooth:
        corner = torch.zeros_like(surface.view).index_add_(0, surface.faces.reshape(-1), surface.normals.repeat_interleave(3, 0))
        normal = F.normalize(interpolated(position, F.normalize(corner, dim=1), surface.faces, face), dim=-1)
    key = (normal @ torch.from_numpy(camera.light())).clamp_min(0)
    light = look.ambient + look.key * key + look.fill * normal[..., 2].clamp_min(0)
    colour = face_colour[chosen]
    if look.waves is not None and look.tint is not None:
        colour = _patterned(colour, interpolated(position, surface.view, surface.faces, face), look)
    return colour * light[..., None]


def _patterned(colour: Tensor, place: Tensor, look: Look) -> Tensor:
    """Mix the tint into colours [S, S, 3] where waves through space [S, S, 3] are high."""
    assert look.waves is not None
    assert look.tint is not None
    wave = (place @ look.waves[:, :3].T + look.waves[:, 3]).sin().mean(-1, keepdim=True)
    share = (wave > 0).float() if look.hard else 0.5 + 0.5 * wave
    return torch.lerp(colour, look.tint.expand_as(colour), share * look.contrast)
