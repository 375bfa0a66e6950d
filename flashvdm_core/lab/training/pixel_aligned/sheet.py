"""Pictures of held-out shapes: the input, and the decoded surface from the front, three quarters and the back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ....api.mesh import TriangleMesh
from ....decoding import decode_volume
from ....files import write_whole
from ....models.pixel_aligned import PixelAlignedDecoder
from ....pipeline.shape import read_picture
from ....surface.marching import extract_surface
from ...data.render import Camera, render_view

SIDE = 128
_GREY, _GROUND = (176, 182, 190), (226, 229, 233)
_TURNS = (0.0, -50.0, 180.0)


@torch.no_grad()
def reconstruct(decoder: PixelAlignedDecoder, pixels: Tensor, decoded: Tensor, resolution: int) -> TriangleMesh:
    """One picture -> its surface, upright.

    Args:
        decoder: the decoder.
        pixels: uint8 [S, S, 4].
        decoded: float [1, N, W], decoded latents of it; N may be 0.
        resolution: cells along each axis.

    Raises:
        EmptySurfaceError: the field has no inside.
    """
    picture = read_picture(decoder, pixels.numpy())
    *_, level = decode_volume(picture.field(decoded), resolution, method="hierarchical")
    return picture.upright(extract_surface(level.volume))


def sheet(
    decoder: PixelAlignedDecoder, images: Tensor, decoded: Tensor, path: Path, columns: int = 2, resolution: int = 64
) -> None:
    """Write a contact sheet of pictures uint8 [N, S, S, 4] with latents [N, L, W] as PNG."""
    entries = [_entry(decoder, image, decoded[at : at + 1], resolution) for at, image in enumerate(images)]
    entries += [Image.new("RGB", entries[0].size, _GROUND)] * (-len(entries) % columns)
    width, height = entries[0].size
    whole = Image.new("RGB", (columns * width, len(entries) // columns * height), _GROUND)
    for number, entry in enumerate(entries):
        whole.paste(entry, (number % columns * width, number // columns * height))
    write_whole(path, lambda partial: whole.save(partial, "PNG"))


def _entry(decoder: PixelAlignedDecoder, image: Tensor, decoded: Tensor, resolution: int) -> Image.Image:
    """One picture with its shape, side by side."""
    mesh = reconstruct(decoder, image, decoded, resolution)
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces.astype(np.int64))
    colour = torch.tensor(_GREY, dtype=torch.uint8).expand(len(faces), 3)
    drawn = [render_view(vertices, faces, colour, Camera(yaw=turn, elevation=15.0), SIDE) for turn in _TURNS]
    entry = Image.new("RGB", (SIDE * (1 + len(drawn)), SIDE), _GROUND)
    for place, rgba in enumerate([image, *drawn]):
        picture = Image.fromarray(rgba.numpy()).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        entry.paste(picture, (place * SIDE, 0), picture)
    return entry
