"""Attention of groups of queries to the tokens selected for each group, all groups at once (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues

GroupAttention = Callable[[Tensor, KeysValues, Tensor, Sequence[int]], Tensor]
"""What `grouped_attention` is: (queries, keys and values, tokens, counts) -> the queries' answers."""

# Groups of similar size share a call of the attention; the shorter ones are filled up to the longest, by at most this share.
_FILL = 0.25

# Selecting costs a sort of the queries and smaller matrix products. With this many tokens, the fewest of a public model, it pays;
# with the embedded model's 256 it takes longer than to read them all (measured: docs/results.md).
_WORTH_SELECTING = 512

# A group's tokens are estimated from every n-th of its queries (numbers of the published decoder).
_STRIDE_COARSE, _STRIDE_FINE = 100, 50


@dataclass(frozen=True)
class Selection:
    """Adaptive KV selection (paper section 3.2, algorithm 2): the tokens that matter for a group of queries.

    Attributes:
        topk: tokens of the highest mean score that are kept, for each head; 0 follows the published models (1024 of 3072, 256
            of 512, else a third).
    """

    topk: int = 0

    def tokens(self, available: int) -> int:
        """Tokens that are kept of `available`."""
        return min(self.topk or {3072: 1024, 512: 256}.get(available, max(available // 3, 1)), available)

    def stride(self, coarse: bool) -> int:
        """Every so many queries of a group are looked at."""
        return _STRIDE_COARSE if coarse else _STRIDE_FINE


def default_selection(available: int) -> Selection | None:
    """The published selection, or None where there are so few tokens that to read them all is as quick.

    With the embedded model's 256 tokens selecting costs more time than it saves (docs/results.md).
    """
    return Selection() if available >= _WORTH_SELECTING else None


def sampled_positions(counts: Sequence[int], stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Every `stride`-th query of each group, from its first.

    Returns:
        Positions int64 [G, S], filled up with each group's last sample, and the number of samples int64 [G].
    """
    lengths = np.asarray(counts)
    samples = -(-lengths // stride)
    number = np.minimum(np.arange(samples.max()), samples[:, None] - 1)
    return (lengths.cumsum() - lengths)[:, None] + stride * number, samples


def select_tokens(queries: Tensor, keys: Tensor, counts: Sequence[int], stride: int, topk: int) -> Tensor:
    """Tokens of the highest mean score q.k over each group's sampled queries.

    The mean of the products is the product with the mean query, so all groups cost one small matrix product.

    Args:
        queries: [P, H, D], the groups one after the other.
        keys: [1, H, N, D].
        counts: queries of each of the G groups.
        stride: every so many queries of a group are sampled.
        topk: tokens to select.

    Returns:
        int64 [G, H, topk].
    """
    positions, samples = sampled_positions(counts, stride)
    sampled = queries[torch.from_numpy(positions).to(queries.device)]
    shares = (np.arange(sampled.shape[1]) < samples[:, None]) / samples[:, None]
    weights = torch.from_numpy(shares.astype(np.float32)).to(sampled.device)
    mean = torch.einsum("gs,gshd->hgd", weights, sampled.float())
    scores = mean @ keys[0].float().transpose(1, 2)
    return scores.topk(topk, dim=-1, sorted=False).indices.transpose(0, 1)


def gathered(kv: KeysValues, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values of the tokens int64 [G, H, K] selected for each group and head: each [G, H, K, D]."""
    heads, available = kv.k.shape[1:3]
    rows = tokens + torch.arange(heads, device=tokens.device)[:, None] * available
    return tuple(part[0].flatten(0, 1)[rows] for part in (kv.k, kv.v))  # pyright: ignore[reportReturnType]


def grouped_attention(queries: Tensor, kv: KeysValues, tokens: Tensor, counts: Sequence[int]) -> Tensor:
    """Each group's queries read the tokens selected for it.

    Args:
        queries: [P, H, D], the groups one after the other.
        kv: keys and values of the shape.
        tokens: int64 [G, H, K].
        counts: queries of each group.

    Returns:
        [P, H, D].
    """
    out = torch.empty_like(queries)
    for members, rows in batches(counts):
        index = torch.from_numpy(rows).to(queries.device)
        k, v = gathered(kv, tokens[torch.from_numpy(members).to(tokens.device)])
        attended = F.scaled_dot_product_attention(queries[index].transpose(1, 2), k, v)
        # A group that was filled up repeats its last query, whose answer is written more than once, the same each time.
        out[index.flatten()] = attended.transpose(1, 2).flatten(0, 1)
    return out


def batches(counts: Sequence[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Groups of similar size: (their numbers int64 [B], positions of their queries int64 [B, longest])."""
    lengths = np.asarray(counts)
    starts = lengths.cumsum() - lengths
    order = np.argsort(-lengths, kind="stable")
    first = 0
    while first < len(order):
        longest = int(lengths[order[first]])
        last = int(np.searchsorted(-lengths[order], -longest * (1 - _FILL), side="right"))
        members = order[first:last]
        position = np.minimum(np.arange(longest), lengths[members, None] - 1)
        yield members, starts[members, None] + position
        first = last
