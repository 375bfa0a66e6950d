"""Training pictures at random, with all that is learned from them: one `ViewPack` for each number.

The picture of number k follows from the seed and k alone, so a run that is resumed sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ....api.colour import linear_to_srgb, srgb_to_linear
from ....models.pixel_aligned import PICTURE_SHARE
from ...data.meshes import ColouredMesh
from ...data.render import Camera, project, visible_faces
from . import degrade, shading, warp
from .frames import Placement, place
from .latents import LatentSource

SUPERSAMPLING = 2


@dataclass(frozen=True)
class ViewOptions:
    """What decides the pictures.

    Attributes:
        size: side of the picture in pixels; size * `PICTURE_SHARE` is whole.
        stretch, warp: of the shapes, see `warp.random_warp`.
        degraded: share of the pictures that are blurred, compressed, badly cut out and so on, and of those with other light.
        seed: of all random numbers.
        latents: the model (a name or a folder) that makes latents of each picture for the decoder to read; "" for none.
    """

    size: int = 96
    stretch: float = 1.25
    warp: float = 0.2
    degraded: float = 0.25
    seed: int = 0
    latents: str = ""


@dataclass(frozen=True)
class ViewPack:
    """A picture and what is known of it; h = size / 2. In a ring, every tensor has one more axis in front.

    Attributes:
        image: uint8 [S, S, 4], sRGB and straight alpha.
        maps: float16 [5, h, h]: w of front and back, and the front's normal in camera axes; nan outside the shape.
        row: int64 [], row of the shape in the bank of points.
        warp: float32 [11], what the shape went through first (`warp.warped`).
        linear, offset: float32 [3, 3] and [3]: upright = warped @ linear.T + offset.
        scale: float32 [], factor on signed distances (to first order, if the shape is stretched; taper is left out of account).
        camera: float32 [2], elevation in radians and perspective.
        decoded: float16 [N, W], decoded latents that a model made of the picture; N = 0 where none does.
    """

    image: Tensor
    maps: Tensor
    row: Tensor
    warp: Tensor
    linear: Tensor
    offset: Tensor
    scale: Tensor
    camera: Tensor
    decoded: Tensor

    @staticmethod
    def empty(count: int, size: int, latents: tuple[int, int] = (0, 0)) -> ViewPack:
        """A ring of `count` packs in shared memory; `latents` is the shape of `decoded`."""
        half = size // 2
        ring = ViewPack(
            torch.zeros(count, size, size, 4, dtype=torch.uint8),
            torch.zeros(count, 5, half, half, dtype=torch.float16),
            torch.zeros(count, dtype=torch.int64),
            torch.zeros(count, warp.SIZE),
            torch.zeros(count, 3, 3),
            torch.zeros(count, 3),
            torch.zeros(count),
            torch.zeros(count, 2),
            torch.zeros(count, *latents, dtype=torch.float16),
        )
        for field in fields(ring):
            getattr(ring, field.name).share_memory_()
        return ring

    def put(self, slot: int, pack: ViewPack) -> None:
        """Write a pack into a ring."""
        for field in fields(self):
            getattr(self, field.name)[slot] = getattr(pack, field.name)

    def take(self, slots: Tensor) -> ViewPack:
        """Copies of the packs at int64 [B]."""
        return ViewPack(*(getattr(self, field.name)[slots] for field in fields(self)))


def training_camera(rng: np.random.Generator) -> Camera:
    """Mostly from the front, as pictures are taken, else from anywhere; a little from above, perspective, light from above."""
    return Camera(
        yaw=float(rng.uniform(-75, 75) if rng.random() < 0.75 else rng.uniform(-180, 180)),
        elevation=float(rng.uniform(-5, 35) if rng.random() < 0.85 else rng.uniform(35, 45)),
        fov=0.0 if rng.random() < 0.15 else float(rng.uniform(10, 50)),
        light_yaw=float(rng.uniform(-80, 80)),
        light_elevation=float(rng.uniform(5, 80)),
    )


def make_pack(
    number: int,
    shape: tuple[int, Callable[[], ColouredMesh]],
    scale: float,
    options: ViewOptions,
    latents: LatentSource | None = None,
) -> ViewPack:
    """Render picture `number`.

    Args:
        number: position in the endless series of pictures.
        shape: row of the bank, and how to load its mesh.
        scale: factor from the mesh's coordinates to the bank's.
        options: see there.
        latents: makes those of the picture.
    """
    rng = np.random.default_rng([options.seed, number])
    row, load = shape
    prop = load()
    camera = training_camera(rng)
    change = warp.random_warp(rng, options.stretch, options.warp)
    used, faces = np.unique(prop.faces, return_inverse=True)
    stored, faces, face_rgb = prop.vertices[used] * np.float32(scale), faces.reshape(-1, 3), prop.face_rgb
    if not warp.is_plain(change):
        stored, faces, face_rgb = warp.finer(stored, faces, face_rgb)
    vertices = warp.warped(torch.from_numpy(stored), change)
    placement = place(vertices, camera)
    image, maps = draw(vertices, torch.from_numpy(faces), torch.from_numpy(face_rgb), camera, placement, options, rng)
    if rng.random() < options.degraded:
        image = degrade.degraded(image, rng)
    return ViewPack(
        (image * 255).round().to(torch.uint8),
        maps.half(),
        torch.tensor(row),
        change,
        placement.linear,
        placement.offset,
        torch.tensor(placement.scale * float(change[:3].prod()) ** (1 / 3), dtype=torch.float32),
        torch.tensor([placement.elevation, placement.perspective], dtype=torch.float32),
        torch.zeros(0, 0, dtype=torch.float16) if latents is None else latents(image, int(rng.integers(1 << 31))).half(),
    )


def draw(
    vertices: Tensor,
    faces: Tensor,
    face_rgb: Tensor,
    camera: Camera,
    placement: Placement,
    options: ViewOptions,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """The picture float32 [S, S, 4] in [0, 1] (sRGB, straight alpha) and the maps float32 [5, h, h] (see `ViewPack`)."""
    size = options.size
    if size * PICTURE_SHARE != int(size * PICTURE_SHARE):
        raise ValueError(f"pictures of {size} pixels do not hold a whole number of pixels times {PICTURE_SHARE}")
    position, near = project(vertices, faces, camera, size)
    raster = size * SUPERSAMPLING
    face = visible_faces(position * SUPERSAMPLING, near, faces, raster)
    covered = (face >= 0).float()[..., None]
    surface = shading.surface_of(vertices, faces, camera, placement)
    look = shading.Look.random(rng) if rng.random() < options.degraded else shading.Look()
    colour = shading.shaded(
        surface, position * SUPERSAMPLING, face, torch.from_numpy(srgb_to_linear(face_rgb.float().numpy() / 255)), camera, look
    )
    blocks = torch.cat([colour * covered, covered], 2).view(size, SUPERSAMPLING, size, SUPERSAMPLING, 4).mean((1, 3))
    alpha = blocks[..., 3:]
    image = torch.cat(
        [torch.from_numpy(linear_to_srgb((blocks[..., :3] / alpha.clamp_min(1e-6)).clamp(0, 1).numpy())) * (alpha > 0), alpha], 2
    )
    return image, relief(surface, position / 2, near, size // 2)


def relief(surface: shading.Surface, position: Tensor, near: Tensor, size: int) -> Tensor:
    """Front and back depth and front normals, float32 [5, size, size], nan outside. Both z-buffers see both sides of faces."""
    top = near.amax() + near.amin()
    front = visible_faces(position, near, surface.faces, size)
    back = visible_faces(position, top - near, surface.faces, size)
    maps = [shading.interpolated(position, surface.inverse_depth, surface.faces, face)[..., 0] for face in (front, back)]
    depth = torch.stack([surface.depth_of(value) for value in maps])
    normals = surface.normals[front.clamp_min(0)].permute(2, 0, 1)
    whole = torch.cat([depth.clamp(-3, 3), normals])
    return torch.where((front >= 0)[None], whole, torch.nan)


def resized(maps: Tensor, size: int) -> Tensor:
    """Maps [B, C, h, h] at another size, each value taken from the nearest place."""
    return maps if maps.shape[-1] == size else F.interpolate(maps, (size, size), mode="nearest-exact")
