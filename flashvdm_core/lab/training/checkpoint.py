"""The checkpoint folders that the stages read and write: the published layout, in float32, with the encoder of shapes.

A folder holds a whole model (parts "model", "conditioner" and "vae" in one file) or a stand-alone VAE. All sizes are
those of its `config.yaml`, so that public weights are as good a start as what an earlier stage wrote.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from ...api.errors import TrainingError
from ...checkpoints.config import CONFIG_NAME, Config, read_config
from ...checkpoints.layout import read_model_spec
from ...checkpoints.load import has_encoder, load_vae
from ...checkpoints.weights import load_module, open_weights
from ...files import write_whole
from ...models.conditioner import SingleImageEncoder
from ...models.dit import DiT
from ...models.shape_vae import ShapeVAE
from ...models.specs import DiTSpec, ProcessorSpec, ScheduleSpec, ShapeVAESpec

WEIGHTS_NAME = "model.safetensors"
PUBLISHED_TRUNCATION = 0.05 / 1.5
"""Distance (core frame) at which the logits of an exported model reach 1. The autoencoder learns with a longer one, 0.05,
and is then scaled; the surface stays where it is.

Far from the surface a small network answers with -1 and a noise of some hundredths, which crosses the 0.95 of the
published near test in much of the volume. Scaled, it stays beyond, and the test still reaches 0.95 * 0.05 / 1.5 = 0.032,
more than half the diagonal of a cell of a first level of 64 cells an axis (0.027).
"""
_PACKAGE = "hy3dgen.shapegen"
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
        config = vae_config(self.vae.spec, self.truncation)
        if not self.scaled:
            del config["params"]["scale_factor"]
        write_folder(folder, config, self.vae.state_dict())


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A whole model, as `checkpoints.load.Model`, but with the encoder of shapes and made to be trained.

    Attributes:
        model, conditioner, vae: the networks, float32.
        processor, schedule: sections of the config.
        steps, guidance: the model's own.
        truncation: as in `Autoencoder`.
    """

    model: DiT
    conditioner: SingleImageEncoder
    vae: ShapeVAE
    processor: ProcessorSpec
    schedule: ScheduleSpec
    steps: int
    guidance: float
    truncation: float

    @property
    def distilled(self) -> bool:
        """Whether it samples in few steps."""
        return self.schedule.kind == "consistency"

    def frozen_on(self, device: torch.device) -> Self:
        """The same networks on a device, in evaluation mode and without gradients."""
        for network in (self.model, self.conditioner, self.vae):
            network.to(device).eval().requires_grad_(False)
        return self

    def config(self) -> dict[str, Any]:
        """The sections of `config.yaml`."""
        schedule = {"num_train_timesteps": self.schedule.train_timesteps}
        if self.distilled:
            scheduler = "ConsistencyFlowMatchEulerDiscreteScheduler"
            schedule |= {"pcm_timesteps": self.schedule.pcm_timesteps}
        else:
            scheduler = "FlowMatchEulerDiscreteScheduler"
            schedule |= {"shift": self.schedule.shift}
        encoder = self.conditioner.spec
        kwargs = {
            "config": dataclasses.asdict(encoder.dino),
            "image_size": encoder.image_size,
            "use_cls_token": encoder.use_cls_token,
        }
        processor = {"size": self.processor.size, "border_ratio": self.processor.border_ratio}
        return {
            "model": _section("models.Hunyuan3DDiT", dataclasses.asdict(self.model.spec)),
            "vae": _section("models.ShapeVAE", dataclasses.asdict(self.vae.spec)),
            "conditioner": _section(
                "models.SingleImageEncoder", {"main_image_encoder": {"type": "DinoImageEncoder", "kwargs": kwargs}}
            ),
            "scheduler": _section(f"schedulers.{scheduler}", schedule),
            "image_processor": _section("preprocessors.ImageProcessorV2", processor),
        } | _defaults(steps=self.steps, guidance=self.guidance, truncation=self.truncation)

    def weights(self) -> dict[str, Tensor]:
        """The tensors under their names in the combined file."""
        parts = {"model": self.model, "conditioner": self.conditioner, "vae": self.vae}
        return {f"{part}.{name}": value for part, network in parts.items() for name, value in network.state_dict().items()}

    def write(self, folder: Path) -> None:
        """Write the folder."""
        write_folder(folder, self.config(), self.weights())


def vae_config(spec: ShapeVAESpec, truncation: float) -> dict[str, Any]:
    """The whole `config.yaml` of a stand-alone VAE."""
    return _section("models.ShapeVAE", dataclasses.asdict(spec)) | _defaults(truncation=truncation)


def _section(target: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"target": f"{_PACKAGE}.{target}", "params": params}


def _defaults(**values: float) -> dict[str, Any]:
    return {"defaults": known} if (known := {name: value for name, value in values.items() if value}) else {}


def write_folder(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Write `config.yaml` and `model.safetensors`, each whole or not at all; the folder is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().contiguous().cpu() for name, value in weights.items()}
    write_whole(folder / WEIGHTS_NAME, lambda p: save_file(tensors, p))
    text = yaml.safe_dump(config, sort_keys=False)
    write_whole(folder / CONFIG_NAME, lambda p: p.write_text(text, encoding="utf-8"))


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


def open_checkpoint(folder: Path, vae: Path | None = None) -> Checkpoint:
    """The whole model of a folder, on the CPU.

    Args:
        folder: the checkpoint.
        vae: folder of a VAE of the same latents that takes the place of the checkpoint's own.

    Raises:
        CheckpointError: the folder holds no model that can be read.
        TrainingError: it is of a kind that cannot be trained here, or the VAE is of another latent space.
    """
    config = read_config(folder)
    transformer_spec(config)  # first: other kinds cannot be read as a whole
    whole = read_model_spec(config)
    if whole.processor.multi_view or whole.views > 1:
        raise TrainingError(f"{folder} takes several views of an object; training goes from one image: give another checkpoint.")
    model = open_transformer(folder)
    autoencoder = open_autoencoder(vae or folder)
    spec = autoencoder.vae.spec
    if spec.embed_dim != model.spec.in_channels or (autoencoder.scaled and spec.scale_factor != whole.vae.scale_factor):
        raise TrainingError(f"The VAE in {vae or folder} has other latents than {folder}; give the one that it was trained with.")
    return Checkpoint(
        model,
        load_module(
            lambda: SingleImageEncoder(whole.conditioner), open_weights(folder, half=False), "conditioner.", _CPU, torch.float32
        ),
        autoencoder.vae.with_latents(scale_factor=whole.vae.scale_factor),
        whole.processor,
        whole.schedule,
        whole.default_steps,
        whole.default_guidance,
        autoencoder.truncation,
    )


def open_transformer(folder: Path) -> DiT:
    """The diffusion transformer of a folder alone, on the CPU; raises as `open_checkpoint`."""
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
