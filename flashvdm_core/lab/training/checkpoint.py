"""The checkpoint folders that the stages read and write: the published layout, in float32, with the encoder of shapes.

A folder holds a whole model (parts "model", "conditioner" and "vae" in one file) or a stand-alone VAE. All sizes are
those of its `config.yaml`, so that public weights are as good a start as what an earlier stage wrote.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...api.errors import TrainingError
from ...checkpoints.config import Config, read_config
from ...checkpoints.layout import read_model_spec, write_vae_spec
from ...checkpoints.load import has_encoder, load_vae
from ...checkpoints.model import Model
from ...checkpoints.modules import load_module
from ...checkpoints.save import save_folder
from ...checkpoints.weights import open_weights
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.shape_vae import ShapeVAE
from ...models.specs import DiTSpec

_CPU = torch.device("cpu")
_POINT_FEATS = 4  # normals and the flag of sharp edges, as prepared


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A VAE with its encoder.

    Attributes:
        truncation: distance at which its logits reach 1; 0 where the folder does not say.
        scaled: whether the folder gives the factor that brings latents to unit deviation (`vae.spec.scale_factor`).
    """

    vae: ShapeVAE
    truncation: float
    scaled: bool

    def write(self, folder: Path) -> None:
        """Write a stand-alone VAE."""
        save_folder(folder, write_vae_spec(self.vae.spec, self.truncation, scaled=self.scaled), self.vae.state_dict())


def open_autoencoder(folder: Path) -> Autoencoder:
    """The VAE of a folder, stand-alone or part of a whole model, on the CPU.

    Raises:
        CheckpointError: the folder holds no VAE that can be read.
        TrainingError: the VAE came without its encoder, or its encoder reads other points than are prepared.
    """
    config = read_config(folder)
    params = config.section("vae").params
    if not has_encoder(folder):
        raise TrainingError(
            f"The VAE of {folder} came without its encoder, which training needs; give a folder that has it (of the public "
            "ones those whose name ends in withencoder)."
        )
    vae = load_vae(folder, "cpu", torch.float32, with_encoder=True)
    if vae.spec.point_feats != _POINT_FEATS:
        raise TrainingError(
            f"The encoder of {folder} reads {vae.spec.point_feats} numbers beside a point's position; the prepared data have "
            f"{_POINT_FEATS} (normal and sharp edge). Give another VAE."
        )
    return Autoencoder(vae, config.defaults.get("truncation", 0.0), "scale_factor" in params)


def open_model(folder: Path, vae: Path | None = None) -> Model[DiT]:
    """The whole model of a folder with the encoder of shapes, in float32 on the CPU.

    Args:
        folder: the checkpoint.
        vae: folder of a VAE of the same latents that takes the place of the checkpoint's own.

    Raises:
        CheckpointError: the folder holds no model that can be read.
        TrainingError: it is of a kind that cannot be trained here, or the VAE is of another latent space.
    """
    config = read_config(folder)
    dit = transformer_spec(config)
    spec = read_model_spec(config)
    if spec.processor.multi_view or spec.views > 1:
        raise TrainingError(f"{folder} takes several views of an object; training goes from one image: give another checkpoint.")
    autoencoder = open_autoencoder(vae or folder)
    own = autoencoder.vae.spec
    if own.embed_dim != dit.in_channels or (autoencoder.scaled and own.scale_factor != spec.vae.scale_factor):
        raise TrainingError(f"The VAE in {vae or folder} has other latents than {folder}; give the one that it was trained with.")
    weights = open_weights(folder, half=False)
    return Model(
        folder.resolve().name,
        load_module(lambda: DiT(dit), weights, "model.", _CPU, torch.float32),
        autoencoder.vae.with_latents(scale_factor=spec.vae.scale_factor),
        load_module(lambda: SingleImageEncoder(spec.conditioner), weights, "conditioner.", _CPU, torch.float32),
        spec.processor,
        spec.schedule,
        spec.default_steps,
        spec.default_guidance,
        autoencoder.truncation,
        _CPU,
        torch.float32,
    )


def frozen_on(model: Model[DiT], device: torch.device) -> Model[DiT]:
    """The same networks moved to a device, in evaluation mode and without gradients."""
    for network in (model.denoiser, model.image_encoder, model.vae):
        network.to(device).eval().requires_grad_(False)
    return dataclasses.replace(model, device=device)


def open_transformer(folder: Path) -> DiT:
    """The diffusion transformer of a folder alone, on the CPU; raises as `open_model`."""
    spec = transformer_spec(read_config(folder))
    return load_module(lambda: DiT(spec), open_weights(folder, half=False), "model.", _CPU, torch.float32)


def transformer_spec(config: Config) -> DiTSpec:
    """Sizes of the transformer; TrainingError where it is of a kind that cannot be trained here."""
    section = config.section("model")
    if section.target != "Hunyuan3DDiT":
        raise TrainingError(
            f"The transformer of {config.folder} is a {section.target}, and only Hunyuan3DDiT can be trained; give a checkpoint "
            "of the 2.0 or 2mini models or one that the stage teacher wrote."
        )
    return DiTSpec.from_config(section.params)


# Exported models have logits that reach 1 at `PUBLISHED_TRUNCATION`. The autoencoder learns with a longer distance, 0.05, and is
# then scaled; the surface stays where it is.
#
# Far from the surface a small network answers with -1 and a noise of some hundredths, which crosses the 0.95 of the
# published near test in much of the volume. Scaled, it stays beyond, and the test still reaches 0.95 * 0.05 / 1.5 = 0.032,
# more than half the diagonal of a cell of a first level of 64 cells an axis (0.027).
@torch.no_grad()
def set_truncation(vae: ShapeVAE, stated: float, wanted: float) -> float:
    """Scale the logits of a VAE so that they reach 1 at the distance `wanted` instead of `stated`; returns `wanted`.

    A model that does not say its truncation (0) stays as it is, and so does what it says: public weights are as published.
    """
    if not stated:
        return stated
    for parameter in vae.geo_decoder.output_proj.parameters():
        parameter.mul_(stated / wanted)
    return wanted


@torch.no_grad()
def cut_frequencies(vae: ShapeVAE, count: int) -> Tensor:
    """Zero the point decoder's weights of all but its `count` lowest frequencies; returns the mask of its features."""
    weight = vae.geo_decoder.query_proj.weight
    # Positions, then sine and cosine of each of three coordinates.
    used = torch.cat([torch.ones(3), (torch.arange(vae.geo_decoder.fourier.num_freqs).repeat(6) < count).float()]).to(weight)
    weight.mul_(used)
    return used


def limit_frequencies(vae: ShapeVAE, count: int) -> None:
    """Let the point decoder learn with its `count` lowest frequencies: the weights of the others are zero and stay so."""
    used = cut_frequencies(vae, count)
    vae.geo_decoder.query_proj.weight.register_hook(lambda gradient: gradient * used)
