"""What a model needs of a device's memory, from its architecture alone.

Weights are counted on the networks themselves. Their activations are estimated: the numbers that are alive at once
are so many for each token and each channel of the network (counted on the widths of the public models, and rounded up), as the
attention's scores are never all there at once. The tests hold both against networks that run.
"""

from __future__ import annotations

from functools import cache

import torch

from ...models.build import build_meta, build_meta_encoders
from ...models.pixel_aligned import PixelAlignedDecoder
from ...models.specs import DinoSpec, DiTSpec, ModelSpec, PointDecoderSpec
from .plan import Network, Requirement, no_offload, sequential_offload

RESERVE = 256 << 20
"""Bytes for the libraries' own buffers and for gaps between the blocks that are given out."""

# Numbers alive at once, for each token and channel.
_IMAGE, _DENOISER, _LATENTS = 16, 24, 16
# Points of one call of the point decoder, below which the cost of starting a call shows.
_QUERIES = 1 << 14
# Bytes for each cell of one face of the volume: points near the surface, their logits and the mesh (measured: 2.1 KiB).
_SURFACE = 3072

# Of a process on a CPU, whose allocator gives little of what was freed back to the system (measured on the embedded model and on
# one of the public widths): PyTorch and Python, bytes for each cell of a face of the volume, for each token of a shape, for both.
_PROCESS, _PROCESS_SURFACE, _PROCESS_TOKEN, _PROCESS_TOKEN_CELL = 250 << 20, 4100, 42_000, 1.8
_PROCESS_TEXTURE = 240 << 20  # the atlas, its islands and the mesh's corners, whatever the resolution


def memory_requirements(spec: ModelSpec, dtype: torch.dtype, resolution: int) -> tuple[Requirement, Requirement, Requirement]:
    """What the networks of a model need, in the order of `Network`.

    Args:
        spec: the model's architecture.
        dtype: of its weights and of what it computes.
        resolution: cells along each axis of the decoded volume.
    """
    denoiser, vae, image_encoder = (count * dtype.itemsize for count in _parameter_counts(spec))
    vae += _pixel_aligned_parameters(spec) * torch.float32.itemsize  # loaded so, whatever the others are
    encoding, sampling, decoding = activation_memory(spec, dtype, resolution)
    return (
        Requirement(Network.IMAGE_ENCODER, image_encoder, encoding),
        Requirement(Network.DENOISER, denoiser, sampling),
        Requirement(Network.VAE, vae, decoding),
    )


def memory_needs(spec: ModelSpec, device: torch.device, dtype: torch.dtype, resolution: int) -> tuple[int, int]:
    """Bytes that a generation takes of a device's memory at its peak: with all networks there, and with its parts in turns.

    On a CPU, where parts don't take turns, both are what the whole process takes.
    """
    requirements = memory_requirements(spec, dtype, resolution)
    if device.type != "cpu":
        return no_offload(requirements).peak, sequential_offload(requirements).peak
    weights = sum(need.weights for need in requirements)
    encoding, sampling, _ = (need.activations - RESERVE for need in requirements)
    tokens, item = spec.vae.num_latents, dtype.itemsize
    # Each block leaves the allocator one gap of the size of its hidden states.
    blocks = spec.dit.depth + (spec.dit.depth_single_blocks if isinstance(spec.dit, DiTSpec) else 0)
    image_tokens = _image_tokens(spec.conditioner.dino, spec.conditioner.image_size) * (spec.conditioner.view_num or 1)
    sampling += blocks * (image_tokens + tokens) * spec.dit.hidden_size * item
    decoding = _LATENTS * tokens * spec.vae.width * item + _QUERIES * query_bytes(spec.vae.point_decoder, dtype)
    decoding += _PROCESS_SURFACE * resolution**2 + tokens * (_PROCESS_TOKEN + round(_PROCESS_TOKEN_CELL * resolution**2))
    whole = _PROCESS + weights + max(encoding, sampling, decoding, _PROCESS_TEXTURE)
    return whole, whole


def activation_memory(spec: ModelSpec, dtype: torch.dtype, resolution: int) -> tuple[int, int, int]:
    """Bytes that image encoder, denoiser and VAE need beside all weights, each at its peak."""
    views = spec.conditioner.view_num or 1
    image_tokens = _image_tokens(spec.conditioner.dino, spec.conditioner.image_size) * views
    batch = 1 if spec.guidance_embed else 2  # guidance without an embedding for it runs with and without the image
    encoding = _IMAGE * image_tokens * spec.conditioner.dino.hidden_size
    sampling = _DENOISER * batch * (image_tokens + spec.vae.num_latents) * spec.dit.hidden_size
    latents = _LATENTS * spec.vae.num_latents * spec.vae.width
    points = _QUERIES * query_bytes(spec.vae.point_decoder, dtype) + _SURFACE * resolution**2
    item = dtype.itemsize
    return encoding * item + RESERVE, sampling * item + RESERVE, max(latents * item, points) + RESERVE


def query_bytes(spec: PointDecoderSpec, dtype: torch.dtype) -> int:
    """Bytes that a point takes in a call of the point decoder: its embedding, query and answer, and the widened MLP twice."""
    return spec.inner_width * (6 + 2 * spec.mlp_expand_ratio) * dtype.itemsize


def _image_tokens(spec: DinoSpec, image_size: int) -> int:
    return 1 + (image_size // spec.patch_size) ** 2


@cache
def _parameter_counts(spec: ModelSpec) -> tuple[int, ...]:
    """Parameters of the denoiser, the autoencoder without its encoder, and of what makes the condition."""
    denoiser, vae, _ = build_meta(spec)
    networks = denoiser, vae, build_meta_encoders(spec)
    return tuple(sum(parameter.numel() for parameter in network.parameters()) for network in networks)


@cache
def _pixel_aligned_parameters(spec: ModelSpec) -> int:
    """Of the decoder that stands beside the autoencoder's own; 0 where there is none."""
    if spec.pixel_aligned is None:
        return 0
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in PixelAlignedDecoder(spec.pixel_aligned).parameters())
