"""What the stages of the diffusion model learn from: encoded shapes with their images, and held-out ones to measure by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...api.errors import TrainingError
from ...files import write_whole
from ...models.conditioner import SingleImageEncoder
from ...models.shape_vae import ShapeVAE, Surface
from ...sampling.flow import Velocity, sample
from ...sampling.schedules import Schedule
from ..data.dataset import ShapeData, ViewData
from .runner import Batch
from .vae import augment, occupancy_iou

_ENCODE_BATCH = 64
LATENTS_NAME = "latents.safetensors"
"""File beside the stages' folders with the encoded training split."""
FEW_STEPS = (1, 2, 3, 5, 8)
"""Numbers of steps that generation is validated with."""


def column(guidance: float, steps: int) -> str:
    """Name of what was measured at a guidance scale and a number of steps in `validation.csv`."""
    return f"w{guidance:g}_{steps}_steps"


def encode_split(vae: ShapeVAE, data_folder: Path, data_key: str, cache: Path, device: torch.device) -> Tensor:
    """Encode every cloud of every training row, plain and mirrored; kept in `cache` for the same autoencoder and data.

    Args:
        vae: with its encoder, on `device`.
        data_folder: prepared data.
        data_key: tells the data from any other.
        cache: file.
        device: where the latents are wanted.

    Returns:
        float16 [rows, E, N, C], unscaled; the second half of the E encodings shows the mirror image.

    Raises:
        TrainingError: the points are not prepared as far as `data_key` says.
    """
    digest = hashlib.sha256(f"{data_key} {vae.spec.num_latents}".encode())
    for parameter in vae.parameters():
        digest.update(f"{parameter.double().sum().item():.9e}".encode())
    if cache.exists():
        stored = load_file(cache, device=str(device))
        if bytes(stored["key"].tolist()) == digest.digest():
            return stored["values"]
    data = ShapeData(data_folder, "train", device)
    if data.key != data_key:
        raise TrainingError(f"{data_folder} has points and views of different shapes; let the preparation run to its end.")
    values = torch.cat([_encoded(vae, data, mirrored) for mirrored in (False, True)], dim=1)
    stored = {"values": values, "key": torch.tensor(list(digest.digest()), dtype=torch.uint8)}
    write_whole(cache, lambda p: save_file(stored, p))
    return values


@torch.no_grad()
def _encoded(vae: ShapeVAE, data: ShapeData, mirrored: bool) -> Tensor:
    """float16 [rows, clouds, N, C]."""
    sign = torch.tensor([-1.0 if mirrored else 1.0, 1.0, 1.0], device=data.device)
    clouds = []
    for cloud in range(data.clouds):
        means = []
        for rows in torch.arange(len(data), device=data.device).split(_ENCODE_BATCH):
            surface = data.surfaces(rows, torch.full_like(rows, cloud), vae.spec.num_latents)
            turn, scale = sign.diag().expand(len(rows), 3, 3), torch.ones(len(rows), device=data.device)
            read = Surface(augment(surface.data, turn, scale), augment(surface.queries, turn, scale))
            means.append(vae.encode_unscaled(read).mean.half())
        clouds.append(torch.cat(means))
    return torch.stack(clouds, dim=1)


def condition_image(rgba: Tensor) -> Tensor:
    """uint8 [B, S, S, 4] already recentred -> float32 [B, 3, S, S] in [-1, 1], composited on white."""
    pixels = rgba.permute(0, 3, 1, 2).float() / 255
    alpha = pixels[:, 3:]
    return (pixels[:, :3] * alpha + 1 - alpha) * 2 - 1


def recolour(rgba: Tensor, rng: torch.Generator) -> Tensor:
    """Other colours for the same shapes: channels swapped and scaled at random in half of the images.

    uint8 [B, S, S, 4] -> the same. A shape must not be told by its colour alone.
    """
    batch, device = len(rgba), rgba.device
    order = torch.rand(batch, 3, generator=rng, device=device).argsort(1)
    gain = 0.6 + 0.7 * torch.rand(batch, 3, generator=rng, device=device)
    other = rgba[..., :3].gather(3, order[:, None, None].expand(*rgba.shape[:3], 3)) * gain[:, None, None]
    chosen = torch.rand(batch, 1, 1, 1, generator=rng, device=device) < 0.5
    colours = torch.where(chosen, other.clamp(0, 255).to(torch.uint8), rgba[..., :3])
    return torch.cat([colours, rgba[..., 3:]], dim=-1)


