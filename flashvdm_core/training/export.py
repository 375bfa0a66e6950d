"""Turn finished stages into a checkpoint folder in the published layout: `config.yaml` and `model.safetensors`."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from ..checkpoints.config import CONFIG_NAME
from ..checkpoints.folders import write_sums
from ..errors import TrainingError
from ..files import write_whole
from .distill import SOLVER_STEPS, best_guidance, load_student
from .runner import last_validation, read_stage
from .shape import BASE, STEPS
from .teacher import SCALE_FILE, TeacherConfig, load_teacher
from .vae import VAEConfig, load_autoencoder, vae_params

STUDENTS = ("consistency", "one_phase", "adversarial")
SHAPE = "shape"
LOGIT_SCALE = 1.5
"""The exported logits are this times the trained ones, as if the truncation were shorter; the surface stays where it is.

Far from the surface a small network answers with -1 and a noise of some hundredths, which crosses the 0.95 of the
published near test in much of the volume. Scaled, it stays beyond, and the test still reaches 0.95 * 0.05 / 1.5 = 0.032,
more than half the diagonal of a cell of a first level of 64 cells an axis (0.027).
"""
FREQUENCIES = 7
"""The exported point decoder embeds a point with so many of its frequencies. A wave of the eighth (2^7) is 0.05 long: less
than so few latents can tell, so that it learned noise, which covers the generated surfaces with ripples. Without it,
reconstructions of held-out shapes have a higher IoU, too.
"""
_PACKAGE = "hy3dgen.shapegen"


def export(runs: Path, out: Path, student: str | None = None) -> str:
    """Write the averaged weights of a recipe's stages, in float16, as one checkpoint folder.

    The base decoder, which the efficient one is measured against, goes into the subfolder `base` as a stand-alone VAE.

    Args:
        runs: folder of the stages' runs.
        out: folder of the checkpoint, made where it does not exist.
        student: stage of the transformer ("teacher" for the undistilled one); None for the stage whose shapes of
            5 steps were best on the validation split.

    Returns:
        The stage that the transformer is from.

    Raises:
        TrainingError: a stage is missing, or its weights are not finite in float16.
    """
    cpu = torch.device("cpu")
    student = student or _best_student(runs)
    if student == SHAPE:
        _export_shape(runs / SHAPE, out)
        return student
    vae, vae_config = load_autoencoder(runs / "efficient", cpu)
    base, base_config = load_autoencoder(runs / "vae", cpu)
    teacher, sizes = load_teacher(runs / "teacher", cpu)
    scale_factor = _scale_factor(runs / "teacher")
    distilled = student != "teacher"
    dit = load_student(runs / student, sizes, cpu) if distilled else teacher.model
    weights = _prefixed("model.", dit.state_dict()) | _prefixed("conditioner.", teacher.conditioner.state_dict())
    weights |= _prefixed("vae.", _finished(vae.state_dict()))
    config = published_config(sizes, vae_config, scale_factor, distilled, best_guidance(runs / "teacher"))
    _write(out, config, weights)
    base_weights = {k: v for k, v in base.state_dict().items() if not k.startswith(("encoder.", "pre_kl."))}
    _write(out / BASE, vae_section(base_config, scale_factor), _finished(base_weights))
    return student


def published_config(
    sizes: TeacherConfig, vae: VAEConfig, scale_factor: float, distilled: bool, guidance: float
) -> dict[str, Any]:
    """The sections of a published config.yaml, plus `defaults` (steps and guidance)."""
    kind = "Consistency" if distilled else ""
    phases = {"pcm_timesteps": SOLVER_STEPS} if distilled else {}
    encoder = {"config": dataclasses.asdict(sizes.conditioner().dino), "image_size": sizes.image_size}
    return {
        "model": {
            "target": f"{_PACKAGE}.models.Hunyuan3DDiT",
            "params": dataclasses.asdict(sizes.transformer(guidance_embed=distilled)),
        },
        "vae": vae_section(vae, scale_factor),
        "conditioner": {
            "target": f"{_PACKAGE}.models.SingleImageEncoder",
            "params": {"main_image_encoder": {"type": "DinoImageEncoder", "kwargs": encoder}},
        },
        "scheduler": {
            "target": f"{_PACKAGE}.schedulers.{kind}FlowMatchEulerDiscreteScheduler",
            "params": {"num_train_timesteps": 1000} | phases,
        },
        "image_processor": {
            "target": f"{_PACKAGE}.preprocessors.ImageProcessorV2",
            "params": {"size": sizes.image_size, "border_ratio": 0.15},
        },
        "defaults": {"steps": STEPS if distilled else 50, "guidance": guidance},
    }


def vae_section(config: VAEConfig, scale_factor: float) -> dict[str, Any]:
    """The section of a VAE, which is also the whole config of a stand-alone one."""
    return {"target": f"{_PACKAGE}.models.ShapeVAE", "params": vae_params(config, scale_factor)}


def _best_student(runs: Path) -> str:
    scores = {}
    for stage in (*STUDENTS, SHAPE):
        if (runs / stage / "finished.json").exists():
            row = last_validation(runs / stage)
            scores[stage] = max(value for name, value in row.items() if name.endswith(f"_{STEPS}_steps"))
    if not scores:
        raise TrainingError(f"{runs} holds no finished student; run the distillation first or export the teacher.")
    return max(scores, key=lambda stage: scores[stage])


def _export_shape(run: Path, out: Path) -> None:
    """Write the parts that were trained together, with the config and the base decoder of the checkpoint they came from."""
    weights = read_stage(run, SHAPE)[1]
    config = yaml.safe_load((run / CONFIG_NAME).read_text(encoding="utf-8"))
    _write(out, config, weights)
    if (run / BASE).is_dir():
        shutil.copytree(run / BASE, out / BASE, dirs_exist_ok=True)


def _scale_factor(folder: Path) -> float:
    try:
        return float(json.loads((folder / SCALE_FILE).read_text(encoding="utf-8"))["scale_factor"])
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{folder} lacks {SCALE_FILE} ({error}); run the teacher stage again.") from error


def _prefixed(prefix: str, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in weights.items()}


def _finished(vae: dict[str, Tensor]) -> dict[str, Tensor]:
    """A VAE's weights with `LOGIT_SCALE` in the last layer and `FREQUENCIES` in the first of the point decoder."""
    last, first = "geo_decoder.output_proj.", "geo_decoder.query_proj.weight"
    scaled = {name: value * LOGIT_SCALE if name.startswith(last) else value for name, value in vae.items()}
    # Positions, then sine and cosine of each of three coordinates.
    used = torch.arange(vae[first].shape[1] // 6).repeat(6) < FREQUENCIES
    return scaled | {first: vae[first] * torch.cat([torch.ones(3, dtype=torch.bool), used])}


def _write(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    half = {name: value.half().contiguous() for name, value in weights.items()}
    if bad := [name for name, value in half.items() if not value.isfinite().all()]:
        raise TrainingError(f"The weights of {bad[0]} are not finite in float16; resume from an earlier checkpoint.")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "model.safetensors", lambda p: save_file(half, p))
    write_sums(folder)
    text = yaml.safe_dump(config, sort_keys=False)
    write_whole(folder / "config.yaml", lambda p: p.write_text(text, encoding="utf-8"))
