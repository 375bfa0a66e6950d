"""Weights on disk -> modules: memory-mapped, checked name by name, moved tensor by tensor to the device."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..api.errors import CheckpointError
from ..files import open_file

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_ALIGNMENT = 64  # bytes, PyTorch's on a CPU


class Weights(Protocol):
    """Named tensors of one file, read when asked for."""

    path: Path

    def names(self) -> Iterable[str]:
        """Every tensor's name."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape, without reading it."""
        ...

    def tensor(self, name: str) -> Tensor:
        """The tensor on the CPU, backed by the file."""
        ...


class SafetensorsWeights:
    """A memory-mapped safetensors file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            open_file(path).close()  # the library would wait for a pipe
            self._file = safe_open(os.fspath(path), framework="pt", device="cpu")
            self._names = frozenset(self._file.keys())
        except FileNotFoundError:
            raise CheckpointError(f"There is no file {path}; choose a folder with a complete checkpoint.") from None
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} is not a complete safetensors file (cut short, damaged, or another format such as a pickle); "
                "download it again."
            ) from error

    def names(self) -> frozenset[str]:
        return self._names

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file.get_slice(name).get_shape())

    def tensor(self, name: str) -> Tensor:
        return self._file.get_tensor(name)


class PickledWeights:
    """A `.ckpt` of torch, read by torch's restricted unpickler, which builds tensors and containers only.

    Nested dictionaries ({"model": {...}, "vae": {...}}) become dotted names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            open_file(path).close()
            data = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise CheckpointError(
                f"{path} is damaged, or holds more than weights, which is unsafe; download it again."
            ) from error
        self._tensors: dict[str, Tensor] = {}
        self._collect("", data)

    def _collect(self, prefix: str, data: object) -> None:
        if isinstance(data, Tensor):
            self._tensors[prefix] = data
        elif isinstance(data, Mapping):
            for name, value in data.items():
                self._collect(f"{prefix}.{name}" if prefix else str(name), value)

    def names(self) -> Iterable[str]:
        return self._tensors.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def tensor(self, name: str) -> Tensor:
        return self._tensors[name]


def open_weights(folder: Path, *, half: bool, pickled: bool = False) -> Weights:
    """Open the weights in `folder`: model.safetensors, or in half precision model.fp16.safetensors.

    Args:
        half: which of the two to prefer where both are there.
        pickled: whether a `.ckpt` may be read where no safetensors file is there (some models come in no other form).

    Raises:
        CheckpointError: there is no such file, or it is damaged.
    """
    found = sorted(folder.glob("model*.safetensors"), key=lambda path: ("fp16" in path.name) != half)
    if found:
        return SafetensorsWeights(found[0])
    ckpt = sorted(folder.glob("model*.ckpt"), key=lambda path: ("fp16" in path.name) != half)
    if ckpt and pickled:
        return PickledWeights(ckpt[0])
    if ckpt:
        raise CheckpointError(
            f"{folder} holds only {ckpt[0].name}, which could run code when read; download model.fp16.safetensors."
        )
    raise CheckpointError(f"{folder} holds no model.safetensors; choose the folder that has it beside config.yaml.")


def load_module(
    build: Callable[[], ModuleT],
    weights: Weights,
    prefix: str,
    device: torch.device,
    dtype: torch.dtype,
    *,
    unused: Sequence[str] = (),
) -> ModuleT:
    """Build a module on the meta device and give it its tensors, each read once and moved straight to the device.

    Args:
        build: makes the module.
        weights: the open file.
        prefix: "model." for a module of a combined file, "" for a file of its own.
        dtype: floating-point type of the parameters.
        unused: starts of names (after the prefix) that the file may hold and the module has no place for.

    Returns:
        The module, in evaluation mode and without gradients.

    Raises:
        CheckpointError: names are missing or unexpected, a shape differs, or a weight is not finite.
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
    state: dict[str, Tensor] = {}
    for name, shape in wanted.items():
        if weights.shape(prefix + name) != shape:
            raise CheckpointError(
                f"{weights.path} has {prefix}{name} of shape {list(weights.shape(prefix + name))} where config.yaml asks for "
                f"{list(shape)}; the two files belong to different models."
            )
        state[name] = _finite(weights.tensor(prefix + name), device, dtype, f"{prefix}{name} of {weights.path}")
    module.load_state_dict(state, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def _check_names(wanted: Iterable[str], found: set[str], weights: Weights, prefix: str) -> None:
    missing, unexpected = sorted(set(wanted) - found), sorted(found - set(wanted))
    parts = [f"{word} {_listed(names, prefix)}" for word, names in (("lacks", missing), ("has unexpected", unexpected)) if names]
    if parts:
        raise CheckpointError(f"{weights.path} does not fit its config.yaml: it {' and '.join(parts)}; download both again.")


def _listed(names: Sequence[str], prefix: str, most: int = 3) -> str:
    shown = ", ".join(prefix + name for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _finite(tensor: Tensor, device: torch.device, dtype: torch.dtype, what: str) -> Tensor:
    if not tensor.is_floating_point():
        return _aligned(tensor.to(device))
    tensor = _aligned(tensor.to(device=device, dtype=dtype))
    # One number that is not finite makes the sum so, which takes one pass; finite ones may overflow it as well.
    if not torch.isfinite(tensor.sum(dtype=torch.float32)) and not torch.isfinite(tensor).all():
        raise CheckpointError(
            f"The weight {what} holds numbers that are not finite in {str(dtype)[6:]}; download the file again."
        )
    return tensor


def _aligned(tensor: Tensor) -> Tensor:
    """The tensor at an address that PyTorch's allocator would give it: a copy of one that is used from the file in place.

    Where a file puts its weights is up to its header. Math libraries take other ways, with other last bits, for other
    alignments, so the same weights in another file, or copied somewhere else, would make another mesh.
    """
    return tensor.clone() if tensor.device.type == "cpu" and tensor.data_ptr() % _ALIGNMENT else tensor
