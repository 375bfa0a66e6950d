"""`models`: the public checkpoints: which there are, what they need, and bringing them to this machine."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..api.errors import Cancelled
from ..api.settings import SETTINGS
from ..files import read_file
from .common import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, add_end_with_stdin, add_setting, interruptible

if TYPE_CHECKING:
    from ..checkpoints.registry import KnownCheckpoint
    from ..download import Progress
    from .common import Commands

_ASKED = ("device", "precision", "resolution")
_TELL_SECONDS = 1.0
_MAX_LICENCE = 1 << 24  # bytes


def add_to(commands: Commands) -> None:
    """Make the command known."""
    models = commands.add_parser("models", help="list the public checkpoints, download and remove them", description=(
        "List the public checkpoints that can be used with generate --model, or download or remove one. A download that was "
        "interrupted goes on where it stopped when the same command is given again."))  # fmt: skip
    models.set_defaults(run=_run)
    action = models.add_mutually_exclusive_group()
    action.add_argument("--licence", metavar="NAME", help="show the licence of a model, of the revision that is downloaded")
    action.add_argument("--get", metavar="NAME", help="download a model, or mend what is there of it")
    action.add_argument("--remove", metavar="NAME", help="remove a downloaded model")
    action.add_argument("--markdown", action="store_true", help="print the list as docs/models.md has it")
    action.add_argument("--memory", action="store_true", help="say what each of them needs of the device's memory")
    models.add_argument("--accept-licence", action="store_true", help="you have read the model's licence and accept it")
    models.add_argument("--folder", type=Path, help=(
        "folder of the models (default: FLASHVDM_MODELS, or the user's folder for data)"))  # fmt: skip
    models.add_argument("--endpoint", default="", metavar="URL", help="the hub or a mirror of it (default: HF_ENDPOINT)")
    models.add_argument("--json", action="store_true", help="report on standard output, one JSON object a line")
    add_end_with_stdin(models)
    group = models.add_argument_group("for --memory")
    for name in _ASKED:
        add_setting(group, SETTINGS[name])


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..checkpoints.library import default_models_folder

    folder: Path = (options.folder or default_models_folder()).expanduser()
    if options.licence:
        return _show_licence(_known(parser, options.licence), folder, options)
    if options.get:
        return _get(_known(parser, options.get), folder, options)
    if options.remove:
        return _remove(_known(parser, options.remove), folder)
    if options.markdown:
        from .models_page import models_page

        print(models_page(), end="")
        return EXIT_OK
    return _list(folder, options)


def _known(parser: argparse.ArgumentParser, name: str) -> KnownCheckpoint:
    from ..checkpoints.registry import KNOWN

    if name not in KNOWN:
        parser.error(f"there is no model '{name}'; these are known: {', '.join(KNOWN)}")
    return KNOWN[name]


def _list(folder: Path, options: argparse.Namespace) -> int:
    from ..checkpoints.library import kept
    from ..checkpoints.registry import KNOWN
    from ..download.files import readable

    memory = _memory(options) if options.memory else lambda name: None
    print("embedded: the built-in model (default)")
    memory("embedded")
    for checkpoint in KNOWN.values():
        here = kept(checkpoint, folder)
        state = f"; in {folder / checkpoint.name}" if here.whole else f"; {readable(here.bytes)} are here" if here.bytes else ""
        print(f"{checkpoint.name}: {checkpoint.description}, {readable(checkpoint.bytes)}{state}; {checkpoint.url}")
        licence = checkpoint.licence
        print(f"    {licence.name}{f' ({licence.territory})' if licence.territory else ''}")
        if checkpoint.vae:
            print(f"    decodes several times as fast with {checkpoint.vae} in a folder beside it, which --get brings along")
        memory(checkpoint.name)
    print("models --get NAME downloads one; give its folder, or that of another checkpoint, to generate --model.")
    return EXIT_OK


def _show_licence(checkpoint: KnownCheckpoint, folder: Path, options: argparse.Namespace) -> int:
    from ..checkpoints.library import accepts, get_licence
    from ..download import Network

    path = get_licence(checkpoint, folder, Network.from_environment(options.endpoint))
    if options.json:
        print(json.dumps({"event": "licence", "name": checkpoint.name, "path": str(path)}))
    else:
        print(read_file(path, _MAX_LICENCE).decode("utf-8", errors="replace"))
        print(accepts(checkpoint), file=sys.stderr)
    return EXIT_OK


def _get(checkpoint: KnownCheckpoint, folder: Path, options: argparse.Namespace) -> int:
    from ..checkpoints.library import accepts, get_model
    from ..download import Network

    if not options.accept_licence:
        text = f"Read it (models --licence {checkpoint.name}), and add --accept-licence if you accept it."
        print(f"{accepts(checkpoint)} {text}", file=sys.stderr)
        return EXIT_USAGE
    network = Network.from_environment(options.endpoint)
    with interruptible(options.end_with_stdin) as interrupted:
        stop = lambda: bool(interrupted)  # noqa: E731
        try:
            made = get_model(checkpoint, folder, network, _teller(options.json), stop)
        except Cancelled:
            print("Interrupted; the same command goes on from here.", file=sys.stderr)
            return EXIT_INTERRUPTED
    print(json.dumps({"event": "done", "name": checkpoint.name, "folder": str(made)}) if options.json else made)
    return EXIT_OK


def _teller(as_json: bool) -> Callable[[Progress], None]:
    """What tells the progress: each for a program, once a second for a person."""
    from ..download.files import readable

    told = [0.0]

    def tell(progress: Progress) -> None:
        if as_json:
            fields: dict[str, Any] = {"event": "progress", "step": progress.step, "done": progress.done, "total": progress.total}
            print(json.dumps(fields), flush=True)
        elif time.monotonic() - told[0] >= _TELL_SECONDS:
            told[0] = time.monotonic()
            total = f" of {readable(progress.total)}" if progress.total else ""
            print(f"{progress.name}: {progress.step}, {readable(progress.done)}{total}", file=sys.stderr)

    return tell


def _remove(checkpoint: KnownCheckpoint, folder: Path) -> int:
    from ..api.errors import OutputError
    from ..checkpoints.library import remove_model
    from ..download.files import readable

    try:
        freed = remove_model(checkpoint, folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{folder / checkpoint.name} cannot be removed ({reason}); close what uses it, and try again."
        ) from error
    print(f"{readable(freed)} are free again." if freed else f"There is nothing of {checkpoint.name} in {folder}.")
    return EXIT_OK


def _memory(options: argparse.Namespace) -> Callable[[str], None]:
    """What prints a model's need of memory, from its sizes."""
    import torch

    from ..api.units import gib
    from ..checkpoints.load import model_spec
    from ..checkpoints.registry import MODELS
    from ..runtime.devices import choose_device, choose_dtype, dtype_name
    from ..runtime.memory.requirements import memory_needs, memory_requirements

    asked, precision, resolution = (getattr(options, name, SETTINGS[name].default) for name in _ASKED)
    device = choose_device(str(asked))
    dtype = choose_dtype(str(precision), device)
    specs = dict(MODELS) | {"embedded": model_spec("embedded")}

    def show(name: str) -> None:
        if name not in specs:
            return
        weights = gib(sum(need.weights for need in memory_requirements(specs[name], dtype, int(resolution))))
        card, least = memory_needs(specs[name], torch.device("cuda"), dtype, int(resolution))
        here, _ = memory_needs(specs[name], device, dtype, int(resolution))
        processor = f"about {gib(here)} on the processor, " if device.type == "cpu" else ""
        needed = f"{processor}about {gib(card)} of a graphics card, {weights} of it weights"
        print(f"    at {resolution} in {dtype_name(dtype)} {needed}; there {gib(least)} do, with its parts in turns")

    return show
