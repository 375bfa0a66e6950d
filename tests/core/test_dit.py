"""The two-stream denoiser: what is computed once for all steps changes nothing."""

from __future__ import annotations

import pytest
import torch

from flashvdm_core.models.dit import DiT, modulated
from flashvdm_core.models.specs import DiTSpec
from flashvdm_core.sampling import consistency_schedule, guided_velocity, sample

SCHEDULE = consistency_schedule(3, 100)


def denoiser(*, guidance_embed: bool) -> DiT:
    torch.manual_seed(0)
    spec = DiTSpec(4, 6, 32, 2.0, 2, depth=2, depth_single_blocks=2, guidance_embed=guidance_embed)
    return DiT(spec).eval().requires_grad_(False)


@pytest.mark.parametrize("guidance", [None, 3.0])
@pytest.mark.parametrize("distilled", [True, False])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_prepared_denoiser_samples_what_a_plain_one_samples(guidance: float | None, distilled: bool, batch: int):
    if distilled and guidance is None:
        guidance = 1.0
    dit, noise, condition = denoiser(guidance_embed=distilled), torch.randn(batch, 7, 4), torch.randn(batch, 5, 6)
    plain = guided_velocity(dit, condition, guidance)
    prepared = guided_velocity(dit, condition, guidance, times=SCHEDULE.times(torch.float32))
    *_, expected = sample(plain, noise, SCHEDULE)
    *_, got = sample(prepared, noise, SCHEDULE)
    assert not torch.allclose(expected.latents, noise, atol=0.1)
    torch.testing.assert_close(got.latents, expected.latents)


def test_the_projections_of_the_condition_and_the_time_run_once():
    dit, calls = denoiser(guidance_embed=True), []
    for module in (dit.cond_in, dit.time_in):
        module.register_forward_hook(lambda *_: calls.append(1))
    times = SCHEDULE.times(torch.float32)
    velocity = guided_velocity(dit, torch.randn(1, 5, 6), 2.0, times=times)
    list(sample(velocity, torch.randn(1, 7, 4), SCHEDULE))
    assert len(calls) == 2


def test_each_shape_of_a_batch_may_have_its_own_time():
    dit, x, condition, t = denoiser(guidance_embed=False), torch.randn(2, 7, 4), torch.randn(2, 5, 6), torch.tensor([0.1, 0.8])
    together = dit(x, t, condition)
    for i in range(2):
        torch.testing.assert_close(together[i : i + 1], dit(x[i : i + 1], t[i : i + 1], condition[i : i + 1]))


def test_a_shared_modulation_is_that_of_each():
    x, shift, scale = torch.randn(2, 5, 8), torch.randn(1, 1, 8), torch.randn(1, 1, 8)
    each = modulated(x, shift.expand(2, 1, 8), scale.expand(2, 1, 8))
    torch.testing.assert_close(modulated(x, shift, scale), each)


@pytest.mark.parametrize("embedded", [True, False])
def test_guidance_is_given_exactly_where_the_model_takes_it(embedded: bool):
    dit = denoiser(guidance_embed=embedded)
    with pytest.raises(ValueError, match="guidance"):
        dit.prepare(torch.tensor([0.5]), torch.randn(1, 5, 6), None if embedded else torch.tensor([2.0]))
