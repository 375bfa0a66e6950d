"""What is around every stage: its clock, its share of the bar, cancelling, a second attempt, and finite numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from flashvdm_core.api.errors import Cancelled, DeviceError, MemoryLimitError
from flashvdm_core.api.events import Event, Log, Progress, Stage
from flashvdm_core.pipeline.progress import TaskContext
from flashvdm_core.pipeline.stage_runner import StageRunner, Work
from flashvdm_core.runtime.memory.plan import Network

STAGES = (Stage.LOAD, Stage.DECODE, Stage.EXTRACT)


class StandIn:
    """In the place of a loaded model whose weights can leave the device once."""

    def __init__(self) -> None:
        self.uploaded: list[Network] = []
        self.offloads = 0
        self.warnings = ["Steps are not replayed."]
        self.offloader = self
        self.model = torch.zeros(0, dtype=torch.float16)

    def upload(self, network: Network) -> None:
        self.uploaded.append(network)

    def offload_sequentially(self) -> bool:
        self.offloads += 1
        return self.offloads == 1

    def pop_warnings(self) -> Iterator[Log]:
        while self.warnings:
            yield Log(self.warnings.pop())


def runner_of(loaded: Any = None, cancelled: Callable[[], bool] = lambda: False) -> StageRunner:
    runner = StageRunner(TaskContext(cancelled, STAGES))
    if loaded is not None:
        runner.use(loaded)
    return runner


def outcome(runner: StageRunner, work: Callable[[], Work[Any]], network: Network | None = None) -> tuple[list[Event], Any]:
    """The events and the output of one stage."""
    events: list[Event] = []
    steps = runner.run(Stage.DECODE, work, network)
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def failing(times: int, error: Exception) -> Callable[[], Work[str]]:
    """A stage that fails so often, half done."""
    left = iter(range(times))

    def work() -> Work[str]:
        yield 0.5
        if next(left, None) is not None:
            raise error
        return "made"

    return work


def test_shares_become_progress_and_events_pass() -> None:
    def work() -> Work[str]:
        yield 0.5
        yield Log("A line.")
        yield 1
        return "made"

    runner = runner_of(StandIn())
    events, made = outcome(runner, work)
    assert made == "made"
    assert [event.message for event in events if isinstance(event, Log)] == ["Steps are not replayed.", "A line."]
    shares = [event.fraction for event in events if isinstance(event, Progress)]
    assert len(shares) == 3
    assert shares == sorted(shares)
    runner.context.stop_clock()
    assert list(runner.context.seconds) == [Stage.DECODE]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryLimitError("too little"), MemoryError()])
def test_a_stage_is_done_once_more_with_the_other_networks_offloaded(error: Exception) -> None:
    loaded = StandIn()
    events, made = outcome(runner_of(loaded), failing(1, error), Network.VAE)
    assert made == "made"
    assert loaded.uploaded == [Network.VAE, Network.VAE]
    (warning,) = [event for event in events if isinstance(event, Log) and event.warning]
    assert "ran out of memory" in warning.message
    shares = [event.fraction for event in events if isinstance(event, Progress)]
    assert shares == sorted(shares)
    with pytest.raises(type(error)):
        outcome(runner_of(StandIn()), failing(2, error), Network.VAE)


def test_other_errors_and_stages_without_a_network_get_no_second_attempt() -> None:
    loaded = StandIn()
    with pytest.raises(RuntimeError, match="a bug"):
        outcome(runner_of(loaded), failing(1, RuntimeError("a bug")), Network.VAE)
    with pytest.raises(MemoryError):
        outcome(runner_of(loaded), failing(1, MemoryError()))
    with pytest.raises(MemoryError):
        outcome(runner_of(), failing(1, MemoryError()), Network.VAE)
    assert loaded.offloads == 0


@pytest.mark.parametrize("where", ["on the way", "at the end"])
def test_numbers_that_are_not_finite_end_the_task(where: str) -> None:
    def work() -> Work[Tensor]:
        numbers = torch.tensor([1.0, float("nan")])
        yield torch.zeros(2)
        if where == "on the way":
            yield numbers
            raise AssertionError("it went on")
        return numbers

    with pytest.raises(DeviceError, match="no finite numbers in float16"):
        outcome(runner_of(StandIn()), work)


def test_cancelling_is_asked_for_before_each_part_of_a_stage() -> None:
    done: list[int] = []

    def work() -> Work[None]:
        for part in range(10):
            done.append(part)
            yield part / 10

    with pytest.raises(Cancelled):
        outcome(runner_of(cancelled=lambda: len(done) == 3), work)
    assert done == [0, 1, 2]
