"""Tables and plots of training runs, from the CSV files that the stages write."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...api.errors import SettingsError
from ..training.runner import SHAPES_NAME
from ..training.stages import STAGES, stage_of

PARTS = ("reconstruction", "generation", "differences")
_COLUMN = re.compile(r"(?:w(?P<guidance>[\d.]+)|generated)_(?P<steps>\d+)_steps")
_SENTENCES = {
    "reconstruction": "V-IoU and S-IoU of held-out shapes that are encoded and decoded",
    "generation": "V-IoU of shapes generated from one picture of each held-out shape, by the number of sampling steps",
    "differences": "V-IoU in percent, the mean difference over the same held-out shapes and its standard error over them",
}


def stage_rows(folder: Path, file: str) -> dict[str, list[dict[str, float]]]:
    """The rows of a CSV file of every run that is a subfolder, in the recipe's order, each stage before its variants.

    Raises:
        SettingsError: there is none, or one cannot be read.
    """
    order = list(STAGES)
    runs = {path.parent.name: path for path in folder.glob(f"*/{file}") if stage_of(path.parent.name) in STAGES}
    found = {}
    for run in sorted(runs, key=lambda run: (order.index(stage_of(run)), run)):
        try:
            with runs[run].open(newline="", encoding="utf-8") as handle:
                found[run] = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(handle)]
        except (OSError, ValueError, TypeError) as error:
            raise SettingsError(f"{runs[run]} cannot be read as the numbers of a run; let its stage run again.") from error
    if not any(found.values()):
        raise SettingsError(f"{folder} has no stages with {file}; give the folder of the runs.")
    return {run: rows for run, rows in found.items() if rows}


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
    said = f"The last validation of each stage: {_SENTENCES[part]}. One run of each, without repetitions."
    if part == "differences":
        return difference_rows(folder), said
    rows: list[dict[str, Any]] = []
    for stage, validations in stage_rows(folder, "validation.csv").items():
        last = validations[-1]
        if part == "generation":
            rows += _generation_rows(stage, last)
        elif "v_iou" in last:
            rows.append({"name": stage, "v_iou": last["v_iou"], "s_iou": last["s_iou"]})
    return rows, said


def _generation_rows(stage: str, validation: Mapping[str, float]) -> list[dict[str, Any]]:
    """A row for each guidance scale, with the IoU by steps under the keys `after_STEPS`."""
    found: dict[str, dict[str, Any]] = {}
    for column, value in validation.items():
        if match := _COLUMN.fullmatch(column):
            name = f"{stage}, scale {match['guidance']}" if match["guidance"] else stage
            found.setdefault(name, {"name": name})[f"after_{match['steps']}"] = value
    return list(found.values())


def difference_rows(folder: Path) -> list[dict[str, Any]]:
    """What a run's shapes are better by: a variant's than those of its stage, a stage's than those of the stage before and than
    the teacher's of most steps.

    Returns:
        Rows with (mean, standard error) under the keys `change_STEPS`: both are of the differences, shape by shape.

    Raises:
        SettingsError: as `stage_rows`, or the runs are of different shapes.
    """
    shapes = {
        run: {name: np.array([row[name] for row in rows]) for name in rows[0]}
        for run, rows in stage_rows(folder, SHAPES_NAME).items()
    }
    best = _best_of_most_steps(shapes.get("teacher", {}))
    found, before = [], ""
    for run, values in shapes.items():
        stage = stage_of(run)
        pairs = [("teacher", best), (before, "")] if run == stage else [(stage, "")]
        for other, fixed in pairs:
            row = _differences(values, shapes.get(other, {}), fixed)
            if row:
                found.append({"name": f"{run} against {other}" + (f" in {_steps(fixed)} steps" if fixed else "")} | row)
        if run == stage and run != "teacher":
            before = run
    return found


def _differences(values: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray], fixed: str) -> dict[str, Any]:
    """Differences to the same column of others, or to the column `fixed` of the same scale."""
    found = {}
    for column, own in values.items():
        against = others.get(fixed or column)
        if against is None or against is own or (fixed and _scale(column) != _scale(fixed)):
            continue
        if len(own) != len(against):
            raise SettingsError("The runs were validated on different shapes; validate all on the same.")
        found[f"change_{_steps(column)}"] = _mean_and_error(own - against)
    return found


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


def _steps(column: str) -> int:
    return int(column.split("_")[1])


def _scale(column: str) -> str:
    return column.split("_")[0]


def _best_of_most_steps(columns: Mapping[str, np.ndarray]) -> str:
    """Of the columns of the most steps the one with the best mean; empty where there is none."""
    return max(columns, key=lambda column: (_steps(column), columns[column].mean()), default="")


def steps_series(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Of each run's best guidance scale: (steps, IoU), for a plot; those with several numbers of steps."""
    rows, _ = run_table(folder, "generation")
    best: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        run = row["name"].split(",")[0]
        if len(row) > 2 and max(_ious(row).values()) > max(_ious(best.get(run, {})).values(), default=0.0):
            best[run] = row
    return {row["name"]: sorted(_ious(row).items()) for row in best.values()}


def _ious(row: Mapping[str, Any]) -> dict[int, float]:
    return {int(key.removeprefix("after_")): value for key, value in row.items() if key.startswith("after_")}


def losses(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """The columns of a run's log that are losses."""
    return {name: [row[name] for row in rows] for name in rows[0] if name not in ("step", "seconds")}
