"""Tasks that line up: in their order, each with its own end, and none in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .bpy_mock import Host
from .conftest import Blender, Import

ENDED = ("DONE", "FAILED", "CANCELLED")


class Obedient:
    """A worker that does one task at a time and says what a test asks it to."""

    def __init__(self, extension: Import) -> None:
        self.events: ModuleType = extension("flashvdm_core.api.events")
        self.error = extension("flashvdm_core.api.errors").WorkerError
        triangle = np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32)
        self.mesh = extension("flashvdm_core.api.mesh").TriangleMesh(*triangle)
        self.log, self.task, self.says, self.begun = "log", None, [], []

    def generate(self, request: Any) -> None:
        assert self.task is None, "one task at a time"
        self.task = request
        self.begun.append(request)

    def cancel(self) -> None:
        self.says.append(self.events.Failure("Cancelled", ""))

    def poll(self) -> list[Any]:
        said, self.says = self.says, []
        for event in said:
            if isinstance(event, self.events.Result | self.events.Failure | Exception):
                self.task = None
            if isinstance(event, Exception):
                raise event
        return said

    def preview(self) -> None:
        self.says.append(self.events.Preview(self.events.Stage.DECODE, self.mesh))

    def finish(self) -> None:
        self.says.append(self.events.Result(self.mesh, 0, "model", {}, {}))

    def fail(self) -> None:
        self.says.append(self.events.Failure("ImageError", "The image is empty."))

    def die(self) -> None:
        self.says.append(self.error("The background process stopped."))


class Setup:
    """A queue, its worker, and what became of each task's target."""

    def __init__(self, extension: Import) -> None:
        self.module: ModuleType = extension("addon.link.task_queue")
        self.job = extension("addon.link.job").Job
        self.request = extension("flashvdm_core.api.tasks").Request
        self.worker = Obedient(extension)
        self.queue = self.module.TaskQueue()
        self.shown: dict[str, str] = {}

    def add_low_priority(self, name: str) -> Any:
        return self.queue.add_low_priority(self.job(self.request({"front": name}), name), self.module.ResultSink())

    def add(self, name: str, slices: int = 2, raises: bool = False) -> Any:
        shown = self.shown

        class Sink(self.module.ResultSink):
            def show_preview(self, mesh: Any) -> Iterator[None]:
                yield
                shown[name] = "preview"

            def finish(self, job: Any) -> Iterator[None]:
                assert job.result is not None
                for _ in range(slices):
                    shown[name] = "part"
                    yield
                if raises:
                    raise RuntimeError("no room")
                shown[name] = "whole"

            def discard(self) -> None:
                shown.pop(name, None)

        return self.queue.add(self.job(self.request({"front": name}), name), Sink())

    def step(self) -> bool:
        return self.queue.step(lambda _: self.worker)

    def states(self) -> list[str]:
        return [entry.job.state.name for entry in self.queue.items]


@pytest.fixture
def setup(extension: Import) -> Setup:
    return Setup(extension)


def test_tasks_are_done_in_their_order_and_a_failed_one_does_not_stop_the_others(setup: Setup) -> None:
    for name in "abc":
        setup.add(name)
    setup.step()
    assert setup.states() == ["STARTING", "WAITING", "WAITING"]
    setup.worker.fail()
    for _ in range(2):
        setup.step()
    setup.worker.finish()
    for _ in range(3):
        setup.step()
    assert setup.states() == ["FAILED", "DONE", "WAITING"]
    setup.step()
    setup.worker.die()
    setup.step()
    assert setup.states() == ["FAILED", "DONE", "FAILED"]
    assert [request.images["front"] for request in setup.worker.begun] == ["a", "b", "c"]
    assert setup.shown == {"b": "whole"}
    assert not setup.step(), "the queue is at rest"


def test_without_a_worker_a_task_fails_in_words(setup: Setup) -> None:
    def none(_: Any) -> Any:
        raise setup.worker.error("No Python with PyTorch was found.")

    entry = setup.add("a")
    setup.queue.step(none)
    assert (entry.job.state.name, entry.job.error) == ("FAILED", "No Python with PyTorch was found.")


def test_a_result_that_cannot_be_placed_fails_its_task_alone(setup: Setup) -> None:
    broken, good = setup.add("a", raises=True), setup.add("b")
    for _ in range(20):
        if setup.worker.task is not None:
            setup.worker.finish()
        setup.step()
    assert (broken.job.state.name, good.job.state.name) == ("FAILED", "DONE")
    assert "no room" in broken.job.error
    assert "RuntimeError" in broken.job.details
    assert setup.shown == {"b": "whole"}


