"""Stage 1: the shape autoencoder, on truncated signed distances (paper section 3.3, appendix A).

Supervision is the signed distance over `truncation`, clamped to [-1, 1] and positive inside, so that the
near-surface test of the hierarchical decoder can read distances off the logits.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.shape_vae import Posterior, ShapeVAE, choose_points
from ..models.specs import ShapeVAESpec
from .dataset import PropData
from .runner import Run, RunConfig, device_of_choice


@dataclasses.dataclass(frozen=True)
class VAEConfig(RunConfig):
    """Sizes and losses of the autoencoder; see `ShapeVAESpec` for the sizes.

    Attributes:
        truncation: distance (core frame) at which the target saturates.
        kl_weight: weight of the KL term at the end; it ramps up from a hundredth over the first half.
        posterior_logvar: initial log-variance of the posterior. Far below the prior's, else the latents carry
            nothing for the first thousand steps.
        sign_weight: weight of the logistic loss on the side of the surface, which thin parts need.
        near, uniform: queries a shape near the surface and in the whole volume.
    """

    num_latents: int = 64
    embed_dim: int = 16
    width: int = 128
    heads: int = 4
    num_encoder_layers: int = 1
    num_decoder_layers: int = 4
    pc_size: int = 384
    pc_sharpedge_size: int = 128
    downsample_ratio: int = 8
    geo_decoder_downsample_ratio: int = 1
    truncation: float = 0.1
    kl_weight: float = 1e-4
    posterior_logvar: float = -6.0
    sign_weight: float = 0.1
    near: int = 512
    uniform: int = 256

    def spec(self) -> ShapeVAESpec:
        """The network's sizes, with the efficient point decoder (MLP ratio 1, no norms after the attention)."""
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
            downsample_ratio=self.downsample_ratio,
            num_freqs=8,
            include_pi=False,
            qkv_bias=False,
            qk_norm=True,
            geo_decoder_downsample_ratio=self.geo_decoder_downsample_ratio,
            geo_decoder_mlp_expand_ratio=1,
            geo_decoder_ln_post=False,
        )


def new_autoencoder(config: VAEConfig) -> ShapeVAE:
    """Freshly initialised weights, with the posterior near-deterministic."""
    torch.manual_seed(config.seed)
    vae = ShapeVAE(config.spec(), with_encoder=True)
    for module in vae.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    assert vae.pre_kl is not None
    with torch.no_grad():
        vae.pre_kl.bias[config.embed_dim :] = config.posterior_logvar
        vae.pre_kl.weight[config.embed_dim :] *= 0.1
    return vae


def mirrored(points: Tensor) -> Tensor:
    """Surface points [B, n, 6+] (position, normal, ...) or positions [B, n, 3] mirrored in x."""
    sign = torch.ones(points.shape[-1], device=points.device)
    sign[0] = -1
    if points.shape[-1] >= 6:
        sign[3] = -1
    return points * sign


def with_edge_flag(uniform: Tensor, sharp: Tensor) -> Tensor:
    """[B, n, 6] and [B, m, 6] -> [B, n + m, 7]: the last feature marks sharp-edge points."""
    return torch.cat([F.pad(uniform, (0, 1)), F.pad(sharp, (0, 1), value=1.0)], dim=1)


def numpy_rng(rng: torch.Generator) -> np.random.Generator:
    """A NumPy generator seeded by the next number of a torch one."""
    return np.random.default_rng(int(torch.randint(2**31, (1,), generator=rng)))


