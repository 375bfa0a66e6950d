"""The steps of a sampler as a CUDA graph: captured once, replayed at each step, so that no step waits for Python.

A step of a published denoiser is about a thousand small operations. A fast card is done with one before Python has asked
for the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..models.denoiser import Denoiser, PreparedDenoiser

Compute = Callable[..., Tensor]
"""Tensors -> the velocity [B, N, C]."""

Capture = Callable[[Compute, Sequence[Tensor]], tuple[Compute, Tensor]]
"""What `capture_graph` is."""

_TOLERANCE = 0.01
"""A graph's first answer may differ from the plain one by this share of it: other kernels round differently."""


def capture_graph(compute: Compute, inputs: Sequence[Tensor]) -> tuple[Compute, Tensor]:
    """Capture `compute` as a CUDA graph.

    Args:
        compute: operations on the device of `inputs` alone.
        inputs: an example; the graph serves others of the same shapes and types.

    Returns:
        The replay, and what `compute` itself answers to the example.

    Raises:
        Exception: whatever an operation raises that cannot be captured.
    """
    device = inputs[0].device
    kept = [part.clone() for part in inputs]
    graph, aside = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream(device))
    # The outer context brings the caller's stream back where capturing breaks off half-way.
    with torch.cuda.device(device), torch.cuda.stream(aside):
        plain = compute(*kept)  # first without capturing: libraries set themselves up at their first call
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


class CUDAGraphDenoiser(Denoiser[Any]):
    """A denoiser whose steps are replayed as a CUDA graph, wherever that gives what the denoiser itself gives.

    It keeps one graph: that of the last shapes. Where the weights have moved since, it is captured anew.

    Attributes:
        problem: why the steps are not replayed, in one sentence for the user; None while nothing went wrong.
    """

    def __init__(self, denoiser: Denoiser, capture: Capture | None = None) -> None:
        """`denoiser` is `capturable`; `capture` is `capture_graph` unless another way of capturing is given."""
        super().__init__(denoiser.spec)
        self.problem: str | None = None
        self._reported, self._enabled = False, True
        self._denoiser, self._capture = denoiser, capture or capture_graph
        self._key: object = None
        self._replay: Compute | None = None

    def forward(self, *arguments: Tensor) -> Tensor:
        """What the denoiser itself answers."""
        return self._denoiser(*arguments)

    def prepare(self, times: Tensor, cond: Tensor, extra: Tensor | None = None) -> PreparedDenoiser:
        """See `Denoiser`; the answers belong to the caller."""
        return _ReplayedSteps(self._denoiser.prepare(times, cond, extra), self._step)

    def pop_warning(self) -> str | None:
        """The problem, the first time that it is asked for."""
        reported, self._reported = self._reported, self.problem is not None
        return None if reported else self.problem

    def enable(self, replaying: bool) -> None:
        """Whether steps may be replayed from now on; a graph keeps the memory that a step needs beside the weights."""
        self._enabled = replaying
        if not replaying:
            self._drop()

    def _drop(self) -> None:
        self._key = self._replay = None

    def _step(self, prepared: PreparedDenoiser, weights: Sequence[Tensor], inputs: tuple[Tensor, ...]) -> Tensor:
        if self.problem is not None or not self._enabled:
            return prepared.compute(*inputs)
        # A graph reads the weights where they lay when it was captured.
        key = [weight.data_ptr() for weight in weights], [(part.shape, part.dtype, part.device) for part in inputs]
        if self._replay is not None and key == self._key:
            return self._replay(*inputs)
        self._drop()
        try:
            replay, plain = self._capture(prepared.compute, inputs)
            answer = replay(*inputs)
            difference = relative_difference(answer, plain)
        except Exception as error:  # a driver, a library, an operation that cannot be captured: each has its own way to fail
            self.problem = f"Sampling goes on without a CUDA graph ({type(error).__name__}: {error}".splitlines()[0] + ")."
            return prepared.compute(*inputs)
        if difference > _TOLERANCE:
            self.problem = f"Sampling goes on without a CUDA graph (its answer differs by {difference:.1%})."
            return plain
        self._key, self._replay = key, replay
        return answer


Step = Callable[[PreparedDenoiser, Sequence[Tensor], tuple[Tensor, ...]], Tensor]
"""(prepared denoiser, all its weights, its inputs of a step) -> velocity."""


class _ReplayedSteps(PreparedDenoiser):
    """A prepared denoiser whose steps another object runs."""

    def __init__(self, prepared: PreparedDenoiser, step: Step) -> None:
        super().__init__(prepared.module)
        self._prepared, self._step = prepared, step
        self._weights = [*prepared.module.parameters(), *prepared.module.buffers()]

    def inputs(self, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """See `PreparedDenoiser`."""
        return self._prepared.inputs(x, t)

    def compute(self, *inputs: Tensor) -> Tensor:
        """See `PreparedDenoiser`."""
        return self._step(self._prepared, self._weights, inputs)


def relative_difference(got: Tensor, expected: Tensor) -> float:
    """Root mean square of the difference, as a share of that of `expected`; infinite where either is not finite."""
    got, expected = got.float(), expected.float()
    share = float((got - expected).norm() / expected.norm().clamp_min(torch.finfo(torch.float32).tiny))
    return share if math.isfinite(share) else math.inf
