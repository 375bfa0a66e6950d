"""Held-out shapes from one picture each, beside what learns nothing: the outline inflated in the same frame."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ....api.units import BOX_HALF_SIDE
from ....models.pixel_aligned import (
    PICTURE_SHARE,
    TO_PICTURE,
    PixelAlignedDecoder,
    ViewCamera,
    at_pixels,
    in_volume,
    outline_distance,
)
from ....pipeline.shape import read_picture
from ...data.dataset import ShapeData, ViewData
from ...data.meshes import ColouredMesh, PackedMeshes
from ...data.render import BORDER, Camera, random_camera, render_view
from ..pairs import condition_image
from .data import Source
from .degrade import degraded
from .frames import place
from .latents import LatentSource

POINTS = 2048
PICTURE = 96
"""Side of the pictures that are measured by, and of those that are rendered to learn from."""
_BATCH = 32
_RENDERED = 126
_SKIPPED = 8
_USUAL_ELEVATION = 15.0
_SHIFTS, _STRETCHES = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2), (0.7, 0.85, 1.0, 1.2, 1.4)
_CONSTANT_CELLS = 16
_CONSTANT_LEVELS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


def iou(logits: Tensor, distance: Tensor) -> Tensor:
    """Occupancy IoU [B] of logits [B, P] with signed distances [B, P], both positive inside."""
    inside, truth = logits > 0, distance > 0
    return (inside & truth).sum(1) / (inside | truth).sum(1).clamp_min(1)


def refit(rgba: Tensor, size: int) -> Tensor:
    """Recentred pictures uint8 [B, S, S, 4] as the network wants them: `size` pixels, the object `PICTURE_SHARE` of them wide."""
    side = rgba.shape[1]
    share = int(side * (1 - BORDER)) / side
    premultiplied = rgba.permute(0, 3, 1, 2).float() / 255
    premultiplied = torch.cat([premultiplied[:, :3] * premultiplied[:, 3:], premultiplied[:, 3:]], 1)
    fine = 2 * size
    at = ((torch.arange(fine) + 0.5) * 2 / fine - 1) * share / PICTURE_SHARE
    grid = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1).expand(len(rgba), -1, -1, -1)
    small = F.avg_pool2d(F.grid_sample(premultiplied, grid, align_corners=False), 2)
    alpha = small[:, 3:]
    straight = torch.cat([small[:, :3] / alpha.clamp_min(1e-6) * (alpha > 0), alpha], 1)
    return (straight * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def network_input(rgba: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Pictures uint8 [B, T, T, 4] for a network of pictures of `size` pixels.

    Returns:
        Colours on white float32 [B, 3, size, size] in [-1, 1], and the opacity [B, 1, T, T] at its own size.
    """
    colour, alpha = condition_image(rgba), rgba[..., 3].float()[:, None] / 255
    if size != rgba.shape[1]:
        colour = F.interpolate(colour, (size, size), mode="bilinear", antialias=True)
    return colour, alpha


@dataclass(frozen=True)
class HeldOut:
    """One picture of each shape with points in the upright frame.

    Attributes:
        images: uint8 [N, S, S, 4].
        points, distance: float32 [N, P, 3] and [N, P].
        camera: the true one.
        decoded: float16 [N, L, W], decoded latents of the pictures; L = 0 where none were asked for.
    """

    images: Tensor
    points: Tensor
    distance: Tensor
    camera: ViewCamera
    decoded: Tensor

    def __len__(self) -> int:
        return len(self.images)


def held_out(source: Source, split: str, size: int = PICTURE, count: int = 0, latents: str = "", steps: int = 1) -> HeldOut:
    """The first `count` shapes (0: all) of a split, one picture of each, points uniform in the box.

    The picture is number 1 + row % (V - 1) of the prepared views; where no views are prepared, one from a random camera.
    Its latents are those that the model `latents` makes of it in `steps` steps.
    """
    shapes, props = ShapeData(source.folder, split), PackedMeshes(source.props)
    count = min(count or len(shapes), len(shapes))
    views = ViewData(source.folder, split) if any(source.folder.glob(f"*-views-{split}-*")) else None
    images, points, distances, cameras = [], [], [], []
    for start in range(0, count, _BATCH):
        rows = torch.arange(start, min(start + _BATCH, count))
        stored, distance = shapes.queries(
            rows, _SKIPPED, min(POINTS, shapes.stored("uniform")), torch.Generator().manual_seed(start)
        )
        for at, row in enumerate(rows.tolist()):
            prop = props[int(shapes.index[row])]
            rgba, camera = _picture(prop, shapes.scale, row, views)
            used = torch.from_numpy(prop.vertices[np.unique(prop.faces)] * np.float32(shapes.scale))
            put = place(used, camera)
            images.append(refit(rgba[None], size))
            points.append(put.apply(stored[at, _SKIPPED:]))
            distances.append(distance[at, _SKIPPED:] * put.scale)
            cameras.append((put.elevation, put.perspective))
    elevation, perspective = torch.tensor(cameras, dtype=torch.float32).unbind(1)
    pictures = torch.cat(images)
    decoded = torch.zeros(count, 0, 0, dtype=torch.float16)
    if latents:
        make = LatentSource(latents)
        decoded = torch.stack([make.of_pixels(picture, row, steps).half() for row, picture in enumerate(pictures)])
    camera = ViewCamera(elevation, perspective)
    return HeldOut(pictures, torch.stack(points), torch.stack(distances), camera, decoded)


