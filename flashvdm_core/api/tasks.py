"""What a front end asks for: the tasks, and the stages that each of them runs through. Standard library and NumPy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import SettingsError
from .events import Stage
from .mesh import TriangleMesh
from .settings import VIEWS, Settings

STROKE_KEEP, STROKE_REMOVE = 255, 0
"""Values of a mask where its pixels were painted as the object's, or as not; any other says nothing."""

LARGEST_MASK = 4096
"""Pixels of a mask's longer side."""

EDGES_STAY = 0.3
"""Strength up to which the edges of a block-out stay within 2 % of its size."""

_KEPT_FROM, _REMOVED_TO = 192, 64
_LEAST_AREA = 1e-5
"""Of a block-out's surface, in squares as large as its longest side."""


class CheckedSettings:
    """The field "settings" of a task: takes any mapping of names to values, and gives `Settings`.

    Raises:
        SettingsError: on being set, for the first setting that is unknown or not valid.
    """

    def __get__(self, task: object, owner: type) -> Settings:
        return Settings() if task is None else task.__dict__["settings"]

    def __set__(self, task: object, values: Mapping[str, Any]) -> None:
        task.__dict__["settings"] = Settings.of(values)


@dataclass(frozen=True, eq=False)
class BlockOut:
    """A rough mesh that a generation starts from in place of pure noise.

    Attributes:
        mesh: in the core frame, of any size and at any place; it may be open or made of parts that overlap.
        strength: how far the result may go from it: 0 gives the mesh back, 1 forgets it.
    """

    mesh: TriangleMesh
    strength: float = 0.2

    def __post_init__(self) -> None:
        if not len(self.mesh.faces):
            raise SettingsError("The block-out has no faces; choose a mesh with faces.")
        _check_shape(self.mesh)
        if not 0 <= self.strength <= 1:
            raise SettingsError(f"The strength must be from 0 to 1, not {self.strength}.")


@dataclass(frozen=True)
class Request:
    """One generation: from images to a mesh. Ends with a Result.

    Attributes:
        images: view name (of VIEWS) -> path of the image file. At least "front".
        settings: every setting of `settings.SETTINGS`, checked.
        keep_latents: hand back the latents with the result, so that another resolution needs no new sampling.
        block_out: a mesh to start from; only with a model that came with its encoder.
        masks: view name -> what was painted to correct the cut-out of its image: uint8 [H, W] over the whole image, upright, of
            any size, with STROKE_KEEP and STROKE_REMOVE.
    """

    images: Mapping[str, str]
    settings: CheckedSettings = CheckedSettings()
    keep_latents: bool = False
    block_out: BlockOut | None = None
    masks: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        _check_images(self.images)
        _check_masks(self.masks, self.images)


@dataclass(frozen=True, eq=False)
class DecodeLatents:
    """Another mesh of a result's latents, at another resolution for example, without new sampling. Ends with a Result.

    Attributes:
        latents: float32 [N, C], `Result.latents` of a task that kept them.
        settings: as in a request; they must name the model that made the latents.
        picture: uint8 [H, W, 4], the front's cut-out for the mesh's colours, `Colouring.picture`; None where it was not kept.
        model_identity: `Result.model_identity` of that task: other weights refuse the latents. "" where it was not kept.
        pixels: `Result.pixels` of that task.
        block_out: that of that task, which the mesh is held to.
    """

    latents: np.ndarray
    settings: CheckedSettings = CheckedSettings()
    picture: np.ndarray | None = None
    model_identity: str = ""
    pixels: np.ndarray | None = None
    block_out: BlockOut | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "latents", _checked_latents(self.latents))


@dataclass(frozen=True, eq=False)
class Blend:
    """A mesh between two results of one model, without new sampling.

    Ends with a Result, which has the blended latents, unless the shapes come of pixels, too: of these there is no blend.

    Attributes:
        latents, other: float32 [N, C], `Result.latents` of the two.
        amount: 0 is the first of them, 1 the other.
        settings: as in a request; they must name the model that made the latents.
        model_identity, other_identity: `Result.model_identity` of the two: other weights refuse the latents. "" where it was
            not kept.
        pixels, other_pixels: `Result.pixels` of the two.
    """

    latents: np.ndarray
    other: np.ndarray
    amount: float = 0.5
    settings: CheckedSettings = CheckedSettings()
    model_identity: str = ""
    other_identity: str = ""
    pixels: np.ndarray | None = None
    other_pixels: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "latents", _checked_latents(self.latents))
        object.__setattr__(self, "other", _checked_latents(self.other))
        known = {self.model_identity, self.other_identity} - {""}
        if self.latents.shape[0] != self.other.shape[0] and self.model_identity == self.other_identity != "":
            raise SettingsError("The two results have different numbers of parts; choose two that were made of as many.")
        if self.latents.shape != self.other.shape or len(known) > 1:
            raise SettingsError("The two results were made by different models; choose two results of one model.")
        if (self.pixels is None) != (self.other_pixels is None):
            raise SettingsError("One of the two results was made from a block-out; choose two that were made from pictures.")
        if not 0 <= self.amount <= 1:
            raise SettingsError(f"The amount must be from 0 to 1, not {self.amount}.")


