"""What every training stage shares: resuming, checkpoints that survive a kill, averaged weights, CSV logs, the schedule,
and several processes (`torchrun`), each with batches of its own and one mean of their gradients."""

from __future__ import annotations

import contextlib
import copy
import csv
import dataclasses
import io
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ...api.errors import TrainingError
from ...checkpoints.config import parse_yaml
from ...files import open_file, read_file, write_whole
from ...runtime.devices import computes_bfloat16_fast
from ..files import load_state, write_json
from ..options import checked

C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)

WARM_UP = 5
"""Steps before a graph is captured: what is compiled or allocated once must be there."""

Batch = dict[str, Tensor]
SampleBatch = Callable[[torch.Generator], Batch]
"""Random numbers of a step, on the run's device -> a batch."""
Loss = Callable[[Batch], tuple[Tensor, dict[str, Tensor]]]
"""Batch -> the loss that is minimised and its parts (scalars) for the log."""
Validate = Callable[[], Mapping[str, Tensor | float]]
"""-> what was measured on the validation split: a mean, or the values [K] of all its shapes."""
SHAPES_NAME = "validation_shapes.csv"
"""File of a run: the last validation of each shape, a row a shape."""


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
        graph: on a GPU, replay whole steps as one CUDA graph, so that the host need not keep up with each kernel.
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
    graph: bool = True


_MAX_CONFIG = 1 << 16  # bytes


