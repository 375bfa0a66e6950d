"""The worker as a host sees it: real processes, a real (tiny) model, and everything that can go wrong with a pipe."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flashvdm_core.api.events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result
from flashvdm_core.api.mesh import Colouring, TriangleMesh
from flashvdm_core.api.tasks import CutOutOnly, DecodeLatents, Request
from flashvdm_core.api.wire.protocol import Cancel, Command, Generate, Ready, decode, encode_command
from flashvdm_core.worker.serve import for_a_host

from .nearness import near
from .tiny_model import write_disc_image, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


class Host:
    """A host with one worker. Reading has a time limit: a worker that hangs fails the test instead of stopping it."""

    def __init__(self, exchange: Path, *options: str) -> None:
        self.exchange = exchange
        exchange.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flashvdm_core.worker", "--exchange", str(exchange), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},  # enough for a toy, and kind to a busy machine
        )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, command: Command) -> None:
        self.send_bytes(encode_command(command, self.exchange))

    def send_bytes(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def event(self) -> tuple[int | None, Event | Ready]:
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            line = self.stdout.readline()
        finally:
            watch.cancel()
        assert line, f"the worker ended: {self.process.stderr.read() if self.process.stderr else ''}"
        return decode(line, self.exchange)

    def until(self, *kinds: type) -> list[Event | Ready]:
        """Events up to and with the first of one of `kinds`."""
        events = []
        while True:
            _, event = self.event()
            events.append(event)
            if isinstance(event, kinds):
                return events

    def generation(self, id: int, request: Request) -> list[Event | Ready]:
        self.send(Generate(id, request))
        return self.until(Result, Failure)

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                if pipe:
                    pipe.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worker")
    write_tiny_model(folder / "tiny")
    write_disc_image(folder / "disc.png")
    return folder


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host whose worker has just been started."""
    host = Host(tmp_path / "exchange")
    yield host
    host.close()


