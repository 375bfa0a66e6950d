"""The training: `python -m flashvdm_core.lab.training STAGE --data DATA --runs RUNS [--config FILE] [key=value ...]`.

Each stage writes a checkpoint folder RUNS/STAGE and starts from those that earlier stages left in RUNS, or from any other
in the published layout (`--from`, `--vae`, `--solver`). `all` runs the sections of the config in the order of the stages and
skips those that are finished; `export` writes the folder that is given away; `memory` says what the stages would need. A
stage that was stopped goes on where it was. Several processes, on one machine or many, are started by
`torchrun -m flashvdm_core.lab.training ...`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from ...api.errors import FlashVDMError, TrainingError
from ...api.fields import shown
from ...checkpoints.config import parse_yaml
from ..options import number
from .export import FREQUENCIES, base_beside, best_student, export
from .memory import memory_table
from .stages import SHAPE, STAGES, STUDENTS, Given, Section, run_stages

_SOURCES = {"from": "start", "vae": "vae", "solver": "solver"}


def main(argv: list[str] | None = None) -> int:
    """Run one stage or all; exit status 1 with one sentence on failure."""
    parser = _parser()
    args = parser.parse_intermixed_args(argv)
    _check(parser, args)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        if args.stage == "memory":
            print("\n".join(memory_table(str(args.start))))
        elif args.stage == "export":
            start = args.start or args.runs / best_student(args.runs, (*STUDENTS, SHAPE))
            export(start, args.out, args.vae or base_beside(start, args.runs), args.frequencies, args.decoder)
            print(f"exported {start}")
        else:
            run_stages(args.stage, args.data, args.runs, args.config, _overrides(args), Given(args.start, args.vae, args.solver))
    except FlashVDMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.training", description="Train a model; resumes by itself.")
    parser.add_argument("stage", choices=[*STAGES, "all", "export", "memory"])
    parser.add_argument("--data", type=Path, help="folder written by flashvdm_core.lab.data.prepare")
    parser.add_argument("--runs", type=Path, help="folder with a subfolder for each stage")
    parser.add_argument("--config", type=Path, help="YAML file with a section for each stage or variant of one")
    parser.add_argument("--from", type=Path, dest="start", metavar="FOLDER", help=(
        "checkpoint that the stage (of all: the first) starts from, the export is made of, or the memory is counted for (then "
        "also a public configuration's name); by default what the stage before left in RUNS"))  # fmt: skip
    parser.add_argument("--vae", type=Path, metavar="FOLDER", help=(
        "VAE with its encoder (default: the checkpoint's own, or RUNS/efficient for a new teacher); for the export the base "
        "VAE"))  # fmt: skip
    parser.add_argument(
        "--solver", type=Path, metavar="FOLDER", help="checkpoint whose paths are followed (default: RUNS/guidance)"
    )
    parser.add_argument("--decoder", type=Path, metavar="FOLDER", help=(
        "for the export, a VAE of the same latents with its encoder, which takes the place of the checkpoint's own"))  # fmt: skip
    parser.add_argument("--out", type=Path, help="folder of the exported checkpoint")
    parser.add_argument("--frequencies", type=number(int, 0, 64), default=FREQUENCIES, help=(
        "of the point decoder that the export keeps (default: %(default)s)"))  # fmt: skip
    parser.add_argument("--threads", type=number(int, 0, 4096), default=0, help="CPU threads, 0 for torch's choice")
    parser.add_argument("override", nargs="*", help="key=value, over the config file (for a single stage)")
    return parser


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End with the usage where options are missing or have no meaning for the stage."""
    needed = {"memory": [["start"]], "export": [["out"], ["runs", "start"]]}.get(args.stage, [["data"], ["runs"]])
    for options in needed:
        if all(getattr(args, name) is None for name in options):
            parser.error(f"{args.stage} needs " + " or ".join(f"--{'from' if name == 'start' else name}" for name in options))
    taken = {"all": ("from",), "export": ("from", "vae"), "memory": ("from",)}
    takes = taken[args.stage] if args.stage in taken else STAGES[args.stage].takes
    if bad := [option for option, name in _SOURCES.items() if getattr(args, name) is not None and option not in takes]:
        parser.error(f"{args.stage} takes no --{bad[0]}")
    if args.decoder is not None and args.stage != "export":
        parser.error(f"{args.stage} takes no --decoder")
    if bad := [text for text in args.override if "=" not in text]:
        parser.error(f"not key=value: {bad[0]}")


def _overrides(args: argparse.Namespace) -> Section:
    values: Section = {}
    for key, text in (text.split("=", 1) for text in args.override):
        try:
            values[key] = parse_yaml(text)
        except ValueError:
            raise TrainingError(f"The value of {key} is not YAML: {shown(text)}; put it into quotes.") from None
    return values


if __name__ == "__main__":
    sys.exit(main())
