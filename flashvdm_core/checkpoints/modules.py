"""Weights -> modules: built on the meta device, checked name by name, then filled tensor by tensor on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from ..api.errors import CheckpointError
from .weights import Weights

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_CHECKED_AT_ONCE = 1 << 22
_SAMPLE = 1 << 14


@dataclass(frozen=True, eq=False)
class CheckedModule(Generic[ModuleT]):
    """A module without its numbers, for each of which there is a tensor of the right name, shape and kind in a file.

    Attributes:
        module: on the meta device.
        weights: the open file.
        prefix: what its names begin with there.
    """

    module: ModuleT
    weights: Weights
    prefix: str

    def load(self, device: torch.device, dtype: torch.dtype) -> ModuleT:
        """Give the module its tensors, each read once and moved straight to the device.

        Returns:
            The module, in evaluation mode and without gradients.

        Raises:
            CheckpointError: a weight is not finite, or cannot be read.
        """
        state: dict[str, Tensor] = {}
        for name in self.module.state_dict():
            tensor = self.weights.tensor(self.prefix + name).to(device=device, dtype=dtype)
            if not _all_finite(tensor):
                raise self._not_finite(name, dtype)
            state[name] = tensor
        self.module.load_state_dict(state, strict=True, assign=True)
        return self.module.eval().requires_grad_(False)

    def check_sample(self, dtype: torch.dtype) -> None:
        """Look at some numbers of every tensor; CheckpointError where one is not finite in `dtype`."""
        for name in self.module.state_dict():
            if not _all_finite(self.weights.sample(self.prefix + name, _SAMPLE).to(dtype)):
                raise self._not_finite(name, dtype)

    def _not_finite(self, name: str, dtype: torch.dtype) -> CheckpointError:
        return CheckpointError(
            f"The weight {self.prefix}{name} of {self.weights.path} holds numbers that are not finite in {str(dtype)[6:]}; "
            "download the file again."
        )


def check_module(
    build: Callable[[], ModuleT], weights: Weights, prefix: str, *, unused: Sequence[str] = ()
) -> CheckedModule[ModuleT]:
    """Build a module on the meta device and hold it against the names, shapes and kinds of a file.

    Args:
        build: makes the module.
        weights: the open file.
        prefix: "model." for a module of a combined file, "" for a file of its own.
        unused: starts of names (after the prefix) that the file may hold and the module has no place for.

    Raises:
        CheckpointError: names are missing or unexpected, a shape differs, or a weight is no floating-point number.
    """
    try:
        with torch.device("meta"):
            module = build()
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise CheckpointError(
            f"The config beside {weights.path.name} describes no network ({error}); download it again."
        ) from error
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found = {name[len(prefix) :] for name in weights.names() if name.startswith(prefix)}
    found = {name for name in found if not name.startswith(tuple(unused))}
    _check_names(wanted, found, weights, prefix)
    for name, shape in wanted.items():
        if weights.shape(prefix + name) != shape:
            raise CheckpointError(
                f"{weights.path} has {prefix}{name} of shape {list(weights.shape(prefix + name))} where config.yaml asks for "
                f"{list(shape)}; the two files belong to different models."
            )
        dtype = weights.dtype(prefix + name)
        if dtype is None or not dtype.is_floating_point:
            kind = "a format that PyTorch lacks" if dtype is None else str(dtype)[6:]
            raise CheckpointError(
                f"{weights.path} is damaged or quantised for another program: {prefix}{name} is stored in {kind}; "
                "download the published file."
            )
    return CheckedModule(module, weights, prefix)


def load_module(
    build: Callable[[], ModuleT],
    weights: Weights,
    prefix: str,
    device: torch.device,
    dtype: torch.dtype,
    *,
    unused: Sequence[str] = (),
) -> ModuleT:
    """`check_module`, then `CheckedModule.load`."""
    return check_module(build, weights, prefix, unused=unused).load(device, dtype)


def _check_names(wanted: Iterable[str], found: set[str], weights: Weights, prefix: str) -> None:
    missing, unexpected = sorted(set(wanted) - found), sorted(found - set(wanted))
    parts = [f"{word} {_listed(names, prefix)}" for word, names in (("lacks", missing), ("has unexpected", unexpected)) if names]
    if parts:
        raise CheckpointError(f"{weights.path} does not fit its config.yaml: it {' and '.join(parts)}; download both again.")


def _listed(names: Sequence[str], prefix: str, most: int = 3) -> str:
    shown = ", ".join(prefix + name for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _all_finite(tensor: Tensor) -> bool:
    # One number that is not finite makes the sum so, which takes one pass; finite ones may overflow it as well. In parts, as
    # a sum of another type than its numbers makes a copy of them.
    parts = tensor.reshape(-1).split(_CHECKED_AT_ONCE)
    return all(bool(torch.isfinite(part.sum(dtype=torch.float32)) or torch.isfinite(part).all()) for part in parts)
