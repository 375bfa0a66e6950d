"""Decoded latents of training pictures: what a diffusion transformer makes of a picture, for a decoder to read beside it."""

from __future__ import annotations

import torch
from torch import Tensor

from ....checkpoints.load import load_checkpoint
from ....image import ImageProcessor
from ....sampling import draw_noise, guided_velocity, sample


class LatentSource:
    """Latents in one step, in which a few-step model makes nearly what it makes in five.

    Args:
        model: name or folder of a model for one picture.
    """

    def __init__(self, model: str) -> None:
        self._model = load_checkpoint(model, "cpu", torch.float32)
        self._process = ImageProcessor(self._model.processor.size, self._model.processor.border_ratio)

    @property
    def shape(self) -> tuple[int, int]:
        """Of what it makes: tokens and their width."""
        return self._model.num_latents, self._model.vae.spec.width

    @torch.no_grad()
    def __call__(self, image: Tensor, seed: int) -> Tensor:
        """A picture float32 [S, S, 4] in [0, 1], straight alpha, and a seed -> decoded latents float32 [N, W]."""
        return self.of_pixels((image * 255).round().to(torch.uint8), seed)

    @torch.no_grad()
    def of_pixels(self, pixels: Tensor, seed: int, steps: int = 1) -> Tensor:
        """The same of uint8 [S, S, 4], in any number of steps."""
        model = self._model
        picture, _ = self._process(pixels.numpy())
        condition = model.image_encoder(picture)
        schedule = model.schedule_for(steps)
        velocity = guided_velocity(model.denoiser, condition, model.default_guidance, times=schedule.times(model.dtype))
        latents = draw_noise(seed, 1, model.num_latents, model.channels, device=model.device, dtype=model.dtype)
        for step in sample(velocity, latents, schedule):
            latents = step.latents
        return model.vae.decode(latents)[0]
