"""8-bit arithmetic: how near its answers are, and that what is not near enough is not used."""

from __future__ import annotations

import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flashvdm_core.checkpoints.load import load_checkpoint
from flashvdm_core.decoding import VecsetField, decode_volume
from flashvdm_core.lab.bench.model_under_test import example_image
from flashvdm_core.models import float8 as float8_layers
from flashvdm_core.models.dit import DiT, SplitInputLinear
from flashvdm_core.models.dit_skip import SkipDiT
from flashvdm_core.models.float8 import (
    Float8Linear,
    float8_linears,
    has_float8,
    plain_product,
    product_on_card,
    replaced,
    rounded,
)
from flashvdm_core.models.layers import attention
from flashvdm_core.models.specs import DiTSpec, SkipDiTSpec
from flashvdm_core.pipeline.low_precision import (
    MOST_DIFFERENT,
    QuantisationOption,
    apply_options,
    available_options,
    quantise_layers,
    with_attention,
)
from flashvdm_core.sampling import consistency_schedule, draw_noise, guided_velocity, sample
from flashvdm_core.sampling.graphs import relative_difference

LINEARS = QuantisationOption("8-bit layers", quantise_layers)


@pytest.fixture
def denoiser() -> DiT:
    """Just wide enough to have layers that are worth it."""
    torch.manual_seed(0)
    return DiT(DiTSpec(16, 64, 512, 2.0, 8, depth=1, depth_single_blocks=1)).eval().requires_grad_(False)


def arguments(dtype: torch.dtype = torch.float32, device: str = "cpu") -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x, condition = (torch.randn(1, *size, generator=generator).to(device, dtype) for size in ((40, 16), (20, 64)))
    return x, torch.tensor([0.5], dtype=dtype), condition


class TestLayer:
    @pytest.mark.parametrize("outlier", [1.0, 100.0])
    def test_is_near_the_plain_one_whatever_the_rows_sizes(self, outlier: float):
        torch.manual_seed(0)
        linear, x = nn.Linear(512, 256), torch.randn(3, 7, 512)
        x[:, 0] *= outlier
        with torch.no_grad():
            got, plain = Float8Linear(linear)(x), linear(x)
        assert (got.shape, got.dtype) == ((3, 7, 256), torch.float32)
        for row in (0, 1):
            assert relative_difference(got[:, row], plain[:, row]) < 0.05

    def test_takes_inputs_side_by_side(self):
        torch.manual_seed(0)
        linear, a, b = SplitInputLinear(96, 32), torch.randn(2, 5, 64), torch.randn(2, 5, 32)
        torch.testing.assert_close(linear(a, b), F.linear(torch.cat([a, b], -1), linear.weight, linear.bias))
        layer = Float8Linear(linear)
        torch.testing.assert_close(layer(a, b), layer(torch.cat([a, b], -1)))

    def test_gives_the_bias_for_zeros_and_nothing_for_no_rows(self):
        linear = nn.Linear(32, 16)
        torch.testing.assert_close(Float8Linear(linear)(torch.zeros(4, 32)), linear.bias.expand(4, 16))
        assert Float8Linear(linear)(torch.zeros(0, 32)).shape == (0, 16)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_multiplies_as_the_library_does(self, dtype: torch.dtype):
        torch.manual_seed(0)
        x, weight, bias = torch.randn(5, 64).to(dtype), torch.randn(32, 64).to(dtype), torch.randn(32).to(dtype)
        given = *rounded([x]), *rounded([weight]), bias, dtype
        try:
            expected = product_on_card(*given)  # newer versions of torch have it for CPUs, too
        except (NotImplementedError, RuntimeError):
            pytest.skip("this torch multiplies 8-bit numbers on cards alone")
        torch.testing.assert_close(plain_product(*given), expected, atol=0.1, rtol=0.02)

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    @pytest.mark.parametrize("rows", [1, 37, 4442])
    def test_on_a_card_is_the_reference(self, dtype: torch.dtype, rows: int):
        if not has_float8(torch.device("cuda", 0)):
            pytest.skip("this card has no 8-bit products")
        torch.manual_seed(0)
        linear, x = SplitInputLinear(1024 + 4096, 1024), torch.randn(rows, 1024 + 4096)
        layer = Float8Linear(linear.to("cuda", dtype))
        parts = x.to("cuda", dtype).split([1024, 4096], dim=1)
        twin = plain_product(*rounded(parts), layer.weight, layer.scale, layer.bias, dtype)
        assert relative_difference(layer(*parts), twin) < 0.01
        assert relative_difference(layer(*parts), linear(*parts)) < 0.06


