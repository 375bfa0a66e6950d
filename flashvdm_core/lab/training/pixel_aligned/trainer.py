"""The loop: batches, optimiser, averaged weights, checkpoints that go on exactly, and a log of what held-out shapes say."""

from __future__ import annotations

import copy
import csv
import math
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ....api.errors import TrainingError
from ....files import write_whole
from ....models.pixel_aligned import Levels, PixelAlignedDecoder, ViewCamera
from ....models.specs import PixelAlignedSpec
from ...files import load_state
from ..pairs import recolour
from . import losses, validate
from .data import PointBank, Source
from .optimiser import Optimiser
from .ring import ViewRing
from .views import ViewOptions, ViewPack, resized
from .warp import warped
from .widen import widened

STATE = "state.pt"
LOG = "log.csv"
_STREAMS = 4


@dataclass(frozen=True)
class Settings:
    """How it is trained.

    Attributes:
        size: side of the pictures in pixels; rendered ones are scaled down to it.
        batch, points: pictures of a step, and points of the field a picture (half of them near the surface).
        pairs: points a picture whose nearest neighbour is asked as well.
        silhouette_points: points a picture at which something must be inside.
        learning_rate, warmup, weight_decay, clip: AdamW; the rate rises over `warmup` steps and stays.
        decay_start, decay_steps: from that step the rate falls linearly to nothing; 0 steps: it does not.
        ema: of the averaged weights.
        truncation: distance that a logit of 1 stands for.
        candidates: for half of the pictures the best of so many random variations learns, so that one is right though others are
            wrong; the other half learns without variation.
        muon: matrices learn by Muon, all else by AdamW.
        bfloat16: matrix products are of such numbers; quicker on processors that have instructions for it.
        window, reuse: a step draws from so many of the latest pictures, each used so often on average.
        seed: of everything.
    """

    size: int = 96
    batch: int = 16
    points: int = 256
    pairs: int = 64
    silhouette_points: int = 32
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.05
    clip: float = 1.0
    decay_start: int = 0
    decay_steps: int = 0
    ema: float = 0.998
    truncation: float = 0.05
    candidates: int = 3
    muon: bool = False
    bfloat16: bool = False
    window: int = 512
    reuse: float = 8.0
    seed: int = 0
    views: ViewOptions = field(default_factory=ViewOptions)
    weights: losses.Weights = field(default_factory=losses.Weights)

    def share(self, step: int) -> float:
        """Of the learning rates, at a step."""
        share = min(1.0, (step + 1) / self.warmup)
        if self.decay_steps:
            share *= min(1.0, max(0.0, 1 - (step - self.decay_start) / self.decay_steps))
        return share


@dataclass(frozen=True)
class TrainingBatch:
    """Everything of a step, in the network's terms.

    Attributes:
        images, alpha: float32 [B, 3, S, S] and [B, 1, T, T].
        maps: float32 [B, 5, h, h].
        view: float32 [B, N + U, 3], (u, v, w) of all stored points, N near the surface, then U uniform ones.
        distance: float32 [B, N + U], signed, in frame units.
        camera: the true one.
        decoded: float32 [B, N, W], decoded latents for the decoder to read; N = 0 where there are none.
    """

    images: Tensor
    alpha: Tensor
    maps: Tensor
    view: Tensor
    distance: Tensor
    camera: ViewCamera
    decoded: Tensor


def batch_of(pack: ViewPack, bank: PointBank, size: int, rng: torch.Generator) -> TrainingBatch:
    """Put pictures and points together; half of the pictures are mirrored, half have other colours."""
    rgba = recolour(pack.image, rng)
    images, alpha = validate.network_input(rgba, size)
    maps = resized(pack.maps.float(), size // 2)
    points, distance = bank.rows(pack.row)
    camera = ViewCamera(pack.camera[:, 0], pack.camera[:, 1])
    view = camera.to_view(warped(points, pack.warp) @ pack.linear.mT + pack.offset[:, None])
    mirrored = torch.rand(len(rgba), generator=rng) < 0.5
    sign = torch.where(mirrored, -1.0, 1.0)
    flat = mirrored[:, None, None, None]
    images, alpha = torch.where(flat, images.flip(3), images), torch.where(flat, alpha.flip(3), alpha)
    maps = torch.where(flat, maps.flip(3), maps)
    maps = torch.cat([maps[:, :2], maps[:, 2:3] * sign[:, None, None, None], maps[:, 3:]], 1)
    view = torch.cat([view[..., :1] * sign[:, None, None], view[..., 1:]], 2)
    return TrainingBatch(images, alpha, maps, view, distance * pack.scale[:, None], camera, pack.decoded.float())


def _products(settings: Settings) -> torch.autocast:
    """Where matrices are multiplied in the numbers that the settings say."""
    return torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16)


