"""Stages "vae" and "efficient": the shape autoencoder, and its efficient decoder (paper section 3.3, appendix A).

Supervision is the signed distance over `truncation`, clamped to [-1, 1] and positive inside, so that the
near-surface test of the hierarchical decoder can read distances off the logits.

The second stage keeps the encoder of any VAE, starts the latent transformer from the VAE's, and trains it together with a
point decoder of half the width, without the wide MLP and the norms after the attention.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...api.errors import TrainingError
from ...models.shape_vae import ShapeVAE, Surface
from ...models.specs import ShapeVAESpec
from ..data.dataset import ShapeData
from ..files import device_of_choice
from .checkpoint import Autoencoder, limit_frequencies, open_autoencoder
from .runner import Batch, Run, RunConfig

VALIDATION_QUERIES = 4096
_VALIDATION_BATCH = 32


@dataclasses.dataclass(frozen=True)
class ReconstructionConfig(RunConfig):
    """How an autoencoder is trained.

    Attributes:
        truncation: distance (core frame) at which the target saturates.
        kl_weight: weight of the KL term at the end; it ramps up from a hundredth over the first half.
        sign_weight: weight of the logistic loss on the side of the surface, which thin parts need.
        near, uniform: queries a shape near the surface and in the whole volume.
        smallest: shapes are shrunk at random, down to this factor.
    """

    truncation: float = 0.05
    kl_weight: float = 3e-4
    sign_weight: float = 0.1
    near: int = 1024
    uniform: int = 512
    smallest: float = 0.8


@dataclasses.dataclass(frozen=True)
class VAEConfig(ReconstructionConfig):
    """The sizes of a new autoencoder, see `ShapeVAESpec`, and how it is trained.

    Attributes:
        pc_size, pc_sharpedge_size: points the encoder reads; those of the prepared clouds.
        posterior_logvar: initial log-variance of the posterior. Far below the prior's, else the latents carry
            nothing for the first thousand steps.
    """

    num_latents: int = 256
    embed_dim: int = 16
    width: int = 256
    heads: int = 4
    num_encoder_layers: int = 1
    num_decoder_layers: int = 5
    pc_size: int = 1536
    pc_sharpedge_size: int = 512
    posterior_logvar: float = -6.0

    def spec(self) -> ShapeVAESpec:
        """The network's sizes."""
        return ShapeVAESpec(
            num_latents=self.num_latents,
            embed_dim=self.embed_dim,
            width=self.width,
            heads=self.heads,
            num_decoder_layers=self.num_decoder_layers,
            num_encoder_layers=self.num_encoder_layers,
            pc_size=self.pc_size,
            pc_sharpedge_size=self.pc_sharpedge_size,
            point_feats=4,
            downsample_ratio=(self.pc_size + self.pc_sharpedge_size) // self.num_latents,
            num_freqs=8,
            include_pi=False,
            qkv_bias=False,
            qk_norm=True,
        )


@dataclasses.dataclass(frozen=True)
class EfficientConfig(ReconstructionConfig):
    """How an efficient decoder is trained.

    Attributes:
        freeze_transformer: the base's latent transformer stays as it is, and the point decoder alone learns. A step is many times
            cheaper, which pays where there is no GPU, and with many queries a shape.
        kept: where the transformer stays as it is, what it says of so many turned and shrunk variants of each shape is computed
            once and kept in memory (128 KB each for 256 latents of width 256); 0: it is computed for each step.
        frequencies: the point decoder learns with so many of its frequencies, of which published ones have 8.
    """

    freeze_transformer: bool = False
    kept: int = 0
    frequencies: int = 8


