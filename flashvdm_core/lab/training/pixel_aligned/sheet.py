"""Pictures of held-out shapes: the input, and the decoded surface from the front, three quarters and the back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ....api.mesh import TriangleMesh
from ....files import write_whole
from ....models.pixel_aligned import HALF_DEPTH, PixelAlignedModel, PixelFeatures
from ....sparse_grid import Grid, Points, SparseVolume
from ....surface.marching import extract_surface
from ...data.render import Camera, render_view
from .validate import network_input

SIDE = 128
_ACROSS = 0.8
_CHUNK = 65536
_GREY, _GROUND = (176, 182, 190), (226, 229, 233)
_TURNS = (0.0, -50.0, 180.0)


@torch.no_grad()
def reconstruct(model: PixelAlignedModel, images: Tensor, alpha: Tensor, resolution: int) -> TriangleMesh:
    """One picture -> its surface in the upright frame, by the dense field on a grid of the view frame.

    Args:
        model: the network.
        images, alpha: float32 [1, 3, S, S] and [1, 1, T, T].
        resolution: cells along each axis.

    Raises:
        EmptySurfaceError: the field has no inside.
    """
    features = model.encoder(images, alpha)
    steps = torch.linspace(-1, 1, resolution + 1)
    grid = Grid(torch.stack([steps * _ACROSS, steps * _ACROSS, steps * HALF_DEPTH]))
    indices = grid.all_indices()
    logits = torch.cat([_logits(model, features, grid.coordinates(part)) for part in indices.split(_CHUNK)])
    mesh = extract_surface(SparseVolume(Points(grid, indices), logits))
    vertices = torch.from_numpy(np.ascontiguousarray(mesh.vertices))[None]
    return TriangleMesh(features.camera.to_upright(vertices)[0].numpy(), mesh.faces)


def _logits(model: PixelAlignedModel, features: PixelFeatures, view: Tensor) -> Tensor:
    return model.field(features, view[None], features.camera, model.keys_values(1))[0]


def sheet(model: PixelAlignedModel, images: Tensor, path: Path, columns: int = 2, resolution: int = 64) -> None:
    """Write a contact sheet of pictures uint8 [N, S, S, 4] as PNG."""
    entries = [_entry(model, image[None], resolution) for image in images]
    entries += [Image.new("RGB", entries[0].size, _GROUND)] * (-len(entries) % columns)
    width, height = entries[0].size
    whole = Image.new("RGB", (columns * width, len(entries) // columns * height), _GROUND)
    for number, entry in enumerate(entries):
        whole.paste(entry, (number % columns * width, number // columns * height))
    write_whole(path, lambda partial: whole.save(partial, "PNG"))


def _entry(model: PixelAlignedModel, image: Tensor, resolution: int) -> Image.Image:
    """One picture with its shape, side by side."""
    mesh = reconstruct(model, *network_input(image, model.encoder.spec.image_size), resolution)
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces.astype(np.int64))
    colour = torch.tensor(_GREY, dtype=torch.uint8).expand(len(faces), 3)
    elevation = 15.0
    drawn = [render_view(vertices, faces, colour, Camera(yaw=turn, elevation=elevation), SIDE) for turn in _TURNS]
    entry = Image.new("RGB", (SIDE * (1 + len(drawn)), SIDE), _GROUND)
    for place, rgba in enumerate([image[0], *drawn]):
        picture = Image.fromarray(rgba.numpy()).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        entry.paste(picture, (place * SIDE, 0), picture)
    return entry
