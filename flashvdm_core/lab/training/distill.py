"""Progressive flow distillation (paper section 3.2, appendix B): the stages "guidance", "consistency", "one_phase" and
"adversarial". Each starts from a checkpoint folder; image encoder and autoencoder are the checkpoint's, frozen.

Times run from s = 0 (noise) to s = 1 (data).
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
from ...models.dit import DiT
from ...models.specs import DiTSpec, ScheduleSpec
from ...sampling.flow import guided_velocity
from ...sampling.schedules import consistency_schedule, flow_matching_schedule
from ..files import device_of_choice
from .checkpoint import frozen_on, open_model, open_transformer
from .pairs import FEW_STEPS, LATENTS_NAME, GenerationValidator, ImageLatentPairs, column
from .runner import Batch, Run, RunConfig, SampleBatch
from .teacher import interpolate

TRAIN_TIMES = 1000
SOLVER_STEPS = 100
"""Nodes that a student's schedule chooses from: 1000 training times, every tenth of them."""
FEW_STEP_SCHEDULE = ScheduleSpec("consistency", TRAIN_TIMES, pcm_timesteps=SOLVER_STEPS)
STEPS = FEW_STEP_SCHEDULE.default_steps
"""Steps that a distilled student is sampled with."""
CURVED_STEPS = 24
"""Steps that a student is validated with, besides `FEW_STEPS`, while its paths are still its teacher's."""


@dataclasses.dataclass(frozen=True)
class DistillConfig(RunConfig):
    """How a student is distilled.

    Attributes:
        guidance_low, guidance_high: range of the guidance scale the student learns (stage "guidance").
        guidance: the scale of the later stages; 0 for the starting checkpoint's own (after the stage "teacher" the one
            that was best on the validation split).
        phases: parts of the path that are made consistent, each in itself.
        huber: c of the pseudo-Huber loss.
        squared: the squared error in the place of the pseudo-Huber loss.
        skipping: a step of the solver goes over so many of the 1000 training times (k of the paper): 1, 2, 5 or 10.
        average_target: the averaged student gives the targets; otherwise the student itself.
        adversarial: weight of the adversarial loss (stage "adversarial").
        discriminator_rate: learning rate of the discriminator.
        validate_shapes: meshes of the validation split that are generated.
    """

    learning_rate: float = 1e-4
    batch: int = 32
    guidance_low: float = 1.0
    guidance_high: float = 6.0
    guidance: float = 0.0
    phases: int = 5
    huber: float = 1e-3
    squared: bool = False
    skipping: int = 10
    average_target: bool = True
    adversarial: float = 0.1
    discriminator_rate: float = 1e-4
    validate_shapes: int = 64


def student_of(model: DiT) -> DiT:
    """The model itself where it takes the guidance scale.

    Otherwise a DiT with an embedding for it, equal to the model at first: what the embedding adds is zero.
    """
    if model.spec.guidance_embed:
        return model
    student = DiT(dataclasses.replace(model.spec, guidance_embed=True))
    student.load_state_dict(model.state_dict(), strict=False)
    assert student.guidance_in is not None
    nn.init.zeros_(student.guidance_in.out_layer.weight)
    nn.init.zeros_(student.guidance_in.out_layer.bias)
    return student


def guided(model: DiT, x: Tensor, s: Tensor, tokens: Tensor, scale: Tensor) -> Tensor:
    """Velocity float32 [B, N, C] at the guidance scales [B]: in one evaluation, or u + w (c - u) of an undistilled model."""
    if model.spec.guidance_embed:
        return model(x, s, tokens, scale).float()
    both = model(torch.cat([x, x]), torch.cat([s, s]), torch.cat([tokens, torch.zeros_like(tokens)]))
    conditional, unconditional = both.float().chunk(2)
    return unconditional + scale[:, None, None] * (conditional - unconditional)


