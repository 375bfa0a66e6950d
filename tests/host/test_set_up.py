"""Set Up in the panels and the preferences, against a script that stands in for the core's command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .bpy_mock import Host
from .conftest import Blender

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

PLAN = {
    "event": "plan", "build": "linux-x64-cpu", "label": "NVIDIA graphics cards (CUDA 13.0)", "note": "A newer driver is better.",
    "items": [{"name": "PyTorch 2.13.0", "size": 300 << 20}, {"name": "15 packages", "size": 30 << 20}],
    "download": 330 << 20, "disk": 1 << 30,
}  # fmt: skip
STEP = {"event": "step", "name": "Packages", "number": 3, "count": 5, "fraction": 0.4, "done": 100 << 20, "size": 330 << 20}
DONE = {"event": "done", "idle_card": False, "device": "cuda:0", "torch": "2.13.0", "python": "x"}


def labels(shown: list[tuple[str, str]]) -> str:
    return " ".join(text for what, text in shown if what == "label")


@pytest.fixture
def bare(blender: Blender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Blender:
    """Nothing can run the model, and Set Up asks `python` in the test's folder."""
    monkeypatch.delenv("FLASHVDM_PYTHON", raising=False)
    monkeypatch.setattr(blender.extension("addon.link.runtime").importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(blender.extension("addon.session.set_up").sys, "executable", str(tmp_path / "python"))
    blender.host.context.region.width = 3000
    answers(tmp_path, [PLAN], [STEP, DONE])
    return blender


def answers(folder: Path, plan: list[Any], work: list[Any], status: int = 0, wait: str = "") -> None:
    """What the command says when it is asked for the plan, and when it works."""

    def echo(events: list[Any]) -> str:
        return "".join(f"echo '{json.dumps(event)}'\n" for event in events)

    python = folder / "python"
    script = (
        f'echo "$@" >> "{folder}/asked"\ncase "$*" in *--plan*)\n{echo(plan)};; *)\n{echo(work)}{wait}\nexit {status};; esac\n'
    )
    python.write_text(f"#!/bin/sh\n{script}")
    python.chmod(0o755)


def over(blender: Blender) -> bool:
    return not blender.session.set_up.running


def test_it_says_what_it_would_download_and_asks(bare: Blender, tmp_path: Path) -> None:
    bare.press("flashvdm.set_up")
    assert "Looking at this machine" in labels(bare.drawn())
    bare.until(lambda: over(bare))
    shown = bare.drawn()
    for text in (
        "PyTorch for NVIDIA graphics cards (CUDA 13.0)",
        "A newer driver is better.",
        "PyTorch 2.13.0",
        "0.3 GiB",
        "1.0 GiB",
    ):
        assert text in labels(shown)
    assert ("operator", "flashvdm.set_up_agree") in shown
    assert ("operator", "flashvdm.set_up") not in shown
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 1, "nothing is done before somebody agrees"
    assert asked[0].endswith(f"setup {tmp_path / 'user' / 'runtime'} --json --plan")
    bare.press("flashvdm.set_up_cancel")
    assert ("operator", "flashvdm.set_up") in bare.drawn()


def test_progress_and_the_end(bare: Blender, tmp_path: Path) -> None:
    answers(tmp_path, [PLAN], [STEP], wait="cat > /dev/null")
    bare.press("flashvdm.set_up")
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up_agree")
    bare.until(lambda: bare.session.set_up.size > 0)
    assert dict(bare.drawn())["progress"] == "3/5  Packages   100 MiB of 0.3 GiB"
    answers(tmp_path, [PLAN], [STEP, DONE])
    bare.press("flashvdm.set_up_cancel")
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up")
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up_agree")
    bare.until(lambda: over(bare))
    assert "PyTorch 2.13.0 is set up and runs on cuda:0" in labels(bare.drawn())


def test_a_card_that_stays_idle_is_told_of_where_generate_is(bare: Blender, tmp_path: Path) -> None:
    answers(tmp_path, [PLAN], [STEP, DONE | {"device": "cpu", "idle_card": True}])
    bare.session.run_set_up(True)
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up_agree")
    bare.until(lambda: over(bare))
    bare.work_with("good")
    assert "is set up, but not for this graphics card: press System Check" in labels(bare.drawn())


def test_cancelled_it_says_that_it_goes_on(bare: Blender, tmp_path: Path) -> None:
    answers(tmp_path, [PLAN], [STEP, {"event": "cancelled"}], status=130, wait="cat > /dev/null")
    bare.session.run_set_up(True)
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up_agree")
    bare.until(lambda: bare.session.set_up.size > 0)
    bare.press("flashvdm.set_up_cancel")
    bare.until(lambda: over(bare))
    assert "Cancelled; Set Up goes on from here" in labels(bare.drawn())


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([{"event": "error", "message": "The disk is full; free some space."}], "The disk is full"),
        (["odd"], "Set Up broke off (exit status 1)"),
    ],
)
def test_a_failure_is_its_sentence_with_the_log(bare: Blender, tmp_path: Path, events: list[Any], words: str) -> None:
    answers(tmp_path, [PLAN], events, status=1)
    assert bare.press("flashvdm.set_up", build="linux-x64-cpu").finished
    bare.until(lambda: over(bare))
    bare.press("flashvdm.set_up_agree")
    bare.until(lambda: over(bare))
    shown = bare.drawn()
    assert words in labels(shown)
    assert {("operator", "flashvdm.set_up_log"), ("operator", "flashvdm.set_up")} <= set(shown)
    assert "--build=linux-x64-cpu" in (tmp_path / "asked").read_text().splitlines()[-1]


