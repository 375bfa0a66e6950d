"""`convert`: a checkpoint in another number format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .common import EXIT_OK

if TYPE_CHECKING:
    from .common import Commands

_FORMS = {
    "fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "int8": "int8",
    "float32": "float32", "float16": "float16", "bfloat16": "bfloat16",
}  # fmt: skip


def add_to(commands: Commands) -> None:
    """Make the command known."""
    convert = commands.add_parser("convert", help="write a checkpoint in half precision, bfloat16, 8-bit, or back", description=(
        "Write a checkpoint in another number format: a folder that generate --model takes, with a file each for denoiser, VAE "
        "and image encoder. int8 halves the disk space of half precision; the memory stays the same."))  # fmt: skip
    convert.set_defaults(run=_run)
    convert.add_argument("model", metavar="MODEL", help="the folder of a checkpoint, or embedded")
    convert.add_argument("output", type=Path, metavar="OUTDIR", help="a new or empty folder")
    convert.add_argument("--to", choices=_FORMS, default="fp16", help="the number format (default: %(default)s)")


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..checkpoints.convert import Form, convert
    from ..download.files import readable

    def tell(path: Path) -> None:
        print(f"{path.name}: {readable(path.stat().st_size)}", file=sys.stderr)

    convert(options.model, options.output, Form(_FORMS[options.to]), tell)
    print(options.output)
    return EXIT_OK
