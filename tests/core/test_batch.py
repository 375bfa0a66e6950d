"""Batches as a render farm meets them: real processes that are killed, share a folder, and meet bad files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flashvdm_core.api.errors import BatchError, OutputError, SettingsError
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import Request
from flashvdm_core.batch.index import FOLDER, BatchIndex
from flashvdm_core.batch.items import Item, read_items, shard
from flashvdm_core.batch.log import JsonLog
from flashvdm_core.cli import main
from flashvdm_core.files import IMAGE_SUFFIXES, MESH_SUFFIXES
from flashvdm_core.geometry.mesh_io import check_output
from flashvdm_core.image import open_image

from .tiny_model import write_disc_image, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
LOG = "flashvdm-batch.jsonl"
QUICK = ("--resolution", "16", "--steps", "1", "--guidance", "1", "--decoder", "dense", "--device", "cpu", "--no-colours")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("batch") / "tiny"))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with three images and one that is none."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in "abc":
        write_disc_image(folder / f"{name}.png")
    (folder / "bad.jpg").write_bytes(b"not an image")
    (folder / "notes.txt").write_text("no image either")
    return folder


def batch(source: Path, out: Path, model: str, *options: str) -> int:
    return main(["batch", str(source), "-o", str(out), "--model", model, *QUICK, *options])


def batch_process(source: Path, out: Path, model: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flashvdm_core", "batch", str(source), "-o", str(out), "--json", "--model", model]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, *QUICK, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def meshes(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Name -> inode, time and content of every mesh."""
    found = [path for path in folder.rglob("*.glb") if FOLDER not in path.parts]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def nothing_half_made(out: Path) -> bool:
    return {path.name for path in (out / FOLDER).rglob("*") if path.is_file()} <= {"lock", "record.json"}


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_fifty_images_five_of_them_bad_killed_in_the_middle_end_as_45_meshes_each_made_once(tmp_path: Path, model: str) -> None:
    source, out = tmp_path / "images", tmp_path / "out"
    source.mkdir()
    for number in range(50):
        path = source / f"{number:02}.png"
        if number % 10 == 3:
            path.write_bytes(b"not an image" * (number % 20))
        else:
            write_disc_image(path, 40 + number)
    process = batch_process(source, out, model)
    assert process.stdout
    for _ in range(15):
        process.stdout.readline()
    process.kill()
    process.communicate()
    before = meshes(out)
    assert 10 <= len(before) < 45

    again = batch_process(source, out, model)
    report, error = again.communicate(timeout=100)
    assert again.returncode == 1, error
    assert len(meshes(out)) == 45
    assert {name: mesh for name, mesh in meshes(out).items() if name in before} == before, "what was made is not made again"
    start, *items, summary = lines(report)
    assert start == {"event": "start", "items": 50, "left_out": [], "other_files": {}}
    assert Counter(item["status"] for item in items) == {"made": 45 - len(before), "kept": len(before), "failed": 5}
    assert {item["output"] for item in items if item["status"] == "kept"} == set(before)
    assert {item["kind"] for item in items if item["status"] == "failed"} == {"ImageError"}
    assert (summary["made"], summary["kept"], summary["failed"], summary["left"]) == (45 - len(before), len(before), 5, 0)
    assert nothing_half_made(out)


def test_two_processes_share_the_work(tmp_path: Path, model: str) -> None:
    source, out = tmp_path / "images", tmp_path / "out"
    source.mkdir()
    for number in range(16):
        write_disc_image(source / f"{number:02}.png")
    both = [batch_process(source, out, model) for _ in range(2)]
    reports = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], reports
    made = [item["output"] for report, _ in reports for item in lines(report) if item.get("status") == "made"]
    assert sorted(made) == sorted(meshes(out))
    assert len(made) == 16
    logged = [line for line in lines((out / LOG).read_text()) if line["event"] == "item"]
    assert Counter(line["status"] for line in logged) == {"made": 16, "kept": 16}


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "end of stdin"])
def test_an_interrupted_batch_cleans_up_and_goes_on_later(tmp_path: Path, model: str, how: str) -> None:
    source, out = tmp_path / "images", tmp_path / "out"
    source.mkdir()
    for number in range(40):
        write_disc_image(source / f"{number:02}.png")
    process = batch_process(source, out, model, *(["--end-with-stdin"] if how == "end of stdin" else []))
    assert process.stdout
    assert process.stdin
    assert json.loads(process.stdout.readline()) == {"event": "start", "items": 40, "left_out": [], "other_files": {}}
    process.stdout.readline()
    if how == "end of stdin":
        process.stdin.close()
        process.stdin = None
    else:
        process.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)
    rest, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    summary = lines(rest)[-1]
    assert summary["left"] > 0
    assert len(meshes(out)) == summary["made"] == 40 - summary["left"]
    assert nothing_half_made(out)


