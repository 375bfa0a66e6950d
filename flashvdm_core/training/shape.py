"""Stage "shape": image encoder, student and decoder learn together from the true distances.

The stages before it compare latents. But the tokens of a latent set have no order, and which of them a token of noise
turns into is decided by chance, so that a small transformer spends much of its loss on what no picture tells. The
decoded field does not depend on the order. Here the student's estimate of the clean latents is decoded, and compared
with the true distances:

    x_k from k steps of the student itself (k drawn anew for each batch, without gradients), then
    clean = x_k + (1 - s_k) v(x_k, s_k), loss(decode(clean), sdf).

The student thus learns on the states that it meets when it samples. A share of the batch is decoded from encoded latents,
so that the decoder keeps what it knows of real shapes. The stage is not part of the paper.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..checkpoints.config import CONFIG_NAME
from ..checkpoints.load import load_checkpoint, load_vae
from ..errors import TrainingError
from ..models.conditioner import SingleImageEncoder
from ..models.dit import DiT
from ..models.shape_vae import ShapeVAE, Surface
from ..sampling.flow import guided_velocity
from ..sampling.schedules import consistency_schedule
from .dataset import ShapeData, ViewData
from .distill import SOLVER_STEPS
from .pairs import Generation, random_pictures
from .runner import Batch, Run, RunConfig, device_of_choice
from .vae import reconstruction_losses
from .vae import validate as validate_reconstruction

STEPS = 5
BASE = "base"
"""Subfolder of an exported checkpoint: the base decoder, which the efficient one is measured against."""


@dataclasses.dataclass(frozen=True)
class ShapeConfig(RunConfig):
    """How the parts are trained together.

    Attributes:
        encoded: share of the batch, at least one shape, that is decoded from encoded latents.
        near, uniform: queries a shape near the surface and in the whole volume.
        truncation: distance (core frame) at which the target saturates: a checkpoint's logits are scaled by
            `export.LOGIT_SCALE`, so it is that much shorter than in the stages before.
        frequencies: the point decoder goes on with so many of its frequencies.
        sign_weight: weight of the logistic loss on the side of the surface.
        overlap_weight: weight of one minus the soft IoU of the generated shapes. The other losses are least for a shape
            that is too small, since where the picture leaves room for doubt most points are more likely outside.
        validate_shapes: props of the validation split that are generated and reconstructed.
    """

    batch: int = 32
    learning_rate: float = 2e-4
    encoded: float = 0.25
    near: int = 512
    uniform: int = 512
    truncation: float = 0.0333
    frequencies: int = 5
    sign_weight: float = 0.1
    overlap_weight: float = 0.5
    validate_shapes: int = 64


class Whole(nn.Module):
    """Everything that makes a shape of an image; the names are those of the published single files."""

    def __init__(self, model: DiT, conditioner: SingleImageEncoder, vae: ShapeVAE) -> None:
        super().__init__()
        self.model, self.conditioner, self.vae = model, conditioner, vae


def load_whole(folder: Path) -> tuple[Whole, float]:
    """A checkpoint folder with a distilled student, in float32, and its guidance scale.

    The encoder of shapes is frozen: the space of the latents stays.
    """
    found = load_checkpoint(folder, "cpu", torch.float32)
    if not isinstance(found.dit, DiT) or not found.guidance_embed or found.schedule.kind != "consistency":
        raise TrainingError(f"{folder} holds no distilled student; give the folder of an exported one.")
    vae = load_vae(folder, "cpu", torch.float32, with_encoder=True)
    whole = Whole(found.dit, found.conditioner, vae).requires_grad_(True)
    assert vae.encoder is not None
    assert vae.pre_kl is not None
    vae.encoder.requires_grad_(False)
    vae.pre_kl.requires_grad_(False)
    return whole, found.guidance


def keep_frequencies(vae: ShapeVAE, count: int) -> None:
    """Let the point decoder use the `count` lowest of its frequencies: the weights of the others are zero and stay so.

    A picture tells little about details, and whatever wave the decoder has is laid over the surface where it is in doubt.
    """
    decoder = vae.geo_decoder
    # Positions, then sine and cosine of each of three coordinates.
    used = torch.cat([torch.ones(3), (torch.arange(decoder.fourier.num_freqs).repeat(6) < count).float()])
    used = used.to(decoder.query_proj.weight)
    with torch.no_grad():
        decoder.query_proj.weight *= used
    decoder.query_proj.weight.register_hook(lambda gradient: gradient * used)


def own_states(model: DiT, noise: Tensor, tokens: Tensor, scale: Tensor, times: list[float]) -> tuple[Tensor, Tensor]:
    """States that the student itself leads to, from noise [B, N, C]: those of each part of the batch after 0, 1, ... steps.

    Returns:
        States [B, N, C] and their times [B]; the batch is cut into len(times) parts.
    """
    bounds = [len(noise) * part // len(times) for part in range(len(times) + 1)]
    state, at = noise.clone(), torch.empty(len(noise), device=noise.device)
    for step, start in enumerate(times):
        at[bounds[step] : bounds[step + 1]] = start
        rest = slice(bounds[step + 1], None)
        if step + 1 < len(times):
            now = torch.full_like(scale[rest], start)
            velocity = model(state[rest], now, tokens[rest], scale[rest]).float()
            state[rest] += (times[step + 1] - start) * velocity
    return state, at


def flipped(points: Tensor, mirrored: Tensor) -> Tensor:
    """Positions [B, n, 3], or positions, normals and a flag [B, n, 7], mirrored left to right where bool [B] says so."""
    signs = torch.ones(len(points), points.shape[-1], device=points.device)
    signs[:, [0, 3][: 1 + (points.shape[-1] > 3)]] = 1 - 2 * mirrored[:, None].float()
    return points * signs[:, None]


def soft_iou(logits: Tensor, sdf: Tensor) -> Tensor:
    """IoU [B] of the true occupancy with a soft one, at points uniform in the volume; logits and sdf [B, q]."""
    inside, truth = torch.sigmoid(8 * logits), (sdf > 0).float()
    both = (inside * truth).sum(1)
    return both / (inside + truth - inside * truth).sum(1).clamp(min=1)


def train_shape(config: ShapeConfig, data_folder: Path, start: Path, out: Path) -> None:
    """Train, or go on training, the parts of the checkpoint folder `start` together in the folder `out`.

    What an export needs beside the weights is copied from `start` to `out`.
    """
    device = device_of_choice()
    whole, guidance = load_whole(start)
    keep_frequencies(whole.vae.to(device), config.frequencies)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(start / CONFIG_NAME, out / CONFIG_NAME)
    if (start / BASE).is_dir():
        shutil.copytree(start / BASE, out / BASE, dirs_exist_ok=True)
    data = ShapeData(data_folder, "train", device)
    views = ViewData(data_folder, "train", device)
    if views.key != data.key:
        raise TrainingError(f"{data_folder} has points and views of different shapes; let the preparation run to its end.")
    spec = whole.vae.spec
    run = Run(out, config, whole, device)
    held_out = Generation(data_folder, run.averaged.vae, spec.scale_factor, config.validate_shapes, device)
    times = list(consistency_schedule(STEPS, SOLVER_STEPS).sigmas[:-1])
    encoded = max(1, round(config.encoded * config.batch))

    def draw(rng: torch.Generator) -> Batch:
        rows = torch.randint(len(data), (config.batch,), generator=rng, device=device)
        clouds = torch.randint(data.clouds, (encoded,), generator=rng, device=device)
        mirrored = torch.rand(config.batch, generator=rng, device=device) < 0.5
        points, sdf = data.queries(rows, config.near, config.uniform, rng)
        surface = data.surfaces(rows[:encoded], clouds, spec.num_latents)
        noise = torch.randn(config.batch, spec.num_latents, spec.embed_dim, generator=rng, device=device)
        return {
            "images": random_pictures(views, rows, mirrored, rng),
            "noise": noise,
            "points": flipped(points, mirrored),
            "sdf": sdf,
            "data": flipped(surface.data, mirrored[:encoded]),
            "queries": flipped(surface.queries, mirrored[:encoded]),
        }

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        model, vae = run.model.model, run.model.vae
        tokens = run.model.conditioner(batch["images"])
        scale = torch.full((config.batch,), guidance, device=device)
        with torch.no_grad():
            state, at = own_states(model, batch["noise"], tokens, scale, times)
            real = vae.encode(Surface(batch["data"], batch["queries"])).mean
        clean = state + (1 - at)[:, None, None] * model(state, at, tokens, scale).float()
        latents = torch.cat([clean / spec.scale_factor, real])
        points, sdf = (torch.cat([value, value[:encoded]]) for value in (batch["points"], batch["sdf"]))
        logits = vae.geo_decoder(points, vae.geo_decoder.keys_values(vae.decode(latents)))[..., 0].float()
        square, sign = reconstruction_losses(logits[: config.batch], sdf[: config.batch], config.truncation)
        real_square, real_sign = reconstruction_losses(logits[config.batch :], sdf[config.batch :], config.truncation)
        overlap = soft_iou(logits[: config.batch, config.near :], sdf[: config.batch, config.near :]).mean()
        total = square + real_square + config.sign_weight * (sign + real_sign) + config.overlap_weight * (1 - overlap)
        parts = {"square": square, "sign": sign, "overlap": overlap}
        return total, parts | {"encoded_square": real_square, "encoded_sign": real_sign}

    run.train(draw, loss, lambda: validate(run.averaged, held_out, guidance))


def validate(whole: Whole, held_out: Generation, guidance: float) -> Mapping[str, float]:
    """V-IoU of shapes generated in one step and in `STEPS`, and V-IoU and S-IoU of reconstructions."""
    velocity = guided_velocity(whole.model, held_out.tokens(whole.conditioner), guidance, distilled=True)
    found = {
        f"generated_{steps}_steps": held_out.iou(velocity, consistency_schedule(steps, SOLVER_STEPS)) for steps in (1, STEPS)
    }
    return found | dict(validate_reconstruction(whole.vae, held_out.data, len(held_out.rows)))
