"""What each stage computes. Each is a `Work`: it says how far it is, and returns what it made; all else is the runner's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .. import texture
from ..api.errors import EmptySurfaceError, SettingsError
from ..api.events import Log, Preview, Stage
from ..api.mesh import Colouring, TriangleMesh
from ..api.settings import PREVIEW_RESOLUTION, Settings
from ..checkpoints.load import load_encoder
from ..checkpoints.model import Model
from ..decoding import DecodeProgress, Level, decode_volume
from ..decoding.volume import OnProgress
from ..encoding import encode_mesh
from ..encoding.encode import fitted
from ..encoding.outer_surface import OuterSurface
from ..geometry.camera import points_on
from ..geometry.cleanup import SMALL_COMPONENT, clean_up, joined
from ..geometry.symmetry import SYMMETRIC, MirrorPlane, finer, kept_side, mirror_plane, mirrored_half
from ..runtime.memory.plan import Network
from ..sampling import FEWEST_STEPS, Forecast, draw_noise, guided_velocity, sample
from ..sparse_grid import SparseVolume
from ..surface import extract_surface
from ..texture import OrthographicCamera, Photo, PolygonMesh, fit_camera
from .images import PreparedImages
from .loaded_model import LoadedModel
from .pull import pulled
from .shape import BlendedPicture, Guide, Picture, Shape, decode, parts_of, read_picture
from .stage_runner import Work

PREVIEW_SHARE = 0.3
"""Previews between sampling steps may take this share of the time that the steps take."""

BLOCK_OUT_FACES, GUIDE_FACES = 20_000, 4000
"""A block-out is simplified to this many triangles before it is encoded, since its hidden faces are looked for at each of them;
and to hold the shape, since what is inside of it is looked for at each of the points that are decoded."""

_SMALLEST_PART = 1e-5
"""What the artist has modelled stays, however small it is."""

_VIEW_SHARE = 0.25
"""Share of the texture's stage that finding the view takes."""

CheckCancelled = Callable[[], None]
"""Raises `Cancelled` where the task was; for what takes long between two updates."""


@dataclass(frozen=True, eq=False)
class Condition:
    """What a generation knows of its images.

    Attributes:
        tokens: the condition tokens, [1, M, D].
        picture: what a pixel-aligned decoder reads; None without such a one.
        second: the tokens of a second condition, [1, M', D'], where the model takes one.
    """

    tokens: Tensor
    picture: Picture | None
    second: Tensor | None = None


def encode_images(model: Model, images: PreparedImages, prompt: str = "") -> Condition:
    """The condition of prepared images, and of a prompt where the model takes one."""
    views = images.views if model.processor.multi_view else None
    tokens, second = model.condition(images.encoder_input, views, prompt)
    return Condition(tokens, None if model.processor.multi_view else picture_of(model, images.pixels), second)


def picture_of(model: Model, pixels: np.ndarray | None) -> Picture | None:
    """What the model's decoder reads off a picture, uint8 [S, S, 4]; None where either is missing."""
    return None if model.pixel_aligned is None or pixels is None else read_picture(model.pixel_aligned, pixels)


def understood(picture: Picture | None, model: Model, latents: Tensor) -> Picture | None:
    """The picture, where there is one, as latents [1, N, C] say that it is to be understood."""
    return None if picture is None else picture.read_with(latents, model.num_latents)


def relief_mesh(picture: Picture) -> TriangleMesh | None:
    """The first guess at a shape: what lies between the front and the back that its picture shows."""
    *_, level = decode_volume(picture.relief(), PREVIEW_RESOLUTION, method="dense")
    return _surface_or_none(level, 0.0, picture)


def encode_block_out(model: Model, name_or_folder: str, mesh: TriangleMesh) -> Guide:
    """A block-out as the sampler starts from it, and what holds a shape to it, with a strength of 0.

    Raises:
        CheckpointError: the model came without its encoder.
    """
    vae = load_encoder(name_or_folder, model.device)
    simple = clean_up(mesh, face_budget=BLOCK_OUT_FACES, smallest_part=_SMALLEST_PART)
    simple = TriangleMesh(fitted(simple.vertices), simple.faces)
    latents = encode_mesh(vae, simple, model.num_latents)
    simple = clean_up(simple, face_budget=GUIDE_FACES, smallest_part=_SMALLEST_PART)
    vertices, faces = (torch.from_numpy(array).to(model.device) for array in (simple.vertices, simple.faces))
    return Guide(latents, OuterSurface.of(vertices, faces.long()), 0.0)


