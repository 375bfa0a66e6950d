"""The client against real processes that speak the protocol, well and badly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .conftest import ROOT, Import
from .stand_in import stand_in_python

SECONDS = 60.0
STAGES = ("load", "preprocess", "condition", "sample", "decode", "extract")


class Setup:
    """The client's module, and clients that are closed at the end."""

    def __init__(self, extension: Import, folder: Path) -> None:
        self.module: ModuleType = extension("addon.link.worker_client")
        self.launch: type[Any] = extension("addon.link.child_process").Launch
        self.requests: ModuleType = extension("flashvdm_core.api.tasks")
        self.error: type[Exception] = extension("flashvdm_core.api.errors").WorkerError
        self.folder = folder
        self.extension = extension
        self.clients: list[Any] = []

    def client(self, behaviour: str, *, counter: Path | None = None, **limits: float) -> Any:
        python = stand_in_python(self.folder, behaviour, counter=counter)
        return self.client_of(python, **limits)

    def client_of(self, python: str, **limits: float) -> Any:
        limits = {"start_up": SECONDS, "silence": SECONDS, "cancel": SECONDS} | limits
        client = self.module.WorkerClient(self.launch(python, ROOT), self.module.Limits(**limits))
        self.clients.append(client)
        return client

    def request(self, **settings: Any) -> Any:
        return self.requests.Request({"front": "image.png"}, settings)


@pytest.fixture
def setup(extension: Import, tmp_path: Path):
    made = Setup(extension, tmp_path)
    yield made
    for client in made.clients:
        client.close()


def until_idle(client: Any) -> list[Any]:
    """Poll until the generation is over; every event."""
    events: list[Any] = []
    end = time.monotonic() + SECONDS
    while client.busy and time.monotonic() < end:
        events += client.poll()
        time.sleep(0.005)
    assert not client.busy, "the generation did not end in time"
    return events


def until_heard(client: Any, name: str) -> None:
    """Poll until an event of this class has come."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if any(type(event).__name__ == name for event in client.poll()):
            return
        time.sleep(0.005)
    raise AssertionError(f"no {name} came")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_events_come_in_order_and_the_worker_is_kept_for_the_next_generation(setup: Setup) -> None:
    client = setup.client("good")
    client.generate(setup.request(seed=5))
    events = until_idle(client)
    names = [type(event).__name__ for event in events]
    assert names[0] == "Ready"
    assert names[-1] == "Result"
    assert names.count("Preview") == 4
    assert events[-1].seed == 5
    assert events[-1].mesh.vertices.shape == (9, 3)
    process = client.process_id
    client.generate(setup.request(seed=6))
    assert until_idle(client)[-1].seed == 6
    assert client.process_id == process


def test_exchange_folder_is_private_and_removed_with_the_worker(setup: Setup, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = setup.client("good")
    client.generate(setup.request())
    folders = list(tmp_path.glob("flashvdm-*"))
    assert len(folders) == 1
    assert sys.platform == "win32" or folders[0].stat().st_mode & 0o077 == 0
    until_idle(client)
    assert list(folders[0].glob("*.npy")) == [], "every array file was taken"
    process = client.process_id
    client.close()
    assert not folders[0].exists()
    assert gone(process)


@pytest.mark.parametrize("point", STAGES)
def test_a_worker_that_dies_is_reported_and_the_next_generation_starts_another(setup: Setup, point: str) -> None:
    client = setup.client(f"die-at-{point}")
    client.generate(setup.request())
    with pytest.raises(setup.error, match=r"stopped unexpectedly \(exit status 3\); press Generate"):
        until_idle(client)
    assert "No module named 'torch'" in client.log
    assert not client.running
    client.launch = setup.launch(stand_in_python(setup.folder, "good"), ROOT)
    client.generate(setup.request(seed=1))
    assert until_idle(client)[-1].seed == 1


def test_a_worker_that_does_not_start_is_reported_with_its_last_words(setup: Setup) -> None:
    client = setup.client("die-at-start")
    client.generate(setup.request())
    with pytest.raises(setup.error, match=r"No module named 'torch'.*preferences"):
        until_idle(client)


def test_an_interpreter_that_does_not_exist_is_reported(setup: Setup) -> None:
    with pytest.raises(setup.error, match=r"cannot be run .*preferences"):
        setup.client_of(str(setup.folder / "nothing")).generate(setup.request())


def test_a_missing_or_full_temporary_folder_is_reported(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    client = setup.client("good")
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(setup.folder / "nothing"))
        with pytest.raises(setup.error, match="free some disk space"):
            client.generate(setup.request())
    assert not client.busy
    client.generate(setup.request(seed=4))
    assert until_idle(client)[-1].seed == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("point", ["start", "sample"])
@pytest.mark.parametrize(("free", "words"), [(None, "memory"), (1 << 28, "memory"), (1 << 40, "by another program")])
def test_a_worker_that_the_system_kills_is_reported_with_what_is_likely(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, point: str, free: int | None, words: str
) -> None:
    monkeypatch.setattr(setup.module, "free_memory", lambda: free)
    client = setup.client(f"killed-at-{point}")
    client.generate(setup.request())
    client.poll()
    monkeypatch.setattr(setup.module, "free_memory", lambda: 1 << 40)  # what it had is free again
    with pytest.raises(setup.error, match=words):
        until_idle(client)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_worker_that_hits_the_limit_of_its_container_wanted_memory(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has plenty; the system has counted one more that it killed for memory."""
    kills = iter([7, 8, 8])
    monkeypatch.setattr(setup.module, "free_memory", lambda: 1 << 40)
    monkeypatch.setattr(setup.module, "memory_kills", lambda: next(kills))
    client = setup.client("killed-at-sample")
    client.generate(setup.request())
    with pytest.raises(setup.error, match="for want of memory"):
        until_idle(client)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_worker_that_does_not_read_holds_nobody_up_and_is_ended(setup: Setup) -> None:
    """Asleep, or swapped out, while a task is sent that no pipe holds."""
    client = setup.client("good", deafness=1.0)
    client.start()
    until_heard(client, "Ready")
    os.kill(client.process_id, signal.SIGSTOP)
    start = time.perf_counter()
    client.generate(setup.requests.Request({"front": "x" * 500_000}))
    for _ in range(10):
        client.poll()
    assert time.perf_counter() - start < 1.0
    with pytest.raises(setup.error, match="took nothing in"):
        until_idle(client)
    assert not client.running


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_task_that_no_pipe_holds_arrives_once_the_worker_reads_again(setup: Setup) -> None:
    client = setup.client("good")
    client.start()
    until_heard(client, "Ready")
    os.kill(client.process_id, signal.SIGSTOP)
    client.generate(setup.requests.Request({"front": "x" * 500_000}, {"seed": 7}))
    client.poll()
    os.kill(client.process_id, signal.SIGCONT)
    assert until_idle(client)[-1].seed == 7


