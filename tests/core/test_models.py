"""The known models on this machine: listed, downloaded with their licence, mended and removed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from flashvdm_core.checkpoints.folders import damaged_weights
from flashvdm_core.checkpoints.library import RECORD_NAME, default_models_folder, kept
from flashvdm_core.checkpoints.registry import KNOWN, MODELS, KnownCheckpoint, Licence, ModelFile, Speed
from flashvdm_core.cli import main
from flashvdm_core.runtime.memory.plan import no_offload, sequential_offload
from flashvdm_core.runtime.memory.requirements import memory_requirements

from .hub_server import COMMIT, Hub, running

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = random.Random(3).randbytes(200_000)
VAE = random.Random(4).randbytes(50_000)
LICENCE = Licence("Example Licence", ("the moon", "Mars"))


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "HUGGING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("FLASHVDM_MODELS", str(tmp_path / "models"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has two models with one VAE, and a registry that knows them."""
    files: dict[str, bytes | Path] = {"owner/models/LICENSE": b"You may.", "owner/models/NOTICE": b"Noted."}
    for name, weights in (("tiny", WEIGHTS), ("other", WEIGHTS), ("tiny-vae", VAE)):
        files[f"owner/models/{name}/config.yaml"] = name.encode()
        files[f"owner/models/{name}/model.fp16.safetensors"] = weights
        files[f"owner/models/{name}/model.ckpt"] = b"a duplicate"
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    known = (ModelFile("config.yaml", about=10), ModelFile("model.fp16.safetensors", len(WEIGHTS), sha256))
    asked = (ModelFile("config.yaml", about=10), ModelFile("model.fp16.safetensors", about=50_000))
    files |= {f"owner/one/{name}": b"x" * 10 for name in ("README.md", "model_index.json", "transformer/config.json")}
    files["owner/one/transformer/model.safetensors"] = WEIGHTS
    parts = (ModelFile("model_index.json", about=10), ModelFile("transformer/config.json", about=10))
    weights = ModelFile("transformer/model.safetensors", len(WEIGHTS), sha256)
    unknown = ModelFile("transformer/model.safetensors", about=100_000)
    optional = ModelFile("transformer/more.json", about=10, optional=True)
    mit = Licence("MIT", files=("README.md",))
    open_row = KnownCheckpoint("open", "owner/one", "", "open", mit, (*parts, optional, unknown), folder="")
    for row in (
        open_row,
        KnownCheckpoint("one", "owner/one", COMMIT, "one", mit, (*parts, weights), folder=""),
        KnownCheckpoint("tiny", "owner/models", COMMIT, "tiny", LICENCE, known, vae="tiny-vae"),
        KnownCheckpoint("other", "owner/models", COMMIT, "other", LICENCE, known, vae="tiny-vae"),
        KnownCheckpoint("tiny-vae", "owner/models", COMMIT, "its VAE", LICENCE, asked),
    ):
        monkeypatch.setitem(KNOWN, row.name, row)  # pyright: ignore[reportArgumentType]
    with running(Hub(files=files)) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
        yield made


@pytest.fixture
def models() -> Path:
    return default_models_folder()


