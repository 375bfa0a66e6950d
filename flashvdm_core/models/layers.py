"""Small layers that the networks share."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AttentionFunction = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What `attention` is: queries [B, H, Q, D], keys and values [B, H, N, D] -> [B, H, Q, D]."""


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention over heads: q [B, H, Q, D], k and v [B, H, N, D] -> [B, H, Q, D]."""
    return F.scaled_dot_product_attention(q, k, v)


class SwappableAttention(nn.Module):
    """A module with an attention that may be computed in another way.

    Attributes:
        attend: what computes it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attend: AttentionFunction = attention


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[B, N, H * D] -> [B, H, N, D]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, H, N, D] -> [B, N, H * D]."""
    return x.transpose(1, 2).flatten(2)


class RMSNorm(nn.Module):
    """Root-mean-square norm in float32, cast back before the learned scale (the order matters in half precision)."""

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], eps=self.eps) * self.scale


class FourierEmbedder(nn.Module):
    """Coordinates -> [x, sin(x f), cos(x f)], coordinate-major, f = 2^k (times pi where `include_pi`).

    [..., 3] -> [..., 3 * (2 * num_freqs + 1)].
    """

    def __init__(self, num_freqs: int, include_pi: bool) -> None:
        super().__init__()
        self.num_freqs, self.include_pi = num_freqs, include_pi
        self.out_dim = 3 * (2 * num_freqs + 1)

    def frequencies(self, device: torch.device) -> Tensor:
        """float32 [num_freqs]."""
        f = 2.0 ** torch.arange(self.num_freqs, dtype=torch.float32, device=device)
        return f * torch.pi if self.include_pi else f

    def forward(self, x: Tensor) -> Tensor:
        angles = (x.unsqueeze(-1) * self.frequencies(x.device).to(x.dtype)).flatten(-2)
        return torch.cat([x, angles.sin(), angles.cos()], dim=-1)
