"""The one timer: several things under way beside each other, and what goes wrong in one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .bpy_mock import Host
from .conftest import Blender, Import


@pytest.fixture
def loop(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A loop that counts how often it has the panels drawn."""
    module = extension("addon.session.loop")
    made = module.Loop()
    made.drawn = 0

    def redraw() -> None:
        made.drawn += 1

    monkeypatch.setattr(module, "redraw_panels", redraw)
    return made


@pytest.fixture
def make(extension: Import) -> Any:
    """Make an activity that goes through the given values of what it shows; an exception is raised by its step."""

    class Counted(extension("addon.session.loop").Activity):
        def __init__(self, *values: Any, interval: float = 0.1) -> None:
            self.values: Iterator[Any] = iter(values)
            self.left, self.interval_, self.shown_ = len(values), interval, None
            self.ended = ""

        @property
        def interval(self) -> float:
            return self.interval_

        @property
        def shown(self) -> object:
            return self.shown_

        def step(self) -> bool:
            value = next(self.values)
            self.left -= 1
            if isinstance(value, BaseException):
                raise value
            self.shown_ = value
            return self.left > 0

        def fail(self, message: str, details: str) -> None:
            self.ended = message

        def stop(self) -> None:
            self.ended = "stopped"

    return Counted


def test_one_timer_moves_everything_and_goes_when_all_is_done(loop: Any, make: Any, host: Host) -> None:
    long, short = make(1, 2, 3), make(1, 2, interval=0.01)
    loop.add(long)
    loop.add(short)
    assert list(host.timers) == [loop.timer]
    assert loop.tick() == 0.01, "as soon as the one that is most in a hurry"
    assert loop.tick() == 0.1
    assert loop.tick() is None
    loop.add(make(1))
    assert loop.tick() is None


def test_the_panels_are_drawn_when_something_changes_or_ends(loop: Any, make: Any) -> None:
    loop.add(make("a", "a", "b", "b", "b"))
    drawn = []
    while loop.tick() is not None:
        drawn.append(loop.drawn)
    assert [*drawn, loop.drawn] == [1, 1, 2, 2, 3]


def test_what_one_raises_ends_that_one_with_a_sentence(loop: Any, make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = make(1, 2, 3), make(1, ZeroDivisionError("by nought"), 3)
    loop.add(bad)
    loop.add(good)
    while loop.tick() is not None:
        pass
    assert good.left == 0
    assert bad.left == 1
    assert "ZeroDivisionError: by nought" in bad.ended
    assert "try again" in bad.ended
    assert "Traceback" in capsys.readouterr().out


def test_an_activity_that_cannot_even_fail_does_not_hold_up_the_others(loop: Any, make: Any, monkeypatch: Any) -> None:
    good, bad = make(1, 2), make(ValueError(), 3)
    monkeypatch.setattr(bad, "fail", lambda message, details: 1 / 0)
    loop.add(bad)
    loop.add(good)
    assert loop.tick() is not None
    assert loop.tick() is None
    assert good.left == 0


def test_in_the_background_it_runs_to_its_end_and_stops_when_interrupted(loop: Any, make: Any, host: Host) -> None:
    done, failed, interrupted, over = make(1, 2), make(1, OSError("disk")), make(1, KeyboardInterrupt(), 3), make(1, 2, 3)
    loop.run_to_end(done)
    assert done.left == 0
    loop.run_to_end(failed)
    assert "OSError: disk" in failed.ended
    with pytest.raises(KeyboardInterrupt):
        loop.run_to_end(interrupted)
    assert interrupted.ended == "stopped"
    loop.run_to_end(over, lambda: over.left == 1)
    assert over.left == 1
    assert host.timers == {}


def test_stopping_ends_everything(loop: Any, make: Any, host: Host) -> None:
    both = make(1, 2), make(1, 2)
    for activity in both:
        loop.add(activity)
    loop.stop()
    assert [activity.ended for activity in both] == ["stopped", "stopped"]
    assert host.timers == {}
    assert loop.tick() is None


def test_an_error_between_the_tasks_fails_them_all_with_the_sentence(
    blender: Blender, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    blender.work_with("wait-at-decode")
    blender.settings.image = str(blender.image)
    for _ in range(2):
        blender.press("flashvdm.generate")
    tasks = blender.session.tasks
    monkeypatch.setattr(tasks.queue, "step", lambda worker: 1 / 0)
    host.run_timers()
    assert host.timers == {}
    assert not tasks.generating
    assert ["ZeroDivisionError" in entry.job.error for entry in tasks.queue.items] == [True, True]
    assert tasks.client is None
    monkeypatch.undo()
    blender.work_with("good")
    blender.press("flashvdm.generate")
    blender.until(lambda: not tasks.generating)
    assert tasks.job.state.name == "DONE"