def test_every_item_is_one_line_in_the_log_and_on_standard_output(
    images: Path, tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(images, tmp_path / "out", model, "--json", "--seed", "5", "--colours") == 1
    shown = lines(capsys.readouterr().out)
    logged = lines((tmp_path / "out" / LOG).read_text())
    assert [{name: value for name, value in line.items() if name != "time"} for line in logged] == shown
    assert [(line["image"], line["status"]) for line in shown[1:-1]] == [
        ("a.png", "made"),
        ("b.png", "made"),
        ("bad.jpg", "failed"),
        ("c.png", "made"),
    ]
    first, bad = shown[1], shown[3]
    assert (first["output"], first["seed"], first["error"]) == ("a.glb", 5, "")
    assert first["faces"] > 100
    assert first["seconds"] > 0
    assert b"image/png" in meshes(tmp_path / "out")["a.glb"][2], "its colours"
    assert "not an image" in bad["error"]
    assert "Traceback" not in str(logged)


def test_for_a_person_it_is_a_few_words(images: Path, tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(images, tmp_path / "out", model) == 1
    out, error = capsys.readouterr()
    assert "a.glb: " in out
    assert "Error: bad.glb: " in error
    assert "3 made, 0 kept, 1 failed in " in error
    (images / "bad.jpg").unlink()
    assert batch(images, tmp_path / "out", model) == 0
    assert "a.glb: kept" in capsys.readouterr().out


def test_what_has_changed_is_made_anew_and_nothing_else(images: Path, tmp_path: Path, model: str) -> None:
    out = tmp_path / "out"
    (images / "bad.jpg").unlink()
    assert batch(images, out, model) == 0
    first = meshes(out)
    assert batch(images, out, model, "--precision", "float32", "--preview") == 0
    assert meshes(out) == first, "neither changes the shape"
    write_disc_image(images / "b.png", 90)
    assert batch(images, out, model) == 0
    second = meshes(out)
    assert {name for name in first if second[name] != first[name]} == {"b.glb"}
    assert batch(images, out, model, "--seed", "8") == 0
    assert all(meshes(out)[name][2] != mesh[2] for name, mesh in second.items())


def test_another_model_makes_anew_even_under_the_same_name(images: Path, tmp_path: Path, model: str) -> None:
    here = write_tiny_model(tmp_path / "tiny")
    assert batch(images, tmp_path / "out", model) == 1
    first = meshes(tmp_path / "out")
    assert batch(images, tmp_path / "out", str(here)) == 1
    assert meshes(tmp_path / "out") == first, "the same weights elsewhere"
    write_tiny_model(here, seed=1)
    assert batch(images, tmp_path / "out", str(here)) == 1
    assert all(mesh[2] != first[name][2] for name, mesh in meshes(tmp_path / "out").items())


def test_the_users_own_files_are_not_replaced_unless_asked_for(
    images: Path, tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.glb").write_text("precious")
    assert batch(images, out, model) == 1
    assert "exists already" in capsys.readouterr().err
    (out / "b.glb").write_text("worked on since")
    assert batch(images, out, model, "--seed", "3") == 1
    assert (out / "a.glb").read_text() == "precious"
    assert (out / "b.glb").read_text() == "worked on since"
    assert batch(images, out, model, "--overwrite") == 1, "the bad image"
    assert all(mesh[2].startswith(b"glTF") for mesh in meshes(out).values())


def test_a_manifest_sets_what_each_item_needs(
    tmp_path: Path, images: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "image,seed,output,resolution,largest_parts\n"
        "images/a.png,1,chairs/first.stl,20,1\n"
        "images/a.png,2,,,\n"
        "images/b.png,,chairs/second,,\n"
        "images/gone.png,,,,\n"
        "images/c.png,,,5,\n"
        "images/c.png,,../c.glb,,\n",
        encoding="utf-8-sig",
    )
    out = tmp_path / "out"
    assert batch(manifest, out, model, "--json", "--format", "obj") == 1
    found = {line["number"]: line for line in lines(capsys.readouterr().out) if line["event"] == "item"}
    assert {number for number, line in found.items() if line["status"] == "made"} == {1, 2, 3}
    assert [found[number]["output"] for number in (1, 2, 3, 4)] == [
        "chairs/first.stl",
        "a-2.obj",
        "chairs/second.obj",
        "gone.obj",
    ]
    assert (found[1]["seed"], found[2]["seed"], found[3]["seed"]) == (1, 2, 0)
    assert found[1]["faces"] > found[2]["faces"], "the finer one"
    assert "There is no image" in found[4]["error"]
    assert "'resolution' must be a whole number from 16" in found[5]["error"]
    assert "must lie inside the output folder" in found[6]["error"]
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*") if FOLDER not in path.parts) == [
        "a-2.obj",
        "chairs/first.stl",
        "chairs/second.obj",
        LOG,
    ]


def test_a_json_manifest_says_the_same(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "seed": 4, "left": "l.png", "preview": True, "steps": None},
        {"image": 3},
        "a.png",
        {"image": "b", "sed": 1},
    ]
    manifest = tmp_path / "list.json"
    manifest.write_text(json.dumps(rows))
    first, *wrong = read_items(manifest, {"resolution": 64})
    assert first.request == Request(
        {"front": str(tmp_path / "a.png"), "left": str(tmp_path / "l.png")}, {"seed": 4, "preview": True, "resolution": 64}
    )
    assert first.output == "a-4.glb"
    assert [item.request for item in wrong] == [None] * 3
    assert [item.number for item in wrong] == [2, 3, 4]
    assert "Unknown setting 'sed'" in wrong[2].error


@pytest.mark.parametrize(
    ("row", "settings"),
    [
        ("preview\nyes", {"preview": True}),
        ("preview\n0", {"preview": False}),
        ("guidance\n 2.5 ", {"guidance": 2.5}),
        ("steps\n7", {"steps": 7}),
        ("decoder\ndense", {"decoder": "dense"}),
        ("preview\nperhaps", None),
        ("steps\n2.5", None),
        ("guidance\nnan", None),
        ("decoder\nmagic", None),
    ],
)
def test_cells_have_the_type_of_their_setting(tmp_path: Path, row: str, settings: dict[str, Any] | None) -> None:
    name, cell = row.split("\n")
    (tmp_path / "list.csv").write_text(f"image;{name}\na.png;{cell}\n")
    (item,) = read_items(tmp_path / "list.csv", {})
    assert item.request == (Request({"front": str(tmp_path / "a.png")}, settings) if settings else None)
    assert bool(item.error) != bool(settings)


@pytest.mark.parametrize("text", ["", "image,sed\na.png,1\n", "seed\n1\n", "image\n", 'image\n"a.png', "[1", "[]", "\xff"])
def test_a_manifest_that_is_none_is_wrong_usage(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ("list.json" if text[:1] in "[{" and text else "list.csv")
    path.write_text(text, encoding="latin-1")
    assert main(["batch", str(path), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("Error: ")
    assert not (tmp_path / "out").exists()


def test_sources_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a.png")
    (tmp_path / "empty").mkdir()
    for name in ("list.txt", "gone.csv", "gone", "empty"):
        with pytest.raises(BatchError, match=name):
            read_items(tmp_path / name, {})
    with pytest.raises(SettingsError):
        read_items(ROOT / "docs" / "images", {"seed": "x"})


def test_two_items_never_share_a_file(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "A.webp", "b.png"):
        (tmp_path / name).write_bytes(b"")
    items = read_items(tmp_path, {})
    assert [(item.image, bool(item.error)) for item in items] == [
        ("A.webp", False),
        ("a.jpg", True),
        ("a.png", True),
        ("b.png", False),
    ]
    assert "as that of item 1" in items[1].error


@pytest.mark.parametrize(
    "output", ["/x.glb", "../x.glb", "a/../../x.glb", "C:\\x.glb", "", " ", ".", f"{FOLDER}/x.glb", "a\0.glb", 3]
)
def test_outputs_stay_inside_the_output_folder(tmp_path: Path, output: object) -> None:
    (tmp_path / "list.json").write_text(json.dumps([{"image": "a.png", "output": output}]))
    (item,) = read_items(tmp_path / "list.json", {})
    assert item.request is None
    assert "output" in item.error


def test_the_shards_together_are_the_whole_and_about_as_long(tmp_path: Path) -> None:
    items = [Item(number, "a", f"{number}", None) for number in range(1, 51)]
    parts = [shard(items, index, 4) for index in range(1, 5)]
    assert sorted((item for part in parts for item in part), key=lambda item: item.number) == items
    assert {len(part) for part in parts} == {12, 13}


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_does_not_exist_is_wrong_usage(images: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["batch", str(images), "-o", str(tmp_path / "out"), f"--shard={text}"])
    assert caught.value.code == 2


def test_shards_have_logs_of_their_own(images: Path, tmp_path: Path, model: str) -> None:
    out = tmp_path / "out"
    assert batch(images, out, model, "--shard", "1/2") == 1
    assert set(meshes(out)) == {"a.glb"}
    assert batch(images, out, model, "--shard", "2/2") == 0
    assert set(meshes(out)) == {"a.glb", "b.glb", "c.glb"}
    assert sorted(path.name for path in out.glob("*.jsonl")) == ["flashvdm-batch-1-of-2.jsonl", "flashvdm-batch-2-of-2.jsonl"]


def test_an_output_folder_that_cannot_be_made_is_one_sentence(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["batch", str(images), "-o", str(tmp_path / "file")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / LOG
    path.write_text('{"event": "item"}\n{"event": "it')
    log = JsonLog(path)
    log.write({"event": "item"})
    log.write({"event": "summary"})
    log.close()
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()[-2:]] == ["item", "summary"]


def publish(out: Path, fingerprint: str, size: float) -> bool:
    """Make a.ply of `fingerprint` as a batch does, and tell whether it had to be made."""
    claim = BatchIndex(out).claim("a.ply")
    assert claim is not None
    missing = not claim.is_up_to_date(fingerprint)
    if missing:
        claim.check(overwrite=False, inputs=())
        claim.publish(TriangleMesh(np.eye(3, dtype=np.float32) * size, np.array([[0, 1, 2]], np.int32)), fingerprint)
    claim.release()
    return missing


KILLED = """
import os, signal, sys
import numpy as np
from pathlib import Path
from flashvdm_core.batch.index import BatchIndex
from flashvdm_core.api.mesh import TriangleMesh

out, fingerprint, size, at = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
calls, replace = 0, os.replace

def dying(source, target):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
    if calls == -at:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = dying
claim = BatchIndex(out).claim("a.ply")
assert not claim.is_up_to_date(fingerprint)
claim.check(False, ())
claim.publish(TriangleMesh(np.eye(3, dtype=np.float32) * size, np.array([[0, 1, 2]], np.int32)), fingerprint)
"""


def publish_killed(out: Path, fingerprint: str, size: float, at: int) -> None:
    """A process that makes a.ply of `fingerprint`, killed at the `at`-th file it moves: before (+) or after (-)."""
    command = [sys.executable, "-c", KILLED, str(out), fingerprint, str(size), str(at)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("at", [1, -1, 2, -2, 3, -3])
@pytest.mark.parametrize("first", ["old", ""], ids=["replacing", "new"])
def test_at_whatever_moment_it_is_killed_the_next_run_knows(tmp_path: Path, at: int, first: str) -> None:
    if first:
        assert publish(tmp_path, first, 1.0)
    before = meshes_of(tmp_path)
    publish_killed(tmp_path, "new", 2.0, at)
    finished = at == -3
    assert (meshes_of(tmp_path) == before) != finished, "whole or as it was"
    assert publish(tmp_path, "new", 2.0) != finished
    assert meshes_of(tmp_path) != before
    assert not publish(tmp_path, "new", 2.0)
    assert nothing_half_made(tmp_path)


def meshes_of(folder: Path) -> bytes:
    return (folder / "a.ply").read_bytes() if (folder / "a.ply").exists() else b""


def test_what_one_has_in_hand_no_other_gets(tmp_path: Path) -> None:
    first = BatchIndex(tmp_path).claim("a.glb")
    assert first is not None
    assert BatchIndex(tmp_path).claim("a.glb") is None
    assert BatchIndex(tmp_path).claim("A.GLB") is None, "the same file where case is ignored"
    other = BatchIndex(tmp_path).claim("b.glb")
    assert other is not None
    first.release()
    again = BatchIndex(tmp_path).claim("a.glb")
    assert again is not None


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    publish(tmp_path, "old", 1.0)
    (record,) = (tmp_path / FOLDER).rglob("record.json")
    for text in ("", "{", "[]", "{}", "3"):
        record.write_text(text)
        claim = BatchIndex(tmp_path).claim("a.ply")
        assert claim is not None
        assert not claim.is_up_to_date("old")
        with pytest.raises(OutputError, match="exists already"):
            claim.check(overwrite=False, inputs=())
        claim.release()


@pytest.mark.parametrize("suffix", MESH_SUFFIXES)
def test_every_kind_of_mesh_file_that_is_named_can_be_written(tmp_path: Path, suffix: str) -> None:
    check_output(tmp_path / f"mesh{suffix}")
    mesh = TriangleMesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    claim = BatchIndex(tmp_path).claim(f"deep/down/a{suffix}")
    assert claim is not None
    claim.check(overwrite=False, inputs=())
    claim.publish(mesh, "x")
    assert (tmp_path / f"deep/down/a{suffix}").stat().st_size > 0


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_every_kind_of_image_file_that_is_named_is_found_in_a_folder_and_can_be_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix.upper()}"
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5).save(path, format=Image.registered_extensions()[suffix])
    (item,) = read_items(tmp_path, {}, ".glb")
    assert item.request.images["front"] == str(path)
    assert open_image(path).picture.size == (4, 4)
