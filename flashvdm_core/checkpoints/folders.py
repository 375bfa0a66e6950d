"""Which folder a model is in, and which weights it holds. Standard library only."""

from __future__ import annotations

import hashlib
from pathlib import Path

EMBEDDED = "embedded"
"""Name of the model that comes with this package."""

EMBEDDED_FOLDER = Path(__file__).resolve().parent.parent / "embedded"

_SAMPLE = 1 << 20


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
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE))
            file.seek(max(size - _SAMPLE, 0))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest() if paths else ""
