"""The diffusion transformer of Hunyuan3D-2 and Step1X-3D: two streams (condition, latents), then one.

Layout and names are those of Hunyuan3D-2's checkpoints (`Hunyuan3DDiT`). No position embedding: latents are a set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .denoiser import Denoiser, PreparedDenoiser
from .layers import RMSNorm, SwappableAttention, merge_heads
from .specs import DiTSpec
from .time_embedding import TimeEmbedding

_TIME_FACTOR = 1000.0
# The public weights were trained with 1000 here, not the usual 10000.
_MAX_PERIOD = 1000.0
_TIME_DIM = 256


def timestep_embedding(t: Tensor) -> Tensor:
    """Sinusoid of t in [0, 1]: [B] -> [B, 256], cosines first, in the dtype of t."""
    half = _TIME_DIM // 2
    freqs = torch.exp(-math.log(_MAX_PERIOD) * torch.arange(half, dtype=torch.float32, device=t.device) / half)
    angles = (_TIME_FACTOR * t)[:, None].float() * freqs[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1).to(t.dtype)


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """LayerNorm without affine, then (1 + scale) x + shift; x [B, N, C], shift and scale [B, 1, C] or shared [1, 1, C]."""
    if len(shift) == 1:  # then they are an affine part like any other, and all is one kernel
        return F.layer_norm(x, x.shape[-1:], 1 + scale[0, 0], shift[0, 0], eps=1e-6)
    return torch.addcmul(shift, 1 + scale, F.layer_norm(x, x.shape[-1:], eps=1e-6))


Modulations = Sequence[Tensor]
"""Shifts, scales and gates of one block, each [B, 1, C], or [1, 1, C] where the batch shares its time."""


class SplitInputLinear(nn.Linear):
    """A linear layer over inputs side by side, which does not lay them side by side."""

    def forward(self, input: Tensor, *others: Tensor) -> Tensor:
        """Each [..., K_i], the K_i adding up to `in_features` -> [..., out_features]."""
        weight, *weights = self.weight.split([x.shape[-1] for x in (input, *others)], dim=1)
        out = F.linear(input, weight, self.bias)
        for x, weight in zip(others, weights, strict=True):
            out = out + F.linear(x, weight)
        return out


class MLPEmbedder(nn.Module):
    """Sinusoid -> vector: Linear, SiLU, Linear."""

    def __init__(self, in_dim: int, hidden: int) -> None:
        super().__init__()
        self.in_layer = nn.Linear(in_dim, hidden)
        self.out_layer = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_layer(F.silu(self.in_layer(x)))

    def of_number(self, x: Tensor) -> Tensor:
        """Numbers [B], which may lie on the CPU -> [B, hidden]."""
        return self(timestep_embedding(x).to(self.in_layer.weight))


class QKNorm(nn.Module):
    """RMS norms of queries and keys over the head's channels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query_norm = RMSNorm(dim)
        self.key_norm = RMSNorm(dim)

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return self.query_norm(q), self.key_norm(k)


