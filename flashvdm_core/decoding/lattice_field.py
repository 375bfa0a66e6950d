"""The field of one shape at the points of one lattice: the fast path of `VecsetField`, which is its plain twin."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues
from .cores import Each, each_on_a_core
from .groups import Groups
from .kv_selection import GroupAttention, Selection, grouped_attention, select_tokens
from .lattice_decoder import Finish
from .query_embedding import LatticeQueries

# Queries that a core of a CPU works on at once: with what belongs to them they stay in its cache.
_PIECE = 2048


class LatticeField:
    """Keys in, logits out.

    Args:
        queries: the queries of the lattice's points.
        kv: keys and values of the shape.
        selection: how tokens are selected for groups; None: every query reads every token.
        finish: the decoder's part after the attention.

    Attributes:
        each: how the pieces of a call are spread over the cores of a CPU.
    """

    def __init__(self, queries: LatticeQueries, kv: KeysValues, selection: Selection | None, finish: Finish) -> None:
        self._queries, self._kv, self._selection, self._finish = queries, kv, selection, finish
        self.each: Each = each_on_a_core
        self._attention = _group_attention(kv.k)

    @torch.no_grad()
    def __call__(self, keys: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at keys int64 [P]; `groups` as for a `Field`."""
        if groups is None or self._selection is None:
            if keys.device.type != "cpu":
                return self._exact(keys)
            return torch.cat(self.each(lambda at: self._exact(keys[at : at + _PIECE]), range(0, len(keys), _PIECE)))
        at = self._queries(keys)
        stride, topk = self._selection.stride(groups.coarse), self._selection.tokens(self._kv.k.shape[2])
        tokens = select_tokens(at.queries, self._kv.k, groups.counts, stride, topk)
        return self._finish(at.hidden, self._attention(at.queries, self._kv, tokens, groups.counts).flatten(1))

    def _exact(self, keys: Tensor) -> Tensor:
        """Logits of points that read every token."""
        at = self._queries(keys)
        attended = F.scaled_dot_product_attention(at.queries.transpose(0, 1)[None], self._kv.k, self._kv.v)[0]
        return self._finish(at.hidden, attended.transpose(0, 1).flatten(1))


def _group_attention(keys: Tensor) -> GroupAttention:
    """The kernel that gathers tokens itself where it can be used, else its plain twin."""
    if keys.device.type == "cuda":
        try:
            from .gathered_attention import gathered_attention, usable
        except ImportError:
            return grouped_attention
        if usable(keys.device, keys.dtype, keys.shape[-1]):
            return gathered_attention
    return grouped_attention