@dataclass(frozen=True)
class CutOutOnly:
    """What is cut out of the images, to be looked at before a generation; loads no model. Ends with Finished.

    Attributes:
        images: as in a request.
        settings: as in a request; those of the group "image" count.
        masks: as in a request.
    """

    images: Mapping[str, str]
    settings: CheckedSettings = CheckedSettings()
    masks: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        _check_images(self.images)
        _check_masks(self.masks, self.images)


Remesh = DecodeLatents
"""Its former name."""

Task = Request | DecodeLatents | Blend | CutOutOnly


def strokes_in_picture(rgba: np.ndarray) -> np.ndarray:
    """What a picture that was made as a mask says, uint8 [H, W, 4] -> uint8 [H, W], as `Request.masks` has it.

    Its alpha counts, or its brightness where all of it is equally opaque: much of it keeps a pixel, little removes it, and on
    those between (a quarter of the range from either end) the cut-out decides.
    """
    alpha = rgba[..., 3]
    levels = alpha if alpha.min() < alpha.max() else (rgba[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32))
    undecided = np.full(levels.shape, (STROKE_KEEP + STROKE_REMOVE) // 2, np.uint8)
    undecided[levels >= _KEPT_FROM] = STROKE_KEEP
    undecided[levels <= _REMOVED_TO] = STROKE_REMOVE
    return undecided


def stages_of(task: Task) -> tuple[Stage, ...]:
    """The stages that a task runs through, in their order."""
    match task:
        case CutOutOnly():
            return (Stage.PREPROCESS,)
        case Request():
            first, textured = (Stage.LOAD, Stage.PREPROCESS, Stage.CONDITION, Stage.SAMPLE), "front" in task.images
        case DecodeLatents():
            first, textured = (Stage.LOAD,), task.picture is not None
        case Blend():
            first, textured = (Stage.LOAD,), False
    last = (Stage.TEXTURE,) if textured and task.settings.colours else ()
    return (*first, Stage.DECODE, Stage.EXTRACT, *last)


def _check_shape(mesh: TriangleMesh) -> None:
    """Refuse a block-out of which nothing would be left in a box around it."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    if not np.isfinite(corners).all():
        raise SettingsError("The block-out has vertices at no place (NaN or infinite); remove them, or mend its modifiers.")
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    longest = float((high - low).max())
    if longest <= 0:
        raise SettingsError("The block-out has no size: all its vertices are at one place; scale it up.")
    a, b, c = ((corners - low) / longest).swapaxes(0, 1)
    if np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 < _LEAST_AREA:
        raise SettingsError("The block-out is all but a line: it is too thin, or one of its vertices lies far away; mend it.")


def _check_images(images: Mapping[str, str]) -> None:
    if not images:
        raise SettingsError("No image was given.")
    for view in images:
        if view not in VIEWS:
            raise SettingsError(f"Unknown view '{view}'; known are {', '.join(VIEWS)}.")


def _check_masks(masks: Mapping[str, np.ndarray], images: Mapping[str, str]) -> None:
    for view, mask in masks.items():
        if view not in images:
            raise SettingsError(f"There is a mask for the view '{view}', of which there is no image.")
        if mask.dtype != np.uint8 or mask.ndim != 2 or not mask.size or max(mask.shape) > LARGEST_MASK:
            raise SettingsError(f"The mask of the view '{view}' must be uint8 [H, W], at most {LARGEST_MASK} pixels a side.")


def _checked_latents(latents: np.ndarray) -> np.ndarray:
    if latents.ndim != 2 or not latents.size or not np.isfinite(latents).all():
        raise SettingsError("The kept latents are damaged; generate the mesh again.")
    return np.ascontiguousarray(latents, np.float32)
