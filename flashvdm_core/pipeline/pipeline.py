"""From a task to a mesh: the one place that knows the order of the stages.

    preprocess -> condition -> sample -> decode -> extract -> texture

`stages` has what each of them computes, `stage_runner` what is around every one; what a stage works with lives in its own room.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from ..api.errors import ModelMismatchError, SettingsError
from ..api.events import Event, Finished, Log, Preview, Result, Stage
from ..api.mesh import TriangleMesh
from ..api.settings import Settings
from ..api.tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request, Task, stages_of
from ..image import OpenedImage, open_image
from ..runtime.memory.limits import limit_memory
from ..runtime.memory.plan import Network
from ..sampling.latent_blend import interpolate_latents
from . import stages
from .failures import errors_as_failures
from .images import PreparedImages, cutout_events, digest_of, prepare_images, segment
from .kept import Kept
from .loaded_model import LoadedModel, ModelKey, check_unchanged, load_model
from .progress import TaskContext
from .shape import BlendedPicture, Guide, Shape
from .stage_runner import StageRunner, Work

_PIXEL_ALIGNED = "{name} (its own, pixel-aligned)"


@dataclass(frozen=True, eq=False)
class Code:
    """What a result hands back so that its shape can be decoded anew: `Result.latents` and `Result.pixels`."""

    latents: np.ndarray | None = None
    pixels: np.ndarray | None = None


class Pipeline:
    """Does one task at a time, and keeps the model of the last one and what it made of the last images."""

    def __init__(self) -> None:
        self._loaded: LoadedModel | None = None
        self._forget()

    def release(self) -> None:
        """Give the memory of the loaded model back; the next generation loads it again."""
        self._loaded = None
        self._forget()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def generate(self, task: Task, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Do one task.

        The same task on the same machine, with the same plan for its memory, gives the same mesh bit for bit; with another plan,
        on another machine or with another PyTorch, to rounding.

        Args:
            task: what to make; `tasks` has the kinds.
            cancelled: asked between steps and between chunks of queries; True ends the task.

        Yields:
            Progress, CutOut, Preview and Log as they come, and last exactly one Result, Finished or Failure. Nothing
            is raised.
        """
        runner = StageRunner(TaskContext(cancelled, stages_of(task)))
        match task:
            case Request():
                events = self._from_images(task, runner)
            case DecodeLatents() | Blend():
                events = self._from_latents(task, runner)
            case CutOutOnly():
                events = _cut_out_only(task, runner)
        return errors_as_failures(events, runner.context)

    def _from_images(self, request: Request, runner: StageRunner) -> Iterator[Event]:
        images, loaded = yield from runner.run(Stage.LOAD, lambda: self._load_images_and_model(request, runner))
        yield from self._seed_told(request, loaded)
        key = loaded.key, digest_of(images, request.masks, request.settings)

        def prepare() -> Work[PreparedImages]:
            prepared = self._images.get(key, lambda: prepare_images(images, request.masks, request.settings, loaded.model))
            yield from prepared.cutouts
            return prepared

        prepared = yield from runner.run(Stage.PREPROCESS, prepare)
        block_out = request.block_out

        def encode() -> Work[tuple[stages.Condition, Guide | None]]:
            condition = self._condition.get(key, lambda: stages.encode_images(loaded.model, prepared, request.settings.prompt))
            yield condition.tokens
            if block_out is not None:
                return condition, self._guide(loaded, block_out)
            if condition.picture is not None and request.settings.preview:
                mesh = stages.relief_mesh(condition.picture)
                if mesh is not None:
                    yield Preview(Stage.CONDITION, mesh)
            return condition, None

        known = self._condition.has(key) and (block_out is None or self._block_out.has(_block_out_key(loaded, block_out)))
        condition, guide = yield from runner.run(Stage.CONDITION, encode, None if known else Network.IMAGE_ENCODER)
        settings, check = _resolve(request.settings, loaded), runner.context.check_cancelled
        unread = guide is None and condition.picture is not None and condition.picture.decoder.reader.is_blind
        # Nobody waits for what changes nothing, unless more steps are asked for.
        quick = replace(settings, steps=1) if unread and not request.settings.steps else settings
        latents = yield from runner.run(
            Stage.SAMPLE, lambda: stages.sample_latents(loaded, condition, quick, guide, check), Network.DENOISER
        )
        kept = latents[0].float().cpu().numpy() if request.keep_latents else None
        # A block-out stands where it was modelled, which need not be as the picture shows it.
        picture = None if guide is not None else stages.understood(condition.picture, loaded.model, latents)
        shape = Shape(latents, picture, guide)
        pixels = None if kept is None or shape.picture is None else prepared.pixels
        yield from _mesh_of(shape, Code(kept, pixels), loaded, settings, prepared.front, runner, prepared.sides)

    def _seed_told(self, request: Request, loaded: LoadedModel) -> Iterator[Event]:
        """Where a seed is set that changes nothing: said once, as long as the model stays."""
        if loaded.seedless and request.settings.seed and request.block_out is None and not self._told_of_seed:
            self._told_of_seed = True
            yield Log(f"The model '{loaded.model.name}' makes the same shape of a picture whatever the seed is.", warning=True)

    def _guide(self, loaded: LoadedModel, block_out: BlockOut) -> Guide:
        """A block-out with its latents, encoded unless they were the last one's already."""
        model, name = loaded.model, loaded.key.name
        key = _block_out_key(loaded, block_out)
        guide = self._block_out.get(key, lambda: stages.encode_block_out(model, name, block_out.mesh))
        return replace(guide, strength=block_out.strength)

    def _from_latents(self, task: DecodeLatents | Blend, runner: StageRunner) -> Iterator[Event]:
        def load() -> Work[tuple[LoadedModel, Guide | None]]:
            loaded = yield from self._load_model(task.settings, runner)
            yield from _check_model(loaded, task)
            held = isinstance(task, DecodeLatents) and task.block_out
            return loaded, self._guide(loaded, held) if held else None

        loaded, guide = yield from runner.run(Stage.LOAD, load)
        tokens, image, pixels = torch.from_numpy(task.latents).to(loaded.model.device), None, task.pixels
        picture = stages.understood(stages.picture_of(loaded.model, pixels), loaded.model, tokens[None])
        if isinstance(task, DecodeLatents):
            image = task.picture
        else:
            others = torch.from_numpy(task.other).to(tokens.device)
            other = stages.understood(stages.picture_of(loaded.model, task.other_pixels), loaded.model, others[None])
            tokens = interpolate_latents(tokens, others, task.amount)
            if picture is not None and other is not None:
                picture = BlendedPicture(picture, other, task.amount)
        shape = Shape(tokens[None].to(loaded.model.dtype), picture, guide)
        kept = Code() if isinstance(picture, BlendedPicture) else Code(tokens.cpu().numpy(), pixels)
        yield from _mesh_of(shape, kept, loaded, _resolve(task.settings, loaded), image, runner)

    def _load_images_and_model(self, request: Request, runner: StageRunner) -> Work[tuple[dict[str, Image.Image], LoadedModel]]:
        opened = {view: open_image(path) for view, path in request.images.items()}  # first: a bad one must fail at once
        for image in opened.values():
            yield from _told(image)
        images = {view: image.picture for view, image in opened.items()}
        return images, (yield from self._load_model(request.settings, runner))

    def _load_model(self, settings: Settings, runner: StageRunner) -> Work[LoadedModel]:
        """The model that the settings ask for, loaded unless it was the last one's already."""
        key = ModelKey.of(settings)
        if self._loaded is not None and not key.is_of(self._loaded.key):
            if replace(key, files=self._loaded.key.files) == self._loaded.key:
                yield Log("The files of the model have changed since it was loaded, so it is loaded anew.")
            self.release()  # first: two models at once may not fit
        runner.context.set_device(key.device)
        limit_memory(key.device, settings.memory_budget)
        if self._loaded is None:
            loaded = load_model(key, settings)
            check_unchanged(key)
            self._loaded = loaded
            yield from self._loaded.logs
        yield from self._loaded.plan_memory(settings)
        runner.use(self._loaded)
        return self._loaded

    def _forget(self) -> None:
        """Drop what was made of the last images, which may lie on the device, and what was said of the model."""
        self._told_of_seed = False
        self._images, self._condition, self._block_out = Kept[PreparedImages](), Kept[stages.Condition](), Kept[Guide]()


