"""The commands: train, export, measure, show and curve."""

from __future__ import annotations

import argparse
import sys
from argparse import BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ....api.errors import FlashVDMError, TrainingError
from ....models.specs import PixelAlignedSpec
from ...files import load_state
from ...options import number
from . import curve, validate
from .data import Source
from .export import export, load
from .sheet import mesh_scores, sheet
from .trainer import STATE, Log, Settings, Trainer, run
from .views import ViewOptions
from .widen import widened

_SEEN = 400
"""Shapes of the training split that the constant shape is made of."""
_THIN = 0.03
"""Share of the box below which a shape is thin: an IoU then says little but whether it is at the right depth."""

_SHARED = ("image_size", "truncation")
"""Sizes of the network that are settings of its training as well."""


def _train(given: argparse.Namespace) -> None:
    torch.set_num_threads(given.threads)
    sources = [Source.parse(text) for text in given.data]
    chosen = {f.name: getattr(given, f.name) for f in fields(Settings) if hasattr(given, f.name)}
    settings = Settings(
        **chosen,
        views=ViewOptions(
            size=given.render_size, warp=given.warp, degraded=given.degraded, seed=given.seed, latents=given.latents
        ),
    )
    sizes = {f.name: getattr(given, f.name) for f in fields(PixelAlignedSpec) if f.name not in _SHARED}
    spec = PixelAlignedSpec(**sizes, image_size=settings.size, truncation=settings.truncation)
    trainer = Trainer(spec, settings)
    folder: Path = given.out
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATE).exists():
        trainer.load(folder / STATE)
    elif given.resume:
        trainer.load(given.resume)
    elif given.start:
        print(f"not taken over: {', '.join(trainer.load_weights(_weights_of(given.start))) or 'nothing'}")
    print(f"step {trainer.step}, {sum(p.numel() for p in trainer.model.parameters()) / 1e6:.2f} M numbers", flush=True)
    yardstick = sources[0]
    held_out = validate.held_out(yardstick, "val", latents=given.latents)
    log = Log(folder, held_out, validate.held_out(yardstick, "train", count=96, latents=given.latents))
    run(trainer, sources, log, folder, given.minutes, given.validate_every, given.save_every)


def _weights_of(start: Path) -> Mapping[str, Tensor]:
    """The averaged weights of a run's state, or those that were exported into a model's folder."""
    return load(start).state_dict() if start.is_dir() else load_state(start, ("average",))["average"]


def _trainer_of(state: Path) -> Trainer:
    """The run that left a state, to be looked at."""
    sizes = load_state(state, ("sizes",))["sizes"]
    try:
        trainer = Trainer(PixelAlignedSpec(**sizes["spec"]), Settings(**sizes["settings"]))
    except (TypeError, KeyError, ValueError) as error:
        raise TrainingError(f"{state} does not say of which sizes its model is; choose another.") from error
    trainer.load(state)
    return trainer


def _export(given: argparse.Namespace) -> None:
    trainer = _trainer_of(given.states[0])
    # Averages of one path, far apart, average well (Izmailov et al. 2018); also with what a deeper network started from.
    weights = [_weights_of(state) for state in given.states]
    taken = [widened(part, weights[0]) for part in weights]
    if any(set(part) - set(fitting) for part, fitting in zip(weights, taken, strict=True)):
        raise TrainingError("The states are of models of different shapes; give those of one run.")
    whole = [dict(weights[0]) | fitting for fitting in taken]
    trainer.average.load_state_dict({name: sum(part[name] for part in whole) / len(whole) for name in weights[0]})
    export(trainer, given.out)


def _show(given: argparse.Namespace) -> None:
    torch.set_num_threads(given.threads)
    model = load(given.model)
    data = validate.held_out(Source.parse(given.data), given.split, latents=given.latents, steps=given.steps)
    rows = torch.linspace(0, len(data) - 1, given.count).long()
    sheet(model, data.images[rows], data.decoded[rows].float(), given.out, resolution=given.resolution, seeds=given.seeds)


def _measure(given: argparse.Namespace) -> None:
    torch.set_num_threads(given.threads)
    model = load(given.model)
    data = validate.held_out(Source.parse(given.data), given.split, latents=given.latents, steps=given.steps)
    data = validate.greyed(data) if given.grey else data
    data = validate.worsened(data) if given.degraded else data
    seen = validate.held_out(Source.parse(given.data), "train", count=_SEEN)
    outline, found = validate.baselines(data), validate.scores(model, data)
    found = {"as the product decodes it": validate.decoded_scores(model, data)} | found
    constant = {"the same shape for every picture": validate.constant_shape(seen, data)}
    for name, values in (constant | outline | found).items():
        print(f"{name}: mean {values.mean():.4f}, first 96 {values[:96].mean():.4f}, median {values.median():.4f}")
    best = max(outline.values(), key=lambda values: values.mean().item())
    decoded, thin = found["as the product decodes it"], validate.filled(data) < _THIN
    for name, chosen in (("all", torch.ones_like(thin)), (f"fill {_THIN:.0%} of the box", ~thin), ("fill less", thin)):
        better = (decoded > best)[chosen].float().mean()
        print(
            f"{int(chosen.sum())} shapes, {name}: decoded {decoded[chosen].mean():.4f}, outline {best[chosen].mean():.4f}, "
            f"better than the outline {better:.3f}"
        )
    for name, value in validate.variety(model, data, len(data)).items():
        print(f"{name.replace('_', ' ')}, the network alone: {value:.4f}")
    if given.placed:
        placed = validate.placed_scores(model, data)
        print(f"the network alone, true camera, shifted and stretched along the view as suits best: {placed.mean():.4f}")
    if given.meshes:
        rows = torch.linspace(0, len(data) - 1, given.meshes).long()
        scores = mesh_scores(model, data.images[rows], data.decoded[rows].float(), given.resolution)
        print(
            f"{given.meshes} meshes at {given.resolution}: silhouette IoU {scores.silhouette:.3f}, "
            f"one closed surface {scores.closed:.2f}, cut by the box {scores.cut:.2f}"
        )


