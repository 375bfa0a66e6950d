"""8-bit arithmetic in a loaded model's denoiser: what the device at hand has, and only where the answers stay near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..api.events import Log
from ..checkpoints.model import Model
from ..models.float8 import float8_linears, has_float8, replaced
from ..models.layers import AttentionFunction, attention
from ..models.sage import has_sage, sage_attention, set_attention_backend
from ..runtime.devices import dtype_name
from ..sampling import draw_noise
from ..sampling.graphs import relative_difference

MOST_DIFFERENT = 0.08
"""8-bit arithmetic may change a velocity by this share of it (root mean square); docs/performance.md says what that does."""

Undo = Callable[[], object]


@dataclass(frozen=True)
class QuantisationOption:
    """A way for a denoiser to compute in 8 bits.

    Attributes:
        name: what to call it before the user.
        apply: puts it into a denoiser and returns what takes it out again; None where it has no place for it.
    """

    name: str
    apply: Callable[[nn.Module], Undo | None]


def quantise(model: Model, *, on_device: bool) -> list[Log]:
    """Let a model's denoiser compute in 8 bits, its layers changed in place, where its answers stay near those in full precision.

    Args:
        model: as loaded.
        on_device: its weights are on its device, so that they can be tried.

    Returns:
        What the user should know: warnings alone where nothing was changed.
    """
    if not on_device:
        return [Log("8-bit arithmetic is not used where a model's parts take turns on the graphics card.", warning=True)]
    options = available_options(model.device, model.dtype)
    if not options:
        return [Log(f"This device has no 8-bit arithmetic; the model runs in {dtype_name(model.dtype)}.", warning=True)]
    return apply_options(model.denoiser, options, example(model))


def available_options(device: torch.device, dtype: torch.dtype) -> list[QuantisationOption]:
    """The 8-bit arithmetic that there is for a device and the number format of everything else."""
    options: list[QuantisationOption] = []
    if has_float8(device) and dtype != torch.float32:
        options.append(QuantisationOption("8-bit layers", quantise_layers))
    if has_sage(device, dtype):
        options.append(QuantisationOption("SageAttention", with_attention(sage_attention)))
    return options


def quantise_layers(denoiser: nn.Module) -> Undo | None:
    """Replace the large linear layers by 8-bit ones."""
    before = replaced(denoiser, float8_linears(denoiser))
    return (lambda: replaced(denoiser, before)) if before else None


def with_attention(function: AttentionFunction) -> Callable[[nn.Module], Undo]:
    """An option that computes the attention with `function`."""

    def apply(denoiser: nn.Module) -> Undo:
        set_attention_backend(denoiser, function)
        return lambda: set_attention_backend(denoiser, attention)

    return apply


def apply_options(denoiser: nn.Module, options: Sequence[QuantisationOption], arguments: Sequence[Tensor]) -> list[Log]:
    """Apply each option that leaves the answer to `arguments` finite and near enough to the full-precision one, and no other.

    Returns:
        A line on each option, a warning where it was not applied.
    """
    logs: list[Log] = []
    plain = denoiser(*arguments)
    for option in options:
        undo: Undo | None = None
        try:
            undo = option.apply(denoiser)
            difference = relative_difference(denoiser(*arguments), plain)
            found = "the model is too small for them" if undo is None else f"its answer differs by {difference:.1%}"
            stays = undo is not None and difference <= MOST_DIFFERENT
        except Exception as error:  # a library, a driver, a card: each has its own way to fail
            found, stays = f"{type(error).__name__}: {error}".splitlines()[0], False
        if undo is not None and not stays:
            undo()
        logs.append(Log(f"The model runs {'with' if stays else 'without'} {option.name} ({found}).", warning=not stays))
    return logs


def example(model: Model) -> tuple[Tensor, ...]:
    """Arguments of the model's denoiser, the same ones each time: noise, half the time, a random image's condition."""
    size, generator = model.processor.size, torch.Generator().manual_seed(0)
    image = (torch.rand(1, 3, size, size, generator=generator) * 2 - 1).to(model.device, model.dtype)
    condition, second = model.condition(image[:, None], (0,)) if model.processor.multi_view else model.condition(image)
    latents = draw_noise(0, 1, model.num_latents, model.channels, device=model.device, dtype=model.dtype)
    time = torch.full((1,), 0.5, dtype=model.dtype)
    scale = (torch.full((1,), model.default_guidance, dtype=model.dtype, device=model.device),) if model.guidance_embed else ()
    return latents, time, condition, *scale, *(() if second is None else (second,))
