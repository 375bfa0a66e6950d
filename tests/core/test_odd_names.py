"""The command line and batches among names, terminals and files that nobody expects: each mesh that can be made is made."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from flashvdm_core.cli import main

from .tiny_model import write_disc_image, write_tiny_model

QUICK = ("--resolution", "16", "--steps", "1", "--guidance", "1", "--decoder", "dense", "--device", "cpu", "--no-colours")
PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes and names")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("names") / "tiny"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a folder of images in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    write_disc_image(tmp_path / "images" / "disc.png")
    return tmp_path


def batch(source: str, model: str, *options: str) -> int:
    return main(["batch", source, "-o", "out", "--model", model, *QUICK, *options])


def generate(*arguments: str) -> int:
    try:
        return main(["generate", *arguments, *QUICK])
    except SystemExit as end:
        return int(end.code or 0)


def logged(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "out" / "flashvdm-batch.jsonl").read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_that_lacks_letters_ends_nothing(
    folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    name = "椅子 💺 straße"
    write_disc_image(folder / "images" / f"{name}.png")
    out, error = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(error, encoding=encoding))
    if encoding == "cp1252":
        assert generate(f"images/{name}.png", "images/disc.png", "-o", ".", "--model", model) == 0
        assert {path.name for path in folder.glob("*.glb")} == {f"{name}.glb", "disc.glb"}
    else:
        assert batch("images", model) == 0
        assert {path.name for path in (folder / "out").glob("*.glb")} == {f"{name}.glb", "disc.glb"}
        assert {line["output"] for line in logged(folder) if line["event"] == "item"} == {f"{name}.glb", "disc.glb"}
    sys.stdout.flush()
    shown = out.getvalue().decode(encoding)
    assert f"{name}.glb".encode(encoding, "backslashreplace").decode(encoding) in shown


@PIPES
def test_names_do_not_command_the_terminal(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("red\x1b[31m", "new\nline", "bell\x07", "turned\u202egnp", "-o", "--help", "\u0645\u06cc\u200c\u0632")
    for name in names:
        os.link(folder / "images" / "disc.png", folder / "images" / f"{name}.png")
    (folder / "images" / "bad\x1b]0;\n.png").write_bytes(b"no picture")
    assert batch("images", model) == 1
    assert {path.stem for path in (folder / "out").glob("*.glb")} == {"disc", *names}
    shown = capsys.readouterr()
    assert not set(shown.out + shown.err) & set("\x1b\x07\u202e")
    lines = shown.out.splitlines()
    assert len(lines) == len(names) + 1
    assert {r"red\x1b[31m", r"new\nline", "\u0645\u06cc\u200c\u0632"} <= {line.partition(".glb:")[0] for line in lines}
    assert generate("images/bad\x1b]0;\n.png", "-o", "a.glb", "--model", model) == 1
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")
@pytest.mark.parametrize(("stream", "option"), [("stdout", ()), ("stderr", ()), ("stdout", ("--json",))])
def test_a_full_disk_under_what_is_shown_ends_no_batch(
    folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, stream: str, option: tuple[str, ...]
) -> None:
    for name in "ab":
        write_disc_image(folder / "images" / f"{name}.png")
    with open("/dev/full", "w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, stream, full)
        status = batch("images", model, *option)
    assert status == 1, "whoever reads it lacks something"
    assert {path.name for path in (folder / "out").glob("*.glb")} == {"disc.glb", "a.glb", "b.glb"}
    assert [line["event"] for line in logged(folder)] == ["start", "item", "item", "item", "summary"]


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_closed_streams_end_no_batch(folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        patch.setattr(sys, "stderr", None)
        assert batch("images", model, *option) == 0
        assert generate("images/disc.png", "-o", "a.glb", "--model", model, *option) == 0
    assert (folder / "out" / "disc.glb").exists()
    assert (folder / "a.glb").exists()


@PIPES
def test_a_current_folder_that_was_deleted_is_told(
    folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    try:
        assert main(["models"]) == 2
    finally:
        os.chdir(folder)
    assert "The current folder does not exist any more" in capsys.readouterr().err


@PIPES
def test_pipes_devices_and_names_that_are_not_utf8_are_failures_of_their_own(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    images = folder / "images"
    os.mkfifo(images / "pipe.png")
    (images / "zero.png").symlink_to("/dev/zero")
    (images / "folder.png").mkdir()
    (images / "lost.png").symlink_to("nowhere")
    os.link(images / "disc.png", os.fsencode(images) + b"/gr\xfcn.png")
    assert batch("images", model) == 1
    ended = {line["image"]: line for line in logged(folder) if line["event"] == "item"}
    assert {name for name, line in ended.items() if line["status"] == "made"} == {"disc.png", "gr\udcfcn.png"}
    assert sorted(os.listdir(b"out"))[-2:] == [b"flashvdm-batch.jsonl", b"gr\xfcn.glb"]
    for name, word in (("pipe.png", "pipe"), ("zero.png", "device"), ("folder.png", "folder"), ("lost.png", "no image")):
        assert word in ended[name]["error"]
    assert "Traceback" not in capsys.readouterr().err
    assert batch("images", model) == 1
    assert [line["kept"] for line in logged(folder) if line["event"] == "summary"] == [0, 2]


def test_rows_that_no_person_writes_are_failures_of_their_own(folder: Path, model: str) -> None:
    wrong: list[dict[str, Any]] = [
        {"seed": 10**400},
        {"guidance": 10**400},
        {"model": "m" * 300},
        {"model": "m" * 3000},
        {"image": "a\ud800.png"},
        {"output": "a\udfff.glb"},
        {"output": "a/" * 2000 + "b.glb"},
        {"output": "x" * 300 + ".glb"},
        {"image": "x" * 300 + ".png"},
        {"left": "images/nothing.png"},
    ]
    rows = [{"image": "images/disc.png", "output": f"{number}.glb"} | row for number, row in enumerate([{}, *wrong, {}])]
    (folder / "list.json").write_text(json.dumps(rows))
    assert batch("list.json", model) == 1
    ended = [line for line in logged(folder) if line["event"] == "item"]
    assert len(ended) == len(rows)
    assert [line["number"] for line in ended if line["status"] == "made"] == [1, len(rows)]
    assert all("should not have" not in line["error"] for line in ended), [line["error"] for line in ended]


def test_what_a_batch_leaves_out_is_counted_by_its_kinds(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    images = folder / "images"
    for name in ("chair", "table", "sofa\u2026png", "notes.txt", ".hidden.png", ".PNG", "._disc.png", ".DS_Store", "Thumbs.db"):
        shutil.copy(images / "disc.png", images / name)
    for name in ("more", "empty", "out"):
        (images / name).mkdir()
    write_disc_image(images / "more" / "disc.png")
    assert main(["batch", "images", "-o", "images/out", "--model", model, *QUICK]) == 0
    log = (images / "out" / "flashvdm-batch.jsonl").read_text(encoding="ascii").splitlines()
    kinds = {"without an ending": 3, "hidden": 2, ".txt": 1, "folder of pictures": 1}
    assert json.loads(log[0])["other_files"] == kinds
    words = "3 without an ending, 2 hidden, 1 folder of pictures, 1 .txt"
    assert f"Left out, as their names are not those of pictures: {words}." in capsys.readouterr().err
    assert batch("images", model) == 0
    capsys.readouterr()
    assert main(["batch", "out", "-o", "out", "--model", model, *QUICK]) == 2, "its own meshes are nothing that was left out"
    assert "nothing to make in 'out'" in capsys.readouterr().err


def test_a_folder_without_an_image_that_is_read_says_what_it_holds(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "phone").mkdir()
    for name in ("a.heic", "b.HEIC", "c"):
        (folder / "phone" / name).write_bytes(b"a picture of another kind")
    assert batch("phone", model) == 2
    assert "is of a kind that is read (2 .heic, 1 without an ending);" in capsys.readouterr().err


def test_patterns_that_no_shell_has_expanded(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("chair.png", "chair.jpg", "[1].png"):
        shutil.copy(folder / "images" / "disc.png", folder / "images" / name)
    assert generate("images/*.png", "images/*.j?g", "-o", "{name}-mesh.glb", "--model", model) == 2, "two chairs"
    assert generate("images/*.png", "-o", ".", "--model", model) == 0
    assert {path.name for path in folder.glob("*.glb")} == {"disc.glb", "chair.glb", "[1].glb"}
    assert generate("images/[1].png", "-o", "one.glb", "--model", model) == 0, "a file of that name counts first"
    capsys.readouterr()
    assert generate("images/*.tga", "-o", ".", "--model", model) == 2
    assert "no file matches the pattern 'images/*.tga'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        batch("images/*.png", model)
    assert "names images by a pattern; name the folder" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["same", "link", "hard link", "view"])
def test_an_image_is_never_written_over(folder: Path, model: str, made: str, capsys: pytest.CaptureFixture[str]) -> None:
    image, output = folder / "images" / "disc.png", folder / "disc.glb"
    if made in ("same", "view"):  # an image with a name of something else
        image = image.rename(output)
    elif made == "link":
        output.symlink_to(image)
    else:
        os.link(image, output)
    before = image.read_bytes()
    given = [str(image)] if made != "view" else [str(write_disc_image(folder / "front.png")), "--left", "disc.glb"]
    assert generate(*given, "-o", "disc.glb", "--overwrite", "--model", model) == 1
    assert "is the image itself, which the mesh would replace" in capsys.readouterr().err
    rows = [{"image": str(image), "output": "disc.glb"}]
    (folder / "list.json").write_text(json.dumps(rows))
    assert main(["batch", "list.json", "-o", ".", "--overwrite", "--model", model, *QUICK]) == 1
    assert "is the image itself" in capsys.readouterr().err
    assert image.read_bytes() == before
    assert output.read_bytes() == before


def test_pictures_that_are_left_out_are_named(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.heic", "b.AVIF", "c.tga"):
        (folder / "images" / name).write_bytes(b"a picture of another kind")
    assert batch("images", model) == 0
    assert "left out, as pictures of their kind are not read: a.heic, b.AVIF, c.tga;" in capsys.readouterr().err
    assert logged(folder)[0]["left_out"] == ["a.heic", "b.AVIF", "c.tga"]


@pytest.mark.parametrize("mark", ['"{}"', "file://{}"])
def test_pasted_paths_are_taken(folder: Path, model: str, mark: str) -> None:
    image, out = (mark.format(folder / name) for name in ("images/disc.png", "mesh.stl"))
    assert generate(image, "-o", out, "--model", mark.format(model)) == 0
    assert (folder / "mesh.stl").stat().st_size > 1000


def test_an_output_that_is_a_folder_with_the_name_of_a_file_is_told(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "fold.glb").mkdir()
    assert generate("images/disc.png", "-o", "fold.glb", "--model", model) == 2
    assert "fold.glb is a folder although it ends as a file does" in capsys.readouterr().err


@PIPES
@pytest.mark.parametrize("name", ["model.safetensors", "config.yaml"])
def test_a_pipe_among_the_files_of_a_model_is_not_waited_for(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = write_tiny_model(folder / "tiny")
    (tiny / name).unlink()
    os.mkfifo(tiny / name)
    assert generate("images/disc.png", "-o", "a.glb", "--model", str(tiny)) == 1
    assert batch("images", str(tiny)) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_an_output_that_no_file_can_be_called_is_told(folder: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    for output in ("x" * 400 + ".glb", "x" * 5000, "a/" * 3000 + "b.glb"):
        assert generate("images/disc.png", "-o", output, "--model", model) in (1, 2)
        assert "Traceback" not in capsys.readouterr().err


def test_what_another_has_put_among_the_records_does_not_stop_a_batch(folder: Path, model: str) -> None:
    assert batch("images", model) == 0
    (record,) = (folder / "out" / ".flashvdm-batch").glob("*/record.json")
    (record.parent / "a folder").mkdir()
    record.write_bytes(b"[" * 100_000)
    (folder / "out" / "disc.glb").unlink()
    assert batch("images", model) == 0
    assert (folder / "out" / "disc.glb").exists()
