"""Public models in real Blender: the licence first, then the download, its pause, what it leaves and its removal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import pytest

from tests.core.hub_server import Hub, running

from .conftest import Import, preferences, tick_until

if TYPE_CHECKING:
    from addon.session.session import Session

ROOT = Path(__file__).parents[2]
NAME, VAE = "hunyuan3d-dit-v2-0-turbo", "hunyuan3d-vae-v2-0-turbo"
REPOSITORY = "tencent/Hunyuan3D-2"
WEIGHTS = bytes(range(256)) * 2000
TERMS = "Terms of this model: Überall."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where Blender keeps models."""
    return tmp_path / "Modelle für alle"


@pytest.fixture
def hub(extension: Import, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on this machine that has one model and its VAE, and a Blender that may use the network."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "HUGGING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    files: dict[str, bytes | Path] = {f"{REPOSITORY}/LICENSE": TERMS.encode(), f"{REPOSITORY}/NOTICE": b"!"}
    for name in (NAME, VAE):
        files |= {f"{REPOSITORY}/{name}/config.yaml": b"{}", f"{REPOSITORY}/{name}/model.fp16.safetensors": WEIGHTS}
    preferences().models_folder = str(folder)
    system = bpy.context.preferences.system
    system.use_online_access = True
    with running(Hub(files=files)) as made:
        preferences().hub = made.endpoint
        yield made
    system.use_online_access = False


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The add-on's session, in a Blender where operators are invoked as by their buttons: without windows it executes them."""
    operator = extension("addon.ui.operators.models").FLASHVDM_OT_model_get
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    return extension("addon.session.session").session


def ask(session: Session) -> None:
    """Press Download, and wait for the licence."""
    assert bpy.ops.flashvdm.model_get(model=NAME) == {"FINISHED"}
    tick_until(session, lambda: not session.models.running)
    assert session.models.stage == "asking"


def accept(session: Session) -> None:
    """Read the licence and accept it."""
    bpy.ops.flashvdm.model_licence()
    bpy.ops.flashvdm.model_accept()


def test_the_licence_is_shown_before_anything_else_comes(hub: Hub, session: Session, folder: Path) -> None:
    ask(session)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["LICENSE", "NOTICE"]
    with pytest.raises(RuntimeError, match="Read the licence first"):
        bpy.ops.flashvdm.model_accept()
    accept(session)
    assert TERMS in bpy.data.texts[-1].as_string()
    tick_until(session, lambda: not session.models.running)
    for name in (NAME, VAE):
        assert (folder / name / "model.fp16.safetensors").read_bytes() == WEIGHTS
        assert (folder / name / "LICENSE").read_text(encoding="utf-8") == TERMS
    assert bpy.context.scene.flashvdm.model == str(folder / NAME)


def test_a_paused_download_goes_on_where_it_stopped(hub: Hub, session: Session, folder: Path) -> None:
    hub.rate = 200_000
    ask(session)
    accept(session)
    tick_until(session, lambda: session.models.fraction > 0.1)
    assert " of 1.02 MB, " in session.models.text
    bpy.ops.flashvdm.model_pause()
    tick_until(session, lambda: not session.models.running)
    assert session.models.stage == "paused"
    assert bpy.context.scene.flashvdm.model == "embedded"
    hub.rate = 0
    bpy.ops.flashvdm.model_get(model=NAME)
    tick_until(session, lambda: not session.models.running)
    assert session.models.stage == "done"
    assert [request.headers.get("Range") is None for request in hub.asked("storage")] == [True, False, True]


def test_a_failure_is_the_servers_sentence_and_can_be_tried_again(hub: Hub, session: Session, folder: Path) -> None:
    hub.faults = [lambda handler: handler.refuse(403)]
    bpy.ops.flashvdm.model_get(model=NAME)
    tick_until(session, lambda: not session.models.running)
    assert session.models.stage == "failed"
    assert "does not allow LICENSE to be downloaded (403)" in session.models.error
    hub.faults = []
    ask(session)
    bpy.ops.flashvdm.model_dismiss()
    assert session.models.stage == "nothing"


def test_without_online_access_nothing_is_asked_of_the_network(hub: Hub, session: Session) -> None:
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="work offline"):
        bpy.ops.flashvdm.model_get(model=NAME)
    assert hub.requests == []


