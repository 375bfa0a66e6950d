"""Stage "shape", end-to-end SDF fine-tuning: image encoder, student and decoder learn together from the true distances.

The stages before it compare latents. But the tokens of a latent set have no order, and which of them a token of noise
turns into is decided by chance: part of that loss is about what no image tells. The decoded field does not depend on
the order. Here the student's estimate of the clean latents is decoded, and compared
with the true distances:

    x_k from k steps of the student itself (k = 0 to 4, each for a fifth of the batch, without gradients), then
    clean = x_k + (1 - s_k) v(x_k, s_k), loss(decode(clean), sdf).

The student thus learns on the states that it meets when it samples. A share of the batch is decoded from encoded latents,
so that the decoder keeps what it knows of real shapes. The stage is not part of the paper.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ...api.errors import TrainingError
from ...checkpoints.save import save_model
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.shape_vae import ShapeVAE, Surface
from ...models.specs import PUBLISHED_TRUNCATION
from ...sampling.flow import guided_velocity
from ...sampling.schedules import consistency_schedule
from ..data.dataset import ShapeData, ViewData
from ..files import device_of_choice
from .checkpoint import limit_frequencies, open_model, set_truncation
from .distill import SOLVER_STEPS, STEPS
from .pairs import GenerationValidator, random_views
from .runner import Batch, Run, RunConfig
from .teacher import Teacher
from .vae import freeze_encoder, reconstruction_losses
from .vae import validate as validate_reconstruction

_TIMES = list(consistency_schedule(STEPS, SOLVER_STEPS).sigmas[:-1])


@dataclasses.dataclass(frozen=True)
class ShapeConfig(RunConfig):
    """How the parts are trained together.

    Attributes:
        encoded: share of the batch, at least one shape, that is decoded from encoded latents.
        near, uniform: queries a shape near the surface and in the whole volume.
        truncation: distance (core frame) at which the target saturates; the logits of the starting checkpoint are scaled
            to it where its config says at which distance they reach 1, and otherwise taken for such.
        frequencies: the point decoder goes on with so many of its frequencies. An image tells little about details, and
            whatever wave the decoder has is laid over the surface where it is in doubt.
        sign_weight: weight of the logistic loss on the side of the surface.
        overlap_weight: weight of one minus the soft IoU of the generated shapes. The other losses are least for a shape
            that is too small, since where the image leaves room for doubt most points are more likely outside.
        validate_shapes: meshes of the validation split that are generated and reconstructed.
    """

    batch: int = 32
    learning_rate: float = 2e-4
    encoded: float = 0.25
    near: int = 512
    uniform: int = 512
    truncation: float = PUBLISHED_TRUNCATION
    frequencies: int = 5
    sign_weight: float = 0.1
    overlap_weight: float = 0.5
    validate_shapes: int = 64


class FullModel(Teacher):
    """Everything that makes a shape of an image; the names are those of the published single files."""

    def __init__(self, model: DiT, conditioner: SingleImageEncoder, vae: ShapeVAE) -> None:
        super().__init__(model, conditioner)
        self.vae = vae


def on_policy_states(model: DiT, noise: Tensor, tokens: Tensor, scale: Tensor, times: list[float]) -> tuple[Tensor, Tensor]:
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


def mirror(points: Tensor, mirrored: Tensor) -> Tensor:
    """Positions [B, n, 3], or positions, normals and a flag [B, n, 7], mirrored left to right where bool [B] says so."""
    signs = torch.ones(len(points), points.shape[-1], device=points.device)
    signs[:, [0, 3][: 1 + (points.shape[-1] > 3)]] = 1 - 2 * mirrored[:, None].float()
    return points * signs[:, None]


def soft_iou(logits: Tensor, sdf: Tensor) -> Tensor:
    """IoU [B] of the true occupancy with a soft one, at points uniform in the volume; logits and sdf [B, q]."""
    inside, truth = torch.sigmoid(8 * logits), (sdf > 0).float()
    both = (inside * truth).sum(1)
    return both / (inside + truth - inside * truth).sum(1).clamp(min=1)


def train_shape(config: ShapeConfig, data_folder: Path, start: Path, vae: Path | None, out: Path) -> None:
    """Train, or go on training, the parts of the distilled model in the folder `start` together in the folder `out`.

    The encoder of shapes is frozen: the space of the latents stays. `vae` replaces the model's own VAE.
    """
    device = device_of_choice()
    begin = open_model(start, vae)
    if begin.schedule.kind != "consistency" or not begin.guidance_embed:
        raise TrainingError(f"{start} holds no distilled student; the stage shape starts from what a stage after guidance wrote.")
    set_truncation(begin.vae, begin.truncation, config.truncation)
    whole = FullModel(begin.denoiser, begin.image_encoder, begin.vae).to(device).requires_grad_(True)
    freeze_encoder(begin.vae)
    limit_frequencies(begin.vae, config.frequencies)
    data = ShapeData(data_folder, "train", device)
    views = ViewData(data_folder, "train", device)
    if views.key != data.key:
        raise TrainingError(f"{data_folder} has points and views of different shapes; let the preparation run to its end.")
    spec = begin.vae.spec

    def publish(averaged: FullModel) -> None:
        parts = {"denoiser": averaged.model, "image_encoder": averaged.conditioner, "vae": averaged.vae}
        save_model(dataclasses.replace(begin, **parts, truncation=config.truncation), out)

    run = Run(out, config, whole, device, publish)
    held_out = GenerationValidator(data_folder, run.averaged.vae, config.validate_shapes, device)
    encoded = encoded_part(config)

    def sample_batch(rng: torch.Generator) -> Batch:
        rows = torch.randint(len(data), (config.batch,), generator=rng, device=device)
        clouds = torch.randint(data.clouds, (encoded,), generator=rng, device=device)
        mirrored = torch.rand(config.batch, generator=rng, device=device) < 0.5
        points, sdf = data.queries(rows, config.near, config.uniform, rng)
        surface = data.surfaces(rows[:encoded], clouds, spec.num_latents)
        noise = torch.randn(config.batch, spec.num_latents, spec.embed_dim, generator=rng, device=device)
        return {
            "images": random_views(views, rows, mirrored, rng),
            "noise": noise,
            "scale": torch.full((config.batch,), begin.default_guidance, device=device),
            "points": mirror(points, mirrored),
            "sdf": sdf,
            "data": mirror(surface.data, mirrored[:encoded]),
            "queries": mirror(surface.queries, mirrored[:encoded]),
        }

    guidance = begin.default_guidance
    run.train(
        sample_batch, lambda batch: shape_loss(run.model, batch, config), lambda: validate(run.averaged, held_out, guidance)
    )


def encoded_part(config: ShapeConfig) -> int:
    """Shapes of a batch that are also decoded from encoded latents."""
    return max(1, round(config.encoded * config.batch))


def shape_loss(whole: FullModel, batch: Batch, config: ShapeConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss on the true distances of generated and of encoded shapes, and its parts."""
    model, vae, scale = whole.model, whole.vae, batch["scale"]
    count, encoded = len(scale), len(batch["data"])
    tokens = whole.conditioner(batch["images"])
    with torch.no_grad():
        state, at = on_policy_states(model, batch["noise"], tokens, scale, _TIMES)
        real = vae.encode(Surface(batch["data"], batch["queries"])).mean
    clean = state + (1 - at)[:, None, None] * model(state, at, tokens, scale).float()
    latents = torch.cat([clean, real])
    points, sdf = (torch.cat([value, value[:encoded]]) for value in (batch["points"], batch["sdf"]))
    logits = vae.geo_decoder(points, vae.geo_decoder.keys_values(vae.decode(latents)))[..., 0].float()
    square, sign = reconstruction_losses(logits[:count], sdf[:count], config.truncation)
    real_square, real_sign = reconstruction_losses(logits[count:], sdf[count:], config.truncation)
    overlap = soft_iou(logits[:count, config.near :], sdf[:count, config.near :]).mean()
    total = square + real_square + config.sign_weight * (sign + real_sign) + config.overlap_weight * (1 - overlap)
    parts = {"square": square, "sign": sign, "overlap": overlap}
    return total, parts | {"encoded_square": real_square, "encoded_sign": real_sign}


def validate(whole: FullModel, held_out: GenerationValidator, guidance: float) -> Mapping[str, Tensor | float]:
    """V-IoU of shapes generated in one step and in `STEPS`, and V-IoU and S-IoU of reconstructions."""
    velocity = guided_velocity(whole.model, held_out.tokens(whole.conditioner), guidance)
    found = {
        f"generated_{steps}_steps": held_out.iou(velocity, consistency_schedule(steps, SOLVER_STEPS)) for steps in (1, STEPS)
    }
    return found | dict(validate_reconstruction(whole.vae, held_out.data, len(held_out.rows)))
