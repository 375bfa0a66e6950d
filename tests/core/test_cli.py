"""The command line as a user or a script meets it: files, messages and exit statuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flashvdm_core.api.settings import SETTINGS
from flashvdm_core.cli import main

from .tiny_model import write_disc_image, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("cli") / "tiny"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one image in it."""
    monkeypatch.chdir(tmp_path)
    write_disc_image(tmp_path / "disc.png")
    return tmp_path


def generate(model: str, *arguments: str) -> int:
    return main(["generate", "--no-colours", *arguments, "--model", model, "--resolution", "20", "--device", "cpu"])


def usage_error(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize("suffix", [".glb", ".obj", ".ply", ".stl"])
def test_an_image_becomes_a_mesh_file(folder: Path, model: str, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(model, "disc.png", "-o", f"out{suffix}", "--colours") == 0
    assert (folder / f"out{suffix}").stat().st_size > 1000
    out, _ = capsys.readouterr()
    assert f"out{suffix}: " in out
    assert "faces" in out
    assert sorted(path.name for path in folder.iterdir()) == ["disc.png", f"out{suffix}"]


def test_several_images_go_into_a_folder_or_a_pattern(folder: Path, model: str) -> None:
    write_disc_image(folder / "other.png")
    (folder / "out").mkdir()
    assert generate(model, "disc.png", "other.png", "-o", "out") == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["disc.glb", "other.glb"]
    assert generate(model, "disc.png", "other.png", "-o", "out/my-{name}.stl") == 0
    assert {"my-disc.stl", "my-other.stl"} < {path.name for path in (folder / "out").iterdir()}


def test_an_existing_file_is_kept_unless_it_may_be_replaced(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out.stl").write_text("precious")
    assert generate(model, "disc.png", "-o", "out.stl") == 1
    assert "exists already" in capsys.readouterr().err
    assert (folder / "out.stl").read_text() == "precious"
    assert generate(model, "disc.png", "-o", "out.stl", "--overwrite") == 0
    assert (folder / "out.stl").stat().st_size > 1000


def test_one_bad_image_does_not_stop_the_others_but_shows_in_the_status(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes(b"not an image")
    (folder / "out").mkdir()
    assert generate(model, "broken.png", "disc.png", "-o", "out") == 1
    assert [path.name for path in (folder / "out").iterdir()] == ["disc.glb"]
    error = capsys.readouterr().err
    assert "broken.png" in error
    assert "Traceback" not in error


def test_the_traceback_is_shown_when_asked_for(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(model, "missing.png", "-o", "out.glb", "--traceback") == 1
    assert "Traceback" in capsys.readouterr().err


def test_json_is_one_object_a_line_and_ends_in_the_result(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(model, "disc.png", "-o", "out.glb", "--json", "--preview", "--seed", "5") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["event"] for event in events} >= {"progress", "cutout", "preview", "result"}
    result = events[-1]
    assert result["event"] == "result"
    assert (result["output"], result["seed"], result["settings"]["seed"]) == ("out.glb", 5, 5)
    assert result["faces"] > 100
    assert result["peak_memory"] is None or result["peak_memory"] > 50 << 20


def test_a_mask_corrects_what_is_cut_out(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.full((64, 64), 128, np.uint8)
    mask[:, :32] = 0
    Image.fromarray(mask).save(folder / "mask.png")
    widths = []
    for given in ([], ["--mask", "mask.png"]):
        assert generate(model, "disc.png", "-o", "out.glb", "--overwrite", "--json", *given) == 0
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        widths.append(next(event["width"] for event in events if event["event"] == "cutout"))
    assert widths[1] <= widths[0]
    Image.new("L", (64, 64), 0).save(folder / "none.png")
    assert generate(model, "disc.png", "-o", "none.glb", "--mask", "none.png") == 1
    assert "left nothing" in capsys.readouterr().err
    assert generate(model, "disc.png", "-o", "none.glb", "--mask", "nowhere.png") == 1
    assert "There is no image 'nowhere.png'" in capsys.readouterr().err
    assert usage_error("generate", "disc.png", "disc.png", "-o", "{name}.glb", "--mask", "mask.png") == 2


def test_json_reports_failures_too(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(model, "missing.png", "-o", "out.glb", "--json") == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["kind"]) == ("failure", "ImageError")
    assert "Traceback" not in str(last)
    assert generate(model, "missing.png", "-o", "out.glb", "--json", "--traceback") == 1
    assert "Traceback" in json.loads(capsys.readouterr().out.splitlines()[-1])["details"]


def test_a_checkpoint_that_is_not_there_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("nowhere", "disc.png", "-o", "out.glb") == 1
    assert "no checkpoint folder nowhere" in capsys.readouterr().err
    assert not (folder / "out.glb").exists()


def test_every_setting_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert usage_error("generate", "--help") == 0
    text = capsys.readouterr().out
    for name in SETTINGS:
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["explode"],
        ["generate"],
        ["generate", "disc.png"],
        ["generate", "disc.png", "-o", "out.fbx"],
        ["generate", "disc.png", "-o", "out.glb", "--resolution", "5"],
        ["generate", "disc.png", "-o", "out.glb", "--resolution", "many"],
        ["generate", "disc.png", "-o", "out.glb", "--steps", "2.5"],
        ["generate", "disc.png", "-o", "out.glb", "--guidance", "nan"],
        ["generate", "disc.png", "-o", "out.glb", "--decoder", "magic"],
        ["generate", "disc.png", "other.png", "-o", "out.glb"],
        ["generate", "disc.png", "sub/disc.jpg", "-o", "{name}.glb"],
        ["generate", "disc.png", "other.png", "-o", "{name}.glb", "--left", "left.png"],
    ],
)
def test_wrong_usage_is_status_2_and_makes_nothing(folder: Path, arguments: list[str]) -> None:
    assert usage_error(*arguments) == 2
    assert [path.name for path in folder.iterdir()] == ["disc.png"]


def test_the_known_models_are_listed_with_their_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "embedded" in text
    assert "hunyuan3d-dit-v2-0-turbo" in text
    assert "European Union" in text


def test_the_memory_that_each_model_needs_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--memory", "--device", "cpu", "--precision", "float16", "--resolution", "380"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("of it weights" in line for line in lines) == 1 + sum(
        line.startswith(("hunyuan3d-dit-", "triposg", "step1x-", "partcrafter")) for line in lines
    )
    turbo = next(number for number, line in enumerate(lines) if line.startswith("hunyuan3d-dit-v2-0-turbo:"))
    need = re.fullmatch(
        r" +at 380 in float16 .*about ([\d.]+) GiB of a graphics card, 4.6 GiB of it weights; .* ([\d.]+) GiB do, .*",
        lines[turbo + 3],
    )
    assert need
    assert float(need[2]) < 3 < 5 < float(need[1]) < 6


def test_help_does_not_load_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was loaded')")
    for arguments in (["--help"], ["generate", "--help"], ["models"], ["--version"]):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
        command = [sys.executable, "-m", "flashvdm_core", *arguments]
        assert subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_a_python_without_torch_is_one_sentence(folder: Path) -> None:
    (folder / "torch.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    command = [sys.executable, "-m", "flashvdm_core", "generate", "disc.png", "-o", "out.glb"]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("has no module 'torch'; install the project's requirements there.")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "flashvdm_core", "models"]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode != 0
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_it_cleanly(folder: Path, model: str) -> None:
    command = [sys.executable, "-m", "flashvdm_core", "generate", "disc.png", "-o", "out.glb", "--json", "--model", model]
    process = subprocess.Popen(
        [*command, "--steps", "1000", "--resolution", "512", "--decoder", "dense", "--device", "cpu"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("stage") == "sample":
            process.send_signal(signal.SIGINT)
            break
    rest, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["kind"] == "Cancelled"
    assert "Traceback" not in error
    assert [path.name for path in folder.iterdir()] == ["disc.png"]