def greyed(data: HeldOut) -> HeldOut:
    """The same with one grey in place of all colours: what is left is the outline."""
    images = data.images.clone()
    images[..., :3] = 128
    return replace(data, images=images)


def worsened(data: HeldOut) -> HeldOut:
    """The same with pictures as they come from elsewhere: blurred, noisy, compressed, badly cut out (`degrade`)."""
    images = [
        (degraded(image.float() / 255, np.random.default_rng(row)) * 255).round().to(torch.uint8)
        for row, image in enumerate(data.images)
    ]
    return replace(data, images=torch.stack(images))


def filled(data: HeldOut) -> Tensor:
    """Share of the box that each shape fills: float32 [N]."""
    return (data.distance > 0).float().mean(1)


def _picture(prop: ColouredMesh, scale: float, row: int, views: ViewData | None) -> tuple[Tensor, Camera]:
    """A picture uint8 [S, S, 4] of a held-out shape and where it was taken from."""
    if views is not None:
        chosen = 1 + row % (views.views - 1)
        camera = Camera(*(float(value) for value in views.cameras[row, chosen]))
        return views.images(torch.tensor([row]), torch.tensor([chosen]))[0], camera
    camera = random_camera(np.random.default_rng(row))
    vertices = torch.from_numpy(prop.vertices * np.float32(scale))
    return render_view(vertices, torch.from_numpy(prop.faces), torch.from_numpy(prop.face_rgb), camera, _RENDERED), camera


def inflated(rgba: Tensor, view: Tensor) -> Tensor:
    """Logits [B, P], +-0.5, of the outline blown up: |w| below 1.2 sqrt(distance to the outline * half the shorter side)."""
    size = rgba.shape[1]
    opaque = rgba[..., 3] > 127
    distance = outline_distance(opaque) * (2 / size / TO_PICTURE)
    read = at_pixels(torch.stack([opaque.float(), distance], 1), view, "zeros")
    extent = torch.minimum(opaque.any(1).sum(1), opaque.any(2).sum(1)) / size / TO_PICTURE
    thick = 1.2 * (read[:, 1] * extent[:, None]).clamp_min(0).sqrt()
    return ((read[:, 0] > 0.5) & (view[..., 2].abs() < thick)).float() - 0.5


def inflated_outline(rgba: Tensor, upright: Tensor) -> Tensor:
    """`inflated` of one rendered picture uint8 [S, S, 4], with the usual camera, at upright points [P, 3]: [P]."""
    return inflated(refit(rgba[None], PICTURE), _usual_cameras(1).to_view(upright[None]))[0]


def _usual_cameras(count: int) -> ViewCamera:
    return ViewCamera(torch.full((count,), float(np.radians(_USUAL_ELEVATION))), torch.zeros(count))


def constant_shape(seen: HeldOut, data: HeldOut) -> Tensor:
    """IoU [N] of one shape for every picture of `data`: where the shapes of `seen` are inside most often.

    How often is often enough is what suits `seen` best. Both are in the upright frame.
    """
    cells, counts = _cells(seen.points).flatten(), torch.zeros(2, _CONSTANT_CELLS**3)
    counts[0].index_add_(0, cells, torch.ones(len(cells)))
    counts[1].index_add_(0, cells, (seen.distance > 0).float().flatten())
    share = counts[1] / counts[0].clamp_min(1)
    levels = [(iou(share[_cells(seen.points)] - level, seen.distance).mean().item(), level) for level in _CONSTANT_LEVELS]
    return iou(share[_cells(data.points)] - max(levels)[1], data.distance)


def _cells(points: Tensor) -> Tensor:
    """The cell of each point: int64, of the shape of `points` but for the last axis."""
    i, j, k = ((points / BOX_HALF_SIDE + 1) * (_CONSTANT_CELLS / 2)).long().clamp(0, _CONSTANT_CELLS - 1).unbind(-1)
    return (i * _CONSTANT_CELLS + j) * _CONSTANT_CELLS + k


