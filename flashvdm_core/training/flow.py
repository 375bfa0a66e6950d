"""Stage 2: the image encoder and the diffusion transformer by rectified flow (paper section 3.1).

x_s = s data + (1 - s) noise, target velocity data - noise, conditions dropped for classifier-free guidance.
Latents are a set and the transformer has no positions, so data and noise tokens may be paired freely: each
batch pairs them by optimal assignment, which straightens the paths (equivariant flow matching, Klein et al. 2023).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from ..errors import TrainingError
from ..models.conditioner import SingleImageEncoder
from ..models.dit import DiT
from ..models.shape_vae import ShapeVAE
from ..models.specs import ConditionerSpec, DinoSpec, DiTSpec
from .dataset import PropData
from .runner import Run, RunConfig, device_of_choice, write_whole
from .vae import VAEConfig, encode, mirrored, with_edge_flag


@dataclasses.dataclass(frozen=True)
class FlowConfig(RunConfig):
    """Sizes of the image encoder (`dino_*`) and the transformer, and how it is trained.

    Attributes:
        drop: share of conditions replaced by zeros.
        variants: encodings of each prop that are kept (different surface points; the odd ones mirrored).
        validate_props, validate_steps, validate_guidance: the generation that is measured on the validation split.
    """

    learning_rate: float = 6e-4
    batch: int = 32
    ema: float = 0.9995
    image_size: int = 112
    dino_hidden: int = 192
    dino_layers: int = 4
    dino_heads: int = 3
    hidden_size: int = 192
    num_heads: int = 3
    depth: int = 2
    depth_single_blocks: int = 4
    drop: float = 0.1
    variants: int = 8
    validate_props: int = 32
    validate_steps: int = 16
    validate_guidance: float = 2.0

    def conditioner(self) -> ConditionerSpec:
        """Sizes of the image encoder."""
        dino = DinoSpec(
            hidden_size=self.dino_hidden,
            num_hidden_layers=self.dino_layers,
            num_attention_heads=self.dino_heads,
            image_size=self.image_size,
        )
        return ConditionerSpec(dino, self.image_size)

    def transformer(self, channels: int) -> DiTSpec:
        """Sizes of the diffusion transformer."""
        return DiTSpec(
            in_channels=channels,
            context_in_dim=self.dino_hidden,
            hidden_size=self.hidden_size,
            num_heads=self.num_heads,
            depth=self.depth,
            depth_single_blocks=self.depth_single_blocks,
        )


class FlowModel(nn.Module):
    """Image encoder and transformer, trained together; the names are those of the published single files."""

    def __init__(self, config: FlowConfig, channels: int) -> None:
        super().__init__()
        self.model = DiT(config.transformer(channels))
        self.conditioner = SingleImageEncoder(config.conditioner())

    def initialise(self, seed: int) -> None:
        """Fresh weights: modulations, gates and the last layer start at zero (adaLN-zero), the rest small."""
        torch.manual_seed(seed)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.xavier_uniform_(module.weight.view(len(module.weight), -1))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if name.endswith((".lin", "final_layer.linear", "adaLN_modulation.1")) and isinstance(module, nn.Linear):
                nn.init.zeros_(module.weight)
        embeddings = self.conditioner.main_image_encoder.model.embeddings
        nn.init.normal_(embeddings.position_embeddings, std=0.02)
        nn.init.normal_(embeddings.cls_token, std=0.02)


@dataclasses.dataclass(frozen=True)
class Latents:
    """Encodings of a split: `values` float16 [props, variants, N, C] (odd variants mirrored), scaled to unit deviation."""

    values: Tensor
    scale_factor: float


def load_vae(folder: Path, device: torch.device) -> tuple[ShapeVAE, VAEConfig]:
    """The averaged autoencoder of a finished vae stage; TrainingError where there is none."""
    try:
        config = VAEConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        weights = load_file(folder / "weights.safetensors")
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{folder} holds no finished vae stage ({error}); run that stage first.") from error
    vae = ShapeVAE(config.spec(), with_encoder=True)
    vae.load_state_dict(weights)
    return vae.to(device).eval(), config


@torch.no_grad()
def encode_split(vae: ShapeVAE, config: VAEConfig, data: PropData, variants: int, cache: Path) -> Latents:
    """Encode every prop of a split `variants` times; kept in `cache` for the same weights."""
    probe = sum(p.double().abs().sum().item() for p in vae.parameters())
    key = f"{probe:.9e} {variants} {len(data)}"
    device = next(vae.parameters()).device
    if cache.exists():
        stored = load_file(cache)
        if bytes(stored["key"].tolist()).decode() == key:
            return Latents(stored["values"], stored["scale_factor"].item())
    values = torch.empty(len(data), variants, config.num_latents, config.embed_dim, dtype=torch.float16)
    for variant in range(variants):
        for start in range(0, len(data), 32):
            indices = torch.arange(start, min(start + 32, len(data)))
            rng = np.random.default_rng([variant, start])
            raw = data.sample(indices.numpy(), config.pc_size, config.pc_sharpedge_size, 1, 1, rng)
            surface = with_edge_flag(raw["surface"], raw["sharp"])
            surface = mirrored(surface) if variant % 2 else surface
            values[indices, variant] = encode(vae, surface.to(device)).mean.cpu().half()
    factor = 1.0 / values.float().std().item()
    stored = {"values": values, "scale_factor": torch.tensor(factor), "key": torch.tensor(list(key.encode()), dtype=torch.uint8)}
    write_whole(cache, lambda p: save_file(stored, p))
    return Latents(values, torch.tensor(factor).item())


def paired(noise: Tensor, data: Tensor) -> Tensor:
    """The data tokens reordered so that their total squared distance to the noise tokens is least; both [B, N, C]."""
    cost = torch.cdist(noise, data).square().cpu().numpy()
    order = torch.stack([torch.from_numpy(linear_sum_assignment(c)[1]) for c in cost]).to(data.device)
    return data.gather(1, order[..., None].expand_as(data))


def condition_image(rgba: Tensor) -> Tensor:
    """uint8 [B, S, S, 4] already recentred -> float32 [B, 3, S, S] in [-1, 1], composited on white."""
    pixels = rgba.permute(0, 3, 1, 2).float() / 255
    alpha = pixels[:, 3:]
    return (pixels[:, :3] * alpha + 1 - alpha) * 2 - 1


def draw_pair(data: PropData, latents: Latents, config: FlowConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images [B, 3, S, S] and scaled latents [B, N, C] of random props, views and encodings, mirrored together."""
    indices = torch.randint(len(data), (config.batch,), generator=rng)
    views = torch.randint(data.views, (config.batch,), generator=rng)
    variant = torch.randint(config.variants, (config.batch,), generator=rng)
    images = condition_image(data.images(indices.numpy(), views.numpy()))
    images = torch.where((variant % 2 == 1)[:, None, None, None], images.flip(-1), images)
    return images, latents.values[indices, variant].float() * latents.scale_factor


