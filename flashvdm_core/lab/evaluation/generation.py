"""Generation from pictures of held-out props: the pipeline as users run it, against the true shapes and the pictures."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from ...api.errors import EmptySurfaceError, FlashVDMError, SettingsError
from ...api.events import Failure, Result, Stage
from ...api.mesh import TriangleMesh
from ...api.tasks import Request
from ...checkpoints.load import model_spec
from ...models.specs import Frame
from ...pipeline.pipeline import Pipeline
from ..data.render import Camera, random_camera, render_view
from ..training.pixel_aligned.frames import Placement, place
from ..training.pixel_aligned.validate import inflated_outline
from .held_out import HeldOutMesh, Selected
from .metrics import METRIC_POINTS, iou, silhouette_iou, surface_scores, topology, volume_points
from .occupancy import closed_occupancy, solid_occupancy
from .report import Scores, mean_row

IMAGE_SIZE = 512

Scorer = Callable[[np.ndarray, TriangleMesh], Mapping[str, float]]
"""From the input picture, uint8 [S, S, 4] RGBA, and the generated mesh to scores by name, such as "ulip_i"."""


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    Attributes:
        model: "embedded" or a folder.
        steps: sampling steps; 0 for the model's own number.
        guidance: scale; -1 for the model's own.
    """

    model: str
    steps: int = 0
    guidance: float = -1.0


@dataclass(frozen=True, eq=False)
class Shown:
    """What a picture of the results shows of one prop: the input, the camera, and the mesh of each row (None: no surface)."""

    prop: HeldOutMesh
    image: np.ndarray
    camera: Camera
    meshes: Sequence[TriangleMesh | None]


def load_scorer(name: str) -> Scorer:
    """A scorer by its import path "module:function"; it brings weights of its own, ULIP or Uni3D for example.

    Raises:
        SettingsError: there is no such function.
    """
    module, _, function = name.partition(":")
    try:
        scorer = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"The scorer '{name}' cannot be imported ({error}); give it as module:function.") from error
    if not callable(scorer):
        raise SettingsError(f"The scorer '{name}' is no function; give it as module:function.")
    return cast(Scorer, scorer)


def camera_of(selected: Selected, prop: HeldOutMesh) -> Camera:
    """The view that the input picture of a prop is taken from: one of those the training pictures have."""
    return random_camera(selected.rng(prop.index))


def measure_generation(
    selected: Selected,
    variants: Sequence[Variant],
    resolution: int,
    *,
    device: str = "auto",
    precision: str = "auto",
    points: int = METRIC_POINTS,
    scorer: Scorer | None = None,
    shown: int = 0,
    progress: bool = True,
) -> tuple[dict[str, Any], list[Shown]]:
    """Draw a picture of each prop, generate from it in every way, and compare.

    Args:
        selected: the props.
        variants: the rows.
        resolution: cells along each axis of the decoded volume.
        device, precision: settings of the generation.
        points: for the IoU with the true shape.
        scorer: more scores of picture and mesh.
        shown: hand back the pictures and meshes of this many props, the first.
        progress: show a progress bar on standard error.

    Returns:
        A dict of `rows` and `failures` (what stopped a generation, and how often); and what was asked for to be shown.

    Raises:
        FlashVDMError: a generation failed for another reason than an empty surface.
    """
    # One pipeline a model: the props are the outer loop, and none shall be loaded twice.
    pipelines = {variant.model: Pipeline() for variant in variants}
    frames: dict[str, Frame] = {variant.model: model_spec(variant.model).frame for variant in variants}
    settings = {"resolution": resolution, "device": device, "precision": precision, "preview": False}
    measured: dict[Variant, list[Scores]] = {variant: [] for variant in variants}
    taken: dict[Variant, Result] = {}
    failures: dict[str, int] = {}
    examples: list[Shown] = []
    for prop in tqdm(selected, desc="generation", disable=None if progress else True):
        case = _Case.of(prop, camera_of(selected, prop), points, selected.rng(prop.index), set(frames.values()))
        meshes: list[TriangleMesh | None] = []
        for variant in variants:
            own = {"model": variant.model, "steps": variant.steps, "guidance": variant.guidance, "seed": _seed(selected, prop)}
            last = case.generate(pipelines[variant.model], settings | own)
            if isinstance(last, Result):
                taken[variant] = last
            else:
                failures[last.message] = failures.get(last.message, 0) + 1
            measured[variant].append(case.scores(last, frames[variant.model], scorer))
            meshes.append(case.truths[frames[variant.model]].as_stored(last.mesh) if isinstance(last, Result) else None)
        if len(examples) < shown:
            examples.append(Shown(prop, case.image, case.camera, meshes))
    rows = [_row(variant, measured[variant], taken.get(variant)) for variant in variants]
    return {"rows": rows, "failures": failures}, examples


def _seed(selected: Selected, prop: HeldOutMesh) -> int:
    return (selected.seed + prop.index) % 2**31


