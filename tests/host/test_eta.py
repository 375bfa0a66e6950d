"""The time that a task will still take, from what earlier ones took."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .conftest import Import


class Setup:
    """Jobs with a clock of their own."""

    def __init__(self, extension: Import) -> None:
        self.events: Any = extension("flashvdm_core.api.events")
        self.job_module: Any = extension("addon.link.job")
        self.tasks: Any = extension("flashvdm_core.api.tasks")
        self.mesh = extension("flashvdm_core.api.mesh").TriangleMesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
        self.eta = extension("addon.link.eta").EtaEstimator()
        self.now, self.said = 0.0, []

    def job(self, **settings: Any) -> Any:
        return self.job_of(self.tasks.Request({"front": "a.png"}, settings))

    def job_of(self, task: Any) -> Any:
        job = self.job_module.Job(task, "a", lambda: self.now)
        job.start(self)
        return job

    def generate(self, task: Any) -> None:
        pass

    def poll(self) -> list[Any]:
        said, self.said = self.said, []
        return said

    def enter(self, job: Any, stage: str) -> None:
        self.said = [self.events.Progress(self.events.Stage(stage), 0.1)]
        job.pump()

    def done(self, seconds: dict[str, float], **settings: Any) -> None:
        """A job that has its result."""
        job = self.job(**settings)
        self.said = [self.events.Result(self.mesh, 0, "model", {**job.task.settings, "steps": 10}, seconds)]
        job.pump()
        self.eta.observe(job)


@pytest.fixture
def setup(extension: Import) -> Setup:
    return Setup(extension)


PAST = {"load": 4.0, "preprocess": 1.0, "condition": 1.0, "sample": 10.0, "decode": 20.0, "extract": 2.0, "texture": 3.0}


def test_nothing_is_promised_before_anything_is_known(setup: Setup) -> None:
    job = setup.job()
    setup.enter(job, "sample")
    assert setup.eta.remaining_seconds(job) is None
    setup.done(PAST, model="another")
    assert setup.eta.remaining_seconds(job) is None


def test_the_rest_is_what_is_left_of_the_stage_and_the_stages_after_it(setup: Setup) -> None:
    setup.done(PAST)
    job = setup.job()
    assert setup.eta.remaining_seconds(job) is None, "it has not begun"
    setup.enter(job, "sample")
    assert setup.eta.remaining_seconds(job) == pytest.approx(35)
    setup.now += 4
    assert setup.eta.remaining_seconds(job) == pytest.approx(31)
    setup.now += 30
    assert setup.eta.remaining_seconds(job) == pytest.approx(25), "what takes longer than expected is not below nothing"


def test_steps_and_resolution_count_and_a_slower_machine_is_noticed(setup: Setup) -> None:
    setup.done(PAST, resolution=256)
    job = setup.job(steps=20, resolution=512)
    setup.enter(job, "sample")
    assert setup.eta.remaining_seconds(job) == pytest.approx(20 + 4 * 22 + 2 * 3)
    setup.now += 40
    setup.enter(job, "decode")
    assert setup.eta.remaining_seconds(job) == pytest.approx(2 * (4 * 22 + 2 * 3)), "sampling took twice as long as expected"


def test_only_the_stages_that_a_task_has_count(setup: Setup) -> None:
    setup.done(PAST)
    latents, picture = np.zeros((4, 2), np.float32), np.zeros((2, 2, 4), np.uint8)
    for task, seconds in (
        (setup.tasks.Blend(latents, latents), 4 + 20 + 2),
        (setup.tasks.DecodeLatents(latents), 4 + 20 + 2),
        (setup.tasks.DecodeLatents(latents, {}, picture), 4 + 20 + 2 + 3),
        (setup.tasks.DecodeLatents(latents, {"colours": False}, picture), 4 + 20 + 2),
        (setup.tasks.Request({"front": "a.png"}), sum(PAST.values())),
    ):
        job = setup.job_of(task)
        setup.enter(job, "load")
        assert setup.eta.remaining_seconds(job) == pytest.approx(seconds)
    job = setup.job_of(setup.tasks.CutOutOnly({"front": "a.png"}))
    setup.enter(job, "preprocess")
    assert setup.eta.remaining_seconds(job) == pytest.approx(1)