def flow_loss(model: FlowModel, images: Tensor, latents: Tensor, config: FlowConfig, rng: torch.Generator) -> Tensor:
    """Mean squared error of the velocity at random times (logit-normal), a scalar."""
    noise = torch.randn(latents.shape, generator=rng).to(latents.device)
    latents = paired(noise, latents)
    s = torch.sigmoid(torch.randn(len(latents), generator=rng)).to(latents.device)
    keep = (torch.rand(len(latents), generator=rng) >= config.drop).to(latents.device)
    tokens = model.conditioner(images) * keep[:, None, None]
    x = s[:, None, None] * latents + (1 - s[:, None, None]) * noise
    return F.mse_loss(model.model(x, s, tokens), latents - noise)


def train_flow(config: FlowConfig, data_folder: Path, vae_folder: Path, out: Path) -> None:
    """Train, or go on training, image encoder and transformer in the folder `out`."""
    device = device_of_choice()
    vae, vae_config = load_vae(vae_folder, device)
    data, val = PropData(data_folder, "train"), PropData(data_folder, "val")
    out.mkdir(parents=True, exist_ok=True)
    latents = encode_split(vae, vae_config, data, config.variants, out / "latents_train.safetensors")
    model = FlowModel(config, vae_config.embed_dim)
    model.initialise(config.seed)
    run = Run(out, config, model, device)
    write_whole(out / "scale_factor.json", lambda p: p.write_text(json.dumps({"scale_factor": latents.scale_factor})))
    total = 0.0
    while run.step < config.steps:
        rng = run.rng()
        images, target = draw_pair(data, latents, config, rng)
        total += run.update(flow_loss(model, images.to(device), target.to(device), config, rng))
        if run.step % config.log_every == 0:
            run.log({"flow": total / config.log_every})
            total = 0.0
        if run.step % config.validate_every == 0 or run.step == config.steps:
            run.log(validate(run, config, vae, vae_config, latents.scale_factor, val), "validation.csv")
        run.save_if_due()
    run.save()


@torch.no_grad()
def validate(
    run: Run, config: FlowConfig, vae: ShapeVAE, vae_config: VAEConfig, scale_factor: float, val: PropData
) -> dict[str, float]:
    """V-IoU of shapes generated from a view of validation props, and of the same latents decoded without generation."""
    model = FlowModel(config, vae_config.embed_dim).to(run.device)
    model.load_state_dict(run.averaged())
    model.eval()
    count = min(config.validate_props, len(val))
    indices, rng = torch.arange(count), torch.Generator().manual_seed(0)
    images = condition_image(val.images(indices.numpy(), (indices % val.views).numpy())).to(run.device)
    x = torch.randn(count, vae_config.num_latents, vae_config.embed_dim, generator=rng).to(run.device)
    cond = model.conditioner(images)
    both = torch.cat([cond, torch.zeros_like(cond)])
    edges = torch.linspace(0, 1, config.validate_steps + 1, device=run.device)
    for s, end in itertools.pairwise(edges):
        with_cond, without = model.model(torch.cat([x, x]), s.expand(2 * count), both).chunk(2)
        x = x + (end - s) * (without + config.validate_guidance * (with_cond - without))
    raw = val.sample(indices.numpy(), vae_config.pc_size, vae_config.pc_sharpedge_size, 1, 4096, np.random.default_rng(0))
    raw = {k: v.to(run.device) for k, v in raw.items()}
    rows = {"v_iou": x / scale_factor, "v_iou_vae": encode(vae, with_edge_flag(raw["surface"], raw["sharp"])).mean}
    result = {}
    for name, values in rows.items():
        kv = vae.geo_decoder.keys_values(vae.decode(values))
        inside = vae.geo_decoder(raw["points"], kv)[..., 0] > 0
        truth = raw["sdf"] > 0
        iou = (inside & truth).sum(1) / (inside | truth).sum(1).clamp(min=1)
        result[name] = iou.mean().item()
    return result
