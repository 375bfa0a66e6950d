"""The doctor on machines where something is missing: real interpreters, real folders, real damage."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import stat
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import torch

from flashvdm_core.checkpoints.folders import EMBEDDED_FOLDER, damaged_weights, weights_identity, write_sums
from flashvdm_core.checkpoints.load import model_spec
from flashvdm_core.cli import main
from flashvdm_core.doctor import models, places
from flashvdm_core.doctor.compute import Compute
from flashvdm_core.doctor.findings import Finding, Status, as_text, error, findings_of, ok, warning, without_names, worst
from flashvdm_core.lab.files import base_decoder_folder
from flashvdm_core.runtime.memory.plan import no_offload, sequential_offload
from flashvdm_core.runtime.memory.requirements import memory_requirements

from .tiny_model import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]


def doctor(python: str | Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python -m flashvdm_core doctor` on some interpreter."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | variables
    command = [str(python), "-m", "flashvdm_core", "doctor", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def found(report: str, topic: str) -> list[Finding]:
    return [Finding.from_json(line) for line in json.loads(report)["findings"] if line["topic"] == topic]


def test_where_everything_is_right_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--device", "cpu", "--folder", str(tmp_path)]) == 0
    report = capsys.readouterr().out
    data = json.loads(report)
    assert data["status"] in ("ok", "warning")
    assert data["version"]
    topics = [line["topic"] for line in data["findings"]]
    for topic in (
        "Python",
        "System",
        "Packages",
        "PyTorch",
        "Device",
        "Built-in model",
        "Memory",
        "Temporary files",
        "Folder",
        "Optional",
    ):
        assert topic in topics
    assert all(line["remedy"] or line["status"] == "ok" for line in data["findings"])
    assert "computes on cpu" in found(report, "Device")[0].text
    assert found(report, "Built-in model") == [ok("Built-in model", "complete")]


def test_a_python_without_any_package_is_told_what_to_install(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=os.name != "nt", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = doctor(python, "--json", "--model", str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    (packages,) = found(done.stdout, "Packages")
    assert packages.status is Status.ERROR
    for name in ("numpy", "safetensors", "pillow"):
        assert name in packages.text
        assert name in packages.remedy
    (torch,) = found(done.stdout, "PyTorch")
    assert (torch.status, torch.text) == (Status.ERROR, "is not installed")
    assert "pytorch.org" in torch.remedy
    assert found(done.stdout, "Built-in model")[0].status is Status.OK
    assert found(done.stdout, "Model")[0].status is Status.WARNING, "nothing can read its config"
    text = doctor(python)
    assert text.returncode == 1
    assert "error    Packages" in text.stdout
    assert "-> Run: " in text.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("raise OSError('libcudart.so.12: cannot open shared object file')", "libcudart.so.12"),
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("__version__ = '2.0'", "check failed"),
    ],
)
def test_a_broken_torch_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "torch.py").write_text(content)
    done = doctor(sys.executable, "--json", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.returncode == 1, done.stderr
    (torch, *_) = found(done.stdout, "PyTorch")
    assert torch.status is Status.ERROR
    assert words in torch.text


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the driver's tool is a shell script")
def test_a_graphics_card_that_pytorch_cannot_use_is_a_warning_with_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "nvidia-smi"
    answers = "*compute_cap*) echo 'NVIDIA RTX 4090, 8.9, 581.42';; *) echo 'NVIDIA RTX 4090, 581.42, 24564 MiB';;"
    tool.write_text(f'#!/bin/sh\ncase "$*" in {answers} esac\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    main(["doctor", "--json", "--device", "cpu"])
    report = capsys.readouterr().out
    import torch

    (finding,) = found(report, "PyTorch")
    assert (finding.status is Status.WARNING) == (torch.version.cuda is None)
    assert torch.version.cuda is not None or (
        finding.text.endswith("is built for the processor alone, and there is the NVIDIA RTX 4090")
        and finding.remedy == "Press Set Up again: it takes the PyTorch that fits."
    )
    assert found(report, "Driver") == [ok("Driver", "NVIDIA 581.42: NVIDIA RTX 4090, 24564 MiB")]
    tool.write_text("#!/bin/sh\necho 'Failed to initialize NVML' >&2\nexit 9\n")
    main(["doctor", "--json", "--device", "cpu"])
    assert found(capsys.readouterr().out, "Driver") == []


def test_a_device_that_does_not_exist_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--device", "abacus"]) == 1
    (device,) = found(capsys.readouterr().out, "Device")
    assert "abacus" in device.text


def test_an_old_python_is_told_which_one_is_needed() -> None:
    from builder.environments import find_python

    old = next((python for minor in (10, 9, 8) if (python := find_python((3, minor)))), None)
    if old is None:
        pytest.skip("there is no Python older than 3.11 here")
    done = doctor(old)
    assert done.returncode == 1
    assert done.stderr.startswith("FlashVDM needs Python 3.11 or newer, and ")
    assert "Traceback" not in done.stderr


def test_the_embedded_weights_are_those_of_their_list() -> None:
    assert damaged_weights(EMBEDDED_FOLDER) == []
    assert damaged_weights(base_decoder_folder(EMBEDDED_FOLDER)) == []


def test_damage_of_weights_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    assert main(["doctor", "--json", "--model", str(folder)]) == 0
    assert "has the right files" in found(capsys.readouterr().out, "Model")[0].text
    write_sums(folder)
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert damaged_weights(folder) == ["model.safetensors"]
    assert main(["doctor", "--json", "--model", str(folder)]) == 1
    assert "model.safetensors is damaged" in found(capsys.readouterr().out, "Model")[0].text
    weights.unlink()
    assert damaged_weights(folder) == ["model.safetensors"]
    (folder / "config.yaml").write_text("[")
    assert main(["doctor", "--json", "--model", str(folder)]) == 1
    assert main(["doctor", "--json", "--model", str(tmp_path / "nowhere")]) == 1


def test_models_are_told_apart_by_their_weights_alone(tmp_path: Path) -> None:
    first, other = write_tiny_model(tmp_path / "a"), write_tiny_model(tmp_path / "b", seed=1)
    shutil.copytree(first, tmp_path / "c")
    assert weights_identity(first) == weights_identity(tmp_path / "c") != weights_identity(other)
    assert weights_identity(tmp_path / "nowhere") == ""


@pytest.mark.parametrize(("free", "status"), [(1 << 40, Status.OK), (1 << 20, Status.WARNING)])
def test_memory_is_held_against_what_the_model_needs(free: int, status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "free_memory", lambda: free)
    (host,) = models.examine_memory("embedded", [Compute("cpu")])
    assert host.status is status
    graphics, host = models.examine_memory("embedded", [Compute("cuda:0", free)])
    assert (graphics.topic, graphics.status) == ("Graphics memory", status)
    monkeypatch.setattr(models, "free_memory", lambda: None)
    (host,) = models.examine_memory("embedded", [])
    assert host.status is Status.OK


def test_a_card_on_which_the_parts_of_a_model_take_turns_is_a_warning(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    parts = memory_requirements(model_spec(folder), torch.float16, 256)
    finding, _ = models.examine_memory(str(folder), [Compute("cuda:0", sequential_offload(parts).peak)])
    assert finding.status is Status.WARNING
    assert "taking turns" in finding.text
    finding, _ = models.examine_memory(str(folder), [Compute("cuda:0", no_offload(parts).peak)])
    assert finding.status is Status.OK


def test_free_memory_is_some_of_all_there_is() -> None:
    free, total = places.free_memory(), places.total_memory()
    assert free is None or free > 0
    assert total is None or free is None or free <= total


def test_folders_are_tried_by_writing(tmp_path: Path) -> None:
    (finding,) = places.examine_folder("Folder", tmp_path / "new")
    assert finding.status in (Status.OK, Status.WARNING)
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("")
    (finding,) = places.examine_folder("Folder", tmp_path / "file")
    assert finding.status is Status.ERROR


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    (finding,) = places.examine_folder("Folder", tmp_path)
    assert finding.status is Status.ERROR


@pytest.mark.parametrize(("free", "status"), [(1 << 40, Status.OK), (1 << 30, Status.WARNING), (1 << 20, Status.ERROR)])
def test_a_disk_that_is_nearly_full_is_said_to_be(
    tmp_path: Path, free: int, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 41, 0, free))
    (finding,) = places.examine_folder("Folder", tmp_path)
    assert finding.status is status


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("no idea")

    findings = findings_of([("One", broken), ("Two", lambda: [ok("Two", "fine")])])
    assert [finding.status for finding in findings] == [Status.ERROR, Status.OK]
    assert "no idea" in findings[0].text


def test_the_worst_finding_decides() -> None:
    fine, odd, bad = ok("A", "a"), warning("B", "b", "Do this."), error("C", "c", "Do that.")
    assert worst([]) is worst([fine]) is Status.OK
    assert worst([fine, odd]) is Status.WARNING
    assert worst([bad, odd, fine]) is Status.ERROR
    assert as_text([fine, bad]) == "ok       A  a\nerror    C  c\n            -> Do that.\n"
    assert Finding.from_json(odd.to_json()) == odd
    for data in ({}, None, [], {"topic": "a", "status": "odd", "text": "", "remedy": ""}):
        with pytest.raises(ValueError):  # noqa: PT011
            Finding.from_json(data)


def test_neither_home_nor_user_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.setenv("USERPROFILE", "/home/alice")
    monkeypatch.setenv("LOGNAME", "alice")
    assert without_names("/home/alice/x and /home/alice") == "~/x and ~"
    assert without_names("/home/alices/x") == "/home/alices/x"
    assert (
        without_names("/media/alice/disk, /data/alice: alice in wonderland")
        == "/media/USER/disk, /data/USER: alice in wonderland"
    )
    assert getpass.getuser() == "alice"
