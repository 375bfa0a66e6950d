"""Forecasting velocities, so that a model need not be asked at each step (HiCache, Feng et al. 2025; TaylorSeer, Liu et al.).

Along a trajectory the velocity changes smoothly. Between steps that are computed it is continued by a polynomial through the last
computed ones. Its basis are the scaled Hermite polynomials h_i(x) = c^i H_i(c x), which keep the high orders from running away;
x counts steps since the last computed one. For c = 1 / sqrt(2) the first order is that of the Taylor series. Without training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

FEWEST_STEPS = 10
"""A schedule with fewer steps leaves nothing to forecast."""


@dataclass(frozen=True)
class Forecast:
    """Which steps are computed, and how those between are continued.

    Attributes:
        interval: every so many steps one is computed.
        order: of the polynomial.
        contraction: c in (0, 1].
        first, last: so many steps at the beginning and at the end are computed, all of them.
    """

    interval: int = 3
    order: int = 2
    contraction: float = 0.5
    first: int = 3
    last: int = 2

    def computes(self, step: int, steps: int) -> bool:
        """Whether step `step` of `steps` is computed."""
        return step < self.first or step >= steps - self.last or (step - self.first) % self.interval == self.interval - 1


class VelocityHistory:
    """The last computed velocities of one trajectory, and their continuation."""

    def __init__(self, forecast: Forecast) -> None:
        self._forecast = forecast
        self._step = 0.0
        self._differences: list[Tensor] = []
        """Of the orders 0, 1, ...: how the velocity changes in a step, how that changes, and so on."""

    def add(self, step: float, velocity: Tensor) -> None:
        """A velocity [B, N, C] that was computed at the step number `step`, which need not be whole."""
        found = [velocity]
        for before in self._differences[: self._forecast.order]:
            found.append((found[-1] - before) / (step - self._step))
        self._step, self._differences = step, found

    def at(self, step: float) -> Tensor:
        """The velocity [B, N, C] to be expected at a step after the last computed one."""
        x, c = step - self._step, self._forecast.contraction
        velocity = self._differences[0]
        for order, difference in enumerate(self._differences[1:], 1):
            velocity = velocity + difference * (c**order * hermite(order, c * x) / math.factorial(order))
        return velocity


def hermite(order: int, x: float) -> float:
    """The physicists' Hermite polynomial H_order(x)."""
    before, value = 0.0, 1.0
    for n in range(order):
        before, value = value, 2 * x * value - 2 * n * before
    return value
