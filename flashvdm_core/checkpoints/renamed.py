"""The weights of a model in the layout of diffusers, a file for each part, under the names that the networks here have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from .diffusers_layout import Naming
from .published_names import Source
from .weights import Weights


class RenamedWeights:
    """The files of a model's parts as if they were one, as `Weights` are.

    Its names begin with "model.", "vae.", "conditioner." and, where the model takes a prompt, "text.".
    """

    path: Path

    def __init__(self, parts: Mapping[str, tuple[Weights, Naming]]) -> None:
        """`parts` are by section of a config."""
        self.path = next(iter(parts.values()))[0].path
        self._sources = {
            f"{section}.{name}": (stored, source)
            for section, (stored, naming) in parts.items()
            for name, source in naming(stored.names()).items()
        }

    def names(self) -> Iterable[str]:
        return self._sources.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        stored, source = self._sources[name]
        rows, *others = zip(*(stored.shape(part) for part in source.names), strict=False)
        return (sum(rows), *(sizes[0] for sizes in others))

    def dtype(self, name: str) -> torch.dtype | None:
        stored, source = self._sources[name]
        return stored.dtype(source.names[0])

    def tensor(self, name: str) -> Tensor:
        stored, source = self._sources[name]
        return _made([stored.tensor(part) for part in source.names], source)

    def sample(self, name: str, most: int) -> Tensor:
        stored, source = self._sources[name]
        return torch.cat([stored.sample(part, most) for part in source.names])


def renamed(state: Mapping[str, Tensor], sources: Mapping[str, Source]) -> dict[str, Tensor]:
    """Published tensors under the names of a network here."""
    return {name: _made([state[part] for part in source.names], source) for name, source in sources.items()}


def _made(parts: list[Tensor], source: Source) -> Tensor:
    whole = parts[0] if len(parts) == 1 else torch.cat(parts)
    if source.swapped:
        whole = torch.cat(whole.chunk(2)[::-1])
    return whole if source.factor == 1.0 else whole * source.factor