def _initialised(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def new_autoencoder(config: VAEConfig) -> ShapeVAE:
    """Freshly initialised weights, with the posterior near-deterministic."""
    torch.manual_seed(config.seed)
    vae = ShapeVAE(config.spec(), with_encoder=True)
    _initialised(vae)
    assert vae.pre_kl is not None
    with torch.no_grad():
        vae.pre_kl.bias[config.embed_dim :] = config.posterior_logvar
        vae.pre_kl.weight[config.embed_dim :] *= 0.1
    return vae


def efficient_spec(base: ShapeVAESpec) -> ShapeVAESpec:
    """The same VAE with the small point decoder; TrainingError where its heads cannot be halved."""
    if base.heads % 2:
        raise TrainingError(f"The efficient decoder has half of the base's heads, which are {base.heads}; give another VAE.")
    return dataclasses.replace(
        base, geo_decoder_downsample_ratio=2, geo_decoder_mlp_expand_ratio=1, geo_decoder_ln_post=False
    )  # fmt: skip


def efficient_from(base: ShapeVAE, config: EfficientConfig) -> ShapeVAE:
    """An autoencoder with a new point decoder, or the base's own if that is an efficient one; the rest is the base's.

    The encoder is frozen.
    """
    torch.manual_seed(config.seed)
    spec = efficient_spec(base.spec)
    vae = ShapeVAE(spec, with_encoder=True)
    _initialised(vae.geo_decoder)
    known = base.state_dict()
    if base.spec != spec:
        known = {name: value for name, value in known.items() if not name.startswith("geo_decoder.")}
    vae.load_state_dict(vae.state_dict() | known)
    limit_frequencies(vae, config.frequencies)
    freeze_encoder(vae)
    vae.post_kl.requires_grad_(not config.freeze_transformer)
    vae.transformer.requires_grad_(not config.freeze_transformer)
    return vae


def freeze_encoder(vae: ShapeVAE) -> None:
    """Keep the space of the latents as it is."""
    assert vae.encoder is not None
    assert vae.pre_kl is not None
    vae.encoder.requires_grad_(False)
    vae.pre_kl.requires_grad_(False)


def quarter_turns(device: torch.device) -> Tensor:
    """The eight turns and mirror images about the vertical axis that keep the box: float32 [8, 3, 3]."""
    turns = []
    for cosine, sine in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        turn = torch.tensor([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], dtype=torch.float32, device=device)
        turns += [turn, torch.diag(torch.tensor([-1.0, 1.0, 1.0], device=device)) @ turn]
    return torch.stack(turns)


def random_variants(count: int, config: ReconstructionConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """How shapes are turned, float32 [B, 3, 3], and shrunk, [B]."""
    turn = quarter_turns(rng.device)[torch.randint(8, (count,), generator=rng, device=rng.device)]
    return turn, config.smallest + (1 - config.smallest) * torch.rand(count, generator=rng, device=rng.device)


def augment(points: Tensor, turn: Tensor, scale: Tensor) -> Tensor:
    """Positions [B, n, 3], or positions, normals and a flag [B, n, 7], turned by [B, 3, 3] and scaled by [B]."""
    positions = points[..., :3] @ turn.mT * scale[:, None, None]
    if points.shape[-1] == 3:
        return positions
    return torch.cat([positions, points[..., 3:6] @ turn.mT, points[..., 6:]], dim=-1)


def sample_shapes(data: ShapeData, spec: ShapeVAESpec, config: ReconstructionConfig, rng: torch.Generator) -> Batch:
    """Random shapes, turned and shrunk: clouds and queries of the encoder [B, n, 7], `points` [B, q, 3], `sdf` [B, q], noise."""
    device = rng.device
    rows = torch.randint(len(data), (config.batch,), generator=rng, device=device)
    clouds = torch.randint(data.clouds, (config.batch,), generator=rng, device=device)
    turn, scale = random_variants(config.batch, config, rng)
    surface = data.surfaces(rows, clouds, spec.num_latents)
    points, sdf = data.queries(rows, config.near, config.uniform, rng)
    return {
        "data": augment(surface.data, turn, scale),
        "queries": augment(surface.queries, turn, scale),
        "points": augment(points, turn, scale),
        "sdf": sdf * scale[:, None],
        "noise": torch.randn(config.batch, spec.num_latents, spec.embed_dim, generator=rng, device=device),
    }


def reconstruction_losses(logits: Tensor, sdf: Tensor, truncation: float) -> tuple[Tensor, Tensor]:
    """Squared error on the truncated distance, and the logistic loss on its sign; logits and sdf [B, q].

    Where the target saturates, only logits that fall short of it are at fault: a network that may go beyond does not
    waver around the threshold of the near test.
    """
    distance = sdf / truncation
    side = distance.sign()
    reached = (logits.detach() * side).clamp(min=1)
    target = torch.where(distance.abs() > 1, side * reached, distance)
    return F.mse_loss(logits, target), F.softplus(-8 * logits * side).mean()


def autoencoder_loss(vae: ShapeVAE, batch: Batch, config: ReconstructionConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of both stages, and its parts."""
    posterior = vae.encode_unscaled(Surface(batch["data"], batch["queries"]))
    total, parts = decoder_loss(vae, vae.decode_unscaled(posterior.sample(batch["noise"])), batch, config)
    kl = posterior.kl()
    return total + batch["kl_weight"] * kl, parts | {"kl": kl}


def decoder_loss(vae: ShapeVAE, decoded: Tensor, batch: Batch, config: ReconstructionConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of the point decoder for decoded latents [B, N, width], and its parts."""
    logits = vae.geo_decoder(batch["points"], vae.geo_decoder.keys_values(decoded))[..., 0].float()
    square, sign = reconstruction_losses(logits, batch["sdf"], config.truncation)
    return square + config.sign_weight * sign, {"square": square, "sign": sign}


@dataclasses.dataclass(frozen=True)
class KeptShapes:
    """What a transformer that does not learn says of variants of all shapes.

    Attributes:
        decoded: float16 [M, N, width], decoded latents.
        rows: int64 [M], each variant's shape.
        turn, scale: float32 [M, 3, 3] and [M], see `augment`.
    """

    decoded: Tensor
    rows: Tensor
    turn: Tensor
    scale: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, vae: ShapeVAE, data: ShapeData, config: EfficientConfig) -> KeptShapes:
        """Encode and decode `config.kept` variants of each shape of `data`."""
        rng = torch.Generator(data.device).manual_seed(config.seed)
        parts = []
        for rows in torch.arange(len(data), device=data.device).repeat(config.kept).split(config.batch):
            turn, scale = random_variants(len(rows), config, rng)
            clouds = torch.randint(data.clouds, (len(rows),), generator=rng, device=data.device)
            surface = data.surfaces(rows, clouds, vae.spec.num_latents)
            posterior = vae.encode_unscaled(Surface(augment(surface.data, turn, scale), augment(surface.queries, turn, scale)))
            noise = torch.randn(posterior.mean.shape, generator=rng, device=data.device)
            parts.append((vae.decode_unscaled(posterior.sample(noise)).half(), rows, turn, scale))
        return cls(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def sample(self, data: ShapeData, config: EfficientConfig, rng: torch.Generator) -> Batch:
        """Random variants: `decoded` [B, N, width], `points` [B, q, 3], `sdf` [B, q]."""
        chosen = torch.randint(len(self.rows), (config.batch,), generator=rng, device=rng.device)
        turn, scale = self.turn[chosen], self.scale[chosen]
        points, sdf = data.queries(self.rows[chosen], config.near, config.uniform, rng)
        return {
            "decoded": self.decoded[chosen].float(),
            "points": augment(points, turn, scale),
            "sdf": sdf * scale[:, None],
        }


def train_vae(config: VAEConfig, data: Path, out: Path) -> None:
    """Train, or go on training, a new autoencoder in the folder `out`."""
    _train(config, data, out, new_autoencoder(config), scaled=False)


def train_efficient(config: EfficientConfig, data: Path, base: Path, out: Path) -> None:
    """Train, or go on training, the efficient decoder of the VAE in the folder `base`.

    Raises:
        TrainingError: what a transformer says that learns meanwhile is to be kept; or as `open_autoencoder`.
    """
    if config.kept and not config.freeze_transformer:
        raise TrainingError("kept needs freeze_transformer=true: what a transformer says that learns can't be kept.")
    found = open_autoencoder(base)
    _train(config, data, out, efficient_from(found.vae, config), scaled=found.scaled)


def _train(config: ReconstructionConfig, data_folder: Path, out: Path, model: ShapeVAE, scaled: bool) -> None:
    device = device_of_choice()
    data, val = (ShapeData(data_folder, split, device) for split in ("train", "val"))
    run = Run(out, config, model, device, lambda averaged: Autoencoder(averaged, config.truncation, scaled).write(out))

    def sample_batch(rng: torch.Generator) -> Batch:
        ramp = min(1.0, 0.01 + 2 * run.progress)
        weight = torch.tensor(config.kl_weight * ramp, device=device)
        return sample_shapes(data, model.spec, config, rng) | {"kl_weight": weight}

    # A run that is at its end takes no step, so nothing is encoded for it.
    if isinstance(config, EfficientConfig) and config.kept and not run.finished:
        kept = KeptShapes.of(run.model, data, config)
        run.train(
            lambda rng: kept.sample(data, config, rng),
            lambda batch: decoder_loss(run.model, batch["decoded"], batch, config),
            lambda: validate(run.averaged, val),
        )
        return
    run.train(sample_batch, lambda batch: autoencoder_loss(run.model, batch, config), lambda: validate(run.averaged, val))


@torch.no_grad()
def validate(vae: ShapeVAE, val: ShapeData, shapes: int = 194) -> Mapping[str, float]:
    """V-IoU and S-IoU of reconstructions of validation shapes (`VALIDATION_QUERIES` a shape of each kind)."""
    found: dict[str, list[Tensor]] = {"v_iou": [], "s_iou": [], "latent_std": []}
    for start in range(0, min(shapes, len(val)), _VALIDATION_BATCH):
        rows = torch.arange(start, min(start + _VALIDATION_BATCH, shapes, len(val)), device=val.device)
        rng = torch.Generator(val.device).manual_seed(start)
        mean = vae.encode_unscaled(val.surfaces(rows, torch.zeros_like(rows), vae.spec.num_latents)).mean
        near, volume = occupancy_iou(vae, vae.decode_unscaled(mean), val, rows, rng)
        found["s_iou"].append(near)
        found["v_iou"].append(volume)
        found["latent_std"].append(mean.float().std()[None])
    return {name: torch.cat(values).mean().item() for name, values in found.items()}


def occupancy_iou(vae: ShapeVAE, decoded: Tensor, data: ShapeData, rows: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """IoU float32 [B] of decoded latents [B, N, width] with the true shapes of `rows`, near the surface and in the volume."""
    per_kind = min(VALIDATION_QUERIES, data.stored("near"), data.stored("uniform"))
    points, sdf = data.queries(rows, per_kind, per_kind, rng)
    kv = vae.geo_decoder.keys_values(decoded)
    inside = vae.geo_decoder(points, kv)[..., 0] > 0
    near, volume = slice(0, per_kind), slice(per_kind, None)
    return _iou(inside[:, near], sdf[:, near] > 0), _iou(inside[:, volume], sdf[:, volume] > 0)


def _iou(inside: Tensor, truth: Tensor) -> Tensor:
    both, either = (inside & truth).sum(1), (inside | truth).sum(1)
    return both / either.clamp(min=1)
