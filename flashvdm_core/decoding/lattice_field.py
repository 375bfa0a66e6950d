"""The field of one shape at the points of one lattice: the fast path of `VecsetField`, which is its plain twin."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues, PointDecoder
from ..sparse_grid import Lattice
from .cores import Each, each_on_a_core
from .groups import Groups
from .kv_selection import GroupAttention, Selection, grouped_attention, sampled_positions, selected_tokens
from .lattice_decoder import Finish, LatticeDecoder

# Queries that a core of a CPU works on at once: with what belongs to them they stay in its cache.
_PIECE = 2048


class LatticeField:
    """Keys in, logits out.

    Args:
        decoder: the point decoder.
        kv: keys and values of the shape.
        selection: how tokens are selected for groups; None: every query reads every token.
        finish: the decoder's part after the attention.
        lattice: the points.

    Attributes:
        each: how the pieces of a call are spread over the cores of a CPU.
    """

    def __init__(
        self, decoder: PointDecoder, kv: KeysValues, selection: Selection | None, finish: Finish, lattice: Lattice
    ) -> None:
        self._kv, self._selection, self._finish = kv, selection, finish
        self._tables = LatticeDecoder(decoder, lattice)
        self.each: Each = each_on_a_core
        self._attention = _group_attention(kv.k)

    @torch.no_grad()
    def __call__(self, keys: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at keys int64 [P]; `groups` as for a `Field`."""
        rows = self._tables.rows(keys)
        weights = self._tables.weights(rows)
        if groups is None or self._selection is None:
            if keys.device.type != "cpu":
                return self._exact(rows, weights)
            pieces = range(0, len(rows), _PIECE)
            return torch.cat(self.each(lambda at: self._exact(rows[at : at + _PIECE], weights[at : at + _PIECE]), pieces))
        queries = self._tables.queries(rows, weights)
        tokens = self._tokens(queries, groups, self._selection)
        attended = self._attention(queries, self._kv, tokens, groups.counts)
        return self._finish(self._tables.hidden(rows), attended.flatten(1))

    def _exact(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Logits of points that read every token."""
        queries = self._tables.queries(rows, weights).transpose(0, 1)[None]
        attended = F.scaled_dot_product_attention(queries, self._kv.k, self._kv.v)[0].transpose(0, 1)
        return self._finish(self._tables.hidden(rows), attended.flatten(1))

    def _tokens(self, queries: Tensor, groups: Groups, selection: Selection) -> Tensor:
        """Tokens int64 [G, H, K] for groups of queries [P, H, D]."""
        positions, samples = sampled_positions(groups.counts, selection.stride(groups.coarse))
        sampled = queries[torch.from_numpy(positions).to(queries.device)]
        return selected_tokens(sampled, samples, self._kv.k, selection.tokens(self._kv.k.shape[2]))


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