def total_loss(
    model: PixelAlignedDecoder, batch: TrainingBatch, bank_near: int, settings: Settings, rng: torch.Generator
) -> Tensor:
    """The loss of a batch, a scalar."""
    with _products(settings):
        levels = model.encoder.describe(batch.images, batch.alpha)
        features = model.encoder.answer(levels, chosen_variation(model, levels, batch, bank_near, settings, rng)).float()
    weights, stored = settings.weights, batch.view.shape[1]
    half = settings.points // 2
    # Stored points are in random order, so a block from anywhere is a random subset.
    near = (torch.randint(bank_near, (1,), generator=rng) + torch.arange(half)) % bank_near
    uniform = bank_near + (torch.randint(stored - bank_near, (1,), generator=rng) + torch.arange(half)) % (stored - bank_near)
    chosen = torch.cat([near, uniform])
    paired = near[: settings.pairs]
    partners = losses.neighbours(batch.view, paired, bank_near)
    beside = batch.view.gather(1, partners[..., None].expand(-1, -1, 3))
    likeliest = losses.likeliest_points(features.volume, batch.alpha, settings.silhouette_points, rng)
    points = torch.cat([batch.view[:, chosen], beside, likeliest], 1)
    with _products(settings):
        logits = model(features, points, batch.camera, model.keys_values(batch.decoded)).float()
    logits, second, seen = logits.split([len(chosen), len(paired), settings.silhouette_points], 1)
    distance = batch.distance[:, chosen]
    both = torch.stack([logits[:, : len(paired)], second], 2)
    both_distance = torch.stack([distance[:, : len(paired)], batch.distance.gather(1, partners)], 2)
    apart = (batch.view[:, paired] - beside).norm(dim=2)
    return (
        losses.field_loss(logits, distance, half, weights, settings.truncation)
        + losses.steepness_loss(both, both_distance, apart, weights, settings.truncation)
        + losses.silhouette_loss(seen, features.volume, batch.alpha, weights)
        + losses.volume_loss(features.volume, batch.view, batch.distance, stored - bank_near, weights).mean()
        + losses.map_loss(features, batch.maps, weights)
        + losses.camera_loss(features.camera, batch.camera, weights)
    )


@torch.no_grad()
def chosen_variation(
    model: PixelAlignedDecoder, levels: Levels, batch: TrainingBatch, bank_near: int, settings: Settings, rng: torch.Generator
) -> Tensor | None:
    """What the pictures of a batch learn with, float32 [B, V]: for the first half the candidate whose coarse volume is best, for
    the others nothing; None where the model knows no variation.

    Conditional implicit maximum likelihood (Li and Malik 2018): every truth draws the nearest of what is guessed to itself, so
    that guesses spread over what a picture may be of, each of them whole, where a single one would be the mean of all.
    """
    size, count = model.spec.variation, len(batch.images)
    if not size:
        return None
    varied = count // 2
    candidates = torch.randn(settings.candidates, varied, size, generator=rng)
    part = Levels(*(getattr(levels, field.name)[:varied] for field in fields(Levels)))
    view, distance = batch.view[:varied], batch.distance[:varied]
    uniform = view.shape[1] - bank_near
    volumes = (model.encoder.answer(part, one).volume.float() for one in candidates)
    errors = [losses.volume_loss(volume, view, distance, uniform, settings.weights) for volume in volumes]
    best = torch.stack(errors).argmin(0)
    return torch.cat([candidates[best, torch.arange(varied)], torch.zeros(count - varied, size)])


