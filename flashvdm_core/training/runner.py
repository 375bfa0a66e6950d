"""What every training stage shares: resuming, checkpoints that survive a kill, averaged weights, CSV logs, the schedule,
and several processes (`torchrun`), each with batches of its own and one mean of their gradients."""

from __future__ import annotations

import contextlib
import copy
import csv
import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
import torch.distributed as dist
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import TrainingError

C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)

Batch = dict[str, Tensor]
Draw = Callable[[torch.Generator], Batch]
"""Random numbers of a step, on the run's device -> a batch."""
Loss = Callable[[Batch], tuple[Tensor, dict[str, Tensor]]]
"""Batch -> the loss that is minimised and its parts (scalars) for the log."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Settings of a run; a stage's config extends it.

    Attributes:
        steps: length of the schedule, in optimiser steps.
        minutes: length of the schedule in wall time, earlier parts of a resumed run included; it ends with whichever
            comes first. 0 for no limit of time.
        batch: samples a step (of each process).
        learning_rate, warmup, weight_decay, clip: AdamW with betas (0.9, 0.99), linear warm-up steps, gradient norm limit.
        ema: decay of the averaged weights, which are the ones exported and validated.
        seed: seeds the initial weights and, with the step's number, every batch, so that a resumed run goes on as it was.
        log_every, validate_every: steps between CSV rows.
        save_minutes: wall time between checkpoints.
    """

    steps: int = 10_000
    minutes: float = 0.0
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


