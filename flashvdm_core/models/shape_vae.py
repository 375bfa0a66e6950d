"""The vecset autoencoder: surface points -> a set of latents -> a truncated signed distance anywhere in space.

Names are those of the checkpoints of Hunyuan3D-2 (`ShapeVAE`); those of TripoSG and Step1X-3D are the same network under other
names. The norms differ in their epsilon (1e-5 in the two `ln_post`, 1e-6 in those of queries and keys, the spec's `norm_eps`
elsewhere), which the public weights depend on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import FourierEmbedder, attention, merge_heads
from .specs import PointDecoderSpec, ShapeVAESpec

_QK_EPS = 1e-6


class QKLayerNorm(nn.Module):
    """LayerNorm of queries and keys over the head's channels, or nothing at all."""

    def __init__(self, dim: int, enabled: bool) -> None:
        super().__init__()
        self.q_norm = nn.LayerNorm(dim, eps=_QK_EPS) if enabled else nn.Identity()
        self.k_norm = nn.LayerNorm(dim, eps=_QK_EPS) if enabled else nn.Identity()


class SelfAttention(nn.Module):
    """Multi-head self attention; q, k and v lie side by side for each head."""

    def __init__(self, width: int, heads: int, qkv_bias: bool, qk_norm: bool) -> None:
        super().__init__()
        self.heads = heads
        self.c_qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.c_proj = nn.Linear(width, width)
        self.attention = QKLayerNorm(width // heads, qk_norm)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.c_qkv(x).unflatten(-1, (self.heads, -1)).transpose(1, 2).chunk(3, dim=-1)
        return self.c_proj(merge_heads(attention(self.attention.q_norm(q), self.attention.k_norm(k), v)))


@dataclass(frozen=True)
class KeysValues:
    """Keys (normed) and values of one set of latents: each [B, H, N, D]."""

    k: Tensor
    v: Tensor


class CrossAttention(nn.Module):
    """Multi-head cross attention with its parts exposed, so that keys and values are computed once a shape."""

    def __init__(self, width: int, heads: int, qkv_bias: bool, qk_norm: bool) -> None:
        super().__init__()
        self.heads = heads
        self.c_q = nn.Linear(width, width, bias=qkv_bias)
        self.c_kv = nn.Linear(width, 2 * width, bias=qkv_bias)
        self.c_proj = nn.Linear(width, width)
        self.attention = QKLayerNorm(width // heads, qk_norm)

    def queries(self, x: Tensor) -> Tensor:
        """[B, P, W] -> [B, H, P, D], normed."""
        return self.attention.q_norm(self.c_q(x).unflatten(-1, (self.heads, -1)).transpose(1, 2))

    def keys_values(self, data: Tensor) -> KeysValues:
        """[B, N, W] -> keys and values."""
        k, v = self.c_kv(data).unflatten(-1, (self.heads, -1)).transpose(1, 2).chunk(2, dim=-1)
        return KeysValues(self.attention.k_norm(k), v)


class MLP(nn.Module):
    """Linear, exact GELU, Linear."""

    def __init__(self, width: int, expand: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, width * expand)
        self.c_proj = nn.Linear(width * expand, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x)))


