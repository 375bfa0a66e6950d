"""Progressive flow distillation (paper section 3.2, appendix B): the stages "guidance", "consistency", "one_phase" and
"adversarial", each starting from the student of the one before. The image encoder is the teacher's, frozen.

Times run from s = 0 (noise) to s = 1 (data).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import TrainingError
from ..models.dit import DiT
from ..sampling.flow import guided_velocity
from ..sampling.schedules import consistency_schedule, flow_matching_schedule
from .pairs import Generation, Pairs
from .runner import Batch, Run, RunConfig, device_of_choice, last_validation, read_stage
from .teacher import Teacher, TeacherConfig, interpolate, load_teacher
from .vae import load_autoencoder

SOLVER_STEPS = 100
"""Steps of the solver's grid: 1000 training times, every tenth of them (`skipping` k = 10 in the paper)."""

TRAIN_TIMES = 1000


@dataclasses.dataclass(frozen=True)
class DistillConfig(RunConfig):
    """How a student is distilled.

    Attributes:
        guidance_low, guidance_high: range of the guidance scale the student learns (stage "guidance").
        guidance: the scale of the later stages; 0 for the teacher's best on the validation split.
        phases: parts of the path that are made consistent, each in itself.
        huber: c of the pseudo-Huber loss.
        adversarial: weight of the adversarial loss (stage "adversarial").
        discriminator_rate: learning rate of the discriminator.
        validate_shapes: props of the validation split that are generated.
    """

    learning_rate: float = 1e-4
    batch: int = 32
    guidance_low: float = 1.0
    guidance_high: float = 6.0
    guidance: float = 0.0
    phases: int = 5
    huber: float = 1e-3
    adversarial: float = 0.1
    discriminator_rate: float = 1e-4
    validate_shapes: int = 64


def best_guidance(teacher: Path) -> float:
    """The scale at which the teacher's shapes were best."""
    found = {float(name[1:]): value for name, value in last_validation(teacher).items() if name[0] == "w" and "_" not in name}
    return max(found, key=lambda scale: found[scale])


def new_student(teacher: DiT, sizes: TeacherConfig) -> DiT:
    """A DiT with a guidance embedding, equal to the teacher at first: what the embedding adds is zero."""
    student = DiT(sizes.transformer(guidance_embed=True))
    student.load_state_dict(teacher.state_dict(), strict=False)
    assert student.guidance_in is not None
    nn.init.zeros_(student.guidance_in.out_layer.weight)
    nn.init.zeros_(student.guidance_in.out_layer.bias)
    return student


def load_student(folder: Path, config: TeacherConfig, device: torch.device) -> DiT:
    """The averaged student of a distillation stage; TrainingError where there is none."""
    student = DiT(config.transformer(guidance_embed=True))
    weights = read_stage(folder, "distillation")[1]
    # The adversarial stage keeps its discriminator beside the student.
    own = {name.removeprefix("student."): value for name, value in weights.items() if not name.startswith("critic.")}
    try:
        student.load_state_dict(own)
    except RuntimeError as error:
        raise TrainingError(f"{folder} holds no student of this teacher; run the stage before this one.") from error
    return student.to(device).eval().requires_grad_(False)


@dataclasses.dataclass(frozen=True, eq=False)
class Bench:
    """What all stages of the distillation work with; `guidance` is the scale of the stages after the first."""

    guidance: float
    teacher: Teacher
    sizes: TeacherConfig
    pairs: Pairs
    held_out: Generation
    device: torch.device

    @classmethod
    def open(cls, config: DistillConfig, data: Path, vae: Path, teacher: Path) -> Bench:
        """Load what earlier stages left; TrainingError where one is missing."""
        device = device_of_choice()
        autoencoder, _ = load_autoencoder(vae, device)
        model, sizes = load_teacher(teacher, device)
        pairs = Pairs(data, autoencoder, teacher.parent / "latents.safetensors", device)
        held_out = Generation(data, autoencoder, pairs.latents.scale_factor, config.validate_shapes, device)
        return cls(config.guidance or best_guidance(teacher), model, sizes, pairs, held_out, device)

    @torch.no_grad()
    def tokens(self, images: Tensor) -> Tensor:
        """Condition tokens float32 [B, T, C] of images [B, 3, S, S]."""
        return self.teacher.conditioner(images).float()

    def validate(self, student: DiT, guidances: tuple[float, ...], steps: tuple[int, ...], curved: bool) -> Mapping[str, float]:
        """V-IoU at each scale and number of steps; `curved` for a student whose paths still need many steps."""
        tokens = self.held_out.tokens(self.teacher.conditioner)
        found = {}
        for guidance in guidances:
            velocity = guided_velocity(student, tokens, guidance, distilled=True)
            for count in steps:
                schedule = flow_matching_schedule(count + 1) if curved else consistency_schedule(count, SOLVER_STEPS)
                found[f"w{guidance:g}_{count}_steps"] = self.held_out.iou(velocity, schedule)
        return found


