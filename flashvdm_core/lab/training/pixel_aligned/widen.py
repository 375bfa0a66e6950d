"""A trained network as a wider and deeper one that says the same, to go on from (Net2Net, Chen, Goodfellow and Shlens 2016)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_UNEVEN = 0.5
"""How far the copies of a channel are read unevenly, so that what they learn parts."""
_RESIDUAL_ENDS = ("attn.c_proj.weight", "attn.c_proj.bias", "mlp.c_proj.weight", "mlp.c_proj.bias")
_BLOCKS = "encoder.blocks."


def widened(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of `own`'s shapes that compute what `given` does.

    A channel becomes so many copies beside one another, which group norms, layer norms and heads keep together; who reads them
    shares its weight out among them. Transformer blocks of the encoder that `given` lacks add nothing at first.

    Args:
        given: state dict of a `PixelAlignedDecoder`.
        own: state dict of one whose widths are multiples of those.

    Returns:
        What could be taken over; weights of `own` that fit in no such way are left out.
    """
    noise = torch.Generator().manual_seed(0)
    taken: dict[str, Tensor] = {}
    for name, wanted in own.items():
        value = given.get(name)
        if value is not None and (factors := _factors(value, wanted)):
            taken[name] = _repeated(name, value.float(), factors, noise)
        elif value is None and name.startswith(_BLOCKS) and name.endswith(_RESIDUAL_ENDS):
            taken[name] = torch.zeros_like(wanted)
    return taken


def _factors(value: Tensor, wanted: Tensor) -> list[int]:
    """How many times longer `wanted` is along each axis; none where it is not."""
    pairs = list(zip(wanted.shape, value.shape, strict=False))
    if value.ndim != wanted.ndim or any(new % old for new, old in pairs):
        return []
    # Without axes it is a number, which is taken as it is.
    return [new // old for new, old in pairs] or [1]


def _repeated(name: str, value: Tensor, factors: list[int], noise: torch.Generator) -> Tensor:
    for axis, factor in enumerate(factors):
        if factor > 1:
            value = value.repeat_interleave(factor, axis)
    if value.ndim > 1 and factors[1] > 1 and not name.endswith("position"):
        # Along its second axis a weight reads: the copies' shares add up to one.
        shares = 1 + _UNEVEN * (2 * torch.rand(value.shape, generator=noise) - 1)
        grouped = shares.unflatten(1, (-1, factors[1]))
        value = value * (grouped / grouped.sum(2, keepdim=True)).flatten(1, 2)
    if ".q_norm." in name and factors[0] > 1:
        # A head that is so many times as wide has so many times the products, over the root of it.
        value = value / factors[0] ** 0.5
    return value
