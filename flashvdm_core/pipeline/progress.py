"""One task under way: its clock, its progress bar, whether it was cancelled, and where it computes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from ..api.errors import Cancelled
from ..api.events import Progress, Stage
from ..runtime.memory.peak import PeakMemory

# Share of each stage of the progress bar of a whole generation; measured on the models at hand, and only for the eye. The
# texture was timed beside the extraction at 128, 256 and 512 cells: it takes one and a half to two times as long.
_SHARES: Mapping[Stage, float] = {
    Stage.LOAD: 0.05,
    Stage.PREPROCESS: 0.02,
    Stage.CONDITION: 0.05,
    Stage.SAMPLE: 0.40,
    Stage.DECODE: 0.30,
    Stage.EXTRACT: 0.07,
    Stage.TEXTURE: 0.11,
}


@dataclass
class TaskContext:
    """What belongs to one task and not to what it computes.

    Attributes:
        cancelled: asked between steps; True ends the task.
        stages: the stages that the task has, in their order.
        device: where it computes, once that is known.
        memory: what is used there from then on.
        seconds: stage name -> wall time, of the stages that have ended.
    """

    cancelled: Callable[[], bool]
    stages: Sequence[Stage]
    device: torch.device | None = None
    memory: PeakMemory | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: Stage | None = None
    _since: float = 0.0
    _fraction: float = 0.0

    def check_cancelled(self) -> None:
        """Raise Cancelled when the caller asked for the end."""
        if self.cancelled():
            raise Cancelled

    def set_device(self, device: torch.device) -> None:
        """The task computes on `device`; watch its memory from now on."""
        self.device, self.memory = device, PeakMemory(device)

    def enter(self, stage: Stage) -> Progress:
        """End the clock of the stage before and start this one's."""
        self.check_cancelled()
        self.stop_clock()
        self._stage, self._since = stage, time.perf_counter()
        return self.progress(0.0)

    def progress(self, share: float) -> Progress:
        """`share` (0 to 1) of the current stage is done."""
        assert self._stage is not None
        before = sum(_SHARES[stage] for stage in self.stages[: self.stages.index(self._stage)])
        whole = sum(_SHARES[stage] for stage in self.stages)
        # A stage that is done once more does not set the bar back.
        self._fraction = max(self._fraction, min((before + _SHARES[self._stage] * share) / whole, 1.0))
        return Progress(self._stage, self._fraction)

    def stop_clock(self) -> None:
        """End the clock of the current stage."""
        if self._stage is not None:
            if self.device is not None and self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.seconds[self._stage.value] = time.perf_counter() - self._since
