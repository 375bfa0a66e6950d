"""Images -> condition tokens for the DiT: resizing, normalisation, DINOv2, and a view embedding for several views."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dinov2 import DinoV2
from .specs import ConditionerSpec

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


def view_embedding(views: int, dim: int) -> Tensor:
    """Sinusoid of the view's index, sines first: float32 [views, dim] (not stored in checkpoints)."""
    omega = 1.0 / 10000 ** (torch.arange(dim // 2, dtype=torch.float64) / (dim / 2.0))
    angles = torch.arange(views, dtype=torch.float64)[:, None] * omega
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


class ImageEncoder(nn.Module):
    """DINOv2 behind its preprocessing (`DinoImageEncoder`, `DinoImageEncoderMV`)."""

    def __init__(self, spec: ConditionerSpec) -> None:
        super().__init__()
        self.spec = spec
        self.model = DinoV2(spec.dino)

    def pixels(self, image: Tensor) -> Tensor:
        """[B, 3, H, W] in [-1, 1] -> normalised [B, 3, S, S]: shorter side resized, then cropped at the centre."""
        size = self.spec.image_size
        image = (image + 1) / 2
        height, width = image.shape[-2:]
        short = min(height, width)
        target = (int(size * height / short), int(size * width / short))
        if target != (height, width):
            image = F.interpolate(image, target, mode="bilinear", antialias=True, align_corners=False)
        top, left = round((target[0] - size) / 2), round((target[1] - size) / 2)
        image = image[..., top : top + size, left : left + size]
        mean = torch.tensor(_MEAN, dtype=image.dtype, device=image.device)[:, None, None]
        std = torch.tensor(_STD, dtype=image.dtype, device=image.device)[:, None, None]
        return (image - mean) / std

    def tokens(self, image: Tensor) -> Tensor:
        """[B, 3, H, W] in [-1, 1] -> [B, T, C]."""
        tokens = self.model(self.pixels(image))
        return tokens if self.spec.use_cls_token else tokens[:, 1:]


class SingleImageEncoder(nn.Module):
    """The conditioner of the published pipelines: one image, or several views of one object."""

    def __init__(self, spec: ConditionerSpec) -> None:
        super().__init__()
        self.spec = spec
        self.main_image_encoder = ImageEncoder(spec)

    def forward(self, image: Tensor, views: Sequence[int] | Tensor | None = None) -> Tensor:
        """Condition tokens [B, T, C], or [B, V * T, C] for V views.

        Args:
            image: [B, 3, H, W], or [B, V, 3, H, W] for a model of several views, in [-1, 1].
            views: view ids, [V] shared by the batch or [B, V] (front 0, left 1, back 2, right 3); only with views.
        """
        if self.spec.view_num == 0:
            return self.main_image_encoder.tokens(image)
        if views is None or image.ndim != 5:
            raise ValueError(f"a model of several views takes images [B, V, 3, H, W] and view ids, not {list(image.shape)}")
        batch, count = image.shape[:2]
        tokens = self.main_image_encoder.tokens(image.flatten(0, 1)).unflatten(0, (batch, count))
        table = view_embedding(self.spec.view_num, tokens.shape[-1]).to(tokens)
        ids = torch.as_tensor(views, dtype=torch.long, device=tokens.device).expand(batch, count)
        return (tokens + table[ids][:, :, None]).flatten(1, 2)
