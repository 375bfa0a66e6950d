"""The command line: `python -m flashvdm_core generate|batch|doctor|models|convert|setup`.

Exit status: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.

Nothing but the standard library is imported before a command runs, so that `doctor` can say what is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from .. import __version__
from ..api.errors import FlashVDMError
from . import batch, convert, doctor, generate, models, setup
from .common import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from .terminal import lasting_streams, printable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (default: those of the process); returns the exit status."""
    with lasting_streams() as lost:
        status = _main(arguments)
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        if lost:
            print(f"Warning: not all that was to be shown could be written ({lost[0].strerror}).", file=sys.stderr)
    return status or (EXIT_FAILED if lost else EXIT_OK)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        os.getcwd()
    except FileNotFoundError:  # then PyTorch ends the process
        print("Error: The current folder does not exist any more; change to another.", file=sys.stderr)
        return EXIT_USAGE
    commands = parser()
    options = commands.parse_args(arguments)
    try:
        return options.run(commands, options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except FlashVDMError as error:
        print(f"Error: {printable(str(error))}", file=sys.stderr)
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        print(f"Error: {sys.executable} has no module '{error.name}'; install the project's requirements there.", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); nor can Python write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` of its result is the chosen command's function."""
    made = argparse.ArgumentParser(prog="python -m flashvdm_core", description="Make 3D meshes from images.")
    made.add_argument("--version", action="version", version=__version__)
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for command in (generate, batch, doctor, models, convert, setup):
        command.add_to(commands)
    return made
