"""The time of a denoiser as a vector."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .specs import DiTSpec, SkipDiTSpec


class TimeEmbedding(nn.Module):
    """Sinusoids of the time as the model counts it (sin first, then cos, longest period 10000) and an MLP: [B] -> [B, width]."""

    def __init__(self, spec: DiTSpec | SkipDiTSpec) -> None:
        super().__init__()
        width = spec.hidden_size
        self.frequencies, self.start, self.end = width // 2, spec.time_at_noise, spec.time_at_data
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, t: Tensor) -> Tensor:
        exponents = torch.arange(self.frequencies, dtype=torch.float32, device=t.device) / self.frequencies
        time = self.start + (self.end - self.start) * t.float()
        angles = time[:, None] * torch.exp(-math.log(10000) * exponents)
        first = self.mlp[0]
        assert isinstance(first, nn.Linear)
        return self.mlp(torch.cat([angles.sin(), angles.cos()], dim=1).to(first.weight))
