"""From a task to a mesh: the one place that knows the order of the stages.

    preprocess -> condition -> sample -> decode -> extract -> texture

Each stage is a small method; what it computes lives in the stage's own package.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Generator as Generating
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from ..api.errors import DeviceError, EmptySurfaceError, ModelMismatchError, SettingsError
from ..api.events import Event, Finished, Log, Preview, Result, Stage
from ..api.mesh import Colouring, TriangleMesh
from ..api.settings import PREVIEW_RESOLUTION, Value
from ..api.tasks import Blend, CutOutOnly, DecodeLatents, Request, Task, stages_of
from ..checkpoints.load import load_encoder
from ..checkpoints.model import Model
from ..decoding import DecodeProgress, Level, decode_shape
from ..decoding.volume import Method, OnProgress
from ..encoding import encode_mesh
from ..geometry.cleanup import cleaned
from ..image import open_image
from ..runtime.devices import EIGHT_BIT, choose_device, choose_dtype, dtype_name
from ..sampling import draw_noise, guided_velocity, sample
from ..sampling.latent_blend import blended
from ..surface import extract_surface
from ..texture import Surface, coloured, fitted_view
from .images import Read, cut, read, shown
from .loaded_model import Loaded, load
from .progress import Run, reported
from .pull import pulled

PREVIEW_SHARE = 0.3
"""Previews between sampling steps may take this share of the time that the steps take."""

BLOCK_OUT_FACES = 20_000
"""A block-out is simplified to this many triangles: its hidden faces are looked for at each of them."""

_VIEW_SHARE = 0.25
"""Share of the texture's stage that finding the view takes."""