def config_of(kind: type[C], values: Mapping[str, Any]) -> C:
    """Build a config dataclass; TrainingError names unknown keys and bad values."""
    types = {f.name: type(f.default) for f in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
    if unknown := set(values) - set(types):
        raise TrainingError(f"The training config has unknown keys: {', '.join(sorted(unknown))}; known are {', '.join(types)}.")
    try:
        # YAML reads 1e-3 (without a dot) as a text.
        return kind(**{name: types[name](value) for name, value in values.items()})
    except (TypeError, ValueError) as error:
        raise TrainingError(f"The training config has a value of the wrong type: {error}.") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file of named values; TrainingError where it cannot be read."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise TrainingError(f"The training config {path} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise TrainingError(f"The training config {path} must hold keys with values.")
    return values


def device_of_choice() -> torch.device:
    """CUDA where there is one (that of the process's local rank), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there: `path` is complete or as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def last_validation(folder: Path) -> dict[str, float]:
    """The last row of a run's validations; TrainingError where there is none."""
    try:
        with (folder / "validation.csv").open(newline="", encoding="utf-8") as handle:
            return {name: float(value) for name, value in list(csv.DictReader(handle))[-1].items()}
    except (OSError, ValueError, IndexError) as error:
        raise TrainingError(f"{folder} has no validation; let its stage run to the end first.") from error


def write_json(path: Path, value: object) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(value, indent=1)
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def read_stage(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Config and averaged weights of an earlier stage; TrainingError where there are none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return config, load_file(folder / "weights.safetensors")
    except (OSError, ValueError) as error:
        raise TrainingError(f"{folder} holds no {name} stage ({error}); run that stage first.") from error


class Run(Generic[M]):
    """One stage's run in a folder: `state.pt` (to resume), `weights.safetensors` (averaged), `log.csv`, `config.json`.

    Resuming with another model size is refused by the strict loading of the state.

    Args:
        folder: made where it does not exist.
        config: settings; recorded in the folder.
        model: what is trained; parameters that need no gradient stay as they are.
        device: where it runs; on CUDA the loss is compiled and computed under bfloat16 autocast.
        extra: further objects with a state (a discriminator and its optimiser), saved and restored with the rest.

    Attributes:
        averaged: the model with averaged weights.
        step: steps done.
        progress: share of the schedule that is done, by steps or by time, whichever is further.
    """

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        model: M,
        device: torch.device,
        extra: Mapping[str, nn.Module | torch.optim.Optimizer] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config, self.model, self.device = folder, config, model.to(device), device
        self.extra = dict(extra or {})
        _join_processes(device)
        self.optimizer = adamw(self.model, config.learning_rate, config.weight_decay)
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.step = 0
        self._seconds_before = 0.0
        self._resume()
        self._saved_at = self._started = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self.progress = self._progress()
        self._bad_step = torch.full((), -1, dtype=torch.long, device=device)
        if self.leads:
            write_json(folder / "config.json", dataclasses.asdict(config))

    @property
    def leads(self) -> bool:
        """Whether this process writes files: the only one, or the first of several."""
        return not dist.is_initialized() or dist.get_rank() == 0

    @property
    def seconds(self) -> float:
        """Wall time of the run so far, earlier parts included."""
        return self._seconds_before + time.monotonic() - self._started

    @property
    def finished(self) -> bool:
        """Whether the schedule is at its end."""
        return self.progress >= 1

    def _progress(self) -> float:
        by_time = self.seconds / (60 * self.config.minutes) if self.config.minutes else 0.0
        done = torch.tensor(max(self.step / self.config.steps, by_time), dtype=torch.float64)
        if dist.is_initialized():
            done = done.to(self.device)
            dist.broadcast(done, 0)  # the clocks of several processes differ
        return min(1.0, done.item())

    def rng(self) -> torch.Generator:
        """The random numbers of the current step, on the run's device."""
        rank = dist.get_rank() if dist.is_initialized() else 0
        return torch.Generator(self.device).manual_seed((self.config.seed * 1_000_003 + self.step) * 1024 + rank)

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """bfloat16 where the device is fast at it. CPUs are hundreds of times slower in it than in float32."""
        return torch.autocast("cuda", torch.bfloat16) if self.device.type == "cuda" else contextlib.nullcontext()

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function under autocast, compiled where that pays: on a GPU, where it halves the time of a step."""
        fast = torch.compile(function, dynamic=False) if self.device.type == "cuda" else function

        def run(*arguments: Any) -> Any:
            with self.autocast():
                return fast(*arguments)

        return run

    def train(self, draw: Draw, loss: Loss, validate: Callable[[], Mapping[str, float]]) -> None:
        """Run to the end of the schedule, with logs, validations and checkpoints on the way."""
        fast = self.compiled(loss)
        while not self.finished:
            total, parts = fast(draw(self.rng()))
            self.update(total, parts)
            self.report(validate)
        self.save()

    def update(self, loss: Tensor, parts: Mapping[str, Tensor]) -> None:
        """One optimiser step on `loss`; `parts` are added up for the log."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * _learning_rate_factor(self.config, self.step, self.progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        trained = [p for p in self.model.parameters() if p.grad is not None]
        mean_over_processes(trained)
        norm = nn.utils.clip_grad_norm_(trained, self.config.clip)
        fine = norm.isfinite() & loss.detach().isfinite()
        self._bad_step = torch.where((self._bad_step < 0) & ~fine, self.step, self._bad_step)
        self.optimizer.step()
        self._average()
        self.add(parts)
        self.step += 1
        self.progress = self._progress()

    def add(self, parts: Mapping[str, Tensor]) -> None:
        """Add scalars up for the next row of the log."""
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, torch.zeros((), device=self.device)) + value.detach()

    def report(self, validate: Callable[[], Mapping[str, float]]) -> None:
        """Log, validate and save where it is time to. A loss that is not finite stops the run with TrainingError."""
        if self.step % self.config.log_every == 0:
            self._check_finite()
            self.log({name: value.item() / self.config.log_every for name, value in self._sums.items()})
            self._sums.clear()
        if self.step % self.config.validate_every == 0 or self.finished:
            self._check_finite()
            with torch.no_grad(), self.autocast():
                self.log(validate(), "validation.csv")
        if time.monotonic() - self._saved_at > 60 * self.config.save_minutes:
            self.save()

    def _check_finite(self) -> None:
        if (bad := int(self._bad_step)) >= 0:
            raise TrainingError(
                f"The loss became infinite or NaN in batch {bad}; the last checkpoint is kept: resume with a lower learning rate."
            )

    @torch.no_grad()
    def _average(self) -> None:
        # A short memory at first, so that early validations do not look at the initial weights.
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        averages: list[Tensor] = list(self.averaged.parameters())
        current: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(averages, current, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]

    def save(self) -> None:
        """Write the state and the averaged weights, each whole or not at all."""
        self._check_finite()
        if self.leads:
            state = {
                "model": self.model.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "extra": {name: thing.state_dict() for name, thing in self.extra.items()},
                "step": self.step,
                "seconds": self.seconds,
            }
            write_whole(self.folder / "state.pt", lambda p: torch.save(state, p))
            weights = {k: v.contiguous().cpu() for k, v in self.averaged.state_dict().items()}
            write_whole(self.folder / "weights.safetensors", lambda p: save_file(weights, p))
            if self.finished:
                write_json(self.folder / "finished.json", {"step": self.step, "seconds": round(self.seconds, 1)})
        self._saved_at = time.monotonic()

    def _resume(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        try:
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            for name, thing in self.extra.items():
                thing.load_state_dict(state["extra"][name])
        except (RuntimeError, KeyError) as error:
            raise TrainingError(f"{path} is of a model of another shape; choose another folder or delete it.") from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self._seconds_before = state["step"], state["seconds"]

    def log(self, row: Mapping[str, float], file: str = "log.csv") -> None:
        """Append a row to a CSV file of the run and print it."""
        if not self.leads:
            return
        full = {"step": self.step, "seconds": round(self.seconds, 1)} | {k: round(v, 6) for k, v in row.items()}
        path = self.folder / file
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(full))
            if new:
                writer.writeheader()
            writer.writerow(full)
        print(self.folder.name, file.removesuffix(".csv"), " ".join(f"{k}={v:g}" for k, v in full.items()), flush=True)


def adamw(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW over the parameters that need gradients; biases, norms and single vectors do not decay."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99), eps=1e-6)


def _learning_rate_factor(config: RunConfig, step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / max(1, config.warmup)) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def _join_processes(device: torch.device) -> None:
    """Meet the other processes that `torchrun` started, if any."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


def mean_over_processes(parameters: list[nn.Parameter]) -> None:
    """Replace the gradients by their mean over all processes, in one exchange."""
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
