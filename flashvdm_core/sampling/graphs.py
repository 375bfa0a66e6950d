"""The steps of a sampler as a CUDA graph: recorded once, replayed at each step, so that no step waits for Python.

A step of a published denoiser is about a thousand small operations. A fast card is done with one before Python has asked
for the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from .flow import Preparable, Velocity

Compute = Callable[..., Tensor]
"""Tensors -> the velocity [B, N, C]."""

Record = Callable[[Compute, Sequence[Tensor]], tuple[Compute, Tensor]]
"""What `recorded` is."""

_TOLERANCE = 0.01
"""A graph's first answer may differ from the plain one by this share of it: other kernels round differently."""


@runtime_checkable
class Capturable(Protocol):
    """A velocity whose every step is the same operations on tensors of the same shapes."""

    def inputs(self, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """Latents [B, N, C] and time [B] -> all that `compute` needs, on the device."""
        ...

    def compute(self, *inputs: Tensor) -> Tensor:
        """`inputs` -> velocity [B, N, C], without waiting for the device."""
        ...

    @property
    def module(self) -> nn.Module:
        """The network with the weights that `compute` reads."""
        ...


def recorded(compute: Compute, inputs: Sequence[Tensor]) -> tuple[Compute, Tensor]:
    """Record `compute` as a CUDA graph.

    Args:
        compute: operations on the device of `inputs` alone.
        inputs: an example; the graph serves others of the same shapes and types.

    Returns:
        The replay, and what `compute` itself says to the example.

    Raises:
        Exception: whatever an operation raises that cannot be recorded.
    """
    device = inputs[0].device
    kept = [part.clone() for part in inputs]
    graph, aside = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream(device))
    # The outer context brings the caller's stream back where recording breaks off half-way.
    with torch.cuda.device(device), torch.cuda.stream(aside):
        plain = compute(*kept)  # first without recording: libraries set themselves up at their first call
        # Other threads of the program may go on using the device meanwhile.
        with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
            out = compute(*kept)
    torch.cuda.current_stream(device).wait_stream(aside)

    def replay(*given: Tensor) -> Tensor:
        for own, part in zip(kept, given, strict=True):
            own.copy_(part)
        graph.replay()
        return out.clone()  # the next replay overwrites `out`

    return replay, plain


class CapturedDenoiser:
    """A denoiser whose steps are replayed, wherever that gives what the denoiser itself gives.

    It keeps one graph: that of the last shapes. Where the weights have moved since, it is recorded anew.

    Attributes:
        problem: why the steps are not replayed, in one sentence for the user; None while nothing went wrong.
    """

    def __init__(self, denoiser: Preparable, record: Record | None = None) -> None:
        """`record` is `recorded` unless another way of recording is given."""
        self.problem: str | None = None
        self._told, self._allowed = False, True
        self._denoiser, self._record = denoiser, record or recorded
        self._key: object = None
        self._replay: Compute | None = None

    def __call__(self, *arguments: Tensor) -> Tensor:
        """What the denoiser itself says."""
        return self._denoiser(*arguments)

    def prepared(self, times: Tensor, cond: Tensor, guidance: Tensor | None = None) -> Velocity:
        """See `Preparable`; the answers belong to the caller."""
        velocity = self._denoiser.prepared(times, cond, guidance)
        if not isinstance(velocity, Capturable):
            return velocity
        weights = [*velocity.module.parameters(), *velocity.module.buffers()]
        return lambda x, t: self._step(velocity, weights, velocity.inputs(x, t))

    def news(self) -> str | None:
        """The problem, the first time that it is asked for."""
        told, self._told = self._told, self.problem is not None
        return None if told else self.problem

    def allow(self, replaying: bool) -> None:
        """Whether steps may be replayed from now on; a graph keeps the memory that a step needs beside the weights."""
        self._allowed = replaying
        if not replaying:
            self._drop()

    def _drop(self) -> None:
        self._key = self._replay = None

    def _step(self, velocity: Capturable, weights: Sequence[Tensor], inputs: tuple[Tensor, ...]) -> Tensor:
        if self.problem is not None or not self._allowed:
            return velocity.compute(*inputs)
        # A graph reads the weights where they lay when it was recorded.
        key = [weight.data_ptr() for weight in weights], [(part.shape, part.dtype, part.device) for part in inputs]
        if self._replay is not None and key == self._key:
            return self._replay(*inputs)
        self._drop()
        try:
            replay, plain = self._record(velocity.compute, inputs)
            answer = replay(*inputs)
            difference = relative_difference(answer, plain)
        except Exception as error:  # a driver, a library, an operation that cannot be recorded: each has its own way to fail
            self.problem = f"Sampling goes on without a CUDA graph ({type(error).__name__}: {error}".splitlines()[0] + ")."
            return velocity.compute(*inputs)
        if difference > _TOLERANCE:
            self.problem = f"Sampling goes on without a CUDA graph (its answer differs by {difference:.1%})."
            return plain
        self._key, self._replay = key, replay
        return answer


def relative_difference(got: Tensor, expected: Tensor) -> float:
    """Root mean square of the difference, as a share of that of `expected`; infinite where either is not finite."""
    got, expected = got.float(), expected.float()
    share = float((got - expected).norm() / expected.norm().clamp_min(torch.finfo(torch.float32).tiny))
    return share if math.isfinite(share) else math.inf
