"""What the network is asked for: the field at a few points, and dense answers that one picture gives thousands of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ....models.pixel_aligned import HALF_DEPTH, TO_PICTURE, PixelFeatures, ViewCamera, at_pixels, in_volume

VOLUME_SOFTNESS = 0.03
"""The coarse volume goes from outside to inside over this distance either way."""
_DEPTH_BETA = 0.05
_SHORTEST_PAIR = 0.2
"""Pairs of points that are closer, in units of the truncation, count as this far apart."""
_SLOPES = (1, 2, 4)
"""Pixels apart that differences of depth are taken."""


@dataclass(frozen=True)
class Weights:
    """What each part of the loss counts.

    Attributes:
        sign, overlap: of the field's side and of its soft IoU, against its truncated distance.
        steepness: of the field's differences between neighbouring points.
        volume, volume_overlap: of the coarse volume.
        depth, slope, normals, camera: of the maps, and of the predicted camera.
        silhouette: of the field, and of the volume, over the picture's opaque pixels.
    """

    sign: float = 0.1
    overlap: float = 0.5
    steepness: float = 0.5
    volume: float = 0.5
    volume_overlap: float = 0.25
    depth: float = 1.0
    slope: float = 2.0
    normals: float = 0.5
    camera: float = 2.0
    silhouette: float = 0.1


def soft_overlap(inside: Tensor, truth: Tensor) -> Tensor:
    """Soft IoU [B] of probabilities [B, P] with 0 or 1 [B, P]."""
    both = (inside * truth).sum(1)
    return both / (inside + truth - inside * truth).sum(1).clamp_min(1)


def field_loss(
    logits: Tensor, distance: Tensor, uniform: int, weights: Weights, truncation: float, sharpness: float = 8.0
) -> Tensor:
    """Loss of the field.

    Args:
        logits: float32 [B, P], the last `uniform` of them at points uniform in the volume.
        distance: float32 [B, P], signed, positive inside.
        uniform: see `logits`.
        weights: see there.
        truncation: distance that a logit of 1 stands for. Beyond it a logit may be larger without being wrong.
        sharpness: factor on logits that makes probabilities of them.
    """
    scaled = distance / truncation
    side = torch.where(scaled < 0, -1.0, 1.0)
    target = torch.where(scaled.abs() > 1, side * (logits.detach() * side).clamp_min(1), scaled)
    sign = F.softplus(-sharpness * logits * side).mean()
    overlap = soft_overlap(torch.sigmoid(sharpness * logits[:, -uniform:]), (distance[:, -uniform:] > 0).float())
    return F.mse_loss(logits, target) + weights.sign * sign + weights.overlap * (1 - overlap.mean())


def neighbours(points: Tensor, chosen: Tensor, candidates: int) -> Tensor:
    """The nearest other one of the first `candidates` points [B, N, 3] for each of `chosen` int64 [P]: int64 [B, P]."""
    itself = chosen[:, None] == torch.arange(candidates)
    return torch.cdist(points[:, chosen], points[:, :candidates]).masked_fill(itself, torch.inf).argmin(2)


def steepness_loss(logits: Tensor, distance: Tensor, apart: Tensor, weights: Weights, truncation: float) -> Tensor:
    """Loss of the field's slope between pairs of points, so that what is flat is flat.

    A ripple is a small error of the distance, but a large one of the surface's normal.

    Args:
        logits, distance: float32 [B, P, 2], of both points of a pair.
        apart: float32 [B, P], lengths of the pairs.
        weights: see there.
        truncation: distance that a logit of 1 stands for.
    """
    scaled, length = distance / truncation, (apart / truncation).clamp_min(_SHORTEST_PAIR)
    error = (logits - scaled).diff(dim=2)[..., 0].abs() / length
    known = (scaled.abs() < 1).all(2)
    return weights.steepness * (error * known).sum() / known.sum().clamp_min(1)


def volume_loss(volume: Tensor, view: Tensor, distance: Tensor, uniform: int, weights: Weights) -> Tensor:
    """Loss [B] of the coarse volume [B, D, h, h] at all stored points (u, v, w) [B, P, 3], the last `uniform` of them uniform."""
    within = (view[..., 2].abs() < HALF_DEPTH).float()
    logits = in_volume(volume, view)
    target = (0.5 + distance / (2 * VOLUME_SOFTNESS)).clamp(0, 1)
    entropy = F.binary_cross_entropy_with_logits(logits, target, weight=within, reduction="none").mean(1)
    overlap = soft_overlap(torch.sigmoid(logits[:, -uniform:]), (distance[:, -uniform:] > 0).float())
    return weights.volume * entropy + weights.volume_overlap * (1 - overlap)


def likeliest_points(volume: Tensor, alpha: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Queries (u, v, w) float32 [B, count, 3]: random opaque pixels, each somewhere in the depth bin
    where the volume says it is inside most.

    Of a thin part whose depth is uncertain a mean says that it is nowhere. That it is somewhere is known from the picture.

    Args:
        volume: logits [B, D, h, h].
        alpha: opacity [B, 1, T, T].
    """
    size = alpha.shape[-1]
    opaque = (alpha[:, 0] > 0.9).float().flatten(1) + 1e-9  # a picture without any is asked somewhere
    chosen = torch.multinomial(opaque, count, replacement=True, generator=rng)
    row, column = chosen // size, chosen % size
    u, v = (((2 * place + 1) / size - 1) / TO_PICTURE for place in (column.float(), row.float()))
    flat = torch.stack([u, -v, torch.zeros_like(u)], -1)
    bins = volume.shape[1]
    deepest = at_pixels(volume.detach(), flat).argmax(1)
    # Anywhere in the bin: were it always the middle, a sheet there, thinner than any grid sees, would be answer enough.
    depth = deepest + torch.rand(deepest.shape, generator=rng)
    return torch.stack([u, -v, (2 * depth / bins - 1) * HALF_DEPTH], -1)


