"""PartCrafter: several parts of one object at once, from its published folder to a mesh of loose parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from flashvdm_core.api.errors import CheckpointError, SettingsError
from flashvdm_core.api.events import Failure, Result
from flashvdm_core.api.tasks import Blend, DecodeLatents, Request
from flashvdm_core.checkpoints import load_checkpoint, triposg
from flashvdm_core.checkpoints.convert import Form, convert
from flashvdm_core.checkpoints.folders import checkpoint_folder
from flashvdm_core.checkpoints.registry import KNOWN, MODELS
from flashvdm_core.geometry.components import vertex_components
from flashvdm_core.models.build import build_meta
from flashvdm_core.pipeline.pipeline import Pipeline

from .tiny_model import write_disc_image
from .tiny_triposg import write_json, write_tiny_partcrafter

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_partcrafter(tmp_path / "PartCrafter")


def load(folder: Path) -> Any:
    return load_checkpoint(folder, CPU, torch.float32)


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {"model": str(folder), "steps": 1, "resolution": 20, "preview": False, "colours": False, **more}


def generate(folder: Path, tmp_path: Path, **more: Any) -> Any:
    image = str(write_disc_image(tmp_path / "disc.png"))
    *_, last = Pipeline().generate(Request({"front": image}, settings(folder, **more), keep_latents=True))
    return last


def loose_parts(mesh: Any) -> int:
    names = vertex_components(mesh.faces, len(mesh.vertices))
    return len(np.unique(names[mesh.faces[:, 0]]))


def test_an_object_is_made_of_as_many_loose_parts_as_asked_for(folder: Path, tmp_path: Path) -> None:
    two = generate(folder, tmp_path, part_count=2, guidance=1.0)
    assert isinstance(two, Result), two
    assert two.latents is not None
    assert two.latents.shape == (2048, 8)
    assert two.model == "PartCrafter"
    # What is kept is decoded part for part: the first one alone has fewer pieces.
    first = DecodeLatents(two.latents[:1024], settings(folder), model_identity=two.model_identity)
    *_, one = Pipeline().generate(first)
    assert isinstance(one, Result), one
    assert loose_parts(two.mesh) > loose_parts(one.mesh) > 0
    with pytest.raises(SettingsError, match="different numbers of parts"):
        Blend(two.latents, one.latents, model_identity=two.model_identity, other_identity=two.model_identity)  # pyright: ignore[reportArgumentType]


def test_more_parts_than_the_model_tells_apart_are_refused(folder: Path, tmp_path: Path) -> None:
    last = generate(folder, tmp_path, part_count=5)
    assert isinstance(last, Failure)
    assert "makes at most 4 parts" in last.message


def test_parts_read_each_other_and_know_which_they_are(folder: Path) -> None:
    denoiser = load(folder).denoiser
    x, t, cond = torch.randn(1, 2 * 1024, 8), torch.tensor([0.4]), torch.randn(1, 3, 32)
    alone, both = denoiser(x[:, :1024], t, cond), denoiser(x, t, cond)
    assert (both[:, :1024] - alone).abs().max() > 1e-3
    swapped = denoiser(x.unflatten(1, (2, -1)).flip(1).flatten(1, 2), t, cond).unflatten(1, (2, -1)).flip(1).flatten(1, 2)
    assert (both - swapped).abs().max() > 1e-3
    with pytest.raises(ValueError, match="are no parts of 1024 each"):
        denoiser(x[:, :1000], t, cond)


def test_it_is_converted_and_runs_from_there(folder: Path, tmp_path: Path) -> None:
    convert(folder, tmp_path / "made" / "small", Form.FLOAT32)
    before, after = load(folder), load(tmp_path / "made" / "small")
    assert after.denoiser.spec == before.denoiser.spec
    x, t, cond = torch.randn(2, 2 * 1024, 8), torch.tensor([0.4, 0.4]), torch.randn(2, 3, 32)
    torch.testing.assert_close(after.denoiser(x, t, cond), before.denoiser(x, t, cond))


def test_the_list_has_it_at_its_published_size():
    spec = MODELS["partcrafter"]
    assert (spec.most_parts, spec.vae.num_latents, spec.default_steps, spec.default_guidance) == (16, 1024, 50, 7.0)
    denoiser, _, _ = build_meta(spec)
    assert sum(parameter.numel() for parameter in denoiser.parameters()) == 1_439_621_696
    assert spec.dit == triposg.parts_dit_spec({"global_attn_block_id_range": None, "part_tokens": 1024} | {
        "global_attn_block_ids": list(range(0, 21, 2))
    })  # fmt: skip
    assert KNOWN["partcrafter"].licence.name == "MIT License"


def test_blocks_may_be_named_by_the_first_and_the_last() -> None:
    spec = triposg.parts_dit_spec({"global_attn_block_id_range": [1, 3], "part_tokens": 4, "num_layers": 5})
    assert spec.joint_blocks == 0b01110


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"enable_local_cross_attn": False}, "enable_local_cross_attn"),
        ({"global_attn_block_ids": [99]}, "are no blocks of its network"),
        ({"global_attn_block_ids": None}, "are no blocks of its network"),
        ({"max_num_parts": 6}, "different models"),
    ],
)
def test_a_spoilt_config_is_one_sentence(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    path = folder / "transformer" / "config.json"
    write_json(path, json.loads(path.read_text()) | changes)
    with pytest.raises(CheckpointError, match=sentence):
        load(folder)


def test_it_is_found_from_a_part_of_it(folder: Path) -> None:
    assert checkpoint_folder(folder / "transformer") == folder
