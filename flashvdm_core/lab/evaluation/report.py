"""What the measurements become: JSON files, tables on the terminal, and tables in Markdown documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...api.errors import OutputError, SettingsError
from ...files import write_whole as write_file
from ..tables import markdown
from .runs import run_table

Scores = dict[str, float]
"""What was measured of one prop, by name."""


def mean_row(name: str, scores: Sequence[Scores], error_of: str) -> dict[str, Any]:
    """One row of a table: means over the props, and the standard error of one of them.

    A score that not every prop has (distances to a surface that is not there) is the mean of those that have it.
    """
    row: dict[str, Any] = {"name": name}
    for key in dict.fromkeys(key for score in scores for key in score):
        row[key] = float(np.mean([score[key] for score in scores if key in score]))
    values = [score[error_of] for score in scores]
    row[f"{error_of}_error"] = float(np.std(values, ddof=1) / len(values) ** 0.5) if len(values) > 1 else 0.0
    return row


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _change(value: tuple[float, float]) -> str:
    return f"{100 * value[0]:+.2f} ± {100 * value[1]:.2f}"


_STEPS = (1, 2, 3, 5, 8, 24, 50)
_COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("", str),
    "steps": ("steps", lambda value: f"{value:.0f}"),
    "cells": ("sub-volumes", lambda value: f"{value}³"),
    "topk": ("tokens kept", str),
    "v_iou": ("V-IoU", _percent),
    "v_iou_error": ("± (standard error)", _percent),
    "s_iou": ("S-IoU", _percent),
    "iou": ("IoU", _percent),
    "iou_error": ("± (standard error)", _percent),
    "outline_iou": ("outline's IoU", _percent),
    "beats_outline": ("better than outline", _share),
    "chamfer": ("Chamfer", lambda value: f"{value:.4f}"),
    "f_score": ("F-score", _percent),
    "silhouette_iou": ("silhouette IoU", _percent),
    "closed": ("one closed surface", _share),
    "watertight": ("without holes", _share),
    "slabs": ("slabs", _share),
    "failed": ("no surface", _share),
    "regions": ("regions", lambda value: f"{value:,}"),
    "tokens": ("tokens", str),
    "activated": ("activated, mean", lambda value: f"{value:.1f}"),
    "activated_90": ("90th percentile", lambda value: f"{value:.0f}"),
    "single_query": ("for one query", lambda value: f"{value:.1f}"),
    "whole_case": ("in a whole case", lambda value: f"{value:.1f}"),
    "overlap_regions": ("overlap of two regions", _share),
    "overlap_cases": ("overlap of two cases", _share),
    "boundary_edges": ("edges of holes", lambda value: f"{value:,.0f}"),
    "queries": ("queries", lambda value: f"{value:,.0f}"),
    "seconds": ("seconds", lambda value: f"{value:.3f}"),
    **{f"after_{steps}": (f"{steps} step{'s' if steps > 1 else ''}", _percent) for steps in _STEPS},
    **{f"change_{steps}": (f"{steps} step{'s' if steps > 1 else ''}", _change) for steps in _STEPS},
}
"""The columns that tables show, in their order: key of a row -> heading and format. Other keys stay in the JSON."""


def cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Heading and rows of text; a column appears where any row has it."""
    known = [key for key in _COLUMNS if any(key in row for row in rows)]
    lines = [[_COLUMNS[key][0] for key in known]]
    for row in rows:
        lines.append([_COLUMNS[key][1](row[key]) if row.get(key) is not None else "–" for key in known])
    return lines


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of numbers as a table, for a terminal and for a document."""
    return "\n".join(markdown(cells(rows)))


def sentence(result: Mapping[str, Any]) -> str:
    """What a result was measured on, in one line."""
    measured = result["measured"]
    parts = [
        f"{measured['props']} prop{'s' if measured['props'] != 1 else ''} of the split {measured['split']} of {measured['data']}",
        f"model {measured['model']}",
        f"{measured['resolution']}³ cells",
        f"seed {measured['seed']}",
        f"{measured['device']}, {measured['precision']}",
    ]
    if "points" in measured:
        parts.insert(1, f"{measured['points']:,} points each")
    return ", ".join(parts) + "."


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` make a file that takes its place at `path` only when it is complete.

    Raises:
        OutputError: the folder does not exist, may not be written, or the disk is full.
    """
    try:
        write_file(path, write)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written ({error.strerror or error}); choose another name or folder.") from error


def read_result(path: Path) -> dict[str, Any]:
    """A JSON file that a measurement wrote.

    Raises:
        SettingsError: it is missing or something else.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}; run the measurement that writes it first.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as JSON; run the measurement again.") from error
    if not isinstance(result, dict) or not isinstance(result.get("measured"), dict) or not isinstance(result.get("rows"), list):
        raise SettingsError(f"{path} is not the result of a measurement; give one that flashvdm_core.lab.evaluation wrote.")
    return result


def render_table(path: Path, part: str) -> str:
    """The rows of a result's part (`rows` where it is not named) as a table, and what they were measured on, as Markdown.

    A folder of training runs in the place of the file has the parts of `runs.PARTS`.

    Raises:
        SettingsError: the file is missing or has no such part.
    """
    part = part or "rows"
    if path.is_dir():
        rows, said = run_table(path, part)
        return f"{table(rows)}\n\n{said}"
    result = read_result(path)
    if not isinstance(result.get(part), list) or not result[part]:
        raise SettingsError(f"{path} has no table '{part}'; correct the mark in the document.")
    return f"{table(result[part])}\n\n{sentence(result)}"