def silhouette_loss(logits: Tensor, volume: Tensor, alpha: Tensor, weights: Weights, sharpness: float = 8.0) -> Tensor:
    """Every opaque pixel has something inside: of the field's logits at `likeliest_points`, and of the volume's own best."""
    opaque = (F.adaptive_avg_pool2d(alpha, (volume.shape[-2], volume.shape[-1]))[:, 0] > 0.9).float()
    best = F.softplus(-volume.amax(1))
    return weights.silhouette * (F.softplus(-sharpness * logits).mean() + (best * opaque).sum() / opaque.sum().clamp_min(1))


def map_loss(features: PixelFeatures, maps: Tensor, weights: Weights) -> Tensor:
    """Loss of depth and normals against maps [B, 5, h, h] of the same size, nan outside the shape."""
    known = ~maps[:, 0].isnan()
    count = known.sum().clamp_min(1)
    truth = maps.nan_to_num(0.0)
    depth = F.smooth_l1_loss(features.depth, truth[:, :2], beta=_DEPTH_BETA, reduction="none").sum(1)
    normals = 1 - (features.normals * truth[:, 2:]).sum(1)
    slopes = weights.slope * slope_loss(features.depth - truth[:, :2], known)
    return ((weights.depth * depth + weights.normals * normals) * known).sum() / count + slopes


def slope_loss(error: Tensor, known: Tensor) -> Tensor:
    """Mean difference of an error [B, C, h, h] between neighbours, one, two and four pixels apart.

    Whether a surface is flat shows in a render long before whether it is at its true depth does (gradient matching, Li and
    Snavely 2018).

    Args:
        known: bool [B, h, h], where the error is one.
    """
    parts = []
    for apart in _SLOPES:
        for axis in (1, 2):
            length = known.shape[axis] - apart
            here, there = known.narrow(axis, 0, length), known.narrow(axis, apart, length)
            change = error.narrow(axis + 1, apart, length) - error.narrow(axis + 1, 0, length)
            both = here & there
            parts.append((change.abs().sum(1) * both).sum() / both.sum().clamp_min(1) / apart)
    return torch.stack(parts).mean()


def camera_loss(predicted: ViewCamera, truth: ViewCamera, weights: Weights) -> Tensor:
    """Loss of elevation (radians) and perspective."""
    elevation = F.smooth_l1_loss(predicted.elevation, truth.elevation, beta=_DEPTH_BETA)
    return weights.camera * (elevation + F.smooth_l1_loss(predicted.perspective, truth.perspective, beta=_DEPTH_BETA))
