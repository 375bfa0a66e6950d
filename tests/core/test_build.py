"""The build: what goes into the extension, how environments are made, and that a failure is seen."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder import checks, environments, extension
from builder import uv as builder_uv
from builder.environments import MAIN, ROOT, BuildError, Environment, find_python, python_version
from flashvdm_core.setup.lists import listed_builds


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of requirement files in place of the project's: nothing to install, so pip needs no network."""
    folder = tmp_path / "requirements"
    folder.mkdir()
    for name in ("constraints.txt", "torch.txt", "some.txt"):
        (folder / name).write_text("# nothing\n", encoding="utf-8")
    monkeypatch.setattr(environments, "REQUIREMENTS", folder)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "venv", (sys.version_info.major, sys.version_info.minor), (("some.txt",),))


def test_an_environment_is_made_once_and_again_when_a_pin_changes_and_never_taken_for_done_before(
    environment: Environment, requirements: Path
):
    (requirements / "some.txt").write_text("./no-such-package-here\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"some\.txt could not be installed"):
        environment.ensure()
    assert not environment.ready()
    (requirements / "some.txt").write_text("# nothing\n", encoding="utf-8")
    assert not environment.ready()
    python = environment.ensure()
    assert python_version(python) == environment.version
    assert environment.ready()
    (requirements / "some.txt").write_text("# another pin\n", encoding="utf-8")
    assert not environment.ready()
    environment.ensure()
    assert environment.ready()


def test_a_python_that_is_nowhere_is_named(tmp_path: Path):
    assert find_python((2, 99)) is None
    with pytest.raises(BuildError, match=r"Python 2\.99 was not found"):
        Environment(tmp_path / "venv", (2, 99), ()).ensure()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_shim_that_runs_nothing_is_no_python(tmp_path: Path):
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    assert python_version(shim) is None
    assert python_version(tmp_path / "missing") is None
    assert python_version(Path(sys.executable)) == sys.version_info[:2]


def test_every_package_is_pinned_and_torch_in_one_place_and_first():
    for path in (ROOT / "requirements").glob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        assert lines, path.name
        assert all(re.fullmatch(r'[\w.-]+==[\w.]+(; (\w+ [<>=]+ "[\w.]+"( and )?)+)?', line) for line in lines), path.name
    named = [
        path for path in (ROOT / "requirements").glob("*.txt") if re.search(r"(?m)^torch==", path.read_text(encoding="utf-8"))
    ]
    assert [path.name for path in named] == ["torch.txt"]
    assert MAIN.installs[0] == ("torch.txt",)


def test_the_staged_tree_holds_what_runs_and_nothing_else(tmp_path: Path):
    (tmp_path / "flashvdm").mkdir()
    (tmp_path / "flashvdm" / "old.py").write_text("", encoding="utf-8")
    tree = extension.stage(tmp_path)
    assert tree == tmp_path / "flashvdm"
    files = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "addon/__init__.py", "flashvdm_core/__init__.py"} <= files
    assert "flashvdm_core/worker/__main__.py" in files
    assert {"README.md", "docs/set_up.md", "docs/models.md"} <= files, "who has the zip has the manual"
    for path in files:
        assert not re.search(r"(^|/)(__pycache__|lab|tests|\.[^/]*)(/|$)|\.pyc$|old\.py", path), path


