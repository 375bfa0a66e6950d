"""Runs a golden case on `flashvdm_core`. Calls only: every number is computed by the core, or by `reference`.

`run(kind, config, sd, inputs)` returns the outputs of a case by their names in the golden data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from flashvdm_core.checkpoints.config import Config as CheckpointConfig
from flashvdm_core.checkpoints.config import Section
from flashvdm_core.checkpoints.layout import schedule_spec
from flashvdm_core.decoding import Field, Groups, Selection, VecsetField
from flashvdm_core.image.processor import ImageProcessor, MultiViewProcessor
from flashvdm_core.lab.reference.merge_rule import MergeRuleField
from flashvdm_core.lab.reference.surface import published_surface
from flashvdm_core.lab.reference.volume import decode_grid
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.denoiser import Denoiser
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.shape_vae import PointDecoder, ShapeVAE, choose_points
from flashvdm_core.models.specs import ConditionerSpec, DiTSpec, PointDecoderSpec, ShapeVAESpec, SkipDiTSpec
from flashvdm_core.sampling import Schedule, guided_velocity, sample, schedule_for

from . import analytic_field, step1x_adapter, triposg_adapter
from .golden import part_of
from .reference import published_summary, trained_range_schedule

Config = Mapping[str, Any]
Tensors = Mapping[str, Tensor]
Outputs = dict[str, Any]
Network = TypeVar("Network", bound=nn.Module)

_FIELDS: Mapping[str, Callable[[PointDecoder, Tensor, Selection], VecsetField]] = {"mean": VecsetField, "merge": MergeRuleField}
"""The published `topk_mode` -> the field that follows it."""


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
    model = _loaded(SkipDiT(SkipDiTSpec.from_config(config)), sd)
    return {"out.y": model(inputs["x"], inputs["t"], inputs["main"])}


def _vae(config: Config, sd: Tensors) -> ShapeVAE:
    with_encoder = any(name.startswith("encoder.") for name in sd)
    return _loaded(ShapeVAE(ShapeVAESpec.from_config(config), with_encoder), sd)


def _vae_decode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config, sd)
    decoded = vae.decode_unscaled(inputs["latents"])
    logits = vae.geo_decoder(inputs["queries"], vae.geo_decoder.keys_values(decoded))
    return {"out.decoded": decoded, "out.logits": logits}


def _vae_encode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config, sd)
    assert vae.encoder is not None
    assert vae.pre_kl is not None
    surface = choose_points(vae.spec, inputs["surface"], inputs["idx_random"], inputs.get("idx_sharp"))
    latents = vae.encoder(surface)
    posterior = vae.encode_unscaled(surface)
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
    for rule, kind in _FIELDS.items():
        field = kind(decoder, inputs["latents"], Selection())
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
    sections = {"scheduler": Section(config["class"], config["params"])}
    spec = schedule_spec(CheckpointConfig(Path(), sections, {}))
    if mode == "pipeline" or spec.kind == "consistency":
        return schedule_for(spec, steps)
    return trained_range_schedule(spec, steps)


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


def _image_proc(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    pictures = {name: picture.numpy() for name, picture in inputs.items()}
    if config["class"] == "MVImageProcessorV2":
        image, mask, views = MultiViewProcessor(**config["params"])(pictures)
        return {"out.image": image, "out.mask": mask, "out.view_idxs": torch.tensor(views)}
    processor = ImageProcessor(**config["params"])
    outputs: Outputs = {}
    for name, picture in pictures.items():
        outputs[f"out.{name}.image"], outputs[f"out.{name}.mask"] = processor(picture)
    return outputs


def _volume(config: Config, field: Field, *, mesh: bool) -> Outputs:
    """The decoded grid, and its mesh if wanted. `config` is that of a volume case or a pipeline's export section."""
    if config["decoder"] == "hier_asis":
        raise NotImplementedError("a bug of the published hierarchical decoder")
    options = {name: config[name] for name in ("mc_level", "min_resolution", "num_chunks") if name in config}
    bounds = config["bounds"] if "bounds" in config else config["box_v"]
    resolution = config["octree_resolution"]
    grid, info = decode_grid(field, config["decoder"], octree_resolution=resolution, bounds=bounds, **options)
    outputs: Outputs = {"grid": grid, **{f"info.{name}": value for name, value in info.items()}}
    if mesh:
        outputs |= _mesh(grid, config["mc_level"], bounds, resolution, "out.")
    return outputs


def _mesh(grid: Tensor, level: float, bounds: Any, resolution: int, prefix: str) -> Outputs:
    mesh = published_surface(grid[0].numpy(), level, bounds, resolution)
    arrays = {"vertices": mesh.vertices, "faces": mesh.faces, **published_summary(mesh)}
    return {prefix + name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}