def baselines(data: HeldOut) -> dict[str, Tensor]:
    """IoU [N] of the inflated outline with the true camera, and with a usual one (15 degrees, parallel)."""
    cameras = {"outline, true camera": data.camera, "outline, usual camera": _usual_cameras(len(data))}
    return {name: iou(inflated(data.images, camera.to_view(data.points)), data.distance) for name, camera in cameras.items()}


@torch.no_grad()
def decoded_scores(model: PixelAlignedDecoder, data: HeldOut) -> Tensor:
    """IoU [N] of the field as the product decodes it: own camera, within the outline, with what is added at the rim."""
    found = []
    for at, pixels in enumerate(data.images):
        picture = read_picture(model, pixels.numpy())
        view = picture.camera.to_view(data.points[at : at + 1])[0]
        logits = picture.field(data.decoded[at : at + 1].float())(view)
        found.append(iou(logits[None], data.distance[at : at + 1]))
    return torch.cat(found)


@torch.no_grad()
def scores(model: PixelAlignedDecoder, data: HeldOut) -> dict[str, Tensor]:
    """IoU [N] of the model with its own camera ("iou"), with the true one, and of its coarse volume with the true one; and the
    error of the predicted elevation in degrees.
    """
    found: dict[str, list[Tensor]] = {"iou": [], "true camera": [], "volume": [], "elevation error": []}
    for start in range(0, len(data), _BATCH):
        part = slice(start, start + _BATCH)
        features = model.encoder(*network_input(data.images[part], model.spec.image_size))
        kv = model.keys_values(data.decoded[part].float())
        truth = ViewCamera(data.camera.elevation[part], data.camera.perspective[part])
        for name, camera in (("iou", features.camera), ("true camera", truth)):
            logits = model(features, camera.to_view(data.points[part]), camera, kv)
            found[name].append(iou(logits, data.distance[part]))
        found["volume"].append(iou(in_volume(features.volume, truth.to_view(data.points[part])), data.distance[part]))
        found["elevation error"].append((features.camera.elevation - truth.elevation).abs().rad2deg())
    return {name: torch.cat(parts) for name, parts in found.items()}


@torch.no_grad()
def placed_scores(model: PixelAlignedDecoder, data: HeldOut) -> Tensor:
    """IoU [N] of the model with the true camera, each shape shifted and stretched along the view as suits the truth best.

    What is then still wrong is the relief; the rest is how far away and how thick the picture's object was taken to be.
    """
    found = []
    for start in range(0, len(data), _BATCH):
        part = slice(start, start + _BATCH)
        features = model.encoder(*network_input(data.images[part], model.spec.image_size))
        kv, camera = (
            model.keys_values(data.decoded[part].float()),
            ViewCamera(data.camera.elevation[part], data.camera.perspective[part]),
        )
        view, best = camera.to_view(data.points[part]), torch.zeros(len(features.volume))
        for shift, stretch in itertools.product(_SHIFTS, _STRETCHES):
            moved = torch.cat([view[..., :2], (view[..., 2:] - shift) / stretch], 2)
            best = torch.maximum(best, iou(model(features, moved, camera, kv), data.distance[part]))
        found.append(best)
    return torch.cat(found)


@torch.no_grad()
def variety(model: PixelAlignedDecoder, data: HeldOut, count: int, seeds: int = 4) -> dict[str, float]:
    """How shapes of one picture differ, over the first `count` pictures with their own cameras; nothing of a model without.

    Returns:
        Mean IoU with the truth of the one without variation, of random ones and of the best of `seeds` random ones, and the IoU
        of two random ones with one another.
    """
    if not model.spec.variation:
        return {}
    rng = torch.Generator().manual_seed(0)
    found: list[Tensor] = []
    alike: list[Tensor] = []
    for start in range(0, min(count, len(data)), _BATCH):
        part = slice(start, min(start + _BATCH, count))
        levels = model.encoder.describe(*network_input(data.images[part], model.spec.image_size))
        kv, rows, inside = model.keys_values(data.decoded[part].float()), [], []
        for seed in range(seeds + 1):
            drawn = torch.randn(len(levels.half), model.spec.variation, generator=rng) * (seed > 0)
            features = model.encoder.answer(levels, drawn)
            logits = model(features, features.camera.to_view(data.points[part]), features.camera, kv)
            rows.append(iou(logits, data.distance[part]))
            inside.append(logits)
        found.append(torch.stack(rows))
        alike.append(iou(inside[1], inside[2]))
    whole = torch.cat(found, 1)
    return {
        "iou_likeliest": whole[0].mean().item(),
        "iou_of_seeds": whole[1:].mean().item(),
        f"iou_best_of_{seeds}": whole[1:].amax(0).mean().item(),
        "two_seeds_agree": torch.cat(alike).mean().item(),
    }
