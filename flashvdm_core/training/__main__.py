"""Command line of the training: `python -m flashvdm_core.training STAGE --data DATA --runs RUNS [--config FILE] [key=value ...]`.

Each stage has its folder in RUNS and finds there what earlier ones left. `all` runs the stages in their order and skips
those that are finished; `export` writes a checkpoint folder. A stage that was stopped goes on where it was. Several
processes, on one machine or many, are started by `torchrun -m flashvdm_core.training ...`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml

from ..checkpoints.config import CONFIG_NAME
from ..errors import FlashVDMError, TrainingError
from .distill import DistillConfig, train_adversarial, train_consistency, train_guidance
from .export import SHAPE, STUDENTS, export
from .runner import config_of, read_yaml
from .shape import ShapeConfig, train_shape
from .teacher import TeacherConfig, train_teacher
from .vae import VAEConfig, train_vae

Section = Mapping[str, Any]


def _vae(section: Section, data: Path, runs: Path) -> None:
    train_vae(config_of(VAEConfig, section), data, runs / "vae")


def _efficient(section: Section, data: Path, runs: Path) -> None:
    train_vae(config_of(VAEConfig, {"efficient": True} | dict(section)), data, runs / "efficient", runs / "vae")


def _teacher(section: Section, data: Path, runs: Path) -> None:
    train_teacher(config_of(TeacherConfig, section), data, runs / "efficient", runs / "teacher")


def _guidance(section: Section, data: Path, runs: Path) -> None:
    train_guidance(config_of(DistillConfig, section), data, runs / "efficient", runs / "teacher", runs / "guidance")


def _follow(stage: str, before: str, train: Callable[..., None], defaults: Section) -> Callable[[Section, Path, Path], None]:
    def run(section: Section, data: Path, runs: Path) -> None:
        config = config_of(DistillConfig, dict(defaults) | dict(section))
        earlier = (runs / "efficient", runs / "teacher", runs / "guidance", runs / before)
        train(config, data, *earlier, runs / stage)

    return run


def _shape(section: Section, data: Path, runs: Path) -> None:
    start = runs / "distilled"
    if not (start / CONFIG_NAME).exists():
        export(runs, start)
    train_shape(config_of(ShapeConfig, section), data, start, runs / SHAPE)


STAGES: dict[str, Callable[[Section, Path, Path], None]] = {
    "vae": _vae,
    "efficient": _efficient,
    "teacher": _teacher,
    "guidance": _guidance,
    "consistency": _follow("consistency", "guidance", train_consistency, {}),
    "one_phase": _follow("one_phase", "consistency", train_consistency, {"phases": 1}),
    "adversarial": _follow("adversarial", "one_phase", train_adversarial, {"phases": 1}),
    SHAPE: _shape,
}
"""Name -> (its section of the config, prepared data, folder of the runs). In the order of the recipe."""


def main(argv: list[str] | None = None) -> int:
    """Run one stage or all; exit status 1 with one sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.training", description="Train a model; resumes by itself.")
    parser.add_argument("stage", choices=[*STAGES, "all", "export"])
    parser.add_argument("--data", type=Path, help="folder written by flashvdm_core.training.prepare")
    parser.add_argument("--runs", type=Path, required=True, help="folder with a subfolder for each stage")
    parser.add_argument("--config", type=Path, help="YAML file with a section for each stage")
    parser.add_argument("--out", type=Path, help="folder of the exported checkpoint (for export)")
    parser.add_argument("--student", choices=("teacher", *STUDENTS, SHAPE), help="which stage to export (default: the best)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for torch's choice")
    parser.add_argument("override", nargs="*", help="key=value, over the config file (for a single stage)")
    args = parser.parse_intermixed_args(argv)
    if bad := [text for text in args.override if "=" not in text]:
        parser.error(f"not key=value: {bad[0]}")
    needed = "out" if args.stage == "export" else "data"
    if getattr(args, needed) is None:
        parser.error(f"{args.stage} needs --{needed}")
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        if args.stage == "export":
            print(f"exported the transformer of stage {export(args.runs, args.out, args.student)}")
            return 0
        overrides = {key: yaml.safe_load(value) for key, value in (text.split("=", 1) for text in args.override)}
        run_stages(args.stage, args.data, args.runs, args.config, overrides)
    except FlashVDMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run_stages(stage: str, data: Path, runs: Path, config: Path | None, overrides: Section) -> None:
    """Run a stage, or those of "all" that are not finished.

    Raises:
        TrainingError: the config has a section of no stage, overrides are given for "all", or a stage fails.
    """
    sections = read_yaml(config) if config else {}
    if unknown := set(sections) - set(STAGES):
        raise TrainingError(
            f"The training config has unknown sections: {', '.join(sorted(unknown))}; known are {', '.join(STAGES)}."
        )
    if stage == "all" and overrides:
        raise TrainingError("Values of single stages go into the config file when all stages are run.")
    for name in STAGES if stage == "all" else (stage,):
        if stage == "all" and (runs / name / "finished.json").exists():
            print(f"{name} is finished", flush=True)
            continue
        STAGES[name](dict(sections.get(name) or {}) | dict(overrides), data, runs)


if __name__ == "__main__":
    sys.exit(main())
