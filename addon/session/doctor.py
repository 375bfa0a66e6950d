"""What is right and wrong here: the lines about Blender, and those of the core's doctor on the worker's interpreter."""

import platform
import sys
import tomllib
from pathlib import Path
from typing import Any

import bpy

from ...flashvdm_core import __version__
from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.fields import parse_json
from ...flashvdm_core.checkpoints.library import kept
from ...flashvdm_core.checkpoints.registry import KNOWN
from ...flashvdm_core.doctor.findings import Finding, as_text, error, findings_of, ok, warning, worst
from ...flashvdm_core.doctor.places import examine_folder
from ...flashvdm_core.setup.install import outdated
from ..link.core_process import CoreProcess
from ..settings.given import absolute_model
from ..settings.preferences import ROOT_PACKAGE, preferences
from ..settings.properties import scene_settings
from . import interpreter
from .models import models_folder
from .watched import WatchedCommand

_LIMIT_SECONDS = 180.0
_ROOT = Path(__file__).parents[2]


class Doctor(WatchedCommand):
    """The one examination: under way while it is `running`, else as it ended.

    Attributes:
        findings: what was found so far.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        super().__init__()

    @property
    def shown(self) -> object:
        """Whether there is a report."""
        return self.running

    @property
    def text(self) -> str:
        """The report as text, for a bug report; "" before the first examination."""
        return as_text(self.findings) if self.findings else ""

    @property
    def status(self) -> str:
        """The worst that was found: "ok", "warning" or "error"."""
        return str(worst(self.findings))

    def start(self, model: str | None = None, device: str | None = None) -> None:
        """Begin: the lines about Blender at once, those of the core as `step` reads them.

        Args:
            model: to be examined beside the built-in one; None: the scene's.
            device: the setting to be examined; None: that of the preferences.
        """
        self.stop()
        scene = bpy.context.scene
        if model is None:
            model = scene_settings(scene).model if scene is not None else ""
        self.findings = findings_of(
            [("Blender", _examine_blender), ("Folder", _examine_user_folder), ("Models", _examine_models)]
        )
        arguments = ["doctor", "--json", f"--model={absolute_model(model)}", f"--device={device or preferences().device}"]
        try:
            self._process = CoreProcess(interpreter.launch(), arguments)
        except WorkerError as problem:
            remedy = "Press Set Up, or choose a Python that has PyTorch, in the preferences."
            self._add(error("Python", str(problem), remedy))

    def step(self) -> bool:
        """Take what the core has reported; whether it is still under way."""
        if super().step() and self._process is not None and self._process.seconds > _LIMIT_SECONDS:
            super().stop()
            text = f"no answer within {_LIMIT_SECONDS:.0f} s"
            self._add(error("Python", text, "Choose another Python in the add-on's preferences."))
        return self.running

    def fail(self, message: str, details: str) -> None:
        """What was found stays, with the trouble below."""
        findings = self.findings
        self.stop()
        self.findings = findings
        self._add(error("Blender", message, "Copy the text of Blender's console into a bug report."))

    def stop(self) -> None:
        """Forget what was found, and end what is under way."""
        super().stop()
        self.findings = []

    def _take(self, line: str) -> None:
        report: Any = parse_json(line)
        found = [Finding.from_json(entry) for entry in report["findings"]]
        version = str(report["version"])
        self._add(*found)
        if version != __version__:
            remedy = "Remove the other flashvdm_core from this Python, or install the extension again."
            self._add(error("Versions", f"the extension is {__version__}, its worker {version}", remedy))

    def _ended(self, process: CoreProcess) -> None:
        if not any(finding.topic == "FlashVDM" for finding in self.findings):
            text = f"it cannot run FlashVDM ({process.last_words[:300]})"
            self._add(error("Python", text, "Choose another Python in the preferences."))

    def _add(self, *found: Finding) -> None:
        self.findings += findings_of([("Python", lambda: found)])


def _examine_blender() -> list[Finding]:
    found = [ok("Blender", f"{bpy.app.version_string}, Python {platform.python_version()}, {sys.platform}")]
    installed = str(tomllib.loads((_ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    if installed != __version__:
        text = f"the manifest says {installed}, the program is {__version__}"
        found.append(error("Versions", text, "Restart Blender; if it stays, install the extension again."))
    try:
        chosen = interpreter.runtime()
        found.append(ok("Interpreter", f"{chosen.python} ({chosen.origin})"))
    except WorkerError as problem:
        found.append(error("Interpreter", str(problem), "Press Set Up, or choose a Python that has PyTorch, in the preferences."))
    made = interpreter.home().installed()
    if made is not None:
        text = f"{made.build}, PyTorch {made.torch}, tried out on {made.device} at {made.verified}"
        remedy = "Press Update in the preferences."
        found.append(
            warning("Set Up", f"{text}; its packages have changed since", remedy) if outdated(made) else ok("Set Up", text)
        )
    if not bpy.app.online_access:
        found.append(ok("Network", "Blender works offline, and so does FlashVDM"))
    if preferences().idle_minutes == 0:
        remedy = "Set Unload After Idle in the preferences, or press Unload Model before a render."
        found.append(warning("Memory", "the model is never unloaded by itself", remedy))
    return found


def _examine_user_folder() -> list[Finding]:
    folder = Path(bpy.utils.extension_path_user(ROOT_PACKAGE, create=True))
    return list(examine_folder("Extension folder", folder))


def _examine_models() -> list[Finding]:
    """What was downloaded: whether it is whole, and whether more can come."""
    folder = models_folder()
    found = list(examine_folder("Models", folder)) if preferences().models_folder else []
    state = {checkpoint.title: kept(checkpoint, folder) for checkpoint in KNOWN.values()}
    whole = [title for title, is_kept in state.items() if is_kept.whole]
    parts = [title for title, is_kept in state.items() if is_kept.bytes and not is_kept.whole]
    if whole:
        found.append(ok("Models", f"downloaded: {', '.join(whole)}"))
    if parts:
        remedy = "Press Resume or remove it in the preferences of FlashVDM, under Models."
        found.append(warning("Models", f"only a part is here of {', '.join(parts)}", remedy))
    return found
