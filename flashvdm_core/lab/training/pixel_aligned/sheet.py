"""Pictures of held-out shapes: the input, and the decoded surface from the front, three quarters and the back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ....api.mesh import TriangleMesh
from ....api.settings import Settings
from ....api.units import BOX_HALF_SIDE
from ....decoding import decode_volume
from ....files import write_whole
from ....geometry.cleanup import clean_up
from ....geometry.components import vertex_components
from ....geometry.edges import boundary_edges
from ....geometry.raster import rasterise
from ....models.pixel_aligned import TO_PICTURE, PixelAlignedDecoder
from ....pipeline.shape import read_picture
from ....sampling import draw_noise
from ....surface.marching import extract_surface
from ...data.render import Camera, render_view

SIDE = 128
_GREY, _GROUND = (176, 182, 190), (226, 229, 233)
_TURNS = (0.0, -50.0, 180.0)
_CPU = torch.device("cpu")


@torch.no_grad()
def reconstruct(decoder: PixelAlignedDecoder, pixels: Tensor, decoded: Tensor, resolution: int, seed: int = 0) -> TriangleMesh:
    """One picture -> its surface, upright.

    Args:
        decoder: the decoder.
        pixels: uint8 [S, S, 4].
        decoded: float [1, N, W], decoded latents of it; N may be 0.
        resolution: cells along each axis.
        seed: of the variation; 0 is none.

    Raises:
        EmptySurfaceError: the field has no inside.
    """
    picture = read_picture(decoder, pixels.numpy())
    if seed:
        picture = picture.read_with(draw_noise(seed, 1, 1, decoder.spec.variation, device=_CPU, dtype=torch.float32), 0)
    *_, level = decode_volume(picture.field(decoded), resolution, method="hierarchical")
    return picture.upright(extract_surface(level.volume))


@dataclass(frozen=True)
class MeshScores:
    """What can be said of meshes without the true shape, means over pictures.

    Attributes:
        silhouette: IoU of the mesh, seen as the picture was taken, with the picture's outline.
        closed: share of the meshes that are one closed surface.
        cut: share of the meshes that reach the sides of the decoded box.
    """

    silhouette: float
    closed: float
    cut: float


@torch.no_grad()
def mesh_scores(decoder: PixelAlignedDecoder, images: Tensor, decoded: Tensor, resolution: int) -> MeshScores:
    """Of pictures uint8 [N, S, S, 4] with latents [N, L, W]; a mesh has what clean-up leaves of it, as in the product."""
    rows = []
    for at, image in enumerate(images):
        picture = read_picture(decoder, image.numpy())
        *_, level = decode_volume(picture.field(decoded[at : at + 1]), resolution, method="hierarchical")
        mesh = clean_up(extract_surface(level.volume), Settings().largest_parts)
        parts = len(np.unique(vertex_components(mesh.faces, len(mesh.vertices))[mesh.faces[:, 0]]))
        cut = np.abs(mesh.vertices).max() > BOX_HALF_SIDE * (1 - 1e-4)
        rows.append((_silhouette(mesh, image[..., 3].numpy() > 127), parts == 1 and not boundary_edges(mesh), cut))
    return MeshScores(*np.array(rows, np.float64).mean(0).tolist())


def _silhouette(mesh: TriangleMesh, mask: np.ndarray) -> float:
    """IoU of a mesh of the view frame with the picture's outline, bool [S, S]."""
    side = len(mask)
    place = ((mesh.vertices * (TO_PICTURE, -TO_PICTURE, 1) + (1, 1, 0)) * (side / 2, side / 2, 1)).astype(np.float32)
    ids, _ = rasterise(place[mesh.faces][..., :2], place[mesh.faces][..., 2], side, side)
    return float(((ids >= 0) & mask).sum() / ((ids >= 0) | mask).sum())


def sheet(
    decoder: PixelAlignedDecoder,
    images: Tensor,
    decoded: Tensor,
    path: Path,
    columns: int = 2,
    resolution: int = 64,
    seeds: int = 0,
) -> None:
    """Write a contact sheet of pictures uint8 [N, S, S, 4] with latents [N, L, W] as PNG.

    Each picture has its shape from three sides beside it, or from one side the shapes of so many seeds.
    """
    looks = [(seed, _TURNS[1]) for seed in range(seeds)] or [(0, turn) for turn in _TURNS]
    entries = [_entry(decoder, image, decoded[at : at + 1], resolution, looks) for at, image in enumerate(images)]
    entries += [Image.new("RGB", entries[0].size, _GROUND)] * (-len(entries) % columns)
    width, height = entries[0].size
    whole = Image.new("RGB", (columns * width, len(entries) // columns * height), _GROUND)
    for number, entry in enumerate(entries):
        whole.paste(entry, (number % columns * width, number // columns * height))
    write_whole(path, lambda partial: whole.save(partial, "PNG"))


def _entry(
    decoder: PixelAlignedDecoder, image: Tensor, decoded: Tensor, resolution: int, looks: list[tuple[int, float]]
) -> Image.Image:
    """One picture with its shapes, side by side, by seed and turn of the camera."""
    meshes = {seed: reconstruct(decoder, image, decoded, resolution, seed) for seed, _ in looks}
    entry = Image.new("RGB", (SIDE * (1 + len(looks)), SIDE), _GROUND)
    for place, rgba in enumerate([image, *(_drawn(meshes[seed], turn) for seed, turn in looks)]):
        picture = Image.fromarray(rgba.numpy()).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        entry.paste(picture, (place * SIDE, 0), picture)
    return entry


def _drawn(mesh: TriangleMesh, turn: float) -> Tensor:
    """A mesh in grey, uint8 [SIDE, SIDE, 4]."""
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces.astype(np.int64))
    colour = torch.tensor(_GREY, dtype=torch.uint8).expand(len(faces), 3)
    return render_view(vertices, faces, colour, Camera(yaw=turn, elevation=15.0), SIDE)
