"""The training stages on a handful of boxes: they learn, resume where they stopped, and refuse what they cannot use."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

pytest.importorskip("scipy")

from flashvdm_core.api.errors import TrainingError
from flashvdm_core.checkpoints import load_checkpoint
from flashvdm_core.lab.data.dataset import ShapeData
from flashvdm_core.lab.evaluation.report import render_table
from flashvdm_core.lab.pages import renew_tables
from flashvdm_core.lab.training.__main__ import main
from flashvdm_core.lab.training.checkpoint import open_autoencoder
from flashvdm_core.lab.training.distill import (
    SOLVER_STEPS,
    Discriminator,
    DistillConfig,
    consistency_loss,
    guided,
    phase_ends,
    pseudo_huber,
    solver_times,
    student_of,
)
from flashvdm_core.lab.training.export import best_student
from flashvdm_core.lab.training.pairs import condition_image, recolour
from flashvdm_core.lab.training.runner import config_of, read_yaml
from flashvdm_core.lab.training.shape import on_policy_states
from flashvdm_core.lab.training.stages import STAGES, STUDENTS, Given, run_one, stage_of
from flashvdm_core.lab.training.teacher import TeacherConfig, fold_guidance, initialise
from flashvdm_core.lab.training.vae import (
    EfficientConfig,
    KeptShapes,
    augment,
    efficient_from,
    quarter_turns,
    reconstruction_losses,
    train_efficient,
)
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.shape_vae import Surface
from flashvdm_core.sampling.flow import guided_velocity, sample
from flashvdm_core.sampling.schedules import consistency_schedule

from .training_shapes import prepared_boxes

ROOT = Path(__file__).resolve().parents[2]
QUERIES = {"near": 64, "uniform": 64}
SIZES = QUERIES | {
    "num_latents": 16, "embed_dim": 8, "width": 32, "heads": 2, "num_decoder_layers": 1, "pc_size": 96, "pc_sharpedge_size": 32,
}  # fmt: skip
TRANSFORMER = {
    "image_size": 28, "dino_hidden": 24, "dino_layers": 1, "dino_heads": 2, "hidden_size": 32, "num_heads": 2, "depth": 1,
    "depth_single_blocks": 1, "validate_shapes": 2, "validate_steps": 2,
}  # fmt: skip
DIT = TeacherConfig(hidden_size=32, num_heads=2, depth=1, depth_single_blocks=1, dino_hidden=24).transformer(8)
SHORT = {"steps": 4, "batch": 2, "log_every": 2, "validate_every": 4}
RECIPE = {
    "vae": SIZES | {"steps": 60, "batch": 4, "warmup": 5, "log_every": 10, "validate_every": 30},
    "efficient": QUERIES | SHORT,
    "teacher": TRANSFORMER | SHORT,
} | {stage: SHORT | {"validate_shapes": 2} for stage in ("guidance", "consistency", "one_phase", "adversarial", "shape")}


def call(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The command, without starting a Python of its own for it."""
    out, errors, given = io.StringIO(), io.StringIO(), [str(argument) for argument in arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            status = main(given)
        except SystemExit as ended:  # the usage
            status = int(ended.code or 0)
    assert not check or status == 0, errors.getvalue()
    return subprocess.CompletedProcess(given, status, out.getvalue(), errors.getvalue())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_boxes(tmp_path_factory.mktemp("props"))


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All stages of the recipe, run by the one command."""
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    call("all", "--data", data, "--runs", folder / "runs", "--config", folder / "recipe.yaml")
    return folder / "runs"


def rows(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as handle:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(handle)]


def test_the_autoencoder_learns_and_logs(runs: Path) -> None:
    log = rows(runs / "vae" / "log.csv")
    assert [row["step"] for row in log] == [10, 20, 30, 40, 50, 60]
    assert log[-1]["square"] < 0.8 * log[0]["square"]
    validation = rows(runs / "vae" / "validation.csv")
    assert [row["step"] for row in validation] == [30, 60]
    assert 0 <= validation[-1]["v_iou"] <= 1


def test_the_efficient_stage_keeps_the_encoder_and_the_latents_with_it(runs: Path) -> None:
    base, efficient = (load_file(runs / stage / "model.safetensors") for stage in ("vae", "efficient"))
    frozen = [name for name in base if name.startswith(("encoder.", "pre_kl."))]
    assert frozen
    assert all(base[name].equal(efficient[name]) for name in frozen)
    assert not base["transformer.resblocks.0.mlp.c_fc.weight"].equal(efficient["transformer.resblocks.0.mlp.c_fc.weight"])
    assert efficient["geo_decoder.output_proj.weight"].shape[1] * 2 == base["geo_decoder.output_proj.weight"].shape[1]


@pytest.mark.parametrize("kept", [0, 2])
def test_the_point_decoder_can_learn_alone(data: Path, runs: Path, kept: int) -> None:
    section = {"from": "vae", "freeze_transformer": True, "kept": kept, "frequencies": 6, **QUERIES, **SHORT}
    run_one(f"efficient-alone{kept}", section, data, runs, Given())
    base, alone = (load_file(runs / run / "model.safetensors") for run in ("vae", f"efficient-alone{kept}"))
    kept = [name for name in base if not name.startswith("geo_decoder.")]
    assert all(base[name].equal(alone[name]) for name in kept)
    assert alone["geo_decoder.output_proj.weight"].shape[1] * 2 == base["geo_decoder.output_proj.weight"].shape[1]
    columns = alone["geo_decoder.query_proj.weight"][:, 3:].unflatten(1, (6, 8))
    assert (columns[..., 6:] == 0).all()
    assert (columns[..., :6] != 0).any(0).all()


def test_an_efficient_decoder_goes_on_learning(runs: Path) -> None:
    base, efficient = (open_autoencoder(runs / stage).vae for stage in ("vae", "efficient"))
    again, anew = (efficient_from(vae, EfficientConfig(seed=1)).state_dict() for vae in (efficient, base))
    own, name = efficient.state_dict(), "geo_decoder.output_proj.weight"
    assert again[name].equal(own[name])
    assert not anew[name].equal(own[name])


def test_what_the_transformer_says_is_kept_with_the_variant_that_it_is_of(data: Path, runs: Path) -> None:
    config = EfficientConfig(freeze_transformer=True, kept=3, batch=5, **QUERIES)
    shapes, vae = ShapeData(data, "train"), open_autoencoder(runs / "vae").vae
    kept = KeptShapes.of(vae, shapes, config)
    assert torch.equal(kept.rows.bincount(), torch.full((len(shapes),), 3))
    surface = shapes.surfaces(kept.rows, torch.zeros_like(kept.rows), vae.spec.num_latents)
    turned = Surface(*(augment(part, kept.turn, kept.scale) for part in (surface.data, surface.queries)))
    mean = vae.decode_unscaled(vae.encode_unscaled(turned).mean).mean(1)
    own, others = ((kept.decoded.mean(1) - of).norm(dim=1).mean() for of in (mean, mean.roll(1, 0)))
    assert own < others, "whichever of its clouds was read"
    batch = kept.sample(shapes, config, torch.Generator().manual_seed(0))
    assert batch["decoded"].shape == (5, *kept.decoded.shape[1:])
    assert batch["points"].shape[:2] == batch["sdf"].shape
    with pytest.raises(TrainingError, match="kept needs freeze_transformer"):
        train_efficient(EfficientConfig(kept=1), data, runs / "vae", runs / "refused")


def test_the_shape_stage_keeps_the_space_of_the_latents_and_changes_all_that_makes_shapes(runs: Path) -> None:
    before, after = (load_file(runs / stage / "model.safetensors") for stage in (best_student(runs, STUDENTS), "shape"))
    frozen = [name for name in after if name.startswith(("vae.encoder.", "vae.pre_kl."))]
    assert frozen
    assert set(before) == set(after)
    assert all(before[name].equal(after[name]) for name in frozen)
    for part in ("model.", "conditioner.", "vae.transformer.", "vae.geo_decoder."):
        assert any(not before[name].equal(after[name]) for name in after if name.startswith(part))
    # Of the eight frequencies of each coordinate, sine and cosine, five are still used.
    columns = after["vae.geo_decoder.query_proj.weight"][:, 3:].unflatten(1, (6, 8))
    assert (columns[..., 5:] == 0).all()
    assert (columns[..., :5] != 0).any(0).all()
    assert {"generated_1_steps", "generated_5_steps", "v_iou"} <= set(rows(runs / "shape" / "validation.csv")[-1])


def test_the_shape_stage_visits_the_states_of_the_sampler() -> None:
    student = DiT(replace(DIT, guidance_embed=True))
    initialise(student, 0)
    torch.nn.init.normal_(student.final_layer.linear.weight, std=0.3)
    noise, tokens, scale = torch.randn(4, 16, 8), torch.randn(4, 5, 24), torch.full((4,), 3.0)
    schedule = consistency_schedule(4, SOLVER_STEPS)
    with torch.no_grad():
        states, at = on_policy_states(student, noise, tokens, scale, list(schedule.sigmas[:-1]))
        assert at.tolist() == pytest.approx(schedule.sigmas[:-1])
        assert states[0].equal(noise[0])
        for part in (1, 2, 3):
            velocity = guided_velocity(student, tokens[part : part + 1], 3.0)
            reached = list(sample(velocity, noise[part : part + 1], schedule))[part - 1].latents
            assert states[part].allclose(reached[0], atol=1e-4)
            assert not states[part].allclose(noise[part], atol=1e-2)


def test_finished_stages_are_skipped(data: Path, runs: Path) -> None:
    before = (runs / "vae" / "state.pt").stat().st_mtime_ns
    done = call("all", "--data", data, "--runs", runs, "--config", runs.parent / "recipe.yaml")
    assert done.stdout.split("\n")[:-1] == [f"{stage} is finished" for stage in STAGES]
    assert (runs / "vae" / "state.pt").stat().st_mtime_ns == before


@pytest.mark.parametrize("student", ["teacher", "adversarial", "shape"])
def test_the_export_loads_as_a_published_checkpoint(runs: Path, student: str, tmp_path: Path) -> None:
    call("export", "--runs", runs, "--out", tmp_path / "model", "--from", runs / student)
    stage, exported = (load_file(folder / "model.safetensors") for folder in (runs / student, tmp_path / "model"))
    assert {name.split(".")[0] for name in exported} == {"model", "vae", "conditioner"}
    # The stage shape has scaled the logits at its start, and nothing does so twice.
    last = "vae.geo_decoder.output_proj.weight"
    assert exported[last].float().allclose(stage[last] * (1 if student == "shape" else 1.5), rtol=1e-3)
    model = load_checkpoint(str(tmp_path / "model"), torch.device("cpu"), torch.float32)
    assert model.guidance_embed == (student != "teacher")
    assert (model.schedule.kind, model.default_steps) == (("consistency", 5) if model.guidance_embed else ("flow_matching", 50))
    base = load_file(tmp_path / "model" / "base" / "model.safetensors")
    assert not any(name.startswith("encoder.") for name in base)


def test_an_export_may_take_the_decoder_of_another_run(runs: Path, tmp_path: Path) -> None:
    call("export", "--runs", runs, "--out", tmp_path / "model", "--from", runs / "shape", "--decoder", runs / "efficient")
    exported, shape, other = (
        load_file(f / "model.safetensors") for f in (tmp_path / "model", runs / "shape", runs / "efficient")
    )
    for name, value in exported.items():
        if name.startswith(("model.", "conditioner.")):
            assert value.float().allclose(shape[name].float(), rtol=1e-3, atol=1e-6)
    for name in ("transformer.resblocks.0.attn.c_qkv.weight", "geo_decoder.cross_attn_decoder.attn.c_q.weight"):
        assert exported[f"vae.{name}"].float().allclose(other[name].float(), rtol=1e-3, atol=1e-6)
    refused = call("vae", "--data", runs, "--runs", tmp_path, "--decoder", runs / "efficient", check=False)
    assert refused.returncode == 2
    assert "takes no --decoder" in refused.stderr


def test_a_time_limit_ends_a_stage(data: Path, tmp_path: Path) -> None:
    options = [f"{key}={value}" for key, value in (SIZES | SHORT | {"steps": 10**6, "minutes": 0.02}).items()]
    call("vae", "--data", data, "--runs", tmp_path, *options)
    assert json.loads((tmp_path / "vae" / "finished.json").read_text())["seconds"] >= 1.2
    assert len(rows(tmp_path / "vae" / "validation.csv")) >= 1


def test_a_killed_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    options = SIZES | {"batch": 2, "log_every": 1, "save_minutes": 1e-4, "validate_every": 10**5}
    arguments = ["vae", "--data", str(data), "--runs", str(tmp_path), *(f"{key}={value}" for key, value in options.items())]
    command = [sys.executable, "-m", "flashvdm_core.lab.training", *arguments, f"steps={10**5}"]
    log = tmp_path / "vae" / "log.csv"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 120
    while not log.exists() or len(rows(log)) < 5:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = int(max(row["step"] for row in rows(log)))
    call(*arguments, f"steps={reached + 5}")
    steps = [row["step"] for row in rows(log)]
    # A step whose log line was written after the last checkpoint is done again; none is skipped, nor all of them done again.
    assert set(steps) == set(range(1, reached + 6))
    assert len(steps) < 2 * reached + 5


def test_two_processes_train_one_model(data: Path, tmp_path: Path) -> None:
    options = [f"{key}={value}" for key, value in (SIZES | SHORT).items()]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "flashvdm_core.lab.training", "vae", "--data", str(data), "--runs", str(tmp_path), *options]
    subprocess.run(command, check=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True)
    assert [row["step"] for row in rows(tmp_path / "vae" / "log.csv")] == [2, 4]
    assert json.loads((tmp_path / "vae" / "finished.json").read_text())["step"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vae", "--data", "DATA", "--runs", "RUNS", "colour=3"], "unknown keys: colour"),
        (["vae", "--data", "nowhere", "--runs", "RUNS"], "no prepared data"),
        (["efficient", "--data", "DATA", "--runs", "RUNS"], "no vae stage"),
        (["teacher", "--data", "DATA", "--runs", "RUNS"], "no efficient stage"),
        (["guidance", "--data", "DATA", "--runs", "RUNS"], "no teacher stage"),
        (["teacher", "--data", "DATA", "--runs", "RUNS", "--from", "RUNS", "hidden_size=3"], "unknown keys: hidden_size"),
        (["export", "--runs", "RUNS", "--out", "OUT"], "no finished student"),
        (["vae", "--data", "DATA", "--runs", "RUNS", *(f"{k}={v}" for k, v in (SIZES | SHORT).items()),
          "clip=1e30", "learning_rate=1e30", "warmup=1"], "in batch"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_ends_in_one_sentence(arguments: list[str], message: str, data: Path, tmp_path: Path) -> None:
    places = {"DATA": str(data), "RUNS": str(tmp_path / "runs"), "OUT": str(tmp_path / "out")}
    done = call(*(places.get(argument, argument) for argument in arguments), check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_of_another_size_is_not_overwritten(data: Path, runs: Path) -> None:
    wider = [f"{key}={value}" for key, value in (SIZES | {"width": 48}).items()]
    done = call("vae", "--data", data, "--runs", runs, *wider, check=False)
    assert done.returncode == 1
    assert "another shape" in done.stderr


def test_an_unknown_section_of_the_recipe_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("wae: {steps: 1}\n")
    done = call("all", "--data", data, "--runs", tmp_path, "--config", tmp_path / "recipe.yaml", check=False)
    assert done.returncode == 1
    assert "unknown sections: wae" in done.stderr


RECIPES = sorted((ROOT / "flashvdm_core" / "lab" / "training" / "recipes").glob("*.yaml"))


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_can_be_run_from_its_first_run_to_its_last(path: Path) -> None:
    recipe = read_yaml(path)
    before: list[str] = []
    for run in sorted(recipe, key=lambda name: list(STAGES).index(stage_of(name))):
        stage, section = STAGES[stage_of(run)], recipe[run]
        named = {section.pop(option) for option in stage.takes if option in section}
        assert named <= set(before), f"{run} starts from what is not there yet"
        config_of(stage.settings, section)  # unknown settings and values of the wrong kind are refused
        before.append(run)


def test_variants_of_stages_run_after_one_another_and_only_what_is_missing(
    data: Path, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = SHORT | {"validate_shapes": 2}
    recipe: dict[str, dict[str, Any]] = {
        "teacher": short | {"validate_steps": 9, "validate_scales": [5.0]},
        "guidance": short,
        "consistency": short,
        "consistency-squared": short | {"squared": True},
        "consistency-without_guidance": short | {"from": "teacher", "solver": "teacher", "average_target": False, "skipping": 1},
        "adversarial-without_one_phase": short | {"from": "consistency", "average_target": False},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    command = ["all", "--data", str(data), "--runs", str(tmp_path / "runs"), "--config", str(tmp_path / "recipe.yaml")]
    command += ["--from", str(runs / "teacher")]
    assert main(command) == 0
    done = [line.split()[0] for line in capsys.readouterr().out.splitlines() if " validation " in line]
    assert done == sorted(recipe, key=lambda run: list(STAGES).index(stage_of(run)))
    settings = json.loads((tmp_path / "runs" / "consistency-without_guidance" / "run.json").read_text())
    assert (settings["average_target"], settings["skipping"], settings["squared"]) == (False, 1, False)
    shutil.rmtree(tmp_path / "runs" / "consistency-squared")
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "is finished" not in line] == ["consistency-squared"] * 3
    table = renew_tables("<!-- table runs#differences -->\n<!-- end of table -->\n", tmp_path, render_table)
    names = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert names == [
        "teacher against teacher in 9 steps", "guidance against teacher in 9 steps", "consistency against teacher in 9 steps",
        "consistency against guidance", "consistency-squared against consistency",
        "consistency-without_guidance against consistency",
    ]  # fmt: skip


def test_a_run_that_another_starts_from_must_exist(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("consistency: {from: teacher}\n")
    done = call("all", "--data", data, "--runs", tmp_path, "--config", tmp_path / "recipe.yaml", check=False)
    assert done.returncode == 1
    assert "no teacher stage" in done.stderr


@pytest.mark.parametrize("skipping", [10, 1])
def test_the_solver_stops_at_the_times_that_the_sampler_asks_for(skipping: int) -> None:
    times = solver_times(skipping)
    assert times[[0, 1, -1]].tolist() == pytest.approx([0, (skipping - 1) / 999, 1])
    for steps in (1, 4, 5, 8):
        asked = consistency_schedule(steps, SOLVER_STEPS).sigmas
        assert all((times - time).abs().min() < 1e-6 for time in asked)
    with pytest.raises(TrainingError, match="skipping"):
        solver_times(3)


def test_phases_end_where_five_steps_start() -> None:
    ends = phase_ends(5)
    assert ends[[0, 19, 20, 99]].tolist() == [20, 20, 40, 100]
    nodes = consistency_schedule(5, SOLVER_STEPS).sigmas[1:]
    assert solver_times()[ends.unique()].tolist() == pytest.approx(nodes)
    assert solver_times(1)[phase_ends(5, 1000).unique()].tolist() == pytest.approx(nodes)
    assert phase_ends(1).unique().tolist() == [100]


def test_pseudo_huber_is_quadratic_near_zero_and_linear_far_away() -> None:
    assert pseudo_huber(torch.full((4,), 1e-5), 1e-3).item() == pytest.approx(1e-10 / 2e-3, rel=1e-2)
    assert pseudo_huber(torch.full((4,), 7.0), 1e-3).item() == pytest.approx(7.0, abs=2e-3)


def test_a_squared_error_is_a_huge_pseudo_huber_loss() -> None:
    student, solver = DiT(replace(DIT, guidance_embed=True)), DiT(DIT)
    for network in (student, solver):
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    batch = {name: torch.randn(2, 16, 8) for name in ("latents", "noise")}
    batch |= {
        "start": torch.tensor([0.1, 0.5]),
        "next": torch.tensor([0.2, 0.6]),
        "end": torch.ones(2),
        "scale": torch.full((2,), 3.0),
    }
    squared, huber = (
        consistency_loss(student, student, solver, batch, torch.full((2, 5, 24), 0.5), config)[0]
        for config in (DistillConfig(squared=True), DistillConfig(huber=100.0))
    )
    assert squared.item() > 1e-4
    assert 200 * huber.item() == pytest.approx(squared.item(), rel=0.05)


def test_a_distilled_model_without_its_scale_is_the_same_function() -> None:
    student = DiT(replace(DIT, guidance_embed=True))
    for parameter in student.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    x, s, tokens = torch.randn(2, 16, 8), torch.tensor([0.2, 0.7]), torch.randn(2, 5, 24)
    assert fold_guidance(student, 3.0)(x, s, tokens).allclose(student(x, s, tokens, torch.full((2,), 3.0)), atol=1e-5)


def test_a_new_student_answers_as_its_teacher_without_guidance() -> None:
    teacher = DiT(DIT)
    for parameter in teacher.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    student = student_of(teacher)
    x, s, tokens = torch.randn(2, 16, 8), torch.tensor([0.2, 0.7]), torch.randn(2, 5, 24)
    plain = teacher(x, s, tokens)
    for scale in (1.0, 7.0):
        assert student(x, s, tokens, torch.full((2,), scale)).allclose(plain, atol=1e-6)
    assert student_of(student) is student
    # An undistilled model answers with both its velocities.
    without = teacher(x, s, torch.zeros_like(tokens))
    assert guided(teacher, x, s, tokens, torch.tensor([1.0, 3.0])).allclose(
        torch.stack([plain[0], without[1] + 3 * (plain[1] - without[1])]), atol=1e-5
    )


def test_the_student_is_guided_in_one_evaluation() -> None:
    student = DiT(replace(DIT, guidance_embed=True))
    tokens = torch.randn(1, 5, 24)
    seen = []
    student.register_forward_hook(lambda _, arguments, __: seen.append(arguments))
    velocity = guided_velocity(student, tokens, 2.5)
    assert velocity(torch.randn(1, 16, 8), torch.tensor([0.3])).shape == (1, 16, 8)
    assert len(seen) == 1
    assert seen[0][3].tolist() == [2.5]


def test_every_layer_has_a_judge_of_its_own() -> None:
    dit = DiT(replace(DIT, depth_single_blocks=2))
    x, s, tokens = torch.randn(2, 16, 8), torch.ones(2), torch.randn(2, 5, 24)
    features = dit.features(x, s, tokens)
    assert Discriminator(dit.spec)(features).shape == (3, 2, 16)


def test_only_logits_short_of_a_saturated_target_are_at_fault() -> None:
    logits = torch.tensor([[1.5, -1.5, 0.5, 0.2, 0.5]])
    sdf = torch.tensor([[0.1, -0.1, 0.1, 0.01, -0.1]])
    square, sign = reconstruction_losses(logits, sdf, truncation=0.05)
    assert square.item() * 5 == pytest.approx(0 + 0 + 0.5**2 + 0 + 1.5**2)
    assert sign > 0


def test_turns_keep_lengths_and_the_upright() -> None:
    turns = quarter_turns(torch.device("cpu"))
    assert len({tuple(turn.flatten().round().int().tolist()) for turn in turns}) == 8
    assert torch.allclose(turns @ turns.mT, torch.eye(3).expand(8, 3, 3))
    points = torch.randn(8, 10, 7)
    there = augment(points, turns, torch.full((8,), 0.5))
    assert there[..., 1].allclose(points[..., 1] * 0.5)
    assert there[..., :3].norm(dim=-1).allclose(points[..., :3].norm(dim=-1) * 0.5)
    assert there[..., 3:6].norm(dim=-1).allclose(points[..., 3:6].norm(dim=-1))
    assert there[..., 6].equal(points[..., 6])


def test_other_colours_leave_the_silhouette_and_the_white_around_it() -> None:
    rgba = torch.randint(0, 256, (16, 6, 6, 4), dtype=torch.uint8)
    rgba[:, :3, :, 3] = 0
    changed = recolour(rgba, torch.Generator().manual_seed(0))
    assert changed[..., 3].equal(rgba[..., 3])
    different = (changed != rgba).flatten(1).any(1)
    assert 0 < different.sum() < 16
    image = condition_image(changed)
    assert image.shape == (16, 3, 6, 6)
    assert (image[:, :, :3] == 1).all()
