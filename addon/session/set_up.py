"""Set Up: the core's `setup` command on Blender's own Python, watched. It asks before anything is downloaded."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.fields import Fields, parse_object
from ..blender.texts import interface
from ..link.child_process import Launch
from ..link.core_process import CoreProcess
from ..settings.preferences import preferences
from . import interpreter
from .watched import WatchedCommand

_LIMIT_BYTES = 1 << 50


@dataclass(frozen=True)
class Offer:
    """What Set Up would do.

    Attributes:
        label: what the PyTorch is for.
        note: why it is not a better one, and what to do; "" where all is well.
        items: (name, bytes) of what is downloaded.
        disk: bytes that it takes, about.
    """

    label: str
    note: str
    items: tuple[tuple[str, int], ...]
    disk: int

    @property
    def download(self) -> int:
        """Bytes in all."""
        return sum(size for _, size in self.items)


class SetUp(WatchedCommand):
    """The one Set Up: it looks, offers, and works once that was agreed to.

    Attributes:
        offer: what it would do, while it waits for an answer.
        step_name, number, count, done, size: the step under way, which one of how many, and the bytes of its download.
        error: why it ended, "" where nothing is wrong.
        text: how it ended.
    """

    def __init__(self) -> None:
        self.offer: Offer | None = None
        self.step_name = ""
        self.number = self.count = self.done = self.size = 0
        self.error = ""
        self.text = ""
        self._fraction = 0.0
        self._arguments: list[str] = []
        super().__init__()

    @property
    def working(self) -> bool:
        """It was agreed to and has not ended."""
        return self.running and bool(self.step_name)

    @property
    def fraction(self) -> float:
        return self._fraction

    @property
    def shown(self) -> object:
        return self.running, self.offer, self.step_name, self.done >> 20, self.error, self.text

    def start(self, build: str = "", bundle: str = "", python: str = "", index: str = "") -> None:
        """Look what there is to do; `offer` says it then.

        Args:
            build: the name of a build of PyTorch; "": the one that fits this machine.
            bundle: a folder with everything in it; "": it is downloaded.
            python: an interpreter to stand on; "": one is downloaded.
            index: a package index that has everything; "": that of the preferences, else the usual ones.

        Raises:
            WorkerError: it is under way, Blender may not use the network, or `python` is Blender's own.
        """
        self._check(needs_network=not bundle)
        if python and Path(python).resolve() == Path(sys.executable).resolve():
            raise WorkerError("What stands on Blender's own Python breaks with the next Blender; choose another Python.")
        options = {"build": build, "bundle": bundle, "python": python, "index": index or preferences().package_index}
        self._arguments = [f"--{name}={value}" for name, value in options.items() if value]
        self._begin(["--plan", *self._arguments])

    def agree(self) -> None:
        """Do what was offered.

        Raises:
            WorkerError: nothing was offered, or Blender may not use the network.
        """
        if self.offer is None:
            raise WorkerError("Press Set Up first: it says what it would download.")
        self._check(needs_network=bool(self.offer.items))
        self._begin(["--end-with-stdin", *self._arguments])
        self.step_name = "Preparing"

    def remove(self) -> None:
        """Delete what was set up.

        Raises:
            WorkerError: it is under way.
        """
        self._check(needs_network=False)
        self._begin(["--remove"])
        self.step_name = "Removing"

    def cancel(self) -> None:
        """Forget the offer, or stop what is under way: what was downloaded is there for the next time."""
        self.offer = None
        if self.working:
            self.interrupt()
        else:
            self.stop()

    def fail(self, message: str, details: str) -> None:
        self.stop()
        self.error = message

    def stop(self) -> None:
        """End it now."""
        super().stop()
        self.offer, self.step_name = None, ""

    def _begin(self, arguments: Sequence[str]) -> None:
        launch = Launch(sys.executable, Path(__file__).parents[2])
        process = CoreProcess(launch, ["setup", str(interpreter.home().folder), "--json", *arguments])
        self.offer, self.error, self.text, self._fraction, self.number = None, "", "", 0.0, 0
        self._process = process

    @staticmethod
    def check_network() -> None:
        """Raises WorkerError where Blender may not use the network."""
        if bpy.app.online_access:
            return
        # Blender 4.2 has no such property, and its manual knows two spellings.
        if any(getattr(bpy.app, f"online_access_{name}", False) for name in ("override", "overriden")):
            raise WorkerError("This Blender was started without network; start it anew, or set up from a folder.")
        raise WorkerError("Allow Online Access in Blender's preferences under System, or set up from a folder.")

    def _check(self, needs_network: bool) -> None:
        if self.running:
            raise WorkerError("Set Up is running; cancel it or wait for its end.")
        if needs_network:
            self.check_network()

    def _take(self, line: str) -> None:
        fields = parse_object(line)
        match fields.text("event"):
            case "plan":
                if not self.step_name:
                    self.offer = _offer(fields)
            case "step":
                self.step_name, self._fraction = fields.text("name"), fields.number("fraction", 0.0, 1.0)
                self.number, self.count = fields.integer("number", 0, 100), fields.integer("count", 0, 100)
                self.done, self.size = (fields.integer(name, 0, _LIMIT_BYTES) for name in ("done", "size"))
            case "done":
                text = interface("PyTorch {version} is set up and runs on {device}")
                if fields.flag("idle_card"):
                    text = interface(
                        "PyTorch {version} is set up, but not for this graphics card: press System Check under Diagnostics"
                    )
                self.text = text.format(version=fields.text("torch"), device=fields.text("device"))
            case "error":
                self.error = fields.text("message")

    def _ended(self, process: CoreProcess) -> None:
        if process.status != 0 and not self.error and not process.interrupted:
            self.error = interface("Set Up broke off ({reason}).", reason=process.last_words[:200])
        elif self.step_name == "Removing" and not self.error:
            self.text = interface("Removed")
        elif process.interrupted and process.status != 0:
            self.text = interface("Cancelled; Set Up goes on from here")
        self.step_name = ""


def _offer(fields: Fields) -> Offer:
    items = [Fields.of(item) for item in fields.value("items")]
    named = tuple((item.text("name"), item.integer("size", 0, _LIMIT_BYTES)) for item in items)
    return Offer(fields.text("label"), fields.text("note"), named, fields.integer("disk", 0, _LIMIT_BYTES))