def test_the_core_works_in_the_staged_tree_alone(tmp_path: Path):
    """The import that the worker makes in an installed extension needs nothing that staging leaves out."""
    tree = extension.stage(tmp_path)
    code = "import flashvdm_core.pipeline.pipeline, flashvdm_core.worker.__main__, flashvdm_core.__main__"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def uv(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for uv, which comes from the network."""

    def folder(platform: str) -> Path:
        made = tmp_path_factory.mktemp("uv")
        (made / "uv").write_text(f"uv for {platform}")
        (made / "uv.sha256").write_text("0" * 64)
        (made / ".pin").touch()
        return made

    monkeypatch.setattr(builder_uv, "uv_folder", folder)


def test_the_zips_are_valid_for_blenders_own_checker(tmp_path: Path, uv: None):
    """Runs the builder of the bpy wheel: one zip for everybody, and one that names each platform alone."""
    (tmp_path / "flashvdm-0.0.1.zip").write_bytes(b"old")
    platforms = (extension.PLATFORMS[0], extension.PLATFORMS[-1])  # all are built in the same way
    zips = extension.build_zips(tmp_path, platforms)
    assert {path.name for path in zips} == {path.name for path in tmp_path.glob("*.zip")}
    manifests = [read_manifest(path) for path in zips]
    # What the builder generates overrides what the manifest lists.
    generated = [manifest.pop("build", {}).get("generated", {}).get("platforms") for manifest in manifests]
    assert sorted(generated, key=str) == sorted([None, *([name] for name in platforms)], key=str)
    source = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    for manifest in manifests:
        assert len(manifest.pop("platforms", ["all"])) == 1
        assert manifest == source
    for path in zips:
        platform = next((name for name in platforms if name.replace("-", "_") in path.name), "")
        with zipfile.ZipFile(path) as archive:
            names = {name for name in archive.namelist() if "/." not in name}
            carried = {name for name in names if name.startswith("uv/")}
            assert carried == ({"uv/uv", "uv/uv.sha256"} if platform else set())
            assert not platform or archive.read("uv/uv").decode() == f"uv for {platform}"
        lists = {Path(name).stem for name in names if name.startswith("requirements/runtime/") and name.endswith(".txt")}
        assert lists == {name for name in listed_builds() if name.startswith(f"{platform}-" if platform else "")}


def read_manifest(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return tomllib.loads(archive.read("blender_manifest.toml").decode())


def test_a_step_that_fails_or_hangs_fails_the_run(capsys: pytest.CaptureFixture[str]):
    passing = checks._run(checks.Step("good", (sys.executable, "-c", "pass")))
    failing = checks._run(checks.Step("bad", (sys.executable, "-c", "raise SystemExit(3)")))
    hanging = checks._run(checks.Step("stuck", (sys.executable, "-c", "import time; time.sleep(600)"), limit=0.5))
    assert [outcome.state for outcome in (passing, failing, hanging)] == ["passed", "FAILED", "FAILED"]
    assert checks._report([passing]) == 0
    assert checks._report([passing, checks.Outcome("absent", "not run", note="no Python")]) == 0
    assert checks._report([passing, failing, hanging]) == 1
    assert "2 failed: bad, stuck" in capsys.readouterr().out


def test_a_newest_blender_that_cannot_be_set_up_is_said_in_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "NEWEST", Environment(tmp_path / "venv", (2, 99), ()))
    missing = checks._newest_blender()
    assert missing is not None
    assert (missing.state, "NOT tested" in missing.note) == ("not run", True)
    monkeypatch.setattr(checks, "find_python", lambda version: Path(sys.executable))
    failed = checks._newest_blender()
    assert failed is not None
    assert (failed.state, "was not found" in failed.note) == ("FAILED", True)


def test_the_demo_names_an_image_that_is_missing():
    ended = subprocess.run(
        [sys.executable, ROOT / "build.py", "demo", "no/such/image.png"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "does not exist" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("flashvdm_core.training", "flashvdm_core.lab.training"),
        ("flashvdm_core.training.prepare", "flashvdm_core.lab.data.prepare"),
        ("flashvdm_core.training.pack", "flashvdm_core.lab.data.pack"),
        ("flashvdm_core.evaluation", "flashvdm_core.lab.evaluation"),
        ("flashvdm_core.bench", "flashvdm_core.lab.bench"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # other tests have imported what is run here
def test_commands_under_former_names_work_and_say_where_they_went(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", [old, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(old, run_name="__main__", alter_sys=True)
    assert not ended.value.code
    out, error = capsys.readouterr()
    assert f"usage: python -m {new}" in out
    assert f"python -m {old} is now python -m {new}" in error
