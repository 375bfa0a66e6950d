"""How time and memory of decoding and surface extraction grow with the resolution and the number of latents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...api.mesh import TriangleMesh
from ...decoding import Field, VecsetField, decode_volume
from ...decoding.kv_selection import default_selection
from ...decoding.prediction import TOLERANCE
from ...surface import extract_surface
from .clock import timed
from .model_under_test import ModelUnderTest
from .sampler import Sampler
from .shape import KnownShape, Replaced
from .stages import Report

RESOLUTIONS = (128, 192, 256, 384, 512, 768, 1024)
LATENTS = (256, 512, 1024, 2048, 4096)
LATENTS_RESOLUTION = 128
"""Cells along each axis where the number of latents varies."""


@torch.no_grad()
def with_resolution(tested: ModelUnderTest, resolutions: Sequence[int] = RESOLUTIONS) -> list[Report]:
    """Decode and extract the example at several resolutions: rows of `resolution` and what `_measured` gives."""
    model = tested.model
    decoded = model.vae.decode(Sampler(tested, tested.condition())(model.denoiser))
    field = VecsetField(model.vae.geo_decoder, decoded, default_selection(model.num_latents))
    return [{"resolution": resolution} | _measured(field, resolution, model.num_latents, TOLERANCE) for resolution in resolutions]


@torch.no_grad()
def with_latents(tested: ModelUnderTest, numbers: Sequence[int] = LATENTS, resolution: int = LATENTS_RESOLUTION) -> list[Report]:
    """Decode random latents, as many as each row says, with the answer replaced by a known shape's."""
    shape, width = KnownShape(tested.device), tested.model.vae.spec.width
    rows = []
    for number in numbers:
        generator = torch.Generator().manual_seed(0)
        decoded = torch.randn(1, number, width, generator=generator).to(tested.device, tested.dtype)
        field = Replaced(VecsetField(tested.model.vae.geo_decoder, decoded, default_selection(number)), shape)
        # A known shape may be smoother than a network's: nothing is saved by that.
        rows.append({"latents": number} | _measured(field, resolution, number, tolerance=0.0))
    return rows


def _measured(field: Field, resolution: int, latents: int, tolerance: float) -> Report:
    """`seconds` (decoding and surface; `cpu_seconds` on all cores together), `queries` in all, `faces` and `peak_memory_mb`."""
    method = "flash" if default_selection(latents) else "hierarchical"

    def run() -> tuple[int, TriangleMesh]:
        levels = list(decode_volume(field, resolution, method=method, tolerance=tolerance))
        return sum(level.queries for level in levels), extract_surface(levels[-1].volume)

    timing = timed(run, field.device)
    queries, mesh = timing.result
    row: dict[str, Any] = {
        "seconds": timing.seconds,
        "cpu_seconds": timing.cpu_seconds,
        "queries": queries,
        "faces": len(mesh.faces),
    }
    return row | {"peak_memory_mb": None if timing.peak_bytes is None else round(timing.peak_bytes / 2**20, 1)}
