"""What every training stage shares: resuming, checkpoints that survive a kill, averaged weights, CSV logs, the schedule."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import TrainingError

C = TypeVar("C")


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Settings of a run; a stage's config extends it.

    Attributes:
        steps: length of the cosine schedule, in optimiser steps.
        batch: samples a step.
        learning_rate, warmup, weight_decay, clip: AdamW with betas (0.9, 0.99), linear warm-up steps, gradient norm limit.
        ema: decay of the averaged weights, which are the ones exported and validated.
        seed: seeds the initial weights and, with the step's number, every batch, so that a resumed run goes on as it was.
        log_every, validate_every: steps between CSV rows.
        save_minutes: wall time between checkpoints.
    """

    steps: int = 10_000
    batch: int = 16
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    clip: float = 1.0
    ema: float = 0.999
    seed: int = 0
    log_every: int = 50
    validate_every: int = 500
    save_minutes: float = 3.0


def read_config(kind: type[C], path: Path | None, overrides: Mapping[str, Any]) -> C:
    """Build the config dataclass from a YAML file and overrides; TrainingError names unknown keys and bad values."""
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise TrainingError(f"The training config {path} cannot be read: {error}.") from error
    values |= {k: v for k, v in overrides.items() if v is not None}
    types = {f.name: type(f.default) for f in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
    if unknown := set(values) - set(types):
        raise TrainingError(f"The training config has unknown keys: {', '.join(sorted(unknown))}; known are {', '.join(types)}.")
    try:
        # YAML reads 1e-3 (without a dot) as a text.
        return kind(**{name: types[name](value) for name, value in values.items()})
    except (TypeError, ValueError) as error:
        raise TrainingError(f"The training config has a value of the wrong type: {error}.") from error


def device_of_choice() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def learning_rate_at(config: RunConfig, step: int) -> float:
    """Linear warm-up, then half a cosine down to 2 % of the peak."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    progress = min(1.0, (step - config.warmup) / max(1, config.steps - config.warmup))
    return config.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then move it there: `path` is complete or as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


class Run:
    """One stage's run in a folder: `state.pt` (to resume), `weights.safetensors` (averaged), `log.csv`.

    The folder's `config.json` records the config and the parent stage; resuming with another model size is refused
    by the strict loading of the state.
    """

    def __init__(self, folder: Path, config: RunConfig, model: nn.Module, device: torch.device) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config, self.model, self.device = folder, config, model.to(device), device
        decay = [p for p in model.parameters() if p.ndim > 1]
        rest = [p for p in model.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), eps=1e-6)
        self.ema: dict[str, Tensor] = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.step = 0
        self._saved_at = time.monotonic()
        self._started = time.monotonic()
        self._seconds_before = 0.0
        self._resume()
        write_whole(folder / "config.json", lambda p: p.write_text(json.dumps(dataclasses.asdict(config), indent=1)))

    def _resume(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise TrainingError(f"{path} is of a model of another shape; choose another folder or delete it.") from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema, self.step, self._seconds_before = state["ema"], state["step"], state["seconds"]

    @property
    def seconds(self) -> float:
        """Wall time of the run so far, earlier parts included."""
        return self._seconds_before + time.monotonic() - self._started

    def rng(self) -> torch.Generator:
        """The random numbers of the current step (on the CPU)."""
        return torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)

    def update(self, loss: Tensor) -> float:
        """One optimiser step on `loss`; returns its value. A loss that is not finite stops the run with TrainingError."""
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss became {value} in batch {self.step}; the last checkpoint is kept: resume with a lower learning rate."
            )
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.config, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self._average()
        self.step += 1
        return value

    @torch.no_grad()
    def _average(self) -> None:
        # A short memory at first, so that early validations do not look at the initial weights.
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        current = self.model.state_dict()
        torch._foreach_lerp_([self.ema[k] for k in current], list(current.values()), 1 - decay)

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights."""
        return self.ema

    def save(self) -> None:
        """Write the state and the averaged weights, each whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema,
            "step": self.step,
            "seconds": self.seconds,
        }
        write_whole(self.folder / "state.pt", lambda p: torch.save(state, p))
        weights = {k: v.contiguous().cpu() for k, v in self.ema.items()}
        write_whole(self.folder / "weights.safetensors", lambda p: save_file(weights, p))
        self._saved_at = time.monotonic()

    def save_if_due(self) -> None:
        """Save when the last time is longer ago than the config says."""
        if time.monotonic() - self._saved_at > 60 * self.config.save_minutes:
            self.save()

    def log(self, row: Mapping[str, float], file: str = "log.csv") -> None:
        """Append a row to a CSV file of the run and print it."""
        full = {"step": self.step, "seconds": round(self.seconds, 1)} | {k: round(v, 6) for k, v in row.items()}
        path = self.folder / file
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(full))
            if new:
                writer.writeheader()
            writer.writerow(full)
        print(file.removesuffix(".csv"), " ".join(f"{k}={v:g}" for k, v in full.items()), flush=True)
