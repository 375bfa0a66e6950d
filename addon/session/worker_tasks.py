"""The queue of tasks and the one worker that does them, one after the other; and the look whether a worker starts at all."""

import time
from collections.abc import Callable

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.wire.protocol import Ready
from ..link.background_blender import BackgroundBlender, BlenderTask
from ..link.eta import EtaEstimator
from ..link.job import Job, State, Work, Worker
from ..link.task_queue import QueueItem, TaskQueue
from ..link.worker_client import Limits, WorkerClient
from ..scene.private_folder import program
from ..settings.preferences import preferences
from . import interpreter
from .loop import Activity

_SOON_SECONDS = 0.01  # between two slices of a mesh: Blender comes round, and the mesh is there soon
# Where somebody turns the view meanwhile, Blender draws between two slices: where that takes long, slices are longer.
_SHARE = 0.25  # of the time since the slice before
_SHORTEST, _LONGEST = 0.02, 0.04  # seconds; no step is begun after them, and none takes longer than the longest


class WorkerTasks(Activity):
    """Moves the queue on, while there is something in it.

    Attributes:
        client: the worker; None until it is needed.
        queue: the tasks.
        item: the last task that nobody waits for.
        pace: how long things take here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.client: WorkerClient | None = None
        self._blender: BackgroundBlender | None = None
        self.queue = TaskQueue()
        self.low_priority: QueueItem | None = None
        self.eta = EtaEstimator()
        self._changes = 0
        self._clock = clock
        self._last = clock()
        """When the last step ended."""

    @property
    def generating(self) -> bool:
        """A task is under way or waits."""
        return self.queue.current is not None

    @property
    def job(self) -> Job | None:
        """The job under way, else the one that ended last, so that the panel can show how it ended."""
        return self.queue.last.job if self.queue.last else None

    @property
    def interval(self) -> float:
        """Shorter where the last step had no time for everything that can be done now."""
        return _SOON_SECONDS if self._at_work or (self.client is not None and self.client.pending) else super().interval

    @property
    def _at_work(self) -> bool:
        """A mesh is being brought into the file."""
        return self.queue.next is not None and self.queue.next.at_work

    @property
    def fraction(self) -> float:
        """Of the task under way."""
        return self.job.fraction if self.job is not None else 0.0

    @property
    def shown(self) -> object:
        """Each change, and the seconds that the panel counts: a sign of life.

        They stand still while a mesh is brought into the file: where drawing takes long, each slice would wait for it.
        """
        if self._at_work:
            return self._changes, None
        return self._changes, int(self.job.seconds) if self.job is not None else 0

    def step(self) -> bool:
        """Move on the task whose turn it is; whether another step is needed."""
        item, start = self.queue.next, self._clock()
        end = start + min(max(_SHARE * (start - self._last), _SHORTEST), _LONGEST)
        while True:
            if self.queue.step(self._worker_for):
                self._changes += 1
            if item is None or not item.at_work or self._clock() >= end:
                break
        if item is not None and item.job.state is State.INSERTING:
            self.eta.observe(item.job)
        self._last = self._clock()
        return self.queue.next is not None

    @property
    def can_begin(self) -> bool:
        """A task waits that need not wait any longer."""
        return self.queue.next is not None and self.queue.next.job.state is State.WAITING

    def fail(self, message: str, details: str) -> None:
        """Every task that is not over has failed."""
        self.queue.fail(message, details)
        self._close_client()

    def stop(self) -> None:
        """End the worker, which gives all its memory back. What is under way or waits is forgotten."""
        self._close_client()
        self.low_priority = None
        self.queue.clear()

    def forget(self) -> None:
        """Drop what is under way or waits. An idle worker stays for the next."""
        if self.client is not None and self.client.busy:
            self._close_client()
        self._close_blender()
        self.low_priority = None
        self.queue.clear()

    def _worker_for(self, task: Work) -> Worker:
        """Who does a task. Raises WorkerError."""
        if not isinstance(task, BlenderTask):
            return self.start_client()
        self._blender = BackgroundBlender(program())
        return self._blender

    def start_client(self) -> WorkerClient:
        """The worker client as the preferences ask for; another interpreter means another worker.

        Raises:
            WorkerError: there is no interpreter.
        """
        wanted = interpreter.launch()
        if self.client is not None and self.client.launch != wanted:
            self._close_client()
        if self.client is None:
            self.client = WorkerClient(wanted)
        self.client.limits = Limits(silence=preferences().silence_minutes * 60)
        return self.client

    def _close_client(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None
        self._close_blender()

    def _close_blender(self) -> None:
        if self._blender is not None:
            self._blender.close()
        self._blender = None


class WorkerCheck(Activity):
    """Starts a worker to see whether the chosen interpreter works.

    Attributes:
        running: there is no answer yet.
        text: what was found, as one line; "" before.
    """

    def __init__(self, tasks: WorkerTasks) -> None:
        self.running = False
        self.text = ""
        self._tasks = tasks

    @property
    def shown(self) -> object:
        """The line."""
        return self.text

    def start(self) -> None:
        """Begin; where a worker is there, this is the end already.

        Raises:
            WorkerError: there is no interpreter, or it cannot be run.
        """
        self.text = ""
        try:
            client = self._tasks.start_client()
            client.start()
        except WorkerError as error:
            self.text = str(error)
            raise
        self.running = True
        self._find(client)

    def step(self) -> bool:
        """Look whether the worker has answered; tasks that have come meanwhile read its answer themselves."""
        client = self._tasks.client
        if not self.running or client is None:
            return False
        try:
            if self._tasks.queue.next is None:
                client.poll()
        except WorkerError as error:
            self.text, self.running = str(error), False
        self._find(client)
        return self.running

    def fail(self, message: str, details: str) -> None:
        """Say so where the answer would stand."""
        self.text, self.running = message, False

    def stop(self) -> None:
        """Wait for the answer no longer."""
        self.running = False

    def _find(self, client: WorkerClient) -> None:
        if client.ready is not None:
            self.text, self.running = _sentence(client.ready), False


def _sentence(ready: Ready) -> str:
    return f"Python {ready.python}, PyTorch {ready.torch}, device {ready.device}"
