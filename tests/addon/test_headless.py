"""Without a window: the batch, the doctor and `blender --command flashvdm`, with the real core on the worker's interpreter."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from .conftest import Import, content, preferences

SAMPLE = Path(__file__).parents[2] / "docs" / "images" / "sample.png"
QUICK = {"resolution": 16, "steps": 1, "device": "cpu"}
OPTIONS = ("--resolution", "16", "--steps", "1", "--device", "cpu")
SECONDS = 100.0


@pytest.fixture
def core(extension: Import) -> str:
    """The interpreter that has torch, chosen in the preferences."""
    preferences().python = os.environ.get("FLASHVDM_PYTHON") or sys.executable
    return preferences().python


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two images and one that is none."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        shutil.copyfile(SAMPLE, folder / name)
    (folder / "bad.png").write_bytes(b"not an image")
    return folder


@pytest.fixture
def command(extension: Import) -> ModuleType:
    return extension("addon.session.command")


def until(tick: Callable[[], float | None]) -> None:
    """Do what Blender's main loop does with a timer, to its end."""
    end = time.monotonic() + SECONDS
    while tick() is not None:
        assert time.monotonic() < end, "it did not end in time"
        time.sleep(0.01)


def test_a_batch_from_a_script_makes_what_can_be_made_and_raises_for_the_rest(core: str, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = content()
    with pytest.raises(RuntimeError, match="2 made, 0 kept, 1 failed"):
        bpy.ops.flashvdm.batch(input=str(images), output=str(out), format="ply", seed=4, **QUICK)
    assert {path.name for path in out.glob("*.ply")} == {"a.ply", "b.ply"}
    (images / "bad.png").unlink()
    assert bpy.ops.flashvdm.batch(input=str(images), output=str(out), format="ply", seed=4, **QUICK) == {"FINISHED"}
    log = [json.loads(line) for line in (out / "flashvdm-batch.jsonl").read_text().splitlines()]
    assert [line["status"] for line in log if line["event"] == "item"] == ["made", "made", "failed", "kept", "kept"]
    assert {line["seed"] for line in log if line.get("status") == "made"} == {4}
    assert content() == before, "a batch leaves the file alone"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_batch_in_the_window_tells_how_far_it_is_and_can_be_cancelled(tmp_path: Path, extension: Import) -> None:
    """On an interpreter that speaks like the batch: makes one item, then waits until it is interrupted, or goes on."""
    session = extension("addon.session.session").session
    batch = session.batch
    python, go_on = tmp_path / "python", tmp_path / "go on"
    python.write_text(f"""#!/bin/sh
echo '{{"event": "start", "items": 2}}'
echo 'a library that talks'
echo '{{"event": "item", "number": 1, "image": "a.png", "status": "made", "error": ""}}'
if [ ! -e '{go_on}' ]; then cat > /dev/null; exit 130; fi
echo '{{"event": "item", "number": 2, "image": "bad.png", "status": "failed", "error": "It is bad."}}'
echo '1 made, 0 kept, 1 failed in 3 s' >&2
exit 1
""")
    python.chmod(0o755)
    preferences().python = str(python)
    session.run_batch(["in", "--output=out"], live=True)
    assert not bpy.ops.flashvdm.batch.poll(), "one batch at a time"
    assert batch.text == "Starting"
    while not batch.counts:
        assert session.loop.tick() is not None
        time.sleep(0.01)
    assert batch.text == "1 of 2"
    assert batch.fraction == 0.5
    assert bpy.ops.flashvdm.batch_cancel() == {"FINISHED"}
    until(session.loop.tick)
    assert (batch.status, batch.end) == (130, "Cancelled: 1 of 2")
    go_on.touch()
    session.run_batch(["in", "--output=out"], live=True)
    until(session.loop.tick)
    assert batch.text == "2 of 2, 1 failed"
    assert batch.errors == ["bad.png: It is bad."]
    assert (batch.status, batch.end) == (1, "1 made, 0 kept, 1 failed in 3 s")


def test_a_batch_without_folders_or_with_wrong_ones_is_a_sentence(core: str, images: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Name a folder of images"):
        bpy.ops.flashvdm.batch(input="", output=str(tmp_path))
    with pytest.raises(RuntimeError, match="cannot be read"):
        bpy.ops.flashvdm.batch(input=str(tmp_path / "gone"), output=str(tmp_path / "out"))
    preferences().python = "/nowhere/python"
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.flashvdm.batch(input=str(images), output=str(tmp_path / "out"))


def test_disabling_the_extension_ends_a_batch(core: str, images: Path, tmp_path: Path, extension: Import) -> None:
    module = extension("addon.session.session")
    module.session.run_batch([str(images), f"--output={tmp_path / 'out'}"], live=True)
    process = module.session.batch.process_id
    os.kill(process, 0)
    module.unregister()
    with pytest.raises(OSError, match=r"."):
        os.kill(process, 0)
    assert not module.session.batch.running
    module.register()


def test_the_doctor_examines_blender_and_the_interpreter(core: str, extension: Import, capfd: pytest.CaptureFixture[str]) -> None:
    preferences().device = "cpu"
    doctor = extension("addon.session.session").session.doctor
    assert bpy.ops.flashvdm.doctor() == {"FINISHED"}
    findings = {finding.topic: finding for finding in doctor.findings}
    assert {"Blender", "Interpreter", "Extension folder", "Python", "PyTorch", "Device", "Built-in model", "Memory"} <= set(
        findings
    )
    assert bpy.app.version_string in findings["Blender"].text
    assert "Versions" not in findings
    assert extension("addon.session.command").run(["doctor", "--json", "--device", "abacus"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert "abacus" in next(line["text"] for line in report["findings"] if line["topic"] == "Device")
    assert os.path.expanduser("~") + os.sep not in doctor.text
    assert bpy.ops.flashvdm.copy_report() == {"FINISHED"}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_doctor_in_the_window_waits_for_nothing(extension: Import, tmp_path: Path) -> None:
    session = extension("addon.session.session").session
    python = tmp_path / "python"
    version = extension("flashvdm_core").__version__
    finding = {"topic": "FlashVDM", "status": "warning", "text": "is a stand-in", "remedy": "None."}
    python.write_text(f"#!/bin/sh\necho '{json.dumps({'version': version, 'findings': [finding]})}'\n")
    python.chmod(0o755)
    preferences().python = str(python)
    session.run_doctor(live=True)
    assert not bpy.ops.flashvdm.doctor.poll()
    assert not bpy.ops.flashvdm.copy_report.poll()
    until(session.loop.tick)
    assert session.doctor.status == "warning"
    assert "warning  FlashVDM          is a stand-in" in session.doctor.text
    session.doctor.stop()
    assert not bpy.ops.flashvdm.copy_report.poll()


def test_the_doctor_works_where_no_interpreter_does(extension: Import, tmp_path: Path) -> None:
    preferences().python = str(tmp_path / "no python")
    with pytest.raises(RuntimeError, match="does not exist; correct it in the add-on's preferences"):
        bpy.ops.flashvdm.doctor()
    assert "Blender" in extension("addon.session.session").session.doctor.text


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'SyntaxError: invalid syntax' >&2; exit 1", "SyntaxError: invalid syntax"),
        ("exit 3", "exit status 3"),
        ("echo '{}'", "exit status 0"),
        ('echo \'{"version": "0.0.1", "findings": []}\'', "its worker 0.0.1"),
    ],
)
def test_an_interpreter_that_cannot_run_the_core_is_said_to(extension: Import, tmp_path: Path, script: str, words: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    preferences().python = str(python)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.flashvdm.doctor()


def test_commands_run_in_the_workers_interpreter(
    core: str, command: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command.run(["models"]) == 0
    assert "embedded" in capfd.readouterr().out
    output = tmp_path / "a.stl"
    assert command.run(["generate", str(SAMPLE), "-o", str(output), *OPTIONS]) == 0
    assert output.stat().st_size > 1000
    assert str(output) in capfd.readouterr().out
    assert command.run(["explode"]) == 2
    assert command.run(["doctor", "--explode"]) == 2
    assert command.run(["batch", str(tmp_path / "gone"), "-o", str(tmp_path / "out")]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_preferences_choose_the_device_of_a_command_unless_it_is_given(
    command: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    preferences().python, preferences().device = str(python), "cuda:99"
    assert command.run(["generate", "a.png", "-o", "a.stl", "--device", "cpu"]) == 0
    words = capfd.readouterr().out.split()
    assert words[words.index("flashvdm_core") :][:3] == ["flashvdm_core", "generate", "--end-with-stdin"]
    assert words.index("--device=cuda:99") < words.index("--device"), "the last one counts"
    assert command.run(["models"]) == 0
    assert capfd.readouterr().out.split()[-2:] == ["flashvdm_core", "models"]


def test_a_command_without_an_interpreter_is_one_sentence(
    command: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    preferences().python = str(tmp_path / "no python")
    assert command.run(["models"]) == 1
    assert "does not exist; correct it in the add-on's preferences" in capfd.readouterr().err
    assert command.run(["doctor"]) == 1
    assert "error    Interpreter" in capfd.readouterr().out


def test_generate_leaves_a_blend_with_the_objects_side_by_side_and_mesh_files(
    worker: Callable[..., str], command: ModuleType, image: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker("good")
    second = tmp_path / "blue table.png"
    second.write_bytes(b"")
    blend, out = tmp_path / "made.blend", tmp_path / "out"
    out.mkdir()
    assert command.run(["generate", image, str(second), "--blend", str(blend), "-o", str(out), "--seed", "6"]) == 0
    assert "2 of 2 made" in capfd.readouterr().out
    assert {path.name for path in out.iterdir()} == {"red chair.glb", "blue table.glb"}
    assert all(b"baseColorTexture" in path.read_bytes() for path in out.iterdir()), "with the colours that the .blend has"
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    made = {obj.name: obj for obj in bpy.data.objects}
    assert set(made) == {"red chair", "blue table"}
    assert all(obj.flashvdm.seed == 6 for obj in made.values())
    assert made["blue table"].location.x > made["red chair"].location.x
    assert not any(obj.flashvdm.preview for obj in made.values())
    assert command.run(["generate", image, "--blend", str(blend)]) == 1
    assert "exists already" in capfd.readouterr().err
    assert command.run(["generate", image, "--blend", str(blend), "--overwrite"]) == 0
    for wrong in (["generate", image, "--blend", "x.glb"], ["batch", image, "-o", "out", "--blend", "x.blend"]):
        assert command.run(wrong) == 2


def test_a_blend_is_left_only_where_something_was_made(
    worker: Callable[..., str], command: ModuleType, image: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker("fail")
    assert command.run(["generate", image, "--blend", str(tmp_path / "made.blend")]) == 1
    assert "The image is empty; choose another" in capfd.readouterr().err
    assert not (tmp_path / "made.blend").exists()
    assert command.run(["generate", image, "--blend", str(tmp_path / "nowhere" / "made.blend")]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk that is full")
@pytest.mark.parametrize("spare", [True, False], ids=["a spare place", "no place at all"])
def test_a_blend_that_cannot_be_written_is_put_elsewhere_or_the_meshes_stay(
    worker: Callable[..., str], command: ModuleType, image: str, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, spare: bool,
) -> None:  # fmt: skip
    worker("good")
    real = command._save
    taken = tmp_path / "spare"
    taken.mkdir()

    def full(path: str) -> None:
        if not spare or not path.startswith(str(taken)):
            raise RuntimeError("Error: Cannot write to disk: No space left on device")
        real(path)

    monkeypatch.setattr(command, "_save", full)
    monkeypatch.setattr(tempfile, "tempdir", str(taken))
    blend, output = tmp_path / "made.blend", tmp_path / "made.glb"
    assert command.run(["generate", image, "--blend", str(blend), "-o", str(output)]) == 1
    told = capfd.readouterr()
    assert f"'{blend}' was not written; free some space" in told.err
    assert "Traceback" not in told.err
    assert output.stat().st_size > 1000, "the meshes that were made stay"
    assert not blend.exists()
    left = [str(path) for path in taken.rglob("made.blend")]
    assert len(left) == spare
    assert all(path in told.out for path in left)


def test_a_python_beside_the_file_is_kept_by_its_whole_path(extension: Import, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "project.blend"))
    preferences().python = "//tools/python"
    assert preferences().python == str(tmp_path / "tools" / "python")


def test_code_in_the_current_folder_does_not_run(extension: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A downloaded project that holds a folder named as the core, opened from its own folder: Examine and Batch."""
    (tmp_path / "flashvdm_core").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "flashvdm_core" / name).write_text(f"open({str(tmp_path / 'planted code ran')!r}, 'w')\n")
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    preferences().python = os.environ.get("FLASHVDM_PYTHON") or sys.executable
    session = extension("addon.session.session").session
    session.run_doctor(live=False)
    assert [finding.topic for finding in session.doctor.findings if finding.topic == "FlashVDM"], "our own core answered"
    with pytest.raises(RuntimeError):  # there is no image
        bpy.ops.flashvdm.batch(input=str(tmp_path / "images"), output=str(tmp_path / "out"))
    assert not (tmp_path / "planted code ran").exists()
