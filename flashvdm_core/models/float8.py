"""Linear layers in 8-bit floating point (e4m3), which newer cards multiply at twice the speed of 16-bit numbers.

The product is torch's `scaled_mm`; elsewhere than on such a card its reference computes the same in the input's format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dit import Modulation

_TYPE = torch.float8_e4m3fn
_LARGEST = torch.finfo(_TYPE).max
# A scale of zero would divide by zero.
_LEAST_SCALE = 1e-12
# Sides that the product takes, and the size of the weights below which rounding the inputs takes what the product saves
# (estimated: the rounding moves the inputs about five times).
_MULTIPLE, _WORTH_IT = 16, 1 << 19


def has_float8(device: torch.device) -> bool:
    """Whether the device multiplies e4m3 matrices: NVIDIA cards of the Ada and Hopper generations and later."""
    return device.type == "cuda" and torch.version.hip is None and torch.cuda.get_device_capability(device) >= (8, 9)


class Float8Linear(nn.Module):
    """A linear layer that rounds its weights once and its inputs at each call, each tensor with one scale.

    One scale a tensor and not one a row: the format's exponents span what rows differ by, and it is the only kind that
    the fast products have on all these cards and on Windows.
    """

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scale = rounded([linear.weight.detach()])
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.bias = linear.bias

    def forward(self, *inputs: Tensor) -> Tensor:
        """Inputs side by side, [..., K_i] each -> [..., out_features], in their dtype."""
        first = inputs[0]
        if not first.numel():  # an expert that no token chose
            return first.new_empty(*first.shape[:-1], len(self.weight))
        rows, scale = rounded([x.flatten(0, -2) for x in inputs])
        product = product_on_card if first.device.type == "cuda" else plain_product
        return product(rows, scale, self.weight, self.scale, self.bias, first.dtype).unflatten(0, first.shape[:-1])


def rounded(parts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Matrices [M, K_i] -> side by side [M, K] in e4m3, and the scale, float32 [], that they are to be multiplied by."""
    largest = torch.stack([torch.linalg.vector_norm(part, math.inf, dtype=torch.float32) for part in parts]).amax()
    scale = (largest / _LARGEST).clamp_min(_LEAST_SCALE)
    widths = [part.shape[1] for part in parts]
    side_by_side = torch.empty(len(parts[0]), sum(widths), dtype=_TYPE, device=parts[0].device)
    for place, part in zip(side_by_side.split(widths, dim=1), parts, strict=True):
        place.copy_(part / scale)
    return side_by_side, scale


def product_on_card(x: Tensor, x_scale: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """x [M, K] and weight [N, K] in e4m3 with their scales -> [M, N] in `dtype`. K and N are multiples of 16."""
    kind = F.ScalingType.TensorWise
    # Sums in the tensor cores' own precision: the check that these layers have to pass includes it.
    return F.scaled_mm(x, weight.t(), x_scale, kind, scale, kind, bias=bias, output_dtype=dtype, use_fast_accum=True)


def plain_product(x: Tensor, x_scale: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """The reference of `product_on_card`."""
    return F.linear(x.to(dtype) * x_scale, weight.to(dtype) * scale, bias)


def float8_linears(denoiser: nn.Module) -> dict[str, Float8Linear]:
    """8-bit versions of the large linear layers in a denoiser's blocks, by the layers' names.

    Modulations stay as they are: they see a row a time step, not a row a token, and what they say goes into every token.
    """
    found: dict[str, Float8Linear] = {}
    for stack, blocks in denoiser.named_children():
        if isinstance(blocks, nn.ModuleList):
            once = tuple(f"{name}." for name, module in blocks.named_modules() if isinstance(module, Modulation))
            for name, module in blocks.named_modules():
                if isinstance(module, nn.Linear) and not name.startswith(once) and _worth_it(module):
                    found[f"{stack}.{name}"] = Float8Linear(module)
    return found


def _worth_it(linear: nn.Linear) -> bool:
    sides = (linear.in_features, linear.out_features)
    return all(side % _MULTIPLE == 0 for side in sides) and math.prod(sides) >= _WORTH_IT


def replaced(network: nn.Module, layers: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """Put `layers` into a network under their names; returns what was there before."""
    before = {name: network.get_submodule(name) for name in layers}
    for name, layer in layers.items():
        network.set_submodule(name, layer)
    return before