def _curve(given: argparse.Namespace) -> None:
    logs = [(name, Path(path)) for name, _, path in (text.partition("=") for text in given.logs)]
    curve.write(curve.joined(logs), given.out / "curve.csv", given.out / "curve.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.training.pixel_aligned", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train, or go on training")
    train.set_defaults(run=_train)
    train.add_argument("--data", action="append", required=True, metavar="FOLDER=PROPS.npz[:WEIGHT]", help="first one: yardstick")
    train.add_argument("--out", type=Path, required=True, help="folder of state and log; a state in it is gone on from")
    train.add_argument("--resume", type=Path, help="state of another run to go on from, if there is none in --out")
    train.add_argument("--start", type=Path, help="state of another run, or a model's folder: its weights, where they fit")
    train.add_argument("--minutes", type=number(float, 0), default=60, help="of this run (default: %(default)s)")
    train.add_argument("--validate-every", type=number(float, 0.001), default=5, metavar="MINUTES")
    train.add_argument("--save-every", type=number(float, 0.001), default=4, metavar="MINUTES")
    train.add_argument("--threads", type=number(int, 1, 4096), default=1)
    train.add_argument("--render-size", type=number(int, 16, 4096), default=96, help="pixels (default: %(default)s)")
    train.add_argument(
        "--warp", type=number(float, 0, 1), default=ViewOptions.warp, help="how far shapes are bent (default: %(default)s)"
    )
    train.add_argument(
        "--degraded",
        type=number(float, 0, 1),
        default=ViewOptions.degraded,
        help="share of pictures made worse (default: %(default)s)",
    )
    train.add_argument("--latents", default="", metavar="MODEL", help="whose latents the decoder reads (default: none)")
    for options in (Settings, PixelAlignedSpec):
        for item in fields(options):
            if item.name not in ("views", "weights") and (options is Settings or item.name not in _SHARED):
                name = f"--{item.name.replace('_', '-')}"
                switch = isinstance(item.default, bool)
                kind: dict[str, Any] = (
                    {"action": BooleanOptionalAction}
                    if switch
                    else {"type": number(type(item.default), 0) if type(item.default) in (int, float) else str}
                )
                train.add_argument(name, **kind, default=item.default, help="(default: %(default)s)")
    out = commands.add_parser("export", help="write averaged weights in float16")
    out.set_defaults(run=_export)
    out.add_argument(
        "states",
        type=Path,
        nargs="+",
        help="state.pt of a run, and more or models' folders: the mean, in the first's sizes",
    )
    out.add_argument("out", type=Path, help="folder")
    for name, does, action in (("measure", _measure, "IoU of held-out shapes"), ("show", _show, "a contact sheet of them")):
        command = commands.add_parser(name, help=action)
        command.set_defaults(run=does)
        command.add_argument("model", type=Path, help="exported folder")
        command.add_argument("--data", required=True, metavar="FOLDER=PROPS.npz")
        command.add_argument("--split", default="val", help="(default: %(default)s)")
        command.add_argument("--threads", type=number(int, 1, 4096), default=1)
        command.add_argument("--latents", default="", metavar="MODEL", help="whose latents the decoder reads (default: none)")
        command.add_argument("--steps", type=number(int, 1, 1000), default=5, help="that make them (default: %(default)s)")
        if does is _measure:
            command.add_argument("--grey", action="store_true", help="one grey for all colours: what the outline alone gives")
            command.add_argument("--degraded", action="store_true", help="pictures blurred, noisy, compressed, badly cut out")
            command.add_argument("--placed", action="store_true", help="each shape also where it suits the truth best")
            command.add_argument("--meshes", type=int, default=0, help="of so many pictures, measured as well")
            command.add_argument("--resolution", type=int, default=128, help="of these (default: %(default)s)")
        if does is _show:
            command.add_argument("--out", type=Path, required=True, help="PNG")
            command.add_argument("--count", type=number(int, 1, 10_000), default=24)
            command.add_argument("--resolution", type=number(int, 8, 1024), default=64)
            command.add_argument(
                "--seeds", type=number(int, 0, 100), default=0, help="so many shapes of each picture, from one side"
            )
    drawn = commands.add_parser("curve", help="join and draw logs")
    drawn.set_defaults(run=_curve)
    drawn.add_argument("logs", nargs="+", metavar="NAME=LOG.csv", help="in the order in which the runs followed one another")
    drawn.add_argument("--out", type=Path, required=True, help="folder of curve.csv and curve.png")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command; exit status 1 with one sentence on failure."""
    given = _parser().parse_args(arguments)
    try:
        given.run(given)
    except FlashVDMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
