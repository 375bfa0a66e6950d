"""What is timed: a model from a folder, or a public configuration with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...api.errors import SettingsError
from ...checkpoints.registry import MODELS
from ...models.build import build_meta
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.dit_moe import FeedForward, MoEDiT
from ...models.shape_vae import ShapeVAE
from ...models.specs import ModelSpec
from ...sampling import Schedule, schedule_for


@dataclass(frozen=True, eq=False)
class Subject:
    """A model on its device, ready to run.

    Attributes:
        name: of the configuration or the folder.
        random: the weights are random: the decoder's answer means nothing and is replaced by a known shape's.
        image: [1, 3, S, S] (or [1, 1, 3, S, S] for a model of several views), an example in [-1, 1].
    """

    name: str
    random: bool
    configuration: ModelSpec
    dit: nn.Module
    vae: ShapeVAE
    conditioner: SingleImageEncoder
    guidance: float
    image: Tensor

    @property
    def schedule(self) -> Schedule:
        """The time steps of a generation."""
        return schedule_for(self.configuration.schedule, self.configuration.default_steps)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.image.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.image.dtype

    def condition(self) -> Tensor:
        """The image's tokens [1, M, D]."""
        return self.conditioner(self.image, (0,) if self.configuration.conditioner.view_num else None)


def subject(model: str, device: torch.device, dtype: torch.dtype) -> Subject:
    """The embedded model, a folder, or a public model with random weights, by its name or the end of it ("v2-0-turbo")."""
    names = [name for name in MODELS if name == model or name.endswith(f"-{model}")]
    if names and not Path(model).is_dir():
        return random_subject(names[0], MODELS[names[0]], device, dtype)
    if model != "embedded" and not Path(model).is_dir():
        raise SettingsError(f"There is no folder {model}; name one, or embedded, or one of {', '.join(MODELS)}.")
    return _loaded(model, device, dtype)


def _loaded(model: str, device: torch.device, dtype: torch.dtype) -> Subject:
    # Reading a folder needs more packages than running a network does.
    from ...checkpoints.load import load_checkpoint

    found = load_checkpoint(model, device, dtype)
    if not isinstance(found.dit, DiT | MoEDiT):
        raise SettingsError(f"The denoiser of {model} is of a kind that is not timed; choose another model.")
    spec = ModelSpec(
        found.dit.spec, found.vae.spec, found.conditioner.spec, found.processor, found.schedule, found.steps, found.guidance
    )
    image = _example(spec, device, dtype)
    return Subject(found.name, False, spec, found.dit, found.vae, found.conditioner, found.guidance, image)


def random_subject(name: str, configuration: ModelSpec, device: torch.device, dtype: torch.dtype) -> Subject:
    """A configuration with random weights, made on the device."""
    dit, vae, conditioner = (with_random_weights(module, device, dtype) for module in build_meta(configuration))
    assert isinstance(vae, ShapeVAE)
    assert isinstance(conditioner, SingleImageEncoder)
    image = _example(configuration, device, dtype)
    return Subject(name, True, configuration, dit, vae, conditioner, configuration.default_guidance, image)


def _example(spec: ModelSpec, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The example image, [1, 3, S, S], or [1, 1, 3, S, S] for a model of several views."""
    image = example_image(spec.processor.size, device, dtype)
    return image[:, None] if spec.conditioner.view_num else image


def with_random_weights(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Give a module of the meta device its numbers, made on `device` in `dtype`: small, so that activations stay finite."""
    module = module.to(dtype).to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(std=0.02, generator=generator)
        else:
            parameter.data.fill_(0.0 if name.endswith("bias") else 1.0)
    return module.eval().requires_grad_(False)


def example_image(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A shaded ball on white: [1, 3, size, size] in [-1, 1], row 0 at the top."""
    x = torch.linspace(-1.2, 1.2, size)
    squared = x[:, None] ** 2 + x[None] ** 2
    light = (1 - squared).clamp_min(0).sqrt() * 0.6 + (x[None] - x[:, None]) * 0.2
    colour = torch.tensor([0.9, 0.5, 0.2])[:, None, None] * (0.3 + light)
    picture = torch.where(squared < 1, colour, torch.ones(3, 1, 1))
    return (picture * 2 - 1).clamp(-1, 1)[None].to(device, dtype)


def without_experts(dit: DiT | MoEDiT) -> DiT | MoEDiT:
    """A denoiser of the same operations whose work does not depend on the data: each token's experts as one layer."""
    if isinstance(dit, MoEDiT):
        for block in dit.blocks:
            if block.sparse:
                width, inner = dit.spec.hidden_size, int(dit.spec.hidden_size * dit.spec.mlp_ratio)
                with torch.device("meta"):
                    block.moe = FeedForward(width, inner * (dit.spec.moe_top_k + 1))
    return dit
