"""Euler integration of the learned flow, one step at a time, and classifier-free guidance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.denoiser import Denoiser
from .forecast import Forecast, VelocityHistory
from .schedules import Schedule

Velocity = Callable[[Tensor, Tensor], Tensor]
"""(latents [B, N, C], time [B] on the CPU) -> velocity [B, N, C], the direction from noise to data."""


@dataclass(frozen=True, eq=False)
class Step:
    """The state after one step.

    Attributes:
        index: 0 for the first step.
        latents: [B, N, C] at the step's end, in the noise's dtype.
        clean: [B, N, C] the estimate of the clean latents (s = 1) that the step's velocity gives:
            x + (1 - s) v, with x and s at the step's start. Good enough for a preview.
    """

    index: int
    latents: Tensor
    clean: Tensor


def sample(
    velocity: Velocity,
    noise: Tensor,
    schedule: Schedule,
    cancelled: Callable[[], None] = lambda: None,
    forecast: Forecast | None = None,
) -> Iterator[Step]:
    """Integrate dx/ds = v(x, s) from `noise` with Euler steps: x += (s_next - s) v. Yields after every step.

    The state is kept in float32 whatever the model computes in; the model sees it in the dtype of `noise`.
    A step of length zero yields the latents unchanged, without a call of the model.

    Args:
        velocity: the model with its condition and guidance bound to it, see `guided_velocity`.
        noise: [B, N, C] standard normal; for a schedule that begins later, the state at its first node.
        cancelled: called before every evaluation of the model; raises `Cancelled` to stop.
        forecast: which steps are forecast from those before; None: all are computed.
    """
    history = None if forecast is None else VelocityHistory(forecast)
    dtype = noise.dtype
    state = noise.float()
    times = schedule.times(dtype)
    clean = state
    for index in range(schedule.steps):
        start, end = schedule.sigmas[index], schedule.sigmas[index + 1]
        if start != end:
            if forecast is None or history is None or forecast.computes(index, schedule.evaluations):
                cancelled()
                v = velocity(state.to(dtype), times[index].expand(len(noise))).float()
                if history is not None:
                    history.add(start * schedule.evaluations, v)
            else:
                v = history.at(start * schedule.evaluations)
            clean = state + (1 - start) * v
            state = state + (end - start) * v
        yield Step(index, state.to(dtype), clean.to(dtype))


def guided_velocity(
    denoiser: Denoiser, condition: Tensor, guidance: float | None, *, extra: Tensor | None = None, times: Tensor | None = None
) -> Velocity:
    """Bind a condition and a guidance scale to a denoiser.

    A guidance-distilled denoiser (`guidance_embed`) takes the scale as an input and is evaluated once. Any other gets
    classifier-free guidance, v = u + w (c - u), where u is the velocity for a condition of zeros; both run as one batch.

    Args:
        condition: [B, M, D] tokens of the image.
        guidance: scale w. None: the plain conditional velocity, half the work of w = 1 for the same result
            (a distilled denoiser always needs a scale).
        extra: [B, M', D'] tokens of a second condition, for a denoiser that takes one.
        times: the only times [S] that will be asked for, on the CPU, so that the denoiser can prepare for them.
    """
    if denoiser.guidance_embed:
        if guidance is None:
            raise ValueError("a guidance-distilled denoiser needs a guidance scale")
        scale = torch.full((len(condition),), guidance, dtype=condition.dtype, device=condition.device)
        return _bound(denoiser, times, condition, scale)
    if guidance is None:
        return _bound(denoiser, times, condition, extra)
    both_extras = None if extra is None else torch.cat([extra, torch.zeros_like(extra)])
    both_velocities = _bound(denoiser, times, torch.cat([condition, torch.zeros_like(condition)]), both_extras)

    def classifier_free(latents: Tensor, time: Tensor) -> Tensor:
        both = both_velocities(torch.cat([latents, latents]), torch.cat([time, time]))
        conditional, unconditional = both.chunk(2)
        return unconditional + guidance * (conditional - unconditional)

    return classifier_free


def _bound(denoiser: Denoiser, times: Tensor | None, condition: Tensor, extra: Tensor | None) -> Velocity:
    """The denoiser with what it is given beside latents and time, prepared where its times are known."""
    if times is not None:
        return denoiser.prepare(times, condition, extra)
    given = (condition,) if extra is None else (condition, extra)
    return lambda latents, time: denoiser(latents, time, *given)


def draw_noise(seed: int, batch: int, num_latents: int, channels: int, *, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Standard normal [batch, num_latents, channels].

    Drawn in float32 on the CPU and then moved and rounded, so that a seed gives the same noise on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch, num_latents, channels, generator=generator)
    return noise.to(device=device, dtype=dtype)
