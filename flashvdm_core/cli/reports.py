"""How the events of `generate` are shown: for a person at a terminal, or for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..api.events import CutOut, Event, Failure, Log, Preview, Progress, Result
from ..api.tasks import Request
from ..api.units import gib
from .terminal import printable


@dataclass(frozen=True)
class Job:
    """What to make, and the file that it goes to."""

    request: Request
    output: Path


class Report:
    """How events are shown."""

    @contextmanager
    def job(self, job: Job) -> Iterator[None]:
        """Around one generation."""
        yield

    def event(self, job: Job, event: Event) -> None:
        """Show one event."""
        raise NotImplementedError


class TerminalReport(Report):
    """A progress bar and messages on standard error, one line for each mesh on standard output."""

    def __init__(self, traceback: bool) -> None:
        from tqdm import tqdm

        self._tqdm = tqdm
        self._traceback = traceback
        self._bar: tqdm[NoReturn] | None = None

    @contextmanager
    def job(self, job: Job) -> Iterator[None]:
        form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
        with self._tqdm(total=1.0, desc=printable(job.output.name), bar_format=form, disable=None, leave=False) as self._bar:
            yield

    def event(self, job: Job, event: Event) -> None:
        assert self._bar is not None
        match event:
            case Progress(stage, fraction):
                self._bar.set_description(f"{printable(job.output.name)} {stage}", refresh=False)
                self._bar.update(fraction - self._bar.n)
            case Log(message, warning):
                self._print(f"{'Warning: ' if warning else ''}{message}", sys.stderr)
            case Failure(_, message, details):
                self._print(f"Error: {job.output.name}: {message}", sys.stderr)
                if self._traceback and details:
                    for line in details.splitlines():
                        self._print(line, sys.stderr)
            case Result():
                times = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in event.seconds.items())
                size = f"{len(event.mesh.vertices):,} vertices, {len(event.mesh.faces):,} faces"
                memory = "" if event.peak_memory is None else f", {gib(event.peak_memory)} of memory at the peak"
                self._print(f"{job.output}: {size}, {sum(event.seconds.values()):.1f} s ({times}){memory}", sys.stdout)

    def _print(self, text: str, stream: Any) -> None:
        self._tqdm.write(printable(text), file=stream)


class JsonReport(Report):
    """One JSON object a line on standard output; meshes and images are told by their sizes."""

    def __init__(self, traceback: bool) -> None:
        self._traceback = traceback

    def event(self, job: Job, event: Event) -> None:
        fields: dict[str, Any] = {"event": type(event).__name__.lower(), "image": job.request.images["front"]}
        match event:
            case Progress(stage, fraction):
                fields |= {"stage": stage, "fraction": fraction}
            case CutOut(view, rgba):
                fields |= {"view": view, "width": rgba.shape[1], "height": rgba.shape[0]}
            case Preview(stage, mesh):
                fields |= {"stage": stage, "vertices": len(mesh.vertices), "faces": len(mesh.faces)}
            case Log(message, warning):
                fields |= {"message": message, "warning": warning}
            case Failure(kind, message, details):
                fields |= {"kind": kind, "message": message} | ({"details": details} if self._traceback else {})
            case Result():
                fields |= {
                    "output": str(job.output),
                    "vertices": len(event.mesh.vertices),
                    "faces": len(event.mesh.faces),
                    "seed": event.seed,
                    "model": event.model,
                    "model_identity": event.model_identity,
                    "decoder": event.decoder,
                    "settings": dict(event.settings),
                    "seconds": dict(event.seconds),
                    "queries": list(event.queries),
                    "peak_memory": event.peak_memory,
                }
        print(json.dumps(fields), flush=True)
