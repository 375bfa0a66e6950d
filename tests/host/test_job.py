"""The state of one generation, moved on by what a worker says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .conftest import Import


class Script:
    """A worker that says what it is told to."""

    def __init__(self) -> None:
        self.log = "the worker's log"
        self.says: list[Any] = []
        self.cancelled = False
        self.refuses: Exception | None = None

    def generate(self, request: Any) -> None:
        if self.refuses:
            raise self.refuses

    def cancel(self) -> None:
        self.cancelled = True

    def poll(self) -> list[Any]:
        said, self.says = self.says, []
        for event in said:
            if isinstance(event, Exception):
                raise event
        return said


class Setup:
    """A job, its worker, its clock, and the core's events."""

    def __init__(self, extension: Import) -> None:
        self.events: ModuleType = extension("flashvdm_core.api.events")
        self.error = extension("flashvdm_core.api.errors").WorkerError
        self.module: ModuleType = extension("addon.link.job")
        self.ready = extension("flashvdm_core.api.wire.protocol").Ready("0", "3.11", "2", "cpu")
        triangle = np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32)
        self.mesh = extension("flashvdm_core.api.mesh").TriangleMesh(*triangle)
        self.request = extension("flashvdm_core.api.tasks").Request({"front": "image.png"})
        self.worker, self.now = Script(), 100.0

    def job(self) -> Any:
        """One that has been handed to the worker."""
        job = self.module.Job(self.request, "image", lambda: self.now)
        job.start(self.worker)
        return job

    def progress(self, stage: str, fraction: float) -> Any:
        return self.events.Progress(self.events.Stage(stage), fraction)

    def result(self) -> Any:
        return self.events.Result(self.mesh, 3, "model", {}, {})

    def pump(self, job: Any, *said: Any) -> bool:
        self.worker.says = list(said)
        return job.pump()


@pytest.fixture
def setup(extension: Import) -> Setup:
    return Setup(extension)


def test_a_generation_from_its_start_to_its_result(setup: Setup) -> None:
    job = setup.job()
    assert (job.state.name, job.text, job.fraction) == ("STARTING", "Starting", 0.0)
    assert not setup.pump(job)
    assert setup.pump(job, setup.ready)
    assert job.state.name == "RUNNING"
    setup.pump(job, setup.progress("sample", 0.4))
    assert (job.text, job.fraction) == ("Forming the shape", 0.4)
    setup.pump(job, setup.progress("sample", 0.3))
    assert job.fraction == 0.4, "the bar never goes back"
    setup.now += 12.5
    setup.pump(job, setup.result())
    assert (job.state.name, job.over, job.fraction, job.triangles) == ("INSERTING", False, 1.0, 1)
    job.inserted()
    assert (job.state.name, job.over, job.seconds) == ("DONE", True, 12.5)
    assert job.text == "Done"
    assert job.seconds == 12.5
    setup.now += 60
    assert job.seconds == 12.5, "the clock has stopped"
    assert not setup.pump(job, setup.result())


def test_previews_and_cutouts_are_taken_once_and_only_the_newest_preview_counts(setup: Setup) -> None:
    job, stage = setup.job(), setup.events.Stage.SAMPLE
    newest = type(setup.mesh)(setup.mesh.vertices * 2, setup.mesh.faces)
    cutout = setup.events.CutOut("front", np.zeros((2, 2, 4), np.uint8))
    setup.pump(job, setup.ready, cutout, setup.events.Preview(stage, setup.mesh), setup.events.Preview(stage, newest))
    assert job.take_preview() is newest
    assert job.take_preview() is None
    assert job.take_cutouts() == [cutout]
    assert job.take_cutouts() == []


def test_warnings_are_kept_and_other_lines_are_not(setup: Setup) -> None:
    job = setup.job()
    setup.pump(job, setup.events.Log("Going on in smaller chunks."), setup.events.Log("Not plain.", warning=True))
    assert job.warnings == ["Not plain."]


def test_a_failure_keeps_its_sentence_and_its_details(setup: Setup) -> None:
    job = setup.job()
    setup.pump(job, setup.ready, setup.events.Failure("ImageError", "The image is empty.", "a traceback"))
    assert (job.state.name, job.error, job.details) == ("FAILED", "The image is empty.", "a traceback")
    assert job.take_preview() is None


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_worker_that_breaks_fails_the_job_with_its_log(setup: Setup, when: str) -> None:
    error = setup.error("The background process stopped.")
    if when == "at once":
        setup.worker.refuses = error
    job = setup.job()
    if when == "later":
        setup.pump(job, error)
    assert (job.state.name, job.error, job.details) == ("FAILED", "The background process stopped.", "the worker's log")


@pytest.mark.parametrize("answer", ["cancelled", "failure", "result", "death"])
def test_whatever_a_cancelled_worker_answers_the_job_is_cancelled(setup: Setup, answer: str) -> None:
    job = setup.job()
    setup.pump(job, setup.ready)
    job.cancel()
    assert setup.worker.cancelled
    assert (job.state.name, job.text, job.over) == ("CANCELLING", "Cancelling", False)
    answers = {
        "cancelled": setup.events.Failure("Cancelled", "The generation was cancelled."),
        "failure": setup.events.Failure("MemoryLimitError", "No memory."),
        "result": setup.result(),
        "death": setup.error("The background process stopped."),
    }
    setup.pump(job, answers[answer])
    assert (job.state.name, job.result, job.error) == ("CANCELLED", None, "")


def test_a_job_that_waits_or_whose_mesh_is_being_placed_is_cancelled_at_once(setup: Setup) -> None:
    waiting = setup.module.Job(setup.request, "image")
    assert (waiting.state.name, waiting.text, waiting.seconds) == ("WAITING", "Waiting", 0.0)
    waiting.cancel()
    assert waiting.state.name == "CANCELLED"
    placing = setup.job()
    setup.pump(placing, setup.result())
    placing.cancel()
    assert (placing.state.name, placing.result) == ("CANCELLED", None)


def test_cancelling_twice_or_at_the_end_does_nothing(setup: Setup) -> None:
    job = setup.job()
    job.cancel()
    setup.worker.cancelled = False
    job.cancel()
    assert not setup.worker.cancelled
    setup.pump(job, setup.events.Failure("Cancelled", ""))
    job.cancel()
    assert job.state.name == "CANCELLED"
