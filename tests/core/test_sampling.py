"""Schedules, Euler integration, guidance and noise."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flashvdm_core.api.errors import Cancelled, SettingsError
from flashvdm_core.models.denoiser import Denoiser
from flashvdm_core.models.specs import DiTSpec
from flashvdm_core.sampling import (
    consistency_schedule,
    draw_noise,
    flow_matching_schedule,
    guided_velocity,
    sample,
)

SHAPE = (2, 5, 3)


def noise() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))


@given(steps=st.integers(1, 300), shift=st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_flow_matching_runs_from_noise_to_data_without_a_wasted_evaluation(steps, shift):
    schedule = flow_matching_schedule(steps, shift)
    assert schedule.steps == steps
    assert schedule.sigmas[0] == 0
    assert schedule.sigmas[-1] == 1
    assert all(a <= b for a, b in itertools.pairwise(schedule.sigmas))
    assert schedule.evaluations == max(steps - 1, 1)


@given(steps=st.integers(1, 300), phases=st.integers(1, 1000))
@settings(max_examples=100, deadline=None)
def test_consistency_runs_from_noise_to_data(steps, phases):
    schedule = consistency_schedule(steps, phases)
    assert schedule.steps == steps
    assert schedule.sigmas[0] == 0
    assert schedule.sigmas[-1] == 1
    assert all(a <= b for a, b in itertools.pairwise(schedule.sigmas))
    assert schedule.evaluations <= min(steps, phases)


def test_five_of_a_hundred_phases():
    expected = [0, 199 / 999, 399 / 999, 599 / 999, 799 / 999, 1]
    assert consistency_schedule(5, 100).sigmas == pytest.approx(expected)


def test_model_time_is_rounded_as_published():
    assert consistency_schedule(5, 100).times(torch.float16)[1].item() == 0.19921875


@pytest.mark.parametrize(
    "make",
    [
        lambda: flow_matching_schedule(0),
        lambda: flow_matching_schedule(5, 0.0),
        lambda: consistency_schedule(0, 100),
        lambda: consistency_schedule(5, 0),
        lambda: consistency_schedule(5, 1001),
    ],
)
def test_impossible_schedules_are_refused(make):
    with pytest.raises(SettingsError):
        make()


@pytest.mark.parametrize("schedule", [flow_matching_schedule(7), flow_matching_schedule(6, 3.0), consistency_schedule(5, 100)])
def test_a_straight_flow_is_integrated_exactly(schedule):
    data = torch.full(SHAPE, 0.5)
    start = noise()
    steps = list(sample(lambda x, t: data - start, start, schedule))
    assert [step.index for step in steps] == list(range(schedule.steps))
    torch.testing.assert_close(steps[-1].latents, data)
    for step in steps:
        torch.testing.assert_close(step.clean, data)


def test_euler_converges_to_the_solution_of_a_curved_flow():
    start = noise()
    exact = start * torch.e  # dx/ds = x
    errors = []
    for steps in (11, 21, 41):
        *_, last = sample(lambda x, t: x, start, flow_matching_schedule(steps))
        errors.append((last.latents - exact).abs().max().item())
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)  # first order
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.15)


def test_the_model_is_called_once_per_interval_at_its_start():
    schedule = flow_matching_schedule(5)
    times = []
    for _ in sample(lambda x, t: times.append(t.tolist()) or torch.zeros_like(x), noise(), schedule):
        pass
    assert times == [[s, s] for s in (0.0, 0.25, 0.5, 0.75)]


def test_a_skipped_step_equals_an_evaluated_one():
    """The published loop asks the model once more at s = 1 and adds nothing; the result must be the same."""
    schedule = flow_matching_schedule(4)
    x = noise()
    for start, end in itertools.pairwise(schedule.sigmas):
        x = x + (end - start) * torch.sin(3 * x + start)
    *_, last = sample(lambda y, t: torch.sin(3 * y + t[:, None, None]), noise(), schedule)
    torch.testing.assert_close(last.latents, x)


def test_more_steps_than_phases_give_the_result_of_all_phases():
    few, many = consistency_schedule(4, 4), consistency_schedule(9, 4)
    results = [list(sample(lambda x, t: -x, noise(), schedule))[-1].latents for schedule in (few, many)]
    torch.testing.assert_close(results[0], results[1])


def test_half_precision_models_get_and_give_half_precision():
    dtypes = set()

    def velocity(x, t):
        dtypes.update((x.dtype, t.dtype))
        return -x

    *_, last = sample(velocity, noise().half(), flow_matching_schedule(400))
    assert dtypes == {torch.float16}
    assert last.latents.dtype == last.clean.dtype == torch.float16
    *_, reference = sample(lambda x, t: -x, noise(), flow_matching_schedule(400))
    torch.testing.assert_close(last.latents.float(), reference.latents, rtol=0, atol=2e-3)  # rounding must not add up


def test_cancelling_stops_before_the_next_evaluation():
    calls = []

    def cancelled():
        if len(calls) == 2:
            raise Cancelled

    def velocity(x, t):
        calls.append(t)
        return x

    with pytest.raises(Cancelled):
        list(sample(velocity, noise(), flow_matching_schedule(9), cancelled))
    assert len(calls) == 2


class ToyDenoiser(Denoiser[DiTSpec]):
    """A denoiser without weights that remembers the sizes of its batches."""

    def __init__(self, *, guidance_embed: bool = False) -> None:
        super().__init__(DiTSpec(guidance_embed=guidance_embed))
        self.batches: list[int] = []

    def forward(self, latents, time, condition, guidance=None):
        self.batches.append(len(latents))
        v = latents + time[:, None, None] + condition.mean(dim=(1, 2), keepdim=True)
        return v if guidance is None else v * guidance[:, None, None]


def test_classifier_free_guidance_extrapolates_from_the_empty_condition():
    x, t, condition = noise(), torch.tensor([0.2, 0.4]), torch.rand(2, 4, 6)
    denoiser = ToyDenoiser()
    conditional = denoiser(x, t, condition)
    unconditional = denoiser(x, t, torch.zeros_like(condition))
    got = guided_velocity(denoiser, condition, 5.0)(x, t)
    torch.testing.assert_close(got, unconditional + 5.0 * (conditional - unconditional))
    plain = guided_velocity(denoiser, condition, None)(x, t)
    torch.testing.assert_close(plain, conditional)


def test_a_distilled_model_gets_the_scale_and_one_evaluation():
    x, t, condition = noise(), torch.tensor([0.2, 0.4]), torch.rand(2, 4, 6)
    denoiser = ToyDenoiser(guidance_embed=True)
    got = guided_velocity(denoiser, condition, 5.0)(x, t)
    torch.testing.assert_close(got, 5.0 * ToyDenoiser()(x, t, condition))
    assert denoiser.batches == [2]


def test_noise_depends_on_the_seed_alone():
    make = lambda seed, dtype=torch.float32: draw_noise(seed, 1, 64, 8, device=torch.device("cpu"), dtype=dtype)  # noqa: E731
    assert torch.equal(make(3), make(3))
    assert not torch.equal(make(3), make(4))
    assert torch.equal(make(3, torch.float16), make(3).half())
    assert make(3).std().item() == pytest.approx(1, abs=0.1)
