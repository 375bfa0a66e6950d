"""What is around every stage of a task, in one place.

Its clock and its share of the progress bar, whether the task was cancelled, the weights on the device, the second attempt after
the device ran out of memory, and the check for finite numbers. Inside a stage there is only what it computes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from ..api.errors import DeviceError, MemoryLimitError
from ..api.events import Event, Log, Stage
from ..runtime.devices import dtype_name
from ..runtime.memory.plan import Network
from ..runtime.oom import out_of_memory
from .loaded_model import LoadedModel
from .progress import TaskContext

Output = TypeVar("Output")

Update = float | Tensor | Event
"""What a stage says while it works: its share that is done (0 to 1), numbers that must be finite, or an event to pass on."""

Work = Generator[Update, None, Output]
"""A stage: says any number of updates and returns what it made."""


class StageRunner:
    """Runs the stages of one task.

    Attributes:
        context: the task's.
    """

    def __init__(self, context: TaskContext) -> None:
        self.context = context
        self._loaded: LoadedModel | None = None

    def use(self, loaded: LoadedModel) -> None:
        """The stages from now on compute with this model."""
        self._loaded = loaded

    def run(
        self, stage: Stage, work: Callable[[], Work[Output]], network: Network | None = None
    ) -> Generator[Event, None, Output]:
        """The output of a stage.

        Args:
            stage: it begins now.
            work: begins the stage's work; called once more where the device ran out of memory and weights can leave it.
            network: what computes in it, if anything of the model does.

        Raises:
            DeviceError: the stage's numbers are not finite.
            Cancelled: the task was cancelled; asked before each part of the stage.
        """
        yield self.context.enter(stage)
        try:
            return (yield from self._attempt(work, network))
        except (RuntimeError, MemoryError, MemoryLimitError) as error:
            if not isinstance(error, MemoryLimitError) and not out_of_memory(error):
                raise
            if network is None or self._loaded is None or not self._loaded.offload_sequentially():
                raise
        gc.collect()  # not before: the error holds what the first attempt worked with
        yield Log("The graphics card ran out of memory; from now on the model's parts take turns there.", warning=True)
        return (yield from self._attempt(work, network))

    def _attempt(self, work: Callable[[], Work[Output]], network: Network | None) -> Generator[Event, None, Output]:
        if network is not None and self._loaded is not None:
            self._loaded.offloader.upload(network)
        updates = work()
        while True:
            self.context.check_cancelled()
            try:
                update = next(updates)
            except StopIteration as end:
                return self._checked(end.value)
            yield from self._events(update)

    def _events(self, update: Update) -> Iterator[Event]:
        if self._loaded is not None:
            yield from self._loaded.pop_warnings()
        if isinstance(update, Tensor):
            self._check_finite(update)
        elif isinstance(update, int | float):
            yield self.context.progress(update)
        else:
            yield update

    def _checked(self, output: Output) -> Output:
        if isinstance(output, Tensor):
            self._check_finite(output)
        return output

    def _check_finite(self, numbers: Tensor) -> None:
        if not torch.isfinite(numbers).all():
            name = dtype_name(self._loaded.model.dtype if self._loaded is not None else numbers.dtype)
            raise DeviceError(f"The model gives no finite numbers in {name}; set the precision to float32.")