@dataclasses.dataclass(frozen=True, eq=False)
class DistillContext:
    """What all stages of the distillation share.

    Attributes:
        start: the checkpoint that the stage starts from, frozen, on `device`.
        guidance: the scale of the stages after the first.
        pairs, held_out: what is learned from and measured on.
    """

    start: Model[DiT]
    guidance: float
    pairs: ImageLatentPairs
    held_out: GenerationValidator
    device: torch.device

    @classmethod
    def open(cls, config: DistillConfig, data: Path, start: Path, vae: Path | None, out: Path) -> DistillContext:
        """Load the checkpoint `start`, with its own VAE or that of the folder `vae`; raises as `open_model`."""
        device = device_of_choice()
        model = frozen_on(open_model(start, vae), device)
        out.mkdir(parents=True, exist_ok=True)
        pairs = ImageLatentPairs(data, model.vae, out.parent / LATENTS_NAME, device)
        held_out = GenerationValidator(data, model.vae, config.validate_shapes, device)
        return cls(model, config.guidance or model.default_guidance, pairs, held_out, device)

    def student(self, seed: int) -> DiT:
        """What the stage trains: the starting model, or a copy with an embedding of the guidance scale."""
        torch.manual_seed(seed)  # several processes start from the same embedding
        return student_of(self.start.denoiser).to(self.device).requires_grad_(True)

    def publish_few_steps(self, student: DiT, out: Path) -> None:
        """Write a student that samples in a few steps."""
        found = dataclasses.replace(
            self.start,
            denoiser=student,
            schedule=FEW_STEP_SCHEDULE,
            default_steps=STEPS,
            default_guidance=self.guidance,
        )
        save_model(found, out)

    def validate(self, student: DiT, curved: bool) -> Mapping[str, Tensor]:
        """V-IoU [K] of each shape at `FEW_STEPS`; `curved` for a student whose paths still need many steps."""
        velocity = guided_velocity(student, self.held_out.tokens(self.start.image_encoder), self.guidance)
        if curved:
            schedules = {steps: flow_matching_schedule(steps + 1) for steps in (*FEW_STEPS, CURVED_STEPS)}
        else:
            schedules = {steps: consistency_schedule(steps, SOLVER_STEPS) for steps in FEW_STEPS}
        return {column(self.guidance, steps): self.held_out.iou(velocity, found) for steps, found in schedules.items()}


@torch.no_grad()
def condition(conditioner: SingleImageEncoder, images: Tensor) -> Tensor:
    """Condition tokens float32 [B, T, C] of images [B, 3, S, S], of a frozen encoder."""
    return conditioner(images).float()


