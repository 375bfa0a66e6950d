"""The mixture-of-experts denoiser: sparse evaluation against the dense sum, and what its spec refuses."""

import pytest
import torch

from flashvdm_core.api.errors import CheckpointError
from flashvdm_core.models.dit_skip import SkipDiT, SparseFeedForward
from flashvdm_core.models.specs import SkipDiTSpec

SPEC = SkipDiTSpec(
    in_channels=6, hidden_size=16, context_dim=10, depth=5, num_heads=2, num_moe_layers=2, num_experts=4, moe_top_k=2
)


def dense_experts(layer: SparseFeedForward, x: torch.Tensor) -> torch.Tensor:
    """Plain twin: every expert on every token, zero weight where it was not chosen."""
    probabilities = layer.gate(x).softmax(dim=-1)
    kept = probabilities.topk(layer.top_k, dim=-1)
    weights = torch.zeros_like(probabilities).scatter(-1, kept.indices, kept.values)
    everything = torch.stack([expert(x) for expert in layer.experts], dim=-1)
    return layer.shared_experts(x) + (everything * weights.unsqueeze(-2)).sum(dim=-1)


@pytest.mark.parametrize(("experts", "top_k"), [(4, 2), (8, 2), (3, 1), (2, 2)])
def test_grouped_experts_equal_the_dense_sum(experts, top_k):
    torch.manual_seed(0)
    layer = SparseFeedForward(16, 32, experts, top_k)
    x = torch.randn(3, 11, 16)
    torch.testing.assert_close(layer(x), dense_experts(layer, x))


def test_an_expert_that_nobody_chooses_is_harmless():
    torch.manual_seed(0)
    layer = SparseFeedForward(8, 16, 4, 1)
    with torch.no_grad():
        layer.gate.weight.copy_(torch.tensor([[9.0], [0.0], [0.0], [0.0]]).expand(4, 8))
    x = torch.rand(1, 5, 8)  # positive, so that the first expert wins every token
    torch.testing.assert_close(layer(x), dense_experts(layer, x))


def test_experts_see_only_the_tokens_that_chose_them():
    torch.manual_seed(0)
    layer = SparseFeedForward(16, 32, 8, 2)
    seen = []
    for expert in layer.experts:
        expert.register_forward_hook(lambda module, arguments, output: seen.append(len(arguments[0])))
    layer(torch.randn(2, 50, 16))
    assert sum(seen) == 2 * 50 * 2


def test_sparse_gradients_equal_the_dense_ones():
    torch.manual_seed(0)
    layer = SparseFeedForward(8, 16, 4, 2)
    x = torch.randn(2, 7, 8)
    parameters = list(layer.parameters())
    grouped = torch.autograd.grad(layer(x).square().sum(), parameters)
    dense = torch.autograd.grad(dense_experts(layer, x).square().sum(), parameters)
    for got, want in zip(grouped, dense, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


def test_batch_elements_do_not_mix():
    torch.manual_seed(0)
    model = SkipDiT(SPEC).eval()
    latents, time, condition = torch.randn(2, 9, 6), torch.tensor([0.1, 0.7]), torch.randn(2, 5, 10)
    together = model(latents, time, condition)
    apart = torch.cat([model(latents[i : i + 1], time[i : i + 1], condition[i : i + 1]) for i in range(2)])
    assert together.shape == latents.shape
    torch.testing.assert_close(together, apart)
    assert not torch.allclose(model(latents, time.flip(0), condition), together)


def test_config_fields_become_the_spec():
    config = {"in_channels": 6, "hidden_size": 16, "context_dim": 10, "depth": 5, "num_heads": 2, "text_len": 1370}
    config |= {"num_moe_layers": 2, "num_experts": 4, "moe_top_k": 2, "qk_norm": True, "qk_norm_type": "rms"}
    assert SkipDiTSpec.from_config(config) == SPEC


@pytest.mark.parametrize("variant", [{"use_pos_emb": True}, {"with_decoupled_ca": True}, {"qk_norm_type": "layer"}])
def test_unsupported_variants_are_refused_by_name(variant):
    config = {"in_channels": 6, "hidden_size": 16, "context_dim": 10, "depth": 5, "num_heads": 2}
    with pytest.raises(CheckpointError, match=next(iter(variant))):
        SkipDiTSpec.from_config(config | variant)


def test_a_missing_field_is_named():
    with pytest.raises(CheckpointError, match="context_dim"):
        SkipDiTSpec.from_config({"in_channels": 6, "hidden_size": 16, "depth": 5, "num_heads": 2})


def test_an_unknown_field_is_named():
    config = {"in_channels": 6, "hidden_size": 16, "context_dim": 10, "depth": 5, "num_heads": 2}
    with pytest.raises(CheckpointError, match="rotary"):
        SkipDiTSpec.from_config(config | {"rotary": True})
