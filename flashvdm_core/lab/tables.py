"""Tables of measurements: for the terminal and, as Markdown, for the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]


def stages_table(report: Report) -> list[str]:
    """One row a stage: time, roofline, ratio, operations, memory, and what it counts."""
    rows: list[tuple[str, ...]] = [("stage", "time", "on all cores", "roofline", "ratio", "TFLOP", "memory", "")]
    for group, stages in (("", report["stages"]), ("baseline: ", report["naive"])):
        for name, stage in stages.items():
            if isinstance(stage, Mapping) and {"seconds", "error"} & set(stage):
                rows.append(_row(group + name.replace("_", " "), stage))
    return markdown(rows)


def headline(report: Report) -> str:
    """What was run, where, and the speed-up."""
    machine = report["machine"]
    where = f"{machine['device']} ({machine['threads']} threads)" if machine["kind"] == "cpu" else machine["device"]
    weights = ", random weights" if report["random_weights"] else ""
    speedup = report["speedup_vs_naive"]
    factor = f"{speedup:.1f} times faster" if speedup else "not compared"
    if busy := report.get("cpu_speedup_vs_naive"):
        factor += f" ({busy:.1f} times by the time spent on all cores)"
    return (
        f"{report['model']} at {report['resolution']} ({report['precision']}{weights}) on {where}, torch {machine['torch']}; "
        f"roofline {machine['floor_tflops']:.3g} TFLOP/s, {machine['floor_gigabytes_per_second']:.0f} GB/s; decode + surface "
        f"{seconds_text(report['decode_and_surface_seconds'])}, baseline ({report['naive_kind'].replace('_', ' ')}) "
        f"{seconds_text(report['naive_seconds'])}: {factor}.{_agreement(report['naive'].get('agreement'))}"
    )


def _agreement(found: Report | None) -> str:
    """How close the volume is to that of the baseline."""
    if not found:
        return ""
    moved, most = found["moved_cells"], found["most_moved_cells"]
    return f" V-IoU with it {found['v_iou']:.4f}; the surface is {moved:.4f} cells away on average, {most:.3f} at most."


def comparison(before: Report, after: Report) -> list[str]:
    """One row for each stage of either report: its times and how many times faster the second is."""
    rows = [("stage", "before", "after", "faster by")]
    for group in ("stages", "naive"):
        names = [*before[group], *(name for name in after[group] if name not in before[group])]
        for name in names:
            old, new = (_time_of(report[group].get(name)) for report in (before, after))
            if old is None and new is None:
                continue
            factor = f"{old / new:.2f}" if old and new else ""
            label = ("baseline: " if group == "naive" else "") + name.replace("_", " ")
            rows.append((label, seconds_text(old), seconds_text(new), factor))
    old, new = (report["speedup_vs_naive"] for report in (before, after))
    rows.append(("speed-up over the baseline", f"{old:.1f}" if old else "", f"{new:.1f}" if new else "", ""))
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first the heading, as lines of a Markdown table with aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]


def _row(name: str, stage: Report) -> tuple[str, ...]:
    if "seconds" not in stage:
        return name, "failed", "", "", "", "", "", str(stage.get("error", ""))
    notes = []
    if "queries" in stage:
        notes.append(f"{sum(stage['queries']):,} queries ({' + '.join(f'{count:,}' for count in stage['queries'])})")
    if "network_seconds" in stage:
        notes.append(f"{seconds_text(stage['network_seconds'])} in {stage['network_calls']} calls of the network")
    if "evaluations" in stage:
        notes.append(f"{stage['evaluations']} evaluations of {seconds_text(stage['seconds_per_evaluation'])}")
    if "faces" in stage:
        notes.append(f"{stage['faces']:,} faces")
    if stage.get("evaluated_share", 1.0) < 1.0:
        notes.append(f"extrapolated from {stage['evaluated_share']:.1%}")
    if "error" in stage:
        notes.append(str(stage["error"]))
    memory = stage.get("peak_memory_mb")
    return (
        name,
        seconds_text(stage["seconds"]),
        seconds_text(stage.get("cpu_seconds")),
        seconds_text(stage.get("floor_seconds")),
        f"{stage['ratio_to_floor']:.3g}" if "ratio_to_floor" in stage else "",
        f"{stage['tflop']:.3g}" if "tflop" in stage else "",
        "" if memory is None else f"{memory:,.0f} MB",
        "; ".join(notes),
    )


def _time_of(stage: object) -> float | None:
    return stage.get("seconds") if isinstance(stage, Mapping) else None


def seconds_text(value: float | None) -> str:
    """A time for the eye: three digits, in seconds or milliseconds."""
    if value is None:
        return ""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"
