"""Which folder a model is in, which weights it holds, and whether they are intact. Standard library only."""

from __future__ import annotations

import hashlib
import math
import os
import struct
from pathlib import Path

from ..api.fields import parse_object
from ..files import open_file, read_file, write_whole

EMBEDDED = "embedded"
"""Name of the model that comes with this package."""

EMBEDDED_FOLDER = Path(__file__).resolve().parent.parent / "embedded"

SUMS_NAME = "SHA256SUMS"
"""The hashes of a folder's weights, one line a file, as `sha256sum` writes and checks them."""

_SAMPLE = 1 << 20
_MAX_HEADER = 100_000_000


def checkpoint_folder(name_or_folder: str | Path) -> Path:
    """The folder that a setting "model" names."""
    return EMBEDDED_FOLDER if str(name_or_folder) == EMBEDDED else Path(name_or_folder).expanduser()


def weights_identity(folder: Path) -> str:
    """A SHA-256 in hexadecimal that differs between models, wherever their folders are; "" where there are no weights.

    It is over the config, and the size, the first and the last MiB of each weights file: another training changes
    every tensor, and files of several gigabytes would take too long.
    """
    paths = [path for path in sorted(folder.glob("*")) if path.suffix in (".yaml", ".safetensors", ".ckpt") and path.is_file()]
    digest = hashlib.sha256()
    for path in paths:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            digest.update(f"{path.name}\0{size}\0".encode(errors="surrogateescape"))
            digest.update(file.read(_SAMPLE))
            file.seek(max(size - _SAMPLE, 0))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest() if paths else ""


def folders_beside(folder: Path) -> list[Path]:
    """The folders beside `folder` that have a config, itself among them."""
    try:
        return [path.parent for path in sorted(folder.resolve().parent.glob("*/config.yaml"))]
    except OSError:
        return []


def write_sums(folder: Path) -> None:
    """Write the hashes of the weights in `folder` beside them."""
    lines = [f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.safetensors"))]
    write_whole(folder / SUMS_NAME, lambda part: part.write_text("".join(lines), encoding="ascii", newline="\n"))


def damaged_weights(folder: Path) -> list[str] | None:
    """Names of the weights files that are missing or not as they were written; None where no hashes are known."""
    try:
        lines = read_file(folder / SUMS_NAME, _SAMPLE).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    sums = {name.strip(): digest for digest, _, name in (line.partition(" ") for line in lines)}
    return [name for name, digest in sums.items() if not (folder / name).is_file() or _sha256(folder / name) != digest]


def parameter_count(weights: Path) -> int:
    """The numbers in a safetensors file, from its header alone.

    Raises:
        ValueError, OSError: it is no such file.
    """
    with open_file(weights) as file:
        (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))
        if length > _MAX_HEADER:
            raise ValueError("not a safetensors file")
        header = parse_object(file.read(length))
    return sum(math.prod(header.table(name).integers("shape", 0, 2**53)) for name in header.names if name != "__metadata__")


def _sha256(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
