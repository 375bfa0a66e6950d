"""One model: its networks on one device, and what its config says about using them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from ..models.clip_text import TextEncoder
from ..models.conditioner import SingleImageEncoder
from ..models.denoiser import Denoiser
from ..models.pixel_aligned import PixelAlignedDecoder
from ..models.shape_vae import ShapeVAE
from ..models.specs import ModelSpec, ProcessorSpec, ScheduleSpec
from ..models.tokenizer import Tokenizer
from ..sampling.schedules import Schedule, schedule_for

DenoiserT = TypeVar("DenoiserT", bound=Denoiser, covariant=True)


@dataclass(frozen=True, eq=False)
class PromptEncoder:
    """What reads a prompt."""

    tokenizer: Tokenizer
    encoder: TextEncoder

    def __call__(self, prompt: str) -> Tensor:
        """The prompt's tokens [1, T, D], on the encoder's device."""
        place = self.encoder.text_model.final_layer_norm.weight.device
        return self.encoder(torch.tensor([self.tokenizer(prompt)], device=place))


@dataclass(frozen=True, eq=False)
class Model(Generic[DenoiserT]):
    """The networks of one model on one device, and how it is run.

    Attributes:
        name: "embedded", the folder's name, or a public model's.
        denoiser: latents, time, condition (and guidance scale) -> velocity.
        vae: its `decode` takes latents as the denoiser makes them; with its encoder only where that was asked for.
        image_encoder: (image [B, 3, S, S]) or (images [B, V, 3, S, S], view ids) -> condition [B, M, D].
        processor: how images are prepared.
        schedule: how time steps are chosen.
        default_steps, default_guidance: steps and guidance scale unless a task says otherwise.
        truncation: distance (core frame) at which its logits reach 1; 0 where its config does not say.
        device: where it computes; its weights may be elsewhere until they are needed.
        dtype: floating-point type of its weights.
        pixel_aligned: what decodes shapes made from one picture in the place of the VAE's point decoder, where it has that; in
            float32 and on the device, always: it is small.
        prompt: what reads a prompt, where the model takes one beside the image.
    """

    name: str
    denoiser: DenoiserT
    vae: ShapeVAE
    image_encoder: SingleImageEncoder
    processor: ProcessorSpec
    schedule: ScheduleSpec
    default_steps: int
    default_guidance: float
    truncation: float
    device: torch.device
    dtype: torch.dtype
    pixel_aligned: PixelAlignedDecoder | None = None
    prompt: PromptEncoder | None = None

    @property
    def spec(self) -> ModelSpec:
        """What it is, without its weights."""
        return ModelSpec(
            self.denoiser.spec,
            self.vae.spec,
            self.image_encoder.spec,
            self.processor,
            self.schedule,
            self.default_steps,
            self.default_guidance,
            self.truncation,
            None if self.pixel_aligned is None else self.pixel_aligned.spec,
            None if self.prompt is None else self.prompt.encoder.spec,
        )

    @property
    def encoders(self) -> nn.Module:
        """The network, or networks, that make its condition."""
        return self.image_encoder if self.prompt is None else nn.ModuleList([self.image_encoder, self.prompt.encoder])

    def condition(self, image: Tensor, views: Sequence[int] | None = None, prompt: str = "") -> tuple[Tensor, Tensor | None]:
        """Image or images as the image encoder takes them, view ids and a prompt -> what the denoiser takes: the condition's
        tokens [B, M, D], and those of a second one where the model has one."""
        tokens = self.image_encoder(image) if views is None else self.image_encoder(image, views)
        return (tokens, None) if self.prompt is None else (self.prompt(prompt), tokens)

    @property
    def num_latents(self) -> int:
        """Tokens N of a shape, or of a part where it makes parts."""
        return self.vae.spec.num_latents

    @property
    def most_parts(self) -> int:
        """How many parts of an object it makes at most, of `num_latents` tokens each; 0: it makes one shape."""
        return self.spec.most_parts

    @property
    def channels(self) -> int:
        """Numbers C of a token."""
        return self.vae.spec.embed_dim

    @property
    def guidance_embed(self) -> bool:
        """Whether the denoiser takes the guidance scale as an input; otherwise guidance is classifier-free."""
        return self.denoiser.guidance_embed

    def schedule_for(self, steps: int) -> Schedule:
        """Its time steps; SettingsError where there is no such schedule."""
        return schedule_for(self.schedule, steps)