def config_of(kind: type[C], values: Mapping[str, Any]) -> C:
    """Build a config dataclass; TrainingError names unknown keys and bad values."""
    defaults: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
    types = {name: type(default) for name, default in defaults.items()}
    if unknown := set(values) - set(types):
        raise TrainingError(f"The training config has unknown keys: {', '.join(sorted(unknown))}; known are {', '.join(types)}.")
    try:
        # YAML reads 1e-3 (without a dot) as a text.
        typed = {name: types[name](value) for name, value in values.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise TrainingError(f"The training config has a value of the wrong type: {error}.") from error
    for name, value in typed.items():
        if types[name] in (int, float):
            checked(name, value, types[name], 1 if name == "batch" else min(0, defaults[name]))
    return kind(**typed)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file of named values; TrainingError where it cannot be read."""
    try:
        values = parse_yaml(read_file(path, _MAX_CONFIG).decode("utf-8")) or {}
    except (OSError, ValueError) as error:
        raise TrainingError(f"The training config {path} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise TrainingError(f"The training config {path} must hold keys with values.")
    return values


def last_validation(folder: Path) -> dict[str, float]:
    """The last row of a run's validations; TrainingError where there is none."""
    try:
        with open_file(folder / "validation.csv") as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as handle:
            return {name: float(value) for name, value in list(csv.DictReader(handle))[-1].items()}
    except (OSError, ValueError, IndexError, TypeError, csv.Error) as error:
        raise TrainingError(f"{folder} has no validation; let its stage run to the end first.") from error


class Run(Generic[M]):
    """One stage's run in a folder: `state.pt` (to resume), `log.csv`, `validation.csv`, `run.json` (the settings), and what
    `publish` writes there, a checkpoint folder of the averaged weights.

    Resuming with another model size is refused by the strict loading of the state.

    Args:
        folder: made where it does not exist.
        config: settings; recorded in the folder.
        model: what is trained; parameters that need no gradient stay as they are.
        device: where it runs; on CUDA the loss is compiled and computed under bfloat16 autocast.
        publish: writes the averaged model as a checkpoint into the folder, at each save.
        rates: factors of the learning rate for parts of the model, by the start of their parameters' names.

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
        publish: Callable[[M], None],
        rates: Mapping[str, float] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config, self.model, self.device = folder, config, model.to(device), device
        self._publish = publish
        _join_processes(device)
        self.optimizer, self._rates = _adamw(self.model, config, rates or {})
        self._trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        # What is frozen is the same in both, and there once.
        frozen = {id(parameter): parameter for parameter in self.model.parameters() if not parameter.requires_grad}
        self.averaged = copy.deepcopy(self.model, frozen).eval().requires_grad_(False)
        self.step = 0
        self._seconds_before = 0.0
        self._resume()
        self._logged_at = self.step
        self._saved_at = self._started = time.monotonic()
        self.progress = self._progress()
        # What a captured step reads and writes, beside the model: all on the device.
        self._decay = torch.zeros((), device=device)
        self._number = torch.zeros((), dtype=torch.long, device=device)
        self._bad_step = torch.full((), -1, dtype=torch.long, device=device)
        self._sums: dict[str, Tensor] = {}
        if self.leads:
            write_json(folder / "run.json", dataclasses.asdict(config))

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
        """bfloat16 where the device is fast at it."""
        fast = computes_bfloat16_fast(self.device)
        return torch.autocast(self.device.type, torch.bfloat16) if fast else contextlib.nullcontext()

    def train(self, sample_batch: SampleBatch, loss: Loss, validate: Validate) -> None:
        """Run to the end of the schedule, with logs, validations and checkpoints on the way.

        On a GPU the loss is compiled, and after a few steps the whole step is captured as a CUDA graph.
        """
        on_gpu = self.device.type == "cuda"
        fast = torch.compile(loss, dynamic=False) if on_gpu else loss
        # Gradients are exchanged between processes outside of any graph.
        graphed = on_gpu and self.config.graph and not dist.is_initialized()
        replay: Callable[[Batch], None] | None = None
        eager_steps = 0
        while not self.finished:
            batch = sample_batch(self.rng())
            self._set_rates()
            if replay is None and graphed and eager_steps == WARM_UP:
                replay = self._captured(fast, batch)
            elif replay is None:
                self._update(fast, batch)
                eager_steps += 1
            else:
                replay(batch)
            self.step += 1
            self.progress = self._progress()
            self._report(validate)
        self.save()

    def _captured(self, loss: Loss, batch: Batch) -> Callable[[Batch], None]:
        """Capture the step on `batch` (which is done once by that) as a graph that runs with the values of other batches."""
        inputs = {name: value.clone() for name, value in batch.items()}
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._update(loss, inputs)

        def replay(values: Batch) -> None:
            for name, value in values.items():
                inputs[name].copy_(value)
            graph.replay()

        graph.replay()  # capturing ran nothing
        return replay

    def _set_rates(self) -> None:
        """The numbers of the coming step: learning rates, the average's memory, the step's number."""
        factor = self.config.learning_rate * _learning_rate_factor(self.config, self.step, self.progress)
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"].fill_(factor * rate)
        # A short memory at first, so that early validations do not look at the initial weights.
        self._decay.fill_(min(self.config.ema, (1 + self.step) / (10 + self.step)))
        self._number.fill_(self.step)

    def _update(self, loss: Loss, batch: Batch) -> None:
        """One optimiser step; nothing in it waits for the device."""
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            total, parts = loss(batch)
        total.backward()
        _mean_over_processes(self._trained)
        norm = nn.utils.clip_grad_norm_(self._trained, self.config.clip)
        fine = norm.isfinite() & total.detach().isfinite()
        self._bad_step.copy_(torch.where((self._bad_step < 0) & ~fine, self._number, self._bad_step))
        self.optimizer.step()
        self._average()
        for name, value in parts.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros((), device=self.device)
            self._sums[name] += value.detach()

    @torch.no_grad()
    def _average(self) -> None:
        averages: list[Tensor] = list(self.averaged.parameters())
        current: list[Tensor] = list(self.model.parameters())
        for average, new in zip(averages, current, strict=True):
            if average is not new:
                average.lerp_(new, 1 - self._decay)

    def _report(self, validate: Validate) -> None:
        """Log, validate and save where it is time to. A loss that is not finite stops the run with TrainingError."""
        if self.step % self.config.log_every == 0:
            self._check_finite()
            # After a resume fewer steps than usual were summed up.
            self.log({name: value.item() / (self.step - self._logged_at) for name, value in self._sums.items()})
            self._logged_at = self.step
            for value in self._sums.values():
                value.zero_()
        if self.step % self.config.validate_every == 0 or self.finished:
            self._check_finite()
            with torch.no_grad(), self.autocast():
                self._log_validation(validate())
        if time.monotonic() - self._saved_at > 60 * self.config.save_minutes:
            self.save()

    def _log_validation(self, found: Mapping[str, Tensor | float]) -> None:
        """Append the means to `validation.csv`; the values of the shapes replace those of the validation before."""
        shapes = {name: value.tolist() for name, value in found.items() if isinstance(value, Tensor)}
        self.log({name: float(torch.as_tensor(value).mean()) for name, value in found.items()}, "validation.csv")
        if self.leads and shapes:
            rows = [[f"{value:.6f}" for value in row] for row in zip(*shapes.values(), strict=True)]
            text = "".join(",".join(row) + "\n" for row in [list(shapes), *rows])
            write_whole(self.folder / SHAPES_NAME, lambda p: p.write_text(text, encoding="utf-8"))

    def _check_finite(self) -> None:
        if (bad := int(self._bad_step)) >= 0:
            raise TrainingError(
                f"The loss became infinite or NaN in batch {bad}; the last checkpoint is kept: resume with a lower learning rate."
            )

    def save(self) -> None:
        """Write the state and the checkpoint of the averaged weights, each file whole or not at all."""
        self._check_finite()
        if self.leads:
            state = {
                "model": self.model.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            }
            write_whole(self.folder / "state.pt", lambda p: torch.save(state, p))
            self._publish(self.averaged)
            if self.finished:
                write_json(self.folder / "finished.json", {"step": self.step, "seconds": round(self.seconds, 1)})
        self._saved_at = time.monotonic()

    def _resume(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = load_state(path, ("model", "averaged", "optimizer", "step", "seconds"), self.device)
        try:
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrainingError(f"{path} is of a model of another shape; choose another folder or delete it.") from error
        self.step = int(checked("step", state["step"], int, 0))
        self._seconds_before = checked("seconds", state["seconds"], float, 0)

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


def _adamw(model: nn.Module, config: RunConfig, rates: Mapping[str, float]) -> tuple[torch.optim.AdamW, list[float]]:
    """AdamW over the parameters that need gradients, and the factor of the learning rate of each of its groups.

    Biases, norms and single vectors do not decay.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = next((factor for start, factor in rates.items() if name.startswith(start)), 1.0)
            groups.setdefault((rate, config.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    device = next(model.parameters()).device
    options = {"betas": (0.9, 0.99), "eps": 1e-6, "fused": True, "capturable": device.type == "cuda"}
    parts = [
        # A tensor, so that a captured step sees it change.
        {"params": parameters, "weight_decay": decay, "lr": torch.tensor(config.learning_rate, device=device)}
        for (_, decay), parameters in groups.items()
    ]
    return torch.optim.AdamW(parts, **options), [rate for rate, _ in groups]


def _learning_rate_factor(config: RunConfig, step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / max(1, config.warmup)) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def _join_processes(device: torch.device) -> None:
    """Meet the other processes that `torchrun` started, if any."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


def _mean_over_processes(parameters: list[nn.Parameter]) -> None:
    """Replace the gradients by their mean over all processes, in one exchange."""
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
