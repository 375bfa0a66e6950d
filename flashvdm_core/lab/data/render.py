"""Pictures of meshes that a model is trained on, and silhouettes for evaluation.

Shading is flat (one colour for a face), in linear light; both sides of a face are drawn, since many meshes are open.

Images are recentred as the generator recentres its input: the longer side of the object's box in the image is
int(size * (1 - `BORDER`)) pixels, and the box is in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...api.colour import linear_to_srgb, srgb_to_linear
from ...geometry.camera import camera_axes, direction
from ...geometry.normals import area_normals, normalised
from ...geometry.raster import rasterise

BORDER = 0.15
SUPERSAMPLING = 2
AMBIENT, KEY, FILL = 0.35, 0.75, 0.2


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken from; it looks at the origin.

    Attributes:
        yaw: degrees around +y; 0 looks at the front (camera on +z), 90 has the camera on +x.
        elevation: degrees above the horizon.
        fov: vertical field of view in degrees that holds the object's bounding sphere; 0 for a parallel projection.
        light_yaw: degrees, of the key light against the camera.
        light_elevation: degrees, of the key light against the camera.
    """

    yaw: float = 0.0
    elevation: float = 15.0
    fov: float = 30.0
    light_yaw: float = -30.0
    light_elevation: float = 40.0

    def axes(self) -> np.ndarray:
        """float32 [3, 3]: rows are right, up and backward (towards the camera) in the core frame."""
        return camera_axes(self.yaw, self.elevation)

    def light(self) -> np.ndarray:
        """float32 [3]: unit direction towards the key light, in camera axes."""
        return direction(self.light_yaw, self.light_elevation).astype(np.float32)


def random_camera(rng: np.random.Generator) -> Camera:
    """A view a user's picture may have: yaw within 60 degrees of the front, mostly perspective, light from above."""
    return Camera(
        yaw=float(rng.uniform(-60, 60)),
        elevation=float(rng.uniform(-5, 35)),
        fov=0.0 if rng.random() < 0.15 else float(rng.uniform(15, 45)),
        light_yaw=float(rng.uniform(-60, 60)),
        light_elevation=float(rng.uniform(15, 70)),
    )


def project(vertices: Tensor, faces: Tensor, camera: Camera, size: int) -> tuple[Tensor, Tensor]:
    """Project a mesh into a recentred image.

    Returns:
        Positions float32 [V, 2] in pixels (x right, y down, pixel centres at .5), and nearness float32 [V]: positive,
        larger is nearer, linear over the image of a flat face (1 / depth, or minus depth for a parallel projection).
    """
    view = vertices @ torch.from_numpy(camera.axes()).to(vertices).T
    radius = vertices.norm(dim=1).amax().clamp_min(1e-6)
    if camera.fov > 0:
        near = 1 / (radius / np.sin(np.radians(camera.fov / 2)) - view[:, 2])
        plane = view[:, :2] * near[:, None]
    else:
        near = view[:, 2] / radius + 2
        plane = view[:, :2]
    plane = plane * plane.new_tensor([1.0, -1.0])
    used = plane[faces.reshape(-1)]
    low, high = used.amin(0), used.amax(0)
    scale = int(size * (1 - BORDER)) / (high - low).amax().clamp_min(1e-9)
    return (plane - (low + high) / 2) * scale + size / 2, near


def visible_faces(position: Tensor, near: Tensor, faces: Tensor, size: int) -> Tensor:
    """Nearest face at each pixel centre, int64 [size, size], -1 where there is none.

    Args:
        position: float32 [V, 2] in pixels of this raster, on the CPU like all of it.
        near: float32 [V], larger is nearer.
        faces: int64 [F, 3].
        size: side of the square raster.
    """
    ids, _ = rasterise(position[faces].numpy(), near[faces].numpy(), size, size)
    return torch.from_numpy(ids).long()


def silhouette(vertices: Tensor, faces: Tensor, camera: Camera, size: int) -> Tensor:
    """Which pixels the mesh covers in the recentred image, bool [size, size].

    Args:
        vertices: float32 [V, 3].
        faces: int64 [F, 3].
        camera: the view.
        size: side of the square image in pixels.
    """
    position, near = project(vertices, faces, camera, size)
    return visible_faces(position, near, faces, size) >= 0


def render_view(vertices: Tensor, faces: Tensor, face_rgb: Tensor, camera: Camera, size: int) -> Tensor:
    """Draw a coloured mesh.

    Args:
        vertices: float32 [V, 3], core frame.
        faces: int64 [F, 3].
        face_rgb: uint8 [F, 3], sRGB.
        camera: the view and its light.
        size: side of the square image in pixels.

    Returns:
        uint8 [size, size, 4]: sRGB colour and straight alpha; colour is 0 where alpha is 0.
    """
    raster = size * SUPERSAMPLING
    position, near = project(vertices, faces, camera, size)
    face = visible_faces(position * SUPERSAMPLING, near, faces, raster)
    covered = face >= 0
    colour = _shade(vertices, faces, face_rgb, camera)[face.clamp_min(0)] * covered[..., None]
    blocks = torch.cat([colour, covered[..., None].float()], 2)
    mean = blocks.view(size, SUPERSAMPLING, size, SUPERSAMPLING, 4).mean((1, 3))
    alpha = mean[..., 3:]
    srgb = torch.from_numpy(linear_to_srgb((mean[..., :3] / alpha.clamp_min(1e-6)).clamp(0, 1).numpy()))
    return (torch.cat([srgb * (alpha > 0), alpha], 2) * 255).round().to(torch.uint8)


def _shade(vertices: Tensor, faces: Tensor, face_rgb: Tensor, camera: Camera) -> Tensor:
    """Linear colour float32 [F, 3] of each face under ambient light, the key light and a fill light at the camera."""
    view = vertices @ torch.from_numpy(camera.axes()).to(vertices).T
    a, b, c = view[faces].unbind(1)
    normal = torch.from_numpy(normalised(area_normals(view.numpy(), faces.numpy())))
    radius = vertices.norm(dim=1).amax().clamp_min(1e-6)
    eye = view.new_tensor([0.0, 0.0, 1.0])
    if camera.fov > 0:
        eye = torch.nn.functional.normalize(eye * radius / np.sin(np.radians(camera.fov / 2)) - (a + b + c) / 3, dim=1)
    normal = torch.where((normal * eye).sum(1, keepdim=True) < 0, -normal, normal)
    key = (normal @ torch.from_numpy(camera.light()).to(view)).clamp_min(0)
    light = AMBIENT + KEY * key + FILL * (normal * eye).sum(1).clamp_min(0)
    return torch.from_numpy(srgb_to_linear(face_rgb.numpy() / np.float32(255))) * light[:, None]