def _row(variant: Variant, scores: Sequence[Scores], result: Result | None) -> dict[str, Any]:
    """The means, under the model's name and the steps and guidance that it resolved to (unknown where nothing came)."""
    steps, guidance, model = variant.steps, variant.guidance, Path(variant.model).name
    if result is not None:
        steps, guidance, model = int(result.settings["steps"]), float(result.settings["guidance"]), result.model
    row = mean_row(f"{model}, {steps} step{'s' if steps != 1 else ''}", scores, "iou")
    return row | {"steps": steps, "guidance": guidance}


@dataclass(frozen=True, eq=False)
class FramedTruth:
    """A prop in one frame, seen by `camera` there.

    Attributes:
        points: float32 [P, 3], uniform in the volume.
        inside: bool [P], which of them are inside the true solid.
        surface: float32 [S, 3], points on its surface.
        camera: where the picture was taken from, in the frame.
        outline_iou: what the picture's outline reaches, blown up and seen from a usual elevation.
        placement: from the prop's own frame, where this is another one.
    """

    points: Tensor
    inside: Tensor
    surface: Tensor
    camera: Camera
    outline_iou: float
    placement: Placement | None

    def as_stored(self, mesh: TriangleMesh) -> TriangleMesh:
        """A mesh of this frame where the prop lies."""
        if self.placement is None:
            return mesh
        return TriangleMesh(self.placement.undo(torch.from_numpy(mesh.vertices)).numpy(), mesh.faces)

    @classmethod
    def of(cls, prop: HeldOutMesh, camera: Camera, image: Tensor, points: Tensor, frame: Frame) -> FramedTruth:
        """The same points in either frame; `image` is the picture, uint8 [S, S, 4]."""
        put = place(prop.vertices[prop.faces.unique()], camera)
        upright, stored = (points, put.undo(points)) if frame == "view" else (put.apply(points), points)
        inside = solid_occupancy(prop.vertices, prop.faces, prop.surface, stored)
        outline = inflated_outline(image, upright) > 0
        surface = put.apply(prop.surface.points) if frame == "view" else prop.surface.points
        own = replace(camera, yaw=0.0) if frame == "view" else camera
        return cls(points, inside, surface, own, iou(outline, inside), put if frame == "view" else None)


@dataclass(frozen=True, eq=False)
class _Case:
    """One prop's input picture, and the truth in each frame that a model answers in."""

    camera: Camera
    image: np.ndarray
    truths: Mapping[Frame, FramedTruth]

    @classmethod
    def of(cls, prop: HeldOutMesh, camera: Camera, count: int, rng: np.random.Generator, frames: Collection[Frame]) -> _Case:
        image = render_view(prop.vertices, prop.faces, prop.face_rgb, camera, IMAGE_SIZE)
        points = volume_points(count, rng)
        return cls(camera, image.numpy(), {frame: FramedTruth.of(prop, camera, image, points, frame) for frame in frames})

    def generate(self, pipeline: Pipeline, settings: Mapping[str, Any]) -> Result | Failure:
        """One generation from the picture, through a file as users give it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "front.png"
            Image.fromarray(self.image).save(path)
            *_, last = pipeline.generate(Request({"front": str(path)}, settings))
        assert isinstance(last, Result | Failure)
        if isinstance(last, Failure) and last.kind != EmptySurfaceError.__name__:
            raise FlashVDMError(last.message)
        return last

    def scores(self, last: Result | Failure, frame: Frame, scorer: Scorer | None) -> Scores:
        """Everything that is measured of one generation; one without a surface scores nothing."""
        truth = self.truths[frame]
        nothing = {"iou": 0.0, "f_score": 0.0, "silhouette_iou": 0.0, "closed": 0.0, "watertight": 0.0, "slabs": 0.0}
        nothing |= {"outline_iou": truth.outline_iou, "beats_outline": 0.0}
        if isinstance(last, Failure):
            return nothing | {"failed": 1.0}
        mesh, shape = last.mesh, topology(last.mesh)
        distances, own = surface_scores(mesh, truth.surface), iou(closed_occupancy(mesh, truth.points), truth.inside)
        scores = nothing | {
            "iou": own,
            "beats_outline": float(own > truth.outline_iou),
            "chamfer": distances.chamfer,
            "f_score": distances.f_score,
            "silhouette_iou": silhouette_iou(mesh, truth.camera, self.image[..., 3] > 127),
            "closed": float(shape.closed),
            "watertight": float(shape.boundary_edges == 0),
            "slabs": float(shape.slab),
            "failed": 0.0,
            "seconds": sum(seconds for stage, seconds in last.seconds.items() if stage != Stage.LOAD),
        }
        scores |= {f"seconds_{stage}": seconds for stage, seconds in last.seconds.items() if stage != Stage.LOAD}
        if scorer is not None:
            scores |= {name: float(value) for name, value in scorer(self.image, mesh).items()}
        return scores
