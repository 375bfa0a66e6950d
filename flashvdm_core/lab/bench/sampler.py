"""Sampling a model's example, and what each optimisation of it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import torch
from torch import Tensor

from ...pipeline.low_precision import changed, changes_for
from ...sampling import CapturedDenoiser, Preparable, Step, draw_noise, guided_velocity, sample
from .subject import Subject

Denoiser = Callable[..., Tensor]

Twin = tuple[str, Callable[[], object], Callable[[], object]]
"""What is done, how it is done without the optimisation, and with it."""


class Sampler:
    """Samples the example of a subject.

    Args:
        subject: the model.
        condition: what its image encoder says to the example.
    """

    def __init__(self, subject: Subject, condition: Tensor) -> None:
        self.subject, self._condition = subject, condition
        spec = subject.vae.spec
        self.noise = draw_noise(0, 1, spec.num_latents, spec.embed_dim, device=subject.device, dtype=subject.dtype)

    def __call__(self, denoiser: Denoiser, *, prepare: bool = True) -> Tensor:
        """Latents [1, N, C] by the subject's denoiser, or another way to run it; `prepare` as a generation does."""
        *_, step = self.steps(denoiser, prepare=prepare)
        return step.latents

    def steps(self, denoiser: Denoiser, *, prepare: bool = True) -> Iterator[Step]:
        """The steps one by one."""
        configuration = self.subject.configuration
        schedule = self.subject.schedule
        velocity = guided_velocity(
            denoiser,
            self._condition,
            self.subject.guidance,
            distilled=configuration.guidance_embed,
            times=schedule.times(self.subject.dtype) if prepare else None,
        )
        return sample(velocity, self.noise, schedule)

    def example(self) -> tuple[Tensor, ...]:
        """Arguments of one call of the denoiser."""
        time = torch.full((1,), 0.5, dtype=self.noise.dtype)
        scale = (self.noise.new_full((1,), self.subject.guidance),) if self.subject.configuration.guidance_embed else ()
        return self.noise, time, self._condition, *scale


def replaying(subject: Subject) -> Denoiser:
    """The subject's denoiser as a generation runs it."""
    return CapturedDenoiser(subject.dit) if subject.device.type == "cuda" and isinstance(subject.dit, Preparable) else subject.dit


def sampling_twins(sampler: Sampler) -> Iterator[Twin]:
    """The optimisations of sampling that the device has and the model passes the check of."""
    subject = sampler.subject
    plain = subject.dit
    yield (
        "condition and modulations once for all steps",
        lambda: sampler(plain, prepare=False),
        lambda: sampler(plain),
    )
    fast = replaying(subject)
    if fast is not plain:
        yield "steps replayed as a CUDA graph", lambda: sampler(plain), lambda: sampler(fast)
    for change in changes_for(subject.device, subject.dtype):
        copy = deepcopy(plain)
        (log,) = changed(copy, [change], sampler.example())
        if log.warning:
            print(log.message)
            continue
        other = CapturedDenoiser(copy) if isinstance(copy, Preparable) else copy
        yield change.name, lambda: sampler(fast), lambda other=other: sampler(other)
