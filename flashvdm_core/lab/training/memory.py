"""What the stages need of a GPU's memory for a model of given sizes, counted without its weights.

The networks are built on the meta device and the stages' own losses run on them, while every tensor that the backward pass
would keep is counted, in the types that bfloat16 autocast gives them. What a compiler saves or fragmentation costs is not
in the numbers, nor are the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...api.errors import TrainingError
from ...checkpoints.config import read_config
from ...checkpoints.layout import read_model_spec
from ...checkpoints.model import Model
from ...checkpoints.registry import MODELS
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.shape_vae import ShapeVAE
from ...models.specs import DiTSpec, ModelSpec, ShapeVAESpec
from ..tables import markdown
from .checkpoint import frozen_on
from .distill import (
    Discriminator,
    DistillConfig,
    StudentAndDiscriminator,
    adversarial_loss,
    condition,
    consistency_loss,
    guidance_loss,
    student_of,
)
from .runner import Batch
from .shape import FullModel, ShapeConfig, encoded_part, shape_loss
from .teacher import Teacher, flow_loss
from .vae import ReconstructionConfig, autoencoder_loss, efficient_spec, freeze_encoder

TRAINED_BYTES = 4 + 4 + 8 + 4
"""Of a trained parameter: weight, gradient, two moments and average, all float32. Several processes add 4 for the exchange."""
FROZEN_BYTES = 4
_CARD = 80e9
_META = torch.device("meta")


@dataclass(frozen=True)
class Need:
    """What a stage needs: numbers of parameters, bytes whatever the batch, and bytes for each sample of it."""

    stage: str
    trained: int
    frozen: int
    fixed: int
    sample: int


def memory_table(model: str) -> list[str]:
    """A table of the stages for a checkpoint folder or a public model, as Markdown.

    Raises:
        TrainingError, CheckpointError: there is no such folder or model, or its config cannot be read.
    """
    heading = ("stage", "trained", "frozen", "GB without a batch", "GB a sample", "samples in 80 GB")
    return markdown([heading, *(row(need) for need in needs(spec_of(model)))])


def row(need: Need) -> tuple[str, ...]:
    """A row of the table."""
    room = max(0, int((_CARD - need.fixed) / need.sample))
    counts = (f"{number / 1e6:,.1f} M" for number in (need.trained, need.frozen))
    return need.stage, *counts, f"{need.fixed / 1e9:.2f}", f"{need.sample / 1e9:.3f}", f"{room:,}"


def spec_of(model: str) -> ModelSpec:
    """A folder's model, with its own VAE, or a public one by its name."""
    if model in MODELS:
        return MODELS[model]
    if not Path(model).is_dir():
        raise TrainingError(f"There is no folder {model}; name one with --from, or one of {', '.join(MODELS)}.")
    return read_model_spec(read_config(Path(model)))


def needs(sizes: ModelSpec) -> Iterator[Need]:
    """Every stage's need, one after the other; without those of the transformer where it is of a kind that cannot be trained."""
    for name in ("vae", "efficient"):
        yield _counted(name, *_autoencoder(sizes.vae, name))
    if isinstance(sizes.dit, DiTSpec):
        yield _counted("teacher", *_teacher(sizes, freeze=False))
        yield _counted("teacher, image encoder frozen", *_teacher(sizes, freeze=True))
        yield _counted("guidance", *_guidance(sizes))
        yield _counted("consistency, one_phase", *_consistency(sizes))
        yield _counted("adversarial", *_adversarial(sizes))
        yield _counted("shape", *_shape(sizes))


Loss = Callable[[int], Tensor]
"""Size of a batch -> the loss of a stage on an empty batch of that size."""


def _counted(stage: str, networks: Iterable[nn.Module], loss: Loss) -> Need:
    parameters = {id(p): p for network in networks for p in network.parameters()}.values()
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    frozen = sum(p.numel() for p in parameters if not p.requires_grad)
    small, large = (_kept(loss, batch, parameters) for batch in (4, 8))
    sample = (large - small) // 4
    return Need(stage, trained, frozen, trained * TRAINED_BYTES + frozen * FROZEN_BYTES + small - 4 * sample, sample)


def _kept(loss: Loss, batch: int, parameters: Iterable[Tensor]) -> int:
    """Bytes that the backward pass of a loss keeps, beside the parameters."""
    known = {p.untyped_storage()._cdata for p in parameters}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if (storage := tensor.untyped_storage()._cdata) not in known:
            kept.setdefault(storage, tensor)  # held, so that no other storage gets its address
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), _Autocast():
        loss(batch)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


