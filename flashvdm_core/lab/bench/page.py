"""`docs/performance.md`: its tables and plots are made from the files that the benchmark wrote, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...api.errors import FlashVDMError
from ...files import write_whole
from ..tables import headline, markdown, seconds_text, stages_table

_COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "optimisation": ("optimisation", str),
    "stage": ("stage", str),
    "took": ("took", lambda value: seconds_text(value)),
    "before": ("before", lambda value: seconds_text(value)),
    "after": ("after", lambda value: seconds_text(value)),
    "resolution": ("resolution", str),
    "latents": ("latents", lambda value: f"{value:,}"),
    "sampling": ("sampling", str),
    "evaluations": ("the model is asked", lambda value: f"{value} times"),
    "latents_differ": ("latents differ by", lambda value: f"{value:.1%}"),
    "iou": ("IoU of the shapes", lambda value: f"{value:.3f}"),
    "seconds": ("decode + surface", lambda value: seconds_text(value)),
    "official_seconds": ("released decoder", lambda value: seconds_text(value)),
    "faster_by": ("faster by", lambda value: f"{value:.2f}"),
    "cpu_faster_by": ("by time on all cores", lambda value: f"{value:.2f}"),
    "cpu_seconds": ("on all cores", lambda value: seconds_text(value)),
    "reached": ("then there is", str),
    "since_start": ("since the start", lambda value: seconds_text(value)),
    "since_cutout": ("since the cut-out", lambda value: seconds_text(value)),
    "queries": ("queries", lambda value: f"{value:,}"),
    "faces": ("faces", lambda value: f"{value:,}"),
    "peak_memory_mb": ("peak memory", lambda value: f"{value:,.0f} MB"),
}


def render_table(report: Mapping[str, Any], part: str, file: str) -> str:
    """A part of a report as Markdown: `stages` gives all stages of a run with its baseline, any other a list of rows.

    Raises:
        FlashVDMError: there is no such part; it names the file.
    """
    if not report.get(part):
        raise FlashVDMError(f"{file} has no part '{part}'; correct the mark in the document.")
    lines = [headline(report), "", *stages_table(report)] if part == "stages" else [*_rows(report[part]), "", _where(report)]
    return "\n".join(lines)


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    keys = [key for key in _COLUMNS if key in rows[0]]
    cells = [["" if row.get(key) is None else _COLUMNS[key][1](row[key]) for key in keys] for row in rows]
    heads = {key: _COLUMNS[key][0] for key in keys} | ({"seconds": "time"} if "sampling" in keys else {})
    return markdown([[heads[key] for key in keys], *cells])


def _where(report: Mapping[str, Any]) -> str:
    machine = report["machine"]
    where = f"{machine['device']} ({machine['threads']} threads)" if machine["kind"] == "cpu" else machine["device"]
    return f"{report['model']} ({report['precision']}) on {where}, torch {machine['torch']}."


def draw_growth(report: Mapping[str, Any], out: Path) -> None:
    """Plot time and memory over the resolution and the number of latents, with the lines that a surface and a volume give."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    resolutions = [row["resolution"] for row in report["resolutions"]]
    for axis, key, label in ((axes[0], "seconds", "seconds"), (axes[1], "peak_memory_mb", "peak memory, MB")):
        values = [row[key] for row in report["resolutions"]]
        axis.plot(resolutions, values, "o-", label="measured")
        for power, name in ((2, "surface, R²"), (3, "volume, R³")):
            line = [values[0] * (resolution / resolutions[0]) ** power for resolution in resolutions]
            axis.plot(resolutions, line, "--", label=name, linewidth=1)
        axis.set(xscale="log", yscale="log", xlabel="resolution", ylabel=label)
        axis.set_xticks(resolutions, [str(resolution) for resolution in resolutions])
        axis.minorticks_off()
        axis.legend()
    latents = [row["latents"] for row in report["latents"]]
    axes[2].plot(latents, [row["seconds"] for row in report["latents"]], "o-")
    axes[2].set(xscale="log", yscale="log", xlabel="latents", ylabel="seconds")
    axes[2].set_xticks(latents, [str(number) for number in latents])
    axes[2].minorticks_off()
    # No date or version of the library inside: the same numbers give the same file.
    write_whole(out, lambda partial: figure.savefig(partial, format="png", dpi=110, metadata={"Software": None}))
    pyplot.close(figure)
