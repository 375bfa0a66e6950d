"""From a picture to a coloured mesh, as an artist waits for it: the whole pipeline with its events, the model loaded."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from PIL import ImageOps

from ...api.errors import FlashVDMError
from ...api.events import Failure, Preview, Progress, Result, Stage
from ...api.settings import Settings
from ...api.tasks import Request
from ...image import open_image
from ...pipeline.pipeline import Pipeline
from .stages import Report

_STAGES = (Stage.PREPROCESS, Stage.CONDITION, Stage.SAMPLE, Stage.DECODE, Stage.EXTRACT, Stage.TEXTURE)
_ENDS: Mapping[Stage, str] = {Stage.PREPROCESS: "cut-out", Stage.EXTRACT: "mesh", Stage.TEXTURE: "coloured mesh"}
_PREVIEW = "first preview"


@dataclass
class _Run:
    """Seconds since the start: when each stage ended, and when the first preview came; those that all cores spent together."""

    ended: dict[Stage, float] = field(default_factory=dict)
    preview: float | None = None
    cpu: dict[Stage, float] = field(default_factory=dict)


def time_image(picture: Path, settings: Settings, runs: int) -> list[Report]:
    """Generate from a picture and from its mirror image in turn, so that nothing is known of it from the time before.

    Args:
        picture: an image file.
        settings: of the generation.
        runs: how many are timed, after one that warms up; their medians count.

    Returns:
        Rows of `stage`, `took` and `cpu_seconds` (of it), `reached` (what is there then), `since_start` and `since_cutout`.

    Raises:
        FlashVDMError: the generation failed.
    """
    pipeline = Pipeline()
    with tempfile.TemporaryDirectory() as folder:
        image = open_image(picture).picture
        sides = [Path(folder) / "picture.png", Path(folder) / "mirrored.png"]
        for path, side in zip(sides, (image, ImageOps.mirror(image)), strict=True):
            side.save(path)
        timed = [_timed(pipeline, sides[number % 2], settings) for number in range(runs + 1)][1:]
    rows: list[Report] = []
    for before, stage in pairwise((Stage.LOAD, *_STAGES)):
        row = _row([run.ended[stage] for run in timed], timed)
        row["took"] = statistics.median(run.ended[stage] - run.ended[before] for run in timed)
        row["cpu_seconds"] = statistics.median(run.cpu[stage] for run in timed)
        rows.append({"stage": stage.value, **row, "reached": _ENDS.get(stage)})
        previews = [run.preview for run in timed if run.preview is not None]
        if stage is Stage.CONDITION and len(previews) == len(timed):
            rows.append({"stage": None, **_row(previews, timed), "reached": _PREVIEW})
    return rows


def _row(seconds: Sequence[float], timed: Sequence[_Run]) -> Report:
    """When something was there, which was after so many seconds of each run."""
    cutout = [run.ended[Stage.PREPROCESS] for run in timed]
    since = [after - before for after, before in zip(seconds, cutout, strict=True)]
    return {"since_start": statistics.median(seconds), "since_cutout": statistics.median(since)}


def _timed(pipeline: Pipeline, picture: Path, settings: Settings) -> _Run:
    run, stage = _Run(), Stage.LOAD
    start, busy = time.perf_counter(), time.process_time()

    def end() -> None:
        nonlocal busy
        run.ended[stage], run.cpu[stage] = time.perf_counter() - start, time.process_time() - busy
        busy = time.process_time()

    for event in pipeline.generate(Request({"front": str(picture)}, settings)):
        match event:
            case Progress() if event.stage is not stage:
                end()
                stage = event.stage
            case Preview() if run.preview is None:
                run.preview = time.perf_counter() - start
            case Failure():
                raise FlashVDMError(event.message)
            case Result():
                end()
    return run
