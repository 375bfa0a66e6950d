"""Loading checkpoint folders: the published layout loads as it is, anything else is one clear sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from flashvdm_core.api.errors import CheckpointError
from flashvdm_core.api.tasks import Request
from flashvdm_core.batch.index import BatchIndex
from flashvdm_core.checkpoints import load_checkpoint, load_vae
from flashvdm_core.checkpoints.config import read_config
from flashvdm_core.checkpoints.layout import read_model_spec, write_model_spec
from flashvdm_core.checkpoints.load import load_encoder
from flashvdm_core.checkpoints.registry import MODELS
from flashvdm_core.checkpoints.save import save_model
from flashvdm_core.models.shape_vae import ShapeVAE
from flashvdm_core.models.specs import ShapeVAESpec

from .tiny_model import (
    CONFIG,
    multi_view_config,
    tiny_config,
    tiny_state,
    write_disc_image,
    write_tiny_model,
    write_tiny_moe_model,
)

CPU = torch.device("cpu")


def load(folder: Path, dtype: torch.dtype = torch.float32, **options: Any) -> Any:
    return load_checkpoint(folder, CPU, dtype, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny")


def rewrite_config(folder: Path, config: object) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def rewrite_weights(folder: Path, **changes: torch.Tensor | None) -> None:
    """Replace, add or (None) remove tensors; '__' in a keyword stands for '.'."""
    state = load_file(folder / "model.safetensors")
    for keyword, tensor in changes.items():
        name = keyword.replace("__", ".")
        if tensor is None:
            del state[name]
        else:
            state[name] = tensor
    save_file(state, folder / "model.safetensors")


def test_every_weight_arrives_where_its_name_says(folder: Path) -> None:
    model = load(folder)
    state = load_file(folder / "model.safetensors")
    for prefix, module in (("model", model.denoiser), ("vae", model.vae), ("conditioner", model.image_encoder)):
        for name, tensor in module.state_dict().items():
            torch.testing.assert_close(tensor, state.pop(f"{prefix}.{name}"), rtol=0, atol=0)
            assert not tensor.is_meta
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())
    assert not state


def test_the_config_is_read(folder: Path) -> None:
    model = load(folder)
    assert (model.name, model.num_latents, model.channels, model.guidance_embed) == ("tiny", 12, 4, False)
    assert (model.default_steps, model.default_guidance) == (3, 3.0)
    assert (model.processor.size, model.processor.border_ratio, model.processor.multi_view) == (32, 0.15, False)
    assert (model.schedule.kind, model.schedule.train_timesteps) == ("flow_matching", 1000)


def test_without_our_own_section_the_published_defaults_hold(tmp_path: Path) -> None:
    config = tiny_config()
    del config["defaults"]
    model = load(write_tiny_model(tmp_path / "base", config))
    assert (model.default_steps, model.default_guidance) == (50, 5.0)
    config["scheduler"] = {"target": "x.ConsistencyFlowMatchEulerDiscreteScheduler", "params": {"pcm_timesteps": 100}}
    model = load(write_tiny_model(tmp_path / "turbo", config))
    assert (model.default_steps, model.default_guidance) == (5, 5.0)
    assert (model.schedule.kind, model.schedule.pcm_timesteps) == ("consistency", 100)


def test_both_generations_of_target_names_are_understood(tmp_path: Path) -> None:
    config = tiny_config()
    config["model"]["target"] = "hy3dshape.models.denoisers.hunyuan3ddit.Hunyuan3DDiT"
    config["vae"]["target"] = "hy3dshape.models.autoencoders.ShapeVAE"
    assert load(write_tiny_model(tmp_path / "new", config)).name == "new"


def test_several_views_and_a_guidance_embedding_are_understood(tmp_path: Path) -> None:
    model = load(write_tiny_model(tmp_path / "views", multi_view_config()))
    assert model.processor.multi_view
    assert model.image_encoder.spec.view_num == 4
    distilled = load(write_tiny_model(tmp_path / "distilled", tiny_config(model={"guidance_embed": True})))
    assert distilled.guidance_embed


def test_weights_take_the_dtype_that_is_asked_for(folder: Path) -> None:
    model = load(folder, torch.float16)
    networks = (model.denoiser, model.vae, model.image_encoder)
    assert {p.dtype for network in networks for p in network.parameters()} == {torch.float16}


def test_the_half_precision_file_is_taken_for_half_precision_only(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    save_file({name: torch.ones_like(tensor).half() for name, tensor in state.items()}, folder / "model.fp16.safetensors")
    assert (load(folder, torch.float16).vae.post_kl.weight == 1).all()
    assert (load(folder, torch.float32).vae.post_kl.weight != 1).any()
    (folder / "model.safetensors").unlink()
    assert (load(folder, torch.float32).vae.post_kl.weight == 1).all()


def test_an_encoder_in_the_file_is_not_built_for_generating_but_can_be_asked_for(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "encoder", with_encoder=True)
    assert load(folder).vae.encoder is None
    assert load_vae(folder, CPU, torch.float32, with_encoder=True).encoder is not None


def test_asking_for_an_encoder_that_is_not_there_names_it(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"lacks vae\.encoder\."):
        load_vae(folder, CPU, torch.float32, with_encoder=True)


# --- the stand-alone VAE with the efficient decoder ---


def write_turbo_vae(folder: Path, **changes: object) -> Path:
    params = CONFIG["vae"]["params"] | {"geo_decoder_downsample_ratio": 2, "geo_decoder_mlp_expand_ratio": 1, "num_latents": 20}
    params = params | changes
    folder.mkdir()
    rewrite_config(folder, {"target": "hy3dgen.shapegen.models.ShapeVAE", "params": params})
    state = {
        name: torch.rand_like(t)
        for name, t in ShapeVAE(ShapeVAESpec.from_config(params), with_encoder=False).state_dict().items()
    }
    save_file(state, folder / "model.fp16.safetensors")
    return folder


def test_an_efficient_vae_beside_the_checkpoint_replaces_its_own_and_sets_the_number_of_tokens(folder: Path) -> None:
    write_turbo_vae(folder.parent / "hunyuan3d-vae-v2-0-turbo")
    model = load(folder)
    assert model.vae.spec.geo_decoder_downsample_ratio == 2
    assert model.num_latents == 20


def test_a_batch_makes_anew_what_another_decoder_made(folder: Path, tmp_path: Path) -> None:
    image = write_disc_image(tmp_path / "disc.png")
    request, index = Request({"front": str(image)}, {"model": str(folder)}), BatchIndex(tmp_path / "out")
    alone = index.fingerprint(request)
    (folder.parent / "something-else").mkdir()
    (folder.parent / "something-else" / "config.yaml").write_text("a: 1\n")
    assert index.fingerprint(request) == alone, "a folder of something else decides nothing"
    turbo = write_turbo_vae(folder.parent / "turbo")
    with_turbo = index.fingerprint(request)
    assert with_turbo != alone
    save_file({n: t + 1 for n, t in load_file(turbo / "model.fp16.safetensors").items()}, turbo / "model.fp16.safetensors")
    assert index.fingerprint(request) not in (alone, with_turbo)


def test_a_vae_of_another_latent_space_beside_it_is_left_alone(folder: Path) -> None:
    write_turbo_vae(folder.parent / "hunyuan3d-vae-v2-mini-turbo", scale_factor=1.5)
    (folder.parent / "something-else").mkdir()
    (folder.parent / "something-else" / "config.yaml").write_text("{broken")
    assert load(folder).num_latents == 12


def test_a_vae_that_is_asked_for_must_belong_to_the_model(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert load(folder, vae_folder=write_turbo_vae(other / "good")).num_latents == 20
    with pytest.raises(CheckpointError, match="another model"):
        load(folder, vae_folder=write_turbo_vae(other / "bad", scale_factor=1.5))


# --- the mixture-of-experts model of 2.1, which is published as a pickle ---


def test_the_ckpt_of_the_mixture_of_experts_model_loads(tmp_path: Path) -> None:
    model = load(write_tiny_moe_model(tmp_path / "moe"))
    assert not model.guidance_embed
    assert type(model.denoiser).__name__ == "SkipDiT"


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, (str(self.path),)


def test_a_ckpt_with_code_in_it_is_refused_and_the_code_does_not_run(tmp_path: Path) -> None:
    crater = tmp_path / "crater"
    with pytest.raises(CheckpointError, match="unsafe"):
        load(write_tiny_moe_model(tmp_path / "moe", {"bomb": Bomb(crater)}))
    assert not crater.exists()


def test_a_damaged_ckpt_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_moe_model(tmp_path / "moe")
    file = folder / "model.fp16.ckpt"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="damaged"):
        load(folder)


def test_a_ckpt_of_any_model_loads_and_one_that_is_none_is_refused(folder: Path) -> None:
    want = load(folder).vae.post_kl.weight
    (folder / "model.safetensors").rename(folder / "model.fp16.ckpt")
    with pytest.raises(CheckpointError, match="damaged"):
        load(folder)
    (folder / "model.fp16.ckpt").unlink()
    torch.save(tiny_state(CONFIG), folder / "model.fp16.ckpt")
    torch.testing.assert_close(load(folder).vae.post_kl.weight, want, rtol=0, atol=0)


def test_a_vae_with_encoder_that_is_published_as_a_ckpt_encodes_for_the_model_beside_it(folder: Path) -> None:
    beside = folder.parent / "hunyuan3d-vae-v2-mini-withencoder"
    beside.mkdir()
    rewrite_config(beside, CONFIG["vae"])
    whole = tiny_state(CONFIG, with_encoder=True)
    torch.save({name.removeprefix("vae."): t for name, t in whole.items() if name.startswith("vae.")}, beside / "model.fp16.ckpt")
    assert load_encoder(folder, CPU).encoder is not None


# --- bad folders ---


def test_missing_unexpected_and_misshapen_weights_are_named(folder: Path) -> None:
    rewrite_weights(folder, vae__post_kl__bias=None, vae__surprise=torch.zeros(1))
    with pytest.raises(CheckpointError, match=r"lacks vae\.post_kl\.bias and has unexpected vae\.surprise"):
        load(folder)
    write_tiny_model(folder)
    rewrite_weights(folder, model__latent_in__bias=torch.zeros(7))
    with pytest.raises(CheckpointError, match=r"model\.latent_in\.bias of shape \[7\] where config.yaml asks for \[32\]"):
        load(folder)


def test_a_long_list_of_missing_weights_stays_one_readable_sentence(folder: Path) -> None:
    rewrite_config(folder, tiny_config(model={"depth": 3}))
    with pytest.raises(CheckpointError, match=r"lacks model\.double_blocks\.1.* and \d+ more; ") as caught:
        load(folder)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_named(folder: Path, value: float) -> None:
    rewrite_weights(folder, vae__post_kl__bias=torch.full((32,), value))
    with pytest.raises(CheckpointError, match=r"vae\.post_kl\.bias .* not finite"):
        load(folder)


def test_weights_that_overflow_half_precision_are_named(folder: Path) -> None:
    rewrite_weights(folder, vae__post_kl__bias=torch.full((32,), 1e6))
    load(folder, torch.float32)
    with pytest.raises(CheckpointError, match="not finite in float16"):
        load(folder, torch.float16)


@pytest.mark.parametrize("keep", [0, 4, 100, 20_000])
def test_a_truncated_file_is_refused(folder: Path, keep: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="download it again"):
        load(folder)


def test_a_pickle_under_the_name_of_safetensors_is_refused(folder: Path) -> None:
    torch.save({"model": {}}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="pickle"):
        load(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just text",
        "[1, 2]",
        "{",
        "\x00",
        "a: &a [*a, *a]",
        "!!python/object/apply:os.system ['true']",
        "model: {target: x.Unet2D, params: {}}",
        "model: {target: 5}",
        "defaults: {speed: 3}\n",
        yaml.safe_dump(tiny_config(model={"depth": "many"})),
        yaml.safe_dump(tiny_config(model={"hidden_size": -8})),
        yaml.safe_dump(tiny_config(model={"frobnicate": 1})),
        yaml.safe_dump(tiny_config(model={"num_heads": 0})),
        yaml.safe_dump(tiny_config(image_processor={"size": "big"})),
        yaml.safe_dump(tiny_config(image_processor={"size": 0.5})),
        yaml.safe_dump(tiny_config(scheduler={"shift": -1})),
        yaml.safe_dump({name: section for name, section in CONFIG.items() if name != "vae"}),
        yaml.safe_dump(CONFIG | {"scheduler": {"target": "x.DDIMScheduler"}}),
        yaml.safe_dump(CONFIG | {"image_processor": {"target": "x.Other"}}),
        yaml.safe_dump(CONFIG | {"conditioner": {"target": "x.DualImageEncoder", "params": {}}}),
    ],
)
def test_a_config_that_is_not_ours_is_one_sentence(folder: Path, text: str) -> None:
    (folder / "config.yaml").write_text(text)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_a_vae_of_other_channels_is_refused(folder: Path) -> None:
    config = tiny_config(vae={"embed_dim": 6})
    rewrite_config(folder, config)
    save_file(tiny_state(config), folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="latent channels"):
        load(folder)


def test_missing_folders_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        load(tmp_path / "nowhere")
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"a file without its config\.yaml"):
        load(file)
    with pytest.raises(CheckpointError, match=r"no config\.yaml beside model\.safetensors"):
        load(tmp_path)
    rewrite_config(tmp_path, CONFIG)
    file.unlink()
    with pytest.raises(CheckpointError, match=r"no model\.safetensors"):
        load(tmp_path)


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].text is None])
def test_what_is_written_of_a_model_is_what_is_read_of_it(tmp_path: Path, name: str) -> None:
    spec = replace(MODELS[name], truncation=0.05)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(write_model_spec(spec)), encoding="utf-8")
    assert read_model_spec(read_config(tmp_path)) == replace(spec, steps=spec.default_steps, guidance=spec.default_guidance)


def test_a_model_that_is_written_is_the_one_that_is_loaded(folder: Path, tmp_path: Path) -> None:
    model = load(folder)
    save_model(model, tmp_path / "copy")
    copy = load(tmp_path / "copy")
    assert copy.spec == model.spec
    for ours, theirs in ((copy.denoiser, model.denoiser), (copy.vae, model.vae), (copy.image_encoder, model.image_encoder)):
        assert all(a.equal(b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
