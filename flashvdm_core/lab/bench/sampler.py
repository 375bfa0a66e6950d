"""Sampling a model's example, and what each optimisation of it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import torch
from torch import Tensor

from ...models.denoiser import Denoiser
from ...pipeline.low_precision import apply_options, available_options
from ...sampling import CUDAGraphDenoiser, Step, draw_noise, guided_velocity, sample
from .model_under_test import ModelUnderTest

Comparison = tuple[str, Callable[[], object], Callable[[], object]]
"""What is done, how it is done without the optimisation, and with it."""


class Sampler:
    """Samples a model's example.

    Args:
        tested: the model.
        condition: what its image encoder says to the example.
    """

    def __init__(self, tested: ModelUnderTest, condition: Tensor) -> None:
        self.tested, self._condition = tested, condition
        model = tested.model
        self.noise = draw_noise(0, 1, model.num_latents, model.channels, device=tested.device, dtype=tested.dtype)

    def __call__(self, denoiser: Denoiser, *, prepare: bool = True) -> Tensor:
        """Latents [1, N, C] by the model's denoiser, or another way to run it; `prepare` as a generation does."""
        *_, step = self.steps(denoiser, prepare=prepare)
        return step.latents

    def steps(self, denoiser: Denoiser, *, prepare: bool = True) -> Iterator[Step]:
        """The steps one by one."""
        schedule = self.tested.schedule
        times = schedule.times(self.tested.dtype) if prepare else None
        velocity = guided_velocity(denoiser, self._condition, self.tested.model.default_guidance, times=times)
        return sample(velocity, self.noise, schedule)

    def example(self) -> tuple[Tensor, ...]:
        """Arguments of one call of the denoiser."""
        time = torch.full((1,), 0.5, dtype=self.noise.dtype)
        scale = (self.noise.new_full((1,), self.tested.model.default_guidance),) if self.tested.model.guidance_embed else ()
        return self.noise, time, self._condition, *scale


def replaying(tested: ModelUnderTest) -> Denoiser:
    """The model's denoiser as a generation runs it."""
    plain = tested.model.denoiser
    return CUDAGraphDenoiser(plain) if tested.device.type == "cuda" and plain.capturable else plain


def sampling_comparisons(sampler: Sampler) -> Iterator[Comparison]:
    """The optimisations of sampling that the device has and the model passes the check of."""
    tested = sampler.tested
    plain = tested.model.denoiser
    yield (
        "condition and modulations once for all steps",
        lambda: sampler(plain, prepare=False),
        lambda: sampler(plain),
    )
    fast = replaying(tested)
    if fast is not plain:
        yield "steps replayed as a CUDA graph", lambda: sampler(plain), lambda: sampler(fast)
    for option in available_options(tested.device, tested.dtype):
        copy = deepcopy(plain)
        (log,) = apply_options(copy, [option], sampler.example())
        if log.warning:
            print(log.message)
            continue
        other = CUDAGraphDenoiser(copy) if copy.capturable else copy
        yield option.name, lambda: sampler(fast), lambda other=other: sampler(other)
