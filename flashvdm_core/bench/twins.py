"""What each optimisation is worth: its plain twin and itself, timed one after the other in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from ..decoding import Selection, VecsetField, decode_volume
from ..decoding.cores import each_in_turn
from ..decoding.lattice_field import LatticeField
from ..decoding.reference import decode_grid
from ..lattice import aligned_lattices
from ..sampling import draw_noise, guided_velocity, sample
from ..surface import extract_surface
from .clock import timed
from .naive import Repeated, filled, published_mesh
from .stages import Report
from .subject import Subject

_QUERIES = 40_000
_CHUNK = 10_000
_BOUND = 1.01

Twin = tuple[str, Callable[[], object], Callable[[], object]]
"""What is done, how it is done without the optimisation, and with it."""


@torch.no_grad()
def compared(subject: Subject, resolution: int) -> list[Report]:
    """Time every optimisation of sampling, decoding and surface extraction that this device has.

    Args:
        subject: a model with weights that mean something.
        resolution: cells along each axis of the decoded volume.

    Returns:
        Rows of `optimisation`, `before` and `after` (seconds, medians), `faster_by`, and on a CPU `cpu_faster_by`, the same ratio
        of the time spent on all cores together.
    """
    rows: list[Report] = []
    for name, plain, fast in _twins(subject, resolution):
        before, after = (timed(run, subject.device) for run in (plain, fast))
        row: Report = {"optimisation": name, "before": before.seconds, "after": after.seconds}
        row["faster_by"] = before.seconds / after.seconds
        if before.cpu_seconds and after.cpu_seconds:
            row["cpu_faster_by"] = before.cpu_seconds / after.cpu_seconds
        rows.append(row)
    return rows


def _twins(subject: Subject, resolution: int) -> Iterator[Twin]:
    condition, schedule = subject.condition(), subject.configuration.schedule
    spec = subject.vae.spec
    noise = draw_noise(0, 1, spec.num_latents, spec.embed_dim, device=subject.device, dtype=subject.dtype)

    def sampled(prepare: bool) -> torch.Tensor:
        times = schedule.times(subject.dtype) if prepare else None
        distilled = subject.configuration.guidance_embed
        velocity = guided_velocity(subject.dit, condition, subject.guidance, distilled=distilled, times=times)
        *_, step = sample(velocity, noise, schedule)
        return step.latents

    yield "condition and modulations once for all steps", lambda: sampled(False), lambda: sampled(True)

    decoder, decoded = subject.vae.geo_decoder, subject.vae.decode(sampled(True) / spec.scale_factor)
    field = VecsetField(decoder, decoded)
    lattice = aligned_lattices(resolution, resolution, _BOUND, subject.device)[-1]
    *_, level = decode_volume(field, resolution, method="hierarchical")
    first = level.keys.numel() // 3
    keys = level.keys[first : first + _QUERIES].split(_CHUNK)
    points = [lattice.coordinates(part) for part in keys]
    on_lattice = field.on_lattice(lattice)

    repeated = Repeated(decoder, decoded, None)
    yield "keys and values once", lambda: list(map(repeated, points)), lambda: list(map(field, points))
    yield "queries looked up on the lattice", lambda: list(map(field, points)), lambda: list(map(on_lattice, keys))
    if subject.device.type == "cpu" and isinstance(in_turn := field.on_lattice(lattice), LatticeField):
        in_turn.each = each_in_turn
        yield "pieces of queries on one core each", lambda: list(map(in_turn, keys)), lambda: list(map(on_lattice, keys))
    flash = VecsetField(decoder, decoded, Selection())
    yield (
        "tokens selected for 16³ groups (left out below 512 tokens)",
        lambda: list(decode_volume(field, resolution, method="hierarchical")),
        lambda: list(decode_volume(flash, resolution)),
    )
    yield (
        "tight query set",
        lambda: decode_grid(field, "hier_fixed", octree_resolution=resolution, min_resolution=48),
        lambda: list(decode_volume(field, resolution, method="hierarchical")),
    )
    levels = list(decode_volume(field, resolution, method="hierarchical"))
    yield (
        "surface from the crossed cells alone",
        lambda: published_mesh(filled(levels), 0.0, resolution),
        lambda: extract_surface(levels[-1]),
    )
