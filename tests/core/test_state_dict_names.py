"""Our networks, built at full size without memory, have the names and shapes of the public checkpoints.

`public_keys.json.xz` lists, for every public configuration, its config and the name and shape of each weight.
"""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from flashvdm_core.checkpoints.registry import MODELS
from flashvdm_core.models.dinov2 import DinoV2
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.shape_vae import ShapeVAE
from flashvdm_core.models.specs import DinoSpec, DiTSpec, ShapeVAESpec, SkipDiTSpec

PUBLIC = json.loads(lzma.decompress((Path(__file__).parents[1] / "parity" / "public_keys.json.xz").read_bytes()))


def build(name: str, config: dict[str, Any]) -> nn.Module:
    with torch.device("meta"):
        if name == "dit_v2_1_plain":
            return SkipDiT(SkipDiTSpec.from_config(config))
        if name.startswith("dit_"):
            return DiT(DiTSpec.from_config(config))
        if name.startswith("vae_"):
            return ShapeVAE(ShapeVAESpec.from_config(config), with_encoder=True)
        return DinoV2(DinoSpec.from_config(config))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_names_and_shapes_are_those_of_the_public_checkpoint(name):
    model = build(name, PUBLIC[name]["config"])
    assert {key: list(value.shape) for key, value in model.state_dict().items()} == PUBLIC[name]["keys"]


@pytest.mark.parametrize("name", sorted(n for n in PUBLIC if n.startswith("vae_")))
def test_without_its_encoder_a_vae_has_the_decoder_keys_alone(name):
    with torch.device("meta"):
        model = ShapeVAE(ShapeVAESpec.from_config(PUBLIC[name]["config"]), with_encoder=False)
    decoder_keys = {key for key in PUBLIC[name]["keys"] if not key.startswith(("encoder.", "pre_kl."))}
    assert set(model.state_dict()) == decoder_keys


def test_the_listed_configs_are_those_of_the_registry():
    """What the table of known models says of the sizes is what the published configs say."""
    sizes = {DiTSpec.from_config(PUBLIC[name]["config"]) for name in PUBLIC if name.startswith("dit_") and "plain" not in name}
    sizes.add(SkipDiTSpec.from_config(PUBLIC["dit_v2_1_plain"]["config"]))
    models = [model for name, model in MODELS.items() if name.startswith("hunyuan3d")]
    assert {model.dit for model in models} == sizes
    vaes = [ShapeVAESpec.from_config(PUBLIC[name]["config"]) for name in PUBLIC if name.startswith("vae_")]
    decoders = {spec.point_decoder for spec in vaes}
    assert {model.vae.point_decoder for model in models} <= decoders