def guidance_loss(student: DiT, teacher: Model[DiT], batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """The squared error to the guided teacher, at the scale of each sample."""
    tokens = condition(teacher.image_encoder, batch["images"])
    x = interpolate(batch["latents"], batch["noise"], batch["s"])
    with torch.no_grad():
        target = guided(teacher.denoiser, x, batch["s"], tokens, batch["scale"])
    error = F.mse_loss(student(x, batch["s"], tokens, batch["scale"]).float(), target)
    return error, {"guidance": error}


def train_guidance(config: DistillConfig, data: Path, start: Path, vae: Path | None, out: Path) -> None:
    """Guidance distillation: the student takes the scale w as an input and answers with u + w (c - u) in one evaluation."""
    context = DistillContext.open(config, data, start, vae, out)
    if context.start.denoiser.spec.guidance_embed:
        raise TrainingError(f"{start} takes the guidance scale as an input already; go on with the stage consistency.")
    run = Run(
        out,
        config,
        context.student(config.seed),
        context.device,
        lambda student: save_model(dataclasses.replace(context.start, denoiser=student), out),
    )

    def sample_batch(rng: torch.Generator) -> Batch:
        s = torch.rand(config.batch, generator=rng, device=context.device)
        scale = torch.rand(config.batch, generator=rng, device=context.device)
        scale = config.guidance_low + (config.guidance_high - config.guidance_low) * scale
        return context.pairs.sample_batch(config.batch, rng) | {"s": s, "scale": scale}

    def validate() -> Mapping[str, Tensor]:
        return context.validate(run.averaged, curved=True)

    run.train(sample_batch, lambda batch: guidance_loss(run.model, context.start, batch), validate)


def solver_times(skipping: int = 10, device: torch.device | str = "cpu") -> Tensor:
    """Nodes s_0 = 0, s_i = (k i - 1) / 999, s_S = 1 of the solver's grid of S = 1000 / k steps: float32 [S + 1].

    Raises:
        TrainingError: the grid lacks nodes that students are sampled at.
    """
    if skipping < 1 or TRAIN_TIMES // SOLVER_STEPS % skipping:
        raise TrainingError(f"The training setting skipping must be 1, 2, 5 or 10, not {skipping}.")
    times = (torch.arange(TRAIN_TIMES // skipping + 1, dtype=torch.float64, device=device) * skipping - 1) / (TRAIN_TIMES - 1)
    return times.clamp(0, 1).float()


def phase_ends(phases: int, solver_steps: int = SOLVER_STEPS, device: torch.device | str = "cpu") -> Tensor:
    """For each of the solver's steps the node at which its phase ends: int64 [solver_steps]."""
    # Phases end where the sampler's steps do, on whatever grid.
    edges = [SOLVER_STEPS * phase // phases * (solver_steps // SOLVER_STEPS) for phase in range(1, phases + 1)]
    return torch.tensor([next(edge for edge in edges if edge > step) for step in range(solver_steps)], device=device)


def pseudo_huber(difference: Tensor, c: float) -> Tensor:
    """Mean of sqrt(d^2 + c^2) - c."""
    return ((difference.square() + c * c).sqrt() - c).mean()


def open_solver(folder: Path, student: DiTSpec) -> DiT:
    """The frozen transformer whose steps the student follows; it may be undistilled.

    Raises:
        TrainingError: it reads other latents or conditions than the student.
    """
    solver = open_transformer(folder)
    if (solver.spec.in_channels, solver.spec.context_in_dim) != (student.in_channels, student.context_in_dim):
        raise TrainingError(f"The solver in {folder} reads other latents or images than the student; give one of the same model.")
    return solver.requires_grad_(False)


def adjacent_steps(context: DistillContext, config: DistillConfig) -> SampleBatch:
    """Pairs, and at which of the solver's steps each is looked at: `start`, `next`, `end` float32 [B] and `scale` [B]."""
    times = solver_times(config.skipping, context.device)
    ends = phase_ends(config.phases, len(times) - 1, context.device)

    def sample_batch(rng: torch.Generator) -> Batch:
        step = torch.randint(len(ends), (config.batch,), generator=rng, device=context.device)
        nodes = {"start": times[step], "next": times[step + 1], "end": times[ends[step]]}
        nodes["scale"] = torch.full_like(nodes["start"], context.guidance)
        return context.pairs.sample_batch(config.batch, rng) | nodes

    return sample_batch


def consistency_loss(
    student: DiT, target_model: DiT, solver: DiT, batch: Batch, tokens: Tensor, config: DistillConfig
) -> tuple[Tensor, Tensor]:
    """From neighbouring points of one path the student is to reach the same end of the phase.

    One step of the frozen solver leads from a point to its neighbour; the target's model answers there.

    Returns:
        The loss, and the student's estimate of the clean latents [B, N, C].
    """
    start, after, end = (batch[name][:, None, None] for name in ("start", "next", "end"))
    scale = batch["scale"]
    x = interpolate(batch["latents"], batch["noise"], batch["start"])
    velocity = student(x, batch["start"], tokens, scale).float()
    with torch.no_grad():
        neighbour = x + (after - start) * guided(solver, x, batch["start"], tokens, scale)
        target = neighbour + (end - after) * target_model(neighbour, batch["next"], tokens, scale).float()
    difference = x + (end - start) * velocity - target
    error = difference.square().mean() if config.squared else pseudo_huber(difference, config.huber)
    return error, x + (1 - start) * velocity


def train_consistency(config: DistillConfig, data: Path, start: Path, vae: Path | None, solver: Path, out: Path) -> None:
    """Consistency flow distillation in `config.phases` phases, of the model in `start` along the paths of that in `solver`."""
    context = DistillContext.open(config, data, start, vae, out)
    path = open_solver(solver, context.start.denoiser.spec).to(context.device)
    run = Run(out, config, context.student(config.seed), context.device, lambda student: context.publish_few_steps(student, out))

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        tokens = condition(context.start.image_encoder, batch["images"])
        target_model = run.averaged if config.average_target else run.model
        error, _ = consistency_loss(run.model, target_model, path, batch, tokens, config)
        return error, {"consistency": error}

    def validate() -> Mapping[str, Tensor]:
        return context.validate(run.averaged, curved=False)

    run.train(adjacent_steps(context, config), loss, validate)


class Discriminator(nn.Module):
    """An independent head for each layer of the frozen DiT's features of clean latents (paper section 3.2)."""

    def __init__(self, dit: DiTSpec) -> None:
        super().__init__()
        width = dit.hidden_size
        self.heads = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width // 2), nn.SiLU(), nn.Linear(width // 2, 1))
            for _ in range(dit.depth + dit.depth_single_blocks)
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features [B, N, C] of each layer -> score of each layer and token, float32 [layers, B, N]; high for real shapes."""
        return torch.stack([head(layer)[..., 0] for head, layer in zip(self.heads, features, strict=True)]).float()


class StudentAndDiscriminator(nn.Module):
    """The student and the discriminator that it is trained against."""

    def __init__(self, student: DiT, critic: Discriminator) -> None:
        super().__init__()
        self.student, self.critic = student, critic


def adversarial_loss(
    model: StudentAndDiscriminator, target_model: DiT, solver: DiT, batch: Batch, tokens: Tensor, config: DistillConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """The consistency loss and the losses of both sides on the clean latents, read through the features of the solver."""
    error, clean = consistency_loss(model.student, target_model, solver, batch, tokens, config)
    scale = batch["scale"] if solver.spec.guidance_embed else None

    def features(latents: Tensor) -> list[Tensor]:
        return solver.features(latents, torch.ones_like(batch["start"]), tokens, scale)

    critic = model.critic
    unmoved = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    fake = features(clean)
    # The student sees a discriminator that stands still, the discriminator latents that do.
    fooling = -torch.func.functional_call(critic, unmoved, (fake,)).mean()
    # The usual hinge loss; equation 3 of the paper has real and fake exchanged.
    hinge = F.relu(1 - critic(features(batch["latents"]))).mean() + F.relu(1 + critic([f.detach() for f in fake])).mean()
    return error + config.adversarial * fooling + hinge, {"consistency": error, "fooling": fooling, "hinge": hinge}


def train_adversarial(config: DistillConfig, data: Path, start: Path, vae: Path | None, solver: Path, out: Path) -> None:
    """Adversarial fine-tuning: the consistency loss and a hinge loss on the clean latents; both sides learn in one step."""
    context = DistillContext.open(config, data, start, vae, out)
    frozen = open_solver(solver, context.start.denoiser.spec).to(context.device)
    model = StudentAndDiscriminator(context.student(config.seed), Discriminator(frozen.spec))
    rates = {"critic.": config.discriminator_rate / config.learning_rate}
    run = Run(out, config, model, context.device, lambda both: context.publish_few_steps(both.student, out), rates)

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        tokens = condition(context.start.image_encoder, batch["images"])
        target_model = (run.averaged if config.average_target else run.model).student
        return adversarial_loss(run.model, target_model, frozen, batch, tokens, config)

    def validate() -> Mapping[str, Tensor]:
        return context.validate(run.averaged.student, curved=False)

    run.train(adjacent_steps(context, config), loss, validate)
