"""What a task reports: one stream, the same for the library, the command line and the worker.

`generate(task)` yields any number of Progress, CutOut, Preview and Log, and then exactly one Result, Finished or
Failure. Standard library and NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from .mesh import Colouring, TriangleMesh
from .settings import Value


class Stage(StrEnum):
    """The stages of a generation, in their order; `tasks.stages_of` says which of them a task has."""

    LOAD = "load"
    PREPROCESS = "preprocess"
    CONDITION = "condition"
    SAMPLE = "sample"
    DECODE = "decode"
    EXTRACT = "extract"
    TEXTURE = "texture"


@dataclass(frozen=True)
class Progress:
    """`stage` is under way; `fraction` of the whole task (0 to 1, never falling) is done."""

    stage: Stage
    fraction: float


@dataclass(frozen=True, eq=False)
class CutOut:
    """What was cut out of an image, for the eye: uint8 [H, W, 4] RGBA, straight alpha, row 0 at the top.

    Sent once per view, no side longer than 512 pixels: a host shows it between two beats of its interface.

    `guess` comes where the cut-out alone was asked for: the whole picture with its own colors, and as alpha the mask before any
    correction, uint8 [h, w, 4], no side longer than 1024 pixels; what a mask is painted on.

    `method` is the choice of the setting "cutout" that was used, in place of "auto" what was found right; "" where it is unknown.
    """

    view: str
    rgba: np.ndarray
    guess: np.ndarray | None = None
    method: str = ""


@dataclass(frozen=True, eq=False)
class Preview:
    """The mesh as far as it is known; `stage` is CONDITION (the relief that the picture shows), SAMPLE or DECODE."""

    stage: Stage
    mesh: TriangleMesh


@dataclass(frozen=True)
class Log:
    """A line worth telling the user ("The graphics card ran out of memory; going on in smaller chunks.")."""

    message: str
    warning: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """The finished mesh and how it was made.

    Attributes:
        mesh: the final mesh, cleaned up.
        seed: the seed that was used.
        model: name of the model.
        settings: every setting that was used, resolved (no "auto" left for steps and guidance).
        seconds: stage name -> wall time in seconds.
        queries: points evaluated at each decoding level, coarse to fine.
        latents: float32 [N, C] scaled sampler latents, where the request asked to keep them and after every other task.
        colouring: the front image's colours on `mesh`, where the settings ask for them and the image is known.
        pixels: uint8 [S, S, 4], what a pixel-aligned decoder read of the image: it belongs to the latents, and comes with them.
            None for a shape that comes of its latents alone.
        model_identity: tells the weights that made the latents from any others, wherever their folder is.
        peak_memory: the most bytes that were in use at a time, the model's among them: on a CUDA graphics card of its memory,
            on a CPU of the process; None where the system does not tell.
        decoder: which VAE decoded, and why it was this one.
    """

    mesh: TriangleMesh
    seed: int
    model: str
    settings: Mapping[str, Value]
    seconds: Mapping[str, float]
    queries: tuple[int, ...] = ()
    latents: np.ndarray | None = None
    colouring: Colouring | None = None
    peak_memory: int | None = None
    model_identity: str = ""
    decoder: str = ""
    pixels: np.ndarray | None = None


@dataclass(frozen=True)
class Finished:
    """A task that makes no mesh has done what was asked for."""


@dataclass(frozen=True)
class Failure:
    """The task ended without a result. `kind` is the error's class name, "Cancelled" when it was asked for."""

    kind: str
    message: str
    details: str = field(default="", repr=False)


Event = Progress | CutOut | Preview | Log | Result | Finished | Failure
