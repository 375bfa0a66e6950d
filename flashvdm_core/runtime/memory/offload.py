"""The parts of a model on their way between the main memory and the device.

Weights that leave stay in pinned main memory, from where the device fetches them while it computes something else.

What relies on the weights' addresses, as a CUDA graph does, holds only as long as `Residency.stays` is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...api.events import Stage
from .plan import Plan, one_at_a_time

# Pinned memory is given out in powers of two: weights share blocks of one.
_BLOCK = 64 << 20
_ALIGNMENT = 256


class Residency:
    """Keeps the parts of one model where a plan wants them.

    Args:
        parts: the network of each stage.
        device: where they compute.
        plan: which of them are there when; None: all of them stay where they are.
        there: they are on the device now; else they are in the main memory.
    """

    def __init__(self, parts: Mapping[Stage, nn.Module], device: torch.device, plan: Plan | None, *, there: bool) -> None:
        self._plan, self._relieved = plan, False
        stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._movers = {stage: _Mover(network, device, stream, there) for stage, network in parts.items()}

    @property
    def stays(self) -> bool:
        """The weights stay where they are."""
        return self._plan is None or self._plan.stays

    def follow(self, plan: Plan) -> None:
        """Go by another plan from the next stage on, unless the device ran out of memory before."""
        if self._plan is not None and not self._relieved:
            self._plan = plan

    def enter(self, stage: Stage) -> None:
        """A stage begins: its weights are on the device, those that have no place there leave, the next ones are fetched."""
        if self._plan is None:
            return
        held = self._plan.held[stage]
        for other, mover in self._movers.items():
            if other not in held:
                mover.leave()
        for other in held:
            self._movers[other].fetch()
        self._movers[stage].wait()

    def ready(self, stage: Stage) -> bool:
        """Whether the weights of another stage than the one under way are on the device, too, to be used now."""
        mover = self._movers[stage]
        if mover.there:
            mover.wait()
        return mover.there

    def relieve(self) -> bool:
        """From now on only the weights of the stage under way are on the device; False where nothing more can leave it."""
        if self._plan is None or self._relieved:
            return False
        self._relieved = True
        before, self._plan = self._plan, one_at_a_time(self._plan.parts)
        return before.held != self._plan.held


class _Mover:
    """One network's weights."""

    def __init__(self, network: nn.Module, device: torch.device, stream: torch.cuda.Stream | None, there: bool) -> None:
        self._weights = [*network.parameters(), *network.buffers()]
        self._device, self._stream, self.there = device, stream, there
        self._home: list[Tensor] | None = None
        self._arrival: torch.Event | None = None

    def fetch(self) -> None:
        """Begin to copy the weights to the device; `wait` before they are used."""
        if self.there:
            return
        # Given out in the stream that will use and free them; the copying stream waits for what had the memory before.
        fetched = [torch.empty_like(weight, device=self._device) for weight in self._at_home()]
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            for new, weight in zip(fetched, self._at_home(), strict=True):
                new.copy_(weight, non_blocking=True)
                if self._stream is not None:
                    new.record_stream(self._stream)
        self._arrival = None if self._stream is None else self._stream.record_event()
        self._point_to(fetched)
        self.there = True

    def wait(self) -> None:
        """What is computed from now on finds the weights."""
        if self._arrival is not None:
            torch.cuda.current_stream(self._device).wait_event(self._arrival)
            self._arrival = None

    def leave(self) -> None:
        """Give the weights' memory on the device back."""
        if not self.there:
            return
        self.wait()
        self._point_to(self._at_home())
        self.there = False
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _at_home(self) -> list[Tensor]:
        """The weights in the main memory; copied there when they are first asked for."""
        if self._home is None:
            self._home = _packed([weight.data for weight in self._weights], pinned=self._device.type == "cuda")
            if not self.there:
                self._point_to(self._home)  # what they were loaded to is not needed any more
        return self._home

    def _point_to(self, places: Sequence[Tensor]) -> None:
        for weight, place in zip(self._weights, places, strict=True):
            weight.data = place


def _packed(tensors: Sequence[Tensor], pinned: bool) -> list[Tensor]:
    """Copies in the main memory, side by side in blocks."""
    copies: list[Tensor] = []
    block, used = torch.empty(0, dtype=torch.uint8), 0
    for tensor in tensors:
        if used + tensor.nbytes > block.numel():
            block, used = _block(max(tensor.nbytes, _BLOCK), pinned), 0
        copy = block[used : used + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
        copies.append(copy.copy_(tensor))
        used += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT
    return copies


def _block(size: int, pinned: bool) -> Tensor:
    try:
        return torch.empty(size, dtype=torch.uint8, pin_memory=pinned)
    except RuntimeError:  # the system does not let so much be pinned; the copying takes longer without
        if not pinned:
            raise
        return torch.empty(size, dtype=torch.uint8)
