"""The stages start from any checkpoint in the published layout, and say how much memory that takes."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

pytest.importorskip("scipy")

from flashvdm_core.checkpoints import load_checkpoint
from flashvdm_core.lab.training.__main__ import main
from flashvdm_core.lab.training.memory import needs, row, spec_of
from flashvdm_core.models.dit import DiT

from .tiny_model import multi_view_config, tiny_config, write_tiny_model
from .training_shapes import prepared_boxes

ROOT = Path(__file__).resolve().parents[2]
VAE = {
    "num_latents": 10, "embed_dim": 6, "width": 48, "heads": 4, "pc_size": 96, "pc_sharpedge_size": 32, "point_feats": 4,
    "include_pi": True, "qkv_bias": True, "geo_decoder_ln_post": True, "scale_factor": 0.7,
}  # fmt: skip
SHORT = ["steps=2", "batch=2", "log_every=1", "validate_every=2"]


def public_config() -> dict[str, Any]:
    """A model of other sizes than the stages' own, with a gated MLP in its image encoder."""
    config = tiny_config(model={"in_channels": 6, "hidden_size": 40, "context_in_dim": 36, "depth_single_blocks": 2}, vae=VAE)
    encoder = config["conditioner"]["params"]["main_image_encoder"]["kwargs"]
    encoder["config"] |= {"hidden_size": 36, "use_swiglu_ffn": True, "image_size": 42}
    encoder |= {"image_size": 42, "use_cls_token": False}
    return config


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_boxes(tmp_path_factory.mktemp("props"))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("public") / "model", public_config(), with_encoder=True)


def test_a_public_checkpoint_goes_through_the_recipe(data: Path, public: Path, tmp_path: Path) -> None:
    def train(stage: str, *options: object) -> dict[str, torch.Tensor]:
        more = ["near=64", "uniform=64"] if stage == "efficient" else ["validate_shapes=2"]
        arguments = [stage, "--data", data, "--runs", tmp_path, *options, *SHORT, *more]
        assert main([str(argument) for argument in arguments]) == 0
        return load_file(tmp_path / stage / "model.safetensors")

    start = load_file(public / "model.safetensors")
    efficient = train("efficient", "--from", public)
    encoder = [name for name in efficient if name.startswith(("encoder.", "pre_kl."))]
    assert encoder
    assert all(efficient[name].equal(start[f"vae.{name}"]) for name in encoder)
    teacher = train("teacher", "--from", public, "--vae", tmp_path / "efficient", "validate_steps=2")
    assert all(teacher[f"vae.{name}"].equal(value) for name, value in efficient.items())
    assert not teacher["model.latent_in.weight"].equal(start["model.latent_in.weight"])
    # Two steps later it is still that model, not a new one.
    assert teacher["model.latent_in.weight"].allclose(start["model.latent_in.weight"], atol=0.02)
    train("guidance")
    train("consistency")
    train("adversarial", "--from", tmp_path / "consistency")
    shape = train("shape", "near=64", "uniform=64")
    assert all(shape[f"vae.{name}"].equal(efficient[name]) for name in encoder)

    before = load_checkpoint(public, "cpu", torch.float32, vae_folder=public)
    after = load_checkpoint(tmp_path / "adversarial", "cpu", torch.float32)
    assert (before.schedule.kind, before.guidance_embed) == ("flow_matching", False)
    assert (after.schedule.kind, after.guidance_embed, after.default_steps) == ("consistency", True, 5)
    assert after.image_encoder.spec == before.image_encoder.spec
    assert after.processor == before.processor
    assert isinstance(after.denoiser, DiT)
    assert (after.denoiser.spec.hidden_size, after.denoiser.spec.mlp_ratio) == (40, 2.0)
    assert (after.vae.spec.scale_factor, after.vae.spec.include_pi, after.vae.spec.geo_decoder_downsample_ratio) == (0.7, True, 2)


