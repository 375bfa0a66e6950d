"""Set Up with real uv, a package index on this machine, and tiny packages: nothing half-made ever counts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from builder.extension import stage
from builder.uv import own_platform
from flashvdm_core.api.errors import Cancelled, SetupError
from flashvdm_core.setup import install
from flashvdm_core.setup.bundle import open_bundle
from flashvdm_core.setup.cards import Machine
from flashvdm_core.setup.home import Home, Installed, folder_size
from flashvdm_core.setup.install import Plan, Step, Wishes, make_plan, outdated, set_up
from flashvdm_core.setup.lists import read_list
from flashvdm_core.setup.remedies import error_for
from flashvdm_core.setup.trial import Verified, try_out

from .setup_index import VERSION, Index, serving, write_list, write_wheel

ROOT = Path(__file__).parents[2]
UV = ROOT / "build" / "uv" / own_platform()
MACHINE = Machine("linux", "x64")
PYTHON = Path(sys.executable)

needs_uv = pytest.mark.skipif(not (UV / "uv.sha256").is_file(), reason="uv was not fetched: `python build.py package` does")


@pytest.fixture(autouse=True)
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "torch", VERSION, f"__version__ = {VERSION!r}\n")
    write_wheel(folder, "pillow", "13.0.0", "here = True\n" + "# long\n" * 50_000)
    return folder


@pytest.fixture
def lists(tmp_path: Path, wheels: Path) -> Path:
    write_list(tmp_path / "lists" / "linux-x64-cpu.txt", sorted(wheels.glob("*.whl")))
    return tmp_path / "lists"


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    with serving(wheels) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "runtime")


@pytest.fixture
def plan(index: Index, lists: Path) -> Plan:
    return make_plan(Wishes(python=PYTHON, index=index.url), MACHINE, lists)


def imports_torch(python: Path, scratch: Path, log: IO[str], cancelled: Callable[[], bool]) -> Verified:
    """A trial that is quick: the packages are there and can be imported."""
    done = subprocess.run(
        [python, "-c", "import pillow, torch; print(torch.__version__)"], capture_output=True, text=True, check=True
    )
    return Verified("3.11", done.stdout.strip(), "cpu", 12)


def counted(home: Home) -> Installed:
    """What an earlier Set Up has left, without its packages."""
    python = home.environments / "earlier" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    home.count(Installed("earlier", str(python), sys.executable, "linux-x64-cpu", "", VERSION, "cpu", "0.1.0", ""))
    installed = home.installed()
    assert installed is not None
    return installed


def run(
    plan: Plan, home: Home, report: Callable[[Step], None] = lambda _: None, stop: Callable[[], bool] = lambda: False
) -> Installed:
    return set_up(plan, home, report, stop, UV, imports_torch)


@needs_uv
def test_from_an_index_to_an_environment_that_counts(plan: Plan, home: Home, index: Index) -> None:
    assert home.installed() is None
    assert [item.name for item in plan.items] == ["PyTorch 2.13.0", "1 packages"]
    assert plan.download == sum(path.stat().st_size for path in index.folder.iterdir())
    steps: list[Step] = []
    installed = run(plan, home, steps.append)
    assert home.installed() == installed
    assert (installed.torch, installed.device, installed.build) == (VERSION, "cpu", "linux-x64-cpu")
    assert list(dict.fromkeys(step.name for step in steps)) == ["Preparing", "Python", "Packages", "Trial", "Finishing"]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert all(0 <= step.done <= step.size for step in steps)
    assert subprocess.run([installed.python, "-c", "import torch"], check=False).returncode == 0
    assert not home.cache.exists()
    assert "torch==2.13.0+cpu" in home.log.read_text(encoding="utf-8")


@needs_uv
def test_set_up_again_replaces_what_was_there_and_remove_leaves_nothing(plan: Plan, home: Home) -> None:
    counted(home)
    second = run(plan, home)
    assert home.installed() == second
    assert [path.name for path in home.environments.iterdir()] == [second.environment]
    home.remove()
    assert home.installed() is None
    assert list(home.folder.iterdir()) == []


@needs_uv
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("other bytes", "not the one that was checked"),
        ("cut", "reached or the download broke off"),
        (403, r"refuses the download \(401 or 403\)"),
        (404, r"missing there \(torch==2.13.0\+cpu|missing there \(pillow=="),
        (429, "too many visitors"),
        (503, "server has trouble"),
        ("firewall", "no package; a proxy or firewall"),
        ("empty page", "missing there"),
    ],
)
def test_a_fault_of_the_index_is_one_sentence_and_what_was_there_still_counts(
    plan: Plan, home: Home, index: Index, tmp_path: Path, fault: str | int, words: str
) -> None:
    before = counted(home)
    if fault == "other bytes":
        others = tmp_path / "others"
        others.mkdir()
        other = write_wheel(others, "torch", VERSION, "__version__ = 'planted'\n")
        index.mend = lambda data: other.read_bytes()
    elif fault == "cut":
        index.short = True
    elif fault == "firewall":
        index.mend = lambda data: b"<html>You shall not pass</html>".ljust(len(data))
    elif fault == "empty page":
        index.page = b"<!DOCTYPE html><html><body></body></html>"
    else:
        index.mend = lambda data: int(fault)
    with pytest.raises(SetupError) as raised:
        run(plan, home)
    assert re.search(words, str(raised.value)), home.log.read_text(encoding="utf-8")
    assert str(raised.value).count(". ") == 0
    assert "\n" not in str(raised.value)
    assert home.installed() == before
    assert [path.name for path in home.environments.iterdir()] == [before.environment]
    assert str(raised.value) in home.log.read_text(encoding="utf-8")


@needs_uv
def test_an_index_that_is_not_there_is_one_sentence(lists: Path, home: Home) -> None:
    plan = make_plan(Wishes(python=PYTHON, index="http://127.0.0.1:9/simple"), MACHINE, lists)
    with pytest.raises(SetupError, match="cannot be reached"):
        run(plan, home)
    assert home.installed() is None


@needs_uv
def test_a_trial_that_fails_leaves_what_was_there(plan: Plan, home: Home) -> None:
    before = counted(home)

    def fails(*_: object) -> Verified:
        raise SetupError("The trial failed.")

    with pytest.raises(SetupError, match="trial failed"):
        set_up(plan, home, lambda _: None, lambda: False, UV, fails)
    assert home.installed() == before


@needs_uv
def test_cancelled_in_the_middle_it_goes_on_the_next_time(plan: Plan, home: Home, index: Index) -> None:
    index.gate.clear()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        run(plan, home, stop=lambda: any("files" in path for path in index.asked))
    assert time.monotonic() - begun < 20
    assert home.installed() is None
    assert list(home.environments.iterdir()) == []
    index.gate.set()
    assert run(plan, home) == home.installed()


@needs_uv
@pytest.mark.skipif(sys.platform == "win32", reason="the signal is not known there")
def test_killed_half_way_nothing_counts_and_the_next_time_clears_up(plan: Plan, home: Home, index: Index, lists: Path) -> None:
    index.gate.clear()
    code = """if True:
        import sys
        from pathlib import Path
        from flashvdm_core.setup.cards import Machine
        from flashvdm_core.setup.home import Home
        from flashvdm_core.setup.install import Wishes, make_plan, set_up
        url, lists, home, uv = sys.argv[1:]
        plan = make_plan(Wishes(python=Path(sys.executable), index=url), Machine("linux", "x64"), Path(lists))
        set_up(plan, Home(Path(home)), print, lambda: False, Path(uv))
    """
    command = [sys.executable, "-c", code, index.url, str(lists), str(home.folder), str(UV)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not any("files" in path for path in index.asked):
            assert child.poll() is None
            time.sleep(0.02)
        with pytest.raises(SetupError, match="Another Blender is setting FlashVDM up"), home.locked():
            pass
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    index.gate.set()
    assert home.installed() is None
    assert len(list(home.environments.iterdir())) == 1
    installed = run(plan, home)
    assert [path.name for path in home.environments.iterdir()] == [installed.environment]


@needs_uv
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.uname().machine != "x86_64", reason="the lists are for this system"
)
def test_in_the_extension_the_command_ends_with_the_blender_that_started_it(index: Index, home: Home, tmp_path: Path) -> None:
    tree = stage(tmp_path, own_platform())
    index.page, index.gate_pages = b"", True
    index.gate.clear()
    command = [sys.executable, "-m", "flashvdm_core", "setup", str(home.folder), "--json", "--end-with-stdin"]
    command += [f"--index={index.url}", f"--python={sys.executable}", "--build=linux-x64-cpu"]
    child = subprocess.Popen(command, cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    lines = [json.loads(child.stdout.readline())]
    while not any("simple" in path for path in index.asked):
        assert child.poll() is None
        time.sleep(0.02)
    child.stdin.close()
    lines += [json.loads(line) for line in child.stdout]
    assert child.wait(30) == 130
    assert [line["event"] for line in lines][:1] == ["plan"]
    assert (lines[0]["build"], lines[0]["items"][0]["name"]) == ("linux-x64-cpu", "PyTorch 2.13.0")
    assert lines[-1] == {"event": "cancelled"}
    assert home.installed() is None
    assert list(home.environments.iterdir()) == []


@needs_uv
def test_a_folder_with_spaces_umlauts_and_200_letters(plan: Plan, tmp_path: Path) -> None:
    deep = tmp_path / "Straße mit Ümlauten und Lücken"
    while len(str(deep)) < 200:
        deep /= "noch ein Ordner ü"
    installed = run(plan, Home(deep))
    assert subprocess.run([installed.python, "-c", "import torch"], check=False).returncode == 0


@needs_uv
def test_a_python_that_is_gone_does_not_count(plan: Plan, home: Home) -> None:
    installed = run(plan, home)
    Path(installed.python).unlink()
    assert home.installed() is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 2, "python": "x"}', '{"format": 1, "odd": 1}']
)
def test_a_damaged_note_counts_for_nothing(home: Home, text: str) -> None:
    home.folder.mkdir()
    (home.folder / "installed.json").write_text(text)
    assert home.installed() is None


def test_a_folder_that_cannot_be_written_is_one_sentence(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"cannot be written .*correct its permissions"):
        run(plan, Home(tmp_path / "file" / "runtime"))


@needs_uv
def test_a_disk_that_is_full_is_one_sentence_before_anything_comes(
    plan: Plan, home: Home, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 40, 1 << 40, 1000))
    with pytest.raises(SetupError, match="free some space"):
        run(plan, home)
    assert index.asked == []


def test_uv_that_is_missing_or_damaged_is_not_run(plan: Plan, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "uv"
    folder.mkdir()
    with pytest.raises(SetupError, match="install the zip for your system"):
        set_up(plan, home, lambda _: None, lambda: False, folder, imports_torch)
    (folder / ("uv.exe" if sys.platform == "win32" else "uv")).write_bytes(b"#!/bin/sh\n")
    (folder / "uv.sha256").write_text("0" * 64)
    with pytest.raises(SetupError, match="damaged; install the extension again"):
        set_up(plan, home, lambda _: None, lambda: False, folder, imports_torch)


def test_a_python_that_does_not_fit_is_refused_before_anything_is_done(lists: Path, wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no Python of 64 bits"):
        make_plan(Wishes(python=tmp_path / "nothing"), MACHINE, lists)
    write_list(lists / "linux-x64-cpu.txt", sorted(wheels.glob("*.whl")), pythons="3.7")
    with pytest.raises(SetupError, match=r"is Python 3\.\d+, and the packages are for 3\.7"):
        make_plan(Wishes(python=PYTHON), MACHINE, lists)
    with pytest.raises(SetupError, match="no PyTorch 'windows-x64-cpu' for this machine; choose one of: linux-x64-cpu"):
        make_plan(Wishes(build="windows-x64-cpu"), MACHINE, lists)


def test_a_changed_list_is_an_update(lists: Path, wheels: Path) -> None:
    sha256 = read_list(lists / "linux-x64-cpu.txt").sha256
    installed = Installed("a", "python", "python", "linux-x64-cpu", sha256, VERSION, "cpu", "0.1.0", "")
    assert not outdated(installed, lists)
    write_list(lists / "linux-x64-cpu.txt", sorted(wheels.glob("torch*.whl")))
    assert outdated(installed, lists)
    (lists / "linux-x64-cpu.txt").write_text("torch\n")
    with pytest.raises(SetupError, match="damaged"):
        read_list(lists / "linux-x64-cpu.txt")


@needs_uv
def test_from_a_folder_nothing_is_asked_of_a_network(wheels: Path, lists: Path, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "aus der Tasche"
    shutil.copytree(wheels, folder / "wheels")
    shutil.copyfile(lists / "linux-x64-cpu.txt", folder / "packages.txt")
    (folder / "python").mkdir()
    wishes = Wishes(bundle=folder, python=PYTHON)
    with pytest.raises(SetupError, match="no folder for Set Up"):
        make_plan(wishes, MACHINE, lists)
    (folder / "bundle.json").write_text(json.dumps({"build": "linux-x64-cpu", "python": "3.11.7"}))
    with pytest.raises(SetupError, match="is for linux-x64-cpu; take the one for windows-x64"):
        make_plan(wishes, Machine("windows", "x64"), lists)
    plan = make_plan(wishes, MACHINE, lists)
    assert (plan.items, plan.download) == ((), 0)
    assert run(plan, home) == home.installed()
    next((folder / "wheels").glob("torch*.whl")).unlink()
    with pytest.raises(SetupError, match="torch is missing"):
        open_bundle(folder, MACHINE)


def test_the_python_that_comes_is_the_one_that_is_used(lists: Path, home: Home) -> None:
    class Fetching:
        """uv, which brings a Python, or does as if."""

        brings = True

        def run(self, arguments: list[str], watch: Callable[[int], None] = lambda _: None) -> str:
            folder = home.pythons / f"cpython-{install.PYTHON_VERSION}-somewhere"
            python = folder / ("python.exe" if sys.platform == "win32" else "bin/python3")
            if self.brings:
                python.parent.mkdir(parents=True)
                python.touch()
            return ""

    plan, uv = make_plan(Wishes(), MACHINE, lists), Fetching()
    assert next(item.name for item in plan.items) == f"Python {install.PYTHON_VERSION}"
    progress = install._Progress(lambda _: None)
    progress.next()
    python = install._base_python(plan, home, progress, uv)  # pyright: ignore[reportArgumentType]
    assert python.is_file()
    assert python.is_relative_to(home.pythons)
    shutil.rmtree(home.pythons)
    uv.brings = False
    progress = install._Progress(lambda _: None)
    progress.next()
    with pytest.raises(SetupError, match="is not there"):
        install._base_python(plan, home, progress, uv)  # pyright: ignore[reportArgumentType]


def test_the_python_of_a_folder_is_copied_whole_and_once(lists: Path, wheels: Path, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(wheels, folder / "wheels")
    shutil.copyfile(lists / "linux-x64-cpu.txt", folder / "packages.txt")
    (folder / "bundle.json").write_text(json.dumps({"build": "linux-x64-cpu", "python": "3.11.7"}))
    python = folder / "python" / ("python.exe" if sys.platform == "win32" else "bin/python3")
    python.parent.mkdir(parents=True)
    bundle = open_bundle(folder, MACHINE)
    with pytest.raises(SetupError, match="There is no Python in"):
        bundle.copy_python(home)
    python.write_text("first")
    copied = open_bundle(folder, MACHINE).copy_python(home)
    python.write_text("second")
    assert open_bundle(folder, MACHINE).copy_python(home) == copied
    assert copied.read_text() == "first"
    assert [path.name for path in home.pythons.iterdir()] == ["linux-x64-3.11.7"]


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_trial_asks_for_a_mesh(tmp_path: Path) -> None:
    python = tmp_path / "python"
    device = 'if [ "$1" = -c ]; then echo \'["3.12.1", "2.13.0", "cpu"]\'; exit; fi\n'
    mesh = 'echo glTF > "$6"; echo \'{"event": "result", "faces": 120}\'\n'
    python.write_text(f"#!/bin/sh\n{device}{mesh}")
    python.chmod(0o755)
    with (tmp_path / "log").open("w+", encoding="utf-8") as log:
        assert try_out(python, tmp_path / "scratch", log, lambda: False) == Verified("3.12.1", "2.13.0", "cpu", 120)
        python.write_text(f"#!/bin/sh\n{device}echo nothing\n")
        with pytest.raises(SetupError, match="made no mesh"):
            try_out(python, tmp_path / "scratch", log, lambda: False)
        python.write_text(f"#!/bin/sh\n{device}echo 'no kernel image' >&2; exit 1\n")
        with pytest.raises(SetupError, match=r"The trial failed \(no kernel image\)"):
            try_out(python, tmp_path / "scratch", log, lambda: False)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("error: failed to write: No space left on device (os error 28)", "is full"),
        ("error: There is not enough space on the disk. (os error 112)", "is full"),
        ("error: Permission denied (os error 13)", "cannot be written"),
        ("error: Read-only file system (os error 30)", "cannot be written"),
        ("error: invalid peer certificate: UnknownIssuer", "certificate is not trusted"),
        ("error: HTTP status client error (407 Proxy Authentication Required)", "HTTPS_PROXY"),
        ("error: Failed to fetch: `https://x`\n  Caused by: dns error: failed to lookup address", "cannot be reached"),
        ("error: operation timed out", "cannot be reached"),
        ("error: something that nobody has seen before", "failed (error: something that nobody has seen before)"),
        ("", "no reason given"),
    ],
)
def test_what_uv_says_becomes_a_sentence(output: str, words: str, tmp_path: Path) -> None:
    assert words in str(error_for(output, tmp_path))


def test_files_with_two_names_count_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    os.link(tmp_path / "a", tmp_path / "b")
    assert folder_size(tmp_path) == 1000
    assert folder_size(tmp_path / "nothing") == 0
