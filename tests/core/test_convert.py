"""Checkpoints in other number formats: they load, mean the same to the format's precision, and can be brought back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from flashvdm_core.api.errors import CheckpointError, OutputError
from flashvdm_core.checkpoints import load_checkpoint, load_vae
from flashvdm_core.checkpoints.convert import Form, convert
from flashvdm_core.checkpoints.folders import damaged_weights
from flashvdm_core.checkpoints.int8 import from_int8, to_int8
from flashvdm_core.cli import main

from .tiny_model import write_tiny_model

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write_tiny_model(tmp_path / "tiny")
    (made / "LICENSE").write_text("You may.")
    return made


def state(folder: Path) -> dict[str, torch.Tensor]:
    model = load_checkpoint(folder, CPU, torch.float32)
    parts = {"model": model.denoiser, "vae": model.vae, "conditioner": model.image_encoder}
    return {f"{part}.{name}": value for part, network in parts.items() for name, value in network.state_dict().items()}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("form", "precision"), [(Form.FLOAT32, 0.0), (Form.FLOAT16, 1e-3), (Form.BFLOAT16, 1e-2), (Form.INT8, 1e-2)]
)
def test_a_converted_model_loads_and_has_the_same_weights(folder: Path, tmp_path: Path, form: Form, precision: float) -> None:
    files = convert(folder, tmp_path / "out", form)
    before, after = state(folder), state(tmp_path / "out")
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert (after[name] - value).abs().max() <= precision * value.abs().max() + 1e-7, name
    assert [len({name.partition(".")[0] for name in load_file(path)}) for path in files] == [1, 1, 1]
    assert damaged_weights(tmp_path / "out") == []
    assert (tmp_path / "out" / "LICENSE").read_text() == "You may."


def test_each_format_takes_less_space_than_the_one_before(folder: Path, tmp_path: Path) -> None:
    sizes = []
    for form in (Form.FLOAT32, Form.FLOAT16, Form.INT8):
        convert(folder, tmp_path / form, form)
        sizes.append(size(tmp_path / form))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_there_and_back_is_to_the_precision_of_what_was_between(folder: Path, tmp_path: Path) -> None:
    convert(folder, tmp_path / "small", Form.INT8)
    convert(tmp_path / "small", tmp_path / "back", Form.FLOAT32)
    between, after = state(tmp_path / "small"), state(tmp_path / "back")
    for name, value in between.items():
        assert torch.allclose(after[name], value, rtol=1e-6, atol=1e-9), name


def test_a_vae_of_its_own_is_one_file(folder: Path, tmp_path: Path) -> None:
    from flashvdm_core.checkpoints.save import save_folder

    from .tiny_model import CONFIG

    vae = {
        name.removeprefix("vae."): value for name, value in load_file(folder / "model.safetensors").items() if name[:4] == "vae."
    }
    save_folder(tmp_path / "vae", CONFIG["vae"], vae)
    (path,) = convert(tmp_path / "vae", tmp_path / "out", Form.FLOAT16)
    assert path.name == "model.safetensors"
    assert load_vae(tmp_path / "out", CPU, torch.float32).spec == load_vae(tmp_path / "vae", CPU, torch.float32).spec


def test_numbers_that_do_not_fit_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    name = next(name for name, value in weights.items() if value.ndim == 1)
    weights[name][0] = 1e6
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="too large for float16; convert to bfloat16"):
        convert(folder, tmp_path / "out", Form.FLOAT16)
    assert not (tmp_path / "out" / "config.yaml").exists(), "what is not whole must not be taken for a model"
    convert(folder, tmp_path / "other", Form.BFLOAT16)


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds something already"):
        convert(folder, folder, Form.FLOAT16)


def test_scales_that_do_not_fit_are_refused(folder: Path, tmp_path: Path) -> None:
    path = convert(folder, tmp_path / "out", Form.INT8)[0]
    weights = load_file(path)
    name = next(name for name in weights if name.endswith(".int8_scale"))
    weights[name] = weights[name][:-1].clone()
    save_file(weights, path)
    with pytest.raises(CheckpointError, match="int8"):
        load_checkpoint(tmp_path / "out", CPU, torch.float32)


def test_each_row_is_rounded_on_its_own() -> None:
    weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 3, 16)[:, None]
    weight[3] = 0.0
    back = from_int8(*to_int8(weight))
    assert ((back - weight).abs().amax(1) <= weight.abs().amax(1) / 253).all()


def test_the_built_in_model_keeps_its_pixel_aligned_decoder(tmp_path: Path) -> None:
    convert("embedded", tmp_path / "out", Form.INT8)
    decoder = load_checkpoint(tmp_path / "out", CPU, torch.float32).pixel_aligned
    before = load_checkpoint("embedded", CPU, torch.float32).pixel_aligned
    assert (decoder is None) == (before is None)
    if decoder is not None and before is not None:
        for name, value in before.state_dict().items():
            assert torch.equal(decoder.state_dict()[name], value), name


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(folder), str(tmp_path / "out"), "--to", "int8"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    assert main(["convert", str(tmp_path / "nothing"), str(tmp_path / "x")]) == 1
    assert main(["convert", str(folder), str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.count("Error: ") == 2