@pytest.fixture
def started(host: Host) -> Host:
    """A host whose worker is ready, for tests that end it."""
    host.until(Ready)
    return host


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One host for all the tests that its worker must survive: loading torch takes seconds."""
    host = Host(tmp_path_factory.mktemp("host") / "exchange")
    host.until(Ready)
    yield host
    host.close()


def request(folder: Path, **settings: bool | float | str) -> Request:
    values = {"model": str(folder / "tiny"), "resolution": 32, "device": "cpu", "preview": False, "colours": False} | settings
    return Request({"front": str(folder / "disc.png")}, values)


def endless(folder: Path) -> Request:
    """A generation that takes minutes, in many short steps."""
    return request(folder, steps=1000, resolution=512, decoder="dense")


def test_a_ready_worker_says_what_it_is(host: Host) -> None:
    id, event = host.event()
    assert id is None
    assert isinstance(event, Ready)
    assert event.python == "{}.{}.{}".format(*sys.version_info[:3])


def test_generations_follow_each_other_and_leave_no_files(ready: Host, folder: Path) -> None:
    first = ready.generation(1, request(folder, preview=True, colours=True))
    assert any(isinstance(event, Preview) for event in first)
    assert any(isinstance(event, CutOut) for event in first)
    second = ready.generation(2, request(folder, seed=1))
    coloured = [event.colouring is not None for events in (first, second) for event in events if isinstance(event, Result)]
    assert coloured == [True, False]
    assert list(ready.exchange.iterdir()) == []


def test_other_tasks_run_in_between(ready: Host, folder: Path) -> None:
    made = ready.generation(1, replace(request(folder), keep_latents=True))[-1]
    assert isinstance(made, Result)
    assert made.latents is not None
    ready.send(Generate(2, CutOutOnly({"front": str(folder / "disc.png")})))
    assert any(isinstance(event, CutOut) for event in ready.until(Finished, Failure)[:-1])
    ready.send(Generate(3, DecodeLatents(made.latents, request(folder).settings)))
    again = ready.until(Result, Failure)[-1]
    assert isinstance(again, Result)
    assert near(again.mesh, made.mesh)
    assert list(ready.exchange.iterdir()) == []


def test_events_carry_their_generation(ready: Host, folder: Path) -> None:
    ready.send(Generate(41, request(folder)))
    ready.send(Generate(42, request(folder)))
    for expected in (41, 42):
        id, event = ready.event()
        while not isinstance(event, Result):
            assert id == expected
            id, event = ready.event()
        assert id == expected


def test_a_running_generation_can_be_cancelled_and_the_worker_lives_on(ready: Host, folder: Path) -> None:
    ready.send(Generate(1, endless(folder)))
    while not (isinstance(event := ready.event()[1], Progress) and event.fraction > 0.12):
        pass
    ready.send(Cancel(1))
    asked = time.monotonic()
    last = ready.until(Result, Failure)[-1]
    assert isinstance(last, Failure)
    assert last.kind == "Cancelled"
    assert time.monotonic() - asked < 5.0  # a slow, shared machine; a step of this model takes milliseconds
    assert isinstance(ready.generation(2, request(folder))[-1], Result)


def test_a_waiting_generation_can_be_cancelled(ready: Host, folder: Path) -> None:
    ready.send(Generate(1, request(folder)))
    ready.send(Generate(2, endless(folder)))
    ready.send(Cancel(2))
    assert isinstance(ready.until(Result, Failure)[-1], Result)
    last = ready.until(Result, Failure)[-1]
    assert isinstance(last, Failure)
    assert last.kind == "Cancelled"


def test_a_late_cancel_does_not_touch_the_next_generation_of_that_number(ready: Host, folder: Path) -> None:
    assert isinstance(ready.generation(1, request(folder))[-1], Result)
    ready.send(Cancel(1))
    ready.send(Cancel(99))
    assert isinstance(ready.generation(1, request(folder))[-1], Result)


def test_a_number_that_is_used_again_at_once_can_still_be_cancelled(ready: Host, folder: Path) -> None:
    for _ in range(5):
        assert isinstance(ready.generation(1, request(folder))[-1], Result)
        ready.send(Generate(1, endless(folder)))
        ready.send(Cancel(1))
        last = ready.until(Result, Failure)[-1]
        assert isinstance(last, Failure)
        assert last.kind == "Cancelled"


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"\xff\x00\xfe\n",
        b'{"command": "dance"}\n',
        b"[" * 100_000 + b"\n",
        b"x" * 5_000_000 + b"\n",
    ],
    ids=["empty", "text", "bytes", "unknown", "deep", "long"],
)
def test_rubbish_is_answered_and_survived(ready: Host, folder: Path, line: bytes) -> None:
    ready.send_bytes(line)
    _, event = ready.event()
    assert isinstance(event, Log)
    assert event.warning
    assert isinstance(ready.generation(1, request(folder))[-1], Result)


def test_a_bad_request_fails_under_its_own_number(ready: Host) -> None:
    task = {
        "kind": "request",
        "images": {"front": "x.png"},
        "settings": {"resolution": 1},
        "keep_latents": False,
        "block_out": None,
    }
    bad = {"command": "generate", "id": 5, "task": task}
    ready.send_bytes(json.dumps(bad).encode() + b"\n")
    id, event = ready.event()
    assert id == 5
    assert isinstance(event, Failure)
    assert event.kind == "SettingsError"
    assert "16 to 1024" in event.message


def test_a_failure_says_what_to_do_and_keeps_the_traceback_apart(ready: Host, folder: Path) -> None:
    missing = Request({"front": str(folder / "missing.png")}, request(folder).settings)
    failure = ready.generation(1, missing)[-1]
    assert isinstance(failure, Failure)
    assert failure.kind == "ImageError"
    assert "Traceback" not in failure.message
    assert "Traceback" in failure.details
    assert isinstance(ready.generation(2, request(folder))[-1], Result)


def test_arrays_that_cannot_be_handed_over_fail_the_generation_and_not_the_worker(ready: Host, folder: Path) -> None:
    aside = ready.exchange.rename(ready.exchange.with_name("aside"))
    ready.exchange.write_bytes(b"no folder")
    failure = ready.generation(1, request(folder))[-1]
    ready.exchange.unlink()
    aside.rename(ready.exchange)
    assert isinstance(failure, Failure)
    assert failure.kind == "OutputError"
    assert "press Unload Model" in failure.message
    assert isinstance(ready.generation(2, request(folder))[-1], Result)


def test_an_exchange_folder_that_was_cleaned_away_is_made_anew(ready: Host, folder: Path) -> None:
    for number in range(2):
        shutil.rmtree(ready.exchange)
        assert isinstance(ready.generation(number, request(folder))[-1], Result)
    assert os.name == "nt" or ready.exchange.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("start", [b"{'descr': '<f4', 'shape': (((", b"{'descr': '" + b"-" * 9000, b"\xff\xfe", b""])
def test_a_malformed_array_fails_its_task_and_not_the_worker(ready: Host, folder: Path, start: bytes) -> None:
    line = encode_command(Generate(5, DecodeLatents(np.ones((2, 3), np.float32))), ready.exchange)
    (file,) = ready.exchange.glob("*.npy")
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(start).to_bytes(2, "little") + start)
    ready.send_bytes(line)
    failure = ready.until(Failure)[-1]
    assert isinstance(failure, Failure)
    assert "The task cannot be read" in failure.message
    assert isinstance(ready.generation(6, request(folder))[-1], Result)


def test_it_ends_when_idle_too_long(tmp_path: Path) -> None:
    host = Host(tmp_path / "exchange", "--idle-seconds", "0.1")
    try:
        host.until(Ready)
        assert host.ended() == 0
    finally:
        host.close()


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_it_ends_when_the_host_closes_the_pipe_and_takes_its_files_along(started: Host, folder: Path, busy: bool) -> None:
    if busy:
        started.send(Generate(1, endless(folder)))
        started.send_bytes(b"\n")
        started.until(Progress)
    (started.exchange / f"{1:016x}.npy").write_bytes(b"an array that nobody read")
    started.stdin.close()
    assert started.ended() == 0
    assert not started.exchange.exists()


def test_it_ends_when_the_host_goes_before_it_is_ready(host: Host) -> None:
    host.stdin.close()
    assert host.ended() == 0


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_ends_when_the_host_is_killed(folder: Path, tmp_path: Path) -> None:
    """A host in a process of its own, killed in the middle of a generation."""
    (tmp_path / "exchange").mkdir()
    command = encode_command(Generate(1, endless(folder)), tmp_path)
    program = (
        "import subprocess, sys\n"
        f"worker = subprocess.Popen([sys.executable, '-m', 'flashvdm_core.worker', '--exchange', {str(tmp_path / 'exchange')!r}],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        f"worker.stdin.write({command!r}); worker.stdin.flush()\n"
        "while b'sample' not in worker.stdout.readline(): pass\n"
        "print(worker.pid, flush=True)\n"
        "worker.wait()\n"
    )
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert host.stdout
    worker = int(host.stdout.readline())
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    assert gone(worker)


def gone(pid: int) -> bool:
    """Whether process `pid` ends within the time limit. It is nobody's child here, so it can only be looked at."""
    for _ in range(int(PATIENCE * 20)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_in_the_hosts_terminal_does_not_end_it(ready: Host, folder: Path) -> None:
    ready.process.send_signal(signal.SIGINT)
    assert isinstance(ready.generation(1, request(folder))[-1], Result)


def test_prints_of_libraries_do_not_reach_the_host(folder: Path, tmp_path: Path) -> None:
    """A library that prints from Python, from a child process and straight to descriptor 1 on import."""
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, os, sys\n"
        "real = builtins.__import__\n"
        "def noisy(name, *rest, **options):\n"
        "    if name == 'yaml': print('noise'); os.write(1, b'noise\\n'); os.system('echo noise')\n"
        "    return real(name, *rest, **options)\n"
        "builtins.__import__ = noisy\n"
    )
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "flashvdm_core.worker", "--exchange", str(exchange), "--idle-seconds", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(encode_command(Generate(1, request(folder)), exchange))
    process.stdin.flush()
    lines = process.stdout.readlines()
    assert b"noise" in (process.stderr.read() if process.stderr else b"")
    process.stdin.close()
    process.wait()
    events = [decode(line, exchange)[1] for line in lines]
    assert isinstance(events[0], Ready)
    assert isinstance(events[-1], Result)