def test_a_distilled_model_is_taught_to_need_many_steps_again(data: Path, public: Path, tmp_path: Path) -> None:
    folders = ["--data", str(data), "--runs", str(tmp_path)]
    start = ["--from", str(public), "--solver", str(public)]
    assert main(["consistency", *folders, *start, *SHORT, "validate_shapes=2"]) == 0
    short = [*SHORT, "validate_shapes=2", "validate_steps=2", "validate_scales=[5]", "num_latents=8"]
    assert main(["teacher", *folders, "--from", str(tmp_path / "consistency"), *short]) == 1
    assert main(["teacher", *folders, "--from", str(public), *short, "undistil=true"]) == 1
    assert main(["teacher", *folders, "--from", str(tmp_path / "consistency"), *short, "undistil=true"]) == 0
    teacher = load_checkpoint(tmp_path / "teacher", "cpu", torch.float32)
    assert (teacher.schedule.kind, teacher.guidance_embed, teacher.default_steps) == ("flow_matching", False, 50)
    assert teacher.vae.spec.num_latents == 8


def test_guidance_distillation_can_be_left_out(data: Path, public: Path, tmp_path: Path) -> None:
    folders = ["--data", str(data), "--runs", str(tmp_path), "--from", str(public), "--solver", str(public)]
    assert main(["adversarial", *folders, *SHORT, "validate_shapes=2"]) == 0
    assert load_checkpoint(tmp_path / "adversarial", "cpu", torch.float32).guidance_embed


def test_what_a_public_checkpoint_cannot_do_ends_in_one_sentence(
    data: Path, public: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turbo = write_tiny_model(tmp_path / "turbo", public_config())
    views = write_tiny_model(tmp_path / "views", multi_view_config(), with_encoder=True)
    other = write_tiny_model(tmp_path / "other", tiny_config(vae=VAE | {"embed_dim": 4}), with_encoder=True)
    many = write_tiny_model(tmp_path / "many", tiny_config(vae=VAE | {"num_latents": 200}), with_encoder=True)
    experts = write_tiny_model(tmp_path / "experts", public_config(), with_encoder=True)
    text = (experts / "config.yaml").read_text().replace("Hunyuan3DDiT\n", "HunYuanDiTPlain\n")
    (experts / "config.yaml").write_text(text)
    for stage, options, message in [
        ("efficient", ["--from", turbo], "without its encoder"),
        ("guidance", ["--from", turbo], "without its encoder"),
        ("guidance", ["--from", turbo, "--vae", other], "other latents"),
        ("guidance", ["--from", views], "several views"),
        ("guidance", ["--from", experts], "only Hunyuan3DDiT"),
        ("consistency", ["--from", public, "--solver", views], "other latents or images"),
        ("shape", ["--from", public], "no distilled student"),
        ("efficient", ["--from", many], "200 tokens"),
        ("efficient", ["--from", tmp_path / "nowhere"], "no checkpoint folder"),
        ("memory", ["--from", tmp_path / "nowhere"], "no folder"),
    ]:
        folders = [] if stage == "memory" else ["--data", data, "--runs", tmp_path / "runs"]
        assert main([str(argument) for argument in (stage, *folders, *options)]) == 1, message
        assert message in capsys.readouterr().err


def test_the_memory_in_the_documentation_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    tables = dict(re.findall(r"<!-- memory (\S+) -->\n\n(.*?)\n\n<!-- end of memory -->", text, re.DOTALL))
    assert len(tables) > 1
    assert main(["memory", "--from", str(ROOT / "flashvdm_core" / "embedded")]) == 0
    assert capsys.readouterr().out.strip() == tables["embedded"]
    # The public ones take long to count: the stages of the autoencoder, which some of them share, stand for all.
    public = {name: spec_of(name) for name in set(tables) - {"embedded"}}
    one_of_each = {spec.vae: spec for spec in public.values()}
    autoencoders = {vae: [list(row(need)) for need in islice(needs(spec), 2)] for vae, spec in one_of_each.items()}
    for name, spec in public.items():
        first = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables[name].splitlines()[2:4]]
        assert first == autoencoders[spec.vae], name


def test_memory_grows_with_what_is_trained(public: Path) -> None:
    found = {need.stage: need for need in needs(spec_of(str(public)))}
    student = found["guidance"]
    # Weight, gradient, two moments and average of each trained number, the weight alone of each frozen one.
    assert student.fixed >= 20 * student.trained + 4 * student.frozen
    assert found["teacher"].trained > found["teacher, image encoder frozen"].trained
    assert found["adversarial"].sample > found["consistency, one_phase"].sample
