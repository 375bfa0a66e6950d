"""One task under way: its clock, its progress bar, its cancelling, and the Failure that an error becomes."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from ..api.errors import Cancelled, DeviceError, FlashVDMError, MemoryLimitError
from ..api.events import Event, Failure, Progress, Stage
from ..runtime.memory.peak import PeakMemory
from ..runtime.oom import out_of_memory

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
class Run:
    """The clock, the progress and the cancelling of one task.

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

    def check(self) -> None:
        """Raise Cancelled when the caller asked for the end."""
        if self.cancelled():
            raise Cancelled

    def compute_on(self, device: torch.device) -> None:
        """The task computes on `device`."""
        self.device, self.memory = device, PeakMemory(device)

    def enter(self, stage: Stage) -> Progress:
        """End the clock of the stage before and start this one's."""
        self.check()
        self.stop()
        self._stage, self._since = stage, time.perf_counter()
        return self.progress(0.0)

    def progress(self, part: float) -> Progress:
        """`part` (0 to 1) of the current stage is done."""
        assert self._stage is not None
        before = sum(_SHARES[stage] for stage in self.stages[: self.stages.index(self._stage)])
        whole = sum(_SHARES[stage] for stage in self.stages)
        # A stage that is done once more does not set the bar back.
        self._fraction = max(self._fraction, min((before + _SHARES[self._stage] * part) / whole, 1.0))
        return Progress(self._stage, self._fraction)

    def stop(self) -> None:
        """End the clock of the current stage."""
        if self._stage is not None:
            if self.device is not None and self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.seconds[self._stage.value] = time.perf_counter() - self._since


def reported(events: Iterator[Event]) -> Iterator[Event]:
    """The events, and a Failure in the place of whatever is raised."""
    try:
        yield from events
    except Cancelled:
        failure = Failure("Cancelled", "The generation was cancelled.")
    except FlashVDMError as error:
        failure = Failure(type(error).__name__, str(error), traceback.format_exc())
    except NotImplementedError as error:  # torch's answer where a device lacks an operation in a number format
        message = f"The device cannot compute this in the precision that is set ({error}); set the precision to float32."
        failure = Failure(DeviceError.__name__, message, traceback.format_exc())
    except (MemoryError, RuntimeError) as error:
        failure = _memory_failure() if out_of_memory(error) else _unexpected(error)
    except Exception as error:
        failure = _unexpected(error)
    else:
        return
    yield failure


def _memory_failure() -> Failure:
    message = "The device ran out of memory; close other programs that use it, lower the resolution, or use the CPU."
    return Failure(MemoryLimitError.__name__, message, traceback.format_exc())


def _unexpected(error: Exception) -> Failure:
    message = f"Something went wrong that should not have ({type(error).__name__}: {error}); please report it with the details."
    return Failure(type(error).__name__, message, traceback.format_exc())
