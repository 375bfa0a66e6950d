"""`models`: the public checkpoints that can be used, and the memory that they need."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..api.settings import SETTINGS
from .common import EXIT_OK, add_setting

if TYPE_CHECKING:
    from .common import Commands

_ASKED = ("device", "precision", "resolution")


def add_to(commands: Commands) -> None:
    """Make the command known."""
    models = commands.add_parser("models", help="list the public checkpoints that can be used with --model")
    models.set_defaults(run=_run)
    models.add_argument("--memory", action="store_true", help="say what each of them needs of the device's memory")
    group = models.add_argument_group("for --memory")
    for name in _ASKED:
        add_setting(group, SETTINGS[name])


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..checkpoints.registry import KNOWN

    memory = _memory(options) if options.memory else lambda name: None
    print("embedded: the built-in model (default)")
    memory("embedded")
    for checkpoint in KNOWN.values():
        print(f"{checkpoint.name}: {checkpoint.description}; https://huggingface.co/{checkpoint.repository}")
        licence = checkpoint.licence
        print(f"    {licence.name}{f' ({licence.territory})' if licence.territory else ''}")
        memory(checkpoint.name)
    print("Give the folder of a downloaded checkpoint to generate --model.")
    return EXIT_OK


def _memory(options: argparse.Namespace) -> Callable[[str], None]:
    """What prints a model's need of memory, from its sizes."""
    from ..api.units import gib
    from ..checkpoints.load import model_spec
    from ..checkpoints.registry import MODELS
    from ..runtime.devices import choose_device, choose_dtype, dtype_name
    from ..runtime.memory.plan import no_offload, sequential_offload
    from ..runtime.memory.requirements import memory_requirements

    device, precision, resolution = (getattr(options, name, SETTINGS[name].default) for name in _ASKED)
    dtype = choose_dtype(str(precision), choose_device(str(device)))
    specs = dict(MODELS) | {"embedded": model_spec("embedded")}

    def show(name: str) -> None:
        if name not in specs:
            return
        requirements = memory_requirements(specs[name], dtype, int(resolution))
        weights = gib(sum(need.weights for need in requirements))
        whole, least = gib(no_offload(requirements).peak), gib(sequential_offload(requirements).peak)
        print(
            f"    at {resolution} in {dtype_name(dtype)} about {whole}, {weights} of it weights; "
            f"on a graphics card {least} do, with its parts in turns"
        )

    return show
