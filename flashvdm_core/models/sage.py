"""SageAttention: attention whose scores are products of 8-bit numbers, where its package is installed.

It is not a dependency. It gives NaN in some denoisers, so that nothing may use it without having checked its answers.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor, nn

from .layers import AttentionFunction, SwappableAttention

PACKAGE = "sageattention"


def has_sage(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether SageAttention is installed and may run there; it is not imported for that."""
    return device.type == "cuda" and dtype in (torch.float16, torch.bfloat16) and find_spec(PACKAGE) is not None


def sage_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """As `layers.attention`, for heads of up to 128 channels in half precision on a CUDA device."""
    from sageattention import sageattn  # pyright: ignore[reportMissingImports]

    return sageattn(q, k, v, tensor_layout="HND", is_causal=False)


def set_attention_backend(denoiser: nn.Module, function: AttentionFunction) -> None:
    """Let every attention of a denoiser compute with `function`."""
    for module in denoiser.modules():
        if isinstance(module, SwappableAttention):
            module.attend = function