def test_a_script_downloads_chooses_and_removes(extension: Import, hub: Hub, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="not licensed in the European Union"):
        bpy.ops.flashvdm.model_get(model=NAME)
    assert hub.requests == []
    assert bpy.ops.flashvdm.model_get(model=NAME, accept_licence=True) == {"FINISHED"}
    assert bpy.ops.flashvdm.model_choose(model="") == {"FINISHED"}
    assert bpy.context.scene.flashvdm.model == "embedded"
    assert bpy.ops.flashvdm.model_choose(model=NAME) == {"FINISHED"}
    assert bpy.context.scene.flashvdm.model == str(folder / NAME)
    assert bpy.ops.flashvdm.model_remove(model=NAME) == {"FINISHED"}
    assert list(folder.iterdir()) == []
    assert bpy.context.scene.flashvdm.model == "embedded"


def test_a_downloaded_model_makes_a_mesh(extension: Import, hub: Hub) -> None:
    """With the real worker, and the built-in model in place of the published one."""
    # Without its decoder in a file of its own, which no published model has.
    config = (ROOT / "flashvdm_core" / "embedded" / "config.yaml").read_text(encoding="utf-8")
    hub.files[f"{REPOSITORY}/{NAME}/config.yaml"] = re.sub(r"(?m)^pixel_aligned:\n( .*\n)*", "", config).encode()
    hub.files[f"{REPOSITORY}/{NAME}/model.fp16.safetensors"] = ROOT / "flashvdm_core" / "embedded" / "model.safetensors"
    hub.hashes.clear()
    preferences().python = os.environ.get("FLASHVDM_PYTHON") or sys.executable
    bpy.ops.flashvdm.model_get(model=NAME, accept_licence=True)
    image = str(ROOT / "docs" / "images" / "sample.png")
    bpy.ops.flashvdm.generate(filepath=image, resolution=16, steps=1, colours=False, device="cpu")
    assert len(bpy.context.object.data.polygons) > 50
    assert bpy.context.object.flashvdm.model == NAME


@pytest.mark.timeout(300)  # a worker of its own, which loads PyTorch: slow where other programs use the machine
def test_a_folder_in_the_layout_of_diffusers_makes_a_mesh(extension: Import, tmp_path: Path) -> None:
    """With the real worker, and a tiny TripoSG as it is published."""
    preferences().python = python = os.environ.get("FLASHVDM_PYTHON") or sys.executable
    folder = tmp_path / "Modell" / "TripoSG"
    code = "import sys; from pathlib import Path; from tests.core.tiny_triposg import write_tiny_triposg as write"
    # Blender's own Python has no PyTorch to write it with.
    subprocess.run([python, "-c", f"{code}; write(Path(sys.argv[1]))", folder], cwd=ROOT, check=True)
    bpy.context.scene.flashvdm.model = str(folder.parent)
    image = str(ROOT / "docs" / "images" / "sample.png")
    bpy.ops.flashvdm.generate(filepath=image, resolution=16, steps=1, colours=False, device="cpu")
    assert len(bpy.context.object.data.polygons) > 50
    assert bpy.context.object.flashvdm.model == "TripoSG"
    bpy.context.scene.flashvdm.model = "embedded"


def test_the_doctor_tells_what_is_here_and_what_only_in_part(extension: Import, hub: Hub, folder: Path) -> None:
    bpy.ops.flashvdm.model_get(model=VAE, accept_licence=True)
    (folder / NAME).mkdir()
    (folder / NAME / "model.fp16.safetensors.part").write_bytes(b"some")
    found = [f"{finding.text}. {finding.remedy}" for finding in extension("addon.session.doctor")._examine_models()]
    assert any("downloaded: Hunyuan3D-2 turbo VAE" in text for text in found)
    assert any("only a part is here of Hunyuan3D-2 turbo. Press Resume" in text for text in found)


def test_a_model_that_does_not_exist(extension: Import, hub: Hub) -> None:
    with pytest.raises(RuntimeError, match="There is no model 'nothing'"):
        bpy.ops.flashvdm.model_get(model="nothing", accept_licence=True)
    with pytest.raises(RuntimeError, match="There is no model 'nothing'"):
        bpy.ops.flashvdm.model_remove(model="nothing")