class _FusedAttention(torch.autograd.Function):
    """Attention as fused kernels keep it: without the matrix of weights."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        out = torch.empty_like(q)
        ctx.save_for_backward(q, k, v, out)
        return out


class _Autocast(TorchFunctionMode):
    """The types of bfloat16 autocast on a GPU, which torch has not for the meta device."""

    HALF = (F.linear, F.conv2d)
    FULL = (F.layer_norm, F.mse_loss, F.softplus)
    WIDEST = (torch.addcmul, torch.cat, torch.stack)

    def __init__(self) -> None:
        super().__init__()
        self._weights: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is F.scaled_dot_product_attention:
            return _FusedAttention.apply(*(self._cast(value, torch.bfloat16) for value in args))
        if func in self.HALF:
            args = tuple(self._cast(value, torch.bfloat16) for value in args)
        elif func in self.FULL:
            args = tuple(self._cast(value, torch.float32) for value in args)
        elif func in self.WIDEST:
            args = _widest(args)
        return func(*args, **(kwargs or {}))

    def _cast(self, value: Any, dtype: torch.dtype) -> Any:
        if not isinstance(value, Tensor) or value.dtype == dtype:
            return value
        if not (value.is_leaf and value.requires_grad and torch.is_grad_enabled()):
            return value.to(dtype)
        # Autocast makes one copy of a weight, however often it is used.
        return self._weights.setdefault(id(value), (value, value.to(dtype)))[1]


def _widest(args: tuple[Any, ...]) -> tuple[Any, ...]:
    tensors = args[0] if isinstance(args[0], list | tuple) else args
    wide = any(isinstance(value, Tensor) and value.dtype == torch.float32 for value in tensors)
    if not wide:
        return args
    cast = [value.float() if isinstance(value, Tensor) and value.is_floating_point() else value for value in tensors]
    return (cast, *args[1:]) if tensors is args[0] else tuple(cast)


def _empty(*shape: int) -> Tensor:
    return torch.empty(shape, device=_META)


def _autoencoder(spec: ShapeVAESpec, stage: str) -> tuple[list[nn.Module], Loss]:
    base = replace(spec, geo_decoder_downsample_ratio=1, geo_decoder_mlp_expand_ratio=4, geo_decoder_ln_post=True)
    with _META:
        vae = ShapeVAE(efficient_spec(base) if stage == "efficient" else base, with_encoder=True)
    if stage == "efficient":
        freeze_encoder(vae)
    config = ReconstructionConfig()

    def loss(batch: int) -> Tensor:
        queries = config.near + config.uniform
        values = _surfaces(spec, batch) | {"points": _empty(batch, queries, 3), "sdf": _empty(batch, queries)}
        values |= {"noise": _empty(batch, spec.num_latents, spec.embed_dim), "kl_weight": _empty()}
        return autoencoder_loss(vae, values, config)[0]

    return [vae], loss


def _surfaces(spec: ShapeVAESpec, batch: int) -> Batch:
    numbers = 3 + spec.point_feats
    points = spec.pc_size + spec.pc_sharpedge_size
    return {"data": _empty(batch, points, numbers), "queries": _empty(batch, spec.num_latents, numbers)}


def _pairs(sizes: ModelSpec, batch: int) -> Batch:
    latents = (batch, sizes.vae.num_latents, sizes.vae.embed_dim)
    times = {name: _empty(batch) for name in ("s", "keep", "scale", "start", "next", "end")}
    images = _empty(batch, 3, sizes.processor.size, sizes.processor.size)
    return {"images": images, "latents": _empty(*latents), "noise": _empty(*latents)} | times


def _model(sizes: ModelSpec, guidance_embed: bool) -> Model[DiT]:
    """A model of the meta device, frozen."""
    assert isinstance(sizes.dit, DiTSpec)
    with _META:
        dit = DiT(replace(sizes.dit, guidance_embed=guidance_embed))
        image_encoder, vae = SingleImageEncoder(sizes.conditioner), ShapeVAE(sizes.vae, with_encoder=True)
    steps, guidance = sizes.default_steps, sizes.default_guidance
    found = Model("", dit, vae, image_encoder, sizes.processor, sizes.schedule, steps, guidance, 0.0, _META, torch.float32)
    return frozen_on(found, _META)


def _teacher(sizes: ModelSpec, freeze: bool) -> tuple[list[nn.Module], Loss]:
    start = _model(sizes, guidance_embed=False)
    teacher = Teacher(start.denoiser.requires_grad_(True), start.image_encoder.requires_grad_(not freeze))
    return [teacher, start.vae], lambda batch: flow_loss(teacher, _pairs(sizes, batch))[0]


def _guidance(sizes: ModelSpec) -> tuple[list[nn.Module], Loss]:
    start = _model(sizes, guidance_embed=False)
    with _META:
        student = student_of(start.denoiser).requires_grad_(True)
    networks = [student, start.denoiser, start.image_encoder, start.vae]
    return networks, lambda batch: guidance_loss(student, start, _pairs(sizes, batch))[0]


def _consistency(sizes: ModelSpec) -> tuple[list[nn.Module], Loss]:
    start, solver = _model(sizes, guidance_embed=True), _model(sizes, guidance_embed=True).denoiser
    student = start.denoiser.requires_grad_(True)

    def loss(batch: int) -> Tensor:
        values = _pairs(sizes, batch)
        tokens = condition(start.image_encoder, values["images"])
        return consistency_loss(student, student, solver, values, tokens, DistillConfig())[0]

    return [student, solver, start.image_encoder, start.vae], loss


def _adversarial(sizes: ModelSpec) -> tuple[list[nn.Module], Loss]:
    start, solver = _model(sizes, guidance_embed=True), _model(sizes, guidance_embed=True).denoiser
    with _META:
        both = StudentAndDiscriminator(start.denoiser.requires_grad_(True), Discriminator(solver.spec))

    def loss(batch: int) -> Tensor:
        values = _pairs(sizes, batch)
        tokens = condition(start.image_encoder, values["images"])
        return adversarial_loss(both, both.student, solver, values, tokens, DistillConfig())[0]

    return [both, solver, start.image_encoder, start.vae], loss


def _shape(sizes: ModelSpec) -> tuple[list[nn.Module], Loss]:
    start = _model(sizes, guidance_embed=True)
    whole = FullModel(start.denoiser, start.image_encoder, start.vae).requires_grad_(True)
    freeze_encoder(start.vae)

    def loss(batch: int) -> Tensor:
        config = ShapeConfig(batch=batch)
        queries = config.near + config.uniform
        values = _pairs(sizes, batch) | _surfaces(sizes.vae, encoded_part(config))
        values |= {"points": _empty(batch, queries, 3), "sdf": _empty(batch, queries)}
        return shape_loss(whole, values, config)[0]

    return [whole], loss
