"""Golden cases: recorded inputs and outputs of the published code on small random weights, and their comparison.

A case is NAME.json (kind, config, tolerances) beside NAME.safetensors. Tensors are named `sd.*` (weights), `in.*`,
`out.*` (to compare), `aux.*` (intermediate values, for finding an error) and `grid.*`: a sparse record of a decoded
volume. `grid.runs` [R, 2] are start and length of the runs of evaluated points in the flattened volume,
`grid.sample_idx` and `grid.sample_val` some of their logits, `grid.stats` their count, sum, absolute sum and the
number of positive ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One golden case. `meta` is its JSON, `tensors` everything stored, weights borrowed from other cases included."""

    meta: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors called `prefix.*`, without the prefix."""
        return part_of(self.tensors, prefix)

    def tolerance(self, output: str) -> float:
        """Largest allowed difference of an output, relative to its largest value."""
        return self.meta.get("rtol_of", {}).get(output, self.meta.get("rtol", 1e-5))


def case_names(folder: Path) -> list[str]:
    """Names of the cases in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.safetensors") if path.with_suffix(".json").exists())


def load_case(folder: Path, name: str) -> Case:
    """Read a case and the weights that it borrows from other cases or scales."""
    meta = json.loads((folder / f"{name}.json").read_text())
    tensors = load_file(folder / f"{name}.safetensors")
    for other, prefixes in (meta.get("weights_from") or {}).items():
        for key, weight in load_file(folder / f"{other}.safetensors").items():
            if key.startswith(tuple(f"sd.{prefix}" for prefix in prefixes)):
                tensors.setdefault(key, weight)
    for pattern, factor in meta.get("weights_scale", ()):
        for key in tensors:
            if key.startswith("sd.") and re.search(pattern, key.removeprefix("sd.")):
                tensors[key] = tensors[key].float() * factor
    return Case(meta, tensors)


def problems(case: Case, got: Mapping[str, Any]) -> list[str]:
    """Every way in which `got` differs from what the case expects; empty where it passes."""
    found = []
    for name, want in case.part("out").items():
        name = f"out.{name}"
        text = difference(want, got[name], case.tolerance(name)) if name in got else "missing"
        found += [f"{name}: {text}"] if text else []
    if "grid.shape" in case.tensors:
        found += _grid_problems(case, got["grid"]) if "grid" in got else ["grid: missing"]
    for name, want in case.meta.get("info", {}).items():
        have = got.get(f"info.{name}")
        if have is not None and json.loads(json.dumps(have)) != want:
            found.append(f"info.{name}: {str(have)[:100]} instead of {str(want)[:100]}")
    return found


def difference(want: Tensor, got: Tensor, rtol: float) -> str:
    """In words, or "" where |want - got| <= rtol * max |want| everywhere (integers: where equal)."""
    if want.shape != got.shape:
        return f"shape {list(got.shape)} instead of {list(want.shape)}"
    if not want.is_floating_point():
        wrong = int((want.long() != got.long()).sum())
        return f"{wrong} of {want.numel()} whole numbers differ" if wrong else ""
    want, got = want.double(), got.double()
    if not torch.equal(want.isnan(), got.isnan()):
        return "NaN in other places"
    want, got = want.nan_to_num(), got.nan_to_num()
    if not want.numel():
        return ""
    error = float((want - got).abs().max() / want.abs().max().clamp(min=1e-12))
    return "" if error <= rtol else f"off by {error:.2g} of the largest value, allowed {rtol:.2g}"


def _grid_problems(case: Case, volume: Tensor) -> list[str]:
    record, slack = case.part("grid"), case.meta.get("grid_mask_slack", 0)
    volume = volume.float().reshape(volume.shape[-3:])
    if list(volume.shape) != record["shape"].tolist():
        return [f"grid: shape {list(volume.shape)} instead of {record['shape'].tolist()}"]
    found, logits = [], volume.flatten()
    evaluated = ~logits.isnan()
    expected = _evaluated(record["runs"].long(), logits.numel())
    wrong = int((evaluated != expected).sum())
    if wrong > slack:
        found.append(f"grid: {wrong} points evaluated or left out wrongly, allowed {slack}")
    index = record["sample_idx"].long()
    index_here = evaluated[index]
    text = difference(record["sample_val"][index_here], logits[index][index_here], case.tolerance("grid"))
    found += [f"grid: {text}"] if text else []
    if wrong == 0:
        error = float((logits[expected].double().sum() - record["stats"][1]).abs() / record["stats"][2].clamp(min=1e-12))
        found += [f"grid: sum off by {error:.2g}"] if error > case.tolerance("grid.sum") else []
    return found


def _evaluated(runs: Tensor, points: int) -> Tensor:
    change = torch.zeros(points + 1, dtype=torch.long)
    change.index_add_(0, runs[:, 0], torch.ones_like(runs[:, 0]))
    change.index_add_(0, runs.sum(dim=1), -torch.ones_like(runs[:, 0]))
    return change.cumsum(0)[:-1] > 0


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin with `prefix` and a dot, without it."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}
