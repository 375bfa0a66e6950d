"""The model of a task, with its weights where the memory that they may take allows."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Generating
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..api.errors import MemoryLimitError
from ..api.events import Event, Log, Stage
from ..api.settings import Value
from ..api.units import gib
from ..checkpoints.folders import checkpoint_folder, weights_identity
from ..checkpoints.load import load_checkpoint, model_spec
from ..checkpoints.model import Model
from ..models.denoiser import Denoiser
from ..runtime.devices import EIGHT_BIT, dtype_name
from ..runtime.memory.limits import allowed
from ..runtime.memory.offload import Residency
from ..runtime.memory.plan import Plan, planned
from ..runtime.memory.requirements import needs
from ..runtime.oom import out_of_memory
from ..sampling import CUDAGraphDenoiser
from .low_precision import in_eight_bits

Answer = TypeVar("Answer")

Asked = tuple[str, torch.device, torch.dtype, bool]
"""The name or folder of a model, the device, the number format, and whether to compute in 8 bits where that goes."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model, and what brings its parts to the device.

    Attributes:
        asked: what was asked for.
        model: each of its networks can be used in its stage, once the residency was told of that.
        residency: where its weights are.
        identity: tells its weights from any others, wherever their folder is.
        precision: the setting that names what it computes in.
        logs: what the user should know of the loading.
        captured: its denoiser with steps that are replayed, on devices that can.
    """

    asked: Asked
    model: Model
    residency: Residency
    identity: str
    precision: str
    logs: Sequence[Log]
    captured: CUDAGraphDenoiser | None

    @property
    def denoiser(self) -> Denoiser:
        """What sampling asks for velocities."""
        return self.captured or self.model.denoiser

    def news(self) -> Iterator[Log]:
        """What came up while sampling and the user should know; said once."""
        if self.captured is not None and (problem := self.captured.pop_warning()):
            yield Log(problem)

    def follow(self, settings: Mapping[str, Value]) -> Iterator[Log]:
        """Keep to the memory that a task's settings allow; yields what the user is told about it."""
        plan, budget = _planned(self.asked, settings)
        if plan is None:
            return
        self.residency.follow(plan)
        if self.captured is not None:  # a recording relies on weights that stay, and holds on to what a step works with
            steps = next(part.working for part in plan.parts if part.stage is Stage.SAMPLE)
            self.captured.enable(self.residency.stays and plan.peak + steps <= budget)
        if plan.peak > budget:
            yield Log(f"The model needs about {gib(plan.peak)} and may take {gib(budget)}: the memory may not do.", warning=True)
        elif not plan.stays:
            yield Log(f"The model may take {gib(budget)} of the graphics card: its parts take turns there.")

    def relieved(self, work: Callable[[], Generating[Event, None, Answer]]) -> Generating[Event, None, Answer]:
        """The answer of a stage's work, which is done once more where the device ran out of memory and weights can leave it."""
        try:
            return (yield from work())
        except (RuntimeError, MemoryError, MemoryLimitError) as error:
            if not (isinstance(error, MemoryLimitError) or out_of_memory(error)) or not self.residency.relieve():
                raise
        if self.captured is not None:
            self.captured.enable(False)
        gc.collect()
        yield Log("The graphics card ran out of memory; from now on the model's parts take turns there.", warning=True)
        return (yield from work())


def load(asked: Asked, settings: Mapping[str, Value]) -> Loaded:
    """Load a model to the device where all of it fits there, else to the main memory.

    Raises:
        CheckpointError: see `load_checkpoint`.
    """
    plan, _ = _planned(asked, settings)
    if plan is None or plan.stays:
        try:
            return _loaded(asked, plan, there=True)
        except RuntimeError as error:
            if plan is None or not out_of_memory(error):
                raise
    loaded = _loaded(asked, plan, there=False)
    if plan.stays:
        loaded.residency.relieve()  # less was free than the device said
    return loaded


def _loaded(asked: Asked, plan: Plan | None, *, there: bool) -> Loaded:
    name, device, dtype, eight_bit = asked
    model = load_checkpoint(name, device, dtype, in_main_memory=not there)
    logs = in_eight_bits(model, there=there) if eight_bit else []  # first: it replaces weights
    precision = dtype_name(dtype) if all(log.warning for log in logs) else EIGHT_BIT
    parts = {Stage.CONDITION: model.image_encoder, Stage.SAMPLE: model.denoiser, Stage.DECODE: model.vae}
    residency = Residency(parts, device, plan, there=there)
    captured = CUDAGraphDenoiser(model.denoiser) if device.type == "cuda" and model.denoiser.capturable else None
    identity = weights_identity(checkpoint_folder(name))
    return Loaded(asked, model, residency, identity, precision, logs, captured)


def _planned(asked: Asked, settings: Mapping[str, Value]) -> tuple[Plan | None, int]:
    """Where the parts shall be, and the bytes that they may take; None where they have only one place."""
    name, device, dtype, _ = asked
    budget = allowed(device, float(settings["memory_budget"]))
    if budget is None:
        return None, 0
    return planned(needs(model_spec(name), dtype, int(settings["resolution"])), budget), budget