def train_guidance(config: DistillConfig, data: Path, vae: Path, teacher: Path, out: Path) -> None:
    """Guidance distillation: the student takes the scale w as an input and answers with u + w (c - u) in one evaluation."""
    bench = Bench.open(config, data, vae, teacher)
    run = Run(out, config, new_student(bench.teacher.model, bench.sizes), bench.device)

    def draw(rng: torch.Generator) -> Batch:
        s = torch.rand(config.batch, generator=rng, device=bench.device)
        scale = torch.rand(config.batch, generator=rng, device=bench.device)
        scale = config.guidance_low + (config.guidance_high - config.guidance_low) * scale
        return bench.pairs.draw(config.batch, rng) | {"s": s, "scale": scale}

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        s, scale, tokens = batch["s"], batch["scale"], bench.tokens(batch["images"])
        x = interpolate(batch["latents"], batch["noise"], s)
        with torch.no_grad():
            both = bench.teacher.model(torch.cat([x, x]), torch.cat([s, s]), torch.cat([tokens, torch.zeros_like(tokens)]))
            conditional, unconditional = both.float().chunk(2)
            target = unconditional + scale[:, None, None] * (conditional - unconditional)
        error = F.mse_loss(run.model(x, s, tokens, scale).float(), target)
        return error, {"guidance": error}

    run.train(draw, loss, lambda: bench.validate(run.averaged, (1.5, 2.0, 3.0), (5, 24), curved=True))


def solver_times(device: torch.device | str = "cpu") -> Tensor:
    """Nodes s_0 = 0, s_i = (10 i - 1) / 999, s_100 = 1 of the solver's grid: float32 [101]."""
    skip = TRAIN_TIMES // SOLVER_STEPS
    times = (torch.arange(SOLVER_STEPS + 1, dtype=torch.float64, device=device) * skip - 1) / (TRAIN_TIMES - 1)
    return times.clamp(0, 1).float()


