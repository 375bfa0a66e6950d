"""A batch: the core's `batch` command, watched."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.fields import parse_json
from ..blender.texts import interface
from ..link.core_process import CoreProcess
from . import interpreter
from .watched import WatchedCommand


class Batch(WatchedCommand):
    """The one batch: under way while it is `running`, else as it ended.

    Attributes:
        items: how many meshes are to be made, 0 while that is not known.
        counts: how many were "made", "kept" and "failed" so far.
        errors: a sentence for each that failed, with its image in front.
        end: how it ended, as a sentence; "" before.
        status: exit status of the command, None before its end.
    """

    def __init__(self) -> None:
        self.items = 0
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.end = ""
        self.status: int | None = None
        super().__init__()

    @property
    def process_id(self) -> int | None:
        """Of the command, while it runs."""
        return None if self._process is None else self._process.process_id

    @property
    def fraction(self) -> float:
        """Share of the items that are done."""
        return sum(self.counts.values()) / self.items if self.items else 0.0

    @property
    def shown(self) -> object:
        """How far it is."""
        return self.text

    @property
    def text(self) -> str:
        """How far it is, in a few words."""
        if not self.items:
            return interface("Starting")
        done = interface("{done} of {count}", done=sum(self.counts.values()), count=self.items)
        failed = interface("{failed} failed", failed=self.counts["failed"])
        return f"{done}, {failed}" if self.counts["failed"] else done

    def start(self, arguments: Sequence[str]) -> None:
        """Begin with the arguments of the core's `batch`.

        Raises:
            WorkerError: there is no interpreter, or a batch is under way.
        """
        if self.running:
            raise WorkerError("A batch is running; cancel it or wait for its end.")
        launch = interpreter.launch()
        self.items, self.end, self.status = 0, "", None
        self.counts.clear()
        self.errors.clear()
        self._process = CoreProcess(launch, ["batch", "--json", "--end-with-stdin", *arguments])

    def fail(self, message: str, details: str) -> None:
        """It has ended without the command's own summary."""
        self.stop()
        self.status, self.end = -1, message

    def _take(self, line: str) -> None:
        fields: Any = parse_json(line)
        match fields["event"]:
            case "start":
                self.items = int(fields["items"])
            case "item":
                self.counts[str(fields["status"])] += 1
                if fields["error"]:
                    self.errors.append(f"{fields['image'] or fields['number']}: {fields['error']}")

    def _ended(self, process: CoreProcess) -> None:
        self.status = process.status
        # The command's own summary, or the reason why there was nothing to sum up.
        summary = process.last_words.removeprefix("Error: ")
        self.end = interface("Cancelled: {text}", text=self.text) if process.interrupted else summary
