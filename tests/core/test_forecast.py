"""Forecast sampling steps: held to the path on which every step is computed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from flashvdm_core.api.events import Result
from flashvdm_core.api.tasks import Request
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.sampling import Forecast, flow_matching_schedule, sample
from flashvdm_core.sampling.forecast import VelocityHistory, hermite

from .tiny_model import tiny_config, write_disc_image, write_tiny_model

SCHEDULE = flow_matching_schedule(31)


class Flow:
    """A smooth velocity field around a fixed point, which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(float(t[0]))
        target = torch.linspace(-1, 1, x.shape[-1])
        return (target - x) * (1 + t[0]) + torch.sin(3 * t[0]) * x.roll(1, -1)


def end_of(forecast: Forecast | None) -> tuple[Tensor, Flow]:
    flow, noise = Flow(), torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(0))
    *_, last = sample(flow, noise, SCHEDULE, forecast=forecast)
    return last.latents, flow


@pytest.mark.parametrize(("interval", "most"), [(2, 0.01), (3, 0.02), (4, 0.03)])
def test_forecast_steps_stay_near_the_computed_path(interval, most):
    full, whole = end_of(None)
    found, fewer = end_of(Forecast(interval=interval))
    assert len(whole.asked) == 30
    assert len(fewer.asked) == sum(Forecast(interval=interval).computes(step, 30) for step in range(30)) < 0.6 * 30
    assert float((found - full).norm() / full.norm()) < most


def test_the_first_and_the_last_steps_are_computed():
    _, flow = end_of(Forecast(interval=5, first=4, last=3))
    assert flow.asked[:4] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    assert flow.asked[-3:] == pytest.approx([27 / 30, 28 / 30, 29 / 30])


def test_with_every_step_computed_nothing_changes():
    torch.testing.assert_close(end_of(Forecast(interval=1))[0], end_of(None)[0], rtol=0, atol=0)


def test_the_polynomials_are_hermites():
    for x in (-1.3, 0.0, 0.4, 2.0):
        assert [hermite(n, x) for n in range(4)] == pytest.approx([1, 2 * x, 4 * x**2 - 2, 8 * x**3 - 12 * x])


def test_the_first_order_with_the_contraction_of_taylors_series_continues_a_line():
    history = VelocityHistory(Forecast(order=1, contraction=math.sqrt(0.5)))
    start, slope = torch.randn(1, 3, 4), torch.randn(1, 3, 4)
    for step in (0.0, 1.0, 4.0):  # steps need not be of one length
        history.add(step, start + step * slope)
    torch.testing.assert_close(history.at(6.5), start + 6.5 * slope)


def test_the_setting_asks_a_model_less_often_and_few_steps_are_all_computed(tmp_path: Path, monkeypatch) -> None:
    from flashvdm_core.models.dit import DiT

    model, image = write_tiny_model(tmp_path / "tiny", tiny_config()), write_disc_image(tmp_path / "disc.png")
    asked: list[int] = []
    velocity = DiT.velocity
    monkeypatch.setattr(DiT, "velocity", lambda *arguments: asked.append(1) or velocity(*arguments))

    def count(**settings: object) -> int:
        asked.clear()
        own = {"model": str(model), "resolution": 16, "preview": False, "colours": False, **settings}
        *_, result = Pipeline().generate(Request({"front": str(image)}, own))
        assert isinstance(result, Result), result
        return len(asked)

    assert count(steps=25) == 24
    assert count(steps=25, forecast=True) == sum(Forecast().computes(step, 24) for step in range(24)) <= 12
    assert count(steps=5, forecast=True) == count(steps=5) == 4


def test_the_benchmark_lays_forecasts_beside_as_many_computed_steps(tmp_path: Path, monkeypatch) -> None:
    from flashvdm_core.lab.bench import forecast
    from flashvdm_core.lab.bench.model_under_test import open_model
    from flashvdm_core.lab.bench.page import render_table

    monkeypatch.setattr(forecast, "_CELLS", 12)
    tested = open_model(str(write_tiny_model(tmp_path / "tiny")), torch.device("cpu"), torch.float32)
    rows = forecast.compare_forecasts(tested, 20)
    assert [row["evaluations"] for row in rows] == [20, 12, 12, 10, 10, 8, 8]
    assert rows[0]["latents_differ"] == 0
    assert all(0 < row["iou"] <= 1 for row in rows)
    machine = {"device": "a card", "kind": "cuda", "torch": "2"}
    report = {"machine": machine, "model": "tiny", "precision": "float32", "forecasts": rows}
    assert "| the model is asked" in render_table(report, "forecasts", "file.json")