def phase_ends(phases: int, device: torch.device | str = "cpu") -> Tensor:
    """For each of the solver's steps the node at which its phase ends: int64 [100]."""
    edges = [SOLVER_STEPS * phase // phases for phase in range(1, phases + 1)]
    return torch.tensor([next(edge for edge in edges if edge > step) for step in range(SOLVER_STEPS)], device=device)


def pseudo_huber(difference: Tensor, c: float) -> Tensor:
    """Mean of sqrt(d^2 + c^2) - c."""
    return ((difference.square() + c * c).sqrt() - c).mean()


class Consistency:
    """The consistency loss: from neighbouring points of one path the student reaches the same end of the phase.

    One step of the frozen guidance-distilled model leads from a point to its neighbour; the averaged student answers there.
    """

    def __init__(self, config: DistillConfig, bench: Bench, solver: DiT) -> None:
        self.config, self.bench, self.solver = config, bench, solver
        self.times = solver_times(bench.device)
        self.ends = phase_ends(config.phases, bench.device)

    def draw(self, rng: torch.Generator) -> Batch:
        """Pairs, and at which solver's step each is looked at: `start`, `next`, `end` float32 [B] and `scale` [B]."""
        step = torch.randint(SOLVER_STEPS, (self.config.batch,), generator=rng, device=rng.device)
        nodes = {"start": self.times[step], "next": self.times[step + 1], "end": self.times[self.ends[step]]}
        nodes["scale"] = torch.full_like(nodes["start"], self.bench.guidance)
        return self.bench.pairs.draw(self.config.batch, rng) | nodes

    def loss(self, student: DiT, averaged: DiT, batch: Batch, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The loss, and the student's estimate of the clean latents [B, N, C]."""
        start, after, end = (batch[name][:, None, None] for name in ("start", "next", "end"))
        scale = batch["scale"]
        x = interpolate(batch["latents"], batch["noise"], batch["start"])
        velocity = student(x, batch["start"], tokens, scale).float()
        with torch.no_grad():
            neighbour = x + (after - start) * self.solver(x, batch["start"], tokens, scale).float()
            target = neighbour + (end - after) * averaged(neighbour, batch["next"], tokens, scale).float()
        return pseudo_huber(x + (end - start) * velocity - target, self.config.huber), x + (1 - start) * velocity


def train_consistency(config: DistillConfig, data: Path, vae: Path, teacher: Path, solver: Path, start: Path, out: Path) -> None:
    """Consistency flow distillation in `config.phases` phases, from the student in `start`; the solver is stage "guidance"."""
    bench = Bench.open(config, data, vae, teacher)
    consistency = Consistency(config, bench, load_student(solver, bench.sizes, bench.device))
    run = Run(out, config, load_student(start, bench.sizes, bench.device).requires_grad_(True), bench.device)

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        error, _ = consistency.loss(run.model, run.averaged, batch, bench.tokens(batch["images"]))
        return error, {"consistency": error}

    run.train(consistency.draw, loss, lambda: bench.validate(run.averaged, (bench.guidance,), (1, 2, 3, 5, 8), curved=False))


class Discriminator(nn.Module):
    """An independent head for each layer of the frozen DiT's features of clean latents (paper section 3.2)."""

    def __init__(self, sizes: TeacherConfig) -> None:
        super().__init__()
        width = sizes.hidden_size
        self.heads = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width // 2), nn.SiLU(), nn.Linear(width // 2, 1))
            for _ in range(sizes.depth + sizes.depth_single_blocks)
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features [B, N, C] of each layer -> score of each layer and token, float32 [layers, B, N]; high for real shapes."""
        return torch.stack([head(layer)[..., 0] for head, layer in zip(self.heads, features, strict=True)]).float()


class Adversaries(nn.Module):
    """The student and the discriminator that it is trained against."""

    def __init__(self, student: DiT, critic: Discriminator) -> None:
        super().__init__()
        self.student, self.critic = student, critic


def train_adversarial(config: DistillConfig, data: Path, vae: Path, teacher: Path, solver: Path, start: Path, out: Path) -> None:
    """Adversarial fine-tuning: the consistency loss and a hinge loss on the clean latents; both sides learn in one step."""
    bench = Bench.open(config, data, vae, teacher)
    frozen = load_student(solver, bench.sizes, bench.device)
    consistency = Consistency(config, bench, frozen)
    torch.manual_seed(config.seed)
    student = load_student(start, bench.sizes, bench.device).requires_grad_(True)
    model = Adversaries(student, Discriminator(bench.sizes))
    run = Run(out, config, model, bench.device, {"critic.": config.discriminator_rate / config.learning_rate})

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        tokens, critic = bench.tokens(batch["images"]), run.model.critic
        error, clean = consistency.loss(run.model.student, run.averaged.student, batch, tokens)

        def features(latents: Tensor) -> list[Tensor]:
            return frozen.features(latents, torch.ones_like(batch["start"]), tokens, batch["scale"])

        unmoved = {name: parameter.detach() for name, parameter in critic.named_parameters()}
        fake = features(clean)
        # The student sees a discriminator that stands still, the discriminator latents that do.
        fooling = -torch.func.functional_call(critic, unmoved, (fake,)).mean()
        # The usual hinge loss; equation 3 of the paper has real and fake exchanged.
        hinge = F.relu(1 - critic(features(batch["latents"]))).mean() + F.relu(1 + critic([f.detach() for f in fake])).mean()
        return error + config.adversarial * fooling + hinge, {"consistency": error, "fooling": fooling, "hinge": hinge}

    def validate() -> Mapping[str, float]:
        return bench.validate(run.averaged.student, (bench.guidance,), (1, 2, 3, 5, 8), curved=False)

    run.train(consistency.draw, loss, validate)
