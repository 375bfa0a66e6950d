"""What is timed: a model from a folder, or a public configuration with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...api.errors import SettingsError
from ...models import whole as specs
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.dit_moe import FeedForward, MoEDiT
from ...models.shape_vae import ShapeVAE
from ...models.whole import ModelSpec, built
from ...sampling import Schedule, consistency_schedule, flow_matching_schedule


@dataclass(frozen=True)
class Configuration(ModelSpec):
    """Sizes of a whole model, and how it is run.

    Attributes:
        image_size: pixels of the prepared image.
        schedule: time steps.
    """

    image_size: int
    schedule: Schedule


def _public(name: str, image_size: int, schedule: Schedule) -> tuple[str, Configuration]:
    spec = specs.PUBLIC[name]
    return name, Configuration(spec.dit, spec.vae, spec.conditioner, image_size, schedule)


PUBLIC: Mapping[str, Configuration] = dict(
    (
        _public("hunyuan3d-dit-v2-0-turbo", 512, consistency_schedule(5, 100)),
        _public("hunyuan3d-dit-v2-mini-turbo", 1022, consistency_schedule(5, 100)),
        _public("hunyuan3d-dit-v2-1", 512, flow_matching_schedule(50)),
    )
)
"""Public configurations that are timed with random weights; their point decoder is the one that the release runs with."""


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
    configuration: Configuration
    dit: nn.Module
    vae: ShapeVAE
    conditioner: SingleImageEncoder
    guidance: float
    image: Tensor

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
    """The embedded model, a folder, or one of `PUBLIC` by its name or the end of it ("v2-0-turbo")."""
    names = [name for name in PUBLIC if name == model or name.endswith(f"-{model}")]
    if names and not Path(model).is_dir():
        return random_subject(names[0], PUBLIC[names[0]], device, dtype)
    if model != "embedded" and not Path(model).is_dir():
        raise SettingsError(f"There is no folder {model}; name one, or embedded, or one of {', '.join(PUBLIC)}.")
    return _loaded(model, device, dtype)


def _loaded(model: str, device: torch.device, dtype: torch.dtype) -> Subject:
    # Reading a folder needs more packages than running a network does.
    from ...checkpoints.load import load_checkpoint

    found = load_checkpoint(model, device, dtype)
    spec = found.schedule
    if spec.kind == "consistency":
        schedule = consistency_schedule(found.steps, spec.pcm_timesteps, train_timesteps=spec.train_timesteps)
    else:
        schedule = flow_matching_schedule(found.steps, spec.shift, train_timesteps=spec.train_timesteps)
    if not isinstance(found.dit, DiT | MoEDiT):
        raise SettingsError(f"The denoiser of {model} is of a kind that is not timed; choose another model.")
    conditioner = found.conditioner.spec
    configuration = Configuration(found.dit.spec, found.vae.spec, conditioner, found.processor.size, schedule)
    image = example_image(found.processor.size, device, dtype)
    image = image[:, None] if conditioner.view_num else image
    return Subject(found.name, False, configuration, found.dit, found.vae, found.conditioner, found.guidance, image)


def random_subject(name: str, configuration: Configuration, device: torch.device, dtype: torch.dtype) -> Subject:
    """A configuration with random weights, made on the device."""
    dit, vae, conditioner = (with_random_weights(module, device, dtype) for module in built(configuration))
    assert isinstance(vae, ShapeVAE)
    assert isinstance(conditioner, SingleImageEncoder)
    image = example_image(configuration.image_size, device, dtype)
    return Subject(name, True, configuration, dit, vae, conditioner, 5.0, image)


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