def draw_batch(data: PropData, config: VAEConfig, indices: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
    """Surface and queries of some props, every other one mirrored: `surface` [B, n, 7], `points` [B, q, 3], `sdf` [B, q]."""
    raw = data.sample(indices.numpy(), config.pc_size, config.pc_sharpedge_size, config.near, config.uniform, numpy_rng(rng))
    surface = with_edge_flag(raw["surface"], raw["sharp"])
    flip = (torch.rand(len(indices), generator=rng) < 0.5)[:, None, None]
    return {
        "surface": torch.where(flip, mirrored(surface), surface),
        "points": torch.where(flip, mirrored(raw["points"]), raw["points"]),
        "sdf": raw["sdf"],
    }


def encode(vae: ShapeVAE, surface: Tensor) -> Posterior:
    """The posterior of surfaces [B, pc_size + pc_sharpedge_size, 7]. All points are read, in their order."""
    spec = vae.spec
    return vae.encode(choose_points(spec, surface, torch.arange(spec.pc_size), torch.arange(spec.pc_sharpedge_size)))


def reconstruction_losses(logits: Tensor, sdf: Tensor, config: VAEConfig) -> tuple[Tensor, Tensor]:
    """Squared error on the truncated distance, and the logistic loss on its sign; logits and sdf [B, q]."""
    target = (sdf / config.truncation).clamp(-1, 1)
    return F.mse_loss(logits, target), F.softplus(-8 * logits * sdf.sign()).mean()


def train_vae(config: VAEConfig, data_folder: Path, out: Path) -> None:
    """Train, or go on training, the autoencoder in the folder `out`."""
    device = device_of_choice()
    data, val = PropData(data_folder, "train"), PropData(data_folder, "val")
    run = Run(out, config, new_autoencoder(config), device)
    vae = run.model
    assert isinstance(vae, ShapeVAE)
    sums: dict[str, float] = {}
    while run.step < config.steps:
        rng = run.rng()
        batch = draw_batch(data, config, torch.randint(len(data), (config.batch,), generator=rng), rng)
        batch = {k: v.to(device) for k, v in batch.items()}
        posterior = encode(vae, batch["surface"])
        latents = posterior.sample(torch.randn(posterior.mean.shape, generator=rng).to(device))
        kv = vae.geo_decoder.keys_values(vae.decode(latents))
        logits = vae.geo_decoder(batch["points"], kv)[..., 0]
        square, sign = reconstruction_losses(logits, batch["sdf"], config)
        kl = posterior.kl()
        ramp = min(1.0, 0.01 + 2 * run.step / config.steps)
        run.update(square + config.sign_weight * sign + config.kl_weight * ramp * kl)
        for name, value in (("square", square), ("sign", sign), ("kl", kl)):
            sums[name] = sums.get(name, 0.0) + value.item()
        if run.step % config.log_every == 0:
            run.log({k: v / config.log_every for k, v in sums.items()})
            sums.clear()
        if run.step % config.validate_every == 0 or run.step == config.steps:
            run.log(validate(run, val, config), "validation.csv")
        run.save_if_due()
    run.save()


@torch.no_grad()
def validate(run: Run, val: PropData, config: VAEConfig, props: int = 96) -> dict[str, float]:
    """V-IoU and S-IoU of the averaged weights on the first validation props (4096 queries a prop of each kind)."""
    vae = ShapeVAE(config.spec(), with_encoder=True).to(run.device)
    vae.load_state_dict(run.averaged())
    vae.eval()
    v_iou, s_iou, deviation = [], [], []
    for start in range(0, min(props, len(val)), 16):
        indices = torch.arange(start, min(start + 16, props, len(val)))
        raw = val.sample(indices.numpy(), config.pc_size, config.pc_sharpedge_size, 4096, 4096, np.random.default_rng(start))
        raw = {k: v.to(run.device) for k, v in raw.items()}
        mean = encode(vae, with_edge_flag(raw["surface"], raw["sharp"])).mean
        kv = vae.geo_decoder.keys_values(vae.decode(mean))
        inside = vae.geo_decoder(raw["points"], kv)[..., 0] > 0
        truth = raw["sdf"] > 0
        near, far = slice(0, 4096), slice(4096, None)
        s_iou.append(_iou(inside[:, near], truth[:, near]))
        v_iou.append(_iou(inside[:, far], truth[:, far]))
        deviation.append(mean.std())
    return {
        "v_iou": torch.cat(v_iou).mean().item(),
        "s_iou": torch.cat(s_iou).mean().item(),
        "latent_std": torch.stack(deviation).mean().item(),
    }


def _iou(inside: Tensor, truth: Tensor) -> Tensor:
    both, either = (inside & truth).sum(1), (inside | truth).sum(1)
    return both / either.clamp(min=1)