def sample_latents(
    loaded: LoadedModel, condition: Condition, settings: Settings, guide: Guide | None, check: CheckCancelled
) -> Work[Tensor]:
    """Condition -> latents [1, N, C], with previews of the clean estimate on the way.

    Sampling starts from the guide's latents, of which noise takes the place as far as its strength says. Without a guide, one
    more token [1, 1, C] stands behind them where the picture's decoder reads a variation: noise, and zero for a seed of 0, which
    is of all the shapes that the picture may be of the one that is right on average.
    """
    model = loaded.model
    schedule = model.schedule_for(settings.steps)
    tokens = model.num_latents * (1 if guide is not None else _part_count(model, settings))
    latents = draw_noise(settings.seed, 1, tokens, model.channels, device=model.device, dtype=model.dtype)
    if guide is not None:
        latents = torch.lerp(guide.latents, latents.float(), guide.strength).to(model.dtype)
        schedule = schedule.resumed(1 - guide.strength)
        if not schedule.evaluations:
            return latents
    # Classifier-free guidance of 1 is the conditional velocity itself, at twice the price.
    guidance = None if settings.guidance == 1.0 and not model.guidance_embed else settings.guidance
    times = schedule.times(model.dtype)
    velocity = guided_velocity(loaded.denoiser, condition.tokens, guidance, extra=condition.second, times=times)
    picture = None if guide is not None else condition.picture
    variation = None
    if picture is not None and picture.decoder.spec.variation:
        variation = draw_noise(settings.seed, 1, 1, model.channels, device=model.device, dtype=model.dtype) * bool(settings.seed)
        if settings.preview and schedule.evaluations > 1:  # only a preview on the way looks at it
            picture = understood(picture, model, torch.cat([latents, variation], 1))
    previews = _PreviewBudget()
    forecast = Forecast() if settings.forecast and schedule.evaluations >= FEWEST_STEPS else None
    for step in sample(velocity, latents, schedule, forecast=forecast):
        latents = step.latents
        yield (step.index + 1) / schedule.steps
        wanted = settings.preview and step.index + 1 < schedule.steps and previews.affordable()
        if wanted and loaded.offloader.is_on_device(Network.VAE):
            mesh = previews.timed(lambda clean=step.clean: _coarse_mesh(model, Shape(clean, picture, guide), settings, check))
            if mesh is not None:
                yield Preview(Stage.SAMPLE, mesh)
    return latents if variation is None else torch.cat([latents, variation], 1)


def _part_count(model: Model, settings: Settings) -> int:
    """How many parts are made; 1 where the model makes none."""
    if not model.most_parts:
        return 1
    if settings.part_count > model.most_parts:
        raise SettingsError(f"The model '{model.name}' makes at most {model.most_parts} parts; choose fewer.")
    return settings.part_count


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


def decode_latents(
    model: Model, shape: Shape, settings: Settings, check: CheckCancelled
) -> Work[tuple[tuple[SparseVolume, ...], tuple[int, ...]]]:
    """A shape -> the volume of each of its parts at the finest level and the number of queries at each level."""
    parts = parts_of(model, shape)
    volumes: list[SparseVolume] = []
    queries: list[tuple[int, ...]] = []
    for number, part in enumerate(parts):
        volume, asked = yield from _decode_part(model, part, settings, check, number, len(parts))
        volumes.append(volume)
        queries.append(asked)
    return tuple(volumes), tuple(sum(numbers) for numbers in zip(*queries, strict=True))


def _decode_part(
    model: Model, shape: Shape, settings: Settings, check: CheckCancelled, number: int, count: int
) -> Work[tuple[SparseVolume, tuple[int, ...]]]:
    """Part `number` of `count`; of a shape that is but one there is a preview of each level."""
    queries: list[int] = []
    level, share, reported = None, 0.0, False
    for done in _levels_and_progress(model, shape, settings, check):
        if isinstance(done, DecodeProgress):
            share = max(share, _decoded_share(done, sum(queries)))  # a level may have more points than was thought
            yield (number + share) / count
            if done.shrunk and not reported:
                reported = True
                yield Log(f"The device ran out of memory; decoding goes on in chunks of {done.chunk} queries.", warning=True)
            continue
        level = done
        yield level.volume.logits
        queries.append(level.queries)
        if settings.preview and count == 1 and level.index + 1 < level.count:
            mesh = _surface_or_none(level, settings.level, shape.picture)
            if mesh is not None:
                yield Preview(Stage.DECODE, mesh)
    assert level is not None
    return level.volume, tuple(queries)