def _mesh_of(
    shape: Shape,
    code: Code,
    loaded: LoadedModel,
    settings: Settings,
    image: np.ndarray | None,
    runner: StageRunner,
    sides: Mapping[str, np.ndarray] | None = None,
) -> Iterator[Event]:
    """From a shape to the Result, which hands back `code`; in the colours of `image` and `sides` where it is textured."""
    model, context = loaded.model, runner.context
    volumes, queries = yield from runner.run(
        Stage.DECODE, lambda: stages.decode_latents(model, shape, settings, context.check_cancelled), Network.VAE
    )
    held = shape.guide is not None and shape.guide.holds

    def extract() -> Work[TriangleMesh]:
        found = yield from stages.extract_mesh(volumes, settings, held)
        return found if settings.symmetry == "off" else (yield from stages.make_symmetric(found, shape, settings))

    mesh = yield from runner.run(Stage.EXTRACT, extract, Network.VAE)
    colouring = None
    if Stage.TEXTURE in context.stages and image is not None:  # a drawing has no colours
        colouring = yield from runner.run(Stage.TEXTURE, lambda: stages.project_texture(mesh, image, shape, sides or {}))
    context.check_cancelled()
    context.stop_clock()
    yield Result(
        mesh=shape.upright(mesh),
        seed=settings.seed,
        model=model.name,
        settings=settings,
        seconds=context.seconds,
        queries=queries,
        latents=code.latents,
        pixels=code.pixels,
        colouring=colouring,
        peak_memory=context.memory.bytes() if context.memory else None,
        model_identity=loaded.identity,
        decoder=loaded.decoder if shape.picture is None else _PIXEL_ALIGNED.format(name=model.name),
    )


