"""The trial: a real generation with the built-in model in a new environment. Only then it counts."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..api.errors import SetupError
from ..api.fields import parse_json, parse_object
from .lists import PACKAGE_ROOT
from .process import TooLongError, clean_environment, run_logged

_LIMIT_SECONDS = 900.0
_SIDE = 96  # pixels
_RESOLUTION = "64"
_DEVICE = (
    "import json, sys, platform, torch; from flashvdm_core.runtime.devices import choose_device; "
    "print(json.dumps([platform.python_version(), torch.__version__, str(choose_device('auto'))]))"
)


@dataclass(frozen=True)
class Verified:
    """What a trial has shown.

    Attributes:
        device: what it ran on.
        triangles: of the mesh that was made.
    """

    python: str
    torch: str
    device: str
    triangles: int


def try_out(python: Path, scratch: Path, log: IO[str], cancelled: Callable[[], bool]) -> Verified:
    """Generate a mesh of a disc in `python`, with files in `scratch`.

    Raises:
        SetupError: no mesh came of it.
        Cancelled: somebody asked for the end.
        OSError: `scratch` cannot be written.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    image, mesh = scratch / "disc.png", scratch / "disc.glb"
    mesh.unlink(missing_ok=True)
    write_disc(image)
    command = ["-m", "flashvdm_core", "generate", str(image), "-o", str(mesh), "--json", "--resolution", _RESOLUTION]
    try:
        version, torch, device = parse_json(_run(python, ["-c", _DEVICE], scratch, log, cancelled).splitlines()[-1])
        lines = _run(python, command, scratch, log, cancelled).splitlines()
        events = [parse_object(line) for line in lines if line.startswith("{")]
        result = next((event for event in events if event.text("event") == "result"), None)
        triangles = result.integer("faces", 1, 1 << 40) if result is not None else 0
    except (ValueError, IndexError) as error:
        raise SetupError(f"The trial answered something odd ({error}); the log says more.") from error
    if result is None or not mesh.is_file() or mesh.stat().st_size == 0:
        raise SetupError("The trial made no mesh; what was there before is as it was, and the log says more.")
    return Verified(str(version), str(torch), str(device), triangles)


def write_disc(path: Path) -> None:
    """A grey disc on a transparent ground, as a PNG."""
    rows = bytearray()
    for y in range(_SIDE):
        rows.append(0)  # no filter
        for x in range(_SIDE):
            inside = (x - _SIDE / 2) ** 2 + (y - _SIDE / 2) ** 2 < (0.4 * _SIDE) ** 2
            rows += b"\x90\x80\x70\xff" if inside else b"\0\0\0\0"
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def _run(python: Path, arguments: list[str], folder: Path, log: IO[str], cancelled: Callable[[], bool]) -> str:
    """What a Python wrote to standard output, run in `folder` with the core on its path."""
    environment = clean_environment() | {
        "PYTHONPATH": str(PACKAGE_ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
    try:
        status, output, errors = run_logged(
            [python, *arguments], folder, environment, log, cancelled, limit=_LIMIT_SECONDS
        )  # fmt: skip
    except OSError as error:
        raise SetupError(
            f"The new Python cannot be run ({error.strerror or error}); a virus scanner may hold it back."
        ) from error
    except TooLongError:
        text = f"The trial did not end within {_LIMIT_SECONDS / 60:.0f} minutes; the log says how far it came."
        raise SetupError(text) from None
    if status != 0:
        last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), f"exit status {status}")
        raise SetupError(f"The trial failed ({last[:300]}); what was there before is as it was, and the log says more.")
    return output