class TestCheck:
    def test_keeps_layers_whose_answers_are_near(self, denoiser: DiT):
        plain = denoiser(*arguments())
        (log,) = apply_options(denoiser, [LINEARS], arguments())
        assert not log.warning
        assert isinstance(denoiser.single_blocks[0].linear2, Float8Linear)
        assert isinstance(denoiser.double_blocks[0].img_attn.qkv, Float8Linear)
        assert 0 < relative_difference(denoiser(*arguments()), plain) < 0.05

    def test_leaves_what_sees_a_row_a_time_step_as_it_is(self, denoiser: DiT):
        apply_options(denoiser, [LINEARS], arguments())
        left = {name for name, module in denoiser.named_modules() if isinstance(module, nn.Linear)}
        assert {
            "single_blocks.0.modulation.lin",
            "double_blocks.0.img_mod.lin",
            "time_in.out_layer",
            "final_layer.linear",
        } <= left

    def test_refuses_weights_that_8_bits_cannot_hold(self, denoiser: DiT):
        into, out_of = denoiser.double_blocks[0].img_mlp[0], denoiser.double_blocks[0].img_mlp[2]
        into.weight[0, 0], into.bias[0] = 1e5, -1e9  # a dead channel; beside its weight all others round to zero
        out_of.weight.mul_(100)
        plain = denoiser(*arguments())
        (log,) = apply_options(denoiser, [LINEARS], arguments())
        assert log.warning
        assert "without 8-bit layers" in log.message
        torch.testing.assert_close(denoiser(*arguments()), plain)

    def test_takes_experts_too(self):
        torch.manual_seed(0)
        spec = SkipDiTSpec(in_channels=8, hidden_size=512, context_dim=64, depth=2, num_heads=8, num_moe_layers=1, num_experts=4)
        found = float8_linears(SkipDiT(spec))
        assert {"blocks.0.mlp.fc1", "blocks.1.moe.experts.3.net.2"} <= found.keys()
        assert not any("gate" in name for name in found)

    def test_finds_nothing_in_a_small_model(self):
        small = DiT(DiTSpec(4, 6, 32, 2.0, 2, depth=1, depth_single_blocks=1)).requires_grad_(False)
        (log,) = apply_options(small, [LINEARS], (torch.randn(1, 7, 4), torch.tensor([0.5]), torch.randn(1, 5, 6)))
        assert log.warning
        assert "too small" in log.message

    def test_bounds_what_happens_to_the_shape(self, monkeypatch: pytest.MonkeyPatch):
        """All layers of the embedded model in 8 bits, and an error as large as the check lets pass: 1 % of the shape or so."""
        model = load_checkpoint("embedded", "cpu", torch.float32)
        condition = model.image_encoder(example_image(model.processor.size, torch.device("cpu"), torch.float32))
        noise = draw_noise(0, 1, model.num_latents, model.channels, device=model.device, dtype=model.dtype)
        schedule = consistency_schedule(model.default_steps, model.schedule.pcm_timesteps)

        def occupied(error: float = 0.0) -> Tensor:
            generator = torch.Generator().manual_seed(1)
            exact = guided_velocity(model.denoiser, condition, model.default_guidance, times=schedule.times(model.dtype))

            def velocity(x: Tensor, t: Tensor) -> Tensor:
                v = exact(x, t)
                return v + error * v.square().mean().sqrt() * torch.randn(v.shape, generator=generator)

            *_, step = sample(velocity, noise, schedule)
            field = VecsetField(model.vae.geo_decoder, model.vae.decode(step.latents))
            *_, level = decode_volume(field, 32, method="dense")
            return level.volume.logits > 0

        plain, wrong = occupied(), occupied(MOST_DIFFERENT)
        monkeypatch.setattr(float8_layers, "_WORTH_IT", 1)
        replaced(model.denoiser, float8_linears(model.denoiser))
        for other in (occupied(), wrong):
            agreement = float((plain & other).sum() / (plain | other).sum())
            assert 0.97 < agreement < 1

    @pytest.mark.parametrize("wrong", [float("nan"), 100.0])
    def test_refuses_an_attention_that_gives_something_else(self, denoiser: DiT, wrong: float):
        plain = denoiser(*arguments())
        (log,) = apply_options(
            denoiser,
            [QuantisationOption("SageAttention", with_attention(lambda q, k, v: attention(q, k, v) * wrong))],
            arguments(),
        )
        assert log.warning
        torch.testing.assert_close(denoiser(*arguments()), plain)

    def test_refuses_an_attention_that_fails(self, denoiser: DiT):
        def fails(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            raise ValueError(f"Unsupported head_dim: {q.shape[-1]}")

        (log,) = apply_options(denoiser, [QuantisationOption("SageAttention", with_attention(fails)), LINEARS], arguments())[:1]
        assert "Unsupported head_dim: 64" in log.message
        assert torch.isfinite(denoiser(*arguments())).all()

    @pytest.mark.parametrize("kind", ["two streams", "experts"])
    def test_keeps_an_attention_whose_answers_are_near(self, denoiser: DiT, kind: str):
        calls: list[int] = []

        def near(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            calls.append(1)
            return attention(q, k, v) * 1.01

        spec = SkipDiTSpec(in_channels=16, hidden_size=32, context_dim=64, depth=2, num_heads=2, num_moe_layers=0)
        network = denoiser if kind == "two streams" else SkipDiT(spec).eval().requires_grad_(False)
        (log,) = apply_options(network, [QuantisationOption("SageAttention", with_attention(near))], arguments())
        assert not log.warning
        assert len(calls) == (2 if kind == "two streams" else 4)

    def test_a_cpu_has_neither_and_imports_nothing_for_it(self):
        assert available_options(torch.device("cpu"), torch.float16) == []
        assert "sageattention" not in sys.modules
