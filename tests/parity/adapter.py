"""Runs a golden case on `flashvdm_core`. Calls only: every number is computed by the core.

`run(kind, config, sd, inputs)` returns the outputs of a case by their names in the golden data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from flashvdm_core.decoding.field import Selection, VecsetField
from flashvdm_core.decoding.groups import Groups
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.dit_moe import MoEDiT, MoEDiTSpec
from flashvdm_core.models.shape_vae import PointDecoder, ShapeVAE, choose_points
from flashvdm_core.models.specs import ConditionerSpec, DiTSpec, PointDecoderSpec, ShapeVAESpec
from flashvdm_core.sampling import Schedule, consistency_schedule, flow_matching_schedule, sample
from flashvdm_core.sampling.schedules import trained_range_schedule

Config = Mapping[str, Any]
Tensors = Mapping[str, Tensor]
Outputs = dict[str, Any]
Network = TypeVar("Network", bound=nn.Module)


def run(kind: str, config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    """The case's outputs: `out.*` tensors, `grid` (dense logits, NaN where not evaluated), `info.*` lists."""
    if kind not in _KINDS:
        raise NotImplementedError(f"no such kind of case: {kind}")
    return _KINDS[kind](config, sd, inputs)


def _loaded(network: Network, sd: Tensors) -> Network:
    network.load_state_dict(sd)
    return network.eval().requires_grad_(False)


def _dit(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    model = _loaded(DiT(DiTSpec.from_config(config)), sd)
    return {"out.y": model(inputs["x"], inputs["t"], inputs["main"], inputs.get("guidance"))}


def _plain(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    model = _loaded(MoEDiT(MoEDiTSpec.from_config(config)), sd)
    return {"out.y": model(inputs["x"], inputs["t"], inputs["main"])}


def _vae(config: Config, sd: Tensors) -> ShapeVAE:
    with_encoder = any(name.startswith("encoder.") for name in sd)
    return _loaded(ShapeVAE(ShapeVAESpec.from_config(config), with_encoder), sd)


def _vae_decode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config, sd)
    decoded = vae.decode(inputs["latents"])
    logits = vae.geo_decoder(inputs["queries"], vae.geo_decoder.keys_values(decoded))
    return {"out.decoded": decoded, "out.logits": logits}


def _vae_encode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config, sd)
    assert vae.encoder is not None
    assert vae.pre_kl is not None
    surface = choose_points(vae.spec, inputs["surface"], inputs["idx_random"], inputs.get("idx_sharp"))
    latents = vae.encoder(surface)
    posterior = vae.encode(surface)
    return {
        "out.query_feats": vae.encoder.features(surface.queries),
        "out.data_feats": vae.encoder.features(surface.data),
        "out.encoder_latents": latents,
        "out.moments": vae.pre_kl(latents),
        "out.mode": posterior.mean,
        "out.logvar": posterior.logvar,
        "out.sample": posterior.sample(inputs["noise"]),
    }


def _akv(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    spec = PointDecoderSpec.from_config(
        {**config["decoder"], "num_freqs": config["num_freqs"], "include_pi": config["include_pi"]}
    )
    decoder = _loaded(PointDecoder(spec), sd)
    blocks, packed = inputs["queries_blocks"], inputs["queries_packed"][0]
    block_groups = Groups((blocks.shape[1],) * blocks.shape[0], coarse=True)
    packed_groups = Groups(tuple(config["group_counts"]), coarse=False)
    outputs = {"out.dense_packed": decoder(inputs["queries_packed"], decoder.keys_values(inputs["latents"]))}
    for rule in ("mean", "merge"):
        field = VecsetField(decoder, inputs["latents"], Selection(rule))
        outputs |= {
            f"out.{rule}_blocks": field(blocks.flatten(0, 1), block_groups).view(*blocks.shape[:2], 1),
            f"out.{rule}_packed": field(packed, packed_groups)[None, :, None],
            f"out.{rule}_off": field(packed)[None, :, None],
        }
    return outputs


def _conditioner(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    spec = ConditionerSpec.from_config({"main_image_encoder": config["main_image_encoder"]})
    views = torch.tensor(config["view_idxs"]) if "view_idxs" in config else None
    tokens = _loaded(SingleImageEncoder(spec), sd)(inputs["image"], views)
    return {"out.main": tokens, "out.uncond": torch.zeros_like(tokens)}


def _schedule(config: Config, steps: int, mode: str = "pipeline") -> Schedule:
    params = dict(config["params"])
    train_timesteps = params.pop("num_train_timesteps", 1000)
    if config["class"] == "ConsistencyFlowMatchEulerDiscreteScheduler":
        return consistency_schedule(steps, params.get("pcm_timesteps", 50), train_timesteps=train_timesteps)
    make = flow_matching_schedule if mode == "pipeline" else trained_range_schedule
    return make(steps, params.get("shift", 1.0), train_timesteps=train_timesteps)


def _scheduler(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    outputs: Outputs = {}
    for mode in config["modes"]:
        for count in config["steps"]:
            schedule = _schedule(config, count, mode)
            recorded = dict(zip(schedule.times(torch.float32).tolist(), inputs["model_output"], strict=False))
            steps = sample(lambda x, t, recorded=recorded: recorded[t[0].item()], inputs["sample"], schedule)
            states = list(itertools.islice(steps, len(inputs["model_output"])))
            name = f"out.{mode}_{count}"
            outputs |= {
                f"{name}.timesteps": schedule.timesteps(),
                f"{name}.sigmas": torch.tensor(schedule.sigmas),
                f"{name}.model_t_fp32": schedule.times(torch.float32),
                f"{name}.model_t_fp16": schedule.times(torch.float16).float(),
                f"{name}.pred_x0_after_2": states[:2][-1].clean,
                f"{name}.after_{len(states)}_steps": states[-1].latents,
            }
    return outputs


_KINDS: Mapping[str, Callable[[Config, Tensors, Tensors], Outputs]] = {
    "dit": _dit,
    "plain": _plain,
    "vae_decode": _vae_decode,
    "vae_encode": _vae_encode,
    "akv": _akv,
    "conditioner": _conditioner,
    "scheduler": _scheduler,
}
