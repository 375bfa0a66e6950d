"""Runs a golden case of TripoSG's code on `flashvdm_core`, as `adapter` does for Hunyuan3D-2's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from flashvdm_core.checkpoints import triposg
from flashvdm_core.checkpoints.published_names import Source
from flashvdm_core.checkpoints.renamed import renamed
from flashvdm_core.decoding import Field, Groups, Selection, VecsetField
from flashvdm_core.image.processor import PaddedProcessor, middle, padded_on_white
from flashvdm_core.lab.reference.surface import published_surface
from flashvdm_core.lab.reference.volume import decode_grid
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.models.denoiser import Denoiser
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.shape_vae import ShapeVAE, choose_points
from flashvdm_core.models.specs import SkipDiTSpec
from flashvdm_core.sampling import guided_velocity, sample
from flashvdm_core.sampling.schedules import Schedule, euler_schedule, rectified_flow_schedule
from flashvdm_core.sparse_grid import box

from . import analytic_field
from .golden import part_of
from .reference import hierarchical_grid, published_summary

Config = Mapping[str, Any]
Tensors = Mapping[str, Tensor]
Outputs = dict[str, Any]
Network = TypeVar("Network", bound=nn.Module)

_DILATIONS = 2  # of its flash decoder, on the coarse grid of a middle level
_GRID_POINTS = ((0.0, 0.0, 0.0), (1.0, 2.0, 3.5), (10.25, 0.5, 7.0), (4.0, 12.0, 1.0))
_GRID_FACES = ((0, 1, 2), (0, 2, 3), (1, 3, 2))
"""What the stand-in for the published surface extraction answered: vertices in grid units, and faces."""


def _loaded(network: Network, sd: Tensors, names: Callable[[Tensors], dict[str, Source]]) -> Network:
    state = renamed(sd, names(sd))
    wanted = network.state_dict().keys()
    network.load_state_dict({name: tensor for name, tensor in state.items() if name in wanted})
    return network.eval().requires_grad_(False)


def _dit(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    scales = config["attention_kwargs"] or {}
    spec = triposg.dit_spec(config["transformer"]).to_config()
    spec |= {name.replace("cross_attention", "cross").replace("cross_2_scale", "cross_scale_2"): x for name, x in scales.items()}
    model = _loaded(SkipDiT(SkipDiTSpec.from_config(spec)), sd, triposg.transformer_names)
    time = 1 - inputs["timestep"].double() / 1000
    tokens = inputs["image_tokens"], *([inputs["image_tokens_2"]] if "image_tokens_2" in inputs else [])
    return {"out.y": model(inputs["latents"], time, *tokens)}


def _parts_dit(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    outputs: Outputs = {}
    tokens = inputs["latents_plain"].shape[1]
    spec = triposg.parts_dit_spec({**config["transformer"], "part_tokens": tokens})
    model = _loaded(SkipDiT(spec), {name: tensor.float() for name, tensor in sd.items()}, triposg.transformer_names)
    for name, parts in config["parts"].items():
        latents, cond = inputs[f"latents_{name}"].unflatten(0, (-1, parts)).flatten(1, 2), inputs[f"cond_{name}"]
        # Here the image comes first, there nothing.
        both = torch.cat([cond, torch.zeros_like(cond)])[: len(latents)]
        time = (1 - inputs[f"timestep_{name}"].double() / 1000).expand(len(latents))
        velocity = model(latents.flip(0), time, both).flip(0)
        outputs[f"out.y_{name}"] = velocity.unflatten(1, (parts, -1)).flatten(0, 1)
    return outputs


def _vae(config: Config, sd: Tensors, **more: int) -> ShapeVAE:
    spec = triposg.vae_spec({"num_latents": 1, **config, **more})
    return _loaded(ShapeVAE(spec, any(name.startswith("encoder.") for name in sd)), sd, triposg.vae_names)


def _logits(vae: ShapeVAE, decoded: Tensor, points: Tensor) -> Tensor:
    return vae.geo_decoder(points, vae.geo_decoder.keys_values(decoded))


def _vae_decode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config["vae"], sd)
    decoded, points = vae.decode(inputs["latents"]), inputs["points"]
    chunks = [_logits(vae, decoded, part) for part in points.split(config["num_chunks"], dim=1)]
    embedded = vae.geo_decoder.fourier(points)
    return {
        "out.kv": decoded,
        "out.embed": embedded,
        "out.logits": _logits(vae, decoded, points),
        "out.logits_chunked": torch.cat(chunks, 1),
    }


def _vae_encode(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config["vae"], sd, num_latents=config["num_tokens"])
    assert vae.encoder is not None
    assert vae.pre_kl is not None
    surface = choose_points(vae.spec, inputs["surface"], inputs["idx_subsample"])
    latents, posterior = vae.encoder(surface), vae.encode(surface)
    return {
        "out.query_feats": vae.encoder.features(surface.queries),
        "out.data_feats": vae.encoder.features(surface.data),
        "out.encoder_latents": latents,
        "out.moments": vae.pre_kl(latents),
        "out.mode": posterior.mean,
        "out.logvar": posterior.logvar,
        "out.std": (0.5 * posterior.logvar).exp(),
        "out.sample": posterior.sample(inputs["noise"]),
    }


def _vae_topk(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    vae = _vae(config["vae"], sd)
    field, points = VecsetField(vae.geo_decoder, vae.decode(inputs["latents"]), Selection()), inputs["points"][0]
    # The published processor is sparse at its first call, over all queries as one group, and dense at the second.
    first = field(points, Groups((len(points),), coarse=True))
    grouped = field(points, Groups(tuple(config["group_counts"]), coarse=False))
    outputs = {"dense": field(points), "first_after_set_flash_decoder": first, "second_after_set_flash_decoder": field(points)}
    return {f"out.{name}": logits[None, :, None] for name, logits in (outputs | {"groups": grouped}).items()}


class _Analytic(Field):
    """The analytic shape as a field, times the case's gain."""

    def __init__(self, shape: Config, gain: float) -> None:
        self.shape, self.gain, self.device = shape, gain, torch.device("cpu")

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        return analytic_field.logits(points, self.shape)[:, 0] * self.gain


