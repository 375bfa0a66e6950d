"""Counts of floating-point operations, taken from the networks themselves as they run on the meta device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ...models.build import build_meta
from ...models.shape_vae import KeysValues
from ...models.specs import ModelSpec
from .model_under_test import without_experts


@dataclass(frozen=True)
class Operations:
    """Operations (a multiplication and an addition count as two) of each part of a model.

    Attributes:
        image_encoder: image -> condition tokens.
        velocity: one evaluation of the denoiser for one shape, without guidance.
        latent_transformer: latents -> decoded latents.
        keys_values: decoded latents -> keys and values of the point decoder.
        query: one point that reads every token.
        query_selected: one point that reads the selected tokens.
    """

    image_encoder: float
    velocity: float
    latent_transformer: float
    keys_values: float
    query: float
    query_selected: float


@torch.no_grad()
def counted(spec: ModelSpec, selected_tokens: int) -> Operations:
    """Count a model's operations; `selected_tokens` of its latents are read by a query of the flash decoder."""
    dit, vae, conditioner = build_meta(spec)
    dit = without_experts(dit)
    with torch.device("meta"):
        side = spec.processor.size
        image = torch.empty(1, 3, side, side)
        views = (0,) if spec.processor.multi_view else None
        image = image[:, None] if views else image
        condition: list[Tensor] = []
        encoder = _flops(lambda: condition.append(conditioner(image, views)))
        latents, one = torch.empty(1, spec.vae.num_latents, spec.vae.embed_dim), torch.empty(1)
        guidance = (one,) if spec.guidance_embed else ()
        velocity = _flops(lambda: dit(latents, one, condition[0], *guidance))
        transformer = _flops(lambda: vae.decode(latents))
        decoded = torch.empty(1, spec.vae.num_latents, spec.vae.width)
        keys_values = _flops(lambda: vae.geo_decoder.keys_values(decoded))
        kv = vae.geo_decoder.keys_values(decoded)
        some = KeysValues(kv.k[:, :, :selected_tokens], kv.v[:, :, :selected_tokens])
        point = torch.empty(1, 1, 3)
        query, selected = (_flops(lambda kv=kv: vae.geo_decoder(point, kv)) for kv in (kv, some))
    return Operations(encoder, velocity, transformer, keys_values, query, selected)


def _flops(run: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())
