"""Schedules: the times at which a sampler asks the model for the velocity. Pure numbers, no state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..api.errors import SettingsError
from ..models.specs import ScheduleSpec

TRAIN_TIMESTEPS = 1000
"""Resolution of the time axis that the published checkpoints were trained with."""


@dataclass(frozen=True)
class Schedule:
    """The nodes of an integration from noise (s = 0) to data (s = 1).

    Attributes:
        sigmas: N + 1 values of s, never falling, the last one is 1. Step i goes from sigmas[i] to
            sigmas[i + 1]. A step of length zero is allowed: it changes nothing and costs nothing.
        train_timesteps: the published code counts time in these units, which decides how s is rounded.
        exact: the model is told the time in float32, whatever it computes in.
    """

    sigmas: tuple[float, ...]
    train_timesteps: int = TRAIN_TIMESTEPS
    exact: bool = False

    @property
    def steps(self) -> int:
        """Number of steps, those of length zero included."""
        return len(self.sigmas) - 1

    @property
    def evaluations(self) -> int:
        """Number of times that the model is asked."""
        return sum(start != end for start, end in zip(self.sigmas, self.sigmas[1:], strict=False))

    def resumed(self, start: float) -> Schedule:
        """The part of the schedule from s = `start` on, for a state that is already that near to the data."""
        later = [sigma for sigma in self.sigmas if sigma > start]
        return replace(self, sigmas=(start, *(later or [1.0])))

    def timesteps(self) -> Tensor:
        """Starting time of each step in training units: float32 [N], from 0 to `train_timesteps`."""
        return torch.tensor(self.sigmas[:-1], dtype=torch.float32) * self.train_timesteps

    def times(self, dtype: torch.dtype) -> Tensor:
        """Starting time of each step as the model receives it: `dtype` [N] (float32 where it is exact), from 0 to 1.

        The rounding is that of the published pipeline: training units are rounded to `dtype` first, then
        divided, so that 0.1992 becomes 0.19921875 in float16.
        """
        return self.timesteps().to(torch.float32 if self.exact else dtype) / self.train_timesteps


def schedule_for(spec: ScheduleSpec, steps: int) -> Schedule:
    """The schedule of a model in so many steps.

    Raises:
        SettingsError: fewer than one step, or the model's config asks for an impossible schedule.
    """
    if spec.kind == "consistency":
        return consistency_schedule(steps, spec.pcm_timesteps, train_timesteps=spec.train_timesteps)
    if spec.kind == "rectified_flow":
        return rectified_flow_schedule(steps, spec.shift, train_timesteps=spec.train_timesteps)
    if spec.kind == "zero_init":
        return zero_init_schedule(steps, spec.shift, train_timesteps=spec.train_timesteps)
    return flow_matching_schedule(steps, spec.shift, train_timesteps=spec.train_timesteps)


def rectified_flow_schedule(steps: int, shift: float = 1.0, *, train_timesteps: int = TRAIN_TIMESTEPS) -> Schedule:
    """Euler schedule of TripoSG: steps of the same length, of which all count, then shifted.

    Args:
        steps: at least 1.
        shift: time shift of the published code, which counts from data to noise: a step away from the noise is shortened by it.

    Raises:
        SettingsError: fewer than one step, or a shift that is not positive.
    """
    count = _checked_steps(steps)
    nodes = [step / count for step in range(count)]
    return replace(euler_schedule(nodes, 1 / shift if shift > 0 else shift, train_timesteps=train_timesteps), exact=True)


def zero_init_schedule(steps: int, shift: float = 1.0, *, train_timesteps: int = TRAIN_TIMESTEPS) -> Schedule:
    """Euler schedule of Step1X-3D: the nodes of diffusers' sampler, without the first step.

    They are equally spaced from the noise to the last time of training, 1 / `train_timesteps` before the data, and all shifted
    (the last time once more, as there). The published pipeline leaves the noise as it is in its first step, whose velocity is
    taken for zero, so that sampling begins at the second node; a single step counts.

    Args:
        steps: at least 1, the one that is left out among them.
        shift: time shift of the published code, which counts from data to noise: a step away from the noise is shortened by it.

    Raises:
        SettingsError: fewer than one step, or a shift that is not positive.
    """
    count = _checked_steps(steps)
    towards_noise = 1 / shift if shift > 0 else shift
    last = shifted(1 - 1 / train_timesteps, towards_noise)
    schedule = euler_schedule(linspace(0.0, last, count), towards_noise, train_timesteps=train_timesteps)
    return replace(schedule, sigmas=schedule.sigmas[1:] if count > 1 else schedule.sigmas, exact=True)


def flow_matching_schedule(steps: int, shift: float = 1.0, *, train_timesteps: int = TRAIN_TIMESTEPS) -> Schedule:
    """Euler schedule of flow matching: `steps` equally spaced nodes from 0 to 1, then shifted.

    `steps` means what it means to the published pipeline, so that the same seed gives the same shape. There the
    nodes are linspace(0, 1, steps) and 1 is appended once more; the last step has length zero for steps > 1, and
    is not evaluated here.

    Args:
        steps: at least 1.
        shift: time shift a of s' = a s / (1 + (a - 1) s); 1 leaves s alone.

    Raises:
        SettingsError: fewer than one step, or a shift that is not positive.
    """
    return euler_schedule(linspace(0.0, 1.0, _checked_steps(steps)), shift, train_timesteps=train_timesteps)


def euler_schedule(sigmas: Sequence[float], shift: float = 1.0, *, train_timesteps: int = TRAIN_TIMESTEPS) -> Schedule:
    """Schedule through the given nodes, shifted, with a final node at 1. See `flow_matching_schedule`."""
    if not shift > 0:
        raise SettingsError(f"The time shift must be positive, not {shift}; correct it in the model's config.yaml.")
    return Schedule((*(shifted(s, shift) for s in sigmas), 1.0), train_timesteps)


def consistency_schedule(steps: int, pcm_timesteps: int, *, train_timesteps: int = TRAIN_TIMESTEPS) -> Schedule:
    """Schedule of a phased-consistency model: `steps` of the phase boundaries it was distilled on, then 1.

    The boundaries are entries 0 and k * (train_timesteps // pcm_timesteps) - 1 of linspace(0, 1, train_timesteps).
    More steps than boundaries repeat some of them; the repeated steps have length zero and are not evaluated.

    Args:
        steps: at least 1.
        pcm_timesteps: number of phases of the distillation, at most `train_timesteps`.

    Raises:
        SettingsError: fewer than one step, or an impossible number of phases.
    """
    if not 1 <= pcm_timesteps <= train_timesteps:
        raise SettingsError(
            f"pcm_timesteps must be from 1 to {train_timesteps}, not {pcm_timesteps}; correct it in the model's config.yaml."
        )
    phase = train_timesteps // pcm_timesteps
    grid = linspace(0.0, 1.0, train_timesteps)
    spacing = pcm_timesteps / _checked_steps(steps)
    boundaries = (math.floor(i * spacing) for i in range(steps))
    return Schedule((*(grid[max(k * phase - 1, 0)] for k in boundaries), 1.0), train_timesteps)


def shifted(sigma: float, shift: float) -> float:
    """s' = a s / (1 + (a - 1) s): moves nodes towards the data for a > 1. Written so that 0 and 1 stay exact."""
    return shift * sigma / (shift * sigma + (1 - sigma))


def linspace(start: float, end: float, count: int) -> list[float]:
    """`count` equally spaced values, both ends included; `start` alone for a count of 1."""
    if count == 1:
        return [start]
    return [start + (end - start) * i / (count - 1) for i in range(count - 1)] + [end]


def _checked_steps(steps: int) -> int:
    if steps < 1:
        raise SettingsError(f"Sampling needs at least 1 step, not {steps}.")
    return steps