def test_without_leave_nothing_goes_to_the_network(
    bare: Blender, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = sys.modules["bpy"].app
    monkeypatch.setattr(app, "online_access", False)
    pressed = bare.press("flashvdm.set_up")
    assert not pressed.finished
    assert "Allow Online Access" in pressed.reports[0][1]
    monkeypatch.setattr(app, "online_access_override", True, raising=False)
    assert "started without network" in bare.press("flashvdm.set_up").reports[0][1]
    assert not (tmp_path / "asked").exists()
    assert bare.press("flashvdm.set_up", directory=str(tmp_path)).finished, "a folder needs none"
    bare.until(lambda: over(bare))
    assert f"--bundle={tmp_path}" in (tmp_path / "asked").read_text()
    assert not bare.press("flashvdm.set_up_agree").finished, "this offer would download something"


def test_what_was_set_up_is_used_unless_another_was_chosen(bare: Blender, tmp_path: Path) -> None:
    home = bare.extension("addon.session.interpreter").home()
    python = home.environments / "a" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    installed = bare.extension("flashvdm_core.setup.home").Installed(
        "a", str(python), str(python), "linux-x64-cpu", "old", "2.13.0", "cpu", "0.1.0", "2026-11-30"
    )
    home.count(installed)
    interpreter = bare.extension("addon.session.interpreter")
    assert interpreter.runtime().python == str(python)
    bare.preferences.draw(bare.host.context)
    shown = bare.preferences.layout.drawn
    assert "PyTorch 2.13.0, tried out on cpu" in labels(shown)
    assert {
        ("operator", "flashvdm.set_up"),
        ("operator", "flashvdm.set_up_remove"),
        ("operator", "flashvdm.set_up_from_folder"),
    } <= set(shown)
    bare.session.doctor.start()
    (finding,) = [found for found in bare.session.doctor.findings if found.topic == "Set Up"]
    assert finding.status == "warning", "its list is not today's"
    bare.session.doctor.stop()
    bare.work_with("good")
    assert interpreter.runtime().python != str(python)


def test_nothing_is_built_on_blenders_own_python(bare: Blender, tmp_path: Path) -> None:
    pressed = bare.press("flashvdm.set_up", python=str(tmp_path / "python"))
    assert not pressed.finished
    assert "Blender's own Python" in pressed.reports[0][1]
    assert not (tmp_path / "asked").exists()


def test_a_script_waits_for_the_end(bare: Blender, tmp_path: Path) -> None:
    operators = bare.extension("addon.ui.operators.set_up")
    operator = operators.FLASHVDM_OT_set_up(directory="", build="", python="", index="")
    assert operator.execute(bare.host.context) == {"FINISHED"}
    assert operator.reports == [({"INFO"}, "PyTorch 2.13.0 is set up and runs on cuda:0")]
    answers(tmp_path, [{"event": "error", "message": "PyTorch needs macOS 14 or later."}], [], status=0)
    operator = operators.FLASHVDM_OT_set_up(directory="", build="", python="", index="")
    assert operator.execute(bare.host.context) == {"CANCELLED"}
    assert operator.reports == [({"ERROR"}, "PyTorch needs macOS 14 or later.")]
