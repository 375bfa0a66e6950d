"""Replayed steps: they give what the plain ones give, one recording serves all of them, and whatever fails falls back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from flashvdm_core.models.denoiser import PreparedDenoiser
from flashvdm_core.models.dit import DiT
from flashvdm_core.models.specs import DiTSpec
from flashvdm_core.sampling import CUDAGraphDenoiser, consistency_schedule, flow_matching_schedule, guided_velocity, sample
from flashvdm_core.sampling.graphs import Compute, capture_graph, relative_difference

SCHEDULE = consistency_schedule(3, 100)
ON_A_GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


def denoiser(*, guidance_embed: bool = True, device: str = "cpu", dtype: torch.dtype = torch.float32) -> DiT:
    torch.manual_seed(0)
    spec = DiTSpec(4, 6, 32, 2.0, 2, depth=2, depth_single_blocks=2, guidance_embed=guidance_embed)
    return DiT(spec).to(device, dtype).eval().requires_grad_(False)


class Capturer:
    """Does on a CPU what a recording does: the operations run on tensors of their own, and it counts the recordings."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, compute: Compute, inputs: Sequence[Tensor]) -> tuple[Compute, Tensor]:
        self.count += 1
        kept = [part.clone() for part in inputs]

        def replay(*given: Tensor) -> Tensor:
            for own, part in zip(kept, given, strict=True):
                own.copy_(part)
            return compute(*kept)

        return replay, compute(*kept)


def sampled(dit, noise: Tensor, guidance: float | None = 2.0, schedule=SCHEDULE) -> Tensor:
    condition = torch.randn(len(noise), 5, 6, generator=torch.Generator().manual_seed(2)).to(noise)
    velocity = guided_velocity(dit, condition, guidance, times=schedule.times(noise.dtype))
    *_, step = sample(velocity, noise, schedule)
    return step.latents


@pytest.mark.parametrize("distilled", [True, False])
@pytest.mark.parametrize("batch", [1, 2])
def test_replayed_steps_give_what_the_plain_ones_give(distilled: bool, batch: int):
    dit, noise = denoiser(guidance_embed=distilled), torch.randn(batch, 7, 4)
    torch.testing.assert_close(sampled(CUDAGraphDenoiser(dit, Capturer()), noise), sampled(dit, noise))


def test_one_recording_serves_all_steps_seeds_guidance_scales_and_schedules():
    record = Capturer()
    dit = CUDAGraphDenoiser(denoiser(), record)
    for seed in (1, 2):
        sampled(dit, torch.randn(1, 7, 4, generator=torch.Generator().manual_seed(seed)))
    sampled(dit, torch.randn(1, 7, 4), guidance=5.0)
    sampled(dit, torch.randn(1, 7, 4), schedule=flow_matching_schedule(4))
    assert record.count == 1
    assert dit.pop_warning() is None


def test_other_shapes_and_weights_that_have_moved_are_recorded_anew():
    record, plain = Capturer(), denoiser()
    dit = CUDAGraphDenoiser(plain, record)
    sampled(dit, torch.randn(1, 7, 4))
    noise = torch.randn(2, 7, 4)
    torch.testing.assert_close(sampled(dit, noise), sampled(plain, noise))
    assert record.count == 2
    for parameter in plain.parameters():
        parameter.data = parameter.data + 0.01
    torch.testing.assert_close(sampled(dit, noise), sampled(plain, noise))
    assert record.count == 3


def test_steps_are_plain_where_replaying_is_not_allowed():
    record, plain, noise = Capturer(), denoiser(), torch.randn(1, 7, 4)
    dit = CUDAGraphDenoiser(plain, record)
    for allowed, count in ((False, 0), (True, 1), (False, 1), (True, 2)):
        dit.enable(allowed)
        torch.testing.assert_close(sampled(dit, noise), sampled(plain, noise))
        assert record.count == count


def test_what_cannot_be_recorded_falls_back_and_says_so_once():
    dit, noise = denoiser(), torch.randn(1, 7, 4)
    # A CPU has no CUDA graphs: this fails as it fails on a card whose driver is too old.
    graphed = CUDAGraphDenoiser(dit)
    torch.testing.assert_close(sampled(graphed, noise), sampled(dit, noise))
    assert "without a CUDA graph" in str(graphed.pop_warning())
    torch.testing.assert_close(sampled(graphed, noise), sampled(dit, noise))
    assert graphed.pop_warning() is None


@pytest.mark.parametrize("wrong", [float("nan"), 1.1])
def test_a_replay_that_gives_something_else_is_not_used(wrong: float):
    def record(compute: Compute, inputs: Sequence[Tensor]) -> tuple[Compute, Tensor]:
        return (lambda *given: compute(*given) * wrong), compute(*inputs)

    dit, noise = denoiser(), torch.randn(1, 7, 4)
    graphed = CUDAGraphDenoiser(dit, record)
    torch.testing.assert_close(sampled(graphed, noise), sampled(dit, noise))
    assert "differs" in str(graphed.pop_warning())


def test_the_difference_is_a_share_and_infinite_where_there_is_none():
    one = torch.ones(10)
    assert relative_difference(one * 1.1, one) == pytest.approx(0.1, rel=1e-3)
    assert relative_difference(one, one) == 0
    assert relative_difference(one * float("nan"), one) == float("inf")
    assert relative_difference(one, one * float("inf")) == float("inf")


class TestOnAGPU:
    pytestmark = ON_A_GPU

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
    @pytest.mark.parametrize("distilled", [True, False])
    @pytest.mark.parametrize("batch", [1, 2])
    def test_a_graph_gives_what_the_plain_steps_give(self, dtype: torch.dtype, distilled: bool, batch: int):
        dit = denoiser(guidance_embed=distilled, device="cuda", dtype=dtype)
        graphed = CUDAGraphDenoiser(dit)
        for schedule in (SCHEDULE, flow_matching_schedule(4)):
            noise = torch.randn(batch, 7, 4, device="cuda", dtype=dtype)
            assert relative_difference(sampled(graphed, noise, schedule=schedule), sampled(dit, noise, schedule=schedule)) < 0.01
        assert graphed.pop_warning() is None

    def test_a_replay_leaves_earlier_answers_alone(self):
        replay, plain = capture_graph(lambda x: x * 2, [torch.ones(3, device="cuda")])
        first, second = replay(torch.full((3,), 5.0, device="cuda")), replay(torch.zeros(3, device="cuda"))
        assert (plain.tolist(), first.tolist(), second.tolist()) == ([2.0] * 3, [10.0] * 3, [0.0] * 3)

    def test_a_denoiser_that_waits_for_the_device_falls_back_and_the_device_goes_on(self):
        class Waiting(PreparedDenoiser):
            """Routes by its data, as experts do."""

            def inputs(self, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
                return (x,)

            def compute(self, *inputs: Tensor) -> Tensor:
                (x,) = inputs
                return x * float(x.sum().item() > 0)

        class Denoiser(DiT):
            def prepare(self, times, cond, extra=None):
                return Waiting(self)

        dit = Denoiser(DiTSpec(4, 6, 32, 2.0, 2, depth=1, depth_single_blocks=1)).cuda()
        graphed = CUDAGraphDenoiser(dit)
        x = torch.ones(1, 7, 4, device="cuda")
        velocity = graphed.prepare(torch.zeros(1), x)
        assert torch.equal(velocity(x, torch.zeros(1)), x)
        assert "without a CUDA graph" in str(graphed.pop_warning())
        assert float((x @ x.transpose(1, 2)).sum()) == 7 * 7 * 4
