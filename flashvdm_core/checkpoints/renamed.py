"""The weights of a model in the layout of diffusers, a file for each part, under the names that the networks here have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from .triposg import Source, image_encoder_names, text_encoder_names, transformer_names, vae_names
from .weights import Weights

NAMES: Mapping[str, Callable[[Iterable[str]], dict[str, Source]]] = {
    "model": transformer_names,
    "vae": vae_names,
    "conditioner": image_encoder_names,
    "text": text_encoder_names,
}
"""Section of a config -> what its published names are here."""


class RenamedWeights:
    """The files of a model's parts as if they were one, as `Weights` are.

    Its names begin with "model.", "vae.", "conditioner." and, where the model takes a prompt, "text.".
    """

    path: Path

    def __init__(self, parts: Mapping[str, Weights]) -> None:
        """`parts` are by section of a config."""
        self.path = next(iter(parts.values())).path
        self._sources = {
            f"{section}.{name}": (stored, source)
            for section, stored in parts.items()
            for name, source in NAMES[section](stored.names()).items()
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
        return _made([stored.tensor(part) for part in source.names], source.factor)

    def sample(self, name: str, most: int) -> Tensor:
        stored, source = self._sources[name]
        return torch.cat([stored.sample(part, most) for part in source.names])


def renamed(state: Mapping[str, Tensor], sources: Mapping[str, Source]) -> dict[str, Tensor]:
    """Published tensors under the names of a network here."""
    return {name: _made([state[part] for part in source.names], source.factor) for name, source in sources.items()}


def _made(parts: list[Tensor], factor: float) -> Tensor:
    whole = parts[0] if len(parts) == 1 else torch.cat(parts)
    return whole if factor == 1.0 else whole * factor
