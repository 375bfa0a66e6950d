"""Reference implementations of what `kv_selection` does fast: under the same names, one group after the other.

Tests hold the fast ones to these. `VecsetField` answers with them where points are not those of a grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues


def select_tokens(queries: Tensor, keys: Tensor, counts: Sequence[int], stride: int, topk: int) -> Tensor:
    """See `kv_selection.select_tokens`. The mean is taken of the scores, as the paper says."""
    chosen = []
    for group in queries.split(list(counts)):
        scores = group[::stride].float().transpose(0, 1) @ keys[0].float().transpose(1, 2)
        chosen.append(scores.mean(1).topk(topk, dim=-1, sorted=False).indices)
    return torch.stack(chosen)


def grouped_attention(queries: Tensor, kv: KeysValues, tokens: Tensor, counts: Sequence[int]) -> Tensor:
    """See `kv_selection.grouped_attention`."""
    attended = []
    for query, chosen in zip(queries.split(list(counts)), tokens, strict=True):
        index = chosen[None, :, :, None].expand(-1, -1, -1, kv.k.shape[3])
        k, v = kv.k.gather(2, index), kv.v.gather(2, index)
        attended.append(F.scaled_dot_product_attention(query.transpose(0, 1)[None], k, v)[0].transpose(0, 1))
    return torch.cat(attended)