def test_a_python_without_torch_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('No module named torch')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    host = Host(tmp_path / "exchange")
    try:
        id, event = host.event()
        assert id is None
        assert isinstance(event, Failure)
        assert sys.executable in event.message
        assert "No module named torch" in event.message
        assert host.ended() == 3
    finally:
        host.close()


@pytest.mark.parametrize("arguments", [[], ["--exchange", "/nonexistent/folder"], ["--exchange", ".", "--idle-seconds", "x"]])
def test_wrong_usage_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flashvdm_core.worker", *arguments],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2


def test_colours_stay_with_their_faces_where_a_host_takes_fewer() -> None:
    """A face twice, and one with a vertex twice, as simplifying can leave them: a host crashes on the one and on the other."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [1, 1, 3], [0, 1, 3], [2, 1, 0], [0, 3, 2], [1, 2, 3]], np.int32)
    uvs = np.repeat(np.arange(6, dtype=np.float32) / 6, 6).reshape(-1, 2)
    colouring = Colouring(uvs, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8), 0.0, 0.0)
    told = for_a_host(Result(TriangleMesh(vertices, faces), 0, "tiny", {}, {}, colouring=colouring))
    assert isinstance(told, Result)
    assert told.colouring is not None
    assert told.mesh.faces.tolist() == faces[[0, 2, 4, 5]].tolist()
    assert told.colouring.uvs.tolist() == uvs.reshape(-1, 3, 2)[[0, 2, 4, 5]].reshape(-1, 2).tolist()
