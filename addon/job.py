"""The state of one generation as the user sees it. No bpy: the panel reads it, a timer moves it on."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from ..flashvdm_core.errors import WorkerError
from ..flashvdm_core.events import CutOut, Event, Failure, Log, Preview, Progress, Result, Stage
from ..flashvdm_core.mesh import TriangleMesh
from ..flashvdm_core.requests import Request
from ..flashvdm_core.worker.protocol import Ready

STAGE_TEXTS = {
    Stage.LOAD: "Loading the model",
    Stage.PREPROCESS: "Preparing the image",
    Stage.CONDITION: "Reading the image",
    Stage.SAMPLE: "Forming the shape",
    Stage.DECODE: "Decoding the surface",
    Stage.EXTRACT: "Building the mesh",
}


class State(Enum):
    """Where a job stands; the last three are final."""

    STARTING = auto()
    RUNNING = auto()
    CANCELLING = auto()
    DONE = auto()
    FAILED = auto()
    CANCELLED = auto()


class Worker(Protocol):
    """What a job needs of a worker client."""

    @property
    def log(self) -> str: ...
    def generate(self, request: Request) -> None: ...
    def cancel(self) -> None: ...
    def poll(self) -> list[Event | Ready]: ...


class Job:
    """One generation from its request to its end.

    Attributes:
        state: where it stands.
        stage: the stage under way, None before the first.
        fraction: share of the whole that is done, 0 to 1.
        cutouts: the images as the model sees them that nobody has taken yet (`take_cutouts`).
        result: the result once `state` is DONE.
        error: the sentence for the user once `state` is FAILED, else "".
        details: what helps to find the cause of the error: a traceback or the worker's log.
        warnings: lines that the user should see although the job goes on.
    """

    def __init__(self, worker: Worker, request: Request, clock: Callable[[], float] = time.monotonic) -> None:
        self.request = request
        self.state = State.STARTING
        self.stage: Stage | None = None
        self.fraction = 0.0
        self.result: Result | None = None
        self.error = ""
        self.details = ""
        self.warnings: list[str] = []
        self._worker = worker
        self._clock = clock
        self._started = clock()
        self._ended: float | None = None
        self._preview: TriangleMesh | None = None
        self._cutouts: list[CutOut] = []
        try:
            worker.generate(request)
        except WorkerError as error:
            self._fail(str(error), worker.log)

    @property
    def over(self) -> bool:
        """The job has come to its end, good or bad."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)

    @property
    def seconds(self) -> float:
        """Wall time from the start to now, or to the end of a job that is over."""
        return (self._clock() if self._ended is None else self._ended) - self._started

    @property
    def text(self) -> str:
        """What is going on, for the progress bar."""
        match self.state:
            case State.STARTING:
                return "Starting the worker"
            case State.RUNNING:
                return STAGE_TEXTS[self.stage] if self.stage else "Starting"
            case State.CANCELLING:
                return "Cancelling"
            case State.DONE:
                return f"Done in {self.seconds:.1f} s"
            case State.FAILED:
                return "Failed"
            case State.CANCELLED:
                return "Cancelled"

    def pump(self) -> bool:
        """Take what the worker has said; True when anything that the user sees has changed."""
        if self.over:
            return False
        try:
            events = self._worker.poll()
        except WorkerError as error:
            if self.state is State.CANCELLING:
                self._end(State.CANCELLED)
            else:
                self._fail(str(error), self._worker.log)
            return True
        for event in events:
            self._take(event)
        return bool(events)

    def cancel(self) -> None:
        """Ask for the end; the job is over when `pump` says so."""
        if not self.over and self.state is not State.CANCELLING:
            self.state = State.CANCELLING
            self._worker.cancel()

    def take_preview(self) -> TriangleMesh | None:
        """The newest preview that was not taken yet."""
        preview, self._preview = self._preview, None
        return preview

    def take_cutouts(self) -> list[CutOut]:
        """The cut-out images that were not taken yet."""
        cutouts, self._cutouts = self._cutouts, []
        return cutouts

    def _take(self, event: Event | Ready) -> None:
        match event:
            case Ready():
                if self.state is State.STARTING:
                    self.state = State.RUNNING
            case Progress(stage, fraction):
                self.stage, self.fraction = stage, max(self.fraction, fraction)
                if self.state is State.STARTING:
                    self.state = State.RUNNING
            case Preview(_, mesh):
                self._preview = mesh
            case CutOut():
                self._cutouts.append(event)
            case Log(message, warning):
                if warning:
                    self.warnings.append(message)
            case Result():
                self._finish(event)
            case Failure(kind, message, details):
                if kind == "Cancelled" or self.state is State.CANCELLING:
                    self._end(State.CANCELLED)
                else:
                    self._fail(message, details)

    def _finish(self, result: Result) -> None:
        if self.state is State.CANCELLING:
            self._end(State.CANCELLED)
            return
        self.result, self.fraction = result, 1.0
        self._end(State.DONE)

    def _fail(self, message: str, details: str) -> None:
        self.error, self.details = message, details
        self._end(State.FAILED)

    def _end(self, state: State) -> None:
        self.state, self._ended, self._preview = state, self._clock(), None
