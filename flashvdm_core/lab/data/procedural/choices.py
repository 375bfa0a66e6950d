"""Short forms of random choices."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

Rng = np.random.Generator
T = TypeVar("T")


def chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def pick(rng: Rng, *options: T) -> T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def whole(rng: Rng, low: int, high: int) -> int:
    """An integer from low to high, both included."""
    return int(rng.integers(low, high + 1))


def roundness(rng: Rng) -> int:
    """Sides of something round: coarse as in low-poly art, or fine."""
    return pick(rng, 8, 10, 12, 16, 20, 24)
