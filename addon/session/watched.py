"""What a command of the core has in common with any other that is watched from Blender's one loop."""

from ..link.core_process import CoreProcess
from .loop import Activity


class WatchedCommand(Activity):
    """A command of the core that reports line by line; under way while it is `running`."""

    def __init__(self) -> None:
        self._process: CoreProcess | None = None

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process is not None

    @property
    def interval(self) -> float:
        return 0.2

    def step(self) -> bool:
        """Take what the command has reported; whether it is still under way."""
        process = self._process
        if process is None:
            return False
        for line in process.poll():
            try:
                self._take(line)
            except (ValueError, KeyError, TypeError):
                continue  # a library may print, too
        if process.status is not None:
            self._process = None
            self._ended(process)
        return self.running

    def interrupt(self) -> None:
        """Ask it to stop; what is done stays, and the same command goes on from there."""
        if self._process is not None:
            self._process.interrupt()

    def stop(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def _take(self, line: str) -> None:
        """What it reports in a line; raises ValueError, KeyError or TypeError where that is none of its own."""
        raise NotImplementedError

    def _ended(self, process: CoreProcess) -> None:
        """It has ended by itself, or because it was asked to."""
        raise NotImplementedError