def _mc(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    outputs: Outputs = {}
    for index, level in enumerate(config["mc_levels"]):
        outputs |= _mesh(inputs["grid"], level, config["bounds"], config["octree_resolution"], f"out.level{index}.")
    return outputs


class _AnalyticField(Field):
    """The analytic shape as a field."""

    def __init__(self, shape: Config) -> None:
        self.shape, self.device = shape, torch.device("cpu")

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        return analytic_field.logits(points, self.shape)[:, 0]


def _volume_field(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    return _volume(config, _AnalyticField(config["field"]), mesh=config.get("mesh", False))


def _vecset_field(config: Config, decoder: PointDecoder, decoded: Tensor) -> VecsetField:
    if config["decoder"] != "flash":
        return VecsetField(decoder, decoded)
    return _FIELDS[config.get("topk_mode", "mean")](decoder, decoded, Selection())


def _volume_vae(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config["vae"], sd)
    field = _vecset_field(config, vae.geo_decoder, vae.decode_unscaled(inputs["latents"]))
    return _volume(config, field, mesh=config.get("mesh", False))


class _Listener(Denoiser[DiTSpec]):
    """Passes calls on to a denoiser and remembers what it was given."""

    def __init__(self, dit: DiT) -> None:
        super().__init__(dit.spec)
        self.dit = dit
        self.times: list[Tensor] = []
        self.conditions: list[Tensor] = []
        self.scales: list[Tensor] = []

    def forward(self, x: Tensor, t: Tensor, cond: Tensor, guidance: Tensor | None = None) -> Tensor:
        self.times.append(t)
        self.conditions.append(cond)
        self.scales += [] if guidance is None else [guidance]
        return self.dit(x, t, cond, guidance)


def _sampled(config: Config, dit: DiT, condition: Tensor, noise: Tensor, count: int) -> tuple[Outputs, Tensor]:
    """A pipeline's sampling outputs for one number of steps, and the condition that the denoiser was given."""
    listener = _Listener(dit)
    distilled, scale = dit.spec.guidance_embed, config["guidance_scale"]
    velocity = guided_velocity(listener, condition, scale if distilled or scale >= 0 else None)
    schedule = _schedule(config["scheduler"], count)
    states = torch.stack([step.latents for step in sample(velocity, noise, schedule)])
    # A step of length zero is recorded as a call, though the denoiser is not asked for it here.
    empty = [start == end for start, end in itertools.pairwise(schedule.sigmas)]
    skipped = schedule.times(noise.dtype)[empty, None].expand(-1, len(listener.times[0]))
    model_t = torch.cat([torch.stack(listener.times), skipped]).sort(dim=0).values
    name = f"out.steps{count}"
    outputs = {
        f"{name}.latents_per_step": states,
        f"{name}.latents": states[-1],
        f"{name}.model_t": model_t,
        f"{name}.model_batch": torch.full((len(model_t),), model_t.shape[1]),
    }
    if listener.scales:
        outputs[f"{name}.guidance"] = torch.stack(listener.scales)[:1].expand(count, -1)
    return outputs, listener.conditions[0]


def _pixels(config: Config, inputs: Tensors) -> tuple[Tensor, tuple[int, ...] | None]:
    """A pipeline's image or images as the conditioner takes them, and the ids of several views."""
    params = config["image_processor"]["params"]
    if "views" not in config:
        return ImageProcessor(**params)(inputs["image"].numpy())[0], None
    pixels, _, views = MultiViewProcessor(**params)({view: inputs[view].numpy() for view in config["views"]})
    return pixels, views


def _pipeline(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    parts = {part: part_of(sd, part) for part in ("model", "vae", "conditioner")}
    conditioner_spec = ConditionerSpec.from_config({"main_image_encoder": config["conditioner"]})
    conditioner = _loaded(SingleImageEncoder(conditioner_spec), parts["conditioner"])
    dit = _loaded(DiT(DiTSpec.from_config(config["model"])), parts["model"])
    vae = _vae(config["vae"], parts["vae"])
    pixels, views = _pixels(config, inputs)
    outputs: Outputs = {"out.pixel": pixels}
    latents = inputs["initial_latents"]
    for count in config["steps"]:
        sampled, condition = _sampled(config, dit, conditioner(pixels, views), inputs["initial_latents"], count)
        latents = sampled[f"out.steps{count}.latents"]
        outputs |= {**sampled, "out.cond_main": condition}
    scaled = latents / vae.spec.scale_factor
    decoded = vae.decode(latents)
    export = config["export"]
    volume = _volume(export, _vecset_field(export, vae.geo_decoder, decoded), mesh=True)
    return {**outputs, "out.scaled_latents": scaled, "out.decoded": decoded, **volume}


_KINDS: Mapping[str, Callable[[Config, Tensors, Tensors], Outputs]] = {
    "dit": _dit,
    "plain": _plain,
    "vae_decode": _vae_decode,
    "vae_encode": _vae_encode,
    "akv": _akv,
    "conditioner": _conditioner,
    "scheduler": _scheduler,
    "image_proc": _image_proc,
    "mc": _mc,
    "volume_field": _volume_field,
    "volume_vae": _volume_vae,
    "pipeline": _pipeline,
    **triposg_adapter.KINDS,
    **step1x_adapter.KINDS,
}