def random_views(views: ViewData, rows: Tensor, mirrored: Tensor, rng: torch.Generator) -> Tensor:
    """A random view of each of the rows int64 [B], recoloured, mirrored where bool [B] says: float32 [B, 3, S, S] in [-1, 1]."""
    chosen = torch.randint(views.views, rows.shape, generator=rng, device=rng.device)
    images = condition_image(recolour(views.images(rows, chosen), rng))
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)


class ImageLatentPairs:
    """Images and latents of the training split, on one device.

    Attributes:
        scale_factor: brings the latents to unit deviation (`scale_factor` of the published configs).

    Args:
        data_folder: prepared data.
        vae: with its encoder, on `device`.
        cache: file of the latents.
        device: where they are wanted.
        scaled: the factor is that of `vae`; otherwise it is measured.

    Raises:
        TrainingError: the prepared data lack views, or points and views are of different rows.
    """

    def __init__(self, data_folder: Path, vae: ShapeVAE, cache: Path, device: torch.device, scaled: bool = True) -> None:
        self.views = ViewData(data_folder, "train", device)
        self._latents = encode_split(vae, data_folder, self.views.key, cache, device)
        self.scale_factor = vae.spec.scale_factor if scaled else 1.0 / self._latents.float().std().item()

    def sample_batch(self, batch: int, rng: torch.Generator) -> Batch:
        """Random pairs: `images` float32 [B, 3, S, S] in [-1, 1], scaled `latents` float32 [B, N, C], and `noise` like them."""
        values, device = self._latents, rng.device
        rows = torch.randint(len(values), (batch,), generator=rng, device=device)
        encoding = torch.randint(values.shape[1], (batch,), generator=rng, device=device)
        latents = values[rows, encoding].float() * self.scale_factor
        return {
            "images": random_views(self.views, rows, encoding >= values.shape[1] // 2, rng),
            "latents": latents,
            "noise": torch.randn(latents.shape, generator=rng, device=device),
        }


class GenerationValidator:
    """Shapes generated from one view of each held-out mesh, compared with the true ones; the same noise every time.

    Args:
        data_folder: prepared data; the validation split is used.
        vae: decodes latents.
        shapes: at most so many meshes.
        device: where it runs.
    """

    def __init__(self, data_folder: Path, vae: ShapeVAE, shapes: int, device: torch.device) -> None:
        self.vae = vae
        self.data = ShapeData(data_folder, "val", device)
        views = ViewData(data_folder, "val", device)
        self.rows = torch.arange(min(shapes, len(self.data)), device=device)
        self.images = condition_image(views.images(self.rows, self.rows % views.views))
        rng = torch.Generator().manual_seed(0)
        self.noise = torch.randn(len(self.rows), vae.spec.num_latents, vae.spec.embed_dim, generator=rng).to(device)

    def tokens(self, conditioner: SingleImageEncoder) -> Tensor:
        """Condition tokens float32 [B, T, C] of the images."""
        return conditioner(self.images).float()

    def iou(self, velocity: Velocity, schedule: Schedule) -> Tensor:
        """V-IoU [K] of shapes sampled with `velocity` over the steps of `schedule`."""
        *_, last = sample(velocity, self.noise, schedule)
        return self.iou_of(last.latents)

    def iou_of(self, latents: Tensor) -> Tensor:
        """V-IoU [K] of scaled latents [B, N, C] of the meshes in their order."""
        found = []
        for rows, part in zip(self.rows.split(32), latents.split(32), strict=True):
            rng = torch.Generator(self.data.device).manual_seed(0)
            found.append(occupancy_iou(self.vae, self.vae.decode(part), self.data, rows, rng)[1])
        return torch.cat(found)