def _volume(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    if "field" in config:
        field = _Analytic(config["field"], config["gain"])
    else:
        vae = _vae(config["vae"], sd)
        field = VecsetField(vae.geo_decoder, vae.decode(inputs["latents"]))
    bounds = config["bounds"]
    if config["path"] == "flash":
        outputs = _flash(field, bounds, config)
        return outputs | _published_placement(config["octree_depth"], bounds)
    return _hierarchical(field, bounds, config["dense_octree_depth"], config["hierarchical_octree_depth"])


def _flash(field: Field, bounds: Any, options: Config) -> Outputs:
    given = {name: options[name] for name in ("min_resolution", "num_chunks") if name in options}
    resolution = 2 ** options["octree_depth"]
    grid, info = decode_grid(field, "flash", octree_resolution=resolution, bounds=bounds, dilations=_DILATIONS, **given)
    return {"grid": grid, "info.calls": info["calls"]}


def _hierarchical(field: Field, bounds: Any, dense: int, fine: int) -> Outputs:
    grid = hierarchical_grid(lambda points: torch.cat([field(part) for part in points.split(1 << 16)]), bounds, dense, fine)
    grid = grid.float()
    mesh = published_surface(grid.numpy(), 0.0, bounds, 2**fine - 1)
    # Its faces stay as they are, and the summary is of reversed ones.
    summary = published_summary(type(mesh)(mesh.vertices, mesh.faces[:, ::-1]))
    arrays = {"vertices": mesh.vertices, "faces": mesh.faces, **summary}
    return {"grid": grid, **{f"out.{name}": torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}}


def _published_placement(depth: int, bounds: Any) -> Outputs:
    low, high = (torch.from_numpy(corner).float() for corner in box(bounds))
    return {
        "out.vertices_of_fixed_grid_points": torch.tensor(_GRID_POINTS) / 2**depth * (high - low) + low,
        "out.faces_of_fixed_faces": torch.tensor(_GRID_FACES).flip(1),
    }


def _scheduler(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    params = config["params"]
    shift = float(np.exp(config["mu"])) if params["use_dynamic_shifting"] else params["shift"]
    untold = rectified_flow_schedule(1000, 1.0 if params["use_dynamic_shifting"] else shift)
    outputs: Outputs = {
        "out.initial.timesteps_every37": _timesteps(untold)[::37],
        "out.initial.sigmas_every37": _sigmas(untold)[:-1:37],
        "out.scale_noise": _noised(untold, config["noise_t"], inputs),
    }
    schedules = {str(count): rectified_flow_schedule(count, shift) for count in config["steps"]}
    schedules["custom"] = euler_schedule([1 - sigma for sigma in config["custom_sigmas"]], 1 / shift)
    for name, schedule in schedules.items():
        recorded = iter(inputs["model_output"])
        steps = sample(lambda x, t, recorded=recorded: next(recorded), inputs["sample"], schedule)
        states = [step.latents for _, step in zip(inputs["model_output"], steps, strict=False)]
        outputs |= {
            f"out.{name}.timesteps": _timesteps(schedule),
            f"out.{name}.sigmas": _sigmas(schedule),
            f"out.{name}.after_1_step": states[0],
            f"out.{name}.after_5_steps": states[-1],
        }
    return outputs


def _timesteps(schedule: Schedule) -> Tensor:
    """The published code's: falling, from the noise."""
    return schedule.train_timesteps - schedule.timesteps()


def _sigmas(schedule: Schedule) -> Tensor:
    return 1 - torch.tensor(schedule.sigmas)


def _noised(schedule: Schedule, timesteps: list[float], inputs: Tensors) -> Tensor:
    """Clean latents at published times, with the first model output as their noise."""
    shares = torch.tensor(timesteps) / schedule.train_timesteps
    return torch.lerp(inputs["sample"], inputs["model_output"][0], shares[:, None, None])


def _image_prep(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    outputs: Outputs = {}
    for name, picture in inputs.items():
        padded = padded_on_white(picture.numpy(), PaddedProcessor.padding)
        outputs[f"out.{name}.float"] = torch.from_numpy(padded).permute(2, 0, 1)
        outputs[f"out.{name}.uint8"] = torch.from_numpy((255 * padded).astype(np.uint8))
    return outputs


def _image_proc(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    sizes, stride = triposg.processor_spec(config["feature_extractor_dinov2"]), config["stride"]
    encoder = {"hidden_size": 6, "num_attention_heads": 1, "num_hidden_layers": 0}
    params = {"image_encoder": encoder | {"num_hidden_layers": 1}, "processor": config["feature_extractor_dinov2"]}
    normalise = SingleImageEncoder(triposg.conditioner_spec(params)).main_image_encoder.pixels
    outputs: Outputs = {}
    for name, picture in inputs.items():
        pixels = normalise(middle(_as_rgb(picture.numpy()), sizes.padded_to, sizes.size))
        outputs[f"out.{name}.shape"] = torch.tensor(pixels.shape)
        outputs[f"out.{name}.strided"] = pixels[..., stride // 2 :: stride, ::stride]
        outputs[f"out.{name}.mean_std"] = torch.stack([pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))])
    return outputs


def _as_rgb(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture[..., :3]


def _image_cond(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    sizes = triposg.processor_spec(config["feature_extractor_dinov2"])
    params = {"image_encoder": config["image_encoder_dinov2"], "processor": config["feature_extractor_dinov2"]}
    encoder = _loaded(SingleImageEncoder(triposg.conditioner_spec(params)), sd, triposg.image_encoder_names)
    outputs: Outputs = {}
    for name, picture in inputs.items():
        if picture.dtype == torch.uint8:
            pixels = encoder.main_image_encoder.pixels(middle(_as_rgb(picture.numpy()), sizes.padded_to, sizes.size))
            outputs[f"out.{name}.pixel_values"] = pixels
        else:
            pixels = picture  # they are normalised already
        tokens = encoder.main_image_encoder.model(pixels).repeat_interleave(config["num_images_per_prompt"], 0)
        outputs |= {f"out.{name}.embeds": tokens, f"out.{name}.uncond": torch.zeros_like(tokens)}
    return outputs


class _Listener(Denoiser[SkipDiTSpec]):
    """Passes calls on to a denoiser and remembers the times and conditions."""

    def __init__(self, dit: SkipDiT) -> None:
        super().__init__(dit.spec)
        self.dit, self.times, self.conditions = dit, [], []

    def forward(self, x: Tensor, t: Tensor, cond: Tensor) -> Tensor:
        self.times.append(self.spec.time_at_noise + (self.spec.time_at_data - self.spec.time_at_noise) * t)
        self.conditions.append(cond)
        return self.dit(x, t, cond)


def _pipeline(config: Config, sd: Tensors, inputs: Tensors) -> Outputs:
    parts = {part: part_of(sd, part) for part in ("transformer", "vae", "image_encoder_dinov2")}
    params = {"image_encoder": config["image_encoder_dinov2"], "processor": config["feature_extractor_dinov2"]}
    encoder = _loaded(
        SingleImageEncoder(triposg.conditioner_spec(params)), parts["image_encoder_dinov2"], triposg.image_encoder_names
    )
    dit = _loaded(SkipDiT(triposg.dit_spec(config["transformer"])), parts["transformer"], triposg.transformer_names)
    vae = _vae(config["vae"], parts["vae"])
    sizes = triposg.processor_spec(config["feature_extractor_dinov2"])
    image = PaddedProcessor(sizes.size, sizes.border_ratio, sizes.padded_to)(inputs["image"].numpy())
    guidance = config["guidance_scale"] if config["guidance_scale"] > 1 else None
    listener, schedule = _Listener(dit), rectified_flow_schedule(config["steps"])
    velocity = guided_velocity(listener, encoder(image), guidance)
    states = [step.latents for step in sample(velocity, inputs["initial_latents"], schedule)]
    decoded = vae.decode(states[-1])
    field, export = VecsetField(vae.geo_decoder, decoded), config["export"]
    bounds = [-1.005] * 3 + [1.005] * 3
    hier = _hierarchical(field, bounds, *export["hier"])
    padded = padded_on_white(inputs["image"].numpy(), sizes.border_ratio)
    return {
        **hier,
        **_flash(field, bounds, export["flash"]),
        "out.hier_grid_every4": hier["grid"][::4, ::4, ::4],
        "out.prepared": torch.from_numpy((255 * padded).astype(np.uint8)),
        "out.pixel_values": encoder.main_image_encoder.pixels(image),
        "out.latents_per_step": torch.stack(states),
        "out.latents": states[-1],
        "out.model_t": torch.stack(listener.times),
        "out.model_batch": torch.tensor([len(times) for times in listener.times]),
        "out.image_tokens": listener.conditions[0].flip(0),  # here the image comes first, there nothing
        "out.kv": decoded,
    }


KINDS: Mapping[str, Callable[[Config, Tensors, Tensors], Outputs]] = {
    "triposg_dit": _dit,
    "partcrafter_dit": _parts_dit,
    "triposg_vae_decode": _vae_decode,
    "triposg_vae_encode": _vae_encode,
    "triposg_vae_topk": _vae_topk,
    "triposg_volume": _volume,
    "triposg_sched": _scheduler,
    "triposg_image_prep": _image_prep,
    "triposg_image_proc": _image_proc,
    "triposg_image_cond": _image_cond,
    "triposg_pipeline": _pipeline,
}