class Generator:
    """Does one task at a time, and keeps the model of the last one and what it read off the last images."""

    def __init__(self) -> None:
        self._loaded: Loaded | None = None
        self._read: Read | None = None
        self._block_out: tuple[bytes, Tensor] | None = None

    def release(self) -> None:
        """Give the memory of the loaded model back; the next generation loads it again."""
        self._loaded = self._read = self._block_out = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def generate(self, task: Task, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Do one task.

        The same task on the same machine, with the same plan for its memory, gives the same mesh bit for bit; with another plan,
        on another machine or with another PyTorch, to rounding.

        Args:
            task: what to make; `requests` has the kinds.
            cancelled: asked between steps and between chunks of queries; True ends the task.

        Yields:
            Progress, CutOut, Preview and Log as they come, and last exactly one Result, Finished or Failure. Nothing
            is raised.
        """
        run = Run(cancelled, stages_of(task))
        match task:
            case Request():
                events = self._from_images(task, run)
            case DecodeLatents() | Blend():
                events = self._from_latents(task, run)
            case CutOutOnly():
                events = _cut_out_only(task, run)
        return reported(events)

    def _from_images(self, request: Request, run: Run) -> Iterator[Event]:
        yield run.enter(Stage.LOAD)
        pictures = {view: open_image(path) for view, path in request.images.items()}  # first: a bad one must fail at once
        loaded = yield from self._load(request.settings, run)
        model = loaded.model
        settings = _resolved(request.settings, loaded)
        yield run.enter(Stage.PREPROCESS)
        self._read = seen = read(pictures, request.settings, model, self._read)
        yield from seen.shown
        condition, start = yield from loaded.relieved(lambda: self._conditioned(request, seen, loaded, run))
        latents = yield from loaded.relieved(lambda: _sample(loaded, condition, settings, start, run))
        mesh, queries = yield from loaded.relieved(lambda: _decode_and_extract(loaded, latents, settings, run))
        colouring = yield from _textured(mesh, seen.front, run)
        kept = latents[0].float().cpu().numpy() if request.keep_latents else None
        yield _result(loaded, settings, mesh, queries, kept, colouring, run)

    def _from_latents(self, task: DecodeLatents | Blend, run: Run) -> Iterator[Event]:
        yield run.enter(Stage.LOAD)
        loaded = yield from self._load(task.settings, run)
        model = loaded.model
        yield from _made_by(loaded, task)
        settings = _resolved(task.settings, loaded)
        tokens = torch.from_numpy(task.latents).to(model.device)
        if isinstance(task, Blend):
            tokens = blended(tokens, torch.from_numpy(task.other).to(model.device), task.amount)
        latents = tokens[None].to(model.dtype)
        mesh, queries = yield from loaded.relieved(lambda: _decode_and_extract(loaded, latents, settings, run))
        colouring = yield from _textured(mesh, task.picture if isinstance(task, DecodeLatents) else None, run)
        yield _result(loaded, settings, mesh, queries, tokens.cpu().numpy(), colouring, run)

    def _conditioned(
        self, request: Request, seen: Read, loaded: Loaded, run: Run
    ) -> Generating[Event, None, tuple[Tensor, _Start | None]]:
        """What the model's encoder says to the images, [1, M, D], and where sampling starts."""
        yield run.enter(Stage.CONDITION)
        run.check()
        if not seen.understood:
            loaded.residency.enter(Stage.CONDITION)
        condition = seen.condition(loaded.model)
        if request.block_out is None:
            return condition, None
        return condition, _Start(self._encoded(request, loaded.model, run), request.block_out.strength)

    def _encoded(self, request: Request, model: Model, run: Run) -> Tensor:
        """The latents of the request's block-out, float32 [1, N, C] as the sampler knows them; kept for the next seed."""
        assert request.block_out is not None
        mesh = request.block_out.mesh
        key = hashlib.sha256(mesh.vertices.tobytes() + mesh.faces.tobytes()).digest()
        if self._block_out is None or self._block_out[0] != key:
            run.check()
            vae = load_encoder(str(request.settings["model"]), model.device)
            simple = cleaned(mesh, face_budget=BLOCK_OUT_FACES)
            self._block_out = key, encode_mesh(vae, simple, model.num_latents)
        return self._block_out[1]

    def _load(self, wanted: Mapping[str, Value], run: Run) -> Generating[Event, None, Loaded]:
        """The model that the settings ask for, loaded unless it was the last one's already."""
        device = choose_device(str(wanted["device"]))
        precision = str(wanted["precision"])
        asked = (str(wanted["model"]), device, choose_dtype(precision, device), precision == EIGHT_BIT)
        if self._loaded is not None and self._loaded.asked != asked:
            self.release()  # first: two models at once may not fit
        run.compute_on(device)
        if self._loaded is None:
            self._loaded = load(asked, wanted)
            yield from self._loaded.logs
        yield from self._loaded.follow(wanted)
        return self._loaded


def _made_by(loaded: Loaded, task: DecodeLatents | Blend) -> Iterator[Event]:
    """Check that the latents of a task were made by the loaded model; yields a warning where that is not known.

    Raises:
        ModelMismatchError: other weights made them.
        SettingsError: they are not even of its kind.
    """
    name, identities = loaded.model.name, [task.model_identity]
    if isinstance(task, Blend):
        identities.append(task.other_identity)
    if any(identity not in ("", loaded.identity) for identity in identities):
        message = f"The kept latents were made by other weights than those of the model '{name}'; choose the model that made them"
        raise ModelMismatchError(f"{message}, or generate the mesh anew.")
    if task.latents.shape[1] != loaded.model.channels:
        shape = list(task.latents.shape)
        raise SettingsError(f"The kept latents {shape} are not of the model '{name}'; choose theirs.")
    if "" in identities:
        message = f"Which model made these latents was not kept with them, so it is not certain that it was '{name}'"
        yield Log(f"{message}; if the mesh looks wrong, choose the model that made them.", warning=True)


def _result(
    loaded: Loaded,
    settings: Mapping[str, Value],
    mesh: TriangleMesh,
    queries: tuple[int, ...],
    latents: np.ndarray | None,
    colouring: Colouring | None,
    run: Run,
) -> Result:
    run.stop()
    peak = run.memory.bytes() if run.memory else None
    return Result(
        mesh=mesh,
        seed=int(settings["seed"]),
        model=loaded.model.name,
        settings=settings,
        seconds=run.seconds,
        queries=queries,
        latents=latents,
        colouring=colouring,
        peak_memory=peak,
        model_identity=loaded.identity,
    )


def _resolved(settings: Mapping[str, Value], loaded: Loaded) -> dict[str, Value]:
    """The settings with the model's own values in place of "take the model's"."""
    model = loaded.model
    steps, guidance = int(settings["steps"]), float(settings["guidance"])
    return dict(settings) | {
        "steps": steps or model.default_steps,
        "guidance": guidance if guidance >= 0 else model.default_guidance,
        "device": str(model.device),
        "precision": loaded.precision,
    }


def _cut_out_only(task: CutOutOnly, run: Run) -> Iterator[Event]:
    yield run.enter(Stage.PREPROCESS)
    for number, (view, path) in enumerate(task.images.items(), 1):
        run.check()
        yield from shown(view, cut(open_image(path), task.settings))
        yield run.progress(number / len(task.images))
    yield Finished()


def _sample(
    loaded: Loaded, condition: Tensor, settings: Mapping[str, Value], start: _Start | None, run: Run
) -> Generating[Event, None, Tensor]:
    """Condition [1, M, D] -> latents [1, N, C], with previews of the clean estimate on the way."""
    yield run.enter(Stage.SAMPLE)
    model = loaded.model
    loaded.residency.enter(Stage.SAMPLE)
    schedule = model.schedule_for(int(settings["steps"]))
    guidance = float(settings["guidance"])
    latents = draw_noise(int(settings["seed"]), 1, model.num_latents, model.channels, device=model.device, dtype=model.dtype)
    if start is not None:
        latents = torch.lerp(start.latents, latents.float(), start.strength).to(model.dtype)
        schedule = schedule.resumed(1 - start.strength)
        if not schedule.evaluations:
            return latents
    # Classifier-free guidance of 1 is the conditional velocity itself, at twice the price.
    scale = None if guidance == 1.0 and not model.guidance_embed else guidance
    times = schedule.times(model.dtype)
    velocity = guided_velocity(loaded.denoiser, condition, scale, times=times)
    previews = _PreviewBudget()
    for step in sample(velocity, latents, schedule, run.check):
        latents = step.latents
        yield from loaded.news()
        yield run.progress((step.index + 1) / schedule.steps)
        wanted = settings["preview"] and step.index + 1 < schedule.steps and previews.affordable()
        if wanted and loaded.residency.ready(Stage.DECODE):
            mesh = previews.timed(lambda clean=step.clean: _coarse_mesh(model, clean, settings, run))
            if mesh is not None:
                yield Preview(Stage.SAMPLE, mesh)
    _check_finite(latents, model)
    return latents


@dataclass(frozen=True, eq=False)
class _Start:
    """Where sampling starts in place of noise: clean latents float32 [1, N, C], and the share of noise in the mixture."""

    latents: Tensor
    strength: float


def _check_finite(values: Tensor, model: Model) -> None:
    if not torch.isfinite(values).all():
        raise DeviceError(f"The model gives no finite numbers in {dtype_name(model.dtype)}; set the precision to float32.")


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


def _coarse_mesh(model: Model, latents: Tensor, settings: Mapping[str, Value], run: Run) -> TriangleMesh | None:
    """A small mesh of latents [1, N, C] that are not finished yet; None where they have no surface yet."""
    coarse = dict(settings) | {"resolution": PREVIEW_RESOLUTION}
    *_, level = _levels(model, latents, coarse, lambda _: run.check())
    return _surface_or_none(level, settings)


def _decode_and_extract(
    loaded: Loaded, latents: Tensor, settings: Mapping[str, Value], run: Run
) -> Generating[Event, None, tuple[TriangleMesh, tuple[int, ...]]]:
    """Latents [1, N, C] -> the finished mesh and the number of queries at each level, with a preview of each level."""
    yield run.enter(Stage.DECODE)
    model = loaded.model
    loaded.residency.enter(Stage.DECODE)
    queries: list[int] = []
    level, share, told = None, 0.0, False
    for done in _decoded(model, latents, settings, run):
        if isinstance(done, DecodeProgress):
            share = max(share, _decoded_share(done, sum(queries)))  # a level may have more points than was thought
            yield run.progress(share)
            if done.shrunk and not told:
                told = True
                yield Log(f"The device ran out of memory; decoding goes on in chunks of {done.chunk} queries.", warning=True)
            continue
        level = done
        _check_finite(level.volume.logits, model)
        queries.append(level.queries)
        if settings["preview"] and level.index + 1 < level.count:
            mesh = _surface_or_none(level, settings)
            if mesh is not None:
                yield Preview(Stage.DECODE, mesh)
    assert level is not None
    yield run.enter(Stage.EXTRACT)
    mesh = extract_surface(level.volume, float(settings["level"]))
    run.check()
    budget = int(settings["face_budget"])
    mesh = cleaned(mesh, int(settings["largest_parts"]), budget)
    run.check()
    if budget and len(mesh.faces) > budget:
        yield Log(f"The shape needs more than {budget} triangles to stay whole: the mesh has {len(mesh.faces)}.", warning=True)
    return mesh, tuple(queries)


def _textured(mesh: TriangleMesh, picture: np.ndarray | None, run: Run) -> Generating[Event, None, Colouring | None]:
    """The colours of the front's cut-out, uint8 [H, W, 4], on the finished mesh; None where the task has no texture."""
    if Stage.TEXTURE not in run.stages:
        run.check()
        return None
    assert picture is not None
    yield run.enter(Stage.TEXTURE)
    surface = Surface.of(mesh)
    view = fitted_view(surface, picture[..., 3])
    run.check()
    yield run.progress(_VIEW_SHARE)
    return coloured(surface, picture, view)


def _decoded_share(part: DecodeProgress, before: int) -> float:
    """How much of the decoding is done, 0 to 1: each later level counts with four times the points of the one before.

    `before` is the number of points of the levels that are done.
    """
    later = sum(part.total * 4**number for number in range(1, part.count - part.index))
    return (before + part.done) / max(before + part.total + later, 1)


def _decoded(model: Model, latents: Tensor, settings: Mapping[str, Value], run: Run) -> Iterator[Level | DecodeProgress]:
    """The levels, and after each chunk of queries how far they are."""

    def work(report: Callable[[Level | DecodeProgress], None]) -> None:
        def on_progress(progress: DecodeProgress) -> None:
            run.check()
            report(progress)

        for level in _levels(model, latents, settings, on_progress):
            report(level)

    run.check()
    return pulled(work, model.device)


def _levels(model: Model, latents: Tensor, settings: Mapping[str, Value], on_progress: OnProgress) -> Iterator[Level]:
    decoded = model.vae.decode(latents)
    return decode_shape(
        model.vae.geo_decoder,
        decoded,
        int(settings["resolution"]),
        method=cast(Method, settings["decoder"]),
        level=float(settings["level"]),
        on_progress=on_progress,
    )


def _surface_or_none(level: Level, settings: Mapping[str, Value]) -> TriangleMesh | None:
    try:
        return extract_surface(level.volume, float(settings["level"]))
    except EmptySurfaceError:
        return None
