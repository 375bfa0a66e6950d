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
from .config import read_config
from .folders import CONFIG_NAME, PIXEL_ALIGNED_NAME, checkpoint_folder, config_of, write_sums
from .int8 import SCALE, takes_int8, to_int8
from .layout import read_model_spec, write_model_spec
from .parts import open_parts, open_vae
from .save import write_config
from .weights import Weights

_PARTS = ("model", "vae", "conditioner")
_BESIDE = ("README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt")
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
    files = [(file, file.plan()) for file in _files(source, form)]
    try:
        if target.exists() and any(target.iterdir()):
            raise OutputError(f"{target} holds something already; name a new or an empty folder.")
        check_space(target, sum(stored.size for _, plan in files for stored in plan), target.name)
        target.mkdir(parents=True, exist_ok=True)
        for file, plan in files:
            write_whole(target / file.name, lambda place, file=file, plan=plan: _write(place, plan, file.tensors()))
            written(target / file.name)
        for name in (CONFIG_NAME, *_BESIDE):
            if (source / name).is_file():
                content = read_file(source / name, _MAX_BESIDE)
                write_whole(target / name, lambda place, content=content: place.write_bytes(content))
        if config_of(source).name != CONFIG_NAME:
            write_config(target, write_model_spec(read_model_spec(read_config(source))))
        write_sums(target)
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written ({error.strerror or error}); free some space, or name another folder."
        ) from error
    return [target / file.name for file, _ in files]


@dataclass(frozen=True, eq=False)
class _File:
    """A file to be written.

    Attributes:
        name: of the file.
        weights: where its tensors are read.
        names: of its tensors, in order.
        form: their number format.
    """

    name: str
    weights: Weights
    names: Sequence[str]
    form: Form

    def plan(self) -> list[_Stored]:
        """Its tensors as they will be stored."""
        return [stored for name in self.names for stored in self._stored(name)]

    def tensors(self) -> Iterator[Tensor]:
        """Its tensors, in the order of the plan."""
        for name in self.names:
            read = self.weights.tensor(name)
            if self._in_int8(name):
                _check(read, read, name, self.form)
                yield from to_int8(read)
            else:
                tensor = read.to(self.form.dtype)
                _check(tensor, read, name, self.form)
                yield tensor

    def _in_int8(self, name: str) -> bool:
        return self.form is Form.INT8 and takes_int8(self.weights.shape(name))

    def _stored(self, name: str) -> Iterator[_Stored]:
        shape, dtype = self.weights.shape(name), self.form.dtype
        count = torch.Size(shape).numel()
        if self._in_int8(name):
            yield _Stored(name, "I8", shape, count)
            yield _Stored(name + SCALE, "F32", shape[:1], 4 * shape[0])
        else:
            kind = {torch.float32: "F32", torch.bfloat16: "BF16"}.get(dtype, "F16")
            yield _Stored(name, kind, shape, count * dtype.itemsize)


def _files(source: Path, form: Form) -> Iterator[_File]:
    """What becomes of a checkpoint that fits its config: a file for each part, by names that say which belong together."""
    half = form is not Form.FLOAT32
    if "model" not in read_config(source).sections:
        vae = open_vae(source, half=half).module.weights
        yield _File("model.safetensors", vae, list(vae.names()), form)
        return
    parts = open_parts(source, half=half)
    if parts.text is not None:
        raise CheckpointError(f"{source} takes a prompt, too; such a model cannot be converted. Use it as it is.")
    for number, part in enumerate(_PARTS, 1):
        names = [name for name in parts.weights.names() if name.partition(".")[0] == part]
        yield _File(f"model-{number:05}-of-{len(_PARTS):05}.safetensors", parts.weights, names, form)
    if parts.pixel_aligned is not None:
        decoder = parts.pixel_aligned.weights
        # A small one, in a file that is read without scales.
        yield _File(PIXEL_ALIGNED_NAME, decoder, list(decoder.names()), Form.FLOAT16 if form is Form.INT8 else form)


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