def _check_model(loaded: LoadedModel, task: DecodeLatents | Blend) -> Iterator[Event]:
    """Check that the latents of a task were made by the loaded model; yields a warning where that is not known.

    Raises:
        ModelMismatchError: other weights made them.
        SettingsError: they are not even of its kind.
    """
    name, identities = loaded.model.name, [task.model_identity]
    if isinstance(task, Blend):
        identities.append(task.other_identity)
    if any(identity not in ("", loaded.identity, loaded.former_identity) for identity in identities):
        message = f"The kept latents were made by other weights than those of the model '{name}'; choose the model that made them"
        raise ModelMismatchError(f"{message}, or generate the mesh again.")
    if task.latents.shape[1] != loaded.model.channels:
        shape = list(task.latents.shape)
        raise SettingsError(f"The kept latents {shape} are not of the model '{name}'; choose theirs.")
    if "" in identities:
        message = f"Which model made these latents was not kept with them, so it is not certain that it was '{name}'"
        yield Log(f"{message}; if the mesh looks wrong, choose the model that made them.", warning=True)


def _block_out_key(loaded: LoadedModel, block_out: BlockOut) -> tuple[ModelKey, bytes]:
    mesh = block_out.mesh
    return loaded.key, hashlib.sha256(mesh.vertices.tobytes() + mesh.faces.tobytes()).digest()


def _resolve(settings: Settings, loaded: LoadedModel) -> Settings:
    """The settings with the model's own values in place of "take the model's"."""
    model = loaded.model
    return replace(
        settings,
        steps=settings.steps or model.default_steps,
        guidance=settings.guidance if settings.guidance >= 0 else model.default_guidance,
        device=str(model.device),
        precision=loaded.precision,
    )


def _told(image: OpenedImage) -> Iterator[Event]:
    return (Log(warning, warning=True) for warning in image.warnings)


def _cut_out_only(task: CutOutOnly, runner: StageRunner) -> Iterator[Event]:
    def segment_all() -> Work[None]:
        for number, (view, path) in enumerate(task.images.items(), 1):
            opened = open_image(path)
            yield from _told(opened)
            yield from cutout_events(view, segment(opened.picture, task.settings, task.masks.get(view)), guess=True)
            yield number / len(task.images)

    yield from runner.run(Stage.PREPROCESS, segment_all)
    yield Finished()


Generator = Pipeline
"""Its former name."""