def extract_mesh(volumes: Sequence[SparseVolume], settings: Settings, held: bool = False) -> Work[TriangleMesh]:
    """The surfaces of the volumes as loose parts of one mesh, cleaned up; all of them where it is `held` to what was modelled.

    Raises:
        EmptySurfaceError: there is none.
    """
    mesh = _surfaces(volumes, settings.level)
    yield 0.0
    smallest, floaters = (_SMALLEST_PART, False) if held else (SMALL_COMPONENT, settings.remove_floaters)
    mesh = clean_up(mesh, settings.largest_parts, settings.face_budget, floaters, smallest)
    budget = settings.face_budget
    if budget and len(mesh.faces) > budget:
        yield Log(f"The shape needs more than {budget} triangles to stay whole: the mesh has {len(mesh.faces)}.", warning=True)
    return mesh


def make_symmetric(mesh: TriangleMesh, shape: Shape, settings: Settings) -> Work[TriangleMesh]:
    """The mesh as it was decoded, mirrored as the settings ask for; as it is where it is not symmetric enough for that."""
    stands = shape.upright(mesh)
    points = points_on(PolygonMesh.of(stands))
    if settings.symmetry == "x":
        low, high = stands.vertices.min(0), stands.vertices.max(0)
        plane = MirrorPlane(0.0, float(low[0] + high[0]) / 2, 1.0)
    else:
        plane = mirror_plane(points)
        yield 0.5
        if plane.fit < SYMMETRIC:
            yield Log("The shape is not symmetric: it stays as it is.")
            return mesh
        plane = finer(points, plane)
    return shape.as_decoded(mirrored_half(stands, plane, kept_side(stands, plane)))


_SIDE_YAWS = {"left": 90.0, "back": 180.0, "right": -90.0}
"""From where a side of the object is seen: its own left is the viewer's right."""


def project_texture(mesh: TriangleMesh, image: np.ndarray, shape: Shape, sides: Mapping[str, np.ndarray]) -> Work[Colouring]:
    """The colours of the front's cut-out, uint8 [H, W, 4], on the finished mesh as it was decoded; and of other sides'."""
    surface, picture = PolygonMesh.of(mesh), shape.picture
    if not isinstance(picture, Picture):
        view = fit_camera(surface, image[..., 3])
        yield _VIEW_SHARE
        others = [Photo(picture, OrthographicCamera(view.yaw + _SIDE_YAWS[side])) for side, picture in sides.items()]
        return texture.project_texture(surface, image, view, others)
    # In the view frame the picture lies on the mesh as it is.
    colouring = texture.project_texture(surface, image, OrthographicCamera())
    return replace(colouring, elevation=picture.elevation)


def _coarse_mesh(model: Model, shape: Shape, settings: Settings, check: CheckCancelled) -> TriangleMesh | None:
    """A small mesh of a shape that is not finished yet; None where it has no surface yet."""
    coarse = replace(settings, resolution=PREVIEW_RESOLUTION)
    meshes: list[TriangleMesh] = []
    for part in parts_of(model, shape):
        *_, level = _levels(model, part, coarse, lambda _: check())
        if (mesh := _surface_or_none(level, settings.level, part.picture)) is not None:
            meshes.append(mesh)
    return joined(meshes) if meshes else None


def _surfaces(volumes: Sequence[SparseVolume], iso: float) -> TriangleMesh:
    """Of several volumes those that have a surface; EmptySurfaceError where none has."""
    meshes: list[TriangleMesh] = []
    for number, volume in enumerate(volumes, 1):
        try:
            meshes.append(extract_surface(volume, iso))
        except EmptySurfaceError:
            if number == len(volumes) and not meshes:
                raise
    return joined(meshes)


def _levels_and_progress(
    model: Model, shape: Shape, settings: Settings, check: CheckCancelled
) -> Iterator[Level | DecodeProgress]:
    """The levels, and after each chunk of queries how far they are."""

    def work(report: Callable[[Level | DecodeProgress], None]) -> None:
        def on_progress(progress: DecodeProgress) -> None:
            check()
            report(progress)

        for level in _levels(model, shape, settings, on_progress):
            report(level)

    return pulled(work, model.device)


def _levels(model: Model, shape: Shape, settings: Settings, on_progress: OnProgress) -> Iterator[Level]:
    return decode(model, shape, settings.resolution, method=settings.decoder, level=settings.level, on_progress=on_progress)


def _decoded_share(part: DecodeProgress, before: int) -> float:
    """How much of the decoding is done, 0 to 1: each later level counts with four times the points of the one before.

    `before` is the number of points of the levels that are done.
    """
    later = sum(part.total * 4**number for number in range(1, part.count - part.index))
    return (before + part.done) / max(before + part.total + later, 1)


def _surface_or_none(level: Level, iso: float, picture: Picture | BlendedPicture | None) -> TriangleMesh | None:
    try:
        mesh = extract_surface(level.volume, iso)
    except EmptySurfaceError:
        return None
    return mesh if picture is None else picture.upright(mesh)
