"""Stage "teacher": the image encoder and the diffusion transformer by rectified flow (paper section 3.1).

x_s = s data + (1 - s) noise, target velocity data - noise, conditions dropped for classifier-free guidance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...api.errors import TrainingError
from ...checkpoints.model import Model
from ...checkpoints.save import save_model
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT, MLPEmbedder, timestep_embedding
from ...models.specs import DEFAULT_GUIDANCE, ConditionerSpec, DinoSpec, DiTSpec, ProcessorSpec, ScheduleSpec
from ...sampling.flow import guided_velocity
from ...sampling.schedules import flow_matching_schedule
from ..files import device_of_choice
from .checkpoint import Autoencoder, frozen_on, open_autoencoder, open_model
from .pairs import FEW_STEPS, LATENTS_NAME, GenerationValidator, ImageLatentPairs, column
from .runner import Batch, Run, RunConfig, last_validation

SCHEDULE = ScheduleSpec()
"""Time steps of an undistilled model."""


@dataclasses.dataclass(frozen=True)
class FlowConfig(RunConfig):
    """How an image encoder and a transformer are trained.

    Attributes:
        drop: share of conditions replaced by zeros.
        freeze_encoder: keep the image encoder as it is.
        undistil: go on from a distilled model. Its own guidance scale becomes part of it, and it unlearns to answer in few
            steps.
        num_latents: tokens of a shape; 0 for as many as the autoencoder has. Fewer are faster.
        validate_shapes, validate_scales, validate_steps: the generation that is measured on the validation split: at each
            guidance scale in so many steps, and in `FEW_STEPS`.
    """

    learning_rate: float = 6e-4
    batch: int = 32
    ema: float = 0.999
    drop: float = 0.1
    freeze_encoder: bool = False
    undistil: bool = False
    num_latents: int = 0
    validate_shapes: int = 64
    validate_scales: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 5.0)
    validate_steps: int = 24


@dataclasses.dataclass(frozen=True)
class TeacherConfig(FlowConfig):
    """Sizes of a new image encoder (`dino_*`) and transformer, and how they are trained."""

    image_size: int = 112
    dino_hidden: int = 192
    dino_layers: int = 3
    dino_heads: int = 3
    hidden_size: int = 256
    num_heads: int = 4
    depth: int = 2
    depth_single_blocks: int = 3

    def conditioner(self) -> ConditionerSpec:
        """Sizes of the image encoder."""
        dino = DinoSpec(
            hidden_size=self.dino_hidden,
            num_hidden_layers=self.dino_layers,
            num_attention_heads=self.dino_heads,
            image_size=self.image_size,
        )
        return ConditionerSpec(dino, self.image_size)

    def transformer(self, channels: int) -> DiTSpec:
        """Sizes of the diffusion transformer of latents of `channels` numbers."""
        return DiTSpec(
            in_channels=channels,
            context_in_dim=self.dino_hidden,
            hidden_size=self.hidden_size,
            num_heads=self.num_heads,
            depth=self.depth,
            depth_single_blocks=self.depth_single_blocks,
        )


class Teacher(nn.Module):
    """The parts that are trained together; the names are those of the published single files."""

    def __init__(self, model: DiT, conditioner: SingleImageEncoder) -> None:
        super().__init__()
        self.model, self.conditioner = model, conditioner


def new_model(config: TeacherConfig, autoencoder: Autoencoder, scale_factor: float) -> Model[DiT]:
    """A freshly initialised transformer and image encoder for the latents of an autoencoder."""
    vae = autoencoder.vae.with_latents(scale_factor=scale_factor)
    denoiser, image_encoder = DiT(config.transformer(vae.spec.embed_dim)), SingleImageEncoder(config.conditioner())
    initialise(Teacher(denoiser, image_encoder), config.seed)
    return Model(
        "",
        denoiser,
        vae,
        image_encoder,
        ProcessorSpec(config.image_size),
        SCHEDULE,
        SCHEDULE.default_steps,
        DEFAULT_GUIDANCE,
        autoencoder.truncation,
        torch.device("cpu"),
        torch.float32,
    )


def initialise(model: nn.Module, seed: int) -> None:
    """Fresh weights: modulations, gates and the last layer start at zero (adaLN-zero), the rest small."""
    torch.manual_seed(seed)
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight.view(len(module.weight), -1))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if name.endswith((".lin", "final_layer.linear", "adaLN_modulation.1")) and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
        if name.endswith("embeddings"):
            for token in ("position_embeddings", "cls_token"):
                if isinstance(value := getattr(module, token, None), nn.Parameter):
                    nn.init.normal_(value, std=0.02)


def interpolate(data: Tensor, noise: Tensor, s: Tensor) -> Tensor:
    """x_s = s data + (1 - s) noise for s [B]."""
    return s[:, None, None] * data + (1 - s[:, None, None]) * noise


def train_teacher(config: TeacherConfig, data: Path, vae: Path, out: Path) -> None:
    """Train, or go on training, a new image encoder and transformer in the folder `out`."""
    device = device_of_choice()
    autoencoder = open_autoencoder(vae)
    autoencoder = dataclasses.replace(autoencoder, vae=autoencoder.vae.with_latents(num_latents=config.num_latents or None))
    out.mkdir(parents=True, exist_ok=True)
    pairs = ImageLatentPairs(data, autoencoder.vae.to(device), out.parent / LATENTS_NAME, device, autoencoder.scaled)
    _train(config, data, new_model(config, autoencoder, pairs.scale_factor), pairs, out)


def continue_teacher(config: FlowConfig, data: Path, start: Path, vae: Path | None, out: Path) -> None:
    """Train the model in the folder `start` further, undistilled, in the folder `out`; `vae` replaces its own.

    Raises:
        TrainingError: the model is distilled, or is not, against `config.undistil`.
    """
    device = device_of_choice()
    model = open_model(start, vae)
    if model.guidance_embed != config.undistil:
        if config.undistil:
            raise TrainingError(f"{start} is not distilled; leave undistil out.")
        raise TrainingError(
            f"{start} is distilled; the stage teacher goes on from an undistilled model, or makes one of it with undistil=true."
        )
    if config.undistil:
        denoiser = fold_guidance(model.denoiser, model.default_guidance)
        model = dataclasses.replace(model, denoiser=denoiser, schedule=SCHEDULE, default_steps=SCHEDULE.default_steps)
    model = dataclasses.replace(model, vae=model.vae.with_latents(num_latents=config.num_latents or None))
    out.mkdir(parents=True, exist_ok=True)
    pairs = ImageLatentPairs(data, model.vae.to(device), out.parent / LATENTS_NAME, device)
    _train(config, data, model, pairs, out)


@torch.no_grad()
def fold_guidance(model: DiT, scale: float) -> DiT:
    """A DiT that takes no guidance scale and answers as `model` at `scale`."""
    assert model.guidance_in is not None
    plain = DiT(dataclasses.replace(model.spec, guidance_embed=False))
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if not name.startswith("guidance_in.")})
    assert isinstance(plain.time_in, MLPEmbedder)
    # The embeddings of time and scale are added up.
    plain.time_in.out_layer.bias += model.guidance_in(timestep_embedding(torch.tensor([scale])))[0]
    return plain


def flow_loss(teacher: Teacher, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Rectified flow: the squared error of the velocity."""
    tokens = teacher.conditioner(batch["images"]) * batch["keep"][:, None, None]
    x = interpolate(batch["latents"], batch["noise"], batch["s"])
    error = F.mse_loss(teacher.model(x, batch["s"], tokens).float(), batch["latents"] - batch["noise"])
    return error, {"flow": error}


