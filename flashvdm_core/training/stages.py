"""The stages of the recipe: their order, their settings, and the checkpoint folders that each starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoints.config import CONFIG_NAME
from ..errors import TrainingError
from .distill import DistillConfig, train_adversarial, train_consistency, train_guidance
from .export import best_student
from .runner import RunConfig, config_of, read_yaml
from .shape import ShapeConfig, train_shape
from .teacher import FlowConfig, TeacherConfig, continue_teacher, train_teacher
from .vae import ReconstructionConfig, VAEConfig, train_efficient, train_vae

Section = Mapping[str, Any]
STUDENTS = ("consistency", "one_phase", "adversarial")
SHAPE = "shape"


@dataclass(frozen=True)
class Given:
    """Checkpoint folders that the user names in the place of what earlier stages left."""

    start: Path | None = None
    vae: Path | None = None
    solver: Path | None = None


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        settings: the class of its section of the config.
        takes: options that name its checkpoint folders.
        run: (section, prepared data, folder of the runs, folders that were named) -> None.
    """

    settings: type[RunConfig]
    takes: tuple[str, ...]
    run: Callable[[Section, Path, Path, Given], None]


def _left(runs: Path, stage: str, option: str = "from") -> Path:
    """The folder that a stage left; TrainingError where it was not run."""
    if not (runs / stage / CONFIG_NAME).exists():
        raise TrainingError(f"{runs} holds no {stage} stage; run it first, or name a checkpoint folder with --{option}.")
    return runs / stage


def _vae(section: Section, data: Path, runs: Path, given: Given) -> None:
    train_vae(config_of(VAEConfig, section), data, runs / "vae")


def _efficient(section: Section, data: Path, runs: Path, given: Given) -> None:
    base = given.start or _left(runs, "vae")
    train_efficient(config_of(ReconstructionConfig, section), data, base, runs / "efficient")


def _teacher(section: Section, data: Path, runs: Path, given: Given) -> None:
    if given.start:
        continue_teacher(config_of(FlowConfig, section), data, given.start, given.vae, runs / "teacher")
    else:
        vae = given.vae or _left(runs, "efficient", "vae")
        train_teacher(config_of(TeacherConfig, section), data, vae, runs / "teacher")


def _guidance(section: Section, data: Path, runs: Path, given: Given) -> None:
    start = given.start or _left(runs, "teacher")
    train_guidance(config_of(DistillConfig, section), data, start, given.vae, runs / "guidance")


def _student(name: str, before: str, train: Callable[..., None], defaults: Section) -> Stage:
    def run(section: Section, data: Path, runs: Path, given: Given) -> None:
        config = config_of(DistillConfig, dict(defaults) | dict(section))
        start = given.start or _left(runs, before)
        train(config, data, start, given.vae, given.solver or _left(runs, "guidance", "solver"), runs / name)

    return Stage(DistillConfig, ("from", "vae", "solver"), run)


def _shape(section: Section, data: Path, runs: Path, given: Given) -> None:
    start = given.start or runs / best_student(runs, STUDENTS)
    train_shape(config_of(ShapeConfig, section), data, start, given.vae, runs / SHAPE)


STAGES: Mapping[str, Stage] = {
    "vae": Stage(VAEConfig, (), _vae),
    "efficient": Stage(ReconstructionConfig, ("from",), _efficient),
    "teacher": Stage(TeacherConfig, ("from", "vae"), _teacher),
    "guidance": Stage(DistillConfig, ("from", "vae"), _guidance),
    "consistency": _student("consistency", "guidance", train_consistency, {}),
    "one_phase": _student("one_phase", "consistency", train_consistency, {"phases": 1}),
    "adversarial": _student("adversarial", "one_phase", train_adversarial, {"phases": 1}),
    SHAPE: Stage(ShapeConfig, ("from", "vae"), _shape),
}
"""By name, in the order of the recipe."""


def run_stages(stage: str, data: Path, runs: Path, config: Path | None, overrides: Section, given: Given) -> None:
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
        STAGES[name].run(dict(sections.get(name) or {}) | dict(overrides), data, runs, given)
