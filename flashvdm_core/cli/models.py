"""`models`: the public checkpoints that can be used."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .common import EXIT_OK

if TYPE_CHECKING:
    from .common import Commands


def add_to(commands: Commands) -> None:
    """Make the command known."""
    models = commands.add_parser("models", help="list the public checkpoints that can be used with --model")
    models.set_defaults(run=_run)


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..checkpoints.known import KNOWN

    print("embedded: the built-in model (default)")
    for checkpoint in KNOWN.values():
        print(f"{checkpoint.name}: {checkpoint.description}; https://huggingface.co/{checkpoint.repository}")
        licence = checkpoint.licence
        print(f"    {licence.name}{f' ({licence.territory})' if licence.territory else ''}")
    print("Give the folder of a downloaded checkpoint to generate --model.")
    return EXIT_OK
