"""Runs a golden case of Step1X-3D's code on `flashvdm_core`, as `adapter` does for Hunyuan3D-2's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from flashvdm_core.checkpoints import step1x
from flashvdm_core.checkpoints.diffusers_layout import Naming
from flashvdm_core.checkpoints.renamed import renamed
from flashvdm_core.models.dinov2 import DinoV2
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.shape_vae import ShapeVAE, Surface
from flashvdm_core.models.specs import DinoSpec
from flashvdm_core.sampling import guided_velocity, sample
from flashvdm_core.sampling.schedules import zero_init_schedule

from .golden import part_of

Config = Mapping[str, Any]
Tensors = Mapping[str, Tensor]
Network = TypeVar("Network", bound=nn.Module)

_SAMPLED = {"": (5, 1.0, 7.5), "_shift": (4, 3.0, 7.5), "_plain": (3, 1.0, None)}
"""Name of a run of the published pipeline -> its steps, shift and guidance."""


def _loaded(network: Network, sd: Tensors, naming: Naming) -> Network:
    network.load_state_dict({name: tensor.float() for name, tensor in renamed(sd, naming(sd)).items()})
    return network.eval().requires_grad_(False)


def _image_encoder(sizes: Config, sd: Tensors) -> DinoV2:
    naming = lambda names: {  # noqa: E731
        name.removeprefix("main_image_encoder.model."): source for name, source in step1x.image_encoder_names(names).items()
    }
    return _loaded(DinoV2(DinoSpec.from_config(sizes)), sd, naming)


def _case(config: Config, sd: Tensors, inputs: Tensors) -> dict[str, Any]:
    denoiser = _loaded(DiT(step1x.dit_spec(config["transformer"])), part_of(sd, "transformer"), step1x.denoiser_names)
    vae = _loaded(ShapeVAE(step1x.vae_spec(config["vae"]), with_encoder=True), part_of(sd, "vae"), step1x.vae_names)
    image_encoder = _image_encoder(config["dino"], part_of(sd, "visual_encoder"))
    assert vae.encoder is not None
    decoded = vae.decode(inputs["z"])
    surface = _surface(inputs)
    embeds, posterior = vae.encoder(surface), vae.encode(surface)
    tokens = {f"out.tokens_{name}": image_encoder(inputs[f"pixels_{name}"]) for name in ("own", "smaller")}
    outputs = {
        # The published velocity leads to the noise.
        "out.velocity": -denoiser(inputs["latents"], 1 - inputs["timestep"].double() / 1000, inputs["cond"]),
        "out.decoded": decoded,
        "out.logits": vae.geo_decoder(inputs["points"], vae.geo_decoder.keys_values(decoded)),
        "out.embeds": embeds,
        "out.latents": posterior.mean,
        "out.logvar": vae.encode_unscaled(surface).logvar,
        **tokens,
    }
    for name, (steps, shift, guidance) in _SAMPLED.items():
        if f"noise{name}" in inputs:
            schedule = zero_init_schedule(steps, shift)
            velocity = guided_velocity(denoiser, tokens["out.tokens_own"], guidance, times=schedule.times(torch.float32))
            *_, last = sample(velocity, inputs[f"noise{name}"], schedule)
            outputs[f"out.sampled{name}"] = last.latents
    return outputs


def _surface(inputs: Tensors) -> Surface:
    """The recorded points, and those that the published code was given as queries."""
    parts = (inputs["surface"], inputs["chosen"]), (inputs["sharp"], inputs["chosen_sharp"])
    queries = [points[:, chosen] for points, chosen in parts]
    data = torch.cat([inputs["surface"], inputs["sharp"]], 1)
    return Surface(data, torch.cat(queries, 1), (inputs["sharp"].shape[1], queries[1].shape[1]))


KINDS: Mapping[str, Callable[[Config, Tensors, Tensors], dict[str, Any]]] = {"step1x": _case}
