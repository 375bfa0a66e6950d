"""From a request to a mesh: the one place that knows the order of the stages.

    preprocess -> condition -> sample -> decode -> extract

Each stage is a small method; what it computes lives in the stage's own package.
"""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Generator as Generating
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .checkpoints.load import Model, load_checkpoint
from .decoding import Level, decode_shape
from .decoding.evaluate import out_of_memory
from .decoding.volume import Method
from .devices import choose_device, choose_dtype, dtype_name
from .errors import Cancelled, DeviceError, EmptySurfaceError, FlashVDMError, MemoryLimitError, SettingsError
from .events import CutOut, Event, Failure, Log, Preview, Progress, Result, Stage
from .image import ImageProcessor, MultiViewProcessor, cut_out, open_image
from .mesh import TriangleMesh
from .requests import Request
from .sampling import Schedule, consistency_schedule, draw_noise, flow_matching_schedule, guided_velocity, sample
from .settings import Value, validated
from .surface import cleaned, extract_surface

CUTOUT_SIDE = 512
"""Longest side in pixels of the pictures of what was cut out."""

PREVIEW_RESOLUTION = 48
"""Cells along each axis of the meshes that are shown between sampling steps."""

PREVIEW_SHARE = 0.3
"""Previews between sampling steps may take this share of the time that the steps take."""

# Where each stage begins on the progress bar; measured on the models at hand, and only for the eye.
_STARTS: Mapping[Stage, float] = {
    Stage.LOAD: 0.0,
    Stage.PREPROCESS: 0.05,
    Stage.CONDITION: 0.07,
    Stage.SAMPLE: 0.12,
    Stage.DECODE: 0.6,
    Stage.EXTRACT: 0.95,
}
_STAGES = tuple(_STARTS)


