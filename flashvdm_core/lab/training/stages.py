"""The stages of the recipe: their order, their settings, and the checkpoint folders that each starts from.

A run is a stage in a folder of its name, or with a variant after a dash (`consistency-squared`): the same stage from the same
start, but for what its section of the config says. So an ablation is a config like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...api.errors import TrainingError
from ...checkpoints.folders import CONFIG_NAME
from .distill import DistillConfig, train_adversarial, train_consistency, train_guidance
from .export import best_student
from .runner import RunConfig, config_of, read_yaml
from .shape import ShapeConfig, train_shape
from .teacher import FlowConfig, TeacherConfig, continue_teacher, train_teacher
from .vae import EfficientConfig, VAEConfig, train_efficient, train_vae

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
        run: (section, prepared data, folder of the run, folders that were named) -> None. Other runs are beside the folder.
    """

    settings: type[RunConfig]
    takes: tuple[str, ...]
    run: Callable[[Section, Path, Path, Given], None]


def _left(runs: Path, stage: str, option: str = "from") -> Path:
    """The folder that a stage left; TrainingError where it was not run."""
    if not (runs / stage / CONFIG_NAME).exists():
        raise TrainingError(f"{runs} holds no {stage} stage; run it first, or name a checkpoint folder with --{option}.")
    return runs / stage


def _vae(section: Section, data: Path, out: Path, given: Given) -> None:
    train_vae(config_of(VAEConfig, section), data, out)


def _efficient(section: Section, data: Path, out: Path, given: Given) -> None:
    base = given.start or _left(out.parent, "vae")
    train_efficient(config_of(EfficientConfig, section), data, base, out)


def _teacher(section: Section, data: Path, out: Path, given: Given) -> None:
    if given.start:
        continue_teacher(config_of(FlowConfig, section), data, given.start, given.vae, out)
    else:
        vae = given.vae or _left(out.parent, "efficient", "vae")
        train_teacher(config_of(TeacherConfig, section), data, vae, out)


def _guidance(section: Section, data: Path, out: Path, given: Given) -> None:
    start = given.start or _left(out.parent, "teacher")
    train_guidance(config_of(DistillConfig, section), data, start, given.vae, out)


def _student(before: str, train: Callable[..., None], defaults: Section) -> Stage:
    def run(section: Section, data: Path, out: Path, given: Given) -> None:
        config = config_of(DistillConfig, dict(defaults) | dict(section))
        start = given.start or _left(out.parent, before)
        train(config, data, start, given.vae, given.solver or _left(out.parent, "guidance", "solver"), out)

    return Stage(DistillConfig, ("from", "vae", "solver"), run)


def _shape(section: Section, data: Path, out: Path, given: Given) -> None:
    start = given.start or out.parent / best_student(out.parent, STUDENTS)
    train_shape(config_of(ShapeConfig, section), data, start, given.vae, out)


STAGES: Mapping[str, Stage] = {
    "vae": Stage(VAEConfig, (), _vae),
    "efficient": Stage(EfficientConfig, ("from",), _efficient),
    "teacher": Stage(TeacherConfig, ("from", "vae"), _teacher),
    "guidance": Stage(DistillConfig, ("from", "vae"), _guidance),
    "consistency": _student("guidance", train_consistency, {}),
    "one_phase": _student("consistency", train_consistency, {"phases": 1}),
    "adversarial": _student("one_phase", train_adversarial, {"phases": 1}),
    SHAPE: Stage(ShapeConfig, ("from", "vae"), _shape),
}
"""By name, in the order of the recipe."""


def stage_of(run: str) -> str:
    """The stage that a run is of."""
    return run.split("-", 1)[0]


def run_stages(stage: str, data: Path, runs: Path, config: Path | None, overrides: Section, given: Given) -> None:
    """Run a stage, or with "all" those runs of the config (without one: all stages) that are not finished.

    Their order is that of the stages, among the variants of one that of the config. The first alone starts from what is given.

    Raises:
        TrainingError: the config has a section of no stage, overrides are given for "all", or a stage fails.
    """
    sections = read_yaml(config) if config else {}
    if unknown := [name for name in sections if stage_of(name) not in STAGES]:
        raise TrainingError(f"The training config has unknown sections: {', '.join(unknown)}; known are {', '.join(STAGES)}.")
    if stage != "all":
        run_one(stage, (sections.get(stage) or {}) | dict(overrides), data, runs, given)
        return
    if overrides:
        raise TrainingError("Values of single stages go into the config file when all stages are run.")
    names = sorted(sections or STAGES, key=lambda name: list(STAGES).index(stage_of(name)))
    if given.start and "from" not in STAGES[stage_of(names[0])].takes:
        raise TrainingError(f"The first stage, {names[0]}, starts from no checkpoint; leave --from out.")
    for number, name in enumerate(names):
        if (runs / name / "finished.json").exists():
            print(f"{name} is finished", flush=True)
        else:
            run_one(name, sections.get(name) or {}, data, runs, Given() if number else given)


def run_one(name: str, section: Section, data: Path, runs: Path, given: Given) -> None:
    """Run the stage of a run in the folder `runs / name`.

    Args:
        section: settings of the stage; `from`, `vae` and `solver` name other runs in the place of those that stages start from
            by themselves.
        given: folders that take the place of both.

    Raises:
        TrainingError: a run that is named does not exist or the stage takes none such, or the stage fails.
    """
    stage = STAGES[stage_of(name)]
    named = {option: _left(runs, str(section[option]), option) for option in stage.takes if option in section}
    values = {key: value for key, value in section.items() if key not in named}
    stage.run(
        values,
        data,
        runs / name,
        Given(given.start or named.get("from"), given.vae or named.get("vae"), given.solver or named.get("solver")),
    )
