"""What held-out shapes say against the number of pictures seen, over runs that went on from one another."""

from __future__ import annotations

import csv
from pathlib import Path

from ....api.errors import TrainingError

COLUMNS = (
    "run",
    "minutes",
    "samples",
    "iou_96",
    "iou",
    "iou_median",
    "iou_true_camera",
    "iou_volume",
    "iou_train",
    "outline",
    "outline_96",
    "better_than_outline",
    "elevation_error",
)


def joined(logs: list[tuple[str, Path]]) -> list[dict[str, str]]:
    """Rows of the logs of runs one after the other; minutes and samples go on counting where a run started from weights.

    Args:
        logs: name and `log.csv` of each run, in order. A run that went on from the state of the one before counts on by
            itself, and one that started from its weights starts at 0.

    Raises:
        TrainingError: a log is missing or empty.
    """
    rows: list[dict[str, str]] = []
    minutes = samples = 0.0
    for name, path in logs:
        try:
            with path.open(newline="") as file:
                own = list(csv.DictReader(file))
        except OSError:
            own = []
        if not own:
            raise TrainingError(f"{path} is no log of a run with a validation in it.")
        if rows and float(own[0]["samples"]) < float(rows[-1]["samples"]) - samples:
            minutes, samples = float(rows[-1]["minutes"]), float(rows[-1]["samples"])
        for row in own:
            counted = {"minutes": f"{float(row['minutes']) + minutes:.1f}", "samples": f"{float(row['samples']) + samples:.0f}"}
            rows.append({column: ({"run": name} | row | counted)[column] for column in COLUMNS})
    return rows


def write(rows: list[dict[str, str]], table: Path, picture: Path) -> None:
    """Write the rows as CSV, and draw them."""
    from matplotlib.figure import Figure

    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list[str](COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    samples = [float(row["samples"]) / 1000 for row in rows]
    for column, label, style in (
        ("iou", "validation, own camera", "o-"),
        ("iou_true_camera", "validation, true camera", ":"),
        ("iou_volume", "validation, coarse volume alone, true camera", "--"),
        ("iou_train", "training shapes", "-"),
        ("outline", "outline inflated", "k-"),
    ):
        axes.plot(samples, [float(row[column]) for row in rows], style, label=label, markersize=3)
    axes.set_xlabel("thousand pictures seen")
    axes.set_ylabel("IoU")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(picture, dpi=120)
