"""The decoders that are compared: a checkpoint's own and its base decoder, over one latent space."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...api.errors import CheckpointError, EmptySurfaceError
from ...api.mesh import TriangleMesh
from ...checkpoints.folders import CONFIG_NAME, checkpoint_folder
from ...checkpoints.load import has_encoder, load_vae
from ...decoding import Selection, VecsetField, decode_volume
from ...decoding.volume import COARSE_CELLS, FINE_CELLS, Method
from ...models.shape_vae import ShapeVAE
from ...sparse_grid import SparseVolume
from ...surface import extract_surface
from ..files import base_decoder_folder, synchronize


@dataclass(frozen=True, eq=False)
class Decoders:
    """The autoencoders of one checkpoint.

    Attributes:
        encoder: has the encoder; float32.
        base: with the base decoder; None where the checkpoint came without.
        own: with the decoder that the checkpoint generates with.
    """

    encoder: ShapeVAE
    base: ShapeVAE | None
    own: ShapeVAE


def load_decoders(name_or_folder: str | Path, device: torch.device, dtype: torch.dtype) -> Decoders:
    """Load the autoencoders of a checkpoint; the encoder comes from its own file or from the base decoder's.

    Raises:
        CheckpointError: as `load_vae`; also where neither file has an encoder or the two differ in their latents.
    """
    folder = checkpoint_folder(name_or_folder)
    own = load_vae(folder, device, dtype)
    base_folder = base_decoder_folder(folder)
    base = load_vae(base_folder, device, dtype) if (base_folder / CONFIG_NAME).is_file() else None
    if base is not None and base.spec.embed_dim != own.spec.embed_dim:
        raise CheckpointError(f"The VAE in {base_folder} has other latents than the one in {folder}; choose parts of one model.")
    source = next((path for path in (folder, base_folder) if path.is_dir() and has_encoder(path)), None)
    if source is None:
        raise CheckpointError(f"{folder} came without the VAE's encoder, so no shape can be encoded; use one that has it.")
    return Decoders(load_vae(source, device, torch.float32, with_encoder=True), base, own)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded shape.

    Attributes:
        mesh: its surface; None where it has none.
        queries: points that were evaluated, at all levels.
        seconds: from the latents to the volume, without the extraction of the surface.
    """

    mesh: TriangleMesh | None
    queries: int
    seconds: float


def field_of(vae: ShapeVAE, latents: Tensor, selection: Selection | None = None) -> VecsetField:
    """The field of latents [1, N, C], not scaled."""
    with torch.no_grad():
        return VecsetField(vae.geo_decoder, vae.decode_unscaled(latents.to(vae.post_kl.weight.dtype)), selection)


def decode(
    vae: ShapeVAE,
    latents: Tensor,
    method: Method,
    resolution: int,
    *,
    topk: int = 0,
    cells: tuple[int, int] = (COARSE_CELLS, FINE_CELLS),
) -> Decoded:
    """Latents [1, N, C], not scaled -> a surface.

    Args:
        vae: the decoder.
        method: of `decode_volume`.
        resolution: cells along each axis.
        topk: tokens that the adaptive KV selection of the method "flash" keeps.
        cells: sub-volumes along each axis that share these tokens, on the first and on the finer levels.
    """
    device = vae.post_kl.weight.device
    synchronize(device)
    start = time.perf_counter()
    field = field_of(vae, latents, Selection(topk=topk) if method == "flash" else None)
    levels = list(decode_volume(field, resolution, method=method, cells=cells))
    synchronize(device)
    seconds = time.perf_counter() - start
    return Decoded(surface_or_none(levels[-1].volume), sum(level.queries for level in levels), seconds)


def surface_or_none(volume: SparseVolume) -> TriangleMesh | None:
    """The surface of a decoded volume; None where it has none."""
    try:
        return extract_surface(volume)
    except EmptySurfaceError:
        return None


def logits_at(vae: ShapeVAE, latents: Tensor, points: Tensor, chunk: int = 16384) -> Tensor:
    """Exact logits float32 [P] at points float32 [P, 3], on the points' device."""
    field = field_of(vae, latents)
    return torch.cat([field(part.to(field.device)).to(points.device) for part in points.split(chunk)])


def named(decoders: Decoders) -> Iterator[tuple[str, ShapeVAE]]:
    """The decoders that are there, by the names that the tables use."""
    if decoders.base is not None:
        yield "base decoder", decoders.base
    yield "efficient decoder" if decoders.base is not None else "own decoder", decoders.own
