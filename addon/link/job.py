"""The state of one task of the worker as the user sees it. No bpy: the panel reads it, a timer moves it on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from ...flashvdm_core.api.errors import FlashVDMError, WorkerError
from ...flashvdm_core.api.events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result, Stage
from ...flashvdm_core.api.mesh import TriangleMesh
from ...flashvdm_core.api.tasks import Task
from ...flashvdm_core.api.wire.protocol import Ready
from .background_blender import BlenderTask, Step, Working

Work = Task | BlenderTask
"""What a job can be about: a task of the worker's, or of another Blender's."""

STAGE_TEXTS = {
    Stage.LOAD: "Loading the model",
    Stage.PREPROCESS: "Preparing the image",
    Stage.CONDITION: "Reading the image",
    Stage.SAMPLE: "Forming the shape",
    Stage.DECODE: "Decoding the surface",
    Stage.EXTRACT: "Building the mesh",
    Stage.TEXTURE: "Making the texture",
}
STEP_TEXTS = {
    Step.START: "Starting another Blender",
    Step.READ: "Reading the mesh",
    Step.REDUCE: "Reducing the mesh",
    Step.QUADS: "Laying quads",
    Step.MIRROR: "Mirroring the mesh",
    Step.PROJECT: "Projecting the image",
    Step.RENDER: "Rendering",
}

_MOST_WARNINGS = 100


class State(Enum):
    """Where a job stands; the last three are final."""

    WAITING = auto()
    STARTING = auto()
    RUNNING = auto()
    CANCELLING = auto()
    INSERTING = auto()
    DONE = auto()
    FAILED = auto()
    CANCELLED = auto()


class Worker(Protocol):
    """What a job needs of a worker client."""

    @property
    def log(self) -> str: ...
    def generate(self, task: Any) -> None: ...
    def cancel(self) -> None: ...
    def poll(self) -> Sequence[Event | Ready | Working]: ...


class Job:
    """One task from its start to its end.

    Attributes:
        label: what the user calls it: the name of the image, of the object.
        state: where it stands.
        stage: the stage under way, None before the first.
        stage_times: seconds that each stage took that has ended.
        fraction: part of the whole that is done, 0 to 1.
        cutouts: the images as the model sees them that nobody has taken yet (`take_cutouts`).
        task: what was asked for.
        result: the result from INSERTING on, until `free_result`; None for a task that makes no mesh.
        triangles: of the result.
        model: name of the model that made the result, "" before.
        decoder: which VAE decoded it, and why it was this one; "" before.
        error: the sentence for the user once `state` is FAILED, else "".
        details: what helps to find the cause of the error: a traceback or the worker's log.
        warnings: lines that the user should see although the job goes on.
        step: what another Blender is at for it; None where none is.
        outcome: what has come of it, for the end, where that is no number of triangles.
    """

    def __init__(self, task: Work, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.task = task
        self.label = label
        self.state = State.WAITING
        self.stage: Stage | None = None
        self.stage_times: dict[Stage, float] = {}
        self._stage_began = 0.0
        self.fraction = 0.0
        self.result: Result | None = None
        self.triangles = 0
        self.model = self.decoder = ""
        self.error = ""
        self.details = ""
        self.warnings: list[str] = []
        self.step: Step | None = None
        self.outcome = ""
        self._worker: Worker | None = None
        self._clock = clock
        self._started: float | None = None
        self._ended: float | None = None
        self._preview: TriangleMesh | None = None
        self._cutouts: list[CutOut] = []

    def start(self, worker: Worker) -> None:
        """Hand the task that waited to a worker."""
        self._worker, self.state, self._started = worker, State.STARTING, self._clock()
        try:
            worker.generate(self.task)
        except FlashVDMError as error:
            self.fail(str(error), worker.log)

    @property
    def over(self) -> bool:
        """The job has come to its end, good or bad."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)

    @property
    def seconds(self) -> float:
        """Wall time from the start to now, or to the end of a job that is over; 0 before the start."""
        if self._started is None:
            return 0.0
        return (self._clock() if self._ended is None else self._ended) - self._started

    @property
    def seconds_since_end(self) -> float | None:
        """How long ago it ended; None where it has not."""
        return None if self._ended is None else self._clock() - self._ended

    @property
    def stage_seconds(self) -> float:
        """Seconds since the stage under way began."""
        return self._clock() - self._stage_began

    @property
    def text(self) -> str:
        """What is going on, for the progress bar."""
        match self.state:
            case State.WAITING:
                return "Waiting"
            case State.STARTING:
                return STEP_TEXTS[Step.START] if isinstance(self.task, BlenderTask) else "Starting"
            case State.RUNNING | State.INSERTING if self.step is not None:
                return STEP_TEXTS[self.step]
            case State.RUNNING:
                return STAGE_TEXTS[self.stage] if self.stage else "Starting"
            case State.CANCELLING:
                return "Cancelling"
            case State.INSERTING:
                return "Putting the mesh into the scene"
            case State.DONE:
                return "Done"
            case State.FAILED:
                return "Failed"
            case State.CANCELLED:
                return "Cancelled"

    def pump(self) -> bool:
        """Take what the worker has sent; True when anything that the user sees has changed."""
        if self._worker is None or self.over or self.state is State.INSERTING:
            return False
        try:
            events = self._worker.poll()
        except WorkerError as error:
            if self.state is State.CANCELLING:
                self._end(State.CANCELLED)
            else:
                self.fail(str(error), self._worker.log)
            return True
        for event in events:
            self._take(event)
        return bool(events)

    def cancel(self) -> None:
        """Ask for the end. While a worker is at it the job is over only when `pump` says so."""
        if self.state in (State.STARTING, State.RUNNING):
            assert self._worker is not None
            self.state = State.CANCELLING
            self._worker.cancel()
        elif self.state in (State.WAITING, State.INSERTING):
            self.result = None
            self._end(State.CANCELLED)

    def inserted(self) -> None:
        """The result is where it belongs: the job is done."""
        self._end(State.DONE)

    def fail(self, message: str, details: str) -> None:
        """The job is over without a result."""
        self.error, self.details, self.result = message, details, None
        self._end(State.FAILED)

    def free_result(self) -> None:
        """Give the memory of a result that nobody needs any more back."""
        self.result = None

    def take_preview(self) -> TriangleMesh | None:
        """The newest preview that was not taken yet."""
        preview, self._preview = self._preview, None
        return preview

    def take_cutouts(self) -> list[CutOut]:
        """The cut-out images that were not taken yet."""
        cutouts, self._cutouts = self._cutouts, []
        return cutouts

    def _take(self, event: Event | Ready | Working) -> None:
        match event:
            case Working(step, fraction):
                self.step, self.fraction = step, max(self.fraction, fraction)
                if self.state is State.STARTING:
                    self.state = State.RUNNING
            case Ready():
                if self.state is State.STARTING:
                    self.state = State.RUNNING
            case Progress(stage, fraction):
                self._enter(stage)
                self.fraction = max(self.fraction, fraction)
                if self.state is State.STARTING:
                    self.state = State.RUNNING
            case Preview(_, mesh):
                self._preview = mesh
            case CutOut():
                self._cutouts.append(event)
            case Log(message, warning):
                if warning and message not in self.warnings and len(self.warnings) < _MOST_WARNINGS:
                    self.warnings.append(message)
            case Result():
                self._finish(event)
            case Finished():
                self._finish(None)
            case Failure(kind, message, details):
                if kind == "Cancelled" or self.state is State.CANCELLING:
                    self._end(State.CANCELLED)
                else:
                    self.fail(message, details)

    def _enter(self, stage: Stage) -> None:
        if stage is not self.stage:
            if self.stage is not None:
                self.stage_times[self.stage] = self.stage_seconds
            self.stage, self._stage_began = stage, self._clock()

    def _finish(self, result: Result | None) -> None:
        if self.state is State.CANCELLING:
            self._end(State.CANCELLED)
            return
        self.result, self.fraction, self.step = result, 1.0, None
        self.triangles = len(result.mesh.faces) if result else 0
        if result:
            self.model, self.decoder = result.model, result.decoder
        self.state, self._preview = State.INSERTING, None

    def _end(self, state: State) -> None:
        self.state, self._ended, self._preview = state, self._clock(), None
