"""The loop of a batch: claim, make, publish, tell; one item's failure is its own."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from ..api.errors import FlashVDMError
from ..api.events import Failure, Result
from .index import BatchIndex, OutputLock
from .items import Item

_BUSY_SECONDS = 0.5
"""Pause before looking again for what another process has in hand."""


class Status(StrEnum):
    """How an item ended."""

    MADE = "made"
    KEPT = "kept"
    """It was there already, made of the same."""
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """How one item ended.

    Attributes:
        seconds: wall time of making it; 0 where nothing was made.
        kind: class name of the error where it failed, else "".
        error: the sentence for the user where it failed, else "".
        details: a traceback, where there is one.
        warnings: lines worth reading although it was made.
        made: seed, model, and number of vertices and faces, where it was made.
    """

    item: Item
    status: Status
    seconds: float = 0.0
    kind: str = ""
    error: str = ""
    details: str = ""
    warnings: tuple[str, ...] = ()
    made: tuple[tuple[str, int | str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A dict of plain JSON types, with the same keys for every status."""
        numbers = dict.fromkeys(("seed", "model", "vertices", "faces")) | dict(self.made)
        return {
            "number": self.item.number,
            "image": self.item.image,
            "output": self.item.output,
            "status": str(self.status),
            "seconds": round(self.seconds, 3),
            "kind": self.kind,
            "error": self.error,
            "warnings": list(self.warnings),
        } | numbers


@dataclass(frozen=True, eq=False)
class Finished:
    """What an executor has done with an item; `end` of the kind "Cancelled" where it was asked to stop."""

    item: Item
    end: Result | Failure
    warnings: tuple[str, ...] = ()


class Executor(Protocol):
    """Makes meshes, up to `capacity` of them at a time."""

    @property
    def capacity(self) -> int: ...

    def start(self, item: Item) -> None:
        """Begin an item; only while fewer than `capacity` are under way."""
        ...

    def wait(self, interrupted: Callable[[], bool]) -> Finished | None:
        """Wait for one of those under way; None when interrupted before."""
        ...

    def close(self) -> None:
        """Drop what is under way."""
        ...


def run_batch(
    items: Sequence[Item],
    index: BatchIndex,
    executor: Executor,
    *,
    overwrite: bool = False,
    interrupted: Callable[[], bool] = lambda: False,
) -> Iterator[Outcome]:
    """Make what is not made yet. Safe to be killed at any moment and to run in several processes on one folder.

    Items that another process has in hand come last: they are kept once it has made them, and made here if it ended.

    Args:
        overwrite: replace files that the batch did not make, or that were changed since.
        interrupted: asked between steps; True ends the batch.

    Yields:
        One Outcome for each item as they end; none for those that an interruption left.
    """
    return _Run(index, executor, overwrite, interrupted).outcomes(items)


@dataclass(frozen=True, eq=False)
class _Begun:
    claim: OutputLock
    fingerprint: str
    since: float


class _Run:
    def __init__(self, index: BatchIndex, executor: Executor, overwrite: bool, interrupted: Callable[[], bool]) -> None:
        self._index, self._executor = index, executor
        self._overwrite, self._interrupted = overwrite, interrupted
        self._under_way: dict[int, _Begun] = {}

    def outcomes(self, items: Sequence[Item]) -> Iterator[Outcome]:
        # Each model is loaded once.
        waiting = deque(sorted(items, key=_model))
        try:
            while (waiting or self._under_way) and not self._interrupted():
                yield from self._begin_some(waiting)
                if self._under_way:
                    finished = self._executor.wait(self._interrupted)
                    if finished is None or (isinstance(finished.end, Failure) and finished.end.kind == "Cancelled"):
                        return
                    yield self._settled(finished)
                elif waiting and not self._interrupted():
                    time.sleep(_BUSY_SECONDS)
        finally:
            self._executor.close()
            for begun in self._under_way.values():
                begun.claim.release()

    def _begin_some(self, waiting: deque[Item]) -> Iterator[Outcome]:
        """Begin as many items as the executor takes; those that need no making end at once."""
        busy = 0
        while busy < len(waiting) and len(self._under_way) < self._executor.capacity and not self._interrupted():
            item = waiting.popleft()
            try:
                outcome = self._begin(item)
            except Exception as error:
                failure = _failure(error)
                outcome = Outcome(item, Status.FAILED, 0.0, failure.kind, failure.message, failure.details)
            if outcome is not None:
                yield outcome
            elif item.number not in self._under_way:
                waiting.append(item)
                busy += 1

    def _begin(self, item: Item) -> Outcome | None:
        """Start making an item; its outcome where there is nothing to make, None also where another process has it."""
        if item.request is None:
            return Outcome(item, Status.FAILED, kind="SettingsError", error=item.error)
        claim = self._index.claim(item.output)
        if claim is None:
            return None
        try:
            fingerprint = self._index.fingerprint(item.request)
            if claim.is_up_to_date(fingerprint):
                return Outcome(item, Status.KEPT)
            claim.check(self._overwrite, item.request.images.values())
            self._executor.start(item)
            self._under_way[item.number] = _Begun(claim, fingerprint, time.monotonic())
        finally:
            if item.number not in self._under_way:
                claim.release()
        return None

    def _settled(self, finished: Finished) -> Outcome:
        """Publish a result; what was under way is no more."""
        item, end = finished.item, finished.end
        begun = self._under_way.pop(item.number)
        try:
            if isinstance(end, Result):
                print_size = item.request.settings.print_size if item.request is not None else 0.0
                begun.claim.publish(end.mesh, begun.fingerprint, end.colouring, print_size)
        except Exception as error:
            end = _failure(error)
        finally:
            begun.claim.release()
        seconds = time.monotonic() - begun.since
        if isinstance(end, Failure):
            return Outcome(item, Status.FAILED, seconds, end.kind, end.message, end.details, finished.warnings)
        sizes = (("vertices", len(end.mesh.vertices)), ("faces", len(end.mesh.faces)))
        made = (("seed", end.seed), ("model", end.model), *sizes)
        return Outcome(item, Status.MADE, seconds, warnings=finished.warnings, made=made)


def _failure(error: Exception) -> Failure:
    """Whatever is raised, it is the failure of the item alone."""
    if isinstance(error, FlashVDMError):
        return Failure(type(error).__name__, str(error), traceback.format_exc())
    message = f"Something went wrong that should not have ({type(error).__name__}: {error}); please report it with the details."
    return Failure(type(error).__name__, message, traceback.format_exc())


def _model(item: Item) -> tuple[str, ...]:
    settings = item.request.settings if item.request is not None else {}
    return tuple(str(settings.get(name, "")) for name in ("model", "device", "precision"))