class Trainer:
    """Model, average and optimiser, one step at a time.

    Attributes:
        step: steps done.
        minutes: training time so far, of all runs.
    """

    def __init__(self, spec: PixelAlignedSpec, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.model = PixelAlignedDecoder(spec)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimiser = Optimiser(self.model, settings.weight_decay, settings.muon)
        self.step, self.minutes = 0, 0.0
        plain = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name not in ("views", "weights")}
        self.sizes = {"spec": asdict(spec), "settings": plain}

    @property
    def samples(self) -> int:
        """Pictures learned from so far, repetitions counted."""
        return self.step * self.settings.batch

    def rng(self, stream: int) -> torch.Generator:
        """Random numbers of the current step."""
        return torch.Generator().manual_seed((self.settings.seed * 1_000_003 + self.step) * _STREAMS + stream)

    def train_step(self, pack: ViewPack, bank: PointBank) -> float:
        """Learn from pictures; returns the loss."""
        batch = batch_of(pack, bank, self.settings.size, self.rng(1))
        loss = total_loss(self.model, batch, bank.near, self.settings, self.rng(2))
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimiser.step(self.settings.learning_rate * self.settings.share(self.step))
        # A short memory at first, so that the average is not of the random start.
        keep = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)
        self.step += 1
        return loss.item()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "model": self.model.state_dict(), "average": self.average.state_dict(), "optimiser": self.optimiser.state_dict(),
            "step": self.step, "minutes": self.minutes, "sizes": self.sizes,
        }  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write the state, whole or not at all."""
        write_whole(folder / STATE, lambda path: torch.save(self.state(), path))

    def load(self, path: Path) -> None:
        """Go on from a state."""
        state = load_state(path, ("model", "average", "optimiser", "step", "minutes"))
        try:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrainingError(f"{path} is of a model of another shape; choose another folder or delete it.") from error
        self.step, self.minutes = state["step"], state["minutes"]

    def load_weights(self, given: Mapping[str, Tensor]) -> list[str]:
        """Take the weights of another model over, widened where this one is a whole number of times as wide.

        Returns:
            The names that are left at random.
        """
        taken = widened(given, self.model.state_dict())
        self.model.load_state_dict(taken, strict=False)
        self.average.load_state_dict(taken, strict=False)
        return sorted(set(self.model.state_dict()) - set(taken))


class Log:
    """Validation rows in `log.csv`, printed as well."""

    def __init__(self, folder: Path, held_out: validate.HeldOut, seen: validate.HeldOut) -> None:
        self._path, self._held_out, self._seen = folder / LOG, held_out, seen
        self._outline = validate.baselines(held_out)
        for name, values in self._outline.items():
            print(f"{name}: all {values.mean():.4f}, first 96 {values[:96].mean():.4f}, median {values.median():.4f}", flush=True)

    def row(self, trainer: Trainer, loss: float) -> None:
        """Measure the averaged weights."""
        found, seen = validate.scores(trainer.average, self._held_out), validate.scores(trainer.average, self._seen)
        outline = max(self._outline.values(), key=lambda values: values.mean().item())
        variety = validate.variety(trainer.average, self._held_out, 96)
        row = {
            "minutes": round(trainer.minutes, 2),
            "step": trainer.step,
            "samples": trainer.samples,
            "iou_96": found["iou"][:96].mean().item(),
            "iou": found["iou"].mean().item(),
            "iou_median": found["iou"].median().item(),
            "iou_true_camera": found["true camera"].mean().item(),
            "iou_volume": found["volume"].mean().item(),
            "iou_train": seen["iou"].mean().item(),
            "outline": outline.mean().item(),
            "outline_96": outline[:96].mean().item(),
            "better_than_outline": (found["iou"] > outline).float().mean().item(),
            "elevation_error": found["elevation error"].mean().item(),
            "loss": loss,
        } | variety
        row = {
            name: round(value, 4) if isinstance(value, float) and math.isfinite(value) else value for name, value in row.items()
        }
        print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)
        fresh = not self._path.exists()
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)


def run(
    trainer: Trainer, sources: list[Source], log: Log, folder: Path, minutes: float, validate_every: float, save_every: float
) -> None:
    """Train until `minutes` of this run are over, the rate has decayed, or SIGTERM comes; then measure and save."""
    settings = trainer.settings
    bank = PointBank(sources, "train")
    ring = ViewRing(sources, settings.views, settings.window, settings.reuse, settings.batch, trainer.step, nice=5)
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    print(f"{len(bank)} shapes, settings {asdict(settings)}", flush=True)
    started, before = time.monotonic(), trainer.minutes
    next_row, next_save, mean = validate_every, save_every, math.nan
    end = settings.decay_start + settings.decay_steps if settings.decay_steps else math.inf
    try:
        while not stop and (elapsed := (time.monotonic() - started) / 60) < minutes and trainer.step < end:
            loss = trainer.train_step(ring.draw(trainer.step, trainer.rng(0)), bank)
            mean = loss if math.isnan(mean) else 0.99 * mean + 0.01 * loss
            trainer.minutes = before + elapsed
            if elapsed > next_save:
                trainer.save(folder)
                next_save = elapsed + save_every
            if elapsed > next_row:
                log.row(trainer, mean)
                next_row = (time.monotonic() - started) / 60 + validate_every
    finally:
        ring.close()
    trainer.save(folder)
    if not stop:
        log.row(trainer, mean)
