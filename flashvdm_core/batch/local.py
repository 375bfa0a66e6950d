"""Making the meshes of a batch in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..api.events import Event, Failure, Log, Result
from .items import Item
from .run import Finished

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline


class LocalExecutor:
    """An `Executor` with one pipeline, which keeps its model from item to item; nothing is loaded before the first."""

    capacity = 1

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._item: Item | None = None

    def start(self, item: Item) -> None:
        self._item = item

    def wait(self, interrupted: Callable[[], bool]) -> Finished:
        from ..pipeline.pipeline import Pipeline

        item, self._item = self._item, None
        assert item is not None
        assert item.request is not None
        if self._pipeline is None:
            self._pipeline = Pipeline()
        end, warnings = last_of(self._pipeline.generate(item.request, interrupted))
        return Finished(item, end, warnings)

    def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.release()
        self._pipeline = None


def last_of(events: Iterable[Event]) -> tuple[Result | Failure, tuple[str, ...]]:
    """How a generation ended, and the warnings on the way."""
    warnings: list[str] = []
    for event in events:
        match event:
            case Log(message, True):
                warnings.append(message)
            case Result() | Failure():
                return event, tuple(warnings)
            case _:
                pass
    raise AssertionError("a generation ends in a result or a failure")
