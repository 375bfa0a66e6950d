"""What happens to pictures on their way: blur, few pixels, noise, JPEG, and outlines that a background remover got wrong."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def degraded(image: Tensor, rng: np.random.Generator) -> Tensor:
    """A picture float32 [S, S, 4] in [0, 1] (straight alpha), made worse in some ways or none."""
    colour, alpha = image[..., :3].permute(2, 0, 1)[None], image[..., 3][None, None]
    # What lies behind the object shows at a wrong outline.
    background = torch.from_numpy(rng.uniform(0, 1, (1, 3, 1, 1)).astype(np.float32))
    colour = colour * alpha + background * (1 - alpha)
    if rng.random() < 0.25:
        colour = blurred(colour, float(rng.uniform(0.3, 1.2)))
    if rng.random() < 0.15:
        small = int(image.shape[0] * rng.uniform(0.5, 0.8))
        colour = F.interpolate(F.interpolate(colour, (small, small), mode="area"), image.shape[:2], mode="bilinear")
    if rng.random() < 0.25:
        noise = rng.standard_normal(tuple(colour.shape)).astype(np.float32) * rng.uniform(0.005, 0.05)
        colour = (colour + torch.from_numpy(noise)).clamp(0, 1)
    if rng.random() < 0.2:
        colour = compressed(colour, int(rng.integers(25, 90)))
    alpha = miscut(alpha, rng)
    return torch.cat([colour[0] * (alpha[0] > 0), alpha[0]]).permute(1, 2, 0).clamp(0, 1)


def blurred(maps: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of maps [1, C, S, S]."""
    radius = max(1, int(2.5 * sigma + 0.5))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma).square())
    kernel = (kernel / kernel.sum()).view(1, 1, -1, 1)
    stack = F.pad(maps.transpose(0, 1), (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(stack, kernel), kernel.transpose(2, 3)).transpose(0, 1)


def compressed(colour: Tensor, quality: int) -> Tensor:
    """JPEG and back: float32 [1, 3, S, S] in [0, 1]."""
    file = io.BytesIO()
    Image.fromarray((colour[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(file), np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def miscut(alpha: Tensor, rng: np.random.Generator) -> Tensor:
    """Opacity [1, 1, S, S] as from another cut-out: a pixel more or less, or a soft edge."""
    kind = rng.random()
    if kind < 0.08:
        return F.max_pool2d(alpha, 3, 1, 1)
    if kind < 0.16:
        # Thin parts stay: half of what erosion takes away comes back.
        return (alpha - 0.5 * (alpha + F.max_pool2d(-alpha, 3, 1, 1))).clamp(0, 1)
    if kind < 0.35:
        return blurred(alpha, float(rng.uniform(0.4, 0.9)))
    if kind < 0.5:
        return (alpha > 0.5).float()
    return alpha
