"""The networks of a model on their way between the main memory and the device.

Weights that are offloaded stay in pinned main memory, from where they are uploaded while the device computes something else.

What relies on the weights' addresses, as a CUDA graph does, holds only as long as `WeightOffloader.keeps_all` is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .plan import Network, OffloadPlan, sequential_offload

# Pinned memory is given out in powers of two: weights share blocks of one.
_BLOCK = 64 << 20
_ALIGNMENT = 256


class WeightOffloader:
    """Keeps the networks of one model where a plan wants them.

    Args:
        networks: all of them.
        device: where they compute.
        plan: which of them are there when.
        on_device: they are on the device now; else they are in the main memory.
    """

    def __init__(
        self, networks: Mapping[Network, nn.Module], device: torch.device, plan: OffloadPlan, *, on_device: bool
    ) -> None:
        self._plan, self._ran_out = plan, False
        stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._weights = {name: _NetworkWeights(network, device, stream, on_device) for name, network in networks.items()}

    @property
    def keeps_all(self) -> bool:
        """The weights stay where they are."""
        return self._plan.keeps_all

    def set_plan(self, plan: OffloadPlan) -> None:
        """Go by another plan from the next network on, unless the device ran out of memory before."""
        if not self._ran_out:
            self._plan = plan

    def upload(self, network: Network) -> None:
        """Have a network's weights on the device, offload those that have no place beside it, begin to upload the next ones."""
        if not self._plan.movable:
            return
        resident = self._plan.resident[network]
        for other, weights in self._weights.items():
            if other not in resident:
                weights.offload()
        for other in resident:
            self._weights[other].upload()
        self._weights[network].wait()

    def is_on_device(self, network: Network) -> bool:
        """Whether a network beside the one that computes is on the device, too; if so, it can be used now."""
        weights = self._weights[network]
        if weights.on_device:
            weights.wait()
        return weights.on_device

    def offload_sequentially(self) -> bool:
        """From now on only the network that computes is on the device; False where nothing more can leave it."""
        if not self._plan.movable or self._ran_out:
            return False
        self._ran_out = True
        before, self._plan = self._plan, sequential_offload(self._plan.requirements)
        return before.resident != self._plan.resident


class _NetworkWeights:
    """One network's weights."""

    def __init__(self, network: nn.Module, device: torch.device, stream: torch.cuda.Stream | None, on_device: bool) -> None:
        self._weights = [*network.parameters(), *network.buffers()]
        self._device, self._stream, self.on_device = device, stream, on_device
        self._main_memory: list[Tensor] | None = None
        self._arrival: torch.Event | None = None

    def upload(self) -> None:
        """Begin to copy the weights to the device; `wait` before they are used."""
        if self.on_device:
            return
        # Given out in the stream that will use and free them; the copying stream waits for what had the memory before.
        uploaded = [torch.empty_like(weight, device=self._device) for weight in self._in_main_memory()]
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            for new, weight in zip(uploaded, self._in_main_memory(), strict=True):
                new.copy_(weight, non_blocking=True)
                if self._stream is not None:
                    new.record_stream(self._stream)
        self._arrival = None if self._stream is None else self._stream.record_event()
        self._point_to(uploaded)
        self.on_device = True

    def wait(self) -> None:
        """What is computed from now on finds the weights."""
        if self._arrival is not None:
            torch.cuda.current_stream(self._device).wait_event(self._arrival)
            self._arrival = None

    def offload(self) -> None:
        """Give the weights' memory on the device back."""
        if not self.on_device:
            return
        self.wait()
        self._point_to(self._in_main_memory())
        self.on_device = False
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _in_main_memory(self) -> list[Tensor]:
        """The weights in the main memory; copied there when they are first asked for."""
        if self._main_memory is None:
            self._main_memory = _copies_in_blocks([weight.data for weight in self._weights], pinned=self._device.type == "cuda")
            if not self.on_device:
                self._point_to(self._main_memory)  # what they were loaded to is not needed any more
        return self._main_memory

    def _point_to(self, places: Sequence[Tensor]) -> None:
        for weight, place in zip(self._weights, places, strict=True):
            weight.data = place


def _copies_in_blocks(tensors: Sequence[Tensor], pinned: bool) -> list[Tensor]:
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