def test_a_flood_of_warnings_is_no_silence_and_fills_no_memory(setup: Setup) -> None:
    client = setup.client("flood-at-sample", silence=5.0)
    job = setup.extension("addon.link.job").Job(setup.request(seed=3), "a")
    job.start(client)
    most, end = 0, time.monotonic() + SECONDS
    while job.result is None and time.monotonic() < end:
        job.pump()
        most = max(most, len(client._unread))
    assert job.result is not None, job.error
    assert most <= 16 << 20
    assert 1 < len(job.warnings) <= 100


def test_an_exchange_folder_that_was_cleaned_away_is_made_anew(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = setup.client("good")
    for seed in range(3):
        client.generate(setup.request(seed=seed))
        assert until_idle(client)[-1].seed == seed
        (folder,) = tmp_path.glob("flashvdm-*")
        shutil.rmtree(folder)
    latents = setup.extension("flashvdm_core.api.tasks").DecodeLatents(np.ones((4, 2), np.float32))
    client.generate(latents)
    assert until_idle(client)[-1].mesh.faces.size
    assert sys.platform == "win32" or folder.stat().st_mode & 0o077 == 0
    client.close()
    assert not list(tmp_path.glob("flashvdm-*"))


def test_a_folder_in_whose_place_something_else_lies_is_told(setup: Setup, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = setup.client("good")
    client.generate(setup.request())
    until_idle(client)
    (folder,) = tmp_path.glob("flashvdm-*")
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    with pytest.raises(setup.error, match="cannot be handed over"):
        client.generate(setup.request())
    client.generate(setup.request(seed=2))
    assert until_idle(client)[-1].seed == 2


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed with SIGKILL")
def test_what_a_killed_host_has_left_is_removed_at_the_next_start_and_nothing_else(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = setup.extension("addon.link.exchange")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive = exchange.Exchange()
    script = (
        f"import sys, tempfile, types; tempfile.tempdir = {str(tmp_path)!r}\n"
        f"package = types.ModuleType('package'); package.__path__ = [{str(ROOT)!r}]\n"
        "sys.modules['package'] = package\n"
        f"addon = types.ModuleType('package.addon'); addon.__path__ = [{str(ROOT / 'addon')!r}]\n"
        "sys.modules['package.addon'] = addon\n"
        "from package.addon.link.exchange import Exchange\n"
        "made = Exchange(); (made.path / '0123456789abcdef.npy').write_bytes(b'1'); print(made.path, flush=True)\n"
        "import time; time.sleep(60)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    left = Path(killed.stdout.readline().strip())
    exchange.remove_stale()
    assert left.exists(), "its owner lives"
    killed.kill()
    killed.wait()
    for name in ("flashvdm-", "flashvdm-of-another-kind", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious.txt").write_text("keep me")
    victim = tmp_path / "victim"
    victim.mkdir()
    for name in ("owner.lock", "0123456789abcdef.npy"):
        (victim / name).write_bytes(b"")
    (tmp_path / "flashvdm-link").symlink_to(victim)
    client = setup.client("good")
    client.generate(setup.request())
    until_idle(client)
    assert not left.exists()
    assert alive.path.exists()
    assert len(list(victim.iterdir())) == 2
    assert [path.name for path in sorted(tmp_path.glob("*/precious.txt"))] == ["precious.txt"] * 3
    alive.remove()
    client.close()
    assert {path.name for path in tmp_path.glob("flashvdm-*")} == {"flashvdm-", "flashvdm-of-another-kind", "flashvdm-link"}


@pytest.mark.parametrize("point", STAGES)
def test_rubbish_ends_the_worker(setup: Setup, point: str) -> None:
    client = setup.client(f"rubbish-at-{point}")
    client.generate(setup.request())
    with pytest.raises(setup.error, match="not JSON"):
        until_idle(client)
    assert not client.running


def test_a_worker_that_is_silent_for_too_long_is_ended(setup: Setup) -> None:
    client = setup.client("hang-at-sample", silence=0.5)
    client.generate(setup.request())
    with pytest.raises(setup.error, match="silent"):
        until_idle(client)
    assert not client.running


def test_a_worker_that_takes_too_long_to_start_is_ended(setup: Setup) -> None:
    client = setup.client("hang-at-start", start_up=0.5)
    client.generate(setup.request())
    with pytest.raises(setup.error, match="did not start"):
        until_idle(client)
    assert not client.running


def test_cancelling_keeps_a_worker_that_obeys(setup: Setup) -> None:
    client = setup.client("wait-at-sample")
    client.generate(setup.request())
    until_heard(client, "CutOut")
    client.cancel()
    assert until_idle(client)[-1].kind == "Cancelled"
    assert client.running


def test_cancelling_ends_a_worker_that_does_not_obey(setup: Setup) -> None:
    client = setup.client("hang-at-sample", cancel=0.3)
    client.generate(setup.request())
    until_heard(client, "CutOut")
    client.cancel()
    assert until_idle(client)[-1].kind == "Cancelled"
    assert not client.running


def test_cancelling_while_the_worker_starts_does_not_wait_for_it(setup: Setup) -> None:
    client = setup.client("hang-at-start")
    client.generate(setup.request())
    client.cancel()
    assert client.poll()[-1].kind == "Cancelled"
    assert not client.running


def test_a_worker_that_has_left_when_it_is_asked_is_replaced_without_a_word(setup: Setup) -> None:
    counter = setup.folder / "starts"
    client = setup.client("leave-at-end", counter=counter)
    client.generate(setup.request())
    until_idle(client)
    client.generate(setup.request(seed=8))
    assert until_idle(client)[-1].seed == 8
    assert len(counter.read_text().splitlines()) == 2


def test_polling_never_waits(setup: Setup) -> None:
    client = setup.client("hang-at-start")
    client.generate(setup.request())
    start = time.perf_counter()
    for _ in range(100):
        client.poll()
    assert time.perf_counter() - start < 1.0


@pytest.mark.skipif(sys.platform == "win32", reason="the parent is killed with SIGKILL")
def test_the_worker_ends_when_its_parent_is_killed(setup: Setup) -> None:
    """A parent that asks for a generation and hangs is killed; the worker sees the end of its pipe."""
    python = stand_in_python(setup.folder, "wait-at-sample")
    script = f"""
import sys, time, types
package = types.ModuleType("package"); package.__path__ = [{str(ROOT)!r}]
sys.modules["package"] = package
addon = types.ModuleType("package.addon"); addon.__path__ = [{str(ROOT / "addon")!r}]
sys.modules["package.addon"] = addon
from package.addon.link.worker_client import WorkerClient
from package.addon.link.child_process import Launch
from package.flashvdm_core.api.tasks import Request
client = WorkerClient(Launch({python!r}, {str(ROOT)!r}))
client.generate(Request({{"front": "a.png"}}))
while client.ready is None: client.poll()
print(client.process_id, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert not gone(worker)
    parent.kill()
    parent.wait()
    end = time.monotonic() + SECONDS
    while not gone(worker) and time.monotonic() < end:
        time.sleep(0.02)
    assert gone(worker)


@pytest.mark.parametrize("module", ["flashvdm_core", "flashvdm_core.worker"])
def test_nothing_is_imported_from_the_current_folder(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """A downloaded project that holds a folder named as the core, or a module that the core or Python imports."""
    planted = "from pathlib import Path; Path({!r}).touch()\n".format(str(tmp_path / "planted code ran"))
    (tmp_path / "flashvdm_core").mkdir()
    for name in (
        "flashvdm_core/__init__.py",
        "flashvdm_core/__main__.py",
        "argparse.py",
        "numpy.py",
        "torch.py",
        "sitecustomize.py",
    ):
        (tmp_path / name).write_text(planted)
    monkeypatch.chdir(tmp_path)
    launch = setup.launch(sys.executable, ROOT)
    command = launch.module_command(module, "--help")
    ended = subprocess.run(command, env=launch.environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "usage" in ended.stdout
    # Processes that the core starts in its turn are as safe.
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-m', {module!r}, '--help'], check=True)"
    subprocess.run([sys.executable, "-P", "-c", child], env=launch.environment(), capture_output=True, check=True)
    assert not (tmp_path / "planted code ran").exists()