def get(name: str) -> int:
    return main(["models", "--get", name, "--accept-licence", "--json"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_comes_with_its_vae_and_licence_and_without_the_rest(hub: Hub, models: Path, capsys: Any) -> None:
    assert get("tiny") == 0
    found = contents(models)
    for name, weights in (("tiny", WEIGHTS), ("tiny-vae", VAE)):
        assert found.pop(f"{name}/model.fp16.safetensors") == weights
        assert found.pop(f"{name}/config.yaml") == name.encode()
        assert found.pop(f"{name}/LICENSE") == b"You may."
        assert found.pop(f"{name}/NOTICE") == b"Noted."
        assert json.loads(found.pop(f"{name}/{RECORD_NAME}"))["revision"] == COMMIT
        assert damaged_weights(models / name) == []
        assert found.pop(f"{name}/SHA256SUMS")
    assert found == {}
    *told, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last == {"event": "done", "name": "tiny", "folder": str(models / "tiny")}
    total = len(WEIGHTS) + len(VAE) + len("tiny") + len("tiny-vae")
    assert {line["total"] for line in told} == {total}
    assert [line["done"] for line in told] == sorted(line["done"] for line in told)
    assert told[-1]["done"] == total


def test_a_repository_that_is_one_model_comes_with_its_folders_and_goes_with_them(hub: Hub, models: Path) -> None:
    assert get("one") == 0
    found = contents(models / "one")
    assert found.pop("transformer/model.safetensors") == WEIGHTS
    assert {"README.md", "model_index.json", "transformer/config.json"} < set(found)
    assert kept(KNOWN["one"], models).whole
    assert damaged_weights(models / "one") == []
    assert KNOWN["one"].url.endswith(f"owner/one/tree/{COMMIT}")
    assert main(["models", "--remove", "one"]) == 0
    assert not (models / "one").exists()


def test_where_no_revision_is_known_the_newest_is_settled_with_the_licence_and_kept(hub: Hub, models: Path) -> None:
    assert KNOWN["open"].url.endswith("owner/one/tree/main")
    assert main(["models", "--licence", "open"]) == 0
    hub.commit = "a" * 40  # its publisher changes something meanwhile
    assert get("open") == 0
    assert {request.path.split("/")[4] for request in hub.asked("hub")} == {COMMIT}
    record = json.loads((models / "open" / RECORD_NAME).read_text())
    assert record["revision"] == COMMIT
    expected = {"size": len(WEIGHTS), "sha256": hashlib.sha256(WEIGHTS).hexdigest()}
    assert record["files"]["transformer/model.safetensors"] == expected  # as the hub's header says
    assert "transformer/more.json" not in record["files"]  # there is none
    assert kept(KNOWN["open"], models).whole
    hub.requests.clear()
    assert get("open") == 0
    assert hub.requests == []
    assert main(["models", "--remove", "open"]) == 0
    assert not (models / "open").exists()
    hub.commit, hub.revision = "b" * 40, "b" * 40
    hub.files["owner/one/transformer/more.json"] = b"{}"
    assert get("open") == 0
    assert json.loads((models / "open" / RECORD_NAME).read_text())["revision"] == "b" * 40
    assert (models / "open" / "transformer" / "more.json").read_bytes() == b"{}"


def test_a_mirror_that_does_not_tell_revisions_gives_none_that_is_open(hub: Hub, models: Path, capsys: Any) -> None:
    hub.commit = ""
    assert get("open") == 1
    assert "does not say which version of README.md it has; use another mirror" in capsys.readouterr().err
    assert get("one") == 0


def test_a_file_that_is_not_as_the_hub_says_is_thrown_away_where_the_table_knows_no_hash(hub: Hub, models: Path) -> None:
    damage = lambda chunk, place: bytes(len(chunk))  # noqa: E731
    hub.faults = [
        lambda handler: (
            handler.server_name == "storage" and handler.command == "GET" and handler.send(handler.name, changed=damage)
        )
    ]
    assert get("open") == 1
    assert not kept(KNOWN["open"], models).whole
    assert not (models / "open" / "transformer" / "model.safetensors").exists()
    hub.faults = []
    assert get("open") == 0


def test_nothing_comes_before_the_licence_is_accepted(hub: Hub, models: Path, capsys: Any) -> None:
    assert main(["models", "--get", "tiny"]) == 2
    text = capsys.readouterr().err
    assert "Example Licence and are not licensed in the moon and Mars" in text
    assert hub.requests == []
    assert main(["models", "--licence", "tiny"]) == 0
    assert "You may." in capsys.readouterr().out
    assert not list(models.rglob("*.safetensors"))


def test_a_model_without_a_notice_comes_and_one_without_terms_does_not(hub: Hub, models: Path, capsys: Any) -> None:
    del hub.files["owner/models/NOTICE"]
    assert get("tiny-vae") == 0
    del hub.files["owner/models/LICENSE"]
    assert get("tiny") == 1
    assert "has no LICENSE at this place" in capsys.readouterr().err
    assert not list(models.glob("tiny/*.safetensors"))


def test_only_a_model_that_is_whole_is_taken_for_one(hub: Hub, models: Path) -> None:
    tiny = KNOWN["tiny"]
    assert not kept(tiny, models).whole
    get("tiny")
    assert kept(tiny, models).whole
    weights = models / "tiny" / "model.fp16.safetensors"
    weights.write_bytes(WEIGHTS[:-1])
    assert not kept(tiny, models).whole
    weights.unlink()
    assert not kept(tiny, models).whole
    (models / "tiny" / RECORD_NAME).write_text("[]")
    assert not kept(tiny, models).whole


def test_a_damaged_model_is_mended_by_getting_it_again(hub: Hub, models: Path) -> None:
    get("tiny")
    (models / "tiny-vae" / "model.fp16.safetensors").write_bytes(bytes(len(VAE)))
    hub.requests.clear()
    assert get("tiny") == 0
    assert (models / "tiny-vae" / "model.fp16.safetensors").read_bytes() == VAE
    assert len(hub.asked("storage")) == 1


def test_a_whole_model_needs_no_network(hub: Hub, models: Path) -> None:
    get("tiny")
    hub.faults = [lambda handler: handler.refuse(503)]
    hub.requests.clear()
    assert get("tiny") == 0
    assert hub.requests == []


def test_a_model_of_another_revision_is_brought_again_with_its_licence(hub: Hub, models: Path) -> None:
    get("tiny-vae")
    record = models / "tiny-vae" / RECORD_NAME
    record.write_text(record.read_text().replace(COMMIT, "f" * 40))
    assert not kept(KNOWN["tiny-vae"], models).whole
    changed = random.Random(5).randbytes(len(VAE))
    hub.files |= {"owner/models/tiny-vae/model.fp16.safetensors": changed, "owner/models/LICENSE": b"You may, now."}
    hub.hashes.clear()
    assert get("tiny-vae") == 0
    assert (models / "tiny-vae" / "model.fp16.safetensors").read_bytes() == changed
    assert (models / "tiny-vae" / "LICENSE").read_bytes() == b"You may, now."


def test_a_model_is_removed_and_its_vae_with_the_last_one_that_uses_it(hub: Hub, models: Path, capsys: Any) -> None:
    get("tiny")
    get("other")
    (models / "tiny" / "mine.txt").write_text("keep")
    assert main(["models", "--remove", "tiny"]) == 0
    assert contents(models / "tiny") == {"mine.txt": b"keep"}
    assert kept(KNOWN["other"], models).whole
    assert kept(KNOWN["tiny-vae"], models).whole
    assert main(["models", "--remove", "other"]) == 0
    assert [path.name for path in models.iterdir()] == ["tiny"]
    capsys.readouterr()
    assert main(["models", "--remove", "other"]) == 0
    assert "There is nothing of other" in capsys.readouterr().out


def test_the_list_says_what_is_here(hub: Hub, models: Path, capsys: Any) -> None:
    get("tiny-vae")
    capsys.readouterr()
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("tiny-vae:") and str(models / "tiny-vae") in line for line in lines)
    assert not any(line.startswith("tiny:") and str(models) in line for line in lines)


def test_an_unknown_model_is_wrong_usage(capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["models", "--get", "nothing"])
    assert caught.value.code == 2
    assert "hunyuan3d-dit-v2-0-turbo" in capsys.readouterr().err


def test_a_failure_is_one_sentence(hub: Hub, capsys: Any) -> None:
    hub.faults = [lambda handler: handler.refuse(403)]
    assert get("tiny") == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert error.count("\n") == 1


def test_a_program_that_closes_the_input_stops_it_and_the_next_one_goes_on(hub: Hub, models: Path) -> None:
    row = KNOWN["hunyuan3d-vae-v2-0-turbo"]  # as it is: the command is another process
    weights = f"{row.repository}/{row.name}/model.fp16.safetensors"
    hub.files |= {f"{row.repository}/LICENSE": b"You may.", f"{row.repository}/{row.name}/config.yaml": b"", weights: WEIGHTS}
    command = [sys.executable, "-m", "flashvdm_core", "models", "--get", row.name, "--accept-licence", "--json"]
    hub.rate = 100_000
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--end-with-stdin"], cwd=ROOT, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while b"downloading" not in process.stdout.readline():
            pass
        process.stdin.close()
        assert process.wait(30) == 130
    came = kept(row, models)
    assert 0 < came.bytes < len(WEIGHTS)
    assert not came.whole
    hub.rate = 0
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "done"
    assert kept(row, models).whole
    assert "Range" in hub.asked("storage")[-1].headers


# The table


def test_each_row_is_complete() -> None:
    for checkpoint in KNOWN.values():
        assert len(checkpoint.revision) in (0, 40)
        assert checkpoint.bytes > 10**8
        assert checkpoint.licence.name
        assert checkpoint.vae in ("", *KNOWN)
        for file in checkpoint.files:
            assert file.size or file.about
            assert len(file.sha256) in (0, 64)


def test_the_memory_of_a_row_is_what_its_sizes_say() -> None:
    for name in (
        "hunyuan3d-dit-v2-mini-turbo",
        "hunyuan3d-dit-v2-0-turbo",
        "hunyuan3d-dit-v2-mv",
        "hunyuan3d-dit-v2-1",
        "triposg",
        "triposg-scribble",
        "step1x-3d-geometry",
        "partcrafter",
    ):
        model = MODELS[name]
        requirements = memory_requirements(model, torch.float16, 256)
        assert KNOWN[name].memory == pytest.approx(
            (no_offload(requirements).peak, sequential_offload(requirements).peak), rel=0.03
        )


def test_speed_and_inputs_are_read_off_the_sizes() -> None:
    assert {KNOWN[name].speed for name in MODELS} == set(Speed)
    assert KNOWN["hunyuan3d-dit-v2-mv-turbo"].inputs.startswith("up to 4 images")
    assert KNOWN["hunyuan3d-dit-v2-0-turbo"].inputs == "one image"
    scribble = KNOWN["triposg-scribble"]
    assert (scribble.inputs, scribble.speed, scribble.title) == ("a drawing and a prompt", Speed.FAST, "TripoSG-scribble fast")


def test_the_page_about_models_is_what_the_registry_says(capsys: Any) -> None:
    assert main(["models", "--markdown"]) == 0
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == capsys.readouterr().out, "make the page anew"
