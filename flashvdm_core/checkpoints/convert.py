"""A checkpoint in another number format: half precision, bfloat16, 8-bit integers, and back; its parts in files of their own."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from ..api.errors import CheckpointError, OutputError
from ..download.fetch import check_space
from ..files import read_file, write_whole
from .config import CONFIG_NAME, read_config
from .folders import checkpoint_folder, write_sums
from .int8 import SCALE, takes_int8, to_int8
from .parts import open_parts, open_vae
from .weights import Weights

_PARTS = ("model", "vae", "conditioner")
_BESIDE = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt")
_MAX_BESIDE = 1 << 24  # bytes


class Form(StrEnum):
    """A number format of weights on disk."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    """Matrices in 8-bit integers with a scale a row, the rest in half precision."""

    @property
    def dtype(self) -> torch.dtype:
        """Of what is not in integers."""
        return {Form.FLOAT32: torch.float32, Form.BFLOAT16: torch.bfloat16}.get(self, torch.float16)


@dataclass(frozen=True)
class _Stored:
    """A tensor as it will be on disk."""

    name: str
    kind: str
    shape: tuple[int, ...]
    size: int


def convert(
    name_or_folder: str | Path, target: Path, form: Form, written: Callable[[Path], None] = lambda path: None
) -> list[Path]:
    """Write a checkpoint to the folder `target` in another number format, as `load_checkpoint` reads it.

    A whole checkpoint becomes three files, of denoiser, VAE and image encoder: models that share one can share its file. The
    tensors are read, converted and written one by one. The licence goes along.

    Args:
        written: told of each file.

    Returns:
        The files with the weights.

    Raises:
        CheckpointError: it cannot be read, or a number is too large for the format.
        OutputError: the folder holds something already, or cannot be written.
        DownloadError: the disk has too little space.
    """
    source = checkpoint_folder(name_or_folder)
    weights, whole = _opened(source, half=form is not Form.FLOAT32)
    names = {part: [name for name in weights.names() if not whole or name.partition(".")[0] == part] for part in _PARTS}
    files = _file_names(target) if whole else {"vae": target / "model.safetensors"}
    plans = {path: [stored for name in names[part] for stored in _stored(weights, name, form)] for part, path in files.items()}
    try:
        if target.exists() and any(target.iterdir()):
            raise OutputError(f"{target} holds something already; name a new or an empty folder.")
        check_space(target, sum(stored.size for plan in plans.values() for stored in plan), target.name)
        target.mkdir(parents=True, exist_ok=True)
        for part, path in files.items():
            tensors = _converted(weights, names[part], form)
            write_whole(path, lambda place, plan=plans[path], tensors=tensors: _write(place, plan, tensors))
            written(path)
        for name in (CONFIG_NAME, *_BESIDE):
            if (source / name).is_file():
                content = read_file(source / name, _MAX_BESIDE)
                write_whole(target / name, lambda place, content=content: place.write_bytes(content))
        write_sums(target)
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written ({error.strerror or error}); free some space, or name another folder."
        ) from error
    return list(plans)


def _opened(source: Path, half: bool) -> tuple[Weights, bool]:
    """The weights of a checkpoint that fits its config, and whether it is a whole one and not a VAE."""
    if "model" in read_config(source).sections:
        return open_parts(source, half=half).weights, True
    return open_vae(source, half=half).module.weights, False


def _file_names(target: Path) -> dict[str, Path]:
    """A file for each part, by the names that files have which belong together."""
    return {part: target / f"model-{number:05}-of-{len(_PARTS):05}.safetensors" for number, part in enumerate(_PARTS, 1)}


def _stored(weights: Weights, name: str, form: Form) -> Iterator[_Stored]:
    shape = weights.shape(name)
    count = torch.Size(shape).numel()
    if form is Form.INT8 and takes_int8(shape):
        yield _Stored(name, "I8", shape, count)
        yield _Stored(name + SCALE, "F32", shape[:1], 4 * shape[0])
    else:
        yield _Stored(
            name, {torch.float32: "F32", torch.bfloat16: "BF16"}.get(form.dtype, "F16"), shape, count * form.dtype.itemsize
        )


def _converted(weights: Weights, names: Sequence[str], form: Form) -> Iterator[Tensor]:
    """The tensors in the order of `_stored`."""
    for name in names:
        read = weights.tensor(name)
        if form is Form.INT8 and takes_int8(tuple(read.shape)):
            _check(read, read, name, form)
            yield from to_int8(read)
        else:
            tensor = read.to(form.dtype)
            _check(tensor, read, name, form)
            yield tensor


def _check(tensor: Tensor, read: Tensor, name: str, form: Form) -> None:
    if torch.isfinite(tensor).all():
        return
    if torch.isfinite(read).all():
        raise CheckpointError(f"The weight {name} holds numbers too large for {form}; convert to bfloat16 instead.")
    raise CheckpointError(f"The weight {name} holds numbers that are not finite; download the checkpoint again.")


def _write(path: Path, plan: Sequence[_Stored], tensors: Iterator[Tensor]) -> None:
    """A safetensors file, tensor by tensor."""
    header: dict[str, Mapping[str, object]] = {"__metadata__": {"format": "pt"}}
    end = 0
    for stored in plan:
        header[stored.name] = {"dtype": stored.kind, "shape": stored.shape, "data_offsets": (end, end + stored.size)}
        end += stored.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for stored, tensor in zip(plan, tensors, strict=True):
            _write_tensor(file, stored, tensor)


def _write_tensor(file: BinaryIO, stored: _Stored, tensor: Tensor) -> None:
    content = memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())  # pyright: ignore[reportArgumentType] - of older Pythons
    assert len(content) == stored.size, f"{stored.name} is not as planned"
    file.write(content)
