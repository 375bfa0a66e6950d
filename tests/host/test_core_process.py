"""The core's commands as child processes, against scripts that stand in for the interpreter."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Import

SECONDS = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture
def run(extension: Import, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start a command on an interpreter that is this shell script."""
    made: list[Any] = []

    def start(script: str, **options: Any) -> Any:
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        launch = extension("addon.link.child_process").Launch(str(python), ROOT)
        made.append(extension("addon.link.core_process").CoreProcess(launch, ["batch", "--json"], **options))
        return made[-1]

    yield start
    for process in made:
        process.close()


def to_end(process: Any) -> list[str]:
    lines, end = [], time.monotonic() + SECONDS
    while process.status is None:
        assert time.monotonic() < end, "it did not end in time"
        lines += process.poll()
        time.sleep(0.005)
    return lines


def test_whole_lines_come_and_then_the_status_and_the_last_words(run: Callable[..., Any]) -> None:
    process = run("printf 'one\\ntw'; sleep 0.1; printf 'o\\nno end'; echo 'a reason' >&2; echo >&2; exit 3")
    assert to_end(process) == ["one", "two"]
    assert (process.status, process.last_words) == (3, "a reason")
    silent = run("exit 4")
    to_end(silent)
    assert silent.last_words == "exit status 4"


def test_nothing_waits(run: Callable[..., Any]) -> None:
    process, start = run("sleep 60"), time.perf_counter()
    for _ in range(10):
        assert process.poll() == []
    process.close()
    process.close()
    assert time.perf_counter() - start < 5.0
    assert process.status not in (None, 0)


def test_a_command_that_is_interrupted_sees_the_end_of_its_input(run: Callable[..., Any]) -> None:
    process = run("cat > /dev/null; echo cleaned up; exit 130")
    process.interrupt()
    assert to_end(process) == ["cleaned up"]
    assert (process.status, process.interrupted) == (130, True)


def test_one_that_does_not_obey_is_killed(run: Callable[..., Any]) -> None:
    now = [0.0]
    process = run("exec sleep 60", clock=lambda: now[0])
    process.interrupt()
    process.poll()
    assert process.status is None
    now[0] = 11.0
    to_end(process)
    assert process.status == -9


def test_what_cannot_be_run_is_the_same_sentence_for_all(extension: Import, tmp_path: Path) -> None:
    child, error = extension("addon.link.child_process"), extension("flashvdm_core.api.errors").WorkerError
    launch = child.Launch(str(tmp_path / "nothing"), ROOT)
    for start in (
        lambda: extension("addon.link.core_process").CoreProcess(launch, ["doctor"]),
        lambda: extension("addon.link.worker_client").WorkerClient(launch).start(),
        lambda: child.run_through(launch, "flashvdm_core", "models"),
    ):
        with pytest.raises(
            error, match=r"^The Python '.*nothing' cannot be run .*; choose another in the add-on's preferences\.$"
        ):
            start()
