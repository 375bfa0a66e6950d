"""Plots of the measurements, drawn from their JSON files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..training.stages import stage_of
from .report import read_result, write_whole
from .runs import losses, stage_rows, steps_series

_SIZE = (6.4, 3.6)


def draw(files: Sequence[Path], out: Path) -> list[Path]:
    """Draw every figure that the results give; figures of generation take the results of all files together.

    Args:
        files: JSON files of measurements, and folders of training runs.
        out: folder, which exists.

    Returns:
        The PNG files that were written.

    Raises:
        SettingsError: a file is not a result.
        OutputError: a picture cannot be written.
    """
    figures: dict[str, Figure] = {}
    generated: list[Mapping[str, Any]] = []
    for path in files:
        if path.is_dir():
            figures |= {f"{path.name}_losses": _losses(path), f"{path.name}_steps": _stages(path)}
            continue
        result = read_result(path)
        match result["measured"].get("command"):
            case "reconstruction":
                figures[f"{path.stem}_steps"] = _accelerations(result)
            case "generation":
                generated += result["rows"]
            case "locality":
                figures |= {f"{path.stem}_{name}": figure for name, figure in _locality(result).items()}
    if generated:
        figures["generation_steps"] = _steps(generated)
    written = []
    for name, figure in figures.items():
        target = out / f"{name}.png"
        # No date or version of the library inside: the same numbers give the same file.
        write_whole(
            target, lambda partial, figure=figure: figure.savefig(partial, format="png", dpi=130, metadata={"Software": None})
        )
        pyplot.close(figure)
        written.append(target)
    return written


def _axes(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure, axes = pyplot.subplots(figsize=_SIZE, layout="constrained")
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _accelerations(result: Mapping[str, Any]) -> Figure:
    """Table 3 as a picture: time and IoU of each row."""
    rows = result["rows"]
    figure, axes = _axes(f"Decoding at {result['measured']['resolution']}³", "", "seconds")
    names = [row["name"].replace(" decod", "\ndecod").replace(" KV", "\nKV").replace(", ", ",\n") for row in rows]
    axes.bar(names, [row["seconds"] for row in rows], color="#9fb8d1")
    axes.set_yscale("log")
    right = axes.twinx()
    for key, label in (("v_iou", "V-IoU"), ("s_iou", "S-IoU")):
        right.plot(names, [100 * row[key] for row in rows], marker="o", label=label)
    right.set_ylabel("%")
    right.legend()
    return figure


def _steps(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """IoU over the number of sampling steps, one line a model."""
    figure, axes = _axes("Generation from held-out pictures", "sampling steps", "IoU with the true shape, %")
    models: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        models[row["name"].rsplit(",", 1)[0]].append(row)
    for model, own in models.items():
        own = sorted(own, key=lambda row: row["steps"])
        steps, iou, error = ([scale * row[key] for row in own] for key, scale in (("steps", 1), ("iou", 100), ("iou_error", 100)))
        axes.errorbar(steps, iou, error, marker="o", capsize=3, label=model)
    axes.set_xscale("log")
    ticks = sorted({row["steps"] for row in rows})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend()
    return figure


def _stages(folder: Path) -> Figure:
    """IoU over the number of sampling steps, as validated in training: one line a stage, dashed ones for its variants."""
    figure, axes = _axes("Shapes from held-out pictures, after each stage", "sampling steps", "IoU with the true shape, %")
    series = steps_series(folder)
    runs = {label: label.split(",")[0] for label in series}
    stages = list(dict.fromkeys(map(stage_of, runs.values())))
    drawn = dict.fromkeys(stages, 0)
    for label, points in series.items():
        run, stage = runs[label], stage_of(runs[label])
        (line,) = axes.plot([steps for steps, _ in points], [100 * iou for _, iou in points], label=label)
        line.set(color=f"C{stages.index(stage)}", marker="os^vDPX*"[drawn[stage] % 8], linestyle="-" if run == stage else "--")
        drawn[stage] += 1
    axes.set_xscale("log")
    ticks = sorted({steps for points in series.values() for steps, _ in points})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    figure.set_figwidth(1.5 * _SIZE[0])  # for the names at the side
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    return figure


def _losses(folder: Path) -> Figure:
    """The losses of every stage over its steps."""
    logs = stage_rows(folder, "log.csv")
    columns = min(len(logs), 4)
    lines = -(-len(logs) // columns)
    figure, grid = pyplot.subplots(lines, columns, figsize=(3 * columns, 2.4 * lines), layout="constrained", squeeze=False)
    for axes, (stage, rows) in zip(grid.flat, logs.items(), strict=False):
        for name, values in losses(rows).items():
            axes.plot([row["step"] for row in rows], values, marker=".", label=name)
        axes.set(title=stage, xlabel="step")
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    for axes in list(grid.flat)[len(logs) :]:
        axes.set_axis_off()
    return figure


def _locality(result: Mapping[str, Any]) -> dict[str, Figure]:
    histograms, mass = result["histograms"], f"{100 * result['mass']:.0f} %"
    titles = {
        "activated": ("regions", f"Tokens with {mass} of a region's attention (figure 6)", "share of regions"),
        "whole_case": ("cases", "Tokens activated in any region of a shape (figure 16)", "share of shapes"),
    }
    figures = {
        name: _histograms({label: entry[key] for label, entry in histograms.items()}, title, share)
        for name, (key, title, share) in titles.items()
    }
    label, entry = list(histograms.items())[-2]
    same = {f"region {number}": counts for number, counts in entry["same_region"].items()}
    figures["same_region"] = _histograms(same, f"One region over shapes (figure 15; {label})", "share of shapes")
    figures["example"] = _example(result["example"], result["mass"])
    figures["top_k"] = _top_k(result["top_k"])
    return figures


def _histograms(counts: Mapping[str, Sequence[int]], title: str, share: str) -> Figure:
    """Shares over the number of tokens, in at most 32 bins."""
    figure, axes = _axes(title, "activated tokens", share)
    for label, values in counts.items():
        edges = np.unique(np.linspace(0, len(values), min(len(values), 32) + 1).round().astype(int))
        binned = np.add.reduceat(np.asarray(values, float), edges[:-1]) / max(sum(values), 1)
        axes.stairs(binned, edges, label=label, fill=True, alpha=0.4)
    axes.legend()
    return figure


def _example(regions: Sequence[Sequence[float]], mass: float) -> Figure:
    """Attention over the tokens, for a few regions of one shape."""
    figure, axes = _axes("Attention of four regions of one shape (figure 7)", "token", "share of the attention")
    for weights in regions:
        ordered = np.sort(weights)[::-1].cumsum()
        axes.plot(weights, alpha=0.8, label=f"{int((ordered < mass).sum()) + 1} activated tokens")
    axes.legend()
    return figure


def _top_k(rows: Sequence[Mapping[str, Any]]) -> Figure:
    figure, axes = _axes("Tokens kept by adaptive KV selection (figure 17)", "tokens kept", "V-IoU, %")
    lines: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        lines[f"{row['name']}, {row['cells']}³ sub-volumes"].append(row)
    for label, own in lines.items():
        axes.plot([row["topk"] for row in own], [100 * row["v_iou"] for row in own], marker="o", label=label)
    axes.legend()
    return figure
