"""U²-Net-p: which part of a picture is what it shows (Qin et al., "U²-Net: Going Deeper with Nested U-Structure for Salient
Object Detection", Pattern Recognition 2020), the small network of the paper with its batch norms folded into the convolutions.

A U-Net of eleven stages, each of which is a small U-Net itself, a residual U-block (RSU). Modules stand in the order in which
they are computed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 320
"""Pixels of a side of the pictures that it was trained on."""

_WIDTH, _INNER = 64, 16  # channels between stages, and inside of them
_HEIGHTS = (7, 6, 5, 4)  # of the blocks of the first stages; the others keep their size and dilate


class Convolution(nn.Conv2d):
    """3 x 3, as large a result as what comes in, ReLU behind it."""

    def __init__(self, channels: int, out: int, dilation: int = 1) -> None:
        super().__init__(channels, out, 3, padding=dilation, dilation=dilation)

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(super().forward(input))


class ResidualUBlock(nn.Module):
    """A U-Net that is added to the features it starts from: `height` - 2 halvings; at its lowest level a dilated convolution."""

    def __init__(self, height: int, channels: int) -> None:
        super().__init__()
        self.entry = Convolution(channels, _WIDTH)
        self.down = nn.ModuleList(Convolution(_WIDTH if level == 0 else _INNER, _INNER) for level in range(height - 1))
        self.bottom = Convolution(_INNER, _INNER, dilation=2)
        self.up = nn.ModuleList(
            Convolution(2 * _INNER, _WIDTH if level == 0 else _INNER) for level in reversed(range(height - 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 64, H, W]."""
        entered = x = self.entry(x)
        kept: list[Tensor] = []
        for level, convolution in enumerate(self.down):
            x = convolution(x if level == 0 else _halved(x))
            kept.append(x)
        x = self.bottom(x)
        for convolution in self.up:
            beside = kept.pop()
            x = convolution(torch.cat([_resized(x, beside), beside], 1))
        return x + entered


class DilatedBlock(nn.Module):
    """The block of the lowest stages (RSU-4F): it keeps its size, and its convolutions look 1, 2, 4 and 8 pixels far."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.entry = Convolution(channels, _WIDTH)
        self.down = nn.ModuleList(Convolution(_WIDTH if reach == 1 else _INNER, _INNER, reach) for reach in (1, 2, 4))
        self.bottom = Convolution(_INNER, _INNER, 8)
        self.up = nn.ModuleList(Convolution(2 * _INNER, _WIDTH if reach == 1 else _INNER, reach) for reach in (4, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 64, H, W]."""
        entered = x = self.entry(x)
        kept: list[Tensor] = []
        for convolution in self.down:
            x = convolution(x)
            kept.append(x)
        x = self.bottom(x)
        for convolution in self.up:
            x = convolution(torch.cat([x, kept.pop()], 1))
        return x + entered


class U2NetP(nn.Module):
    """The whole network; 1.1 million numbers."""

    def __init__(self) -> None:
        super().__init__()
        heights = dict(enumerate(_HEIGHTS))
        self.encoder = nn.ModuleList(_block(heights.get(stage), 3 if stage == 0 else _WIDTH) for stage in range(6))
        self.decoder = nn.ModuleList(_block(heights.get(stage), 2 * _WIDTH) for stage in reversed(range(5)))
        self.sides = nn.ModuleList(nn.Conv2d(_WIDTH, 1, 3, padding=1) for _ in range(6))
        self.fuse = nn.Conv2d(6, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised RGB [B, 3, H, W] -> how much each pixel belongs to the object [B, 1, H, W], 0 to 1."""
        kept: list[Tensor] = []
        size = x
        for stage, block in enumerate(self.encoder):
            x = block(x if stage == 0 else _halved(x))
            kept.append(x)
        described = [kept.pop()]
        for block in self.decoder:
            beside = kept.pop()
            described.append(block(torch.cat([_resized(described[-1], beside), beside], 1)))
        maps = [side(features) for side, features in zip(self.sides, reversed(described), strict=True)]
        return torch.sigmoid(self.fuse(torch.cat([_resized(one, size) for one in maps], 1)))


def normalised(picture: Tensor) -> Tensor:
    """RGB uint8 [B, 3, H, W] as the network was trained on it: its largest value is 1, then ImageNet's mean and deviation."""
    values = picture.float()
    values = values / values.amax((1, 2, 3), keepdim=True).clamp_min(1.0)
    mean, deviation = (values.new_tensor(row)[:, None, None] for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (values - mean) / deviation


def _block(height: int | None, channels: int) -> nn.Module:
    return DilatedBlock(channels) if height is None else ResidualUBlock(height, channels)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2, stride=2, ceil_mode=True)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return x if x.shape[2:] == like.shape[2:] else F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)
