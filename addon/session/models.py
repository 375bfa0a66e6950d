"""The public models: what of them is on this machine, and the one that is being downloaded.

The core's `models` command does the work, on Blender's own Python: nothing but the standard library is needed.
"""

import time
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import Any

import bpy

from ...flashvdm_core.api.errors import DownloadError
from ...flashvdm_core.api.fields import parse_json
from ...flashvdm_core.checkpoints.library import Kept, kept, remove_model
from ...flashvdm_core.checkpoints.registry import KNOWN, KnownCheckpoint
from ...flashvdm_core.download.files import readable
from ..blender.texts import interface
from ..link.core_process import CoreProcess
from ..settings.preferences import ROOT_PACKAGE, preferences
from ..settings.properties import scene_settings
from . import interpreter
from .watched import WatchedCommand

_KEPT_SECONDS = 2.0
_RATE_SECONDS = 5.0


class Stage(StrEnum):
    """How far the one download is."""

    NOTHING = "nothing"
    LICENCE = "licence"
    """Its licence is on the way."""
    ASKING = "asking"
    """Its licence is here, and is to be accepted."""
    DOWNLOADING = "downloading"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


_UNDER_WAY = (Stage.LICENCE, Stage.DOWNLOADING)


def models_folder() -> Path:
    """Where models are kept."""
    chosen = preferences().models_folder
    path = bpy.path.abspath(chosen) if chosen else bpy.utils.extension_path_user(ROOT_PACKAGE, path="models", create=False)
    return Path(path).expanduser()


class Models(WatchedCommand):
    """The models on this machine, and the one download.

    Attributes:
        name: of the model that is downloaded.
        stage: how far that is.
        licence: the file with its terms, once they are here.
        licence_shown: the user has opened them.
        error: why it failed, as a sentence.
    """

    def __init__(self) -> None:
        self.name, self.stage, self.error = "", Stage.NOTHING, ""
        self.licence: Path | None = None
        self.licence_shown = False
        super().__init__()
        self._bytes, self._total = 0, 0
        self._step = ""
        self._came: deque[tuple[float, int]] = deque()
        self._kept: tuple[float, dict[str, Kept]] = -1e9, {}

    @property
    def fraction(self) -> float:
        """Share of the bytes that are here."""
        return min(self._bytes / self._total, 1.0) if self._total else 0.0

    @property
    def shown(self) -> object:
        return self.stage, self.text

    @property
    def text(self) -> str:
        """How far it is, in a few words."""
        if not self._total:
            return interface("Asking the server")
        done = interface("{done} of {total}", done=readable(self._bytes), total=readable(self._total))
        match self._step:
            case "checking":
                return f"{interface('Checking')}: {done}"
            case "waiting":
                return f"{interface('Waiting for the server')}: {done}"
            case _:
                return f"{done}, {readable(round(self._rate()))}/s" if self.stage is Stage.DOWNLOADING else done

    @property
    def folder(self) -> Path:
        """Where models are kept."""
        return models_folder()

    def kept(self, checkpoint: KnownCheckpoint) -> Kept:
        """What of a model is here, for the panels, which ask at every draw: looked at again after some seconds."""
        then, found = self._kept
        if time.monotonic() - then > _KEPT_SECONDS:
            found = {}
            self._kept = time.monotonic(), found
        if checkpoint.name not in found:
            found[checkpoint.name] = kept(checkpoint, self.folder)
        return found[checkpoint.name]

    def start(self, name: str, accepted: bool = False) -> None:
        """Begin with the licence of a model, or with its weights where it was accepted, now or at an earlier download.

        Raises:
            DownloadError: Blender is set to work offline, or something is on the way.
            WorkerError: Blender's Python cannot be run.
        """
        if not bpy.app.online_access:
            raise DownloadError("Blender is set to work offline; allow online access in its preferences, under System.")
        if self.running:
            raise DownloadError("A model is being downloaded; pause it or wait for its end.")
        if name not in KNOWN:
            raise DownloadError(f"There is no model '{name}'; the list is in the preferences.")
        if name != self.name:
            self.stop()
        self.name, self.error = name, ""
        if accepted or self.stage is Stage.PAUSED or kept(KNOWN[name], self.folder).bytes:
            self._run(Stage.DOWNLOADING, "--get", name, "--accept-licence", "--end-with-stdin")
        else:
            self._run(Stage.LICENCE, "--licence", name)

    def remove(self, checkpoint: KnownCheckpoint) -> int:
        """Take a model away; the bytes that this freed. Scenes that use it go back to the built-in one.

        Raises:
            OSError: a file cannot be removed.
        """
        freed = remove_model(checkpoint, self.folder)
        self._kept = -1e9, {}
        for scene in bpy.data.scenes:
            if scene_settings(scene).model == str(self.folder / checkpoint.name):
                scene_settings(scene).model = "embedded"
        return freed

    def fail(self, message: str, details: str) -> None:
        """It has ended without the command's own sentence."""
        name = self.name
        self.stop()
        self.name, self.stage, self.error = name, Stage.FAILED, message

    def stop(self) -> None:
        """End it now, and forget it; what came stays on the disk."""
        super().stop()
        self.licence = None
        self.name, self.stage, self.error, self.licence_shown = "", Stage.NOTHING, "", False
        self._bytes, self._total, self._step = 0, 0, ""
        self._came.clear()
        self._kept = -1e9, {}

    def _run(self, stage: Stage, *arguments: str) -> None:
        variables = {"HF_ENDPOINT": preferences().hub, "HF_TOKEN": preferences().hub_token}
        launch = interpreter.own_launch({name: value for name, value in variables.items() if value})
        self._process = CoreProcess(launch, ["models", "--json", "--folder", str(self.folder), *arguments])
        self.stage = stage

    def _take(self, line: str) -> None:
        fields: Any = parse_json(line)
        match fields["event"]:
            case "licence":
                self.licence, self.stage = Path(fields["path"]), Stage.ASKING
            case "progress":
                self._step = str(fields["step"])
                self._bytes, self._total = int(fields["done"]), int(fields["total"])
                self._came.append((time.monotonic(), self._bytes))
            case "done":
                self.stage = Stage.DONE
                self._choose(str(fields["folder"]))

    def _ended(self, process: CoreProcess) -> None:
        self._kept = -1e9, {}
        if process.interrupted:
            self.stage = Stage.PAUSED
        elif self.stage in _UNDER_WAY:  # it has not reported what it was to bring
            self.stage = Stage.FAILED
            self.error = process.last_words.removeprefix("Error: ") or interface("The download ended unexpectedly.")

    def _choose(self, folder: str) -> None:
        """A model that was asked for is the one that the scene uses from now on."""
        scene = bpy.context.scene
        if scene is not None and KNOWN[self.name].model is not None:
            scene_settings(scene).model = folder

    def _rate(self) -> float:
        """Bytes a second of late."""
        while len(self._came) > 1 and self._came[-1][0] - self._came[0][0] > _RATE_SECONDS:
            self._came.popleft()
        if len(self._came) < 2:
            return 0.0
        (start, before), (end, after) = self._came[0], self._came[-1]
        return max(after - before, 0) / max(end - start, 0.1)