def _train(config: FlowConfig, data_folder: Path, start: Model[DiT], pairs: ImageLatentPairs, out: Path) -> None:
    device = device_of_choice()
    start = frozen_on(start, device)
    held_out = GenerationValidator(data_folder, start.vae, config.validate_shapes, device)
    start.denoiser.requires_grad_(True)
    start.image_encoder.requires_grad_(not config.freeze_encoder)

    def publish(averaged: Teacher) -> None:
        guidance = best_guidance(out, config, start.default_guidance)
        parts = {"denoiser": averaged.model, "image_encoder": averaged.conditioner}
        save_model(dataclasses.replace(start, **parts, default_guidance=guidance), out)

    run = Run(out, config, Teacher(start.denoiser, start.image_encoder), device, publish)

    def sample_batch(rng: torch.Generator) -> Batch:
        # Times are logit-normal: the middle of the path is the hardest.
        s = torch.randn(config.batch, generator=rng, device=device).sigmoid()
        keep = (torch.rand(config.batch, generator=rng, device=device) >= config.drop).float()
        return pairs.sample_batch(config.batch, rng) | {"s": s, "keep": keep}

    run.train(sample_batch, lambda batch: flow_loss(run.model, batch), lambda: validate(run.averaged, held_out, config))


def best_guidance(run: Path, config: FlowConfig, otherwise: float) -> float:
    """The scale at which a run's shapes of most steps were best at its last validation; `otherwise` before the first."""
    if not (run / "validation.csv").exists():
        return otherwise
    found = last_validation(run)
    return max(config.validate_scales, key=lambda scale: found[column(scale, config.validate_steps)])


def validate(teacher: Teacher, held_out: GenerationValidator, config: FlowConfig) -> Mapping[str, Tensor]:
    """V-IoU [K] of each shape at the guidance scales, in many steps and in few."""
    tokens = held_out.tokens(teacher.conditioner)
    result = {}
    for guidance in config.validate_scales:
        velocity = guided_velocity(teacher.model, tokens, None if guidance == 1 else guidance)
        for steps in (*FEW_STEPS, config.validate_steps):
            # One node more than evaluations: the published schedule's last step has length zero.
            result[column(guidance, steps)] = held_out.iou(velocity, flow_matching_schedule(steps + 1))
    return result
