"""How weights follow their gradients: Muon for matrices, AdamW for all else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

_SMALLEST = 33
"""Rows and columns from which on a weight is a matrix for Muon: inputs, answers and learned tokens are not."""


class Optimiser:
    """AdamW, or for the large matrices Muon (Jordan 2024), whose steps are orthogonal: all directions are learned at one pace.

    Muon's steps are as long as AdamW's would be (Liu et al. 2025), so that one learning rate serves both. A convolution's weight
    is the matrix from all that it sees at a pixel to its outputs.

    Args:
        model: whose weights are learned.
        weight_decay: of all weights but biases, gains and such.
        muon: for the large matrices; without it, AdamW for everything.
    """

    def __init__(self, model: nn.Module, weight_decay: float, muon: bool) -> None:
        weights = list(model.parameters())
        self._large = [p for p in weights if muon and p.ndim in (2, 4) and min(len(p), p[0].numel()) >= _SMALLEST]
        # These share their numbers with the weights, so a step of theirs is a step of the weights.
        self._matrices = [nn.Parameter(p.detach().view(len(p), -1)) for p in self._large]
        chosen = {id(p) for p in self._large}
        rest = [p for p in weights if id(p) not in chosen]
        groups = [
            {"params": [p for p in rest if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)]
        if self._matrices:
            self._parts.append(torch.optim.Muon(self._matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))

    def step(self, learning_rate: float) -> None:
        """One step along the gradients of the weights."""
        for matrix, weight in zip(self._matrices, self._large, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """What it remembers."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, given: Iterable[dict[str, Any]]) -> None:
        """Go on from what was remembered; ValueError where it is of another kind."""
        for part, state in zip(self._parts, given, strict=True):
            part.load_state_dict(state)
