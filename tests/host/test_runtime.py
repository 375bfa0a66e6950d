"""Which Python runs the worker."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .conftest import ROOT, Import


@pytest.mark.parametrize(
    "python", ["//tools/python", "tools/python", "python", "./python", "../python", '"//tools/python"', " python "]
)
def test_a_relative_path_is_refused_wherever_it_comes_from(
    extension: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    """It would run a program that lies beside whatever file or folder is open."""
    runtime = extension("addon.link.runtime")
    error = extension("flashvdm_core.api.errors").WorkerError
    for planted in ("python", "tools/python"):
        (tmp_path / planted).parent.mkdir(exist_ok=True)
        (tmp_path / planted).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match="whole path in the add-on's preferences"):
        runtime.find_runtime(python)
    monkeypatch.setenv("FLASHVDM_PYTHON", python)
    with pytest.raises(error, match="whole path in FLASHVDM_PYTHON"):
        runtime.find_runtime("")


@pytest.mark.parametrize("text", ["{}", '"{}"', " {}\n", "file://{}", "'{}'"])
def test_a_pasted_path_and_a_virtual_environment_are_taken(extension: Import, tmp_path: Path, text: str) -> None:
    python = tmp_path / "my venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    find = extension("addon.link.runtime").find_runtime
    for chosen in (python, python.parent, python.parent.parent):
        assert find(text.format(chosen)).python == str(python)
    with pytest.raises(extension("flashvdm_core.api.errors").WorkerError, match="does not exist"):
        find(str(tmp_path))


def test_processes_are_started_in_one_place() -> None:
    """Whoever starts a process elsewhere in the add-on goes around what keeps planted code out."""
    starters = {
        path.name
        for path in (ROOT / "addon").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("Popen", "run", "call", "check_output", "system", "startfile", "spawnv")
        if isinstance(node.value, ast.Name) and node.value.id in ("subprocess", "os")
    }
    assert starters == {"child_process.py"}
