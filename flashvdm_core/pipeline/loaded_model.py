"""The model of a task, with its weights where the memory that they may take allows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from ..api.errors import CheckpointError, MemoryLimitError
from ..api.events import Log
from ..api.settings import Settings
from ..api.units import gib
from ..checkpoints.folders import EMBEDDED, checkpoint_folder, files_state, former_identity, weights_identity
from ..checkpoints.load import load_parts
from ..checkpoints.model import Model
from ..checkpoints.parts import CheckpointParts, open_parts
from ..models.denoiser import Denoiser
from ..models.specs import ModelSpec
from ..runtime.devices import EIGHT_BIT, choose_device, choose_dtype, dtype_name
from ..runtime.memory.limits import NO_LIMIT, available_memory
from ..runtime.memory.offload import WeightOffloader
from ..runtime.memory.plan import SHARED_MEMORY, Network, OffloadPlan, plan_offload
from ..runtime.memory.requirements import memory_requirements
from ..runtime.oom import out_of_memory
from ..sampling import CUDAGraphDenoiser
from .low_precision import quantise


@dataclass(frozen=True)
class ModelKey:
    """What tells one loaded model from another.

    Attributes:
        name: the setting "model": a name or a folder.
        device: where it computes.
        dtype: the number format of its weights.
        eight_bit: compute in 8 bits where that goes.
        files: the state of the files that it is loaded from; "" where it has none.
    """

    name: str
    device: torch.device
    dtype: torch.dtype
    eight_bit: bool = False
    files: str = ""

    @classmethod
    def of(cls, settings: Settings) -> ModelKey:
        """The model that a task's settings ask for.

        Raises:
            DeviceError: the device does not exist or does not compute.
        """
        device = choose_device(settings.device)
        dtype = choose_dtype(settings.precision, device)
        files = files_state(checkpoint_folder(settings.model))
        return cls(settings.model, device, dtype, settings.precision == EIGHT_BIT, files)

    def is_of(self, other: ModelKey) -> bool:
        """Whether a model of the key `other` is still right: whoever removes its files goes on with what is loaded."""
        return self == other or (not self.files and replace(self, files=other.files) == other)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model, and what brings its networks to the device.

    Attributes:
        key: what was asked for.
        model: each of its networks can be used once the offloader has uploaded it.
        offloader: keeps its weights where the plan wants them.
        identity: tells its weights from any others, wherever their folder is.
        former_identity: what `identity` was in an earlier version.
        decoder: which VAE decodes, and why.
        precision: the setting that names what it computes in.
        seedless: it makes the same shape of a picture whatever the seed.
        logs: what the user should know of the loading.
        captured: its denoiser with steps that are replayed, on devices that can.
    """

    key: ModelKey
    model: Model
    offloader: WeightOffloader
    identity: str
    former_identity: str
    decoder: str
    precision: str
    seedless: bool
    logs: Sequence[Log]
    captured: CUDAGraphDenoiser | None

    @property
    def denoiser(self) -> Denoiser:
        """What sampling asks for velocities."""
        return self.captured or self.model.denoiser

    def pop_warnings(self) -> Iterator[Log]:
        """What came up while sampling and the user should know; said once."""
        if self.captured is not None and (problem := self.captured.pop_warning()):
            yield Log(problem)

    def plan_memory(self, settings: Settings) -> Iterator[Log]:
        """Keep to the memory that a task's settings allow; yields what the user is told about it."""
        plan, budget = _plan(self.model.spec, self.key, settings)
        self.offloader.set_plan(plan)
        if self.captured is not None:  # a capture relies on weights that stay, and holds on to a step's activations
            step = next(need.activations for need in plan.requirements if need.network is Network.DENOISER)
            self.captured.enable(self.offloader.keeps_all and plan.peak + step <= budget)
        if plan.peak > budget:
            yield Log(f"The model needs about {gib(plan.peak)} and may take {gib(budget)}: the memory may not do.", warning=True)
        elif not plan.keeps_all:
            yield Log(f"The model may take {gib(budget)} of the graphics card: its parts take turns there.")

    def offload_sequentially(self) -> bool:
        """From now on only the network that computes is on the device; False where nothing more can leave it."""
        if not self.offloader.offload_sequentially():
            return False
        if self.captured is not None:
            self.captured.enable(False)
        return True