class SelfAttentionBlock(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int, qkv_bias: bool, qk_norm: bool, norm_eps: float = 1e-6) -> None:
        super().__init__()
        self.attn = SelfAttention(width, heads, qkv_bias, qk_norm)
        self.ln_1 = nn.LayerNorm(width, eps=norm_eps)
        self.mlp = MLP(width, 4)
        self.ln_2 = nn.LayerNorm(width, eps=norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class CrossAttentionBlock(nn.Module):
    """Pre-norm block of queries that read a second set."""

    def __init__(self, width: int, heads: int, expand: int, qkv_bias: bool, qk_norm: bool, norm_eps: float = 1e-6) -> None:
        super().__init__()
        self.attn = CrossAttention(width, heads, qkv_bias, qk_norm)
        self.ln_1 = nn.LayerNorm(width, eps=norm_eps)
        self.ln_2 = nn.LayerNorm(width, eps=norm_eps)
        self.ln_3 = nn.LayerNorm(width, eps=norm_eps)
        self.mlp = MLP(width, expand)

    def keys_values(self, data: Tensor) -> KeysValues:
        """[B, N, W] -> keys and values."""
        return self.attn.keys_values(self.ln_2(data))

    def queries(self, x: Tensor) -> Tensor:
        """[B, P, W] -> [B, H, P, D]."""
        return self.attn.queries(self.ln_1(x))

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Residual around the attention's answer [B, H, P, D], then the MLP: -> [B, P, W]."""
        x = x + self.attn.c_proj(merge_heads(attended))
        return x + self.mlp(self.ln_3(x))

    def forward(self, x: Tensor, data: Tensor) -> Tensor:
        kv = self.keys_values(data)
        return self.finish(x, attention(self.queries(x), kv.k, kv.v))


class Transformer(nn.Module):
    """A stack of self-attention blocks."""

    def __init__(self, width: int, heads: int, layers: int, qkv_bias: bool, qk_norm: bool, norm_eps: float = 1e-6) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(SelfAttentionBlock(width, heads, qkv_bias, qk_norm, norm_eps) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x)
        return x


class PointDecoder(nn.Module):
    """Points -> logits by cross attention to the decoded latents (paper section 3.3; `CrossAttentionDecoder`).

    Its parts are exposed: the volume decoders cache `keys_values` for a shape and replace the attention by
    one over selected tokens.
    """

    def __init__(self, spec: PointDecoderSpec) -> None:
        super().__init__()
        self.spec = spec
        inner = spec.inner_width
        # The published decoder couples the two: without ln_post there are no query and key norms either.
        qk_norm = spec.qk_norm and spec.enable_ln_post
        self.fourier = FourierEmbedder(spec.num_freqs, spec.include_pi)
        self.query_proj = nn.Linear(self.fourier.out_dim, inner)
        self.latents_proj = nn.Linear(spec.width, inner) if spec.downsample_ratio != 1 else nn.Identity()
        self.cross_attn_decoder = CrossAttentionBlock(
            inner, spec.inner_heads, spec.mlp_expand_ratio, spec.qkv_bias, qk_norm, spec.norm_eps
        )
        self.ln_post = nn.LayerNorm(inner) if spec.enable_ln_post else nn.Identity()
        self.output_proj = nn.Linear(inner, 1)

    def keys_values(self, decoded: Tensor) -> KeysValues:
        """Decoded latents [B, N, width] -> keys and values, once a shape."""
        return self.cross_attn_decoder.keys_values(self.latents_proj(decoded))

    def embed(self, points: Tensor) -> Tensor:
        """Points [B, P, 3] in the core frame -> [B, P, W]. Fourier features are taken in the points' dtype."""
        return self.query_proj(self.fourier(points).to(self.query_proj.weight.dtype))

    def queries(self, hidden: Tensor) -> Tensor:
        """[B, P, W] -> [B, H, P, D]."""
        return self.cross_attn_decoder.queries(hidden)

    def finish(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """[B, P, W] and the attention's answer [B, H, P, D] -> logits [B, P, 1], positive inside."""
        return self.output_proj(self.ln_post(self.cross_attn_decoder.finish(hidden, attended)))

    def forward(self, points: Tensor, kv: KeysValues) -> Tensor:
        """Points [B, P, 3] -> logits [B, P, 1], with attention to every token: the reference of all fast paths."""
        hidden = self.embed(points)
        return self.finish(hidden, attention(self.queries(hidden), kv.k, kv.v))


def farthest_points(points: Tensor, count: int) -> Tensor:
    """Exact farthest point sampling, starting at the first point: [B, N, 3] -> indices int64 [B, count]."""
    batch = torch.arange(points.shape[0], device=points.device)
    chosen = torch.zeros(points.shape[0], count, dtype=torch.long, device=points.device)
    distance = torch.full(points.shape[:2], torch.inf, device=points.device, dtype=points.dtype)
    for i in range(1, count):
        last = points[batch, chosen[:, i - 1]]
        distance = torch.minimum(distance, (points - last[:, None]).square().sum(-1))
        chosen[:, i] = distance.argmax(dim=1)
    return chosen


@dataclass(frozen=True)
class Surface:
    """What the encoder reads.

    Attributes:
        data: surface points [B, n, 3 + feats], those on sharp edges last.
        queries: [B, num_latents, 3 + feats] among them, those on sharp edges last.
        sharp: how many of the points and of the queries are on sharp edges.
    """

    data: Tensor
    queries: Tensor
    sharp: tuple[int, int] = (0, 0)


def choose_points(spec: ShapeVAESpec, surface: Tensor, random: Tensor, sharp: Tensor | None = None) -> Surface:
    """Subsample a surface and pick the query points by farthest point sampling, uniform and sharp-edge points apart.

    Args:
        spec: sizes.
        surface: [B, pc_size + pc_sharpedge_size, 3 + point_feats], uniform points first; where the spec has a `query_ratio` any
            number of points, all of which the encoder reads.
        random: indices of the uniform points to keep, or to choose queries from (a permutation is cut to the needed count).
        sharp: the same for the sharp-edge points, counted from the first of them.
    """
    if spec.query_ratio:
        return Surface(surface, _farthest(surface[:, random[: spec.query_ratio * spec.num_latents]], spec.num_latents))
    share = spec.pc_size / (spec.pc_size + spec.pc_sharpedge_size)
    uniform_queries = int(share * spec.num_latents)
    parts = [(surface[:, : spec.pc_size], random, uniform_queries)]
    if sharp is not None:
        parts.append((surface[:, spec.pc_size :], sharp, spec.num_latents - uniform_queries))
    data, queries = [], []
    for points, indices, count in parts:
        kept = points[:, indices[: count * spec.downsample_ratio]]
        data.append(kept)
        queries.append(_farthest(kept, count))
    edges = (data[1].shape[1], queries[1].shape[1]) if sharp is not None else (0, 0)
    return Surface(torch.cat(data, 1), torch.cat(queries, 1), edges)


def _farthest(points: Tensor, count: int) -> Tensor:
    """Of points [B, n, 3 + feats] those that farthest point sampling picks: [B, count, 3 + feats]."""
    picked = farthest_points(points[..., :3], count)
    return points.gather(1, picked[..., None].expand(-1, -1, points.shape[-1]))


class PointEncoder(nn.Module):
    """Surface points -> latents before the KL bottleneck: cross attention from farthest points, then self attention."""

    def __init__(self, spec: ShapeVAESpec) -> None:
        super().__init__()
        width, block = spec.inner_encoder_width, (spec.qkv_bias, spec.qk_norm, spec.norm_eps)
        self.fourier = FourierEmbedder(spec.num_freqs, spec.include_pi)
        self.input_proj = nn.Linear(self.fourier.out_dim + spec.point_feats, width)
        self.cross_attn = CrossAttentionBlock(width, spec.heads, 4, *block)
        self.sharp_branch = spec.sharp_branch
        if spec.sharp_branch:
            self.input_proj_sharp = nn.Linear(self.fourier.out_dim + spec.point_feats, width)
            self.cross_attn_sharp = CrossAttentionBlock(width, spec.heads, 4, *block)
        self.self_attn = Transformer(width, spec.heads, spec.num_encoder_layers, *block)
        self.ln_post = nn.LayerNorm(width)

    def features(self, points: Tensor) -> Tensor:
        """[B, n, 3 + feats] -> Fourier features and the point features [B, n, 51 + feats]."""
        return torch.cat([self.fourier(points[..., :3]), points[..., 3:]], dim=-1)

    def forward(self, surface: Surface) -> Tensor:
        """-> [B, num_latents, the encoder's width]."""
        queries, data = self.features(surface.queries), self.features(surface.data)
        return self.ln_post(self.self_attn(self._read(queries, data, *surface.sharp)))

    def _read(self, queries: Tensor, data: Tensor, sharp_points: int, sharp_queries: int) -> Tensor:
        """What the queries find in the points, by two projections where points on sharp edges have their own."""
        if not self.sharp_branch or not sharp_points:
            return self.cross_attn(self.input_proj(queries), self.input_proj(data))
        points, edges = data.tensor_split([data.shape[1] - sharp_points], dim=1)
        plain, on_edges = queries.tensor_split([queries.shape[1] - sharp_queries], dim=1)
        edges = self.input_proj_sharp(edges)
        both = torch.cat([self.input_proj(plain), self.input_proj_sharp(on_edges)], dim=1)
        return self.cross_attn(both, self.input_proj(points)) + self.cross_attn_sharp(both, edges)


@dataclass(frozen=True)
class Posterior:
    """Diagonal Gaussian of the latents, `mean` and `logvar` [B, num_latents, embed_dim]."""

    mean: Tensor
    logvar: Tensor

    @classmethod
    def from_moments(cls, moments: Tensor) -> Posterior:
        mean, logvar = moments.chunk(2, dim=-1)
        return cls(mean, logvar.clamp(-30.0, 20.0))

    def scaled(self, factor: float) -> Posterior:
        """That of the latents times `factor`."""
        return Posterior(self.mean * factor, self.logvar + 2 * math.log(factor))

    def sample(self, noise: Tensor) -> Tensor:
        """mean + std * noise."""
        return self.mean + torch.exp(0.5 * self.logvar) * noise

    def kl(self) -> Tensor:
        """Mean KL divergence to the unit Gaussian, a scalar."""
        return 0.5 * (self.mean.square() + self.logvar.exp() - 1.0 - self.logvar).mean()


class ShapeVAE(nn.Module):
    """Encoder, KL bottleneck, latent transformer and point decoder.

    `encode` and `decode` speak of latents as a denoiser knows them, scaled by `spec.scale_factor` to a standard deviation of 1.
    Those of the network itself, before that, are called unscaled.
    """

    def __init__(self, spec: ShapeVAESpec, with_encoder: bool) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = PointEncoder(spec) if with_encoder else None
        self.pre_kl = nn.Linear(spec.inner_encoder_width, 2 * spec.embed_dim) if with_encoder else None
        self.post_kl = nn.Linear(spec.embed_dim, spec.width)
        self.transformer = Transformer(
            spec.width, spec.heads, spec.num_decoder_layers, spec.qkv_bias, spec.qk_norm, spec.norm_eps
        )
        self.geo_decoder = PointDecoder(spec.point_decoder)

    def encode(self, surface: Surface) -> Posterior:
        """The posterior of the scaled latents. ValueError where the checkpoint came without its encoder."""
        return self.encode_unscaled(surface).scaled(self.spec.scale_factor)

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents [B, N, embed_dim] -> decoded latents [B, N, width], ready for the point decoder."""
        return self.decode_unscaled(latents / self.spec.scale_factor)

    def encode_unscaled(self, surface: Surface) -> Posterior:
        """The posterior of the unscaled latents. ValueError where the checkpoint came without its encoder."""
        if self.encoder is None or self.pre_kl is None:
            raise ValueError("this autoencoder was built without its encoder")
        return Posterior.from_moments(self.pre_kl(self.encoder(surface)))

    def decode_unscaled(self, latents: Tensor) -> Tensor:
        """Unscaled latents [B, N, embed_dim] -> decoded latents [B, N, width], ready for the point decoder."""
        return self.transformer(self.post_kl(latents))

    def with_latents(self, *, num_latents: int | None = None, scale_factor: float | None = None) -> ShapeVAE:
        """The same network, whose weights it shares, that makes another number of tokens or scales them otherwise.

        The tokens are a set: no weight belongs to one of them.
        """
        spec = replace(
            self.spec,
            num_latents=self.spec.num_latents if num_latents is None else num_latents,
            scale_factor=self.spec.scale_factor if scale_factor is None else scale_factor,
        )
        with torch.device("meta"):
            other = ShapeVAE(spec, with_encoder=self.encoder is not None)
        for name, part in self.named_children():
            setattr(other, name, part)
        return other.train(self.training)
