"""Forecast sampling steps beside computed ones: how often the model is asked, how long it takes, and how the shape differs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ...decoding import VecsetField
from ...sampling import Forecast, Schedule, draw_noise, flow_matching_schedule, guided_velocity, sample
from ...sampling.graphs import relative_difference
from ...sparse_grid import aligned_grids
from .clock import timed
from .model_under_test import ModelUnderTest
from .stages import Report

INTERVALS = (2, 3, 4)
_CELLS = 64


@torch.no_grad()
def compare_forecasts(tested: ModelUnderTest, steps: int) -> list[Report]:
    """Sample an example in so many computed steps, with forecasts between them, and in fewer steps without.

    Args:
        tested: a model. With random weights only its latents are compared: it has no shape.
        steps: evaluations of the whole path, all of which are computed in the first row.

    Returns:
        Rows of `sampling`, `evaluations`, `seconds`, `cpu_seconds` (on all cores), `latents_differ` (a share of the latents
        of the first row), and `iou`, that of the two solids.
    """
    model = tested.model
    noise = draw_noise(0, 1, model.num_latents, model.channels, device=tested.device, dtype=tested.dtype)
    condition, guidance = tested.condition(), model.default_guidance
    rows: list[Report] = []
    full: Tensor | None = None
    solid: Tensor | None = None
    for name, schedule, forecast in _ways(steps):
        velocity = guided_velocity(model.denoiser, condition, guidance, times=schedule.times(tested.dtype))

        def run(schedule: Schedule = schedule, forecast: Forecast | None = forecast, velocity=velocity) -> Tensor:
            *_, last = sample(velocity, noise, schedule, forecast=forecast)
            return last.latents

        latents, time = run(), timed(run, tested.device)
        inside = None if tested.random else _inside(tested, latents)
        full, solid = latents if full is None else full, inside if solid is None else solid
        row: Report = {"sampling": name, "evaluations": _evaluations(schedule, forecast), "seconds": time.seconds}
        row["cpu_seconds"] = time.cpu_seconds or None
        row["latents_differ"] = relative_difference(latents, full)
        row["iou"] = None if inside is None or solid is None else float((inside & solid).sum() / (inside | solid).sum())
        rows.append(row)
    return rows


def _ways(steps: int) -> Iterator[tuple[str, Schedule, Forecast | None]]:
    # The last node of a flow-matching schedule is not evaluated.
    whole = flow_matching_schedule(steps + 1)
    yield "every step computed", whole, None
    for interval in INTERVALS:
        forecast = Forecast(interval=interval)
        yield f"every {interval}. step computed, the others forecast", whole, forecast
        fewer = _evaluations(whole, forecast)
        yield "as many steps, without forecast", flow_matching_schedule(fewer + 1), None


def _evaluations(schedule: Schedule, forecast: Forecast | None) -> int:
    steps = schedule.evaluations
    return steps if forecast is None else sum(forecast.computes(step, steps) for step in range(steps))


def _inside(tested: ModelUnderTest, latents: Tensor) -> Tensor:
    """Which points of a grid lie in the shape: bool [P]."""
    (grid,) = aligned_grids(_CELLS, _CELLS, 1.0, tested.device)
    field = VecsetField(tested.model.vae.geo_decoder, tested.model.vae.decode(latents)).on_grid(grid)
    return torch.cat([field(part) for part in grid.all_indices().split(1 << 15)]) > 0
