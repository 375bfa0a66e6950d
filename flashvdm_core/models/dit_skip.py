"""The denoiser with long skips of Hunyuan3D-2.1 (`HunYuanDiTPlain`, whose state-dict names it has) and TripoSG.

A transformer over [time token, latents] with cross attention to the image tokens and long skips from the first half of the
blocks to the second; in Hunyuan3D-2.1 the feed-forward layers of the last blocks are mixtures of experts.

PartCrafter's makes the parts of an object at once, which read each other in some of its blocks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .denoiser import Denoiser
from .layers import SwappableAttention, merge_heads
from .specs import SkipDiTSpec
from .time_embedding import TimeEmbedding

_QK_EPS = 1e-6


class SkipDiT(Denoiser[SkipDiTSpec]):
    """Predicts the velocity of the latents."""

    def __init__(self, spec: SkipDiTSpec) -> None:
        super().__init__(spec)
        self.x_embedder = nn.Linear(spec.in_channels, spec.hidden_size)
        self.t_embedder = TimeEmbedding(spec)
        if spec.part_tokens:
            self.part_embedding = nn.Embedding(spec.max_parts, spec.hidden_size)
        self.blocks = nn.ModuleList(
            Block(
                spec,
                with_skip=layer > spec.depth // 2,
                sparse=spec.depth - layer <= spec.num_moe_layers,
                joint=bool(spec.joint_blocks >> layer & 1),
            )
            for layer in range(spec.depth)
        )
        self.final_layer = FinalLayer(spec)

    def forward(self, x: Tensor, t: Tensor, cond: Tensor, cond_2: Tensor | None = None) -> Tensor:
        """Velocity dx/ds (data minus noise).

        Args:
            x: noisy latents [B, N, in_channels]; those of parts one behind the other.
            t: time [B] in [0, 1], 0 noise and 1 data; it may lie on the CPU.
            cond: condition tokens [B, M, context_dim].
            cond_2: those of the second cross attention [B, M', context_dim_2]; needed exactly where the model has one.

        Raises:
            ValueError: `cond_2` given or missing against the spec, or so many tokens are no parts.
        """
        if (cond_2 is not None) != (self.spec.context_dim_2 > 0):
            raise ValueError(f"second condition given: {cond_2 is not None}, the model's has {self.spec.context_dim_2} channels")
        parts = self._parts(x)
        x = self._embedded(x, t, parts)
        skips: list[Tensor] = []
        for layer, block in enumerate(self.blocks):
            x = block(x, cond, cond_2, skips.pop() if layer > self.spec.depth // 2 else None, parts)
            if layer < self.spec.depth // 2:
                skips.append(x)
        return _whole(self.final_layer(_by_part(x, parts)), parts)

    def _parts(self, x: Tensor) -> int:
        """How many parts the latents are of; 1 where it makes none."""
        tokens = self.spec.part_tokens
        if not tokens:
            return 1
        parts = x.shape[1] // tokens
        if parts * tokens != x.shape[1] or not 1 <= len(x) * parts <= self.spec.max_parts:
            raise ValueError(f"{x.shape[1]} tokens are no parts of {tokens} each, of which it tells {self.spec.max_parts} apart")
        return parts

    def _embedded(self, x: Tensor, t: Tensor, parts: int) -> Tensor:
        """Latents [B, N, in_channels] and time [B] -> [B, N + parts, width]: the tokens of each part, behind one of the time."""
        time = self.t_embedder(t)[:, None, None].expand(-1, parts, -1, -1)
        x = torch.cat([time, self.x_embedder(x).unflatten(1, (parts, -1))], dim=2)
        if self.spec.part_tokens:
            # Numbered through the batch as the published pipeline does it, where what has no condition comes first.
            numbers = torch.arange(len(x) * parts, device=x.device).view(len(x), parts).flip(0)
            x = x + self.part_embedding(numbers)[:, :, None]
        return x.flatten(1, 2)


def _by_part(x: Tensor, parts: int) -> Tensor:
    """[B, parts * n, C] -> [B * parts, n, C]."""
    return x if parts == 1 else x.unflatten(1, (parts, -1)).flatten(0, 1)


def _whole(x: Tensor, parts: int) -> Tensor:
    """[B * parts, n, C] -> [B, parts * n, C]."""
    return x if parts == 1 else x.unflatten(0, (-1, parts)).flatten(1, 2)


class Block(nn.Module):
    """Self attention, cross attention and feed-forward, each pre-normed and added to the stream.

    Where there are parts, the self attention is over all of them in a joint block, and else over each alone.
    """

    def __init__(self, spec: SkipDiTSpec, *, with_skip: bool, sparse: bool, joint: bool = False) -> None:
        super().__init__()
        self.joint = joint
        width, eps = spec.hidden_size, spec.norm_eps
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.attn1 = Attention(width, width, spec.num_heads, spec.qkv_bias)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.attn2 = Attention(width, spec.context_dim, spec.num_heads, spec.qkv_bias)
        self.scales = spec.cross_scale, spec.cross_scale_2
        if spec.context_dim_2:
            self.norm2_2 = nn.LayerNorm(width, eps=eps)
            self.attn2_2 = Attention(width, spec.context_dim_2, spec.num_heads, spec.qkv_bias)
        self.norm3 = nn.LayerNorm(width, eps=eps)
        if with_skip:
            self.skip_norm = nn.LayerNorm(width, eps=eps)
            self.skip_linear = nn.Linear(2 * width, width)
        inner = int(width * spec.mlp_ratio)
        if sparse:
            self.moe = SparseFeedForward(width, inner, spec.num_experts, spec.moe_top_k)
        else:
            self.mlp = FeedForward(width, inner)
        self.sparse = sparse

    def forward(self, x: Tensor, cond: Tensor, cond_2: Tensor | None, skip: Tensor | None, parts: int = 1) -> Tensor:
        if skip is not None:
            x = self.skip_norm(self.skip_linear(torch.cat([skip, x], dim=-1)))
        apart = 1 if self.joint else parts
        normed = _by_part(self.norm1(x), apart)
        x = x + _whole(self.attn1(normed, normed), apart)
        attended = self.scales[0] * self.attn2(self.norm2(x), cond)
        if cond_2 is not None:
            attended = attended + self.scales[1] * self.attn2_2(self.norm2_2(x), cond_2)
        x = x + attended
        return x + (self.moe if self.sparse else self.mlp)(self.norm3(x))


class Attention(SwappableAttention):
    """Attention of [B, N, width] to [B, M, context]; the same class serves self and cross attention.

    The published weights expect an unusual split into heads: where several projections share their input (q, k, v
    of self attention, k, v of cross attention), their channels are concatenated first and then cut into heads, and
    each head's slice is cut into its q, k and v. A head therefore mixes the projections' channels.
    """

    def __init__(self, width: int, context: int, num_heads: int, bias: bool) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.to_q = nn.Linear(width, width, bias=bias)
        self.to_k = nn.Linear(context, width, bias=bias)
        self.to_v = nn.Linear(context, width, bias=bias)
        self.q_norm = nn.RMSNorm(width // num_heads, eps=_QK_EPS)
        self.k_norm = nn.RMSNorm(width // num_heads, eps=_QK_EPS)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Attend from `x` to `context`; pass the same tensor twice for self attention."""
        if context is x:
            q, k, v = self._heads(self.to_q(x), self.to_k(x), self.to_v(x))
        else:
            (q,) = self._heads(self.to_q(x))
            k, v = self._heads(self.to_k(context), self.to_v(context))
        return self.out_proj(merge_heads(self.attend(self.q_norm(q), self.k_norm(k), v)))

    def _heads(self, *projections: Tensor) -> tuple[Tensor, ...]:
        joined = torch.cat(projections, dim=-1)
        per_head = joined.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        return per_head.chunk(len(projections), dim=-1)


class FeedForward(nn.Module):
    """Linear, GELU, linear."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _ProjectedGELU(nn.Module):
    """Linear and GELU, under the name that the experts' weights have in the public files."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.proj(x))


class Expert(nn.Module):
    """The same function as `FeedForward`, with the experts' public names."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        # The unparametrised place in the middle (dropout during the original training) keeps the names' numbers.
        self.net = nn.Sequential(_ProjectedGELU(width, inner), nn.Identity(), nn.Linear(inner, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class SparseFeedForward(nn.Module):
    """Each token goes through its `top_k` best experts, weighted by the gate, and through one shared expert.

    The gate's weights are the softmax over all experts; those of the chosen ones are not renormalised.
    """

    def __init__(self, width: int, inner: int, num_experts: int, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        self.gate = nn.Linear(width, num_experts, bias=False)
        self.experts = nn.ModuleList(Expert(width, inner) for _ in range(num_experts))
        self.shared_experts = Expert(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, width] -> [B, N, width]. Every expert sees its own tokens only, in one batch."""
        tokens = x.flatten(0, 1)
        weights, chosen = self.gate(tokens).softmax(dim=-1).topk(self.top_k, dim=-1)
        order = chosen.flatten().argsort(stable=True)
        counts = chosen.flatten().bincount(minlength=len(self.experts)).tolist()
        out = self.shared_experts(tokens)
        for expert, group in zip(self.experts, order.split(counts), strict=True):
            rows = group // self.top_k
            # A token meets an expert once at most, so the sums have a fixed order on every device.
            out.index_add_(0, rows, expert(tokens[rows]) * weights.flatten()[group].unsqueeze(1))
        return out.view_as(x)


class FinalLayer(nn.Module):
    """Norm, drop the time token, project to the latents' channels."""

    def __init__(self, spec: SkipDiTSpec) -> None:
        super().__init__()
        self.norm_final = nn.LayerNorm(spec.hidden_size, eps=spec.norm_eps)
        self.linear = nn.Linear(spec.hidden_size, spec.in_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm_final(x)[:, 1:])