class Modulation(nn.Module):
    """vec [B, C] -> `parts` tensors [B, 1, C]: shift, scale, gate (twice in a two-stream block)."""

    def __init__(self, dim: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.lin = nn.Linear(dim, parts * dim)

    def forward(self, vec: Tensor) -> tuple[Tensor, ...]:
        return self.lin(F.silu(vec))[:, None].chunk(self.parts, dim=-1)


class SelfAttention(nn.Module):
    """The projections of one stream; the attention itself runs over both streams."""

    def __init__(self, dim: int, heads: int, qkv_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.norm = QKNorm(dim // heads)
        self.proj = nn.Linear(dim, dim)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, N, C] -> q, k (normed), v, each [B, H, N, D]."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return *self.norm(q, k), v


def _mlp(dim: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, dim))


class DoubleStreamBlock(SwappableAttention):
    """One attention over condition and latent tokens with separate weights for each stream."""

    PARTS = 12
    """Number of its modulations."""

    def __init__(self, spec: DiTSpec) -> None:
        super().__init__()
        dim, hidden = spec.hidden_size, int(spec.hidden_size * spec.mlp_ratio)
        self.img_mod = Modulation(dim, self.PARTS // 2)
        self.img_attn = SelfAttention(dim, spec.num_heads, spec.qkv_bias)
        self.img_mlp = _mlp(dim, hidden)
        self.txt_mod = Modulation(dim, self.PARTS // 2)
        self.txt_attn = SelfAttention(dim, spec.num_heads, spec.qkv_bias)
        self.txt_mlp = _mlp(dim, hidden)

    def modulations(self, vec: Tensor) -> Modulations:
        """Time [B, C] -> the latents' six and the condition's six."""
        return *self.img_mod(vec), *self.txt_mod(vec)

    def forward(self, img: Tensor, txt: Tensor, modulations: Modulations) -> tuple[Tensor, Tensor]:
        """img [B, N, C] latents, txt [B, M, C] condition -> both streams updated."""
        i_shift1, i_scale1, i_gate1, i_shift2, i_scale2, i_gate2 = modulations[:6]
        t_shift1, t_scale1, t_gate1, t_shift2, t_scale2, t_gate2 = modulations[6:]
        iq, ik, iv = self.img_attn.project(modulated(img, i_shift1, i_scale1))
        tq, tk, tv = self.txt_attn.project(modulated(txt, t_shift1, t_scale1))
        mixed = merge_heads(self.attend(torch.cat([tq, iq], 2), torch.cat([tk, ik], 2), torch.cat([tv, iv], 2)))
        t_mixed, i_mixed = mixed.split([txt.shape[1], img.shape[1]], dim=1)
        img = torch.addcmul(img, i_gate1, self.img_attn.proj(i_mixed))
        img = torch.addcmul(img, i_gate2, self.img_mlp(modulated(img, i_shift2, i_scale2)))
        txt = torch.addcmul(txt, t_gate1, self.txt_attn.proj(t_mixed))
        txt = torch.addcmul(txt, t_gate2, self.txt_mlp(modulated(txt, t_shift2, t_scale2)))
        return img, txt


class SingleStreamBlock(SwappableAttention):
    """Attention and MLP in parallel over the concatenated tokens, as in flux."""

    PARTS = 3

    def __init__(self, spec: DiTSpec) -> None:
        super().__init__()
        dim = spec.hidden_size
        self.heads, self.dim, self.hidden = spec.num_heads, dim, int(dim * spec.mlp_ratio)
        self.linear1 = nn.Linear(dim, 3 * dim + self.hidden)
        self.linear2 = SplitInputLinear(dim + self.hidden, dim)
        self.norm = QKNorm(dim // spec.num_heads)
        self.modulation = Modulation(dim, self.PARTS)

    def modulations(self, vec: Tensor) -> Modulations:
        """Time [B, C] -> shift, scale, gate."""
        return self.modulation(vec)

    def forward(self, x: Tensor, modulations: Modulations) -> Tensor:
        shift, scale, gate = modulations
        qkv, hidden = self.linear1(modulated(x, shift, scale)).split([3 * self.dim, self.hidden], dim=-1)
        q, k, v = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = self.norm(q, k)
        mixed = merge_heads(self.attend(q, k, v))
        return torch.addcmul(x, gate, self.linear2(mixed, F.gelu(hidden, approximate="tanh")))


class LastLayer(nn.Module):
    """Modulated norm and projection to the latent channels."""

    PARTS = 2

    def __init__(self, dim: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, out_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, self.PARTS * dim))

    def modulations(self, vec: Tensor) -> Modulations:
        """Time [B, C] -> shift, scale."""
        return self.adaLN_modulation(vec)[:, None].chunk(self.PARTS, dim=-1)

    def forward(self, x: Tensor, modulations: Modulations) -> Tensor:
        shift, scale = modulations
        return self.linear(modulated(x, shift, scale))


class DiT(Denoiser[DiTSpec]):
    """Velocity of the latents at time t under an image condition (paper section 3.1; flux layout)."""

    capturable = True

    def __init__(self, spec: DiTSpec) -> None:
        super().__init__(spec)
        dim = spec.hidden_size
        self.latent_in = nn.Linear(spec.in_channels, dim)
        self.time_in = TimeEmbedding(spec) if spec.wide_time else MLPEmbedder(_TIME_DIM, dim)
        self.cond_in = nn.Linear(spec.context_in_dim, dim)
        self.guidance_in = MLPEmbedder(_TIME_DIM, dim) if spec.guidance_embed else None
        self.double_blocks = nn.ModuleList(DoubleStreamBlock(spec) for _ in range(spec.depth))
        self.single_blocks = nn.ModuleList(SingleStreamBlock(spec) for _ in range(spec.depth_single_blocks))
        self.final_layer = LastLayer(dim, spec.in_channels)

    def forward(self, x: Tensor, t: Tensor, cond: Tensor, guidance: Tensor | None = None) -> Tensor:
        """Velocity dx/ds (data minus noise).

        Args:
            x: noisy latents [B, N, in_channels].
            t: time [B] in [0, 1], 0 noise and 1 data; it may lie on the CPU.
            cond: condition tokens [B, M, context_in_dim].
            guidance: guidance scale [B]; needed exactly where the model has a guidance embedding.

        Raises:
            ValueError: guidance given or missing against `spec.guidance_embed`.
        """
        return self.velocity(x, self.cond_in(cond), self._modulations(t, guidance))

    def features(self, x: Tensor, t: Tensor, cond: Tensor, guidance: Tensor | None = None) -> list[Tensor]:
        """The latent tokens after each block, [B, N, hidden_size] each; arguments as in `forward`."""
        return list(self._blocks(x, self.cond_in(cond), self._modulations(t, guidance)))

    def prepare(self, times: Tensor, cond: Tensor, extra: Tensor | None = None) -> PreparedDiT:
        """See `Denoiser.prepare`: the condition's projection, and the modulations of all times."""
        vec = None if extra is None else extra[:1].expand(len(times))
        return PreparedDiT(self, self.cond_in(cond), times, self._modulations(times, vec))

    def velocity(self, x: Tensor, projected: Tensor, modulations: Tensor) -> Tensor:
        """The part of `forward` that depends on the latents.

        Args:
            x: noisy latents [B, N, in_channels].
            projected: the condition [B, M, hidden_size].
            modulations: of all blocks and the last layer, one after the other: [B, K, hidden_size], or [1, K, hidden_size]
                where the batch shares its time.
        """
        *_, last = self._blocks(x, projected, modulations)
        return self.final_layer(last, modulations[:, -LastLayer.PARTS :].split(1, dim=1))

    def _modulations(self, t: Tensor, guidance: Tensor | None) -> Tensor:
        """Those of all blocks and the last layer for time [B] and guidance [B]: [B, K, hidden_size]."""
        if (guidance is not None) != self.spec.guidance_embed:
            raise ValueError(f"guidance given: {guidance is not None}, model has an embedding for it: {self.spec.guidance_embed}")
        vec = self.time_in(t) if isinstance(self.time_in, TimeEmbedding) else self.time_in.of_number(t)
        if self.guidance_in is not None and guidance is not None:
            vec = vec + self.guidance_in.of_number(guidance)
        parts: list[Tensor] = []
        for block in (*self.double_blocks, *self.single_blocks, self.final_layer):
            assert isinstance(block, DoubleStreamBlock | SingleStreamBlock | LastLayer)
            parts.extend(block.modulations(vec))
        return torch.cat(parts, dim=1)

    def _blocks(self, x: Tensor, txt: Tensor, modulations: Tensor) -> Iterator[Tensor]:
        """Run the blocks on latents and the projected condition [B, M, C]; yield the latent tokens after each."""
        img = self.latent_in(x)
        parts = iter(modulations.split(1, dim=1))
        for block in self.double_blocks:
            img, txt = block(img, txt, tuple(islice(parts, DoubleStreamBlock.PARTS)))
            yield img
        tokens = torch.cat([txt, img], dim=1)
        for block in self.single_blocks:
            tokens = block(tokens, tuple(islice(parts, SingleStreamBlock.PARTS)))
            yield tokens[:, txt.shape[1] :]


class PreparedDiT(PreparedDenoiser):
    """A `DiT` with its condition projected and its modulations computed, for some times."""

    def __init__(self, dit: DiT, projected: Tensor, times: Tensor, modulations: Tensor) -> None:
        super().__init__(dit)
        self._velocity, self._projected = dit.velocity, projected
        # A slice of the batch for each time, shared by the batch of latents.
        self._steps = dict(zip(times.tolist(), modulations.split(1), strict=True))

    def inputs(self, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """See `PreparedDenoiser`."""
        return x, self._projected, self._steps[float(t[0])]

    def compute(self, *inputs: Tensor) -> Tensor:
        """See `PreparedDenoiser`."""
        return self._velocity(*inputs)
