"""What is stored with a new mesh beside its faces: made ready in slices, before the mesh is anybody's.

Between the moment in which an object gets its mesh and the end of the undo step nobody may come in between, so that moment is
to be short.
"""

from __future__ import annotations

import contextlib
import hashlib
import traceback
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from ...flashvdm_core.api.events import Result
from ...flashvdm_core.api.tasks import Request
from ..blender.texts import interface
from ..link.job import Job
from . import mesh_picture, stored_latents


@dataclass(frozen=True)
class Beside:
    """What is ready; empty where it could not be made.

    Attributes:
        picture: of the mesh, for the history (`mesh_picture.as_text`).
        code: what it can be decoded from anew; None where the task was not asked to hand that back.
        digests: view -> SHA-256 of what its image file held, for those that could be read.
    """

    picture: str = ""
    code: stored_latents.Code | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


def make_ready(job: Job, result: Result, contents: Mapping[str, bytes]) -> Generator[None, None, Beside]:
    """Make it for `result`; `contents` is what the files of its images held. Touches nothing of Blender's."""
    picture, code, digests = "", None, {}
    with mesh_stays(job):
        picture = yield from mesh_picture.as_text((yield from mesh_picture.picture_of(result.mesh)))
    with mesh_stays(job):
        if result.latents is not None:
            block_out = job.task.block_out if isinstance(job.task, Request) else None
            code = yield from stored_latents.encoded(result.latents, result.pixels, result.model_identity, block_out)
    for view, content in contents.items():
        if content:
            digests[view] = hashlib.sha256(content).hexdigest()
            yield
    return Beside(picture, code, digests)


@contextlib.contextmanager
def mesh_stays(job: Job) -> Iterator[None]:
    """What goes wrong with anything that belongs to the mesh is told, and takes the mesh not away."""
    try:
        yield
    except Exception as error:
        text = interface("The mesh is complete, but not all that belongs to it ({error}).")
        job.warnings.append(text.format(error=f"{type(error).__name__}: {error}"))
        traceback.print_exc()
