"""The Triton kernel against its reference: by Triton's interpreter, and compiled where there is a GPU."""

from __future__ import annotations

import pytest
import torch

from flashvdm_core.decoding.reference import grouped_attention
from flashvdm_core.models.shape_vae import KeysValues

pytest.importorskip("triton")
from flashvdm_core.decoding.gathered_attention import gathered_attention, is_supported

CASES = [((5, 130, 1, 256), 16, 70), ((64,), 64, 64), ((1, 1, 1), 32, 3)]


def arguments(counts: tuple[int, ...], width: int, selected: int, device: str, dtype: torch.dtype):
    torch.manual_seed(0)
    queries = torch.randn(sum(counts), 2, width).to(device, dtype)
    kv = KeysValues(*(torch.randn(1, 2, 100, width).to(device, dtype) for _ in range(2)))
    tokens = torch.rand(len(counts), 2, 100).topk(selected).indices.to(device)
    return queries, kv, tokens, counts


@pytest.mark.parametrize(("counts", "width", "selected"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float16, 3e-3)])
def test_the_kernel_gives_what_its_reference_gives(counts, width: int, selected: int, dtype: torch.dtype, tolerance: float):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    given = arguments(counts, width, selected, device, dtype)
    torch.testing.assert_close(gathered_attention(*given), grouped_attention(*given), atol=tolerance, rtol=tolerance)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_kernel_is_used_on_a_gpu(dtype: torch.dtype):
    assert is_supported(torch.device("cuda", 0), dtype, 64)


def test_the_kernel_is_not_used_on_a_cpu():
    assert not is_supported(torch.device("cpu"), torch.float16, 64)
