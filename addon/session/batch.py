"""A batch: the core's `batch` command, watched."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.api.fields import parse_json
from ..blender.texts import interface
from ..link.core_process import CoreProcess
from . import interpreter
from .loop import Activity


class Batch(Activity):
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
        self._process: CoreProcess | None = None

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process is not None

    @property
    def process_id(self) -> int | None:
        """Of the command, while it runs."""
        return None if self._process is None else self._process.process_id

    @property
    def interval(self) -> float:
        return 0.25

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
        done = interface("{done} of {count}").format(done=sum(self.counts.values()), count=self.items)
        failed = interface("{failed} failed").format(failed=self.counts["failed"])
        return f"{done}, {failed}" if self.counts["failed"] else done

    def start(self, arguments: Sequence[str]) -> None:
        """Begin with the arguments of the core's `batch`.

        Raises:
            WorkerError: there is no interpreter, or a batch is under way.
        """
        if self.running:
            raise WorkerError("A batch is under way; cancel it or wait for its end.")
        launch = interpreter.launch()
        self.items, self.end, self.status = 0, "", None
        self.counts.clear()
        self.errors.clear()
        self._process = CoreProcess(launch, ["batch", "--json", "--end-with-stdin", *arguments])

    def step(self) -> bool:
        """Take what the command has reported; whether it is still under way."""
        process = self._process
        if process is None:
            return False
        for line in process.poll():
            self._take(line)
        if process.status is not None:
            self._process, self.status = None, process.status
            # The command's own summary, or the reason why there was nothing to sum up.
            summary = process.last_words.removeprefix("Error: ")
            self.end = interface("Cancelled: {text}").format(text=self.text) if process.interrupted else summary
        return self.running

    def cancel(self) -> None:
        """Ask it to stop; what is made stays, and the same batch goes on from there."""
        if self._process is not None:
            self._process.interrupt()

    def fail(self, message: str, details: str) -> None:
        """It has ended without the command's own summary."""
        self.stop()
        self.status, self.end = -1, message

    def stop(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def _take(self, line: str) -> None:
        try:
            fields: Any = parse_json(line)
            match fields["event"]:
                case "start":
                    self.items = int(fields["items"])
                case "item":
                    self.counts[str(fields["status"])] += 1
                    if fields["error"]:
                        self.errors.append(f"{fields['image'] or fields['number']}: {fields['error']}")
        except (ValueError, KeyError, TypeError):
            return  # a library may print, too
