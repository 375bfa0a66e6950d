"""DINOv2 vision transformer under the public state-dict names (`Dinov2Model`, `Dinov2WithRegistersModel`)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import attention, merge_heads, split_heads
from .specs import DinoSpec


class PatchEmbeddings(nn.Module):
    """Image -> patch tokens by a strided convolution."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.projection = nn.Conv2d(spec.num_channels, spec.hidden_size, spec.patch_size, spec.patch_size)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.projection(pixels).flatten(2).transpose(1, 2)


class Embeddings(nn.Module):
    """Class token, registers, patch tokens and position embeddings, resized to the image's patch grid."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        side = spec.image_size // spec.patch_size
        self.patch_size = spec.patch_size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, spec.hidden_size))
        self.mask_token = nn.Parameter(torch.zeros(1, spec.hidden_size))
        self.position_embeddings = nn.Parameter(torch.zeros(1, side * side + 1, spec.hidden_size))
        self.patch_embeddings = PatchEmbeddings(spec)
        self.registers = spec.num_register_tokens
        if self.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, self.registers, spec.hidden_size))

    def positions(self, height: int, width: int) -> Tensor:
        """Position embeddings [1, height * width + 1, C] for a grid of patches; bicubic, in float32.

        As the published models do it: without antialiasing, and with it where there are registers.
        """
        stored = self.position_embeddings
        side = round((stored.shape[1] - 1) ** 0.5)
        if (height, width) == (side, side):
            return stored
        grid = stored[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2).float()
        size, smooth = (height, width), self.registers > 0
        grid = F.interpolate(grid, size, mode="bicubic", align_corners=False, antialias=smooth).to(stored.dtype)
        return torch.cat([stored[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embeddings(pixels)
        tokens = torch.cat([self.cls_token.expand(len(pixels), -1, -1), patches], dim=1)
        tokens = tokens + self.positions(pixels.shape[-2] // self.patch_size, pixels.shape[-1] // self.patch_size)
        if not self.registers:
            return tokens
        return torch.cat([tokens[:, :1], self.register_tokens.expand(len(pixels), -1, -1), tokens[:, 1:]], dim=1)


class _Projections(nn.Module):
    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.query = nn.Linear(spec.hidden_size, spec.hidden_size, bias=spec.qkv_bias)
        self.key = nn.Linear(spec.hidden_size, spec.hidden_size, bias=spec.qkv_bias)
        self.value = nn.Linear(spec.hidden_size, spec.hidden_size, bias=spec.qkv_bias)


class _Output(nn.Module):
    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.dense = nn.Linear(spec.hidden_size, spec.hidden_size)


class Attention(nn.Module):
    """Multi-head self attention; the nesting only serves the public names."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.heads = spec.num_attention_heads
        self.attention = _Projections(spec)
        self.output = _Output(spec)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(p(x), self.heads) for p in (self.attention.query, self.attention.key, self.attention.value))
        return self.output.dense(merge_heads(attention(q, k, v)))


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, dim: int, value: float) -> None:
        super().__init__()
        self.lambda1 = nn.Parameter(torch.full((dim,), value))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.lambda1


class MLP(nn.Module):
    """Linear, exact GELU, Linear."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        hidden = int(spec.hidden_size * spec.mlp_ratio)
        self.fc1 = nn.Linear(spec.hidden_size, hidden)
        self.fc2 = nn.Linear(hidden, spec.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class SwiGLU(nn.Module):
    """Gated MLP; its width is two thirds of the plain one, rounded up to a multiple of 8."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        hidden = (int(int(spec.hidden_size * spec.mlp_ratio) * 2 / 3) + 7) // 8 * 8
        self.weights_in = nn.Linear(spec.hidden_size, 2 * hidden)
        self.weights_out = nn.Linear(hidden, spec.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.weights_in(x).chunk(2, dim=-1)
        return self.weights_out(F.silu(gate) * value)


class Layer(nn.Module):
    """Pre-norm transformer layer with layer scale."""

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(spec.hidden_size, eps=spec.layer_norm_eps)
        self.attention = Attention(spec)
        self.layer_scale1 = LayerScale(spec.hidden_size, spec.layerscale_value)
        self.norm2 = nn.LayerNorm(spec.hidden_size, eps=spec.layer_norm_eps)
        self.mlp = SwiGLU(spec) if spec.use_swiglu_ffn else MLP(spec)
        self.layer_scale2 = LayerScale(spec.hidden_size, spec.layerscale_value)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.layer_scale1(self.attention(self.norm1(x)))
        return x + self.layer_scale2(self.mlp(self.norm2(x)))


class _Encoder(nn.Module):
    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(spec) for _ in range(spec.num_hidden_layers))


class DinoV2(nn.Module):
    """Pixels [B, 3, H, W], normalised -> tokens [B, 1 + patches, hidden_size], class token first, after the last norm.

    Registers, which have a place among the tokens in between, are left out of what comes of it.
    """

    def __init__(self, spec: DinoSpec) -> None:
        super().__init__()
        self.spec = spec
        self.embeddings = Embeddings(spec)
        self.encoder = _Encoder(spec)
        self.layernorm = nn.LayerNorm(spec.hidden_size, eps=spec.layer_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.embeddings(pixels)
        for layer in self.encoder.layer:
            x = layer(x)
        if self.embeddings.registers:
            x = torch.cat([x[:, :1], x[:, 1 + self.embeddings.registers :]], dim=1)
        return self.layernorm(x)