class Generator:
    """Generates meshes, one request at a time, and keeps the model of the last one loaded."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._asked: tuple[str, torch.device, torch.dtype] | None = None

    def release(self) -> None:
        """Give the memory of the loaded model back; the next generation loads it again."""
        self._model = self._asked = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def generate(self, request: Request, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Run one generation.

        The same request on the same machine gives the same mesh, bit for bit, with previews and without.

        Args:
            request: images and settings.
            cancelled: asked between steps and between chunks of queries; True ends the generation.

        Yields:
            Progress, CutOut, Preview and Log as they come, and last exactly one Result or Failure. Nothing is raised.
        """
        return _reported(self._generate(request, _Run(request.settings, cancelled)))

    def redecode(
        self, latents: np.ndarray, settings: Mapping[str, Value], cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Make another mesh of a result's latents, at another resolution for example, without new sampling.

        Args:
            latents: float32 [N, C], `Result.latents` of a request that kept them.
            settings: as in a request; they must name the model that made the latents.
            cancelled: as in `generate`.

        Yields:
            As `generate`, without its first stages.
        """
        return _reported(self._redecode(latents, _Run(validated(settings), cancelled)))

    def _generate(self, request: Request, run: _Run) -> Iterator[Event]:
        yield run.enter(Stage.LOAD)
        model = self._loaded(run)
        settings = _resolved(run.settings, model)
        yield run.enter(Stage.PREPROCESS)
        image, views = yield from _preprocess(request, model)
        yield run.enter(Stage.CONDITION)
        run.check()
        condition = model.conditioner(image, views) if model.processor.multi_view else model.conditioner(image)
        yield run.enter(Stage.SAMPLE)
        latents = yield from _sample(model, condition, settings, run)
        mesh, queries = yield from _decode_and_extract(model, latents, settings, run)
        kept = latents[0].float().cpu().numpy() if request.keep_latents else None
        yield run.result(model, settings, mesh, queries, kept)

    def _redecode(self, latents: np.ndarray, run: _Run) -> Iterator[Event]:
        yield run.enter(Stage.LOAD)
        model = self._loaded(run)
        if latents.ndim != 2 or latents.shape[1] != model.channels:
            raise SettingsError(f"The kept latents {list(latents.shape)} are not of the model '{model.name}'; choose theirs.")
        settings = _resolved(run.settings, model)
        tokens = torch.from_numpy(np.ascontiguousarray(latents, np.float32))[None].to(model.device, model.dtype)
        mesh, queries = yield from _decode_and_extract(model, tokens, settings, run)
        yield run.result(model, settings, mesh, queries, latents)

    def _loaded(self, run: _Run) -> Model:
        """The model that the settings ask for, loaded unless it was the last one's already."""
        device = choose_device(str(run.settings["device"]))
        asked = (str(run.settings["model"]), device, choose_dtype(str(run.settings["precision"]), device))
        if self._model is None or self._asked != asked:
            self.release()  # first: two models at once may not fit
            self._model = load_checkpoint(*asked)
            self._asked = asked
        run.device = device
        return self._model


@dataclass
class _Run:
    """One generation's clock, progress and cancelling."""

    settings: Mapping[str, Value]
    cancelled: Callable[[], bool]
    device: torch.device | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: Stage | None = None
    _since: float = 0.0

    def check(self) -> None:
        """Raise Cancelled when the caller asked for the end."""
        if self.cancelled():
            raise Cancelled

    def enter(self, stage: Stage) -> Progress:
        """End the clock of the stage before and start this one's."""
        self.check()
        self._stop()
        self._stage, self._since = stage, time.perf_counter()
        return Progress(stage, _STARTS[stage])

    def progress(self, part: float) -> Progress:
        """`part` (0 to 1) of the current stage is done."""
        assert self._stage is not None
        later = _STAGES[_STAGES.index(self._stage) + 1 :]
        start, end = _STARTS[self._stage], _STARTS[later[0]] if later else 1.0
        return Progress(self._stage, start + (end - start) * part)

    def result(
        self,
        model: Model,
        settings: Mapping[str, Value],
        mesh: TriangleMesh,
        queries: tuple[int, ...],
        latents: np.ndarray | None,
    ) -> Result:
        self._stop()
        return Result(mesh, int(settings["seed"]), model.name, settings, self.seconds, queries, latents)

    def _stop(self) -> None:
        if self._stage is not None:
            if self.device is not None and self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.seconds[self._stage.value] = time.perf_counter() - self._since


def _resolved(settings: Mapping[str, Value], model: Model) -> dict[str, Value]:
    """The settings with the model's own values in place of "take the model's"."""
    steps, guidance = int(settings["steps"]), float(settings["guidance"])
    return dict(settings) | {
        "steps": steps or model.steps,
        "guidance": guidance if guidance >= 0 else model.guidance,
        "device": str(model.device),
        "precision": dtype_name(model.dtype),
    }


def _preprocess(request: Request, model: Model) -> Generating[Event, None, tuple[Tensor, tuple[int, ...]]]:
    """Images -> what the encoder takes ([1, 3, S, S] or [1, V, 3, S, S]) and the view ids."""
    if not model.processor.multi_view and set(request.images) != {"front"}:
        raise SettingsError(f"The model '{model.name}' takes one image, the front; remove the others or choose another model.")
    pictures = {}
    for view, path in request.images.items():
        cut = cut_out(open_image(path), str(request.settings["cutout"]), float(request.settings["cutout_threshold"]))
        pictures[view] = cut.rgba
        yield CutOut(view, _for_the_eye(cut.rgba))
        for warning in cut.warnings:
            yield Log(warning, warning=True)
    size, border = model.processor.size, model.processor.border_ratio
    if model.processor.multi_view:
        image, _, views = MultiViewProcessor(size, border)(pictures)
    else:
        (image, _), views = ImageProcessor(size, border)(pictures["front"]), (0,)
    return image.to(model.device, model.dtype), views


def _for_the_eye(rgba: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 4], made smaller where a side is longer than CUTOUT_SIDE."""
    picture = Image.fromarray(rgba)
    picture.thumbnail((CUTOUT_SIDE, CUTOUT_SIDE))
    return np.array(picture)


def _sample(model: Model, condition: Tensor, settings: Mapping[str, Value], run: _Run) -> Generating[Event, None, Tensor]:
    """Condition [1, M, D] -> latents [1, N, C], with previews of the clean estimate on the way."""
    schedule = _schedule(model, int(settings["steps"]))
    guidance = float(settings["guidance"])
    # Classifier-free guidance of 1 is the conditional velocity itself, at twice the price.
    scale = None if guidance == 1.0 and not model.guidance_embed else guidance
    times = schedule.times(model.dtype)
    velocity = guided_velocity(model.dit, condition, scale, distilled=model.guidance_embed, times=times)
    noise = draw_noise(int(settings["seed"]), 1, model.num_latents, model.channels, device=model.device, dtype=model.dtype)
    latents = noise
    previews = _PreviewBudget()
    for step in sample(velocity, noise, schedule, run.check):
        latents = step.latents
        yield run.progress((step.index + 1) / schedule.steps)
        if settings["preview"] and step.index + 1 < schedule.steps and previews.affordable():
            mesh = previews.timed(lambda clean=step.clean: _coarse_mesh(model, clean, settings, run))
            if mesh is not None:
                yield Preview(Stage.SAMPLE, mesh)
    _check_finite(latents, model)
    return latents


def _check_finite(values: Tensor, model: Model) -> None:
    if not torch.isfinite(values).all():
        raise DeviceError(f"The model gives no finite numbers in {dtype_name(model.dtype)}; set the precision to float32.")


def _schedule(model: Model, steps: int) -> Schedule:
    spec = model.schedule
    if spec.kind == "consistency":
        return consistency_schedule(steps, spec.pcm_timesteps, train_timesteps=spec.train_timesteps)
    return flow_matching_schedule(steps, spec.shift, train_timesteps=spec.train_timesteps)


class _PreviewBudget:
    """Lets previews take a share of the sampling time and no more; the first one is free, as its price is not known."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._spent = 0.0
        self._last = 0.0

    def affordable(self) -> bool:
        sampling = time.perf_counter() - self._start - self._spent
        return self._spent == 0.0 or self._spent + self._last <= PREVIEW_SHARE * sampling

    def timed(self, preview: Callable[[], TriangleMesh | None]) -> TriangleMesh | None:
        start = time.perf_counter()
        mesh = preview()
        self._last = time.perf_counter() - start
        self._spent += self._last
        return mesh


def _coarse_mesh(model: Model, latents: Tensor, settings: Mapping[str, Value], run: _Run) -> TriangleMesh | None:
    """A small mesh of latents [1, N, C] that are not finished yet; None where they have no surface yet."""
    *_, level = _levels(model, latents, dict(settings) | {"resolution": PREVIEW_RESOLUTION}, run)
    return _surface_or_none(level, settings)


def _decode_and_extract(
    model: Model, latents: Tensor, settings: Mapping[str, Value], run: _Run
) -> Generating[Event, None, tuple[TriangleMesh, tuple[int, ...]]]:
    """Latents [1, N, C] -> the finished mesh and the number of queries at each level, with a preview of each level."""
    yield run.enter(Stage.DECODE)
    queries: list[int] = []
    level = None
    for level in _levels(model, latents, settings, run):
        _check_finite(level.logits, model)
        queries.append(level.queries)
        yield run.progress((level.index + 1) / level.count)
        if settings["preview"] and level.index + 1 < level.count:
            mesh = _surface_or_none(level, settings)
            if mesh is not None:
                yield Preview(Stage.DECODE, mesh)
    assert level is not None
    yield run.enter(Stage.EXTRACT)
    mesh = extract_surface(level, float(settings["level"]))
    run.check()
    budget = int(settings["face_budget"])
    mesh = cleaned(mesh, int(settings["largest_parts"]), budget)
    run.check()
    if budget and len(mesh.faces) > budget:
        yield Log(f"The shape needs more than {budget} triangles to stay whole: the mesh has {len(mesh.faces)}.", warning=True)
    return mesh, tuple(queries)


def _levels(model: Model, latents: Tensor, settings: Mapping[str, Value], run: _Run) -> Iterator[Level]:
    run.check()
    decoded = model.vae.decode(latents / model.vae.spec.scale_factor)
    return decode_shape(
        model.vae.geo_decoder,
        decoded,
        int(settings["resolution"]),
        method=cast(Method, settings["decoder"]),
        level=float(settings["level"]),
        cancelled=run.check,
    )


def _surface_or_none(level: Level, settings: Mapping[str, Value]) -> TriangleMesh | None:
    try:
        return extract_surface(level, float(settings["level"]))
    except EmptySurfaceError:
        return None


def _reported(events: Iterator[Event]) -> Iterator[Event]:
    """The events, and a Failure in the place of whatever is raised."""
    try:
        yield from events
    except Cancelled:
        failure = Failure("Cancelled", "The generation was cancelled.")
    except FlashVDMError as error:
        failure = Failure(type(error).__name__, str(error), traceback.format_exc())
    except NotImplementedError as error:  # torch's answer where a device lacks an operation in a number format
        message = f"The device cannot compute this in the precision that is set ({error}); set the precision to float32."
        failure = Failure(DeviceError.__name__, message, traceback.format_exc())
    except (MemoryError, RuntimeError) as error:
        failure = _memory_failure() if isinstance(error, MemoryError) or out_of_memory(error) else _unexpected(error)
    except Exception as error:
        failure = _unexpected(error)
    else:
        return
    yield failure


def _memory_failure() -> Failure:
    message = "The device ran out of memory; close other programs that use it, lower the resolution, or use the CPU."
    return Failure(MemoryLimitError.__name__, message, traceback.format_exc())


def _unexpected(error: Exception) -> Failure:
    message = f"Something went wrong that should not have ({type(error).__name__}: {error}); please report it with the details."
    return Failure(type(error).__name__, message, traceback.format_exc())
