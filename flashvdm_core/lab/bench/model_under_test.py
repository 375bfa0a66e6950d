"""What is timed: a model from a folder, or a public configuration with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ...api.errors import SettingsError
from ...checkpoints.folders import EMBEDDED
from ...checkpoints.load import load_checkpoint
from ...checkpoints.model import Model
from ...checkpoints.registry import MODELS
from ...models.build import build_meta
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.dit_skip import FeedForward, SkipDiT
from ...models.shape_vae import ShapeVAE
from ...models.specs import ModelSpec
from ...sampling import Schedule


@dataclass(frozen=True, eq=False)
class ModelUnderTest:
    """A model on its device, ready to run.

    Attributes:
        model: the networks.
        random: its weights are random: the decoder's answer means nothing and is replaced by a known shape's.
        image: [1, 3, S, S] (or [1, 1, 3, S, S] for a model of several views), an example in [-1, 1].
    """

    model: Model[DiT | SkipDiT]
    random: bool
    image: Tensor

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.model.dtype

    @property
    def schedule(self) -> Schedule:
        """The time steps of a generation."""
        return self.model.schedule_for(self.model.default_steps)

    def condition(self) -> Tensor:
        """The image's tokens [1, M, D]."""
        return self.model.image_encoder(self.image, (0,) if self.model.processor.multi_view else None)


def open_model(model: str, device: torch.device, dtype: torch.dtype) -> ModelUnderTest:
    """The embedded model, a folder, or a public model with random weights, by its name or the end of it ("v2-0-turbo")."""
    names = [name for name in MODELS if name == model or name.endswith(f"-{model}")]
    if names and not Path(model).is_dir():
        return random_model(names[0], MODELS[names[0]], device, dtype)
    if model != EMBEDDED and not Path(model).is_dir():
        raise SettingsError(f"There is no folder {model}; name one, or embedded, or one of {', '.join(MODELS)}.")
    found = load_checkpoint(model, device, dtype)
    return ModelUnderTest(found, False, _example(found.spec, device, dtype))


def random_model(name: str, spec: ModelSpec, device: torch.device, dtype: torch.dtype) -> ModelUnderTest:
    """A model with random weights, made on the device."""
    denoiser, vae, image_encoder = (with_random_weights(network, device, dtype) for network in build_meta(spec))
    assert isinstance(denoiser, DiT | SkipDiT)
    assert isinstance(vae, ShapeVAE)
    assert isinstance(image_encoder, SingleImageEncoder)
    steps, guidance = spec.default_steps, spec.default_guidance
    model = Model(
        name, denoiser, vae, image_encoder, spec.processor, spec.schedule, steps, guidance, spec.truncation, device, dtype
    )
    return ModelUnderTest(model, True, _example(spec, device, dtype))


def _example(spec: ModelSpec, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The example image, [1, 3, S, S], or [1, 1, 3, S, S] for a model of several views."""
    image = example_image(spec.processor.size, device, dtype)
    return image[:, None] if spec.processor.multi_view else image


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
    colour, inside = _ball(size)
    picture = torch.where(inside, colour, torch.ones(3, 1, 1))
    return (picture * 2 - 1).clamp(-1, 1)[None].to(device, dtype)


def example_cutout(size: int) -> np.ndarray:
    """The same ball cut out: uint8 [size, size, 4]."""
    colour, inside = _ball(size)
    return (torch.cat([colour, inside[None]]).clamp(0, 1) * 255).permute(1, 2, 0).to(torch.uint8).numpy()


def _ball(size: int) -> tuple[Tensor, Tensor]:
    """Colours [3, size, size], 0 to 1 but for the brightest, and where the ball is."""
    x = torch.linspace(-1.2, 1.2, size)
    squared = x[:, None] ** 2 + x[None] ** 2
    light = (1 - squared).clamp_min(0).sqrt() * 0.6 + (x[None] - x[:, None]) * 0.2
    return torch.tensor([0.9, 0.5, 0.2])[:, None, None] * (0.3 + light), squared < 1


def without_experts(dit: DiT | SkipDiT) -> DiT | SkipDiT:
    """A denoiser of the same operations whose work does not depend on the data: each token's experts as one layer."""
    if isinstance(dit, SkipDiT):
        for block in dit.blocks:
            if block.sparse:
                width, inner = dit.spec.hidden_size, int(dit.spec.hidden_size * dit.spec.mlp_ratio)
                with torch.device("meta"):
                    block.moe = FeedForward(width, inner * (dit.spec.moe_top_k + 1))
    return dit
