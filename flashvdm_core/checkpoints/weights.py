"""Named tensors on disk: safetensors, whole or in parts, and PyTorch's `.ckpt`. What was read is shared with no file."""

from __future__ import annotations

import ctypes
import mmap
import pickle
import sys
import weakref
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..api.errors import CheckpointError
from ..files import NoPlainFileError, is_dead_link, open_file
from ..runtime.oom import out_of_memory
from .folders import PICKLED, WEIGHTS_NAMES, shards_of, weights_files
from .header import Entry, read_header
from .int8 import SCALE, Int8Weights

_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
_WINDOWS = 3  # parts of a large tensor that a sample is taken from: its start, middle and end


class Weights(Protocol):
    """Named tensors of one or more files, read when asked for.

    Attributes:
        path: the file, the first one of several.
    """

    path: Path

    def names(self) -> Iterable[str]:
        """Every tensor's name."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape, without reading it."""
        ...

    def dtype(self, name: str) -> torch.dtype | None:
        """The number format that it is stored in; None where PyTorch has no such."""
        ...

    def tensor(self, name: str) -> Tensor:
        """The tensor on the CPU, in memory of its own."""
        ...

    def sample(self, name: str, most: int) -> Tensor:
        """At most so many numbers of it, [P] on the CPU: all of a small one, parts of a large one."""
        ...


class SafetensorsWeights:
    """A safetensors file. It stays open: what is read later is of the file that was checked, though its name may be another's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open_file(path)
            weakref.finalize(self, self._file.close)
            self._entries = read_header(self._file)
        except FileNotFoundError:
            raise _missing(path) from None
        except (ValueError, NoPlainFileError) as error:
            raise CheckpointError(
                f"{path} is not a complete safetensors file (cut short, damaged, or another format such as a pickle); "
                "download it again."
            ) from error
        except OSError as error:
            raise _unreadable(path, error) from error

    def names(self) -> Iterable[str]:
        return self._entries.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._entries[name].shape

    def dtype(self, name: str) -> torch.dtype | None:
        return _DTYPES.get(self._entries[name].kind)

    def tensor(self, name: str) -> Tensor:
        entry = self._entries[name]
        return self._read(entry, 0, entry.size).view(_DTYPES[entry.kind]).view(entry.shape)

    def sample(self, name: str, most: int) -> Tensor:
        entry = self._entries[name]
        dtype = _DTYPES[entry.kind]
        windows = _windows(entry.size // dtype.itemsize, most)
        parts = [self._read(entry, start * dtype.itemsize, count * dtype.itemsize) for start, count in windows]
        return torch.cat(parts).view(dtype)

    def _read(self, entry: Entry, skipped: int, size: int) -> Tensor:
        """So many bytes of a tensor: uint8 [size]."""
        buffer = torch.empty(size, dtype=torch.uint8)
        view, done = memoryview(buffer.numpy()), 0  # pyright: ignore[reportArgumentType] - of older Pythons
        try:
            self._file.seek(entry.start + skipped)
            while done < size:
                count = self._file.readinto(view[done:])  # pyright: ignore[reportAttributeAccessIssue]
                if not count:
                    raise CheckpointError(f"{self.path} was changed while it was read; try again.")
                done += count
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return buffer


class ShardedWeights:
    """The parts of a file that was published in several."""

    def __init__(self, parts: Sequence[Path]) -> None:
        self.path = parts[0]
        self._parts: dict[str, SafetensorsWeights] = {}
        for path in parts:
            part = SafetensorsWeights(path)
            self._parts |= dict.fromkeys(part.names(), part)

    def names(self) -> Iterable[str]:
        return self._parts.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._parts[name].shape(name)

    def dtype(self, name: str) -> torch.dtype | None:
        return self._parts[name].dtype(name)

    def tensor(self, name: str) -> Tensor:
        return self._parts[name].tensor(name)

    def sample(self, name: str, most: int) -> Tensor:
        return self._parts[name].sample(name, most)


class PickledWeights:
    """A `.ckpt` of torch, read by torch's restricted unpickler, which builds tensors and containers only.

    Nested dictionaries ({"model": {...}, "vae": {...}}) become dotted names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            open_file(path).close()
            data = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        except FileNotFoundError:
            raise _missing(path) from None
        except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, RuntimeError | OSError) and out_of_memory(error):
                raise
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

    def dtype(self, name: str) -> torch.dtype | None:
        return self._tensors[name].dtype

    def tensor(self, name: str) -> Tensor:
        mapped = self._tensors[name]
        own = mapped.clone()
        _give_back(mapped)
        return own

    def sample(self, name: str, most: int) -> Tensor:
        numbers = self._tensors[name].reshape(-1)
        return torch.cat([numbers[start : start + count] for start, count in _windows(numbers.numel(), most)])


def open_weights(folder: Path, *, half: bool) -> Weights:
    """Open the weights in `folder`: model.safetensors, or in half precision model.fp16.safetensors; or the only ones there.

    Where there is none, a `.ckpt` is read, as some models come in no other form: its tensors, and nothing that is code.

    Args:
        half: which of the two to prefer where both are there.

    Raises:
        CheckpointError: there is no such file, or it is damaged.
    """
    # A part beside a whole file is left over.
    found = sorted(weights_files(folder), key=lambda path: (len(shards_of(path)) > 1, ("fp16" in path.name) != half))
    if not found:
        raise CheckpointError(f"{folder} holds no model.safetensors; choose the folder that has it beside config.yaml.")
    first = found[0]
    if first.suffix in PICKLED:
        return PickledWeights(first)
    shards = shards_of(first)
    missing = [path for path in shards if path not in found]
    if missing:
        names = ", ".join(path.name for path in missing[:3]) + (" and others" if len(missing) > 3 else "")
        raise CheckpointError(f"{folder} lacks {names}: the weights are in {len(shards)} files; download what is missing, too.")
    if len({shards_of(path)[0] for path in found}) > 1 and not first.name.startswith(WEIGHTS_NAMES):
        names = ", ".join(path.name for path in found[:4])
        raise CheckpointError(
            f"{folder} holds several weights ({names}); rename those that belong to config.yaml model.safetensors."
        )
    stored = ShardedWeights(shards) if len(shards) > 1 else SafetensorsWeights(first)
    return Int8Weights(stored) if any(name.endswith(SCALE) for name in stored.names()) else stored


def _windows(count: int, most: int) -> list[tuple[int, int]]:
    """Start and length of the parts of `count` numbers that a sample of at most `most` is taken from."""
    if count <= most:
        return [(0, count)]
    part = max(most // _WINDOWS, 1)
    return [(number * (count - part) // (_WINDOWS - 1), part) for number in range(_WINDOWS)]


def _missing(path: Path) -> CheckpointError:
    if is_dead_link(path):
        return CheckpointError(f"{path} is a link to a file that is gone; download the model again.")
    return CheckpointError(f"There is no file {path}; choose a folder with a complete checkpoint.")


def _unreadable(path: Path, error: OSError) -> Exception:
    """What to raise for a file that the system does not let be read: lack of memory is no fault of the file's."""
    if out_of_memory(error):
        return error
    return CheckpointError(f"{path} cannot be read ({error.strerror or error}); check its permissions and its disk.")


def _give_back(mapped: Tensor) -> None:
    """Have the system forget the pages of a file's mapping that were read: they count as this process's memory until then."""
    if sys.platform != "linux":
        return
    start = -(-mapped.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (mapped.data_ptr() + mapped.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if mapped.is_contiguous() and start < end:
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        madvise(start, end - start, mmap.MADV_DONTNEED)