def test_a_new_task_in_a_queue_at_rest_begins_a_new_list(setup: Setup) -> None:
    first = setup.add("a")
    setup.step()
    second = setup.add("b")
    assert setup.queue.items == [first, second]
    setup.queue.remove(second)
    setup.worker.finish()
    for _ in range(4):
        setup.step()
    assert setup.queue.last is first
    assert setup.queue.items == [first]
    third = setup.add("c")
    assert setup.queue.items == [third]


def test_what_has_ended_leaves_by_itself(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    done, ended = setup.add("a"), setup.add("b")
    setup.queue.remove(ended)
    setup.worker.finish()
    while not done.job.over:
        setup.step()
    assert setup.queue.in_sight == [done]
    now = done.job._clock()
    monkeypatch.setattr(done.job, "_clock", lambda: now + 60)
    assert setup.queue.in_sight == []


def test_a_task_that_nobody_waits_for_is_done_when_there_is_nothing_else_and_only_the_newest(setup: Setup) -> None:
    first = setup.add_low_priority("looked at first")
    setup.step()
    assert first.job.state.name == "STARTING"
    old, entry, new = setup.add_low_priority("old"), setup.add("generation"), setup.add_low_priority("new")
    setup.step()
    assert entry.job.state.name == "WAITING", "the worker is at something"
    for _ in range(12):
        if setup.worker.task is not None and not setup.worker.says:
            setup.worker.finish()
        setup.step()
    assert [request.images["front"] for request in setup.worker.begun] == ["looked at first", "generation", "new"]
    assert (old.job.state.name, new.job.state.name) == ("WAITING", "DONE")
    assert setup.queue.items == [entry], "the list is the user's"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_user_and_the_worker_do_the_queue_keeps_its_word(setup: Setup, seed: int) -> None:
    """Random adds, removals, cancels, answers and deaths: one task at a time, in order; nothing half-made stays."""
    random = np.random.default_rng(seed)
    names = iter(range(1000))
    for _ in range(150):
        match random.choice(["add", "remove", "cancel", "preview", "finish", "fail", "die", *["step"] * 6]):
            case "add":
                setup.add(str(next(names)), slices=int(random.integers(0, 3)), raises=random.random() < 0.1)
            case "remove" if setup.queue.items:
                setup.queue.remove(setup.queue.items[random.integers(len(setup.queue.items))])
            case "cancel" if setup.queue.current:
                setup.queue.current.cancel()
            case "preview" | "finish" | "fail" | "die" as says if setup.worker.task is not None and not setup.worker.says:
                getattr(setup.worker, says)()
            case _:
                setup.step()
        for entry in setup.queue.items:
            name, state = entry.job.label, entry.job.state.name
            begun = {None, "preview"}
            allowed = {"RUNNING": begun, "STARTING": begun, "INSERTING": {*begun, "part", "whole"}}
            assert setup.shown.get(name) in allowed.get(state, {"whole"} if state == "DONE" else {None})
        under_way = [state for state in setup.states() if state not in (*ENDED, "WAITING")]
        assert len(under_way) <= 1
    while setup.queue.current is not None:
        if setup.worker.task is not None and not setup.worker.says:
            setup.worker.finish()
        setup.step()
    assert set(setup.states()) <= set(ENDED)
    assert set(setup.shown.values()) <= {"whole"}
    begun = [int(request.images["front"]) for request in setup.worker.begun]
    assert begun == sorted(set(begun))


def test_several_generations_line_up_in_a_row_and_each_can_be_removed(blender: Blender, host: Host) -> None:
    blender.work_with("wait-at-decode")
    blender.settings.image = str(blender.image)
    assert not queue_is_shown(blender), "one task needs no list"
    for seed in range(3):
        blender.settings.seed = seed
        blender.press("flashvdm.generate")
    assert queue_is_shown(blender)
    shown = [text for what, text in blender.drawn("FLASHVDM_PT_queue") if what == "label"]
    assert [text.partition(": ")[2] for text in shown] == ["0%", "Waiting", "Waiting"]
    second = blender.session.tasks.queue.items[1]
    blender.press("flashvdm.queue_remove", entry=second.id)
    blender.until(lambda: bool(host.data.objects))
    blender.press("flashvdm.cancel")
    assert host.data.objects == []
    blender.work_with("good")
    blender.until(lambda: not blender.session.tasks.generating)
    assert [entry.job.state.name for entry in blender.session.tasks.queue.items] == ["CANCELLED", "DONE"]
    assert [obj.flashvdm.seed for obj in host.data.objects] == [2]
    assert host.data.objects[0].location == pytest.approx((1.0 + 2 * 1.2 * 2.0, 2.0, 3.0)), "where it was lined up"
    blender.press("flashvdm.queue_clear")
    assert blender.session.tasks.queue.items == []
    assert len(host.data.objects) == 1


def queue_is_shown(blender: Blender) -> bool:
    panel: Any = next(cls for cls in blender.host.registered if cls.__name__ == "FLASHVDM_PT_queue")
    return panel.poll(blender.host.context)
