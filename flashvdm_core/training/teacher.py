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

from ..models.conditioner import SingleImageEncoder
from ..models.dit import DiT
from ..models.specs import ConditionerSpec, DinoSpec, DiTSpec
from ..sampling.flow import guided_velocity
from ..sampling.schedules import flow_matching_schedule
from .pairs import Generation, Pairs
from .runner import Batch, Run, RunConfig, config_of, device_of_choice, read_stage, write_json
from .vae import load_autoencoder

SCALE_FILE = "scale_factor.json"


@dataclasses.dataclass(frozen=True)
class TeacherConfig(RunConfig):
    """Sizes of the image encoder (`dino_*`) and the transformer, and how they are trained.

    Attributes:
        drop: share of conditions replaced by zeros.
        validate_shapes, validate_steps: the generation that is measured on the validation split, at each of
            `GUIDANCES`, and once with 5 steps.
    """

    learning_rate: float = 6e-4
    batch: int = 32
    ema: float = 0.999
    image_size: int = 112
    dino_hidden: int = 192
    dino_layers: int = 3
    dino_heads: int = 3
    channels: int = 16
    hidden_size: int = 256
    num_heads: int = 4
    depth: int = 2
    depth_single_blocks: int = 3
    drop: float = 0.1
    validate_shapes: int = 64
    validate_steps: int = 24

    def conditioner(self) -> ConditionerSpec:
        """Sizes of the image encoder."""
        dino = DinoSpec(
            hidden_size=self.dino_hidden,
            num_hidden_layers=self.dino_layers,
            num_attention_heads=self.dino_heads,
            image_size=self.image_size,
        )
        return ConditionerSpec(dino, self.image_size)

    def transformer(self, guidance_embed: bool = False) -> DiTSpec:
        """Sizes of the diffusion transformer."""
        return DiTSpec(
            in_channels=self.channels,
            context_in_dim=self.dino_hidden,
            hidden_size=self.hidden_size,
            num_heads=self.num_heads,
            depth=self.depth,
            depth_single_blocks=self.depth_single_blocks,
            guidance_embed=guidance_embed,
        )


GUIDANCES = (1.0, 1.5, 2.0, 3.0, 5.0)


class Teacher(nn.Module):
    """Image encoder and transformer, trained together; the names are those of the published single files."""

    def __init__(self, config: TeacherConfig) -> None:
        super().__init__()
        self.model = DiT(config.transformer())
        self.conditioner = SingleImageEncoder(config.conditioner())


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


def load_teacher(folder: Path, device: torch.device) -> tuple[Teacher, TeacherConfig]:
    """The averaged teacher; TrainingError where there is none."""
    values, weights = read_stage(folder, "teacher")
    config = config_of(TeacherConfig, values)
    teacher = Teacher(config)
    teacher.load_state_dict(weights)
    return teacher.to(device).eval().requires_grad_(False), config


def interpolate(data: Tensor, noise: Tensor, s: Tensor) -> Tensor:
    """x_s = s data + (1 - s) noise for s [B]."""
    return s[:, None, None] * data + (1 - s[:, None, None]) * noise


def train_teacher(config: TeacherConfig, data_folder: Path, vae_folder: Path, out: Path) -> None:
    """Train, or go on training, image encoder and transformer in the folder `out`."""
    device = device_of_choice()
    vae, vae_config = load_autoencoder(vae_folder, device)
    config = dataclasses.replace(config, channels=vae_config.embed_dim)
    out.mkdir(parents=True, exist_ok=True)
    pairs = Pairs(data_folder, vae, out.parent / "latents.safetensors", device)
    scale_factor = pairs.latents.scale_factor
    held_out = Generation(data_folder, vae, scale_factor, config.validate_shapes, device)
    model = Teacher(config)
    initialise(model, config.seed)
    run = Run(out, config, model, device)
    write_json(out / SCALE_FILE, {"scale_factor": scale_factor})

    def draw(rng: torch.Generator) -> Batch:
        # Times are logit-normal: the middle of the path is the hardest.
        s = torch.randn(config.batch, generator=rng, device=device).sigmoid()
        keep = (torch.rand(config.batch, generator=rng, device=device) >= config.drop).float()
        return pairs.draw(config.batch, rng) | {"s": s, "keep": keep}

    def loss(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        tokens = run.model.conditioner(batch["images"]) * batch["keep"][:, None, None]
        x = interpolate(batch["latents"], batch["noise"], batch["s"])
        error = F.mse_loss(run.model.model(x, batch["s"], tokens).float(), batch["latents"] - batch["noise"])
        return error, {"flow": error}

    run.train(draw, loss, lambda: validate(run.averaged, held_out, config))


def validate(teacher: Teacher, held_out: Generation, config: TeacherConfig) -> Mapping[str, float]:
    """V-IoU of shapes generated at several guidance scales, and with 5 steps only."""
    tokens = held_out.tokens(teacher.conditioner)
    result = {}
    for guidance in GUIDANCES:
        velocity = guided_velocity(teacher.model, tokens, None if guidance == 1 else guidance, distilled=False)
        # One node more than evaluations: the published schedule's last step has length zero.
        result[f"w{guidance:g}"] = held_out.iou(velocity, flow_matching_schedule(config.validate_steps + 1))
    velocity = guided_velocity(teacher.model, tokens, 2.0, distilled=False)
    result["w2_5_steps"] = held_out.iou(velocity, flow_matching_schedule(6))
    return result
