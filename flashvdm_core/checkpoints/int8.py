"""Weights in 8-bit integers on disk: each row of a matrix with a scale of its own. They are read as floating-point numbers.

A tensor NAME of kind int8 has a companion NAME.int8_scale, float32 with one number a row. That halves what half precision takes
on disk and in the download; in memory the weights are what they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .weights import Weights

SCALE = ".int8_scale"
"""How the name of a tensor with scales ends."""

_LARGEST = 127
_LEAST_SCALE = 1e-12  # a scale of zero would divide by zero
_WORTH_IT = 1 << 10  # numbers below which a tensor stays as it is
_ROWS = 16


def takes_int8(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape is a matrix, or kernels, of which each row gets a scale."""
    return len(shape) >= 2 and shape[0] >= _ROWS and torch.Size(shape).numel() >= _WORTH_IT


def to_int8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [N, …] -> int8 [N, …], and the scales float32 [N] that its rows are to be multiplied by."""
    rows = weight.flatten(1).float()
    scale = (rows.abs().amax(1) / _LARGEST).clamp_min(_LEAST_SCALE)
    return (rows / scale[:, None]).round().to(torch.int8).view(weight.shape), scale


def from_int8(weight: Tensor, scale: Tensor) -> Tensor:
    """The inverse of `to_int8`, to rounding: float32 [N, …]."""
    return (weight.flatten(1).float() * scale[:, None]).view(weight.shape)


class Int8Weights:
    """Weights of which some are in 8-bit integers, without showing it."""

    def __init__(self, stored: Weights) -> None:
        self.path = stored.path
        self._stored = stored
        self._scaled = frozenset(name.removesuffix(SCALE) for name in stored.names() if name.endswith(SCALE))

    def names(self) -> Iterable[str]:
        return [name for name in self._stored.names() if not name.endswith(SCALE)]

    def shape(self, name: str) -> tuple[int, ...]:
        return self._stored.shape(name)

    def dtype(self, name: str) -> torch.dtype | None:
        return torch.float32 if self._is_scaled(name) else self._stored.dtype(name)

    def tensor(self, name: str) -> Tensor:
        weight = self._stored.tensor(name)
        return from_int8(weight, self._stored.tensor(name + SCALE)) if self._is_scaled(name) else weight

    def sample(self, name: str, most: int) -> Tensor:
        if not self._is_scaled(name):
            return self._stored.sample(name, most)
        # Integers are finite; what may not be is a scale.
        return self._stored.sample(name + SCALE, most)

    def _is_scaled(self, name: str) -> bool:
        """Whether it can be read with its scales: anything else is as it is stored, which the check of kinds refuses."""
        fits = name in self._scaled and self._stored.shape(name + SCALE) == self._stored.shape(name)[:1]
        return fits and self._stored.dtype(name) == torch.int8 and self._stored.dtype(name + SCALE) == torch.float32