def load_model(key: ModelKey, settings: Settings) -> LoadedModel:
    """Load a model to the device where all of it fits there, else to the main memory.

    Raises:
        CheckpointError: see `load_checkpoint`; or its files changed meanwhile.
        MemoryLimitError: its weights have no room.
    """
    try:
        parts = open_parts(key.name, half=key.dtype != torch.float32)
        plan, _ = _plan(parts.spec, key, settings)
        if plan.keeps_all:
            try:
                return _load(parts, key, plan, on_device=True)
            except RuntimeError as error:
                if not plan.movable or not out_of_memory(error):
                    raise
        loaded = _load(parts, key, plan, on_device=False)
    except (RuntimeError, MemoryError, OSError) as error:
        if not out_of_memory(error):
            raise
        raise MemoryLimitError(_no_room(key)) from error
    if plan.keeps_all:
        loaded.offload_sequentially()  # less was free than the device said
    return loaded


def check_unchanged(key: ModelKey) -> None:
    """Raises CheckpointError where the files of a model that was loaded just now are not those of its key any more."""
    if key.files and files_state(checkpoint_folder(key.name)) != key.files:
        raise CheckpointError(
            f"The files of the model '{key.name}' changed while they were read; start again once they are whole."
        )


def _load(parts: CheckpointParts, key: ModelKey, plan: OffloadPlan, *, on_device: bool) -> LoadedModel:
    loaded = load_parts(parts, key.device, key.dtype, in_main_memory=not on_device)
    model = loaded.model
    logs = [Log(problem, warning=True) for problem in loaded.problems]
    if key.name != EMBEDDED:
        logs.insert(0, Log(_description(parts, loaded.vae.description)))
    decoder = model.pixel_aligned
    seedless = decoder is not None and decoder.reader.is_blind and not decoder.spec.variation
    quantised = quantise(model, on_device=on_device) if key.eight_bit else []  # first: it replaces weights
    precision = dtype_name(key.dtype) if all(log.warning for log in quantised) else EIGHT_BIT
    networks = {Network.IMAGE_ENCODER: model.encoders, Network.DENOISER: model.denoiser, Network.VAE: model.vae}
    offloader = WeightOffloader(networks, key.device, plan, on_device=on_device)
    captured = CUDAGraphDenoiser(model.denoiser) if key.device.type == "cuda" and model.denoiser.capturable else None
    identity, former = weights_identity(parts.folder), former_identity(parts.folder)
    logs += quantised
    return LoadedModel(key, model, offloader, identity, former, loaded.vae.description, precision, seedless, logs, captured)


def _description(parts: CheckpointParts, decoder: str) -> str:
    """Which model runs, and what decodes for it."""
    hint = f"; {parts.hint}" if parts.hint else ""
    return f"The model is {parts.name} ({parts.weights.path.name}, stored in {parts.stored_as}). It decodes with {decoder}{hint}."


def _no_room(key: ModelKey) -> str:
    """What to do where a model's weights do not fit into the memory."""
    remedies = ["close other programs"]
    if key.dtype == torch.float32 and key.device.type == "cpu":
        remedies.append("set the precision to bfloat16, which takes half of the memory and is slow on most processors")
    remedies += ["choose a smaller model"]
    if sys.platform == "win32":
        remedies.insert(1, "let Windows enlarge its paging file")
    way = f"{', '.join(remedies[:-1])}, or {remedies[-1]}"
    return f"The memory does not hold the weights of '{key.name}' in {dtype_name(key.dtype)}: {way}."


def _plan(spec: ModelSpec, key: ModelKey, settings: Settings) -> tuple[OffloadPlan, int]:
    """Which networks are on the device when, and the bytes that they may take there."""
    if spec.most_parts:  # so many tokens are sampled at once
        spec = replace(spec, vae=replace(spec.vae, num_latents=spec.vae.num_latents * min(settings.part_count, spec.most_parts)))
    budget = available_memory(key.device, settings.memory_budget)
    if budget == NO_LIMIT:
        return SHARED_MEMORY, budget
    return plan_offload(memory_requirements(spec, key.dtype, settings.resolution), budget), budget
