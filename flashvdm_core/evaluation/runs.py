"""Tables and plots of training runs, from the CSV files that the stages write."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..training.stages import STAGES
from ..training.teacher import FlowConfig

PARTS = ("reconstruction", "generation")
_COLUMN = re.compile(r"w(?P<guidance>[\d.]+)(?:_(?P<steps>\d+)_steps)?")
_SENTENCES = {
    "reconstruction": "V-IoU and S-IoU of held-out shapes that are encoded and decoded",
    "generation": "V-IoU of shapes generated from one picture of each held-out shape, by the number of sampling steps",
}


def stage_rows(folder: Path, file: str) -> dict[str, list[dict[str, float]]]:
    """The rows of `validation.csv` or `log.csv` of every stage that has a subfolder of its name, in the recipe's order.

    Raises:
        SettingsError: there is none, or one cannot be read.
    """
    found = {}
    for stage in STAGES:
        path = folder / stage / file
        if path.exists():
            try:
                with path.open(newline="", encoding="utf-8") as handle:
                    found[stage] = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(handle)]
            except (OSError, ValueError, TypeError) as error:
                raise SettingsError(f"{path} cannot be read as the numbers of a run; let its stage run again.") from error
    if not any(found.values()):
        raise SettingsError(f"{folder} has no stages with {file}; give the folder of the runs.")
    return {stage: rows for stage, rows in found.items() if rows}


def run_table(folder: Path, part: str) -> tuple[list[dict[str, Any]], str]:
    """Rows of the last validations of the stages in `folder`, and what they mean in one line.

    Args:
        folder: of the runs.
        part: one of `PARTS`.

    Raises:
        SettingsError: as `stage_rows`, or the part is no such.
    """
    if part not in PARTS:
        raise SettingsError(f"{folder} has no table '{part}'; the parts of training runs are {' and '.join(PARTS)}.")
    rows: list[dict[str, Any]] = []
    for stage, validations in stage_rows(folder, "validation.csv").items():
        last = validations[-1]
        if part == "generation":
            rows += _generation_rows(stage, last)
        elif "v_iou" in last:
            rows.append({"name": stage, "v_iou": last["v_iou"], "s_iou": last["s_iou"]})
    return rows, f"The last validation of each stage: {_SENTENCES[part]}. One run of each, without repetitions."


def _generation_rows(stage: str, validation: Mapping[str, float]) -> list[dict[str, Any]]:
    """A row for each guidance scale, with the IoU by steps under the keys `after_STEPS`."""
    found: dict[str, dict[str, Any]] = {}
    for column, value in validation.items():
        match = _COLUMN.fullmatch(column) or re.fullmatch(r"(?P<guidance>)generated_(?P<steps>\d+)_steps", column)
        if match:
            name = f"{stage}, scale {match['guidance']}" if match["guidance"] else stage
            # The teacher's columns without a number are of its own number of validation steps.
            steps = match["steps"] or FlowConfig.validate_steps
            found.setdefault(name, {"name": name})[f"after_{steps}"] = value
    return list(found.values())


def steps_series(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Of each stage's best guidance scale: (steps, IoU), for a plot; those with several numbers of steps."""
    rows, _ = run_table(folder, "generation")
    best: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        stage = row["name"].split(",")[0]
        if len(row) > 2 and max(_ious(row).values()) > max(_ious(best.get(stage, {})).values(), default=0.0):
            best[stage] = row
    return {row["name"]: sorted(_ious(row).items()) for row in best.values()}


def _ious(row: Mapping[str, Any]) -> dict[int, float]:
    return {int(key.removeprefix("after_")): value for key, value in row.items() if key.startswith("after_")}


def losses(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """The columns of a run's log that are losses."""
    return {name: [row[name] for row in rows] for name in rows[0] if name not in ("step", "seconds")}
