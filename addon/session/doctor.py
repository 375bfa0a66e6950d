"""What is right and wrong here: the lines about Blender, and those of the core's doctor on the worker's interpreter."""

import json
import platform
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from ...flashvdm_core import __version__
from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.doctor.findings import Finding, as_text, error, findings_of, ok, warning, worst
from ...flashvdm_core.doctor.places import examine_folder
from ..blender.window import redraw_panels
from ..link.core_process import CoreProcess
from ..settings.preferences import ROOT_PACKAGE, preferences
from ..settings.properties import scene_settings
from . import session

TICK_SECONDS = 0.2
_LIMIT_SECONDS = 180.0
_ROOT = Path(__file__).parents[2]


@dataclass
class Examination:
    """The one examination: under way while `process` is there, else as it ended."""

    findings: list[Finding] = field(default_factory=list)
    process: CoreProcess | None = None

    @property
    def text(self) -> str:
        """The report as text, for a bug report; "" before the first examination."""
        return as_text(self.findings) if self.findings else ""


examination = Examination()


def start(model: str | None = None, device: str | None = None) -> None:
    """Begin: the lines about Blender at once, those of the core as `step` reads them.

    Args:
        model: to be examined beside the built-in one; None: the scene's.
        device: the setting to be examined; None: that of the preferences.
    """
    stop()
    scene = bpy.context.scene
    if model is None:
        model = bpy.path.abspath(scene_settings(scene).model) if scene is not None else ""
    examination.findings = findings_of([("Blender", _examine_blender), ("Folder", _examine_user_folder)])
    arguments = ["doctor", "--json", f"--model={model or 'embedded'}", f"--device={device or preferences().device}"]
    try:
        examination.process = CoreProcess(session.launch(), arguments)
    except WorkerError as problem:
        _add(error("Python", str(problem), "Install PyTorch, or choose a Python that has it, in the add-on's preferences."))


def step() -> bool:
    """Take what the core has said; whether it is still under way."""
    process = examination.process
    if process is None:
        return False
    lines = process.poll()
    for line in lines:
        _take(line)
    if process.status is None and process.seconds > _LIMIT_SECONDS:
        process.close()
        _add(error("Python", f"no answer within {_LIMIT_SECONDS:.0f} s", "Choose another Python in the add-on's preferences."))
        examination.process = None
    elif process.status is not None:
        if not any(finding.topic == "FlashVDM" for finding in examination.findings):
            _add(
                error(
                    "Python", f"it cannot run FlashVDM ({process.last_words[:300]})", "Choose another Python in the preferences."
                )
            )
        examination.process = None
    return examination.process is not None


def run(model: str | None = None, device: str | None = None) -> list[Finding]:
    """The whole examination, without returning to Blender before."""
    start(model, device)
    while step():
        time.sleep(0.02)
    return examination.findings


def run_live() -> None:
    """The whole examination, moved on by a timer."""
    start()
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_SECONDS, persistent=True)


def tick() -> float | None:
    """One step, from the timer."""
    going_on = step()
    if not going_on:
        redraw_panels()
    return TICK_SECONDS if going_on else None


def stop() -> None:
    """Forget what was found, and end what is under way."""
    if examination.process is not None:
        examination.process.close()
    examination.process, examination.findings = None, []


def status() -> str:
    """The worst that was found: "ok", "warning" or "error"."""
    return str(worst(examination.findings))


def _take(line: str) -> None:
    try:
        report: Any = json.loads(line)
        found = [Finding.from_json(entry) for entry in report["findings"]]
        version = str(report["version"])
    except (ValueError, KeyError, TypeError):
        return  # a library may print, too
    _add(*found)
    if version != __version__:
        remedy = "Remove the other flashvdm_core from this Python, or install the extension again."
        _add(error("Versions", f"the extension is {__version__}, its worker {version}", remedy))


def _add(*found: Finding) -> None:
    examination.findings += findings_of([("Python", lambda: found)])


def _examine_blender() -> list[Finding]:
    found = [ok("Blender", f"{bpy.app.version_string}, Python {platform.python_version()}, {sys.platform}")]
    installed = str(tomllib.loads((_ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    if installed != __version__:
        text = f"the manifest says {installed}, the program is {__version__}"
        found.append(error("Versions", text, "Restart Blender; if it stays, install the extension again."))
    try:
        chosen = session.runtime()
        found.append(ok("Interpreter", f"{chosen.python} ({chosen.origin})"))
    except WorkerError as problem:
        found.append(error("Interpreter", str(problem), "The README of FlashVDM describes how to install PyTorch."))
    if not bpy.app.online_access:
        found.append(ok("Network", "Blender works offline; FlashVDM needs the network for downloads alone"))
    if preferences().idle_minutes == 0:
        remedy = "Set End When Idle in the preferences, or press Release Memory before a render."
        found.append(warning("Memory", "the worker never gives its memory back by itself", remedy))
    return found


def _examine_user_folder() -> list[Finding]:
    folder = Path(bpy.utils.extension_path_user(ROOT_PACKAGE, create=True))
    return list(examine_folder("Extension folder", folder))


def unregister() -> None:
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    stop()


CLASSES: tuple[type, ...] = ()
